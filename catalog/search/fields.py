"""The fields of a search, by the names that clients of CKAN use, and this portal's own.

Source: CKAN 2.12, its search schema; names of the government resource directory for our own.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from catalog.search.errors import QueryForbidden, UnknownSearchField


class Kind(Enum):
    """How the values of a field are compared."""

    TEXT = "text"
    """By words, whatever their form."""
    EXACT = "exact"
    """As a whole, letter by letter."""
    NUMBER = "number"
    DATE = "date"
    DYNAMIC = "dynamic"
    """Fields of a record's own making: by words, and as a whole."""


TEXTS: Final = (
    "text",
    "title",
    "notes",
    "author",
    "maintainer",
    "res_name",
    "res_description",
    "res_url",
    "columns",
)
"""`text` is everything together."""

FACETS: Final = (
    "share_type",
    "open_type",
    "grade",
    "update_cycle",
    "quality",
    "regime",
    "price_class",
    "spatial",
    "late",
    "access",
    "format_class",
    "class_code",
    "gov_code",
    "language",
    "workflow",
)
"""This portal's own; `late` is a promise of freshness that is broken, `workflow` how far a record
has come in the publisher's office, `access` what a reader can do at once."""

CKAN_EXACT: Final = (
    "id",
    "name",
    "title_string",
    "tags",
    "groups",
    "organization",
    "owner_org",
    "res_format",
    "license_id",
    "private",
    "capacity",
    "state",
    "dataset_type",
    "site_id",
    "entity_type",
    "creator_user_id",
    "url",
    "version",
)
TITLE_SORT: Final = "title_sort"
"""Chinese titles by their reading; only for sorting."""
EXACT: Final = (*CKAN_EXACT, *FACETS)
NUMBERS: Final = (
    "num_resources",
    "num_tags",
    "views_recent",
    "views_total",
    "rows_total",
    "size_bytes",
    "price_microcredits",
    "quality_score",
)
DATES: Final = ("metadata_created", "metadata_modified", "issued")
ALIASES: Final = {"type": "dataset_type", "metadata_language": "language"}
DYNAMIC_PREFIXES: Final = ("extras_", "res_extras_", "vocab_")
SORTABLE: Final = (
    "score",
    "id",
    "name",
    "title_string",
    TITLE_SORT,
    "organization",
    *NUMBERS,
    *DATES,
)
LABELS: Final = "permission_labels"

_KINDS: Final = {
    **dict.fromkeys(TEXTS, Kind.TEXT),
    **dict.fromkeys(EXACT, Kind.EXACT),
    **dict.fromkeys(NUMBERS, Kind.NUMBER),
    **dict.fromkeys(DATES, Kind.DATE),
}


def kind_of(field: str) -> Kind:
    """How a field is searched.

    Raises: QueryForbidden for the labels, UnknownSearchField.
    """
    if field == LABELS:
        raise QueryForbidden(field)
    field = ALIASES.get(field, field)
    known = _KINDS.get(field)
    if known is not None:
        return known
    if is_dynamic(field):
        return Kind.DYNAMIC
    raise UnknownSearchField(field)


def is_dynamic(field: str) -> bool:
    """Whether a record itself may bring this field; dates among them end in `_date`."""
    if any(field.startswith(prefix) and field != prefix for prefix in DYNAMIC_PREFIXES):
        return True
    return field.endswith("_date") and field != "_date"


def facet_kind(field: str) -> Kind:
    """The kind of a field that is to be counted.

    Raises: QueryForbidden, UnknownSearchField where its values cannot be counted.
    """
    kind = kind_of(field)
    if kind not in (Kind.EXACT, Kind.DYNAMIC, Kind.NUMBER):
        raise UnknownSearchField(field)
    return kind

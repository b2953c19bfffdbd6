"""What the search knows of a dataset, in words that belong to no package above.

The index is a projection of these. Who composes them says in `labels` who may see the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from policies.terms import DatasetId, OrganizationId, Text, UserId

PUBLIC_LABEL: Final = "public"
DEPARTMENTS_LABEL: Final = "departments"
OVERSEE_LABEL: Final = "oversee"


def organization_label(organization_id: OrganizationId) -> str:
    """The label of records that an organisation's own people see."""
    return f"org-{organization_id}"


def user_label(user_id: UserId) -> str:
    """The label of records that one person was let in to."""
    return f"user-{user_id}"


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """One record as it can be searched; texts are plain, in any script."""

    id: DatasetId
    name: str
    labels: frozenset[str]
    """A caller finds the record only with one of these labels; empty: nobody does."""
    title: Text
    metadata_created: datetime
    metadata_modified: datetime
    notes: Text = Text()  # noqa: RUF009  frozen
    tags: tuple[str, ...] = ()
    organization: str = ""
    """Name of the publisher in addresses."""
    owner_org: str = ""
    publisher: Text = Text()  # noqa: RUF009  frozen
    groups: tuple[str, ...] = ()
    group_titles: tuple[Text, ...] = ()
    res_name: tuple[str, ...] = ()
    res_description: tuple[str, ...] = ()
    res_url: tuple[str, ...] = ()
    res_format: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Names of the columns of its tables, as far as whoever sees the record may know them."""
    license_id: str = ""
    author: str = ""
    maintainer: str = ""
    url: str = ""
    version: str = ""
    state: str = "active"
    """In CKAN's words: `active`, `draft` or `deleted`."""
    dataset_type: str = "dataset"
    private: bool = False
    creator_user_id: str = ""
    issued: datetime | None = None
    """First publication; None until then."""
    words: tuple[str, ...] = ()
    """Further text to find it by: contact, source system, scenario."""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of this portal's own fields, see `fields.FACETS`."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """Values of number fields, see `fields.NUMBERS`."""
    extras: tuple[tuple[str, str], ...] = ()
    res_extras: tuple[tuple[str, str], ...] = ()
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def both(texts: Iterable[Text]) -> list[str]:
    """The texts in each language in which they are given."""
    return [one for text in texts for one in (text.zh, text.en) if one]

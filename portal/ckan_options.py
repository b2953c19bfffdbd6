"""CKAN's own permission options, as an operator who comes from CKAN knows them.

They are given under CKAN's names as one JSON object in `WEIR_CKAN_OPTIONS`. A name that is not
known is refused at start, since a misspelt permission would silently mean its default.

Source: CKAN 2.12, configuration options `ckan.auth.*`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Final

PREFIX: Final = "ckan.auth."
SQL_SEARCH: Final = "ckan.datastore.sqlsearch.enabled"


@dataclass(frozen=True, slots=True)
class CkanOptions:
    """What people may do through CKAN's face beyond what their roles say."""

    anon_create_dataset: bool = False
    """Never on: somebody answers for every record."""
    create_unowned_dataset: bool = False
    create_dataset_if_not_in_organization: bool = True
    user_create_groups: bool = True
    user_create_organizations: bool = False
    """Off, other than in CKAN: here an organisation is a body of the city, not a folder."""
    user_delete_groups: bool = True
    user_delete_organizations: bool = True
    create_user_via_api: bool = False
    create_user_via_web: bool = False
    public_user_details: bool = True
    allow_dataset_collaborators: bool = True
    """On, other than in CKAN, which would need a new index for it."""
    allow_admin_collaborators: bool = False
    allow_collaborators_to_change_owner_org: bool = False
    reveal_private_datasets: bool = False
    sql_search: bool = True
    """`ckan.datastore.sqlsearch.enabled`; on, since a statement here holds only what its caller
    may see."""


def options_from(text: str) -> CkanOptions:
    """The options in a JSON object; an empty text gives the defaults.

    Raises: ValueError for what is not such an object, and for names that are not known.
    """
    if not text.strip():
        return CkanOptions()
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("WEIR_CKAN_OPTIONS has to be a JSON object.")  # noqa: TRY004  a setting
    names = {_name_of(field.name): field.name for field in fields(CkanOptions)}
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(f"WEIR_CKAN_OPTIONS has names that are not known: {', '.join(unknown)}")
    options = CkanOptions(**{names[name]: _truth(name, value) for name, value in given.items()})
    if options.anon_create_dataset:
        raise ValueError(
            f"WEIR_CKAN_OPTIONS: {PREFIX}anon_create_dataset cannot be true, because somebody has "
            "to answer for every record."
        )
    return options


def _name_of(field: str) -> str:
    return SQL_SEARCH if field == "sql_search" else PREFIX + field


def _truth(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "yes", "on", "y", "t", "1"):
        return True
    if isinstance(value, str) and value.strip().lower() in ("false", "no", "off", "n", "f", "0"):
        return False
    raise ValueError(f"WEIR_CKAN_OPTIONS: {name} has to be true or false.")

"""What the operator says of the site while it runs, under the names that CKAN gave it."""

from __future__ import annotations

from typing import Final

from policies.database import Tx
from policies.errors import NotAdministrator
from policies.party import Actor
from policies.presentation import check_written
from policies.roles import can_administer, check_person
from policies.store import site_options as store

SITE_OPTIONS: Final = (
    "ckan.site_title",
    "ckan.site_description",
    "ckan.site_about",
    "ckan.site_intro_text",
    "ckan.site_logo",
    "ckan.site_custom_css",
    "ckan.theme",
    "ckan.homepage_style",
)
"""The options that can be changed while the site runs. Source: CKAN 2.12, editable options."""

OPTION_MOST_CHARACTERS: Final = 20_000


def site_options(tx: Tx) -> dict[str, str]:
    """Every option with its value, those that were never set empty."""
    return dict.fromkeys(SITE_OPTIONS, "") | store.options(tx)


def set_site_options(tx: Tx, values: dict[str, str], *, by: Actor) -> None:
    """Set options; names that are no options have been refused by the caller.

    Raises: PersonNeeded, NotAdministrator, PresentationTooLong, PresentationUnwritable.
    """
    check_person(by)
    if not can_administer(by):
        raise NotAdministrator
    for name, value in values.items():
        assert name in SITE_OPTIONS
        check_written(name, value, OPTION_MOST_CHARACTERS)
        store.upsert_option(tx, name, value)

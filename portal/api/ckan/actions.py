"""Every action by its name: the tables of all areas together."""

from __future__ import annotations

from inspect import getdoc
from typing import Final

from portal.api.ckan import (
    activity,
    collaborators,
    config,
    datastore,
    datastore_writing,
    dcat,
    follow,
    groups,
    licence_list,
    members,
    organizations,
    packages,
    relationships,
    resources,
    revising,
    searching,
    site,
    tags,
    tasks,
    tokens,
    translations,
    users,
    views,
    vocabularies,
)
from portal.api.ckan.action import Action, Result, Table, reads
from portal.api.ckan.call import Call
from portal.api.ckan.errors import NoSuchObject

_AREAS: Final[tuple[Table, ...]] = (
    packages.ACTIONS,
    resources.ACTIONS,
    searching.ACTIONS,
    revising.ACTIONS,
    views.ACTIONS,
    relationships.ACTIONS,
    collaborators.ACTIONS,
    site.ACTIONS,
    organizations.ACTIONS,
    groups.ACTIONS,
    members.ACTIONS,
    users.ACTIONS,
    tokens.ACTIONS,
    follow.ACTIONS,
    tags.ACTIONS,
    vocabularies.ACTIONS,
    licence_list.ACTIONS,
    tasks.ACTIONS,
    translations.ACTIONS,
    config.ACTIONS,
    activity.ACTIONS,
    dcat.ACTIONS,
    datastore.ACTIONS,
    datastore_writing.ACTIONS,
)


def help_show(call: Call) -> Result:
    """Say what the action `name` does and which parameters it takes."""
    action = ACTIONS.get(call.wanted("name"))
    if action is None:
        raise NoSuchObject("Action name not known")
    return getdoc(action.run)


def _all() -> dict[str, Action]:
    found: dict[str, Action] = reads(help_show=help_show)
    for table in _AREAS:
        assert not found.keys() & table.keys(), "an action has one function"
        found.update(table)
    return found


ACTIONS: Final[Table] = _all()

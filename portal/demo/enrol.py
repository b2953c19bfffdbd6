"""Let the demo's organisations and people in: the administrator's work, done on the database as
the command line does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from catalog.curation.themes import create_theme
from catalog.theme import Theme, ThemeId
from policies.database import Tx
from policies.errors import UserNotFound
from policies.identity.authenticate import actor_of_user
from policies.identity.enrol import FIRST_ADMIN_NAME, add_organization, add_user, grant_role
from policies.identity.people import list_organizations, user_named
from policies.roles import SYSTEM
from portal.demo.cast import ORGANIZATIONS, PEOPLE, SITE, THEME_KEEPER, THEMES


class NotEmpty(Exception):
    """The installation has organisations of its own; the demo does not mix with them."""


def enrol(tx: Tx, passwords: Mapping[str, str], at: datetime) -> bool:
    """Let everybody in, all or none; nothing where they are in already.

    False where the installation had made its administrator at its first start, who keeps name and
    password, so that the demo does not know it.

    Raises: NotEmpty.
    """
    known = {organization.slug for organization in list_organizations(tx)}
    if known == {organization.slug for organization in ORGANIZATIONS}:
        return True
    if known:
        raise NotEmpty
    made = {
        organization.slug: add_organization(
            tx,
            slug=organization.slug,
            kind=organization.kind,
            title=organization.title,
            credit_code=organization.credit_code,
            by=SYSTEM,
            at=at,
        )
        for organization in ORGANIZATIONS
    }
    has_administrator = _is_known(tx, FIRST_ADMIN_NAME)
    for person in PEOPLE:
        if person.name == FIRST_ADMIN_NAME and has_administrator:
            continue
        user = add_user(tx, name=person.name, password=passwords[person.name], by=SYSTEM, at=at)
        organization = None if person.organization == SITE else made[person.organization]
        grant_role(tx, user, person.role, organization=organization, by=SYSTEM, at=at)
    keeper = actor_of_user(tx, user_named(tx, THEME_KEEPER))
    for theme in THEMES:
        made_theme = Theme(ThemeId(uuid4()), theme.slug, theme.title, at)
        create_theme(tx, made_theme, by=keeper, at=at)
    return not has_administrator


def _is_known(tx: Tx, name: str) -> bool:
    try:
        user_named(tx, name)
    except UserNotFound:
        return False
    return True

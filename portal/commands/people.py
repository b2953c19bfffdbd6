"""`weir org`, `weir user`, `weir token`: let organisations and people in."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from portal.commands.context import CommandFailed, add_data_argument, add_json_argument, opened

if TYPE_CHECKING:
    from datetime import datetime

    from policies.database import Tx
    from policies.party import Organization, Role
    from policies.terms import Text

# As in policies.party, which is not imported before a command runs; a test compares them.
KINDS = ("department", "operator", "enterprise", "bureau", "regulator")
ROLES = (
    "publisher",
    "approver",
    "buyer",
    "assessor",
    "finance",
    "regulator",
    "bureau",
    "admin",
)
USUAL_KIND = {"publisher": "department", "approver": "department", "buyer": "enterprise"}
"""The kind of organisation that is meant where a role comes without one."""
DAYS_MOST = 365
LISTED_MOST = 20
"""Organisations named in one message."""


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    _add_org(commands.add_parser("org", help="let organisations in"))
    _add_user(commands.add_parser("user", help="let people in and give them roles"))
    token = commands.add_parser(
        "token", help="print a new API token of a user, alone on the last line"
    )
    token.add_argument("name", metavar="NAME", help="the user")
    token.add_argument(
        "--label", default="command line", help="what the user's list of tokens calls it"
    )
    token.add_argument(
        "--days",
        type=int,
        default=DAYS_MOST,
        choices=range(1, DAYS_MOST + 1),
        metavar="DAYS",
        help=f"days until it ends (default: {DAYS_MOST}, which is the most)",
    )
    _add_common(token)
    token.set_defaults(run=run_token)


def _add_org(org: argparse.ArgumentParser) -> None:
    acts = org.add_subparsers(dest="act", metavar="ACT", required=True)
    add = acts.add_parser("add", help="let an organisation in")
    add.add_argument("slug", metavar="SLUG", help="its name in addresses, such as “transport”")
    add.add_argument("--kind", required=True, choices=KINDS)
    add.add_argument(
        "--title",
        required=True,
        action="append",
        help="its name, in Chinese or English; give it twice for both",
    )
    add.add_argument("--credit-code", help="unified social credit code, 18 characters")
    _add_common(add)
    add.set_defaults(run=run_org_add)


def _add_user(user: argparse.ArgumentParser) -> None:
    acts = user.add_subparsers(dest="act", metavar="ACT", required=True)
    add = acts.add_parser("add", help="open an account")
    add.add_argument("name", metavar="NAME", help="the name to sign in with")
    _add_role(add, is_required=False)
    add.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from the first line of standard input; without this, a one-time "
        "link to set one is printed",
    )
    _add_common(add)
    add.set_defaults(run=run_user_add)
    grant = acts.add_parser("grant", help="give a user another role")
    grant.add_argument("name", metavar="NAME")
    _add_role(grant, is_required=True)
    _add_common(grant)
    grant.set_defaults(run=run_user_grant)
    link = acts.add_parser("link", help="print a one-time link with which a user sets a password")
    link.add_argument("name", metavar="NAME")
    _add_common(link)
    link.set_defaults(run=run_user_link)


def _add_role(parser: argparse.ArgumentParser, *, is_required: bool) -> None:
    parser.add_argument(
        "--role",
        action="append",
        default=[],
        required=is_required,
        choices=ROLES,
        help="may be given several times",
    )
    parser.add_argument(
        "--org",
        metavar="SLUG",
        help="the organisation that the role is for; publisher, approver and buyer need one, the "
        "others count for the whole site without it",
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    add_json_argument(parser)


def run_org_add(chosen: argparse.Namespace) -> int:
    """Let an organisation in."""
    from policies.identity.enrol import add_organization
    from policies.party import OrganizationKind
    from policies.roles import SYSTEM

    with opened(chosen) as context, context.pool.connection() as tx:
        added = add_organization(
            tx,
            slug=chosen.slug,
            kind=OrganizationKind(chosen.kind),
            title=_title(chosen.title),
            credit_code=chosen.credit_code,
            by=SYSTEM,
            at=context.now(),
        )
    answer = {
        "id": str(added.id),
        "slug": added.slug,
        "kind": added.kind.value,
        "title": added.title.as_map(),
        "credit_code": added.credit_code,
    }
    _say(chosen, answer, f"added {added.kind} {added.slug}")
    return 0


def run_user_add(chosen: argparse.Namespace) -> int:
    """Open an account, with its roles and its password or a link to set one."""
    from policies.identity.enrol import add_user, create_password_link
    from policies.roles import SYSTEM

    password = _password() if chosen.password_stdin else None
    answer: dict[str, object]
    with opened(chosen) as context, context.pool.connection() as tx:
        at = context.now()
        user = add_user(tx, name=chosen.name, password=password, by=SYSTEM, at=at)
        answer = {"id": str(user.id), "name": user.name}
        answer["roles"] = _grant(tx, chosen, at=at)
        if password is None:
            answer["link"] = _path(create_password_link(tx, user, by=SYSTEM, at=at).secret)
    words = f"added user {user.name}{_roles_words(answer['roles'])}"
    if "link" in answer:
        words += f"\nset a password once at this path of the portal:\n{answer['link']}"
    _say(chosen, answer, words)
    return 0


def run_user_grant(chosen: argparse.Namespace) -> int:
    """Give a user more roles."""
    with opened(chosen) as context, context.pool.connection() as tx:
        roles = _grant(tx, chosen, at=context.now())
    _say(
        chosen,
        {"name": chosen.name, "roles": roles},
        f"granted to {chosen.name}{_roles_words(roles)}",
    )
    return 0


def run_user_link(chosen: argparse.Namespace) -> int:
    """Print a one-time link."""
    from policies.identity.enrol import create_password_link
    from policies.identity.people import user_named
    from policies.roles import SYSTEM

    with opened(chosen) as context, context.pool.connection() as tx:
        user = user_named(tx, chosen.name)
        link = create_password_link(tx, user, by=SYSTEM, at=context.now())
    path = _path(link.secret)
    answer = {"name": user.name, "link": path, "expires_at": link.expires_at.isoformat()}
    _say(chosen, answer, f"set a password once at this path of the portal:\n{path}")
    return 0


def run_token(chosen: argparse.Namespace) -> int:
    """Print a new API token."""
    from datetime import timedelta

    from policies.identity.issue import issue_api_token
    from policies.identity.people import user_named
    from policies.roles import SYSTEM

    with opened(chosen) as context, context.pool.connection() as tx:
        issued = issue_api_token(
            tx,
            context.keys,
            user_named(tx, chosen.name),
            name=chosen.label,
            issuer=context.settings.site_url,
            by=SYSTEM,
            at=context.now(),
            life=timedelta(days=chosen.days),
        )
    answer = {
        "id": str(issued.token.id),
        "user": chosen.name,
        "name": issued.token.name,
        "expires_at": issued.token.expires_at.isoformat(),
        "token": issued.encoded,
    }
    _say(chosen, answer, issued.encoded)
    return 0


def _grant(tx: Tx, chosen: argparse.Namespace, *, at: datetime) -> list[dict[str, str | None]]:
    from policies.identity.enrol import grant_role
    from policies.identity.people import user_named
    from policies.party import Role
    from policies.roles import SYSTEM

    user = user_named(tx, chosen.name)
    granted = []
    for role in map(Role, chosen.role):
        organization = _organization(tx, role, chosen.org)
        grant_role(tx, user, role, organization=organization, by=SYSTEM, at=at)
        granted.append(
            {"role": role.value, "organization": organization.slug if organization else None}
        )
    return granted


def _organization(tx: Tx, role: Role, slug: str | None) -> Organization | None:
    """The organisation that the role is for; None for the whole site.

    Raises: CommandFailed where the role needs one and it is not clear which.
    """
    from policies.identity.people import list_organizations, organization_named
    from policies.party import OrganizationKind
    from policies.roles import SITE_WIDE

    if slug is not None:
        return organization_named(tx, slug)
    if role in SITE_WIDE:
        return None
    kind = USUAL_KIND[role]
    usual = list_organizations(tx, kind=OrganizationKind(kind))
    if len(usual) == 1:
        return usual[0]
    known = list_organizations(tx, limit=LISTED_MOST)
    if not known:
        raise CommandFailed(
            f"the role {role} needs --org, and there is no organisation yet: "
            f"weir org add SLUG --kind {kind} --title TITLE"
        )
    listed = ", ".join(f"{organization.slug} ({organization.kind})" for organization in known)
    raise CommandFailed(f"the role {role} needs --org with one of: {listed}")


def _title(given: list[str]) -> Text:
    from policies.terms import Text

    chinese = [title for title in given if _is_chinese(title)]
    english = [title for title in given if not _is_chinese(title)]
    if len(chinese) > 1 or len(english) > 1:
        raise CommandFailed("give --title once in Chinese and once in English at most")
    return Text(zh="".join(chinese), en="".join(english))


def _is_chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)


def _password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise CommandFailed("--password-stdin: there is no password on standard input")
    return password


def _path(secret: str) -> str:
    return f"/user/reset/{secret}"


def _roles_words(roles: object) -> str:
    assert isinstance(roles, list)
    words = [
        f"{held['role']} of {held['organization']}" if held["organization"] else held["role"]
        for held in roles
    ]
    return f": {', '.join(words)}" if words else ""


def _say(chosen: argparse.Namespace, answer: Mapping[str, object], words: str) -> None:
    print(json.dumps(answer, ensure_ascii=False) if chosen.json else words)

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from policies.database import Pool
from policies.identity.authenticate import actor_of_token, sign_in
from policies.identity.enrol import use_password_link
from policies.party import OrganizationKind, Role
from policies.roles import SITE_WIDE
from policies.token import API_LIFE_MOST
from portal.commands import people
from portal.commands.context import CommandFailed
from portal.pool import utc_now
from tests.people import PASSWORD


class Weir:
    """The commands of people over one database."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capture = capture

    def __call__(self, *arguments: str) -> str:
        """Run a command and return what it printed."""
        parser = argparse.ArgumentParser()
        people.add_parsers(parser.add_subparsers(required=True))
        chosen = parser.parse_args([*arguments, "--data", str(self._folder)])
        self._capture.readouterr()
        assert chosen.run(chosen) == 0
        return self._capture.readouterr().out

    def json(self, *arguments: str) -> dict[str, object]:
        """Run a command for a program."""
        answer: dict[str, object] = json.loads(self(*arguments, "--json"))
        return answer


@pytest.fixture
def weir(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Weir:
    """The command line beside a database of its own."""
    monkeypatch.setenv("WEIR_DATABASE_URL", database_url)
    return Weir(tmp_path, capsys)


def test_the_command_line_knows_the_same_kinds_and_roles_as_the_rest() -> None:
    assert list(people.KINDS) == list(OrganizationKind)
    assert list(people.ROLES) == list(Role)
    assert set(people.USUAL_KIND) == set(Role) - SITE_WIDE
    assert API_LIFE_MOST.days == people.DAYS_MOST


def test_a_department_its_publisher_and_a_token_that_works(
    weir: Weir, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    weir(
        *("org", "add", "transport", "--kind", "department"),
        *("--title", "交通局", "--title", "Transport Bureau"),
    )
    weir("user", "add", "li.wei", "--role", "publisher", "--password-stdin")

    token = weir("token", "li.wei").splitlines()[-1]

    with pool.connection() as tx:
        actor = actor_of_token(tx, token, address="", at=utc_now())
    assert actor.holds_anywhere(Role.PUBLISHER)
    assert actor.organization is not None
    assert actor.organization.title.as_map() == {"zh": "交通局", "en": "Transport Bureau"}
    assert sign_in(pool, name="li.wei", password=PASSWORD, address="", at=utc_now())


def test_programs_get_json(weir: Weir) -> None:
    added = weir.json("org", "add", "office", "--kind", "regulator", "--title", "Audit Office")
    user = weir.json("user", "add", "zhao.min", "--role", "regulator", "--role", "admin")
    token = weir.json("token", "zhao.min", "--days", "1", "--label", "notebook")

    assert added["kind"] == "regulator"
    assert user["roles"] == [
        {"role": "regulator", "organization": None},
        {"role": "admin", "organization": None},
    ]
    assert str(token["token"]).count(".") == 2
    assert token["name"] == "notebook"


def test_without_a_password_a_link_is_printed_that_sets_one(weir: Weir, pool: Pool) -> None:
    link = str(weir.json("user", "add", "li.wei")["link"])
    newer = weir("user", "link", "li.wei").splitlines()[-1]

    assert link.startswith("/user/reset/")
    with pool.connection() as tx:
        use_password_link(
            tx, newer.removeprefix("/user/reset/"), new_password=PASSWORD, at=utc_now()
        )
    assert sign_in(pool, name="li.wei", password=PASSWORD, address="", at=utc_now())


def test_a_role_that_needs_an_organisation_says_which_there_are(weir: Weir) -> None:
    with pytest.raises(CommandFailed, match="weir org add"):
        weir("user", "add", "li.wei", "--role", "buyer")
    for slug, kind in (("acme", "enterprise"), ("beta", "enterprise"), ("office", "regulator")):
        weir("org", "add", slug, "--kind", kind, "--title", slug)

    with pytest.raises(CommandFailed, match=r"acme \(enterprise\), beta .*office"):
        weir("user", "add", "li.wei", "--role", "buyer")
    with pytest.raises(CommandFailed, match="no organisation “nowhere”"):
        weir("user", "add", "li.wei", "--role", "buyer", "--org", "nowhere")

    assert weir.json("user", "add", "li.wei", "--role", "buyer", "--org", "beta")["roles"] == [
        {"role": "buyer", "organization": "beta"}
    ]
    weir("user", "grant", "li.wei", "--role", "buyer", "--org", "acme")


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "nobody"),
        ("user", "add", "two words"),
        ("org", "add", "Not A Slug", "--kind", "bureau", "--title", "x"),
        ("org", "add", "a", "--kind", "bureau", "--title", "one", "--title", "two"),
        ("org", "add", "a", "--kind", "bureau", "--title", "x", "--credit-code", "1234"),
        ("user", "add", "li.wei", "--password-stdin"),
    ],
)
def test_a_refusal_is_said_in_words(
    weir: Weir, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))

    with pytest.raises(CommandFailed):
        weir(*arguments)

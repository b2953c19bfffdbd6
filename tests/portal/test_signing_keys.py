"""Signing keys change by page, by API and by command, always by two administrators."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest

from policies.database import Pool
from policies.party import Role
from portal.app import create_app
from portal.commands import keys as key_commands
from portal.commands.context import CommandFailed
from portal.wiring import Wiring
from tests.people import PASSWORD, enrol
from tests.portal.visitor import Visitor, api_token

KEYS = "/api/v1/signing-keys"
PAGE = "/admin/signing-keys"


def bearer(wiring: Wiring, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_token(wiring, name)}", "Accept": "application/json"}


@pytest.fixture
def two_chiefs(wiring: Wiring) -> Wiring:
    with wiring.pool.connection() as tx:
        enrol(tx, "deputy", (Role.ADMIN, None), password=PASSWORD)
    return wiring


def test_a_token_key_is_rotated_by_two_and_published_all_the_while(two_chiefs: Wiring) -> None:
    visitor = Visitor(create_app(two_chiefs))
    chief, deputy = bearer(two_chiefs, "chief"), bearer(two_chiefs, "deputy")

    def published() -> set[str]:
        return {key["kid"] for key in visitor.get("/.well-known/jwks.json").json()["keys"]}

    (first,) = published()
    wanted = {"purpose": "token", "reason": "Yearly change"}
    proposed = visitor.post(f"{KEYS}/rotations", json=wanted, headers=chief)
    change = f"{KEYS}/changes/{proposed.json()['id']}/confirm"
    alone = visitor.post(change, headers=chief | {"Accept-Language": "zh"})
    together = visitor.post(change, headers=deputy)
    told = visitor.get(KEYS, headers=chief).json()

    assert proposed.status_code == 201
    assert (alone.status_code, alone.json()["code"]) == (403, "second-administrator-needed")
    assert "另一名管理员" in alone.json()["detail"]
    assert together.json()["state"] == "confirmed"
    assert published() == {first, proposed.json()["kid"]}
    states = {key["kid"]: key["state"] for key in told["keys"] if key["purpose"] == "token"}
    assert states == {first: "old", proposed.json()["kid"]: "current"}
    assert visitor.get(KEYS, headers=deputy).status_code == 200

    lost = {"reason": "Copied from a laptop"}
    burial = visitor.post(f"{KEYS}/{first}/burial", json=lost, headers=deputy)
    fresh = bearer(two_chiefs, "chief")
    visitor.post(f"{KEYS}/changes/{burial.json()['id']}/confirm", headers=fresh)

    assert visitor.get(KEYS, headers=deputy).status_code == 401
    assert visitor.get(KEYS, headers=fresh).status_code == 200
    assert first not in published()


def test_only_administrators_see_and_change_keys(two_chiefs: Wiring) -> None:
    visitor = Visitor(create_app(two_chiefs))
    publisher = bearer(two_chiefs, "li.wei")

    wanted = {"purpose": "log", "reason": "Mine"}
    answers = [
        visitor.get(KEYS, headers=publisher),
        visitor.post(f"{KEYS}/rotations", json=wanted, headers=publisher),
    ]
    malformed = visitor.post(
        f"{KEYS}/rotations",
        json={"purpose": "door", "reason": 7, "extra": 1},
        headers=bearer(two_chiefs, "chief"),
    )

    assert [answer.status_code for answer in answers] == [403, 403]
    assert malformed.status_code == 422
    assert {one["field"] for one in malformed.json()["errors"]} == {"purpose", "reason", "extra"}


def test_the_page_lets_one_propose_and_another_confirm(two_chiefs: Wiring) -> None:
    app = create_app(two_chiefs)
    chief, deputy = Visitor(app), Visitor(app)
    chief.sign_in("chief")
    deputy.sign_in("deputy")

    empty = chief.submit(f"{PAGE}/rotate", on=PAGE, purpose="log", reason=" ")
    chief.submit(f"{PAGE}/rotate", on=PAGE, purpose="log", reason="A colleague left")

    own = chief.page(PAGE)
    path = deputy.page(PAGE).split("/confirm")[0].rsplit('action="', 1)[1] + "/confirm"
    refused = chief.submit(path, on=PAGE)
    confirmed = deputy.submit(path, on=PAGE)

    assert empty.status_code == 400
    assert "confirming takes another administrator" in own
    assert "Next, published" in own
    assert refused.status_code == 403
    assert confirmed.status_code == 303
    after = deputy.page(PAGE)
    assert "A colleague left" in after
    assert "Replaced" in after


def test_the_command_line_takes_each_administrators_own_password(
    pool: Pool,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WEIR_DATABASE_URL", database_url)
    with pool.connection() as tx:
        for name in ("chief", "deputy"):
            enrol(tx, name, (Role.ADMIN, None), password=PASSWORD)

    def weir(*arguments: str, password: str = PASSWORD) -> str:
        parser = argparse.ArgumentParser()
        key_commands.add_parsers(parser.add_subparsers(required=True))
        chosen = parser.parse_args(["keys", *arguments, "--data", str(tmp_path)])
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
        capsys.readouterr()
        assert chosen.run(chosen) == 0
        return capsys.readouterr().out

    as_chief = ("--as", "chief", "--password-stdin")
    as_deputy = ("--as", "deputy", "--password-stdin")
    change = weir("rotate", "token", "--reason", "Yearly", *as_chief).split()[-1]
    with pytest.raises(CommandFailed, match="other than the one who proposed"):
        weir("confirm", change, *as_chief)
    with pytest.raises(CommandFailed):
        weir("confirm", change, *as_deputy, password="guessed")
    weir("confirm", change, *as_deputy)

    assert "token    current" in weir("list")

"""Tests of `portal/api/log.py`: anybody can follow the log, and only supervisors read it."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from policies.database import Pool
from policies.events import Event, EventKind
from policies.evidence import merkle
from policies.evidence.bundle import read_head_file
from policies.evidence.ed25519 import is_signed
from policies.evidence.log_proof import verify_log_export
from policies.identity.authenticate import actor_of_user
from policies.identity.issue import issue_api_token
from policies.party import ANONYMOUS, Role
from policies.record import record
from portal.app import create_app
from portal.settings import create_folders, settings_from
from portal.wiring import Wiring, wire
from tests.people import AT, enrol, found


class Site:
    """A portal over one database, with a clock that is set by hand."""

    def __init__(self, wiring: Wiring, pool: Pool) -> None:
        self.pool = pool
        self.at = AT
        self.wiring = Wiring(
            settings=wiring.settings,
            pool=pool,
            keys=wiring.keys,
            confinement=wiring.confinement,
            warehouse=wiring.warehouse,
            now=self.now,
        )
        self.client = TestClient(create_app(self.wiring))

    def now(self) -> datetime:
        return self.at

    def happen(self, count: int) -> None:
        with self.pool.connection() as tx:
            for number in range(count):
                fact = {"number": number}
                record(tx, Event(EventKind.AUDIT_VIEWED, self.at, ANONYMOUS, facts=fact))

    def sign(self) -> bytes:
        self.at += timedelta(minutes=1)
        answer = self.client.post("/log/head")
        assert answer.status_code == 200
        content: bytes = answer.content
        return content

    def token(self, role: Role) -> dict[str, str]:
        with self.pool.connection() as tx:
            held = (role, found(tx) if role is Role.PUBLISHER else None)
            user = enrol(tx, role.value, held)
            issued = issue_api_token(
                tx,
                self.wiring.keys,
                user,
                name="test",
                issuer=self.wiring.settings.site_url,
                by=actor_of_user(tx, user),
                at=self.at,
            )
        return {"Authorization": f"Bearer {issued.encoded}"}


@pytest.fixture
def site(pool: Pool, database_url: str, tmp_path: Path) -> Site:
    settings = settings_from({}, data=tmp_path)
    create_folders(settings)
    wiring = wire(settings, database_url, pool_size=1)
    wiring.pool.close()
    return Site(wiring, pool)


def test_before_the_first_head_there_is_none(site: Site) -> None:
    assert site.client.get("/log/head").status_code == 404
    assert site.client.get("/log/checkpoint").status_code == 404


def test_a_head_is_signed_on_demand_and_then_read_by_everybody(site: Site) -> None:
    site.happen(3)

    signed = site.sign()

    assert site.client.get("/log/head").content == signed
    assert read_head_file(signed).signed_head.head.tree_size >= 3


def test_asking_again_signs_nothing_while_nothing_happens(site: Site) -> None:
    site.sign()
    first = site.sign()  # the first one minted a key, which is an event of its own
    site.at += timedelta(seconds=10)

    assert site.client.post("/log/head").content == first


def test_everybody_can_check_that_an_entry_is_in_and_that_the_log_grew(site: Site) -> None:
    site.happen(5)
    old = read_head_file(site.sign()).signed_head.head
    site.happen(6)
    new = read_head_file(site.sign()).signed_head.head

    hashes = site.client.get("/log/leaves").json()["leaf_hashes"]
    inclusion = site.client.get(
        "/log/proof/inclusion", params={"leaf_index": 2, "tree_size": new.tree_size}
    ).json()
    consistency = site.client.get(
        "/log/proof/consistency",
        params={"old_size": old.tree_size, "new_size": new.tree_size},
    ).json()

    assert merkle.is_included(
        bytes.fromhex(hashes[2]),
        2,
        new.tree_size,
        [bytes.fromhex(hashed) for hashed in inclusion["hashes"]],
        new.root_hash,
    )
    assert merkle.is_consistent(
        old.tree_size,
        old.root_hash,
        new.tree_size,
        new.root_hash,
        [bytes.fromhex(hashed) for hashed in consistency["hashes"]],
    )


def test_leaves_come_in_pages(site: Site) -> None:
    site.happen(5)
    site.sign()

    page = site.client.get("/log/leaves", params={"start": 1, "stop": 3}).json()

    assert page["start"] == 1
    assert len(page["leaf_hashes"]) == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/log/proof/inclusion?leaf_index=0&tree_size=1000", 400),
        ("/log/proof/inclusion?leaf_index=9&tree_size=1", 404),
        ("/log/proof/consistency?old_size=3&new_size=1", 400),
        ("/log/proof/inclusion?leaf_index=-1&tree_size=1", 422),
        ("/log/proof/inclusion?leaf_index=99999999999999999999&tree_size=1", 422),
        ("/log/leaves?start=x", 422),
    ],
)
def test_what_the_log_never_was_is_refused(site: Site, path: str, status: int) -> None:
    site.happen(3)
    site.sign()

    assert site.client.get(path).status_code == status


def test_the_keys_are_published_and_the_first_names_the_log(site: Site) -> None:
    log_id = read_head_file(site.sign()).signed_head.head.log_id

    told = site.client.get("/log/keys").json()

    assert told["log_id"] == log_id
    assert [(key["kid"], key["purpose"]) for key in told["keys"]] == [(log_id, "log")]


def test_a_witness_can_read_the_head_as_a_signed_note(site: Site) -> None:
    site.happen(3)
    head = read_head_file(site.sign()).signed_head.head
    key = bytes.fromhex(site.client.get("/log/keys").json()["keys"][0]["public_key"])

    note = site.client.get("/log/checkpoint").text

    text, signature_line = note.split("\n\n")
    origin, size, root = text.split("\n")
    dash, name, encoded = signature_line.rstrip("\n").split(" ")
    assert (dash, name, int(size)) == ("—", origin, head.tree_size)
    assert b64decode(root) == head.root_hash
    key_id, signature = b64decode(encoded)[:4], b64decode(encoded)[4:]
    assert key_id == sha256(origin.encode() + b"\n\x01" + key).digest()[:4]
    assert is_signed((text + "\n").encode(), signature, key)


def test_a_supervisor_takes_the_whole_log_home_and_it_holds(site: Site) -> None:
    site.happen(5)
    kept = site.sign()
    headers = site.token(Role.REGULATOR)
    site.sign()

    answer = site.client.get("/log/export", headers=headers)

    lines = answer.content.splitlines(keepends=True)
    assert answer.status_code == 200
    assert verify_log_export(iter(lines), old_head=kept).is_valid
    with site.pool.connection() as tx:
        row = tx.execute(
            "SELECT count(*) AS n FROM policies.events WHERE kind = 'audit.viewed' "
            "AND actor_id IS NOT NULL"
        ).fetchone()
    assert row == {"n": 1}


def test_others_may_not_read_what_the_entries_say(site: Site) -> None:
    headers = site.token(Role.PUBLISHER)
    site.sign()

    assert site.client.get("/log/export").status_code == 401
    assert site.client.get("/log/export", headers=headers).status_code == 403

"""Tests of `policies/evidence/proof.py`, `log_proof.py`, `bundle.py` and `attest.py`.

Everything is checked as an outsider would: from files alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import log
from policies.attest import attest
from policies.database import Tx
from policies.errors import TreeSizeOutOfBounds, UnreadableProof
from policies.events import Event, EventKind
from policies.evidence.bundle import (
    SignedReceipt,
    build_head_file,
    export_head_line,
    export_leaf_line,
)
from policies.evidence.log_proof import verify_log_export
from policies.evidence.proof import RECEIPT_HASH_FACT, verify_receipt_file
from policies.evidence.signing_key import KeyPurpose
from policies.evidence.verification import CheckName, Verification
from policies.party import ANONYMOUS
from policies.record import record
from policies.seal import KeyRing, canonical

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
BODY = canonical({"format": "a receipt", "rows": 3, "title": "公交站点\u3000表"}).decode()


class Exchange:
    """An exchange that delivers, over one database and key folder."""

    def __init__(self, tx: Tx, folder: Path) -> None:
        self.tx = tx
        self.keys = KeyRing(folder)
        self.at = AT

    def work(self, count: int) -> None:
        for number in range(count):
            record(self.tx, Event(EventKind.AUDIT_VIEWED, AT, ANONYMOUS, facts={"number": number}))

    def deliver(self) -> tuple[SignedReceipt, int]:
        signer = self.keys.signer(self.tx, KeyPurpose.RECEIPT, self.at)
        hashed = sha256(BODY.encode()).hexdigest()
        event = Event(EventKind.DATA_DELIVERED, AT, ANONYMOUS, facts={RECEIPT_HASH_FACT: hashed})
        return SignedReceipt(BODY, signer.kid, signer.sign(BODY.encode())), record(self.tx, event)

    def head(self) -> bytes:
        self.at += timedelta(minutes=1)
        log.sequence(self.tx)
        signed = log.sign_head(self.tx, self.keys, self.at)
        return build_head_file(signed, self.keys.public_keys(self.tx))

    def bundle(self, delivered: tuple[SignedReceipt, int], known_size: int | None = None) -> bytes:
        self.at += timedelta(minutes=1)
        return attest(self.tx, self.keys, *delivered, at=self.at, known_size=known_size)

    def export(self) -> list[bytes]:
        signed = log.latest_head(self.tx)
        leaves = log.leaves(self.tx, 0, signed.head.tree_size)
        return [
            export_head_line(signed, self.keys.public_keys(self.tx)),
            *(export_leaf_line(leaf) for leaf in leaves),
        ]

    def tamper(self, table: str, change: str) -> None:
        """What an administrator with the database in hand can do."""
        self.tx.execute(f"ALTER TABLE policies.{table} DISABLE TRIGGER USER".encode())
        self.tx.execute(change.encode())


@pytest.fixture
def exchange(tx: Tx, tmp_path: Path) -> Exchange:
    return Exchange(tx, tmp_path)


def size_of(head_file: bytes) -> int:
    size: int = json.loads(json.loads(head_file)["head"]["body"])["tree_size"]
    return size


def failures(verification: Verification) -> set[CheckName]:
    return {check.name for check in verification.checks if not check.is_passed}


def changed(bundle: bytes, change: Callable[[Any], object]) -> bytes:
    plain = json.loads(bundle)
    change(plain)
    return json.dumps(plain).encode()


# A receipt -----------------------------------------------------------------------------------


def test_a_receipt_proves_itself_and_says_that_its_keys_are_its_own(exchange: Exchange) -> None:
    delivered = exchange.deliver()
    exchange.work(5)

    verification = verify_receipt_file(exchange.bundle(delivered))

    assert verification.is_valid
    trust = next(check for check in verification.checks if check.name is CheckName.TRUST)
    assert "from this file alone" in str(trust)
    assert verification.log_id in str(trust)


def test_a_receipt_is_held_to_a_head_that_was_kept(exchange: Exchange) -> None:
    exchange.work(5)
    kept = exchange.head()
    delivered = exchange.deliver()
    exchange.work(9)

    bundle = exchange.bundle(delivered, known_size=size_of(kept))

    assert verify_receipt_file(bundle, old_head=kept).is_valid


def test_a_kept_head_may_be_younger_than_the_receipt_file(exchange: Exchange) -> None:
    delivered = exchange.deliver()
    exchange.work(3)
    early = exchange.bundle(delivered)
    exchange.work(4)
    kept = exchange.head()

    verification = verify_receipt_file(early, old_head=kept)
    again = verify_receipt_file(exchange.bundle(delivered, known_size=size_of(kept)), old_head=kept)

    assert failures(verification) == {CheckName.GROWTH}  # no proof in the file: ask for one
    assert again.is_valid


def test_an_older_bundle_serves_as_a_kept_head(exchange: Exchange) -> None:
    delivered = exchange.deliver()
    early = exchange.bundle(delivered)
    exchange.work(4)
    exchange.head()

    later = exchange.bundle(delivered, known_size=size_of(early))

    assert verify_receipt_file(later, old_head=early).is_valid


def test_a_receipt_signed_before_the_keys_changed_is_still_good(exchange: Exchange) -> None:
    delivered = exchange.deliver()
    kept = exchange.head()
    for purpose in (KeyPurpose.LOG, KeyPurpose.RECEIPT, KeyPurpose.LOG):
        exchange.keys.rotate(exchange.tx, purpose, by=ANONYMOUS, at=exchange.at)
    exchange.head()

    bundle = exchange.bundle(delivered, known_size=size_of(kept))

    assert verify_receipt_file(bundle, old_head=kept).is_valid


def test_a_pinned_key_has_to_stand_behind_the_log(exchange: Exchange) -> None:
    delivered = exchange.deliver()
    first = exchange.keys.signer(exchange.tx, KeyPurpose.LOG, AT).kid
    exchange.keys.rotate(exchange.tx, KeyPurpose.LOG, by=ANONYMOUS, at=AT)
    bundle = exchange.bundle(delivered)

    assert verify_receipt_file(bundle, trusted_kid=first).is_valid
    for other in ("unknown", exchange.keys.signer(exchange.tx, KeyPurpose.RECEIPT, AT).kid):
        assert failures(verify_receipt_file(bundle, trusted_kid=other)) == {CheckName.TRUST}


def test_another_exchange_cannot_pass_for_this_one(exchange: Exchange, tmp_path: Path) -> None:
    exchange.work(2)
    kept = exchange.head()
    exchange.tx.rollback()
    forger = Exchange(exchange.tx, tmp_path / "forger")
    forger.work(2)
    bundle = forger.bundle(forger.deliver(), known_size=2)

    assert verify_receipt_file(bundle).is_valid  # which is why the name of the log matters
    assert CheckName.TRUST in failures(verify_receipt_file(bundle, old_head=kept))


def head_key(plain: Any) -> Any:
    return next(key for key in plain["keys"] if key["kid"] == plain["head"]["kid"])


def claim_log(plain: Any, log_id: str) -> None:
    head = json.loads(plain["head"]["body"])
    plain["head"]["body"] = canonical({**head, "log_id": log_id}).decode()


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        (
            lambda p: p["receipt"].update(body=p["receipt"]["body"].replace("3", "4")),
            {CheckName.RECEIPT, CheckName.EVENT},
        ),
        (lambda p: p["receipt"].update(signature="00" * 64), {CheckName.RECEIPT}),
        (lambda p: p["receipt"].update(kid=p["head"]["kid"]), {CheckName.RECEIPT}),
        (
            lambda p: p.update(event=p["event"].replace("data.delivered", "audit.viewed")),
            {CheckName.EVENT, CheckName.INCLUSION},
        ),
        (lambda p: p.update(event="{}"), {CheckName.EVENT, CheckName.INCLUSION}),
        (lambda p: p.update(event="[" * 100_000), {CheckName.EVENT, CheckName.INCLUSION}),
        (lambda p: p["inclusion"].update(leaf_index=0), {CheckName.INCLUSION}),
        (lambda p: p["inclusion"].update(tree_size=3), {CheckName.INCLUSION}),
        (lambda p: p["inclusion"]["hashes"].pop(), {CheckName.INCLUSION}),
        (lambda p: p["head"].update(signature="00"), {CheckName.HEAD}),
        (lambda p: p["keys"].clear(), {CheckName.KEYS, CheckName.HEAD, CheckName.RECEIPT}),
        (lambda p: claim_log(p, "another"), {CheckName.KEYS, CheckName.HEAD}),
        (lambda p: [k.update(endorsement="00" * 64) for k in p["keys"]], {CheckName.KEYS}),
        (
            lambda p: [k.update(purpose="token") for k in p["keys"]],
            {CheckName.KEYS, CheckName.HEAD, CheckName.RECEIPT},
        ),
        (
            lambda p: head_key(p).update(public_key="11" * 32),
            {CheckName.KEYS, CheckName.HEAD},
        ),
    ],
)
def test_each_change_to_a_file_fails_where_it_was_made(
    exchange: Exchange, change: Callable[[Any], object], failing: set[CheckName]
) -> None:
    exchange.work(2)
    exchange.head()
    delivered = exchange.deliver()
    exchange.work(4)

    verification = verify_receipt_file(changed(exchange.bundle(delivered), change))

    assert failures(verification) == failing


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.update(format="other"),
        lambda p: p.pop("receipt"),
        lambda p: p.update(receipt=[]),
        lambda p: p["receipt"].update(signature="zz"),
        lambda p: p["receipt"].update(body=1),
        lambda p: p["receipt"].update(body="\ud800"),
        lambda p: p["inclusion"].update(leaf_index=-1),
        lambda p: p["inclusion"].update(leaf_index=True),
        lambda p: p["inclusion"].update(leaf_index=1.0),
        lambda p: p["inclusion"].update(hashes=["00"] * 65),
        lambda p: p["head"].update(body=p["head"]["body"] + " "),
        lambda p: p["keys"][0].update(purpose="joy"),
        lambda p: p["keys"][0].update(retire_at="2026-11-22T09:00:00"),
        lambda p: p["keys"][0].update(retire_at="soon"),
        lambda p: p.update(keys=[None]),
    ],
)
def test_a_file_that_is_no_bundle_is_refused_in_words(
    exchange: Exchange, change: Callable[[Any], object]
) -> None:
    bundle = exchange.bundle(exchange.deliver())

    with pytest.raises(UnreadableProof):
        verify_receipt_file(changed(bundle, change))


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_bytes_make_the_verifier_stumble(data: bytes) -> None:
    with pytest.raises(UnreadableProof):
        verify_receipt_file(data)
    with pytest.raises(UnreadableProof):
        verify_log_export(iter(data.splitlines(keepends=True)))


def test_a_proof_from_a_size_that_the_log_never_had_is_not_made(exchange: Exchange) -> None:
    with pytest.raises(TreeSizeOutOfBounds):
        exchange.bundle(exchange.deliver(), known_size=1000)


# The whole log -------------------------------------------------------------------------------


def test_an_untouched_log_fits_its_head_and_one_kept_earlier(exchange: Exchange) -> None:
    exchange.work(7)
    kept = exchange.head()
    exchange.work(6)
    exchange.head()

    assert verify_log_export(iter(exchange.export()), old_head=kept).is_valid


def test_an_edited_row_is_found_offline_and_named(exchange: Exchange) -> None:
    exchange.work(9)
    kept = exchange.head()
    event_id = log.leaves(exchange.tx, 4, 5)[0].event_id

    exchange.tamper(
        "events", f"UPDATE policies.events SET body = body || ' ' WHERE id = {event_id}"
    )

    verification = verify_log_export(iter(exchange.export()), old_head=kept)
    assert failures(verification) == {CheckName.ENTRIES, CheckName.ROOT, CheckName.GROWTH}
    entries = next(check for check in verification.checks if check.name is CheckName.ENTRIES)
    assert entries.facts == {"count": 1, "leaf_indexes": "4"}


def test_a_row_edited_with_its_hash_and_signed_anew_is_found_by_the_kept_head(
    exchange: Exchange,
) -> None:
    """The exchange itself, with all its keys, cannot rewrite what an outsider holds a head of."""
    exchange.work(9)
    kept = exchange.head()
    for table in ("events", "leaves", "tree_nodes", "tree_heads"):
        exchange.tamper(table, "SELECT 1")
    exchange.tx.execute("UPDATE policies.events SET body = body || ' ' WHERE id % 5 = 0")
    for table in ("leaves", "tree_nodes", "tree_heads"):
        exchange.tx.execute(f"DELETE FROM policies.{table}".encode())
    exchange.tx.execute(
        """
        INSERT INTO policies.unsequenced_events SELECT id FROM policies.events
        ON CONFLICT DO NOTHING
        """
    )
    exchange.head()

    assert verify_log_export(iter(exchange.export())).is_valid
    held = verify_log_export(iter(exchange.export()), old_head=kept)
    assert failures(held) == {CheckName.GROWTH}


def test_a_shrunken_log_is_refused(exchange: Exchange) -> None:
    delivered = exchange.deliver()
    exchange.work(9)
    kept = exchange.head()
    for table in ("leaves", "tree_nodes", "tree_heads"):
        exchange.tamper(table, f"DELETE FROM policies.{table}")
    exchange.tx.execute(
        "INSERT INTO policies.unsequenced_events SELECT id FROM policies.events ORDER BY id LIMIT 5"
    )
    exchange.head()

    held = verify_log_export(iter(exchange.export()), old_head=kept)
    assert failures(held) == {CheckName.GROWTH}
    bundle = exchange.bundle(delivered)
    receipt = verify_receipt_file(bundle, old_head=kept)
    assert failures(receipt) == {CheckName.GROWTH}
    assert any("shrank" in str(check) for check in (*held.checks, *receipt.checks))


def test_a_removed_or_swapped_line_is_found(exchange: Exchange) -> None:
    exchange.work(5)
    exchange.head()
    lines = exchange.export()

    removed = verify_log_export(iter([*lines[:3], *lines[4:]]))
    swapped = verify_log_export(iter([*lines[:3], lines[4], lines[3], *lines[5:]]))
    cut = verify_log_export(iter(lines[:-1]))

    assert failures(removed) == failures(swapped) == {CheckName.ENTRIES, CheckName.ROOT}
    assert failures(cut) == {CheckName.ROOT}


def test_an_export_without_bodies_says_that_they_were_not_hashed(exchange: Exchange) -> None:
    exchange.work(5)
    exchange.head()
    lines = exchange.export()
    hidden = json.dumps({**json.loads(lines[2]), "body": None}).encode()

    verification = verify_log_export(iter([*lines[:2], hidden, *lines[3:]]))

    assert verification.is_valid
    entries = next(check for check in verification.checks if check.name is CheckName.ENTRIES)
    assert entries.facts == {"seen": 4, "count": 5}

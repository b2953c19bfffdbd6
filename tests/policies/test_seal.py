"""Tests of `policies/seal.py`, and of the key files and endorsements that it stands on."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest

from policies.database import Pool, Tx
from policies.errors import SigningKeyAway
from policies.evidence import ed25519
from policies.evidence.signing_key import (
    RETIRES_AFTER,
    SIGNS_FOR,
    KeyPurpose,
    KeyState,
    endorsed_body,
    kid_of,
)
from policies.evidence.wrapping import Wrapping
from policies.party import ANONYMOUS
from policies.seal import KeyRing

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_the_first_signature_mints_a_key_and_the_next_uses_it(tx: Tx, tmp_path: Path) -> None:
    keys = KeyRing(tmp_path / "keys")

    first = keys.signer(tx, KeyPurpose.TOKEN, AT)
    again = KeyRing(tmp_path / "keys").signer(tx, KeyPurpose.TOKEN, AT)

    assert again.kid == first.kid
    assert first.retire_at == AT + RETIRES_AFTER
    public = {key.kid: key for key in keys.public_keys(tx)}[first.kid]
    assert ed25519.is_signed(b"text", again.sign(b"text"), public.public_key)
    assert not ed25519.is_signed(b"other", again.sign(b"text"), public.public_key)
    assert public.as_jwk()["kid"] == kid_of(public.public_key)


def test_only_the_owner_can_read_a_key_file_and_no_draft_is_left(tx: Tx, tmp_path: Path) -> None:
    folder = tmp_path / "keys"

    signer = KeyRing(folder).signer(tx, KeyPurpose.LOG, AT)

    assert [path.name for path in folder.iterdir()] == [f"{signer.kid}.pem"]
    assert stat.S_IMODE((folder / f"{signer.kid}.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_name_of_a_key_is_the_thumbprint_that_its_standard_gives() -> None:
    """The example of RFC 8037, appendices A.2 and A.3."""
    public_key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

    assert kid_of(public_key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_every_key_is_endorsed_by_the_log_key_of_its_day(tx: Tx, tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)

    receipt = keys.signer(tx, KeyPurpose.RECEIPT, AT)
    first_log = keys.signer(tx, KeyPurpose.LOG, AT)
    second_log = keys.rotate(tx, KeyPurpose.LOG, by=ANONYMOUS, at=AT)
    token = keys.signer(tx, KeyPurpose.TOKEN, AT)

    public = {key.kid: key for key in keys.public_keys(tx)}
    assert public[receipt.kid].endorsed_by == first_log.kid
    assert public[first_log.kid].endorsed_by == first_log.kid
    assert public[second_log.kid].endorsed_by == first_log.kid
    assert public[token.kid].endorsed_by == second_log.kid
    for key in public.values():
        body = endorsed_body(key.purpose, key.public_key, key.retire_at)
        assert ed25519.is_signed(body, key.endorsement, public[key.endorsed_by].public_key)


def test_a_key_that_has_signed_its_time_is_replaced_and_stays_known(tx: Tx, tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    first = keys.signer(tx, KeyPurpose.LOG, AT)

    second = keys.signer(tx, KeyPurpose.LOG, AT + SIGNS_FOR)

    states = {key.kid: key.state for key in keys.public_keys(tx)}
    assert states == {first.kid: KeyState.OLD, second.kid: KeyState.CURRENT}


def test_a_key_whose_file_is_elsewhere_signs_nothing_here(tx: Tx, tmp_path: Path) -> None:
    KeyRing(tmp_path / "here").signer(tx, KeyPurpose.LOG, AT)

    with pytest.raises(SigningKeyAway):
        KeyRing(tmp_path / "elsewhere").signer(tx, KeyPurpose.LOG, AT)


def test_processes_that_race_for_the_first_key_end_with_one(pool: Pool, tmp_path: Path) -> None:
    racers = 4
    start = Barrier(racers)

    def sign(_: int) -> str:
        keys = KeyRing(tmp_path)
        with pool.connection() as tx:
            start.wait()
            return keys.signer(tx, KeyPurpose.RECEIPT, AT).kid

    with ThreadPoolExecutor(racers) as threads:
        kids = set(threads.map(sign, range(racers)))

    with pool.connection() as tx:
        known = {key.kid for key in KeyRing(tmp_path).public_keys(tx)}
    assert len(kids) == 1
    assert len(known) == 2  # the log's, which endorses, and the receipts'
    assert {path.stem for path in tmp_path.iterdir()} == known


def test_machines_that_know_the_secret_share_the_keys(tx: Tx, tmp_path: Path) -> None:
    first = KeyRing(tmp_path / "one", Wrapping.under("s" * 32)).signer(tx, KeyPurpose.TOKEN, AT)
    second = KeyRing(tmp_path / "two", Wrapping.under("s" * 32)).signer(tx, KeyPurpose.TOKEN, AT)

    assert first.kid == second.kid
    assert first.sign(b"body") == second.sign(b"body")
    assert not (tmp_path / "one").exists()
    assert not (tmp_path / "two").exists()


def test_without_the_secret_a_sealed_key_signs_nothing(tx: Tx, tmp_path: Path) -> None:
    KeyRing(tmp_path, Wrapping.under("s" * 32)).signer(tx, KeyPurpose.LOG, AT)

    for other in (KeyRing(tmp_path), KeyRing(tmp_path, Wrapping.under("t" * 32))):
        with pytest.raises(SigningKeyAway):
            other.signer(tx, KeyPurpose.LOG, AT)
        with pytest.raises(SigningKeyAway):
            other.check(tx)


def test_keys_that_were_files_are_sealed_when_a_secret_is_set(tx: Tx, tmp_path: Path) -> None:
    before = KeyRing(tmp_path / "one").signer(tx, KeyPurpose.LOG, AT)
    KeyRing(tmp_path / "one", Wrapping.under("s" * 32)).check(tx)

    elsewhere = KeyRing(tmp_path / "two", Wrapping.under("s" * 32))

    assert elsewhere.signer(tx, KeyPurpose.LOG, AT).kid == before.kid


def test_a_sealed_key_is_opened_under_its_own_name_alone() -> None:
    wrapping = Wrapping.under("s" * 32)
    sealed = wrapping.wrap("a", b"content")

    assert wrapping.unwrap("a", sealed) == b"content"
    assert wrapping.unwrap("b", sealed) is None
    assert wrapping.unwrap("a", sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert b"content" not in sealed
    with pytest.raises(ValueError, match="32"):
        Wrapping.under("short")


@pytest.mark.parametrize("wrapping", [None, Wrapping.under("s" * 32)])
def test_all_processes_that_ask_at_once_get_the_same_secret(
    pool: Pool, tmp_path: Path, wrapping: Wrapping | None
) -> None:
    rings = [KeyRing(tmp_path, wrapping) for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(lambda ring: ring.secret(pool, "mask.key"), rings))

    assert len(set(got)) == 1
    assert len(got[0]) == 32

"""Tests of `policies/change_keys.py`: keys change by two people, and nothing signed is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from policies import change_keys, log
from policies.database import Tx
from policies.errors import (
    KeyActSettled,
    KeyActWaits,
    KeyInUse,
    NotAdministrator,
    NotAToken,
    SecondAdministratorNeeded,
    SigningKeyUnknown,
)
from policies.evidence.signing_key import KeyPurpose, KeyState
from policies.identity.authenticate import actor_of_token
from policies.identity.issue import issue_api_token, verification_keys
from policies.identity.people import user_named
from policies.party import Actor, Role
from policies.seal import KeyRing
from tests.people import AT, acting, found

HOUR = timedelta(hours=1)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


@pytest.fixture
def first(tx: Tx) -> Actor:
    return acting(tx, "first", (Role.ADMIN, None))


@pytest.fixture
def second(tx: Tx) -> Actor:
    return acting(tx, "second", (Role.ADMIN, None))


def token_of(tx: Tx, keys: KeyRing, actor: Actor) -> str:
    owner = user_named(tx, actor.name)
    issued = issue_api_token(
        tx, keys, owner, name="notebook", issuer="https://weir.test", by=actor, at=AT
    )
    return issued.encoded


def states(tx: Tx, keys: KeyRing, purpose: KeyPurpose) -> list[KeyState]:
    return [key.state for key in keys.public_keys(tx) if key.purpose is purpose]


def kinds(tx: Tx) -> list[str]:
    rows = tx.execute("SELECT kind FROM policies.events WHERE kind LIKE 'key.%' ORDER BY id")
    return [row["kind"] for row in rows]


def test_tokens_live_through_a_rotation_in_mid_flight(
    tx: Tx, keys: KeyRing, first: Actor, second: Actor
) -> None:
    before = token_of(tx, keys, first)

    act = change_keys.propose_rotation(
        tx, keys, KeyPurpose.TOKEN, reason="Yearly change", by=first, at=AT
    )
    between = token_of(tx, keys, first)
    published = [key.kid for key in verification_keys(tx, keys, AT)]
    still_signs = keys.signer(tx, KeyPurpose.TOKEN, AT).kid
    change_keys.confirm(tx, act.id, by=second, at=AT + HOUR)
    after = token_of(tx, keys, first)

    assert act.kid in published
    assert still_signs != act.kid
    assert keys.signer(tx, KeyPurpose.TOKEN, AT + HOUR).kid == act.kid
    assert sorted(states(tx, keys, KeyPurpose.TOKEN)) == [KeyState.CURRENT, KeyState.OLD]
    for encoded in (before, between, after):
        assert actor_of_token(tx, encoded, address="", at=AT + HOUR).user_id == first.user_id
    assert kinds(tx)[-2:] == ["key.act_proposed", "key.rotated"]


def test_the_log_and_its_heads_hold_over_a_rotation(
    tx: Tx, keys: KeyRing, first: Actor, second: Actor
) -> None:
    log.sequence(tx)
    old_head = log.sign_head(tx, keys, AT)
    act = change_keys.propose_rotation(
        tx, keys, KeyPurpose.LOG, reason="Yearly change", by=first, at=AT
    )
    change_keys.confirm(tx, act.id, by=second, at=AT + HOUR)
    log.sequence(tx)
    new_head = log.sign_head(tx, keys, AT + HOUR)

    proof = log.consistency_proof(tx, old_head.head.tree_size, new_head.head.tree_size)

    assert (old_head.kid, new_head.kid) == (old_head.head.log_id, act.kid)
    assert new_head.head.log_id == old_head.head.log_id
    assert proof.new_size == new_head.head.tree_size
    endorsers = {key.kid: key.endorsed_by for key in keys.public_keys(tx)}
    assert endorsers[act.kid] == old_head.kid


def test_nobody_changes_a_key_alone(tx: Tx, keys: KeyRing, first: Actor) -> None:
    act = change_keys.propose_rotation(tx, keys, KeyPurpose.TOKEN, reason="Now", by=first, at=AT)

    with pytest.raises(SecondAdministratorNeeded):
        change_keys.confirm(tx, act.id, by=first, at=AT)
    with pytest.raises(KeyActWaits):
        change_keys.propose_rotation(tx, keys, KeyPurpose.TOKEN, reason="Again", by=first, at=AT)
    with pytest.raises(NotAdministrator):
        change_keys.confirm(tx, act.id, by=acting(tx, "pub", (Role.PUBLISHER, found(tx))), at=AT)

    assert states(tx, keys, KeyPurpose.TOKEN) == [KeyState.NEXT]


def test_a_proposal_that_is_withdrawn_leaves_the_present_key(
    tx: Tx, keys: KeyRing, first: Actor, second: Actor
) -> None:
    present = keys.signer(tx, KeyPurpose.TOKEN, AT).kid
    act = change_keys.propose_rotation(tx, keys, KeyPurpose.TOKEN, reason="Now", by=first, at=AT)

    change_keys.withdraw(tx, act.id, by=first, at=AT)

    assert keys.signer(tx, KeyPurpose.TOKEN, AT).kid == present
    assert act.kid not in [key.kid for key in verification_keys(tx, keys, AT)]
    with pytest.raises(KeyActSettled):
        change_keys.confirm(tx, act.id, by=second, at=AT)
    again = change_keys.propose_rotation(tx, keys, KeyPurpose.TOKEN, reason="Now", by=first, at=AT)
    assert again.kid != act.kid


def test_a_lost_key_takes_its_tokens_with_it(
    tx: Tx, keys: KeyRing, first: Actor, second: Actor
) -> None:
    lost = token_of(tx, keys, first)
    kid = keys.signer(tx, KeyPurpose.TOKEN, AT).kid
    with pytest.raises(KeyInUse):
        change_keys.propose_burial(tx, kid, reason="Copied", by=first, at=AT)
    with pytest.raises(SigningKeyUnknown):
        change_keys.propose_burial(tx, "nobody", reason="Copied", by=first, at=AT)
    act = change_keys.propose_rotation(tx, keys, KeyPurpose.TOKEN, reason="Lost", by=first, at=AT)
    change_keys.confirm(tx, act.id, by=second, at=AT)
    kept = token_of(tx, keys, first)

    burial = change_keys.propose_burial(tx, kid, reason="Copied", by=second, at=AT)
    assert actor_of_token(tx, lost, address="", at=AT).user_id == first.user_id
    change_keys.confirm(tx, burial.id, by=first, at=AT)

    with pytest.raises(NotAToken):
        actor_of_token(tx, lost, address="", at=AT)
    assert actor_of_token(tx, kept, address="", at=AT).user_id == first.user_id
    assert [one.state for one in change_keys.key_acts(tx, by=first)] == ["confirmed", "confirmed"]

from __future__ import annotations

from datetime import datetime, timedelta

import argon2
import pytest

from policies.database import Pool, Tx
from policies.errors import NotAMember, SignInFailed, SignInTooOften
from policies.identity.authenticate import (
    actor_of_session,
    actor_of_user,
    choose_organization,
    sign_in,
    sign_out,
)
from policies.identity.enrol import deactivate_user
from policies.party import Actor, OrganizationKind, Role
from policies.roles import SYSTEM
from policies.session import (
    FAILURES_FORGOTTEN_AFTER,
    FREE_FAILURES_PER_ACCOUNT,
    FREE_FAILURES_PER_ADDRESS,
    LONGEST_WAIT_S,
    SESSION_IDLE,
    SESSION_LONGEST,
    SESSIONS_PER_USER,
    Failures,
    address_subject,
    wait_s,
)
from tests.people import AT, PASSWORD, acting, enrol, found

ADDRESS = "192.0.2.7"


@pytest.fixture
def li(pool: Pool) -> str:
    """Name of a user with a password."""
    with pool.connection() as tx:
        enrol(tx, "li.wei", password=PASSWORD)
    return "li.wei"


def attempt(
    pool: Pool, name: str, password: str = "wrong", *, at: datetime = AT, address: str = ADDRESS
) -> str:
    return sign_in(pool, name=name, password=password, address=address, at=at).secret


def reader(pool: Pool, secret: str, at: datetime = AT) -> Actor | None:
    with pool.connection() as tx:
        return actor_of_session(tx, secret, address=ADDRESS, at=at)


def test_the_right_password_opens_a_session(pool: Pool, li: str) -> None:
    secret = attempt(pool, "Li.Wei", PASSWORD)

    actor = reader(pool, secret)
    assert actor is not None
    assert actor.name == li


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(pool: Pool, li: str) -> None:
    refusals = []
    for name in (li, "nobody", "no such\0name", "x" * 10_000):
        with pytest.raises(SignInFailed) as refused:
            attempt(pool, name)
        refusals.append(str(refused.value))

    assert len(set(refusals)) == 1


def test_a_closed_account_is_refused_like_a_wrong_password(pool: Pool) -> None:
    with pool.connection() as tx:
        user = enrol(tx, "li.wei", password=PASSWORD)
        deactivate_user(tx, user, by=SYSTEM, at=AT)

    with pytest.raises(SignInFailed):
        attempt(pool, "li.wei", PASSWORD)


def test_an_account_without_a_password_lets_nobody_in(pool: Pool) -> None:
    with pool.connection() as tx:
        enrol(tx, "li.wei")

    with pytest.raises(SignInFailed):
        attempt(pool, "li.wei", "")


def test_only_the_hash_of_a_secret_is_kept(pool: Pool, li: str) -> None:
    secret = attempt(pool, li, PASSWORD)

    with pool.connection() as tx:
        row = tx.execute("SELECT secret_hash FROM policies.sessions").fetchone()
    assert row is not None
    assert len(row["secret_hash"]) == 32
    assert secret.encode() not in row["secret_hash"]
    assert len(secret) == 43


def test_signing_in_never_takes_over_a_secret_that_was_there_before(pool: Pool, li: str) -> None:
    planted = attempt(pool, li, PASSWORD)

    opened = sign_in(
        pool, name=li, password=PASSWORD, address=ADDRESS, at=AT, replaced_secret=planted
    )

    assert opened.secret != planted
    assert reader(pool, planted) is None
    assert reader(pool, opened.secret) is not None


def test_signing_out_ends_the_session(pool: Pool, li: str) -> None:
    secret = attempt(pool, li, PASSWORD)

    with pool.connection() as tx:
        sign_out(tx, secret)

    assert reader(pool, secret) is None


def test_a_session_in_use_goes_on_and_an_idle_one_ends(pool: Pool, li: str) -> None:
    secret = attempt(pool, li, PASSWORD)
    almost = SESSION_IDLE - timedelta(seconds=1)

    assert reader(pool, secret, AT + almost) is not None
    assert reader(pool, secret, AT + 2 * almost) is not None
    assert reader(pool, secret, AT + 2 * almost + SESSION_IDLE) is None


def test_a_session_ends_some_day_however_busy_it_is(pool: Pool, li: str) -> None:
    secret = attempt(pool, li, PASSWORD)

    at = AT
    while at < AT + SESSION_LONGEST - SESSION_IDLE / 2:
        assert reader(pool, secret, at) is not None
        at += SESSION_IDLE / 2

    assert reader(pool, secret, AT + SESSION_LONGEST) is None


def test_one_user_has_a_bounded_number_of_sessions(pool: Pool, li: str) -> None:
    secrets = [
        attempt(pool, li, PASSWORD, at=AT + timedelta(seconds=second))
        for second in range(SESSIONS_PER_USER + 1)
    ]

    assert reader(pool, secrets[0]) is None
    assert reader(pool, secrets[1]) is not None


def test_closing_an_account_ends_its_sessions_at_once(pool: Pool) -> None:
    with pool.connection() as tx:
        user = enrol(tx, "li.wei", password=PASSWORD)
    secret = attempt(pool, "li.wei", PASSWORD)

    with pool.connection() as tx:
        deactivate_user(tx, user, by=SYSTEM, at=AT)

    assert reader(pool, secret) is None


@pytest.mark.parametrize("secret", ["", "x", "x" * 100_000, "\0", "安"])
def test_an_unknown_secret_is_nobody(pool: Pool, secret: str) -> None:
    assert reader(pool, secret) is None


def test_failures_slow_an_account_down_from_wherever_they_come(pool: Pool, li: str) -> None:
    for number in range(FREE_FAILURES_PER_ACCOUNT):
        with pytest.raises(SignInFailed):
            attempt(pool, li, address=f"192.0.2.{number}")

    with pytest.raises(SignInTooOften) as refused:
        attempt(pool, li, PASSWORD, address="198.51.100.1")
    assert refused.value.wait_s == 1

    later = AT + timedelta(seconds=1)
    with pytest.raises(SignInFailed):
        attempt(pool, li, at=later)
    with pytest.raises(SignInTooOften) as refused:
        attempt(pool, li, PASSWORD, at=later)
    assert refused.value.wait_s == 2


def test_an_unknown_name_slows_down_like_a_known_one(pool: Pool) -> None:
    for _ in range(FREE_FAILURES_PER_ACCOUNT):
        with pytest.raises(SignInFailed):
            attempt(pool, "nobody")

    with pytest.raises(SignInTooOften):
        attempt(pool, "NOBODY")


def test_failures_slow_an_address_down_whatever_the_names(pool: Pool, li: str) -> None:
    for number in range(FREE_FAILURES_PER_ADDRESS):
        with pytest.raises(SignInFailed):
            attempt(pool, f"nobody{number}")

    with pytest.raises(SignInTooOften):
        attempt(pool, li, PASSWORD)
    assert attempt(pool, li, PASSWORD, address="198.51.100.1")


def test_attempts_while_waiting_do_not_make_the_wait_longer(pool: Pool, li: str) -> None:
    for _ in range(FREE_FAILURES_PER_ACCOUNT):
        with pytest.raises(SignInFailed):
            attempt(pool, li)
    for _ in range(10):
        with pytest.raises(SignInTooOften):
            attempt(pool, li)

    assert attempt(pool, li, PASSWORD, at=AT + timedelta(seconds=1))


def test_a_right_password_clears_the_account_and_costs_the_address_nothing(
    pool: Pool, li: str
) -> None:
    for _ in range(FREE_FAILURES_PER_ADDRESS + 5):
        attempt(pool, li, PASSWORD)
    for _ in range(FREE_FAILURES_PER_ACCOUNT):
        with pytest.raises(SignInFailed):
            attempt(pool, li)

    attempt(pool, li, PASSWORD, at=AT + timedelta(seconds=1))
    with pytest.raises(SignInFailed):
        attempt(pool, li, at=AT + timedelta(seconds=1))


def test_the_wait_doubles_and_is_bounded_and_failures_are_forgotten() -> None:
    waits = [wait_s(Failures(number, AT), AT, free=5) for number in range(30)]

    assert waits[:9] == [0, 0, 0, 0, 0, 1, 2, 4, 8]
    assert waits == sorted(waits)
    assert max(waits) == waits[-1] == LONGEST_WAIT_S
    assert wait_s(Failures(29, AT), AT + FAILURES_FORGOTTEN_AFTER, free=5) == 0
    assert wait_s(Failures(29, AT), AT + timedelta(seconds=LONGEST_WAIT_S), free=5) == 0


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    assert address_subject("2001:db8::1") == address_subject("2001:db8:0:0:ffff::9")
    assert address_subject("2001:db8::1") != address_subject("2001:db8:0:1::1")
    assert address_subject("::ffff:192.0.2.7") == address_subject("192.0.2.7")
    assert address_subject("testclient") == "address:testclient"


def test_signing_in_renews_a_hash_with_old_parameters(pool: Pool, li: str) -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with pool.connection() as tx:
        tx.execute("UPDATE policies.users SET password_hash = %s", (old,))

    attempt(pool, li, PASSWORD)

    with pool.connection() as tx:
        row = tx.execute("SELECT password_hash FROM policies.users").fetchone()
    assert row is not None
    assert "m=19456" in row["password_hash"]
    assert attempt(pool, li, PASSWORD)


def test_whoever_is_in_one_organisation_acts_for_it(tx: Tx) -> None:
    ours = found(tx)

    assert acting(tx, "li.wei", (Role.PUBLISHER, ours)).organization == ours
    assert acting(tx, "wang.fang").organization is None


def test_whoever_is_in_two_organisations_acts_for_the_chosen_one(pool: Pool) -> None:
    with pool.connection() as tx:
        ours, theirs = found(tx), found(tx, "weather")
        strange = found(tx, "strange")
        enrol(tx, "li.wei", (Role.PUBLISHER, ours), (Role.BUYER, theirs), password=PASSWORD)
    secret = attempt(pool, "li.wei", PASSWORD)
    actor = reader(pool, secret)
    assert actor is not None
    assert actor.organization is None

    with pool.connection() as tx:
        choose_organization(tx, secret, theirs.id, by=actor)
        with pytest.raises(NotAMember):
            choose_organization(tx, secret, strange.id, by=actor)

    actor = reader(pool, secret)
    assert actor is not None
    assert actor.organization == theirs


def test_a_role_for_the_whole_site_acts_for_the_only_organisation_of_its_kind(tx: Tx) -> None:
    user = enrol(tx, "zhao.min", (Role.REGULATOR, None))
    assert actor_of_user(tx, user).organization is None

    office = found(tx, "audit-office", OrganizationKind.REGULATOR)
    assert actor_of_user(tx, user).organization == office

    found(tx, "second-office", OrganizationKind.REGULATOR)
    assert actor_of_user(tx, user).organization is None

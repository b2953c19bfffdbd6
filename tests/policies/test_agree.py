"""Tests of `policies/agree.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import agree
from policies.access import Action
from policies.agreement import Agreement, AgreementState, Suspension
from policies.database import Tx
from policies.errors import (
    AgreementEnded,
    AgreementNotFound,
    AgreementNotStarted,
    AgreementNotSuspended,
    AgreementSuspended,
    AgreementTermOutOfOrder,
    AgreementWithOneself,
    NotAParty,
    NotTheSuspender,
    ReasonMissing,
)
from policies.party import ANONYMOUS, Actor, Membership, OrganizationKind, Role
from policies.terms import (
    AgreementId,
    DatasetId,
    ListingId,
    OrganizationId,
    Purpose,
    Regime,
    UserId,
)
from tests.counts import examples
from tests.people import acting, found

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
START, END = AT + timedelta(days=1), AT + timedelta(days=100)


def organization(tx: Tx) -> OrganizationId:
    organization_id = uuid4()
    tx.execute(
        """
        INSERT INTO policies.organizations (id, slug, kind, title, created_at)
        VALUES (%s, %s, 'department', '{}', %s)
        """,
        (organization_id, organization_id.hex, AT),
    )
    return OrganizationId(organization_id)


@pytest.fixture
def draft(tx: Tx) -> Agreement:
    return Agreement(
        id=AgreementId(uuid4()),
        regime=Regime.TRADE,
        listing_id=ListingId(uuid4()),
        dataset_id=DatasetId(uuid4()),
        provider_id=organization(tx),
        consumer_id=organization(tx),
        purpose=Purpose.ANALYSIS,
        actions=frozenset({Action.QUERY, Action.READ_PAGE}),
        terms='{"@type":"Agreement"}',
        profile_id="cn",
        profile_hash="ab",
        starts_at=START,
        ends_at=END,
        concluded_at=AT,
        accepted_by=None,
    )


def holder(role: Role, organization_id: OrganizationId | None) -> Actor:
    return Actor(UserId(uuid4()), "li", (Membership(role, organization_id),))


def test_a_concluded_agreement_is_read_back_as_it_was(tx: Tx, draft: Agreement) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)

    assert agree.get_agreement(tx, draft.id) == draft
    assert agree.agreements_of_party(tx, draft.provider_id) == [draft]
    assert agree.agreements_of_party(tx, draft.consumer_id) == [draft]


def test_the_event_names_the_hash_of_the_terms(tx: Tx, draft: Agreement) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)

    row = tx.execute(
        "SELECT kind, organization_id, body FROM policies.events WHERE subject_id = %s", (draft.id,)
    ).fetchone()
    assert row is not None
    assert (row["kind"], row["organization_id"]) == ("agreement.concluded", draft.consumer_id)
    hashed = json.loads(row["body"])["facts"]["terms_sha256"]
    assert hashed == draft.terms_sha256 == sha256(draft.terms.encode()).hexdigest()


def test_it_is_in_force_from_its_start_up_to_its_end(tx: Tx, draft: Agreement) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)
    last = END - timedelta(microseconds=1)

    with pytest.raises(AgreementNotStarted):
        agree.agreement_in_force(tx, draft.id, AT)
    assert agree.agreement_in_force(tx, draft.id, START) == draft
    assert agree.agreement_in_force(tx, draft.id, last) == draft
    with pytest.raises(AgreementEnded):
        agree.agreement_in_force(tx, draft.id, END)
    with pytest.raises(AgreementNotFound):
        agree.agreement_in_force(tx, uuid4(), START)


@pytest.mark.parametrize("moment", [AT, START, END - timedelta(microseconds=1), END])
def test_the_search_finds_exactly_what_is_in_force(
    tx: Tx, draft: Agreement, moment: datetime
) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)

    found = agree.agreements_in_force(
        tx, consumer_id=draft.consumer_id, dataset_id=draft.dataset_id, at=moment
    )

    assert found == ([draft] if draft.is_in_force(moment) else [])


@pytest.mark.parametrize("side", ["provider", "consumer", "bureau", "regulator"])
def test_either_side_and_the_supervisors_may_end_it(tx: Tx, draft: Agreement, side: str) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)
    by = {
        "provider": holder(Role.APPROVER, draft.provider_id),
        "consumer": holder(Role.BUYER, draft.consumer_id),
        "bureau": holder(Role.BUREAU, None),
        "regulator": holder(Role.REGULATOR, None),
    }[side]

    ended = agree.end(tx, draft.id, reason=" no longer needed ", by=by, at=START)

    assert (ended.state, ended.end_reason) == (AgreementState.ENDED, "no longer needed")
    assert agree.get_agreement(tx, draft.id) == ended
    with pytest.raises(AgreementEnded):
        agree.agreement_in_force(tx, draft.id, START)


def test_others_may_not_end_it(tx: Tx, draft: Agreement) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)
    elsewhere = OrganizationId(UUID(int=1))

    for by in (
        ANONYMOUS,
        holder(Role.APPROVER, elsewhere),
        holder(Role.BUYER, draft.provider_id),
        holder(Role.PUBLISHER, draft.provider_id),
        holder(Role.ADMIN, None),
    ):
        with pytest.raises(NotAParty):
            agree.end(tx, draft.id, reason="no", by=by, at=START)


def test_it_ends_once_and_for_a_reason(tx: Tx, draft: Agreement) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)
    bureau = holder(Role.BUREAU, None)

    with pytest.raises(ReasonMissing):
        agree.end(tx, draft.id, reason=" ", by=bureau, at=START)
    with pytest.raises(AgreementEnded):
        agree.end(tx, draft.id, reason="late", by=bureau, at=END)
    agree.end(tx, draft.id, reason="first", by=bureau, at=START)
    with pytest.raises(AgreementEnded):
        agree.end(tx, draft.id, reason="second", by=bureau, at=START)
    with pytest.raises(AgreementNotFound):
        agree.end(tx, uuid4(), reason="none", by=bureau, at=START)


def test_a_suspended_agreement_lets_nothing_flow(tx: Tx, draft: Agreement) -> None:
    agree.conclude(tx, draft, by=ANONYMOUS)
    regulator = acting(tx, "jian", (Role.REGULATOR, None))

    suspended = agree.suspend(tx, draft.id, reason=" misuse ", by=regulator, at=START)

    assert suspended.suspension == Suspension(START, _user_id(regulator), "misuse", True)
    assert agree.get_agreement(tx, draft.id) == suspended
    with pytest.raises(AgreementSuspended):
        agree.agreement_in_force(tx, draft.id, START)
    with pytest.raises(ReasonMissing):
        agree.resume(tx, draft.id, reason=" ", by=regulator, at=START)
    assert agree.resume(tx, draft.id, reason="cured", by=regulator, at=START) == draft
    assert agree.agreement_in_force(tx, draft.id, START) == draft


@settings(
    max_examples=examples(10, long=200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([agree.suspend, agree.resume, agree.end]),
            st.sampled_from(["provider", "consumer", "bureau", "regulator", "stranger"]),
        ),
        max_size=8,
    )
)
def test_whoever_does_what_in_whatever_order_only_lawful_moves_are_made(
    tx: Tx, draft: Agreement, steps: list[tuple[Callable[..., Agreement], str]]
) -> None:
    provider, consumer = (
        found(tx, f"{side}-{uuid4().hex}", OrganizationKind.ENTERPRISE)
        for side in ("seller", "shop")
    )
    people = {
        "provider": acting(tx, f"p-{uuid4().hex}", (Role.APPROVER, provider)),
        "consumer": acting(tx, f"c-{uuid4().hex}", (Role.BUYER, consumer)),
        "bureau": acting(tx, f"b-{uuid4().hex}", (Role.BUREAU, None)),
        "regulator": acting(tx, f"r-{uuid4().hex}", (Role.REGULATOR, None)),
        "stranger": acting(tx, f"s-{uuid4().hex}", (Role.APPROVER, found(tx, uuid4().hex))),
    }
    held = replace(draft, id=AgreementId(uuid4()), provider_id=provider.id, consumer_id=consumer.id)
    agree.conclude(tx, held, by=ANONYMOUS)
    state, suspender = AgreementState.ACTIVE, ""
    for act, who in steps:
        lawful = _is_lawful(act.__name__, who, state, suspender)
        try:
            act(tx, held.id, reason="because", by=people[who], at=START)
        except (
            AgreementEnded,
            AgreementSuspended,
            AgreementNotSuspended,
            NotAParty,
            NotTheSuspender,
        ):
            assert not lawful, (act.__name__, who, state)
            continue
        assert lawful, (act.__name__, who, state)
        if act is agree.suspend:
            state, suspender = AgreementState.SUSPENDED, who
        else:
            state = AgreementState.ACTIVE if act is agree.resume else AgreementState.ENDED

    now = agree.get_agreement(tx, held.id)
    assert now.state is state
    assert now.is_in_force(START) == (state is AgreementState.ACTIVE)


def _is_lawful(act: str, who: str, state: AgreementState, suspender: str) -> bool:
    """The table of the design: who may move an agreement from which state."""
    supervisors = {"bureau", "regulator"}
    match act:
        case "suspend":
            return state is AgreementState.ACTIVE and who in {"provider", *supervisors}
        case "resume":
            seniors = supervisors if suspender in supervisors else {"provider", *supervisors}
            return state is AgreementState.SUSPENDED and who in seniors
        case _:
            return state is not AgreementState.ENDED and who != "stranger"


def _user_id(actor: Actor) -> UserId:
    assert actor.user_id is not None
    return actor.user_id


def test_an_agreement_has_two_sides_and_a_time(tx: Tx, draft: Agreement) -> None:
    with pytest.raises(AgreementWithOneself):
        agree.conclude(tx, replace(draft, consumer_id=draft.provider_id), by=ANONYMOUS)
    for wrong in (replace(draft, ends_at=START), replace(draft, starts_at=AT, ends_at=AT)):
        with pytest.raises(AgreementTermOutOfOrder):
            agree.conclude(tx, wrong, by=ANONYMOUS)

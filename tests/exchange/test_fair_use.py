"""Fair use of open data, and whether conditional open data treats everybody alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import apply
from exchange.application import Application, ApplicationState, Manner, RefusalReason, Request
from exchange.equal_treatment import (
    OpenRequest,
    equal_treatment,
    treatment_of,
    unequal_groups,
)
from exchange.errors import FairUseSpent
from exchange.fair_use import ANONYMOUS, REGISTERED, standing
from exchange.list_product import Proposal
from exchange.listing import Listing
from policies.calendar import RELEASE_ONLY, china_day
from policies.decision.clause import Judgement
from policies.party import Actor, OrganizationKind
from policies.terms import DatasetId, ListingId, OpenType, OrganizationId, Purpose, Regime, UserId
from tests.exchange.city import AT, LAWFUL, City, entry, later, request


def spend(city: City, caller: str, deliveries: int) -> None:
    """Have a caller's day spent."""
    with city.pool.connection() as tx:
        tx.execute(
            """
            INSERT INTO exchange.fair_use (caller, day, queries, rows)
            VALUES (%(caller)s, %(day)s, %(deliveries)s, 0)
            """,
            {"caller": caller, "day": china_day(city.at), "deliveries": deliveries},
        )


def test_who_signed_in_may_take_more_than_anybody(city: City) -> None:
    city.open_stops()
    nobody = Actor(address="203.0.113.7")
    spend(city, "address:203.0.113.7", ANONYMOUS.deliveries)
    spend(city, f"user:{city.buyer.user_id}", ANONYMOUS.deliveries)

    with pytest.raises(FairUseSpent) as refusal:
        city.query("SELECT * FROM stops", nobody)
    city.query("SELECT * FROM stops", city.buyer)
    with city.pool.connection() as tx:
        left = standing(tx, by=city.buyer, at=city.at)

    # 08:00 UTC is 16:00 in China: eight hours are left of the day.
    assert (refusal.value.policy, refusal.value.wait_s) == ("open-anonymous", 8 * 3600)
    assert left is not None
    assert left.deliveries_left == REGISTERED.deliveries - ANONYMOUS.deliveries - 1


def test_a_new_day_begins_anew(city: City) -> None:
    city.open_stops()
    nobody = Actor(address="203.0.113.7")
    spend(city, "address:203.0.113.7", ANONYMOUS.deliveries)

    later(city, hours=8)
    city.query("SELECT * FROM stops", nobody)

    with city.pool.connection() as tx:
        left = standing(tx, by=nobody, at=city.at)
    assert left is not None
    assert left.deliveries_left == ANONYMOUS.deliveries - 1


# Equal treatment -----------------------------------------------------------------------------


def conditional(city: City) -> Listing:
    """Conditional open data of the transport department."""
    dataset = city.publish(
        "conditional-stops",
        by=city.publisher,
        approver=city.approver,
        entry=replace(
            entry(open_type=OpenType.CONDITIONAL, licence="CC-BY-4.0"), open_basis="load"
        ),
    )
    declared = replace(
        LAWFUL,
        open_manner="query",
        open_requirements="name the source",
        open_safeguards="no sharing on",
    )
    return city.list(
        dataset,
        Proposal(Regime.OPEN, declared=declared, licence="CC-BY-4.0"),
        by=city.publisher,
        opener=city.approver,
    )


def test_like_requests_that_were_decided_differently_are_named(city: City) -> None:
    listing = conditional(city)
    with city.pool.connection() as tx:
        first = apply.submit(tx, city.parts.keys, listing.id, request(), by=city.buyer, at=city.at)
        second = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        later(city, days=1)
        apply.grant(tx, city.parts.keys, first.id, by=city.approver, at=city.at)
        apply.refuse(
            tx,
            second.id,
            reason_code=RefusalReason.SECURITY,
            reason="No",
            legal_basis_id="data-security-law",
            by=city.approver,
            at=city.at,
        )
        span = {"since": AT, "until": city.at}
        public = equal_treatment(tx, **span, by=Actor())
        bureau = equal_treatment(tx, **span, by=city.bureau)

    (held,) = public.datasets
    assert (held.whole.asked, held.whole.granted, held.whole.refused) == (2, 1, 1)
    assert (held.whole.median_days, held.unequal, held.applicants) == (1, 1, ())
    assert [kind for kind, _ in public.by_kind] == ["department", "enterprise"]
    assert len(bureau.datasets[0].applicants) == 2


def an_answer(state: ApplicationState, purpose: Purpose, days: int) -> OpenRequest:
    """A request with its answer."""
    return OpenRequest(
        Application(
            id=uuid4(),
            listing_id=ListingId(uuid4()),
            applicant_id=OrganizationId(uuid4()),
            applied_by=UserId(uuid4()),
            request=Request(purpose, manner=Manner.QUERY),
            state=state,
            judgement=Judgement((), "cn-2025", ""),
            submitted_at=AT,
            due_on=AT.date(),
            is_due_provisional=False,
            decided_at=AT + timedelta(days=days),
        ),
        DatasetId(uuid4()),
        OrganizationKind.ENTERPRISE,
    )


answers = st.lists(
    st.builds(
        an_answer,
        st.sampled_from(
            [ApplicationState.GRANTED, ApplicationState.REFUSED, ApplicationState.SUBMITTED]
        ),
        st.sampled_from(list(Purpose)),
        st.integers(0, 40),
    ),
    max_size=20,
)


@given(answers)
def test_every_request_is_counted_once(asked: list[OpenRequest]) -> None:
    told = treatment_of(asked, RELEASE_ONLY)

    assert told.asked == told.granted + told.refused + told.waiting
    assert (told.median_days is None) == (told.granted + told.refused == 0)


@given(answers)
def test_a_group_is_unequal_only_where_both_answers_were_given(asked: list[OpenRequest]) -> None:
    states = {one.application.state for one in asked}

    if not {ApplicationState.GRANTED, ApplicationState.REFUSED} <= states:
        assert unequal_groups(asked) == 0
    assert unequal_groups(asked) == unequal_groups(list(reversed(asked)))

"""Asking for data and answering: at once, in time, with reasons, all gaps together."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from exchange import apply, negotiate
from exchange.application import Application, ApplicationState, RefusalReason
from exchange.errors import (
    AlreadyAsked,
    ApplicationNotFound,
    ApplicationNotInState,
    ClausesFailed,
    EndTooLate,
    NothingToAskFor,
    NotYourPart,
    RequestIncomplete,
)
from exchange.store import ledger
from policies.agreement import AgreementState
from policies.database import Tx
from policies.errors import ReasonMissing
from policies.party import Actor, OrganizationKind, Role
from policies.terms import ShareType
from tests.exchange.city import City, later, request
from tests.people import acting, found


def test_a_standing_release_grants_a_complete_request_at_once(city: City) -> None:
    listing = city.shared_stops(share_type=ShareType.UNCONDITIONAL, has_standing_release=True)

    with city.pool.connection() as tx:
        granted = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        assert granted.agreement_id
        agreement = negotiate.get_agreement(tx, granted.agreement_id, by=city.officer)

    assert (granted.state, granted.decided_by) == (ApplicationState.GRANTED, None)
    assert (agreement.state, agreement.accepted_by) == (AgreementState.ACTIVE, None)


def test_without_a_release_the_share_office_has_one_working_day(city: City) -> None:
    listing = city.shared_stops(share_type=ShareType.UNCONDITIONAL)

    with city.pool.connection() as tx:
        waiting = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )

    # The 2nd of March 2026 is a Monday.
    assert (waiting.state, waiting.due_on) == (ApplicationState.SUBMITTED, date(2026, 3, 3))


def test_conditional_data_has_ten_working_days(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx:
        waiting = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        assert [one.id for one in apply.inbox(tx, by=city.approver)] == [waiting.id]

    assert waiting.due_on == date(2026, 3, 16)


def test_everything_that_is_missing_is_named_at_once(city: City) -> None:
    listing = city.shared_stops()
    empty = request(duty="", scenario="", manner=None, ends_on=None, is_pledged=False)

    with city.pool.connection() as tx, pytest.raises(RequestIncomplete) as refusal:
        apply.submit(tx, city.parts.keys, listing.id, empty, by=city.officer, at=city.at)

    assert refusal.value.clauses == "X014, X034, X130"
    assert "scenario" in str(refusal.value.failed).lower()


def test_unconditional_data_is_never_refused(city: City) -> None:
    listing = city.shared_stops(share_type=ShareType.UNCONDITIONAL)

    with city.pool.connection() as tx:
        asked = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        with pytest.raises(ClausesFailed) as refusal:
            _refuse(city, tx, asked.id)

    assert "X024" in refusal.value.clauses


def test_a_refusal_needs_reason_and_legal_basis(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx:
        asked = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        with pytest.raises(ReasonMissing):
            _refuse(city, tx, asked.id, reason=" ")
        with pytest.raises(ClausesFailed):
            _refuse(city, tx, asked.id, legal_basis_id="none-such")
        refused = _refuse(city, tx, asked.id)

    assert (refused.state, refused.legal_basis) == (
        ApplicationState.REFUSED,
        "data-security-law",
    )


def test_gaps_are_named_once_and_a_request_can_be_sent_again(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx:
        asked = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        apply.give_back(tx, asked.id, question="Which routes?", by=city.approver, at=city.at)
        with pytest.raises(ApplicationNotInState):
            apply.grant(tx, city.parts.keys, asked.id, by=city.approver, at=city.at)
        later(city, days=1)
        again = apply.send_again(
            tx, asked.id, request(scenario="Routes 1 to 9"), by=city.officer, at=city.at
        )
        with pytest.raises(ClausesFailed) as refusal:
            apply.give_back(tx, asked.id, question="Which buses?", by=city.approver, at=city.at)

    assert again.due_on == date(2026, 3, 17)
    assert refusal.value.clauses == "X131"


def test_sharing_moves_no_credits(city: City) -> None:
    city.ask_for(city.shared_stops())
    city.query("SELECT * FROM shared_stops", city.officer)

    with city.pool.connection() as tx:
        assert ledger.all_accounts(tx) == []


def test_enterprises_do_not_share(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx, pytest.raises(NothingToAskFor):
        apply.submit(tx, city.parts.keys, listing.id, request(), by=city.buyer, at=city.at)


def test_what_is_open_or_sold_is_not_asked_for(city: City) -> None:
    city.open_stops()
    sold = city.sold_stops()

    with city.pool.connection() as tx, pytest.raises(NothingToAskFor):
        apply.submit(tx, city.parts.keys, sold.id, request(), by=city.officer, at=city.at)


def test_one_request_at_a_time(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx:
        apply.submit(tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at)
        with pytest.raises(AlreadyAsked):
            apply.submit(tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at)


def test_an_agreement_ends_within_what_is_offered(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx, pytest.raises(EndTooLate):
        apply.submit(
            tx,
            city.parts.keys,
            listing.id,
            request(ends_on=date(2028, 1, 1)),
            by=city.officer,
            at=city.at,
        )


def test_only_the_two_sides_and_supervisors_know_of_a_request(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx:
        asked = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        for person in (city.officer, city.head, city.approver, city.bureau, city.regulator):
            assert apply.get_application(tx, asked.id, by=person).id == asked.id
        with pytest.raises(ApplicationNotFound):
            apply.get_application(tx, asked.id, by=city.buyer)
        with pytest.raises(ApplicationNotFound):
            apply.grant(tx, city.parts.keys, asked.id, by=city.buyer, at=city.at)
        with pytest.raises(NotYourPart):
            apply.grant(tx, city.parts.keys, asked.id, by=city.officer, at=city.at)


def test_what_is_not_answered_in_time_goes_to_the_bureau(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx:
        asked = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        assert apply.overdue(tx, at=city.at) == []
        later(city, days=20)
        assert [one.id for one in apply.overdue(tx, at=city.at)] == [asked.id]


def test_a_department_without_a_head_cannot_ask(city: City) -> None:
    listing = city.shared_stops()
    with city.pool.connection() as tx:
        lone = _alone(tx)
        with pytest.raises(RequestIncomplete) as refusal:
            apply.submit(tx, city.parts.keys, listing.id, request(), by=lone, at=city.at)

    assert refusal.value.clauses == "X130"


def _alone(tx: Tx) -> Actor:
    """The only person of a department."""
    return acting(tx, "gu", (Role.BUYER, found(tx, "parks", OrganizationKind.DEPARTMENT)))


def _refuse(
    city: City,
    tx: Tx,
    application_id: UUID,
    *,
    reason: str = "secret",
    legal_basis_id: str = "data-security-law",
) -> Application:
    return apply.refuse(
        tx,
        application_id,
        reason_code=RefusalReason.LAW_FORBIDS,
        reason=reason,
        legal_basis_id=legal_basis_id,
        by=city.approver,
        at=city.at,
    )

"""Fault reports: who may ask, the clock, the department's answer, and whom it reaches."""

from __future__ import annotations

from datetime import date

import pytest

from catalog import publish
from catalog.dataset import Dataset
from catalog.mask import Mask, MaskKind
from catalog.version import Version
from catalog.view import View
from exchange.allow import Ask
from exchange.deliver import deliver_query
from exchange.delivery import SqlQuestion
from exchange.errors import NoSuchData
from exchange.faults.errors import (
    FaultAnswered,
    FaultNotFound,
    NoClaim,
    NoSuchPlace,
    NotThatVersion,
    OwnFault,
    TooManyFaults,
    UnknownSaying,
)
from exchange.faults.fault import (
    CLAIM_CHARACTERS_MAX,
    OPEN_OF_PERSON_AND_DATASET_MAX,
    Fault,
    FaultState,
)
from exchange.faults.report_fault import (
    agreed_about,
    answer,
    faults_of,
    faults_waiting,
    get_fault,
    own_faults,
    receipts_touched,
    receipts_with_agreed,
    report_fault,
)
from exchange.list_product import Proposal
from exchange.trace import lineage_of
from policies.errors import NotSignedIn
from policies.party import ANONYMOUS, Actor
from policies.terms import Regime
from tests.exchange.city import LAWFUL, STOPS, City, entry


def ask(city: City, by: Actor | None = None, **told: str) -> Fault:
    with city.pool.connection() as tx:
        return report_fault(
            tx, "stops", **{"claim": "Stop 3 is closed", **told}, by=by or city.buyer, at=city.at
        )


def say(city: City, asked: Fault, by: Actor, said: str, version: str = "") -> Fault:
    with city.pool.connection() as tx:
        return answer(tx, asked.id, said=said, words="Checked", version=version, by=by, at=city.at)


def newer(city: City, dataset: Dataset) -> Version:
    """A second published version."""
    with city.pool.connection() as tx:
        version = city.add_version(tx, dataset, by=city.publisher, select=f"{STOPS} LIMIT 39")
        publish.submit(tx, dataset.id, by=city.publisher, at=city.at)
        publish.publish(tx, dataset.id, by=city.approver, at=city.at)
    return version


def test_the_clock_runs_ten_working_days(city: City) -> None:
    city.open_stops()

    asked = ask(city)

    # Monday 2 March 2026; no holiday until Qingming.
    assert city.at.date() == date(2026, 3, 2)
    assert asked.due.day == date(2026, 3, 16)
    assert not asked.is_overdue(date(2026, 3, 16))
    assert asked.is_overdue(date(2026, 3, 17))


def test_a_fault_is_accepted_then_corrected_and_reaches_who_received_it(city: City) -> None:
    dataset = city.open_stops()
    got = deliver_query(city.parts, SqlQuestion("SELECT * FROM stops"), Ask(city.buyer))
    asked = ask(city, column="name", place="3")
    with city.pool.connection() as tx:
        assert [one.id for one in faults_waiting(tx, by=city.publisher)] == [asked.id]
        assert receipts_touched(tx, asked) == 1
        assert agreed_about(tx, [asked.version_id]) == []

    agreed = say(city, asked, city.publisher, "accept")
    with pytest.raises(NotThatVersion):
        say(city, asked, city.publisher, "correct", version="2")
    version = newer(city, dataset)
    done = say(city, asked, city.approver, "correct", version="2")

    assert agreed.state is FaultState.ACCEPTED
    assert (done.state, done.corrected_version_id) == (FaultState.CORRECTED, version.id)
    with city.pool.connection() as tx:
        assert [one.corrected_number for one in agreed_about(tx, [asked.version_id])] == [2]
        assert receipts_with_agreed(tx, [got.receipt_id]) == {got.receipt_id}
        assert faults_waiting(tx, by=city.publisher) == []
        graph = lineage_of(tx, f"version:{version.id}", by=city.publisher, at=city.at)
    assert (f"version:{asked.version_id}", f"version:{version.id}", "correct") in {
        (edge.source, edge.target, edge.by) for edge in graph.edges
    }
    with pytest.raises(FaultAnswered):
        say(city, asked, city.publisher, "refuse")


def test_what_is_refused_is_shown_beside_no_receipt(city: City) -> None:
    city.open_stops()
    asked = ask(city)

    refused = say(city, asked, city.publisher, "refuse")

    assert (refused.state, refused.answer) == (FaultState.REFUSED, "Checked")
    with city.pool.connection() as tx:
        assert agreed_about(tx, [asked.version_id]) == []


def test_others_neither_see_nor_answer_a_ticket(city: City) -> None:
    city.open_stops()
    asked = ask(city)

    for other in (city.officer, city.seller, ANONYMOUS):
        with city.pool.connection() as tx, pytest.raises(FaultNotFound):
            get_fault(tx, asked.id, by=other)
        with pytest.raises(FaultNotFound):
            say(city, asked, other, "refuse")
    # A supervisor sees it, and the department alone answers.
    with pytest.raises(FaultNotFound):
        say(city, asked, city.regulator, "refuse")
    with city.pool.connection() as tx:
        assert get_fault(tx, asked.id, by=city.regulator).id == asked.id
        assert [one.id for one in faults_of(tx, "stops", by=city.publisher)] == [asked.id]
        assert faults_of(tx, "stops", by=city.officer) == []
        assert [one.id for one in own_faults(tx, by=city.buyer)] == [asked.id]


def test_nobody_answers_what_they_asked_themselves(city: City) -> None:
    city.open_stops()
    asked = ask(city, by=city.publisher)

    with pytest.raises(OwnFault):
        say(city, asked, city.publisher, "refuse")
    with city.pool.connection() as tx:
        assert faults_waiting(tx, by=city.publisher) == []
        assert [one.id for one in faults_waiting(tx, by=city.approver)] == [asked.id]


def test_one_person_cannot_flood_a_department(city: City) -> None:
    city.open_stops()
    for _ in range(OPEN_OF_PERSON_AND_DATASET_MAX):
        asked = ask(city)

    with pytest.raises(TooManyFaults):
        ask(city)
    say(city, asked, city.publisher, "refuse")

    assert ask(city).state is FaultState.OPEN


def test_only_what_a_reader_may_see_can_be_disputed(city: City) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    hidden = View(masks={"name": Mask(MaskKind.DROP)})
    city.list(
        dataset,
        Proposal(Regime.OPEN, view=hidden, declared=LAWFUL),
        by=city.publisher,
        opener=city.approver,
    )

    with pytest.raises(NoSuchPlace):
        ask(city, column="name")
    assert ask(city, column="line").column == "line"
    with city.pool.connection() as tx, pytest.raises(NoSuchData):
        report_fault(tx, "nowhere", claim="x", by=city.buyer, at=city.at)


@pytest.mark.parametrize("claim", ["", "  ", "x\0y", "x" * (CLAIM_CHARACTERS_MAX + 1)])
def test_a_ticket_without_words_is_refused(city: City, claim: str) -> None:
    city.open_stops()

    with pytest.raises(NoClaim):
        ask(city, claim=claim)


def test_a_visitor_signs_in_first_and_an_answer_is_one_of_three(city: City) -> None:
    city.open_stops()

    with pytest.raises(NotSignedIn):
        ask(city, by=ANONYMOUS)
    with pytest.raises(UnknownSaying):
        say(city, ask(city), city.publisher, "perhaps")

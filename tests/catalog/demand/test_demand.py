from __future__ import annotations

from datetime import date, timedelta

import pytest

from catalog.demand import answer, ask, board, duties, unmet
from catalog.demand.cover import words_of
from catalog.demand.data_request import ASKED_A_DAY_MAX, DataRequestState
from catalog.demand.errors import (
    AnswererNeeded,
    DataRequestAnswered,
    DataRequestNotFound,
    PromiseInThePast,
    RefusalNeedsBasis,
    TooManyWishes,
    UnmetClosed,
    WishUnclear,
)
from policies.calendar import add_working_days, china_day
from policies.database import Tx
from policies.errors import SignInNeeded
from policies.party import ANONYMOUS
from tests.catalog.city import City, found_city
from tests.catalog.records_city import published
from tests.people import AT, acting


def with_duties(tx: Tx) -> City:
    city = found_city(tx)
    duties.state_duties(
        tx, city.transport.id, "公共停车场管理\n公交 bus lines\n", by=city.publisher
    )
    return city


def test_a_wish_goes_to_the_department_whose_duty_covers_it_with_its_clock(tx: Tx) -> None:
    city = with_duties(tx)
    reader = acting(tx, "reader")

    asked = ask.ask(tx, "停车场空位", "By the minute", by=reader, at=AT)

    assert asked.department_id == city.transport.id
    assert (asked.joined, asked.state) == (1, DataRequestState.OPEN)
    assert asked.due.day == add_working_days(china_day(AT), 15)


def test_what_a_department_publishes_covers_a_wish_too(tx: Tx) -> None:
    city = found_city(tx)
    published(tx, city)

    proposed = ask.propose_departments(tx, "公交站点 人流")

    assert [one.department_id for one in proposed] == [city.transport.id]


def test_who_asks_for_the_same_joins_and_the_count_is_public(tx: Tx) -> None:
    with_duties(tx)
    first, second = acting(tx, "first"), acting(tx, "second")
    asked = ask.ask(tx, "停车场 空位", by=first, at=AT)

    again = ask.ask(tx, " 停车场  空位 ", by=second, at=AT)
    ask.join(tx, asked.id, by=second, at=AT)

    assert (again.id, again.joined) == (asked.id, 2)
    assert board.board(tx, by=ANONYMOUS).requests[0].joined == 2
    assert ask.leave(tx, asked.id, by=second).joined == 1


def test_the_board_ranks_by_how_many_ask(tx: Tx) -> None:
    with_duties(tx)
    people = [acting(tx, f"person-{number}") for number in range(3)]
    ask.ask(tx, "first wish", by=people[0], at=AT)
    second = ask.ask(tx, "second wish", by=people[0], at=AT + timedelta(minutes=1))
    for person in people[1:]:
        ask.join(tx, second.id, by=person, at=AT)

    page = board.board(tx, by=people[1])

    assert [one.title for one in page.requests] == ["second wish", "first wish"]
    assert page.joined == {second.id}


def test_the_department_promises_then_points_to_what_it_published(tx: Tx) -> None:
    city = with_duties(tx)
    asked = ask.ask(tx, "停车场", by=acting(tx, "reader"), at=AT)

    answer.promise(tx, asked.id, "Soon.", on=date(2026, 6, 1), by=city.publisher, at=AT)
    dataset = published(tx, city, "parking")
    met = answer.point_to(tx, asked.id, "parking", by=city.approver, at=AT)

    assert (met.state, met.dataset_id) == (DataRequestState.MET, dataset.id)
    with pytest.raises(DataRequestAnswered):
        answer.refuse(tx, asked.id, "No.", legal_basis="statistics-law", by=city.approver, at=AT)


def test_a_refusal_cites_a_law_of_the_list_and_says_why(tx: Tx) -> None:
    city = with_duties(tx)
    asked = ask.ask(tx, "停车场", by=acting(tx, "reader"), at=AT)

    with pytest.raises(RefusalNeedsBasis):
        answer.refuse(tx, asked.id, "No.", legal_basis="because", by=city.publisher, at=AT)
    with pytest.raises(WishUnclear):
        answer.refuse(tx, asked.id, " ", legal_basis="statistics-law", by=city.publisher, at=AT)
    refused = answer.refuse(
        tx, asked.id, "It would name firms.", legal_basis="statistics-law", by=city.publisher,
        at=AT,
    )  # fmt: skip
    assert refused.state is DataRequestState.REFUSED


def test_only_the_department_that_was_asked_and_the_bureau_answer(tx: Tx) -> None:
    city = with_duties(tx)
    reader = acting(tx, "reader")
    asked = ask.ask(tx, "停车场", by=reader, at=AT)

    for actor in (reader, city.neighbour):
        with pytest.raises(AnswererNeeded):
            answer.promise(tx, asked.id, on=date(2026, 6, 1), by=actor, at=AT)
    with pytest.raises(PromiseInThePast):
        answer.promise(tx, asked.id, on=date(2020, 1, 1), by=city.publisher, at=AT)
    handed = answer.hand_on(tx, asked.id, "health", by=city.bureau, at=AT)
    assert [one.id for one in board.waiting_for(tx, by=city.neighbour)] == [handed.id]
    assert board.waiting_for(tx, by=city.publisher) == []


def test_a_wish_that_nobody_covers_waits_for_the_bureau(tx: Tx) -> None:
    city = with_duties(tx)
    asked = ask.ask(tx, "quasar spectra", by=acting(tx, "reader"), at=AT)

    assert asked.department_id is None
    assert [one.id for one in board.waiting_for(tx, by=city.bureau)] == [asked.id]


def test_what_is_off_the_board_is_not_found_by_others(tx: Tx) -> None:
    city = with_duties(tx)
    reader = acting(tx, "reader")
    asked = ask.ask(tx, "停车场", by=reader, at=AT)
    answer.hide(tx, asked.id, reason="Abuse", by=city.bureau, at=AT)

    with pytest.raises(DataRequestNotFound):
        board.data_request(tx, asked.id, by=reader)
    with pytest.raises(DataRequestNotFound):
        ask.join(tx, asked.id, by=reader, at=AT)
    assert board.board(tx, by=ANONYMOUS).total == 0
    answer.hide(tx, asked.id, reason="", by=city.bureau, at=AT)
    assert board.board(tx, by=ANONYMOUS).total == 1


def test_asking_is_for_people_with_an_account_and_bounded(tx: Tx) -> None:
    with_duties(tx)
    reader = acting(tx, "reader")

    with pytest.raises(SignInNeeded):
        ask.ask(tx, "停车场", by=ANONYMOUS, at=AT)
    for number in range(ASKED_A_DAY_MAX):
        ask.ask(tx, f"wish {number}", by=reader, at=AT)
    with pytest.raises(TooManyWishes):
        ask.ask(tx, "one more", by=reader, at=AT)


def test_searches_in_vain_are_counted_without_who_and_without_personal_numbers(tx: Tx) -> None:
    city = with_duties(tx)
    for query in ("停车场 空位", "停车场　空位", "13800138000", "a@b.example", "x", "!!!"):
        unmet.count_unmet(tx, query, at=AT)
    department = unmet.department_of(tx, city.transport.id, "transport")

    (missed,) = unmet.unmet_for(tx, department, by=city.publisher)

    assert (missed.words, missed.times, missed.duty) == ("停车场 空位", 2, "公共停车场管理")
    assert len(unmet.unmet_by_all(tx, by=city.bureau)) == 1
    with pytest.raises(UnmetClosed):
        unmet.unmet_for(tx, department, by=city.neighbour)


def test_words_that_say_nothing_find_no_department() -> None:
    assert words_of("全市数据") == ("市数",)
    assert words_of("the data of") == ()

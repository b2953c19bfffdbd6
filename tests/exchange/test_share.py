"""Sharing as decree 809 art. 20-28 asks: parts, clocks, the share office, disputes, corrections."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import publish
from catalog.demand.duties import state_duties
from catalog.find import dataset_with_id
from catalog.view import Condition, Operator
from exchange import apply, dispute, extend, negotiate, take_in_hand
from exchange.application import Application, ApplicationState, RefusalReason
from exchange.correct_shared import (
    ask_correction,
    close_correction,
    corrections_waiting,
    own_corrections,
)
from exchange.correction import CorrectionOutcome
from exchange.dispute_step import Outcome, Step
from exchange.duty_needs import link_duty, needs_of, take_in_duties
from exchange.errors import (
    AlreadyUsed,
    ApplicationNotInState,
    ColumnsNotOffered,
    DisputeNotOpen,
    ExtensionNotOpen,
    ExtensionTooLong,
    FlowBackInFull,
    GrantedTooLong,
    MalformedDutyList,
    NotAColleague,
    NothingCorrected,
    NotYourPart,
    ReferenceMissing,
    RequestIncomplete,
    SameTwoPeople,
    ShareHeadNeeded,
    UndoTooLate,
)
from exchange.listing import Listing
from exchange.part import Part
from exchange.run_clocks import run_clocks
from exchange.share_head import name_share_head
from exchange.unmet_requests import unmet_requests
from policies.agreement import AgreementState
from policies.calendar import LAST_YEAR, RELEASE_ONLY, china_day, is_known, is_working_day
from policies.database import Tx
from policies.events import EventKind
from policies.history import events_of_subject
from policies.party import Actor, Role
from policies.roles import SYSTEM
from policies.terms import ShareType
from tests.exchange.city import City, later, request
from tests.people import acting


def asked(city: City, listing: Listing | None = None, **changes: object) -> Application:
    """A request of health for the stops of transport."""
    listing = listing or city.shared_stops()
    with city.pool.connection() as tx:
        return apply.submit(
            tx, city.parts.keys, listing.id, request(**changes), by=city.officer, at=city.at
        )


def refused(city: City) -> Application:
    """A request that was refused."""
    held = asked(city)
    with city.pool.connection() as tx:
        return apply.refuse(
            tx,
            held.id,
            reason_code=RefusalReason.LAW_FORBIDS,
            reason="Named in the act",
            legal_basis_id="data-security-law",
            by=city.approver,
            at=city.at,
        )


def rows_of(city: City, sql: str, by: Actor) -> list[dict[str, object]]:
    """The rows that a statement gives."""
    answer = json.loads(city.query(sql, by).path.read_bytes())
    names = [one["name"] for one in answer["columns"]]
    return [
        dict(zip(names, row, strict=True)) if isinstance(row, list) else row
        for row in answer["rows"]
    ]


def kinds(tx: Tx, subject_id: UUID) -> list[str]:
    """What is told of a request, the oldest first."""
    return [one.kind for one in events_of_subject(tx, subject_id, limit=100)][::-1]


# Parts ---------------------------------------------------------------------------------------


def test_only_the_granted_columns_and_rows_can_be_read(city: City) -> None:
    held = asked(city, wanted_columns=("id", "name", "line"))
    part = Part(("id", "line"), (Condition("line", Operator.EQUAL, 3),), date(2026, 6, 30))

    with city.pool.connection() as tx:
        granted = apply.grant(tx, city.parts.keys, held.id, part=part, by=city.approver, at=city.at)
    rows = rows_of(city, 'SELECT * FROM "shared-stops" ORDER BY id', city.officer)

    assert granted.is_part_granted
    assert rows[0].keys() == {"id", "line"}
    assert [row["line"] for row in rows] == [3] * 10
    assert granted.agreement_id
    with city.pool.connection() as tx:
        agreement = negotiate.get_agreement(tx, granted.agreement_id, by=city.officer)
    assert china_day(agreement.ends_at - timedelta(seconds=1)) == date(2026, 6, 30)


def test_who_asks_for_some_columns_gets_no_others(city: City) -> None:
    held = asked(city, wanted_columns=("id",))

    with city.pool.connection() as tx:
        granted = apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)

    assert not granted.is_part_granted
    assert rows_of(city, 'SELECT * FROM "shared-stops"', city.officer)[0].keys() == {"id"}


def test_a_part_never_goes_beyond_what_was_asked_for(city: City) -> None:
    held = asked(city, wanted_columns=("id", "line"))

    with city.pool.connection() as tx:
        for columns in (("name",), ("salary",), ()):
            with pytest.raises(ColumnsNotOffered):
                apply.grant(
                    tx, city.parts.keys, held.id, part=Part(columns), by=city.approver, at=city.at
                )
        longer = Part(ends_on=date(2027, 1, 1))
        with pytest.raises(GrantedTooLong):
            apply.grant(tx, city.parts.keys, held.id, part=longer, by=city.approver, at=city.at)


def test_columns_that_are_not_offered_cannot_be_asked_for(city: City) -> None:
    with pytest.raises(ColumnsNotOffered):
        asked(city, wanted_columns=("id", "salary"))


def test_an_areas_own_data_goes_back_in_full(city: City) -> None:
    held = asked(city, is_flow_back=True)

    with city.pool.connection() as tx:
        with pytest.raises(FlowBackInFull):
            apply.grant(
                tx, city.parts.keys, held.id, part=Part(("id",)), by=city.approver, at=city.at
            )
        granted = apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)

    assert granted.request.is_flow_back


# The duty list -------------------------------------------------------------------------------

DUTY = "Emergency care act, item 4"


def test_columns_beyond_the_duty_are_named(city: City) -> None:
    listing = city.shared_stops()
    with city.pool.connection() as tx:
        state_duties(tx, city.health.id, DUTY, by=city.head)
        link_duty(tx, city.health.id, DUTY, "shared-stops", ("id", "line"), by=city.head)

    with pytest.raises(RequestIncomplete) as over:
        asked(city, listing)
    within = asked(city, listing, wanted_columns=("line", "id"))

    assert over.value.clauses == "X084"
    assert "name" in str(over.value.failed)
    assert within.state is ApplicationState.SUBMITTED


def test_a_duty_outside_the_list_does_not_count(city: City) -> None:
    listing = city.shared_stops()
    with city.pool.connection() as tx:
        state_duties(tx, city.health.id, "Public hospitals", by=city.head)

    with pytest.raises(RequestIncomplete) as refusal:
        asked(city, listing)

    assert refusal.value.clauses == "X014"


def test_a_duty_list_comes_in_as_a_file(city: City) -> None:
    city.shared_stops()
    text = "职责,数据集,列\n急救医疗管理,shared-stops,id；line\n医院管理,,\n"

    with city.pool.connection() as tx:
        count = take_in_duties(tx, city.health.id, text.encode("gb18030"), by=city.head)
        needs = needs_of(tx, city.health.id)

    assert count == 2
    assert [(one.duty, one.columns) for one in needs] == [("急救医疗管理", ("id", "line"))]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xff\xff", b'a,"b', b"duty,dataset\nCare,no-such-set", b"x" * 400, b"a\0b,c"],
)
def test_a_broken_duty_list_changes_nothing(city: City, content: bytes) -> None:
    with city.pool.connection() as tx:
        state_duties(tx, city.health.id, DUTY, by=city.head)

    with pytest.raises(MalformedDutyList), city.pool.connection() as tx:
        take_in_duties(tx, city.health.id, content, by=city.head)

    with city.pool.connection() as tx:
        assert needs_of(tx, city.health.id) == []


# The share office ----------------------------------------------------------------------------


def test_answers_are_released_by_the_named_head(city: City) -> None:
    held = asked(city)
    with city.pool.connection() as tx:
        head = acting(tx, "zhang", (Role.APPROVER, city.transport))
        name_share_head(tx, city.transport.id, "zhang", by=SYSTEM, at=city.at)

        with pytest.raises(ShareHeadNeeded):
            apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)
        granted = apply.grant(tx, city.parts.keys, held.id, by=head, at=city.at)

    assert granted.decided_by == head.user_id


def test_a_request_is_handed_to_a_colleague_only(city: City) -> None:
    held = asked(city)

    with city.pool.connection() as tx:
        colleague = acting(tx, "zhang", (Role.APPROVER, city.transport))
        handed = take_in_hand.hand_over(tx, held.id, "zhang", by=city.approver, at=city.at)
        mine, theirs = (apply.inbox(tx, by=one) for one in (city.approver, colleague))
        for stranger in ("lan", "wen", "nobody"):
            with pytest.raises(NotAColleague):
                take_in_hand.hand_over(tx, held.id, stranger, by=city.approver, at=city.at)

    assert handed.assigned_to == colleague.user_id
    assert ([one.id for one in mine], [one.id for one in theirs]) == ([], [held.id])


# Undo ----------------------------------------------------------------------------------------


def test_a_grant_is_undone_within_its_seconds(city: City) -> None:
    held = asked(city)
    with city.pool.connection() as tx:
        granted = apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)

    later(city, seconds=10)
    with city.pool.connection() as tx:
        waiting = take_in_hand.undo(tx, held.id, by=city.approver, at=city.at)
        assert granted.agreement_id
        ended = negotiate.get_agreement(tx, granted.agreement_id, by=city.approver)

    assert (waiting.state, waiting.agreement_id) == (ApplicationState.SUBMITTED, None)
    assert (waiting.due_on, ended.state) == (held.due_on, AgreementState.ENDED)


def test_an_answer_stands_after_its_seconds_and_for_others(city: City) -> None:
    held = refused(city)

    with city.pool.connection() as tx:
        with pytest.raises(ApplicationNotInState):
            take_in_hand.undo(tx, held.id, by=city.bureau, at=city.at)
        later(city, seconds=11)
        with pytest.raises(UndoTooLate):
            take_in_hand.undo(tx, held.id, by=city.approver, at=city.at)


def test_what_was_read_is_not_undone(city: City) -> None:
    held = asked(city)
    with city.pool.connection() as tx:
        apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)
    rows_of(city, 'SELECT * FROM "shared-stops"', city.officer)

    with city.pool.connection() as tx, pytest.raises(AlreadyUsed):
        take_in_hand.undo(tx, held.id, by=city.approver, at=city.at)


def test_a_question_that_was_undone_does_not_count(city: City) -> None:
    held = asked(city)
    with city.pool.connection() as tx:
        apply.give_back(tx, held.id, question="Which?", by=city.approver, at=city.at)
        waiting = take_in_hand.undo(tx, held.id, by=city.approver, at=city.at)

    assert waiting.times_returned == 0


# Clocks --------------------------------------------------------------------------------------


def test_the_provider_is_reminded_on_the_fifth_and_eighth_day_once_each(city: City) -> None:
    held = asked(city)  # Monday, 2 March 2026

    told = []
    with city.pool.connection() as tx:
        for day in range(15):
            told.append(run_clocks(tx, at=city.at + timedelta(days=day)))
            run_clocks(tx, at=city.at + timedelta(days=day, hours=1))
        after = apply.get_application(tx, held.id, by=city.officer)

    # 5 working days after Monday the 2nd: Monday the 9th; 8: Thursday the 12th; due on the 16th.
    assert [day for day, count in enumerate(told) if count] == [7, 10]
    assert (after.reminded_days, after.escalated_at) == (8, None)


def test_silence_goes_to_the_bureau_the_day_after(city: City) -> None:
    held = asked(city)

    with city.pool.connection() as tx:
        run_clocks(tx, at=datetime(2026, 3, 16, 15, 59, tzinfo=UTC))
        before = apply.get_application(tx, held.id, by=city.officer)
        run_clocks(tx, at=datetime(2026, 3, 16, 16, 0, tzinfo=UTC))
        run_clocks(tx, at=datetime(2026, 3, 17, 16, 0, tzinfo=UTC))
        after = apply.get_application(tx, held.id, by=city.officer)
        seen = kinds(tx, held.id)
        board = unmet_requests(tx, by=city.bureau)
        late = apply.overdue(tx, at=datetime(2026, 3, 17, tzinfo=UTC))

    assert before.escalated_at is None
    assert after.escalated_at == datetime(2026, 3, 16, 16, 0, tzinfo=UTC)
    assert seen.count(EventKind.APPLICATION_ESCALATED) == 1
    assert [one.application.id for one in board] == [held.id]
    assert [one.id for one in late] == [held.id]


def test_weekends_and_moved_working_days_count_as_the_state_council_set_them(city: City) -> None:
    city.at = datetime(2026, 2, 12, 8, tzinfo=UTC)  # Thursday before the Spring Festival
    held = asked(city)

    # Saturday the 14th is worked; the 15th to 23rd are holidays; Saturday the 28th is worked.
    assert held.due_on == date(2026, 3, 4)


def test_a_date_beyond_the_calendar_is_never_escalated(city: City) -> None:
    city.at = datetime(LAST_YEAR, 12, 25, 8, tzinfo=UTC)
    held = asked(city, ends_on=date(LAST_YEAR + 1, 3, 1))

    with city.pool.connection() as tx:
        run_clocks(tx, at=city.at + timedelta(days=90))
        after = apply.get_application(tx, held.id, by=city.officer)

    assert held.is_due_provisional
    assert after.escalated_at is None


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    length=st.integers(0, 60),
)
def test_working_days_are_the_days_on_which_offices_work(start: date, length: int) -> None:
    end = start + timedelta(days=length)

    counted = RELEASE_ONLY.between(start, end)

    days = [start + timedelta(days=n) for n in range(1, length + 1)]
    assert counted == sum(is_working_day(d) if is_known(d) else d.weekday() < 5 for d in days)


def test_what_is_granted_is_delivered_within_twenty_working_days(city: City) -> None:
    held = asked(city)

    with city.pool.connection() as tx:
        granted = apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)

    assert granted.handing
    # The 6th of April 2026 is a holiday: Qingming.
    assert granted.handing.due.day == date(2026, 3, 30)
    assert granted.handing.delivered_at == city.at


def test_a_grant_without_data_to_read_is_reminded_and_escalated(city: City) -> None:
    listing = city.shared_stops()
    held = asked(city, listing)
    with city.pool.connection() as tx:
        granted = apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)
        tx.execute("UPDATE exchange.applications SET delivered_at = NULL")
        tx.execute("UPDATE catalog.versions SET state = 'withdrawn' WHERE state = 'published'")
        for day in range(40):
            run_clocks(tx, at=city.at + timedelta(days=day))
        seen = kinds(tx, held.id)
        tx.execute("UPDATE catalog.versions SET state = 'published'")
        run_clocks(tx, at=city.at + timedelta(days=41))
        after = apply.get_application(tx, held.id, by=city.officer)

    assert granted.handing
    assert seen.count(EventKind.APPLICATION_REMINDED) == 1
    assert seen.count(EventKind.APPLICATION_ESCALATED) == 1
    assert after.handing
    assert after.handing.delivered_at == city.at + timedelta(days=41)


# Extension -----------------------------------------------------------------------------------


def test_a_longer_clock_takes_the_consent_of_the_share_authority(city: City) -> None:
    held = asked(city)

    with city.pool.connection() as tx:
        extend.ask_longer(
            tx, held.id, working_days=10, reason="Two systems", by=city.approver, at=city.at
        )
        unchanged = apply.get_application(tx, held.id, by=city.officer)
        with pytest.raises(NotYourPart):
            extend.consent(tx, held.id, by=city.approver, at=city.at)
        longer = extend.consent(tx, held.id, by=city.bureau, at=city.at)
        with pytest.raises(ExtensionNotOpen):
            extend.consent(tx, held.id, by=city.second, at=city.at)
        seen = kinds(tx, held.id)

    assert unchanged.due_on == held.due_on
    assert longer.due_on == date(2026, 3, 30)
    assert seen.count(EventKind.APPLICATION_EXTENDED) == 2


def test_an_extension_is_short_asked_once_and_in_time(city: City) -> None:
    held = asked(city)

    with city.pool.connection() as tx:
        for days in (0, 11):
            with pytest.raises(ExtensionTooLong):
                _ask_longer(city, tx, held, days)
        _ask_longer(city, tx, held, 3)
        with pytest.raises(ExtensionNotOpen):
            _ask_longer(city, tx, held, 3)
        extend.deny(tx, held.id, by=city.bureau, at=city.at)
        later(city, days=30)
        with pytest.raises(ExtensionNotOpen):
            _ask_longer(city, tx, held, 3)


def test_the_bureau_does_not_consent_to_its_own_wish(city: City) -> None:
    held = asked(city)

    with city.pool.connection() as tx:
        extend.ask_longer(tx, held.id, working_days=5, reason="More", by=city.bureau, at=city.at)
        with pytest.raises(SameTwoPeople):
            extend.consent(tx, held.id, by=city.bureau, at=city.at)


def test_unconditional_data_is_never_extended(city: City) -> None:
    held = asked(city, city.shared_stops(share_type=ShareType.UNCONDITIONAL))

    with city.pool.connection() as tx, pytest.raises(ExtensionNotOpen):
        _ask_longer(city, tx, held, 1)


def _ask_longer(city: City, tx: Tx, held: Application, days: int) -> None:
    extend.ask_longer(tx, held.id, working_days=days, reason="R", by=city.approver, at=city.at)


# Disputes ------------------------------------------------------------------------------------


def test_a_dispute_goes_through_its_three_steps_in_order(city: City) -> None:
    held = refused(city)

    with city.pool.connection() as tx:
        steps = []
        for settler in (city.approver, city.bureau, city.bureau):
            opened = dispute.object_to(tx, held.id, ground="Needed", by=city.officer, at=city.at)
            steps.append(opened.step)
            with pytest.raises(DisputeNotOpen):
                dispute.object_to(tx, held.id, ground="Again", by=city.officer, at=city.at)
            if opened.step is Step.GOVERNMENT:
                with pytest.raises(ReferenceMissing):
                    _settle(city, tx, held, settler, reference="")
            _settle(city, tx, held, settler)
        with pytest.raises(DisputeNotOpen):
            dispute.object_to(tx, held.id, ground="More", by=city.officer, at=city.at)

    assert steps == [Step.BETWEEN_THE_TWO, Step.AUTHORITY, Step.GOVERNMENT]


def test_the_provider_does_not_decide_before_the_authority(city: City) -> None:
    held = refused(city)

    with city.pool.connection() as tx:
        dispute.object_to(tx, held.id, ground="Needed", by=city.officer, at=city.at)
        with pytest.raises(NotYourPart):
            _settle(city, tx, held, city.officer)
        _settle(city, tx, held, city.approver)
        dispute.object_to(tx, held.id, ground="Still", by=city.officer, at=city.at)
        with pytest.raises(NotYourPart):
            _settle(city, tx, held, city.approver)
        assert [one.step for one in dispute.open_for(tx, by=city.bureau)] == [Step.AUTHORITY]
        assert dispute.open_for(tx, by=city.approver) == []


def test_an_agreement_opens_the_request_again_with_a_new_clock(city: City) -> None:
    held = refused(city)
    later(city, days=30)

    with city.pool.connection() as tx:
        dispute.object_to(tx, held.id, ground="Needed", by=city.officer, at=city.at)
        _settle(city, tx, held, city.approver, outcome=Outcome.AGREED)
        again = apply.get_application(tx, held.id, by=city.officer)
        granted = apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)

    assert (again.state, again.submitted_at) == (ApplicationState.SUBMITTED, city.at)
    assert granted.state is ApplicationState.GRANTED


def test_only_a_refusal_is_disputed(city: City) -> None:
    held = asked(city)

    with city.pool.connection() as tx, pytest.raises(ApplicationNotInState):
        dispute.object_to(tx, held.id, ground="Slow", by=city.officer, at=city.at)


def _settle(
    city: City,
    tx: Tx,
    held: Application,
    by: Actor,
    *,
    outcome: Outcome = Outcome.KEPT,
    reference: str = "市政函 7",
) -> None:
    dispute.settle_step(
        tx, held.id, outcome=outcome, words="Heard", reference=reference, by=by, at=city.at
    )


# Corrections ---------------------------------------------------------------------------------


def test_a_correction_is_reported_back_with_its_version(city: City) -> None:
    listing = city.shared_stops()
    city.ask_for(listing)
    with city.pool.connection() as tx:
        wrong = ask_correction(
            tx,
            "shared-stops",
            record_reference="id 7",
            fault="On the wrong line",
            by=city.officer,
            at=city.at,
        )
        assert [one.id for one in corrections_waiting(tx, by=city.publisher)] == [wrong.id]
        with pytest.raises(NothingCorrected):
            _close(city, tx, wrong.id, CorrectionOutcome.CORRECTED)
    later(city, days=1)
    with city.pool.connection() as tx:
        dataset = dataset_with_id(tx, listing.dataset_id, by=city.publisher)
        version = city.add_version(tx, dataset, by=city.publisher, select="SELECT * FROM range(3)")
        publish.submit(tx, dataset.id, by=city.publisher, at=city.at)
        publish.publish(tx, dataset.id, by=city.approver, at=city.at)
        closed = _close(city, tx, wrong.id, CorrectionOutcome.CORRECTED)
        own = own_corrections(tx, by=city.officer)

    assert wrong.due.day == date(2026, 3, 16)
    assert closed.version_id == version.id
    assert own == [closed]


def test_a_late_correction_goes_to_the_bureau(city: City) -> None:
    city.ask_for(city.shared_stops())
    with city.pool.connection() as tx:
        wrong = ask_correction(
            tx, "shared-stops", record_reference="", fault="Old", by=city.officer, at=city.at
        )
        for day in range(20):
            run_clocks(tx, at=city.at + timedelta(days=day))
        seen = kinds(tx, wrong.id)
        late = corrections_waiting(tx, by=city.bureau)

    assert seen == [EventKind.CORRECTION_MOVED] * 4
    assert [one.id for one in late] == [wrong.id]


def test_who_has_no_agreement_asks_for_no_correction(city: City) -> None:
    city.shared_stops()

    with city.pool.connection() as tx, pytest.raises(NotYourPart):
        ask_correction(
            tx, "shared-stops", record_reference="", fault="Old", by=city.officer, at=city.at
        )


def _close(city: City, tx: Tx, correction_id: UUID, outcome: CorrectionOutcome):  # type: ignore[no-untyped-def]
    return close_correction(
        tx, correction_id, outcome=outcome, words="Checked", by=city.publisher, at=city.at
    )


# The board -----------------------------------------------------------------------------------


def test_unmet_requests_are_known_to_their_two_sides_and_supervisors(city: City) -> None:
    held = refused(city)

    with city.pool.connection() as tx:
        seen = {
            one.name: [unmet.application.id for unmet in unmet_requests(tx, by=one)]
            for one in (city.officer, city.approver, city.regulator, city.buyer, Actor())
        }

    assert seen == {
        "wen": [held.id],
        "ping": [held.id],
        "jian": [held.id],
        "bo": [],
        "": [],
    }

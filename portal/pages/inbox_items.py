"""Everything that waits for one reader's decision, from all packages, as one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from catalog.audience import may_approve_for
from catalog.dataset import Dataset
from catalog.demand import board as demand_board
from catalog.demand.data_request import DataRequest
from catalog.find import dataset_with_id, stored_version, submissions
from exchange import apply, dispute
from exchange.application import Application
from exchange.correct_shared import corrections_waiting
from exchange.correction import Correction
from exchange.dispute_step import DisputeStep
from exchange.faults.fault import Fault
from exchange.faults.report_fault import faults_waiting
from exchange.list_product import get_listing, listings_to_open
from exchange.listing import Listing
from policies.calendar import DueDate, china_day, is_known, is_working_day
from policies.database import Tx
from policies.freeze import freezes_in_force
from policies.freeze_order import Freeze
from policies.identity.people import organization_with_id, user_with_id
from policies.party import Actor, Role
from policies.roles import can_assess, can_set_standards, can_supervise
from policies.terms import Regime, Text
from portal.pages.freeze_targets import title_of
from portal.pages.speech import Speech
from portal.pages.words import PURPOSES, TARGETS, number_of
from quality.plea import Plea, PleaKind
from quality.plead import open_pleas

_DAY = timedelta(days=1)


class ItemKind(StrEnum):
    """What is to be decided."""

    REQUEST = "request"
    DATASET = "dataset"
    LISTING = "listing"
    ASSESSMENT = "assessment"
    FREEZE = "freeze"
    DEMAND = "demand"
    PLEA = "plea"
    EXTENSION = "extension"
    DISPUTE = "dispute"
    CORRECTION = "correction"
    FAULT = "fault"


Held = (
    Application | Dataset | Listing | Freeze | DataRequest | Plea | DisputeStep | Correction | Fault
)
Waiting = tuple[ItemKind, Held]


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One line of the inbox."""

    id: str
    kind: ItemKind
    kind_words: str
    href: str
    number: str
    title: Text
    asker: str
    purpose: str
    due: date | None
    """None where no clock runs."""
    due_words: str
    state: str
    advice: str

    @property
    def can_be_chosen(self) -> bool:
        """Whether several of its kind may be decided together."""
        return self.kind is ItemKind.REQUEST


def waiting_for(tx: Tx, *, by: Actor, at: datetime) -> list[Waiting]:
    """What waits for `by`: requests first, the most urgent of them first."""
    return list(_waiting(tx, by, at))


def inbox_items(tx: Tx, *, by: Actor, at: datetime, say: Speech) -> list[InboxItem]:
    """The lines of the inbox of `by`: what has a clock first, by its day."""
    items = [_item(tx, kind, held, by, at, say) for kind, held in _waiting(tx, by, at)]
    return sorted(items, key=lambda item: (item.due or date.max, item.kind))


def working_days_left(today: date, due: date) -> int:
    """Working days after `today` up to `due`; Monday to Friday where the calendar ends."""
    days = (today + count * _DAY for count in range(1, (due - today).days + 1))
    return sum(is_working_day(day) if is_known(day) else day.weekday() < 5 for day in days)


def due_state(application: Application, today: date) -> str:
    """Whether an open request is late, by a calendar that is known."""
    due = DueDate(application.due_on, application.is_due_provisional)
    return "overdue" if due.is_breached_on(today) else "waiting"


def due_words(application: Application, today: date, say: Speech) -> str:
    """How long there is to answer, in words."""
    return days_left_words(DueDate(application.due_on, application.is_due_provisional), today, say)


def days_left_words(due: DueDate, today: date, say: Speech) -> str:
    """How many working days are left, in words; empty where the day has passed."""
    if due.day < today:
        return ""
    left = working_days_left(today, due.day)
    words = say.ngettext("{count} working day left", "{count} working days left", left)
    if due.is_provisional:
        words += say.gettext(" (the calendar of that year is not official yet)")
    return words


def _waiting(tx: Tx, by: Actor, at: datetime) -> Iterator[Waiting]:
    if by.is_program:
        return
    asked = apply.inbox(tx, by=by)
    if can_set_standards(by):
        yield from (
            (ItemKind.EXTENSION, one)
            for one in apply.extensions_asked(tx)
            if one.extension and one.extension.asked_by != by.user_id
        )
        asked = list({one.id: one for one in [*asked, *apply.overdue(tx, at=at)]}.values())
    yield from ((ItemKind.REQUEST, application) for application in asked)
    yield from ((ItemKind.DATASET, dataset) for dataset in submissions(tx, by=by))
    yield from _listings(tx, by)
    if can_supervise(by):
        for freeze in freezes_in_force(tx, at):
            if not freeze.is_confirmed and freeze.placed_by != by.user_id:
                yield ItemKind.FREEZE, freeze
    yield from ((ItemKind.DISPUTE, step) for step in dispute.open_for(tx, by=by))
    yield from ((ItemKind.CORRECTION, one) for one in corrections_waiting(tx, by=by))
    yield from ((ItemKind.FAULT, one) for one in faults_waiting(tx, by=by))
    yield from ((ItemKind.PLEA, plea) for plea in _pleas(tx, by))
    yield from ((ItemKind.DEMAND, wish) for wish in demand_board.waiting_for(tx, by=by))


def _pleas(tx: Tx, by: Actor) -> Iterator[Plea]:
    """Pleas for versions that the gate holds back, of the organisation that `by` approves for."""
    if not by.holds_anywhere(Role.APPROVER):
        return
    for plea, dataset_id in open_pleas(tx):
        dataset = dataset_with_id(tx, dataset_id, by=by) if by.organization else None
        if dataset and may_approve_for(by, dataset.publisher_id) and plea.asked_by != by.user_id:
            yield plea


def _listings(tx: Tx, by: Actor) -> Iterator[Waiting]:
    if not (can_set_standards(by) or can_assess(by) or by.holds_anywhere(Role.APPROVER)):
        return
    for listing in listings_to_open(tx, by=by):
        if waits_for_assessment(listing, by):
            yield ItemKind.ASSESSMENT, listing
        elif waits_for_opening(listing, by):
            yield ItemKind.LISTING, listing


def waits_for_assessment(listing: Listing, by: Actor) -> bool:
    """Whether `by` is one who could assess it."""
    return (
        listing.regime is Regime.TRADE
        and listing.assessment is None
        and can_assess(by)
        and by.organization is not None
        and by.organization.id != listing.provider_id
    )


def waits_for_opening(listing: Listing, by: Actor) -> bool:
    """Whether `by` is one who could open it: the bureau for trade, else the provider's approver."""
    if listing.proposed_by == by.user_id:
        return False
    if listing.regime is Regime.TRADE:
        return can_set_standards(by)
    return by.holds(Role.APPROVER, listing.provider_id)


def _item(
    tx: Tx,
    kind: ItemKind,
    held: Held,
    by: Actor,
    at: datetime,
    say: Speech,
) -> InboxItem:
    match held:
        case Application():
            return _request_item(tx, kind, held, by, at, say)
        case DisputeStep():
            return _dispute_item(tx, held, by, say)
        case Correction():
            return _correction_item(tx, held, by, at, say)
        case Dataset():
            return _dataset_item(tx, held, say)
        case Listing():
            return _listing_item(tx, kind, held, by, say)
        case Freeze():
            return _freeze_item(tx, held, by, say)
        case DataRequest():
            return _demand_item(held, at, say)
        case Plea():
            return _plea_item(tx, held, by, say)
        case Fault():
            return _fault_item(tx, held, by, at, say)


def _request_item(
    tx: Tx, kind: ItemKind, application: Application, by: Actor, at: datetime, say: Speech
) -> InboxItem:
    listing = get_listing(tx, application.listing_id, by=by)
    today = china_day(at)
    return InboxItem(
        id=str(application.id),
        kind=kind,
        kind_words=(
            say.gettext("More days for an answer")
            if kind is ItemKind.EXTENSION
            else say.gettext("Request for data")
        ),
        href=f"/inbox/request/{application.id}",
        number=number_of("R", application.id),
        title=dataset_with_id(tx, listing.dataset_id, by=by).entry.title,
        asker=say.text(organization_with_id(tx, application.applicant_id).title),
        purpose=say.gettext(PURPOSES[application.request.purpose]),
        due=application.due_on,
        due_words=due_words(application, today, say),
        state=due_state(application, today),
        advice=_advice(application.judgement.is_allowed, say),
    )


def _dispute_item(tx: Tx, step: DisputeStep, by: Actor, say: Speech) -> InboxItem:
    application = apply.get_application(tx, step.application_id, by=by)
    listing = get_listing(tx, application.listing_id, by=by)
    return InboxItem(
        id=f"{step.application_id}-{step.round}-{int(step.step)}",
        kind=ItemKind.DISPUTE,
        kind_words=say.gettext("Dispute about a refusal"),
        href=f"/inbox/request/{step.application_id}#dispute",
        number=number_of("R", step.application_id),
        title=dataset_with_id(tx, listing.dataset_id, by=by).entry.title,
        asker=say.text(organization_with_id(tx, application.applicant_id).title),
        purpose=step.ground,
        due=None,
        due_words="",
        state="waiting",
        advice=say.gettext("Step {number} of 3", number=int(step.step)),
    )


def _correction_item(
    tx: Tx, correction: Correction, by: Actor, at: datetime, say: Speech
) -> InboxItem:
    today = china_day(at)
    return InboxItem(
        id=str(correction.id),
        kind=ItemKind.CORRECTION,
        kind_words=say.gettext("Data to be checked"),
        href=f"/inbox/correction/{correction.id}",
        number=number_of("C", correction.id),
        title=dataset_with_id(tx, correction.dataset_id, by=by).entry.title,
        asker=say.text(organization_with_id(tx, correction.asker_id).title),
        purpose=correction.fault,
        due=correction.due.day,
        due_words=days_left_words(correction.due, today, say),
        state="overdue" if correction.due.is_breached_on(today) else "waiting",
        advice=say.gettext("Check it, correct it, report back"),
    )


def _dataset_item(tx: Tx, dataset: Dataset, say: Speech) -> InboxItem:
    return InboxItem(
        id=str(dataset.id),
        kind=ItemKind.DATASET,
        kind_words=say.gettext("Version to publish"),
        href=f"/inbox/dataset/{dataset.slug}",
        number=dataset.slug,
        title=dataset.entry.title,
        asker=say.text(organization_with_id(tx, dataset.publisher_id).title),
        purpose=say.gettext("Publish"),
        due=None,
        due_words="",
        state="submitted",
        # Nothing is submitted that the gate did not let pass.
        advice=say.gettext("The quality gate let it pass"),
    )


def _listing_item(tx: Tx, kind: ItemKind, listing: Listing, by: Actor, say: Speech) -> InboxItem:
    is_assessment = kind is ItemKind.ASSESSMENT
    regimes = {
        Regime.SHARE: say.gettext("Share"),
        Regime.OPEN: say.gettext("Open"),
        Regime.TRADE: say.gettext("Trade"),
    }
    judgement = listing.judgement
    return InboxItem(
        id=str(listing.id),
        kind=kind,
        kind_words=(
            say.gettext("Listing to assess") if is_assessment else say.gettext("Listing to open")
        ),
        href=f"/inbox/listing/{listing.id}",
        number=number_of("L", listing.id),
        title=dataset_with_id(tx, listing.dataset_id, by=by).entry.title,
        asker=say.text(organization_with_id(tx, listing.provider_id).title),
        purpose=regimes[listing.regime],
        due=None,
        due_words="",
        state="in_review" if is_assessment else "submitted",
        advice=_advice(judgement is not None and judgement.is_allowed, say),
    )


def _freeze_item(tx: Tx, freeze: Freeze, by: Actor, say: Speech) -> InboxItem:
    return InboxItem(
        id=str(freeze.id),
        kind=ItemKind.FREEZE,
        kind_words=say.gettext("Freeze to confirm"),
        href=f"/audit/freezes#freeze-{freeze.id}",
        number=number_of("F", freeze.id),
        title=title_of(tx, freeze.target_kind, freeze.target_id, by=by),
        asker=say.gettext(TARGETS[freeze.target_kind]),
        purpose=freeze.reason,
        due=china_day(freeze.lapses_at),
        due_words=say.gettext("lapses {moment}", moment=say.moment(freeze.lapses_at)),
        state="frozen",
        advice=say.gettext("A second person is needed"),
    )


def _plea_item(tx: Tx, plea: Plea, by: Actor, say: Speech) -> InboxItem:
    dataset = stored_version(tx, plea.version_id).dataset
    is_known = plea.kind is PleaKind.KNOWN_ISSUE
    return InboxItem(
        id=str(plea.id),
        kind=ItemKind.PLEA,
        kind_words=say.gettext("Known issue") if is_known else say.gettext("Appeal"),
        href=f"/inbox/plea/{plea.id}",
        number=number_of("P", plea.id),
        title=dataset_with_id(tx, dataset.id, by=by).entry.title,
        asker=user_with_id(tx, plea.asked_by).name,
        purpose=plea.reason,
        due=None,
        due_words="",
        state="waiting",
        advice=say.gettext("The quality gate holds it back"),
    )


def _fault_item(tx: Tx, fault: Fault, by: Actor, at: datetime, say: Speech) -> InboxItem:
    today, asker = china_day(at), fault.asker_id
    return InboxItem(
        id=str(fault.id),
        kind=ItemKind.FAULT,
        kind_words=say.gettext("Fault report"),
        href=f"/fault/{fault.id}",
        number=number_of("E", fault.id),
        title=dataset_with_id(tx, fault.dataset_id, by=by).entry.title,
        asker=say.text(organization_with_id(tx, asker).title)
        if asker is not None
        else say.gettext("A reader"),
        purpose=fault.claim,
        due=fault.due.day,
        due_words=days_left_words(fault.due, today, say),
        state="overdue" if fault.is_overdue(today) else "waiting",
        advice=say.gettext("Check the data, then answer"),
    )


def _demand_item(wish: DataRequest, at: datetime, say: Speech) -> InboxItem:
    today = china_day(at)
    return InboxItem(
        id=str(wish.id),
        kind=ItemKind.DEMAND,
        kind_words=say.gettext("Wish for data"),
        href=f"/requests-for-data/{wish.id}",
        number=number_of("W", wish.id),
        title=Text(zh=wish.title, en=wish.title),
        asker=say.ngettext("{count} person", "{count} people", wish.joined),
        purpose=say.gettext("Data that is not offered yet"),
        due=wish.due.day,
        due_words=days_left_words(wish.due, today, say),
        state="overdue" if wish.due.is_breached_on(today) else "waiting",
        advice=(
            say.gettext("No department is found for it yet")
            if wish.department_id is None
            else say.gettext("Answer it: promise, point to it, or refuse by law")
        ),
    )


def _advice(is_allowed: bool, say: Speech) -> str:  # noqa: FBT001 - a sentence for each answer
    if is_allowed:
        return say.gettext("The standards allow it")
    return say.gettext("Clauses stand against it")

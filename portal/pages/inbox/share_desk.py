"""What an answer to a request may be besides yes and no: parts, colleagues, more days, disputes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from catalog.dataset import Dataset
from catalog.errors import MalformedView
from catalog.view import Condition, Operator
from exchange import dispute
from exchange.application import Application, ApplicationState
from exchange.dispute_step import DisputeStep, Outcome, Step
from exchange.listing import Listing
from exchange.part import Part, offered_columns
from exchange.share_clocks import answer_clock
from exchange.share_head import approvers_of, share_head
from policies.calendar import china_day
from policies.database import Tx
from policies.errors import N_, Said, UserNotFound
from policies.identity.people import user_with_id
from policies.party import Actor, Role
from policies.roles import can_set_standards
from policies.terms import UserId
from portal.pages.request_view import Step as WayStep
from portal.pages.speech import Speech
from portal.pages.typed import day_of

OPERATORS: Final = (
    (Operator.EQUAL, "="),
    (Operator.NOT_EQUAL, "≠"),
    (Operator.AT_MOST, "≤"),
    (Operator.AT_LEAST, "≥"),
    (Operator.STARTS_WITH, N_("begins with")),
    (Operator.CONTAINS, N_("contains")),
)
STEPS: Final = {
    Step.BETWEEN_THE_TWO: N_("Talked over between the two"),
    Step.AUTHORITY: N_("Before the share authority"),
    Step.GOVERNMENT: N_("Before the authority's own government"),
}
_OUTCOMES: Final = {
    Outcome.AGREED: N_("The request is open again"),
    Outcome.KEPT: N_("The refusal stands"),
}


@dataclass(frozen=True, slots=True)
class ShareDesk:
    """What the page about one request offers to those who decide it."""

    columns: tuple[tuple[str, str, None], ...]
    """What could be granted, as the choices of a form."""
    operators: tuple[tuple[str, str], ...]
    latest: date | None
    """The last day that was asked for."""
    colleagues: tuple[tuple[str, str], ...]
    in_hand_of: str
    head: str
    """Who alone may release the answer; empty where each approver may, or it is the reader."""
    extension_words: str
    extension_days_max: int
    """0 where no more days can be asked for."""
    can_consent: bool
    disputes: tuple[WayStep, ...]
    can_settle: bool
    needs_reference: bool


def share_desk(
    tx: Tx,
    application: Application,
    listing: Listing | None,
    dataset: Dataset | None,
    *,
    by: Actor,
    at: datetime,
    say: Speech,
) -> ShareDesk:
    """The offers for `by`; without a listing that stands there is only the dispute."""
    is_open = application.state is ApplicationState.SUBMITTED
    offered: tuple[str, ...] = ()
    if listing and dataset and is_open:
        offered = application.request.wanted_columns or offered_columns(tx, listing, dataset)
    approvers = approvers_of(tx, listing.provider_id) if listing and is_open else []
    head = share_head(tx, listing.provider_id) if listing and is_open else None
    steps = dispute.steps_of(tx, application.id, by=by)
    open_step = steps[-1] if steps and steps[-1].outcome is None else None
    return ShareDesk(
        columns=tuple((name, name, None) for name in offered),
        operators=tuple((one.value, say.gettext(words)) for one, words in OPERATORS),
        latest=application.request.ends_on,
        colleagues=tuple(
            (one.name, one.name)
            for one in approvers
            if one.id not in (application.applied_by, application.assigned_to, by.user_id)
        ),
        in_hand_of=_name(tx, application.assigned_to),
        head="" if head in (None, by.user_id) or can_set_standards(by) else _name(tx, head),
        extension_words=_extension_words(application, say),
        extension_days_max=_days_max(application, listing, at) if is_open else 0,
        can_consent=is_open and _can_consent(application, by),
        disputes=tuple(_dispute_line(tx, one, say) for one in steps),
        can_settle=open_step is not None and _can_settle(open_step, listing, by),
        needs_reference=open_step is not None and open_step.step is Step.GOVERNMENT,
    )


def dispute_lines(
    tx: Tx, application: Application, *, by: Actor, say: Speech
) -> tuple[tuple[WayStep, ...], str]:
    """The dispute so far, and what the applicant's next step is called; empty where none is."""
    steps = dispute.steps_of(tx, application.id, by=by)
    following = dispute.next_step(application, steps)
    return (
        tuple(_dispute_line(tx, one, say) for one in steps),
        say.gettext(STEPS[following]) if following else "",
    )


def part_of(
    columns: list[str] | None,
    offered: tuple[tuple[str, str, None], ...],
    *,
    ends_on: str,
    row_column: str,
    row_operator: str,
    row_value: str,
) -> Part:
    """The part that a form names; all columns ticked is no part.

    Raises: MalformedView.
    """
    # The form sends an empty name along, so that "none ticked" is not "not asked".
    wanted = tuple(name for name in columns if name) if columns is not None else None
    if wanted is not None and set(wanted) == {name for name, _, _ in offered}:
        wanted = None
    rows: tuple[Condition, ...] = ()
    if row_column:
        try:
            operator = Operator(row_operator)
        except ValueError:
            raise MalformedView(
                Said(N_("unknown operator “{found}”"), found=row_operator[:20])
            ) from None
        rows = (Condition(row_column, operator, row_value.strip()),)
    return Part(wanted, rows, day_of(ends_on) if ends_on.strip() else None)


def _days_max(application: Application, listing: Listing | None, at: datetime) -> int:
    if listing is None or application.extension is not None or application.escalated_at:
        return 0
    if application.due.is_breached_on(china_day(at)):
        return 0
    clock = answer_clock(listing, application.submitted_at)
    return clock.extension_working_days if clock else 0


def _can_consent(application: Application, by: Actor) -> bool:
    asked = application.extension
    return (
        asked is not None
        and asked.consented_by is None
        and can_set_standards(by)
        and asked.asked_by != by.user_id
    )


def _extension_words(application: Application, say: Speech) -> str:
    asked = application.extension
    if asked is None:
        return ""
    days = say.ngettext("{count} more working day", "{count} more working days", asked.working_days)
    if asked.consented_by is None:
        words = N_("{days} asked for, waiting for the share authority: {reason}")
    else:
        words = N_("{days}, by consent of the share authority: {reason}")
    return say.gettext(words, days=days, reason=asked.reason)


def _can_settle(step: DisputeStep, listing: Listing | None, by: Actor) -> bool:
    if step.opened_by == by.user_id:
        return False
    if step.step is Step.BETWEEN_THE_TWO:
        return listing is not None and by.holds(Role.APPROVER, listing.provider_id)
    return can_set_standards(by)


def _dispute_line(tx: Tx, step: DisputeStep, say: Speech) -> WayStep:
    name = say.gettext(STEPS[step.step])
    if step.outcome is None:
        return WayStep(name, "now", step.opened_at, _name(tx, step.opened_by), step.ground)
    told = say.gettext(_OUTCOMES[step.outcome])
    reference = f" ({step.reference})" if step.reference else ""
    state = "done" if step.outcome is Outcome.AGREED else "stopped"
    note = say.gettext("{thing}: {name}", thing=told, name=f"{step.outcome_words}{reference}")
    return WayStep(name, state, step.closed_at, _name(tx, step.closed_by), note)


def _name(tx: Tx, user_id: UserId | None) -> str:
    if user_id is None:
        return ""
    try:
        return user_with_id(tx, user_id).name
    except UserNotFound:
        return "—"

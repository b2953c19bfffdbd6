"""A request for data as its two sides see it: what was asked, and the way that it has gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from exchange.application import Application, ApplicationState
from exchange.errors import ListingNotFound
from exchange.list_product import get_listing
from exchange.listing import Listing
from policies.agree import agreements_of_party
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.identity.people import organization_with_id
from policies.party import Actor, Organization
from policies.roles import can_apply_for, can_approve_for
from policies.terms import Text
from portal.pages.dataset_names import gone, name_of_dataset
from portal.pages.inbox_items import due_state, due_words
from portal.pages.speech import Speech
from portal.pages.words import MANNERS, PURPOSES, number_of

DEALINGS_SHOWN = 10

_STATES = {
    ApplicationState.RETURNED: "returned",
    ApplicationState.GRANTED: "approved",
    ApplicationState.REFUSED: "refused",
    ApplicationState.WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way."""

    name: str
    state: str
    """`done`, `now`, `later` or `stopped`."""
    at: datetime | None = None
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RequestView:
    """Everything that a page about one request shows."""

    id: str
    number: str
    title: Text
    dataset_href: str | None
    """None where the data is gone."""
    facts: tuple[tuple[str, str], ...]
    state: str
    due: date
    due_words: str
    is_open: bool
    """It waits for an answer."""
    can_decide: bool
    """The reader is one who may answer it."""
    is_own: bool
    """The reader may send it again or take it back."""
    steps: tuple[Step, ...]
    dealings: tuple[tuple[str, str], ...]
    """Agreements of the same two sides."""
    agreement_href: str | None


def request_view(
    tx: Tx, application: Application, *, by: Actor, today: date, say: Speech
) -> RequestView:
    """The request, for `by`."""
    listing = _listing(tx, application, by)
    name = name_of_dataset(tx, listing.dataset_id, by=by) if listing else None
    applicant = organization_with_id(tx, application.applicant_id)
    provider = organization_with_id(tx, listing.provider_id) if listing else None
    is_open = application.state is ApplicationState.SUBMITTED
    may_approve = listing is not None and can_approve_for(by, listing.provider_id)
    agreement_id = application.agreement_id
    return RequestView(
        id=str(application.id),
        number=number_of("R", application.id),
        title=name.title if name else gone(),
        dataset_href=name.href if name else None,
        facts=tuple(_facts(application, listing, applicant, say)),
        state=due_state(application, today) if is_open else _STATES[application.state],
        due=application.due_on,
        due_words=due_words(application, today, say) if is_open else "",
        is_open=is_open,
        can_decide=is_open and may_approve and by.user_id != application.applied_by,
        is_own=can_apply_for(by, application.applicant_id),
        steps=tuple(_steps(application, applicant, provider, say)),
        dealings=(
            tuple(_dealings(tx, listing, applicant, by, say)) if listing and may_approve else ()
        ),
        agreement_href=f"/my/agreements/{agreement_id}" if agreement_id else None,
    )


def _listing(tx: Tx, application: Application, by: Actor) -> Listing | None:
    """The listing that was asked for; None where it is taken off for the reader."""
    try:
        return get_listing(tx, application.listing_id, by=by)
    except ListingNotFound:
        return None


def _facts(
    application: Application, listing: Listing | None, applicant: Organization, say: Speech
) -> list[tuple[str, str]]:
    request = application.request
    columns = request.wanted_columns or (listing.view.columns if listing else None)
    return [
        (say.gettext("Who asks"), say.text(applicant.title)),
        (say.gettext("Credit code"), applicant.credit_code or "—"),
        (say.gettext("Purpose"), say.gettext(PURPOSES[request.purpose])),
        (say.gettext("Statutory duty"), request.duty or "—"),
        (say.gettext("Scenario"), request.scenario or "—"),
        (
            say.gettext("Manner"),
            say.gettext(MANNERS[request.manner]) if request.manner else "—",
        ),
        (say.gettext("Columns"), ", ".join(columns) if columns else say.gettext("All columns")),
        *(
            [(say.gettext("Flow-back"), say.gettext("the area's own data, back to it in full"))]
            if request.is_flow_back
            else []
        ),
        (say.gettext("Until"), say.day(request.ends_on) if request.ends_on else "—"),
        (
            say.gettext("Pledge of true, lawful and safe use"),
            say.gettext("given") if request.is_pledged else say.gettext("not given"),
        ),
    ]


def _steps(
    application: Application, applicant: Organization, provider: Organization | None, say: Speech
) -> list[Step]:
    asker = say.text(applicant.title)
    answerer = say.text(provider.title) if provider else ""
    sent = Step(say.gettext("Request sent"), "done", application.submitted_at, asker)
    match application.state:
        case ApplicationState.SUBMITTED:
            promised = say.gettext("promised until {day}", day=say.day(application.due_on))
            return [
                sent,
                *_longer(application, say),
                Step(say.gettext("Being looked at"), "now", None, answerer, promised),
                *_late(application, say),
                Step(say.gettext("Access"), "later"),
            ]
        case ApplicationState.RETURNED:
            question = Step(
                say.gettext("Returned with a question"),
                "now",
                application.decided_at,
                answerer,
                application.decision_reason,
            )
            return [sent, question, Step(say.gettext("Access"), "later")]
        case ApplicationState.GRANTED:
            by = answerer
            if application.decided_by is None:
                by += say.gettext(", by its standing release")
            return [
                sent,
                Step(
                    say.gettext("Granted in part")
                    if application.is_part_granted
                    else say.gettext("Granted"),
                    "done",
                    application.decided_at,
                    by,
                    application.decision_reason,
                ),
                _access(application, say),
            ]
        case ApplicationState.REFUSED:
            reason = say.gettext(
                "{thing}: {name}", thing=_basis(application, say), name=application.decision_reason
            )
            name = say.gettext("Refused")
            return [sent, Step(name, "stopped", application.decided_at, answerer, reason)]
        case ApplicationState.WITHDRAWN:
            return [sent, Step(say.gettext("Taken back"), "stopped", None, asker)]


def _basis(application: Application, say: Speech) -> str:
    """The legal text that a refusal rests on, by its name in the profile of that day."""
    at = application.decided_at or application.submitted_at
    basis = profile_in_force(at).legal_basis(application.legal_basis or "")
    return say.text(basis.title) if basis else application.legal_basis or ""


def _longer(application: Application, say: Speech) -> list[Step]:
    asked = application.extension
    if asked is None or asked.consented_by is None:
        return []
    days = say.ngettext("{count} more working day", "{count} more working days", asked.working_days)
    name = say.gettext("Clock lengthened by consent of the share authority")
    note = say.gettext("{thing}: {name}", thing=days, name=asked.reason)
    return [Step(name, "done", asked.consented_at, "", note)]


def _late(application: Application, say: Speech) -> list[Step]:
    if application.escalated_at is None:
        return []
    return [
        Step(say.gettext("With the bureau, the time being up"), "now", application.escalated_at)
    ]


def _access(application: Application, say: Speech) -> Step:
    handing = application.handing
    if handing is None or handing.delivered_at is not None:
        return Step(say.gettext("Access"), "done", handing.delivered_at if handing else None)
    note = say.gettext("to be delivered until {day}", day=say.day(handing.due.day))
    return Step(say.gettext("Access"), "now", handing.escalated_at, "", note)


def _dealings(
    tx: Tx, listing: Listing, applicant: Organization, by: Actor, say: Speech
) -> list[tuple[str, str]]:
    held = [
        agreement
        for agreement in agreements_of_party(tx, listing.provider_id)
        if agreement.consumer_id == applicant.id
    ][:DEALINGS_SHOWN]
    named = [(one, name_of_dataset(tx, one.dataset_id, by=by).title) for one in held]
    return [
        (f"{number_of('A', one.id)} {say.text(title)}", f"/my/agreements/{one.id}")
        for one, title in named
    ]

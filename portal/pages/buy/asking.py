"""Ask for shared or conditionally open data, and follow one's request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog.dataset import Dataset
from catalog.demand.duties import duties_of
from catalog.find import dataset_named, dataset_with_id
from catalog.view import COLUMNS_MAX
from exchange import apply, dispute
from exchange.application import Application, ApplicationState, Manner
from exchange.application import Request as DataRequest
from exchange.conclude import latest_end
from exchange.errors import (
    AlreadyAsked,
    ClausesFailed,
    ColumnsNotOffered,
    EndTooLate,
    FieldTooLong,
    NothingToAskFor,
    RequestIncomplete,
)
from exchange.list_product import get_listing, listings_of
from exchange.listing import AccessClass, Listing
from exchange.part import offered_columns
from policies.calendar import china_day
from policies.database import Tx
from policies.errors import N_, ReasonMissing, Refusal
from policies.identity.people import organization_with_id
from policies.party import Actor, OrganizationKind
from policies.terms import Purpose, Regime
from portal.note_refused import note_refused
from portal.pages.clause_lines import failed_clauses
from portal.pages.inbox.share_desk import dispute_lines
from portal.pages.offer import offer_facts, purpose_choices
from portal.pages.rendering import render
from portal.pages.request_view import request_view
from portal.pages.speech import Speech, speech_of
from portal.pages.typed import day_of, member_of
from portal.pages.words import MANNERS
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()


class _NotComplete(Exception):
    """Something in the form cannot even be asked about: the manner or the end are left out."""


USUAL_TERM: Final = timedelta(days=180)
"""What the form proposes as the end, where so long is offered."""

_DONE: Final = {
    "sent": N_("Your request is on its way. You see every change here."),
    "granted": N_("Granted at once, by the provider's standing release."),
    "taken-back": N_("Your request is taken back."),
    "disputed": N_("Your objection is on record. The other side sees it."),
}
Columns = Annotated[list[str] | None, Form(alias="column", max_length=COLUMNS_MAX)]
_FIELDS: Final = ("purpose", "duty", "scenario", "manner", "ends_on", "pledge")
_TOLD_IN_PLACE: Final = (
    _NotComplete,
    RequestIncomplete,
    ClausesFailed,
    EndTooLate,
    FieldTooLong,
    ColumnsNotOffered,
)
_SEE_OTHER = 303
Field = Annotated[str, Form(max_length=20_000)]
Done = Annotated[str, Query(max_length=20)]


@router.get("/dataset/{slug}/request")
def show_request_form(request: Request, slug: str) -> Response:
    """The form to ask for shared or conditionally open data."""
    return _request_form(request, slug, typed={}, errors={})


@router.post("/dataset/{slug}/request")
def send_request(
    request: Request,
    slug: str,
    purpose: Field = "",
    duty: Field = "",
    scenario: Field = "",
    manner: Field = "",
    ends_on: Field = "",
    pledge: Field = "",
    columns: Columns = None,
    flow_back: Field = "",
) -> Response:
    """Send the request; what is missing is named all at once and nothing typed is lost."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed: dict[str, object] = dict(
        zip(_FIELDS, (purpose, duty, scenario, manner, ends_on, pledge), strict=True)
    )
    try:
        with wiring.pool.connection() as tx:
            dataset = dataset_named(tx, slug, by=actor)
            listing = asked_listing(tx, dataset, actor)
            wish = _read_request(typed, columns, flow_back)
            sent = apply.submit(tx, wiring.keys, listing.id, wish, by=actor, at=wiring.now())
    except _TOLD_IN_PLACE as refusal:
        note_refused(request, refusal)
        errors = _request_errors(refusal, typed, speech_of(request))
        typed |= {"columns": columns, "flow_back": flow_back}
        return _request_form(request, slug, typed=typed, errors=errors, status=_status(refusal))
    except AlreadyAsked:
        return RedirectResponse("/my", _SEE_OTHER)
    done = "granted" if sent.state is ApplicationState.GRANTED else "sent"
    return RedirectResponse(f"/my/requests/{sent.id}?done={done}", _SEE_OTHER)


@router.get("/my/requests/{application_id}")
def show_own_request(request: Request, application_id: UUID, done: Done = "") -> Response:
    """One's own request: its number, the promised day, the way so far."""
    return _own_request(request, application_id, typed=None, errors={}, done=done)


@router.post("/my/requests/{application_id}")
def send_request_again(
    request: Request,
    application_id: UUID,
    purpose: Field = "",
    duty: Field = "",
    scenario: Field = "",
    manner: Field = "",
    ends_on: Field = "",
    pledge: Field = "",
    columns: Columns = None,
    flow_back: Field = "",
) -> Response:
    """Send a returned request again, its gaps filled."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed: dict[str, object] = dict(
        zip(_FIELDS, (purpose, duty, scenario, manner, ends_on, pledge), strict=True)
    )
    try:
        with wiring.pool.connection() as tx:
            wish = _read_request(typed, columns, flow_back)
            apply.send_again(tx, application_id, wish, by=actor, at=wiring.now())
    except _TOLD_IN_PLACE as refusal:
        note_refused(request, refusal)
        errors = _request_errors(refusal, typed, speech_of(request))
        typed |= {"columns": columns, "flow_back": flow_back}
        return _own_request(
            request, application_id, typed=typed, errors=errors, status=_status(refusal)
        )
    return RedirectResponse(f"/my/requests/{application_id}?done=sent", _SEE_OTHER)


@router.post("/my/requests/{application_id}/dispute")
def dispute_refusal(request: Request, application_id: UUID, ground: Field = "") -> Response:
    """Dispute a refusal, or take the dispute to its next step."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dispute.object_to(tx, application_id, ground=ground, by=actor, at=wiring.now())
    except ReasonMissing as refusal:
        errors = {"ground": speech_of(request).refusal(refusal)}
        return _own_request(
            request, application_id, typed=None, errors=errors, status=_status(refusal)
        )
    return RedirectResponse(f"/my/requests/{application_id}?done=disputed", _SEE_OTHER)


@router.post("/my/requests/{application_id}/take-back")
def take_request_back(request: Request, application_id: UUID) -> Response:
    """Withdraw one's own request before it is answered."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        apply.take_back(tx, application_id, by=actor, at=wiring.now())
    return RedirectResponse(f"/my/requests/{application_id}?done=taken-back", _SEE_OTHER)


def _read_request(
    typed: Mapping[str, object], columns: list[str] | None, flow_back: str
) -> DataRequest:
    """The request as typed. Raises: _NotComplete where a field needs another look first."""
    purpose = member_of(Purpose, str(typed["purpose"]))
    manner = member_of(Manner, str(typed["manner"]))
    ends_on = day_of(str(typed["ends_on"]))
    if purpose is None or manner is None or ends_on is None:
        raise _NotComplete
    return DataRequest(
        purpose=purpose,
        duty=str(typed["duty"]),
        scenario=str(typed["scenario"]),
        manner=manner,
        ends_on=ends_on,
        is_pledged=typed["pledge"] == "yes",
        wanted_columns=_columns(columns),
        is_flow_back=flow_back == "yes",
    )


def _columns(ticked: list[str] | None) -> tuple[str, ...] | None:
    """The columns ticked; None where the form asked for none, an empty one where none was ticked.

    The form sends an empty name along, so that the two can be told apart.
    """
    return None if ticked is None else tuple(dict.fromkeys(name for name in ticked if name))


def _request_errors(refusal: Exception, typed: Mapping[str, object], say: Speech) -> dict[str, str]:
    """Every gap at its field; what clauses say besides, by their ids."""
    match refusal:
        case EndTooLate():
            return {"ends_on": say.refusal(refusal)}
        case ColumnsNotOffered():
            return {"column": say.refusal(refusal)}
        case FieldTooLong():
            return {refusal.name: say.refusal(refusal)}
    missing = say.gettext("This is still missing.")
    errors = {name: missing for name in _FIELDS if not str(typed[name]).strip()}
    if "ends_on" not in errors and day_of(str(typed["ends_on"])) is None:
        errors["ends_on"] = say.gettext("Write the day as 2026-12-31.")
    if isinstance(refusal, RequestIncomplete | ClausesFailed):
        told = failed_clauses(refusal.failed, say)
        # What a field says already is not said twice.
        errors = told if not errors else errors | _beside_fields(told)
    return errors


def _beside_fields(told: dict[str, str]) -> dict[str, str]:
    return {clause: words for clause, words in told.items() if clause not in ("X014", "X034")}


def _request_form(
    request: Request,
    slug: str,
    *,
    typed: Mapping[str, object],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        dataset = dataset_named(tx, slug, by=actor)
        listing = asked_listing(tx, dataset, actor)
        provider = organization_with_id(tx, listing.provider_id)
        choices = _choices(tx, listing, dataset, actor, say, at)
    proposed = min(_latest_day(listing, at), china_day(at + USUAL_TERM))
    return render(
        request,
        "buying/request.html",
        status=status,
        dataset=dataset,
        provider=provider,
        is_immediate=listing.release is not None,
        facts=offer_facts(listing, say),
        typed={"ends_on": proposed.isoformat(), **typed},
        errors=errors,
        **choices,
    )


def _own_request(
    request: Request,
    application_id: UUID,
    *,
    typed: Mapping[str, object] | None,
    errors: Mapping[str, str],
    done: str = "",
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        application = apply.get_application(tx, application_id, by=actor)
        view = request_view(tx, application, by=actor, today=china_day(wiring.now()), say=say)
        is_returned = application.state is ApplicationState.RETURNED
        # Only a listing that stands can be asked again; the way so far is shown either way.
        choices: dict[str, object] = {}
        if is_returned:
            listing = get_listing(tx, application.listing_id, by=actor)
            dataset = dataset_with_id(tx, listing.dataset_id, by=actor)
            choices = _choices(tx, listing, dataset, actor, say, wiring.now())
        disputes, objection = dispute_lines(tx, application, by=actor, say=say)
    return render(
        request,
        "buying/own_request.html",
        status=status,
        view=view,
        question=application.decision_reason if is_returned else "",
        can_send_again=is_returned and view.is_own,
        can_take_back=view.is_own and (view.is_open or is_returned),
        typed=_typed_of(application) if typed is None else typed,
        errors=errors,
        message=say.gettext(_DONE[done]) if done in _DONE else "",
        disputes=disputes,
        objection=objection if view.is_own else "",
        **choices,
    )


def _choices(
    tx: Tx, listing: Listing, dataset: Dataset, actor: Actor, say: Speech, at: datetime
) -> dict[str, object]:
    own = actor.organization
    return {
        "columns": [(name, name, None) for name in offered_columns(tx, listing, dataset)],
        "duties": duties_of(tx, own.id) if own and listing.regime is Regime.SHARE else [],
        "is_share": listing.regime is Regime.SHARE,
        "latest": _latest_day(listing, at),
        "purposes": purpose_choices(listing, say),
        "manners": [(manner.value, say.gettext(words), None) for manner, words in MANNERS.items()],
    }


def _latest_day(listing: Listing, at: datetime) -> date:
    """The last day of use that can be asked for."""
    return china_day(latest_end(listing, at)) - timedelta(days=1)


def _typed_of(application: Application) -> dict[str, object]:
    asked = application.request
    return {
        "purpose": asked.purpose.value,
        "duty": asked.duty,
        "scenario": asked.scenario,
        "manner": asked.manner.value if asked.manner else "",
        "ends_on": asked.ends_on.isoformat() if asked.ends_on else "",
        "pledge": "",
        "columns": list(asked.wanted_columns) if asked.wanted_columns else None,
        "flow_back": "yes" if asked.is_flow_back else "",
    }


def asked_listing(tx: Tx, dataset: Dataset, actor: Actor) -> Listing:
    """The listing that somebody like `actor` asks on. Raises: NothingToAskFor."""
    listed = {held.regime: held for held in listings_of(tx, dataset.id, by=actor) if held.is_listed}
    kind = actor.organization.kind if actor.organization else None
    if Regime.SHARE in listed and kind in (OrganizationKind.DEPARTMENT, OrganizationKind.BUREAU):
        return listed[Regime.SHARE]
    opened = listed.get(Regime.OPEN)
    if opened is not None and opened.access_class is AccessClass.CONDITIONAL:
        return opened
    if Regime.SHARE in listed:
        raise NothingToAskFor("only departments share data")
    raise NothingToAskFor("nothing is offered on request")


def _status(refusal: Exception) -> int:
    return status_of(refusal) if isinstance(refusal, Refusal) else 400

"""Data that people ask the city for: the public board, one wish, and a department's own view."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from starlette.responses import RedirectResponse

from catalog.demand import answer, ask, board, duties, unmet
from catalog.demand.data_request import DataRequest, DataRequestId, DataRequestState
from exchange import duty_needs
from exchange.application import ApplicationState
from exchange.unmet_requests import unmet_requests
from policies.calendar import china_day
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.errors import N_, Refusal
from policies.identity.people import organization_with_id, organizations_with_ids
from policies.party import Actor, Organization
from policies.roles import can_apply_for
from policies.terms import OrganizationId
from portal.pages.dataset_names import name_of_dataset
from portal.pages.inbox_items import days_left_words
from portal.pages.publish.publishing import own_organization
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.words import number_of
from portal.problems import status_of
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter()

PAGE: Final = 20
UNPROCESSABLE: Final = 422
_SEE_OTHER: Final = 303
_TABS: Final = (
    (None, N_("All")),
    (DataRequestState.OPEN, N_("Waiting for an answer")),
    (DataRequestState.PROMISED, N_("Promised")),
    (DataRequestState.MET, N_("Here now")),
    (DataRequestState.REFUSED, N_("Refused")),
)
_DONE: Final = {
    "asked": N_("Your wish is on the board."),
    "joined": N_("You ask for it too."),
    "left": N_("You no longer ask for it."),
    "answered": N_("The answer is on the board. Everybody who asked can read it."),
    "handed-on": N_("It is with that department now."),
    "hidden": N_("It is off the board."),
    "shown": N_("Everybody sees it again."),
    "duties": N_("The duties are saved. New wishes are matched with them."),
}
Words = Annotated[str, Form(max_length=80_000)]
Done = Annotated[str, Query(max_length=20)]


@router.get("/requests-for-data")
def show_board(
    request: Request,
    state: DataRequestState | None = None,
    department: Annotated[str, Query(max_length=100)] = "",
    first: Annotated[int, Query(ge=1, le=board.OFFSET_MAX)] = 1,
) -> Response:
    """What is asked for, by most people first."""
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    today = china_day(wiring.now())
    with wiring.pool.connection() as tx:
        asked = ask.department_named(tx, department) if department else None
        page = board.board(
            tx,
            states=tuple(DataRequestState) if state is None else (state,),
            department_id=asked.id if asked else None,
            offset=first - 1,
            limit=PAGE,
            by=actor,
        )
        departments = _departments(tx, page.requests)
        unmet_lines = [] if asked else _unmet_lines(tx, actor)
    last = first - 1 + len(page.requests)

    def here(of: DataRequestState | None, start: int = 1) -> str:
        given = {"state": of.value if of else "", "department": department}
        given |= {"first": str(start)} if start > 1 else {}
        kept = {name: value for name, value in given.items() if value}
        return "/requests-for-data" + (f"?{urlencode(kept)}" if kept else "")

    return render(
        request,
        "demand/board.html",
        unmet=unmet_lines,
        tabs=[
            {"label": say.gettext(label), "href": here(of), "is_current": of is state}
            for of, label in _TABS
        ],
        department=asked,
        requests=[
            {
                **_line(one, departments, say, today),
                "is_joined": one.id in page.joined,
            }
            for one in page.requests
        ],
        total=page.total,
        first=first if page.requests else 0,
        last=last,
        previous_href=here(state, max(1, first - PAGE)) if first > 1 else None,
        next_href=here(state, last + 1) if last < page.total else None,
    )


@router.get("/requests-for-data/new")
def show_form(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The form that asks for data, with the words of a search that found nothing."""
    return _form(request, {"title": q, "detail": "", "department": ""}, {})


@router.post("/requests-for-data")
def make_request(
    request: Request, title: Words = "", detail: Words = "", department: Words = ""
) -> Response:
    """Ask for data, or join those who did."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            asked = ask.ask(
                tx, title, detail, department=department or None, by=actor, at=wiring.now()
            )
    except Refusal as refusal:
        typed = {"title": title, "detail": detail, "department": department}
        name = str(getattr(refusal, "field", "title"))
        errors = {name if name in typed else "title": speech_of(request).refusal(refusal)}
        return _form(request, typed, errors, status=status_of(refusal))
    done = "asked" if asked.asked_by == actor.user_id else "joined"
    return _to(asked.id, done)


@router.get("/requests-for-data/{request_id}")
def show_request(request: Request, request_id: UUID, done: Done = "") -> Response:
    """One wish with its answer, or the forms that answer it."""
    return _page(request, DataRequestId(request_id), done=done, errors={}, typed={})


@router.post("/requests-for-data/{request_id}/join")
def join(request: Request, request_id: UUID, decision: Words = "join") -> Response:
    """Ask for the same, or no longer."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        if decision == "leave":
            ask.leave(tx, DataRequestId(request_id), by=actor)
            return _to(request_id, "left")
        ask.join(tx, DataRequestId(request_id), by=actor, at=wiring.now())
    return _to(request_id, "joined")


@router.post("/requests-for-data/{request_id}/answer")
def answer_request(
    request: Request,
    request_id: UUID,
    decision: Words = "",
    words: Words = "",
    promised_on: Words = "",
    dataset: Words = "",
    legal_basis: Words = "",
) -> Response:
    """Answer a wish: it will be published, it is here, or a law stands against it."""
    actor, wiring = signed_in(request), wiring_of(request)
    wish_id, at = DataRequestId(request_id), wiring.now()
    typed = {
        "decision": decision,
        "words": words,
        "promised_on": promised_on,
        "dataset": dataset,
        "legal_basis": legal_basis,
    }
    try:
        with wiring.pool.connection() as tx:
            match decision:
                case "promise":
                    day = _day(promised_on)
                    if day is None:
                        say = speech_of(request)
                        errors = {"promised_on": say.gettext("Write a day as 2026-11-22.")}
                        return _page(
                            request, wish_id, errors=errors, typed=typed, status=UNPROCESSABLE
                        )
                    answer.promise(tx, wish_id, words, on=day, by=actor, at=at)
                case "point":
                    answer.point_to(tx, wish_id, _slug(dataset), words, by=actor, at=at)
                case "refuse":
                    answer.refuse(tx, wish_id, words, legal_basis=legal_basis, by=actor, at=at)
                case _:
                    errors = {
                        "decision": speech_of(request).gettext(
                            "Choose one of the values that are offered."
                        )
                    }
                    return _page(request, wish_id, errors=errors, typed=typed, status=UNPROCESSABLE)
    except Refusal as refusal:
        field = str(getattr(refusal, "field", ""))
        places = {"answer": "words", "legal_basis": "legal_basis", "promised_on": "promised_on"}
        name = places.get(field, "dataset" if decision == "point" else "decision")
        errors = {name: speech_of(request).refusal(refusal)}
        return _page(request, wish_id, errors=errors, typed=typed, status=status_of(refusal))
    return _to(request_id, "answered")


@router.post("/requests-for-data/{request_id}/hand-on")
def hand_on(request: Request, request_id: UUID, department: Words = "") -> Response:
    """Give a wish to the department that it belongs to."""
    actor, wiring = signed_in(request), wiring_of(request)
    wish_id = DataRequestId(request_id)
    try:
        with wiring.pool.connection() as tx:
            answer.hand_on(tx, wish_id, department, by=actor, at=wiring.now())
    except Refusal as refusal:
        errors = {"department": speech_of(request).refusal(refusal)}
        return _page(request, wish_id, errors=errors, typed={}, status=status_of(refusal))
    return _to(request_id, "handed-on")


@router.post("/requests-for-data/{request_id}/hide")
def hide(
    request: Request, request_id: UUID, reason: Words = "", decision: Words = "hide"
) -> Response:
    """Take a wish off the board with a reason, or put it back."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    wish_id, is_shown = DataRequestId(request_id), decision == "show"
    if not is_shown and not reason.strip():
        errors = {"reason": say.gettext("Say why.")}
        return _page(request, wish_id, errors=errors, typed={}, status=UNPROCESSABLE)
    try:
        with wiring.pool.connection() as tx:
            answer.hide(tx, wish_id, reason="" if is_shown else reason, by=actor, at=wiring.now())
    except Refusal as refusal:
        errors = {"reason": say.refusal(refusal)}
        return _page(
            request, wish_id, errors=errors, typed={"reason": reason}, status=status_of(refusal)
        )
    return _to(request_id, "shown" if is_shown else "hidden")


@router.get("/publish/demand")
def show_demand(request: Request, done: Done = "") -> Response:
    """What is asked of one's own department, what is looked for in vain, and its duties."""
    return _demand(request, done=done, typed=None, errors={})


@router.post("/publish/demand")
def state_duties(request: Request, text: Annotated[str, Form(alias="duties")] = "") -> Response:
    """Say what the department is there for."""
    actor = signed_in(request)
    try:
        with wiring_of(request).pool.connection() as tx:
            organization = own_organization(tx, actor)
            duties.state_duties(tx, organization.id, text, by=actor)
    except Refusal as refusal:
        errors = {"duties": speech_of(request).refusal(refusal)}
        return _demand(request, typed=text, errors=errors, status=status_of(refusal))
    return RedirectResponse("/publish/demand?done=duties", _SEE_OTHER)


def _form(
    request: Request, typed: dict[str, str], errors: dict[str, str], *, status: int = 200
) -> Response:
    actor_of(request)
    say = speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        proposed = ask.propose_departments(tx, typed["title"]) if typed["title"] else []
        departments = ask.departments_to_ask(tx)
    by_id = {one.id: one for one in departments}
    return render(
        request,
        "demand/new.html",
        status=status,
        typed=typed,
        errors=errors,
        proposed=[
            {"title": by_id[one.department_id].title, "duty": one.duty}
            for one in proposed
            if one.department_id in by_id
        ],
        departments=[(one.slug, say.text(one.title)) for one in departments],
    )


@router.post("/publish/demand/needs")
def change_needs(
    request: Request,
    decision: Words = "link",
    duty: Words = "",
    dataset: Words = "",
    columns: Words = "",
) -> Response:
    """Say which data a duty needs, or that it does not any more."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            organization = own_organization(tx, actor)
            if decision == "unlink":
                for held in duty_needs.needs_of(tx, organization.id):
                    if str(held.dataset_id) == dataset and held.duty == duty:
                        duty_needs.unlink_duty(tx, organization.id, duty, held.dataset_id, by=actor)
            else:
                slug = _slug(dataset) or dataset.strip()
                named = columns.replace("；", ";").replace(",", ";").replace("，", ";").split(";")
                duty_needs.link_duty(tx, organization.id, duty, slug, named, by=actor)
    except Refusal as refusal:
        errors = {"dataset": speech_of(request).refusal(refusal)}
        return _demand(request, typed=None, errors=errors, status=status_of(refusal))
    return RedirectResponse("/publish/demand?done=duties", _SEE_OTHER)


@router.post("/publish/demand/list")
def take_in_duty_list(request: Request, file: UploadFile) -> Response:
    """Replace the duty list by a CSV file."""
    actor, wiring = signed_in(request), wiring_of(request)
    content = file.file.read(duty_needs.LIST_BYTES_MAX + 1)
    try:
        with wiring.pool.connection() as tx:
            organization = own_organization(tx, actor)
            duty_needs.take_in_duties(tx, organization.id, content, by=actor)
    except Refusal as refusal:
        errors = {"file": speech_of(request).refusal(refusal)}
        return _demand(request, typed=None, errors=errors, status=status_of(refusal))
    return RedirectResponse("/publish/demand?done=duties", _SEE_OTHER)


def _page(
    request: Request,
    request_id: DataRequestId,
    *,
    done: str = "",
    errors: dict[str, str],
    typed: dict[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        wish = board.data_request(tx, request_id, by=actor)
        departments = _departments(tx, [wish])
        is_joined = board.is_joined(tx, wish, by=actor)
        dataset = board.answer_in(tx, wish, by=actor)
        may_answer = answer.may_answer(actor, wish)
        others = ask.departments_to_ask(tx) if may_answer else []
    profile = profile_in_force(at)
    basis = profile.legal_basis(wish.legal_basis) if wish.legal_basis else None
    return render(
        request,
        "demand/one.html",
        status=status,
        request=_line(wish, departments, say, china_day(at)),
        paragraphs=wish.detail.split("\n"),
        answer=wish.answer.split("\n") if wish.answer else [],
        answered_at=wish.answered_at,
        promised_on=wish.promised_on,
        legal_basis=say.text(basis.title) if basis else wish.legal_basis,
        dataset=dataset,
        is_joined=is_joined,
        is_own=wish.asked_by == actor.user_id,
        may_answer=may_answer,
        may_point=may_answer and wish.state in (DataRequestState.OPEN, DataRequestState.PROMISED),
        hidden_reason=wish.hidden_reason,
        legal_bases=[(one.id, say.text(one.title)) for one in profile.legal_bases],
        departments=[(one.slug, say.text(one.title)) for one in others],
        message=say.gettext(_DONE[done]) if done in _DONE else None,
        typed={
            **dict.fromkeys(("decision", "words", "promised_on", "dataset", "legal_basis"), ""),
            "reason": "",
            **typed,
        },
        errors=errors,
    )


def _demand(
    request: Request,
    *,
    done: str = "",
    typed: str | None,
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    today = china_day(wiring.now())
    with wiring.pool.connection() as tx:
        organization = own_organization(tx, actor)
        page = board.board(
            tx,
            states=(DataRequestState.OPEN, DataRequestState.PROMISED),
            department_id=organization.id,
            limit=board.PAGE_MAX,
            by=actor,
        )
        stated = duties.duties_of(tx, organization.id)
        names = f"{organization.title.zh} {organization.title.en}"
        department = unmet.department_of(tx, organization.id, names)
        missed = unmet.unmet_for(tx, department, by=actor)
        departments = _departments(tx, page.requests)
        needs = [
            {
                "duty": one.duty,
                "dataset_id": str(one.dataset_id),
                "name": name_of_dataset(tx, one.dataset_id, by=actor),
                "columns": ", ".join(one.columns or ()),
            }
            for one in duty_needs.needs_of(tx, organization.id)
        ]
    return render(
        request,
        "demand/department.html",
        status=status,
        organization=organization,
        requests=[_line(one, departments, say, today) for one in page.requests],
        missed=missed,
        duties="\n".join(stated) if typed is None else typed,
        stated=stated,
        needs=needs,
        message=say.gettext(_DONE[done]) if done in _DONE else None,
        errors=errors,
    )


def _unmet_lines(tx: Tx, actor: Actor) -> list[dict[str, object]]:
    """Requests of departments that were refused or ran out of time, for those who may know."""
    lines = []
    for one in unmet_requests(tx, by=actor):
        asked = one.application
        is_own = can_apply_for(actor, asked.applicant_id)
        page = "/my/requests/" if is_own else "/inbox/request/"
        lines.append(
            {
                "href": f"{page}{asked.id}",
                "number": number_of("R", asked.id),
                "title": name_of_dataset(tx, one.listing.dataset_id, by=actor).title,
                "asker": organization_with_id(tx, asked.applicant_id).title,
                "state": "refused" if asked.state is ApplicationState.REFUSED else "overdue",
                "is_flow_back": asked.request.is_flow_back,
                "at": asked.decided_at or asked.escalated_at or asked.submitted_at,
                "words": asked.decision_reason,
            }
        )
    return lines


def _line(
    wish: DataRequest,
    departments: dict[OrganizationId, Organization],
    say: Speech,
    today: date,
) -> dict[str, object]:
    department = departments.get(wish.department_id) if wish.department_id else None
    is_late = wish.is_open and wish.due.is_breached_on(today)
    return {
        "id": str(wish.id),
        "href": f"/requests-for-data/{wish.id}",
        "title": wish.title,
        "joined": wish.joined,
        "asked_at": wish.asked_at,
        "department": department.title if department else None,
        "department_href": f"/organization/{department.slug}" if department else "",
        "state": "overdue" if is_late else _STATES[wish.state],
        "is_open": wish.is_open,
        "due": wish.due.day if wish.is_open else None,
        "due_words": days_left_words(wish.due, today, say) if wish.is_open else "",
        "promised_on": wish.promised_on,
        "hidden_reason": wish.hidden_reason,
    }


_STATES: Final = {
    DataRequestState.OPEN: "waiting",
    DataRequestState.PROMISED: "promised",
    DataRequestState.MET: "here_now",
    DataRequestState.REFUSED: "refused",
}


def _departments(
    tx: Tx, requests: tuple[DataRequest, ...] | list[DataRequest]
) -> dict[OrganizationId, Organization]:
    ids = {one.department_id for one in requests if one.department_id is not None}
    return organizations_with_ids(tx, list(ids))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        return None


def _slug(text: str) -> str:
    """The dataset's name, also where its whole address was put in."""
    return text.strip().rstrip("/").rpartition("/dataset/")[2].partition("?")[0]


def _to(request_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/requests-for-data/{request_id}?done={done}", _SEE_OTHER)

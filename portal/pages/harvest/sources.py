"""Other catalogues that are taken in: sources, dry runs, applying, undoing, the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from catalog.errors import PublisherNeeded
from catalog.harvest import apply, follow, look, name_source, undo
from catalog.harvest.changes import Act, Kind
from catalog.harvest.run import HarvestRun, Outcome, RunId, RunState
from catalog.harvest.source import ANSWER_BYTES_MAX, HarvestSource, Matching, SourceId, SourceKind
from policies.database import Tx
from policies.errors import N_, Refusal
from policies.identity.people import organizations_with_ids, user_with_id
from policies.party import Actor
from policies.roles import can_publish_for
from policies.terms import OrganizationId
from portal import harvest_jobs
from portal.body_bound import takes_bytes
from portal.incoming_file import FORM_OVERHEAD_BYTES_MAX, receive_file
from portal.languages import CITY_ZONE
from portal.pages.harvest import view
from portal.pages.harvest.form import SourceForm
from portal.pages.rendering import render, wants_part
from portal.pages.speech import Speech, speech_of
from portal.pages.typed import member_of
from portal.problems import status_of
from portal.sign_in import check_form_token, signed_in
from portal.wiring import wiring_of

router = APIRouter()

EXAMPLES: Final = 20
"""Records that one page of a list shows."""
UNPROCESSABLE: Final = 422
MESSAGES: Final = {
    "created": N_("The source is set up. Send its file, or make a dry run."),
    "changed": N_("The source is changed."),
    "sent": N_("The file has arrived. Make a dry run to see what it would change."),
    "approved": N_("The source is approved. Its records may be published now."),
    "paused": N_("The schedule leaves this source alone now."),
    "resumed": N_("The schedule looks at this source again."),
}
_SEE_OTHER: Final = 303


@router.get("/publish/harvest")
def show_sources(request: Request) -> Response:
    """Every source of one's organisation, with how its newest run went."""
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        sources = follow.sources_for(tx, by=actor)
        newest = follow.newest_runs(tx, sources)
        publishers = organizations_with_ids(tx, list({one.publisher_id for one in sources}))
    lines = [
        {
            "title": source.wishes.title,
            "href": _address(source),
            "kind": say.gettext(view.KINDS[source.wishes.kind]),
            "place": source.wishes.address or source.file_name,
            "publisher": publishers[source.publisher_id].title,
            "is_approved": source.is_approved,
            "is_paused": source.is_paused,
            "state": view.state_words(run.state, say) if run else None,
            "run": run,
            "numbers": view.numbers_of(run, say) if run and run.planned_at else [],
            "waits_for_me": view.rights_of(actor, source).may_approve_this,
        }
        for source in sources
        for run in [newest.get(source.id)]
    ]
    return render(
        request,
        "harvest/list.html",
        sources=lines,
        may_set_up=_organization_of(actor) is not None,
    )


@router.get("/publish/harvest/new")
def show_new(request: Request) -> Response:
    """The form that sets a source up."""
    if _organization_of(signed_in(request)) is None:
        raise PublisherNeeded
    return _form_page(request, SourceForm.empty(), source=None)


class SourceFields(BaseModel):
    """What the form of a source sends."""

    title_zh: str = ""
    title_en: str = ""
    kind: str = ""
    address: str = ""
    schedule: str = ""
    matching: str = ""
    guard: str = ""
    organizations: str = ""
    groups: str = ""
    query: str = ""
    set: str = ""
    prefix: str = ""
    encoding: str = ""
    delimiter: str = ""
    columns: Annotated[str, Field(max_length=10_000)] = ""


@router.post("/publish/harvest/new")
def create(request: Request, given: Annotated[SourceFields, Form()]) -> Response:
    """Set a source up, then go on to it."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    publisher_id = _organization_of(actor)
    if publisher_id is None:
        raise PublisherNeeded
    form = SourceForm(given.model_dump())
    wishes = form.wishes(say)
    if wishes is None:
        return _form_page(request, form, source=None, status=UNPROCESSABLE)
    with wiring.pool.connection() as tx:
        source = name_source.create(
            tx, wishes, publisher_id=publisher_id, by=actor, at=wiring.now()
        )
    return RedirectResponse(f"{_address(source)}?done=created", _SEE_OTHER)


@router.get("/publish/harvest/{source_id}")
def show_source(
    request: Request, source_id: UUID, done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """One source: what it is, what may be done, its runs and its log."""
    return _source_page(request, source_id, done=done)


@router.get("/publish/harvest/{source_id}/change")
def show_change(request: Request, source_id: UUID) -> Response:
    """The form that changes a source."""
    source = _source(request, source_id)
    return _form_page(request, SourceForm.of(source), source=source)


@router.post("/publish/harvest/{source_id}/change")
def change(request: Request, source_id: UUID, given: Annotated[SourceFields, Form()]) -> Response:
    """Change a source."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    source = _source(request, source_id)
    form = SourceForm(given.model_dump())
    wishes = form.wishes(say)
    if wishes is None:
        return _form_page(request, form, source=source, status=UNPROCESSABLE)
    try:
        with wiring.pool.connection() as tx:
            name_source.change(tx, source.id, wishes, by=actor, at=wiring.now())
    except Refusal as refusal:
        form.errors[""] = say.refusal(refusal)
        return _form_page(request, form, source=source, status=status_of(refusal))
    return RedirectResponse(f"{_address(source)}?done=changed", _SEE_OTHER)


@router.post("/publish/harvest/{source_id}/file")
@takes_bytes(ANSWER_BYTES_MAX + FORM_OVERHEAD_BYTES_MAX)
async def send_file(request: Request, source_id: UUID) -> Response:
    """Take the file of a source in, streamed."""
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    source = await run_in_threadpool(_source, request, source_id)
    if not view.rights_of(actor, source).may_work:
        raise PublisherNeeded
    try:
        incoming = await receive_file(request, wiring.folders.blobs)
        check_form_token(request, incoming.fields.get("csrf_token", ""))

        def keep() -> None:
            with wiring.pool.connection() as tx:
                name_source.send_file(
                    tx,
                    source.id,
                    incoming.blob,
                    file_name=incoming.file_name or "catalogue",
                    by=actor,
                    at=wiring.now(),
                )

        await run_in_threadpool(keep)
    except Refusal as refusal:
        words, status = speech_of(request).refusal(refusal), status_of(refusal)
        return await run_in_threadpool(
            lambda: _source_page(request, source_id, errors={"file": words}, status=status)
        )
    return RedirectResponse(f"{_address(source)}?done=sent", _SEE_OTHER)


@router.post("/publish/harvest/{source_id}/approve")
def approve(request: Request, source_id: UUID) -> Response:
    """Make the standing decision."""
    return _act(request, source_id, name_source.approve, "approved")


@router.post("/publish/harvest/{source_id}/pause")
def pause(request: Request, source_id: UUID) -> Response:
    """Let the schedule leave it alone."""
    return _act(request, source_id, name_source.pause, "paused")


@router.post("/publish/harvest/{source_id}/resume")
def resume(request: Request, source_id: UUID) -> Response:
    """Take it up again."""
    return _act(request, source_id, name_source.resume, "resumed")


@router.post("/publish/harvest/{source_id}/look")
def begin_look(
    request: Request, source_id: UUID, matching: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Ask for a dry run."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            run = look.begin(
                tx,
                SourceId(source_id),
                matching=member_of(Matching, matching),
                by=actor,
                at=wiring.now(),
            )
            harvest_jobs.ask(tx, harvest_jobs.LOOK, run.id)
    except Refusal as refusal:
        return _refused(request, source_id, refusal)
    return RedirectResponse(_run_address(run), _SEE_OTHER)


@router.get("/publish/harvest/{source_id}/runs/{run_id}")
def show_run(
    request: Request,
    source_id: UUID,
    run_id: UUID,
    show: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """What a run would do, does or did; while it works, the page asks again by itself."""
    return _run_page(request, source_id, run_id, show=show, kind=kind, after=after)


@router.post("/publish/harvest/{source_id}/runs/{run_id}/apply")
def begin_apply(
    request: Request,
    source_id: UUID,
    run_id: UUID,
    guard: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Carry a planned run out."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            run = apply.begin_apply(
                tx,
                SourceId(source_id),
                RunId(run_id),
                lets_guard_through=guard == "through",
                by=actor,
                at=wiring.now(),
            )
            harvest_jobs.ask(tx, harvest_jobs.APPLY, run.id)
    except Refusal as refusal:
        return _run_page(request, source_id, run_id, refusal=refusal)
    return RedirectResponse(_run_address(run), _SEE_OTHER)


@router.post("/publish/harvest/{source_id}/runs/{run_id}/undo")
def begin_undo(request: Request, source_id: UUID, run_id: UUID) -> Response:
    """Take the last applied run back."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            run = undo.begin_undo(tx, SourceId(source_id), RunId(run_id), by=actor, at=wiring.now())
            harvest_jobs.ask(tx, harvest_jobs.UNDO, run.id)
    except Refusal as refusal:
        return _run_page(request, source_id, run_id, refusal=refusal)
    return RedirectResponse(_run_address(run), _SEE_OTHER)


def _source_page(
    request: Request,
    source_id: UUID,
    *,
    done: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        source = follow.source_with_id(tx, SourceId(source_id), by=actor)
        runs = follow.runs_of(tx, source)
        log = follow.log_of(tx, source)
        held = follow.record_count(tx, source)
        names = _names(tx, {line.by_user for line in log} | {source.approved_by})
    wishes = source.wishes
    address = _address(source)
    return render(
        request,
        "harvest/source.html",
        status=status,
        title=wishes.title,
        address=address,
        message=say.gettext(MESSAGES[done]) if done in MESSAGES else None,
        errors=errors or {},
        facts=_facts(source, held, say),
        source=source,
        rights=view.rights_of(actor, source),
        approver=names.get(source.approved_by, ""),
        approved_at=source.approved_at.astimezone(CITY_ZONE) if source.approved_at else None,
        takes_file=not wishes.address and wishes.kind not in (SourceKind.CKAN, SourceKind.OAI_PMH),
        most_bytes=ANSWER_BYTES_MAX,
        matchings=[
            (matching.value, say.gettext(words)) for matching, (words, _) in view.MATCHINGS.items()
        ],
        runs=[
            {
                "href": _run_address(run),
                "number": run.number,
                "at": run.created_at.astimezone(CITY_ZONE),
                "state": view.state_words(run.state, say),
                "numbers": view.numbers_of(run, say) if run.planned_at else [],
            }
            for run in runs
        ],
        log=[view.log_words(line, names, address, say) for line in log],
        is_at_work=any(run.state.is_at_work for run in runs),
    )


def _run_page(
    request: Request,
    source_id: UUID,
    run_id: UUID,
    *,
    show: str = "",
    kind: str = "",
    after: int = 0,
    refusal: Refusal | None = None,
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    act = member_of(Act, show)
    chosen = member_of(Kind, kind)
    with wiring_of(request).pool.connection() as tx:
        source = follow.source_with_id(tx, SourceId(source_id), by=actor)
        run = follow.run_with_id(tx, source, RunId(run_id))
        acts = [one for one in Act if run.counts.get(one)]
        act = act or (acts[0] if acts else Act.ADD)
        items = follow.items_of(tx, run, act, kind=chosen, after=after, limit=EXAMPLES + 1)
        outcomes = follow.outcomes_of(tx, run)
    base = _run_address(run)
    rights = view.rights_of(actor, source)
    shown = items[:EXAMPLES]
    filtered = f"&kind={chosen.value}" if chosen else ""
    return render(
        request,
        "harvest/run_part.html" if wants_part(request) else "harvest/run.html",
        status=200 if refusal is None else status_of(refusal),
        title=source.wishes.title,
        source_href=_address(source),
        address=base,
        run=run,
        state=view.state_words(run.state, say),
        matching=say.gettext(view.MATCHINGS[run.matching][0]),
        refusal=None if refusal is None else say.refusal(refusal),
        failed=view.failure_sentence(run.failure, say) if run.failure else None,
        is_at_work=run.state.is_at_work,
        percent=_percent(run),
        numbers=view.numbers_of(run, say) if run.planned_at else [],
        kinds=view.kinds_of(run, base, say),
        notes=view.note_lines(run, say),
        guard=view.guard_words(run, say) if run.state is RunState.PLANNED else None,
        may_apply=_may_apply(run, source, rights),
        needs_approval=run.state is RunState.PLANNED and not source.is_approved,
        is_old=run.state is RunState.PLANNED and not _is_fresh(run, source),
        may_let_through=rights.may_approve,
        may_undo=run.state is RunState.APPLIED
        and source.last_run_id == run.id
        and (rights.may_work or rights.may_approve),
        tabs=[
            {
                "label": f"{say.gettext(view.ACTS[one])} {say.number(run.counts[one])}",
                "href": f"{base}?show={one.value}#records",
                "is_current": one is act,
            }
            for one in acts
        ],
        chosen=say.gettext(view.DIFFERENCES[chosen]) if chosen else None,
        lines=[view.item_line(item, say) for item in shown],
        next_href=f"{base}?show={act.value}{filtered}&after={shown[-1].position}#records"
        if len(items) > EXAMPLES
        else None,
        first_href=f"{base}?show={act.value}{filtered}#records" if after else None,
        outcomes=[
            (say.gettext(view.OUTCOMES[Outcome(name)]), say.number(count))
            for name, count in outcomes.items()
        ],
    )


def _may_apply(run: HarvestRun, source: HarvestSource, rights: view.Rights) -> bool:
    return (
        run.state is RunState.PLANNED
        and source.is_approved
        and run.total_count > 0
        and _is_fresh(run, source)
        and (rights.may_work or rights.may_approve)
    )


def _is_fresh(run: HarvestRun, source: HarvestSource) -> bool:
    return run.base_run_id == source.last_run_id and run.source_modified_at == source.modified_at


def _percent(run: HarvestRun) -> int | None:
    """How much is done; None where it is not known how much there is."""
    if run.state in (RunState.APPLYING, RunState.UNDOING) and run.total_count:
        return min(99, run.done_count * 100 // run.total_count)
    return None


def _facts(source: HarvestSource, held: int, say: Speech) -> list[tuple[str, str]]:
    wishes = source.wishes
    pairs = [
        (say.gettext("Kind"), say.gettext(view.KINDS[wishes.kind])),
        (say.gettext("From"), wishes.address or source.file_name or "—"),
        (say.gettext("Looked at"), say.gettext(view.SCHEDULES[wishes.schedule])),
        (say.gettext("Matching"), say.gettext(view.MATCHINGS[wishes.matching][0])),
        (
            say.gettext("Guard"),
            say.gettext(
                "stops where more than {bound} % would go",
                bound=say.number(wishes.guard_permille // 10),
            ),
        ),
        (say.gettext("Records here"), say.number(held)),
    ]
    if source.next_at is not None and not source.is_paused:
        pairs.append((say.gettext("Next look"), say.moment(source.next_at)))
    return pairs


def _names(tx: Tx, user_ids: set[object]) -> dict[object, str]:
    return {
        user_id: user_with_id(tx, user_id).name  # type: ignore[arg-type]  # only ids are left
        for user_id in user_ids
        if user_id is not None
    }


def _act(
    request: Request, source_id: UUID, verb: Callable[..., HarvestSource], done: str
) -> Response:
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            source = verb(tx, SourceId(source_id), by=actor, at=wiring.now())
    except Refusal as refusal:
        return _refused(request, source_id, refusal)
    return RedirectResponse(f"{_address(source)}?done={done}", _SEE_OTHER)


def _refused(request: Request, source_id: UUID, refusal: Refusal) -> Response:
    """The source's page with what went wrong; where it may not even be seen, just that."""
    words = speech_of(request).refusal(refusal)
    return _source_page(request, source_id, errors={"": words}, status=status_of(refusal))


def _form_page(
    request: Request, form: SourceForm, *, source: HarvestSource | None, status: int = 200
) -> Response:
    say = speech_of(request)
    return render(
        request,
        "harvest/form.html",
        status=status,
        typed=form.values,
        errors=form.errors,
        labels=form.labels(say),
        action=f"{_address(source)}/change" if source else "/publish/harvest/new",
        back_href=_address(source) if source else "/publish/harvest",
        is_new=source is None,
        kinds=[(kind.value, say.gettext(words), None) for kind, words in view.KINDS.items()],
        schedules=[
            (schedule.value, say.gettext(words)) for schedule, words in view.SCHEDULES.items()
        ],
        matchings=[
            (matching.value, say.gettext(words), say.gettext(hint))
            for matching, (words, hint) in view.MATCHINGS.items()
        ],
    )


def _source(request: Request, source_id: UUID) -> HarvestSource:
    with wiring_of(request).pool.connection() as tx:
        return follow.source_with_id(tx, SourceId(source_id), by=signed_in(request))


def _organization_of(actor: Actor) -> OrganizationId | None:
    """The organisation that the actor publishes for: the one acted for, else the first."""
    if actor.organization and can_publish_for(actor, actor.organization.id):
        return actor.organization.id
    return next(
        (
            held.organization_id
            for held in actor.memberships
            if held.organization_id and can_publish_for(actor, held.organization_id)
        ),
        None,
    )


def _address(source: HarvestSource) -> str:
    return f"/publish/harvest/{source.id}"


def _run_address(run: HarvestRun) -> str:
    return f"/publish/harvest/{run.source_id}/runs/{run.id}"

"""What feeds a dataset's table by itself: the source, a try of it, its schedule and its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse

from catalog import find
from catalog.connections import begin, follow, set_up
from catalog.connections.connection import Connection, ConnectionState, SourceKind
from catalog.connections.connection_run import ConnectionRun, RunState
from catalog.connections.errors import ConnectionNotFound, SecretNeeded, StatementIsNotOneSelect
from catalog.connections.rhythm import Every, Rhythm
from catalog.dataset import Dataset, Distribution
from catalog.file_errors import KeyUndeclared
from catalog.way_in import Way
from policies.database import Tx
from policies.errors import N_, Refusal
from policies.identity.people import user_with_id
from policies.party import Actor
from policies.terms import UserId
from portal import connection_jobs
from portal.key_file import sealing_key
from portal.languages import CITY_ZONE
from portal.pages.publish.change_words import way_choices, way_words
from portal.pages.publish.connection_form import ConnectionForm, time_words
from portal.pages.publish.publishing import FIRST_DISTRIBUTION
from portal.pages.rendering import render, wants_part
from portal.pages.speech import Speech, speech_of
from portal.pages.typed import member_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

UNPROCESSABLE: Final = 422
KINDS: Final[Mapping[SourceKind, tuple[str, str]]] = {
    SourceKind.URL: (
        N_("An address on the web"),
        N_("A file behind https://, asked for only when it changed."),
    ),
    SourceKind.POSTGRESQL: (
        N_("A PostgreSQL database"),
        N_("One SELECT, in a session that can only read."),
    ),
    SourceKind.MYSQL: (
        N_("A MySQL database"),
        N_("One SELECT, in a session that can only read; MariaDB too."),
    ),
    SourceKind.SFTP: (
        N_("A file by SFTP"),
        N_("The server's key is noted when it is first seen."),
    ),
}
RHYTHMS: Final[Mapping[Every, str]] = {
    Every.BY_HAND: N_("Only when asked"),
    Every.HOUR: N_("Every hour"),
    Every.DAY: N_("Every day"),
    Every.WEEK: N_("Every week"),
    Every.MONTH: N_("Every month"),
}
STATES: Final[Mapping[ConnectionState, tuple[str, str, str]]] = {
    ConnectionState.DRAFT: (N_("Not switched on yet"), "clock", "wait"),
    ConnectionState.ON: (N_("Switched on"), "check", "good"),
    ConnectionState.PAUSED: (N_("Paused"), "stop", ""),
}
RUN_STATES: Final[Mapping[RunState, tuple[str, str, str]]] = {
    RunState.QUEUED: (N_("Queued"), "clock", ""),
    RunState.FETCHING: (N_("The source is being read"), "clock", "info"),
    RunState.LOADING: (N_("Being loaded"), "clock", "info"),
    RunState.LOADED: (N_("Loaded"), "check", "good"),
    RunState.UNCHANGED: (N_("Nothing new at the source"), "check", "good"),
    RunState.TRIED: (N_("Tried"), "eye", "good"),
    RunState.FAILED: (N_("Failed"), "cross", "bad"),
}
MESSAGES: Final = {
    "connected": N_("The source is noted. Try it, to see what comes."),
    "switch-on": N_("It is switched on."),
    "pause": N_("It is paused. Nothing is read until it is switched on again."),
    "forget-host-key": N_("The noted key is forgotten. Try it again, and compare the new one."),
    "remove": N_("The connection is taken away. What was loaded stays."),
}
_WEEKDAYS: Final = (
    *(N_("on Mondays"), N_("on Tuesdays"), N_("on Wednesdays"), N_("on Thursdays")),
    *(N_("on Fridays"), N_("on Saturdays"), N_("on Sundays")),
)
_SEE_OTHER: Final = 303


class ConnectionFields(BaseModel):
    """What the form of a source sends."""

    kind: str = ""
    address: str = ""
    host: str = ""
    port: str = ""
    database: str = ""
    user: str = ""
    password: str = ""
    key: Annotated[str, Field(max_length=20_000)] = ""
    path: str = ""
    statement: Annotated[str, Field(max_length=40_000)] = ""
    every: str = ""
    time: str = ""
    day: str = ""
    way: str = Way.REPLACE.value


@router.get("/publish/{slug}/connection")
def show(request: Request, slug: str, done: Annotated[str, Query(max_length=40)] = "") -> Response:
    """What feeds the table, how its newest run went and what may be done."""
    return _page(request, slug, done=done)


@router.get("/publish/{slug}/connection/change")
def show_form(
    request: Request, slug: str, kind: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """The form of a source of one kind."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        dataset, place = _place(tx, slug, actor)
        held = _held(tx, place, actor)
    chosen = member_of(SourceKind, kind)
    if held is not None and chosen in (None, held.source.kind):
        form = ConnectionForm.of(held)
    else:
        form = ConnectionForm.empty(chosen or SourceKind.URL)
    return _form_page(request, dataset, form, held)


@router.post("/publish/{slug}/connection/change")
def connect(request: Request, slug: str, given: Annotated[ConnectionFields, Form()]) -> Response:
    """Note where the data comes from."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset, place = _place(tx, slug, actor)
        held = _held(tx, place, actor)
    form = ConnectionForm(member_of(SourceKind, given.kind) or SourceKind.URL, given.model_dump())
    wishes = form.wishes(say)
    if wishes is None:
        return _form_page(request, dataset, form, held, status=UNPROCESSABLE)
    try:
        with wiring.pool.connection() as tx:
            set_up.connect(
                tx,
                place,
                wishes.source,
                wishes.rhythm,
                way=wishes.way,
                secret=wishes.secret,
                sealing_key=sealing_key(wiring),
                by=actor,
                at=wiring.now(),
            )
    except Refusal as refusal:
        form.errors[_field_of(refusal)] = say.refusal(refusal)
        return _form_page(request, dataset, form, held, status=status_of(refusal))
    return RedirectResponse(f"{_address(slug)}?done=connected", _SEE_OTHER)


@router.post("/publish/{slug}/connection/try")
def try_it(request: Request, slug: str) -> Response:
    """Ask for the first rows."""
    return _begin(request, slug, begin.begin_try)


@router.post("/publish/{slug}/connection/run")
def run_now(request: Request, slug: str) -> Response:
    """Read the source now."""
    return _begin(request, slug, begin.begin_now)


@router.post("/publish/{slug}/connection/switch-on")
def switch_on(request: Request, slug: str) -> Response:
    """Let its runs take data in."""
    return _act(request, slug, set_up.switch_on, "switch-on")


@router.post("/publish/{slug}/connection/pause")
def pause(request: Request, slug: str) -> Response:
    """Leave the source alone."""
    return _act(request, slug, set_up.pause, "pause")


@router.post("/publish/{slug}/connection/forget-host-key")
def forget_host_key(request: Request, slug: str) -> Response:
    """Let the next try note the server's key anew."""
    return _act(request, slug, set_up.forget_host_key, "forget-host-key")


@router.post("/publish/{slug}/connection/remove")
def remove(request: Request, slug: str) -> Response:
    """Take the connection away."""
    return _act(request, slug, set_up.disconnect, "remove")


def failure_words_of(run: ConnectionRun, say: Speech) -> str | None:
    """Why a run failed; None where it did not."""
    return None if run.failure is None else say.refusal(follow.refusal_of(run.failure))


def _page(
    request: Request, slug: str, *, done: str = "", refusal: Refusal | None = None
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset, place = _place(tx, slug, actor)
        held = _held(tx, place, actor)
        runs = [] if held is None else follow.runs_of(tx, held)
        names: dict[UserId | None, str] = {
            user_id: user_with_id(tx, user_id).name
            for user_id in {run.started_by for run in runs}
            if user_id is not None
        }
    newest = runs[0] if runs else None
    address = _address(slug)
    return render(
        request,
        "publish/connection_run.html" if wants_part(request) else "publish/connection.html",
        status=200 if refusal is None else status_of(refusal),
        title=dataset.entry.title,
        back_href=f"/publish/{slug}",
        address=address,
        message=say.gettext(MESSAGES[done]) if done in MESSAGES else None,
        errors={} if refusal is None else {"": say.refusal(refusal)},
        kinds=[
            (f"{address}/change?kind={kind.value}", say.gettext(name), say.gettext(hint))
            for kind, (name, hint) in KINDS.items()
        ],
        held=held,
        state=_words(STATES[held.state], say) if held else None,
        facts=_facts(held, say) if held else [],
        statement=held.source.statement if held else "",
        newest=newest and _line(newest, slug, names, say),
        is_at_work=newest is not None and newest.state.is_at_work,
        look=next((run.look for run in runs if run.look), None) if held and held.is_tried else None,
        runs=[_line(run, slug, names, say) for run in runs],
    )


def _facts(held: Connection, say: Speech) -> list[tuple[str, str]]:
    source = held.source
    pairs = [
        (say.gettext("Kind"), say.gettext(KINDS[source.kind][0])),
        (say.gettext("From"), source.place),
    ]
    if source.user:
        pairs.append((say.gettext("User name"), source.user))
    if held.sealed_secret is not None:
        pairs.append((say.gettext("Password or key"), say.gettext("stored, sealed")))
    if held.host_key:
        pairs.append((say.gettext("Key of the server"), held.host_key))
    pairs.append((say.gettext("Read"), rhythm_words(held.rhythm, say)))
    if held.way is not Way.REPLACE:
        pairs.append((say.gettext("Rows that come"), way_words(held.way, say)))
    if held.next_at is not None:
        pairs.append((say.gettext("Next time"), say.moment(held.next_at)))
    if held.failures:
        pairs.append((say.gettext("Failed in a row"), say.number(held.failures)))
    return pairs


def rhythm_words(rhythm: Rhythm, say: Speech) -> str:
    """A schedule in words."""
    every = say.gettext(RHYTHMS[rhythm.every])
    time = time_words(rhythm.minute)
    match rhythm.every:
        case Every.BY_HAND:
            return every
        case Every.HOUR:
            return say.gettext(
                "{every}, at minute {minute}", every=every, minute=rhythm.minute % 60
            )
        case Every.DAY:
            return say.gettext("{every} at {time}", every=every, time=time)
        case Every.WEEK:
            day = say.gettext(_WEEKDAYS[rhythm.day - 1])
            return say.gettext("{every} {day} at {time}", every=every, day=day, time=time)
        case Every.MONTH:
            return say.gettext(
                "{every} on day {day} at {time}", every=every, day=rhythm.day, time=time
            )


def _line(
    run: ConnectionRun, slug: str, names: Mapping[UserId | None, str], say: Speech
) -> dict[str, object]:
    sizes = []
    if run.row_count is not None:
        sizes.append(say.ngettext("{count} row", "{count} rows", run.row_count))
    if run.size_bytes is not None:
        sizes.append(say.bytes(run.size_bytes))
    return {
        "number": run.number,
        "at": run.created_at.astimezone(CITY_ZONE),
        "what": say.gettext("Try") if run.is_try else say.gettext("Read"),
        "by": names.get(run.started_by, say.gettext("the schedule")),
        "state": _words(RUN_STATES[run.state], say),
        "sizes": " · ".join(sizes),
        "failed": failure_words_of(run, say),
        "upload_href": f"/publish/{slug}/upload/{run.upload_id}" if run.upload_id else None,
    }


def _words(state: tuple[str, str, str], say: Speech) -> tuple[str, str, str]:
    return say.gettext(state[0]), state[1], state[2]


def _form_page(
    request: Request,
    dataset: Dataset,
    form: ConnectionForm,
    held: Connection | None,
    *,
    status: int = 200,
) -> Response:
    say = speech_of(request)
    name, hint = KINDS[form.kind]
    return render(
        request,
        "publish/connection_form.html",
        status=status,
        title=dataset.entry.title,
        back_href=f"/publish/{dataset.slug}",
        address=_address(dataset.slug),
        kind=form.kind.value,
        kind_words=say.gettext(name),
        kind_hint=say.gettext(hint),
        typed=form.values,
        errors=form.errors,
        labels=form.labels(say),
        keeps_secret=held is not None and held.sealed_secret is not None,
        ways=way_choices(say),
        rhythms=[(every.value, say.gettext(words)) for every, words in RHYTHMS.items()],
    )


def _begin(request: Request, slug: str, verb: Callable[..., ConnectionRun]) -> Response:
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            _, place = _place(tx, slug, actor)
            run = verb(tx, place, by=actor, at=wiring.now())
            connection_jobs.ask(tx, run.id)
    except Refusal as refusal:
        return _page(request, slug, refusal=refusal)
    return RedirectResponse(_address(slug), _SEE_OTHER)


def _act(
    request: Request, slug: str, verb: Callable[..., Connection | None], done: str
) -> Response:
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            _, place = _place(tx, slug, actor)
            verb(tx, place, by=actor, at=wiring.now())
    except Refusal as refusal:
        return _page(request, slug, refusal=refusal)
    return RedirectResponse(f"{_address(slug)}?done={done}", _SEE_OTHER)


def _place(tx: Tx, slug: str, actor: Actor) -> tuple[Dataset, Distribution]:
    dataset = find.dataset_named(tx, slug, by=actor)
    return dataset, find.distribution_named(tx, dataset, FIRST_DISTRIBUTION)


def _held(tx: Tx, place: Distribution, actor: Actor) -> Connection | None:
    try:
        return follow.connection_of(tx, place, by=actor)
    except ConnectionNotFound:
        return None


def _field_of(refusal: Refusal) -> str:
    if isinstance(refusal, SecretNeeded):
        return "password"
    if isinstance(refusal, StatementIsNotOneSelect):
        return "statement"
    if isinstance(refusal, KeyUndeclared):
        return "way"
    return str(getattr(refusal, "field", ""))


def _address(slug: str) -> str:
    return f"/publish/{slug}/connection"

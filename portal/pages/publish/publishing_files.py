"""A publisher's files: the form that sends one, and how far its reading has come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from catalog import find
from catalog.arrivals import arrive
from catalog.arrivals.arrival import ArrivalId
from catalog.blobs import UPLOAD_BYTES_MAX
from catalog.curation import describe
from catalog.dataset import Distribution
from catalog.errors import DistributionNotFound, TitleMissing
from catalog.file_errors import KeyUndeclared
from catalog.files.wish import NO_WISH
from catalog.find import DistributionOverview, Overview
from catalog.upload import choose_way
from catalog.version import Stage, Upload, UploadId, UploadState, Version
from catalog.way_in import Way
from policies.errors import Refusal
from policies.party import SLUG_LENGTH_CHARACTERS, Actor
from policies.terms import Text
from portal.accept_upload import accept, finished, load, place_of
from portal.body_bound import takes_bytes
from portal.errors import FileMissing
from portal.incoming_file import (
    FIELD_BYTES_MAX,
    FIELDS_MAX,
    INCOMING_BYTES_MAX,
    receive_form,
)
from portal.pages.publish.change_words import change_pairs, way_choices
from portal.pages.publish.publishing import FIRST_DISTRIBUTION, MESSAGES, stage_names
from portal.pages.publish.workbench import Step, failure_words, work_on
from portal.pages.rendering import render, wants_part
from portal.pages.speech import Speech, speech_of
from portal.pages.typed import member_of
from portal.problems import status_of
from portal.sign_in import check_form_token, signed_in
from portal.wiring import Wiring, wiring_of

router = APIRouter()

_Distribution = Annotated[
    str,
    Query(max_length=SLUG_LENGTH_CHARACTERS, description="Where it goes, if not into the first."),
]

_SEE_OTHER: Final = 303
_STAGE_OF_FILE: Final = 2
_READ_PERCENT: Final = 70
"""Of the bar; checking is the rest."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A file that its sender began to send and did not end."""

    name: str
    share: str
    """How much of it is here, in words."""
    begun_at: datetime
    expires_at: datetime
    drop_href: str


@router.get("/publish/{slug}/upload")
def show_form(
    request: Request,
    slug: str,
    done: Annotated[str, Query(max_length=40)] = "",
    distribution: _Distribution = "",
) -> Response:
    """The form that sends a file."""
    return _form(request, slug, distribution, done=done, errors={}, status=200)


@router.post("/publish/{slug}/distributions")
def add_place(request: Request, slug: str, title: Annotated[str, Form()] = "") -> Response:
    """Make room for a further table or document of the dataset, then send its file."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    words = title.strip()
    try:
        if not words:
            raise TitleMissing
        with wiring.pool.connection() as tx:
            dataset = find.dataset_named(tx, slug, by=actor)
            taken = {one.slug for one in find.distributions_of(tx, dataset)}
            made = describe.add_distribution(
                tx,
                dataset.id,
                next(name for name in _place_names() if name not in taken),
                Text(en=words) if words.isascii() else Text(zh=words),
                by=actor,
                at=wiring.now(),
            )
    except Refusal as refusal:
        errors, status = {"title": say.refusal(refusal)}, status_of(refusal)
        typed = {"title": title}
        return _form(request, slug, "", done="", errors=errors, status=status, typed=typed)
    return RedirectResponse(f"/publish/{slug}/upload?distribution={made.slug}", _SEE_OTHER)


@router.post("/publish/{slug}/upload")
@takes_bytes(INCOMING_BYTES_MAX)
async def send(request: Request, slug: str, distribution: _Distribution = "") -> Response:
    """Take a file in, streamed, then show how its reading goes."""
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    try:
        name = distribution or FIRST_DISTRIBUTION
        place = await run_in_threadpool(place_of, wiring, actor, slug, name)
        form = await receive_form(
            request,
            wiring.folders.blobs,
            fields_max=FIELDS_MAX,
            field_bytes_max=FIELD_BYTES_MAX,
        )
        fields = dict(form.pairs)
        check_form_token(request, fields.get("csrf_token", ""))
        is_held = bool(fields.get("look"))
        way = member_of(Way, fields.get("way", "")) or Way.REPLACE
        place = await run_in_threadpool(_with_key, wiring, actor, place, way, fields.get("key", ""))
        sent = await run_in_threadpool(
            lambda: (
                accept(wiring, actor, place, form.file, None, is_held=is_held, way=way)
                if form.file is not None
                else _arrived(wiring, actor, fields.get("upload", ""), is_held=is_held, way=way)
            )
        )
    except Refusal as refusal:
        field = "key" if isinstance(refusal, KeyUndeclared) else "file"
        words, status = {field: speech_of(request).refusal(refusal)}, status_of(refusal)
        return await run_in_threadpool(
            lambda: _form(
                request, slug, distribution, done="", errors=words, status=status, typed=fields
            )
        )
    after = "/reading" if is_held and sent.state is UploadState.HELD else ""
    return RedirectResponse(f"/publish/{slug}/upload/{sent.id}{after}", _SEE_OTHER)


@router.post("/publish/{slug}/upload/unfinished/{arrival_id}/drop")
def drop_begun(request: Request, slug: str, arrival_id: UUID) -> Response:
    """Throw away what is here of a file that comes no more."""
    wiring, actor = wiring_of(request), signed_in(request)
    blobs = wiring.folders.blobs
    arrive.drop(wiring.pool, blobs, ArrivalId(arrival_id), by=actor, at=wiring.now())
    return RedirectResponse(f"/publish/{slug}/upload", _SEE_OTHER)


@router.get("/publish/{slug}/upload/{upload_id}")
def show_progress(request: Request, slug: str, upload_id: UUID) -> Response:
    """How far the reading and checking of a file has come; asked again by the page itself."""
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        upload = find.upload_with_id(tx, UploadId(upload_id), by=actor)
        version = find.version_of_upload(tx, upload)
    failed = failure_words(upload, say)
    is_finished = (
        failed is not None
        or upload.state in (UploadState.PARTED, UploadState.KEPT)
        or (version is not None and version.verdict is not None)
    )
    return render(
        request,
        "publish/progress_steps.html" if wants_part(request) else "publish/progress.html",
        title=say.text(dataset.entry.title),
        file_name=f"{upload.file_name} · {say.bytes(upload.size_bytes)}",
        steps=_steps(upload, version, say),
        percent=_percent(upload, version),
        is_finished=is_finished,
        next_href=f"/publish/{slug}",
        again_href=f"/publish/{slug}/upload",
        reading_href=f"/publish/{slug}/upload/{upload.id}/reading",
        failed=failed,
        changes=change_pairs(version, say),
        poll_href=f"/publish/{slug}/upload/{upload.id}",
    )


def _place_names() -> Iterator[str]:
    """Names for further distributions; their titles say what they are."""
    return (f"{FIRST_DISTRIBUTION}-{number}" for number in count(2))


def _with_key(
    wiring: Wiring, actor: Actor, place: Distribution, way: Way, typed: str
) -> Distribution:
    """The distribution with the key by which its rows are to be known, where one was typed.

    Raises: DatasetNotFound, PublisherNeeded, TooManyEntries.
    """
    key = tuple(name for part in re.split("[,，、]", typed) if (name := part.strip()))
    if way is not Way.UPSERT or not key or key == place.key_columns:
        return place
    with wiring.pool.connection() as tx:
        return describe.change_distribution(
            tx, place, title=place.title, key_columns=key, by=actor, at=wiring.now()
        )


def _arrived(wiring: Wiring, actor: Actor, address: str, *, is_held: bool, way: Way) -> Upload:
    """The upload that the pieces sent by script became, and have it read.

    Raises: FileMissing, ArrivalNotFound, and what accepting an upload raises.
    """
    try:
        arrival_id = ArrivalId(UUID(address.rsplit("/", 1)[-1]))
    except ValueError:
        raise FileMissing from None
    arrival = finished(wiring, actor, arrival_id)
    if arrival.upload_id is None:
        raise FileMissing
    with wiring.pool.connection() as tx:
        sent = find.upload_with_id(tx, arrival.upload_id, by=actor)
    if sent.state is not UploadState.HELD:
        return sent
    if not is_held:
        return load(wiring, actor, sent, NO_WISH, way=way)
    with wiring.pool.connection() as tx:
        return choose_way(tx, sent, way, by=actor)


def _form(
    request: Request,
    slug: str,
    distribution: str,
    *,
    done: str,
    errors: dict[str, str],
    status: int,
    typed: dict[str, str] | None = None,
) -> Response:
    actor, say, at = signed_in(request), speech_of(request), wiring_of(request).now()
    with wiring_of(request).pool.connection() as tx:
        work = work_on(tx, slug, by=actor, at=at, say=say)
        begun = arrive.unfinished_of(tx, by=actor, at=at)
    held = _held(work.overview, distribution)
    given = typed or {}
    here = f"/publish/{slug}/upload"
    of = f"?distribution={distribution}" if distribution else ""
    places = {one.distribution.id for one in work.overview.distributions}
    return render(
        request,
        "publish/upload.html",
        status=status,
        action=f"{here}{of}",
        places=[
            (
                say.text(one.distribution.title) or one.distribution.slug,
                here if number == 0 else f"{here}?distribution={one.distribution.slug}",
                one is held,
            )
            for number, one in enumerate(work.overview.distributions)
        ],
        add_href=f"/publish/{slug}/distributions",
        new_title=given.get("title", ""),
        stages_named=stage_names(say),
        stage=_STAGE_OF_FILE,
        title=work.overview.dataset.entry.title,
        back_href=f"/publish/{slug}",
        message=say.gettext(MESSAGES[done]) if done in MESSAGES else None,
        upload_href=f"{_place_href(slug, distribution)}/resumable-uploads",
        errors=errors,
        accepted=say.gettext(
            "CSV, Excel, ODS, JSON, GeoJSON, Shapefile, GeoPackage, Parquet, Arrow, "
            "or a zip of tables; PDF, Word and pictures are kept as they are"
        ),
        most_bytes=UPLOAD_BYTES_MAX,
        ways=way_choices(say) if held is not None and held.newest is not None else [],
        way=given.get("way", Way.REPLACE.value),
        key=given.get("key") or ", ".join(held.distribution.key_columns if held else ()),
        begun=[
            Begun(
                one.file_name,
                say.gettext("{arrived} of {size}").format(
                    arrived=say.bytes(one.arrived_bytes), size=say.bytes(one.size_bytes)
                ),
                one.begun_at,
                one.expires_at,
                f"/publish/{slug}/upload/unfinished/{one.id}/drop",
            )
            for one in begun
            if one.distribution_id in places
        ],
    )


def _place_href(slug: str, distribution: str) -> str:
    return f"/api/v1/datasets/{slug}/distributions/{distribution or FIRST_DISTRIBUTION}"


def _held(overview: Overview, distribution: str) -> DistributionOverview | None:
    """The distribution that a file goes to; None where there is none yet.

    Raises: DistributionNotFound.
    """
    if not distribution:
        return overview.distributions[0] if overview.distributions else None
    for held in overview.distributions:
        if held.distribution.slug == distribution:
            return held
    raise DistributionNotFound(distribution)


def _percent(upload: Upload, version: Version | None) -> int:
    if upload.state in (UploadState.PARTED, UploadState.KEPT):
        return 100
    if version is None:
        return upload.done_permille * _READ_PERCENT // 1000
    return 100 if version.verdict is not None else _READ_PERCENT


def _steps(upload: Upload, version: Version | None, say: Speech) -> list[Step]:
    names = {
        Stage.RECOGNISING: say.gettext("Encoding and delimiter recognised"),
        Stage.READING: say.gettext("Read from beginning to end"),
        Stage.TYPING: say.gettext("Types settled for every column"),
        Stage.STORING: say.gettext("Stored as a version"),
    }
    steps = [Step(say.gettext("Arrived"), "done", upload.uploaded_at)]
    if upload.state is UploadState.PARTED:
        return [*steps, Step(say.gettext("Each table in it is read by itself"), "done")]
    if upload.state is UploadState.KEPT:
        kept = say.gettext("No table: kept as it is, and not rated")
        return [*steps, Step(kept, "done")]
    stages = list(names)
    is_failed = upload.state is UploadState.FAILED
    reached = (
        len(stages) if version is not None
        else stages.index(Stage(upload.stage)) if upload.stage in stages
        else 0
    )  # fmt: skip
    for place, stage in enumerate(stages):
        if place < reached:
            state = "done"
        elif place == reached and upload.state is not UploadState.QUEUED:
            state = "stopped" if is_failed else "now"
        else:
            state = "later"
        steps.append(Step(names[stage], state))
    steps.append(_check_step(version, say))
    return steps


def _check_step(version: Version | None, say: Speech) -> Step:
    name = say.gettext("Checked by the rules")
    if version is None:
        return Step(name, "later")
    if version.verdict is None:
        return Step(name, "now")
    if version.lets_pass:
        return Step(name, "done", version.assessed_at)
    return Step(
        name, "stopped", version.assessed_at, note=say.gettext("The gate blocked it; see why.")
    )

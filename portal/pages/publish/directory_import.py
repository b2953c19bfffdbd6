"""A department's whole directory by spreadsheet: template, export, dry run, and doing it."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, File, Request, Response, UploadFile
from starlette.responses import RedirectResponse

from catalog import directory_import
from catalog.directory_import import FILE_BYTES_MAX, Fate, Plan
from catalog.errors import PublisherNeeded
from catalog.formats.directory_sheet import COLUMNS
from policies.database import Tx
from policies.errors import Refusal
from policies.identity.people import organization_with_id
from policies.party import Actor, Organization
from policies.roles import can_publish_for
from portal.body_bound import takes_bytes
from portal.handing_out import content_disposition
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

PLACE: Final = "/publish/import-directory"
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_SHOWN_MAX: Final = 500
_BODY_BYTES_MAX: Final = FILE_BYTES_MAX + (64 << 10)
_SEE_OTHER: Final = 303
_TOO_LARGE: Final = 413
_ORDER: Final = (Fate.WRONG, Fate.NEW, Fate.CHANGED, Fate.SAME)


@router.get(PLACE)
def show_import(request: Request) -> Response:
    """Where a spreadsheet is sent, and the template to fill in."""
    with wiring_of(request).pool.connection() as tx:
        _publisher_of(tx, signed_in(request))
    return _form(request, {})


@router.get(f"{PLACE}/template.xlsx")
def download_template() -> Response:
    """The empty spreadsheet."""
    return _sheet(directory_import.template(), "政务信息资源目录模板.xlsx")


@router.get(f"{PLACE}/export.xlsx")
def download_directory(request: Request) -> Response:
    """One's own directory in the same spreadsheet."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        publisher = _publisher_of(tx, actor)
        content = directory_import.export(tx, publisher.id, by=actor)
    return _sheet(content, f"{publisher.title.zh or publisher.slug}目录.xlsx")


@router.post(PLACE)
@takes_bytes(_BODY_BYTES_MAX)
def send_sheet(request: Request, file: Annotated[UploadFile, File()]) -> Response:
    """Read what was sent and show what would become of it."""
    actor, wiring, say = signed_in(request), wiring_of(request), speech_of(request)
    content = file.file.read(FILE_BYTES_MAX + 1)
    if not content:
        return _form(request, {"file": say.gettext("Choose a spreadsheet.")}, status=422)
    if len(content) > FILE_BYTES_MAX:
        return _form(request, {"file": say.gettext("The file is too large.")}, status=_TOO_LARGE)
    try:
        cells = directory_import.read_cells(content, wiring.confinement, caller=str(actor.user_id))
        with wiring.pool.connection() as tx:
            publisher = _publisher_of(tx, actor)
            kept = directory_import.keep(
                tx,
                cells,
                publisher.id,
                file_name=file.filename or "",
                by=actor,
                at=wiring.now(),
            )
    except Refusal as refusal:
        return _form(request, {"file": say.refusal(refusal)}, status=status_of(refusal))
    return RedirectResponse(f"{PLACE}/{kept}", status_code=_SEE_OTHER)


@router.get(PLACE + "/{import_id}")
def show_plan(request: Request, import_id: UUID) -> Response:
    """What would become of each row; nothing is done yet."""
    with wiring_of(request).pool.connection() as tx:
        plan = directory_import.plan(tx, import_id, by=signed_in(request))
    return _plan_page(request, plan, is_done=False)


@router.post(PLACE + "/{import_id}")
def carry_out(request: Request, import_id: UUID) -> Response:
    """Do what was shown."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        done = directory_import.carry_out(tx, import_id, by=signed_in(request), at=wiring.now())
    return _plan_page(request, done, is_done=True)


def _form(request: Request, errors: dict[str, str], *, status: int = 200) -> Response:
    return render(
        request,
        "publish/import_directory.html",
        status=status,
        errors=errors,
        place=PLACE,
        most_bytes=FILE_BYTES_MAX,
        columns=[(one.heading, one.english, one.choices, one.is_needed) for one in COLUMNS],
    )


def _plan_page(request: Request, plan: Plan, *, is_done: bool) -> Response:
    say = speech_of(request)
    rows = sorted(plan.rows, key=lambda one: (_ORDER.index(one.fate), one.row.number))
    return render(
        request,
        "publish/import_directory_plan.html",
        place=f"{PLACE}/{plan.id}",
        back=PLACE,
        is_done=is_done,
        file_name=plan.file_name,
        publisher=plan.publisher.title,
        words=say.text(plan.words) if plan.words else "",
        counts=[(fate.value, _fate_words(fate, say), plan.count(fate)) for fate in _ORDER],
        may_carry_out=not is_done and bool(plan.count(Fate.NEW) + plan.count(Fate.CHANGED)),
        more=max(0, len(rows) - ROWS_SHOWN_MAX),
        rows=[
            {
                "number": one.row.number,
                "title": say.text(one.row.title),
                "slug": one.row.slug,
                "href": f"/publish/{one.row.slug}" if is_done and one.dataset_id else "",
                "fate": one.fate.value,
                "fate_words": _fate_words(one.fate, say),
                "errors": [
                    (error.heading, error.value, say.text(error.words)) for error in one.row.errors
                ],
            }
            for one in rows[:ROWS_SHOWN_MAX]
        ],
    )


def _fate_words(fate: Fate, say: Speech) -> str:
    return {
        Fate.NEW: say.gettext("New"),
        Fate.CHANGED: say.gettext("Changed"),
        Fate.SAME: say.gettext("As it is"),
        Fate.WRONG: say.gettext("To be mended"),
    }[fate]


def _publisher_of(tx: Tx, actor: Actor) -> Organization:
    if actor.organization and can_publish_for(actor, actor.organization.id):
        return actor.organization
    for held in actor.memberships:
        if held.organization_id and can_publish_for(actor, held.organization_id):
            return organization_with_id(tx, held.organization_id)
    raise PublisherNeeded


def _sheet(content: bytes, file_name: str) -> Response:
    return Response(
        content,
        media_type=MEDIA_TYPE,
        headers={
            "Content-Disposition": content_disposition(file_name),
            "Cache-Control": "private, no-store",
        },
    )

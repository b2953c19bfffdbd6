"""How an uploaded file is read: the guess, its first rows, and the publisher's own choices."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from catalog import find, upload
from catalog.files.looked import Look
from catalog.files.wish import Wish
from catalog.version import ColumnType, Reading, Upload, UploadId, UploadState
from policies.errors import Refusal
from portal.accept_upload import load, read_again
from portal.pages.dataset.rows import type_words
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import Wiring, wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303
HEADER_ROW_MAX: Final = 50
TYPES_OFFERED_MAX: Final = 300
"""Columns that a form can ask about."""
_TYPED_KINDS: Final = ("parquet", "arrow")
_ENCODINGS: Final = ("utf-8", "gb18030", "big5", "utf-16", "shift_jis", "euc-kr", "windows-1252")
_DELIMITERS: Final = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}


class Choices(BaseModel):
    """What the form asks for; empty leaves it to the file."""

    encoding: str = ""
    delimiter: str = ""
    header: str = ""
    """`none`, or the number of the row that names the columns."""
    part: str = ""
    columns: list[str] = []
    """The names of the columns that types were offered for, in order."""
    types: list[str] = []
    """The type of each of them; empty leaves it to the file."""

    def as_wish(self) -> Wish:
        """The choices as the readers know them; what is no choice is left to the file."""
        row = int(self.header) if self.header.isascii() and self.header.isdecimal() else 0
        return Wish(
            encoding=self.encoding if self.encoding in _ENCODINGS else None,
            delimiter=_DELIMITERS.get(self.delimiter),
            has_header=False if self.header == "none" else (True if row else None),
            header_row=row if 1 <= row <= HEADER_ROW_MAX else None,
            part=self.part or None,
            types={
                column: ColumnType(kind)
                for column, kind in zip(self.columns, self.types, strict=False)
                if kind in set(ColumnType)
            },
        )


@router.get("/publish/{slug}/upload/{upload_id}/reading")
def show(
    request: Request, slug: str, upload_id: UUID, given: Annotated[Choices, Query()]
) -> Response:
    """The guess, or what the choices in the address would give; nothing is loaded."""
    return _page(request, slug, UploadId(upload_id), given, errors={}, status=200)


@router.post("/publish/{slug}/upload/{upload_id}/reading")
def decide(
    request: Request, slug: str, upload_id: UUID, given: Annotated[Choices, Form()]
) -> Response:
    """Read the file as chosen: for the first time where it was held, else once more."""
    actor, wiring = signed_in(request), wiring_of(request)
    sent = _upload(wiring, request, UploadId(upload_id))
    try:
        act = load if sent.state is UploadState.HELD else read_again
        asked = act(wiring, actor, sent, given.as_wish())
    except Refusal as refusal:
        words = {"": speech_of(request).refusal(refusal)}
        return _page(request, slug, sent.id, given, errors=words, status=status_of(refusal))
    return RedirectResponse(f"/publish/{slug}/upload/{asked.id}", _SEE_OTHER)


def _page(
    request: Request,
    slug: str,
    upload_id: UploadId,
    given: Choices,
    *,
    errors: dict[str, str],
    status: int,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        sent = find.upload_with_id(tx, upload_id, by=actor)
    look: Look | None = None
    if not errors:
        try:
            with TemporaryDirectory(dir=wiring.settings.results_folder) as work:
                look = upload.look(
                    wiring.confinement, wiring.folders, sent, given.as_wish(), work=Path(work)
                )
        except Refusal as refusal:
            errors, status = {"": say.refusal(refusal)}, status_of(refusal)
    return render(
        request,
        "publish/reading.html",
        status=status,
        title=dataset.entry.title,
        back_href=f"/publish/{slug}",
        here=f"/publish/{slug}/upload/{upload_id}/reading",
        file_name=sent.file_name,
        is_held=sent.state is UploadState.HELD,
        errors=errors,
        given=given,
        look=look,
        told=[] if look is None else told_of(look.reading, say),
        encodings=[("", say.gettext("As recognised")), *((name, name) for name in _ENCODINGS)],
        delimiters=_delimiter_choices(say),
        headers=_header_choices(say),
        parts=_part_choices(look, say),
        types=_type_choices(look, say),
        chosen=dict(zip(given.columns, given.types, strict=False)),
    )


def told_of(reading: Reading, say: Speech) -> list[tuple[str, str]]:
    """What was recognised, as pairs of a name and a value."""
    kinds = {
        "delimited": say.gettext("Delimited text"),
        "workbook": say.gettext("Workbook"),
        "json": "JSON",
        "shapefile": "Shapefile",
        "geopackage": "GeoPackage",
        "parquet": "Parquet",
        "arrow": "Arrow",
    }
    marks = {mark: label for label, mark in _marks(say)}
    pairs = [
        (say.gettext("Kind of file"), kinds.get(reading.kind, reading.kind)),
        (say.gettext("Encoding"), reading.encoding),
        (say.gettext("Delimiter"), marks.get(reading.delimiter, reading.delimiter)),
        (say.gettext("Part"), reading.part),
        (
            say.gettext("Names of the columns"),
            say.gettext("in row {number}").format(number=reading.header_row)
            if reading.header_row
            else say.gettext("given by the file")
            if reading.has_header
            else say.gettext("none in the file"),
        ),
        (
            say.gettext("Certainty"),
            "" if reading.confidence_percent == 100 else f"{reading.confidence_percent} %",
        ),
        (say.gettext("Words around the table"), " · ".join(reading.notes)),
    ]
    return [(name, value) for name, value in pairs if value]


def _marks(say: Speech) -> list[tuple[str, str]]:
    return [
        (say.gettext("comma"), ","),
        (say.gettext("tab"), "\t"),
        (say.gettext("semicolon"), ";"),
        (say.gettext("vertical bar"), "|"),
    ]


def _delimiter_choices(say: Speech) -> list[tuple[str, str]]:
    labels = [label for label, _ in _marks(say)]
    return [("", say.gettext("As recognised")), *zip(_DELIMITERS, labels, strict=True)]


def _header_choices(say: Speech) -> list[tuple[str, str]]:
    rows = [
        (str(number), say.gettext("Row {number}").format(number=number))
        for number in range(1, HEADER_ROW_MAX + 1)
    ]
    return [
        ("", say.gettext("As recognised")),
        ("none", say.gettext("No row; the first row is data")),
        *rows,
    ]


def _part_choices(look: Look | None, say: Speech) -> list[tuple[str, str]]:
    if look is None or len(look.reading.parts) < 2:
        return []
    return [("", say.gettext("As recognised")), *((part, part) for part in look.reading.parts)]


def _type_choices(look: Look | None, say: Speech) -> list[tuple[str, str]]:
    """What a column may be; none where the file brings its types or has too many columns."""
    if look is None or look.reading.kind in _TYPED_KINDS or len(look.names) > TYPES_OFFERED_MAX:
        return []
    kinds = [(kind.value, type_words(kind, say)) for kind in ColumnType]
    return [("", say.gettext("As recognised")), *kinds]


def _upload(wiring: Wiring, request: Request, upload_id: UploadId) -> Upload:
    with wiring.pool.connection() as tx:
        return find.upload_with_id(tx, upload_id, by=signed_in(request))

"""The dictionary of a dataset: what its columns mean and hold; its publisher writes it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from catalog.column_note import ColumnNote
from catalog.curation.describe import owned_dataset
from catalog.dictionary import Join, dictionary_of, joins_of, write_dictionary
from catalog.errors import DistributionNotFound
from catalog.version import Column
from policies.errors import Refusal
from policies.terms import Text
from portal.pages.dataset.look import ChosenDistribution, KeptDistribution, look_of
from portal.pages.dataset.reader import Look, profile_for
from portal.pages.dataset.rows import picture_of, type_words
from portal.pages.rendering import render
from portal.pages.speech import Speech
from portal.problems import status_of
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of
from quality.answer_sensitive import findings_of
from quality.profile import ColumnProfile

router = APIRouter()

COLUMNS_WRITTEN_MAX: Final = 200
"""Columns that one form holds."""
LISTED_VALUES_MAX: Final = 10
"""A column with so few different values is shown with all of them."""
SPELLINGS_MIN: Final = 20
SPELLINGS_SHARE: Final = 10
"""Where each value stands ten times or more on average, they are likely one of a list."""

_SEE_OTHER: Final = 303
_FIELDS: Final = ("title_zh", "title_en", "meaning_zh", "meaning_en", "unit", "code_list")
FormFields = dict[str, str]


@router.get("/dataset/{slug}/columns")
def show_columns(request: Request, slug: str, distribution: ChosenDistribution = "") -> Response:
    """Every column that the reader may know of, with what it holds where they may see values."""
    look, frame, say = look_of(request, slug, distribution)
    actor = actor_of(request)
    held = look.distribution.distribution if look.distribution else None
    with wiring_of(request).pool.connection() as tx:
        profile = profile_for(tx, look, wiring_of(request))
        notes = dictionary_of(tx, held) if held else {}
        joins = joins_of(tx, held, by=actor) if held else []
        version = look.version
        found = findings_of(tx, version.id) if version else []
    profiles = {one.name: one for one in profile.columns} if profile else {}
    sensitive = {one.finding.column: say.text(one.finding.kind.label) for one in found}
    rows = profile.row_count if profile else 0
    return render(
        request,
        "dataset/columns.html",
        dataset=frame,
        columns=[
            _line(
                look,
                column,
                notes.get(column.name, ColumnNote(column.name)),
                profiles.get(column.name),
                (rows, sensitive.get(column.name, ""), joins),
                say,
            )
            for column in look.shown_columns
        ],
        write_href=_write_href(look) if look.overview.may_change and held else None,
    )


def _line(
    look: Look,
    column: Column,
    note: ColumnNote,
    profile: ColumnProfile | None,
    known: tuple[int, str, list[Join]],
    say: Speech,
) -> dict[str, object]:
    rows, sensitivity, joins = known
    masked = look.preview.view.changed_columns if look.preview else frozenset()
    is_listed = profile is not None and 0 < profile.distinct_count <= LISTED_VALUES_MAX
    return {
        "name": column.name,
        "title": note.title,
        "meaning": note.meaning,
        "type": type_words(column.type, say),
        "unit": note.unit,
        "code_list": note.code_list,
        "sensitivity": sensitivity,
        "picture": picture_of(profile, rows, None, say) if profile else None,
        "example": profile.frequent[0].value if profile and profile.frequent else "",
        "values": [(one.value, one.count) for one in profile.frequent]
        if profile is not None and is_listed
        else [],
        "is_masked": column.name in masked,
        "seen_in": [
            (
                f"{say.text(one.dataset.entry.title)} · {one.other_name}",
                f"/dataset/{one.dataset.slug}/columns",
            )
            for one in joins
            if one.name == column.name
        ],
    }


# Write -------------------------------------------------------------------------------------------


@router.get("/publish/{slug}/columns")
def show_form(
    request: Request,
    slug: str,
    done: Annotated[str, Query(max_length=40)] = "",
    distribution: ChosenDistribution = "",
) -> Response:
    """What is said of each column, to be changed."""
    signed_in(request)
    return _form(request, slug, distribution, is_kept=done == "kept")


@router.post("/publish/{slug}/columns")
async def take_form(request: Request, slug: str) -> Response:
    """Keep what was said."""
    return await run_in_threadpool(_keep, request, slug, await request.form())


@router.post("/publish/{slug}/columns/from-file")
def take_from_file(request: Request, slug: str, distribution: KeptDistribution = "") -> Response:
    """Take over what the file's own list of columns says, where nothing was said yet."""
    actor, wiring = signed_in(request), wiring_of(request)
    look, _, _ = look_of(request, slug, distribution)
    if look.distribution is None:
        raise DistributionNotFound(slug)
    held = look.distribution.distribution
    with wiring.pool.connection() as tx:
        owned_dataset(tx, look.overview.dataset.id, by=actor)
        notes = dictionary_of(tx, held)
        told = [
            replace(notes.get(name, ColumnNote(name)), meaning=_in_its_language(said))
            for name, said in _untold(look, notes).items()
        ]
        write_dictionary(tx, look.overview.dataset.id, held, told, by=actor, at=wiring.now())
    return RedirectResponse(_write_href(look, done="kept"), _SEE_OTHER)


def _untold(look: Look, notes: Mapping[str, ColumnNote]) -> dict[str, str]:
    """What the file says of columns whose meaning nobody has written."""
    meanings = look.version.reading.meanings if look.version else {}
    return {
        name: said
        for name, said in meanings.items()
        if name not in notes or notes[name].meaning == Text()
    }


def _in_its_language(said: str) -> Text:
    return Text(en=said) if said.isascii() else Text(zh=said)


def _held_words(profile: ColumnProfile | None, row_count: int, say: Speech) -> list[str]:
    """What a column holds that its publisher wants to know before describing it."""
    if profile is None:
        return []
    words = []
    if profile.null_count:
        words.append(say.ngettext("{count} blank", "{count} blanks", profile.null_count))
    is_text = profile.type == "VARCHAR"
    if is_text and SPELLINGS_MIN <= profile.distinct_count <= row_count // SPELLINGS_SHARE:
        words.append(
            say.ngettext(
                "{count} spelling: make a code list?",
                "{count} spellings: make a code list?",
                profile.distinct_count,
            )
        )
    return words


def _keep(request: Request, slug: str, form: FormData) -> Response:
    actor, wiring = signed_in(request), wiring_of(request)
    distribution = str(form.get("distribution", ""))
    look, _, say = look_of(request, slug, distribution)
    typed = {
        name: {field: str(form.get(f"{field}.{at}", "")).strip() for field in _FIELDS}
        for at, name in enumerate(_written_columns(look))
    }
    try:
        notes = [_note(name, fields) for name, fields in typed.items()]
        with wiring.pool.connection() as tx:
            if look.distribution is None:
                raise DistributionNotFound(slug)
            write_dictionary(
                tx,
                look.overview.dataset.id,
                look.distribution.distribution,
                notes,
                by=actor,
                at=wiring.now(),
            )
    except Refusal as refusal:
        words = {"": say.refusal(refusal)}
        return _form(
            request, slug, distribution, typed=typed, errors=words, status=status_of(refusal)
        )
    return RedirectResponse(_write_href(look, done="kept"), _SEE_OTHER)


def _write_href(look: Look, *, done: str = "") -> str:
    """Where the dictionary of the distribution that is looked at is written."""
    pairs = [("distribution", look.place), ("done", done)]
    said = urlencode([one for one in pairs if one[1]])
    return f"/publish/{look.overview.dataset.slug}/columns" + (f"?{said}" if said else "")


def _form(
    request: Request,
    slug: str,
    distribution: str,
    *,
    typed: dict[str, FormFields] | None = None,
    errors: FormFields | None = None,
    status: int = 200,
    is_kept: bool = False,
) -> Response:
    look, frame, say = look_of(request, slug, distribution)
    with wiring_of(request).pool.connection() as tx:
        owned_dataset(tx, look.overview.dataset.id, by=actor_of(request))
        notes = dictionary_of(tx, look.distribution.distribution) if look.distribution else {}
        profile = profile_for(tx, look, wiring_of(request))
    profiles = {one.name: one for one in profile.columns} if profile else {}
    rows = profile.row_count if profile else 0
    return render(
        request,
        "publish/columns.html",
        status=status,
        slug=slug,
        title=look.overview.dataset.entry.title,
        columns_href=f"{frame.href}/columns{frame.query}",
        distribution=look.place,
        columns=[
            {
                "name": name,
                "held": _held_words(profiles.get(name), rows, say),
                **(typed[name] if typed else _fields(notes.get(name, ColumnNote(name)))),
            }
            for name in _written_columns(look)
        ],
        offered=len(_untold(look, notes)),
        field_list=look.version.reading.field_list if look.version else "",
        errors=errors or {},
        message=say.gettext("The dictionary is kept.") if is_kept else None,
    )


def _written_columns(look: Look) -> list[str]:
    columns = look.version.columns if look.version else ()
    return [column.name for column in columns[:COLUMNS_WRITTEN_MAX]]


def _note(name: str, fields: FormFields) -> ColumnNote:
    return ColumnNote(
        name,
        Text(fields["title_zh"], fields["title_en"]),
        Text(fields["meaning_zh"], fields["meaning_en"]),
        fields["unit"],
        fields["code_list"],
    )


def _fields(note: ColumnNote) -> FormFields:
    return {
        "title_zh": note.title.zh,
        "title_en": note.title.en,
        "meaning_zh": note.meaning.zh,
        "meaning_en": note.meaning.en,
        "unit": note.unit,
        "code_list": note.code_list,
    }

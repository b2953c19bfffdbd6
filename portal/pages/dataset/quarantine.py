"""The page of what was set aside from a version, for the publisher's own people."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from catalog import quarantine
from catalog.errors import VersionNotFound
from catalog.misfit import Misfit, QuarantineCount, SetAside
from portal.pages.dataset.look import look_of
from portal.pages.drawing.table import DataTable, TableColumn
from portal.pages.rendering import render
from portal.pages.speech import Speech
from portal.set_aside import csv_answer, found_of
from portal.wiring import wiring_of

router = APIRouter()

PAGE_ROWS: Final = 100


@router.get("/dataset/{slug}/versions/{number}/quarantine")
def show(
    request: Request, slug: str, number: int, start: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """The values that were set aside, a page at a time."""
    look, frame, say = look_of(request, slug)
    if look.distribution is None:
        raise VersionNotFound
    found = found_of(request, slug, look.distribution.distribution.slug, number)
    count = sum(one.kept.count for one in found)
    values = quarantine.values_of(wiring_of(request).folders, found, offset=start, limit=PAGE_ROWS)
    here = f"{frame.href}/versions/{number}/quarantine"
    rows = tuple(_row(value, say) for value in values)
    return render(
        request,
        "dataset/quarantine.html",
        dataset=frame,
        version=number,
        table=_table(rows, say) if rows else None,
        count=count,
        first=start + 1,
        last=start + len(rows),
        previous_href=f"{here}?start={max(start - PAGE_ROWS, 0)}" if start else None,
        next_href=f"{here}?start={start + PAGE_ROWS}" if start + PAGE_ROWS < count else None,
        csv_href=f"{here}.csv",
    )


@router.get("/dataset/{slug}/versions/{number}/quarantine.csv")
def download(request: Request, slug: str, number: int) -> Response:
    """All of them as CSV."""
    look, _, _ = look_of(request, slug)
    if look.distribution is None:
        raise VersionNotFound
    found = found_of(request, slug, look.distribution.distribution.slug, number)
    return csv_answer(request, found, f"{slug}-{number}-quarantine.csv")


def count_words(count: QuarantineCount, say: Speech) -> str:
    """How much was set aside, in a sentence; empty where nothing was."""
    told = []
    if count.cells:
        told.append(
            say.ngettext(
                "{count} value did not fit its column and was set aside.",
                "{count} values did not fit their columns and were set aside.",
                count.cells,
            )
        )
    if count.broken:
        told.append(
            say.ngettext(
                "{count} row or value broke a rule and was set aside.",
                "{count} rows or values broke a rule and were set aside.",
                count.broken,
            )
        )
    return " ".join(told)


def _table(rows: tuple[tuple[str | None, ...], ...], say: Speech) -> DataTable:
    return DataTable(
        say.gettext("Values that are not in the table"),
        (
            TableColumn(say.gettext("Row of the file"), is_number=True),
            TableColumn(say.gettext("Column")),
            TableColumn(say.gettext("Value in the file")),
            TableColumn(say.gettext("Why")),
        ),
        rows,
    )


def _row(value: SetAside, say: Speech) -> tuple[str | None, ...]:
    return (
        say.number(value.row_number),
        value.column or say.gettext("(the whole row)"),
        value.value,
        _reason(value, say),
    )


def _reason(value: SetAside, say: Speech) -> str:
    words = {
        Misfit.NOT_INTEGER: say.gettext("Not a whole number"),
        Misfit.NOT_NUMBER: say.gettext("Not a number"),
        Misfit.NOT_BOOLEAN: say.gettext("Neither true nor false"),
        Misfit.NOT_DATE: say.gettext("Not a date"),
        Misfit.NOT_TIME: say.gettext("Not a point in time"),
        Misfit.BREAKS_RULE: say.gettext("Breaks a rule"),
    }
    reason = words[Misfit(value.reason)] if value.reason in set(Misfit) else value.reason
    return reason if value.rule_id is None else f"{reason} ({value.rule_id})"

"""What was set aside from a version, found for a caller and written as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from fastapi import Request
from starlette.responses import StreamingResponse

from catalog import find, quarantine
from catalog.errors import VersionNotFound
from catalog.misfit import Quarantine, SetAside
from portal.handing_out import content_disposition
from portal.sign_in import signed_in
from portal.wiring import wiring_of

_HEADINGS: Final = ("row_number", "column", "value", "reason", "rule_id")
_LINES_PER_CHUNK: Final = 1_000
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def found_of(request: Request, slug: str, distribution: str, number: int) -> list[Quarantine]:
    """What was set aside of a version.

    Raises: DatasetNotFound, DistributionNotFound, VersionNotFound.
    """
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        place = find.distribution_named(tx, dataset, distribution)
        versions = find.versions_of(tx, dataset, [place.id], by=actor)
        version = next((one for one in versions if one.number == number), None)
        if version is None:
            raise VersionNotFound
        return quarantine.quarantines(tx, version.id, by=actor)


def csv_answer(request: Request, found: list[Quarantine], file_name: str) -> StreamingResponse:
    """The values as a file."""
    values = quarantine.values_of(wiring_of(request).folders, found)
    return StreamingResponse(
        _lines(values),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": content_disposition(file_name),
            "Cache-Control": "private, no-store",
        },
    )


def _lines(values: Iterable[SetAside]) -> Iterator[bytes]:
    left = iter(values)
    rows: list[tuple[object, ...]] = [_HEADINGS]
    while rows:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        yield text.getvalue().encode()
        rows = [
            (one.row_number, _harmless(one.column), _harmless(one.value), one.reason, one.rule_id)
            for one in islice(left, _LINES_PER_CHUNK)
        ]


def _harmless(cell: str | None) -> str | None:
    return f"'{cell}" if cell is not None and cell.startswith(_FORMULA_STARTS) else cell

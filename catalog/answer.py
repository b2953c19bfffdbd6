"""The whole answer of a statement in a file, in whichever form."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path

from catalog.confine import Confinement, JobBounds, PermittedTable, QueryBounds
from catalog.file_errors import SheetTooLarge
from catalog.formats.row_workbook import SHEET_COLUMNS_MAX, SHEET_ROWS_MAX
from catalog.result import PLAIN, Manner, QueryResult, ResultFormat

WORKBOOK_S = 300
"""What a full sheet takes, several times over."""

_WRITE_WORKBOOK = "catalog.formats.row_workbook:write_workbook"
_ROWS_NAME, _WORKBOOK_NAME = "rows.arrow", "rows.xlsx"


def write_answer(
    confinement: Confinement,
    sql: str,
    tables: Sequence[PermittedTable],
    *,
    caller: str,
    result_format: ResultFormat,
    manner: Manner = PLAIN,
    output: Path,
    bounds: QueryBounds,
    cancelled: threading.Event | None = None,
) -> QueryResult:
    """Write the answer to the new file `output`, or nothing.

    A workbook is made in a second confined process from what the first has answered.

    Raises: what `Confinement.run_query` raises, SheetTooLarge, CellTooLong, ConfinedWorkFailed.
    """
    if result_format is not ResultFormat.XLSX:
        return confinement.run_query(
            sql,
            tables,
            caller=caller,
            result_format=result_format,
            output=output,
            manner=manner,
            bounds=bounds,
            cancelled=cancelled,
        )
    folder = output.with_name(f".{output.name}.made")
    folder.mkdir(mode=0o700)
    try:
        answered = confinement.run_query(
            sql,
            tables,
            caller=caller,
            result_format=ResultFormat.ARROW,
            output=folder / _ROWS_NAME,
            bounds=bounds,
            cancelled=cancelled,
        )
        if answered.rows > SHEET_ROWS_MAX:
            raise SheetTooLarge(SHEET_ROWS_MAX, SHEET_COLUMNS_MAX)
        confinement.run_confined(
            _WRITE_WORKBOOK,
            {"name": _WORKBOOK_NAME},
            caller=caller,
            readable=[folder / _ROWS_NAME],
            writable=folder,
            bounds=JobBounds(wall_s=WORKBOOK_S, cpu_s=WORKBOOK_S),
            cancelled=cancelled,
        )
        made = folder / _WORKBOOK_NAME
        made.chmod(0o600)
        with made.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        size_bytes = made.stat().st_size
        made.rename(output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(answered, size_bytes=size_bytes, sha256=digest)

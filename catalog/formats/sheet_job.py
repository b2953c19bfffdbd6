"""Read a spreadsheet that is a form, in the process that reads what is hostile."""

from __future__ import annotations

from typing import Final

from catalog.confine import ConfinedJob, Json
from catalog.files.workbook import texts_of_sheet
from catalog.formats.directory_sheet import COLUMNS, ROWS_MAX

_ROWS_READ_MAX: Final = ROWS_MAX + 50
_COLUMNS_READ_MAX: Final = 2 * len(COLUMNS)


def read(job: ConfinedJob) -> Json:
    """The cells of the first sheet of the one file it may read; runs confined."""
    content = job.readable[0].read_bytes()
    return texts_of_sheet(content, rows_max=_ROWS_READ_MAX, columns_max=_COLUMNS_READ_MAX)

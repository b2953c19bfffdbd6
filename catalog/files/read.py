"""Read an uploaded table from beginning to end; the entry of the confined process.

A killed reading leaves only its work folder; doing it again gives the same files.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from catalog.blobs import no_room_is_a_refusal
from catalog.confine import ConfinedJob
from catalog.files.delimited import stage
from catalog.files.sniff import Shape, sniff
from catalog.files.typed import TypedTable, settle
from catalog.version import Reading
from catalog.view import Json

_READING_FROM_PERMILLE, _READING_PERMILLE = 50, 500
_TYPING_PERMILLE = 600


class Stage(StrEnum):
    """What the reading of a file does now, in order."""

    RECOGNISING = "recognising"
    READING = "reading"
    TYPING = "typing"
    STORING = "storing"


def read_table(job: ConfinedJob) -> Json:
    """Read the delimited file `job.readable[0]` into Parquet in `job.writable`.

    Gives `columns`, `reading`, `row_count` and `files`, the names of the Parquet files in order.

    Raises: the refusals of `sniff` and `stage`; StorageFull.
    """
    assert job.writable is not None
    source, work = job.readable[0], job.writable

    def tell(done_permille: int) -> None:
        share = _READING_PERMILLE * done_permille // 1000
        _tell(job, Stage.READING, _READING_FROM_PERMILLE + share)

    _tell(job, Stage.RECOGNISING, 0)
    with no_room_is_a_refusal():
        shape = sniff(source, work)
        tell(0)
        stage(shape, work, tell)
        _tell(job, Stage.TYPING, _TYPING_PERMILLE)
        return described(shape, settle(shape.names, work))


def described(shape: Shape, table: TypedTable) -> dict[str, Json]:
    """What `read_table` gives."""
    reading = Reading(
        encoding=shape.encoding,
        delimiter=shape.delimiter,
        quote=shape.quote,
        has_header=shape.has_header,
        renamed=shape.renamed,
        nulls=table.nulls,
        formats=table.formats,
        ambiguous=table.ambiguous,
    )
    return {
        "columns": [column.as_json() for column in table.columns],
        "reading": reading.as_json(),
        "row_count": table.row_count,
        "files": [Path(file).name for file in table.files],
    }


def _tell(job: ConfinedJob, now: Stage, done_permille: int) -> None:
    job.tell({"stage": now.value, "done_permille": done_permille})

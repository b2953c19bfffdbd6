"""Read an uploaded table from beginning to end; the entry of the confined process.

A killed reading leaves only its work folder; doing it again gives the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from catalog.blobs import no_room_is_a_refusal
from catalog.confine import ConfinedJob
from catalog.file_errors import ArchiveUnsafe
from catalog.files.archive import chosen_table, tables_in, unpack, unpack_gzip
from catalog.files.columnar import ColumnarTable
from catalog.files.delimited import stage
from catalog.files.kind import FileKind, kind_of
from catalog.files.layers import stage_geopackage, stage_shapefile
from catalog.files.media import media_type_of
from catalog.files.records import stage_records
from catalog.files.sniff import Shape, sniff
from catalog.files.staging import Staged
from catalog.files.typed import TypedTable, Usual, settle, write_rows
from catalog.files.wish import Wish
from catalog.files.workbook import stage_workbook
from catalog.version import ColumnType, Reading, Stage
from catalog.view import Json

_READING_FROM_PERMILLE, _READING_PERMILLE = 50, 500
_TYPING_PERMILLE = 600
INNER_NAME = "inner"


def read_table(job: ConfinedJob) -> Json:
    """Read the table in the file `job.readable[0]` into Parquet in `job.writable`.

    `job.arguments["wish"]` holds the publisher's choices, `usual` the types of the columns of the
    table that the rows join. Gives `columns`, `reading`, `row_count`
    and `files`, the names of the Parquet files in order; `misfits` and `misfit_rows` say how many
    cells were set aside in `MISFITS_NAME` and of how many rows. For an archive of several tables of
    which none was chosen, only `parts`, their names; for a file that is no table only `media_type`.

    Raises: the refusals of the readers; StorageFull.
    """
    assert job.writable is not None
    source, work = job.readable[0], job.writable
    asked = job.arguments.get("wish", {})
    assert isinstance(asked, Mapping)
    wish = Wish.from_json(asked)
    usual = _usual(job.arguments.get("usual", {}))
    _tell(job, Stage.RECOGNISING, 0)
    with no_room_is_a_refusal():
        media_type = media_type_of(source)
        if media_type is not None:
            return {"media_type": media_type}
        kind = kind_of(source)
        if kind is FileKind.ARCHIVE and wish.part is None:
            names = tables_in(source)
            if len(names) > 1:
                return {"parts": list(names)}
        outer, parts = "", tuple[str, ...]()
        if kind is FileKind.ARCHIVE:
            outer, parts = chosen_table(source, wish)
            unpack(source, outer, work / INNER_NAME)
            source, wish = work / INNER_NAME, replace(wish, part=None)
            kind = kind_inside(source)
        elif kind is FileKind.GZIP:
            unpack_gzip(source, work / INNER_NAME)
            source = work / INNER_NAME
            kind = kind_inside(source)
        read = _read(job, kind, source, work, wish, usual)
    if outer:
        reading = read["reading"]
        assert isinstance(reading, Mapping)
        read["reading"] = {**reading, "part": outer, "parts": list(parts)}
    return read


def kind_inside(source: Path) -> FileKind:
    """The kind of an unpacked file: nothing is unpacked twice.

    Raises: ArchiveUnsafe.
    """
    kind = kind_of(source)
    if kind in (FileKind.ARCHIVE, FileKind.GZIP):
        raise ArchiveUnsafe
    return kind


def _read(
    job: ConfinedJob, kind: FileKind, source: Path, work: Path, wish: Wish, usual: Usual
) -> dict[str, Json]:
    def tell(done_permille: int) -> None:
        share = _READING_PERMILLE * min(done_permille, 1000) // 1000
        _tell(job, Stage.READING, _READING_FROM_PERMILLE + share)

    match kind:
        case FileKind.DELIMITED:
            shape = sniff(source, work, wish)
            tell(0)
            stage(shape, work, tell)
            _tell(job, Stage.TYPING, _TYPING_PERMILLE)
            return described(reading_of_shape(shape), settle(shape.names, work, wish.types, usual))
        case FileKind.WORKBOOK:
            staged = stage_workbook(source, work, wish, tell)
        case FileKind.JSON:
            staged = stage_records(source, work, wish, tell)
        case FileKind.SHAPEFILE:
            staged = stage_shapefile(source, work, wish, tell)
        case FileKind.GEOPACKAGE:
            staged = stage_geopackage(source, work, wish, tell)
        case FileKind.PARQUET | FileKind.ARROW:
            return _read_columnar(kind, source, work, tell=tell)
        case FileKind.ARCHIVE | FileKind.GZIP:
            raise AssertionError(kind)
        case _:
            assert_never(kind)
    _tell(job, Stage.TYPING, _TYPING_PERMILLE)
    return described(reading_of_staged(kind, staged), settle(staged.names, work, wish.types, usual))


def _usual(told: Json) -> Usual:
    """Column → its type in the table that the rows join, and how its dates are written there."""
    assert isinstance(told, Mapping)
    usual = {}
    for name, pair in told.items():
        assert isinstance(pair, list)
        usual[name] = (ColumnType(str(pair[0])), str(pair[1]))
    return usual


def _read_columnar(
    kind: FileKind, source: Path, work: Path, *, tell: Callable[[int], None]
) -> dict[str, Json]:
    table = ColumnarTable(source)
    rows, files = write_rows(table.batches(tell), table.schema, work)
    reading = Reading(encoding="", delimiter="", quote="", has_header=True, renamed=table.renamed)
    return {
        "columns": [column.as_json() for column in table.columns],
        "reading": replace(reading, kind=kind.value).as_json(),
        "row_count": rows,
        "files": [file.name for file in files],
    }


def reading_of_shape(shape: Shape) -> Reading:
    """How a delimited text is read, before its types are known."""
    return Reading(
        encoding=shape.encoding,
        delimiter=shape.delimiter,
        quote=shape.quote,
        has_header=shape.has_header,
        header_row=shape.skipped_lines + 1 if shape.has_header else 0,
        renamed=shape.renamed,
        notes=shape.notes,
    )


def reading_of_staged(kind: FileKind, staged: Staged) -> Reading:
    """How any other file of rows is read, before its types are known."""
    return Reading(
        kind=kind.value,
        encoding=staged.encoding,
        delimiter="",
        quote="",
        has_header=staged.has_header,
        header_row=staged.header_row,
        renamed=staged.renamed,
        part=staged.part,
        parts=staged.parts,
        notes=staged.notes,
        confidence_percent=staged.confidence_percent,
        meanings=staged.meanings,
        field_list=staged.field_list,
    )


def described(reading: Reading, table: TypedTable) -> dict[str, Json]:
    """What `read_table` gives."""
    settled = replace(
        reading,
        nulls=table.nulls,
        formats=table.formats,
        ambiguous=table.ambiguous,
        misfits=table.misfits,
    )
    return {
        "columns": [column.as_json() for column in table.columns],
        "reading": settled.as_json(),
        "row_count": table.row_count,
        "files": [Path(file).name for file in table.files],
        "misfits": table.misfit_count,
        "misfit_rows": table.misfit_row_count,
    }


def _tell(job: ConfinedJob, now: Stage, done_permille: int) -> None:
    job.tell({"stage": now.value, "done_permille": done_permille})

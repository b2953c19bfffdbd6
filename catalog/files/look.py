"""Say how a file would be read, with its first rows, before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final, assert_never

import pyarrow.parquet

from catalog.blobs import no_room_is_a_refusal
from catalog.confine import ConfinedJob
from catalog.file_errors import NoTable
from catalog.files.archive import chosen_table, unpack, unpack_gzip
from catalog.files.columnar import ColumnarTable
from catalog.files.delimited import STAGED_NAME
from catalog.files.kind import FileKind, kind_of
from catalog.files.layers import stage_geopackage, stage_shapefile
from catalog.files.looked import Look, shown_row
from catalog.files.media import FORMATS, media_type_of
from catalog.files.read import INNER_NAME, kind_inside, reading_of_shape, reading_of_staged
from catalog.files.records import stage_records
from catalog.files.sniff import first_rows, sniff
from catalog.files.staging import Staged
from catalog.files.wish import Wish
from catalog.files.workbook import stage_workbook
from catalog.version import Reading
from catalog.view import Json

ROWS_SHOWN: Final = 20


def look_at(job: ConfinedJob) -> Json:
    """Look at the file `job.readable[0]` under the choices `job.arguments["wish"]`; gives a `Look`.

    Raises: the refusals of the readers; StorageFull.
    """
    assert job.writable is not None
    asked = job.arguments.get("wish", {})
    assert isinstance(asked, Mapping)
    wish, source, work = Wish.from_json(asked), job.readable[0], job.writable
    with no_room_is_a_refusal():
        if (media_type := media_type_of(source)) is not None:
            raise NoTable(FORMATS.get(media_type, media_type))
        kind, outer, parts = kind_of(source), "", tuple[str, ...]()
        if kind is FileKind.ARCHIVE:
            outer, parts = chosen_table(source, wish)
            unpack(source, outer, work / INNER_NAME)
            source, wish = work / INNER_NAME, replace(wish, part=None)
            kind = kind_inside(source)
        elif kind is FileKind.GZIP:
            unpack_gzip(source, work / INNER_NAME)
            source = work / INNER_NAME
            kind = kind_inside(source)
        look = _look(kind, source, work, wish)
    if outer:
        look = replace(look, reading=replace(look.reading, part=outer, parts=parts))
    return look.as_json()


def _look(kind: FileKind, source: Path, work: Path, wish: Wish) -> Look:
    def unheard(_permille: int) -> None:
        pass

    match kind:
        case FileKind.DELIMITED:
            shape = sniff(source, work, wish)
            rows = first_rows(shape, ROWS_SHOWN)
            return Look(reading_of_shape(shape), shape.names, tuple(map(shown_row, rows)))
        case FileKind.WORKBOOK:
            staged = stage_workbook(source, work, wish, unheard)
        case FileKind.JSON:
            staged = stage_records(source, work, wish, unheard)
        case FileKind.SHAPEFILE:
            staged = stage_shapefile(source, work, wish, unheard)
        case FileKind.GEOPACKAGE:
            staged = stage_geopackage(source, work, wish, unheard)
        case FileKind.PARQUET | FileKind.ARROW:
            return _look_at_columnar(kind, source)
        case FileKind.ARCHIVE | FileKind.GZIP:
            raise AssertionError(kind)
        case _:
            assert_never(kind)
    return Look(reading_of_staged(kind, staged), staged.names, _staged_rows(staged, work))


def _staged_rows(staged: Staged, work: Path) -> tuple[tuple[str | None, ...], ...]:
    with pyarrow.parquet.ParquetFile(work / STAGED_NAME) as parquet:
        for batch in parquet.iter_batches(ROWS_SHOWN):
            columns = [column.to_pylist() for column in batch.columns]
            return tuple(map(shown_row, zip(*columns, strict=True)))
    assert staged.names
    return ()


def _look_at_columnar(kind: FileKind, source: Path) -> Look:
    table = ColumnarTable(source)
    reading = Reading(
        encoding="",
        delimiter="",
        quote="",
        has_header=True,
        renamed=table.renamed,
        kind=kind.value,
    )
    rows: tuple[tuple[str | None, ...], ...] = ()
    for batch in islice(table.batches(lambda _: None), 1):
        columns = [column.to_pylist() for column in batch.slice(0, ROWS_SHOWN).columns]
        rows = tuple(map(shown_row, zip(*columns, strict=True)))
    return Look(reading, table.names, rows)

"""Read a file as the confined process does, and look at what it became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.confine import ConfinedJob
from catalog.files.read import read_table
from catalog.version import Reading
from catalog.view import Json


@dataclass(frozen=True)
class Table:
    """A file that was read."""

    types: dict[str, str]
    rows: list[tuple[object, ...]]
    reading: Reading


def read(source: Path, work: Path, wish: Mapping[str, Json] | None = None) -> Table:
    """Read `source`; `work` is an empty folder."""
    work.mkdir(exist_ok=True)
    answer = read_table(ConfinedJob({"wish": wish or {}}, (source,), work, lambda _: None))
    assert isinstance(answer, dict)
    files = answer["files"]
    assert isinstance(files, list)
    table = pa.concat_tables([pq.read_table(work / str(name)) for name in files])
    assert table.num_rows == answer["row_count"]
    columns, reading = answer["columns"], answer["reading"]
    assert isinstance(columns, list)
    assert isinstance(reading, dict)
    return Table(
        types={str(column["name"]): str(column["type"]) for column in columns},
        rows=list(zip(*(column.to_pylist() for column in table.columns), strict=True)),
        reading=Reading.from_json(reading),
    )

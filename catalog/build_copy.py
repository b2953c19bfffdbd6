# ruff: noqa: S608  Statements are put together from typed values and quoted names only.
"""Build serving copies: the permitted columns and rows of one version, masked.

The rows lie in a DuckDB file sorted by the declared key (without an index: a sorted file without
one reads less), in a CSV and in a Parquet. A copy is built aside, synced and renamed in one step.

pyarrow writes the Parquet because it writes page checksums.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import duckdb
import pyarrow.parquet

from catalog.errors import DamagedServingCopy
from catalog.json_rows import Row, json_columns, json_expression, with_json
from catalog.masking import masked, suppressed
from catalog.parquet_pages import DICTIONARY_BYTES_MAX
from catalog.row_sql import conditions_sql, literal, quoted, refuse_unfit
from catalog.serving_copy import (
    CSV_NAME,
    DATABASE_NAME,
    FORMAT_VERSION,
    MANIFEST_NAME,
    PARQUET_NAME,
    TABLE_NAME,
    Column,
    ServingCopy,
    open_serving_copy,
    stored_file,
    sync,
)
from catalog.view import View

BUILD_MEMORY_BYTES = 512 << 20
"""What does not fit is sorted on disk: with four times as much, copies take as long."""
PREVIEW_MEMORY_BYTES = 512 << 20
_PARQUET_ROWS_PER_BATCH = 122_880
_PREVIEW_CONFIG: Mapping[str, str | int | bool] = {
    "threads": 1,
    "memory_limit": f"{PREVIEW_MEMORY_BYTES}B",
    "python_enable_replacements": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
}


def build_serving_copy(
    parquet_files: Sequence[Path],
    view: View,
    folder: Path,
    *,
    key: tuple[str, ...],
    mask_key: bytes | None = None,
) -> ServingCopy:
    """Build the folder that holds what `view` permits of these files, and nothing else.

    `key` is the declared key of the data, `mask_key` the node's secret for hashed columns. Of
    several builders at a time one builds and the others get its result; a damaged copy is
    replaced.

    Raises: MalformedView where the view does not fit the files; MaskKeyMissing.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with only_builder(folder):
        try:
            return open_serving_copy(folder)
        except DamagedServingCopy:
            pass
        aside = folder.with_name(f".{folder.name}.{token_hex(8)}")
        aside.mkdir(mode=0o700)
        try:
            _write_copy(parquet_files, view, aside, key=key, mask_key=mask_key)
            if folder.exists():
                folder.rename(aside.with_suffix(".damaged"))
            aside.rename(folder)
            sync(folder.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            shutil.rmtree(aside.with_suffix(".damaged"), ignore_errors=True)
        return open_serving_copy(folder)


def masked_rows(
    parquet_files: Sequence[Path], view: View, *, mask_key: bytes | None, limit: int
) -> tuple[tuple[Column, ...], Sequence[Row]]:
    """Columns and some rows as a view will show them, without building its copy: a preview.

    Raises: MalformedView, UnfitValue, MaskKeyMissing.
    """
    with duckdb.connect(":memory:", config=dict(_PREVIEW_CONFIG)) as engine:
        engine.execute("SET TimeZone = 'UTC'")
        paths = ", ".join(literal(str(path)) for path in parquet_files)
        source = f"read_parquet([{paths}])"
        described = engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        types = {name: Column(name, type_name) for name, type_name, *_ in described}
        statement = f"SELECT * FROM ({_seen(source, types, view, mask_key)}) LIMIT {limit}"
        try:
            columns = tuple(
                Column(name, type_name)
                for name, type_name, *_ in engine.execute(f"DESCRIBE {statement}").fetchall()
            )
            shown = ", ".join(json_expression(quoted(c.name), c.type) for c in columns)
            rows = engine.execute(f"SELECT {shown} FROM ({statement})").fetchall()
        except duckdb.ConversionException:
            for condition in view.rows:
                refuse_unfit(engine, types[condition.column], condition)
            raise
    return columns, with_json(rows, json_columns([column.type for column in columns]))


def _seen(source: str, types: dict[str, Column], view: View, mask_key: bytes | None) -> str:
    """The SELECT of what a view lets out: rows picked, columns masked, small groups blanked."""
    visible = view.visible(tuple(types))
    where = conditions_sql(types, view.rows)
    shown = [
        masked(name, types[name].type, view.masks[name], key=mask_key, row=tuple(types))
        if name in view.masks
        else quoted(name)
        for name in visible
    ]
    picked = f"SELECT * FROM {source}{f' WHERE {where}' if where else ''}"
    seen = f"SELECT {', '.join(shown)} FROM ({picked})"
    if view.suppression is None:
        return seen
    return f"SELECT {suppressed(visible, view.suppression)} FROM ({seen})"


def _write_copy(
    parquet_files: Sequence[Path],
    view: View,
    aside: Path,
    *,
    key: tuple[str, ...],
    mask_key: bytes | None,
) -> None:
    """Write the three files and the manifest into the folder `aside`, synced."""
    engine = duckdb.connect(
        str(aside / DATABASE_NAME),
        config={
            "memory_limit": f"{BUILD_MEMORY_BYTES}B",
            "temp_directory": str(aside / "spill"),
            "python_enable_replacements": False,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "enable_external_file_cache": False,
        },
    )
    try:
        engine.execute("SET TimeZone = 'UTC'")
        paths = ", ".join(literal(str(path)) for path in parquet_files)
        source = f"read_parquet([{paths}])"
        described = engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        types = {name: Column(name, type_name) for name, type_name, *_ in described}
        visible = view.visible(tuple(types))
        sorted_by = tuple(c for c in key if c in visible and c not in view.changed_columns)
        # Where the key is not let out whole, the order of the stored rows could tell it: then
        # the rows are ordered by everything that is let out.
        order = sorted_by if sorted_by == key else [*sorted_by, *visible]
        statement = (
            f"CREATE TABLE {TABLE_NAME} AS SELECT * FROM ({_seen(source, types, view, mask_key)})"
            + (f" ORDER BY {', '.join(quoted(name) for name in order)}" if order else "")
        )
        try:
            engine.execute(statement)
        except duckdb.ConversionException:
            for condition in view.rows:
                refuse_unfit(engine, types[condition.column], condition)
            raise
        columns = [
            Column(name, type_name)
            for name, type_name, *_ in engine.execute(f"DESCRIBE {TABLE_NAME}").fetchall()
        ]
        ((rows,),) = engine.execute(f"SELECT count(*) FROM {TABLE_NAME}").fetchall()
        engine.execute(
            f"COPY {TABLE_NAME} TO {literal(str(aside / CSV_NAME))} (FORMAT csv, HEADER true)"
        )
        _write_parquet(engine, columns, aside / PARQUET_NAME)
        engine.execute("CHECKPOINT")
    finally:
        engine.close()
    shutil.rmtree(aside / "spill", ignore_errors=True)
    manifest = {
        "format_version": FORMAT_VERSION,
        "columns": [{"name": column.name, "type": column.type} for column in columns],
        "rows": rows,
        "key": list(sorted_by),
        "view_fingerprint": view.fingerprint(),
        "files": [stored_file(aside / name) for name in (DATABASE_NAME, CSV_NAME, PARQUET_NAME)],
    }
    (aside / MANIFEST_NAME).write_text(json.dumps(manifest, ensure_ascii=False, indent=1))
    sync(aside / MANIFEST_NAME)
    sync(aside)


def _write_parquet(
    engine: duckdb.DuckDBPyConnection, columns: Sequence[Column], path: Path
) -> None:
    shown = ", ".join(
        f"CAST({quoted(column.name)} AS VARCHAR) AS {quoted(column.name)}"
        if column.type == "INTERVAL"
        else quoted(column.name)
        for column in columns
    )
    batches = engine.sql(f"SELECT {shown} FROM {TABLE_NAME}").to_arrow_reader(
        _PARQUET_ROWS_PER_BATCH
    )
    with pyarrow.parquet.ParquetWriter(
        path,
        batches.schema,
        compression="zstd",
        write_page_checksum=True,
        dictionary_pagesize_limit=DICTIONARY_BYTES_MAX,
    ) as writer:
        for batch in batches:
            writer.write_batch(batch)


@contextmanager
def only_builder(folder: Path) -> Iterator[None]:
    """Hold the lock of this folder's builders; the system lets go of it if the process dies."""
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

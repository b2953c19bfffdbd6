# ruff: noqa: S608  Statements are put together from quoted names and literals of our own only.
"""Put the rows of a file into those of a table; an entry of the confined process.

`joined` makes the files of the table after an append or an upsert: files that hold no row that
changes stay as they are, the others are written anew in their order, and new rows follow.
`compared` only counts what a replacing file changes.

A row of the table is known by the key; without a key by all its values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet

from catalog.blobs import no_room_is_a_refusal
from catalog.confine import ConfinedJob
from catalog.file_errors import (
    ColumnsUnfit,
    KeyAlreadyThere,
    KeyEmpty,
    KeyTwiceInFile,
    KeyTwiceInTable,
)
from catalog.files.cell_forms import literal
from catalog.files.typed import MEMORY_BYTES, ROWS_PER_GROUP, write_rows
from catalog.parquet_pages import DICTIONARY_BYTES_MAX
from catalog.view import Json
from catalog.way_in import Way

ROW_ID: Final = "_id"
_PLACE: Final = "\x01place"
_KEY_SHOWN_CHARACTERS: Final = 200
_AGAIN: Final = "weir.again"
_DIGITS_MAX: Final = 38


@dataclass(frozen=True, slots=True)
class _Rows:
    """A file's rows on their way into a table."""

    engine: duckdb.DuckDBPyConnection
    work: Path
    base: tuple[Path, ...]
    new: tuple[Path, ...]
    columns: Mapping[str, str]
    """Column of the table → the engine's type that it has afterwards, in order."""
    stored: Mapping[str, str]
    """The same → the type that its files hold."""
    key: tuple[str, ...]
    next_row_id: int | None
    """None where rows have no ids of their own."""

    @property
    def is_recast(self) -> bool:
        """Whether a type grew, so that every file is written anew."""
        return any(self.columns[name] != kind for name, kind in self.stored.items())


def joined(job: ConfinedJob) -> Json:
    """Append or upsert the files named in `job.arguments["new"]`, which lie in `job.writable`.

    `job.readable` are the table's files in order. Gives `files`, each the number of a file of the
    table that stays or the name of a new one, with `rows` of each new one, and the counts `added`,
    `changed` and `unchanged`.

    Raises: ColumnsUnfit, KeyEmpty, KeyTwiceInFile, KeyTwiceInTable, KeyAlreadyThere, StorageFull.
    """
    with no_room_is_a_refusal(), _opened(job) as rows:
        _check_types(rows, [str(name) for name in _list(job.arguments["json"])])
        if not rows.key:
            counts = {"added": _count(rows.engine, rows.new), "changed": 0, "unchanged": 0}
            return _told(rows, _recast(rows), _all_added(rows), counts)
        _take_in_new(rows)
        _check_keys(rows)
        _find_hits(rows)
        if job.arguments["way"] == Way.APPEND:
            _refuse_hits(rows)
        hits, changed, added = _counts(rows)
        counts = {"added": added, "changed": changed, "unchanged": hits - changed}
        return _told(rows, _rewritten(rows), _fresh_added(rows) if added else [], counts)


def checked(job: ConfinedJob) -> Json:
    """Refuse a first file whose keys are empty or come twice; `job.readable` are its files.

    Raises: KeyEmpty, KeyTwiceInFile.
    """
    with no_room_is_a_refusal(), _opened(job) as rows:
        _take_in_new(rows)
        _check_keys(rows)
        return None


def compared(job: ConfinedJob) -> Json:
    """Count what differs between the table's files and those of a file that replaces them.

    Columns that only one of the two has are left out. A key that is empty or comes twice on either
    side is none, and rows are known by their values then; `key` says which columns counted.
    """
    with no_room_is_a_refusal(), _opened(job) as rows:
        engine, shared = rows.engine, [name for name in rows.stored if name in rows.columns]
        before, after = _read(rows.base), _read(rows.new)
        old_count, new_count = _count(engine, rows.base), _count(engine, rows.new)
        key = rows.key if set(rows.key) <= set(shared) else ()
        if key and not (_is_key(engine, before, key) and _is_key(engine, after, key)):
            key = ()
        if key:
            rest = [name for name in shared if name not in key]
            differs = " OR ".join(
                f"{_text('b', name)} IS DISTINCT FROM {_text('a', name)}" for name in rest
            )
            on = " AND ".join(f"{_text('b', name)} = {_text('a', name)}" for name in key)
            ((both, changed),) = engine.execute(
                f"SELECT count(*), count(*) FILTER ({differs or 'false'})"
                f" FROM {before} AS b JOIN {after} AS a ON {on}"
            ).fetchall()
        else:
            both = _shared_rows(engine, before, after, shared)
            changed = 0
        return {
            "added": new_count - both,
            "changed": changed,
            "unchanged": both - changed,
            "removed": old_count - both,
            "key": list(key),
        }


# What is there -----------------------------------------------------------------------------------


@contextmanager
def _opened(job: ConfinedJob) -> Iterator[_Rows]:
    assert job.writable is not None
    arguments = job.arguments
    engine = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{MEMORY_BYTES}B",
            "temp_directory": str(job.writable / "spill"),
            "python_enable_replacements": False,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
        },
    )
    try:
        engine.execute("SET TimeZone = 'UTC'")
        new = tuple(job.writable / str(name) for name in _list(arguments["new"]))
        stored = _types(engine, job.readable) if job.readable else {}
        held = _types(engine, new)
        next_row_id = arguments.get("next_row_id")
        if next_row_id is not None:
            stored.pop(ROW_ID, None)
        is_joining = arguments["way"] != Way.REPLACE and bool(stored)
        yield _Rows(
            engine,
            job.writable,
            tuple(job.readable),
            new,
            {
                name: kind if next_row_id is not None else _grown(kind, held[name])
                for name, kind in stored.items()
            }
            if is_joining
            else held,
            stored,
            tuple(str(name) for name in _list(arguments["key"])),
            next_row_id if isinstance(next_row_id, int) else None,
        )
    finally:
        engine.close()


def _types(engine: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[str, str]:
    found = engine.execute(f"DESCRIBE SELECT * FROM {_read(paths)}").fetchall()
    return {row[0]: row[1] for row in found}


def _grown(stored: str, new: str) -> str:
    """The type for both: a decimal gets the digits behind the point that the new one has more."""
    held, come = _decimal(stored), _decimal(new)
    if held is None or come is None or come[1] <= held[1]:
        return stored
    precision = held[0] + come[1] - held[1]
    return f"DECIMAL({precision},{come[1]})" if precision <= _DIGITS_MAX else stored


def _decimal(kind: str) -> tuple[int, int] | None:
    if not kind.startswith("DECIMAL("):
        return None
    precision, scale = kind.removeprefix("DECIMAL(").removesuffix(")").split(",")
    return int(precision), int(scale)


def _check_types(rows: _Rows, holding_json: Sequence[str]) -> None:
    """Refuse values that the table's types do not hold as they are.

    Raises: ColumnsUnfit.
    """
    held = _types(rows.engine, rows.new)
    asked = {
        name: f"TRY_CAST(TRY_CAST({_quote(name)} AS {kind}) AS {held[name]})"
        f" IS DISTINCT FROM {_quote(name)}"
        for name, kind in rows.columns.items()
        if held[name] != kind
    }
    for name in holding_json:
        asked[name] = f"NOT coalesce(json_valid(CAST({_quote(name)} AS VARCHAR)), true)"
    if not asked:
        return
    lost = ", ".join(f"count(*) FILTER ({condition})" for condition in asked.values())
    (counts,) = rows.engine.execute(f"SELECT {lost} FROM {_read(rows.new)}").fetchall()
    unfit = [name for name, count in zip(asked, counts, strict=True) if count]
    if unfit:
        raise ColumnsUnfit(", ".join(unfit))


# By key ------------------------------------------------------------------------------------------


def _take_in_new(rows: _Rows) -> None:
    """The file's rows as the table `fresh_rows`, numbered as they lie."""
    shown = ", ".join(
        f"CAST({_quote(name)} AS {kind}) AS {_quote(name)}" for name, kind in rows.columns.items()
    )
    first = 1
    for number, path in enumerate(rows.new):
        select = (
            f"SELECT {first} + file_row_number AS {_quote(_PLACE)}, {shown}"
            f" FROM read_parquet({literal(str(path))}, file_row_number = true)"
        )
        verb = "CREATE TABLE fresh_rows AS" if number == 0 else "INSERT INTO fresh_rows"
        rows.engine.execute(f"{verb} {select}")
        first += pyarrow.parquet.read_metadata(path).num_rows


def _check_keys(rows: _Rows) -> None:
    names = _names(rows.key)
    is_empty = " OR ".join(f"{_quote(name)} IS NULL" for name in rows.key)
    ((count, first),) = rows.engine.execute(
        f"SELECT count(*), min({_quote(_PLACE)}) FROM fresh_rows WHERE {is_empty}"
    ).fetchall()
    if count:
        raise KeyEmpty(first, count, ", ".join(rows.key))
    doubles = (
        f"SELECT {names}, min({_quote(_PLACE)}) AS first FROM fresh_rows GROUP BY {names}"
        " HAVING count(*) > 1"
    )
    found = rows.engine.execute(
        f"SELECT {names}, count(*) OVER () FROM ({doubles}) ORDER BY first LIMIT 1"
    ).fetchone()
    if found is not None:
        raise KeyTwiceInFile(_shown(rows.key, found[:-1]), found[-1])


def _find_hits(rows: _Rows) -> None:
    """Which rows of the table have a key of the file, and whether they change: the table `hits`.

    Raises: KeyTwiceInTable.
    """
    rows.engine.execute(
        "CREATE TABLE hits (file INTEGER, row_number BIGINT, place BIGINT, is_changed BOOLEAN)"
    )
    rest = [name for name in rows.stored if name not in rows.key]
    differs = " OR ".join(
        f"held.{_quote(name)} IS DISTINCT FROM fresh.{_quote(name)}" for name in rest
    )
    on = " AND ".join(f"held.{_quote(name)} = fresh.{_quote(name)}" for name in rows.key)
    for number, path in enumerate(rows.base):
        rows.engine.execute(
            f"INSERT INTO hits SELECT {number}, held.file_row_number, fresh.{_quote(_PLACE)},"
            f" {differs or 'false'}"
            f" FROM read_parquet({literal(str(path))}, file_row_number = true) AS held"
            f" JOIN fresh_rows AS fresh ON {on}"
        )
    names = ", ".join(f"fresh.{_quote(name)}" for name in rows.key)
    double = rows.engine.execute(
        f"SELECT {names} FROM fresh_rows AS fresh JOIN ("
        " SELECT place FROM hits GROUP BY place HAVING count(*) > 1 ORDER BY place LIMIT 1"
        f") AS twice ON fresh.{_quote(_PLACE)} = twice.place"
    ).fetchone()
    if double is not None:
        raise KeyTwiceInTable(_shown(rows.key, double))


def _refuse_hits(rows: _Rows) -> None:
    names = ", ".join(f"fresh.{_quote(name)}" for name in rows.key)
    found = rows.engine.execute(
        f"SELECT {names}, count(*) OVER () FROM fresh_rows AS fresh"
        f" JOIN hits ON fresh.{_quote(_PLACE)} = hits.place ORDER BY hits.place LIMIT 1"
    ).fetchone()
    if found is not None:
        raise KeyAlreadyThere(_shown(rows.key, found[:-1]), found[-1])


def _counts(rows: _Rows) -> tuple[int, int, int]:
    """How many rows of the file are there already, change one, and are new."""
    ((hits, changed),) = rows.engine.execute(
        "SELECT count(*), count(*) FILTER (is_changed) FROM hits"
    ).fetchall()
    ((come,),) = rows.engine.execute("SELECT count(*) FROM fresh_rows").fetchall()
    return hits, changed, come - hits


def _rewritten(rows: _Rows) -> list[Path | None]:
    """The table's files anew, with their changes; None for those that stay."""
    held = rows.engine.execute("SELECT DISTINCT file FROM hits WHERE is_changed").fetchall()
    touched = {number for (number,) in held}
    shown = [] if rows.next_row_id is None else [f"held.{_quote(ROW_ID)}"]
    for name, kind in rows.columns.items():
        one = _quote(name)
        shown.append(
            f"CAST(CASE WHEN fresh.{_quote(_PLACE)} IS NULL THEN held.{one}"
            f" ELSE fresh.{one} END AS {kind}) AS {one}"
        )
    anew: list[Path | None] = []
    for number, path in enumerate(rows.base):
        if number not in touched and not rows.is_recast:
            anew.append(None)
            continue
        statement = (
            f"SELECT {', '.join(shown)}"
            f" FROM read_parquet({literal(str(path))}, file_row_number = true) AS held"
            f" LEFT JOIN (SELECT row_number, fresh_rows.* FROM hits"
            f" JOIN fresh_rows ON fresh_rows.{_quote(_PLACE)} = hits.place"
            f" WHERE hits.file = {number} AND hits.is_changed) AS fresh"
            " ON fresh.row_number = held.file_row_number ORDER BY held.file_row_number"
        )
        anew += _write(rows, statement, f"anew-{number}")
    return anew


# Writing -----------------------------------------------------------------------------------------


def _recast(rows: _Rows) -> list[Path | None]:
    """The table's files with the types that grew; None for each where none did."""
    if not rows.is_recast:
        return [None] * len(rows.base)
    shown = ", ".join(
        f"CAST({_quote(name)} AS {kind}) AS {_quote(name)}" for name, kind in rows.columns.items()
    )
    anew: list[Path | None] = []
    for number, path in enumerate(rows.base):
        read = f"read_parquet({literal(str(path))}, file_row_number = true)"
        statement = f"SELECT {shown} FROM {read} ORDER BY file_row_number"
        anew += _write(rows, statement, f"anew-{number}")
    return anew


def _all_added(rows: _Rows) -> list[Path]:
    """The files of the rows that follow, where none of them is known: all of the file."""
    held = _types(rows.engine, rows.new)
    if rows.next_row_id is None and list(held.items()) == list(rows.columns.items()):
        return list(rows.new)
    shown = [
        f"CAST({_quote(name)} AS {kind}) AS {_quote(name)}" for name, kind in rows.columns.items()
    ]
    if rows.next_row_id is not None:
        shown.insert(0, f"row_number() OVER () + {rows.next_row_id - 1} AS {_quote(ROW_ID)}")
    return _write(rows, f"SELECT {', '.join(shown)} FROM {_read(rows.new)}", "added")


def _fresh_added(rows: _Rows) -> list[Path]:
    """The files of the rows that follow, where some of the file's have changed others."""
    shown = [_quote(name) for name in rows.columns]
    if rows.next_row_id is not None:
        number = f"row_number() OVER (ORDER BY {_quote(_PLACE)})"
        shown.insert(0, f"{number} + {rows.next_row_id - 1} AS {_quote(ROW_ID)}")
    statement = (
        f"SELECT {', '.join(shown)} FROM fresh_rows"
        f" WHERE {_quote(_PLACE)} NOT IN (SELECT place FROM hits) ORDER BY {_quote(_PLACE)}"
    )
    return _write(rows, statement, "added")


def _write(rows: _Rows, statement: str, folder: str) -> list[Path]:
    target = rows.work / folder
    target.mkdir()
    reader = rows.engine.sql(statement).to_arrow_reader(ROWS_PER_GROUP)
    return write_rows(reader, reader.schema, target)[1]


def _told(
    rows: _Rows, anew: Sequence[Path | None], added: Sequence[Path], counts: Mapping[str, Json]
) -> dict[str, Json]:
    """What `joined` gives."""
    taken = {path.stem for path in rows.base}
    files: list[Json] = []
    for number, path in enumerate(anew):
        files.append(number if path is None else _named(rows, path))
    for path in added:
        _make_distinct(path, taken)
        files.append(_named(rows, path))
    grown: dict[str, Json] = {
        name: list(_decimal(kind) or ())
        for name, kind in rows.columns.items()
        if kind != rows.stored[name]
    }
    return {"files": files, "grown": grown, **counts}


def _named(rows: _Rows, path: Path) -> dict[str, Json]:
    return {
        "name": path.relative_to(rows.work).as_posix(),
        "rows": pyarrow.parquet.read_metadata(path).num_rows,
    }


def _make_distinct(path: Path, taken: set[str]) -> None:
    """Write a file of rows that the table has in just such a file with a mark in its footer.

    The table's files go by their digest, and none may stand in it twice.
    """
    again = 0
    while (digest := _digest(path)) in taken:
        again += 1
        table = pyarrow.parquet.ParquetFile(path)
        schema = table.schema_arrow.with_metadata({_AGAIN: str(again)})
        marked = path.with_suffix(".again")
        with pyarrow.parquet.ParquetWriter(
            marked,
            schema,
            compression="zstd",
            write_page_checksum=True,
            dictionary_pagesize_limit=DICTIONARY_BYTES_MAX,
        ) as writer:
            for group in range(table.num_row_groups):
                rows = pa.Table.from_batches(table.read_row_group(group).to_batches(), None)
                writer.write_table(rows.replace_schema_metadata(schema.metadata), ROWS_PER_GROUP)
        table.close()
        marked.replace(path)
    taken.add(digest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Words -------------------------------------------------------------------------------------------


def _shared_rows(
    engine: duckdb.DuckDBPyConnection, before: str, after: str, columns: Sequence[str]
) -> int:
    """How many rows the two have in common, a row that comes twice counting twice."""
    if not columns:
        return 0
    cells = ", ".join(f"CAST({_quote(name)} AS VARCHAR)" for name in columns)
    counted = "SELECT hash(row({cells})) AS mark, count(*) AS many FROM {source} GROUP BY mark"
    held, come = (counted.format(cells=cells, source=source) for source in (before, after))
    ((both,),) = engine.execute(
        "SELECT coalesce(sum(least(b.many, a.many)), 0)::BIGINT"
        f" FROM ({held}) AS b JOIN ({come}) AS a USING (mark)"
    ).fetchall()
    return int(both)


def _is_key(engine: duckdb.DuckDBPyConnection, source: str, key: Sequence[str]) -> bool:
    is_whole = " AND ".join(f"{_quote(name)} IS NOT NULL" for name in key)
    ((rows, whole, different),) = engine.execute(
        f"SELECT count(*), count(*) FILTER ({is_whole}), count(DISTINCT row({_names(key)}))"
        f" FROM {source}"
    ).fetchall()
    return bool(rows == whole == different)


def _text(table: str, name: str) -> str:
    return f"CAST({table}.{_quote(name)} AS VARCHAR)"


def _count(engine: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> int:
    ((count,),) = engine.execute(f"SELECT count(*) FROM {_read(paths)}").fetchall()
    return int(count)


def _shown(key: Sequence[str], values: Sequence[object]) -> str:
    told = ", ".join(f"{name}: {value}" for name, value in zip(key, values, strict=True))
    return told[:_KEY_SHOWN_CHARACTERS]


def _names(columns: Sequence[str]) -> str:
    return ", ".join(_quote(name) for name in columns)


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _read(paths: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(path)) for path in paths)}])"


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value

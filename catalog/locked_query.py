# ruff: noqa: S608  Names are quoted by `_quote`; the user's text is the point of this file.
"""One user's statement in a locked engine: the code of a confined process.

The engine holds read-only files with just what the caller may see, so that even a statement that
gets past every check has nothing else to read. Order matters: attach, name, shut the outside off,
lock, begin a read-only transaction, and only then look at the text.

DuckDB is imported here besides `catalog.warehouse` and `catalog.build_copy`, because a confined
process must not bring the server's code along; pyarrow because it writes large answers with a
fraction of the work.
"""

from __future__ import annotations

import codecs
import errno
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import duckdb
import orjson
import pyarrow
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from catalog.errors import (
    MalformedStatement,
    NotOneSelect,
    QueryTooCostly,
    ResultTooLarge,
)
from catalog.json_rows import (
    Row,
    array_of_objects,
    is_nested,
    json_columns,
    json_expression,
    json_text_expression,
    lines_of_objects,
    with_json,
)
from catalog.result import PLAIN, Manner, ResultColumn, ResultFormat
from catalog.statement import Tree, check_statement

EXPRESSION_DEPTH_MAX = 250
REASON_LENGTH_CHARACTERS = 500
ROWS_PER_BATCH = 20_000
ROWS_PER_FETCH = 2_000
WRITE_BUFFER_BYTES = 1 << 20
STATEMENTS_KNOWN_MAX = 32

_PLACES = ("query_location", "query_location_length")
_NO_ARROW_FILE = ("INTERVAL", "BIT", "BIGNUM", "VARIANT", "TIME WITH TIME ZONE", "UNION(")
_PLAIN_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "BOOLEAN"),
)
_FORMULA_STARTS = "'=', '+', '-', '@', '＝', '＋', '－', '＠', chr(9), chr(13)"
"""How a cell begins that a spreadsheet may run. Source: OWASP, CSV Injection."""
_PATH = re.compile(r"(?<![\w)])(?:[a-z]+:/)?/(?:[\w.@%+-]+/)+[\w.@%+-]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was written."""

    columns: tuple[ResultColumn, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class _Checked:
    """A statement that may run."""

    text: str
    columns: tuple[ResultColumn, ...]


def open_empty_engine() -> duckdb.DuckDBPyConnection:
    """An engine without tables, files or threads, for processes to be forked from.

    Opening one costs three times what a small query does. This one has never seen anything that
    a forked process could find in its memory.
    """
    engine = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "async_threads": 0,
            "python_enable_replacements": False,
            "python_scan_all_frames": False,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "allow_unsigned_extensions": False,
            "allow_persistent_secrets": False,
            "enable_external_file_cache": False,
            "max_expression_depth": EXPRESSION_DEPTH_MAX,
        },
    )
    engine.execute("SET GLOBAL temp_directory = ''")
    engine.execute("SET GLOBAL TimeZone = 'UTC'")
    # What the first statement would load is loaded here, once for all.
    engine.execute("SELECT json_serialize_sql('SELECT count(*) FROM range(1)')").fetchall()
    return engine


class LockedEngine:
    """An engine with these tables and nothing else, which can no longer be opened up."""

    def __init__(
        self,
        empty: duckdb.DuckDBPyConnection,
        tables: Mapping[str, Path],
        *,
        memory_bytes: int,
        wall_s: float,
    ) -> None:
        """Attach the files, name their tables and lock.

        `empty` is from `open_empty_engine`, in a process of its own: what is done here is done
        to the whole engine. `tables` are the permitted names and the DuckDB file that holds
        each; the caller has made sure that names differ by more than case.
        """
        self._memory_bytes, self._wall_s = memory_bytes, wall_s
        self._names = tuple(tables)
        # What the tables are never changes, so what a statement is need not be asked twice.
        self._known: dict[str, _Checked] = {}
        self._engine = empty.cursor()
        self._engine.execute(f"SET GLOBAL memory_limit = '{memory_bytes}B'")
        for place, (name, path) in enumerate(tables.items()):
            quoted = str(path).replace("'", "''")
            self._engine.execute(f"ATTACH '{quoted}' AS attached_{place} (READ_ONLY)")
            self._engine.execute(
                f"CREATE VIEW {_quote(name)} AS SELECT * FROM attached_{place}.data"
            )
        self._engine.execute("SET enable_progress_bar = false")
        # A cursor made from this one would not be bound by its time limit: make none.
        self._engine.execute(f"SET max_execution_time = {int(wall_s * 1000)}")
        self._engine.execute("SET GLOBAL enable_external_access = false")
        self._engine.execute("SET GLOBAL lock_configuration = true")

    def answer(
        self,
        sql: str,
        result_format: ResultFormat,
        output: BinaryIO,
        *,
        rows_max: int,
        size_bytes_max: int,
        manner: Manner = PLAIN,
    ) -> Answer:
        """Write the whole answer of one SELECT statement, or refuse. No XLSX: see `catalog.answer`.

        Raises: MalformedStatement, NotOneSelect, NoSuchTable, ForbiddenPart, ResultTooLarge,
        QueryTooCostly. After QueryTooCostly the engine is not to be used again.
        """
        self._engine.execute("BEGIN TRANSACTION READ ONLY")
        counted = _Counted(output, ResultTooLarge(rows_max, size_bytes_max))
        try:
            return self._write(self._checked(sql), result_format, counted, manner)
        except (duckdb.OutOfMemoryException, duckdb.InterruptException, MemoryError):
            raise QueryTooCostly(self._wall_s, self._memory_bytes) from None
        except pyarrow.lib.ArrowMemoryError:
            raise QueryTooCostly(self._wall_s, self._memory_bytes) from None
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise counted.too_large from None
            raise
        except (duckdb.Error, pyarrow.lib.ArrowException) as error:
            raise MalformedStatement(_reason(error)) from None
        finally:
            self._engine.execute("ROLLBACK")

    def _checked(self, sql: str) -> _Checked:
        """The statement, if it may run, with the columns of its answer.

        Raises: as `answer`.
        """
        known = self._known.get(sql)
        if known is None:
            text = self._check(sql)
            described = self._engine.sql(text)
            names, types = _distinct(described.columns), map(str, described.types)
            known = _Checked(text, tuple(map(ResultColumn, names, types)))
            if len(self._known) < STATEMENTS_KNOWN_MAX:
                self._known[sql] = known
        return known

    def _check(self, sql: str) -> str:
        """Return the text of the statement, without a final semicolon, if it may run.

        Raises: as `answer`.
        """
        try:
            statements = self._engine.extract_statements(sql)
            types = [statement.type for statement in statements]
        except duckdb.ParserException as error:
            raise MalformedStatement(_reason(error)) from None
        except duckdb.OutOfMemoryException:
            raise
        except (duckdb.Error, ValueError):
            # A statement of a type that the library has no name for is certainly no SELECT.
            raise NotOneSelect from None
        if types != [duckdb.StatementType.SELECT]:
            raise NotOneSelect
        if statements[0].named_parameters:
            raise MalformedStatement("a parameter has no value here")
        node = check_statement(self._tree(sql), self._names)
        text = _without_semicolons(sql)
        # What runs is this text in brackets: make sure that it still means what was checked.
        wrapped = self._tree(f"SELECT 1 FROM (\n{text}\n)")
        if _without_places(_inner_node(wrapped)) != _without_places(node):
            raise NotOneSelect
        return text

    def _tree(self, sql: str) -> dict[str, Tree]:
        ((text,),) = self._engine.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
        tree = orjson.loads(text)
        assert isinstance(tree, dict)
        if tree.get("error"):
            if tree.get("error_type") == "not implemented":
                raise NotOneSelect
            raise MalformedStatement(_strip(str(tree.get("error_message"))))
        return tree

    def _write(
        self, checked: _Checked, result_format: ResultFormat, output: _Counted, manner: Manner
    ) -> Answer:
        text, columns = checked.text, checked.columns
        match result_format:
            case ResultFormat.JSON | ResultFormat.NDJSON:
                rows = self._write_json(text, columns, result_format, output)
            case ResultFormat.CSV | ResultFormat.TSV:
                if manner.with_mark:
                    output.write(codecs.BOM_UTF8)
                shown = _guarded_expression if manner.is_guarded else _text_expression
                rows = self._write_arrow(text, columns, result_format, output, shown)
            case ResultFormat.PARQUET | ResultFormat.ARROW:
                rows = self._write_arrow(text, columns, result_format, output, _arrow_expression)
            case ResultFormat.XLSX:
                raise AssertionError("a workbook is made from Arrow, in another process")
        output.file.flush()
        return Answer(columns, rows)

    def _write_json(
        self, text: str, columns: Sequence[ResultColumn], form: ResultFormat, output: _Counted
    ) -> int:
        if form is ResultFormat.JSON:
            listed = [{"name": column.name, "type": column.type} for column in columns]
            output.write(b'{"columns":' + orjson.dumps(listed) + b',"rows":[')
        if any(is_nested(column.type) for column in columns):
            rows = self._write_objects(text, columns, form, output)
        else:
            rows = self._write_object_texts(text, columns, form, output)
        if form is ResultFormat.JSON:
            output.write(b'],"row_count":%d}\n' % rows)
        return rows

    def _write_object_texts(
        self, text: str, columns: Sequence[ResultColumn], form: ResultFormat, output: _Counted
    ) -> int:
        """Let the engine write the objects, which it does ten times faster than Python."""
        cells = ", ".join(
            f"{_literal(column.name)}, {json_text_expression(f'#{place}', column.type)}"
            for place, column in enumerate(columns, start=1)
        )
        row = f"CAST(json_object({cells}) AS VARCHAR)"
        is_lines = form is ResultFormat.NDJSON
        shown = f"{row} || chr(10)" if is_lines else f"',' || {row}"
        rows = 0
        with self._batches(_limited(shown, text, output)) as batches:
            for batch in batches:
                output.count(batch.num_rows)
                data = _joined(batch.column(0))
                # The comma before the first object is the one too many.
                output.write(data if rows or is_lines else data[1:])
                rows += batch.num_rows
        return rows

    def _write_objects(
        self, text: str, columns: Sequence[ResultColumn], form: ResultFormat, output: _Counted
    ) -> int:
        """Write the objects here, where values hold other values."""
        names = [column.name for column in columns]
        json_places = json_columns([column.type for column in columns])
        shown = ", ".join(
            json_expression(f"#{place}", column.type)
            for place, column in enumerate(columns, start=1)
        )
        rows = 0
        for batch in _fetched(self._engine.execute(_limited(shown, text, output))):
            output.count(len(batch))
            ready = with_json(batch, json_places)
            if form is ResultFormat.NDJSON:
                output.write(lines_of_objects(names, ready))
            else:
                output.write((b"," if rows else b"") + array_of_objects(names, ready)[1:-1])
            rows += len(batch)
        return rows

    def _write_arrow(
        self,
        text: str,
        columns: Sequence[ResultColumn],
        result_format: ResultFormat,
        output: _Counted,
        expression: Callable[[str, str], str],
    ) -> int:
        shown = ", ".join(
            f"{expression(f'#{place}', column.type)} AS {_quote(column.name)}"
            for place, column in enumerate(columns, start=1)
        )
        sink = pyarrow.PythonFile(output, mode="w")
        rows = 0
        reader = self._batches(_limited(shown, text, output))
        with reader, _writer(result_format, sink, reader.schema) as writer:
            for batch in reader:
                output.count(batch.num_rows)
                writer.write_batch(batch)
                rows += batch.num_rows
        return rows

    def _batches(self, statement: str) -> pyarrow.RecordBatchReader:
        """The answer in batches; to be closed, or the engine stays busy with it."""
        return self._engine.sql(statement).to_arrow_reader(ROWS_PER_BATCH)


class _Counted:
    """The output, which refuses to grow past the bounds of an answer."""

    closed = False

    def __init__(self, file: BinaryIO, too_large: ResultTooLarge) -> None:
        self.file, self.too_large = file, too_large
        self._rows = self._size_bytes = 0

    def count(self, rows: int) -> None:
        self._rows += rows
        if self._rows > self.too_large.rows_max:
            raise self.too_large

    def write(self, data: bytes | memoryview) -> int:
        self._size_bytes += len(data)
        if self._size_bytes > self.too_large.size_bytes_max:
            raise self.too_large
        self.file.write(data)
        return len(data)

    def tell(self) -> int:
        return self._size_bytes

    def flush(self) -> None:
        self.file.flush()

    def close(self) -> None:
        """The file is closed by the one who opened it."""


def _writer(
    result_format: ResultFormat, sink: pyarrow.NativeFile, schema: pyarrow.Schema
) -> pyarrow.csv.CSVWriter | pyarrow.parquet.ParquetWriter | pyarrow.ipc.RecordBatchStreamWriter:
    if result_format is ResultFormat.PARQUET:
        return pyarrow.parquet.ParquetWriter(
            sink, schema, compression="zstd", write_page_checksum=True
        )
    if result_format is ResultFormat.ARROW:
        return pyarrow.ipc.new_stream(sink, schema)
    delimiter = "\t" if result_format is ResultFormat.TSV else ","
    options = pyarrow.csv.WriteOptions(delimiter=delimiter, quoting_style="needed")
    return pyarrow.csv.CSVWriter(sink, schema, write_options=options)


def _text_expression(quoted: str, type_name: str) -> str:
    """Delimited files hold the engine's own text of each value; bytes as base64."""
    if type_name in _PLAIN_NUMBERS or type_name.startswith("DECIMAL("):
        return quoted
    return f"base64({quoted})" if type_name == "BLOB" else f"CAST({quoted} AS VARCHAR)"


def _guarded_expression(quoted: str, type_name: str) -> str:
    """The same, with an apostrophe before what a spreadsheet would run."""
    text = _text_expression(quoted, type_name)
    if text == quoted:
        return text
    return (
        f"CASE WHEN left({text}, 1) IN ({_FORMULA_STARTS}) THEN chr(39) || {text} ELSE {text} END"
    )


def _arrow_expression(quoted: str, type_name: str) -> str:
    """Parquet and Arrow keep their types; what they have no type for is text."""
    if type_name.startswith(_NO_ARROW_FILE) or type_name == "NULL":
        return f"CAST({quoted} AS VARCHAR)"
    return quoted


def _limited(shown: str, text: str, output: _Counted) -> str:
    """The user's statement as a table of which everything is shown, but no row too many."""
    return f"SELECT {shown} FROM (\n{text}\n) LIMIT {output.too_large.rows_max + 1}"


def _joined(texts: pyarrow.StringArray) -> memoryview:
    """All texts of an array, one after the other, as they already lie in memory."""
    _, places, data = texts.buffers()
    if data is None:
        return memoryview(b"")
    begin, end = (
        struct.unpack_from("=i", places, 4 * place)[0]
        for place in (texts.offset, texts.offset + len(texts))
    )
    return memoryview(data)[begin:end]


def _fetched(engine: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Row]]:
    while batch := engine.fetchmany(ROWS_PER_FETCH):
        yield batch


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that came before."""
    given: set[str] = set()
    distinct: list[str] = []
    for name in names:
        candidate, number = name, 0
        while candidate in given or (number and candidate in names):
            number += 1
            candidate = f"{name}_{number}"
        given.add(candidate)
        distinct.append(candidate)
    return distinct


def _without_semicolons(sql: str) -> str:
    """The text up to its final semicolons; places of tokens are counted in bytes."""
    data = sql.encode()
    tokens = [(place, kind) for place, kind in duckdb.tokenize(sql)]
    comment = duckdb.token_type.comment
    while tokens and (tokens[-1][1] == comment or data[tokens[-1][0] :].strip() == b";"):
        data = data[: tokens.pop()[0]]
    return data.decode()


def _inner_node(tree: dict[str, Tree]) -> Tree:
    """The query in the brackets of `SELECT 1 FROM (…)`."""
    step: Tree = tree
    for key in ("statements", 0, "node", "from_table", "subquery", "node"):
        if isinstance(key, int):
            if not isinstance(step, list) or len(step) != 1:
                raise NotOneSelect
            step = step[key]
        elif isinstance(step, dict):
            step = step.get(key)
        else:
            raise NotOneSelect
    return step


def _without_places(value: Tree) -> Tree:
    if isinstance(value, dict):
        return {key: _without_places(item) for key, item in value.items() if key not in _PLACES}
    if isinstance(value, list):
        return [_without_places(item) for item in value]
    return value


def _reason(error: Exception) -> str:
    """The engine's message, as far as it speaks of the statement."""
    return _strip(str(error))


def _strip(message: str) -> str:
    """The message without stack traces, advice and paths."""
    told = re.split(r"\n\s*(?:Stack Trace|Possible solutions|Candidate)", message)[0]
    told = re.sub(r"\battached_\d+\.", "", _PATH.sub("…", told))
    return told.strip()[:REASON_LENGTH_CHARACTERS]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'

"""The type of each column, decided over all its rows, and the Parquet files of a version.

A column has a type only if every value in it survives: read back, an integer and a boolean have
the same text (but for the case of true and false), a number the same value, a date and a time are
the same moment. Otherwise the column is text, and so are codes with leading zeros, plus signs and
whole numbers beyond 64 bits.

Rules, in this order, for a column with at least one value:

    integer    -?(0|[1-9][0-9]*), within 64 bits
    decimal    plain numbers that all have the same number of digits after the point, 18 digits
    double     numbers, with an exponent or not, that a 64-bit float gives back digit by digit
    grouped    numbers with commas between thousands, as 1,234.5: integer or double
    chinese    numbers some of which end in 万 or 亿: double
    boolean    true and false, in any case
    date       YYYY-MM-DD, or one of `DATE_FORMATS` throughout
    timestamp  date and time without a zone
    instant    date and time with a zone, kept in UTC
    text       everything else

An empty cell has no value. In columns of numbers, dates and times the texts of `NULL_TOKENS` mean
the same, and the reading says so; in columns of text “NA” is a text like others.

DuckDB is imported here because this runs in the process for hostile files, apart from the
warehouse; pyarrow because it writes page checksums.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from catalog.files.delimited import STAGED_NAME
from catalog.version import Column, ColumnType

NULL_TOKENS = ("NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "-", "--", "#N/A")
DECIMAL_DIGITS_MAX = 18
FILE_BYTES_MAX = 512 << 20
ROWS_PER_GROUP = 122_880
MEMORY_BYTES = 1 << 30
PARQUET_NAME = "part-{number:05}.parquet"

_SAMPLE_ROWS = 1_000
_COLUMNS_PER_QUERY = 50
_FLOAT_DIGITS = 15

DATE_FORMATS: Mapping[str, tuple[str, str]] = {
    # Name in the reading → what it looks like, and how it is read.
    "YYYY-MM-DD": (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d"),
    "YYYY-M-D": (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", "%Y-%m-%d"),
    "YYYY/M/D": (r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", "%Y/%m/%d"),
    "YYYY年M月D日": (r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日", "%Y年%m月%d日"),
    "D.M.YYYY": (r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}", "%d.%m.%Y"),
    "M/D/YYYY": (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%m/%d/%Y"),
    "D/M/YYYY": (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%d/%m/%Y"),
}
TIME_FORMATS: Mapping[str, tuple[str, str]] = {
    "YYYY/M/D H:MM:SS": (
        r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}",
        "%Y/%m/%d %H:%M:%S",
    ),
    "YYYY/M/D H:MM": (r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}", "%Y/%m/%d %H:%M"),
}
_ISO_DATE = "YYYY-MM-DD"
_MONTH_FIRST, _DAY_FIRST = "M/D/YYYY", "D/M/YYYY"

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_ZONE = r"(Z|[+-][0-9]{2}(:[0-9]{2})?)"
_PLAIN = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
_NUMBER = r"-?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?"

_GROUPED = r"-?([1-9][0-9]{0,2}(,[0-9]{3})+|0|[1-9][0-9]*)(\.[0-9]+)?"
_CHINESE = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?[万亿]?"
_MARKED = {"grouped": "[,]", "chinese": "[万亿]"}
_FORM_OF_RULE = {"grouped": "1,234.5", "chinese": "1.2万"}

_SHAPES: Mapping[str, re.Pattern[str]] = {
    # Name of each rule, in the order in which they are tried → what its cells look like.
    "integer": re.compile(r"-?[0-9]{1,19}"),
    "plain": re.compile(_PLAIN),
    "number": re.compile(_NUMBER),
    "grouped": re.compile(_GROUPED),
    "chinese": re.compile(_CHINESE),
    "boolean": re.compile("true|false", re.IGNORECASE),
    **{name: re.compile(shape) for name, (shape, _) in DATE_FORMATS.items()},
    "timestamp": re.compile(_TIME),
    "instant": re.compile(_TIME + _ZONE),
    **{name: re.compile(shape) for name, (shape, _) in TIME_FORMATS.items()},
}


@dataclass(frozen=True, slots=True)
class TypedTable:
    """What a file became."""

    columns: tuple[Column, ...]
    nulls: dict[str, tuple[str, ...]]
    formats: dict[str, str]
    ambiguous: tuple[str, ...]
    row_count: int
    files: tuple[Path, ...]
    """Parquet with page checksums, in the order of the rows."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The type of one column, and how its cells are read as that."""

    column: Column
    expression: str
    tokens: tuple[str, ...] = ()
    format: str = ""
    is_ambiguous: bool = False


def settle(names: Sequence[str], work: Path) -> TypedTable:
    """Decide the columns of the staged cells in `work` and write the typed rows beside them."""
    engine = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{MEMORY_BYTES}B",
            "temp_directory": str(work / "spill"),
            "python_enable_replacements": False,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
        },
    )
    try:
        engine.execute("SET TimeZone = 'UTC'")
        staged = f"read_parquet({_literal(str(work / STAGED_NAME))})"
        choices = _choices(engine, staged, names)
        row_count, files = _write(engine, staged, choices, work)
    finally:
        engine.close()
    return TypedTable(
        columns=tuple(choice.column for choice in choices),
        nulls={choice.column.name: choice.tokens for choice in choices if choice.tokens},
        formats={choice.column.name: choice.format for choice in choices if choice.format},
        ambiguous=tuple(choice.column.name for choice in choices if choice.is_ambiguous),
        row_count=row_count,
        files=tuple(files),
    )


# Deciding ---------------------------------------------------------------------------------------


def _choices(engine: duckdb.DuckDBPyConnection, staged: str, names: Sequence[str]) -> list[_Choice]:
    """The type of each column, in groups that one statement can ask for."""
    choices = []
    for first in range(0, len(names), _COLUMNS_PER_QUERY):
        group = range(first, min(first + _COLUMNS_PER_QUERY, len(names)))
        choices += _choices_of_group(engine, staged, {f"c{index}": names[index] for index in group})
    return choices


def _choices_of_group(
    engine: duckdb.DuckDBPyConnection, staged: str, names: Mapping[str, str]
) -> list[_Choice]:
    """Try the rules that the first rows do not break on all rows, one after the other."""
    open_rules = _rules_of_first_rows(engine, staged, list(names))
    chosen: dict[str, _Choice] = {}
    while len(chosen) < len(names):
        asked = {x: _next_rules(open_rules[x]) for x in names if x not in chosen}
        for x, counts in _count(engine, staged, {x: r for x, r in asked.items() if r}).items():
            if _is_ambiguous(counts):
                chosen[x] = _Choice(Column(names[x], ColumnType.TEXT), x, is_ambiguous=True)
            elif (rule := next(filter(counts.keeps, asked[x]), None)) is not None:
                tokens = _tokens_in(engine, staged, x) if counts.tokens_for(rule) else ()
                chosen[x] = _choice(rule, names[x], x, tokens, counts)
            open_rules[x] = [rule for rule in open_rules[x] if rule not in asked[x]]
        for x, rules in asked.items():
            if not rules:
                chosen[x] = _Choice(Column(names[x], ColumnType.TEXT), x)
    return [chosen[x] for x in names]


def _rules_of_first_rows(
    engine: duckdb.DuckDBPyConnection, staged: str, group: Sequence[str]
) -> dict[str, list[str]]:
    """The rules by whose shape the first cells of each column go, in order."""
    rows = engine.execute(
        f"SELECT {', '.join(group)} FROM {staged} LIMIT {_SAMPLE_ROWS}"  # noqa: S608
    ).fetchall()
    open_rules = {}
    for index, x in enumerate(group):
        cells = {row[index] for row in rows} - {None, *NULL_TOKENS}
        open_rules[x] = [
            rule for rule, shape in _SHAPES.items() if all(map(shape.fullmatch, cells))
        ]
    return open_rules


def _next_rules(rules: Sequence[str]) -> Sequence[str]:
    """The next rule to try; the two orders of day and month only make sense together."""
    return rules[:2] if rules[:2] == [_MONTH_FIRST, _DAY_FIRST] else rules[:1]


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many cells of a column keep which rule."""

    values: int
    tokens: int
    """Cells that mean “no value” unless the column is text or true and false."""
    kept: Mapping[str, int]
    scale: int | None
    """Digits after the point where that is the same for all plain numbers, else None."""
    scale_most: int
    """Most digits after the point of any number with or without commas."""
    marked: Mapping[str, int]
    """How many cells have the marks that the rule is for; without any it is a plainer one."""

    def may_keep(self, rule: str) -> bool:
        """Whether no cell breaks the rule, though there may be none that keeps it."""
        return self.kept[rule] + self.tokens_for(rule) == self.values

    def keeps(self, rule: str) -> bool:
        """Whether all cells keep the rule, and there are some."""
        if (rule == "plain" and not self.scale) or self.marked.get(rule) == 0:
            return False
        return self.kept[rule] > 0 and self.may_keep(rule)

    def tokens_for(self, rule: str) -> int:
        """Cells that mean “no value” under that rule."""
        return 0 if rule == "boolean" else self.tokens


def _is_ambiguous(counts: _Counts) -> bool:
    return all(rule in counts.kept and counts.keeps(rule) for rule in (_MONTH_FIRST, _DAY_FIRST))


def _condition(rule: str, x: str) -> str:
    """The condition under which the cell in column `x` keeps the rule."""
    if rule in DATE_FORMATS or rule in TIME_FORMATS:
        shape, form = DATE_FORMATS.get(rule) or TIME_FORMATS[rule]
        return f"{_looks_like(x, shape)} AND year(TRY_STRPTIME({x}, {_literal(form)})) > 0"
    match rule:
        case "integer":
            return f"TRY_CAST({x} AS BIGINT)::VARCHAR = {x}"
        case "plain":
            return f"{_looks_like(x, _PLAIN)} AND {_digits(x)} <= {DECIMAL_DIGITS_MAX}"
        case "number":
            return f"{_looks_like(x, _NUMBER)} AND {_survives_as_double(x)}"
        case "grouped":
            bare = f"replace({x}, ',', '')"
            return f"{_looks_like(x, _GROUPED)} AND {_digits(bare)} <= {_FLOAT_DIGITS}"
        case "chinese":
            return f"{_looks_like(x, _CHINESE)} AND {_digits(x)} <= {_FLOAT_DIGITS - 4}"
        case "boolean":
            return f"lower({x}) IN ('true', 'false')"
        case "timestamp":
            return f"{_looks_like(x, _TIME)} AND year(TRY_CAST({x} AS TIMESTAMP)) > 0"
        case "instant":
            return f"{_looks_like(x, _TIME + _ZONE)} AND year(TRY_CAST({x} AS TIMESTAMPTZ)) > 0"
        case _:
            raise AssertionError(rule)


def _looks_like(x: str, shape: str) -> str:
    return f"regexp_full_match({x}, {_literal(shape)})"


def _digits(x: str) -> str:
    """How many significant digits a number has."""
    return f"length(ltrim(regexp_replace({x}, '[eE].*$|[.-]', '', 'g'), '0'))"


def _survives_as_double(x: str) -> str:
    """Up to 15 significant digits always survive; more of them if the shortest text is the same."""
    digits = _digits(x)
    double = f"TRY_CAST({x} AS DOUBLE)"
    return (
        f"({digits} = 0 OR abs({double}) BETWEEN 1e-300 AND 1e300) AND {double} IS NOT NULL "
        f"AND ({digits} <= {_FLOAT_DIGITS} OR {double}::VARCHAR = {x})"
    )


def _count(
    engine: duckdb.DuckDBPyConnection, source: str, rules: Mapping[str, Sequence[str]]
) -> dict[str, _Counts]:
    """Count, in one pass over `source`, the cells of each column that keep its rules."""
    if not rules:
        return {}
    tokens = ", ".join(_literal(token) for token in NULL_TOKENS)
    asked = []
    for x, names in rules.items():
        conditions = {name: _condition(name, x) for name in names}
        scale = f"length(regexp_extract({x}, '[.]([0-9]+)$', 1))"
        is_plain = conditions.get("plain", "false")
        asked += [
            f"count({x})",
            f"count(*) FILTER ({x} IN ({tokens}))",
            f"min({scale}) FILTER ({is_plain})",
            f"max({scale}) FILTER ({is_plain})",
            f"max({scale})" if "grouped" in conditions else "0",
            *(f"count(*) FILTER ({conditions[name]})" for name in names),
            *(
                f"count(*) FILTER (regexp_matches({x}, {_literal(_MARKED[name])}))"
                for name in names
                if name in _MARKED
            ),
        ]
    (row,) = engine.execute(f"SELECT {', '.join(asked)} FROM {source}").fetchall()  # noqa: S608
    cells = iter(row)
    counts = {}
    for x, names in rules.items():
        values, null_tokens, fewest, most, scale_most = (next(cells) for _ in range(5))
        kept = {name: next(cells) for name in names}
        marked = {name: next(cells) for name in names if name in _MARKED}
        same = most if fewest == most else None
        counts[x] = _Counts(values, null_tokens, kept, same, scale_most or 0, marked)
    return counts


def _choice(rule: str, name: str, x: str, tokens: tuple[str, ...], counts: _Counts) -> _Choice:
    cell = x
    for token in tokens:
        cell = f"nullif({cell}, {_literal(token)})"
    column, expression = _read_as(rule, name, cell, counts)
    form = rule if rule in DATE_FORMATS or rule in TIME_FORMATS else _FORM_OF_RULE.get(rule, "")
    return _Choice(column, expression, tokens, "" if form == _ISO_DATE else form)


def _read_as(rule: str, name: str, cell: str, counts: _Counts) -> tuple[Column, str]:
    """The column under a rule, and the expression that reads its cells."""
    if rule in DATE_FORMATS:
        form = _literal(DATE_FORMATS[rule][1])
        return Column(name, ColumnType.DATE), f"CAST(strptime({cell}, {form}) AS DATE)"
    if rule in TIME_FORMATS:
        form = _literal(TIME_FORMATS[rule][1])
        return Column(name, ColumnType.TIMESTAMP), f"CAST(strptime({cell}, {form}) AS TIMESTAMP)"
    match rule:
        case "grouped":
            bare = f"replace({cell}, ',', '')"
            kind = ColumnType.DOUBLE if counts.scale_most else ColumnType.INTEGER
            into = "DOUBLE" if counts.scale_most else "BIGINT"
            return Column(name, kind), f"CAST({bare} AS {into})"
        case "chinese":
            bare = f"CAST(rtrim({cell}, '万亿') AS DECIMAL(30, 8))"
            times = (
                f"CASE right({cell}, 1) WHEN '万' THEN 10000 WHEN '亿' THEN 100000000 ELSE 1 END"
            )
            return Column(name, ColumnType.DOUBLE), f"CAST({bare} * {times} AS DOUBLE)"
        case "boolean":
            return Column(name, ColumnType.BOOLEAN), f"CAST({cell} AS BOOLEAN)"
        case "integer":
            return Column(name, ColumnType.INTEGER), f"CAST({cell} AS BIGINT)"
        case "plain":
            digits, scale = DECIMAL_DIGITS_MAX, counts.scale
            decimal = Column(name, ColumnType.DECIMAL, digits, scale)
            return decimal, f"CAST({cell} AS DECIMAL({digits}, {scale}))"
        case "number":
            return Column(name, ColumnType.DOUBLE), f"CAST({cell} AS DOUBLE)"
        case "timestamp":
            return Column(name, ColumnType.TIMESTAMP), f"CAST({cell} AS TIMESTAMP)"
        case "instant":
            return Column(name, ColumnType.INSTANT), f"CAST({cell} AS TIMESTAMPTZ)"
        case _:
            raise AssertionError(rule)


def _tokens_in(engine: duckdb.DuckDBPyConnection, staged: str, x: str) -> tuple[str, ...]:
    tokens = ", ".join(_literal(token) for token in NULL_TOKENS)
    found = engine.execute(
        f"SELECT DISTINCT {x} FROM {staged} WHERE {x} IN ({tokens}) ORDER BY {x}"  # noqa: S608
    ).fetchall()
    return tuple(token for (token,) in found)


# Writing ----------------------------------------------------------------------------------------


def _write(
    engine: duckdb.DuckDBPyConnection, staged: str, choices: Sequence[_Choice], work: Path
) -> tuple[int, list[Path]]:
    """Write the typed rows; a file that has grown large enough is followed by another."""
    shown = ", ".join(f"{choice.expression} AS {_quote(choice.column.name)}" for choice in choices)
    reader = engine.sql(f"SELECT {shown} FROM {staged}").to_arrow_reader(ROWS_PER_GROUP)  # noqa: S608
    return write_rows(reader, reader.schema, work)


def write_rows(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, work: Path
) -> tuple[int, list[Path]]:
    """Write rows as the Parquet files of a version; says how many rows, and which files."""
    rows = 0
    files: list[Path] = []
    groups = _groups(batches)
    group = next(groups, None)
    while group is not None or not files:
        path = work / PARQUET_NAME.format(number=len(files))
        files.append(path)
        with pyarrow.parquet.ParquetWriter(
            path, schema, compression="zstd", write_page_checksum=True
        ) as writer:
            while group is not None:
                writer.write_table(group, row_group_size=ROWS_PER_GROUP)
                rows += group.num_rows
                group = next(groups, None)
                if path.stat().st_size >= FILE_BYTES_MAX:
                    break
    return rows, files


def _groups(reader: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows in groups of one size, so that equal rows make equal files."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in reader:
        while count + batch.num_rows >= ROWS_PER_GROUP:
            room = ROWS_PER_GROUP - count
            yield pa.Table.from_batches([*waiting, batch.slice(0, room)])
            batch, waiting, count = batch.slice(room), [], 0  # noqa: PLW2901
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting)


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

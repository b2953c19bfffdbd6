"""The type of each column, decided over all its rows, and the Parquet files of a version.

A column has the first form of `catalog.files.cell_forms` that all its values are written in. Where
none fits all of them but one fits all but a few, `MISFITS_PERMILLE_MAX` at the most, the column has
that form and the few are set aside, each with its row and its reason; the table has no value there.
Everything else is text, and so are codes: a cell of digits that is no number of the form, such as
one with leading zeros or beyond 64 bits, makes its whole column text rather than being set aside.
A type that the publisher chose holds if half of the values fit it.

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
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet

from catalog.errors import NoSuchColumn
from catalog.file_errors import DatesAmbiguous, TypeUnfitting
from catalog.files.cell_forms import (
    DAY_FIRST,
    MARKS,
    MONTH_FIRST,
    SHAPES,
    TO_NARROW,
    WIDE_NAME,
    condition,
    literal,
    narrowed,
    read_as,
    scale,
    told_as,
    type_of,
)
from catalog.files.delimited import STAGED_NAME
from catalog.misfit import MISFITS_NAME, reason_for
from catalog.parquet_pages import DICTIONARY_BYTES_MAX
from catalog.version import Column, ColumnType

NULL_TOKENS = ("NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "-", "--", "#N/A")
MISFITS_PERMILLE_MAX: Final = 10
"""Cells that may be set aside so that the rest of their column has a type, of its values."""
CHOSEN_FIT_PERCENT_MIN: Final = 50
"""How many values have to fit a type that the publisher chose."""
FILE_BYTES_MAX = 512 << 20
ROWS_PER_GROUP = 122_880
MEMORY_BYTES = 1 << 30
PARQUET_NAME = "part-{number:05}.parquet"

_SAMPLE_ROWS = 1_000
_COLUMNS_PER_QUERY = 50
_CODE = r"[+-]?[0-9]+"

_SHAPES = {name: re.compile(shape) for name, shape in SHAPES.items()}


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
    misfit_count: int
    """Cells that were set aside; where there are any, `MISFITS_NAME` lies beside the files."""
    misfit_row_count: int
    misfits: dict[str, int]
    """Column → how many of its cells were set aside."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The type of one column, and how its cells are read as that."""

    column: Column
    expression: str
    tokens: tuple[str, ...] = ()
    format: str = ""
    is_ambiguous: bool = False
    misfit: str = ""
    """The condition under which a cell is set aside; empty where all cells fit."""
    misfit_count: int = 0


Usual = Mapping[str, tuple[ColumnType, str]]
"""Column → its type in the table that the rows join, and how its dates are written there."""

_JOINS: Final = {
    # What may stand in a column of that type as it is.
    ColumnType.DECIMAL: frozenset({ColumnType.DECIMAL, ColumnType.INTEGER}),
    ColumnType.DOUBLE: frozenset({ColumnType.DOUBLE, ColumnType.DECIMAL, ColumnType.INTEGER}),
}


def settle(
    names: Sequence[str],
    work: Path,
    wished: Mapping[str, ColumnType] | None = None,
    usual: Usual | None = None,
) -> TypedTable:
    """Decide the columns of the staged cells in `work` and write the typed rows beside them.

    `wished`: column → the type that the publisher chose for it. A column whose cells do not go with
    its `usual` type is read as that type as if it were chosen.

    Raises: NoSuchColumn, TypeUnfitting, DatesAmbiguous.
    """
    for name in wished or {}:
        if name not in names:
            raise NoSuchColumn(name)
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
        staged = f"read_parquet({literal(str(work / STAGED_NAME))})"
        choices = _choices(engine, staged, names, wished or {})
        choices = _as_usual(engine, staged, choices, usual or {}, wished or {})
        row_count, files = _write(engine, staged, choices, work)
        misfit_rows = _write_misfits(engine, choices, work)
    finally:
        engine.close()
    return TypedTable(
        columns=tuple(choice.column for choice in choices),
        nulls={choice.column.name: choice.tokens for choice in choices if choice.tokens},
        formats={choice.column.name: choice.format for choice in choices if choice.format},
        ambiguous=tuple(choice.column.name for choice in choices if choice.is_ambiguous),
        row_count=row_count,
        files=tuple(files),
        misfit_count=sum(choice.misfit_count for choice in choices),
        misfit_row_count=misfit_rows,
        misfits={one.column.name: one.misfit_count for one in choices if one.misfit_count},
    )


# Deciding ---------------------------------------------------------------------------------------


def _choices(
    engine: duckdb.DuckDBPyConnection,
    staged: str,
    names: Sequence[str],
    wished: Mapping[str, ColumnType],
) -> list[_Choice]:
    """The type of each column, in groups that one statement can ask for."""
    choices = []
    for first in range(0, len(names), _COLUMNS_PER_QUERY):
        group = range(first, min(first + _COLUMNS_PER_QUERY, len(names)))
        own = {f"c{index}": names[index] for index in group}
        asked = {x: wished[name] for x, name in own.items() if name in wished}
        open_names = {x: name for x, name in own.items() if x not in asked}
        chosen = _as_wished(engine, staged, own, asked)
        seen = _first_rows(engine, staged, list(open_names))
        chosen |= _of_all(engine, staged, open_names, seen)
        rest = {x: name for x, name in open_names.items() if x not in chosen}
        chosen |= _of_most(engine, staged, rest, seen)
        choices += [chosen.get(x) or _as_text(x, name) for x, name in own.items()]
    return choices


def _as_usual(
    engine: duckdb.DuckDBPyConnection,
    staged: str,
    choices: Sequence[_Choice],
    usual: Usual,
    wished: Mapping[str, ColumnType],
) -> list[_Choice]:
    """The choices with those columns read anew that would not go with their usual type."""
    after = list(choices)
    for position, choice in enumerate(choices):
        name, kind = choice.column.name, choice.column.type
        if name not in usual or name in wished:
            continue
        meant, form = usual[name]
        if kind not in _JOINS.get(meant, {meant}) or (form and choice.format != form):
            x = f"c{position}"
            (after[position],) = _as_wished(
                engine, staged, {x: name}, {x: meant}, usual_form=form
            ).values()
    return after


def _as_text(x: str, name: str) -> _Choice:
    return _Choice(Column(name, ColumnType.TEXT), x)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the first cells of a column look like."""

    is_wide: bool
    """Some have full-width digits or signs."""
    forms: tuple[str, ...]
    """Forms by whose shape all of them go."""
    likely: tuple[str, ...]
    """Forms by whose shape half of them go."""


def _first_rows(
    engine: duckdb.DuckDBPyConnection, staged: str, group: Sequence[str]
) -> dict[str, _Seen]:
    if not group:
        return {}
    rows = engine.execute(
        f"SELECT {', '.join(group)} FROM {staged} LIMIT {_SAMPLE_ROWS}"  # noqa: S608
    ).fetchall()
    seen = {}
    for index, x in enumerate(group):
        raw = [row[index] for row in rows if row[index] is not None]
        cells = [cell.translate(TO_NARROW) for cell in raw]
        values = [cell for cell in cells if cell not in NULL_TOKENS]
        fits = {
            form: sum(map(bool, map(shape.fullmatch, values))) for form, shape in _SHAPES.items()
        }
        scales = {len(value.partition(".")[2]) for value in values}
        seen[x] = _Seen(
            cells != raw,
            tuple(
                form
                for form, count in fits.items()
                # Plain numbers are all of one scale, whatever follows.
                if count == len(values)
                and (form != "plain" or (len(scales) < 2 and 0 not in scales))
            ),
            tuple(form for form, count in fits.items() if values and 2 * count >= len(values)),
        )
    return seen


def _of_all(
    engine: duckdb.DuckDBPyConnection,
    staged: str,
    names: Mapping[str, str],
    seen: Mapping[str, _Seen],
) -> dict[str, _Choice]:
    """The columns all of whose cells are written in one form: what the first rows do not rule out
    is tried on all rows, one form after the other.
    """
    open_forms = {x: list(seen[x].forms) for x in names}
    chosen: dict[str, _Choice] = {}
    while any(open_forms.values()):
        asked = {
            x: _Asked(narrowed(x) if seen[x].is_wide else x, _next_forms(forms))
            for x, forms in open_forms.items()
            if forms
        }
        for x, counts in _count(engine, staged, asked).items():
            forms = asked[x].forms
            if _is_ambiguous(counts):
                chosen[x] = _Choice(Column(names[x], ColumnType.TEXT), x, is_ambiguous=True)
            elif (form := next(filter(counts.keeps, forms), None)) is not None:
                chosen[x] = _choice(engine, staged, form, names[x], counts)
            is_done = x in chosen
            open_forms[x] = [] if is_done else [f for f in open_forms[x] if f not in forms]
    return chosen


def _of_most(
    engine: duckdb.DuckDBPyConnection,
    staged: str,
    names: Mapping[str, str],
    seen: Mapping[str, _Seen],
) -> dict[str, _Choice]:
    """The columns of which a form fits all cells but a few, which are set aside.

    Here full-width cells after the first rows are seen too.
    """
    asked = {x: _Asked(narrowed(x), seen[x].likely) for x in names if seen[x].likely}
    chosen: dict[str, _Choice] = {}
    for x, counts in _count(engine, staged, asked).items():
        fitting = [form for form in asked[x].forms if counts.nearly_keeps(form)]
        best = min(map(counts.misfits, fitting), default=0)
        forms = [form for form in fitting if counts.misfits(form) == best]
        if {MONTH_FIRST, DAY_FIRST} <= set(forms):
            chosen[x] = _Choice(Column(names[x], ColumnType.TEXT), x, is_ambiguous=True)
        elif forms:
            chosen[x] = _choice(engine, staged, forms[0], names[x], counts)
    return chosen


def _as_wished(
    engine: duckdb.DuckDBPyConnection,
    staged: str,
    names: Mapping[str, str],
    wished: Mapping[str, ColumnType],
    *,
    usual_form: str | None = None,
) -> dict[str, _Choice]:
    """The columns whose type the publisher chose, in the form that fits most of their cells.

    Of forms that fit as many it is the usual one, where there is one.

    Raises: TypeUnfitting, DatesAmbiguous.
    """
    chosen = {x: _as_text(x, names[x]) for x, kind in wished.items() if kind is ColumnType.TEXT}
    asked = {
        x: _Asked(narrowed(x), tuple(form for form in SHAPES if type_of(form) is kind))
        for x, kind in wished.items()
        if x not in chosen
    }
    for x, counts in _count(engine, staged, asked).items():
        form = min(
            asked[x].forms,
            key=lambda one: (counts.misfits(one), told_as(one) != (usual_form or "")),
        )
        is_told = usual_form is None or told_as(form) == usual_form
        if (
            not is_told
            and counts.kept[form]
            and {MONTH_FIRST, DAY_FIRST}
            <= {one for one in asked[x].forms if counts.misfits(one) == counts.misfits(form)}
        ):
            raise DatesAmbiguous(names[x])
        values = counts.values - counts.tokens_for(form)
        if counts.kept[form] * 100 < values * CHOSEN_FIT_PERCENT_MIN:
            raise TypeUnfitting(names[x], wished[x].value, counts.kept[form], values)
        chosen[x] = _choice(engine, staged, form, names[x], counts)
    return chosen


def _next_forms(forms: Sequence[str]) -> tuple[str, ...]:
    """The next form to try; the two orders of day and month only make sense together."""
    return tuple(forms[:2] if list(forms[:2]) == [MONTH_FIRST, DAY_FIRST] else forms[:1])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a column."""

    cell: str
    """The expression for the text of its cells."""
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many cells of a column are written in which form."""

    cell: str
    values: int
    tokens: int
    """Cells that mean “no value” unless the column is text or true and false."""
    wide: int
    """Cells with full-width digits or signs."""
    kept: Mapping[str, int]
    codes: Mapping[str, int]
    """Cells of digits that are not written in the form."""
    scale_fewest: int
    scale_most: int
    """Digits after the point of the plain numbers."""
    marked: Mapping[str, int]
    """How many cells have the marks that the form is for; without any it is a plainer one."""

    def misfits(self, form: str) -> int:
        """Cells with a value that is not written in the form."""
        return self.values - self.kept[form] - self.tokens_for(form)

    def keeps(self, form: str) -> bool:
        """Whether all cells are written in the form, and there are some."""
        return self._is_meant(form) and self.misfits(form) == 0

    def nearly_keeps(self, form: str) -> bool:
        """Whether all but a few are, and none of these is a code that wants to be kept as it is."""
        misfits = self.misfits(form)
        is_number = type_of(form) in (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE)
        return (
            self._is_meant(form)
            and misfits * 1000 <= self.values * MISFITS_PERMILLE_MAX
            and not (is_number and self.codes[form])
        )

    def tokens_for(self, form: str) -> int:
        """Cells that mean “no value” under that form."""
        return 0 if form == "boolean" else self.tokens

    def _is_meant(self, form: str) -> bool:
        if form == "plain" and not 0 < self.scale_fewest == self.scale_most:
            return False
        return self.kept[form] > 0 and self.marked.get(form) != 0


def _is_ambiguous(counts: _Counts) -> bool:
    return all(form in counts.kept and counts.keeps(form) for form in (MONTH_FIRST, DAY_FIRST))


def _count(
    engine: duckdb.DuckDBPyConnection, source: str, asked: Mapping[str, _Asked]
) -> dict[str, _Counts]:
    """Count, in one pass over `source`, the cells of each column that are written in its forms."""
    if not asked:
        return {}
    tokens = ", ".join(literal(token) for token in NULL_TOKENS)
    counted, inner, fitting = [], [], []
    for x, one in asked.items():
        inner.append(f"{one.cell} AS {x}")
        fitting.append(x)
        # Worked out once, for all that is counted by it.
        fits = {form: f"fits_{place}_{x}" for place, form in enumerate(one.forms)}
        fitting += [f"coalesce({condition(form, x)}, false) AS {fits[form]}" for form in fits]
        fits_any = " OR ".join(fits.values())
        is_plain = fits.get("plain")
        is_code = f"regexp_full_match({x}, {literal(_CODE)})"
        counted += [
            f"count({x})",
            # No form has cells that are written as one of them.
            f"count(*) FILTER (CASE WHEN {fits_any} THEN false ELSE {x} IN ({tokens}) END)",
            "0" if one.cell == x else f"count(*) FILTER ({x} <> raw_{x})",
            f"min({scale(x)}) FILTER ({is_plain})" if is_plain else "0",
            f"max({scale(x)}) FILTER ({is_plain})" if is_plain else "0",
        ]
        if one.cell != x:
            inner.append(f"{x} AS raw_{x}")
            fitting.append(f"raw_{x}")
        for is_fit in fits.values():
            counted += [
                f"count(*) FILTER ({is_fit})",
                # Only where some do not fit, it is looked whether they are codes.
                f"count(*) FILTER (CASE WHEN {is_fit} THEN false ELSE {is_code} END)",
            ]
        counted += [
            f"count(*) FILTER (regexp_matches({x}, {literal(MARKS[form])}))"
            for form in one.forms
            if form in MARKS
        ]
    (row,) = engine.execute(
        f"SELECT {', '.join(counted)} FROM (SELECT {', '.join(fitting)} "  # noqa: S608
        f"FROM (SELECT {', '.join(inner)} FROM {source}))"
    ).fetchall()
    cells = iter(row)
    counts = {}
    for x, one in asked.items():
        values, null_tokens, wide, fewest, most = (next(cells) for _ in range(5))
        both = {form: (next(cells), next(cells)) for form in one.forms}
        marked = {form: next(cells) for form in one.forms if form in MARKS}
        counts[x] = _Counts(
            one.cell,
            values,
            null_tokens,
            wide,
            {form: kept for form, (kept, _) in both.items()},
            {form: codes for form, (_, codes) in both.items()},
            fewest or 0,
            most or 0,
            marked,
        )
    return counts


def _choice(
    engine: duckdb.DuckDBPyConnection, staged: str, form: str, name: str, counts: _Counts
) -> _Choice:
    cell = counts.cell
    tokens = _tokens_in(engine, staged, cell) if counts.tokens_for(form) else ()
    for token in tokens:
        cell = f"nullif({cell}, {literal(token)})"
    column, expression = read_as(form, name, cell, counts.scale_most)
    misfits = counts.misfits(form)
    fits = condition(form, cell)
    told = told_as(form)
    if counts.wide:
        told = f"{told} ({WIDE_NAME})" if told else WIDE_NAME
    if not misfits:
        return _Choice(column, expression, tokens, told)
    return _Choice(
        column,
        f"CASE WHEN {fits} THEN {expression} END",
        tokens,
        told,
        misfit=f"{cell} IS NOT NULL AND NOT coalesce({fits}, false)",
        misfit_count=misfits,
    )


def _tokens_in(engine: duckdb.DuckDBPyConnection, staged: str, cell: str) -> tuple[str, ...]:
    tokens = ", ".join(literal(token) for token in NULL_TOKENS)
    found = engine.execute(
        f"SELECT DISTINCT {cell} AS token FROM {staged} "  # noqa: S608
        f"WHERE {cell} IN ({tokens}) ORDER BY token"
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


def _write_misfits(
    engine: duckdb.DuckDBPyConnection, choices: Sequence[_Choice], work: Path
) -> int:
    """Write the cells that were set aside, in the order of their rows; says of how many rows."""
    staged = f"read_parquet({literal(str(work / STAGED_NAME))}, file_row_number = true)"
    asked = [
        f"SELECT file_row_number + 1 AS row_number, {position} AS place, "  # noqa: S608
        f'{literal(choice.column.name)} AS "column", c{position} AS value, '
        f"{literal(reason_for(choice.column.type))} AS reason FROM {staged} WHERE {choice.misfit}"
        for position, choice in enumerate(choices)
        if choice.misfit_count
    ]
    if not asked:
        return 0
    rows = engine.sql(
        f'SELECT row_number, "column", value, reason, NULL::VARCHAR AS rule_id '  # noqa: S608
        f"FROM ({' UNION ALL '.join(asked)}) ORDER BY row_number, place"
    ).to_arrow_reader(ROWS_PER_GROUP)
    row_count, last = 0, None
    with pyarrow.parquet.ParquetWriter(
        work / MISFITS_NAME, rows.schema, compression="zstd", write_page_checksum=True
    ) as writer:
        for batch in rows:
            writer.write_batch(batch)
            numbers = batch.column("row_number")
            row_count += len(numbers.unique()) - (numbers[0].as_py() == last)
            last = numbers[-1].as_py()
    return row_count


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
            path,
            schema,
            compression="zstd",
            write_page_checksum=True,
            dictionary_pagesize_limit=DICTIONARY_BYTES_MAX,
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

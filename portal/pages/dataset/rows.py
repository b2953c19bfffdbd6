"""Rows as a page shows them: what the address asks for, the pictures over the columns, the cells.

The address carries the whole state: `filters` as the API writes them, `sort` as "column" or
"column desc", `columns` as the API reads them, `cursor` and `first`, the place of the page's first
row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast
from urllib.parse import urlencode

from catalog.version import Column, ColumnType
from catalog.view import Condition, Json, Operator
from catalog.warehouse import Sort
from exchange.delivery import PAGE_ROWS_MAX
from portal.errors import MalformedFilters
from portal.pages.drawing.histogram import MAX_BARS, Bar, Histogram
from portal.pages.drawing.table import DataTable, TableColumn
from portal.pages.speech import Speech
from quality.profile import ColumnProfile, Profile

NUMBER_TYPES: Final = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE})
_ENGINE_NUMBERS: Final = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT",
                          "UINTEGER", "USMALLINT", "UTINYINT", "UHUGEINT", "DOUBLE", "FLOAT",
                          "DECIMAL")  # fmt: skip
_CELL_CHARACTERS_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """What the address of a page of rows asks for."""

    path: str
    filters: tuple[Condition, ...] = ()
    sort: Sort | None = None
    cursor: str | None = None
    first: int = 1
    columns: tuple[str, ...] = ()
    """The columns that are shown; empty: all."""
    distribution: str = ""
    """Its name; empty: the first one."""

    def pairs(self) -> list[tuple[str, str]]:
        """What an address or the API needs to name the same view."""
        pairs = [("distribution", self.distribution)] if self.distribution else []
        pairs += [("columns", columns_text(self.columns))] if self.columns else []
        pairs += [("filters", filters_text(self.filters))] if self.filters else []
        pairs += [("sort", sort_text(self.sort))] if self.sort else []
        return pairs

    def href(
        self,
        *,
        filters: Sequence[Condition] | None = None,
        sort: Sort | None = None,
        cursor: str | None = None,
        first: int = 1,
    ) -> str:
        """The address with other filters or another order, or of another page of the same."""
        kept = self.filters if filters is None else tuple(filters)
        pairs = replace(self, filters=kept, sort=sort or self.sort).pairs()
        if cursor:
            pairs += [("cursor", cursor), ("first", str(first))]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that were delivered, as text."""

    columns: tuple[tuple[str, str], ...]
    """Names with the engine's types."""
    cells: tuple[tuple[str | None, ...], ...]
    total: int
    next_cursor: str | None


def read_filters(text: str) -> tuple[Condition, ...]:
    """The conditions of an address.

    Raises: MalformedFilters, MalformedView.
    """
    if not text:
        return ()
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedFilters from None
    if not isinstance(told, list):
        raise MalformedFilters
    return tuple(Condition.from_json(condition) for condition in told)


def filters_text(filters: Sequence[Condition]) -> str:
    """The conditions as an address or the API's `filters` hold them."""
    told = [condition.as_json() for condition in filters]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def columns_text(columns: Sequence[str]) -> str:
    """Names as an address or the API's `columns` hold them: as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(columns)
    return text.getvalue()


def read_columns(text: str) -> tuple[str, ...]:
    """The columns of an address; empty: all."""
    return tuple(dict.fromkeys(next(csv.reader([text]), []))) if text else ()


def sort_text(sort: Sort) -> str:
    """An order as an address holds it."""
    return sort.column + (" desc" if sort.is_descending else "")


def read_sort(text: str) -> Sort | None:
    """The order of an address."""
    if not text:
        return None
    column, _, direction = text.rpartition(" ")
    if column and direction in ("asc", "desc"):
        return Sort(column, is_descending=direction == "desc")
    return Sort(text)


def read_rows(answer: bytes, *, rows_max: int = PAGE_ROWS_MAX) -> Rows:
    """Rows as the exchange delivers them; numbers keep the digits they are stored with."""
    told = cast("dict[str, object]", json.loads(answer, parse_float=str, parse_int=str))
    columns = tuple(
        (str(column["name"]), str(column["type"]))
        for column in cast("list[dict[str, object]]", told["columns"])
    )
    rows = cast("list[dict[str, Json]]", told["rows"])
    return Rows(
        columns,
        tuple(tuple(_cell(row.get(name)) for name, _ in columns) for row in rows[:rows_max]),
        int(str(told.get("total", len(rows)))),
        cast("str | None", told.get("next")),
    )


def table_of(
    rows: Rows,
    *,
    caption: str,
    types: Mapping[str, Column],
    pictures: Mapping[str, Histogram],
    query: RowsQuery | None,
    say: Speech,
) -> DataTable:
    """The table; `query` None leaves out what leads to another order."""
    return DataTable(
        caption,
        tuple(
            TableColumn(
                label=name,
                type=type_words(types[name].type, say) if name in types else "",
                is_number=engine_type.startswith(_ENGINE_NUMBERS),
                picture=pictures.get(name),
                sort_href=_sort_href(query, name) if query else None,
                sorted=_sorted(query, name) if query else None,
            )
            for name, engine_type in rows.columns
        ),
        rows.cells,
    )


def pictures_of(
    profile: Profile | None, query: RowsQuery | None, say: Speech
) -> dict[str, Histogram]:
    """The picture of each column; `query` makes its bars lead to the rows behind them."""
    if profile is None:
        return {}
    return {
        column.name: picture_of(column, profile.row_count, query, say) for column in profile.columns
    }


def picture_of(
    column: ColumnProfile, row_count: int, query: RowsQuery | None, say: Speech
) -> Histogram:
    """The picture of one column, over all rows of the version."""
    bars = [
        Bar(
            label=f"{item.low} – {item.high}",
            count=item.count,
            href=_range_href(query, column, place) if query else None,
        )
        for place, item in enumerate(column.bins)
    ]
    if not bars:
        bars = [
            Bar(
                label=value.value or say.gettext("(empty text)"),
                count=value.count,
                href=query.href(filters=_with(query, Condition(
                    column.name, Operator.EQUAL, value.value
                ))) if query else None,
            )
            for value in column.frequent
        ]  # fmt: skip
        rest = row_count - column.null_count - sum(bar.count for bar in bars)
        if bars and rest > 0:
            bars.append(Bar(say.gettext("all others"), rest, is_rest=True))
    return Histogram(
        tuple(bars[:MAX_BARS]),
        rows=row_count,
        empty=column.null_count,
        low=column.minimum or "",
        high=column.maximum or "",
        distinct=column.distinct_count,
    )


def type_words(kind: ColumnType, say: Speech) -> str:
    """What the values of a column are, in a word."""
    return {
        ColumnType.TEXT: say.gettext("Text"),
        ColumnType.INTEGER: say.gettext("Whole number"),
        ColumnType.DECIMAL: say.gettext("Decimal number"),
        ColumnType.DOUBLE: say.gettext("Number"),
        ColumnType.BOOLEAN: say.gettext("Yes or no"),
        ColumnType.DATE: say.gettext("Date"),
        ColumnType.TIMESTAMP: say.gettext("Date and time"),
        ColumnType.INSTANT: say.gettext("Moment with time zone"),
    }[kind]


def condition_words(condition: Condition, say: Speech) -> str:
    """A condition as a reader says it."""
    match condition.operator:
        case Operator.IS_EMPTY:
            return say.gettext("{column} is empty", column=condition.column)
        case Operator.IS_NOT_EMPTY:
            return say.gettext("{column} is not empty", column=condition.column)
        case Operator.CONTAINS:
            return say.gettext(
                "{column} contains {value}", column=condition.column, value=condition.value
            )
        case Operator.STARTS_WITH:
            return say.gettext(
                "{column} starts with {value}", column=condition.column, value=condition.value
            )
        case Operator.ONE_OF:
            assert isinstance(condition.value, tuple)
            values = ", ".join(map(str, condition.value))
            return say.gettext("{column} is one of {value}", column=condition.column, value=values)
        case Operator.EQUAL | Operator.NOT_EQUAL | Operator.LESS | Operator.GREATER:
            sign = {"=": "=", "!=": "≠", "<": "<", ">": ">"}[condition.operator.value]
        case Operator.AT_LEAST:
            sign = "≥"
        case Operator.AT_MOST:
            sign = "≤"
    return f"{condition.column} {sign} {condition.value}"


def operator_choices(say: Speech) -> list[tuple[str, str]]:
    """The comparisons that the page offers."""
    return [
        (Operator.EQUAL.value, say.gettext("is")),
        (Operator.NOT_EQUAL.value, say.gettext("is not")),
        (Operator.AT_LEAST.value, say.gettext("is at least")),
        (Operator.AT_MOST.value, say.gettext("is at most")),
        (Operator.CONTAINS.value, say.gettext("contains")),
        (Operator.STARTS_WITH.value, say.gettext("starts with")),
        (Operator.IS_EMPTY.value, say.gettext("is empty")),
        (Operator.IS_NOT_EMPTY.value, say.gettext("is not empty")),
    ]


def _with(query: RowsQuery, *more: Condition) -> list[Condition]:
    """The filters in force, those of the same columns replaced."""
    columns = {condition.column for condition in more}
    return [*(one for one in query.filters if one.column not in columns), *more]


def _range_href(query: RowsQuery, column: ColumnProfile, place: int) -> str:
    item = column.bins[place]
    is_last = place == len(column.bins) - 1
    until = Operator.AT_MOST if is_last else Operator.LESS
    return query.href(
        filters=_with(
            query,
            Condition(column.name, Operator.AT_LEAST, item.low),
            Condition(column.name, until, item.high),
        )
    )


def _sort_href(query: RowsQuery, name: str) -> str:
    is_up = query.sort is not None and query.sort.column == name and not query.sort.is_descending
    return query.href(sort=Sort(name, is_descending=is_up))


def _sorted(query: RowsQuery, name: str) -> str | None:
    if query.sort is None or query.sort.column != name:
        return None
    return "descending" if query.sort.is_descending else "ascending"


def _cell(value: Json) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CELL_CHARACTERS_MAX else text[:_CELL_CHARACTERS_MAX] + "…"

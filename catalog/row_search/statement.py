# ruff: noqa: S608  Statements are put together from typed values and quoted names only, see
# `literal` and `quoted`; nothing else can name a column or hold a constant in them.
"""Questions about rows as statements of the engine.

No text of a request reaches the engine but as a quoted literal, or as a quoted name that the table
also has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from catalog.json_rows import is_nested
from catalog.row_search.errors import ColumnUnknown, ValueUnfit
from catalog.row_search.question import (
    All,
    AnyOf,
    Compare,
    Filter,
    OneOf,
    Order,
    RowQuestion,
    Sign,
    Value,
    Words,
)
from catalog.row_search.words import Both, Either, Wanted, Without, Word, patterns_in, wanted_words

ROW_ID: Final = "_id"
SOURCE: Final = "\0source\0"
"""Stands in a statement for the table that it reads; no value and no name may hold a NUL."""
_WHOLE: Final = re.compile(r"(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT))")
_RANK_OF_ONE: Final = 0.0607927
"""What PostgreSQL's `ts_rank` gives for one find."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A column that may be asked about."""

    name: str
    expression: str
    """SQL that yields it."""
    engine_type: str
    declared: str
    """Its type as DataStore clients know it."""

    @property
    def holds_json(self) -> bool:
        """Whether its values are JSON text."""
        return self.declared == "json" or (
            self.declared.startswith("_") and self.engine_type == "VARCHAR"
        )


Known = Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as statements; `SOURCE` stands for the table."""

    columns: tuple[Shown, ...]
    """Of the answer, in order."""
    rows: str
    count: str | None
    """None where every row is asked for."""


def asked(
    question: RowQuestion,
    known: Known,
    *,
    is_in_order: bool,
    total_rows: int,
    has_gapless_ids: bool,
) -> Asked:
    """The statements of a question.

    `is_in_order`: rows lie in the order of their ids; `has_gapless_ids`: an id is `rowid` + 1.

    Raises: ColumnUnknown, ValueUnfit, WordsMalformed.
    """
    wanted = [(one, _wanted(one, question)) for one in question.words]
    ranks = {
        one.rank_name: Shown(one.rank_name, _rank(one, found, known), "DOUBLE", "float")
        for one, found in wanted
    }
    columns = _chosen(question, known, ranks)
    conditions = [condition(question.filter, known)] if question.filter != All(()) else []
    conditions += [_match(one, found, known) for one, found in wanted]
    where = " AND ".join(conditions)
    limit = "" if question.limit is None else f" LIMIT {question.limit}"
    offset = f" OFFSET {question.offset}" if question.offset else ""
    if question.is_distinct:
        selected = ", ".join(
            f"{one.expression} AS {quoted(f'c{n}')}" for n, one in enumerate(columns)
        )
        body = f"SELECT DISTINCT {selected} FROM {SOURCE}{f' WHERE {where}' if where else ''}"
        places = {one.name: quoted(f"c{n}") for n, one in enumerate(columns)}
        order = _order(question.order, known, ranks, places=places) or list(places.values())
        shown = ", ".join(_rendered(one, places[one.name]) for one in columns)
        rows = f"SELECT {shown} FROM ({body}) ORDER BY {', '.join(order)}{limit}{offset}"
        return Asked(columns, rows, f"SELECT count(*) FROM ({body})")
    rendered = ", ".join(_rendered(one, one.expression) for one in columns) or "NULL"
    order = _order(question.order, known, ranks, places={})
    if not order and ranks:
        order = [f"{one.expression} DESC" for one in ranks.values()]
    row_id = known[ROW_ID].expression
    count = f"SELECT count(*) FROM {SOURCE} WHERE {where}" if where else None
    if not order and not where and has_gapless_ids and is_in_order:
        # A range of numbers without gaps needs no skipping.
        last = total_rows if question.limit is None else question.offset + question.limit
        where = f"rowid BETWEEN {question.offset} AND {last - 1}"
        limit = offset = ""
    if (order or not is_in_order) and not any(one.column == ROW_ID for one in question.order):
        order = [*order, row_id]
    tail = f" WHERE {where}" if where else ""
    tail += f" ORDER BY {', '.join(order)}" if order else ""
    return Asked(columns, f"SELECT {rendered} FROM {SOURCE}{tail}{limit}{offset}", count)


def condition(wanted: Filter, known: Known) -> str:
    """SQL that holds for the rows that a filter lets through.

    Raises: ColumnUnknown, ValueUnfit.
    """
    match wanted:
        case All(parts):
            return f"({' AND '.join(condition(one, known) for one in parts)})" if parts else "true"
        case AnyOf(parts):
            return f"({' OR '.join(condition(one, known) for one in parts)})" if parts else "false"
        case OneOf(column, values):
            return _one_of(_known(known, column, "filters"), values)
        case Compare(column, sign, value):
            return _compare(_known(known, column, "filters"), sign, value)


def quoted(identifier: str) -> str:
    """A name as the engine reads names."""
    return '"' + identifier.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text as the engine reads texts."""
    return "'" + text.replace("'", "''") + "'"


def _compare(column: Shown, sign: Sign, value: Value) -> str:
    if value is None:
        return f"{column.expression} IS NULL" if sign is Sign.EQUAL else "false"
    compared = column.expression
    if is_nested(column.engine_type):
        compared = f"CAST({compared} AS VARCHAR)"
    return f"coalesce({compared} {sign.value} {_literal(column, value)}, false)"


def _one_of(column: Shown, values: Sequence[Value]) -> str:
    if not values:
        return "false"
    literals = [_literal(column, value) for value in values if value is not None]
    parts = [f"coalesce({column.expression} IN ({', '.join(literals)}), false)"] if literals else []
    parts += [f"{column.expression} IS NULL"] if None in values else []
    return f"({' OR '.join(parts)})"


def _literal(column: Shown, value: Value) -> str:  # noqa: C901  one branch for each kind of type
    """A literal of the column's type, so that the column need not be converted.

    Raises: ValueUnfit.
    """
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    unfit = ValueUnfit(column.name, column.declared, shown[:100])
    if isinstance(value, tuple):
        if not column.holds_json:
            raise unfit
        plain = list(value)
        if column.declared == "json":
            return text_literal(json.dumps(plain, ensure_ascii=False))
        return text_literal(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))
    if "\0" in shown or (not shown.isascii() and any("\ud800" <= c <= "\udfff" for c in shown)):
        raise unfit
    text = str(value).lower() if isinstance(value, bool) else str(value)
    kind = column.engine_type
    if kind == "VARCHAR" or is_nested(kind) or kind == "JSON":
        return text_literal(text)
    if kind == "BOOLEAN":
        word = text.strip().lower()
        if word in ("true", "t", "1", "yes", "y", "on"):
            return "true"
        if word in ("false", "f", "0", "no", "n", "off"):
            return "false"
        raise unfit
    if _WHOLE.fullmatch(kind) or kind.startswith("DECIMAL"):
        number = _decimal(text, unfit) if not isinstance(value, bool) else None
        if number is None:
            raise unfit
        if number == number.to_integral_value() and number.adjusted() < 38:
            return str(int(number))
        if -30 < number.adjusted() < 30 and len(number.as_tuple().digits) <= 38:
            return f"{number:f}"
        return f"CAST('{number}' AS DOUBLE)"
    if kind in ("DOUBLE", "FLOAT"):
        if isinstance(value, bool):
            raise unfit
        return f"CAST('{_decimal(text, unfit)}' AS {kind})"
    if kind.startswith(("DATE", "TIMESTAMP", "TIME", "UUID", "INTERVAL")):
        # The engine converts these once; what it cannot convert `look` tells apart.
        return f"CAST({text_literal(text)} AS {kind})"
    return text_literal(text)


def _decimal(text: str, unfit: ValueUnfit) -> Decimal:
    try:
        number = Decimal(text.strip()) if len(text) <= 400 else Decimal("nan")
    except InvalidOperation:
        raise unfit from None
    if not number.is_finite() or abs(number.adjusted()) > 300:
        raise unfit
    return number


def _chosen(question: RowQuestion, known: Known, ranks: Mapping[str, Shown]) -> tuple[Shown, ...]:
    if question.columns is None:
        return (*known.values(), *ranks.values())
    both = {**known, **ranks}
    for name in question.columns:
        if name not in both:
            raise ColumnUnknown("fields", name)
    return tuple(both[name] for name in dict.fromkeys(question.columns))


def _order(
    order: Sequence[Order], known: Known, ranks: Mapping[str, Shown], *, places: Mapping[str, str]
) -> list[str]:
    parts = []
    for one in order:
        column = known.get(one.column) or ranks.get(one.column)
        if column is None or (places and one.column not in places):
            raise ColumnUnknown("sort", one.column)
        first = one.is_descending if one.nulls_first is None else one.nulls_first
        expression = places.get(one.column, column.expression)
        way = "DESC" if one.is_descending else "ASC"
        parts.append(f"{expression} {way} NULLS {'FIRST' if first else 'LAST'}")
    return parts


def _rendered(column: Shown, expression: str) -> str:
    """SQL that yields a column in a form which becomes the right text at once."""
    kind = column.engine_type
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"strftime({expression} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%f+00:00')"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({expression}, '%Y-%m-%dT%H:%M:%S.%g')"
    if kind in ("DATE", "TIME", "UUID") or kind.startswith(("INTERVAL", "BIT", "GEOMETRY")):
        return f"CAST({expression} AS VARCHAR)"
    if kind == "BLOB":
        return f"base64({expression})"
    return expression


def _wanted(words: Words, question: RowQuestion) -> Wanted | None:
    return wanted_words(words.text, is_plain=question.is_plain, is_stemmed=question.is_stemmed)


def _match(words: Words, wanted: Wanted | None, known: Known) -> str:
    if wanted is None:
        return "false"
    return _matched(_text_of(words, known), wanted)


def _matched(text: str, wanted: Wanted) -> str:
    match wanted:
        case Word(pattern):
            return f"regexp_matches({text}, {text_literal(pattern)})"
        case Both(parts):
            return f"({' AND '.join(_matched(text, one) for one in parts)})"
        case Either(parts):
            return f"({' OR '.join(_matched(text, one) for one in parts)})"
        case Without(part):
            return f"NOT {_matched(text, part)}"


def _rank(words: Words, wanted: Wanted | None, known: Known) -> str:
    """How well a row matches, between 0 and 1: more finds, a higher rank."""
    if wanted is None:
        return "0.0::DOUBLE"
    text = _text_of(words, known)
    finds = " + ".join(
        f"len(regexp_extract_all({text}, {text_literal(one)}))" for one in patterns_in(wanted)
    )
    found = f"({_RANK_OF_ONE} * ({finds or '0'}))"
    return f"CAST({found} / (1.0 + {found}) AS DOUBLE)"


def _text_of(words: Words, known: Known) -> str:
    """The text that words are looked for in, in lower case."""
    if words.column is not None:
        column = _known(known, words.column, "q")
        return f"lower(coalesce(CAST({column.expression} AS VARCHAR), ''))"
    texts = [f"CAST({one.expression} AS VARCHAR)" for one in known.values() if one.name != ROW_ID]
    return f"lower(concat_ws(' ', {', '.join(texts)}))" if texts else "''"


def _known(known: Known, name: str, part: str) -> Shown:
    column = known.get(name)
    if column is None:
        raise ColumnUnknown(part, name)
    return column

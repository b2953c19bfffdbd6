"""Conditions on rows as SQL: typed literals and quoted names, nothing of a request's own text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import duckdb

from catalog.errors import (
    NoSuchColumn,
    UnfitValue,
)
from catalog.json_rows import (
    is_nested,
)
from catalog.serving_copy import Column
from catalog.view import Condition, Operator, Scalar

WHOLE_NUMBERS = frozenset(
    [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
    ]
)


def conditions_sql(known: dict[str, Column], conditions: Sequence[Condition]) -> str:
    """SQL for all of the conditions; empty where there are none."""
    return " AND ".join(
        _condition(known_column(known, condition.column), condition) for condition in conditions
    )


def _condition(column: Column, condition: Condition) -> str:
    name, text = quoted(column.name), f"CAST({quoted(column.name)} AS VARCHAR)"
    compared = text if is_nested(column.type) else name
    value = condition.value
    match condition.operator:
        case Operator.IS_EMPTY:
            return f"{name} IS NULL"
        case Operator.IS_NOT_EMPTY:
            return f"{name} IS NOT NULL"
        case Operator.ONE_OF:
            assert isinstance(value, tuple)
            return f"{compared} IN ({', '.join(_value(column, item) for item in value)})"
        case Operator.STARTS_WITH | Operator.CONTAINS:
            assert value is not None
            assert not isinstance(value, tuple)
            return f"{condition.operator.value}({text}, {literal(str(value))})"
        case (
            Operator.EQUAL
            | Operator.NOT_EQUAL
            | Operator.LESS
            | Operator.AT_MOST
            | Operator.GREATER
            | Operator.AT_LEAST
        ):
            assert value is not None
            assert not isinstance(value, tuple)
            return f"{compared} {condition.operator.value} {_value(column, value)}"


def _value(column: Column, value: Scalar) -> str:
    """A literal of the column's type, so that the engine compares without converting the column.

    Raises: UnfitValue.
    """
    unfit = UnfitValue(column.name, column.type, str(value))
    if column.type == "VARCHAR" or is_nested(column.type):
        return literal(_plain_text(value))
    if column.type == "BOOLEAN":
        text = _plain_text(value).lower()
        if text not in ("true", "false"):
            raise unfit
        return text
    if column.type in WHOLE_NUMBERS or column.type.startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        return _number(column, value, unfit)
    # The engine converts the rest (dates, times, UUIDs) once, not for each row.
    return f"CAST({literal(_plain_text(value))} AS {column.type})"


def refuse_unfit(engine: duckdb.DuckDBPyConnection, column: Column, condition: Condition) -> None:
    """Try the values of a condition one by one, apart from any data.

    Raises: UnfitValue.
    """
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    for value in values:
        if value is not None:
            try:
                engine.execute(f"SELECT {_value(column, value)}").fetchall()
            except duckdb.ConversionException:
                raise UnfitValue(column.name, column.type, str(value)) from None


def _number(column: Column, value: Scalar, unfit: UnfitValue) -> str:
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        raise unfit from None
    if not number.is_finite() or abs(number.adjusted()) > 400 or len(number.as_tuple().digits) > 38:
        raise unfit
    if column.type in ("DOUBLE", "FLOAT"):
        return f"CAST('{number}' AS {column.type})"
    if number == number.to_integral_value() and number.adjusted() < 38:
        return str(int(number))
    if number.adjusted() > 30 or number.adjusted() < -30:
        return f"CAST('{number}' AS DOUBLE)"
    return f"{number:f}"


def known_column(known: dict[str, Column], name: str) -> Column:
    """The column of that name.

    Raises: NoSuchColumn.
    """
    column = known.get(name)
    if column is None:
        raise NoSuchColumn(name)
    return column


def _plain_text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def quoted(identifier: str) -> str:
    """A name as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"

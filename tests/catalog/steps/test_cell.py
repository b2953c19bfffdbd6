"""Values as they are sent, and as columns store them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from catalog.steps.cell import Cell, cell_of, guessed_type
from catalog.steps.errors import CellUnfit, FieldTypeUnknown
from catalog.steps.field import Field, type_named
from catalog.view import Json


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("text", "", ""),
        ("text", 1.5, "1.5"),
        ("text", True, "true"),
        ("text", "水", "水"),
        ("int4", " 7 ", 7),
        ("int4", 7.0, 7),
        ("int4", "", None),
        ("int8", 2**40, 2**40),
        ("numeric", "1.10", Decimal("1.10")),
        ("numeric", 0.1, Decimal("0.1")),
        ("float8", 3, 3.0),
        ("bool", "yes", True),
        ("bool", 0, False),
        ("date", "2026-03-01T10:00:00", date(2026, 3, 1)),
        ("date", "2026年03月01日", date(2026, 3, 1)),
        ("timestamp", "2026-03-01T10:00:00+08:00", datetime(2026, 3, 1, 10)),  # noqa: DTZ001
        ("timestamptz", "2026-03-01T10:00:00+08:00", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("json", {"a": [1]}, '{"a": [1]}'),
        ("json", "", '""'),
        ("_text", ["a", None], '["a",null]'),
        ("_int4", "{1,2}", "[1,2]"),
        ("_text", "", None),
    ],
)
def test_a_value_that_fits_is_stored(kind: str, value: Json, stored: Cell) -> None:
    assert cell_of(Field("c", kind), value, row_number=1) == stored


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("int4", "1.5", 'invalid input syntax for type integer: "1.5"'),
        ("int4", True, 'invalid input syntax for type integer: "true"'),
        ("int4", 2**31, "integer out of range"),
        ("int8", "9" * 30, "bigint out of range"),
        ("numeric", "x", 'invalid input syntax for type numeric: "x"'),
        ("numeric", "NaN", 'invalid input syntax for type numeric: "NaN"'),
        ("numeric", "1e999999", "numeric field overflow"),
        ("float8", "1e999", 'invalid input syntax for type double precision: "1e999"'),
        ("bool", "maybe", 'invalid input syntax for type boolean: "maybe"'),
        ("date", "2026-02-30", 'invalid input syntax for type date: "2026-02-30"'),
        ("timestamp", 5, 'invalid input syntax for type timestamp: "5"'),
        ("text", "a\0b", 'invalid byte sequence for encoding "UTF8": 0x00'),
        ("text", "\ud800", 'invalid byte sequence for encoding "UTF8"'),
        ("_int4", ["x"], 'invalid input syntax for type integer: "x"'),
        ("_text", {"a": 1}, 'malformed array literal: "{"a": 1}"'),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_known_words(
    kind: str, value: Json, reason: str
) -> None:
    with pytest.raises(CellUnfit) as refused:
        cell_of(Field("c", kind), value, row_number=3)

    assert (refused.value.reason, refused.value.row_number) == (reason, 3)


def test_types_have_many_spellings() -> None:
    spelled = ("INTEGER", "varchar(20)", "double precision", "text[]", "_int", "nested")
    assert [type_named(one) for one in spelled] == [
        *("int4", "text", "float8", "_text", "_int4", "json"),
    ]
    with pytest.raises(FieldTypeUnknown):
        type_named("money; DROP TABLE x")


def test_types_are_guessed_from_one_value() -> None:
    guessed: list[Json] = [1, 2**40, 1.5, True, "12", "1.5", "2026-03-01", "x", None, [1], {"a": 1}]
    assert [guessed_type(one) for one in guessed] == [
        *("int4", "int8", "float8", "bool", "int4", "numeric", "timestamp", "text", "text"),
        *("json", "json"),
    ]

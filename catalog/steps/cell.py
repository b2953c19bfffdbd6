"""Values of cells: as they are sent in JSON, and as a column of a type stores them.

A value that does not fit is refused with the words that PostgreSQL has for it, since clients of
the DataStore look for those. An empty text is no value, but in columns of text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from functools import partial
from typing import Final, TypeAlias

from catalog.steps.errors import CellUnfit
from catalog.steps.field import (
    BOOL,
    DATE,
    FLOAT8,
    INT4,
    INT8,
    JSON,
    NUMERIC,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    Field,
)
from catalog.view import Json

Cell: TypeAlias = bool | int | float | str | Decimal | date | datetime | None

_RANGES: Final = {INT4: (-(2**31), 2**31 - 1), INT8: (-(2**63), 2**63 - 1)}
_NAMES: Final = {
    INT4: "integer",
    INT8: "bigint",
    FLOAT8: "double precision",
    BOOL: "boolean",
    TIMESTAMPTZ: "timestamp with time zone",
}
_TRUE: Final = ("t", "true", "y", "yes", "on", "1")
_FALSE: Final = ("f", "false", "n", "no", "off", "0")
_WHOLE: Final = re.compile(r"[+-]?\d{1,40}")
_NUMBER_LENGTH_CHARACTERS: Final = 400
_MOMENTS: Final = (
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y年%m月%d日",
    "%d %b %Y",
    "%a, %d %b %Y %H:%M:%S %Z",
)


class UnfitCell(Exception):
    """A value that its column cannot hold; the words say why."""


def cell_of(field: Field, value: Json, *, row_number: int) -> Cell:
    """The value as the column stores it.

    Raises: CellUnfit.
    """
    try:
        return reader_of(field)(value)
    except UnfitCell as unfit:
        raise CellUnfit(row_number, field.name, str(unfit)) from None


def reader_of(field: Field) -> Callable[[Json], Cell]:
    """What reads the values of a column; what needs no reading is told apart quickly.

    The reader raises `UnfitCell`, which `cell_of` says with the row.
    """
    if field.is_list:
        return partial(_list, field)
    kind = field.type
    read = partial(_read, field, kind)
    if kind in _RANGES:
        low, high = _RANGES[kind]
        return lambda value: value if type(value) is int and low <= value <= high else read(value)
    match kind:
        case "text":
            return lambda value: (
                value
                if type(value) is str and value.isascii() and "\0" not in value
                else read(value)
            )
        case "float8":
            return lambda value: (
                value if type(value) is float and value - value == 0 else read(value)
            )
        case _:
            return read


def guessed_type(value: Json) -> str:
    """The type of a column of which only this one value is known.

    Source: CKAN 2.12, `datastore_create`: only whole numbers, numbers, times and texts are guessed.
    """
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return JSON
    if isinstance(value, int):
        return _whole_type(value)
    if isinstance(value, float):
        return FLOAT8
    if value is None:
        return TEXT
    text = value.strip()
    if _WHOLE.fullmatch(text):
        return _whole_type(int(text))
    try:
        if Decimal(text).is_finite():
            return NUMERIC
    except InvalidOperation:
        pass
    if re.match(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", text) and _moment_or_none(text) is not None:
        return TIMESTAMP
    return TEXT


def _whole_type(value: int) -> str:
    for name, (low, high) in _RANGES.items():
        if low <= value <= high:
            return name
    return NUMERIC


def _read(field: Field, kind: str, value: Json) -> Cell:
    if value is None or (value == "" and kind not in (TEXT, JSON)):
        return None
    return _READERS[kind](field, kind, value)


def _text(field: Field, kind: str, value: Json) -> str:
    del field, kind
    match value:
        case str():
            return _writable(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return _writable(json.dumps(value, ensure_ascii=False))


def _json(field: Field, kind: str, value: Json) -> str:
    del field, kind
    return _writable(json.dumps(value, ensure_ascii=False))


def _writable(text: str) -> str:
    if "\0" in text:
        raise UnfitCell('invalid byte sequence for encoding "UTF8": 0x00')
    if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
        raise UnfitCell('invalid byte sequence for encoding "UTF8"')
    return text


def _whole(field: Field, kind: str, value: Json) -> int:
    del field
    number: int
    match value:
        case bool():
            raise _unfit(kind, value)
        case int():
            number = value
        case float() if value.is_integer():
            number = int(value)
        case str() if _WHOLE.fullmatch(value.strip()):
            number = int(value)
        case _:
            raise _unfit(kind, value)
    low, high = _RANGES[kind]
    if not low <= number <= high:
        raise UnfitCell(f"{_NAMES[kind]} out of range")
    return number


def _numeric(field: Field, kind: str, value: Json) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unfit(kind, value)
    text = str(value).strip()
    try:
        number = Decimal(text) if len(text) <= _NUMBER_LENGTH_CHARACTERS else Decimal("nan")
    except InvalidOperation:
        raise _unfit(kind, value) from None
    if not number.is_finite():
        raise _unfit(kind, value)
    if number and number.adjusted() >= field.precision - field.scale:
        raise UnfitCell("numeric field overflow")
    with localcontext() as context:
        context.prec = 80 if number.adjusted() > -100 else 500
        rounded = number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_EVEN)
    # What a double says is only as exact as a double is; a text means every digit.
    if rounded != number and isinstance(value, str):
        raise UnfitCell(f"numeric field overflow: more than {field.scale} digits after the point")
    return rounded


def _float(field: Field, kind: str, value: Json) -> float:
    del field
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unfit(kind, value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _unfit(kind, value) from None
    if not math.isfinite(number):
        raise _unfit(kind, value)
    return number


def _bool(field: Field, kind: str, value: Json) -> bool:
    del field
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _unfit(kind, value)


def _date(field: Field, kind: str, value: Json) -> date:
    del field
    return _moment(kind, value).date()


def _timestamp(field: Field, kind: str, value: Json) -> datetime:
    del field
    # A time without a zone takes no notice of the one that is written.
    return _moment(kind, value).replace(tzinfo=None)


def _timestamptz(field: Field, kind: str, value: Json) -> datetime:
    del field
    moment = _moment(kind, value)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise _unfit(kind, value) from None


def _moment(kind: str, value: Json) -> datetime:
    found = _moment_or_none(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise _unfit(kind, value)
    return found


def _moment_or_none(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _MOMENTS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  a zone is not always written
        except ValueError:
            continue
    return None


def _list(field: Field, value: Json) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = _written_list(field, value)
    if not isinstance(value, Sequence):
        raise UnfitCell(f"malformed array literal: {_shown(value)}")
    items = [_plain(_item(field, item)) for item in value]
    return json.dumps(items, ensure_ascii=False, separators=(",", ":"))


def _item(field: Field, item: Json) -> Cell:
    if isinstance(item, list):
        raise UnfitCell("a list in a list cannot be stored")
    return _read(field, field.type[1:], item)


def _written_list(field: Field, text: str) -> Sequence[Json]:
    """A list that is written as JSON or as PostgreSQL writes one."""
    del field
    stripped = text.strip()
    try:
        if stripped.startswith("["):
            found = json.loads(stripped)
            if isinstance(found, list):
                return found
    except (ValueError, RecursionError):
        pass
    if stripped.startswith("{") and stripped.endswith("}"):
        inner = stripped[1:-1].strip()
        if not inner:
            return []
        return [
            None if part.strip().upper() == "NULL" else part.strip().strip('"')
            for part in inner.split(",")
        ]
    raise UnfitCell(f"malformed array literal: {_shown(text)}")


def _plain(cell: Cell) -> Json:
    match cell:
        case Decimal():
            return int(cell) if cell == cell.to_integral_value() else float(cell)
        case date() | datetime():
            return cell.isoformat()
        case _:
            return cell


_READERS: Final[Mapping[str, Callable[[Field, str, Json], Cell]]] = {
    TEXT: _text,
    INT4: _whole,
    INT8: _whole,
    NUMERIC: _numeric,
    FLOAT8: _float,
    BOOL: _bool,
    DATE: _date,
    TIMESTAMP: _timestamp,
    TIMESTAMPTZ: _timestamptz,
    JSON: _json,
}


def _unfit(kind: str, value: Json) -> UnfitCell:
    return UnfitCell(f"invalid input syntax for type {_NAMES.get(kind, kind)}: {_shown(value)}")


def _shown(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f'"{text[:100]}"'

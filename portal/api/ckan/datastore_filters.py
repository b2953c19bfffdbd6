"""Filters, words and orders as DataStore clients write them.

Source: CKAN 2.12, `datastore_search`: `{column: value or list or {"gt": value}}`, lists that mix
values and ranges, `$and` and `$or` with lists of such objects, a list at the top means any of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from catalog.row_search.question import (
    EVERY_ROW,
    FILTER_DEPTH_MAX,
    FILTERS_MAX,
    VALUES_MAX,
    All,
    AnyOf,
    Compare,
    Filter,
    OneOf,
    Order,
    Sign,
    Value,
    Words,
)
from catalog.view import Json
from portal.api.ckan.errors import ValidationFailed, wrong

_SIGNS: Final = {
    "eq": Sign.EQUAL,
    "gt": Sign.GREATER,
    "gte": Sign.AT_LEAST,
    "lt": Sign.LESS,
    "lte": Sign.AT_MOST,
}
_ENDINGS: Final = {
    (): (False, None),
    ("asc",): (False, None),
    ("desc",): (True, None),
    ("nulls", "first"): (False, True),
    ("nulls", "last"): (False, False),
    ("asc", "nulls", "first"): (False, True),
    ("asc", "nulls", "last"): (False, False),
    ("desc", "nulls", "first"): (True, True),
    ("desc", "nulls", "last"): (True, False),
}


def filter_of(sent: Json) -> Filter:
    """Read filters, which may come as JSON text.

    Raises: ValidationFailed with everything that is wrong.
    """
    if isinstance(sent, str):
        try:
            sent = json.loads(sent) if sent.strip() else None
        except (ValueError, RecursionError):
            raise wrong("filters", "Cannot parse JSON") from None
    if not sent:
        return EVERY_ROW
    reader = _Reader()
    if isinstance(sent, Mapping):
        found = reader.object(sent, 0)
    elif isinstance(sent, list) and all(isinstance(one, Mapping) for one in sent):
        found = reader.group("$or", sent, 0)
    else:
        raise wrong("filters", "Filters must be defined as a dict or a list of dicts")
    if reader.errors:
        raise ValidationFailed({"filters": reader.errors})
    return found


def words_of_query(q: Json, full_text: Json) -> tuple[Words, ...]:
    """Read what words are searched for: in all columns, or an object of columns.

    Raises: ValidationFailed.
    """
    if isinstance(q, str) and q.lstrip().startswith("{"):
        try:
            read = json.loads(q)
        except (ValueError, RecursionError):
            read = q
        q = read if isinstance(read, dict) else q
    found: list[Words] = []
    if full_text:
        found.append(Words(str(full_text)))
    if isinstance(q, Mapping):
        for column, text in q.items():
            if not isinstance(text, str):
                raise wrong("q", f'Value for field "{column}" must be a text')
            found.append(Words(text, column))
    elif q is not None and q != "" and not full_text:
        if isinstance(q, Sequence) and not isinstance(q, str):
            raise wrong("q", "Must be a text or an object")
        found.append(Words(str(q)))
    return tuple(found)


def orders_of(sent: Json) -> tuple[Order, ...]:
    """Read an order, such as `a, "b c" desc nulls last`.

    Raises: ValidationFailed.
    """
    if sent is None or sent == "":
        return ()
    parts = sent if isinstance(sent, list) else _split(str(sent))
    return tuple(_order(str(part)) for part in parts if str(part).strip())


def _split(text: str) -> list[str]:
    """The parts between commas, but for commas in quotes."""
    parts, quoted = [""], False
    for one in text:
        if one == '"':
            quoted = not quoted
        if one == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += one
    return parts


def _order(part: str) -> Order:
    text = part.strip()
    if text.startswith('"') and '"' in text[1:]:
        name, _, rest = text[1:].partition('"')
        ending = tuple(rest.lower().split())
        if ending in _ENDINGS:
            return Order(name, *_ENDINGS[ending])
        raise wrong("sort", f'invalid value "{part}"')
    words = text.split()
    for count in (4, 3, 2, 1):
        if len(words) > count:
            ending = tuple(word.lower() for word in words[-count:])
            if ending in _ENDINGS:
                name = text
                for word in reversed(words[-count:]):
                    name = name.rstrip()[: -len(word)]
                return Order(name.strip(), *_ENDINGS[ending])
    return Order(text)


class _Reader:
    """Reads filters and gathers what is wrong with them."""

    def __init__(self) -> None:
        self._count = 0
        self.errors: list[Json] = []

    def object(self, sent: Mapping[str, Json], depth: int) -> Filter:
        """Everything in an object has to hold."""
        if len(sent) >= FILTERS_MAX:
            raise wrong("filters", "Maximum number of filter operations exceeded")
        parts = []
        for name, value in sent.items():
            if name.startswith("$") and not name.startswith("$$"):
                if name not in ("$or", "$and"):
                    self.errors.append(f"Unknown operators (must be one of $or, $and): {name}")
                elif not isinstance(value, list) or not all(
                    isinstance(one, Mapping) for one in value
                ):
                    self.errors.append(
                        f"Filter operations must be defined as a list of dicts: {value}"
                    )
                else:
                    parts.append(self.group(name, value, depth + 1))
            else:
                column = name[1:] if name.startswith("$$") else name
                parts.append(self._column(column, value))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def group(self, operator: str, sent: Sequence[Json], depth: int) -> Filter:
        """A list of objects of which all or any have to hold; an empty one asks for nothing."""
        self._take_one()
        if depth >= FILTER_DEPTH_MAX:
            raise wrong("filters", "Maximum nesting depth for filter operations reached")
        parts = tuple(self.object(one, depth) for one in sent if isinstance(one, Mapping) and one)
        if not parts:
            return EVERY_ROW
        return AnyOf(parts) if operator == "$or" else All(parts)

    def _column(self, column: str, value: Json) -> Filter:
        if isinstance(value, Mapping):
            parts = [self._compare(column, name, one) for name, one in value.items()]
            return parts[0] if len(parts) == 1 else All(tuple(parts))
        if isinstance(value, list):
            ranges = [one for one in value if isinstance(one, Mapping)]
            plain = [one for one in value if not isinstance(one, Mapping)]
            if len(plain) > VALUES_MAX:
                raise wrong("filters", f"At most {VALUES_MAX} values at once")
            parts = [self._column(column, one) for one in ranges]
            if plain or not ranges:
                self._take_one()
                parts.append(OneOf(column, tuple(self._value(one) for one in plain)))
            return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))
        self._take_one()
        return Compare(column, Sign.EQUAL, self._value(value))

    def _compare(self, column: str, name: str, value: Json) -> Filter:
        self._take_one()
        if name == "in" and isinstance(value, list):
            return OneOf(column, tuple(self._value(one) for one in value))
        sign = _SIGNS.get(name)
        if sign is None:
            self.errors.append(f"Unknown filter operation: {name}")
            return EVERY_ROW
        return Compare(column, sign, self._value(value))

    def _value(self, value: Json) -> Value:
        if isinstance(value, list):
            if all(one is None or isinstance(one, str | int | float | bool) for one in value):
                return tuple(
                    one for one in value if one is None or isinstance(one, str | int | float | bool)
                )
            self.errors.append(f"A value cannot be a list of lists: {value}")
            return None
        if value is None or isinstance(value, str | int | float | bool):
            return value
        self.errors.append(f"A value cannot be an object: {value}")
        return None

    def _take_one(self) -> None:
        self._count += 1
        if self._count > FILTERS_MAX:
            raise wrong("filters", "Maximum number of filter operations exceeded")

"""Records as plain values and as one canonical text, to be stored, hashed and read back.

A record is a frozen dataclass of enums, dates, ids, tuples, sets, maps and other records. Its
canonical text is the same on every machine and in every release, so a hash over it names it.

Source: RFC 8785 (JSON Canonicalization Scheme).
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
import rfc8785

Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]
"""What JSON can say without a float."""

Record = TypeVar("Record")


def to_plain(value: object) -> Plain:
    """`value` in the words of JSON: enums by value, times in UTC, sets in order.

    Raises: TypeError for what has no exact plain form, such as a float; that is our own mistake.
    """
    if isinstance(value, Enum):
        return to_plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, AbstractSet):
        return sorted((to_plain(item) for item in value), key=canonical_text)
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(getattr(value, field.name))
            for field in fields(value)
            if field.init
        }
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(kind: type[Record], plain: Plain) -> Record:
    """Read back a record of type `kind` that `to_plain` wrote.

    Raises: ValueError, KeyError or TypeError where `plain` is not such a record.
    """
    return cast("Record", _read(kind, plain))


def canonical_text(plain: Plain) -> str:
    """The one text of `plain` under RFC 8785: sorted keys, no blanks, UTF-8."""
    return _canonical_bytes(plain).decode()


def fingerprint_of(plain: Plain) -> str:
    """SHA-256 over the canonical text, 64 hexadecimal digits."""
    return sha256(_canonical_bytes(plain)).hexdigest()


def compact(plain: Plain) -> bytes:
    """Some JSON text of `plain`, quickly made: to be read back, never hashed."""
    return orjson.dumps(plain)


_BEYOND_ORDER = re.compile(rb"[\xee-\xff]")
"""A first byte of characters from U+E000 on, whose order in UTF-8 is not that in UTF-16."""


def _canonical_bytes(plain: Plain) -> bytes:
    """Written by the fast library where it writes the same, else by the one for RFC 8785.

    They differ in floats, in how large a whole number may be, and in the order of rare keys.
    Source: RFC 8785 s. 3.2.2 and 3.2.3.
    """
    if _is_usual(plain):
        try:
            written = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:
            return rfc8785.dumps(plain)
        if not _BEYOND_ORDER.search(written):
            return written
    return rfc8785.dumps(plain)


_WHOLE_MAX = 2**53 - 1


def _is_usual(plain: object) -> bool:
    """Whether nothing is in it but texts, whole numbers of 53 bits, lists and objects of these."""
    kind = type(plain)
    if kind is str or kind is bool or plain is None:
        return True
    if kind is int:
        return -_WHOLE_MAX <= cast("int", plain) <= _WHOLE_MAX
    if kind is dict:
        own = cast("dict[object, object]", plain)
        return all(type(key) is str for key in own) and all(map(_is_usual, own.values()))
    return kind is list and all(map(_is_usual, cast("list[object]", plain)))


def _read(kind: Any, plain: Any) -> object:
    """Read `plain` as `kind`, which is a type as an annotation names it."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_one_of(get_args(kind), plain)
    if origin in (tuple, frozenset):
        return origin(_read(get_args(kind)[0], item) for item in plain)
    if origin is not None:
        return {key: _read(get_args(kind)[1], item) for key, item in plain.items()}
    if hasattr(kind, "__supertype__"):
        return _read(kind.__supertype__, plain)
    if kind in (str, int, bool):
        if type(plain) is not kind:
            raise TypeError(f"{plain!r} is not {kind.__name__}")
        return plain
    if kind in (datetime, date):
        return kind.fromisoformat(plain)
    if is_dataclass(kind):
        make = cast("Any", kind)
        hints = _hints(make)
        return make(**{name: _read(hints[name], item) for name, item in plain.items()})
    return kind(plain)


def _read_one_of(kinds: tuple[Any, ...], plain: Any) -> object:
    if plain is None and type(None) in kinds:
        return None
    for kind in kinds:
        try:
            return _read(kind, plain)
        except (TypeError, ValueError, KeyError, AttributeError):
            continue
    raise TypeError(f"{plain!r} is none of {kinds}")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)

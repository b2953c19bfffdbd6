"""Lists of organisations and groups: filtered, sorted and cut as CKAN does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from catalog.view import Json
from portal.api.ckan.action import Result
from portal.api.ckan.call import Call
from portal.api.ckan.errors import ValidationFailed

NAMES_MOST: Final = 1000
"""Names in one answer."""
SHAPES_MOST: Final = 25
"""Whole groups in one answer."""
DEFAULT_SORT: Final = "title asc"
_FIELDS: Final = ("name", "packages", "package_count", "title")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list knows of each organisation or group."""

    id: UUID
    name: str
    title: str
    shape: Callable[[Mapping[UUID, int]], Json]
    """The whole of it, given everybody's counts."""


def asked_names(call: Call, key: str) -> list[str] | None:
    """The names that a list is limited to; None where it is not."""
    names = [part.strip() for text in call.texts(key) for part in text.split(",") if part.strip()]
    return names or None


def answer_list(
    call: Call, entries: Sequence[Entry], counts: Callable[[], Mapping[UUID, int]]
) -> Result:
    """The names of a page of entries, or with `all_fields` the whole of each.

    Raises: ValidationFailed.
    """
    is_whole = call.flag("all_fields")
    most = SHAPES_MOST if is_whole else NAMES_MOST
    limit = call.whole("limit", 0, most=most) or most
    offset = call.whole("offset", 0)
    field, is_descending = _sort(call)
    known = counts() if is_whole or field == "package_count" else {}
    ordered = sorted(entries, key=lambda entry: entry.name)
    if field == "package_count":
        ordered.sort(key=lambda entry: known.get(entry.id, 0), reverse=is_descending)
    elif field == "title":
        ordered.sort(key=lambda entry: (entry.title.casefold(), entry.name), reverse=is_descending)
    elif is_descending:
        ordered.reverse()
    page = ordered[offset : offset + limit]
    if not is_whole:
        return [entry.name for entry in page]
    return [entry.shape(known) for entry in page]


def _sort(call: Call) -> tuple[str, bool]:
    asked = call.text("sort") or call.text("order_by") or DEFAULT_SORT
    if asked.strip() in ("packages", "package_count"):
        return "package_count", True
    parts = asked.split(",")
    words = parts[0].split() or [""]
    if words[0] not in _FIELDS:
        raise ValidationFailed({"message": f"Cannot sort by field `{words[0]}`"})
    order = words[1].lower() if len(words) > 1 else "asc"
    if order not in ("asc", "desc"):
        raise ValidationFailed({"message": f"Invalid sort direction `{order}`"})
    if len(parts) > 1:
        raise ValidationFailed({"message": "Too many sort criteria provided only 1 allowed"})
    field = "package_count" if words[0] == "packages" else words[0]
    return field, order == "desc"

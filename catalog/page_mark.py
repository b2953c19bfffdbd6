"""Where a page ended, as text that comes back from outside with the question for the next."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.errors import (
    MalformedPageMark,
)
from catalog.json_rows import (
    Row,
)
from catalog.row_sql import literal, quoted
from catalog.serving_copy import DATABASE_NAME, Column, ServingCopy

ROWS_SKIPPED_MAX = 1 << 60


def mark_question(copy: ServingCopy, where: str, order: Sequence[tuple[Column, bool]]) -> str:
    """What a mark belongs to: the copy, the conditions and the order."""
    asked = [copy.file(DATABASE_NAME).sha256, where, [(c.name, down) for c, down in order]]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def mark_columns(order: Sequence[tuple[Column, bool]]) -> list[str]:
    """What of a row a mark holds: the values it is ordered by, and its number."""
    return [*(f"CAST({quoted(column.name)} AS VARCHAR)" for column, _ in order), "rowid"]


def page_mark(question: str, last: Row) -> str:
    """The mark of a page that ended with these values of `mark_columns`."""
    return base64.urlsafe_b64encode(json.dumps([question, *last]).encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class LastSeen:
    """The row at which a page ended: the values it is ordered by, as text, and its number."""

    values: tuple[str | None, ...]
    row: int


def read_mark(mark: str, question: str, values_count: int) -> LastSeen:
    """Read a mark that comes back from outside.

    Raises: MalformedPageMark.
    """
    try:
        stored = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        marked, *values, row = stored
    except (binascii.Error, ValueError, TypeError):
        raise MalformedPageMark from None
    if marked != question or len(values) != values_count or type(row) is not int:
        raise MalformedPageMark
    if not 0 <= row < ROWS_SKIPPED_MAX:
        raise MalformedPageMark
    if not all(value is None or (isinstance(value, str) and "\0" not in value) for value in values):
        raise MalformedPageMark
    return LastSeen(tuple(values), row)


def after_sql(order: Sequence[tuple[Column, bool]], last_seen: LastSeen) -> str:
    """SQL for the rows that come after the last seen one."""
    beyond = f"rowid > {last_seen.row}"
    for (column, is_descending), value in reversed(list(zip(order, last_seen.values, strict=True))):
        name = quoted(column.name)
        if value is None:
            beyond = f"({name} IS NULL AND {beyond})"
            continue
        seen = f"CAST({literal(value)} AS {column.type})"
        sign = "<" if is_descending else ">"
        beyond = f"({name} {sign} {seen} OR {name} IS NULL OR ({name} = {seen} AND {beyond}))"
    return beyond

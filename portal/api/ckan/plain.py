"""Our texts and times as plain CKAN values, and back.

CKAN has one plain text where we have one in each language. The Chinese one is shown where there is
one. A text that comes back unchanged changes nothing; a changed one replaces the text of its own
language, which is Chinese where it holds a Han character.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from policies.terms import Text

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def moment(at: datetime) -> str:
    """A time as CKAN writes it: UTC, with microseconds, without a zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def moment_or_none(at: datetime | None) -> str | None:
    """The same; None stays None."""
    return None if at is None else moment(at)


def in_utc(text: str) -> datetime:
    """The time that a text tells in ISO 8601; without a zone it is UTC.

    Raises: ValueError.
    """
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def plain(text: Text) -> str:
    """The one text that CKAN's clients see."""
    return text.zh or text.en


def has_han(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return _HAN.search(text) is not None


def text_from(written: str, before: Text | None = None) -> Text:
    """The text that a client wrote in place of `before`, in its own language."""
    if before is not None and written == plain(before):
        return before
    if _HAN.search(written):
        return Text(zh=written, en=before.en if before else "")
    return Text(en=written)

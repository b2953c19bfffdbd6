"""Words to find a dataset by: pairs of neighbouring characters for Chinese, else whole words.

Chinese is written without spaces, and a dictionary does not know every place and term, so every
pair of neighbouring characters becomes a word; a query's pairs have to stand next to each other.
The last character of a run stands alone too, so that every single character can be looked for.

The texts made here are PostgreSQL's own notation of `tsvector` and `tsquery` and are passed to it
as parameters; every word is quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from policies.terms import Text

QUERY_LENGTH_CHARACTERS = 200
WORD_LENGTH_CHARACTERS = 60
POSITIONS_MAX = 16_000
"""PostgreSQL keeps no position beyond 16,383; later words are found, but not as neighbours."""

_FIELD_GAP = 10
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")


class Weight(StrEnum):
    """How much a word counts, by where it stands; A most."""

    TITLE = "A"
    KEYWORD = "B"
    SUMMARY = "C"
    PUBLISHER = "D"


def document_words(
    *, slug: str, title: Text, keywords: tuple[str, ...], summary: Text, publisher: Text
) -> str:
    """The `tsvector` of a dataset's record."""
    position = 1
    placed: dict[str, list[str]] = {}
    for weight, texts in (
        (Weight.TITLE, (title.zh, title.en, slug)),
        (Weight.KEYWORD, keywords),
        (Weight.PUBLISHER, (publisher.zh, publisher.en)),
        (Weight.SUMMARY, (summary.zh, summary.en)),
    ):
        for text in texts:
            for run in _runs(text):
                for word in _words(run):
                    placed.setdefault(word, []).append(f"{min(position, POSITIONS_MAX)}{weight}")
                    position += 1
            position += _FIELD_GAP
    return " ".join(
        f"{_quote(word)}:{','.join(_some(positions))}" for word, positions in placed.items()
    )


def query_words(query: str) -> str:
    """The `tsquery` of what a person typed; empty where there is no word in it."""
    return " & ".join(_run_query(run) for run in _runs(query[:QUERY_LENGTH_CHARACTERS]))


def _run_query(run: str) -> str:
    if not _IS_HAN.match(run):
        return f"{_quote(run)}:*"
    if len(run) == 1:
        return f"{_quote(run)}:*"
    pairs = [_quote(run[index : index + 2]) for index in range(len(run) - 1)]
    return f"({' <-> '.join(pairs)})"


def _runs(text: str) -> Iterator[str]:
    """Runs of Chinese characters, and words of other scripts without case and accents."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    for found in _RUNS.finditer(unicodedata.normalize("NFC", plain)):
        run = found.group()
        yield run if _IS_HAN.match(run) else run[:WORD_LENGTH_CHARACTERS]


def _words(run: str) -> Iterator[str]:
    if not _IS_HAN.match(run):
        yield run
        return
    for index in range(len(run) - 1):
        yield run[index : index + 2]
    yield run[-1]


_POSITIONS_PER_WORD_MAX = 255


def _some(positions: list[str]) -> list[str]:
    return list(dict.fromkeys(positions))[:_POSITIONS_PER_WORD_MAX]


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"

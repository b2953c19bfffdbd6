r"""Words that are searched for, as patterns that the engine matches.

A word is found as a whole, without its case; a Chinese one anywhere in the text, since Chinese puts
nothing between words. In English its common endings do not matter: “books” finds “book”.

Source: PostgreSQL 15, `plainto_tsquery` and `to_tsquery`: `&`, `|`, `!`, `<->`, `:*`, brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from catalog.row_search.errors import WordsMalformed

WORDS_MAX: Final = 50
LENGTH_CHARACTERS_MAX: Final = 2_000
_DEPTH_MAX: Final = 20
_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]")
_PLAIN: Final = re.compile(r"[\w.\-/:@+%]+", re.UNICODE)
_TOKEN: Final = re.compile(r"\s*(<->|<\d+>|[&|!()]|'[^']*'|[^\s&|!()<>:*'\"]+)(:\*?[A-Da-d]*\*?)?")
_STOP: Final = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "has", "have"),
        *("in", "is", "it", "its", "of", "on", "or", "that", "the", "this", "to", "was", "with"),
    )
)
_ENDINGS: Final = ("ies", "ing", "ied", "ed", "es", "ly", "s", "e")
_BEFORE: Final = r"(?:^|[^\p{L}\p{N}_])"
_AFTER: Final = r"(?:$|[^\p{L}\p{N}_])"


@dataclass(frozen=True, slots=True)
class Word:
    """One pattern, in the engine's language of regular expressions, for text in lower case."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Both:
    """All parts are found."""

    parts: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One part is found at least."""

    parts: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """The part is not found."""

    part: Wanted


Wanted: TypeAlias = Word | Both | Either | Without


def wanted_words(text: str, *, is_plain: bool, is_stemmed: bool) -> Wanted | None:
    """What a text asks for; None where it holds no word, which nothing matches.

    Raises: WordsMalformed.
    """
    if len(text) > LENGTH_CHARACTERS_MAX or "\0" in text:
        raise WordsMalformed(text[:100])
    if not is_plain:
        return _Reader(text, is_stemmed=is_stemmed).read()
    found = [one.strip(".-/:@+") for one in _PLAIN.findall(text.lower())]
    words = [one for one in found if one and not (is_stemmed and one in _STOP)]
    if len(words) > WORDS_MAX:
        raise WordsMalformed(text[:100])
    if not words:
        return None
    return Both(tuple(_word(one, is_stemmed=is_stemmed) for one in dict.fromkeys(words)))


def patterns_in(wanted: Wanted) -> list[str]:
    """The patterns whose finds make a row rank higher."""
    match wanted:
        case Word():
            return [wanted.pattern]
        case Both() | Either():
            return [pattern for part in wanted.parts for pattern in patterns_in(part)]
        case Without():
            return []


def _word(word: str, *, is_stemmed: bool, is_prefix: bool = False) -> Word:
    if _HAN.search(word):
        return Word(re.escape(word))
    if is_prefix:
        return Word(f"{_BEFORE}{re.escape(word)}")
    if is_stemmed and word.isascii() and word.isalpha() and len(word) > 3:
        stem = _stem(word)
        endings = "(?:s|es|ed|ing|e|ly|y|ies|ied)?"
        return Word(f"{_BEFORE}{re.escape(stem)}{endings}{_AFTER}")
    return Word(f"{_BEFORE}{re.escape(word)}{_AFTER}")


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


class _Reader:
    """Reads the language of `to_tsquery`, from the left, by one function for each level."""

    def __init__(self, text: str, *, is_stemmed: bool) -> None:
        self._text = text
        self._is_stemmed = is_stemmed
        self._symbols = self._split()
        self._place = 0

    def read(self) -> Wanted | None:
        if not self._symbols:
            return None
        wanted = self._either(0)
        if self._place != len(self._symbols):
            raise WordsMalformed(self._text[:100])
        return wanted

    def _split(self) -> list[tuple[str, bool]]:
        symbols, place, text = [], 0, self._text.strip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None or found.end() == place:
                raise WordsMalformed(text[:100])
            symbols.append((found[1].lower(), "*" in (found[2] or "")))
            place = found.end()
            while place < len(text) and text[place].isspace():
                place += 1
        if len(symbols) > WORDS_MAX:
            raise WordsMalformed(text[:100])
        return symbols

    def _next(self) -> str:
        return self._symbols[self._place][0] if self._place < len(self._symbols) else ""

    def _either(self, depth: int) -> Wanted:
        parts = [self._both(depth)]
        while self._next() == "|":
            self._place += 1
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Wanted:
        parts = [self._single(depth)]
        while self._next() == "&" or self._next().startswith("<"):
            self._place += 1
            parts.append(self._single(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _single(self, depth: int) -> Wanted:
        symbol = self._next()
        if depth > _DEPTH_MAX or symbol in ("", "&", "|", ")") or symbol.startswith("<"):
            raise WordsMalformed(self._text[:100])
        is_prefix = self._symbols[self._place][1]
        self._place += 1
        if symbol == "!":
            return Without(self._single(depth + 1))
        if symbol == "(":
            inner = self._either(depth + 1)
            if self._next() != ")":
                raise WordsMalformed(self._text[:100])
            self._place += 1
            return inner
        words = _PLAIN.findall(symbol)
        if not words:
            raise WordsMalformed(self._text[:100])
        found = tuple(_word(one, is_stemmed=self._is_stemmed, is_prefix=is_prefix) for one in words)
        return found[0] if len(found) == 1 else Both(found)

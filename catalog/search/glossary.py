"""The small glossary: terms of government data that mean the same in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from catalog.search import words

_FILE: Final = Path(__file__).with_name("glossary.txt")
TERM_WORDS_MAX: Final = 5
REPHRASED_MAX: Final = 12


@lru_cache(maxsize=1)
def terms() -> dict[str, tuple[str, ...]]:
    """Each term, folded, with what else means the same: folded Chinese and English."""
    meant: dict[str, dict[str, None]] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        chinese, _, english = line.partition("=")
        same = [words.fold(term.strip()) for term in (*chinese.split(";"), *english.split(";"))]
        for term in same:
            known = meant.setdefault(_key(term), {})
            known.update(dict.fromkeys(other for other in same if other != term))
    return {key: tuple(others) for key, others in meant.items()}


def same_as(term: str) -> tuple[str, ...]:
    """What else means `term`; empty where the glossary does not know it."""
    return terms().get(_key(words.fold(term)), ())


def longest_term(tokens: Sequence[str]) -> int:
    """How many of the first words, taken together, are one term of several words; else 0."""
    for length in range(min(len(tokens), TERM_WORDS_MAX), 1, -1):
        if _key(" ".join(tokens[:length])) in terms():
            return length
    return 0


def rephrased(text: str) -> list[str]:
    """A folded Chinese text with one of its terms said in another way; the longest terms first."""
    held = [term for term in chinese_terms() if term in text and term != text]
    variants: dict[str, None] = {}
    for term in sorted(held, key=len, reverse=True):
        for other in terms()[term]:
            if not other.isascii():
                variants[text.replace(term, other)] = None
    variants.pop(text, None)
    return list(variants)[:REPHRASED_MAX]


@lru_cache(maxsize=1)
def chinese_terms() -> list[str]:
    """The Chinese terms, for the dictionary that cuts words."""
    return sorted(term for term in terms() if not term.isascii())


def _key(term: str) -> str:
    """The term in the singular. Not its stem, which is one for parks and for parking."""
    for ending, instead in (("ies", "y"), ("s", "")):
        if term.isascii() and len(term) > 4 and term.endswith(ending) and term[-2] != "s":
            return term.removesuffix(ending) + instead
    return term

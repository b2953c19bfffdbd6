"""How Chinese is read aloud: whole pinyin and its initials, `tingchechang` and `tcc` for 停车场.

Polyphones are read by the phrase they stand in. Tones are left out, ü is written v.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

INITIALS_LENGTH_MAX: Final = 12
READING_LENGTH_CHARACTERS: Final = 80
_INITIALS: Final = re.compile(r"[bcdfghjklmnpqrstwxyzaeo]{2,12}")
_VOWELS: Final = frozenset("aeiouv")

_SYLLABLE: Final = (
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ong|ing|ian|iao|uan|uai|van|ai|ei|ui|ao|ou|iu|ie|ve|ue|er|an|en|"
    r"in|un|vn|ia|ua|uo|a|o|e|i|u|v))"
)
_WHOLE: Final = re.compile(rf"{_SYLLABLE}{{2,12}}")


@lru_cache(maxsize=200_000)
def syllables(text: str) -> tuple[str, ...]:
    """The reading of Chinese text, a syllable a character; other signs stay as they are."""
    # Its dictionary takes a while to load, and only writers need it.
    from pypinyin import lazy_pinyin

    return tuple(lazy_pinyin(text))


def whole(text: str) -> str:
    """The reading in one word: `tingchechang`."""
    return "".join(syllables(text))[:READING_LENGTH_CHARACTERS]


def initials(text: str) -> str:
    """The first letters of the reading: `tcc`."""
    return "".join(one[0] for one in syllables(text) if one)[:INITIALS_LENGTH_MAX]


def may_be_initials(word: str) -> bool:
    """Whether somebody may have typed initials: letters that begin syllables, hardly a vowel."""
    if not _INITIALS.fullmatch(word):
        return False
    return sum(letter in _VOWELS for letter in word) * 3 <= len(word)


def may_be_whole(word: str) -> bool:
    """Whether a word of Latin letters can be read as two or more syllables."""
    return _WHOLE.fullmatch(word) is not None


def sort_key(title: str) -> str:
    """Sorts Chinese titles by reading, among others by their letters."""
    return " ".join(syllables(title.casefold()))[:200]

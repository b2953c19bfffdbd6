"""Text to words: folded, cut, stemmed.

Chinese is written without spaces. A dictionary cuts it into words, which rank well but miss names
and terms that it does not know; pairs of neighbouring characters, which must stand next to each
other, find every substring. The index holds both encodings, separated by spaces.

Everything is folded first: width, case, accents, traditional to simplified characters one by one,
so that a substring of a text is still a substring of the folded text.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import Stemmer

if TYPE_CHECKING:
    from rjieba import Jieba

WORD_LENGTH_CHARACTERS: Final = 60
RUN_LENGTH_CHARACTERS: Final = 5_000
USER_WORD_FREQUENCY: Final = 100_000
USER_WORDS_MAX: Final = 50_000
SEPARATOR: Final = "\u241e"
"""Stands between texts, so that no phrase reaches from one into the next."""

_JOINED = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff\u3007"
)
"""Scripts written without spaces between words, and Hangul, whose endings cling to the word."""
_RUNS = re.compile(r"[^\W_]+")
_HAS_JOINED = re.compile(rf"[{_JOINED}]")
_SUBRUNS = re.compile(rf"[{_JOINED}]+|[^\W_{_JOINED}]+")

STOP_WORDS: Final = frozenset(
    {
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "will",
        "with",
    }
)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of folded text without a gap."""

    text: str

    @property
    def is_joined(self) -> bool:
        """Whether it holds a script without spaces between words."""
        return _HAS_JOINED.search(self.text) is not None


def fold(text: str) -> str:
    """The text without differences of width, case, accent and Chinese script."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    if not wide.isascii():
        apart = unicodedata.normalize("NFD", wide)
        wide = unicodedata.normalize(
            "NFC", "".join(one for one in apart if not unicodedata.combining(one))
        )
    return wide.translate(_simplified())


def runs(text: str) -> Iterator[Run]:
    """The stretches of a text, folded, in order."""
    for found in _RUNS.finditer(fold(text)):
        run = Run(found.group()[:RUN_LENGTH_CHARACTERS])
        yield run if run.is_joined else Run(run.text[:WORD_LENGTH_CHARACTERS])


def parts(run: Run) -> list[Run]:
    """A run that mixes scripts, taken apart: `youbike租借站` is `youbike` and `租借站`."""
    return [Run(found.group()[:RUN_LENGTH_CHARACTERS]) for found in _SUBRUNS.finditer(run.text)]


def pairs(text: str) -> list[str]:
    """Neighbouring characters of a run, two by two."""
    return [first + second for first, second in pairwise(text)]


def encode_pairs(texts: Iterable[str]) -> str:
    """What the index holds to find phrases: pairs of joined scripts, stems of others, in order.

    The last character of a joined run stands alone too: every single character begins a word.
    """
    words: list[str] = []
    for text in texts:
        for run in runs(text):
            if run.is_joined:
                words.extend(pairs(run.text))
                words.append(run.text[-1])
            else:
                words.append(stem(run.text))
        words.append(SEPARATOR)
    return " ".join(words)


def encode_words(texts: Iterable[str]) -> str:
    """What the index holds to rank by: dictionary words, stems, and the forms that stand there."""
    words: list[str] = []
    for text in texts:
        for run in runs(text):
            for part in parts(run) if run.is_joined else (run,):
                if part.is_joined:
                    words.extend(cut_finely(part.text))
                else:
                    one = part.text[:WORD_LENGTH_CHARACTERS]
                    words.append(one)
                    stemmed = stem(one)
                    if stemmed != one:
                        words.append(stemmed)
    return " ".join(words)


def cut(text: str) -> list[str]:
    """A joined run as the words that a reader sees, for queries."""
    return _jieba().cut(text)


def cut_finely(text: str) -> list[str]:
    """A joined run as words, and the shorter words within them, for the index."""
    return _jieba().cut_for_search(text)


def compounds(text: str) -> list[str]:
    """Words of a title, and each two and three neighbours as one, to be found by readings."""
    found: dict[str, None] = {}
    for run in runs(text):
        for part in parts(run):
            if not part.is_joined:
                continue
            words = cut(part.text)
            for index, word in enumerate(words):
                for length in (1, 2, 3):
                    if index + length <= len(words):
                        joined = "".join(words[index : index + length])
                        if 2 <= len(joined) <= COMPOUND_LENGTH_CHARACTERS:
                            found[joined] = None
                for shorter in cut_finely(word):
                    if len(shorter) > 1:
                        found[shorter] = None
    return list(found)


COMPOUND_LENGTH_CHARACTERS: Final = 12


def stem(word: str) -> str:
    """An English word without its ending; other words come back as they are."""
    if not word.isascii() or word.isdigit():
        return word
    return _stem(word)


def learn(words: Iterable[str]) -> int:
    """Teach the dictionary names of this city; how many were new.

    Words that only the query's side knows cost rank, not recall: pairs find them all the same.
    """
    learned = 0
    with _LEARNING:
        for word in words:
            for run in runs(word):
                for part in parts(run):
                    is_fit = part.is_joined and 2 <= len(part.text) <= COMPOUND_LENGTH_CHARACTERS
                    if not is_fit or part.text in _LEARNED or len(_LEARNED) >= USER_WORDS_MAX:
                        continue
                    _LEARNED.add(part.text)
                    if not _jieba().has_word(part.text):
                        _jieba().add_word(part.text, USER_WORD_FREQUENCY, "nz")
                        learned += 1
    return learned


_LEARNED: Final[set[str]] = set()
_LEARNING: Final = threading.Lock()
_LOCAL: Final = threading.local()


@lru_cache(maxsize=1)
def _jieba() -> Jieba:
    # Its dictionary takes a while to load: not before the first search.
    import rjieba

    # The one that the library loads for itself: another would hold the dictionary again, 25 MB.
    return rjieba._DEFAULT_JIEBA  # noqa: SLF001


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    # A stemmer keeps state between its letters and is not shared by threads.
    stemmer = getattr(_LOCAL, "stemmer", None)
    if stemmer is None:
        stemmer = _LOCAL.stemmer = Stemmer.Stemmer("english")
    stemmed: str = stemmer.stemWord(word)
    return stemmed


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    """Each traditional character with its simplified form, from the data of OpenCC.

    The package is only looked for, not run: its table of single characters is what is wanted.
    """
    spec = find_spec("opencc")
    assert spec is not None
    assert spec.origin is not None
    table = Path(spec.origin).parent / "dictionary" / "TSCharacters.txt"
    folded = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        traditional, _, simplified = line.partition("\t")
        first = simplified.split(" ")[0]
        if len(traditional) == 1 and len(first) == 1:
            folded[ord(traditional)] = first
    return folded

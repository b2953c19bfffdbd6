"""Why a dataset was found, where its title does not show it: 停車場 through 停车场, tcc or parking.

Looks only at what the index holds of the record, which everybody who sees the record may know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from catalog.search import glossary, readings, words
from catalog.search.document import SearchDocument
from policies.errors import N_
from portal.pages.speech import Speech

TEXT_LENGTH_CHARACTERS: Final = 2_000
"""As much of a long description is looked through."""
REASONS_MAX: Final = 2
READ_PREFIX_CHARACTERS: Final = 3
"""An unfinished reading is taken from so many letters on."""

_LATIN: Final = re.compile(r"[^\W_]+")


class Place(Enum):
    """Where in the record it stands."""

    TITLE = N_("Title")
    KEYWORD = N_("Keyword")
    COLUMN = N_("Column")
    DEPARTMENT = N_("Department")
    TOPIC = N_("Topic")
    FILE = N_("File")
    DESCRIPTION = N_("Description")


@dataclass(frozen=True, slots=True)
class Reason:
    """A word of the record that answers to a word that was typed."""

    place: Place
    found: str
    """As it stands in the record."""
    typed: str

    @property
    def is_plain(self) -> bool:
        """Whether both are the same word, however it is written large or small."""
        return self.found.casefold() == self.typed.casefold()


def reasons_for(typed: str, document: SearchDocument) -> list[Reason]:
    """What a title does not show; empty where it holds the words as they were typed."""
    found: dict[Reason, None] = {}
    for word in _typed_words(typed):
        reason = next(_found(word, document), None)
        if reason is not None and not (reason.place is Place.TITLE and reason.is_plain):
            found[reason] = None
    return list(found)[:REASONS_MAX]


def reason_words(reasons: Sequence[Reason], say: Speech) -> str:
    """The reasons in a line."""
    return " · ".join(
        say.gettext("{place}: “{found}”", place=say.gettext(one.place.value), found=one.found)
        if one.is_plain
        else say.gettext(
            "{place}: “{found}” for “{typed}”",
            place=say.gettext(one.place.value),
            found=one.found,
            typed=one.typed,
        )
        for one in reasons
    )


def _typed_words(typed: str) -> list[str]:
    """The words of a search as they were typed, terms of several English words in one."""
    parts = [part for part in _LATIN.findall(typed) if words.fold(part) not in words.STOP_WORDS]
    taken = []
    index = 0
    while index < len(parts):
        length = glossary.longest_term([words.fold(part) for part in parts[index:]]) or 1
        taken.append(" ".join(parts[index : index + length]))
        index += length
    return taken


def _found(typed: str, document: SearchDocument) -> Iterator[Reason]:
    """Where a word is found: as it is before what it means, and that before how it is read."""
    folded = words.fold(typed)
    texts = list(_texts(document))
    meanings = glossary.same_as(folded)
    for place, text in texts:
        held = _located(text, folded)
        if held:
            yield Reason(place, held, typed)
    if len(words.cut(folded)) > 1 and not folded.isascii():
        parts = [part for part in words.cut(folded) if len(part) > 1]
        for place, text in texts:
            held = "…".join(filter(None, (_located(text, part) for part in parts)))
            if parts and held.count("…") == len(parts) - 1 and held:
                yield Reason(place, held, typed)
    for place, text in texts:
        for meant in (*meanings, *glossary.rephrased(folded)):
            held = _located(text, meant)
            if held:
                yield Reason(place, held, typed)
    if folded.isascii() and (readings.may_be_initials(folded) or readings.may_be_whole(folded)):
        for place, text in texts:
            for read in _read_as(text[:TEXT_LENGTH_CHARACTERS], folded):
                yield Reason(place, _located(text, read) or read, typed)


def _texts(document: SearchDocument) -> Iterator[tuple[Place, str]]:
    for place, texts in (
        (Place.TITLE, (document.title.zh, document.title.en)),
        (Place.KEYWORD, document.tags),
        (Place.COLUMN, document.columns),
        (Place.DEPARTMENT, (document.publisher.zh, document.publisher.en)),
        (
            Place.TOPIC,
            tuple(one for title in document.group_titles for one in (title.zh, title.en)),
        ),
        (Place.FILE, (*document.res_name, *document.res_format)),
        (Place.DESCRIPTION, (document.notes.zh, document.notes.en, *document.words)),
    ):
        for text in texts:
            if text:
                yield place, text[:TEXT_LENGTH_CHARACTERS]


def _located(text: str, folded: str) -> str:
    """The piece of a text that is `folded` once it is folded, as it stands; else empty."""
    if folded.isascii() and " " not in folded:
        wanted = words.stem(folded)
        for one in _LATIN.findall(text):
            word = words.fold(one)
            if word == folded or words.stem(word) == wanted:
                return str(one)
    plain, places = _folded(text)
    at = plain.find(folded)
    if at < 0 or (folded.isascii() and len(folded) < READ_PREFIX_CHARACTERS):
        return ""
    return text[places[at] : places[at + len(folded) - 1] + 1]


@lru_cache(maxsize=2_000)
def _folded(text: str) -> tuple[str, tuple[int, ...]]:
    """The folded text, and from which character each of its own came."""
    signs: list[str] = []
    places: list[int] = []
    for index, sign in enumerate(text):
        for one in words.fold(sign):
            signs.append(one)
            places.append(index)
    return "".join(signs), tuple(places)


def _read_as(text: str, read: str) -> list[str]:
    """Words of a text that are read so, whole or by their initials, the exact ones first."""
    exact, begun = [], []
    for word in words.compounds(text):
        for reading in (readings.initials(word), readings.whole(word)):
            if reading == read:
                exact.append(word)
            elif len(read) >= READ_PREFIX_CHARACTERS and reading.startswith(read):
                begun.append(word)
    return exact + begun

"""What else to look for where nothing was found: each with how much it finds for this reader.

Nothing is offered that finds nothing, and words are only learnt from what the reader may see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import Final

from catalog.find import datasets_with_ids
from catalog.search import glossary, readings, words
from catalog.search.query import Pattern, Search, Wildcard, Words
from policies.party import Actor
from portal.pages.search.facets import Counting, facet_label
from portal.pages.search.state import SearchState

OFFERED_MAX: Final = 6
TRIED_MAX: Final = 24
NEAR_RATIO: Final = 0.72
NEAR_MAX: Final = 3
BEGINNING_CHARACTERS: Final = 2
TITLES_READ_MAX: Final = 50
LONG_WORD_CHARACTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Offer:
    """Another search, and how many datasets it finds."""

    label: str
    href: str
    number: int


def other_words(counting: Counting, state: SearchState, *, by: Actor) -> list[Offer]:
    """Other spellings, words that sound the same, and the words with one left out."""
    offers = []
    for text in islice(dict.fromkeys(_variants(counting, state.words, by)), TRIED_MAX):
        if words.fold(text) == words.fold(state.words):
            continue
        tried = state.looking_for(text)
        number = counting.found(tried)
        if number:
            offers.append(Offer(text, tried.href, number))
        if len(offers) == OFFERED_MAX:
            break
    return offers


def fewer_filters(counting: Counting, state: SearchState) -> list[Offer]:
    """The same search without one of its facets, and without all of them."""
    say = counting.say
    tried = [
        (
            say.gettext("Without “{filter}”", filter=facet_label(name, say)),
            state.without_facet(name),
        )
        for name in state.chosen
    ]
    if len(state.chosen) > 1:
        tried.append((say.gettext("Without any filter"), state.without_filters()))
    counted = [Offer(label, other.href, counting.found(other)) for label, other in tried]
    if state.words:
        everything = replace(state.without_filters(), words="")
        counted.append(
            Offer(say.gettext("All datasets"), everything.href, counting.found(everything))
        )
    return [offer for offer in counted if offer.number]


def _variants(counting: Counting, text: str, by: Actor) -> Iterator[str]:
    whole = [run.text for run in words.runs(text)]
    for index, run in enumerate(whole):
        for other in _same_sound(counting, run, by) if not run.isascii() else ():
            yield " ".join((*whole[:index], other, *whole[index + 1 :]))
    parts = _parts(text)
    for index, part in enumerate(parts):
        for other in _near(counting, part, by):
            yield " ".join((*parts[:index], other, *parts[index + 1 :]))
    if len(parts) > 1:
        for index in range(len(parts)):
            yield " ".join((*parts[:index], *parts[index + 1 :]))
        yield from parts


def _parts(text: str) -> list[str]:
    """The words of a search; a run of Chinese is cut as its readers would."""
    found = []
    for run in words.runs(text):
        for part in words.parts(run) if run.is_joined else [run]:
            found += words.cut(part.text) if part.is_joined else [part.text]
    return [one for one in found if one not in words.STOP_WORDS]


def _near(counting: Counting, part: str, by: Actor) -> Iterator[str]:
    if not part.isascii():
        yield from _same_sound(counting, part, by)
        return
    if len(part) < LONG_WORD_CHARACTERS:
        return
    known = [term for term in glossary.terms() if term.isascii()]
    yield from get_close_matches(part, known, NEAR_MAX, NEAR_RATIO)
    held = {
        words.fold(term.value)
        for kind in ("topic", "column")
        for term in counting.live.terms(
            counting.tx, kind, part[:BEGINNING_CHARACTERS], counting.labels
        )
    }
    held |= _title_words(counting, part, by)
    yield from get_close_matches(part, sorted(held), NEAR_MAX, NEAR_RATIO)


def _title_words(counting: Counting, part: str, by: Actor) -> set[str]:
    """Words of titles that begin like this one."""
    pattern = Pattern((part[:BEGINNING_CHARACTERS], Wildcard()), "title")
    hits = counting.live.search(counting.tx, Search(counting.labels, pattern, rows=TITLES_READ_MAX))
    titles = [one.entry.title for one in datasets_with_ids(counting.tx, hits.ids, by=by)]
    return {
        run.text
        for title in titles
        for text in (title.zh, title.en)
        for run in words.runs(text)
        if not run.is_joined
    }


def _same_sound(counting: Counting, part: str, by: Actor) -> Iterator[str]:
    """Words of titles that are read like this one: 停车场 for 停车厂."""
    sound = readings.whole(part)
    if len(part) < BEGINNING_CHARACTERS or not readings.may_be_whole(sound):
        return
    hits = counting.live.search(
        counting.tx, Search(counting.labels, Words(sound), rows=TITLES_READ_MAX)
    )
    for dataset in datasets_with_ids(counting.tx, hits.ids, by=by):
        for text in (dataset.entry.title.zh, *dataset.entry.keywords):
            for word in words.compounds(text):
                if word != part and readings.whole(word) == sound:
                    yield word

"""Our tree of a query turned into the engine's, for one caller.

A query is turned in two ways. To rank, each place where a word may stand has an option of its own
weight. To count, only what can find more records is asked: `text` holds all of a record's words, so
what its title or tags hold adds none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from catalog.search import glossary, readings, words
from catalog.search.encode import UNIT, VALUE_LENGTH_CHARACTERS, dynamic_key, microseconds
from catalog.search.engine import (
    EngineQuery,
    View,
    alike,
    all_of,
    any_of,
    best_of,
    between,
    boosted,
    everything,
    nothing,
    one_of,
    phrase,
    regex,
    term,
)
from catalog.search.errors import TooManyValues
from catalog.search.fields import Kind, kind_of
from catalog.search.lucene import read_moment
from catalog.search.query import (
    All,
    Boosted,
    Either,
    Everything,
    Not,
    Pattern,
    Phrase,
    Present,
    Query,
    Span,
    Value,
    Wildcard,
    Words,
)

VALUES_MAX: Final = 200_000
"""Different values that a range or pattern over whole values may look through."""
READINGS_MAX: Final = 50
_WEIGHTS: Final = (
    ("name_words", 4.0),
    ("title_words", 4.0),
    ("tags_words", 2.0),
    ("groups_words", 2.0),
)
_ANY: Final = "\ue000"
_ONE: Final = "\ue001"
_META = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")


class Purpose(Enum):
    """What the engine's query is for; both find the same records."""

    RANK = "rank"
    COUNT = "count"


class Compiler:
    """Turns our tree into the engine's, for one view of the index."""

    def __init__(self, view: View, labels: frozenset[str], purpose: Purpose) -> None:
        self._view = view
        self._ranks = purpose is Purpose.RANK
        self.permitted = alike(any_of([term("labels", label) for label in sorted(labels)]), 0.0)
        """Records that carry one of the labels; the score does not change."""

    def compile(self, query: Query) -> EngineQuery:
        """The engine's query, without who may see what.

        Raises: TooManyValues, UnknownSearchField, QueryForbidden.
        """
        match query:
            case Everything():
                return everything()
            case Words():
                return self._words(query)
            case Phrase():
                return self._phrase(query)
            case Value():
                return self._value(query)
            case Pattern():
                return self._pattern(query)
            case Span():
                return self._span(query)
            case Present():
                return term("present", query.field)
            case All():
                return self._all(query)
            case Either():
                return any_of([self.compile(part) for part in query.parts])
            case Not():
                return all_of([], without=[self.compile(query.part)])
            case Boosted():
                return boosted(self.compile(query.part), query.factor)

    def _all(self, query: All) -> EngineQuery:
        return all_of(
            [self.compile(one) for one in query.parts if not isinstance(one, Not)],
            without=[self.compile(one.part) for one in query.parts if isinstance(one, Not)],
        )

    # Words in any field

    def _words(self, query: Words) -> EngineQuery:
        found = list(words.runs(query.text))
        meant = [run for run in found if run.text not in words.STOP_WORDS]
        if len(meant) > 0:
            found = meant
        if not found:
            return nothing()
        if query.field not in (None, "text"):
            field = str(query.field)
            return all_of([self._run_in(field, run) for run in found])
        clauses = []
        index = 0
        while index < len(found):
            run = found[index]
            is_last = index == len(found) - 1
            if run.is_joined:
                clauses.append(self._joined(run.text))
                index += 1
                continue
            latin = [one.text for one in found[index:] if not one.is_joined]
            length = glossary.longest_term(latin)
            if length and all(not one.is_joined for one in found[index : index + length]):
                clauses.append(self._several([one.text for one in found[index : index + length]]))
                index += length
                continue
            clauses.append(self._latin(run.text, is_unfinished=query.is_unfinished and is_last))
            index += 1
        return all_of(clauses)

    def _joined(self, text: str) -> EngineQuery:
        """A run of Chinese: as it stands, or its words apart, or what means the same."""
        options = self._as_it_stands(text)
        parts = []
        for part in words.parts(words.Run(text)):
            parts += words.cut(part.text) if part.is_joined else [part.text]
        if len(parts) > 1:
            options.append(
                all_of([best_of([*self._ranked(part), *self._meaning(part)]) for part in parts])
            )
        else:
            options += self._ranked(text)
        # Who looks for a part of a word has found the word.
        options += self._said_so(one for one in glossary.same_as(text) if text not in one)
        for other in glossary.rephrased(text):
            options += [boosted(one, 0.6) for one in self._as_it_stands(other)]
        return best_of(options)

    def _as_it_stands(self, text: str) -> list[EngineQuery]:
        found = self._substring("text_pairs", text)
        if not self._ranks:
            return [found]
        return [found, boosted(self._substring("title_pairs", text), 4.0)]

    def _meaning(self, said: str) -> list[EngineQuery]:
        """What means the same, counting less."""
        return self._said_so(glossary.same_as(said))

    def _said_so(self, others: Iterable[str]) -> list[EngineQuery]:
        options = []
        for other in others:
            if not other.isascii():
                options += self._as_it_stands(other)
            elif " " in other:
                options.append(self._stems_in_order("text_pairs", other.split()))
            else:
                options += self._ranked(words.stem(other))
        return [boosted(option, 0.6) for option in options]

    def _several(self, found: Sequence[str]) -> EngineQuery:
        """English words that are one term, such as `air quality`."""
        apart = all_of([self._latin(word, is_unfinished=False) for word in found])
        return best_of([apart, *self._meaning(" ".join(found))])

    def _latin(self, word: str, *, is_unfinished: bool) -> EngineQuery:
        options = self._ranked(words.stem(word))
        options.append(term("text_pairs", words.stem(word)))
        if len(word) >= 3 or is_unfinished:
            options.append(regex("text_words", _escaped(word) + ".*", score=0.2))
        if 2 <= len(word) <= 20:
            # It may stand within a run of Chinese, as 2024 does in 2024年.
            options.append(boosted(self._substring("text_pairs", word), 0.5))
        for read in self._read_as(word, is_unfinished=is_unfinished):
            options.append(boosted(self._joined(read), 0.5))
        return best_of([*options, *self._meaning(word)])

    def _read_as(self, word: str, *, is_unfinished: bool) -> list[str]:
        """Chinese words that are read so, of records that the caller may see: a word that only
        others hold must not lead to what means the same.
        """
        if not (readings.may_be_initials(word) or readings.may_be_whole(word)):
            return []
        prefix = word if is_unfinished and len(word) > 2 else word + UNIT
        tokens = self._view.terms("readings", prefix, limit=READINGS_MAX, among=self.permitted)
        return list(dict.fromkeys(token.partition(UNIT)[2] for token, _ in tokens))

    def _ranked(self, word: str) -> list[EngineQuery]:
        found = term("text_words", word)
        if not self._ranks:
            return [found]
        return [*(boosted(term(field, word), weight) for field, weight in _WEIGHTS), found]

    # Words in one field

    def _run_in(self, field: str, run: words.Run) -> EngineQuery:
        place = self._pairs_of(field)
        if not run.is_joined:
            options = [term(place, words.stem(run.text))]
            if 2 <= len(run.text) <= 20:
                options.append(self._substring(place, run.text))
            return best_of(options)
        options = [self._substring(place, run.text)]
        cut = words.cut(run.text)
        if len(cut) > 1:
            options.append(all_of([self._substring(place, word) for word in cut]))
        return best_of(options)

    def _phrase(self, query: Phrase) -> EngineQuery:
        place = self._pairs_of(query.field or "text")
        clauses: list[EngineQuery] = []
        latin: list[str] = []
        for run in words.runs(query.text):
            if run.is_joined:
                clauses += self._flushed(place, latin, query.slop)
                clauses.append(self._substring(place, run.text))
            else:
                latin.append(words.stem(run.text))
        clauses += self._flushed(place, latin, query.slop)
        return all_of(clauses) if clauses else nothing()

    def _flushed(self, place: str, latin: list[str], slop: int) -> list[EngineQuery]:
        if not latin:
            return []
        stems = list(latin)
        latin.clear()
        return [self._stems_in_order(place, stems, slop)]

    def _stems_in_order(self, place: str, found: Sequence[str], slop: int = 0) -> EngineQuery:
        return phrase(place, [words.stem(word) for word in found], slop)

    def _substring(self, place: str, text: str) -> EngineQuery:
        if len(text) == 1:
            # Every character begins a word, so that this finds each.
            if place.startswith("dynamic_pairs."):
                return term(place, text)
            return regex(place, _escaped(text) + ".?")
        return phrase(place, list(words.pairs(text)))

    def _pairs_of(self, field: str) -> str:
        if kind_of(field) is Kind.DYNAMIC:
            return f"dynamic_pairs.{dynamic_key(field)}"
        return f"{field}_pairs"

    # Whole values

    def _value(self, query: Value) -> EngineQuery:
        if isinstance(query.value, datetime) and kind_of(query.field) is Kind.DYNAMIC:
            return self._span(Span(query.field, query.value, query.value))
        match query.value:
            case datetime():
                return term(query.field, microseconds(query.value))
            case int():
                return term(query.field, query.value)
            case str():
                value = query.value[:VALUE_LENGTH_CHARACTERS]
                if kind_of(query.field) is Kind.DYNAMIC:
                    return term("dynamic", f"{dynamic_key(query.field)}{UNIT}{value}")
                return term(query.field, value)

    def _pattern(self, query: Pattern) -> EngineQuery:
        kind = Kind.TEXT if query.field is None else kind_of(query.field)
        if kind is Kind.TEXT:
            return self._text_pattern(query)
        assert query.field is not None
        form = "".join(_form(part) for part in query.parts)
        if kind is Kind.DYNAMIC:
            form = f"{_escaped(dynamic_key(query.field) + UNIT)}{form}"
            return regex("dynamic", form)
        return regex(query.field, form)

    def _text_pattern(self, query: Pattern) -> EngineQuery:
        marked = "".join(
            part if isinstance(part, str) else (_ONE if part.is_single else _ANY)
            for part in query.parts
        )
        clauses = []
        for piece in re.findall(
            rf"[^\W_{_ANY}{_ONE}]*(?:[{_ANY}{_ONE}]+[^\W_{_ANY}{_ONE}]*)+|[^\W_]+", marked
        ):
            literals = [one for one in re.split(f"[{_ANY}{_ONE}]", piece) if one]
            if not literals:
                continue
            if _ANY not in piece and _ONE not in piece:
                clauses.append(self._words(Words(piece, query.field)))
            elif any(run.is_joined for literal in literals for run in words.runs(literal)):
                # Every substring is found as it is: a wildcard at its end adds nothing.
                clauses += [self._phrase(Phrase(literal, query.field)) for literal in literals]
            else:
                form = "".join(
                    ".*" if sign == _ANY else "." if sign == _ONE else _escaped(words.fold(sign))
                    for sign in piece
                )
                place = (
                    f"{query.field}_words"
                    if query.field in ("title", "text")
                    else "text_words"
                    if query.field is None
                    else self._pairs_of(query.field)
                )
                clauses.append(regex(place, form))
        return all_of(clauses) if clauses else nothing()

    def _span(self, query: Span) -> EngineQuery:
        kind = kind_of(query.field)
        if kind in (Kind.NUMBER, Kind.DATE):
            return between(
                query.field,
                _number(query.low),
                _number(query.high),
                includes_low=query.includes_low,
                includes_high=query.includes_high,
            )
        place, prefix = query.field, ""
        if kind is Kind.DYNAMIC:
            place, prefix = "dynamic", dynamic_key(query.field) + UNIT
        tokens = self._view.terms(place, prefix, limit=VALUES_MAX + 1)
        if len(tokens) > VALUES_MAX:
            raise TooManyValues(query.field)
        kept = [token for token, _ in tokens if _lies_in(token[len(prefix) :], query)]
        return one_of(place, kept) if kept else nothing()


def _escaped(text: str) -> str:
    return _META.sub(lambda found: "\\" + found.group(), text)


def _form(part: str | Wildcard) -> str:
    if isinstance(part, str):
        return _escaped(part)
    return "." if part.is_single else ".*"


def _number(bound: str | int | datetime | None) -> int | None:
    if isinstance(bound, datetime):
        return microseconds(bound)
    assert not isinstance(bound, str)
    return bound


def _lies_in(text: str, span: Span) -> bool:
    value: str | datetime = text
    if isinstance(span.low, datetime) or isinstance(span.high, datetime):
        try:
            value = read_moment(text, at=datetime.now(UTC))
        except (ValueError, OverflowError):
            return False
    if span.low is not None and not (
        value > span.low or (span.includes_low and value == span.low)  # type: ignore[operator]
    ):
        return False
    return span.high is None or (
        value < span.high or (span.includes_high and value == span.high)  # type: ignore[operator]
    )

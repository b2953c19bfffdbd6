"""The index on disk: the only file that knows tantivy.

A folder holds generations, one folder each, and the name of the one in use in the file `current`.
A generation is written by one process at a time, which holds its lock; every process reads. How
far the index follows the database (`position`) is kept inside it and changes with the same commit.

Text is cut into words before it comes here, so the engine only splits at spaces: what ends in
`_pairs` finds phrases and substrings, what ends in `_words` ranks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import tantivy
from tantivy import Occur
from tantivy import Query as EngineQuery

from catalog.search import glossary, readings, words
from catalog.search.document import SearchDocument
from catalog.search.encode import UNIT, VALUE_LENGTH_CHARACTERS, dynamic_key, encode, microseconds
from catalog.search.errors import IndexNotReady, IndexWriterBusy, TooManyValues
from catalog.search.fields import (
    DATES,
    EXACT,
    NUMBERS,
    SORTABLE,
    TEXTS,
    TITLE_SORT,
    Kind,
    facet_kind,
    kind_of,
)
from catalog.search.lucene import read_moment
from catalog.search.query import (
    FACET_FIELDS_MAX,
    FACET_LIMIT_MAX,
    ROWS_MAX,
    START_MAX,
    All,
    Boosted,
    Either,
    Everything,
    Facet,
    Not,
    Pattern,
    Phrase,
    Present,
    Query,
    Search,
    SortKey,
    Span,
    Value,
    Wildcard,
    Words,
)
from policies.terms import DatasetId

SCHEMA_VERSION: Final = 1
"""Raised with every change of the schema or of how text is cut; older indexes are built anew."""
WRITER_HEAP_BYTES: Final = 15_000_000
REBUILD_HEAP_BYTES: Final = 120_000_000
VALUES_MAX: Final = 200_000
"""Different values that a range or pattern over whole values may look through."""
READINGS_MAX: Final = 50
TIES_MAX: Final = 20_000
"""Hits of one value that are put in order by the next key of the sort; more stay as they come."""
SCORE_TIES_MAX: Final = 1_000
"""The same for hits of one score."""
CACHED_COUNTS_MAX: Final = 256
SUGGESTED_TERMS_MAX: Final = 200
DEEP_START: Final = 10_000
TIED_COUNTS: Final = 50
"""Values beyond a facet's limit that are read too, so that ties at its end are cut by value."""

_CURRENT: Final = "current"
_TIE: Final = 0.1
_WEIGHTS: Final = (
    ("name_words", 4.0),
    ("title_words", 4.0),
    ("tags_words", 2.0),
    ("groups_words", 2.0),
)
_STORED: Final = ("id", "name", "title_string", TITLE_SORT, "organization")
_ANY: Final = "\ue000"
_ONE: Final = "\ue001"
_META = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many records have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found, with exact counts under the caller's labels."""

    ids: tuple[DatasetId, ...]
    count: int
    facets: Mapping[str, tuple[FacetCount, ...]]
    """Per field, the most frequent first, then by value."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word that can be offered while somebody types."""

    value: str
    count: int
    """Records that the caller may see with it."""


class Index:
    """The index of one node as one process reads it; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def refresh(self) -> None:
        """See what was committed last.

        Raises: IndexNotReady where there is no index, or none that can be read.
        """
        with self._lock:
            name = current_generation(self.folder)
            if name is None:
                self._opened = None
                raise IndexNotReady
            if self._opened is None or self._opened.name != name:
                self._opened = _Opened(self.folder, name)
            self._opened.refresh()

    @property
    def position(self) -> str:
        """How far the index follows the database, as its writer said.

        Raises: IndexNotReady.
        """
        return self._reading().position

    @property
    def documents(self) -> int:
        """How many records it holds.

        Raises: IndexNotReady.
        """
        return max(0, self._reading().searcher.num_docs - 1)

    def clear_counts(self) -> None:
        """Forget counts of facets that were already made, to measure what they cost."""
        self._reading().counted.clear()

    def search(self, wanted: Search) -> Found:
        """One page, the number of all hits, and the counts of the facets.

        Raises: IndexNotReady, TooManyValues, UnknownSearchField, QueryForbidden.
        """
        opened = self._reading()
        with opened.reading():
            return _Answer(opened, wanted).found()

    def terms(self, kind: str, prefix: str, labels: frozenset[str]) -> list[Term]:
        """Words of a kind that begin so, in any script or reading, that a caller may know of.

        Raises: IndexNotReady.
        """
        opened = self._reading()
        with opened.reading():
            return _terms(opened, kind, prefix, labels)

    def _reading(self) -> _Opened:
        opened = self._opened
        if opened is None:
            raise IndexNotReady
        return opened


def current_generation(folder: Path) -> str | None:
    """The folder of the index in use; None where there is none of this release."""
    try:
        name = (folder / _CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
    if not name.startswith(_generation_prefix()) or not (folder / name / "meta.json").is_file():
        return None
    return name


def forget(folder: Path) -> None:
    """Give up the index in use, so that the next writer builds it anew."""
    (folder / _CURRENT).unlink(missing_ok=True)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """Write to the index in use, as the only one.

    Raises: IndexWriterBusy, IndexNotReady.
    """
    with _locked(folder / "writer.lock"):
        name = current_generation(folder)
        if name is None:
            raise IndexNotReady
        try:
            writer = Writer(folder, name, heap_bytes=WRITER_HEAP_BYTES, threads=1)
        except (ValueError, OSError):
            forget(folder)
            raise IndexNotReady from None
        try:
            yield writer
        finally:
            writer.close()


@contextlib.contextmanager
def rebuilding(folder: Path) -> Iterator[Writer]:
    """Write a new generation beside the one in use, which it replaces at the end of the block.

    Raises: IndexWriterBusy.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder / "rebuild.lock"):
        name = f"{_generation_prefix()}{uuid4().hex}"
        (folder / name).mkdir(mode=0o700)
        try:
            tantivy.Index(_SCHEMA, str(folder / name))
            writer = Writer(folder, name, heap_bytes=REBUILD_HEAP_BYTES, threads=0)
            try:
                yield writer
            finally:
                writer.close()
            note = folder / f"{_CURRENT}.{uuid4().hex}"
            note.write_text(name, encoding="utf-8")
            note.replace(folder / _CURRENT)
        except BaseException:
            shutil.rmtree(folder / name, ignore_errors=True)
            raise
        for old in folder.glob("v*-*"):
            if old.name != name:
                # Whoever still reads it holds its files open.
                shutil.rmtree(old, ignore_errors=True)


class Writer:
    """The one that changes a generation; nothing is seen before `commit`."""

    def __init__(self, folder: Path, name: str, *, heap_bytes: int, threads: int) -> None:
        self.folder = folder
        self.name = name
        self._index = tantivy.Index.open(str(folder / name))
        self._writer = self._index.writer(heap_bytes, threads)

    @property
    def is_current(self) -> bool:
        """Whether this generation is still the one in use."""
        return current_generation(self.folder) == self.name

    @property
    def position(self) -> str:
        """How far the last commit followed the database."""
        self._index.reload()
        return _position(self._index.searcher())

    def write(self, documents: Iterable[SearchDocument]) -> int:
        """Put records in, in place of what was there under their ids; how many."""
        written = 0
        for document in documents:
            self._writer.delete_documents_by_term("id", str(document.id))
            self._writer.add_document(tantivy.Document.from_dict(encode(document), _SCHEMA))
            written += 1
        return written

    def add(self, documents: Iterable[SearchDocument]) -> int:
        """Put records into a new generation, which has none under their ids; how many."""
        written = 0
        for document in documents:
            self._writer.add_document(tantivy.Document.from_dict(encode(document), _SCHEMA))
            written += 1
        return written

    def delete(self, ids: Iterable[DatasetId]) -> None:
        """Take records out."""
        for dataset_id in ids:
            self._writer.delete_documents_by_term("id", str(dataset_id))

    def commit(self, position: str) -> None:
        """Make all of it visible at once, together with how far it follows the database."""
        self._writer.delete_documents_by_term("feed", "position")
        note = tantivy.Document()
        note.add_text("feed", "position")
        note.add_text("position", position)
        self._writer.add_document(note)
        self._writer.commit()

    def close(self) -> None:
        """Finish merging; what was not committed is dropped."""
        self._writer.rollback()
        self._writer.wait_merging_threads()


class _Opened:
    """One generation, open for reading, with the counts that were already made."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self._meta = folder / name / "meta.json"
        try:
            self._index = tantivy.Index.open(str(folder / name))
        except (ValueError, OSError):
            forget(folder)
            raise IndexNotReady from None
        self._index.config_reader("manual")
        self._seen: tuple[int, int, int] | None = None
        self.schema = self._index.schema
        self.searcher = self._index.searcher()
        self.position = ""
        self.counted: OrderedDict[object, Mapping[str, tuple[FacetCount, ...]]] = OrderedDict()

    def refresh(self) -> None:
        try:
            state = self._meta.stat()
            seen = (state.st_ino, state.st_mtime_ns, state.st_size)
            if seen == self._seen:
                return
            self._index.reload()
            self.searcher = self._index.searcher()
            self.position = _position(self.searcher)
        except (ValueError, OSError):
            forget(self.folder)
            raise IndexNotReady from None
        self._seen = seen
        self.counted = OrderedDict()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Turn damage that shows only while reading into an index that is built anew."""
        try:
            yield
        except (ValueError, OSError) as failure:
            if current_generation(self.folder) == self.name and not self._is_whole():
                forget(self.folder)
                raise IndexNotReady from failure
            raise

    def _is_whole(self) -> bool:
        try:
            tantivy.Index.open(str(self.folder / self.name)).searcher().search(
                EngineQuery.all_query(), 1
            )
        except (ValueError, OSError):
            return False
        return True


# Documents ------------------------------------------------------------------------------------


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in (*EXACT, TITLE_SORT):
        builder.add_text_field(
            name, stored=name in _STORED, fast=True, tokenizer_name="raw", index_option="basic"
        )
    for name in (*NUMBERS, *DATES):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in TEXTS:
        builder.add_text_field(f"{name}_pairs", tokenizer_name="whitespace")
    for name in ("name", "title", "tags", "groups", "text"):
        builder.add_text_field(f"{name}_words", tokenizer_name="whitespace", index_option="freq")
    builder.add_json_field("dynamic_pairs", tokenizer_name="whitespace")
    builder.add_json_field("dynamic_values", fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("dynamic", "present", "labels", "readings", "suggested", "feed"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("position", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


_SCHEMA: Final = _schema()


# Queries --------------------------------------------------------------------------------------


class _Compiler:
    """Turns our tree into the engine's, for one searcher."""

    def __init__(self, opened: _Opened, labels: frozenset[str]) -> None:
        self.schema = opened.schema
        self.searcher = opened.searcher
        self.permitted = self._labelled(labels)

    def compile(self, query: Query) -> EngineQuery:
        match query:
            case Everything():
                return EngineQuery.all_query()
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
                return self._term("present", query.field)
            case All():
                return self._all(query)
            case Either():
                return _any([self.compile(part) for part in query.parts])
            case Not():
                return EngineQuery.boolean_query(
                    [
                        (Occur.Must, EngineQuery.all_query()),
                        (Occur.MustNot, self.compile(query.part)),
                    ]
                )
            case Boosted():
                return EngineQuery.boost_query(self.compile(query.part), query.factor)

    def _labelled(self, labels: frozenset[str]) -> EngineQuery:
        """Records that carry one of these labels; the score does not change."""
        return _unscored(_any([self._term("labels", label) for label in sorted(labels)]))

    def _all(self, query: All) -> EngineQuery:
        clauses = []
        for part in query.parts:
            if isinstance(part, Not):
                clauses.append((Occur.MustNot, self.compile(part.part)))
            else:
                clauses.append((Occur.Must, self.compile(part)))
        if all(occur == Occur.MustNot for occur, _ in clauses):
            clauses.append((Occur.Must, EngineQuery.all_query()))
        return EngineQuery.boolean_query(clauses)

    # Words in any field

    def _words(self, query: Words) -> EngineQuery:
        found = list(words.runs(query.text))
        meant = [run for run in found if run.text not in words.STOP_WORDS]
        if len(meant) > 0:
            found = meant
        if not found:
            return EngineQuery.empty_query()
        if query.field not in (None, "text"):
            field = str(query.field)
            return _must([self._run_in(field, run) for run in found])
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
        return _must(clauses)

    def _joined(self, text: str) -> EngineQuery:
        """A run of Chinese: as it stands, or its words apart, or what means the same."""
        options = self._as_it_stands(text)
        parts = []
        for part in words.parts(words.Run(text)):
            parts += words.cut(part.text) if part.is_joined else [part.text]
        if len(parts) > 1:
            options.append(
                _must([_best([*self._ranked(part), *self._meaning(part)]) for part in parts])
            )
        else:
            options += self._ranked(text)
        options += self._meaning(text)
        for other in glossary.rephrased(text):
            options += [EngineQuery.boost_query(one, 0.6) for one in self._as_it_stands(other)]
        return _best(options)

    def _as_it_stands(self, text: str) -> list[EngineQuery]:
        return [
            self._substring("text_pairs", text),
            EngineQuery.boost_query(self._substring("title_pairs", text), 4.0),
        ]

    def _meaning(self, term: str) -> list[EngineQuery]:
        """What means the same in the other language, counting less."""
        options = []
        for other in glossary.same_as(term):
            if not other.isascii():
                options += self._as_it_stands(other)
            elif " " in other:
                options.append(self._stems_in_order("text_pairs", other.split()))
            else:
                options += self._ranked(words.stem(other))
        return [EngineQuery.boost_query(option, 0.6) for option in options]

    def _several(self, found: Sequence[str]) -> EngineQuery:
        """English words that are one term, such as `air quality`."""
        apart = _must([self._latin(word, is_unfinished=False) for word in found])
        return _best([apart, *self._meaning(" ".join(found))])

    def _latin(self, word: str, *, is_unfinished: bool) -> EngineQuery:
        options = self._ranked(words.stem(word))
        options.append(self._term("text_pairs", words.stem(word)))
        if len(word) >= 3 or is_unfinished:
            options.append(
                EngineQuery.const_score_query(
                    EngineQuery.regex_query(self.schema, "text_words", _escaped(word) + ".*"), 0.2
                )
            )
        if 2 <= len(word) <= 20:
            # It may stand within a run of Chinese, as 2024 does in 2024年.
            options.append(EngineQuery.boost_query(self._substring("text_pairs", word), 0.5))
        for read in self._read_as(word, is_unfinished=is_unfinished):
            options.append(EngineQuery.boost_query(self._joined(read), 0.5))
        return _best([*options, *self._meaning(word)])

    def _read_as(self, word: str, *, is_unfinished: bool) -> list[str]:
        """Chinese words that are read so, of records that the caller may see: a word that only
        others hold must not lead to what means the same.
        """
        if not (readings.may_be_initials(word) or readings.may_be_whole(word)):
            return []
        prefix = word if is_unfinished and len(word) > 2 else word + UNIT
        tokens = self.searcher.terms_with_prefix(
            "readings", prefix, filter_query=self.permitted, limit=READINGS_MAX
        )
        return list(dict.fromkeys(token.partition(UNIT)[2] for token, _ in tokens))

    def _ranked(self, word: str) -> list[EngineQuery]:
        options = [
            EngineQuery.boost_query(self._term(field, word), weight) for field, weight in _WEIGHTS
        ]
        return [*options, self._term("text_words", word)]

    # Words in one field

    def _run_in(self, field: str, run: words.Run) -> EngineQuery:
        place = self._pairs_of(field)
        if not run.is_joined:
            options = [self._term(place, words.stem(run.text))]
            if 2 <= len(run.text) <= 20:
                options.append(self._substring(place, run.text))
            return _best(options)
        options = [self._substring(place, run.text)]
        cut = words.cut(run.text)
        if len(cut) > 1:
            options.append(_must([self._substring(place, word) for word in cut]))
        return _best(options)

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
        return _must(clauses) if clauses else EngineQuery.empty_query()

    def _flushed(self, place: str, latin: list[str], slop: int) -> list[EngineQuery]:
        if not latin:
            return []
        stems = list(latin)
        latin.clear()
        return [self._stems_in_order(place, stems, slop)]

    def _stems_in_order(self, place: str, found: Sequence[str], slop: int = 0) -> EngineQuery:
        stems: list[str | tuple[int, str]] = [words.stem(word) for word in found]
        if len(stems) == 1:
            return self._term(place, str(stems[0]))
        return EngineQuery.phrase_query(self.schema, place, stems, slop)

    def _substring(self, place: str, text: str) -> EngineQuery:
        if len(text) == 1:
            # Every character begins a word, so that this finds each.
            if place.startswith("dynamic_pairs."):
                return self._term(place, text)
            return EngineQuery.const_score_query(
                EngineQuery.regex_query(self.schema, place, _escaped(text) + ".?"), 1.0
            )
        found: list[str | tuple[int, str]] = list(words.pairs(text))
        if len(found) == 1:
            return self._term(place, str(found[0]))
        return EngineQuery.phrase_query(self.schema, place, found)

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
                return self._term(query.field, microseconds(query.value))
            case int():
                return self._term(query.field, query.value)
            case str():
                value = query.value[:VALUE_LENGTH_CHARACTERS]
                if kind_of(query.field) is Kind.DYNAMIC:
                    return self._term("dynamic", f"{dynamic_key(query.field)}{UNIT}{value}")
                return self._term(query.field, value)

    def _pattern(self, query: Pattern) -> EngineQuery:
        kind = Kind.TEXT if query.field is None else kind_of(query.field)
        if kind is Kind.TEXT:
            return self._text_pattern(query)
        assert query.field is not None
        form = "".join(_form(part) for part in query.parts)
        if kind is Kind.DYNAMIC:
            form = f"{_escaped(dynamic_key(query.field) + UNIT)}{form}"
            return _regex(self.schema, "dynamic", form)
        return _regex(self.schema, query.field, form)

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
                clauses.append(_regex(self.schema, place, form))
        return _must(clauses) if clauses else EngineQuery.empty_query()

    def _span(self, query: Span) -> EngineQuery:
        kind = kind_of(query.field)
        if kind in (Kind.NUMBER, Kind.DATE):
            return EngineQuery.range_query(
                self.schema,
                query.field,
                tantivy.FieldType.Integer,
                _number(query.low),
                _number(query.high),
                query.includes_low,
                query.includes_high,
            )
        place, prefix = query.field, ""
        if kind is Kind.DYNAMIC:
            place, prefix = "dynamic", dynamic_key(query.field) + UNIT
        tokens = self.searcher.terms_with_prefix(place, prefix, limit=VALUES_MAX + 1)
        if len(tokens) > VALUES_MAX:
            raise TooManyValues(query.field)
        kept = [token for token, _ in tokens if _lies_in(token[len(prefix) :], query)]
        if not kept:
            return EngineQuery.empty_query()
        return EngineQuery.const_score_query(
            EngineQuery.term_set_query(self.schema, place, kept), 1.0
        )

    def _term(self, field: str, value: str | int) -> EngineQuery:
        return EngineQuery.term_query(self.schema, field, value, "freq")


def _any(options: Sequence[EngineQuery]) -> EngineQuery:
    if not options:
        return EngineQuery.empty_query()
    if len(options) == 1:
        return options[0]
    return EngineQuery.boolean_query([(Occur.Should, option) for option in options])


def _must(clauses: Sequence[EngineQuery]) -> EngineQuery:
    if len(clauses) == 1:
        return clauses[0]
    return EngineQuery.boolean_query([(Occur.Must, clause) for clause in clauses])


def _best(options: Sequence[EngineQuery]) -> EngineQuery:
    """The option that fits best counts, the others a little."""
    if len(options) == 1:
        return options[0]
    return EngineQuery.disjunction_max_query(list(options), _TIE)


def _unscored(query: EngineQuery) -> EngineQuery:
    return EngineQuery.const_score_query(query, 0.0)


def _regex(schema: tantivy.Schema, field: str, form: str) -> EngineQuery:
    return EngineQuery.const_score_query(EngineQuery.regex_query(schema, field, form), 1.0)


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


# Answers --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Hit:
    value: object
    address: tantivy.DocAddress


class _Answer:
    """One search being answered."""

    def __init__(self, opened: _Opened, wanted: Search) -> None:
        assert len(wanted.facets) <= FACET_FIELDS_MAX
        self.opened = opened
        self.searcher = opened.searcher
        self.wanted = wanted
        compiler = _Compiler(opened, wanted.labels)
        clauses = [(Occur.Must, compiler.permitted)]
        self.is_scored = not isinstance(wanted.query, Everything)
        if self.is_scored:
            clauses.append((Occur.Must, compiler.compile(wanted.query)))
        clauses += [
            (Occur.Must, _unscored(compiler.compile(one)))
            for one in wanted.filters
            if not isinstance(one, Everything)
        ]
        self.query = EngineQuery.boolean_query(clauses)

    def found(self) -> Found:
        rows = min(max(self.wanted.rows, 0), ROWS_MAX)
        start = min(max(self.wanted.start, 0), START_MAX)
        hits, count = self._page(start, rows)
        ids = tuple(DatasetId(UUID(self._stored(hit.address, "id"))) for hit in hits)
        return Found(ids, count, self._facets())

    def _page(self, start: int, rows: int) -> tuple[list[_Hit], int]:
        keys = [key for key in self.wanted.sort if key.field != "score" or self.is_scored]
        if not any(key.field == "id" for key in keys):
            keys.append(SortKey("id", is_descending=False))
        if rows == 0 or start > DEEP_START:
            count = _hits(self.searcher.search(self.query, 1))
            if rows == 0 or start >= count:
                return [], count
        end = start + rows
        limit = end + 1
        ties_max = SCORE_TIES_MAX if keys[0].field == "score" else TIES_MAX
        hits, count = self._first(keys[0], limit)
        while len(hits) > end and hits[end - 1].value == hits[end].value:
            wider = min(count, limit * 4, end + ties_max + 1)
            if wider <= limit:
                break
            limit = wider
            hits, count = self._first(keys[0], limit)
        return self._in_order(hits, keys, start, end)[start:end], count

    def _first(self, key: SortKey, limit: int) -> tuple[list[_Hit], int]:
        if key.field == "score":
            result = self.searcher.search(self.query, limit)
        else:
            order = tantivy.Order.Desc if key.is_descending else tantivy.Order.Asc
            result = self.searcher.search(self.query, limit, order_by_field=key.field, order=order)
        hits = [_Hit(value, address) for value, address in result.hits]
        if key.field == "score" and not key.is_descending:
            return self._worst_first(limit), _hits(result)
        return hits, _hits(result)

    def _worst_first(self, limit: int) -> list[_Hit]:
        count = _hits(self.searcher.search(self.query, 1))
        result = self.searcher.search(self.query, max(1, min(count, TIES_MAX)))
        return [_Hit(value, address) for value, address in reversed(result.hits)][:limit]

    def _in_order(
        self, hits: list[_Hit], keys: Sequence[SortKey], start: int, end: int
    ) -> list[_Hit]:
        """The hits with those of one value put in order by the next keys, where the page lies."""
        if len(keys) == 1:
            return hits
        ordered: list[_Hit] = []
        while len(ordered) < len(hits):
            first = len(ordered)
            last = first + 1
            while last < len(hits) and hits[last].value == hits[first].value:
                last += 1
            group = hits[first:last]
            # Whatever the page, a large group is left as it is, so that pages fit together.
            ties_max = SCORE_TIES_MAX if keys[0].field == "score" else TIES_MAX
            if 1 < len(group) <= ties_max and first < end and last > start:
                group = self._by_next(group, keys[1:], start - first, end - first)
            ordered += group
        return ordered

    def _by_next(
        self, group: list[_Hit], keys: Sequence[SortKey], start: int, end: int
    ) -> list[_Hit]:
        key = keys[0]
        if key.field in _STORED:
            values: Sequence[object] = [self._stored(hit.address, key.field) for hit in group]
        else:
            values = self.searcher.fast_field_values(key.field, [hit.address for hit in group])
        valued = [_Hit(value, hit.address) for value, hit in zip(values, group, strict=True)]
        missing = [hit for hit in valued if hit.value is None]
        given = [hit for hit in valued if hit.value is not None]
        given.sort(key=lambda hit: hit.value, reverse=key.is_descending)  # type: ignore[arg-type,return-value]
        return self._in_order(given + missing, keys, start, end)

    def _stored(self, address: tantivy.DocAddress, field: str) -> str:
        return str(self.searcher.doc(address).get_first(field) or "")

    def _facets(self) -> Mapping[str, tuple[FacetCount, ...]]:
        if not self.wanted.facets:
            return {}
        key = (self.wanted.labels, self.wanted.query, self.wanted.filters, self.wanted.facets)
        counted = self.opened.counted
        known = counted.get(key)
        if known is None:
            known = self._count_facets()
            counted[key] = known
            while len(counted) > CACHED_COUNTS_MAX:
                with contextlib.suppress(KeyError):
                    counted.popitem(last=False)
        return known

    def _count_facets(self) -> Mapping[str, tuple[FacetCount, ...]]:
        asked = {}
        for number, facet in enumerate(self.wanted.facets):
            place = facet.field
            if facet_kind(facet.field) is Kind.DYNAMIC:
                place = f"dynamic_values.{dynamic_key(facet.field)}"
            limit = _facet_limit(facet)
            if limit:
                asked[str(number)] = {
                    "terms": {
                        "field": place,
                        # Every segment gives all of its values, so that sums are exact.
                        "size": limit + TIED_COUNTS,
                        "segment_size": VALUES_MAX,
                        "min_doc_count": max(1, facet.mincount),
                        "order": {"_count": "desc"},
                    }
                }
        answered = self.searcher.aggregate(self.query, asked) if asked else {}
        return {
            facet.field: _counts(answered.get(str(number)), _facet_limit(facet))
            for number, facet in enumerate(self.wanted.facets)
        }


def _hits(result: tantivy.SearchResult) -> int:
    count: int = result.count  # type: ignore[attr-defined]  # its stub leaves it out
    return count


def _facet_limit(facet: Facet) -> int:
    return FACET_LIMIT_MAX if facet.limit < 0 else min(facet.limit, FACET_LIMIT_MAX)


def _counts(answered: object, limit: int) -> tuple[FacetCount, ...]:
    if not isinstance(answered, dict):
        return ()
    counts = [
        FacetCount(str(bucket["key"]), int(bucket["doc_count"])) for bucket in answered["buckets"]
    ]
    counts.sort(key=lambda one: (-one.count, one.value))
    return tuple(counts[:limit])


def _terms(opened: _Opened, kind: str, prefix: str, labels: frozenset[str]) -> list[Term]:
    start = f"{kind}{UNIT}{words.fold(prefix.strip())}"
    tokens = opened.searcher.terms_with_prefix(
        "suggested",
        start,
        filter_query=_Compiler(opened, labels).permitted,
        limit=SUGGESTED_TERMS_MAX,
    )
    best: dict[str, int] = {}
    for token, count in tokens:
        shown = token.rsplit(UNIT, 1)[1]
        best[shown] = max(best.get(shown, 0), count)
    return [
        Term(shown, count)
        for shown, count in sorted(best.items(), key=lambda item: (-item[1], item[0]))
    ]


def _position(searcher: tantivy.Searcher) -> str:
    query = EngineQuery.term_query(_SCHEMA, "feed", "position", "basic")
    hits = searcher.search(query, 1).hits
    if not hits:
        return ""
    return str(searcher.doc(hits[0][1]).get_first("position") or "")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IndexWriterBusy from None
        yield
    finally:
        os.close(descriptor)


def _generation_prefix() -> str:
    return f"v{SCHEMA_VERSION}-"


assert set(SORTABLE) <= {"score", TITLE_SORT, *EXACT, *NUMBERS, *DATES}

"""The engine: the only file that knows tantivy.

Text is cut into words before it comes here, so the engine only splits at spaces: what ends in
`_pairs` finds phrases and substrings, what ends in `_words` ranks. How far the index follows the
database (`position`) is kept inside it and changes with the same commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tantivy
from tantivy import Occur

from catalog.search.document import SearchDocument
from catalog.search.encode import encode
from catalog.search.errors import IndexNotReady
from catalog.search.fields import DATES, EXACT, NUMBERS, SORTABLE, TEXTS, TITLE_SORT
from catalog.search.generations import current_generation, forget, next_generation, sole_writer
from policies.terms import DatasetId

EngineQuery = tantivy.Query
Address = tantivy.DocAddress

WRITER_HEAP_BYTES: Final = 15_000_000
REBUILD_HEAP_BYTES: Final = 120_000_000
STORED: Final = ("id", "name", "title_string", TITLE_SORT, "organization")
"""Fields whose values are read back as they were written."""
_TIE: Final = 0.1


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """Write to the index in use, as the only one.

    Raises: IndexWriterBusy, IndexNotReady.
    """
    with sole_writer(folder):
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
    with next_generation(folder) as name:
        tantivy.Index(_SCHEMA, str(folder / name))
        writer = Writer(folder, name, heap_bytes=REBUILD_HEAP_BYTES, threads=0)
        try:
            yield writer
        finally:
            writer.close()


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


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found, and what it is sorted by."""

    value: object
    address: Address


class Opened:
    """One generation, open for reading."""

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
        self._searcher = self._index.searcher()
        self.position = ""

    @property
    def records(self) -> int:
        """How many records it holds."""
        return max(0, self._searcher.num_docs - 1)

    def refresh(self) -> bool:
        """See what was committed last; whether that is anything new.

        Raises: IndexNotReady.
        """
        try:
            state = self._meta.stat()
            seen = (state.st_ino, state.st_mtime_ns, state.st_size)
            if seen == self._seen:
                return False
            self._index.reload()
            self._searcher = self._index.searcher()
            self.position = _position(self._searcher)
        except (ValueError, OSError):
            forget(self.folder)
            raise IndexNotReady from None
        self._seen = seen
        return True

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
            tantivy.Index.open(str(self.folder / self.name)).searcher().search(everything(), 1)
        except (ValueError, OSError):
            return False
        return True

    def view(self) -> View:
        """What it holds now, which stays while others write."""
        return View(self._searcher)


class View:
    """The records as they stood at one moment."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher

    def best(self, query: EngineQuery, limit: int) -> tuple[list[Hit], int]:
        """The hits that fit best, and how many there are in all."""
        return _read(self._searcher.search(query, limit))

    def sorted_by(
        self, query: EngineQuery, field: str, limit: int, *, is_descending: bool
    ) -> tuple[list[Hit], int]:
        """The first hits in the order of a field, and how many there are in all."""
        order = tantivy.Order.Desc if is_descending else tantivy.Order.Asc
        return _read(self._searcher.search(query, limit, order_by_field=field, order=order))

    def count(self, query: EngineQuery) -> int:
        """How many records there are."""
        return _read(self._searcher.search(query, 1))[1]

    def stored(self, address: Address, field: str) -> str:
        """A value as it was written, of one of the fields in `STORED`."""
        return str(self._searcher.doc(address).get_first(field) or "")

    def values(self, field: str, addresses: Sequence[Address]) -> Sequence[object]:
        """The value of a field for each of these records; None where it has none."""
        if field in STORED:
            return [self.stored(address, field) for address in addresses]
        return self._searcher.fast_field_values(field, list(addresses))

    def terms(
        self, field: str, prefix: str, *, limit: int, among: EngineQuery | None = None
    ) -> list[tuple[str, int]]:
        """Values of a field that begin so, with how many records have each."""
        found = (
            self._searcher.terms_with_prefix(field, prefix, limit=limit)
            if among is None
            else self._searcher.terms_with_prefix(field, prefix, filter_query=among, limit=limit)
        )
        return [(str(term), int(count)) for term, count in found]

    def counts(
        self, query: EngineQuery, wanted: Mapping[str, ValueCounts]
    ) -> dict[str, list[tuple[str, int]]]:
        """How many records have each value of these fields, the most frequent values first."""
        if not wanted:
            return {}
        asked = {
            name: {
                "terms": {
                    "field": one.field,
                    "size": one.limit,
                    # Every segment gives all of its values, so that sums are exact.
                    "segment_size": one.values_max,
                    "min_doc_count": one.least,
                    "order": {"_count": "desc"},
                }
            }
            for name, one in wanted.items()
        }
        answered = self._searcher.aggregate(query, asked)
        return {
            name: [(str(one["key"]), int(one["doc_count"])) for one in answered[name]["buckets"]]
            for name in wanted
        }


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """Which values of a field are to be counted out."""

    field: str
    limit: int
    least: int
    """Values of fewer records are left out."""
    values_max: int


# Queries ------------------------------------------------------------------------------------------


def everything() -> EngineQuery:
    """Each record."""
    return EngineQuery.all_query()


def nothing() -> EngineQuery:
    """No record."""
    return EngineQuery.empty_query()


def term(field: str, value: str | int) -> EngineQuery:
    """Records with that value or word."""
    return EngineQuery.term_query(_SCHEMA, field, value, "freq")


def one_of(field: str, values: Sequence[str]) -> EngineQuery:
    """Records with one of these values, all alike."""
    return alike(EngineQuery.term_set_query(_SCHEMA, field, list(values)), 1.0)


def phrase(field: str, found: Sequence[str], slop: int = 0) -> EngineQuery:
    """Records with these words one after the other."""
    if len(found) == 1:
        return term(field, found[0])
    parts: list[str | tuple[int, str]] = list(found)
    return EngineQuery.phrase_query(_SCHEMA, field, parts, slop)


def regex(field: str, form: str, score: float = 1.0) -> EngineQuery:
    """Records with a value or word of that form."""
    return alike(EngineQuery.regex_query(_SCHEMA, field, form), score)


def between(
    field: str, low: int | None, high: int | None, *, includes_low: bool, includes_high: bool
) -> EngineQuery:
    """Records whose number lies between; None is no bound."""
    return EngineQuery.range_query(
        _SCHEMA, field, tantivy.FieldType.Integer, low, high, includes_low, includes_high
    )


def any_of(options: Sequence[EngineQuery]) -> EngineQuery:
    """What one of them finds; those that more of them find count more."""
    if not options:
        return nothing()
    if len(options) == 1:
        return options[0]
    return EngineQuery.boolean_query([(Occur.Should, option) for option in options])


def best_of(options: Sequence[EngineQuery]) -> EngineQuery:
    """What one of them finds; the option that fits best counts, the others a little."""
    if len(options) == 1:
        return options[0]
    return EngineQuery.disjunction_max_query(list(options), _TIE)


def all_of(clauses: Sequence[EngineQuery], without: Sequence[EngineQuery] = ()) -> EngineQuery:
    """What all of them find, but for what one of `without` finds."""
    if not without and len(clauses) == 1:
        return clauses[0]
    return EngineQuery.boolean_query(
        [
            *((Occur.Must, clause) for clause in clauses or [everything()]),
            *((Occur.MustNot, clause) for clause in without),
        ]
    )


def boosted(query: EngineQuery, factor: float) -> EngineQuery:
    """The same, counting so many times."""
    return EngineQuery.boost_query(query, factor)


def alike(query: EngineQuery, score: float) -> EngineQuery:
    """The same, each record counting so much."""
    return EngineQuery.const_score_query(query, score)


# What it is made of -------------------------------------------------------------------------------


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in (*EXACT, TITLE_SORT):
        builder.add_text_field(
            name, stored=name in STORED, fast=True, tokenizer_name="raw", index_option="basic"
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


def _read(result: tantivy.SearchResult) -> tuple[list[Hit], int]:
    count: int = result.count  # type: ignore[attr-defined]  # its stub leaves it out
    return [Hit(value, address) for value, address in result.hits], count


def _position(searcher: tantivy.Searcher) -> str:
    query = EngineQuery.term_query(_SCHEMA, "feed", "position", "basic")
    hits = searcher.search(query, 1).hits
    if not hits:
        return ""
    return str(searcher.doc(hits[0][1]).get_first("position") or "")


assert set(SORTABLE) <= {"score", TITLE_SORT, *EXACT, *NUMBERS, *DATES}

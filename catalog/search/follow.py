"""The index follows the database: it reads what changed, or is built anew from all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from catalog.search import glossary, words
from catalog.search.document import SearchDocument
from catalog.search.engine import Writer, rebuilding
from catalog.search.errors import IndexNotReady
from catalog.search.generations import forget
from catalog.store import search_feed as store
from catalog.store.search_feed import Mark
from policies.database import Tx
from policies.terms import DatasetId

BATCH: Final = 500
CHANGES_KEPT: Final = 200_000
NAMES_MAX: Final = 20_000
DATASETS_MAX: Final = 10_000_000

Compose = Callable[[Tx, Sequence[DatasetId]], list[SearchDocument]]
"""Makes the documents of these records, in any order; records that are gone have none."""

Begin = Callable[[], AbstractContextManager[Tx]]
"""Begins a transaction that has changed nothing, and sees what others commit meanwhile."""


def read_again(tx: Tx, dataset_ids: Sequence[DatasetId]) -> None:
    """Have every index read these records again, where what is known of them changed otherwise."""
    store.note_changes(tx, dataset_ids)


def catch_up(tx: Tx, writer: Writer, compose: Compose) -> int:
    """Bring the index to the present; how many records were read.

    The transaction must have changed nothing: what it alone sees is not for an index.

    Raises: IndexNotReady where it has to be built anew.
    """
    since = read_mark(writer.position)
    if since is None or not store.is_followed(tx, since):
        forget(writer.folder)
        raise IndexNotReady
    changes = store.changes_since(tx, since)
    if not changes.dataset_ids:
        return 0
    for first in range(0, len(changes.dataset_ids), BATCH):
        ids = changes.dataset_ids[first : first + BATCH]
        documents = compose(tx, ids)
        writer.write(documents)
        writer.delete(set(ids) - {document.id for document in documents})
    writer.commit(write_mark(changes.mark))
    return len(changes.dataset_ids)


def rebuild(
    begin: Begin,
    folder: Path,
    compose: Compose,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Build the index anew beside the one in use and put it in its place; how many records.

    What changes meanwhile is read afterwards, as any change is. `progress` is told how many
    records are done.

    Raises: IndexWriterBusy.
    """
    with rebuilding(folder) as writer:
        with begin() as tx:
            learn_names(tx)
            start = store.mark(tx)
        done = 0
        for ids in _batches(begin):
            with begin() as tx:
                documents = compose(tx, ids)
            writer.add(documents)
            done += len(ids)
            progress(done)
        writer.commit(write_mark(start))
    return done


def listen(connection: Connection[TupleRow]) -> None:
    """Let a connection that is in no transaction hear of changes."""
    store.listen(connection)


def forget_old(tx: Tx) -> int:
    """Remove changes that every index of a living node has long read; how many."""
    return store.forget_old(tx, kept=CHANGES_KEPT)


def count_datasets(tx: Tx) -> int:
    """How many records an index of all holds."""
    return store.count_datasets(tx, limit=DATASETS_MAX)


def learn_names(tx: Tx) -> None:
    """Teach the dictionary that cuts words what things are called in this city."""
    words.learn(glossary.chinese_terms())
    words.learn(store.names(tx, limit=NAMES_MAX))


def vocabulary_names(tx: Tx) -> dict[UUID, str]:
    """Names of the controlled lists, which are fields of the search: `vocab_NAME`."""
    return store.vocabulary_names(tx, limit=NAMES_MAX)


def read_mark(position: str) -> Mark | None:
    """The mark that an index keeps; None where it keeps none."""
    feed, separator, snapshot = position.partition("|")
    return Mark(feed, snapshot) if separator else None


def write_mark(mark: Mark) -> str:
    """The mark as an index keeps it."""
    return f"{mark.feed}|{mark.snapshot}"


def _batches(begin: Begin) -> Iterator[list[DatasetId]]:
    last: DatasetId | None = None
    while True:
        with begin() as tx:
            ids = store.ids_after(tx, last, limit=BATCH)
        if not ids:
            return
        yield ids
        last = ids[-1]

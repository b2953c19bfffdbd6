"""The public records as graphs that questions are put to: a projection, built again at will.

One graph a dataset, of what everybody may know and nothing else. The graphs follow the same feed of
changes that the search index follows. Whoever asks first brings them to the present; questions run
over snapshots that never change, confined, and are killed when their time is over.

Source: W3C SPARQL 1.1 Query Language.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from catalog.confine import Confinement, JobBounds
from catalog.errors import ConfinedWorkFailed
from catalog.formats.dcat import dataset_iri, dataset_triples
from catalog.formats.oxigraph import GraphStore, RdfForm, ResultForm
from catalog.interchange import PAGE_DATASETS, Given, projections_of, public_projections
from catalog.interchange_errors import GraphsNotReady, MalformedSparql, SparqlTooCostly
from catalog.store import search_feed as feed
from catalog.store.search_feed import Mark
from policies.database import Pool
from policies.party import ANONYMOUS
from policies.terms import DatasetId

SECONDS_MAX: Final = 5
CPU_S: Final = 6
MEMORY_BYTES: Final = 1 << 30
ANSWER_BYTES_MAX: Final = 10 << 20
QUERY_LENGTH_CHARACTERS: Final = 20_000
CHANGES_READ_HERE_MAX: Final = 1_000
"""More than this is left to the process whose work it is; until then the last snapshot answers."""
SNAPSHOTS_KEPT: Final = 3
"""A question may still run over the snapshots before the newest."""

_LIVE, _SNAPSHOTS, _MARK, _LOCK = "live", "snapshots", "mark", "lock"
# What stands in texts, addresses and comments is no keyword.
_QUIET: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\''
    r'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|<[^<>"{}|^`\\\s]*>|\#[^\n]*'
)
_ELSEWHERE: Final = re.compile(r"(?<![\w?$:.-])SERVICE(?![\w:])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found."""

    media_type: str
    text: str


@dataclass(frozen=True, slots=True)
class Graphs:
    """Where the graphs lie, and what they are made with."""

    folder: Path
    pool: Pool
    given: Given
    site_url: str


def ask(
    graphs: Graphs,
    confinement: Confinement,
    query: str,
    *,
    result_form: ResultForm,
    graph_form: RdfForm,
    caller: str,
) -> Answer:
    """The answer to a question that reads.

    Raises: MalformedSparql, SparqlTooCostly, GraphsNotReady; EngineBusy, QueryEngineAway.
    """
    if len(query) > QUERY_LENGTH_CHARACTERS:
        raise MalformedSparql(f"it has more than {QUERY_LENGTH_CHARACTERS} characters")
    if _ELSEWHERE.search(_QUIET.sub(" ", query)):
        raise MalformedSparql("SERVICE asks other places, which is not done here")
    refresh(graphs, changes_max=CHANGES_READ_HERE_MAX)
    snapshot = _newest(graphs.folder)
    if snapshot is None:
        raise GraphsNotReady
    try:
        told = confinement.run_confined(
            "catalog.formats.oxigraph:answer",
            {
                "query": query,
                "result_form": result_form.value,
                "graph_form": graph_form.value,
                "bytes_max": ANSWER_BYTES_MAX,
            },
            caller=caller,
            readable=[snapshot],
            bounds=JobBounds(wall_s=SECONDS_MAX, cpu_s=CPU_S, memory_bytes=MEMORY_BYTES),
        )
    except ConfinedWorkFailed:
        raise SparqlTooCostly(SECONDS_MAX, ANSWER_BYTES_MAX) from None
    assert isinstance(told, dict)
    if "fault" in told:
        raise MalformedSparql(str(told["fault"]))
    if "is_too_large" in told:
        raise SparqlTooCostly(SECONDS_MAX, ANSWER_BYTES_MAX)
    return Answer(str(told["media_type"]), str(told["text"]))


def refresh(graphs: Graphs, *, changes_max: int | None = None) -> bool:
    """Bring the graphs to the present; whether anything was written.

    Where another process is at it, or more than `changes_max` changes are to be read, nothing is
    done.
    """
    graphs.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _lock(graphs.folder / _LOCK) as is_ours:
        if not is_ours:
            return False
        since = _read_mark(graphs.folder)
        with graphs.pool.connection() as tx:
            now = feed.mark(tx)
            if since is not None and feed.is_followed(tx, since):
                changes = feed.changes_since(tx, since)
                changed: Sequence[DatasetId] | None = changes.dataset_ids
                now = changes.mark
            else:
                changed = None
                count = feed.count_datasets(tx, limit=(changes_max or 0) + 1)
        if changed is not None and not changed:
            return False
        size = count if changed is None else len(changed)
        if changes_max is not None and size > changes_max:
            return False
        if changed is None:
            _rebuild(graphs)
        else:
            _replace(graphs, changed)
        _write_mark(graphs.folder, now)
    return True


def _rebuild(graphs: Graphs) -> None:
    shutil.rmtree(graphs.folder / _LIVE, ignore_errors=True)
    store = GraphStore(graphs.folder / _LIVE)
    after: DatasetId | None = None
    while True:
        with graphs.pool.connection() as tx:
            page, after = public_projections(tx, graphs.given, after=after)
        for one in page:
            name = dataset_iri(graphs.site_url, one.id)
            store.replace(name, dataset_triples(one, graphs.site_url))
        if after is None:
            break
    _snapshot(graphs.folder, store)


def _replace(graphs: Graphs, changed: Sequence[DatasetId]) -> None:
    store = GraphStore(graphs.folder / _LIVE)
    for first in range(0, len(changed), PAGE_DATASETS):
        ids = changed[first : first + PAGE_DATASETS]
        with graphs.pool.connection() as tx:
            told = {one.id: one for one in projections_of(tx, ids, graphs.given, by=ANONYMOUS)}
        for dataset_id in ids:
            one = told.get(dataset_id)
            triples = dataset_triples(one, graphs.site_url) if one else []
            store.replace(dataset_iri(graphs.site_url, dataset_id), triples)
    _snapshot(graphs.folder, store)


def _snapshot(folder: Path, store: GraphStore) -> None:
    """Write a snapshot whose name sorts after the others, and forget old ones."""
    place = folder / _SNAPSHOTS
    place.mkdir(exist_ok=True)
    held = _snapshots(folder)
    number = int(held[-1].name.partition("-")[0]) + 1 if held else 1
    made = place / f"{number:012d}-{uuid4().hex[:8]}"
    arriving = place / f".{made.name}"
    store.snapshot(arriving)
    arriving.rename(made)
    for old in held[: max(0, len(held) + 1 - SNAPSHOTS_KEPT)]:
        shutil.rmtree(old, ignore_errors=True)


def _snapshots(folder: Path) -> list[Path]:
    place = folder / _SNAPSHOTS
    if not place.is_dir():
        return []
    return sorted(one for one in place.iterdir() if not one.name.startswith("."))


def _newest(folder: Path) -> Path | None:
    held = _snapshots(folder)
    return held[-1] if held else None


def _read_mark(folder: Path) -> Mark | None:
    if _newest(folder) is None or not (folder / _LIVE).is_dir():
        return None
    try:
        told, separator, snapshot = (folder / _MARK).read_text().partition("|")
    except FileNotFoundError:
        return None
    return Mark(told, snapshot) if separator else None


def _write_mark(folder: Path, mark: Mark) -> None:
    written = folder / f"{_MARK}.new"
    written.write_text(f"{mark.feed}|{mark.snapshot}")
    written.replace(folder / _MARK)


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Hold the lock of those who write, if nobody else holds it; it ends with the process."""
    with path.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True

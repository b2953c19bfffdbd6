"""Read sources, their runs and their logs, as far as the caller may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from catalog import errors as catalog_errors
from catalog.audience import audience_of, may_approve_for, may_publish_for
from catalog.harvest import errors
from catalog.harvest.changes import Act, Kind
from catalog.harvest.errors import RunNotFound, SourceNotFound
from catalog.harvest.run import Failure, HarvestRun, LogLine, RunId, RunItem
from catalog.harvest.source import HarvestSource, SourceId
from catalog.harvest.store import holdings as holding_store
from catalog.harvest.store import runs as run_store
from catalog.harvest.store import sources as store
from policies.database import Tx
from policies.errors import Refusal
from policies.party import Actor

SOURCES_MAX: Final = 500
RUNS_MAX: Final = 100
LOG_MAX: Final = 200
ITEMS_MAX: Final = 200


def visible_source(source: HarvestSource | None, source_id: SourceId, by: Actor) -> HarvestSource:
    """The source, if it exists for the caller: its organisation's people, bureau and regulator.

    Raises: SourceNotFound.
    """
    if source is None or not _sees(by, source):
        raise SourceNotFound(source_id)
    return source


def source_with_id(tx: Tx, source_id: SourceId, *, by: Actor) -> HarvestSource:
    """One source.

    Raises: SourceNotFound.
    """
    return visible_source(store.get_source(tx, source_id), source_id, by)


def sources_for(tx: Tx, *, by: Actor) -> list[HarvestSource]:
    """Every source that exists for the caller, newest first."""
    audience = audience_of(by)
    found = store.sources_of(
        tx, None if audience.oversees else audience.member_of, limit=SOURCES_MAX
    )
    return [source for source in found if _sees(by, source)]


def newest_runs(tx: Tx, sources: Sequence[HarvestSource]) -> dict[SourceId, HarvestRun]:
    """The newest run of each of these sources that has one."""
    return run_store.newest_runs(tx, [source.id for source in sources])


def runs_of(tx: Tx, source: HarvestSource) -> list[HarvestRun]:
    """The runs of a source, newest first."""
    return run_store.runs_of(tx, source.id, limit=RUNS_MAX)


def run_with_id(tx: Tx, source: HarvestSource, run_id: RunId) -> HarvestRun:
    """One run of a source.

    Raises: RunNotFound.
    """
    run = run_store.get_run(tx, run_id)
    if run is None or run.source_id != source.id:
        raise RunNotFound(run_id)
    return run


def items_of(
    tx: Tx, run: HarvestRun, act: Act, *, kind: Kind | None = None, after: int = 0, limit: int
) -> list[RunItem]:
    """Records of one act, or of one kind of difference, those after `after`."""
    return run_store.items_of(tx, run.id, act, kind=kind, after=after, limit=min(limit, ITEMS_MAX))


def outcomes_of(tx: Tx, run: HarvestRun) -> dict[str, int]:
    """How many records were left as they were, by reason."""
    return run_store.outcomes_of(tx, run.id)


def log_of(tx: Tx, source: HarvestSource) -> list[LogLine]:
    """What happened with a source, newest first."""
    return store.log_of(tx, source.id, limit=LOG_MAX)


def record_count(tx: Tx, source: HarvestSource) -> int:
    """How many of its records are here."""
    return holding_store.count_known(tx, source.id)


def refusal_of(failure: Failure) -> Refusal:
    """The refusal that a run ended with, to be said in the reader's language."""
    for module in (errors, catalog_errors):
        kind = getattr(module, failure.code, None)
        if isinstance(kind, type) and issubclass(kind, Refusal):
            try:
                return kind(**failure.facts)
            except TypeError:
                break
    return errors.WorkBrokeOff()


def _sees(by: Actor, source: HarvestSource) -> bool:
    return (
        audience_of(by).oversees
        or may_publish_for(by, source.publisher_id)
        or may_approve_for(by, source.publisher_id)
    )

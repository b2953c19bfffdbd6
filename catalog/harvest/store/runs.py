"""Tables `catalog.harvest_runs` and `catalog.harvest_items`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.harvest.changes import Act, Difference, Guard, Item, Key, Note, Suspicion
from catalog.harvest.remote_record import Finding, RemoteRecord
from catalog.harvest.run import Failure, HarvestRun, Outcome, RunId, RunItem, RunState
from catalog.harvest.source import Matching, SourceId, Validators
from catalog.view import Json
from policies.database import Tx
from policies.terms import DatasetId


def insert_run(tx: Tx, run: HarvestRun) -> None:
    """Add a run; its number follows the source's last."""
    tx.execute(
        """
        INSERT INTO catalog.harvest_runs
               (id, source_id, number, state, matching, is_automatic, base_run_id,
                source_modified_at, started_by, created_at, touched_at)
        VALUES (%(id)s, %(source_id)s, %(number)s, %(state)s, %(matching)s, %(is_automatic)s,
                %(base_run_id)s, %(source_modified_at)s, %(started_by)s, %(created_at)s,
                %(touched_at)s)
        """,
        {
            **_values(run),
            "source_id": run.source_id,
            "number": run.number,
            "matching": run.matching,
            "is_automatic": run.is_automatic,
            "base_run_id": run.base_run_id,
            "source_modified_at": run.source_modified_at,
            "started_by": run.started_by,
            "created_at": run.created_at,
        },
    )


def update_run(tx: Tx, run: HarvestRun) -> None:
    """Write how far a run has come."""
    tx.execute(
        """
        UPDATE catalog.harvest_runs
           SET state = %(state)s,
               read_count = %(read_count)s,
               done_count = %(done_count)s,
               total_count = %(total_count)s,
               counts = %(counts)s,
               notes = %(notes)s,
               guard = %(guard)s,
               failure = %(failure)s,
               validators = %(validators)s,
               touched_at = %(touched_at)s,
               planned_at = %(planned_at)s,
               applied_by = %(applied_by)s,
               applied_at = %(applied_at)s,
               undone_by = %(undone_by)s,
               undone_at = %(undone_at)s
         WHERE id = %(id)s
        """,
        _values(run),
    )


def note_read(tx: Tx, run_id: RunId, count: int, at: datetime) -> None:
    """Tell how many records have come so far."""
    tx.execute(
        """
        UPDATE catalog.harvest_runs
           SET read_count = %(count)s,
               touched_at = %(at)s
         WHERE id = %(id)s
        """,
        {"id": run_id, "count": count, "at": at},
    )


def get_run(tx: Tx, run_id: RunId) -> HarvestRun | None:
    """The run; None where there is none."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_runs
         WHERE id = %(id)s
        """,
        {"id": run_id},
    ).fetchone()
    return None if row is None else _run(row)


def lock_run(tx: Tx, run_id: RunId) -> HarvestRun | None:
    """The run, which nobody else moves on until the transaction ends."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_runs
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": run_id},
    ).fetchone()
    return None if row is None else _run(row)


def runs_of(tx: Tx, source_id: SourceId, *, limit: int) -> list[HarvestRun]:
    """The runs of a source, newest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_runs
         WHERE source_id = %(source_id)s
         ORDER BY number DESC
         LIMIT %(limit)s
        """,
        {"source_id": source_id, "limit": limit},
    )
    return [_run(row) for row in rows]


def newest_runs(tx: Tx, source_ids: Sequence[SourceId]) -> dict[SourceId, HarvestRun]:
    """The newest run of each source that has one."""
    rows = tx.execute(
        """
        SELECT DISTINCT ON (source_id) *
          FROM catalog.harvest_runs
         WHERE source_id = ANY (%(source_ids)s)
         ORDER BY source_id, number DESC
        """,
        {"source_ids": list(source_ids)},
    )
    return {row["source_id"]: _run(row) for row in rows}


def run_at_work(tx: Tx, source_id: SourceId) -> HarvestRun | None:
    """The run that works on a source now; None where none does."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.harvest_runs
         WHERE source_id = %(source_id)s
           AND state IN ('queued', 'reading', 'applying', 'undoing')
        """,
        {"source_id": source_id},
    ).fetchone()
    return None if row is None else _run(row)


def next_number(tx: Tx, source_id: SourceId) -> int:
    """The number of the source's next run; the caller holds the source."""
    row = tx.execute(
        """
        SELECT coalesce(max(number), 0) + 1 AS number
          FROM catalog.harvest_runs
         WHERE source_id = %(source_id)s
        """,
        {"source_id": source_id},
    ).fetchone()
    assert row is not None
    return int(row["number"])


def insert_items(tx: Tx, run_id: RunId, items: Sequence[Item]) -> None:
    """Write what a run would do, in order."""
    with tx.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO catalog.harvest_items
                   (run_id, position, act, identifier, title, dataset_id, matched_by, differences,
                    findings, suspicion, other_title, remote)
            VALUES (%(run_id)s, %(position)s, %(act)s, %(identifier)s, %(title)s, %(dataset_id)s,
                    %(matched_by)s, %(differences)s, %(findings)s, %(suspicion)s,
                    %(other_title)s, %(remote)s)
            """,
            _item_values(run_id, items),
        )


def clear_items(tx: Tx, run_id: RunId) -> None:
    """Forget what a run would do, to plan it anew."""
    tx.execute(
        """
        DELETE FROM catalog.harvest_items
         WHERE run_id = %(run_id)s
        """,
        {"run_id": run_id},
    )


def forget_old_runs(tx: Tx, source_id: SourceId, *, before_number: int) -> None:
    """Let go of the details of old runs, which can no longer be undone then."""
    tx.execute(
        """
        DELETE FROM catalog.harvest_items AS item
         USING catalog.harvest_runs AS run
         WHERE run.id = item.run_id
           AND run.source_id = %(source_id)s
           AND run.number < %(before_number)s
        """,
        {"source_id": source_id, "before_number": before_number},
    )


def forget_unchanged_runs(tx: Tx, source_id: SourceId, *, before_number: int) -> None:
    """Let go of old runs that found nothing."""
    tx.execute(
        """
        DELETE FROM catalog.harvest_runs
         WHERE source_id = %(source_id)s
           AND number < %(before_number)s
           AND state = 'unchanged'
        """,
        {"source_id": source_id, "before_number": before_number},
    )


def items_to_do(tx: Tx, run_id: RunId, *, limit: int) -> list[RunItem]:
    """The next items that are to be applied, in order."""
    rows = tx.execute(
        """
        SELECT item.*, '' AS slug
          FROM catalog.harvest_items AS item
         WHERE run_id = %(run_id)s
           AND done_at IS NULL
           AND act IN ('add', 'change', 'remove', 'return')
         ORDER BY position
         LIMIT %(limit)s
        """,
        {"run_id": run_id, "limit": limit},
    )
    return [_item(row) for row in rows]


def items_to_undo(tx: Tx, run_id: RunId, *, limit: int) -> list[RunItem]:
    """The next items that are to be taken back, the last first."""
    rows = tx.execute(
        """
        SELECT item.*, '' AS slug
          FROM catalog.harvest_items AS item
         WHERE run_id = %(run_id)s
           AND done_at IS NOT NULL
           AND undone_at IS NULL
           AND written_md5 IS NOT NULL
         ORDER BY position DESC
         LIMIT %(limit)s
        """,
        {"run_id": run_id, "limit": limit},
    )
    return [_item(row) for row in rows]


def update_item(tx: Tx, run_id: RunId, item: RunItem) -> None:
    """Write what became of an item."""
    tx.execute(
        """
        UPDATE catalog.harvest_items
           SET dataset_id = %(dataset_id)s,
               before = %(before)s,
               done_at = %(done_at)s,
               written_md5 = %(written_md5)s,
               undone_at = %(undone_at)s,
               outcome = %(outcome)s
         WHERE run_id = %(run_id)s
           AND position = %(position)s
        """,
        {
            "run_id": run_id,
            "position": item.position,
            "dataset_id": item.dataset_id,
            "before": None if item.before is None else Jsonb(dict(item.before)),
            "done_at": item.done_at,
            "written_md5": item.written_md5,
            "undone_at": item.undone_at,
            "outcome": item.outcome,
        },
    )


def items_of(
    tx: Tx, run_id: RunId, act: Act, *, kind: str | None, after: int, limit: int
) -> list[RunItem]:
    """Items of one act, or only those with a difference of one kind, in order."""
    rows = tx.execute(
        """
        SELECT item.run_id, item.position, item.act, item.identifier, item.title, item.dataset_id,
               item.matched_by, item.differences, item.findings, item.suspicion, item.other_title,
               NULL::jsonb AS remote, NULL::jsonb AS before, item.done_at, item.written_md5,
               item.undone_at, item.outcome, coalesce(dataset.slug, '') AS slug
          FROM catalog.harvest_items AS item
          LEFT JOIN catalog.datasets AS dataset ON dataset.id = item.dataset_id
         WHERE item.run_id = %(run_id)s
           AND item.act = %(act)s
           AND item.position > %(after)s
           AND (%(kind)s::text IS NULL
                OR item.differences @> jsonb_build_array(
                       jsonb_build_object('kind', %(kind)s::text)))
         ORDER BY item.position
         LIMIT %(limit)s
        """,
        {"run_id": run_id, "act": act, "kind": kind, "after": after, "limit": limit},
    )
    return [_item(row) for row in rows]


def outcomes_of(tx: Tx, run_id: RunId) -> dict[str, int]:
    """How many items were not done or not taken back, by reason."""
    rows = tx.execute(
        """
        SELECT outcome, count(*) AS items
          FROM catalog.harvest_items
         WHERE run_id = %(run_id)s
           AND outcome IS NOT NULL
         GROUP BY outcome
         ORDER BY outcome
        """,
        {"run_id": run_id},
    )
    return {row["outcome"]: row["items"] for row in rows}


def has_items(tx: Tx, run_id: RunId) -> bool:
    """Whether the details of a run are still there."""
    row = tx.execute(
        """
        SELECT EXISTS (SELECT FROM catalog.harvest_items WHERE run_id = %(run_id)s) AS there
        """,
        {"run_id": run_id},
    ).fetchone()
    assert row is not None
    return bool(row["there"])


def _item_values(run_id: RunId, items: Sequence[Item]) -> Iterable[Mapping[str, object]]:
    for position, item in enumerate(items, start=1):
        yield {
            "run_id": run_id,
            "position": position,
            "act": item.act,
            "identifier": item.identifier,
            "title": item.title,
            "dataset_id": item.dataset_id,
            "matched_by": item.matched_by,
            "differences": Jsonb([one.as_json() for one in item.differences]),
            "findings": Jsonb([one.as_json() for one in item.findings]),
            "suspicion": item.suspicion,
            "other_title": item.other_title,
            "remote": None if item.remote is None else Jsonb(item.remote.as_json()),
        }


def _values(run: HarvestRun) -> dict[str, object]:
    return {
        "id": run.id,
        "state": run.state,
        "read_count": run.read_count,
        "done_count": run.done_count,
        "total_count": run.total_count,
        "counts": Jsonb(dict(run.counts)),
        "notes": Jsonb([note.as_json() for note in run.notes]),
        "guard": None if run.guard is None else Jsonb(run.guard.as_json()),
        "failure": None
        if run.failure is None
        else Jsonb({"code": run.failure.code, "facts": dict(run.failure.facts)}),
        "validators": Jsonb(run.validators.as_json()),
        "touched_at": run.touched_at,
        "planned_at": run.planned_at,
        "applied_by": run.applied_by,
        "applied_at": run.applied_at,
        "undone_by": run.undone_by,
        "undone_at": run.undone_at,
    }


def _run(row: DictRow) -> HarvestRun:
    failure: Mapping[str, Json] | None = row["failure"]
    return HarvestRun(
        id=row["id"],
        source_id=row["source_id"],
        number=row["number"],
        state=RunState(row["state"]),
        matching=Matching(row["matching"]),
        is_automatic=row["is_automatic"],
        base_run_id=row["base_run_id"],
        source_modified_at=row["source_modified_at"],
        created_at=row["created_at"],
        touched_at=row["touched_at"],
        started_by=row["started_by"],
        read_count=row["read_count"],
        done_count=row["done_count"],
        total_count=row["total_count"],
        counts=row["counts"],
        notes=tuple(Note.from_json(one) for one in row["notes"]),
        guard=None if row["guard"] is None else Guard.from_json(row["guard"]),
        failure=None if failure is None else Failure(str(failure["code"]), failure["facts"]),  # type: ignore[arg-type]
        validators=Validators.from_json(row["validators"]),
        planned_at=row["planned_at"],
        applied_by=row["applied_by"],
        applied_at=row["applied_at"],
        undone_by=row["undone_by"],
        undone_at=row["undone_at"],
    )


def _item(row: DictRow) -> RunItem:
    dataset_id: DatasetId | None = row["dataset_id"]
    return RunItem(
        position=row["position"],
        act=Act(row["act"]),
        identifier=row["identifier"],
        title=row["title"],
        dataset_id=dataset_id,
        matched_by=None if row["matched_by"] is None else Key(row["matched_by"]),
        differences=tuple(Difference.from_json(one) for one in row["differences"]),
        findings=tuple(Finding.from_json(one) for one in row["findings"]),
        suspicion=None if row["suspicion"] is None else Suspicion(row["suspicion"]),
        other_title=row["other_title"],
        remote=None if row["remote"] is None else RemoteRecord.from_json(row["remote"]),
        before=row["before"],
        done_at=row["done_at"],
        written_md5=row["written_md5"],
        undone_at=row["undone_at"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        slug=row["slug"],
    )

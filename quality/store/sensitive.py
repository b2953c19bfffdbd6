"""Tables `quality.sensitive_findings` and `quality.sensitive_answers`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from catalog.dataset import DistributionId
from policies.database import Tx
from policies.terms import DatasetId, UserId, VersionId
from quality.sensitive import FINDINGS_MAX, Answer, Answered, Finding, FindingState, SensitiveKind


def put_findings(
    tx: Tx, version_id: VersionId, findings: Sequence[Finding], *, at: datetime
) -> None:
    """Keep what was found in a version, in place of what an earlier scan found."""
    tx.execute(
        """
        DELETE FROM quality.sensitive_findings
         WHERE version_id = %(version_id)s
        """,
        {"version_id": version_id},
    )
    for finding in findings:
        tx.execute(
            """
            INSERT INTO quality.sensitive_findings
                (version_id, column_name, kind, value_count, formed_count, valid_count, found_at)
            VALUES
                (%(version_id)s, %(column)s, %(kind)s, %(values)s, %(formed)s, %(valid)s, %(at)s)
            """,
            {
                "version_id": version_id,
                "column": finding.column,
                "kind": finding.kind,
                "values": finding.value_count,
                "formed": finding.formed_count,
                "valid": finding.valid_count,
                "at": at,
            },
        )


def finding_states(tx: Tx, version_id: VersionId) -> list[FindingState]:
    """What was found in a version, with the answers in force; unanswered ones first."""
    rows = tx.execute(
        """
        SELECT found.column_name, found.kind, found.value_count, found.formed_count,
               found.valid_count, said.answer, said.reason, said.answered_by, said.answered_at
          FROM quality.sensitive_findings AS found
          JOIN catalog.versions AS version ON version.id = found.version_id
          LEFT JOIN quality.sensitive_answers AS said
            ON said.distribution_id = version.distribution_id
           AND said.column_name = found.column_name
           AND said.kind = found.kind
           AND said.replaced_at IS NULL
         WHERE found.version_id = %(version_id)s
         ORDER BY said.answer IS NOT NULL, found.column_name, found.kind
         LIMIT %(limit)s
        """,
        {"version_id": version_id, "limit": FINDINGS_MAX},
    )
    return [_finding_state(row) for row in rows]


def lock_answers_of(tx: Tx, distribution_id: DistributionId) -> None:
    """Nobody else answers or admits for a distribution until this transaction ends."""
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))",
        {"name": f"quality.sensitive_answers:{distribution_id}"},
    )


def replace_answer(
    tx: Tx, distribution_id: DistributionId, version_id: VersionId, answered: Answered
) -> None:
    """Put an answer into force; the one before it stays on record."""
    values = {
        "distribution_id": distribution_id,
        "column": answered.column,
        "kind": answered.kind,
        "answer": answered.answer,
        "reason": answered.reason,
        "version_id": version_id,
        "by": answered.by,
        "at": answered.at,
    }
    tx.execute(
        """
        UPDATE quality.sensitive_answers
           SET replaced_at = %(at)s
         WHERE distribution_id = %(distribution_id)s
           AND column_name = %(column)s
           AND kind = %(kind)s
           AND replaced_at IS NULL
        """,
        values,
    )
    tx.execute(
        """
        INSERT INTO quality.sensitive_answers
            (distribution_id, column_name, kind, answer, reason, version_id, answered_by,
             answered_at)
        VALUES
            (%(distribution_id)s, %(column)s, %(kind)s, %(answer)s, %(reason)s, %(version_id)s,
             %(by)s, %(at)s)
        """,
        values,
    )


def hidden_columns_of(tx: Tx, dataset_id: DatasetId) -> list[tuple[str, SensitiveKind, Answer]]:
    """Columns that are answered as masked or dropped, in any distribution of a dataset."""
    rows = tx.execute(
        """
        SELECT said.column_name, said.kind, said.answer
          FROM quality.sensitive_answers AS said
          JOIN catalog.distributions AS distribution ON distribution.id = said.distribution_id
         WHERE distribution.dataset_id = %(dataset_id)s
           AND said.answer IN ('masked', 'dropped')
           AND said.replaced_at IS NULL
         ORDER BY said.column_name, said.kind
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "limit": FINDINGS_MAX},
    )
    return [
        (str(row["column_name"]), SensitiveKind(row["kind"]), Answer(row["answer"])) for row in rows
    ]


def _finding_state(row: Mapping[str, object]) -> FindingState:
    column, kind = str(row["column_name"]), SensitiveKind(str(row["kind"]))
    counts = (row["value_count"], row["formed_count"], row["valid_count"])
    finding = Finding(column, kind, *(int(str(count)) for count in counts))
    if row["answer"] is None:
        return FindingState(finding, None)
    at = row["answered_at"]
    assert isinstance(at, datetime), "timestamptz"
    return FindingState(
        finding,
        Answered(
            column=column,
            kind=kind,
            answer=Answer(str(row["answer"])),
            reason=str(row["reason"]),
            by=UserId(UUID(str(row["answered_by"]))),
            at=at,
        ),
    )

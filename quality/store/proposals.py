"""Table `quality.proposals`, and the older versions that they are tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from catalog.view import Json
from policies.database import Tx
from policies.terms import DatasetId, UserId, VersionId
from quality.rule_format import parse_rule, rule_as_json
from quality.suggest import CANDIDATES_MAX, Proposal, ProposalId, ProposalState, Tried


def replace_open_proposals(
    tx: Tx, dataset_id: DatasetId, proposals: Sequence[Proposal], *, at: datetime
) -> None:
    """Put new proposals in place of those nobody decided; what was refused does not come back."""
    tx.execute(
        """
        DELETE FROM quality.proposals
         WHERE dataset_id = %(dataset_id)s
           AND state = 'open'
        """,
        {"dataset_id": dataset_id},
    )
    for proposal in proposals:
        tx.execute(
            """
            INSERT INTO quality.proposals (dataset_id, rule_key, body, state, proposed_at)
            VALUES (%(dataset_id)s, %(key)s, %(body)s, 'open', %(at)s)
                ON CONFLICT (dataset_id, rule_key) DO NOTHING
            """,
            {
                "dataset_id": dataset_id,
                "key": proposal.key,
                "body": Jsonb(_proposal_as_json(proposal)),
                "at": at,
            },
        )


def open_proposals(tx: Tx, dataset_id: DatasetId) -> list[tuple[ProposalId, Proposal]]:
    """What nobody has decided yet, in the order in which it was drawn."""
    rows = tx.execute(
        """
        SELECT id, body
          FROM quality.proposals
         WHERE dataset_id = %(dataset_id)s
           AND state = 'open'
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "limit": CANDIDATES_MAX},
    )
    return [(ProposalId(row["id"]), _proposal_from_json(row["body"])) for row in rows]


def decide_proposal(
    tx: Tx,
    dataset_id: DatasetId,
    proposal_id: ProposalId,
    state: ProposalState,
    *,
    by: UserId | None,
    at: datetime,
) -> Proposal | None:
    """Take down what became of an open proposal; None where the dataset has no such one."""
    row = tx.execute(
        """
        UPDATE quality.proposals
           SET state = %(state)s, decided_at = %(at)s, decided_by = %(by)s
         WHERE id = %(id)s
           AND dataset_id = %(dataset_id)s
           AND state = 'open'
        RETURNING body
        """,
        {"state": state, "at": at, "by": by, "id": proposal_id, "dataset_id": dataset_id},
    ).fetchone()
    return None if row is None else _proposal_from_json(row["body"])


def versions_before(tx: Tx, version_id: VersionId, *, limit: int) -> list[VersionId]:
    """The whole versions before one of the same distribution, newest first."""
    rows = tx.execute(
        """
        SELECT older.id
          FROM catalog.versions AS older
          JOIN catalog.versions AS version ON version.distribution_id = older.distribution_id
         WHERE version.id = %(version_id)s
           AND older.number < version.number
           AND older.kind <> 'step'
           AND NOT older.is_dropped
           AND older.removed_at IS NULL
           AND older.withdrawn_at IS NULL
         ORDER BY older.number DESC
         LIMIT %(limit)s
        """,
        {"version_id": version_id, "limit": limit},
    )
    return [VersionId(row["id"]) for row in rows]


def _proposal_as_json(proposal: Proposal) -> dict[str, Json]:
    return {
        "rule": rule_as_json(proposal.rule),
        "evidence": _tried_as_json(proposal.evidence),
        "older": [_tried_as_json(tried) for tried in proposal.older],
        "ways": [{"value": value, "count": count} for value, count in proposal.ways],
    }


def _tried_as_json(tried: Tried) -> dict[str, Json]:
    return {
        "version": tried.version,
        "element_count": tried.element_count,
        "unexpected_count": tried.unexpected_count,
        "repeated_count": tried.repeated_count,
    }


def _proposal_from_json(body: Mapping[str, Any]) -> Proposal:
    return Proposal(
        rule=parse_rule(body["rule"]),
        evidence=Tried(**body["evidence"]),
        older=tuple(Tried(**tried) for tried in body["older"]),
        # Proposals that were kept earlier do not tell of these.
        ways=tuple((one["value"], one["count"]) for one in body.get("ways", ())),
    )

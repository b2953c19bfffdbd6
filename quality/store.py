"""The tables of schema `quality`: a dataset's own rules, profiles, reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from catalog.dataset import DistributionId
from catalog.version import ReportId
from catalog.view import Json
from policies.database import Tx
from policies.terms import DatasetId, Text, UserId, VersionId
from quality.contract import Contract
from quality.drift import Drift, Past, drift_as_json, drift_from_json
from quality.outcome import SuiteOutcome
from quality.plea import Plea, PleaId, PleaKind, PleaState
from quality.profile import Profile, profile_as_json, profile_from_json
from quality.report import Report, report_as_json, report_from_json
from quality.rule import OWN_RULES_MAX, OwnRule, Rule, RuleId
from quality.rule_format import parse_rule, rule_as_json
from quality.sensitive import (
    FINDINGS_MAX,
    Answer,
    Answered,
    Finding,
    FindingState,
    SensitiveKind,
)
from quality.standing import Standing
from quality.suggest import CANDIDATES_MAX, Proposal, ProposalId, ProposalState, Tried

REPORTS_PER_PAGE_MAX = 100
PLEAS_PER_VERSION_MAX = 100


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report with its id."""

    id: ReportId
    report: Report


def insert_rule(
    tx: Tx, dataset_id: DatasetId, rule: Rule, *, by: UserId | None, at: datetime
) -> None:
    """Keep a rule; its id is the rule's own."""
    tx.execute(
        """
        INSERT INTO quality.rules (id, dataset_id, body, created_by, created_at)
        VALUES (%(id)s, %(dataset_id)s, %(body)s, %(by)s, %(at)s)
        """,
        {
            "id": UUID(rule.id),
            "dataset_id": dataset_id,
            "body": Jsonb(rule_as_json(rule)),
            "by": by,
            "at": at,
        },
    )


def rules_of(tx: Tx, dataset_id: DatasetId) -> list[OwnRule]:
    """The rules that a dataset has now, the oldest first."""
    rows = tx.execute(
        """
        SELECT id, body, created_by, created_at
          FROM quality.rules
         WHERE dataset_id = %(dataset_id)s
           AND removed_at IS NULL
         ORDER BY created_at, id
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "limit": OWN_RULES_MAX},
    )
    return [_own_rule(row) for row in rows]


def lock_rules_of(tx: Tx, dataset_id: DatasetId) -> int:
    """How many rules a dataset has; nobody else counts or adds until this transaction ends."""
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))",
        {"name": f"quality.rules:{dataset_id}"},
    )
    row = tx.execute(
        """
        SELECT count(*) AS rules
          FROM quality.rules
         WHERE dataset_id = %(dataset_id)s
           AND removed_at IS NULL
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    return int(row["rules"]) if row else 0


def mark_rule_removed(tx: Tx, dataset_id: DatasetId, rule_id: RuleId, *, at: datetime) -> bool:
    """Take a rule out of use; False where the dataset has no such rule now."""
    removed = tx.execute(
        """
        UPDATE quality.rules
           SET removed_at = %(at)s
         WHERE id = %(rule_id)s
           AND dataset_id = %(dataset_id)s
           AND removed_at IS NULL
        """,
        {"at": at, "rule_id": rule_id, "dataset_id": dataset_id},
    )
    return removed.rowcount == 1


def put_profile(tx: Tx, version_id: VersionId, profile: Profile, *, at: datetime) -> None:
    """Keep the profile of a version, in place of an earlier one."""
    tx.execute(
        """
        INSERT INTO quality.profiles (version_id, body, made_at)
        VALUES (%(version_id)s, %(body)s, %(at)s)
        ON CONFLICT (version_id)
        DO UPDATE SET body = EXCLUDED.body, made_at = EXCLUDED.made_at
        """,
        {"version_id": version_id, "body": Jsonb(profile_as_json(profile)), "at": at},
    )


def profile_of(tx: Tx, version_id: VersionId) -> Profile | None:
    """The profile of a version; None before it was made."""
    row = tx.execute(
        """
        SELECT body
          FROM quality.profiles
         WHERE version_id = %(version_id)s
        """,
        {"version_id": version_id},
    ).fetchone()
    return profile_from_json(row["body"]) if row else None


def put_contract(
    tx: Tx, dataset_id: DatasetId, contract: Contract, *, by: UserId | None, at: datetime
) -> None:
    """Keep a dataset's contract, in place of an earlier one."""
    tx.execute(
        """
        INSERT INTO quality.contracts
            (dataset_id, body, rule_ids, unchecked, taken_in_by, taken_in_at)
        VALUES (%(dataset_id)s, %(body)s, %(rule_ids)s, %(unchecked)s, %(by)s, %(at)s)
        ON CONFLICT (dataset_id)
        DO UPDATE SET body = EXCLUDED.body, rule_ids = EXCLUDED.rule_ids,
                      unchecked = EXCLUDED.unchecked, taken_in_by = EXCLUDED.taken_in_by,
                      taken_in_at = EXCLUDED.taken_in_at
        """,
        {
            "dataset_id": dataset_id,
            "body": Jsonb(dict(contract.body)),
            "rule_ids": list(contract.rule_ids),
            "unchecked": list(contract.unchecked),
            "by": by,
            "at": at,
        },
    )


def contract_of(tx: Tx, dataset_id: DatasetId) -> Contract | None:
    """The contract that was taken in for a dataset; None where there is none."""
    row = tx.execute(
        """
        SELECT body, rule_ids, unchecked
          FROM quality.contracts
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    if row is None:
        return None
    rule_ids = tuple(RuleId(one) for one in row["rule_ids"])
    return Contract(row["body"], rule_ids, tuple(row["unchecked"]))


def put_drift(tx: Tx, version_id: VersionId, drift: Drift, *, at: datetime) -> None:
    """Keep what changed since the version before, in place of an earlier telling."""
    tx.execute(
        """
        INSERT INTO quality.drifts (version_id, body, made_at)
        VALUES (%(version_id)s, %(body)s, %(at)s)
        ON CONFLICT (version_id)
        DO UPDATE SET body = EXCLUDED.body, made_at = EXCLUDED.made_at
        """,
        {"version_id": version_id, "body": Jsonb(drift_as_json(drift)), "at": at},
    )


def drift_of(tx: Tx, version_id: VersionId) -> Drift | None:
    """What changed with a version; None where nothing was compared."""
    row = tx.execute(
        """
        SELECT body
          FROM quality.drifts
         WHERE version_id = %(version_id)s
        """,
        {"version_id": version_id},
    ).fetchone()
    return drift_from_json(row["body"]) if row else None


def past_of(tx: Tx, version_id: VersionId, *, limit: int) -> list[Past]:
    """The whole versions before one of the same distribution with their profiles, newest first.

    A version that was parted from this one, or this one from it, is not another state of the data.
    """
    rows = tx.execute(
        """
        SELECT older.number, older.created_at, profile.body
          FROM catalog.versions AS older
          JOIN catalog.versions AS version ON version.distribution_id = older.distribution_id
          JOIN quality.profiles AS profile ON profile.version_id = older.id
         WHERE version.id = %(version_id)s
           AND older.number < version.number
           AND older.kind <> 'step'
           AND older.id IS DISTINCT FROM version.parent_id
           AND NOT older.is_dropped
         ORDER BY older.number DESC
         LIMIT %(limit)s
        """,
        {"version_id": version_id, "limit": limit},
    )
    return [Past(row["number"], row["created_at"], profile_from_json(row["body"])) for row in rows]


def insert_report(tx: Tx, version_id: VersionId, report: Report, suite: SuiteOutcome) -> ReportId:
    """Keep a report with its evidence; return its id."""
    row = tx.execute(
        """
        INSERT INTO quality.reports
            (version_id, verdict, score, grade, body, suite_sha256, gx_result, gx_result_sha256,
             started_at, finished_at)
        VALUES
            (%(version_id)s, %(verdict)s, %(score)s, %(grade)s, %(body)s, %(suite_sha256)s,
             %(gx_result)s, %(gx_result_sha256)s, %(started_at)s, %(finished_at)s)
        RETURNING id
        """,
        {
            "version_id": version_id,
            "verdict": report.verdict,
            "score": report.score.total,
            "grade": report.score.grade,
            "body": Jsonb(report_as_json(report)),
            "suite_sha256": suite.suite_sha256,
            "gx_result": suite.gx_result,
            "gx_result_sha256": suite.gx_result_sha256,
            "started_at": report.started_at,
            "finished_at": report.finished_at,
        },
    ).fetchone()
    assert row is not None, "INSERT ... RETURNING gives its row"
    return ReportId(row["id"])


def newest_report(tx: Tx, version_id: VersionId) -> StoredReport | None:
    """The newest report of a version; None before it was checked."""
    row = tx.execute(
        """
        SELECT id, body
          FROM quality.reports
         WHERE version_id = %(version_id)s
         ORDER BY finished_at DESC, id DESC
         LIMIT 1
        """,
        {"version_id": version_id},
    ).fetchone()
    return _stored_report(row) if row else None


def reports_by_id(tx: Tx, report_ids: list[ReportId]) -> dict[ReportId, Report]:
    """Several reports at once, such as those of a list of versions; unknown ids are left out."""
    rows = tx.execute(
        """
        SELECT id, body
          FROM quality.reports
         WHERE id = ANY(%(ids)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"ids": report_ids, "limit": REPORTS_PER_PAGE_MAX},
    )
    return {ReportId(row["id"]): report_from_json(row["body"]) for row in rows}


def totals_by_id(tx: Tx, report_ids: list[ReportId]) -> dict[ReportId, tuple[int, str]]:
    """Score and grade of several reports, without reading the rest; unrated ones are left out."""
    rows = tx.execute(
        """
        SELECT id, (body -> 'score' ->> 'total')::integer AS total,
               body -> 'score' ->> 'grade' AS grade
          FROM quality.reports
         WHERE id = ANY(%(ids)s)
           AND body -> 'score' ->> 'total' IS NOT NULL
         ORDER BY id
        """,
        {"ids": report_ids},
    )
    return {ReportId(row["id"]): (row["total"], row["grade"] or "") for row in rows}


def standings_by_id(tx: Tx, report_ids: list[ReportId]) -> dict[ReportId, Standing]:
    """What several reports come to, without reading the rest of them."""
    rows = tx.execute(
        """
        SELECT id, (body -> 'score' ->> 'total')::integer AS total,
               (body -> 'score' ->> 'checked')::integer AS checked,
               (body -> 'score' ->> 'rules')::integer AS rules,
               jsonb_path_query_array(
                   body, '$.findings[*] ? (@.status == "failed" || @.status == "error").sentence'
               ) AS failures
          FROM quality.reports
         WHERE id = ANY(%(ids)s)
         ORDER BY id
        """,
        {"ids": report_ids},
    )
    return {
        ReportId(row["id"]): Standing(
            total=row["total"],
            checked=row["checked"],
            rules=row["rules"],
            failures=tuple(Text.from_map(one) for one in row["failures"]),
        )
        for row in rows
    }


def evidence_of(tx: Tx, report_id: ReportId) -> str | None:
    """What Great Expectations gave, byte for byte; None where there is no such report."""
    row = tx.execute(
        """
        SELECT gx_result
          FROM quality.reports
         WHERE id = %(report_id)s
        """,
        {"report_id": report_id},
    ).fetchone()
    return str(row["gx_result"]) if row else None


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


def insert_plea(tx: Tx, plea: Plea) -> None:
    """Keep an open plea."""
    tx.execute(
        """
        INSERT INTO quality.pleas
            (id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at, state)
        VALUES
            (%(id)s, %(version_id)s, %(report_id)s, %(kind)s, %(rule_keys)s, %(reason)s,
             %(ends_on)s, %(by)s, %(at)s, 'open')
        """,
        {
            "id": plea.id,
            "version_id": plea.version_id,
            "report_id": plea.report_id,
            "kind": plea.kind,
            "rule_keys": list(plea.rule_keys),
            "reason": plea.reason,
            "ends_on": plea.ends_on,
            "by": plea.asked_by,
            "at": plea.asked_at,
        },
    )


def get_plea(tx: Tx, plea_id: PleaId) -> Plea | None:
    """One plea; None where there is none of that id."""
    row = tx.execute(
        """
        SELECT id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at,
               state, answer, decided_by, decided_at
          FROM quality.pleas
         WHERE id = %(id)s
        """,
        {"id": plea_id},
    ).fetchone()
    return None if row is None else _plea(row)


def pleas_of(tx: Tx, version_id: VersionId) -> list[Plea]:
    """The pleas for a version, the newest first."""
    rows = tx.execute(
        """
        SELECT id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at,
               state, answer, decided_by, decided_at
          FROM quality.pleas
         WHERE version_id = %(version_id)s
         ORDER BY asked_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {"version_id": version_id, "limit": PLEAS_PER_VERSION_MAX},
    )
    return [_plea(row) for row in rows]


def decide_plea(
    tx: Tx, plea_id: PleaId, state: PleaState, *, answer: str, by: UserId, at: datetime
) -> Plea | None:
    """Take down what became of an open plea; None where it is not open."""
    row = tx.execute(
        """
        UPDATE quality.pleas
           SET state = %(state)s, answer = %(answer)s, decided_by = %(by)s, decided_at = %(at)s
         WHERE id = %(id)s
           AND state = 'open'
        RETURNING id, version_id, report_id, kind, rule_keys, reason, ends_on, asked_by, asked_at,
                  state, answer, decided_by, decided_at
        """,
        {"id": plea_id, "state": state, "answer": answer, "by": by, "at": at},
    ).fetchone()
    return None if row is None else _plea(row)


def open_pleas(tx: Tx, *, limit: int) -> list[tuple[Plea, DatasetId]]:
    """The pleas that wait for an answer, with the dataset each is about, the oldest first."""
    rows = tx.execute(
        """
        SELECT plea.id, plea.version_id, plea.report_id, plea.kind, plea.rule_keys, plea.reason,
               plea.ends_on, plea.asked_by, plea.asked_at, plea.state, plea.answer,
               plea.decided_by, plea.decided_at, distribution.dataset_id
          FROM quality.pleas AS plea
          JOIN catalog.versions AS version ON version.id = plea.version_id
          JOIN catalog.distributions AS distribution ON distribution.id = version.distribution_id
         WHERE plea.state = 'open'
           AND version.state = 'created'
         ORDER BY plea.asked_at, plea.id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [(_plea(row), DatasetId(row["dataset_id"])) for row in rows]


def _plea(row: Mapping[str, Any]) -> Plea:
    return Plea(
        id=PleaId(row["id"]),
        version_id=VersionId(row["version_id"]),
        report_id=ReportId(row["report_id"]),
        kind=PleaKind(row["kind"]),
        rule_keys=tuple(row["rule_keys"]),
        reason=row["reason"],
        ends_on=row["ends_on"],
        asked_by=UserId(row["asked_by"]),
        asked_at=row["asked_at"],
        state=PleaState(row["state"]),
        answer=row["answer"],
        decided_by=None if row["decided_by"] is None else UserId(row["decided_by"]),
        decided_at=row["decided_at"],
    )


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


def _own_rule(row: Mapping[str, object]) -> OwnRule:
    body = row["body"]
    assert isinstance(body, dict), "jsonb of an object"
    created_at = row["created_at"]
    assert isinstance(created_at, datetime), "timestamptz"
    created_by = row["created_by"]
    return OwnRule(
        id=RuleId(UUID(str(row["id"]))),
        rule=parse_rule(body),
        created_by=UserId(created_by) if isinstance(created_by, UUID) else None,
        created_at=created_at,
    )


def _stored_report(row: Mapping[str, object]) -> StoredReport:
    body = row["body"]
    assert isinstance(body, dict), "jsonb of an object"
    return StoredReport(id=ReportId(UUID(str(row["id"]))), report=report_from_json(body))


def promises_judged_to(tx: Tx) -> date | None:
    """The day up to which promises of freshness were looked at; None before the first time.

    Whoever asks holds it until the end of the transaction.
    """
    row = tx.execute("SELECT judged_to FROM quality.promise_days FOR UPDATE").fetchone()
    return row["judged_to"] if row else None


def set_promises_judged_to(tx: Tx, day: date) -> None:
    """Note up to which day promises of freshness were looked at."""
    tx.execute(
        """
        INSERT INTO quality.promise_days (judged_to)
        VALUES (%(day)s)
            ON CONFLICT (is_only)
            DO UPDATE SET judged_to = EXCLUDED.judged_to
        """,
        {"day": day},
    )

"""Add, list and remove a dataset's own rules, and read what the gate said.

Who may do so is decided by the caller, before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from catalog.version import ReportId
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId, VersionId
from quality.check import Column
from quality.drift import Drift
from quality.errors import NotAssessed, TooManyRules, UnknownProposal, UnknownRule
from quality.profile import Profile
from quality.rule import OWN_RULES_MAX, OwnRule, Rule, RuleId
from quality.rule_format import rule_as_json, rule_from_json
from quality.store import drifts as drift_store
from quality.store import profiles as profile_store
from quality.store import proposals as proposal_store
from quality.store import reports as report_store
from quality.store import rules as rule_store
from quality.store.reports import StoredReport
from quality.suggest import OLDER_VERSIONS_MAX, Proposal, ProposalId, ProposalState


def add_rule(
    tx: Tx,
    dataset_id: DatasetId,
    body: Mapping[str, object],
    schema: tuple[Column, ...],
    *,
    by: Actor,
    at: datetime,
) -> Rule:
    """Give a dataset a rule of its own; the next check asks it.

    `schema` is that of the version the publisher is looking at; empty where there is none yet,
    and then the columns are taken as they are named.
    Raises: TooManyRules, and the refusals of `rule_from_json`.
    """
    rule = rule_from_json(body, schema, rule_id=str(uuid4()))
    if rule_store.lock_rules_of(tx, dataset_id) >= OWN_RULES_MAX:
        raise TooManyRules(OWN_RULES_MAX)
    rule_store.insert_rule(tx, dataset_id, rule, by=by.user_id, at=at)
    _record(tx, dataset_id, {"quality_rule_added": rule.id, "sha256": _sha256(rule)}, by=by, at=at)
    return rule


def remove_rule(tx: Tx, dataset_id: DatasetId, rule_id: RuleId, *, by: Actor, at: datetime) -> None:
    """Take a rule out of use; reports that it stood in keep it.

    Raises: UnknownRule.
    """
    if not rule_store.mark_rule_removed(tx, dataset_id, rule_id, at=at):
        raise UnknownRule(str(rule_id))
    _record(tx, dataset_id, {"quality_rule_removed": str(rule_id)}, by=by, at=at)


def list_proposals(tx: Tx, dataset_id: DatasetId) -> list[tuple[ProposalId, Proposal]]:
    """The rules that the data suggests and nobody has decided about."""
    return proposal_store.open_proposals(tx, dataset_id)


def versions_to_try(tx: Tx, version_id: VersionId) -> list[VersionId]:
    """The older versions that proposals drawn from this one are tried on, newest first."""
    return proposal_store.versions_before(tx, version_id, limit=OLDER_VERSIONS_MAX)


def keep_proposal(
    tx: Tx, dataset_id: DatasetId, proposal_id: ProposalId, *, by: Actor, at: datetime
) -> Rule:
    """Make a proposal a rule of the dataset; it warns until its publisher says otherwise.

    Raises: UnknownProposal, TooManyRules.
    """
    kept = _decide(tx, dataset_id, proposal_id, ProposalState.KEPT, by=by, at=at)
    body = {key: value for key, value in rule_as_json(kept.rule).items() if key != "id"}
    return add_rule(tx, dataset_id, body, (), by=by, at=at)


def refuse_proposal(
    tx: Tx, dataset_id: DatasetId, proposal_id: ProposalId, *, by: Actor, at: datetime
) -> None:
    """Want no such rule: it is not proposed for this dataset again.

    Raises: UnknownProposal.
    """
    refused = _decide(tx, dataset_id, proposal_id, ProposalState.REFUSED, by=by, at=at)
    _record(tx, dataset_id, {"quality_proposal_refused": refused.key}, by=by, at=at)


def _decide(
    tx: Tx,
    dataset_id: DatasetId,
    proposal_id: ProposalId,
    state: ProposalState,
    *,
    by: Actor,
    at: datetime,
) -> Proposal:
    proposal = proposal_store.decide_proposal(
        tx, dataset_id, proposal_id, state, by=by.user_id, at=at
    )
    if proposal is None:
        raise UnknownProposal(str(proposal_id))
    return proposal


def list_rules(tx: Tx, dataset_id: DatasetId) -> list[OwnRule]:
    """A dataset's own rules, the oldest first."""
    return rule_store.rules_of(tx, dataset_id)


def read_report(tx: Tx, version_id: VersionId) -> StoredReport:
    """The newest report of a version. Raises: NotAssessed."""
    stored = report_store.newest_report(tx, version_id)
    if stored is None:
        raise NotAssessed
    return stored


def read_evidence(tx: Tx, report_id: ReportId) -> str:
    """The result as Great Expectations gave it, whose SHA-256 the report names.

    Raises: NotAssessed.
    """
    evidence = report_store.evidence_of(tx, report_id)
    if evidence is None:
        raise NotAssessed
    return evidence


def read_drift(tx: Tx, version_id: VersionId) -> Drift | None:
    """What changed with a version; None where there was nothing to compare it with."""
    return drift_store.drift_of(tx, version_id)


def read_profile(tx: Tx, version_id: VersionId) -> Profile:
    """The profile of a version, with the values of every column. Raises: NotAssessed."""
    profile = profile_store.profile_of(tx, version_id)
    if profile is None:
        raise NotAssessed
    return profile


def _record(
    tx: Tx, dataset_id: DatasetId, facts: Mapping[str, str], *, by: Actor, at: datetime
) -> None:
    kind = EventKind.DATASET_CHANGED
    record(tx, Event(kind=kind, at=at, actor=by, dataset_id=dataset_id, facts=facts))


def _sha256(rule: Rule) -> str:
    text = json.dumps(rule_as_json(rule), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()

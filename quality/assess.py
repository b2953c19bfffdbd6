"""Put a version through the gate. Importing this loads Great Expectations: the quality worker's
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from catalog.publish import admit
from catalog.version import Verdict
from policies.database import Pool
from policies.party import Actor
from quality.beside import Beside, OtherTable
from quality.check import ChangeKind, Check, Column, Kind, Steady
from quality.detecting import detect
from quality.drift import OLDER_VERSIONS_MAX as OLDER_COMPARED_MAX
from quality.drift import Drift, KeyChurn, drift_of
from quality.engine.open_table import Limits
from quality.expectations import Cluster, run_suite
from quality.footers import read_footers, rules_out
from quality.groups.declare import count_declared
from quality.measuring import key_churn, measure
from quality.outcome import Reason, RuleOutcome, Status, SuiteOutcome
from quality.packs import load_standard_packs
from quality.profile import Profile
from quality.profiling import profile_files
from quality.report import Report, report_of
from quality.rule import Gate, OwnRule, Rule, draw_suite
from quality.store import drifts as drift_store
from quality.store import profiles as profile_store
from quality.store import proposals as proposal_store
from quality.store import reports as report_store
from quality.store import rules as rule_store
from quality.suggest import (
    OLDER_VERSIONS_MAX,
    Proposal,
    candidates,
    is_worth_proposing,
    tried_of,
)
from quality.take_down import Subject, record_assessment, take_down

Progress = Callable[[int], None]
"""Told how far the check has come, in thousandths."""

LookUp = Callable[[Sequence[OwnRule]], Mapping[str, OtherTable]]
"""Finds the other tables that rules name; those that may not be read are left out."""

EARLY_ROWS_MIN = 1_000_000
"""A smaller table is read whole in about a second."""
_PROFILED_PERMILLE = 100


def no_other_tables(_rules: Sequence[OwnRule]) -> Mapping[str, OtherTable]:
    """For whoever knows that no rule names another table: one that does is then not asked."""
    return {}


def assess(
    pool: Pool,
    subject: Subject,
    *,
    by: Actor,
    clock: Callable[[], datetime],
    limits: Limits,
    on_progress: Progress,
    look_up: LookUp = no_other_tables,
) -> Report:
    """Profile a version, ask it every rule, and say whether it may be published.

    What it needs is read first; one transaction keeps report, profile, verdict and event together.
    Before it nothing is kept, so a check that was cut short is simply made again. `look_up`
    finds the tables of other datasets that own rules name, each at one version.

    Raises: the refusals of `catalog.publish.admit`.
    """
    started_at = clock()
    with pool.connection() as tx:
        own = rule_store.rules_of(tx, subject.dataset_id)
    own_rules = [one.rule for one in own]
    _reject_early(pool, subject, own_rules, by=by, at=started_at, limits=limits)
    profile = profile_files(subject.paths, memory_bytes=limits.memory_bytes, threads=limits.threads)
    found = detect(subject.paths, memory_bytes=limits.memory_bytes, threads=limits.threads)
    count_declared(pool, subject.version_id, subject.paths, at=started_at)
    on_progress(_PROFILED_PERMILLE)
    schema = tuple(Column(column.name, column.type) for column in profile.columns)
    churn = _key_churn(subject, limits)
    with pool.connection() as tx:
        older = drift_store.past_of(tx, subject.version_id, limit=OLDER_COMPARED_MAX)
    drift = drift_of(profile, started_at, older, churn)
    suite = _run(
        subject.paths,
        _that_apply(draw_suite(load_standard_packs(), own_rules, schema), drift, churn),
        at=started_at,
        limits=limits,
        on_progress=lambda done, total: on_progress(_permille(done, total)),
        beside=Beside(look_up(own), drift),
    )
    report = report_of(suite, started_at=started_at, finished_at=clock())
    with pool.connection() as tx:
        profile_store.put_profile(tx, subject.version_id, profile, at=report.finished_at)
        if drift is not None:
            drift_store.put_drift(tx, subject.version_id, drift, at=report.finished_at)
        take_down(tx, subject, report, suite, found, by=by)
    propose(pool, subject, profile, at=report.finished_at, limits=limits)
    return report


def _that_apply(
    rules: Sequence[Rule], drift: Drift | None, churn: KeyChurn | None
) -> tuple[Rule, ...]:
    """Without what compares a first version with none before, or keys where none are declared."""

    def applies(check: Check) -> bool:
        if not isinstance(check, Steady):
            return True
        return drift is not None and (check.aspect is not ChangeKind.KEYS or churn is not None)

    return tuple(rule for rule in rules if applies(rule.check))


def _key_churn(subject: Subject, limits: Limits) -> KeyChurn | None:
    """What became of the keys of the version before; None without a key or an older version."""
    if not subject.key or not subject.older:
        return None
    return key_churn(
        subject.paths,
        subject.older[0][1],
        subject.key,
        memory_bytes=limits.memory_bytes,
        threads=limits.threads,
    )


def _reject_early(
    pool: Pool,
    subject: Subject,
    own_rules: Sequence[Rule],
    *,
    by: Actor,
    at: datetime,
    limits: Limits,
) -> None:
    """Hold a large table back at once where its footers already speak against a blocking rule.

    Footers never decide: the rules that they point at are asked of the table like any other, and
    the whole suite follows in any case, whose report takes the place of this one.
    """
    footers = read_footers(subject.paths)
    if footers.row_count < EARLY_ROWS_MIN:
        return
    rules = _that_apply(draw_suite(load_standard_packs(), own_rules, footers.schema), None, None)
    suspected = [
        rule for rule in rules if rule.gate is Gate.BLOCK and rules_out(footers, rule, at=at)
    ]
    if not suspected:
        return
    early = run_suite(
        subject.paths, suspected, at=at, limits=limits, on_progress=lambda _done, _total: None
    )
    if any(one.status is Status.FAILED for one in early.outcomes):
        suite = _with_unasked(early, rules)
        report = report_of(suite, started_at=at, finished_at=at)
        with pool.connection() as tx:
            report_id = report_store.insert_report(tx, subject.version_id, report, suite)
            admit(tx, subject.version_id, Verdict.BLOCKED, report_id, at=at)
            record_assessment(tx, subject, report, report_id, [], by=by)


def _run(
    paths: Sequence[Path],
    rules: Sequence[Rule],
    *,
    at: datetime,
    limits: Limits,
    on_progress: Callable[[int, int], None],
    beside: Beside,
) -> SuiteOutcome:
    """Ask every rule, of a table too large for this machine on the cluster."""
    cluster = None
    if limits.cluster_url and _size_bytes(paths) >= limits.cluster_bytes_min:
        cluster = Cluster(limits.cluster_url, tuple(str(path) for path in paths))
    return run_suite(
        paths,
        rules,
        at=at,
        limits=limits,
        on_progress=on_progress,
        cluster=cluster,
        beside=beside,
    )


def _with_unasked(early: SuiteOutcome, rules: Sequence[Rule]) -> SuiteOutcome:
    asked = {one.rule.key: one for one in early.outcomes}
    unasked = Reason.REJECTED_EARLY
    return replace(
        early,
        outcomes=tuple(
            asked.get(rule.key) or RuleOutcome(rule, Status.NOT_CHECKED, reason=unasked)
            for rule in rules
        ),
    )


def _size_bytes(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def propose(
    pool: Pool, subject: Subject, profile: Profile, *, at: datetime, limits: Limits
) -> list[Proposal]:
    """Draw rules from a version's data, try them on it and on older ones, and keep what is worth
    a publisher's look. The verdict is out by then: a proposal asks nothing of this version.
    """
    measured = measure(
        subject.paths, profile, memory_bytes=limits.memory_bytes, threads=limits.threads
    )
    with pool.connection() as tx:
        own = {_key(held.rule) for held in rule_store.rules_of(tx, subject.dataset_id)}
    drawn = {
        one.rule.key: one
        for one in candidates(profile, measured, at=at)
        if _key(one.rule) not in own
    }
    rules = [one.rule for one in drawn.values()]
    outcomes = _try(subject.paths, rules, at=at, limits=limits) if rules else {}
    worthy = [
        rule
        for rule in rules
        if rule.key in outcomes and is_worth_proposing(drawn[rule.key], outcomes[rule.key])
    ]
    with pool.connection() as tx:
        past = drift_store.past_of(tx, subject.version_id, limit=OLDER_COMPARED_MAX)
    came_at = {one.number: one.created_at for one in past}
    older = [
        (number, _try(paths, asked, at=came_at.get(number, at), limits=limits))
        for number, paths in subject.older[:OLDER_VERSIONS_MAX]
        # The age of an older version's data says nothing today, only on the day when it came.
        if (asked := [rule for rule in worthy if number in came_at or not _is_about_age(rule)])
    ]
    proposals = [
        Proposal(
            rule=rule,
            evidence=tried_of(subject.number, outcomes[rule.key]),
            older=tuple(
                tried_of(number, found[rule.key]) for number, found in older if rule.key in found
            ),
            ways=drawn[rule.key].ways,
        )
        for rule in worthy
    ]
    with pool.connection() as tx:
        rule_store.lock_rules_of(tx, subject.dataset_id)
        proposal_store.replace_open_proposals(tx, subject.dataset_id, proposals, at=at)
    return proposals


def _try(
    paths: Sequence[Path], rules: Sequence[Rule], *, at: datetime, limits: Limits
) -> dict[str, RuleOutcome]:
    """What becomes of each rule in a version, by its key; without those not asked."""
    suite = run_suite(paths, rules, at=at, limits=limits, on_progress=lambda _done, _of: None)
    return {
        outcome.rule.key: outcome
        for outcome in suite.outcomes
        if outcome.status in (Status.PASSED, Status.FAILED)
    }


def _is_about_age(rule: Rule) -> bool:
    return rule.check.kind is Kind.NEWEST_WITHIN


def _key(rule: Rule) -> tuple[str, tuple[str, ...]]:
    return rule.check.kind.value, rule.columns


def _permille(done: int, total: int) -> int:
    return _PROFILED_PERMILLE + (1000 - _PROFILED_PERMILLE) * done // total

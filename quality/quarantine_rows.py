"""Set the rows aside that break a rule of gate `quarantine`, and let the others go on.

Importing this loads Great Expectations: the quality worker's alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from catalog.find import StoredVersion, stored_version
from catalog.folders import Folders
from catalog.sift import Broken, sift
from catalog.version import Version, VersionKind, VersionState
from policies.database import Pool
from policies.terms import VersionId
from quality.beside import Against, Beside, OtherTable
from quality.check import Column
from quality.engine.open_table import Limits
from quality.expectations import rows_breaking
from quality.footers import read_footers
from quality.outcome import Status
from quality.packs import load_standard_packs
from quality.report import Report
from quality.rule import Gate, Rule, draw_suite
from quality.store import reports as report_store
from quality.store import rules as rule_store

QUARANTINED_ROWS_MAX: Final = 100_000
"""Of one rule; a table with more of them has another fault than some bad rows."""
QUARANTINED_PERMILLE_MAX: Final = 500


def quarantine_rows(
    pool: Pool, folders: Folders, version_id: VersionId, *, at: datetime, limits: Limits
) -> Version | None:
    """Make a version without the rows for which the newest report holds this one back.

    None where that would not let it pass: another rule blocks it too, the rows are most of the
    table, or it is no file of its publisher's that was just checked. Repeating it is harmless.

    Raises: FileDamaged, StorageFull, StorageAway.
    """
    with pool.connection() as tx:
        held = stored_version(tx, version_id)
        stored = report_store.newest_report(tx, version_id)
        own_rules = [own.rule for own in rule_store.rules_of(tx, held.dataset.id)]
    version = held.version
    if version.kind is not VersionKind.UPLOAD or version.state is not VersionState.CREATED:
        return None
    if stored is None or not _is_for_quarantine(stored.report):
        return None
    paths = held.checked_paths(folders)
    wanted = {finding.rule_key for finding in stored.report.blocking}
    schema = read_footers(paths).schema
    rules = [rule for rule in _suite(own_rules, schema) if rule.key in wanted]
    with pool.connection() as tx:
        others = {
            one.against.table: (one.against, stored_version(tx, one.against.version_id))
            for one in stored.report.blocking
            if one.against is not None
        }
    found = rows_breaking(
        paths,
        rules,
        at=stored.report.started_at,
        limits=limits,
        rows_max=QUARANTINED_ROWS_MAX,
        beside=Beside(
            {name: _as_it_was(*other, folders=folders) for name, other in others.items()}
        ),
    )
    if not found or 1000 * len(found) > QUARANTINED_PERMILLE_MAX * version.row_count:
        return None
    broken = {number: [_broken(rule) for rule in rules] for number, rules in found.items()}
    return sift(pool, folders, version_id, broken, at=at)


def _as_it_was(against: Against, held: StoredVersion, *, folders: Folders) -> OtherTable:
    """The other table at the version that the report names: the rule was asked and answered."""
    columns = frozenset(column.name for column in held.version.columns)
    return OtherTable(against, tuple(held.checked_paths(folders)), columns)


def _is_for_quarantine(report: Report) -> bool:
    """Whether nothing but rows that can be set aside holds the version back."""
    return (
        bool(report.blocking)
        and report.is_whole
        and all(
            finding.gate is Gate.QUARANTINE and finding.status is Status.FAILED
            for finding in report.blocking
        )
    )


def _suite(own_rules: list[Rule], schema: tuple[Column, ...]) -> tuple[Rule, ...]:
    return draw_suite(load_standard_packs(), own_rules, schema)


def _broken(rule: Rule) -> Broken:
    return Broken(rule.id, rule.columns[0] if len(rule.columns) == 1 else None)

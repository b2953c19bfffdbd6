"""A suite of rules asked of a table through Great Expectations.

Importing this file costs seconds and hundreds of megabytes; only `quality/assess.py` may.

What is kept of Great Expectations: every verdict comes out of a Checkpoint run, and the evidence
is its result. What is ours: how a connection is held, and how a few metrics are computed, each
registered through its metric registry. `tests/quality/test_expectations.py` holds it against the
pandas engine of Great Expectations on random tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from quality.beside import NOTHING_BESIDE, Beside
from quality.check import Column, table_named_in
from quality.engine.ask import ask, sort_out
from quality.engine.examples import failing_rows, with_examples
from quality.engine.open_table import Limits, OpenTable, open_files, renamed, told
from quality.outcome import RuleOutcome, Status, SuiteOutcome
from quality.rule import Rule
from quality.rule_format import rule_as_json

EXAMPLED_RULES_MAX = 50


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Spark Connect server, and where it finds the files of the table."""

    url: str
    """Such as sc://host:15002."""
    addresses: tuple[str, ...]


Progress = Callable[[int, int], None]
"""Told after each step: steps done, steps known of."""


def run_suite(
    paths: Sequence[Path],
    rules: Sequence[Rule],
    *,
    at: datetime,
    limits: Limits,
    on_progress: Progress,
    cluster: Cluster | None = None,
    beside: Beside = NOTHING_BESIDE,
) -> SuiteOutcome:
    """Ask the drawn rules of the table that these Parquet files make up, in this order.

    First all rules in one Checkpoint run that returns counts and no values; then, for each rule
    that rows have failed, once more for up to `EXAMPLE_ROWS_MAX` of those rows. Nothing outside
    `paths` and what lies `beside` them can be read meanwhile. `at` is the time of the check, for
    rules about the future.

    With a `cluster`, rules about values are counted there; what a table's description answers is
    asked here, and so are the examples.
    """
    with open_files(paths, limits, beside) as table:
        known = {rule.key: renamed(rule, table.names) for rule in rules}
        on_progress(0, 1)
        evidence: list[object] = []
        askable, outcomes = sort_out(list(known.values()), table)
        if cluster is not None:
            outcomes |= _ask_cluster(cluster, table, askable, at=at, evidence=evidence)
            askable = [rule for rule in askable if rule.key not in outcomes]
        outcomes |= ask(table, askable, at=at, evidence=evidence)
        failed = [key for key, outcome in outcomes.items() if outcome.status is Status.FAILED]
        failed = failed[:EXAMPLED_RULES_MAX]
        on_progress(1, 1 + len(failed))
        for done, key in enumerate(failed, start=1):
            outcomes[key] = with_examples(table, outcomes[key], at=at)
            on_progress(1 + done, 1 + len(failed))
        gx_result = _canonical(evidence)
        return SuiteOutcome(
            outcomes=tuple(
                _placed(told(outcomes[known[rule.key].key], rule, table.names), beside)
                for rule in rules
            ),
            row_count=table.row_count,
            suite_sha256=_sha256(_canonical([rule_as_json(rule) for rule in rules])),
            gx_result=gx_result,
            gx_result_sha256=_sha256(gx_result),
            engine=_engine_words(cluster),
        )


def _placed(outcome: RuleOutcome, beside: Beside) -> RuleOutcome:
    """The outcome with the version of the other table that its rule looked at."""
    other = beside.others.get(table_named_in(outcome.rule.check) or "")
    return outcome if other is None else replace(outcome, against=other.against)


def _ask_cluster(
    cluster: Cluster,
    table: OpenTable,
    rules: Sequence[Rule],
    *,
    at: datetime,
    evidence: list[object],
) -> dict[str, RuleOutcome]:
    """Outcomes of the rules about values, by the keys that they have in `table`."""
    from quality.engine.spark_table import open_on_cluster

    own = {known: name for name, known in table.names.items()}
    valued = [rule for rule in rules if rule.check.kind.reads_values]
    if not valued:
        return {}
    with open_on_cluster(cluster.url, cluster.addresses, table) as remote:
        there = {name: remote.names[mine] for name, mine in own.items()}
        asked = {renamed(rule, there).key: rule for rule in valued}
        outcomes = ask(remote, [renamed(rule, there) for rule in valued], at=at, evidence=evidence)
    return {asked[key].key: replace(one, rule=asked[key]) for key, one in outcomes.items()}


def rows_breaking(
    paths: Sequence[Path],
    rules: Sequence[Rule],
    *,
    at: datetime,
    limits: Limits,
    rows_max: int,
    beside: Beside = NOTHING_BESIDE,
) -> dict[int, list[Rule]] | None:
    """The numbers of the rows that break drawn rules which the table failed, with those rules.

    None where any rule's rows are more than `rows_max`, or cannot be told by their numbers.
    """
    broken: dict[int, list[Rule]] = {}
    with open_files(paths, limits, beside) as table:
        for rule in rules:
            known = renamed(rule, table.names)
            numbers = failing_rows(table, known, rows_max=rows_max, at=at)
            if numbers is None:
                return None
            for number in sorted(numbers):
                broken.setdefault(number, []).append(rule)
    return broken


def read_schema(paths: Sequence[Path]) -> tuple[Column, ...]:
    """The columns of the table that these Parquet files make up."""
    with open_files(paths, Limits()) as table:
        own_names = {known: name for name, known in table.names.items()}
        return tuple(Column(own_names[column.name], column.type) for column in table.schema)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _engine_words(cluster: Cluster | None) -> str:
    names = ["great_expectations", "duckdb", "duckdb-sqlalchemy"]
    if cluster is not None:
        names.append("pyspark-client")
    return ", ".join(f"{name} {version(name)}" for name in names)

"""Ask drawn rules of an open table in Checkpoint runs, and read what came of each."""

# The library re-exports its names without saying so.
# mypy: disable-error-code="attr-defined"
# Statements are put together from `quoted`.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import great_expectations as gx

from policies.errors import Refusal
from quality import check as checks
from quality.check import WHOLE_TABLE_ASPECTS
from quality.engine.names import quoted, totals_view
from quality.engine.open_table import TABLE_NAME, Asked, OpenTable
from quality.engine.wanted import bad_names_sql
from quality.errors import UnknownColumn
from quality.outcome import Reason, RuleOutcome, Status
from quality.rule import Rule, Severity, check_fit

SUITE_RULES_MAX = 2_000
LONE_RERUNS_MAX = 20


def sort_out(rules: Sequence[Rule], table: OpenTable) -> tuple[list[Rule], dict[str, RuleOutcome]]:
    """Part the rules that can be asked from those that cannot, which are errors, not passes."""
    askable: list[Rule] = []
    refused: dict[str, RuleOutcome] = {}
    for rule in rules:
        try:
            check_fit(rule, table.schema)
        except Refusal as refusal:
            unknown = isinstance(refusal, UnknownColumn)
            reason = Reason.UNKNOWN_COLUMN if unknown else Reason.DOES_NOT_FIT
            refused[rule.key] = RuleOutcome(rule, Status.ERROR, reason=reason)
            continue
        wrong = _wrong_with_other(rule, table)
        if wrong is not None:
            refused[rule.key] = RuleOutcome(rule, Status.ERROR, reason=wrong)
            continue
        if len(askable) >= SUITE_RULES_MAX:
            refused[rule.key] = RuleOutcome(rule, Status.ERROR, reason=Reason.TOO_MANY_RULES)
            continue
        askable.append(rule)
    return askable, refused


def _wrong_with_other(rule: Rule, table: OpenTable) -> Reason | None:
    """Why a rule cannot be asked against the table that it names; None where it can."""
    named = checks.table_named_in(rule.check)
    if named is None:
        return None
    if named not in table.other_schemas:
        return Reason.OTHER_TABLE
    there = {column.name: column.family for column in table.other_schemas[named]}
    here = {column.name: column.family for column in table.schema}
    theirs_of = checks.other_columns(rule.check)
    own = (rule.columns[0], *(table.names.get(name, name) for name in theirs_of[1:]))
    for mine, theirs in zip(own, theirs_of, strict=True):
        if mine not in here:
            return Reason.UNKNOWN_COLUMN
        if there.get(theirs) is not here[mine]:
            return Reason.OTHER_COLUMN
    return None


def ask(
    table: Asked, rules: Sequence[Rule], *, at: datetime, evidence: list[object]
) -> dict[str, RuleOutcome]:
    """One Checkpoint run for all; what could not be computed is asked again by itself."""
    if not rules:
        return {}
    stepped = [rule for rule in rules if isinstance(rule.check, checks.EvenlySpaced)]
    plain = [rule for rule in rules if not isinstance(rule.check, checks.EvenlySpaced)]
    outcomes = _run_checkpoint(table, plain, at=at, evidence=evidence) if plain else {}
    for rule in stepped:
        assert isinstance(table, OpenTable), "steps are counted in DuckDB only"
        steps = table.steps_of(rule.columns[0])
        outcomes |= _run_checkpoint(steps, [rule], at=at, evidence=evidence)
    errors = [rule for rule in plain if outcomes[rule.key].status is Status.ERROR]
    if len(plain) > 1:
        for rule in errors[:LONE_RERUNS_MAX]:
            outcomes |= _run_checkpoint(table, [rule], at=at, evidence=evidence)
    return outcomes


def _run_checkpoint(
    table: Asked, rules: Sequence[Rule], *, at: datetime, evidence: list[object]
) -> dict[str, RuleOutcome]:
    expectations = [table.expected(rule, at=at) for rule in rules]
    results = results_of(table, expectations)
    evidence.extend(as_evidence(result) for result in results)
    by_key = {str(result.expectation_config.meta["rule"]): result for result in results}
    return {rule.key: outcome_of(rule, by_key[rule.key], table) for rule in rules}


def results_of(table: Asked, expectations: list[Any]) -> list[Any]:
    """One Checkpoint run: full counts, and no value of any row."""
    table.runs += 1
    name = f"{table.view}-{table.runs}"
    batches, parameters = table.batches(name)
    definition = gx.ValidationDefinition(
        name=name,
        data=batches,
        suite=table.context.suites.add(gx.ExpectationSuite(name, expectations=expectations)),
    )
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[table.context.validation_definitions.add(definition)],
        result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
    )
    run = table.context.checkpoints.add(checkpoint).run(batch_parameters=parameters)
    (result,) = run.run_results.values()
    return list(result.results)


def outcome_of(rule: Rule, result: Any, table: Asked) -> RuleOutcome:
    """What the result says of a rule, with an error kept apart from a failure."""
    body = result.result
    if not body or raised(result.exception_info):
        return RuleOutcome(rule, Status.ERROR, reason=Reason.ENGINE)
    status = Status.PASSED if result.success else Status.FAILED
    if not rule.check.kind.is_counted:
        if isinstance(rule.check, checks.HasValues) and not table.row_count:
            return RuleOutcome(rule, Status.NOT_CHECKED)
        if isinstance(rule.check, checks.NewestWithin):
            return _newest(rule, status, body)
        if isinstance(rule.check, checks.Steady) and not _is_compared(table):
            return RuleOutcome(rule, Status.NOT_CHECKED)
        if isinstance(rule.check, checks.SameTotal):
            return _totals(rule, status, body, table)
        observed = () if result.success else _observed(rule, table)
        return RuleOutcome(
            rule,
            status,
            element_count=1,
            unexpected_count=int(not result.success),
            observed=observed,
        )
    asked = int(body["element_count"]) - int(body.get("missing_count") or 0)
    if not asked:
        return RuleOutcome(rule, Status.NOT_CHECKED)
    return RuleOutcome(
        rule,
        status,
        element_count=asked,
        unexpected_count=int(body["unexpected_count"]),
        observed=() if result.success else _observed(rule, table),
    )


def _is_compared(table: Asked) -> bool:
    return isinstance(table, OpenTable) and table.beside.drift is not None


def _totals(rule: Rule, status: Status, body: Any, table: Asked) -> RuleOutcome:
    """Counted by groups; of two tables without a value there is nothing to compare."""
    assert isinstance(table, OpenTable), "other tables are looked at in DuckDB only"
    statement = f"SELECT count(*) FROM {totals_view(rule.key)}"
    groups = int(table.connection.exec_driver_sql(statement).scalar_one())
    if not groups:
        return RuleOutcome(rule, Status.NOT_CHECKED)
    return RuleOutcome(
        rule, status, element_count=groups, unexpected_count=int(body["observed_value"])
    )


def _newest(rule: Rule, status: Status, body: Any) -> RuleOutcome:
    newest = body.get("observed_value")
    if newest is None:
        return RuleOutcome(rule, Status.NOT_CHECKED)
    failed = status is Status.FAILED
    return RuleOutcome(
        rule,
        status,
        element_count=1,
        unexpected_count=int(failed),
        observed=(str(newest).split(".")[0],) if failed else (),
    )


def _observed(rule: Rule, table: Asked) -> tuple[str, ...]:
    """What a failed rule about the whole table has to say in words."""
    types = {column.name: column.type for column in table.schema}
    match rule.check:
        case checks.RowCountBetween():
            return (str(table.row_count),)
        case checks.ColumnsPresent():
            return tuple(name for name in rule.columns if name not in types)
        case checks.ColumnNamesAvoid(pattern=pattern) if isinstance(table, OpenTable):
            found = table.connection.exec_driver_sql(bad_names_sql(pattern, TABLE_NAME)).fetchall()
            return tuple(str(row[0]) for row in found)
        case checks.TypeIs():
            return tuple(types[name] for name in rule.columns)
        case checks.UniqueTogether() if isinstance(table, OpenTable):
            return (str(table.connection.exec_driver_sql(_surplus_sql(rule.columns)).scalar()),)
        case checks.Steady(aspect=aspect) if isinstance(table, OpenTable) and table.beside.drift:
            changes = [one for one in table.beside.drift.changes if one.kind is aspect]
            if aspect in WHOLE_TABLE_ASPECTS:
                return tuple(w for one in changes for w in (one.sentence.zh, one.sentence.en))
            named = {
                name for one in changes if one.severity is not Severity.INFO for name in one.columns
            }
            return (str(len(named)),)
        case _:
            return ()


def _surplus_sql(columns: Sequence[str]) -> str:
    """How many rows would go if each combination were kept once."""
    names = [quoted(name) for name in columns]
    some = " OR ".join(f"{name} IS NOT NULL" for name in names)
    return (
        f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n FROM {TABLE_NAME} "
        f"WHERE {some} GROUP BY {', '.join(names)} HAVING count(*) > 1)"
    )


def raised(info: Any) -> bool:
    """Whether any metric of the rule failed; the library nests this only sometimes."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(raised(nested) for nested in info.values())


def as_evidence(result: Any) -> object:
    """The result as Great Expectations writes it, without stack traces: they show paths."""
    body = result.to_json_dict()
    if body["expectation_config"]["type"] == "expect_column_max_to_be_between":
        body["result"].pop("observed_value", None)  # It is a value of a row.
    info = body.get("exception_info") or {}
    for part in (info, *(value for value in info.values() if isinstance(value, dict))):
        part.pop("exception_traceback", None)
    return body

"""Ask drawn rules of an open table in Checkpoint runs, and read what came of each."""

# The library re-exports its names without saying so.
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import great_expectations as gx

from policies.errors import Refusal
from quality import check as checks
from quality.check import Column
from quality.engine.open_table import TABLE_NAME, Asked, OpenTable
from quality.engine.wanted import bad_names_sql
from quality.errors import UnknownColumn
from quality.outcome import Reason, RuleOutcome, Status
from quality.rule import Rule, check_fit

SUITE_RULES_MAX = 2_000
LONE_RERUNS_MAX = 20


def sort_out(
    rules: Sequence[Rule], schema: tuple[Column, ...]
) -> tuple[list[Rule], dict[str, RuleOutcome]]:
    """Part the rules that can be asked from those that cannot, which are errors, not passes."""
    askable: list[Rule] = []
    refused: dict[str, RuleOutcome] = {}
    for rule in rules:
        try:
            check_fit(rule, schema)
        except Refusal as refusal:
            unknown = isinstance(refusal, UnknownColumn)
            reason = Reason.UNKNOWN_COLUMN if unknown else Reason.DOES_NOT_FIT
            refused[rule.key] = RuleOutcome(rule, Status.ERROR, reason=reason)
            continue
        if len(askable) >= SUITE_RULES_MAX:
            refused[rule.key] = RuleOutcome(rule, Status.ERROR, reason=Reason.TOO_MANY_RULES)
            continue
        askable.append(rule)
    return askable, refused


def ask(
    table: Asked, rules: Sequence[Rule], *, at: datetime, evidence: list[object]
) -> dict[str, RuleOutcome]:
    """One Checkpoint run for all; what could not be computed is asked again by itself."""
    if not rules:
        return {}
    outcomes = _run_checkpoint(table, rules, at=at, evidence=evidence)
    errors = [rule for rule in rules if outcomes[rule.key].status is Status.ERROR]
    if len(rules) > 1:
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
    name = f"{TABLE_NAME}-{table.runs}"
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
        rule, status, element_count=asked, unexpected_count=int(body["unexpected_count"])
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
        case _:
            return ()


def raised(info: Any) -> bool:
    """Whether any metric of the rule failed; the library nests this only sometimes."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(raised(nested) for nested in info.values())


def as_evidence(result: Any) -> object:
    """The result as Great Expectations writes it, without stack traces: they show paths."""
    body = result.to_json_dict()
    info = body.get("exception_info") or {}
    for part in (info, *(value for value in info.values() if isinstance(value, dict))):
        part.pop("exception_traceback", None)
    return body

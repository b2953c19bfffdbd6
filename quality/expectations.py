"""The gate's engine: Great Expectations on DuckDB. The only file that knows either of the two.

Importing this file costs seconds and hundreds of megabytes; only `quality/assess.py` may.

What is kept of Great Expectations: every verdict comes out of a Checkpoint run, and the evidence
is its result. What is ours: how a connection is held, and how a few metrics are computed, each
registered through its metric registry. `tests/quality/test_expectations.py` holds it against the
pandas engine of Great Expectations on random tables.

Traps of great-expectations 1.24 on DuckDB 2.0, each with a test:
- it hands the connection back before it reads the rows, and DuckDB's rows die with it;
- posing as PostgreSQL makes it write `~`, whose meaning DuckDB has changed between versions;
- its type expectations say "false" of every DuckDB type, so types are asked of DESCRIBE instead;
- it computes several rules in one statement, so that one bad rule would spoil all of them.
"""

# The library re-exports its names without saying so.
# mypy: disable-error-code="attr-defined"
# Its metric functions are called by keyword with more than they need; statements that it offers no
# way to build are put together from `_literal` and `_quoted`.
# ruff: noqa: ARG001, ARG002, S608

from __future__ import annotations

import builtins
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, assert_never, cast

os.environ["GX_ANALYTICS_ENABLED"] = "False"  # read when the library is imported

import great_expectations as gx
import sqlalchemy as sa
from great_expectations import expectations as gxe
from great_expectations.core.metric_function_types import MetricFunctionTypes
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core.expect_column_values_to_be_json_parseable import (
    ExpectColumnValuesToBeJsonParseable,
)
from great_expectations.expectations.metrics.column_map_metrics.column_values_unique import (
    ColumnValuesUnique,
)
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.metrics.multicolumn_map_metrics.compound_columns_unique import (  # noqa: E501
    CompoundColumnsUnique,
)
from great_expectations.expectations.registry import register_metric
from great_expectations.util import get_sqlalchemy_selectable
from sqlalchemy import types as sa_types
from sqlalchemy.pool import StaticPool

from policies.errors import Refusal
from quality import check as checks
from quality.check import Column, Family, Scalar
from quality.errors import UnknownColumn
from quality.outcome import (
    Cell,
    ExampleRow,
    Reason,
    RuleOutcome,
    Status,
    SuiteOutcome,
)
from quality.rule import Named, Rule, check_fit
from quality.rule_format import rule_as_json

SUITE_RULES_MAX = 2_000
EXAMPLE_ROWS_MAX = 5
EXAMPLED_RULES_MAX = 50
CELL_CHARACTERS_MAX = 200
LONE_RERUNS_MAX = 20
IDENTIFIER_CHARACTERS_MAX = 9_999
DEFAULT_MEMORY_BYTES = 1_000_000_000
DEFAULT_THREADS = 2

_TABLE = "data"
_ROW_NUMBER = "weir_row_number"
_WHITE_SPACE = "\\s\u3000\u00a0"

logging.getLogger("great_expectations").setLevel(logging.ERROR)
# This module of theirs sets its own level, and tells of a folder at every check.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use of the machine."""

    memory_bytes: int = DEFAULT_MEMORY_BYTES
    threads: int = DEFAULT_THREADS


Progress = Callable[[int, int], None]
"""Told after each step: steps done, steps known of."""


def run_suite(
    paths: Sequence[Path],
    rules: Sequence[Rule],
    *,
    at: datetime,
    limits: Limits = Limits(),
    on_progress: Progress,
) -> SuiteOutcome:
    """Ask the drawn rules of the table that these Parquet files make up, in this order.

    First all rules in one Checkpoint run that returns counts and no values; then, for each rule
    that rows have failed, once more for up to `EXAMPLE_ROWS_MAX` of those rows. Nothing outside
    `paths` can be read meanwhile. `at` is the time of the check, for rules about the future.
    """
    with _opened(paths, limits) as table:
        known = {rule.key: _renamed(rule, table.names) for rule in rules}
        on_progress(0, 1)
        evidence: list[object] = []
        askable, outcomes = _sort_out(list(known.values()), table.schema)
        outcomes |= _ask(table, askable, at=at, evidence=evidence)
        failed = [key for key, outcome in outcomes.items() if outcome.status is Status.FAILED]
        failed = failed[:EXAMPLED_RULES_MAX]
        on_progress(1, 1 + len(failed))
        for done, key in enumerate(failed, start=1):
            outcomes[key] = _with_examples(table, outcomes[key], at=at)
            on_progress(1 + done, 1 + len(failed))
        told = [_told(outcomes[known[rule.key].key], rule, table.names) for rule in rules]
        gx_result = _canonical(evidence)
        return SuiteOutcome(
            outcomes=tuple(told),
            row_count=table.row_count,
            suite_sha256=_sha256(_canonical([rule_as_json(rule) for rule in rules])),
            gx_result=gx_result,
            gx_result_sha256=_sha256(gx_result),
            engine=_engine_words(),
        )


def read_schema(paths: Sequence[Path]) -> tuple[Column, ...]:
    """The columns of the table that these Parquet files make up."""
    with _opened(paths, Limits()) as table:
        own_names = {known: name for name, known in table.names.items()}
        return tuple(Column(own_names[column.name], column.type) for column in table.schema)


# --- the engine ----------------------------------------------------------------------------


def _dialect_module() -> ModuleType:
    """A module by which Great Expectations tells dialects apart and looks types up.

    It renders a pattern as `regexp_matches(...)` where it sees the mark of Dremio, which is also
    DuckDB's name for a search in a text. Without a `__name__` it would swallow an AttributeError
    and answer every question about types with "false".
    """
    module = ModuleType("duckdb_dialect")
    for name, value in vars(sa_types).items():
        if isinstance(value, type) and issubclass(value, sa_types.TypeEngine):
            setattr(module, name, value)
    module.DremioDialect = object()
    return module


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Great Expectations' SQL engine, holding its one connection until it is closed."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(engine=engine, create_temp_table=False)
        self.dialect_module = _dialect_module()

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The held connection: rows are read after this context has ended."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection


class DuckDBDatasource(SQLDatasource):
    """A data source over one DuckDB database in memory."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> builtins.type[DuckDBExecutionEngine]:
        """Our engine."""
        return DuckDBExecutionEngine

    def _create_engine(self) -> sa.Engine:
        # One connection for all, without transactions: two of them would clash in it.
        return sa.create_engine(
            "duckdb:///:memory:",
            poolclass=StaticPool,
            isolation_level="AUTOCOMMIT",
            # Columns keep their names however long: labels would be cut, and then not be found.
            max_identifier_length=IDENTIFIER_CHARACTERS_MAX,
            connect_args={"config": dict(self.kwargs)},
        )

    def get_execution_engine(self) -> DuckDBExecutionEngine:
        """The one engine of this source."""
        if self._execution_engine is None:
            self._execution_engine = DuckDBExecutionEngine(self.get_engine())
        return cast("DuckDBExecutionEngine", self._execution_engine)


class JsonParseable(ColumnMapMetricProvider):
    """The metric that Great Expectations computes on pandas and Spark only."""

    condition_metric_name = "column_values.json_parseable"

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _sqlalchemy(cls, column: sa.ColumnClause[str], **kwargs: object) -> object:  # noqa: N805
        return sa.func.json_valid(column)


def _count_repeated_values(
    cls: type,
    execution_engine: DuckDBExecutionEngine,
    metric_domain_kwargs: dict[str, object],
    metric_value_kwargs: dict[str, object],
    metrics: dict[str, object],
    **kwargs: object,
) -> int:
    """Rows whose value occurs more than once, by grouping; stock code runs a window over all."""
    column: sa.ColumnClause[object] = sa.column(str(metric_domain_kwargs["column"]))
    return _count_repeated(execution_engine, metric_domain_kwargs, [column], column.is_not(None))


def _count_repeated_combinations(
    cls: type,
    execution_engine: DuckDBExecutionEngine,
    metric_domain_kwargs: dict[str, object],
    metric_value_kwargs: dict[str, object],
    metrics: dict[str, object],
    **kwargs: object,
) -> int:
    """Rows whose combination of values occurs more than once; empty cells equal each other.

    Stock code joins the table with itself and for that overlooks rows with an empty cell, where
    its pandas engine counts them. First the hashes are counted, which settles the common case of
    none repeated without holding whole rows; hashes may collide, so what repeats is counted by
    the values themselves.
    """
    names = cast("list[str]", metric_domain_kwargs["column_list"])
    columns: list[sa.ColumnClause[object]] = [sa.column(str(name)) for name in names]
    some = sa.or_(*(column.is_not(None) for column in columns))
    hashed = sa.func.hash(*columns)
    repeated_hashes = (
        sa.select(hashed)
        .select_from(_source(execution_engine, metric_domain_kwargs))
        .where(some)
        .group_by(hashed)
        .having(sa.func.count() > 1)
    )
    if execution_engine.execute_query(repeated_hashes.limit(1)).fetchone() is None:
        return 0
    among = sa.and_(some, hashed.in_(repeated_hashes))
    return _count_repeated(execution_engine, metric_domain_kwargs, columns, among)


def _count_repeated(
    execution_engine: DuckDBExecutionEngine,
    metric_domain_kwargs: dict[str, object],
    columns: Sequence[sa.ColumnClause[object]],
    condition: sa.ColumnElement[bool],
) -> int:
    groups = (
        sa.select(sa.func.count().label("occurrences"))
        .select_from(_source(execution_engine, metric_domain_kwargs))
        .where(condition)
        .group_by(*columns)
        .having(sa.func.count() > 1)
        .subquery()
    )
    total = sa.select(sa.func.coalesce(sa.func.sum(groups.c.occurrences), 0))
    return int(execution_engine.execute_query(total).scalar())


def _source(
    execution_engine: DuckDBExecutionEngine, metric_domain_kwargs: dict[str, object]
) -> sa.FromClause:
    records = execution_engine.get_domain_records(domain_kwargs=metric_domain_kwargs)
    return cast("sa.FromClause", get_sqlalchemy_selectable(records))


for _provider, _metric, _count in (
    (ColumnValuesUnique, "column_values.unique", _count_repeated_values),
    (CompoundColumnsUnique, "compound_columns.unique", _count_repeated_combinations),
):
    register_metric(
        metric_name=f"{_metric}.unexpected_count",
        metric_domain_keys=_provider.condition_domain_keys,
        metric_value_keys=_provider.condition_value_keys,
        execution_engine=DuckDBExecutionEngine,
        metric_class=_provider,
        metric_provider=_count,
        metric_fn_type=MetricFunctionTypes.VALUE,
    )


# --- a table to ask ------------------------------------------------------------------------


@dataclass(slots=True)
class _Table:
    context: Any
    source: DuckDBDatasource
    connection: sa.Connection
    files: str
    """As an SQL list."""
    schema: tuple[Column, ...]
    """With the names that the view gives the columns."""
    names: dict[str, str]
    """The columns' own names → those in the view."""
    row_count: int
    file_row_counts: tuple[int, ...]
    runs: int = 0
    """Checkpoint runs and views of examples so far, to give them names."""


@contextmanager
def _opened(paths: Sequence[Path], limits: Limits) -> Iterator[_Table]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    with tempfile.TemporaryDirectory(prefix="weir-quality-") as spill:
        source = context.data_sources.add_duckdb(
            name="warehouse",
            connection_string="duckdb:///:memory:",
            kwargs={
                "threads": limits.threads,
                "memory_limit": f"{limits.memory_bytes}B",
                "temp_directory": spill,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        engine = source.get_execution_engine()
        with engine.get_connection() as connection:
            try:
                yield _table(context, source, connection, [str(path) for path in paths])
            finally:
                connection.close()
                engine.engine.dispose()


def _table(
    context: Any, source: DuckDBDatasource, connection: sa.Connection, paths: list[str]
) -> _Table:
    files = f"[{', '.join(map(_literal, paths))}]"
    connection.exec_driver_sql(f"SET allowed_paths = {files}")
    connection.exec_driver_sql("SET enable_external_access = false")
    connection.exec_driver_sql("SET lock_configuration = true")
    rows = f"SELECT * FROM read_parquet({files})"
    described = connection.exec_driver_sql(f"DESCRIBE {rows}").fetchall()
    names = _speakable([str(row[0]) for row in described])
    columns = ", ".join(f"{_quoted(name)} AS {_quoted(known)}" for name, known in names.items())
    connection.exec_driver_sql(f"CREATE VIEW {_TABLE} AS SELECT {columns} FROM ({rows})")
    # One call a file: the function may answer for several in any order.
    counts = tuple(
        int(
            connection.exec_driver_sql(
                f"SELECT num_rows FROM parquet_file_metadata({_literal(path)})"
            ).scalar_one()
        )
        for path in paths
    )
    return _Table(
        context=context,
        source=source,
        connection=connection,
        files=files,
        schema=tuple(Column(names[str(row[0])], str(row[1])) for row in described),
        names=names,
        row_count=sum(counts),
        file_row_counts=counts,
    )


def _renamed(rule: Rule, names: dict[str, str]) -> Rule:
    """The rule with the names that the view gives its columns."""
    return replace(rule, applies_to=Named(tuple(names.get(name, name) for name in rule.columns)))


def _told(outcome: RuleOutcome, rule: Rule, names: dict[str, str]) -> RuleOutcome:
    """The outcome with the columns' own names again."""
    own = {known: name for name, known in names.items()}
    return replace(
        outcome,
        rule=rule,
        observed=tuple(own.get(word, word) for word in outcome.observed),
        examples=tuple(
            replace(row, cells=tuple((own[name], value) for name, value in row.cells))
            for row in outcome.examples
        ),
    )


def _speakable(names: Sequence[str]) -> dict[str, str]:
    """Names for the view, without what Great Expectations trips over.

    It writes conditions as texts without escaping names, and uses one name itself.
    """
    taken = {name.lower() for name in names} | {"_num_rows"}
    speakable: dict[str, str] = {}
    for name in names:
        known = name.replace('"', "”").replace("\\", "＼")
        is_changed = known != name or known.lower() == "_num_rows"
        while is_changed and known.lower() in taken:
            known += "_"
        taken.add(known.lower())
        speakable[name] = known
    return speakable


# --- asking --------------------------------------------------------------------------------


def _sort_out(
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


def _ask(
    table: _Table, rules: Sequence[Rule], *, at: datetime, evidence: list[object]
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
    table: _Table, rules: Sequence[Rule], *, at: datetime, evidence: list[object]
) -> dict[str, RuleOutcome]:
    expectations = [_expectation(rule, table.schema, at=at) for rule in rules]
    results = _results(table, expectations)
    evidence.extend(_as_evidence(result) for result in results)
    by_key = {str(result.expectation_config.meta["rule"]): result for result in results}
    return {rule.key: _outcome(rule, by_key[rule.key], table) for rule in rules}


def _results(table: _Table, expectations: list[Any]) -> list[Any]:
    table.runs += 1
    name = f"{_TABLE}-{table.runs}"
    asset = table.source.add_table_asset(name, _TABLE)
    definition = gx.ValidationDefinition(
        name=name,
        data=asset.add_batch_definition_whole_table(name),
        suite=table.context.suites.add(gx.ExpectationSuite(name, expectations=expectations)),
    )
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[table.context.validation_definitions.add(definition)],
        result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
    )
    run = table.context.checkpoints.add(checkpoint).run()
    (result,) = run.run_results.values()
    return list(result.results)


def _outcome(rule: Rule, result: Any, table: _Table) -> RuleOutcome:
    body = result.result
    if not body or _raised(result.exception_info):
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


def _observed(rule: Rule, table: _Table) -> tuple[str, ...]:
    """What a failed rule about the whole table has to say in words."""
    types = {column.name: column.type for column in table.schema}
    match rule.check:
        case checks.RowCountBetween():
            return (str(table.row_count),)
        case checks.ColumnsPresent():
            return tuple(name for name in rule.columns if name not in types)
        case checks.ColumnNamesAvoid(pattern=pattern):
            found = table.connection.exec_driver_sql(_bad_names_sql(pattern, _TABLE)).fetchall()
            return tuple(str(row[0]) for row in found)
        case checks.TypeIs():
            return tuple(types[name] for name in rule.columns)
        case _:
            return ()


def _raised(info: Any) -> bool:
    """Whether any metric of the rule failed; the library nests this only sometimes."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(_raised(nested) for nested in info.values())


def _as_evidence(result: Any) -> object:
    """The result as Great Expectations writes it, without stack traces: they show paths."""
    body = result.to_json_dict()
    info = body.get("exception_info") or {}
    for part in (info, *(value for value in info.values() if isinstance(value, dict))):
        part.pop("exception_traceback", None)
    return body


# --- what to ask ---------------------------------------------------------------------------


def _expectation(rule: Rule, schema: tuple[Column, ...], *, at: datetime) -> Any:  # noqa: C901
    """The rule as Great Expectations says it. One branch a check, no nesting."""
    shared: dict[str, Any] = {"meta": {"rule": rule.key}, "severity": rule.severity.value}
    counted = shared | {"mostly": rule.mostly_permille / 1000}
    column = rule.columns[0] if rule.columns else ""
    column_type = next((item.type for item in schema if item.name == column), "")
    match rule.check:
        case checks.RowCountBetween(at_least=low, at_most=high):
            return gxe.ExpectTableRowCountToBeBetween(min_value=low, max_value=high, **shared)
        case checks.ColumnsPresent():
            return gxe.ExpectTableColumnsToMatchSet(
                column_set=list(rule.columns), exact_match=False, **shared
            )
        case checks.ColumnNamesAvoid(pattern=pattern):
            query = _bad_names_sql(pattern, "{batch}")
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, **shared)
        case checks.TypeIs(family=family):
            query = _other_type_sql(column, family, schema)
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, **shared)
        case checks.HasValues():
            return gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(
                column=column, min_value=0, strict_min=True, **shared
            )
        case checks.NotNull():
            return gxe.ExpectColumnValuesToNotBeNull(column=column, **counted)
        case checks.NotBlank():
            return gxe.ExpectColumnValuesToMatchRegex(
                column=column, regex=f"[^{_WHITE_SPACE}]", **counted
            )
        case checks.Unique():
            return gxe.ExpectColumnValuesToBeUnique(column=column, **counted)
        case checks.UniqueTogether():
            return gxe.ExpectCompoundColumnsToBeUnique(
                column_list=list(rule.columns), ignore_row_if="all_values_are_missing", **counted
            )
        case checks.InSet(values=values):
            return gxe.ExpectColumnValuesToBeInSet(
                column=column, value_set=[_parameter(value) for value in values], **counted
            )
        case checks.NotInSet(values=values):
            return gxe.ExpectColumnValuesToNotBeInSet(
                column=column, value_set=[_parameter(value) for value in values], **counted
            )
        case checks.Between(at_least=low, at_most=high):
            return gxe.ExpectColumnValuesToBeBetween(
                column=column,
                min_value=None if low is None else _bound(low, column_type, day_end=False),
                max_value=None if high is None else _bound(high, column_type, day_end=True),
                **counted,
            )
        case checks.NotInFuture():
            tomorrow = _bound(at + timedelta(days=1), column_type, day_end=False)
            return gxe.ExpectColumnValuesToBeBetween(column=column, max_value=tomorrow, **counted)
        case checks.Regex(pattern=pattern):
            return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=pattern, **counted)
        case checks.LengthBetween(at_least=low, at_most=high):
            return gxe.ExpectColumnValueLengthsToBeBetween(
                column=column, min_value=low, max_value=high, **counted
            )
        case checks.PairGreater(or_equal=or_equal):
            return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=rule.columns[0],
                column_B=rule.columns[1],
                or_equal=or_equal,
                ignore_row_if="either_value_is_missing",
                **counted,
            )
        case checks.JsonValid():
            return ExpectColumnValuesToBeJsonParseable(column=column, **counted)
        case _:
            assert_never(rule.check)


def _parameter(value: Scalar) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _bound(value: Scalar, column_type: str, *, day_end: bool) -> Any:
    """A bound as the column's type compares it: a day as upper bound counts to its end.

    Times without a zone are taken for UTC, on either side.
    """
    if not isinstance(value, date):
        return _parameter(value)
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.max if day_end else time.min)
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    if column_type == "TIMESTAMP WITH TIME ZONE":
        return aware
    return aware.astimezone(UTC).replace(tzinfo=None)


def _bad_names_sql(pattern: str, source: str) -> str:
    return (
        f"SELECT column_name FROM (DESCRIBE SELECT * FROM {source}) AS described "
        f"WHERE regexp_matches(column_name, {_literal(pattern)})"
    )


def _other_type_sql(column: str, family: Family, schema: tuple[Column, ...]) -> str:
    """Which types belong to a family is our own list; what the column's type is, DuckDB says."""
    allowed = sorted({item.type for item in schema if item.family is family}) or [""]
    return (
        "SELECT column_name, column_type "
        "FROM (DESCRIBE SELECT * FROM {batch}) AS described "
        f"WHERE column_name = {_literal(column)} "
        f"AND column_type NOT IN ({', '.join(map(_literal, allowed))})"
    )


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-./+*^$()[]|,")


def _literal(text: str) -> str:
    """A text as an SQL literal that holds nothing else for any reader on the way.

    The statement passes through `str.format`, SQLAlchemy's search for `:name` and the driver's
    for `%`, before DuckDB reads it; so whatever is not plain goes as a number.
    """
    parts: list[str] = []
    plain = ""
    for character in text:
        if character in _PLAIN:
            plain += character
            continue
        parts += [f"'{plain}'", f"chr({ord(character)})"]
        plain = ""
    parts.append(f"'{plain}'")
    return f"({' || '.join(parts)})" if len(parts) > 1 else parts[0]


# --- examples ------------------------------------------------------------------------------


def _with_examples(table: _Table, outcome: RuleOutcome, *, at: datetime) -> RuleOutcome:
    if not outcome.rule.check.kind.is_counted:
        return outcome
    rule = outcome.rule
    view = _numbered_view(table, rule.columns)
    expectation = _expectation(rule, table.schema, at=at)
    wanted: Any = {
        "result_format": "BASIC",
        "partial_unexpected_count": EXAMPLE_ROWS_MAX,
        "include_unexpected_rows": True,
    }
    # No verdict comes of this, so it needs no checkpoint.
    definition = table.source.add_table_asset(view, view).add_batch_definition_whole_table(view)
    result = definition.get_batch().validate(expectation, result_format=wanted)
    rows = [] if _raised(result.exception_info) else result.result.get("unexpected_rows") or []
    examples = sorted(
        (_example(row, rule.columns) for row in rows), key=lambda example: example.row_number or 0
    )
    return replace(outcome, examples=tuple(examples[:EXAMPLE_ROWS_MAX]))


def _numbered_view(table: _Table, columns: tuple[str, ...]) -> str:
    """A view of the rule's columns and the row number, where the files can tell it."""
    table.runs += 1
    view = f"examples_{table.runs}"
    names = {name.lower() for name in table.names}
    quoted = [
        f"{_quoted(name)} AS {_quoted(known)}"
        for name, known in table.names.items()
        if known in columns
    ]
    if not names & {"file_index", "file_row_number", _ROW_NUMBER}:
        starts = [0, *accumulate(table.file_row_counts)]
        start = f"{starts}[CAST(file_index AS BIGINT) + 1]"
        quoted.append(f"{start} + file_row_number + 1 AS {_ROW_NUMBER}")
    source = f"SELECT {', '.join(quoted)} FROM read_parquet({table.files})"
    table.connection.exec_driver_sql(f"CREATE VIEW {view} AS {source}")
    return view


def _example(row: dict[str, object], columns: tuple[str, ...]) -> ExampleRow:
    number = row.get(_ROW_NUMBER)
    return ExampleRow(
        row_number=int(number) if isinstance(number, int) else None,
        cells=tuple((name, _cell(row.get(name))) for name in columns),
    )


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:CELL_CHARACTERS_MAX]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- evidence ------------------------------------------------------------------------------


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _engine_words() -> str:
    names = ("great_expectations", "duckdb", "duckdb-sqlalchemy")
    return ", ".join(f"{name} {version(name)}" for name in names)

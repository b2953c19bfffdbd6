"""How Great Expectations talks to DuckDB: a connection that is held, and metrics of our own.

Each is registered through the library's own points of extension. Traps of great-expectations 1.24
on DuckDB 2.0, each with a test:
- it hands the connection back before it reads the rows, and DuckDB's rows die with it;
- posing as PostgreSQL makes it write `~`, whose meaning DuckDB has changed between versions;
- its type expectations say "false" of every DuckDB type, so types are asked of DESCRIBE instead;
- it computes several rules in one statement, so that one bad rule would spoil all of them.
"""

# The library re-exports its names without saying so.
# mypy: disable-error-code="attr-defined"
# Its metric functions are called by keyword with more than they need.
# ruff: noqa: ARG001, ARG002

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Literal, cast

import sqlalchemy as sa
from great_expectations.core.metric_function_types import MetricFunctionTypes
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
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

from quality.detecting import valid_sql
from quality.engine.names import quoted
from quality.sensitive import SensitiveKind

IDENTIFIER_CHARACTERS_MAX = 9_999


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


class CheckedIdentifier(ColumnMapMetricProvider):
    """Whether a text is a valid identifier; by the same SQL that looks for sensitive data."""

    condition_metric_name = "column_values.checked_identifier"
    condition_value_keys = ("scheme",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        column: sa.ColumnClause[str],
        scheme: str,
        **kwargs: object,
    ) -> object:
        text = f"trim({quoted(str(column.name))}, ' \t' || chr(12288))"
        return sa.literal_column(f"({valid_sql(SensitiveKind(scheme), text)})", sa.Boolean())


class ExpectCheckedIdentifiers(ColumnMapExpectation):
    """Expect every text of a column to be a valid identifier of one scheme."""

    scheme: str
    map_metric = "column_values.checked_identifier"
    success_keys = ("scheme", "mostly")
    args_keys = ("column", "scheme")


class KnownElsewhere(ColumnMapMetricProvider):
    """Whether a value occurs in a column of another table, which lies ready as a view."""

    condition_metric_name = "column_values.known_elsewhere"
    condition_value_keys = ("view",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        column: sa.ColumnClause[object],
        view: str,
        **kwargs: object,
    ) -> object:
        return column.in_(sa.select(sa.column("v")).select_from(sa.table(view)))


class ExpectKnownElsewhere(ColumnMapExpectation):
    """Expect every value of a column to occur in a column of another table."""

    view: str
    map_metric = "column_values.known_elsewhere"
    success_keys = ("view", "mostly")
    args_keys = ("column", "view")


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

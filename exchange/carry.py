"""Carry a statement from DuckDB's language into Spark's, or say which part has no equal there.

The engine here has checked the statement already (`catalog.statement`), with the tables and
functions that may occur. This knows fewer: what is not listed is not carried, so that no answer
differs silently from the one that DuckDB would give. The parser is imported here besides
`exchange.query`, which only asks for names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from catalog.errors import MalformedStatement, NotForCluster
from catalog.statement import folded

_SHAPE: Final = (
    *(exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered),
    *(exp.Limit, exp.Offset, exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier),
    *(exp.Subquery, exp.With, exp.CTE, exp.Union, exp.Intersect, exp.Except, exp.Distinct),
    *(exp.Window, exp.WindowSpec, exp.Filter, exp.Star, exp.Exists, exp.Qualify, exp.Tuple),
    *(exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.DataType, exp.DataTypeParam, exp.Var),
    *(exp.Interval, exp.Placeholder),
)
_OPERATORS: Final = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.EQ, exp.NEQ, exp.GT),
    *(exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Is, exp.Like),
    *(exp.ILike, exp.DPipe, exp.Case, exp.If, exp.Cast, exp.TryCast),
)
_FUNCTIONS: Final = (
    *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Stddev, exp.StddevSamp, exp.StddevPop),
    *(exp.Variance, exp.VariancePop, exp.Corr, exp.GroupConcat),
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue),
    *(exp.Upper, exp.Lower, exp.Length, exp.Substring, exp.Trim, exp.Replace, exp.StrPosition),
    *(exp.Concat, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least),
    *(exp.Abs, exp.Round, exp.Ceil, exp.Floor, exp.Sqrt, exp.Ln, exp.Exp, exp.Pow, exp.Sign),
    *(exp.Year, exp.Month, exp.Day, exp.Quarter, exp.DateTrunc, exp.TimestampTrunc, exp.DateDiff),
    *(exp.TimeToStr,),
)
_CARRIED: Final = frozenset((*_SHAPE, *_OPERATORS, *_FUNCTIONS))


def carry(sql: str, views: Mapping[str, str]) -> str:
    """The statement as Spark reads it, its tables called by the names of `views`.

    `views` are names of tables in lower case, and what each is called there.

    Raises: MalformedStatement, NotForCluster.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (SqlglotError, RecursionError):
        raise MalformedStatement("it cannot be read") from None
    for node in tree.walk():
        if type(node) not in _CARRIED:
            raise NotForCluster(_named(node))
        if isinstance(node, exp.Star) and any(node.args.values()):
            raise NotForCluster("* EXCLUDE, REPLACE")
        if isinstance(node, exp.Group) and node.args.get("all"):
            raise NotForCluster("GROUP BY ALL")
        if isinstance(node, exp.Order) and node.sql().upper().startswith("ORDER BY ALL"):
            raise NotForCluster("ORDER BY ALL")
    tree = _with_views(tree, views)
    for mean in list(tree.find_all(exp.Avg)):
        # A mean of decimals is a double here, and a rounded decimal there.
        mean.set("this", exp.cast(mean.this.copy(), "double", dialect="duckdb"))
    try:
        return tree.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as fault:
        raise NotForCluster(str(fault)[:100]) from None


def _with_views(tree: exp.Expr, views: Mapping[str, str]) -> exp.Expr:
    own = {folded(common.alias) for common in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        name = folded(table.name)
        if table.db or table.catalog or (name in views and name in own):
            raise NotForCluster(table.sql(dialect="duckdb")[:100])
        if name in own:
            continue
        if name not in views:
            raise NotForCluster(table.sql(dialect="duckdb")[:100])
        alias = table.args.get("alias") or exp.TableAlias(
            this=exp.to_identifier(table.name, quoted=True)
        )
        table.set("this", exp.to_identifier(views[name]))
        table.set("alias", alias)
    return tree


def _named(node: exp.Expr) -> str:
    """What the part is called by whoever wrote it."""
    if isinstance(node, exp.Anonymous):
        return str(node.this)[:100]
    if isinstance(node, exp.Func):
        return node.sql_name().lower()
    return node.key.upper()

"""A rule as Great Expectations says it."""

# The library re-exports its names without saying so.
# mypy: disable-error-code="attr-defined"
# Statements that it offers no way to build are put together from `literal`.
# ruff: noqa: S608

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_never

from great_expectations import expectations as gxe
from great_expectations.expectations.core.expect_column_values_to_be_json_parseable import (
    ExpectColumnValuesToBeJsonParseable,
)

from quality import check as checks
from quality.bounds import bound, compared
from quality.check import Column, Family
from quality.engine.duckdb_engine import ExpectCheckedIdentifiers, ExpectKnownElsewhere
from quality.engine.names import other_view, totals_view
from quality.rule import Rule

STEP_COLUMN = "step_s"
"""In the view of a column's steps: seconds since the moment before."""
CHANGES_VIEW = "changes"
"""What is out of the usual since the version before."""
_WHITE_SPACE = "\\s\u3000\u00a0"


def expectation_of(rule: Rule, schema: tuple[Column, ...], *, at: datetime) -> Any:  # noqa: C901
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
            query = bad_names_sql(pattern, "{batch}")
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
                column=column, value_set=[compared(value) for value in values], **counted
            )
        case checks.NotInSet(values=values):
            return gxe.ExpectColumnValuesToNotBeInSet(
                column=column, value_set=[compared(value) for value in values], **counted
            )
        case checks.Between(at_least=low, at_most=high):
            return gxe.ExpectColumnValuesToBeBetween(
                column=column,
                min_value=None if low is None else bound(low, column_type, day_end=False),
                max_value=None if high is None else bound(high, column_type, day_end=True),
                **counted,
            )
        case checks.NotInFuture():
            tomorrow = bound(at + timedelta(days=1), column_type, day_end=False)
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
        case checks.CheckCharacter(scheme=scheme):
            return ExpectCheckedIdentifiers(column=column, scheme=scheme.value, **counted)
        case checks.EvenlySpaced(seconds=seconds):
            return gxe.ExpectColumnValuesToBeBetween(
                column=STEP_COLUMN, min_value=seconds, max_value=seconds, **counted
            )
        case checks.NewestWithin(days=days):
            oldest = at - timedelta(days=days)
            is_day = column_type == "DATE"
            least = oldest.date() if is_day else bound(oldest, column_type, day_end=False)
            return gxe.ExpectColumnMaxToBeBetween(column=column, min_value=least, **shared)
        case checks.InOtherTable(table=table, column=other):
            return ExpectKnownElsewhere(column=column, view=other_view(table, other), **counted)
        case checks.SameTotal():
            query = _none_of(f"{totals_view(rule.key)} WHERE is_off")
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, **shared)
        case checks.Steady(aspect=aspect):
            query = _none_of(f"{CHANGES_VIEW} WHERE aspect = {literal(aspect.value)}")
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, **shared)
        case _:
            assert_never(rule.check)


def _none_of(rows: str) -> str:
    """A row for each of these; the library wants the table itself named in every statement."""
    return f"SELECT 1 AS off FROM {rows} AND (SELECT count(*) FROM {{batch}}) >= 0"


def bad_names_sql(pattern: str, source: str) -> str:
    """The names of columns of `source` that match a pattern."""
    return (
        f"SELECT column_name FROM (DESCRIBE SELECT * FROM {source}) AS described "
        f"WHERE regexp_matches(column_name, {literal(pattern)})"
    )


def _other_type_sql(column: str, family: Family, schema: tuple[Column, ...]) -> str:
    """Which types belong to a family is our own list; what the column's type is, DuckDB says."""
    allowed = sorted({item.type for item in schema if item.family is family}) or [""]
    return (
        "SELECT column_name, column_type "
        "FROM (DESCRIBE SELECT * FROM {batch}) AS described "
        f"WHERE column_name = {literal(column)} "
        f"AND column_type NOT IN ({', '.join(map(literal, allowed))})"
    )


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-./+*^$()[]|,")


def literal(text: str) -> str:
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

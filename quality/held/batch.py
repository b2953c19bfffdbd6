"""A batch of rows that rules kept from everybody but the department that fed it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from catalog.dataset import DistributionId
from catalog.view import Json
from policies.terms import Text
from quality.check_batch import Broken
from quality.report import MaskedRow, masked

HELD_BATCHES_MAX = 20
"""Of one table; earlier ones are forgotten."""
HELD_FOR = timedelta(days=90)
HELD_RULES_MAX = 50
"""Of one batch."""


@dataclass(frozen=True, slots=True)
class HeldRule:
    """A rule that a held batch breaks."""

    rule_id: str
    title: Text
    fix: Text
    """What to do; empty where the rule gives no hint."""
    columns: tuple[str, ...]
    row_count: int | None
    """Rows that break it; None where it could not be asked."""
    examples: tuple[MaskedRow, ...]
    """Their row numbers are the ids of the rows."""


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """One batch, with what was wrong with it."""

    distribution_id: DistributionId
    version_number: int
    """The step of the table that it became, which only its department reads."""
    row_count: int
    rules: tuple[HeldRule, ...]
    at: datetime


def held_rules(
    broken: Sequence[Broken], *, sensitive_columns: Collection[str]
) -> tuple[HeldRule, ...]:
    """What is kept of the rules that a batch breaks: their rows masked, of very many the first."""
    return tuple(
        HeldRule(
            rule_id=one.rule.id,
            title=one.rule.title,
            fix=one.rule.fix,
            columns=one.rule.columns,
            row_count=one.row_count,
            examples=tuple(masked(row, frozenset(sensitive_columns)) for row in one.examples),
        )
        for one in broken[:HELD_RULES_MAX]
    )


def rule_as_json(rule: HeldRule) -> dict[str, Json]:
    """The stored form."""
    return {
        "rule_id": rule.rule_id,
        "title": dict(rule.title.as_map()),
        "fix": dict(rule.fix.as_map()),
        "columns": list(rule.columns),
        "row_count": rule.row_count,
        "examples": [
            {"row_id": row.row_number, "cells": [list(cell) for cell in row.cells]}
            for row in rule.examples
        ],
    }


def rule_from_json(body: Mapping[str, object]) -> HeldRule:
    """Read what `rule_as_json` wrote."""
    examples = cast("list[Mapping[str, object]]", body["examples"])
    return HeldRule(
        rule_id=str(body["rule_id"]),
        title=Text.from_map(cast("dict[str, str]", body["title"])),
        fix=Text.from_map(cast("dict[str, str]", body["fix"])),
        columns=tuple(cast("list[str]", body["columns"])),
        row_count=cast("int | None", body["row_count"]),
        examples=tuple(
            MaskedRow(
                cast("int | None", row["row_id"]),
                tuple(
                    (name, value)
                    for name, value in cast("list[tuple[str, str | None]]", row["cells"])
                ),
            )
            for row in examples
        ),
    )

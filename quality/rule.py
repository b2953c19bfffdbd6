"""A rule: one check, the columns it is asked of, its weight, and what follows when it fails.

Source: GB/T 36344-2018 (dimensions and their indicators); thresholds and weights are our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType, TypeAlias
from uuid import UUID

from policies.terms import Text, UserId
from quality.check import (
    Arity,
    Between,
    Check,
    Column,
    Family,
    InSet,
    Kind,
    NotInSet,
)
from quality.dimension import Dimension
from quality.errors import RuleDoesNotFit, UnknownColumn, WrongNumberOfColumns

RuleId = NewType("RuleId", UUID)
"""Of a rule that a dataset's publisher wrote."""

OWN_RULES_MAX = 100
WEIGHT_MAX = 100
ALL_PERMILLE = 1000


class Gate(StrEnum):
    """What follows when the rule fails."""

    BLOCK = "block"
    QUARANTINE = "quarantine"
    """The rows that break it are set aside, and the rest goes on as a version of its own."""
    WARN = "warn"


class Severity(StrEnum):
    """How much it matters to a reader; Great Expectations' own three words."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Named:
    """The columns by name; the order matters to a pair."""

    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """The columns by what they are: of these types, and named like this. For packs."""

    families: frozenset[Family] = frozenset(Family)
    name_pattern: str = ""
    """Searched in the name, upper and lower case alike; empty: any name."""

    def selects(self, column: Column) -> bool:
        """Whether the column is meant."""
        return column.family in self.families and bool(
            re.search(self.name_pattern, column.name, re.IGNORECASE)
        )


AppliesTo: TypeAlias = Named | Selected


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack or of a dataset's publisher."""

    id: str
    title: Text
    explanation: Text
    dimension: Dimension
    clause: str
    """The clause it stands for; empty where it is the publisher's own wish."""
    severity: Severity
    gate: Gate
    weight: int
    fix: Text
    """What to do when it fails."""
    check: Check
    applies_to: AppliesTo
    mostly_permille: int = ALL_PERMILLE
    """The share of rows that must pass; 1000 is all of them."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by name; empty before `draw_suite` for a rule that selects them."""
        return self.applies_to.columns if isinstance(self.applies_to, Named) else ()

    @property
    def key(self) -> str:
        """Tells the rules of a drawn suite apart: the id, with the columns it is asked of."""
        return ":".join((self.id, *self.columns))


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule of a dataset's publisher, as it is kept."""

    id: RuleId
    rule: Rule
    created_by: UserId | None
    """None where the system itself added it."""
    created_at: datetime


def draw_suite(
    pack_rules: Iterable[Rule],
    own_rules: Iterable[Rule],
    schema: tuple[Column, ...],
) -> tuple[Rule, ...]:
    """The rules to ask of a table with these columns, blocking ones first, else as given.

    A rule that selects columns becomes one rule per column it fits, maybe none. A rule that
    names columns stays, whether they exist or not: the gate says what became of it.
    """
    drawn = [resolved for rule in (*pack_rules, *own_rules) for resolved in _resolve(rule, schema)]
    return tuple(sorted(drawn, key=lambda rule: list(Gate).index(rule.gate)))


def check_fit(rule: Rule, schema: tuple[Column, ...]) -> None:
    """Make sure that a drawn rule can be asked of the table.

    Raises: UnknownColumn, RuleDoesNotFit, WrongNumberOfColumns.
    """
    kind = rule.check.kind
    check_arity(kind, len(rule.columns))
    if kind is Kind.COLUMNS_PRESENT:
        return  # Whether they are there is the question itself.
    by_name = {column.name: column for column in schema}
    for name in rule.columns:
        if name not in by_name:
            raise UnknownColumn(name)
        column = by_name[name]
        if not _fits(rule.check, column):
            raise RuleDoesNotFit(kind.value, name, column.type)
    if kind is Kind.PAIR_GREATER and len({by_name[name].family for name in rule.columns}) > 1:
        raise RuleDoesNotFit(kind.value, rule.columns[1], by_name[rule.columns[1]].type)


def check_arity(kind: Kind, given: int) -> None:
    """Make sure that a check is asked of as many columns as it takes.

    Raises: WrongNumberOfColumns.
    """
    allowed = {
        Arity.NONE: given == 0,
        Arity.EACH: given >= 1,
        Arity.PAIR: given == 2,
        Arity.SEVERAL: given >= 2,
        Arity.ANY: given >= 1,
    }
    if not allowed[kind.arity]:
        raise WrongNumberOfColumns(kind.value, kind.arity.value, given)


def _resolve(rule: Rule, schema: tuple[Column, ...]) -> list[Rule]:
    arity = rule.check.kind.arity
    if isinstance(rule.applies_to, Named):
        if arity is not Arity.EACH:
            return [rule]
        return [replace(rule, applies_to=Named((name,))) for name in rule.columns]
    names = [
        column.name
        for column in schema
        if rule.applies_to.selects(column) and _fits(rule.check, column)
    ]
    if arity is Arity.EACH:
        return [replace(rule, applies_to=Named((name,))) for name in names]
    if arity is Arity.NONE:
        return [rule]
    needed = 1 if arity is Arity.ANY else 2
    return [replace(rule, applies_to=Named(tuple(names)))] if len(names) >= needed else []


def _fits(check: Check, column: Column) -> bool:
    if column.family not in check.kind.families:
        return False
    match check:
        case Between(at_least=at_least, at_most=at_most):
            bounds = [bound for bound in (at_least, at_most) if bound is not None]
            wanted = date if column.family is Family.TIME else int | Decimal
            return all(isinstance(bound, wanted) for bound in bounds)
        case InSet(values=values) | NotInSet(values=values):
            wanted_value = str if column.family is Family.TEXT else int | Decimal
            return all(
                isinstance(value, wanted_value) and not isinstance(value, bool) for value in values
            )
        case _:
            return True

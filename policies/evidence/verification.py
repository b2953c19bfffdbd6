"""What checking evidence gave: one check for each thing looked at, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CheckName(StrEnum):
    """What is looked at, each by itself."""

    KEYS = "keys"
    TRUST = "trust"
    HEAD = "head"
    RECEIPT = "receipt"
    EVENT = "event"
    INCLUSION = "inclusion"
    ENTRIES = "entries"
    ROOT = "root"
    OLD_HEAD = "old_head"
    GROWTH = "growth"
    RECEIPTS = "receipts"
    CHAIN = "chain"
    CHARGES = "charges"
    TOTAL = "total"
    TERMS = "terms"
    SECTIONS = "sections"
    PROVIDER = "provider"
    CONSUMER = "consumer"
    INVOICES = "invoices"


@dataclass(frozen=True, slots=True)
class Check:
    """What one look gave."""

    name: CheckName
    is_passed: bool
    message: str
    """English, a gettext message id with `{placeholders}`."""
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message.format(**self.facts)


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything that was looked at."""

    log_id: str
    tree_size: int
    checks: tuple[Check, ...]

    @property
    def is_valid(self) -> bool:
        """Whether every check passed."""
        return all(check.is_passed for check in self.checks)


def passed(name: CheckName, message: str, **facts: str | int) -> Check:
    """A check that found what it looked for."""
    return Check(name, is_passed=True, message=message, facts=facts)


def failed(name: CheckName, message: str, **facts: str | int) -> Check:
    """A check that did not find what it looked for."""
    return Check(name, is_passed=False, message=message, facts=facts)

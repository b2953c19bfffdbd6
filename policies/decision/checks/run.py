"""The table of all tests, by stage and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.decision.checks.agreement import (
    AGREE_CHECKS,
    PURGE_CHECKS,
    TOKEN_CHECKS,
    WITHDRAW_CHECKS,
)
from policies.decision.checks.audit import AUDIT_CHECKS
from policies.decision.checks.delivery import DELIVER_CHECKS, END_CHECKS, NEGOTIATE_CHECKS
from policies.decision.checks.finding import Check, Finding, Given
from policies.decision.checks.listing import LIST_CHECKS
from policies.decision.checks.price import PRICE_CHECKS
from policies.decision.checks.register import APPROVE_CHECKS, REGISTER_CHECKS
from policies.decision.checks.request import APPLY_CHECKS, DECIDE_CHECKS
from policies.decision.clause import Stage
from policies.decision.facts import Facts

TABLES: Mapping[Stage, Mapping[str, Check[Any]]] = {
    Stage.REGISTER: REGISTER_CHECKS,
    Stage.APPROVE: APPROVE_CHECKS,
    Stage.LIST: LIST_CHECKS,
    Stage.PRICE: PRICE_CHECKS,
    Stage.APPLY: APPLY_CHECKS,
    Stage.DECIDE: DECIDE_CHECKS,
    Stage.AGREE: AGREE_CHECKS,
    Stage.TOKEN: TOKEN_CHECKS,
    Stage.WITHDRAW: WITHDRAW_CHECKS,
    Stage.PURGE: PURGE_CHECKS,
    Stage.NEGOTIATE: NEGOTIATE_CHECKS,
    Stage.DELIVER: DELIVER_CHECKS,
    Stage.END: END_CHECKS,
    Stage.AUDIT: AUDIT_CHECKS,
}
"""A test asks for the facts of its table's stage; the type of facts names that stage."""


def run_check(test: str, facts: Facts, given: Given) -> Finding:
    """Run the test of that name on `facts`; loading a profile made sure that there is one."""
    return TABLES[facts.stage][test].run(facts, given)


def checks_of(stage: Stage) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The tests of a stage: to each name the numbers and the word lists that a clause must set."""
    return {name: (check.numbers, check.words) for name, check in TABLES[stage].items()}


def facts_needed(stage: Stage, test: str) -> tuple[str, ...]:
    """The facts without which that test says nothing."""
    return TABLES[stage][test].needs

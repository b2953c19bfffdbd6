"""The table of all tests, by stage and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from policies.decision.checks.agreement import (
    AGREE_CHECKS,
    PURGE_CHECKS,
    TOKEN_CHECKS,
    WITHDRAW_CHECKS,
)
from policies.decision.checks.finding import Check, Finding, Given
from policies.decision.checks.listing import LIST_CHECKS
from policies.decision.checks.price import PRICE_CHECKS
from policies.decision.checks.register import APPROVE_CHECKS, REGISTER_CHECKS
from policies.decision.checks.request import APPLY_CHECKS, DECIDE_CHECKS
from policies.decision.clause import Stage
from policies.decision.facts import (
    AgreeFacts,
    ApplyFacts,
    ApproveFacts,
    DecideFacts,
    Facts,
    ListingFacts,
    PriceFacts,
    PurgeFacts,
    RegisterFacts,
    TokenFacts,
    WithdrawFacts,
)


def run_check(test: str, facts: Facts, given: Given) -> Finding:
    """Run the test of that name on `facts`; loading a profile made sure that there is one."""
    match facts:
        case RegisterFacts():
            return REGISTER_CHECKS[test].test(facts, given)
        case ApproveFacts():
            return APPROVE_CHECKS[test].test(facts, given)
        case ListingFacts():
            return LIST_CHECKS[test].test(facts, given)
        case PriceFacts():
            return PRICE_CHECKS[test].test(facts, given)
        case ApplyFacts():
            return APPLY_CHECKS[test].test(facts, given)
        case DecideFacts():
            return DECIDE_CHECKS[test].test(facts, given)
        case AgreeFacts():
            return AGREE_CHECKS[test].test(facts, given)
        case TokenFacts():
            return TOKEN_CHECKS[test].test(facts, given)
        case WithdrawFacts():
            return WITHDRAW_CHECKS[test].test(facts, given)
        case PurgeFacts():
            return PURGE_CHECKS[test].test(facts, given)
        case _:
            assert_never(facts)


def checks_of(stage: Stage) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The tests of a stage: to each name the numbers and the word lists that a clause must set."""
    return {name: (check.numbers, check.words) for name, check in _table_of(stage).items()}


def _table_of(stage: Stage) -> Mapping[str, Check[Any]]:
    match stage:
        case Stage.REGISTER:
            return REGISTER_CHECKS
        case Stage.APPROVE:
            return APPROVE_CHECKS
        case Stage.LIST:
            return LIST_CHECKS
        case Stage.PRICE:
            return PRICE_CHECKS
        case Stage.APPLY:
            return APPLY_CHECKS
        case Stage.DECIDE:
            return DECIDE_CHECKS
        case Stage.AGREE:
            return AGREE_CHECKS
        case Stage.TOKEN:
            return TOKEN_CHECKS
        case Stage.WITHDRAW:
            return WITHDRAW_CHECKS
        case Stage.PURGE:
            return PURGE_CHECKS
        case _:
            assert_never(stage)

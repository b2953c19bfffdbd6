"""Tests of prices."""

from __future__ import annotations

from collections.abc import Mapping

from policies.decision.checks.finding import (
    NOT_APPLICABLE,
    Check,
    Finding,
    Given,
    holds,
    none_of,
    of_facts,
)
from policies.decision.facts import PriceFacts
from policies.terms import Regime


def price_is_zero(facts: PriceFacts) -> Finding:
    """Nothing is charged."""
    return holds(is_met=facts.price_microcredits == 0, price_microcredits=facts.price_microcredits)


def welfare_is_free(facts: PriceFacts, given: Given) -> Finding:
    """Products of authorised operation are free for public governance and public welfare."""
    free = {purpose.value for purpose in facts.purposes} & given.words("free_purposes")
    if not facts.is_authorised_operation or not free:
        return NOT_APPLICABLE
    return none_of(
        sorted(free) if facts.price_microcredits else (),
        price_microcredits=facts.price_microcredits,
        purposes=facts.purposes,
    )


def free_pricing_is_allowed(facts: PriceFacts) -> Finding:
    """The seller sets the price freely only where no public data is under authorised operation."""
    if not facts.is_freely_priced:
        return NOT_APPLICABLE
    return holds(
        is_met=not facts.is_authorised_operation,
        is_authorised_operation=facts.is_authorised_operation,
    )


def price_is_under_ceiling(facts: PriceFacts) -> Finding:
    """Under authorised operation a ceiling was set and the price does not pass it."""
    if not facts.is_authorised_operation or facts.price_microcredits == 0:
        return NOT_APPLICABLE
    ceiling = facts.ceiling_microcredits
    return holds(
        is_met=ceiling is not None and facts.price_microcredits <= ceiling,
        price_microcredits=facts.price_microcredits,
        ceiling_microcredits=ceiling,
    )


def price_is_public(facts: PriceFacts) -> Finding:
    """Products of authorised operation and what they cost stand on the public list."""
    if not facts.is_authorised_operation:
        return NOT_APPLICABLE
    return holds(
        is_met=facts.is_on_public_price_list, is_on_public_price_list=facts.is_on_public_price_list
    )


def price_ignores_persons(facts: PriceFacts) -> Finding:
    """A price does not depend on who somebody is."""
    return none_of(facts.person_level_inputs, person_level_inputs=facts.person_level_inputs)


def price_is_not_negative(facts: PriceFacts) -> Finding:
    """A price is zero or more, and zero outside trade."""
    is_met = facts.price_microcredits >= 0 and (
        facts.regime is Regime.TRADE or facts.price_microcredits == 0
    )
    return holds(is_met=is_met, price_microcredits=facts.price_microcredits, regime=facts.regime)


def like_buyers_pay_alike(facts: PriceFacts, given: Given) -> Finding:
    """Prices of like buyers differ little, or for a reason that is named."""
    spread = facts.price_spread_permille or 0
    is_met = spread <= given.number("most_permille") or bool(facts.price_spread_reason)
    return holds(
        is_met=is_met,
        price_spread_permille=spread,
        price_spread_reason=facts.price_spread_reason,
    )


PRICE_CHECKS: Mapping[str, Check[PriceFacts]] = {
    "price_is_zero": of_facts(price_is_zero),
    "welfare_is_free": Check(welfare_is_free, words=("free_purposes",)),
    "free_pricing_is_allowed": of_facts(free_pricing_is_allowed),
    "price_is_under_ceiling": of_facts(price_is_under_ceiling),
    "price_is_public": of_facts(price_is_public),
    "price_ignores_persons": of_facts(price_ignores_persons),
    "price_is_not_negative": of_facts(price_is_not_negative),
    "like_buyers_pay_alike": Check(
        like_buyers_pay_alike, numbers=("most_permille",), needs=("price_spread_permille",)
    ),
}

"""Take a dataset's contract in, and give it out.

Who may do so is decided by the caller, before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

from catalog.view import Json
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId
from quality.check import Column
from quality.contract import Contract, asks_of, contract_of, rules_in
from quality.errors import TooManyRules
from quality.rule import OWN_RULES_MAX, Rule, RuleId
from quality.rule_format import rule_as_json
from quality.store import contracts as contract_store
from quality.store import rules as rule_store


def take_in_contract(
    tx: Tx,
    dataset_id: DatasetId,
    body: Mapping[str, object],
    schema: tuple[Column, ...],
    *,
    by: Actor,
    at: datetime,
) -> Contract:
    """Make what a contract asks the dataset's rules, in place of those of its contract before.

    Raises: MalformedContract, TooManyRules.
    """
    asks = asks_of(body)
    held = rule_store.lock_rules_of(tx, dataset_id)
    before = contract_store.contract_of(tx, dataset_id)
    for rule_id in before.rule_ids if before else ():
        held -= rule_store.mark_rule_removed(tx, dataset_id, rule_id, at=at)
    rules, unchecked = rules_in(asks, schema, iter(lambda: RuleId(uuid4()), None))
    if held + len(rules) > OWN_RULES_MAX:
        raise TooManyRules(OWN_RULES_MAX)
    for rule in rules:
        rule_store.insert_rule(tx, dataset_id, rule, by=by.user_id, at=at)
    contract = Contract(
        body=cast("Mapping[str, Json]", body),
        rule_ids=tuple(RuleId(UUID(rule.id)) for rule in rules),
        unchecked=tuple(unchecked),
    )
    contract_store.put_contract(tx, dataset_id, contract, by=by.user_id, at=at)
    facts = {"contract_rules": len(rules), "contract_unchecked": len(unchecked)}
    kind = EventKind.DATASET_CHANGED
    record(tx, Event(kind=kind, at=at, actor=by, dataset_id=dataset_id, facts=facts))
    return contract


@dataclass(frozen=True, slots=True)
class ContractPlan:
    """What would become of a dataset's rules if a contract were taken in."""

    added: tuple[Rule, ...]
    kept: tuple[Rule, ...]
    """Those that its contract of today asks as well."""
    removed: tuple[Rule, ...]
    own: tuple[Rule, ...]
    """Those that were added one by one; no contract touches them."""
    unchecked: tuple[str, ...]


def plan_contract(
    tx: Tx, dataset_id: DatasetId, body: Mapping[str, object], schema: tuple[Column, ...]
) -> ContractPlan:
    """What `take_in_contract` would do, with nothing done.

    Raises: MalformedContract, TooManyRules.
    """
    rules, unchecked = rules_in(asks_of(body), schema, iter(lambda: RuleId(uuid4()), None))
    before = contract_store.contract_of(tx, dataset_id)
    owned = rule_store.rules_of(tx, dataset_id)
    of_contract = [own.rule for own in owned if before and own.id in before.rule_ids]
    own = [held.rule for held in owned if not before or held.id not in before.rule_ids]
    if len(own) + len(rules) > OWN_RULES_MAX:
        raise TooManyRules(OWN_RULES_MAX)
    wanted, had = [_asked(rule) for rule in rules], [_asked(rule) for rule in of_contract]
    return ContractPlan(
        added=tuple(rule for rule in rules if _asked(rule) not in had),
        kept=tuple(rule for rule in rules if _asked(rule) in had),
        removed=tuple(rule for rule in of_contract if _asked(rule) not in wanted),
        own=tuple(own),
        unchecked=tuple(unchecked),
    )


def _asked(rule: Rule) -> dict[str, Json]:
    """The rule without the id that it got when it was taken in."""
    return {key: value for key, value in rule_as_json(rule).items() if key != "id"}


def contract_taken_in(tx: Tx, dataset_id: DatasetId) -> Contract | None:
    """The contract that was taken in; None where there is none."""
    return contract_store.contract_of(tx, dataset_id)


def give_out_contract(
    tx: Tx, dataset_id: DatasetId, name: str, schema: tuple[Column, ...]
) -> dict[str, Json]:
    """The dataset's contract with all its own rules."""
    rules = [own.rule for own in rule_store.rules_of(tx, dataset_id)]
    return contract_of(name, schema, rules, contract_store.contract_of(tx, dataset_id))

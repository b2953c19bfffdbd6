"""A dataset's contract for one caller, in and out, and its rules; pages and API do the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from catalog.dataset import Dataset
from catalog.view import Json
from exchange.look_beside import check_other_table
from policies.database import Tx
from policies.party import Actor
from portal.owned import columns_of, owned
from quality.contract import Contract, asks_of
from quality.rule import OwnRule, RuleId
from quality.rule_format import rule_as_json
from quality.rules import list_rules
from quality.sight import Sight, contract_told, rule_told
from quality.take_in_contract import contract_taken_in, give_out_contract, take_in_contract


def contract_for(tx: Tx, dataset: Dataset, sight: Sight, *, by: Actor) -> dict[str, Json]:
    """The contract with the dataset's own rules, as far as the caller may know its columns.

    Which other tables its rules look at is told to the publisher's own people alone.
    """
    body = give_out_contract(tx, dataset.id, dataset.slug, columns_of(tx, dataset, by))
    return contract_told(body, sight)


def rules_for(tx: Tx, dataset: Dataset, sight: Sight) -> list[tuple[OwnRule, dict[str, Json]]]:
    """The dataset's own rules that the caller may know, each as it is told."""
    told = [(own, rule_told(rule_as_json(own.rule), sight)) for own in list_rules(tx, dataset.id)]
    return [(own, rule) for own, rule in told if rule is not None]


def coverage_for(tx: Tx, dataset: Dataset, sight: Sight) -> tuple[list[RuleId], tuple[str, ...]]:
    """The rules that a contract became, and what it asks that nothing checks.

    Both are those of the contract as the caller may know it.
    """
    taken = contract_taken_in(tx, dataset.id)
    if taken is None:
        return [], ()
    if sight.is_whole:
        return list(taken.rule_ids), taken.unchecked
    known = {own.id for own, _ in rules_for(tx, dataset, sight)}
    asks = asks_of(contract_told(taken.body, sight))
    unchecked = tuple(ask.told for ask in asks if ask.body is None)
    return [one for one in taken.rule_ids if one in known], unchecked


def take_in(
    tx: Tx, slug: str, wanted: Mapping[str, object], *, by: Actor, at: datetime
) -> Contract:
    """Make what a contract asks the dataset's rules.

    Raises: DatasetNotFound, PublisherNeeded, MalformedContract, TooManyRules, and what refuses a
        rule about another table.
    """
    dataset = owned(tx, slug, by)
    columns = columns_of(tx, dataset, by)
    taken = take_in_contract(tx, dataset.id, wanted, columns, by=by, at=at)
    for own in list_rules(tx, dataset.id):
        if own.id in taken.rule_ids:
            check_other_table(tx, dataset, own.rule, columns, by=by, at=at)
    return taken

"""A dataset's contract for one caller, in and out; its page and its API do the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from catalog import find
from catalog.audience import is_member
from catalog.view import Json
from exchange.look_beside import check_other_table
from policies.database import Tx
from policies.party import Actor
from portal.owned import columns_of, owned
from quality.contract import Contract, without_other_tables
from quality.rules import list_rules
from quality.take_in_contract import give_out_contract, take_in_contract


def contract_for(tx: Tx, slug: str, *, by: Actor) -> dict[str, Json]:
    """The contract with all the dataset's own rules.

    Which other tables its rules look at is told to the publisher's own people alone.
    Raises: DatasetNotFound.
    """
    dataset = find.dataset_named(tx, slug, by=by)
    body = give_out_contract(tx, dataset.id, dataset.slug, columns_of(tx, dataset, by))
    return body if is_member(by, dataset.publisher_id) else without_other_tables(body)


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

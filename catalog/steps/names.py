"""Other names of tables, and what is said of their columns, for whoever may see them."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.dataset import DistributionId
from catalog.steps import store
from catalog.steps.table import Definition
from policies.database import Tx


def table_named(tx: Tx, alias: str) -> DistributionId | None:
    """The table that goes by this alias; None where none does."""
    return store.distribution_of_alias(tx, alias)


def aliases_of(tx: Tx, distribution_ids: Sequence[DistributionId]) -> list[tuple[str, str]]:
    """Aliases and the ids of their tables, by name."""
    return store.aliases_of(tx, distribution_ids)


def definition_of(tx: Tx, distribution_id: DistributionId) -> Definition:
    """What is said of a table beside its rows."""
    return store.get_definition(tx, distribution_id) or Definition()

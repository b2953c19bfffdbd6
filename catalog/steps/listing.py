"""Tables that there are, for whoever may see them."""

from __future__ import annotations

from catalog.audience import audience_of
from catalog.steps import store
from policies.database import Tx
from policies.party import Actor


def tables_seen(tx: Tx, *, by: Actor, limit: int, offset: int) -> list[tuple[str, str | None]]:
    """Ids of tables that exist for `by` and their aliases, each with the id of its table."""
    audience = audience_of(by)
    return store.tables_seen(tx, list(audience.member_of), limit=limit, offset=offset)

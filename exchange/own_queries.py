"""Keep and show the statements that people ran from the page; nobody else sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from exchange.own_query import OwnQuery
from exchange.store import own_queries as store
from policies.database import Tx
from policies.party import Actor

KEPT_MAX: Final = 50


def keep_query(tx: Tx, statement: str, receipt_id: UUID, *, by: Actor, at: datetime) -> None:
    """Remember a statement that ran; nothing is kept for who has not signed in."""
    if by.user_id is None:
        return
    store.insert_query(tx, by.user_id, statement, receipt_id, at)
    store.delete_older(tx, by.user_id, keep=KEPT_MAX)


def own_queries(tx: Tx, *, by: Actor) -> list[OwnQuery]:
    """One's own statements, the newest first."""
    return store.queries_of(tx, by.user_id, limit=KEPT_MAX) if by.user_id is not None else []

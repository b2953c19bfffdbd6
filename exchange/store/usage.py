"""How often data was delivered, counted from receipts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from policies.database import Tx
from policies.terms import DatasetId

Row = dict[str, Any]


def by_regime(tx: Tx, since: datetime) -> list[Row]:
    """Deliveries since then under each regime."""
    rows = tx.execute(
        """
        SELECT item.regime, count(*) AS deliveries
          FROM exchange.receipts AS receipt
          JOIN exchange.receipt_items AS item ON item.receipt_id = receipt.id
         WHERE receipt.created_at >= %(since)s
         GROUP BY item.regime
         ORDER BY item.regime
        """,
        {"since": since},
    )
    return list(rows)


def by_dataset(tx: Tx, dataset_ids: Sequence[DatasetId], since: datetime) -> list[Row]:
    """Deliveries to others, and what they earned, of each of these datasets since then."""
    rows = tx.execute(
        """
        SELECT item.dataset_id, count(*) AS deliveries,
               sum(item.charge_microcredits - item.fee_microcredits)::bigint AS earned
          FROM exchange.receipt_items AS item
          JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
         WHERE item.dataset_id = ANY (%(dataset_ids)s)
           AND item.regime <> 'own'
           AND receipt.created_at >= %(since)s
         GROUP BY item.dataset_id
         ORDER BY item.dataset_id
        """,
        {"dataset_ids": list(dataset_ids), "since": since},
    )
    return list(rows)


def most_delivered(tx: Tx, since: datetime, limit: int) -> list[Row]:
    """Datasets that others read since then, the most delivered first."""
    rows = tx.execute(
        """
        SELECT item.dataset_id, count(*) AS deliveries
          FROM exchange.receipt_items AS item
          JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
         WHERE item.regime <> 'own'
           AND receipt.created_at >= %(since)s
         GROUP BY item.dataset_id
         ORDER BY deliveries DESC, item.dataset_id
         LIMIT %(limit)s
        """,
        {"since": since, "limit": limit},
    )
    return list(rows)

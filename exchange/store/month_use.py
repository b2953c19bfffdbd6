"""What agreements used of a month, where their price depends on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from policies.database import Tx
from policies.terms import AgreementId


def used_in_month(
    tx: Tx, agreement_ids: Collection[AgreementId], month: date
) -> dict[AgreementId, tuple[int, int]]:
    """Deliveries and units of each agreement in the month; those with none are left out."""
    rows = tx.execute(
        """
        SELECT agreement_id, deliveries, units
          FROM exchange.month_use
         WHERE agreement_id = ANY(%(ids)s)
           AND month = %(month)s
         ORDER BY agreement_id
        """,
        {"ids": list(agreement_ids), "month": month},
    )
    return {row["agreement_id"]: (row["deliveries"], row["units"]) for row in rows}


def set_month_use(tx: Tx, used: Mapping[AgreementId, tuple[int, int]], month: date) -> None:
    """Make these the deliveries and units of the month; their chains of receipts are held."""
    tx.execute(
        """
        INSERT INTO exchange.month_use (agreement_id, month, deliveries, units)
        SELECT agreement_id, %(month)s, deliveries, units
          FROM unnest(%(ids)s::uuid[], %(deliveries)s::bigint[], %(units)s::bigint[])
                   AS told (agreement_id, deliveries, units)
            ON CONFLICT (agreement_id, month) DO UPDATE
               SET deliveries = EXCLUDED.deliveries,
                   units = EXCLUDED.units
        """,
        {
            "ids": list(used),
            "deliveries": [deliveries for deliveries, _ in used.values()],
            "units": [units for _, units in used.values()],
            "month": month,
        },
    )

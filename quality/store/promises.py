"""Table `quality.promise_days`."""

from __future__ import annotations

from datetime import date

from policies.database import Tx


def promises_judged_to(tx: Tx) -> date | None:
    """The day up to which promises of freshness were looked at; None before the first time.

    Whoever asks holds it until the end of the transaction.
    """
    row = tx.execute("SELECT judged_to FROM quality.promise_days FOR UPDATE").fetchone()
    return row["judged_to"] if row else None


def set_promises_judged_to(tx: Tx, day: date) -> None:
    """Note up to which day promises of freshness were looked at."""
    tx.execute(
        """
        INSERT INTO quality.promise_days (judged_to)
        VALUES (%(day)s)
            ON CONFLICT (is_only)
            DO UPDATE SET judged_to = EXCLUDED.judged_to
        """,
        {"day": day},
    )

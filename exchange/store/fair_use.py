"""How much open data one caller asked for on one day."""

from __future__ import annotations

from datetime import date

from policies.database import Tx


def count_delivery(tx: Tx, caller: str, day: date) -> tuple[int, int]:
    """Count one more delivery, and give the day's deliveries and rows so far."""
    row = tx.execute(
        """
        INSERT INTO exchange.fair_use (caller, day, queries, rows)
        VALUES (%(caller)s, %(day)s, 1, 0)
            ON CONFLICT (caller, day) DO UPDATE
           SET queries = exchange.fair_use.queries + 1
        RETURNING queries, rows
        """,
        {"caller": caller, "day": day},
    ).fetchone()
    assert row is not None
    return int(row["queries"]), int(row["rows"])


def deliveries_of(tx: Tx, caller: str, day: date) -> int | None:
    """The day's deliveries so far; None where there was none."""
    row = tx.execute(
        """
        SELECT queries
          FROM exchange.fair_use
         WHERE caller = %(caller)s
           AND day = %(day)s
        """,
        {"caller": caller, "day": day},
    ).fetchone()
    return int(row["queries"]) if row else None


def count_rows(tx: Tx, caller: str, day: date, rows: int) -> None:
    """Add the rows of a delivery to the day's count."""
    tx.execute(
        """
        UPDATE exchange.fair_use
           SET rows = rows + %(rows)s
         WHERE caller = %(caller)s
           AND day = %(day)s
        """,
        {"caller": caller, "day": day, "rows": rows},
    )


def forget_before(tx: Tx, day: date) -> int:
    """Drop the counts of days before `day`; how many it were."""
    return tx.execute("DELETE FROM exchange.fair_use WHERE day < %(day)s", {"day": day}).rowcount

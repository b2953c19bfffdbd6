"""Profiles, rules and calendars as they were kept."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from policies.calendar import OfficialYear
from policies.database import Tx


def keep_profile(tx: Tx, fingerprint: str, *, profile_id: str, version: int, body: str) -> None:
    """Keep a profile unless it is kept."""
    tx.execute(
        """
        INSERT INTO policies.profiles (fingerprint, profile_id, version, body)
        VALUES (%(fingerprint)s, %(profile_id)s, %(version)s, %(body)s)
            ON CONFLICT (fingerprint) DO NOTHING
        """,
        {"fingerprint": fingerprint, "profile_id": profile_id, "version": version, "body": body},
    )


def profile_body(tx: Tx, fingerprint: str) -> str | None:
    """The canonical text of a profile; None where it was not kept."""
    row = tx.execute(
        "SELECT body FROM policies.profiles WHERE fingerprint = %(fingerprint)s",
        {"fingerprint": fingerprint},
    ).fetchone()
    return str(row["body"]) if row else None


def keep_rules(tx: Tx, fingerprint: str, *, rules: str, schema: str) -> None:
    """Keep a set of rules unless it is kept."""
    tx.execute(
        """
        INSERT INTO policies.rule_sets (fingerprint, rules, schema)
        VALUES (%(fingerprint)s, %(rules)s, %(schema)s)
            ON CONFLICT (fingerprint) DO NOTHING
        """,
        {"fingerprint": fingerprint, "rules": rules, "schema": schema},
    )


def rules_body(tx: Tx, fingerprint: str) -> tuple[str, str] | None:
    """Rules and schema; None where they were not kept."""
    row = tx.execute(
        "SELECT rules, schema FROM policies.rule_sets WHERE fingerprint = %(fingerprint)s",
        {"fingerprint": fingerprint},
    ).fetchone()
    return (str(row["rules"]), str(row["schema"])) if row else None


def put_year(tx: Tx, known: OfficialYear, *, loaded_by: UUID, at: datetime) -> None:
    """Write the official calendar of a year, in place of an earlier one."""
    tx.execute(
        """
        INSERT INTO policies.calendar_years (year, days_off, days_worked, loaded_by, loaded_at)
        VALUES (%(year)s, %(days_off)s, %(days_worked)s, %(loaded_by)s, %(at)s)
            ON CONFLICT (year) DO UPDATE
           SET days_off = excluded.days_off,
               days_worked = excluded.days_worked,
               loaded_by = excluded.loaded_by,
               loaded_at = excluded.loaded_at
        """,
        {
            "year": known.year,
            "days_off": sorted(known.days_off),
            "days_worked": sorted(known.days_worked),
            "loaded_by": loaded_by,
            "at": at,
        },
    )


def years(tx: Tx) -> list[tuple[OfficialYear, datetime]]:
    """The calendars that were loaded, with the moment of each, by year."""
    rows = tx.execute(
        """
        SELECT year, days_off, days_worked, loaded_at
          FROM policies.calendar_years
         ORDER BY year
        """
    )
    return [
        (
            OfficialYear(row["year"], _days(row["days_off"]), _days(row["days_worked"])),
            row["loaded_at"],
        )
        for row in rows
    ]


def _days(found: list[date]) -> frozenset[date]:
    return frozenset(found)

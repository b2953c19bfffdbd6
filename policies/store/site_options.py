"""Table `policies.site_options`."""

from __future__ import annotations

from policies.database import Tx


def options(tx: Tx) -> dict[str, str]:
    """Everything that was set, by name."""
    rows = tx.execute(
        """
        SELECT name, value
          FROM policies.site_options
         ORDER BY name
        """
    )
    return {row["name"]: row["value"] for row in rows}


def upsert_option(tx: Tx, name: str, value: str) -> None:
    """Set one option."""
    tx.execute(
        """
        INSERT INTO policies.site_options (name, value)
        VALUES (%(name)s, %(value)s)
        ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value
        """,
        {"name": name, "value": value},
    )

"""Table `catalog.plugin_data`: what plug-ins of CKAN's clients keep with a dataset."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from catalog.view import Json
from policies.database import Tx
from policies.terms import DatasetId


def upsert_plugin_data(tx: Tx, dataset_id: DatasetId, data: Mapping[str, Json]) -> None:
    """Keep this, and nothing that was kept before."""
    tx.execute(
        """
        INSERT INTO catalog.plugin_data (dataset_id, data)
        VALUES (%(dataset_id)s, %(data)s)
            ON CONFLICT (dataset_id) DO UPDATE
           SET data = EXCLUDED.data
        """,
        {"dataset_id": dataset_id, "data": Jsonb(data)},
    )


def plugin_data_of(tx: Tx, dataset_id: DatasetId) -> Mapping[str, Json] | None:
    """What is kept; None where nothing is."""
    row = tx.execute(
        """
        SELECT data
          FROM catalog.plugin_data
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    return None if row is None else row["data"]

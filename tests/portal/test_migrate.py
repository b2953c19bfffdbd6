"""Tests of `portal/migrate.py`."""

from __future__ import annotations

import psycopg
import pytest

from portal.migrate import migrate


def test_a_second_migration_finds_nothing_to_do(database_url: str) -> None:
    assert migrate(database_url) == []


@pytest.mark.parametrize("table", ["policies.events", "policies.leaves", "exchange.transfers"])
def test_evidence_cannot_be_emptied(tx: psycopg.Connection, table: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        tx.execute(f"TRUNCATE {table} CASCADE")

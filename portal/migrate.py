"""Bring a database to the present schema: numbered SQL files, then procrastinate's own tables.

Each step runs once and is remembered by yoyo; a second start finds nothing to do.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql
from psycopg.rows import dict_row
from yoyo import get_backend, read_migrations

from policies.standards import keep_standards

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
JOBS_SCHEMA = "jobs"
_MIGRATION_LOCK = 7_100_001
"""Advisory lock: several servers on one database migrate one after the other."""

# So that a job can be enqueued from a transaction whose own search path is another.
_PIN_SEARCH_PATH = """
    DO $body$
    DECLARE
        found regprocedure;
    BEGIN
        FOR found IN SELECT oid::regprocedure FROM pg_proc
                      WHERE pronamespace = 'jobs'::regnamespace AND prokind = 'f'
        LOOP
            EXECUTE format('ALTER FUNCTION %s SET search_path = jobs, pg_temp', found);
        END LOOP;
    END
    $body$
    """


def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return the names of the steps that were applied, in order."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        applied = _apply_numbered(database_url)
        if not _has_schema(connection, JOBS_SCHEMA):
            with connection.transaction():
                name = sql.Identifier(JOBS_SCHEMA)
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
                # Procrastinate's names are unqualified, so they follow the search path.
                connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(name))
                connection.execute(SchemaManager.get_schema().encode())
                connection.execute(_PIN_SEARCH_PATH)
            applied.append("procrastinate")
    # Decisions name the law by its fingerprint, so it is kept before the first one is made.
    with psycopg.connect(database_url, row_factory=dict_row) as tx:
        keep_standards(tx)
    return applied


def _apply_numbered(database_url: str) -> list[str]:
    backend = get_backend(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        missing = backend.to_apply(read_migrations(str(MIGRATIONS)))
        names = [step.id for step in missing]
        backend.apply_migrations(missing)
    finally:
        backend.connection.close()
    return names


def _has_schema(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (name,)).fetchone()
    return row is not None

"""One PostgreSQL for the run, a template database, and a clone of it for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.rows import dict_row

from policies.database import Pool, Tx
from portal.migrate import migrate
from portal.pool import connection_pool
from portal.postgres import start_postgres, url_of

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
IN_MEMORY = Path("/dev/shm")
IN_MEMORY_ROOM_BYTES = 4 << 30
"""Databases, tables and whole installations of a run take less than half of it at any time."""

# How long an example takes says how busy the machine is; speed is measured in bench/.
settings.register_profile("weir", deadline=None)
settings.load_profile("weir")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """Socket folder of a PostgreSQL that is quick because it need not survive a power cut."""
    # Not below pytest's own folder: as root the database runs as another user, and each new
    # session closes that folder to others.
    parent = Path(tempfile.mkdtemp(prefix="weir-test-"))
    folder = parent / "cluster"
    server = start_postgres(
        folder,
        options=(
            "-c",
            "fsync=off",
            "-c",
            "synchronous_commit=off",
            "-c",
            "full_page_writes=off",
            "-c",
            "max_connections=60",
            "-c",
            "wal_level=minimal",
            "-c",
            "max_wal_senders=0",
            "-c",
            "autovacuum=off",
        ),
    )
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE weir_template")
    migrate(server.url("weir_template"))
    yield Path(server.url().split("host=")[1])
    server.stop()
    shutil.rmtree(parent)


@pytest.fixture
def database_url(postgres: Path) -> Iterator[str]:
    """URL of a fresh database with every migration applied; dropped after the test."""
    name = f"weir_{uuid4().hex}"
    with psycopg.connect(url_of(postgres, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE weir_template STRATEGY FILE_COPY").format(
                sql.Identifier(name)
            )
        )
        yield url_of(postgres, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def pool(database_url: str) -> Iterator[Pool]:
    """A pool on a fresh database, for verbs that name their own transactions."""
    with connection_pool(database_url, size=4) as opened:
        yield opened


@pytest.fixture
def tx(database_url: str) -> Iterator[Tx]:
    """A connection to a fresh database, in a transaction that is rolled back."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real files; tests that need one are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder shared/data with real files is not beside this checkout")
    return SHARED_DATA


def pytest_configure(config: pytest.Config) -> None:
    """No test talks to a telemetry host, and none waits for a disk where memory has room."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    if "TMPDIR" not in os.environ and _has_room(IN_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def _has_room(folder: Path) -> bool:
    return (
        folder.is_dir()
        and os.access(folder, os.W_OK)
        and shutil.disk_usage(folder).free >= IN_MEMORY_ROOM_BYTES
    )

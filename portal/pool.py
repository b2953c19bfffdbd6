"""The connection pool and the clock of an installation, for commands that need nothing more."""

from __future__ import annotations

from datetime import UTC, datetime

from policies.database import Pool

POOL_WAIT_S = 10


def utc_now() -> datetime:
    """The clock of the installation; nouns and verbs are given its reading as `at`."""
    return datetime.now(UTC)


def connection_pool(database_url: str, *, size: int) -> Pool:
    """An open pool of `size` connections whose rows are dictionaries."""
    return Pool(database_url, size=size, wait_s=POOL_WAIT_S)

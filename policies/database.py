"""The words for a database connection that every package shares.

A verb is given a `Tx`, an open transaction of somebody else's, or, where it is a long act that
names its own transactions, the `Pool`. Rows come as dictionaries.
"""

from __future__ import annotations

from psycopg import Connection
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool

Tx = Connection[DictRow]
Pool = ConnectionPool[Connection[DictRow]]

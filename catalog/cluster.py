"""A statement for a Spark Connect server over files of this installation: Apache Spark or Sail.

Each query has a session of its own, in which the files are temporary views under the names that
the statement was given. The server has to find the files at the paths that they have here.

The client is an extra of its own (`spark`) and is imported when a server is first asked.

Source: Spark Connect, `spark.sql` and `interruptAll`; https://spark.apache.org/docs/latest/spark-connect-overview.html
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pyarrow
import pyarrow.parquet

from catalog.errors import ClusterAway, NotForCluster, QueryTooCostly, ResultTooLarge
from catalog.result import ResultColumn

PORT: Final = 15_002
CONNECT_S: Final = 5.0
WALL_S: Final = 120.0
RESULT_BYTES_MAX: Final = 256 << 20
REASON_LENGTH_CHARACTERS: Final = 300
_CARRIED_TYPES: Final = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN"),
    *("VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
)
_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    # A part that does not fit gives no value, as it does here; it does not end the query.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.caseSensitive": "false",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Spark Connect server, and from which size on it is asked."""

    url: str
    bytes_min: int


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """A file that holds just what may be seen."""

    view: str
    """The name that the statement calls it by."""
    parquet: Path
    columns: Sequence[ResultColumn]


def answer_on_cluster(
    cluster: Cluster,
    sql: str,
    tables: Sequence[ClusterTable],
    output: Path,
    *,
    columns: Sequence[ResultColumn],
    rows_max: int,
) -> int:
    """Write the rows to the new Parquet file `output`, columns named c0, c1 …; says how many.

    `columns` are those that the answer has to have.

    Raises: ClusterAway, NotForCluster, QueryTooCostly, ResultTooLarge.
    """
    _reach(cluster.url)
    table = _ask(cluster.url, sql, tables, rows_max + 1)
    if table.num_columns != len(columns):
        raise NotForCluster("*")
    if any(pyarrow.types.is_duration(one) for one in table.schema.types):
        # A day less a day is a number here and on Sail, and a duration on Apache Spark.
        raise NotForCluster("-")
    if table.num_rows > rows_max or table.nbytes > RESULT_BYTES_MAX:
        raise ResultTooLarge(rows_max, RESULT_BYTES_MAX)
    named = table.rename_columns([f"c{place}" for place in range(len(columns))])
    pyarrow.parquet.write_table(named, output)
    rows: int = table.num_rows
    return rows


def is_carried(column: ResultColumn) -> bool:
    """Whether values of the column mean the same there."""
    return column.type.partition("(")[0] in _CARRIED_TYPES and not column.type.endswith("]")


def _reach(url: str) -> None:
    """Raises: ClusterAway, at once, where the client would try for minutes."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or PORT), CONNECT_S).close()
    except OSError:
        raise ClusterAway from None


def _ask(url: str, sql: str, tables: Sequence[ClusterTable], rows: int) -> Any:
    # Where the process began without a file, the client looks for a whole Spark, or ends it.
    client = find_spec("pyspark")
    if client is not None and client.submodule_search_locations:
        os.environ.setdefault("SPARK_HOME", next(iter(client.submodule_search_locations)))
    from grpc import RpcError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    is_late = threading.Event()
    try:
        session = SparkSession.builder.remote(url).create()
    except (PySparkException, RpcError):
        raise ClusterAway from None

    def stop() -> None:
        is_late.set()
        with suppress(PySparkException, RpcError):
            session.interruptAll()

    timer = threading.Timer(WALL_S, stop)
    timer.daemon = True
    timer.start()
    try:
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
        for table in tables:
            frame = session.read.parquet(str(table.parquet))
            shown = [_quoted(one.name) for one in table.columns if is_carried(one)]
            frame.select(*shown).createOrReplaceTempView(table.view)
        return session.sql(sql).limit(rows).toArrow()
    except (PySparkException, RpcError) as fault:
        if is_late.is_set():
            raise QueryTooCostly(WALL_S, RESULT_BYTES_MAX) from None
        raise _refusal(fault) from None
    finally:
        timer.cancel()
        with suppress(PySparkException, RpcError):
            session.stop()


def _refusal(fault: Exception) -> Exception:
    """A server that went away meanwhile; else a part that it does not understand."""
    text = str(fault)
    if "UNAVAILABLE" in text or "failed to connect" in text.lower():
        return ClusterAway()
    return NotForCluster(" ".join(text.split())[:REASON_LENGTH_CHARACTERS])


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"

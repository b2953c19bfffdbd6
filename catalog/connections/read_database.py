"""A query of another database, written to Parquet batch by batch, in a process of its own.

    python -m catalog.connections.read_database < request.json

The reading library cannot be interrupted and holds the interpreter while it reads, so whoever
wants an answer starts this and keeps the clock (`query_process`). It is told an address that was
checked, not a name. The session is made read-only before the query, and the database is asked to
stop by itself. What it says goes to standard output, as one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from catalog.kernel_limits import die_with_parent

BATCH_ROWS: Final = 50_000
MEMORY_BYTES: Final = 3 << 30
_TOO_MUCH: Final = "too-much"
_BEFORE: Final[Mapping[str, tuple[str, ...]]] = {
    "postgresql": (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET statement_timeout = {milliseconds}",
    ),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
}


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    die_with_parent(request["parent_id"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        told = _read(request)
    except BaseException as fault:  # noqa: BLE001  the library panics with a class of its own
        told = {"fault": str(fault)[:2_000]}
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    # The library's threads may still hold the line.
    os._exit(0)


def _read(request: dict[str, str]) -> dict[str, str | int]:
    import connectorx
    import pyarrow.parquet

    rows_max, bytes_max = int(request["rows_max"]), int(request["bytes_max"])
    path = Path(request["path"])
    before = [
        one.format(milliseconds=int(request["seconds_max"]) * 1000)
        for one in _BEFORE[request["kind"]]
    ]
    reader: Any = connectorx.read_sql(
        request["url"],
        request["statement"],
        return_type="arrow_stream",
        batch_size=BATCH_ROWS,
        pre_execution_query=before,
    )
    rows = 0
    with pyarrow.parquet.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            rows += batch.num_rows
            if rows > rows_max or path.stat().st_size > bytes_max:
                return {"refused": _TOO_MUCH}
            writer.write_batch(batch)
    return {"rows": rows}


if __name__ == "__main__":
    main()

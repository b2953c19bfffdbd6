"""The Parquet file of what was set aside: columns row_number, column, value, reason, rule_id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
import pyarrow.parquet

from catalog.misfit import SetAside

ROWS_PER_BATCH: Final = 10_000

_SCHEMA: Final = pa.schema(
    [
        ("row_number", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("rule_id", pa.string()),
    ]
)


def write_misfits(file: IO[bytes], misfits: Iterable[SetAside]) -> tuple[int, int]:
    """Write them in the order given; says how many, and of how many rows."""
    count, rows, left = 0, set[int](), iter(misfits)
    with pyarrow.parquet.ParquetWriter(
        file, _SCHEMA, compression="zstd", write_page_checksum=True
    ) as writer:
        while some := list(islice(left, ROWS_PER_BATCH)):
            columns = [[getattr(one, name) for one in some] for name in _SCHEMA.names]
            arrays = [
                pa.array(values, kind) for values, kind in zip(columns, _SCHEMA.types, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=_SCHEMA))
            count += len(some)
            rows.update(columns[0])
    return count, len(rows)


def read_misfits(path: Path, *, offset: int = 0, limit: int | None = None) -> Iterator[SetAside]:
    """What a file holds, in its order; None reads to the end."""
    left = limit
    with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as parquet:
        for batch in parquet.iter_batches(ROWS_PER_BATCH):
            if offset >= batch.num_rows:
                offset -= batch.num_rows
                continue
            part = batch.slice(offset, left)
            offset = 0
            for row in part.to_pylist():
                yield SetAside(**row)
            if left is not None:
                left -= part.num_rows
                if left <= 0:
                    return

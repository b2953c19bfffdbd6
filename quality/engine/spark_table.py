"""Parquet files behind a Spark Connect server, as a table that rules can be asked of.

Great Expectations' own Spark engine works through Spark Connect as it is: each rule becomes an
expression that the server computes, and only counts come back. Columns get names without dots and
backticks for that time, which Spark would read as paths into a struct.

The client of Spark Connect is an extra of its own; it is imported when a server is first asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from quality.check import Column
from quality.engine.open_table import OpenTable, speakable
from quality.engine.wanted import expectation_of
from quality.rule import Rule

_SWAPPED = {'"': "”", "\\": "＼", ".": "．", "`": "＇"}


@dataclass(slots=True)
class SparkTable:
    """A data frame of a Spark Connect server."""

    context: Any
    source: Any
    frame: Any
    schema: tuple[Column, ...]
    """With the names that the frame gives the columns; the types are DuckDB's."""
    names: dict[str, str]
    """The columns' own names → those in the frame."""
    row_count: int
    runs: int = 0
    view: str = "frame"

    def batches(self, name: str) -> tuple[Any, dict[str, object] | None]:
        """A batch definition that takes the frame when it runs."""
        asset = self.source.add_dataframe_asset(name)
        return asset.add_batch_definition_whole_dataframe(name), {"dataframe": self.frame}

    def expected(self, rule: Rule, *, at: datetime) -> Any:
        """The rule as Spark is asked it."""
        return expectation_of(rule, self.schema, at=at)


@contextmanager
def open_on_cluster(url: str, addresses: Sequence[str], local: OpenTable) -> Iterator[SparkTable]:
    """The same files as `local`, read by the server at `url` from where it finds them."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(url).create()
    try:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        own = {known: name for name, known in local.names.items()}
        schema = [Column(own[column.name], column.type) for column in local.schema]
        names = speakable([column.name for column in schema], _SWAPPED)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        yield SparkTable(
            context=context,
            source=context.data_sources.add_spark(name="cluster", persist=False),
            frame=session.read.parquet(*addresses).toDF(*(names[one.name] for one in schema)),
            schema=tuple(Column(names[one.name], one.type) for one in schema),
            names=names,
            row_count=local.row_count,
        )
    finally:
        session.stop()

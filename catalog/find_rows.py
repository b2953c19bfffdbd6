"""Ask a table for rows: a page of them with their number, or all of them in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.json_rows import Row
from catalog.readable_rows import Source, TableFiles
from catalog.row_search.question import RowQuestion
from catalog.row_search.statement import Asked, Shown, asked
from catalog.serving_copy import ServingCopy
from catalog.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class FoundRows:
    """Rows that were found, each a tuple in the order of the columns."""

    columns: tuple[Shown, ...]
    rows: Sequence[Row]


def find_rows(warehouse: Warehouse, source: Source, question: RowQuestion) -> FoundRows:
    """The rows that a question wants, at most its limit.

    Raises: ColumnUnknown, ValueUnfit, WordsMalformed, QuestionTooLarge.
    """
    told = _asked(source, question)
    return FoundRows(told.columns, warehouse.select(_places(source), told.rows))


def count_rows(warehouse: Warehouse, source: Source, question: RowQuestion) -> int:
    """How many rows there are for a question, whatever its limit.

    Raises: as `find_rows`.
    """
    told = _asked(source, question)
    if told.count is None:
        return source.rows
    return warehouse.select_count(_places(source), told.count)


def stream_rows(
    warehouse: Warehouse, source: Source, question: RowQuestion, *, batch_rows: int
) -> tuple[tuple[Shown, ...], Iterator[Sequence[Row]]]:
    """The columns, and the rows a batch at a time; all of them are of one moment.

    Raises: as `find_rows`, before the first batch.
    """
    told = _asked(source, question)
    return told.columns, warehouse.stream(_places(source), told.rows, batch_rows=batch_rows)


def _places(source: Source) -> ServingCopy | tuple[Path, ...]:
    return source.read.paths if isinstance(source.read, TableFiles) else source.read


def _asked(source: Source, question: RowQuestion) -> Asked:
    return asked(
        question,
        source.known,
        is_in_order=source.is_in_order,
        total_rows=source.rows,
        has_gapless_ids=source.has_gapless_ids,
    )

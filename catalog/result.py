"""What a query gives back: its form, its columns, its size."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ResultFormat(StrEnum):
    """The forms of an answer.

    JSON: `{"columns":[{"name","type"}…],"rows":[{…}…],"row_count":n}`; NDJSON: an object a line;
    CSV and TSV: a header, quoted as in RFC 4180, an empty cell for no value, `""` for an empty
    text; Parquet: zstd with page checksums; Arrow: an IPC stream; XLSX: one
    sheet under its headings. A column name that comes twice gets `_1`, `_2` … in every form.
    """

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    ARROW = "arrow"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Manner:
    """How CSV and TSV are written for those who open them in a spreadsheet."""

    with_mark: bool = False
    """The UTF-8 mark goes first, by which Excel knows the encoding."""
    is_guarded: bool = False
    """Texts that a spreadsheet would take for a formula get an apostrophe in front."""


PLAIN = Manner()


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of an answer, with the engine's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A whole answer that lies in a file of its own."""

    columns: tuple[ResultColumn, ...]
    rows: int
    size_bytes: int
    sha256: str
    was_warm: bool
    """Whether a process served it that had served the same caller and tables before."""

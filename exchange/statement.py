"""A user's statement, as it was read. Reading it takes a parser of many megabytes: see `query`."""

from __future__ import annotations

from dataclasses import dataclass

STATEMENT_BYTES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Statement:
    """A text within its bounds that reads like one SELECT."""

    text: str
    tables: frozenset[str]
    """Names of the tables that it reads, in lower case; a qualified name has its dots."""
    hash: str
    """SHA-256 of the text without what does not matter: spaces, comments, case of keywords."""
    rows_at_most: int | None
    """A bound on the rows of the answer that stands in the text itself; None where none does."""
    is_one_table: bool
    """Reads one table once, so that the answer has no more rows than that has."""
    builds_values: bool
    """Puts values together into larger ones, such as lists or longer texts."""

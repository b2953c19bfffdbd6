"""Names of columns as SQL writes them."""

from __future__ import annotations

from hashlib import sha256


def quoted(name: str) -> str:
    """The name between quotation marks."""
    return '"' + name.replace('"', '""') + '"'


def other_view(table: str, column: str) -> str:
    """The view of a column of another table, whatever the two are called."""
    return f"other_{_short(table, column)}"


def totals_view(rule_key: str) -> str:
    """The view of both tables' sums, group by group."""
    return f"totals_{_short(rule_key)}"


def _short(*names: str) -> str:
    return sha256("\0".join(names).encode()).hexdigest()[:16]

"""Names of columns as SQL writes them."""

from __future__ import annotations


def quoted(name: str) -> str:
    """The name between quotation marks."""
    return '"' + name.replace('"', '""') + '"'

"""How the Parquet files are laid out that are written here."""

from __future__ import annotations

from typing import Final

DICTIONARY_BYTES_MAX: Final = 128 << 10
"""A column whose dictionary grows larger is written plainly: its values hardly repeat, and looking
each of them up costs more than it saves."""

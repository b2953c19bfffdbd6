"""A file that is no table, kept as it came: what its distribution tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from catalog.dataset import Distribution

FILE_KEY: Final = "weir_file"
"""Where a distribution keeps what is told of bytes that were sent for it."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """Bytes that are handed out as they came."""

    sha256: str
    size_bytes: int
    file_name: str
    media_type: str
    """By its bytes; empty where nobody looked."""


def kept_file_of(distribution: Distribution) -> KeptFile | None:
    """The file of a distribution without a table; None where it has none."""
    sent = distribution.details.get(FILE_KEY)
    if not isinstance(sent, Mapping):
        return None
    size = sent.get("size_bytes")
    return KeptFile(
        str(sent["sha256"]),
        size if isinstance(size, int) else 0,
        str(sent["file_name"]),
        str(sent.get("media_type", "")),
    )


def is_document(distribution: Distribution) -> bool:
    """Whether it is known by its bytes that what it holds is no table."""
    kept = kept_file_of(distribution)
    return kept is not None and bool(kept.media_type)

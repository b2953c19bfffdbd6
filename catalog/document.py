"""A version of a document: a file that is no table, kept and handed out as it came."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.version import Version


@dataclass(frozen=True, slots=True)
class Document:
    """One state of a document."""

    version: Version
    file_name: str

    @property
    def sha256(self) -> str:
        """Of its bytes, under which they are kept."""
        return self.version.digest

    @property
    def media_type(self) -> str:
        """By its bytes."""
        return self.version.reading.media_type

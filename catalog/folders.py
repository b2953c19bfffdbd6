"""Where an installation keeps bytes; the portal's settings fill it in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.dataset import DistributionId


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one installation, all in one file system: a rename moves a file."""

    blobs: Path
    """Uploaded bytes, by SHA-256."""
    tables: Path
    """Delta tables, one folder a distribution."""
    serving: Path
    """Serving copies; may be thrown away and are built again."""

    def table_of(self, distribution_id: DistributionId) -> Path:
        """The folder of a distribution's Delta table."""
        return self.tables / str(distribution_id)

    def blob(self, sha256: str) -> Path:
        """The file of a blob."""
        return self.blobs / sha256[:2] / sha256

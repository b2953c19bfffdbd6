"""Where an installation keeps bytes; the portal's settings fill it in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.blobs import Blobs
from catalog.cache import CACHE_BYTES, Cache
from catalog.dataset import DistributionId
from catalog.storage import LOCAL, FolderStorage, Storage


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one installation, all in one file system: a rename moves a file."""

    blobs: Blobs
    """Uploaded bytes, by SHA-256."""
    tables: Path
    """Delta tables, one folder a distribution."""
    serving: Path
    """Serving copies; may be thrown away and are built again."""
    cache: Cache
    """Bounds what lies here although it could be had again."""

    @classmethod
    def below(
        cls, root: Path, storage: Storage = LOCAL, *, cache_bytes_max: int = CACHE_BYTES
    ) -> Folders:
        """The folders as they lie below the private folder of an installation."""
        blobs, tables, results = root / "blobs", root / "tables", root / "results"
        elsewhere = () if isinstance(storage, FolderStorage) else (blobs, tables, results)
        cache = Cache(root / "serving", elsewhere, cache_bytes_max)
        return cls(Blobs(blobs, storage), tables, root / "serving", cache)

    @property
    def storage(self) -> Storage:
        """Where blobs and files of tables are kept for good."""
        return self.blobs.storage

    def table_of(self, distribution_id: DistributionId) -> Path:
        """The folder of a distribution's Delta table."""
        return self.tables / str(distribution_id)

    def blob(self, sha256: str) -> Path:
        """The file of a blob, brought here where it is kept elsewhere.

        Raises: FileDamaged, StorageAway.
        """
        return self.blobs.brought(sha256)

"""Where the bytes lie that must not be lost: blobs, files of tables and results.

Everything is written and read as a file of a folder on this machine. In an installation of one
machine that folder is all there is. With S3 (`catalog.s3`) it is a cache of a bucket: what is kept
goes there before anybody is told of it, and what is missing or damaged here is brought again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from catalog.errors import FileDamaged


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is kept; its path is where it would lie on this machine."""

    path: Path
    size_bytes: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class TableAddress:
    """How the Delta library reaches a table."""

    uri: str
    options: Mapping[str, str] | None
    """None for a folder."""


class Storage(Protocol):
    """Keeps files by their paths below an installation's folder."""

    def keep(self, path: Path) -> None:
        """Have a file, which lies whole and synced at its path, for good.

        Raises: StorageFull, StorageAway.
        """

    def bring(self, path: Path, sha256: str) -> None:
        """Have a kept file at its path; a file that lies there stays as it is.

        Raises: FileDamaged where it is kept nowhere, or not with these bytes; StorageAway.
        """

    def mend(self, path: Path, sha256: str) -> None:
        """Replace a file that was found damaged at its path by what is kept.

        Raises: as `bring`.
        """

    def remove(self, path: Path) -> None:
        """Forget a file; also where there is none."""

    def files(self, folder: Path) -> Iterator[KeptFile]:
        """Every kept file below a folder, in no order."""

    def table(self, folder: Path) -> TableAddress:
        """The Delta table of a folder."""


class FolderStorage:
    """The folder on this machine is what is kept."""

    def keep(self, path: Path) -> None:
        """It lies there already."""

    def bring(self, path: Path, sha256: str) -> None:
        """Whether it is there is seen by who checks it."""

    def mend(self, path: Path, sha256: str) -> None:  # noqa: ARG002 - there is no other copy
        """There is nothing to mend it from."""
        raise FileDamaged(path.name)

    def remove(self, path: Path) -> None:
        """Remove the file."""
        path.unlink(missing_ok=True)

    def files(self, folder: Path) -> Iterator[KeptFile]:
        """The files below a folder, but for what is on its way."""
        for path in folder.rglob("*"):
            if any(part.startswith(".") for part in path.relative_to(folder).parts):
                continue
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                modified_at = datetime.fromtimestamp(state.st_mtime, UTC)
                yield KeptFile(path, state.st_size, modified_at)

    def table(self, folder: Path) -> TableAddress:
        """The folder itself."""
        return TableAddress(str(folder), None)


LOCAL = FolderStorage()

"""Serving copies: folders that hold just what a view permits of one version.

A copy can be thrown away and built again at any time. Its bytes are checked before their first use
in each process, because the engine itself does not notice a damaged file.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import (
    DamagedServingCopy,
)

FORMAT_VERSION = 1
CSV_NAME, DATABASE_NAME, PARQUET_NAME = "data.csv", "data.duckdb", "data.parquet"
MANIFEST_NAME = "manifest.json"
TABLE_NAME = "data"
_CHECKED_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a serving copy, with the engine's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a serving copy."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ServingCopy:
    """What `manifest.json` says of a folder whose files have been checked against it."""

    folder: Path
    columns: tuple[Column, ...]
    rows: int
    """Exact number of rows; it never changes."""
    key: tuple[str, ...]
    """The declared key's visible columns, by which the rows are sorted."""
    view_fingerprint: str
    files: tuple[StoredFile, ...]

    def path(self, name: str) -> Path:
        """Path of one of the files; `name` is one of the `..._NAME` of this module."""
        return self.folder / name

    def file(self, name: str) -> StoredFile:
        """Size and digest of one of the files."""
        return next(file for file in self.files if file.name == name)


def open_serving_copy(folder: Path) -> ServingCopy:
    """Read a serving copy's manifest and check its files, once per process and state of the file.

    Raises: DamagedServingCopy where it has to be built (again).
    """
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
        if manifest["format_version"] != FORMAT_VERSION:
            raise DamagedServingCopy("it was built by another version")
        copy = ServingCopy(
            folder,
            tuple(Column(column["name"], column["type"]) for column in manifest["columns"]),
            manifest["rows"],
            tuple(manifest["key"]),
            manifest["view_fingerprint"],
            tuple(
                StoredFile(file["name"], file["size_bytes"], file["sha256"])
                for file in manifest["files"]
            ),
        )
        for file in copy.files:
            check_file(folder / file.name, file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedServingCopy(type(error).__name__) from None
    return copy


_checked: dict[Path, tuple[int, int, int, str]] = {}


def check_file(path: Path, file: StoredFile) -> None:
    """Compare a file's digest with the manifest, unless this process did so and it is unchanged.

    Raises: DamagedServingCopy.
    """
    state = path.stat()
    seen = (state.st_ino, state.st_mtime_ns, state.st_size, file.sha256)
    if _checked.get(path) == seen:
        return
    if state.st_size != file.size_bytes or sha256_of(path) != file.sha256:
        raise DamagedServingCopy(f"{file.name} has changed")
    if len(_checked) >= _CHECKED_MAX:
        _checked.clear()
    _checked[path] = seen


def stored_file(path: Path) -> dict[str, str | int]:
    """What the manifest says of a file, which is synced first."""
    sync(path)
    return {"name": path.name, "size_bytes": path.stat().st_size, "sha256": sha256_of(path)}


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

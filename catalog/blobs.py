"""Content-addressed bytes: written aside while they are hashed, synced, then renamed into place.

A reader finds a whole file or none, whatever moment the machine stops at. What an interrupted
write leaves lies in `.arriving` and is swept when it is old.

Source: POSIX `rename`, `fsync` on the file and then on its folder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from catalog.errors import FileDamaged, FileTooLarge, StorageFull
from catalog.storage import LOCAL, Storage

UPLOAD_BYTES_MAX = 4 << 30
ARRIVING_AGE_S_MAX = 24 * 3600
"""Older unfinished writes belong to nobody."""

_ARRIVING = ".arriving"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """Bytes that are in place and will survive a power cut."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Blobs:
    """The folder of blobs, and where they are kept for good."""

    folder: Path
    storage: Storage = LOCAL

    def path(self, sha256: str) -> Path:
        """Where a blob lies on this machine when it is here."""
        return self.folder / sha256[:2] / sha256

    def brought(self, sha256: str) -> Path:
        """The file of a blob, here. What was brought was checked; a file of our own is not.

        Raises: FileDamaged, StorageAway.
        """
        path = self.path(sha256)
        self.storage.bring(path, sha256)
        return path

    def checked(self, sha256: str) -> Path:
        """The file of a blob, here and with just its bytes.

        Raises: FileDamaged, StorageAway.
        """
        path = self.brought(sha256)
        try:
            check_file(path, sha256)
        except FileDamaged:
            self.storage.mend(path, sha256)
        return path


class ArrivingBlob:
    """Bytes on their way in; leaving the `with` block without `keep` throws them away."""

    def __init__(self, blobs: Blobs, *, size_bytes_max: int = UPLOAD_BYTES_MAX) -> None:
        """Open a file aside in the blob folder.

        Raises: StorageFull.
        """
        self._blobs = blobs
        self._size_bytes_max = size_bytes_max
        self._size_bytes = 0
        self._sha256 = hashlib.sha256()
        with no_room_is_a_refusal():
            arriving = blobs.folder / _ARRIVING
            arriving.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path = arriving / token_hex(16)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    @property
    def size_bytes(self) -> int:
        """How many bytes have come so far."""
        return self._size_bytes

    def write(self, chunk: bytes) -> None:
        """Add bytes.

        Raises: FileTooLarge, StorageFull.
        """
        self._size_bytes += len(chunk)
        if self._size_bytes > self._size_bytes_max:
            raise FileTooLarge(self._size_bytes_max)
        self._sha256.update(chunk)
        rest = memoryview(chunk)
        with no_room_is_a_refusal():
            while rest:
                rest = rest[os.write(self._file, rest) :]

    def keep(self) -> StoredBlob:
        """Put the bytes in place, unless the same bytes are there, and say their name.

        Raises: StorageFull, StorageAway.
        """
        stored = StoredBlob(self._sha256.hexdigest(), self._size_bytes)
        target = self._blobs.path(stored.sha256)
        with no_room_is_a_refusal():
            os.fsync(self._file)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            # Also where it exists: a damaged one is mended by whoever brings the bytes again.
            self._path.rename(target)
            sync(target.parent)
            sync(self._blobs.folder)
        self._blobs.storage.keep(target)
        return stored

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)
        self._path.unlink(missing_ok=True)


def store_blob(
    blobs: Blobs, chunks: Iterable[bytes], *, size_bytes_max: int = UPLOAD_BYTES_MAX
) -> StoredBlob:
    """Store a stream of bytes.

    Raises: FileTooLarge, StorageFull, StorageAway.
    """
    with ArrivingBlob(blobs, size_bytes_max=size_bytes_max) as arriving:
        for chunk in chunks:
            arriving.write(chunk)
        return arriving.keep()


def check_file(path: Path, sha256: str) -> None:
    """Compare a file's bytes with their recorded name.

    Raises: FileDamaged where it is missing or differs.
    """
    try:
        with path.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        is_same = False
    if not is_same:
        raise FileDamaged(path.name)


def sweep_arriving(blobs: Blobs) -> int:
    """Throw away what interrupted writes left behind; says how many files."""
    oldest = time.time() - ARRIVING_AGE_S_MAX
    swept = 0
    for path in (blobs.folder / _ARRIVING).glob("*"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def sync(path: Path) -> None:
    """Have the disk hold a file or the names in a folder.

    Raises: StorageFull.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with no_room_is_a_refusal():
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def no_room_is_a_refusal() -> Iterator[None]:
    """Turn a full disk into a refusal.

    Raises: StorageFull.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull from error
        raise

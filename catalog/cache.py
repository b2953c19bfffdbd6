"""Bound what lies on this machine although it can be had again.

Serving copies always can; with S3 so can blobs, files of tables and results. Whoever adds to them
says how much; now and then what was used longest ago is thrown away until the rest is within its
bound. What was used a moment ago stays, so that nobody's file goes while it is being opened; who
has it open keeps it anyway.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

IN_USE_S: Final = 600
"""What was used within this time is not thrown away, even where the bound is exceeded."""
LEFTOVER_AGE_S: Final = 24 * 3600
"""What an interrupted write left is thrown away after this."""
TOUCHED_EVERY_S: Final = 60
"""Uses within this time of one another count as one."""
SHARE_BETWEEN_TRIMS: Final = 16
"""The cache is looked through when it has grown by this share of its bound."""
CACHE_BYTES: Final = 50 << 30
"""Its bound where the operators name none."""


@dataclass(slots=True)
class Cache:
    """The folders of one machine that together stay within a bound."""

    copies: Path
    """Serving copies: folders below folders of two letters."""
    files: Sequence[Path] = ()
    """Folders whose files are kept elsewhere as well."""
    bytes_max: int = CACHE_BYTES
    _grown_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def grew(self, size_bytes: int) -> None:
        """Take note of what was added, and trim where that is due."""
        with self._lock:
            self._grown_bytes += size_bytes
            if self._grown_bytes < self.bytes_max // SHARE_BETWEEN_TRIMS:
                return
            self._grown_bytes = 0
        self.trim()

    def trim(self) -> int:
        """Throw away what was used longest ago, and old leftovers; says how many bytes went.

        Of several processes that come here at once one does it.
        """
        if not self.copies.is_dir():
            return 0
        with (self.copies / ".trim.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            now_s = time.time()
            held = sorted(self._held(), key=lambda one: one.used_s)
            total = sum(one.size_bytes for one in held)
            gone = 0
            for one in held:
                if total - gone <= self.bytes_max or one.used_s > now_s - IN_USE_S:
                    break
                one.remove()
                gone += one.size_bytes
            self._remove_leftovers(now_s - LEFTOVER_AGE_S)
            return gone

    def _held(self) -> Iterator[_Held]:
        for copy in self.copies.glob("[0-9a-f][0-9a-f]/[0-9a-f]*"):
            states = [path.stat() for path in _quietly(copy.iterdir())]
            if states:
                used_s = max(max(one.st_atime, one.st_mtime) for one in states)
                yield _Held(copy, sum(one.st_size for one in states), used_s)
        for folder in self.files:
            for path in folder.rglob("*"):
                if path.name.startswith(".") or any(
                    part.startswith(".") for part in path.relative_to(folder).parts
                ):
                    continue
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue
                if path.is_file():
                    yield _Held(path, state.st_size, max(state.st_atime, state.st_mtime))

    def _remove_leftovers(self, before_s: float) -> None:
        for folder in (self.copies, *self.files):
            for path in (*folder.glob(".*"), *folder.glob("*/.*")):
                try:
                    is_old = path.stat().st_mtime < before_s
                except FileNotFoundError:
                    continue
                if is_old and path.name not in (".trim.lock", ".arriving"):
                    _remove(path)


def touch(path: Path) -> None:
    """Take note that a file is used; its contents and their time stay as they are."""
    try:
        state = path.stat()
        if time.time() - max(state.st_atime, state.st_mtime) > TOUCHED_EVERY_S:
            os.utime(path, ns=(time.time_ns(), state.st_mtime_ns))
    except OSError:
        # It goes at this moment, or belongs to somebody else; then it is not used here.
        return


@dataclass(frozen=True, slots=True)
class _Held:
    path: Path
    size_bytes: int
    used_s: float

    def remove(self) -> None:
        _remove(self.path)


def _remove(path: Path) -> None:
    if path.is_dir():
        # Out of its place in one step: who looks finds a whole copy or none.
        aside = path.with_name(f".{path.name}.gone")
        try:
            path.rename(aside)
        except OSError:
            return
        shutil.rmtree(aside, ignore_errors=True)
        return
    path.unlink(missing_ok=True)


def _quietly(paths: Iterator[Path]) -> list[Path]:
    try:
        return [path for path in paths if path.is_file()]
    except FileNotFoundError:
        return []

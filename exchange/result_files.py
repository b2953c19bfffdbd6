"""The folder of result files: complete, hashed, each belonging to one receipt or soon swept.

A file is named before its receipt exists, so a crash between the two leaves a file that no row
names; the sweep removes those once no delivery can still be at work on them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from catalog.storage import Storage
from exchange.credit import RESERVATION_LIFE
from exchange.store import receipts as store
from policies.database import Pool

SWEEP_BATCH = 1_000
ORPHAN_AFTER = 2 * RESERVATION_LIFE
"""A file that no receipt names for so long belongs to no delivery that is still at work."""


def new_path(folder: Path, suffix: str) -> Path:
    """Where a result may be written; nothing is there yet."""
    return folder / f"{uuid4().hex}.{suffix}"


def write_result(path: Path, data: bytes) -> str:
    """Write a whole result that only its owner can read; gives its SHA-256."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
    return sha256(data).hexdigest()


def stream_result(path: Path, pieces: Iterator[bytes]) -> tuple[int, str]:
    """Write a result piece by piece; gives its size in bytes and its SHA-256."""
    digest, size_bytes = sha256(), 0
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size_bytes += len(piece)
    return size_bytes, digest.hexdigest()


def link_result(path: Path, stored: Path) -> None:
    """Make a stored file a result, sharing its bytes where the file system lets us."""
    try:
        os.link(stored, path)
    except OSError:
        shutil.copyfile(stored, path)


def remove_result(path: Path) -> None:
    """Remove a result that nobody was charged for, or a folder in which one was being made."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sweep_results(pool: Pool, folder: Path, storage: Storage, at: datetime) -> int:
    """Remove results whose time has passed and files that no receipt names; how many it were."""
    with pool.connection() as tx:
        ended = store.delete_ended_results(tx, at, limit=SWEEP_BATCH)
    for name in ended:
        storage.remove(folder / name)
    orphans = _orphans(pool, folder, storage, at - ORPHAN_AFTER)
    for path in orphans:
        storage.remove(path)
    return len(ended) + len(orphans)


def _orphans(pool: Pool, folder: Path, storage: Storage, before: datetime) -> list[Path]:
    """Old files that no receipt names."""
    here = {
        path
        for path in folder.iterdir()
        # A result that shares a stored file's bytes is as young as its name, not as they are.
        if datetime.fromtimestamp(path.stat().st_ctime, UTC) < before
    }
    elsewhere = {
        file.path
        for file in storage.files(folder)
        if file.modified_at < before and not file.path.exists()
    }
    old = sorted(here | elsewhere)
    with pool.connection() as tx:
        known = store.known_paths(tx, [path.name for path in old])
    return [path for path in old if path.name not in known]

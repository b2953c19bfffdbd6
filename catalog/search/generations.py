"""The folder of the index: generations, one folder each, and which of them is in use.

The name of the one in use stands in the file `current`. One process at a time writes to it, and one
builds the next beside it; each holds a lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from catalog.search.errors import IndexWriterBusy

SCHEMA_VERSION: Final = 4
"""Raised with every change of the schema, of how text is cut or of what is told; older indexes
are built anew."""

_CURRENT: Final = "current"


def current_generation(folder: Path) -> str | None:
    """The folder of the index in use; None where there is none of this release."""
    try:
        name = (folder / _CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
    if not name.startswith(_prefix()) or not (folder / name / "meta.json").is_file():
        return None
    return name


def forget(folder: Path) -> None:
    """Give up the index in use, so that the next writer builds it anew."""
    (folder / _CURRENT).unlink(missing_ok=True)


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Be the only one who writes to the index in use.

    Raises: IndexWriterBusy.
    """
    with _locked(folder / "writer.lock"):
        yield


@contextlib.contextmanager
def next_generation(folder: Path) -> Iterator[str]:
    """The name of a new, empty generation, which replaces the others at the end of the block.

    Raises: IndexWriterBusy.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder / "rebuild.lock"):
        name = f"{_prefix()}{uuid4().hex}"
        (folder / name).mkdir(mode=0o700)
        try:
            yield name
            note = folder / f"{_CURRENT}.{uuid4().hex}"
            note.write_text(name, encoding="utf-8")
            note.replace(folder / _CURRENT)
        except BaseException:
            shutil.rmtree(folder / name, ignore_errors=True)
            raise
        for old in folder.glob("v*-*"):
            if old.name != name:
                # Whoever still reads it holds its files open.
                shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IndexWriterBusy from None
        yield
    finally:
        os.close(descriptor)


def _prefix() -> str:
    return f"v{SCHEMA_VERSION}-"

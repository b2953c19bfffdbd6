"""Look whether what must always hold in the catalogue still does; `weir doctor` asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from catalog.errors import FileDamaged
from catalog.folders import Folders
from catalog.store import invariants as store
from policies.database import Tx
from policies.errors import N_


def examine(tx: Tx, folders: Folders) -> Iterator[tuple[str, list[str]]]:
    """Each rule in words with what breaks it; an empty list where it holds."""
    yield (
        N_("Nothing is published that its gate did not let pass"),
        store.published_past_the_gate(tx),
    )
    yield N_("Nobody approved what they submitted"), store.approved_by_their_submitter(tx)
    yield N_("Nothing hidden is told to everybody"), store.told_though_hidden(tx)
    yield (
        N_("Every uploaded file is there, byte for byte"),
        [
            sha256
            for sha256, _ in store.blobs(tx)
            if not _is_whole(folders, folders.blobs.path(sha256), sha256)
        ],
    )
    yield (
        N_("Every file of every version is there, byte for byte"),
        [
            f"{distribution}/{path}"
            for distribution, path, sha256 in store.files_of_versions(tx)
            if not _is_whole(folders, folders.tables / distribution / path, sha256)
        ],
    )


def _is_whole(folders: Folders, path: Path, sha256: str) -> bool:
    try:
        folders.storage.bring(path, sha256)
    except FileDamaged:
        return False
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256

"""Sizes and digests of open files, noted when they are made ready, so that descriptions of many
datasets can tell them without reading a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.serving_copy import CSV_NAME, ServingCopy
from catalog.store import open_files as store
from catalog.view import View
from policies.database import Tx
from policies.terms import VersionId


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What the address of an open file serves."""

    sha256: str
    size_bytes: int


def note_open_file(tx: Tx, version_id: VersionId, view: View, copy: ServingCopy) -> None:
    """Note what the file of a version looks like under a view; a second time changes nothing."""
    if view.is_keyed:
        # Its bytes depend on the installation's secret, which may be another one tomorrow.
        return
    stored = copy.file(CSV_NAME)
    store.insert_open_file(
        tx, version_id, view.fingerprint(), sha256=stored.sha256, size_bytes=stored.size_bytes
    )


def noted_open_files(
    tx: Tx, wanted: Sequence[tuple[VersionId, View]]
) -> Mapping[tuple[VersionId, str], FileDigest]:
    """What is noted of these versions under these views, by version and fingerprint of the view."""
    rows = store.open_files_of(tx, [version_id for version_id, _ in wanted])
    return {
        (VersionId(row["version_id"]), row["view_fingerprint"]): FileDigest(
            row["sha256"], row["size_bytes"]
        )
        for row in rows
    }

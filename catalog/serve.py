"""Serving copies of versions: found, or built from files that are verified first.

    with pool.connection() as tx:
        stored = find.stored_version(tx, version_id)
    copy = serving_copy(stored, folders, view, mask_key=...)

Building takes seconds and needs no connection, so the two are apart. Any number of threads and
processes may ask at once: one builds, the others get its result.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from catalog.build_copy import build_serving_copy
from catalog.cache import touch
from catalog.errors import DamagedServingCopy
from catalog.find import StoredVersion
from catalog.folders import Folders
from catalog.serving_copy import MANIFEST_NAME, ServingCopy, open_serving_copy
from catalog.view import EVERYTHING, View


def serving_copy(
    stored: StoredVersion,
    folders: Folders,
    view: View = EVERYTHING,
    *,
    mask_key: bytes | None = None,
) -> ServingCopy:
    """The copy that holds just what `view` permits of the version, built where it is missing.

    Who may read it is decided before.

    Raises: FileDamaged where the version's own files are not those that were recorded;
    MalformedView, MaskKeyMissing.
    """
    folder = _folder(stored, folders, view, mask_key)
    try:
        copy = open_serving_copy(folder)
    except DamagedServingCopy:
        paths = stored.checked_paths(folders)
        copy = build_serving_copy(paths, view, folder, key=stored.key, mask_key=mask_key)
        folders.cache.grew(sum(file.size_bytes for file in copy.files))
        return copy
    touch(copy.path(MANIFEST_NAME))
    return copy


def ready_copy(
    stored: StoredVersion, folders: Folders, view: View, *, mask_key: bytes | None = None
) -> ServingCopy | None:
    """The same copy where it is built already; None where it is not.

    Raises: as `serving_copy`, but for files, which are not read.
    """
    try:
        copy = open_serving_copy(_folder(stored, folders, view, mask_key))
    except DamagedServingCopy:
        return None
    touch(copy.path(MANIFEST_NAME))
    return copy


def _folder(stored: StoredVersion, folders: Folders, view: View, mask_key: bytes | None) -> Path:
    """One folder for each content, key and view, and for each masking key where it matters."""
    named = json.dumps(
        [
            stored.version.digest,
            list(stored.key),
            view.fingerprint(),
            hashlib.sha256(mask_key).hexdigest() if view.is_keyed and mask_key else None,
        ],
        ensure_ascii=False,
    )
    name = hashlib.sha256(named.encode()).hexdigest()
    return folders.serving / name[:2] / name

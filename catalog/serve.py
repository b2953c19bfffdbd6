"""Serving copies of versions: found, or built from files that are verified first.

    with pool.connection() as tx:
        servable = servable_version(tx, version_id)
    copy = serving_copy(servable, folders, view, mask_key=...)

Building takes seconds and needs no connection, so the two are apart. Any number of threads and
processes may ask at once: one builds, the others get its result.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from catalog import tables
from catalog.dataset import DistributionId
from catalog.errors import DamagedServingCopy, VersionNotFound
from catalog.folders import Folders
from catalog.store import datasets as dataset_store
from catalog.store import versions as store
from catalog.version import Version, VersionFile
from catalog.view import EVERYTHING, MaskKind, View
from catalog.warehouse import ServingCopy, build_serving_copy, open_serving_copy
from policies.database import Tx
from policies.terms import VersionId


@dataclass(frozen=True, slots=True)
class ServableVersion:
    """All that building a serving copy of a version needs."""

    version: Version
    distribution_id: DistributionId
    key: tuple[str, ...]
    """The declared key's columns that this version has."""
    files: tuple[VersionFile, ...]


def servable_version(tx: Tx, version_id: VersionId) -> ServableVersion:
    """What building a copy of the version needs. Who may read it is decided before.

    Raises: VersionNotFound.
    """
    version = store.get_version(tx, version_id)
    if version is None:
        raise VersionNotFound
    distribution = dataset_store.get_distribution(tx, version.distribution_id)
    assert distribution is not None
    names = {column.name for column in version.columns}
    key = tuple(name for name in distribution.key_columns if name in names)
    files = tuple(store.files_of(tx, version_id))
    return ServableVersion(version, version.distribution_id, key, files)


def serving_copy(
    servable: ServableVersion,
    folders: Folders,
    view: View = EVERYTHING,
    *,
    mask_key: bytes | None = None,
) -> ServingCopy:
    """The copy that holds just what `view` permits of the version, built where it is missing.

    Raises: FileDamaged where the version's own files are not those that were recorded;
    MalformedView, MaskKeyMissing.
    """
    folder = _folder(servable, folders, view, mask_key)
    try:
        return open_serving_copy(folder)
    except DamagedServingCopy:
        table = folders.table_of(servable.distribution_id)
        paths = tables.check_files(table, servable.files)
        return build_serving_copy(paths, view, folder, key=servable.key, mask_key=mask_key)


def _folder(
    servable: ServableVersion, folders: Folders, view: View, mask_key: bytes | None
) -> Path:
    """One folder for each content, key and view, and for each masking key where it matters."""
    is_hashed = any(mask.kind is MaskKind.HASH for mask in view.masks.values())
    named = json.dumps(
        [
            servable.version.digest,
            list(servable.key),
            view.fingerprint(),
            hashlib.sha256(mask_key).hexdigest() if is_hashed and mask_key else None,
        ],
        ensure_ascii=False,
    )
    name = hashlib.sha256(named.encode()).hexdigest()
    return folders.serving / name[:2] / name

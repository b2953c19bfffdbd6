"""Where this installation keeps bytes and keys: its folder, or S3 and the sealed rows.

With S3 the folder is a cache; with a secret for keys they are sealed rows of the database.
"""

from __future__ import annotations

import os

from catalog.folders import Folders
from policies.evidence.wrapping import Wrapping
from policies.seal import KeyRing
from portal.settings import Settings


def keys_of(settings: Settings) -> KeyRing:
    """The keys of an installation."""
    secret = settings.key_secret
    return KeyRing(settings.keys_folder, Wrapping.under(secret) if secret else None)


def folders_of(settings: Settings) -> Folders:
    """The folders of an installation. Credentials for S3 are taken from the environment."""
    root, cache_bytes_max = settings.private_folder, settings.cache_bytes_max
    if settings.storage_url is None:
        return Folders.below(root, cache_bytes_max=cache_bytes_max)
    # It takes a while to load, and most installations keep their bytes in a folder.
    from catalog.s3 import Bucket, S3Storage

    storage = S3Storage(Bucket.from_url(settings.storage_url), root, os.environ)
    folders = Folders.below(root, storage, cache_bytes_max=cache_bytes_max)
    storage.on_growth = folders.cache.grew
    return folders

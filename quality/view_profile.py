"""The profile of a view: counted once from the copy that holds just what the view permits.

It is kept beside the copy, and goes with it; a copy never changes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from secrets import token_hex
from typing import Final

from catalog.serving_copy import PARQUET_NAME, ServingCopy
from quality.profile import Profile, profile_as_json, profile_from_json
from quality.profiling import profile_files

PROFILE_NAME: Final = "profile.json"


def profile_of_copy(copy: ServingCopy) -> Profile:
    """What the copy's columns hold, masked ones as they are masked."""
    path = copy.path(PROFILE_NAME)
    digest = copy.file(PARQUET_NAME).sha256
    try:
        kept = json.loads(path.read_bytes())
        if kept["of"] == digest:
            return profile_from_json(kept["profile"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    profile = profile_files([copy.path(PARQUET_NAME)])
    _keep(path, json.dumps({"of": digest, "profile": profile_as_json(profile)}).encode())
    return profile


def _keep(path: Path, data: bytes) -> None:
    """Put the file there in one step; without it the profile is only counted again."""
    aside = path.with_name(f".{path.name}.{token_hex(8)}")
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
    aside.replace(path)

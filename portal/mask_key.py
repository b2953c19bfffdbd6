"""The installation's secret under which listings hash columns: equal values stay equal, here only.

It is one file beside the signing keys, made when it is first needed. Whoever has it could try out
values, so it never leaves the private folder; with another one, copies are built anew.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from secrets import token_bytes
from typing import Final

MASK_KEY_NAME: Final = "mask.key"
MASK_KEY_BYTES: Final = 32


@cache
def mask_key(keys_folder: Path) -> bytes:
    """The secret, made once; several processes may come here at the same time."""
    path = keys_folder / MASK_KEY_NAME
    aside = keys_folder / f".{MASK_KEY_NAME}.{os.getpid()}"
    if not path.exists():
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(token_bytes(MASK_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # The first one to link its file wins; the others use that.
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_bytes()

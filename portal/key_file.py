"""Secrets of the installation that are one file each beside the signing keys, mode 0600."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Final

KEY_BYTES: Final = 32
SEALING_KEY_NAME: Final = "connections.key"


def sealing_key(keys_folder: Path) -> bytes:
    """The secret under which passwords and keys of connections lie at rest.

    Whoever has it and the database has those passwords. Without it they are entered again.
    """
    return key_in(keys_folder, SEALING_KEY_NAME)


@cache
def key_in(keys_folder: Path, name: str) -> bytes:
    """A secret, made once; several processes and threads may come here at the same time."""
    path = keys_folder / name
    aside = keys_folder / f".{name}.{token_hex(8)}"
    if not path.exists():
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # The first one to link its file wins; the others use that.
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_bytes()

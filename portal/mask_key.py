"""The installation's secret under which listings hash columns: equal values stay equal, here only.

It is made when it is first needed. Whoever has it could try out values, so it never leaves the
private folder; with another one, copies are built anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from portal.key_file import key_in

MASK_KEY_NAME: Final = "mask.key"


def mask_key(keys_folder: Path) -> bytes:
    """The secret."""
    return key_in(keys_folder, MASK_KEY_NAME)

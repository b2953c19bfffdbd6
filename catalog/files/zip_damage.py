"""What reading a zip raises where the file is at fault and nothing else."""

from __future__ import annotations

import zipfile
import zlib
from typing import Final

ZIP_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    # A member has a password, or is packed in a way that the library does not know.
    RuntimeError,
)

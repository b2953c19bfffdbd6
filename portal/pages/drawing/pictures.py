"""Where a page finds the picture of an organisation or a theme.

Pages show pictures that are kept here and no others: an address elsewhere would tell that other
site who reads what, and the content policy forbids it.
"""

from __future__ import annotations

import re
from typing import Final

_KEPT_HERE: Final = re.compile(r"[0-9a-f]{64}\.(?:png|jpg|gif|webp)")


def picture_path(image_url: str) -> str | None:
    """The path of a picture that is kept here; None for every other one."""
    return f"/uploads/group/{image_url}" if _KEPT_HERE.fullmatch(image_url) else None

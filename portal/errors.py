"""Every refusal of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Denied


@dataclass(eq=False)
class ForgedRequest(Denied):
    """A change was asked for with a session's cookie, but not visibly by one of our own pages."""

    message: ClassVar[str] = N_(
        "This page was open for too long, or the request came from another site. Load the page "
        "again and repeat what you did."
    )

"""A link to a delivered file: whoever holds it may fetch this one file, for a short time.

The address carries an HMAC over the link's id, its receipt, the file's digest, the moment by which
it must first be used, its byte limit and its reader. Its row says what was used of it; both have to
agree. `sp=r` stands in each link because a stock reader takes an address without one of a few names
for a file on its own disk.

Source: exchange design, tokens ("file links are tokens too"), Delta Sharing trap 1; X115.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from policies.terms import OrganizationId, Purpose, UserId

FIRST_USE_WITHIN_MOST: Final = timedelta(minutes=5)
READ_WITHIN: Final = timedelta(hours=1)
"""How long after its first use a link can be read again, free of charge."""
READS_MOST: Final = 20
"""How often the bytes of a file may be fetched through one link: stock clients ask ten times."""
BYTES_LEAST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Link:
    """A link as its row says."""

    id: UUID
    receipt_id: UUID
    file_sha256: str
    user_id: UserId
    organization_id: OrganizationId | None
    token_id: UUID | None
    purpose: Purpose | None
    made_at: datetime
    first_use_by: datetime
    first_used_at: datetime | None
    bytes_most: int

    def is_open(self, at: datetime) -> bool:
        """Whether its time lets it be used at that moment."""
        if self.first_used_at is None:
            return at < self.first_use_by
        return at < self.first_used_at + READ_WITHIN

    def signature(self, key: bytes) -> str:
        """What makes the address good."""
        said = "\n".join(
            (
                "weir-link/1",
                str(self.id),
                str(self.receipt_id),
                self.file_sha256,
                str(int(self.first_use_by.timestamp())),
                str(self.bytes_most),
                str(self.user_id),
                str(self.organization_id or ""),
                str(self.token_id or ""),
            )
        )
        made = hmac.digest(key, said.encode(), "sha256")
        return urlsafe_b64encode(made).rstrip(b"=").decode()

    def address(self, site_url: str, key: bytes) -> str:
        """Where the file is fetched."""
        asked: Mapping[str, str] = {"sp": "r", "s": self.signature(key)}
        return f"{site_url}/files/{self.id}?{urlencode(asked)}"


def bytes_most_of(size_bytes: int) -> int:
    """How much may be fetched through a link to a file of that size."""
    return max(BYTES_LEAST, READS_MOST * size_bytes)

"""A file that arrives in pieces, perhaps over days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType
from uuid import UUID

from catalog.dataset import DistributionId
from catalog.version import UploadId
from catalog.way_in import Way
from policies.terms import UserId

ArrivalId = NewType("ArrivalId", UUID)

KEPT_FOR: Final = timedelta(days=3)
"""So long after its last piece an unfinished file is waited for."""
DONE_KEPT_FOR: Final = timedelta(days=1)
"""So long a finished one is known, for those who did not hear the answer."""
ARRIVALS_PER_PERSON_MAX: Final = 20
ARRIVING_BYTES_PER_PERSON_MAX: Final = 20 << 30
"""Of all unfinished files of a person together, as they were told of."""
PIECES_MAX: Final = 20_000
PIECE_BYTES: Final = 8 << 20
"""A longer one is kept in parts of this size, so that no more is lost when the line breaks."""
FINGERPRINT_LENGTH_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is on its way."""

    id: ArrivalId
    distribution_id: DistributionId
    user_id: UserId
    file_name: str
    size_bytes: int
    """As it was told when it began."""
    fingerprint: str
    """By which its sender finds it again, from another browser too; empty where none was given."""
    is_held: bool
    """It is to be looked at before it is read."""
    begun_at: datetime
    expires_at: datetime
    arrived_bytes: int = 0
    upload_id: UploadId | None = None
    """Set once all of it is accepted."""
    way: Way = Way.REPLACE

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are here."""
        return self.arrived_bytes == self.size_bytes

    def permille(self) -> int:
        """How much of it is here."""
        return 1000 * self.arrived_bytes // self.size_bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are here, in a file of their own."""

    first_byte: int
    size_bytes: int
    sha256: str

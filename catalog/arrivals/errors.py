"""Refusals of files that arrive in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, NotFound, TooLarge


@dataclass(eq=False)
class ArrivalNotFound(NotFound):
    """There is no such unfinished file, or it is another person's, or its time is over."""

    message: ClassVar[str] = N_("There is no such unfinished upload. Send the file again.")


@dataclass(eq=False)
class PieceOutOfPlace(Conflict):
    """A piece does not begin where the bytes that are here end."""

    message: ClassVar[str] = N_("The next piece has to begin at byte {expected}.")
    expected: int


@dataclass(eq=False)
class PieceTooLong(Invalid):
    """A piece goes beyond the size that was told."""

    message: ClassVar[str] = N_("More bytes came than the {size_bytes} that were told of.")
    size_bytes: int


@dataclass(eq=False)
class PieceDamaged(Invalid):
    """A piece has another digest than its sender told."""

    message: ClassVar[str] = N_("The piece was damaged on its way. Send it again.")


@dataclass(eq=False)
class CheckedPieceTooLarge(TooLarge):
    """A piece with a checksum is held until it is whole, so it has a bound of its own."""

    message: ClassVar[str] = N_("A piece with a checksum has {size_bytes_max} bytes at most.")
    size_bytes_max: int


@dataclass(eq=False)
class TooManyPieces(Invalid):
    """A file comes in more pieces than are kept apart."""

    message: ClassVar[str] = N_("The file comes in more than {most} pieces. Send larger ones.")
    most: int


@dataclass(eq=False)
class TooManyArrivals(Conflict):
    """One person has too many unfinished uploads, or too large ones."""

    message: ClassVar[str] = N_(
        "You have {most} unfinished uploads already, or {size_bytes_most} bytes of them. "
        "Finish or drop one first."
    )
    most: int
    size_bytes_most: int

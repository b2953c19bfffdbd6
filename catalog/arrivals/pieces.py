"""The bytes of each piece: a file beside the blobs, synced before a row tells of it.

A piece is kept apart and never added to a file that is there, so that a killed server leaves either
all of it or none, and so that several servers can each take one where the storage is shared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from catalog.arrivals.arrival import ArrivalId, Piece
from catalog.blobs import Blobs, no_room_is_a_refusal, sync
from catalog.errors import FileDamaged

_FOLDER: Final = "pieces"
_COPY_BYTES: Final = 1 << 20


def keep_piece(blobs: Blobs, arrival_id: ArrivalId, first_byte: int, content: bytes) -> Piece:
    """Put a piece in place.

    Raises: StorageFull, StorageAway.
    """
    piece = Piece(first_byte, len(content), hashlib.sha256(content).hexdigest())
    path = _path(blobs, arrival_id, piece)
    aside = path.with_name(f".{path.name}")
    with no_room_is_a_refusal():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside.write_bytes(content)
        sync(aside)
        aside.rename(path)
        sync(path.parent)
    blobs.storage.keep(path)
    return piece


def content_of(blobs: Blobs, arrival_id: ArrivalId, pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The bytes of these pieces, one after the other.

    Raises: FileDamaged, StorageAway.
    """
    for piece in pieces:
        path = _path(blobs, arrival_id, piece)
        blobs.storage.bring(path, piece.sha256)
        try:
            file = path.open("rb")
        except OSError:
            raise FileDamaged(path.name) from None
        with file:
            while chunk := file.read(_COPY_BYTES):
                yield chunk


def drop_pieces(blobs: Blobs, arrival_id: ArrivalId, pieces: Sequence[Piece]) -> None:
    """Remove pieces that are needed no more."""
    for piece in pieces:
        blobs.storage.remove(_path(blobs, arrival_id, piece))
    folder = _folder(blobs, arrival_id)
    if folder.is_dir():
        for left in folder.iterdir():
            left.unlink(missing_ok=True)
        folder.rmdir()


def _path(blobs: Blobs, arrival_id: ArrivalId, piece: Piece) -> Path:
    return _folder(blobs, arrival_id) / f"{piece.first_byte:013}-{piece.sha256[:16]}"


def _folder(blobs: Blobs, arrival_id: ArrivalId) -> Path:
    return blobs.folder / _FOLDER / str(arrival_id)

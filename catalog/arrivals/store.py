"""Tables `catalog.arrivals` and `catalog.arrived_pieces`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from catalog.arrivals.arrival import Arrival, ArrivalId, Piece
from catalog.version import UploadId
from catalog.way_in import Way
from policies.database import Tx
from policies.terms import UserId


def insert_arrival(tx: Tx, arrival: Arrival) -> None:
    """Add a file of which nothing is here yet."""
    tx.execute(
        """
        INSERT INTO catalog.arrivals
               (id, distribution_id, user_id, file_name, size_bytes, fingerprint, is_held,
                begun_at, expires_at, way)
        VALUES (%(id)s, %(distribution_id)s, %(user_id)s, %(file_name)s, %(size_bytes)s,
                %(fingerprint)s, %(is_held)s, %(begun_at)s, %(expires_at)s, %(way)s)
        """,
        {
            "id": arrival.id,
            "distribution_id": arrival.distribution_id,
            "user_id": arrival.user_id,
            "file_name": arrival.file_name,
            "size_bytes": arrival.size_bytes,
            "fingerprint": arrival.fingerprint,
            "is_held": arrival.is_held,
            "begun_at": arrival.begun_at,
            "expires_at": arrival.expires_at,
            "way": arrival.way,
        },
    )


def lock_sender(tx: Tx, user_id: UserId) -> None:
    """Let nobody else begin a file as this person until the transaction ends."""
    tx.execute(
        """
        SELECT 1
          FROM policies.users
         WHERE id = %(user_id)s
           FOR NO KEY UPDATE
        """,
        {"user_id": user_id},
    )


def get_arrival(tx: Tx, arrival_id: ArrivalId) -> Arrival | None:
    """The arrival; None where there is none."""
    row = tx.execute(
        """
        SELECT id, distribution_id, user_id, file_name, size_bytes, fingerprint, is_held,
               begun_at, expires_at, upload_id, way,
               (SELECT coalesce(sum(piece.size_bytes), 0)::bigint
                  FROM catalog.arrived_pieces AS piece
                 WHERE piece.arrival_id = arrival.id) AS arrived_bytes
          FROM catalog.arrivals AS arrival
         WHERE id = %(id)s
        """,
        {"id": arrival_id},
    ).fetchone()
    return None if row is None else _arrival(row)


def lock_arrival(tx: Tx, arrival_id: ArrivalId) -> None:
    """Let nobody else change the arrival until the transaction ends."""
    tx.execute(
        """
        SELECT 1
          FROM catalog.arrivals
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": arrival_id},
    )


def unfinished_of(tx: Tx, user_id: UserId, at: datetime) -> list[Arrival]:
    """The files of a person that are still waited for, the newest first."""
    rows = tx.execute(
        """
        SELECT id, distribution_id, user_id, file_name, size_bytes, fingerprint, is_held,
               begun_at, expires_at, upload_id, way,
               (SELECT coalesce(sum(piece.size_bytes), 0)::bigint
                  FROM catalog.arrived_pieces AS piece
                 WHERE piece.arrival_id = arrival.id) AS arrived_bytes
          FROM catalog.arrivals AS arrival
         WHERE user_id = %(user_id)s
           AND upload_id IS NULL
           AND expires_at > %(at)s
         ORDER BY begun_at DESC, id
        """,
        {"user_id": user_id, "at": at},
    )
    return [_arrival(row) for row in rows]


def pieces_of(tx: Tx, arrival_id: ArrivalId) -> list[Piece]:
    """The pieces that are here, in their order."""
    rows = tx.execute(
        """
        SELECT first_byte, size_bytes, sha256
          FROM catalog.arrived_pieces
         WHERE arrival_id = %(id)s
         ORDER BY first_byte
        """,
        {"id": arrival_id},
    )
    return [Piece(row["first_byte"], row["size_bytes"], row["sha256"]) for row in rows]


def insert_piece(tx: Tx, arrival_id: ArrivalId, piece: Piece) -> None:
    """Tell of a piece that is in place."""
    tx.execute(
        """
        INSERT INTO catalog.arrived_pieces (arrival_id, first_byte, size_bytes, sha256)
        VALUES (%(id)s, %(first_byte)s, %(size_bytes)s, %(sha256)s)
        """,
        {
            "id": arrival_id,
            "first_byte": piece.first_byte,
            "size_bytes": piece.size_bytes,
            "sha256": piece.sha256,
        },
    )


def count_pieces(tx: Tx, arrival_id: ArrivalId) -> int:
    """How many pieces are here."""
    row = tx.execute(
        """
        SELECT count(*) AS number
          FROM catalog.arrived_pieces
         WHERE arrival_id = %(id)s
        """,
        {"id": arrival_id},
    ).fetchone()
    assert row is not None
    return int(row["number"])


def set_expiry(tx: Tx, arrival_id: ArrivalId, expires_at: datetime) -> None:
    """Wait longer for the rest."""
    tx.execute(
        """
        UPDATE catalog.arrivals
           SET expires_at = %(expires_at)s
         WHERE id = %(id)s
        """,
        {"id": arrival_id, "expires_at": expires_at},
    )


def set_way(tx: Tx, arrival_id: ArrivalId, way: Way) -> None:
    """Have the file's rows go in another way."""
    tx.execute(
        """
        UPDATE catalog.arrivals
           SET way = %(way)s
         WHERE id = %(id)s
        """,
        {"id": arrival_id, "way": way},
    )


def set_upload(tx: Tx, arrival_id: ArrivalId, upload_id: UploadId, expires_at: datetime) -> None:
    """Tell what the file became."""
    tx.execute(
        """
        UPDATE catalog.arrivals
           SET upload_id = %(upload_id)s,
               expires_at = %(expires_at)s
         WHERE id = %(id)s
        """,
        {"id": arrival_id, "upload_id": upload_id, "expires_at": expires_at},
    )


def delete_arrivals(tx: Tx, arrival_ids: Sequence[ArrivalId]) -> None:
    """Tell no more of these arrivals and their pieces."""
    tx.execute(
        """
        DELETE FROM catalog.arrivals
         WHERE id = ANY (%(ids)s)
        """,
        {"ids": list(arrival_ids)},
    )


def lock_expired(tx: Tx, at: datetime, *, limit: int) -> list[ArrivalId]:
    """Arrivals that are not waited for any longer, the oldest first, if nobody holds them."""
    rows = tx.execute(
        """
        SELECT id
          FROM catalog.arrivals
         WHERE expires_at <= %(at)s
         ORDER BY expires_at, id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED
        """,
        {"at": at, "limit": limit},
    )
    return [ArrivalId(row["id"]) for row in rows]


def _arrival(row: DictRow) -> Arrival:
    return Arrival(
        id=row["id"],
        distribution_id=row["distribution_id"],
        user_id=row["user_id"],
        file_name=row["file_name"],
        size_bytes=row["size_bytes"],
        fingerprint=row["fingerprint"],
        is_held=row["is_held"],
        begun_at=row["begun_at"],
        expires_at=row["expires_at"],
        arrived_bytes=row["arrived_bytes"],
        upload_id=row["upload_id"],
        way=Way(row["way"]),
    )

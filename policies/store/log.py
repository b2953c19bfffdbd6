"""Leaves of the log, the hashes of its complete subtrees, and its signed heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.rows import DictRow

from policies.database import Tx
from policies.evidence.leaf import Leaf
from policies.evidence.merkle import Node
from policies.evidence.tree_head import SignedTreeHead, TreeHead

_SEQUENCER_LOCK = 7_100_002


def lock_log(tx: Tx) -> None:
    """Wait until nobody else lengthens or signs the log; held until the transaction ends."""
    tx.execute("SELECT pg_advisory_xact_lock(%s)", (_SEQUENCER_LOCK,))


def take_unsequenced(tx: Tx, *, limit: int) -> list[tuple[int, str]]:
    """Committed events without a leaf, by id, as id and body; they no longer count as such."""
    rows = tx.execute(
        """
        WITH taken AS (
            DELETE FROM policies.unsequenced_events
             WHERE event_id IN (SELECT event_id
                                  FROM policies.unsequenced_events
                                 ORDER BY event_id
                                 LIMIT %(limit)s)
            RETURNING event_id
        )
        SELECT id, body
          FROM taken
          JOIN policies.events ON id = event_id
         ORDER BY id
        """,
        {"limit": limit},
    )
    return [(row["id"], row["body"]) for row in rows]


def unsequenced_before(tx: Tx, moment: datetime) -> int:
    """How many events older than that are without a leaf."""
    row = tx.execute(
        """
        SELECT count(*) AS found
          FROM policies.unsequenced_events AS waiting
          JOIN policies.events AS event ON event.id = waiting.event_id
         WHERE event.at < %(moment)s
        """,
        {"moment": moment},
    ).fetchone()
    assert row is not None
    return int(row["found"])


def tree_size(tx: Tx) -> int:
    """How many leaves there are."""
    row = tx.execute(
        """
        SELECT COALESCE(max(leaf_index) + 1, 0) AS tree_size
          FROM policies.leaves
        """
    ).fetchone()
    assert row is not None
    size: int = row["tree_size"]
    return size


def insert_leaves(
    tx: Tx, start: int, event_ids: Sequence[int], leaf_hashes: Sequence[bytes]
) -> None:
    """Append leaves; the first one becomes number `start`."""
    tx.execute(
        """
        INSERT INTO policies.leaves (leaf_index, event_id, leaf_hash)
        SELECT %(start)s + number - 1, event_id, leaf_hash
          FROM unnest(%(event_ids)s::bigint[], %(leaf_hashes)s::bytea[])
                   WITH ORDINALITY AS leaf (event_id, leaf_hash, number)
        """,
        {"start": start, "event_ids": list(event_ids), "leaf_hashes": list(leaf_hashes)},
    )


def insert_tree_nodes(tx: Tx, hashes: Mapping[Node, bytes]) -> None:
    """Keep the hashes of subtrees that became complete; the leaves keep their own."""
    tx.execute(
        """
        INSERT INTO policies.tree_nodes (level, position, hash)
        SELECT level, position, hash
          FROM unnest(%(levels)s::smallint[], %(positions)s::bigint[], %(hashes)s::bytea[])
                   AS node (level, position, hash)
        """,
        {
            "levels": [level for level, _ in hashes],
            "positions": [position for _, position in hashes],
            "hashes": list(hashes.values()),
        },
    )


def read_nodes(tx: Tx, nodes: Sequence[Node]) -> dict[Node, bytes]:
    """The hashes of those of `nodes` that are there."""
    rows = tx.execute(
        """
        SELECT level, position, hash
          FROM policies.tree_nodes
          JOIN unnest(%(levels)s::smallint[], %(positions)s::bigint[])
                   AS wanted (level, position) USING (level, position)
         UNION ALL
        SELECT 0, leaf_index, leaf_hash
          FROM policies.leaves
         WHERE leaf_index = ANY(%(leaves)s::bigint[])
         ORDER BY 1, 2
        """,
        {
            "levels": [level for level, _ in nodes if level],
            "positions": [position for level, position in nodes if level],
            "leaves": [position for level, position in nodes if not level],
        },
    )
    return {(row["level"], row["position"]): row["hash"] for row in rows}


def leaves(tx: Tx, start: int, stop: int) -> list[Leaf]:
    """Leaves from `start` up to, not including, `stop`, with the bodies of their events."""
    rows = tx.execute(
        """
        SELECT leaf_index, event_id, leaf_hash, body
          FROM policies.leaves
          JOIN policies.events ON id = event_id
         WHERE leaf_index >= %(start)s
           AND leaf_index < %(stop)s
         ORDER BY leaf_index
        """,
        {"start": start, "stop": stop},
    )
    return [Leaf(**row) for row in rows]


def leaf_of_event(tx: Tx, event_id: int) -> Leaf | None:
    """The leaf of an event; None while it has none."""
    row = tx.execute(
        """
        SELECT leaf_index, event_id, leaf_hash, body
          FROM policies.leaves
          JOIN policies.events ON id = event_id
         WHERE event_id = %(event_id)s
        """,
        {"event_id": event_id},
    ).fetchone()
    return Leaf(**row) if row else None


def insert_head(tx: Tx, signed: SignedTreeHead) -> None:
    """Keep a signed head."""
    tx.execute(
        """
        INSERT INTO policies.tree_heads (tree_size, root_hash, signed_at, kid, signature)
        VALUES (%(tree_size)s, %(root_hash)s, %(signed_at)s, %(kid)s, %(signature)s)
        """,
        {
            "tree_size": signed.head.tree_size,
            "root_hash": signed.head.root_hash,
            "signed_at": signed.head.timestamp,
            "kid": signed.kid,
            "signature": signed.signature,
        },
    )


def latest_head(tx: Tx) -> SignedTreeHead | None:
    """The head that was signed last; None before the first."""
    row = tx.execute(
        """
        SELECT tree_size, root_hash, signed_at, tree_heads.kid, signature, first.kid AS log_id
          FROM policies.tree_heads,
               policies.signing_keys AS first
         WHERE first.purpose = 'log'
           AND first.endorsed_by = first.kid
         ORDER BY tree_heads.id DESC
         LIMIT 1
        """
    ).fetchone()
    return _signed_head(row) if row else None


def signed_roots(tx: Tx, after_size: int, up_to_size: int) -> list[SignedTreeHead]:
    """The last head for each size and root, of sizes over the one and up to the other."""
    rows = tx.execute(
        """
        SELECT DISTINCT ON (tree_size, root_hash)
               tree_size, root_hash, signed_at, tree_heads.kid, signature, first.kid AS log_id
          FROM policies.tree_heads,
               policies.signing_keys AS first
         WHERE first.purpose = 'log'
           AND first.endorsed_by = first.kid
           AND tree_size > %(after_size)s
           AND tree_size <= %(up_to_size)s
         ORDER BY tree_size, root_hash, tree_heads.id DESC
        """,
        {"after_size": after_size, "up_to_size": up_to_size},
    )
    return [_signed_head(row) for row in rows]


def _signed_head(row: DictRow) -> SignedTreeHead:
    return SignedTreeHead(
        TreeHead(row["log_id"], row["tree_size"], row["root_hash"], row["signed_at"]),
        row["kid"],
        row["signature"],
    )

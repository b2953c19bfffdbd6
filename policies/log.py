"""Lengthen the log, sign its head, and prove what is in it and that it only grew.

Committed events become leaves in batches, in the order in which their commits became visible and,
within a batch, by id. Event ids do not follow commits: a transaction may take id 5, wait, and
commit after id 6 has a leaf. So nothing is inferred from ids. Each event is inserted together with
a row that says "has no leaf yet", and both become visible by the same commit; the sequencer takes
exactly the rows it sees. Its work is proportional to what is new, however long the log, and a
transaction that stays open holds up nobody else's events.

One sequencer works at a time, by an advisory lock that ends with its transaction, so that a batch
is there with its leaves, its tree nodes and the end of its waiting rows, or not at all.

Source: RFC 9162; docs/decisions/0006-one-log-four-readings.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from policies.database import Pool, Tx
from policies.errors import LogDamaged, LogNotSigned, NoSuchLeaf, NoSuchTile, TreeSizeOutOfBounds
from policies.evidence import merkle
from policies.evidence.bundle import export_head_line, export_leaf_line
from policies.evidence.leaf import ConsistencyProof, InclusionProof, Leaf
from policies.evidence.merkle import Node
from policies.evidence.signing_key import KeyPurpose, SigningKey
from policies.evidence.tile import Tile
from policies.evidence.tree_head import SignedTreeHead, TreeHead
from policies.seal import KeyRing
from policies.store import keys as key_store
from policies.store import log as store

SEQUENCE_LIMIT_EVENTS = 2000
"""Leaves of one transaction; a few tenths of a second."""
LEAVES_PAGE_MAX = 1000
HEAD_EVERY = timedelta(seconds=50)
"""With a sequencer that wakes every few seconds, a head is never older than a minute."""


def sequence(tx: Tx, *, limit: int = SEQUENCE_LIMIT_EVENTS) -> int:
    """Give at most `limit` committed events their leaves; return how many there were.

    Raises: LogDamaged where hashes that the tree is built on are missing.
    """
    store.lock_log(tx)
    events = store.take_unsequenced(tx, limit=limit)
    if not events:
        return 0
    size = store.tree_size(tx)
    hashed = [merkle.leaf_hash(body.encode()) for _, body in events]
    edge = _read_nodes(tx, merkle.root_nodes(size), size)
    grown = merkle.grow(size, edge, hashed)
    store.insert_leaves(tx, size, [event_id for event_id, _ in events], hashed)
    store.insert_tree_nodes(tx, {node: grown[node] for node in grown if node[0]})
    return len(events)


def unsequenced_before(tx: Tx, moment: datetime) -> int:
    """How many events older than that have no place in the log yet."""
    return store.unsequenced_before(tx, moment)


def head_is_due(tx: Tx, at: datetime) -> bool:
    """Whether it is time for another head, even if nothing happened: a fresh one shows that."""
    latest = store.latest_head(tx)
    return latest is None or latest.head.timestamp + HEAD_EVERY <= at


def sign_head(tx: Tx, keys: KeyRing, at: datetime) -> SignedTreeHead:
    """Sign the log as it stands.

    Raises: LogDamaged where it does not continue the head that was signed last: two heads that
    contradict each other would be proof against the exchange. SigningKeyAway.
    """
    signer = keys.signer(tx, KeyPurpose.LOG, at)
    store.lock_log(tx)
    size = store.tree_size(tx)
    latest = store.latest_head(tx)
    if latest is not None and not _continues(tx, size, latest.head):
        raise LogDamaged(latest.head.tree_size)
    log_id = key_store.first_log_kid(tx)
    assert log_id is not None, "the signer above exists, so a first key does"
    head = TreeHead(log_id, size, _root(tx, size), at)
    signed = SignedTreeHead(head, signer.kid, signer.sign(head.body().encode()))
    store.insert_head(tx, signed)
    return signed


def fresh_head(tx: Tx, keys: KeyRing, at: datetime) -> SignedTreeHead:
    """A head over what is committed now, signed on demand; the latest one where nothing is new.

    Raises: LogDamaged, SigningKeyAway.
    """
    sequence(tx)
    latest = store.latest_head(tx)
    if latest is None or latest.head.tree_size < store.tree_size(tx) or head_is_due(tx, at):
        return sign_head(tx, keys, at)
    return latest


def latest_head(tx: Tx) -> SignedTreeHead:
    """The head that was signed last.

    Raises: LogNotSigned.
    """
    latest = store.latest_head(tx)
    if latest is None:
        raise LogNotSigned
    return latest


def inclusion_proof(tx: Tx, event_id: int, tree_size: int) -> InclusionProof:
    """The proof that an event is in the log of the first `tree_size` entries.

    Raises: TreeSizeOutOfBounds, NoSuchLeaf where it is not among them (yet).
    """
    leaf = store.leaf_of_event(tx, event_id)
    if leaf is None:
        raise NoSuchLeaf(tree_size)
    return inclusion_proof_of_leaf(tx, leaf.leaf_index, tree_size)


def inclusion_proof_of_leaf(tx: Tx, leaf_index: int, tree_size: int) -> InclusionProof:
    """The proof that leaf `leaf_index` is in the log of the first `tree_size` entries.

    Raises: TreeSizeOutOfBounds, NoSuchLeaf.
    """
    _check_sizes(tx, 0, tree_size)
    if not 0 <= leaf_index < tree_size:
        raise NoSuchLeaf(tree_size)
    path = merkle.inclusion_path(leaf_index, tree_size)
    return InclusionProof(leaf_index, tree_size, _proof(tx, path, tree_size))


def consistency_proof(tx: Tx, old_size: int, new_size: int) -> ConsistencyProof:
    """The proof that the log of `new_size` entries begins with that of `old_size`.

    Raises: TreeSizeOutOfBounds.
    """
    _check_sizes(tx, old_size, new_size)
    path = merkle.consistency_path(old_size, new_size)
    return ConsistencyProof(old_size, new_size, _proof(tx, path, new_size))


def tile_hashes(tx: Tx, tile: Tile) -> bytes:
    """What a tile holds: its hashes, one after the other.

    A partial tile may be asked for at any width that the log has reached, long after it grew on.

    Raises: NoSuchTile while the log is too short for it, LogDamaged.
    """
    size = store.tree_size(tx)
    if tile.leaf_count() > size:
        raise NoSuchTile(size)
    nodes = tile.nodes()
    hashes = _read_nodes(tx, nodes, size)
    return b"".join(hashes[node] for node in nodes)


def leaves(tx: Tx, start: int, stop: int) -> list[Leaf]:
    """Leaves from `start` up to `stop`, at most `LEAVES_PAGE_MAX`.

    Bodies are not public: who may not read the audit trail is shown indexes and hashes alone.
    """
    return store.leaves(tx, start, min(stop, start + LEAVES_PAGE_MAX))


def leaf_of_event(tx: Tx, event_id: int) -> Leaf | None:
    """The leaf of an event; None until the sequencer has come to it."""
    return store.leaf_of_event(tx, event_id)


def export(pool: Pool, keys: KeyRing) -> Iterator[bytes]:
    """The whole log under its latest head, line by line, bodies included.

    Only for those who may read the audit trail; it lets them hash every entry again elsewhere. No
    connection is held while a line is on its way, since leaves never change.

    Raises: LogNotSigned, before the first line.
    """
    with pool.connection() as tx:
        signed = latest_head(tx)
        known = keys.public_keys(tx)
    return _export(pool, signed, known)


def _export(pool: Pool, signed: SignedTreeHead, known: Sequence[SigningKey]) -> Iterator[bytes]:
    yield export_head_line(signed, known)
    size = signed.head.tree_size
    for start in range(0, size, LEAVES_PAGE_MAX):
        with pool.connection() as tx:
            page = store.leaves(tx, start, min(size, start + LEAVES_PAGE_MAX))
        for leaf in page:
            yield export_leaf_line(leaf)


def tree_size(tx: Tx) -> int:
    """How many entries the log has now, signed or not."""
    return store.tree_size(tx)


def _continues(tx: Tx, size: int, signed: TreeHead) -> bool:
    return size >= signed.tree_size and _root(tx, signed.tree_size) == signed.root_hash


def _root(tx: Tx, size: int) -> bytes:
    return merkle.root_hash(size, _read_nodes(tx, merkle.root_nodes(size), size))


def _proof(tx: Tx, path: Sequence[Sequence[Node]], size: int) -> tuple[bytes, ...]:
    return tuple(merkle.proof(path, _read_nodes(tx, merkle.nodes_of(path), size)))


def _read_nodes(tx: Tx, nodes: Sequence[Node], size: int) -> dict[Node, bytes]:
    found = store.read_nodes(tx, nodes)
    if len(found) < len(nodes):
        raise LogDamaged(size)
    return found


def _check_sizes(tx: Tx, old_size: int, new_size: int) -> None:
    size = store.tree_size(tx)
    if not 0 <= old_size <= new_size <= size:
        raise TreeSizeOutOfBounds(size)

"""The Merkle tree of RFC 9162 over a growing list of leaves: hashes, proofs, verification.

A complete subtree is named by its level (0 is a leaf) and its position on that level: node (l, p)
covers the leaves from p·2^l up to (p+1)·2^l. Once complete its hash never changes, so the hashes of
complete subtrees are all that has to be kept. Everything else is folded from at most one of them
for each level: a proof needs a number of them that grows with the logarithm of the tree's size.

Functions that need kept hashes say first which (`root_nodes`, `inclusion_path`, ...), so that the
caller can read them all at once, and then fold what was read.

Source: RFC 9162 s. 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

HASH_LENGTH_BYTES = 32
PROOF_LENGTH_HASHES_MAX = 64
"""A tree of 2**63 leaves has no longer proof, so a longer one is not looked at."""

Node = tuple[int, int]
"""Level and position of a complete subtree."""

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf. Source: RFC 9162 s. 2.1.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node. Source: RFC 9162 s. 2.1.1."""
    return sha256(b"\x01" + left + right).digest()


# Which hashes are needed ---------------------------------------------------------------------


def root_nodes(size: int) -> list[Node]:
    """The complete subtrees that a tree of `size` leaves consists of, from left to right."""
    return _cover(0, size)


def inclusion_path(index: int, size: int) -> list[list[Node]]:
    """What the proof of leaf `index` in a tree of `size` leaves is made of, leaf to root.

    Each inner list folds to one hash of the proof. Source: RFC 9162 s. 2.1.3.1.
    """
    assert 0 <= index < size
    path: list[list[Node]] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_cover(middle, stop))
            stop = middle
        else:
            path.append(_cover(start, middle))
            start = middle
    return path[::-1]


def consistency_path(old_size: int, new_size: int) -> list[list[Node]]:
    """What the proof that a tree grew from `old_size` to `new_size` leaves is made of.

    Each inner list folds to one hash of the proof. Source: RFC 9162 s. 2.1.4.1.
    """
    assert 0 <= old_size <= new_size
    if old_size in (0, new_size):
        return []
    path: list[list[Node]] = []
    start, stop = 0, new_size
    while old_size != stop:
        middle = start + _split(stop - start)
        if old_size <= middle:
            path.append(_cover(middle, stop))
            stop = middle
        else:
            path.append(_cover(start, middle))
            start = middle
    if start:  # otherwise the verifier knows the hash: it is the old root
        path.append(_cover(start, stop))
    return path[::-1]


def nodes_of(path: Sequence[Sequence[Node]]) -> list[Node]:
    """Every node of a path, to be read at once."""
    return [node for nodes in path for node in nodes]


# Folding what was read -----------------------------------------------------------------------


def root_hash(size: int, hashes: Mapping[Node, bytes]) -> bytes:
    """The root of a tree of `size` leaves, given the hashes of `root_nodes(size)`."""
    if size == 0:
        return EMPTY_ROOT
    return _fold(root_nodes(size), hashes)


def proof(path: Sequence[Sequence[Node]], hashes: Mapping[Node, bytes]) -> list[bytes]:
    """The proof that `path` describes, given the hashes of all its nodes."""
    return [_fold(nodes, hashes) for nodes in path]


def grow(
    size: int, hashes: Mapping[Node, bytes], leaf_hashes: Sequence[bytes]
) -> dict[Node, bytes]:
    """The subtrees, leaves included, that become complete when leaves are added to `size` others.

    `hashes` holds those of `root_nodes(size)`.
    """
    grown: dict[Node, bytes] = {}
    for position, hashed in enumerate(leaf_hashes, start=size):
        level, node = 0, hashed
        grown[0, position] = node
        while position & 1:
            left = (level, position - 1)
            node = node_hash(grown[left] if left in grown else hashes[left], node)
            level, position = level + 1, position >> 1  # noqa: PLW2901 (the walk up the tree)
            grown[level, position] = node
    return grown


def push(edge: list[tuple[int, bytes]], hashed: bytes) -> None:
    """Add a leaf to a tree of which only the edge is held: level and hash of its `root_nodes`."""
    level = 0
    while edge and edge[-1][0] == level:
        hashed = node_hash(edge.pop()[1], hashed)
        level += 1
    edge.append((level, hashed))


def root_of_edge(edge: Sequence[tuple[int, bytes]]) -> bytes:
    """The root of a tree of which only the edge is held."""
    if not edge:
        return EMPTY_ROOT
    found = edge[-1][1]
    for _, hashed in reversed(edge[:-1]):
        found = node_hash(hashed, found)
    return found


# Verification --------------------------------------------------------------------------------


def is_included(hashed: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with hash `hashed` is number `index` of the tree with that size and root.

    Source: RFC 9162 s. 2.1.3.2.
    """
    if not 0 <= index < size or not _is_proof(proof):
        return False
    fn, sn, found = index, size - 1, hashed
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = node_hash(p, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root


def is_consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree with the new size and root begins with all leaves of the old one.

    A smaller tree is never consistent with a larger one before it: a log only grows.

    Source: RFC 9162 s. 2.1.4.2.
    """
    if not 0 <= old_size <= new_size or not _is_proof(proof):
        return False
    if old_size == 0:
        return old_root == EMPTY_ROOT and not proof and (new_size > 0 or new_root == EMPTY_ROOT)
    if old_size == new_size:
        return old_root == new_root and not proof
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old_found = new_found = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old_found, new_found = node_hash(c, old_found), node_hash(c, new_found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new_found = node_hash(new_found, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old_found == old_root and new_found == new_root


def _is_proof(proof: Sequence[bytes]) -> bool:
    return len(proof) <= PROOF_LENGTH_HASHES_MAX and all(
        len(hashed) == HASH_LENGTH_BYTES for hashed in proof
    )


def _split(size: int) -> int:
    """The largest power of two that is smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _cover(start: int, stop: int) -> list[Node]:
    """The complete subtrees that make up the leaves from `start` to `stop`, left to right.

    `start` is where a subtree of that range would start, so the largest part comes first.
    """
    nodes: list[Node] = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _fold(nodes: Sequence[Node], hashes: Mapping[Node, bytes]) -> bytes:
    found = hashes[nodes[-1]]
    for node in reversed(nodes[:-1]):
        found = node_hash(hashes[node], found)
    return found

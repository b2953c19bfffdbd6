"""`policies/evidence/merkle.py` against the recursive definitions of RFC 9162, word for word."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.evidence import merkle

EVERY_SIZE = 130
SIZES = st.integers(0, 3000)


def leaves_of(size: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(size)]


def naive_root(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 s. 2.1.1."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = largest_power_below(len(entries))
    return sha256(b"\x01" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_inclusion(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162 s. 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = largest_power_below(len(entries))
    if index < k:
        return [*naive_inclusion(index, entries[:k]), naive_root(entries[k:])]
    return [*naive_inclusion(index - k, entries[k:]), naive_root(entries[:k])]


def naive_consistency(old: int, entries: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 9162 s. 2.1.4.1."""
    if old == len(entries):
        return [] if known else [naive_root(entries)]
    k = largest_power_below(len(entries))
    if old <= k:
        return [*naive_consistency(old, entries[:k], known=known), naive_root(entries[k:])]
    return [*naive_consistency(old - k, entries[k:], known=False), naive_root(entries[:k])]


def largest_power_below(number: int) -> int:
    power = 1
    while power * 2 < number:
        power *= 2
    return power


def kept(size: int) -> dict[merkle.Node, bytes]:
    """All complete subtrees of a tree of `size` leaves."""
    return merkle.grow(0, {}, [merkle.leaf_hash(entry) for entry in leaves_of(size)])


HASHES = kept(EVERY_SIZE)
ROOTS = [naive_root(leaves_of(size)) for size in range(EVERY_SIZE + 1)]


def test_roots_of_all_small_trees_are_those_of_the_definition() -> None:
    assert [merkle.root_hash(size, HASHES) for size in range(EVERY_SIZE + 1)] == ROOTS


def test_a_tree_of_which_only_the_edge_is_held_has_the_same_roots() -> None:
    edge: list[tuple[int, bytes]] = []
    roots = [merkle.root_of_edge(edge)]
    for index in range(EVERY_SIZE):
        merkle.push(edge, HASHES[0, index])
        roots.append(merkle.root_of_edge(edge))

    assert roots == ROOTS


@pytest.mark.parametrize("size", range(1, EVERY_SIZE + 1, 3))
def test_every_leaf_of_a_small_tree_has_the_proof_of_the_definition(size: int) -> None:
    entries = leaves_of(size)
    for index in range(size):
        proof = merkle.proof(merkle.inclusion_path(index, size), HASHES)

        assert proof == naive_inclusion(index, entries)
        hashed = merkle.leaf_hash(entries[index])
        assert merkle.is_included(hashed, index, size, proof, ROOTS[size])


@pytest.mark.parametrize("new", range(1, EVERY_SIZE + 1, 3))
def test_every_older_tree_has_the_consistency_proof_of_the_definition(new: int) -> None:
    entries = leaves_of(new)
    for old in range(1, new + 1):
        proof = merkle.proof(merkle.consistency_path(old, new), HASHES)

        assert proof == naive_consistency(old, entries)
        assert merkle.is_consistent(old, ROOTS[old], new, ROOTS[new], proof)


def test_the_empty_tree_is_consistent_with_everything() -> None:
    assert merkle.consistency_path(0, 7) == []
    assert merkle.is_consistent(0, ROOTS[0], 7, ROOTS[7], [])
    assert merkle.is_consistent(0, ROOTS[0], 0, ROOTS[0], [])


def test_a_wrong_root_of_the_empty_tree_is_refused() -> None:
    assert not merkle.is_consistent(0, ROOTS[1], 7, ROOTS[7], [])
    assert not merkle.is_consistent(0, ROOTS[0], 0, ROOTS[1], [])


def test_a_shrunken_tree_is_refused() -> None:
    assert not merkle.is_consistent(7, ROOTS[7], 5, ROOTS[5], [])


@given(first=SIZES, second=SIZES, third=SIZES)
def test_a_tree_that_grows_in_steps_ends_as_one_that_grew_at_once(
    first: int, second: int, third: int
) -> None:
    hashed = [merkle.leaf_hash(entry) for entry in leaves_of(first + second + third)]
    grown: dict[merkle.Node, bytes] = {}
    size = 0
    for step in (first, second, third):
        edge = {node: grown[node] for node in merkle.root_nodes(size)}
        grown |= merkle.grow(size, edge, hashed[size : size + step])
        size += step

    assert grown == merkle.grow(0, {}, hashed)


@given(data=st.data(), size=st.integers(1, 20_000))
def test_proofs_of_larger_trees_hold_and_only_for_their_leaf(
    data: st.DataObject, size: int
) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    hashes = LARGE
    root = merkle.root_hash(size, hashes)
    inclusion = merkle.proof(merkle.inclusion_path(index, size), hashes)
    consistency = merkle.proof(merkle.consistency_path(old, size), hashes)

    assert merkle.is_included(hashes[0, index], index, size, inclusion, root)
    assert merkle.is_consistent(old, merkle.root_hash(old, hashes), size, root, consistency)
    assert not merkle.is_included(merkle.leaf_hash(b"other"), index, size, inclusion, root)
    assert not merkle.is_included(hashes[0, index], index, size, [*inclusion, root], root)
    assert not merkle.is_included(hashes[0, index], size, size, inclusion, root)


@given(data=st.data(), new=st.integers(2, EVERY_SIZE))
def test_a_spoilt_proof_never_holds(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    index = data.draw(st.integers(0, new - 1))
    consistency = merkle.proof(merkle.consistency_path(old, new), HASHES)
    inclusion = merkle.proof(merkle.inclusion_path(index, new), HASHES)

    def is_consistent(proof: list[bytes]) -> bool:
        return merkle.is_consistent(old, ROOTS[old], new, ROOTS[new], proof)

    def is_included(proof: list[bytes]) -> bool:
        return merkle.is_included(HASHES[0, index], index, new, proof, ROOTS[new])

    for proof, holds in ((consistency, is_consistent), (inclusion, is_included)):
        place = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        assert holds(proof)
        assert not holds([*proof[:place], flipped, *proof[place + 1 :]])
        assert not holds(proof[:-1])
        assert not holds([*proof[:place], b"short", *proof[place + 1 :]])


@given(old=st.integers(1, EVERY_SIZE), new=st.integers(1, EVERY_SIZE), wrong=st.binary())
def test_another_old_root_is_refused(old: int, new: int, wrong: bytes) -> None:
    old, new = sorted((old, new))
    proof = merkle.proof(merkle.consistency_path(old, new), HASHES)

    assert not merkle.is_consistent(old, sha256(wrong).digest(), new, ROOTS[new], proof)


LARGE = kept(20_000)

"""Check an export of the whole log offline, entry by entry, against a head that one kept.

Proofs alone miss a row that was edited in place, since they are made of stored hashes. So every
body is hashed again here, and the roots are made of what was found.

Source: RFC 9162 s. 2.1.1; docs/receipts.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policies.errors import N_
from policies.evidence import merkle
from policies.evidence.bundle import ExportedLeaf, read_export, read_head_file
from policies.evidence.tree_head import TreeHead
from policies.evidence.trust import head_check, keys_check, old_head_check, trust_check
from policies.evidence.verification import Check, CheckName, Verification, failed, passed

NAMED_LEAVES_MAX = 20
"""So many changed entries are named; the rest are counted."""


def verify_log_export(
    lines: Iterator[bytes], *, old_head: bytes | None = None, trusted_kid: str | None = None
) -> Verification:
    """Hash every exported entry again; compare with the export's head and with one kept earlier.

    Reads once and holds a few hundred bytes, however long the log.

    Raises: UnreadableProof.
    """
    export, leaves = read_export(lines)
    kept = read_head_file(old_head) if old_head is not None else None
    head = export.signed_head.head
    sizes = {head.tree_size} | ({kept.signed_head.head.tree_size} if kept else set())
    entries = _hash_again(leaves, sizes)
    checks = [
        keys_check(export.keys, head.log_id, {export.signed_head.kid}),
        trust_check(export.keys, export.signed_head, kept, trusted_kid),
        head_check(export.keys, export.signed_head),
        _entries_check(entries),
        _root_check(entries, head),
    ]
    if kept is not None:
        checks.append(old_head_check(kept))
        checks.append(_old_root_check(entries, kept.signed_head.head))
    return Verification(head.log_id, head.tree_size, tuple(checks))


@dataclass(frozen=True, slots=True)
class _Entries:
    """What hashing every entry again gave."""

    count: int
    changed: tuple[int, ...]
    """Indexes of entries whose body no longer has the hash beside it; the first few."""
    changed_count: int
    unseen_count: int
    """Entries whose body the export leaves out, so that only their hash was used."""
    first_misplaced: int | None
    """The first line whose index is not its place; None where all are."""
    roots: Mapping[int, bytes]
    """Roots by size, at the sizes that were asked for and reached."""


def _hash_again(leaves: Iterable[ExportedLeaf], sizes: set[int]) -> _Entries:
    edge: list[tuple[int, bytes]] = []
    roots = {0: merkle.EMPTY_ROOT}
    count = changed_count = unseen_count = 0
    changed: list[int] = []
    first_misplaced: int | None = None
    for leaf in leaves:
        if leaf.leaf_index != count and first_misplaced is None:
            first_misplaced = count
        hashed = leaf.leaf_hash
        if leaf.body is None:
            unseen_count += 1
        elif (hashed := merkle.leaf_hash(leaf.body.encode())) != leaf.leaf_hash:
            changed_count += 1
            if len(changed) < NAMED_LEAVES_MAX:
                changed.append(leaf.leaf_index)
        merkle.push(edge, hashed)
        count += 1
        if count in sizes:
            roots[count] = merkle.root_of_edge(edge)
    return _Entries(count, tuple(changed), changed_count, unseen_count, first_misplaced, roots)


def _entries_check(entries: _Entries) -> Check:
    name, count = CheckName.ENTRIES, entries.count
    if entries.first_misplaced is not None:
        message = N_("An entry is missing or out of place at {leaf_index}.")
        return failed(name, message, leaf_index=entries.first_misplaced)
    if entries.changed:
        indexes = ", ".join(str(index) for index in entries.changed)
        message = N_("Entries changed after they were logged: {count}, at {leaf_indexes}.")
        return failed(name, message, count=entries.changed_count, leaf_indexes=indexes)
    if entries.unseen_count:
        message = N_("{seen} of {count} entries were hashed again and fit; the rest are hashes.")
        return passed(name, message, seen=count - entries.unseen_count, count=count)
    return passed(name, N_("All {count} entries were hashed again and fit."), count=count)


def _root_check(entries: _Entries, head: TreeHead) -> Check:
    facts = {"count": entries.count, "tree_size": head.tree_size}
    if entries.count == head.tree_size and entries.roots[head.tree_size] == head.root_hash:
        message = N_("The entries are those of the signed log of {tree_size}.")
        return passed(CheckName.ROOT, message, **facts)
    message = N_("The {count} entries are not those of the signed log of {tree_size}.")
    return failed(CheckName.ROOT, message, **facts)


def _old_root_check(entries: _Entries, kept: TreeHead) -> Check:
    sizes = {"old_size": kept.tree_size, "new_size": entries.count}
    if entries.count < kept.tree_size:
        message = N_("The log shrank from {old_size} to {new_size} entries: some were removed.")
        return failed(CheckName.GROWTH, message, **sizes)
    if entries.roots[kept.tree_size] == kept.root_hash:
        message = N_("The log grew from {old_size} to {new_size} entries; no old one changed.")
        return passed(CheckName.GROWTH, message, **sizes)
    message = N_("Of the first {old_size} entries, one or more changed since you kept the head.")
    return failed(CheckName.GROWTH, message, **sizes)

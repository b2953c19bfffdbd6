"""Look through the whole log for anything that is not as it must be; `weir doctor` prints it.

Every body is hashed again and the tree is built anew from what was found, so a row that was edited
in place is found even though nothing in the database may be trusted. What the exchange could have
rewritten in all its tables at once is found by a head that was kept outside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from policies.database import Tx
from policies.errors import N_
from policies.events import RecordedEvent, moment_text, personal_hash
from policies.evidence import merkle
from policies.evidence.bundle import HeadFile, read_head_file
from policies.evidence.ed25519 import is_signed
from policies.evidence.merkle import Node
from policies.evidence.signing_key import KeyPurpose, SigningKey, endorsed_body, kid_of
from policies.evidence.tree_head import SignedTreeHead
from policies.store import examination as store
from policies.store import keys as key_store
from policies.store import log as log_store

PAGE_LEAVES = 2000
BREACHES_MAX = 200
LAST_SIZE = 2**62

_COLUMNS = ("kind", "at", "organization_id", "dataset_id", "subject_id")


def examine(tx: Tx, *, old_head: bytes | None = None) -> Iterator[tuple[str, list[str]]]:
    """Each rule in words with what breaks it, at most `BREACHES_MAX`; an empty list where it holds.

    `old_head` is a head file that was kept outside. Of heads that say the same of the same size,
    only the last one's signature is checked.

    Raises: UnreadableProof for an `old_head` that is none.
    """
    kept = read_head_file(old_head) if old_head is not None else None
    keys = {key.kid: key for key in key_store.all_keys(tx)}
    yield N_("Every signing key is endorsed by a key of the log"), _first(_examine_keys(keys))
    yield (
        N_("No entry of the log changed, and every signed head fits it"),
        _first(_examine_leaves(tx, keys, kept)),
    )
    yield N_("Every event has its entry in the log, or waits for it"), _first(_examine_waiting(tx))
    yield (
        N_("The terms of every agreement are those that were concluded"),
        store.altered_agreements(tx, limit=BREACHES_MAX),
    )
    yield (
        N_("No token outlives what it stands on"),
        store.tokens_that_outlive(tx, limit=BREACHES_MAX),
    )
    yield (
        N_("No one person settled alone a freeze or a change of keys"),
        store.settled_by_one_person(tx, limit=BREACHES_MAX),
    )


def receipt_keys(tx: Tx) -> dict[str, bytes]:
    """The public halves of all keys that ever signed receipts, by `kid`."""
    return {
        key.kid: key.public_key
        for key in key_store.all_keys(tx)
        if key.purpose is KeyPurpose.RECEIPT
    }


def _first(breaches: Iterator[str]) -> list[str]:
    return list(islice(breaches, BREACHES_MAX))


def _examine_keys(keys: Mapping[str, SigningKey]) -> Iterator[str]:
    for key in keys.values():
        body = endorsed_body(key.purpose, key.public_key, key.retire_at)
        endorser = keys.get(key.endorsed_by)
        if (
            kid_of(key.public_key) != key.kid
            or endorser is None
            or endorser.purpose is not KeyPurpose.LOG
            or not is_signed(body, key.endorsement, endorser.public_key)
        ):
            yield f"Signing key {key.kid} is not endorsed by a key of the log."


# Leaves, tree and heads ----------------------------------------------------------------------


@dataclass(slots=True)
class _Rebuilt:
    """The tree as the bodies say it is, so far: its size, and the hashes of its `root_nodes`."""

    size: int
    edge: dict[Node, bytes]


def _examine_leaves(tx: Tx, keys: Mapping[str, SigningKey], kept: HeadFile | None) -> Iterator[str]:
    tree = _Rebuilt(0, {})
    start = 0
    yield from _examine_heads(tx, keys, kept, -1, 0, {})
    while page := store.logged_events(tx, start, limit=PAGE_LEAVES):
        yield from _examine_events(tx, [event for event, _ in page])
        hashed: list[bytes] = []
        for place, (event, leaf_hash) in enumerate(page, start=tree.size):
            hashed.append(merkle.leaf_hash(event.body.encode()))
            if event.leaf_index != place:
                yield f"Entry {event.leaf_index} of the log stands at place {place}."
            if hashed[-1] != leaf_hash:
                yield f"Entry {event.leaf_index}, event {event.id}, changed after it was logged."
        grown = merkle.grow(tree.size, tree.edge, hashed)
        yield from _examine_nodes(tx, grown)
        known = tree.edge | grown
        size = tree.size + len(page)
        yield from _examine_heads(tx, keys, kept, tree.size, size, known)
        tree = _Rebuilt(size, {node: known[node] for node in merkle.root_nodes(size)})
        start = (page[-1][0].leaf_index or 0) + 1
    yield from _examine_heads_beyond(tx, kept, tree.size)


def _examine_nodes(tx: Tx, grown: Mapping[Node, bytes]) -> Iterator[str]:
    inner = [node for node in grown if node[0]]
    stored = log_store.read_nodes(tx, inner)
    for node in inner:
        if stored.get(node) != grown[node]:
            yield f"The kept hash of subtree {node[1]} on level {node[0]} is wrong."


def _examine_heads(
    tx: Tx,
    keys: Mapping[str, SigningKey],
    kept: HeadFile | None,
    after_size: int,
    size: int,
    known: Mapping[Node, bytes],
) -> Iterator[str]:
    for signed in log_store.signed_roots(tx, after_size, size):
        if merkle.root_hash(signed.head.tree_size, known) != signed.head.root_hash:
            yield f"The signed head of {signed.head.tree_size} entries does not fit the log."
        if not _is_well_signed(keys, signed):
            yield f"The head of {signed.head.tree_size} entries is not signed by a key of the log."
    if (
        kept is not None
        and after_size < (kept_size := kept.signed_head.head.tree_size) <= size
        and merkle.root_hash(kept_size, known) != kept.signed_head.head.root_hash
    ):
        yield f"Of the first {kept_size} entries, one or more changed since the head was kept."


def _is_well_signed(keys: Mapping[str, SigningKey], signed: SignedTreeHead) -> bool:
    key = keys.get(signed.kid)
    return (
        key is not None
        and key.purpose is KeyPurpose.LOG
        and is_signed(signed.head.body().encode(), signed.signature, key.public_key)
    )


def _examine_heads_beyond(tx: Tx, kept: HeadFile | None, size: int) -> Iterator[str]:
    sizes = [signed.head.tree_size for signed in log_store.signed_roots(tx, size, LAST_SIZE)]
    if kept is not None:
        sizes.append(kept.signed_head.head.tree_size)
    # The log may have grown since it was read; it is asked last, so no head can be ahead of it.
    size_now = log_store.tree_size(tx)
    for beyond in sizes:
        if beyond > size_now:
            yield f"A head of {beyond} entries was signed, but the log has only {size_now}."


# Events --------------------------------------------------------------------------------------


def _examine_events(tx: Tx, events: Sequence[RecordedEvent]) -> Iterator[str]:
    bodies: dict[int, Mapping[str, object]] = {}
    for event in events:
        bodies[event.id] = _body(event)
        yield from _examine_columns(event, bodies[event.id])
    ids = list(bodies)
    edges: dict[int, set[tuple[str, str, str]]] = {event_id: set() for event_id in ids}
    for edge in store.edges_of_events(tx, ids):
        edges[edge.event_id].add((edge.source, edge.target, edge.by))
    for event_id in ids:
        if edges[event_id] != _edges_of(bodies[event_id]):
            yield f"The lineage edges of event {event_id} are not those of its body."
    for event_id, salt, text in store.personal_of_events(tx, ids):
        if bodies[event_id].get("personal_sha256") != personal_hash(salt, text):
            yield f"The personal fields of event {event_id} are not those that were logged."


def _examine_columns(event: RecordedEvent, body: Mapping[str, object]) -> Iterator[str]:
    actor = body.get("actor")
    told = {name: body.get(name) for name in _COLUMNS}
    told["actor_id"] = actor.get("user_id") if isinstance(actor, dict) else None
    held = {
        "kind": event.kind,
        "at": moment_text(event.at),
        "organization_id": _text(event.organization_id),
        "dataset_id": _text(event.dataset_id),
        "subject_id": _text(event.subject_id),
        "actor_id": _text(event.actor_id),
    }
    for name, value in held.items():
        if value != told[name]:
            yield f"Column {name} of event {event.id} does not say what its body says."


def _body(event: RecordedEvent) -> Mapping[str, object]:
    try:
        body = json.loads(event.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _edges_of(body: Mapping[str, object]) -> set[tuple[str, str, str]]:
    edges = body.get("edges")
    if not isinstance(edges, list):
        return set()
    return {
        (str(edge.get("source")), str(edge.get("target")), str(edge.get("by")))
        for edge in edges
        if isinstance(edge, dict)
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _examine_waiting(tx: Tx) -> Iterator[str]:
    waiting = store.events_without_leaf(tx, limit=PAGE_LEAVES)
    for event, is_waiting in waiting:
        if not is_waiting:
            yield f"Event {event.id} has no entry in the log and will never be given one."
    yield from _examine_events(tx, [event for event, _ in waiting])

"""The public log: its signed heads, its proofs, the hashes of its entries.

Everything here is for everybody and shows nothing but hashes, with one exception: what the entries
say is for those who may read the audit trail.

Source: RFC 9162 s. 2.1; C2SP tlog-checkpoint and tlog-tiles; docs/receipts.md.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from policies import log
from policies.errors import NoSuchTile
from policies.events import Event, EventKind
from policies.evidence.bundle import build_head_file
from policies.evidence.signing_key import KeyPurpose
from policies.evidence.tile import read_tile_address
from policies.evidence.tree_head import checkpoint_text, signed_note
from policies.history import check_may_audit
from policies.record import record
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/log", tags=["log"])

HEAD_CACHED_S = 5
TILE_CACHED_S = 31_536_000
"""A year: a tile never changes."""
_SIZE_MAX = 2**53

Size = Annotated[int, Query(ge=0, lt=_SIZE_MAX)]


class KeyBody(BaseModel):
    """A public key, and who vouches for it; `kid` is its RFC 7638 thumbprint."""

    kid: str
    purpose: str
    state: str
    public_key: str
    created_at: str
    retire_at: str
    endorsed_by: str
    endorsement: str


class KeysBody(BaseModel):
    """Every signing key there ever was, oldest first."""

    log_id: str | None
    keys: list[KeyBody]


class InclusionBody(BaseModel):
    """That an entry is in the log of `tree_size` entries. Source: RFC 9162 s. 2.1.3."""

    leaf_index: int
    tree_size: int
    hashes: list[str]


class ConsistencyBody(BaseModel):
    """That the log of `new_size` entries begins with that of `old_size`."""

    old_size: int
    new_size: int
    hashes: list[str]


class LeavesBody(BaseModel):
    """Hashes of entries from `start` on; ask again from `start` plus their number."""

    start: int
    leaf_hashes: list[str]


@router.get("/head")
def read_head(request: Request) -> Response:
    """The head that was signed last, as a file to keep; there is a new one each minute."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        content = build_head_file(log.latest_head(tx), wiring.keys.public_keys(tx))
    return Response(
        content,
        media_type="application/json",
        headers={"Cache-Control": f"public, max-age={HEAD_CACHED_S}"},
    )


@router.post("/head")
def sign_head(request: Request) -> Response:
    """A head over everything that is committed now; the latest one where nothing is new."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        signed = log.fresh_head(tx, wiring.keys, wiring.now())
        content = build_head_file(signed, wiring.keys.public_keys(tx))
    return Response(content, media_type="application/json")


@router.get("/checkpoint")
def read_checkpoint(request: Request) -> Response:
    """The latest head as a signed note, for witnesses. Source: C2SP tlog-checkpoint."""
    wiring = wiring_of(request)
    origin = f"{urlsplit(wiring.settings.site_url).netloc}/log"
    with wiring.pool.connection() as tx:
        head = log.latest_head(tx).head
        signer = wiring.keys.signer(tx, KeyPurpose.LOG, wiring.now())
        keys = {key.kid: key for key in wiring.keys.public_keys(tx)}
    text = checkpoint_text(head, origin)
    note = signed_note(text, origin, keys[signer.kid].public_key, signer.sign(text.encode()))
    return Response(
        note,
        media_type="text/plain; charset=utf-8",
        headers={"Cache-Control": f"public, max-age={HEAD_CACHED_S}"},
    )


@router.get("/keys")
def read_keys(request: Request) -> KeysBody:
    """The keys that the exchange signs and signed with. The name of the log is its first key's."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        keys = wiring.keys.public_keys(tx)
    firsts = [key.kid for key in keys if key.endorsed_by == key.kid]
    return KeysBody(
        log_id=firsts[0] if firsts else None,
        keys=[
            KeyBody(
                kid=key.kid,
                purpose=key.purpose,
                state=key.state,
                public_key=key.public_key.hex(),
                created_at=key.created_at.isoformat(),
                retire_at=key.retire_at.isoformat(),
                endorsed_by=key.endorsed_by,
                endorsement=key.endorsement.hex(),
            )
            for key in keys
        ],
    )


@router.get("/proof/inclusion")
def prove_inclusion(request: Request, leaf_index: Size, tree_size: Size) -> InclusionBody:
    """The proof that entry `leaf_index` is in the log of `tree_size` entries."""
    with wiring_of(request).pool.connection() as tx:
        proof = log.inclusion_proof_of_leaf(tx, leaf_index, tree_size)
    return InclusionBody(
        leaf_index=proof.leaf_index,
        tree_size=proof.tree_size,
        hashes=[hashed.hex() for hashed in proof.hashes],
    )


@router.get("/proof/consistency")
def prove_consistency(request: Request, old_size: Size, new_size: Size) -> ConsistencyBody:
    """The proof that the log grew from `old_size` to `new_size` entries and kept the old."""
    with wiring_of(request).pool.connection() as tx:
        proof = log.consistency_proof(tx, old_size, new_size)
    return ConsistencyBody(
        old_size=proof.old_size,
        new_size=proof.new_size,
        hashes=[hashed.hex() for hashed in proof.hashes],
    )


@router.get("/leaves")
def read_leaves(request: Request, start: Size = 0, stop: Size = _SIZE_MAX - 1) -> LeavesBody:
    """Hashes of entries from `start` up to `stop`, at most 1,000, for anyone to mirror."""
    with wiring_of(request).pool.connection() as tx:
        leaves = log.leaves(tx, start, stop)
    return LeavesBody(start=start, leaf_hashes=[leaf.leaf_hash.hex() for leaf in leaves])


@router.get("/tile/{address:path}")
def read_tile(request: Request, address: str) -> Response:
    """Up to 256 hashes of the tree at once, for mirrors. Source: C2SP tlog-tiles."""
    tile = read_tile_address(address)
    with wiring_of(request).pool.connection() as tx:
        if tile is None:
            raise NoSuchTile(log.tree_size(tx))
        content = log.tile_hashes(tx, tile)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Cache-Control": f"public, max-age={TILE_CACHED_S}, immutable"},
    )


@router.get("/export")
def export_log(request: Request) -> StreamingResponse:
    """Every entry with what it says, a line of JSON each, for readers of the audit trail."""
    wiring = wiring_of(request)
    actor = signed_in(request)
    check_may_audit(actor)
    lines = log.export(wiring.pool, wiring.keys)
    with wiring.pool.connection() as tx:
        record(
            tx,
            Event(EventKind.AUDIT_VIEWED, wiring.now(), actor, facts={"what": "the whole log"}),
        )
    return StreamingResponse(
        lines,
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="weir-log.ndjson"'},
    )

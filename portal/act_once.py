"""Let a request that is sent twice act once: the header `Idempotency-Key`.

Source: IETF draft-ietf-httpapi-idempotency-key-header, s. 2; X122.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel

from policies import once
from policies.canonical import Plain
from policies.database import Tx
from policies.party import Actor
from policies.seal import sha256_hex
from portal.wiring import wiring_of

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"


def idempotency_key(request: Request) -> str | None:
    """The key that the caller gave the request; None where it gave none."""
    return request.headers.get(IDEMPOTENCY_HEADER)


def act_once(
    request: Request, actor: Actor, body: BaseModel | None, act: Callable[[Tx], BaseModel]
) -> Plain:
    """Act in a transaction of its own, or give the answer that the same request was given before.

    Raises: MalformedIdempotencyKey, IdempotencyKeyReused, RequestUnderWay, and what `act` raises.
    """
    wiring = wiring_of(request)
    key = idempotency_key(request)
    with wiring.pool.connection() as tx:
        if key is None:
            return _plain(act(tx))
        owner = f"user:{actor.user_id}" if actor.user_id else f"address:{actor.address}"
        earlier = once.begin(tx, owner, key, _request_sha256(request, body), wiring.now())
        if earlier is not None:
            return earlier
        answer = _plain(act(tx))
        once.remember(tx, owner, key, answer)
        return answer


def _request_sha256(request: Request, body: BaseModel | None) -> str:
    sent = [request.method, request.url.path, body.model_dump(mode="json") if body else None]
    return sha256_hex(json.dumps(sent, sort_keys=True).encode())


def _plain(answer: BaseModel) -> Plain:
    plain: Plain = jsonable_encoder(answer)
    return plain

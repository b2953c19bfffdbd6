"""One idempotency key, one effect, however often and from wherever the request comes.

A short act calls `begin`, acts and calls `remember` in one transaction: a second request with the
key waits for it and is then given the same answer. An act of several transactions begins in its
first and remembers in the one that makes its effect last, or lets go of the key where it ends in a
refusal; whoever comes in between is told that the first request is under way. Only one transaction
can remember, so only one effect can last, even where an attempt was given up for dead and was not.

Source: IETF draft-ietf-httpapi-idempotency-key-header, s. 2.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from policies.canonical import Plain
from policies.database import Tx
from policies.errors import IdempotencyKeyReused, MalformedIdempotencyKey, RequestUnderWay
from policies.store import once as store

KEY_LENGTH_CHARACTERS = 200
GIVEN_UP_AFTER = timedelta(minutes=1)
"""An attempt without an answer for so long is taken for dead; the next request may try. Where it
lived after all, only one of the two can remember, and the other has no effect.
"""
KEPT_FOR = timedelta(days=2)
FORGOTTEN_AT_ONCE_MAX = 10_000


def begin(tx: Tx, owner: str, key: str, request_sha256: str, at: datetime) -> Plain:
    """The answer that the first request with `key` got; None where this is the first.

    `owner` is the user, or the address of an anonymous caller, so that nobody meets the keys of
    others. `request_sha256` covers method, path and body. None is therefore no possible answer.

    Raises: MalformedIdempotencyKey, IdempotencyKeyReused, RequestUnderWay.
    """
    if not 0 < len(key) <= KEY_LENGTH_CHARACTERS:
        raise MalformedIdempotencyKey(KEY_LENGTH_CHARACTERS)
    if store.insert_key(tx, owner, key, request_sha256=request_sha256, at=at):
        return None
    known = store.lock_key(tx, owner, key)
    if known is None:  # forgotten between the two statements
        raise RequestUnderWay(key)
    if known["request_sha256"] != request_sha256:
        raise IdempotencyKeyReused(key)
    if known["response"] is not None:
        return cast("Plain", known["response"])
    if at < known["created_at"] + GIVEN_UP_AFTER:
        raise RequestUnderWay(key)
    store.restart_key(tx, owner, key, at=at)
    return None


def remember(tx: Tx, owner: str, key: str, response: Plain) -> None:
    """Keep the answer, in the transaction that makes the effect last.

    Raises: RequestUnderWay where another attempt was quicker; the caller's transaction must then
    not commit, and the next request with the key is given that attempt's answer.
    """
    assert response is not None, "None says that there is no answer yet"
    if not store.store_response(tx, owner, key, response):
        raise RequestUnderWay(key)


def let_go(tx: Tx, owner: str, key: str) -> None:
    """Free a key whose request was refused without any effect, so that it can be sent again."""
    store.delete_open_key(tx, owner, key)


def give_up(tx: Tx, owner: str, key: str) -> None:
    """Free a key whose request came to nothing, so that it can be sent again at once."""
    store.delete_unanswered_key(tx, owner, key)


def forget(tx: Tx, at: datetime) -> int:
    """Drop keys older than `KEPT_FOR`, at most `FORGOTTEN_AT_ONCE_MAX`; return how many."""
    return store.delete_keys(tx, at - KEPT_FOR, limit=FORGOTTEN_AT_ONCE_MAX)

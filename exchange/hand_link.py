"""Make a link to one's own delivered file, and open it: decided anew at each fetch.

Source: exchange design, tokens; X115; docs/decisions/0025-keys-of-programs-and-what-links-prove.md.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from exchange.allow import Ask, Parts
from exchange.delivery import Delivered
from exchange.errors import LinkNotGood, ResultGone
from exchange.link import FIRST_USE_WITHIN_MOST, READ_WITHIN, Link, bytes_most_of
from exchange.read_again import is_still_allowed, read_again
from exchange.store import links as store
from policies.database import Tx
from policies.identity.authenticate import check_signed_in, reader_of

LINKS_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link that was good a moment ago, and what it leads to."""

    link: Link
    ask: Ask
    delivered: Delivered


def make_link(
    parts: Parts, receipt_id: UUID, ask: Ask, *, first_use_within: timedelta = FIRST_USE_WITHIN_MOST
) -> Link:
    """A link to the result of one's own delivery, good for exactly this reader.

    Raises: SignInNeeded, ResultGone, AccessDenied.
    """
    user_id, at = check_signed_in(ask.by), parts.now()
    delivered = read_again(parts, receipt_id, ask)
    link = Link(
        id=uuid4(),
        receipt_id=receipt_id,
        file_sha256=delivered.sha256,
        user_id=user_id,
        organization_id=ask.by.organization.id if ask.by.organization else None,
        token_id=UUID(ask.by.token_id) if ask.by.token_id else None,
        purpose=ask.purpose,
        made_at=at,
        first_use_by=(at + min(first_use_within, FIRST_USE_WITHIN_MOST)).replace(microsecond=0),
        first_used_at=None,
        bytes_most=bytes_most_of(delivered.size_bytes),
    )
    with parts.pool.connection() as tx:
        store.insert_link(tx, link)
    return link


def open_link(
    parts: Parts, link_id: UUID, signature: str, *, key: bytes, address: str
) -> OpenedLink:
    """What a link leads to, decided anew; nothing is counted yet.

    Raises: LinkNotGood for a link that is none, changed, used up, too late, or whose reader may
    read no more: whoever holds it is told no more than that.
    """
    at = parts.now()
    with parts.pool.connection() as tx:
        link = store.get_link(tx, link_id)
        is_signed = link is not None and hmac.compare_digest(
            link.signature(key).encode(), signature.encode()
        )
        if link is None or not is_signed or not link.is_open(at):
            raise LinkNotGood
        ask = _ask(tx, link, address=address, at=at)
    if ask is None or not is_still_allowed(parts, link.receipt_id, ask):
        raise LinkNotGood
    try:
        delivered = read_again(parts, link.receipt_id, ask)
    except ResultGone:
        raise LinkNotGood from None
    return OpenedLink(link, ask, delivered)


def count_fetch(parts: Parts, link: Link, size_bytes: int) -> None:
    """Count what is about to be sent. Raises: LinkNotGood where it is more than is left."""
    with parts.pool.connection() as tx:
        if not store.use_link(tx, link.id, size_bytes=size_bytes, at=parts.now()):
            raise LinkNotGood


def forget_links(tx: Tx, at: datetime) -> int:
    """Forget links whose time is long over; how many there were."""
    return store.delete_old_links(tx, at - max(LINKS_KEPT, READ_WITHIN))


def _ask(tx: Tx, link: Link, *, address: str, at: datetime) -> Ask | None:
    """Who reads through the link, with what they may do now; None where they may do nothing."""
    reader = reader_of(
        tx,
        link.user_id,
        organization_id=link.organization_id,
        token_id=link.token_id,
        address=address,
        at=at,
    )
    return None if reader is None else Ask(reader, link.purpose)

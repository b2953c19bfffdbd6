"""What the frame of every page tells its reader: what waits for them, and the newest log head.

A dependency of every router of pages. The head is looked up at most once in `HEAD_KEPT_S` by each
process, what waits only for people who decide anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from fastapi import Request

from exchange.notices.read_notices import count_unread
from policies.database import Tx
from policies.errors import LogNotSigned
from policies.log import latest_head
from portal.pages.frame import LogHead
from portal.pages.inbox_items import waiting_for
from portal.sign_in import actor_of
from portal.wiring import wiring_of

HEAD_KEPT_S: Final = 5


def fill_frame(request: Request) -> None:
    """Put `waiting`, `unread` and `log_head` where `portal.pages.rendering` reads them."""
    actor, wiring = actor_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        request.state.log_head = _log_head(request, tx, at)
        request.state.unread = count_unread(tx, by=actor)
        request.state.waiting = len(waiting_for(tx, by=actor, at=at)) if actor.memberships else 0


def _log_head(request: Request, tx: Tx, at: datetime) -> LogHead | None:
    kept = getattr(request.app.state, "newest_log_head", None)
    if kept is not None and timedelta() <= at - kept[0] < timedelta(seconds=HEAD_KEPT_S):
        known: LogHead | None = kept[1]
        return known
    try:
        head = latest_head(tx).head
    except LogNotSigned:
        shown = None
    else:
        shown = LogHead(head.tree_size, head.root_hash.hex())
    request.app.state.newest_log_head = (at, shown)
    return shown

"""What the routes of a dataset's pages begin with: the look at it, and rows that are delivered."""

from __future__ import annotations

from fastapi import Request

from exchange.allow import Ask
from exchange.deliver import deliver_page
from exchange.delivery import Delivered, PageQuestion
from portal.handing_out import parts_of
from portal.pages.dataset.frame import DatasetFrame, frame_of
from portal.pages.dataset.reader import Look, look_at
from portal.pages.dataset.rows import Rows, read_rows
from portal.pages.speech import Speech, speech_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of


def look_of(request: Request, slug: str) -> tuple[Look, DatasetFrame, Speech]:
    """The reader's look at the dataset, and the head of its page.

    Raises: DatasetNotFound.
    """
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, by=actor, at=wiring.now())
    return look, frame_of(look, by=actor, at=wiring.now(), say=say), say


def deliver_rows(
    request: Request, look: Look, question: PageQuestion
) -> tuple[Rows, Delivered | None]:
    """The rows, and what was delivered where a receipt was written.

    Raises: what `deliver_page` raises.
    """
    parts, ask = parts_of(wiring_of(request)), Ask(actor_of(request))
    got = deliver_page(parts, look.overview.dataset.slug, question, ask)
    if isinstance(got, bytes):
        return read_rows(got), None
    return read_rows(got.path.read_bytes()), got

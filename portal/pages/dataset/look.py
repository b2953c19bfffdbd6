"""What the routes of a dataset's pages begin with: the look at it, and rows that are delivered."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Query, Request

from exchange.allow import Ask
from exchange.deliver import deliver_page
from exchange.delivery import Delivered, PageQuestion
from policies.party import SLUG_LENGTH_CHARACTERS
from portal.handing_out import parts_of
from portal.pages.dataset.frame import DatasetFrame, frame_of
from portal.pages.dataset.reader import Look, look_at
from portal.pages.dataset.rows import Rows, read_rows
from portal.pages.speech import Speech, speech_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

ChosenDistribution = Annotated[
    str,
    Query(
        alias="distribution",
        max_length=SLUG_LENGTH_CHARACTERS,
        description="Of a distribution other than the first.",
    ),
]
KeptDistribution = Annotated[str, Form(alias="distribution", max_length=SLUG_LENGTH_CHARACTERS)]


def look_of(
    request: Request, slug: str, distribution: str = ""
) -> tuple[Look, DatasetFrame, Speech]:
    """The reader's look at the dataset, and the head of its page.

    Raises: DatasetNotFound, DistributionNotFound.
    """
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, distribution, by=actor, at=wiring.now())
    return look, frame_of(look, by=actor, at=wiring.now(), say=say), say


def deliver_rows(
    request: Request, look: Look, question: PageQuestion
) -> tuple[Rows, Delivered | None]:
    """The rows, and what was delivered where a receipt was written.

    Raises: what `deliver_page` raises.
    """
    parts, ask = parts_of(wiring_of(request)), Ask(actor_of(request))
    got = deliver_page(parts, look.table, question, ask)
    if isinstance(got, bytes):
        return read_rows(got), None
    return read_rows(got.path.read_bytes()), got

"""What charts and maps of a dataset have in common: who may see one, and what it is drawn from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast
from urllib.parse import urlencode

from fastapi import Request

from catalog.view import Condition, Json
from exchange.allow import Ask
from exchange.deliver import deliver_picture
from exchange.delivery import PictureQuestion
from portal.handing_out import parts_of
from portal.pages.dataset.reader import Look, refused_words
from portal.pages.dataset.rows import condition_words, filters_text
from portal.pages.speech import Speech
from portal.sign_in import actor_of
from portal.wiring import wiring_of


def reason_against(look: Look, say: Speech) -> str | None:
    """Why nothing can be drawn for this reader."""
    if look.version is None:
        return say.gettext("There is no data here for you yet.")
    if not look.may_download:
        return refused_words(look.download, say)
    if look.is_charged:
        return say.gettext(
            "A chart reads every row, and here rows cost credits. Ask in SQL instead: the price "
            "is shown before anything runs."
        )
    return None


def delivered(request: Request, look: Look, question: PictureQuestion) -> dict[str, Json]:
    """What a picture is drawn from.

    Raises: what `deliver_picture` raises.
    """
    parts = parts_of(wiring_of(request))
    got = deliver_picture(parts, look.table, question, Ask(actor_of(request)))
    data = got if isinstance(got, bytes) else got.path.read_bytes()
    return cast("dict[str, Json]", json.loads(data))


def chips(
    filters: tuple[Condition, ...], href: Callable[[tuple[Condition, ...]], str], say: Speech
) -> list[tuple[str, str]]:
    """The conditions in force, each with the address without it."""
    return [
        (condition_words(one, say), href(tuple(other for other in filters if other is not one)))
        for one in filters
    ]


def filters_pairs(filters: tuple[Condition, ...], place: str) -> list[tuple[str, str]]:
    """The conditions, and the distribution where it is not the first, as an address has them."""
    pairs = [("distribution", place)] if place else []
    return pairs + ([("filters", filters_text(filters))] if filters else [])


def filters_query(filters: tuple[Condition, ...], place: str) -> str:
    """The same as the query of an address; empty where there is nothing to say."""
    pairs = filters_pairs(filters, place)
    return f"?{urlencode(pairs)}" if pairs else ""

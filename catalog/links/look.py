"""Ask addresses of data elsewhere whether they still answer, a few at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from catalog.harvest.errors import (
    AddressRefused,
    AnswerTooSlow,
    MalformedAddress,
    SourceAnswered,
    SourceUnreachable,
)
from catalog.harvest.fetch import Fetcher
from catalog.harvest.reach import IpNetwork
from catalog.links import store
from catalog.links.link import (
    LOOK_AGAIN_AFTER,
    LOOK_AGAIN_AT_BROKEN_AFTER,
    Link,
    Outcome,
)
from policies.database import Pool

LINKS_MAX: Final = 100
"""Addresses that one run asks."""
LINKS_PER_HOST_MAX: Final = 10
"""Of one server in one run, so that nobody is flooded."""
ANSWER_S_MAX: Final = 15
_TOO_MANY: Final = 429


def look_at_links(
    pool: Pool, *, allowed: tuple[IpNetwork, ...] = (), now: Callable[[], datetime]
) -> int:
    """Ask the addresses that nobody asked for longest; how many were asked."""
    at = now()
    with pool.connection() as tx:
        due = store.links_due(
            tx,
            well_before=at - LOOK_AGAIN_AFTER,
            broken_before=at - LOOK_AGAIN_AT_BROKEN_AFTER,
            limit=LINKS_MAX,
        )
    asked = 0
    for link in _spread(due):
        found = _ask(link.address, allowed)
        if found is None:
            continue
        outcome, status = found
        with pool.connection() as tx:
            store.put_check(tx, link, outcome, status=status, at=now())
        asked += 1
    return asked


def _spread(links: Sequence[Link]) -> list[Link]:
    """As many of each host as it is asked at once."""
    held: Counter[str] = Counter()
    kept = []
    for link in links:
        host = urlsplit(_address(link.address)).netloc.lower()
        held[host] += 1
        if held[host] <= LINKS_PER_HOST_MAX:
            kept.append(link)
    return kept


def _ask(address: str, allowed: tuple[IpNetwork, ...]) -> tuple[Outcome, int | None] | None:
    """What an address says; only the beginning of its data is read. None: it asks for patience."""
    try:
        with (
            Fetcher(allowed, seconds_max=ANSWER_S_MAX) as fetcher,
            closing(fetcher.pieces(_address(address))) as pieces,
        ):
            next(pieces, b"")
    except SourceAnswered as fault:
        return None if fault.status == _TOO_MANY else (Outcome.SILENT, fault.status)
    except (AddressRefused, MalformedAddress):
        return Outcome.REFUSED, None
    except (SourceUnreachable, AnswerTooSlow):
        return Outcome.SILENT, None
    return Outcome.ANSWERED, 200


def _address(address: str) -> str:
    """The address as browsers read it: without a scheme it is one of the web."""
    return address if "://" in address else f"http://{address}"

"""Count searches that found nothing, so that departments see what is missing; never who searched.

What looks like somebody's number or address is not kept at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.audience import is_member
from catalog.demand import store
from catalog.demand.cover import Department, covers, words_of
from catalog.demand.data_request import FOLDED_LENGTH_CHARACTERS, folded
from catalog.demand.errors import UnmetClosed
from policies.database import Tx
from policies.party import Actor
from policies.roles import can_set_standards
from policies.terms import OrganizationId

KEPT_MAX: Final = 20_000
SHOWN_MAX: Final = 100
READ_MAX: Final = 2_000
_PERSONAL: Final = re.compile(r"@|\d{7,}|\d[\d\s-]{9,}\d")


@dataclass(frozen=True, slots=True)
class UnmetQuery:
    """Words that were looked for in vain."""

    words: str
    times: int
    last_at: datetime
    duty: str
    """The duty that covers them; empty where the department's name does."""


def count_unmet(tx: Tx, query: str, *, at: datetime) -> None:
    """Count a search that found nothing for anybody."""
    words = folded(query)
    if not 2 <= len(words) <= FOLDED_LENGTH_CHARACTERS or _PERSONAL.search(words):
        return
    if "\0" in words or not words.isprintable() or not words_of(words):
        return
    store.count_unmet(tx, words, at=at)


def forget_rarest(tx: Tx) -> None:
    """Keep the list within its bound; for the daily sweep."""
    store.forget_rarest(tx, kept=KEPT_MAX)


def unmet_for(tx: Tx, department: Department, *, by: Actor) -> list[UnmetQuery]:
    """What was looked for in vain and the department's duties or name cover, most frequent first.

    Raises: UnmetClosed where `by` belongs neither to it nor to the bureau.
    """
    if not (is_member(by, department.id) or can_set_standards(by)):
        raise UnmetClosed
    found = []
    for words, times, last_at in store.unmet(tx, limit=READ_MAX):
        covered = covers(words, [department], {})
        if covered:
            found.append(UnmetQuery(words, times, last_at, covered[0].duty))
    return found[:SHOWN_MAX]


def unmet_by_all(tx: Tx, *, by: Actor) -> list[UnmetQuery]:
    """What was looked for in vain, whoever covers it; for the bureau.

    Raises: UnmetClosed.
    """
    if not can_set_standards(by):
        raise UnmetClosed
    return [UnmetQuery(*line, duty="") for line in store.unmet(tx, limit=SHOWN_MAX)]


def department_of(tx: Tx, organization_id: OrganizationId, title: str) -> Department:
    """What is known of one department."""
    return Department(organization_id, title, tuple(store.duties_of(tx, organization_id)))

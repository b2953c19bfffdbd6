"""Load an official calendar, and reckon every clock again that waited for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.demand import ask
from exchange import apply, run_clocks
from policies.calendar import OfficialYear
from policies.database import Tx
from policies.official_calendar import load_year
from policies.party import Actor


@dataclass(frozen=True, slots=True)
class Loaded:
    """The year that is known now, and the clocks that were reckoned again."""

    known: OfficialYear
    requests: int
    wishes: int


def load_calendar(tx: Tx, content: bytes, *, by: Actor, at: datetime) -> Loaded:
    """Load a year's calendar; clocks that reach into it are reckoned from their start.

    Raises: NotTheBureau, MalformedCalendar, CalendarKnown.
    """
    known = load_year(tx, content, by=by, at=at)
    loaded = Loaded(known, apply.reckon_again(tx), ask.reckon_again(tx))
    # Deliveries and corrections are reckoned whenever their clocks are looked at.
    run_clocks.run_clocks(tx, at=at)
    return loaded

"""Fair use of open data: what one caller may take in a day, more for those who signed in.

Open data is free of charge; the limits only keep one caller from taking what all share.

Source: 深圳经济特区数据条例 art. 47; draft-ietf-httpapi-ratelimit-headers (the terms).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Final

from exchange.delivery import OPEN_DELIVERIES_PER_DAY, OPEN_ROWS_PER_DAY
from exchange.store import fair_use as store
from policies.calendar import CHINA, china_day
from policies.database import Tx
from policies.party import Actor

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class FairUse:
    """A day's limits of one caller, with the name that programs read."""

    name: str
    deliveries: int
    rows: int


ANONYMOUS: Final = FairUse("open-anonymous", OPEN_DELIVERIES_PER_DAY, OPEN_ROWS_PER_DAY)
REGISTERED: Final = FairUse("open-registered", 10 * OPEN_DELIVERIES_PER_DAY, 10 * OPEN_ROWS_PER_DAY)


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a day's limits is left."""

    limits: FairUse
    deliveries_left: int
    reset_s: int
    """Seconds until the next day in China."""


def limits_of(by: Actor) -> FairUse:
    """The limits of a caller."""
    return ANONYMOUS if by.is_anonymous else REGISTERED


def caller_of(by: Actor) -> str:
    """Whose fair use counts: the user's, else that of the address."""
    return f"user:{by.user_id}" if by.user_id is not None else f"address:{by.address}"


def reset_s(at: datetime) -> int:
    """Seconds until the day in China is over; at least one."""
    end = datetime.combine(china_day(at) + timedelta(days=1), clock_time(), CHINA)
    return max(1, int((end - at).total_seconds()))


def standing(tx: Tx, *, by: Actor, at: datetime) -> Standing | None:
    """How the caller stands today; None where they took no open data."""
    deliveries = store.deliveries_of(tx, caller_of(by), china_day(at))
    if deliveries is None:
        return None
    limits = limits_of(by)
    return Standing(limits, max(0, limits.deliveries - deliveries), reset_s(at))

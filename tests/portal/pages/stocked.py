"""A city whose catalogue has something to find: on offer, traded, and for departments only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from catalog.dataset import Entry
from catalog.directory import Directory, RecordAudience
from exchange.list_product import Proposal
from policies.terms import Grade, OpenType, Regime, ShareType, Text, UpdateCycle
from tests.exchange.city import LAWFUL, City, entry

SECRET = "secret-lots"


def described(title: Text, *keywords: str, **changes: object) -> Entry:
    """An entry in the catalogue."""
    return replace(entry(licence="CC-BY-4.0"), title=title, keywords=keywords, **changes)  # type: ignore[arg-type]


@pytest.fixture
def stocked(city: City) -> City:
    """Five datasets: one on offer, one traded, one for departments only."""
    publish = partial(city.publish, by=city.publisher, approver=city.approver)
    lots = publish(
        "lots",
        entry=described(
            Text(zh="臺北市停車場資訊"),
            *("停車", "交通"),
            directory=Directory(spatial="臺北市"),
            update_cycle=UpdateCycle.MONTHLY,
        ),
    )
    city.list(lots, Proposal(Regime.OPEN, declared=LAWFUL), by=city.publisher, opener=city.approver)
    publish("metro", entry=described(Text(zh="地铁客流", en="Metro riders"), "交通"))
    publish(
        "weather",
        entry=described(
            Text(zh="气象站观测", en="Weather stations"), "天气", update_cycle=UpdateCycle.YEARLY
        ),
    )
    city.sold_stops()
    publish(
        SECRET,
        entry=described(
            Text(zh="内部停車場", en="Police lots"),
            *("停車", "机密词"),
            audience=RecordAudience.DEPARTMENTS,
            grade=Grade.IMPORTANT,
            directory=Directory(spatial="禁区"),
            share_type=ShareType.CONDITIONAL,
            open_type=OpenType.NOT_OPEN,
            open_basis="police act",
        ),
    )
    return city

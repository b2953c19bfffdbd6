"""Records without data, on their way."""

from __future__ import annotations

from dataclasses import replace

from catalog import publish
from catalog.curation import describe
from catalog.dataset import Dataset, Entry
from policies.database import Tx
from policies.terms import Text
from tests.catalog.city import ENTRY, City
from tests.people import AT


def titled(zh: str, en: str = "") -> Entry:
    """The usual entry with another title."""
    return replace(ENTRY, title=Text(zh=zh, en=en))


def draft(tx: Tx, city: City, slug: str = "bus-stops", entry: Entry = ENTRY) -> Dataset:
    """A draft record without data."""
    return describe.create(
        tx, slug, entry, publisher_id=city.transport.id, by=city.publisher, at=AT
    )


def published(tx: Tx, city: City, slug: str = "bus-stops", entry: Entry = ENTRY) -> Dataset:
    """A published record without data."""
    made = draft(tx, city, slug, entry)
    publish.submit(tx, made.id, by=city.publisher, at=AT)
    return publish.publish(tx, made.id, by=city.approver, at=AT)

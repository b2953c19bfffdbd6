"""A month of use in figures: by dataset, by day, the newest receipts, what it may come to."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Final
from uuid import UUID

from exchange.credit import Statement, StatementLine
from exchange.receipt import StoredReceipt
from policies.calendar import CHINA, china_day
from policies.terms import MicroCredits, Text
from portal.pages.dataset_names import DatasetName
from portal.pages.drawing.histogram import Bar, Histogram
from portal.pages.speech import Speech
from portal.pages.words import number_of

FORECAST_LEAST_DAYS: Final = 3
"""A forecast from fewer days of use says more about chance than about the month."""
FORECAST_STEP: Final = 10_000
"""A hundredth of a credit, in micro-credits."""
MONTHS_OFFERED: Final = 12


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """What was read of one dataset in the month."""

    title: Text
    href: str | None
    deliveries: int
    rows: int
    cost: MicroCredits


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One receipt in a list."""

    number: str
    href: str
    at: datetime
    title: Text | None
    """None where the receipt alone does not say it."""
    rows: int
    cost: MicroCredits


def month_of(text: str, at: datetime) -> tuple[datetime, datetime]:
    """First moment of a month such as 2026-11 in China, and of the next; else of the present."""
    today = china_day(at)
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = today.replace(day=1)
    return _midnight(first), _midnight(_next_month(first))


def month_choices(at: datetime) -> list[tuple[str, date]]:
    """The months that a statement is offered for, newest first."""
    first = china_day(at).replace(day=1)
    choices = []
    for _ in range(MONTHS_OFFERED):
        choices.append((f"{first:%Y-%m}", first))
        first = (first - timedelta(days=1)).replace(day=1)
    return choices


def by_dataset(
    lines: Sequence[StatementLine], names: Mapping[UUID, DatasetName]
) -> list[DatasetUse]:
    """Lines added up for each dataset, the dearest first."""
    grouped: dict[UUID, list[StatementLine]] = defaultdict(list)
    for line in lines:
        grouped[line.dataset_id].append(line)
    uses = [
        DatasetUse(
            names[dataset_id].title,
            names[dataset_id].href,
            len(held),
            sum(line.row_count for line in held),
            MicroCredits(sum(line.charge for line in held)),
        )
        for dataset_id, held in grouped.items()
    ]
    return sorted(uses, key=lambda use: (-use.cost, -use.deliveries))


def by_day(
    lines: Sequence[StatementLine], since: datetime, until: datetime, say: Speech
) -> Histogram:
    """Credits spent on each day from `since` to `until`."""
    spent: dict[date, int] = defaultdict(int)
    for line in lines:
        spent[china_day(line.at)] += line.charge
    first, last = china_day(since), china_day(until - timedelta(microseconds=1))
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    bars = tuple(Bar(say.day(day), spent[day]) for day in days)
    return Histogram(bars, rows=len(days), empty=0)


def forecast(told: Statement, at: datetime) -> MicroCredits | None:
    """What the present month costs if it goes on like this; None for others, or too early."""
    if not told.since <= at < told.until:
        return None
    passed = china_day(at).day
    if passed < FORECAST_LEAST_DAYS or not told.spent:
        return None
    days = calendar.monthrange(china_day(at).year, china_day(at).month)[1]
    # A guess to the micro-credit would look like knowledge.
    return MicroCredits(told.spent_total * days // passed // FORECAST_STEP * FORECAST_STEP)


def receipt_lines(
    lines: Sequence[StatementLine],
    receipts: Sequence[StoredReceipt],
    names: Mapping[UUID, DatasetName],
    *,
    limit: int,
) -> list[ReceiptLine]:
    """The newest receipts; of people who act for no organisation, from the receipts themselves."""
    newest = [
        ReceiptLine(
            number_of("W", line.receipt_id),
            f"/receipt/{line.receipt_id}",
            line.at,
            names[line.dataset_id].title,
            line.row_count,
            line.charge,
        )
        for line in reversed(lines)
    ]
    own = [
        ReceiptLine(
            number_of("W", receipt.id),
            f"/receipt/{receipt.id}",
            receipt.created_at,
            None,
            receipt.row_count,
            receipt.charge,
        )
        for receipt in receipts
    ]
    return [*newest, *own][:limit]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, clock_time(), CHINA)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)

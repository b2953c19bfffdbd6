"""What a delivery costs after what its agreement used of the month before it.

Whoever writes a receipt holds the chain of the agreement, so that the month is counted in the order
of its receipts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from exchange.access import Access
from exchange.price import FRESH_MONTH, Measure, MonthUse, ceiling, month_use, units_of
from exchange.store import month_use as store
from policies.calendar import china_day
from policies.database import Tx
from policies.terms import AgreementId, MicroCredits

Months = dict[AgreementId, MonthUse]

_MOMENT = timedelta(microseconds=1)


def months_of(tx: Tx, accesses: Sequence[Access], at: datetime) -> Months:
    """How much of the month of `at` was used under each agreement whose price counts months."""
    counted = {
        access.agreement.id: access.agreement
        for access in accesses
        if access.agreement is not None and access.price.counts_months
    }
    if not counted:
        return {}
    day = china_day(at)
    used = store.used_in_month(tx, counted, day.replace(day=1))
    months = {}
    for agreement_id, agreement in counted.items():
        deliveries, units = used.get(agreement_id, (0, 0))
        whole = month_use(
            day,
            starts_on=china_day(agreement.starts_at),
            ends_on=china_day(agreement.ends_at - _MOMENT),
        )
        months[agreement_id] = MonthUse(deliveries, units, whole.days_covered, whole.days)
    return months


def month_before(access: Access, months: Months) -> MonthUse:
    """What was used of the month before a delivery through this access."""
    if access.agreement is None:
        return FRESH_MONTH
    return months.get(access.agreement.id, FRESH_MONTH)


def count_in(access: Access, months: Months, result: Measure) -> None:
    """Count one more delivery through this access."""
    if access.agreement is not None and access.agreement.id in months:
        used = months[access.agreement.id]
        months[access.agreement.id] = used.after(units_of(access.price, result))


def keep_months(tx: Tx, months: Months, at: datetime) -> None:
    """Write down how far the months are used now."""
    if months:
        used = {one: (month.deliveries, month.units) for one, month in months.items()}
        store.set_month_use(tx, used, china_day(at).replace(day=1))


def ceilings_of(
    accesses: Sequence[Access], months: Months, size_at_most: int
) -> Callable[[int], list[MicroCredits]]:
    """The highest charge of each access, in order, as it grows with the rows of the result."""

    def ceilings(rows: int) -> list[MicroCredits]:
        result, left, told = Measure(rows, size_at_most), dict(months), []
        for access in accesses:
            told.append(ceiling(access.price, result, month_before(access, left)))
            count_in(access, left, result)
        return told

    return ceilings


def months_until(tx: Tx, accesses: Sequence[Access], at: datetime, life: timedelta) -> Months:
    """The months to hold by: unused where the next one may have begun before the charge."""
    months = months_of(tx, accesses, at)
    if china_day(at).month == china_day(at + life).month:
        return months
    return dict.fromkeys(months, FRESH_MONTH)

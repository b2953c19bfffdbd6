"""The values of a check as a column's type compares them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TypeAlias

from quality.check import Bound, Scalar

Compared: TypeAlias = bool | int | float | str | date | datetime
Limit: TypeAlias = int | float | date | datetime


def compared(value: Scalar) -> Compared:
    """A value as engines are given it."""
    return float(value) if isinstance(value, Decimal) else value


def bound(value: Bound, column_type: str, *, day_end: bool) -> Limit:
    """A bound as the column's type compares it: a day as upper bound counts to its end.

    Times without a zone are taken for UTC, on either side.
    """
    if not isinstance(value, date):
        return float(value) if isinstance(value, Decimal) else value
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.max if day_end else time.min)
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    if column_type == "TIMESTAMP WITH TIME ZONE":
        return aware
    return aware.astimezone(UTC).replace(tzinfo=None)

"""The small picture over a column: how often which value or range of values occurs."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BARS = 24
_LEAST_HEIGHT = 1.5
"""A value that occurs at all is drawn at least this high, in pixels."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, or one range of values, and how many rows hold it."""

    label: str
    count: int
    href: str | None = None
    """Where a click leads: the rows filtered to this bar. None where there is no such view."""
    is_rest: bool = False
    """Whether it stands for all other values together."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """The distribution of one column over all rows of a version."""

    bars: tuple[Bar, ...]
    rows: int
    empty: int
    """Rows without a value in this column; they stand in no bar."""
    low: str = ""
    high: str = ""
    """The smallest and largest value as text; empty where values have no order."""
    distinct: int | None = None
    """Number of different values; None where it was not counted."""

    def drawn(self, width: float, height: float) -> list[DrawnBar]:
        """Where each bar stands in a box of that size, in pixels."""
        if not self.bars:
            return []
        most = max(bar.count for bar in self.bars) or 1
        step = width / len(self.bars)
        gap = min(1.5, step * 0.2)
        drawn = []
        for position, bar in enumerate(self.bars):
            tall = max(bar.count / most * height, _LEAST_HEIGHT) if bar.count else 0.0
            drawn.append(
                DrawnBar(
                    bar=bar,
                    x=round(position * step, 2),
                    y=round(height - tall, 2),
                    width=round(step - gap, 2),
                    height=round(tall, 2),
                )
            )
        return drawn


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """A bar with its place in the picture, in pixels."""

    bar: Bar
    x: float
    y: float
    width: float
    height: float


def sparkline(values: list[float], width: float, height: float) -> str:
    """The points of an SVG polyline through the values, first to last, low at the bottom."""
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = width / max(len(values) - 1, 1)
    inner = height - 4
    return " ".join(
        f"{position * step:.1f},{2 + inner - (value - low) / span * inner:.1f}"
        for position, value in enumerate(values)
    )

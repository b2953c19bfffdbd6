"""Where bars, lines and points of a chart stand; `components/charts.html` draws them.

Coordinates are pixels of a box WIDTH wide, y downwards. A chart is drawn on the server, so that it
is there without script, in print and for a screen reader, and always has its table beside it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 960.0
HEIGHT: Final = 360.0
ROW_HEIGHT: Final = 24.0

_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 16.0, 14.0, 34.0
_LABEL_WIDTH, _VALUE_WIDTH = 208.0, 84.0
_LABEL_CELLS_MAX: Final = 28
_TICKS_ABOUT: Final = 5
_DATES_ABOUT: Final = 8
_LEAST_PX: Final = 1.5


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar, or a point where it has neither width nor height."""

    x: float
    y: float
    width: float
    height: float
    title: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid with its label; `at` is across for the lower axis, else downwards."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, ready to be drawn."""

    width: float
    height: float
    bars: tuple[Mark, ...] = ()
    dots: tuple[Mark, ...] = ()
    line: str = ""
    """Points of a polyline; empty where there is none."""
    across: tuple[Tick, ...] = ()
    upwards: tuple[Tick, ...] = ()
    names: tuple[tuple[float, str, str], ...] = ()
    """Of bars that lie: where downwards, the name cut to its room, the value."""
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    ground: float = HEIGHT - _BOTTOM


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a chart with its name and the words that tell it."""

    name: str
    value: float | None
    told: str
    href: str | None = None


def lying_bars(items: Sequence[Item]) -> Drawing:
    """A bar for each item, the names at the left: they may be long and Chinese."""
    height = len(items) * ROW_HEIGHT + 12
    values = [item.value or 0.0 for item in items]
    low, high = min([0.0, *values]), max([0.0, *values])
    span = (high - low) or 1.0
    room = WIDTH - _LABEL_WIDTH - _VALUE_WIDTH
    zero = _LABEL_WIDTH + (0.0 - low) / span * room
    bars, names = [], []
    for place, (item, value) in enumerate(zip(items, values, strict=True)):
        y = 6 + place * ROW_HEIGHT
        wide = max(abs(value) / span * room, _LEAST_PX if value else 0.0)
        x = zero if value >= 0 else zero - wide
        title = f"{item.name}: {item.told}"
        bars.append(Mark(_px(x), y + 3, _px(wide), ROW_HEIGHT - 6, title, item.href))
        names.append((y + ROW_HEIGHT / 2, cut(item.name), item.told))
    return Drawing(
        WIDTH, height, bars=tuple(bars), names=tuple(names), left=_px(zero), ground=height - 2
    )


def standing_bars(items: Sequence[Item], edges: Sequence[tuple[float, str]]) -> Drawing:
    """Bars side by side, as of a histogram; `edges` are places from 0 to 1 with their labels."""
    values = [item.value or 0.0 for item in items]
    scale, ticks = _upwards(0.0, max([0.0, *values]))
    ground = HEIGHT - _BOTTOM
    step = (WIDTH - _LEFT - _RIGHT) / max(len(items), 1)
    gap = min(2.0, step * 0.15)
    bars = []
    for place, (item, value) in enumerate(zip(items, values, strict=True)):
        top = min(scale(value), ground - _LEAST_PX) if value else ground
        bars.append(
            Mark(
                _px(_LEFT + place * step),
                _px(top),
                _px(step - gap),
                _px(ground - top),
                f"{item.name}: {item.told}",
                item.href,
            )
        )
    across = tuple(Tick(_px(_LEFT + at * (WIDTH - _LEFT - _RIGHT)), label) for at, label in edges)
    return Drawing(WIDTH, HEIGHT, bars=tuple(bars), across=across, upwards=ticks)


def time_line(items: Sequence[Item]) -> Drawing:
    """A line through the items in their order, with a point for each where there is room."""
    values = [item.value for item in items if item.value is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    scale, ticks = _upwards(low, high)
    room = WIDTH - _LEFT - _RIGHT
    step = room / max(len(items) - 1, 1)
    dots = [
        Mark(_px(_LEFT + place * step), _px(scale(item.value)), 0, 0, f"{item.name}: {item.told}")
        for place, item in enumerate(items)
        if item.value is not None
    ]
    every = max(1, math.ceil(len(items) / _DATES_ABOUT))
    across = tuple(
        Tick(_px(_LEFT + place * step), items[place].name) for place in range(0, len(items), every)
    )
    return Drawing(
        WIDTH,
        HEIGHT,
        dots=tuple(dots),
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        across=across,
        upwards=ticks,
    )


def scatter(points: Sequence[tuple[float, float, str]]) -> Drawing:
    """A point for each pair, with the words that tell it."""
    if not points:
        return Drawing(WIDTH, HEIGHT)
    scale, ticks = _upwards(min(y for _, y, _ in points), max(y for _, y, _ in points))
    low, high = min(x for x, _, _ in points), max(x for x, _, _ in points)
    marks = nice_ticks(low, high)
    first, last = min(low, marks[0]), max(high, marks[-1])
    room, span = WIDTH - _LEFT - _RIGHT, (last - first) or 1.0
    dots = tuple(
        Mark(_px(_LEFT + (x - first) / span * room), _px(scale(y)), 0, 0, told)
        for x, y, told in points
    )
    across = tuple(
        Tick(_px(_LEFT + (mark - first) / span * room), short_number(mark)) for mark in marks
    )
    return Drawing(WIDTH, HEIGHT, dots=dots, across=across, upwards=ticks)


def nice_ticks(low: float, high: float) -> list[float]:
    """Round numbers from about `low` to about `high`, some five of them."""
    span = high - low
    if not span or not math.isfinite(span):
        return [low]
    rough = span / _TICKS_ABOUT
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough * 0.999)
    first = math.floor(low / step)
    count = math.ceil(high / step) - first
    return [(first + place) * step for place in range(count + 1)]


def short_number(value: float) -> str:
    """A number as an axis has room for."""
    return f"{value:,.6g}" if abs(value) < 1e15 else f"{value:.3g}"


def cut(text: str, cells_max: int = _LABEL_CELLS_MAX) -> str:
    """The text cut to so many cells of a Latin character's width; a Chinese one takes two."""
    cells = 0
    for place, character in enumerate(text):
        cells += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if cells > cells_max:
            return text[: max(place - 1, 1)] + "…"
    return text


class _Scale:
    """From a value to where it stands downwards."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._span = low, (high - low) or 1.0

    def __call__(self, value: float) -> float:
        room = HEIGHT - _TOP - _BOTTOM
        return HEIGHT - _BOTTOM - (value - self._low) / self._span * room


def _upwards(low: float, high: float) -> tuple[_Scale, tuple[Tick, ...]]:
    marks = nice_ticks(low, high)
    scale = _Scale(min(low, marks[0]), max(high, marks[-1]))
    return scale, tuple(Tick(_px(scale(mark)), short_number(mark)) for mark in marks)


def _px(value: float) -> float:
    return round(value, 2)

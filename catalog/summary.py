"""What a chart or a map asks of a table: groups with a measure, points, a window of the earth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from catalog.view import Condition
from policies.canonical import Plain

GROUPS_MAX: Final = 30
STEPS_MAX: Final = 400
BINS_MAX: Final = 40
POINTS_MAX: Final = 1_000
SHAPES_MAX: Final = 50_000
"""Shapes that one answer of a map looks at; of more an even sample, the same each time."""
CELLS_MAX: Final = 2_500
"""Cells of points that one answer of a map holds."""
ZOOM_MAX: Final = 18


class SummaryKind(StrEnum):
    """How a summary is drawn, which says what it counts."""

    BARS = "bars"
    """A value of `by` for each bar, the highest first."""
    TIME = "time"
    """A step of time of `by` for each point."""
    HISTOGRAM = "histogram"
    """A range of `by` for each bar."""
    SCATTER = "scatter"
    """A row for each point: `by` across, `of` upwards; a sample where there are many."""


class Measure(StrEnum):
    """What of the rows of a group is shown."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MEDIAN = "median"
    LOWEST = "min"
    HIGHEST = "max"


class TimeStep(StrEnum):
    """How long a step of time is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Summary:
    """One chart."""

    kind: SummaryKind
    by: str
    measure: Measure = Measure.COUNT
    of: str | None = None
    """The column that is measured; None where rows are counted."""
    step: TimeStep = TimeStep.DAY
    """For `TIME` alone."""
    filters: tuple[Condition, ...] = ()

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        return {
            "chart": self.kind.value,
            "by": self.by,
            "measure": self.measure.value,
            "of": self.of,
            "step": self.step.value,
            "filters": [repr(condition) for condition in self.filters],
        }


@dataclass(frozen=True, slots=True)
class Box:
    """A window of the earth in degrees of WGS 84; west is less than east."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Window:
    """What of a table lies in a box, as fine as a zoom shows it.

    Either `shapes` names a column of GeoJSON, or `longitude` and `latitude` name two of numbers.
    """

    zoom: int
    shapes: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    label: str | None = None
    """A column that names what is seen."""
    box: Box | None = None
    """None: all of it."""
    filters: tuple[Condition, ...] = ()

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        return {
            "map": [self.shapes, self.longitude, self.latitude, self.label],
            "zoom": self.zoom,
            "box": repr(self.box),
            "filters": [repr(condition) for condition in self.filters],
        }

"""Which charts say something of a table, and which of its columns tell a place: by its profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from catalog.files.records import GEOMETRY
from catalog.summary import Measure, Summary, SummaryKind, TimeStep
from catalog.version import Column, ColumnType
from quality.profile import ColumnProfile, Profile

SUGGESTED_MAX: Final = 6
VALUES_FOR_BARS_MAX: Final = 60
VALUES_FOR_SPREAD_MIN: Final = 8

_NUMBERS: Final = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE})
_TIMES: Final = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.INSTANT})
_ENGINE_TIMES: Final = ("DATE", "TIMESTAMP")
_OF_WHOLES: Final = "INT"
_ENGINE_NUMBERS: Final = ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL", "HUGEINT")
_LONGITUDE: Final = re.compile(
    r"(^|[_. ])(lon|lng|long|longitude)$|^(经度|經度|.*经度)", re.IGNORECASE
)
_LATITUDE: Final = re.compile(r"(^|[_. ])(lat|latitude)$|^(纬度|緯度|.*纬度)", re.IGNORECASE)
_SHIFTED: Final = re.compile(r"gcj|bd-?09|火星|百度|高德|amap", re.IGNORECASE)
_NUMBERED: Final = re.compile(
    r"((^|[_. ])(id|no|num|number|key)|code|序号|编号|编码|代码)$", re.IGNORECASE
)
_OF_CALENDAR: Final = re.compile(
    r"(^|[_. ])(year|quarter|month|week|weekday|day|hour|minute|second|yr|mon|dow|doy)$"
    r"|^(年|年份|季度|月|月份|周|星期|日|日期|时|小时|分|分钟|秒)$",
    re.IGNORECASE,
)
"""Parts of a date: they order rows, and their mean tells nothing."""
_NAMED: Final = re.compile(r"(name|title|label|名称|名字|站名|标题|地址)", re.IGNORECASE)
_STEPS_OF_SPAN: Final = ((3, TimeStep.HOUR), (400, TimeStep.DAY), (2_500, TimeStep.WEEK),
                         (12_000, TimeStep.MONTH))  # fmt: skip
"""Up to so many days, steps of that length."""


@dataclass(frozen=True, slots=True)
class Places:
    """The columns that tell where a row lies: shapes, or a pair of numbers."""

    shapes: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    label: str | None = None
    is_shifted: bool = False
    """The names say that the coordinates are not WGS 84 but a shifted system, such as GCJ-02."""


def suggested_charts(profile: Profile) -> list[Summary]:
    """Charts worth a look, the most telling first; each column leads at most one of a kind."""
    columns = [one for one in profile.columns if one.null_count < profile.row_count]
    times = [one for one in columns if one.type.startswith(_ENGINE_TIMES)]
    numbers = sorted(filter(_is_measured, columns), key=lambda one: _OF_WHOLES in one.type)
    groups = sorted(
        (
            one
            for one in columns
            if not _OF_CALENDAR.search(one.name)
            and 2 <= one.distinct_count <= VALUES_FOR_BARS_MAX
            and one.frequent
        ),
        key=lambda one: (abs(one.distinct_count - 8), one.name),
    )
    charts = [
        *(Summary(SummaryKind.TIME, one.name, step=_step(one)) for one in times[:2]),
        *(Summary(SummaryKind.BARS, one.name) for one in groups[:2]),
        *(Summary(SummaryKind.HISTOGRAM, one.name) for one in numbers[:2]),
        *(
            Summary(SummaryKind.BARS, group.name, Measure.MEAN, number.name)
            for group, number in zip(groups[:1], numbers[:1], strict=False)
        ),
        *(
            Summary(SummaryKind.TIME, one.name, Measure.MEAN, number.name, _step(one))
            for one, number in zip(times[:1], numbers[:1], strict=False)
        ),
    ]
    if len(numbers) > 1:
        charts.append(Summary(SummaryKind.SCATTER, numbers[0].name, of=numbers[1].name))
    return charts[:SUGGESTED_MAX]


def places_in(columns: Sequence[Column], profile: Profile | None) -> Places | None:
    """The columns that tell a place, by their names and, where they are known, their ranges."""
    known = {one.name: one for one in profile.columns} if profile else {}
    label = next(
        (one.name for one in columns if one.type is ColumnType.TEXT and _NAMED.search(one.name)),
        None,
    )
    for one in columns:
        if one.type is ColumnType.TEXT and one.name.lower() in (GEOMETRY, "geom", "the_geom"):
            return Places(shapes=one.name, label=label)
    numbers = [one for one in columns if one.type in _NUMBERS]
    across = next((one.name for one in numbers if _LONGITUDE.search(one.name)), None)
    upwards = next((one.name for one in numbers if _LATITUDE.search(one.name)), None)
    if across is None or upwards is None:
        return None
    if not (_lies_within(known.get(across), 180) and _lies_within(known.get(upwards), 90)):
        return None
    is_shifted = bool(_SHIFTED.search(f"{across} {upwards}"))
    return Places(longitude=across, latitude=upwards, label=label, is_shifted=is_shifted)


def measurable_columns(columns: Sequence[Column]) -> list[str]:
    """Names of the columns of numbers."""
    return [one.name for one in columns if one.type in _NUMBERS]


def time_columns(columns: Sequence[Column]) -> list[str]:
    """Names of the columns of days and moments."""
    return [one.name for one in columns if one.type in _TIMES]


def _is_measured(column: ColumnProfile) -> bool:
    """Whether a column's numbers measure something rather than name or number it."""
    return (
        column.type.startswith(_ENGINE_NUMBERS)
        and column.distinct_count >= VALUES_FOR_SPREAD_MIN
        and len(column.bins) > 1
        and not _NUMBERED.search(column.name)
        and not _OF_CALENDAR.search(column.name)
    )


def _step(column: ColumnProfile) -> TimeStep:
    if column.minimum is None or column.maximum is None:
        return TimeStep.DAY
    days = (_ordinal(column.maximum) - _ordinal(column.minimum)) * 365.25
    return next((step for most, step in _STEPS_OF_SPAN if days <= most), TimeStep.YEAR)


def _ordinal(moment: str) -> float:
    """A moment in years; good enough to choose a step by."""
    found = re.match(r"(-?\d+)-(\d+)-(\d+)", moment)
    if found is None:
        return 0.0
    year, month, day = (int(part) for part in found.groups())
    return year + (month - 1) / 12 + (day - 1) / 365


def _lies_within(column: ColumnProfile | None, most: float) -> bool:
    if column is None or column.minimum is None or column.maximum is None:
        return True
    try:
        return -most <= float(column.minimum) and float(column.maximum) <= most
    except ValueError:
        return False

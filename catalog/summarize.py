# ruff: noqa: S608  Names are quoted and values typed by `catalog.warehouse`.
"""Charts and maps of a serving copy: the statements, and what they give as JSON.

A chart's rows are few whatever the table holds: groups past a bound are left out and counted, and
points are a sample that is the same every time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from catalog.errors import NoSuchColumn, UnfitForChart
from catalog.map_layer import Layer, feature_of_cell, feature_of_shape
from catalog.row_search.statement import SOURCE
from catalog.serving_copy import ServingCopy
from catalog.summary import (
    BINS_MAX,
    CELLS_MAX,
    GROUPS_MAX,
    POINTS_MAX,
    SHAPES_MAX,
    STEPS_MAX,
    Box,
    Measure,
    Summary,
    SummaryKind,
    TimeStep,
    Window,
)
from catalog.view import Condition, Json, Operator
from catalog.warehouse import Warehouse, selection

_NUMBERS: Final = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT"),
    *("UINTEGER", "UBIGINT", "UHUGEINT", "DOUBLE", "FLOAT", "DECIMAL"),
)
_MEASURES: Final = {
    Measure.COUNT: "count",
    Measure.SUM: "sum",
    Measure.MEAN: "avg",
    Measure.MEDIAN: "median",
    Measure.LOWEST: "min",
    Measure.HIGHEST: "max",
}
_LARGER: Final = {
    TimeStep.HOUR: TimeStep.DAY,
    TimeStep.DAY: TimeStep.WEEK,
    TimeStep.WEEK: TimeStep.MONTH,
    TimeStep.MONTH: TimeStep.YEAR,
}
SHAPES_AT_ONCE: Final = 1_000
_TILE_PX: Final = 256
_CELL_PX: Final = 8
"""Points nearer to each other than this on the screen are one."""
_LABEL_CHARACTERS_MAX: Final = 80


def summarize(warehouse: Warehouse, copy: ServingCopy, summary: Summary) -> dict[str, Json]:
    """The rows of a chart: `rows`, `groups` in all, `step` where it had to be a longer one.

    Raises: NoSuchColumn, UnfitForChart, UnfitValue, QuestionTooLarge.
    """
    _check(copy, summary)
    # Asked first since it says which condition does not fit.
    total = warehouse.count(copy, summary.filters)
    match summary.kind:
        case SummaryKind.BARS:
            told = _bars(warehouse, copy, summary)
        case SummaryKind.TIME:
            told = _time(warehouse, copy, summary)
        case SummaryKind.HISTOGRAM:
            told = _histogram(warehouse, copy, summary)
        case SummaryKind.SCATTER:
            told = _scatter(warehouse, copy, summary)
    return {"kind": summary.kind.value, "total": total, **told}


def map_layer(warehouse: Warehouse, copy: ServingCopy, window: Window) -> dict[str, Json]:
    """What lies in a window as a GeoJSON feature collection of at most `LAYER_BYTES_MAX`.

    Beside the features: `total`, how many rows the conditions leave, `inside`, how many of
    them were found in the window, `shown`, for how many of those the features stand, and
    `extent`, the box around all of them, in the window or not.

    Raises: NoSuchColumn, UnfitForChart, UnfitValue, QuestionTooLarge.
    """
    total = warehouse.count(copy, window.filters)
    if window.shapes is not None:
        features, shown, inside, box = _shapes(warehouse, copy, window, window.shapes, total=total)
    elif window.longitude is not None and window.latitude is not None:
        features, shown, inside, box = _cells(
            warehouse, copy, window, window.longitude, window.latitude
        )
    else:
        raise UnfitForChart("")
    return {
        "type": "FeatureCollection",
        "features": features,
        "total": total,
        "inside": inside,
        "shown": shown,
        # RFC 7946 s. 5 has it for what is here; this is the box around all of it.
        "extent": [box.west, box.south, box.east, box.north] if box else None,
    }


def is_number(type_name: str) -> bool:
    """Whether the engine's type is one of numbers."""
    return type_name.startswith(_NUMBERS) and not type_name.endswith("]")


def is_time(type_name: str) -> bool:
    """Whether the engine's type is a day or a moment."""
    return type_name.startswith(("DATE", "TIMESTAMP")) and not type_name.endswith("]")


def _check(copy: ServingCopy, summary: Summary) -> None:
    types = {column.name: column.type for column in copy.columns}
    for name in (summary.by, summary.of):
        if name is not None and name not in types:
            raise NoSuchColumn(name)
    needs_number = summary.kind in (SummaryKind.HISTOGRAM, SummaryKind.SCATTER)
    if needs_number and not is_number(types[summary.by]):
        raise UnfitForChart(summary.by)
    if summary.kind is SummaryKind.TIME and not is_time(types[summary.by]):
        raise UnfitForChart(summary.by)
    if summary.kind is SummaryKind.SCATTER and summary.of is None:
        raise UnfitForChart(summary.by)
    if summary.of is not None and not is_number(types[summary.of]):
        raise UnfitForChart(summary.of)
    if summary.measure is not Measure.COUNT and summary.of is None:
        raise UnfitForChart(summary.by)


def _bars(warehouse: Warehouse, copy: ServingCopy, summary: Summary) -> dict[str, Json]:
    label = f"CAST({_quote(summary.by)} AS VARCHAR)"
    rows = warehouse.select(
        copy,
        f"SELECT {label}, {_measured(summary)}, count(*), count(*) OVER ()"
        f" FROM ({_rows_of(copy, summary)}) GROUP BY {_quote(summary.by)}"
        f" ORDER BY 2 DESC NULLS LAST, 1 LIMIT {GROUPS_MAX}",
    )
    groups = int(str(rows[0][3])) if rows else 0
    return {
        "rows": [[_label(row[0]), _number(row[1]), _whole(row[2])] for row in rows],
        "groups": groups,
    }


def _time(warehouse: Warehouse, copy: ServingCopy, summary: Summary) -> dict[str, Json]:
    """Steps that would be too many become longer ones."""
    name = _quote(summary.by)
    while True:
        rows = warehouse.select(
            copy,
            f"SELECT CAST(date_trunc('{summary.step.value}', {name}) AS VARCHAR),"
            f" {_measured(summary)}, count(*) FROM ({_rows_of(copy, summary)})"
            f" WHERE {name} IS NOT NULL AND isfinite({name})"
            f" GROUP BY 1 ORDER BY 1 LIMIT {STEPS_MAX + 1}",
        )
        longer = _LARGER.get(summary.step)
        if len(rows) <= STEPS_MAX or longer is None:
            break
        summary = replace(summary, step=longer)
    return {
        "rows": [[str(row[0]), _number(row[1]), _whole(row[2])] for row in rows[:STEPS_MAX]],
        "step": summary.step.value,
        "groups": len(rows),
    }


def _histogram(warehouse: Warehouse, copy: ServingCopy, summary: Summary) -> dict[str, Json]:
    value = f"CAST({_quote(summary.by)} AS DOUBLE)"
    within = f"FROM ({_rows_of(copy, summary)}) WHERE isfinite({value})"
    ((low, high, count),) = warehouse.select(
        copy, f"SELECT min({value}), max({value}), count(*) {within}"
    )
    if not count:
        return {"rows": [], "groups": 0}
    assert isinstance(low, float)
    assert isinstance(high, float)
    type_name = next(one.type for one in copy.columns if one.name == summary.by)
    width, bins = _bin_width(low, high, is_whole="INT" in type_name)
    counted = warehouse.select(
        copy,
        f"SELECT least(CAST(floor(({value} - ({low!r})) / {width!r}) AS INTEGER), {bins - 1}),"
        f" count(*) {within} GROUP BY 1 ORDER BY 1",
    )
    found = {_whole(row[0]): _whole(row[1]) for row in counted}
    return {
        "rows": [
            [low + width * place, min(low + width * (place + 1), high), found.get(place, 0)]
            for place in range(bins)
        ],
        "groups": bins,
    }


def _bin_width(low: float, high: float, *, is_whole: bool) -> tuple[float, int]:
    """Width and number of bins; whole numbers get whole bins."""
    span = high - low
    if not span:
        return 1.0, 1
    if is_whole:
        width = float(-(-(span + 1) // BINS_MAX))
        return width, int(-(-(span + 1) // width))
    return span / BINS_MAX, BINS_MAX


def _scatter(warehouse: Warehouse, copy: ServingCopy, summary: Summary) -> dict[str, Json]:
    assert summary.of is not None, "checked before"
    across, upwards = (f"CAST({_quote(name)} AS DOUBLE)" for name in (summary.by, summary.of))
    within = f"FROM ({_rows_of(copy, summary)}) WHERE isfinite({across}) AND isfinite({upwards})"
    ((count,),) = warehouse.select(copy, f"SELECT count(*) {within}")
    rows = warehouse.select(
        copy,
        f"SELECT x, y, 1 FROM (SELECT {across} AS x, {upwards} AS y {within})"
        f" USING SAMPLE reservoir({POINTS_MAX} ROWS) REPEATABLE (1)",
    )
    return {
        "rows": [[_number(row[0]), _number(row[1]), 1] for row in sorted(rows)],
        "groups": _whole(count),
    }


def _measured(summary: Summary) -> str:
    if summary.measure is Measure.COUNT:
        return "CAST(count(*) AS DOUBLE)"
    assert summary.of is not None, "checked before"
    return f"{_MEASURES[summary.measure]}(CAST({_quote(summary.of)} AS DOUBLE))"


def _rows_of(copy: ServingCopy, summary: Summary) -> str:
    needed = dict.fromkeys([summary.by, *([summary.of] if summary.of else [])])
    return _chosen(copy, tuple(needed), summary.filters)


def _chosen(copy: ServingCopy, columns: Sequence[str], filters: Sequence[Condition]) -> str:
    return selection(copy, SOURCE, columns=columns, filters=filters, sort=(), limit=None, offset=0)


# Maps --------------------------------------------------------------------------------------------


def _cells(
    warehouse: Warehouse, copy: ServingCopy, window: Window, longitude: str, latitude: str
) -> tuple[list[Json], int, int, Box | None]:
    """Points, those that the zoom cannot tell apart as one."""
    size = 360.0 / (_TILE_PX * 2**window.zoom) * _CELL_PX
    types = {column.name: column.type for column in copy.columns}
    for name in (longitude, latitude):
        if not is_number(types.get(name, "DOUBLE")):
            raise UnfitForChart(name)
    filters = [*window.filters]
    if window.box is not None:
        filters += [
            Condition(longitude, Operator.AT_LEAST, window.box.west),
            Condition(longitude, Operator.AT_MOST, window.box.east),
            Condition(latitude, Operator.AT_LEAST, window.box.south),
            Condition(latitude, Operator.AT_MOST, window.box.north),
        ]
    needed = dict.fromkeys([longitude, latitude, *([window.label] if window.label else [])])
    x, y = (f"CAST({_quote(name)} AS DOUBLE)" for name in (longitude, latitude))
    on_earth = f"{x} BETWEEN -180 AND 180 AND {y} BETWEEN -90 AND 90"
    ((west, south, east, north),) = warehouse.select(
        copy,
        f"SELECT min({x}), min({y}), max({x}), max({y})"
        f" FROM ({_chosen(copy, (longitude, latitude), window.filters)}) WHERE {on_earth}",
    )
    label = f"min(CAST({_quote(window.label)} AS VARCHAR))" if window.label else "NULL"
    rows = warehouse.select(
        copy,
        f"SELECT avg({x}), avg({y}), count(*), {label}, CAST(sum(count(*)) OVER () AS BIGINT)"
        f" FROM ({_chosen(copy, tuple(needed), filters)})"
        f" WHERE {on_earth}"
        f" GROUP BY floor({x} / {size!r}), floor({y} / {size!r})"
        f" ORDER BY 3 DESC, 1, 2 LIMIT {CELLS_MAX}",
    )
    features: list[Json] = [
        feature_of_cell(_real(row[0]), _real(row[1]), _whole(row[2]), _short(row[3]), window.zoom)
        for row in rows
    ]
    box = None
    if west is not None:
        box = Box(_real(west), _real(south), _real(east), _real(north))
    inside = _whole(rows[0][4]) if rows else 0
    return features, sum(_whole(row[2]) for row in rows), inside, box


def _shapes(
    warehouse: Warehouse, copy: ServingCopy, window: Window, shapes: str, *, total: int
) -> tuple[list[Json], int, int, Box | None]:
    needed = dict.fromkeys([shapes, *([window.label] if window.label else [])])
    label = f"CAST({_quote(window.label)} AS VARCHAR)" if window.label else "NULL"
    sample = f" USING SAMPLE reservoir({SHAPES_MAX} ROWS) REPEATABLE (1)"
    batches = warehouse.stream(
        copy,
        f"SELECT CAST({_quote(shapes)} AS VARCHAR), {label}"
        f" FROM ({_chosen(copy, tuple(needed), window.filters)})"
        f" WHERE {_quote(shapes)} IS NOT NULL{sample if total > SHAPES_MAX else ''}",
        batch_rows=SHAPES_AT_ONCE,
    )
    layer = Layer(window)
    for row in chain.from_iterable(batches):
        shape = feature_of_shape(str(row[0]), _short(row[1]))
        if shape is not None:
            layer.take(shape)
    features, shown = layer.fitted()
    return features, shown, layer.inside, layer.box


def _short(text: object) -> str:
    return "" if text is None else str(text)[:_LABEL_CHARACTERS_MAX]


def _label(value: object) -> str | None:
    return None if value is None else str(value)[:_LABEL_CHARACTERS_MAX]


def _number(value: object) -> float | None:
    if value is None:
        return None
    number = _real(value)
    return number if math.isfinite(number) else None


def _real(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def as_bytes(told: dict[str, Json]) -> bytes:
    """A chart or map layer as it is handed out."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

"""A map drawn on the server: shapes and points over a plain ground with a grid and a scale.

There is no backdrop of other people's: no tiles from outside, and no outlines of countries, which
may be shown in public only in an approved version. Source: GB/T 19996; RFC 7946; EPSG 3857.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from catalog.map_layer import Position
from catalog.summary import ZOOM_MAX, Box
from catalog.view import Json
from portal.pages.drawing.charts import Tick, nice_ticks

MAP_WIDTH: Final = 960.0
MAP_HEIGHT: Final = 540.0
LATITUDE_MAX: Final = 85.05

_TILE_PX: Final = 256
_EARTH_M: Final = 40_075_016.7
_SCALE_PX: Final = 140.0
_MARGIN_SHARE: Final = 0.06
_LEAST_DEGREES: Final = 0.002
_DOT_LEAST, _DOT_MOST = 2.5, 11.0


@dataclass(frozen=True, slots=True)
class MapMark:
    """One feature: a path, or a circle where it has a radius."""

    kind: str
    """`point`, `line` or `area`."""
    title: str
    path: str = ""
    x: float = 0.0
    y: float = 0.0
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """A map, ready to be drawn."""

    marks: tuple[MapMark, ...]
    meridians: tuple[Tick, ...]
    parallels: tuple[Tick, ...]
    scale_px: float
    scale_words: str
    zoom: int
    box: Box
    width: float = MAP_WIDTH
    height: float = MAP_HEIGHT


def with_margin(box: Box) -> Box:
    """The box with some room around, as far as the earth goes."""
    margin_x = max((box.east - box.west) * _MARGIN_SHARE, _LEAST_DEGREES)
    margin_y = max((box.north - box.south) * _MARGIN_SHARE, _LEAST_DEGREES)
    return Box(
        max(-180.0, box.west - margin_x),
        max(-LATITUDE_MAX, box.south - margin_y),
        min(180.0, box.east + margin_x),
        min(LATITUDE_MAX, box.north + margin_y),
    )


def zoom_of(box: Box) -> int:
    """The zoom at which a box fills the map."""
    wide = max(_across(box.east, 0) - _across(box.west, 0), 1e-9)
    tall = max(_down(box.south, 0) - _down(box.north, 0), 1e-9)
    return max(0, min(ZOOM_MAX, int(math.log2(min(MAP_WIDTH / wide, MAP_HEIGHT / tall)))))


def zoomed(box: Box, factor: float) -> Box:
    """The box made larger or smaller about its middle."""
    x, y = (box.west + box.east) / 2, (box.south + box.north) / 2
    half_x, half_y = (box.east - box.west) / 2 * factor, (box.north - box.south) / 2 * factor
    return Box(
        max(-180.0, x - half_x),
        max(-LATITUDE_MAX, y - half_y),
        min(180.0, x + half_x),
        min(LATITUDE_MAX, y + half_y),
    )


def moved(box: Box, *, east: float, north: float) -> Box:
    """The box moved by shares of itself, as far as the earth goes."""
    wide, tall = box.east - box.west, box.north - box.south
    west = min(max(-180.0, box.west + wide * east), 180.0 - wide)
    south = min(max(-LATITUDE_MAX, box.south + tall * north), LATITUDE_MAX - tall)
    return Box(west, south, west + wide, south + tall)


def draw(features: Sequence[Json], box: Box, rows_words: Mapping[int, str]) -> MapDrawing:
    """Put the features where they stand in the box; `rows_words` tell how many rows a point is."""
    zoom = _fitting_zoom(box)
    middle_x = (_across(box.west, zoom) + _across(box.east, zoom)) / 2
    middle_y = (_down(box.south, zoom) + _down(box.north, zoom)) / 2
    shift_x, shift_y = MAP_WIDTH / 2 - middle_x, MAP_HEIGHT / 2 - middle_y

    def place(position: Position) -> tuple[float, float]:
        return (
            round(_across(position[0], zoom) + shift_x, 1),
            round(_down(position[1], zoom) + shift_y, 1),
        )

    most = max((_count(feature) for feature in features), default=1)
    marks = [_mark(feature, place, most, rows_words) for feature in features]
    order = {"area": 0, "line": 1, "point": 2}
    metres = _metres_per_px(box, zoom)
    length = nice_ticks(0.0, _SCALE_PX * metres)[-2] if metres else 0.0
    return MapDrawing(
        tuple(sorted(marks, key=lambda mark: order[mark.kind])),
        tuple(
            Tick(place((degree, box.south))[0], _degrees(degree, "E", "W"))
            for degree in nice_ticks(box.west, box.east)
            if 0 < place((degree, box.south))[0] < MAP_WIDTH
        ),
        tuple(
            Tick(place((box.west, degree))[1], _degrees(degree, "N", "S"))
            for degree in nice_ticks(box.south, box.north)
            if abs(degree) < LATITUDE_MAX and 0 < place((box.west, degree))[1] < MAP_HEIGHT
        ),
        round(length / metres, 1) if metres else 0.0,
        f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m",
        zoom_of(box),
        box,
    )


def _mark(
    feature: Json,
    place: Callable[[Position], tuple[float, float]],
    most: int,
    rows_words: Mapping[int, str],
) -> MapMark:
    geometry = _geometry(feature)
    properties = _properties(feature)
    count = _count(feature)
    title = str(properties.get("label") or rows_words.get(count, ""))
    if geometry.get("type") == "Point":
        x, y = place(cast("Position", geometry["coordinates"]))
        share = math.sqrt(count / most) if most > 1 else 0.0
        radius = _DOT_LEAST + 1 + (_DOT_MOST - _DOT_LEAST) * share
        return MapMark("point", title, x=x, y=y, radius=round(radius, 1))
    is_area = geometry.get("type") == "Polygon"
    parts = cast("Sequence[Sequence[Position]]", geometry["coordinates"])
    path = "".join(
        "M" + "L".join(f"{x} {y}" for x, y in map(place, part)) + ("Z" if is_area else "")
        for part in parts
    )
    return MapMark("area" if is_area else "line", title, path=path)


def _count(feature: Json) -> int:
    count = _properties(feature).get("count")
    return count if isinstance(count, int) else 1


def _geometry(feature: Json) -> Mapping[str, Json]:
    return cast("Mapping[str, Mapping[str, Json]]", feature)["geometry"]


def _properties(feature: Json) -> Mapping[str, Json]:
    return cast("Mapping[str, Mapping[str, Json]]", feature)["properties"]


def _fitting_zoom(box: Box) -> float:
    wide = max(_across(box.east, 0) - _across(box.west, 0), 1e-9)
    tall = max(_down(box.south, 0) - _down(box.north, 0), 1e-9)
    return math.log2(min(MAP_WIDTH / wide, MAP_HEIGHT / tall))


def _across(longitude: float, zoom: float) -> float:
    return float((longitude + 180.0) / 360.0 * _TILE_PX * 2.0**zoom)


def _down(latitude: float, zoom: float) -> float:
    bounded = math.radians(min(max(latitude, -LATITUDE_MAX), LATITUDE_MAX))
    share = (1 - math.asinh(math.tan(bounded)) / math.pi) / 2
    return float(share * _TILE_PX * 2.0**zoom)


def _metres_per_px(box: Box, zoom: float) -> float:
    middle = math.radians((box.south + box.north) / 2)
    return float(_EARTH_M * math.cos(middle) / (_TILE_PX * 2.0**zoom))


def _degrees(degree: float, above: str, below: str) -> str:
    return f"{abs(degree):.6g}°{above if degree >= 0 else below}"

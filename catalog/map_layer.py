"""Features of a map that a zoom can show: coarser shapes, no more bytes than a page can take.

Coordinates are WGS 84 degrees as GeoJSON has them, longitude first. A shape is made coarser by
putting its corners on the grid of the screen's points at that zoom and leaving out corners that
fall on the one before; a shape smaller than a point stays as a point.

Source: RFC 7946 (GeoJSON); OGC 13-082r2, the tile matrix "WorldWebMercatorQuad", for zooms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.summary import Box, Window
from catalog.view import Json

LAYER_BYTES_MAX: Final = 200_000
DEPTH_MAX: Final = 5
"""How deep coordinates and collections may lie in each other."""

_TILE_PX: Final = 256
_COARSER_MAX: Final = 12
_KINDS: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How many lists lie around a position."""

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """One geometry, taken apart into rings, lines or points of positions."""

    kind: str
    """`point`, `line` or `area`."""
    parts: tuple[tuple[Position, ...], ...]
    label: str

    @property
    def box(self) -> Box:
        """The smallest box around it."""
        across = [position[0] for part in self.parts for position in part]
        upwards = [position[1] for part in self.parts for position in part]
        return Box(min(across), min(upwards), max(across), max(upwards))


def feature_of_cell(x: float, y: float, count: int, label: str, zoom: int) -> dict[str, Json]:
    """A point that stands for so many rows."""
    properties: dict[str, Json] = {"count": count}
    if label and count == 1:
        properties["label"] = label
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(_rounded((x, y), _digits(zoom) + 1))},
        "properties": properties,
    }


def feature_of_shape(text: str, label: str) -> Shape | None:
    """Read a geometry; None where it is none or lies outside the earth."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kinds: dict[str, list[tuple[Position, ...]]] = {"point": [], "line": [], "area": []}
    for kind, part in _parts(told, DEPTH_MAX):
        kinds[kind].append(part)
    for kind in ("area", "line", "point"):
        if kinds[kind]:
            return Shape(kind, tuple(kinds[kind]), label)
    return None


def fitted(shapes: Sequence[Shape], window: Window) -> tuple[list[Json], int]:
    """Features of the shapes in the window that fit into one answer, and how many there are.

    Where they do not fit they become coarser, zoom by zoom, and then the last are left out.
    """
    seen = [one for one in shapes if window.box is None or _touches(one.box, window.box)]
    for coarser in range(_COARSER_MAX):
        zoom = max(0, window.zoom - coarser)
        features = [_feature(one, zoom) for one in seen]
        if sum(map(_size, features)) <= LAYER_BYTES_MAX or not zoom:
            break
    kept, size = 0, 0
    for feature in features:
        size += _size(feature)
        if size > LAYER_BYTES_MAX:
            break
        kept += 1
    return [*features[:kept]], kept


def box_around(boxes: Sequence[Box]) -> Box | None:
    """The smallest box around boxes; None where there are none."""
    if not boxes:
        return None
    return Box(
        min(box.west for box in boxes),
        min(box.south for box in boxes),
        max(box.east for box in boxes),
        max(box.north for box in boxes),
    )


def _feature(shape: Shape, zoom: int) -> dict[str, Json]:
    digits = _digits(zoom)
    parts = [_coarse(part, zoom, digits) for part in shape.parts]
    least = {"point": 1, "line": 2, "area": 4}[shape.kind]
    drawn = [part for part in parts if len(part) >= least]
    geometry: dict[str, Json]
    if shape.kind == "point" or not drawn:
        first = parts[0][0]
        geometry = {"type": "Point", "coordinates": list(first)}
    elif shape.kind == "line":
        geometry = {"type": "MultiLineString", "coordinates": _lists(drawn)}
    else:
        geometry = {"type": "Polygon", "coordinates": _lists(drawn)}
    properties: dict[str, Json] = {"label": shape.label} if shape.label else {}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _coarse(part: Sequence[Position], zoom: int, digits: int) -> list[Position]:
    """The part with its corners on the grid of half a point of the screen."""
    size = 360.0 / (_TILE_PX * 2**zoom) / 2
    kept: list[Position] = []
    last: tuple[int, int] | None = None
    for position in part:
        cell = (round(position[0] / size), round(position[1] / size))
        if cell != last:
            kept.append(_rounded(position, digits))
            last = cell
    if len(part) > 1 and part[0] == part[-1] and kept[0] != kept[-1]:
        kept.append(kept[0])
    return kept


def _lists(parts: Sequence[Sequence[Position]]) -> list[Json]:
    return [[list(position) for position in part] for part in parts]


def _parts(told: object, depth: int) -> Iterator[tuple[str, tuple[Position, ...]]]:
    """The parts of a geometry, each with its kind."""
    if not isinstance(told, dict) or depth == 0:
        return
    kind = told.get("type")
    if kind == "GeometryCollection":
        members = told.get("geometries")
        for member in members if isinstance(members, list) else ():
            yield from _parts(member, depth - 1)
        return
    if kind == "Feature":
        yield from _parts(told.get("geometry"), depth - 1)
        return
    if kind not in _KINDS:
        return
    name = {"t": "point", "g": "line", "n": "area"}[str(kind)[-1]]
    for part in _lines(told.get("coordinates"), _KINDS[str(kind)]):
        yield name, part


def _lines(told: object, lists: int) -> Iterator[tuple[Position, ...]]:
    """Rows of positions, of which `lists` says how deep they lie."""
    if lists == 0:
        position = _position(told)
        if position is not None:
            yield (position,)
        return
    if not isinstance(told, list):
        return
    if lists == 1:
        positions = [_position(one) for one in told]
        line = tuple(one for one in positions if one is not None)
        if line:
            yield line
        return
    for inner in told:
        yield from _lines(inner, lists - 1)


def _position(told: object) -> Position | None:
    if not isinstance(told, list) or len(told) < 2:
        return None
    x, y = told[0], told[1]
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        return None
    return (float(x), float(y)) if abs(x) <= 180 and abs(y) <= 90 else None


def _touches(one: Box, other: Box) -> bool:
    return (
        one.west <= other.east
        and one.east >= other.west
        and one.south <= other.north
        and one.north >= other.south
    )


def _digits(zoom: int) -> int:
    """Digits after the point that a zoom can show."""
    return min(6, 1 + zoom // 3)


def _rounded(position: Position, digits: int) -> Position:
    return round(position[0], digits), round(position[1], digits)


def _size(feature: Json) -> int:
    return len(json.dumps(feature, ensure_ascii=False, separators=(",", ":")).encode()) + 1

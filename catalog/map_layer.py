"""Features of a map that a zoom can show: coarser shapes, no more bytes than a page can take.

Coordinates are WGS 84 degrees as GeoJSON has them, longitude first. A shape is made coarser by
putting its corners on the grid of the screen's points at that zoom and leaving out corners that
fall on the one before; a shape smaller than a point stays as a point.

Source: RFC 7946 (GeoJSON); OGC 13-082r2, the tile matrix "WorldWebMercatorQuad", for zooms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from catalog.summary import Box, Window
from catalog.view import Json

LAYER_BYTES_MAX: Final = 200_000
DEPTH_MAX: Final = 5
"""How deep coordinates and collections may lie in each other."""

_TILE_PX: Final = 256
_COARSER_MAX: Final = 6
"""Zooms by which shapes become coarser before any is left out."""
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


@dataclass(slots=True)
class Layer:
    """The shapes of a whole layer as one zoom shows them, taken in one by one.

    Only what is drawn is kept, coarse already. Shapes that the zoom cannot tell from a point are
    one where they fall on the same point of the screen.
    """

    window: Window
    inside: int = 0
    """Shapes in the window."""
    box: Box | None = None
    """Around all shapes, in the window or not."""
    _drawn: list[Shape] = field(default_factory=list)
    _specks: dict[tuple[int, int], tuple[Position, int, str]] = field(default_factory=dict)

    def take(self, shape: Shape) -> None:
        """Take the next shape in."""
        box = shape.box
        self.box = box if self.box is None else box_around((self.box, box))
        if self.window.box is not None and not _touches(box, self.window.box):
            return
        self.inside += 1
        coarse = _coarser(shape, self.window.zoom)
        if coarse is None:
            self._speck(shape.parts[0][0], 1, shape.label)
        else:
            self._drawn.append(coarse)

    def fitted(self) -> tuple[list[Json], int]:
        """Features that fit into one answer, and for how many shapes they stand.

        Where they do not fit they become coarser by some zooms; then the smallest are left out.
        """
        zoom = self.window.zoom
        for zoom in range(self.window.zoom, max(-1, self.window.zoom - _COARSER_MAX - 1), -1):
            self._redraw(zoom)
            features = self._features(zoom)
            if sum(size for size, _, _ in features) <= LAYER_BYTES_MAX:
                break
        kept: list[Json] = []
        left, shown = LAYER_BYTES_MAX, 0
        for size, count, feature in features:
            if size <= left:
                left -= size
                shown += count
                kept.append(feature)
        return kept, shown

    def _redraw(self, zoom: int) -> None:
        if zoom == self.window.zoom:
            return
        before, specks = self._drawn, self._specks
        self._drawn, self._specks = [], {}
        for position, count, label in specks.values():
            self._speck(position, count, label, zoom)
        for shape in before:
            coarse = _coarser(shape, zoom)
            if coarse is None:
                self._speck(shape.parts[0][0], 1, shape.label, zoom)
            else:
                self._drawn.append(coarse)

    def _features(self, zoom: int) -> list[tuple[int, int, Json]]:
        """Size in bytes, count and feature, the largest on the screen first."""
        large = sorted(self._drawn, key=lambda one: _extent(one.box), reverse=True)
        features: list[tuple[int, Json]] = [(1, _feature(one, zoom)) for one in large]
        specks = sorted(self._specks.values(), key=lambda one: -one[1])
        features += [(one[1], feature_of_cell(*one[0], one[1], one[2], zoom)) for one in specks]
        return [(_size(feature), count, feature) for count, feature in features]

    def _speck(self, position: Position, count: int, label: str, zoom: int | None = None) -> None:
        cell = _cell(position, self.window.zoom if zoom is None else zoom)
        first, before, said = self._specks.get(cell, (position, 0, label))
        self._specks[cell] = (first, before + count, said)


def _coarser(shape: Shape, zoom: int) -> Shape | None:
    """The shape as the zoom draws it; None where that is a point."""
    least = {"point": 1, "line": 2, "area": 4}[shape.kind]
    if shape.kind == "point":
        return None
    parts = [_coarse(part, zoom) for part in shape.parts]
    drawn = tuple(tuple(part) for part in parts if len(part) >= least)
    return Shape(shape.kind, drawn, shape.label) if drawn else None


def _extent(box: Box) -> float:
    return max(box.east - box.west, box.north - box.south)


def _cell(position: Position, zoom: int) -> tuple[int, int]:
    size = 360.0 / (_TILE_PX * 2**zoom) / 2
    return round(position[0] / size), round(position[1] / size)


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
    rings = [[_rounded(position, digits) for position in part] for part in shape.parts]
    kind = "MultiLineString" if shape.kind == "line" else "Polygon"
    geometry: dict[str, Json] = {"type": kind, "coordinates": _lists(rings)}
    properties: dict[str, Json] = {"label": shape.label} if shape.label else {}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _coarse(part: Sequence[Position], zoom: int) -> list[Position]:
    """The part without corners that fall on the one before, on half a point of the screen."""
    kept: list[Position] = []
    last: tuple[int, int] | None = None
    for position in part:
        cell = _cell(position, zoom)
        if cell != last:
            kept.append(position)
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

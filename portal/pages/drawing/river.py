"""The picture of the portal's name: one river, a weir, and what flowed through each gate.

The width of each stream is its true share of all deliveries, so that the picture is a chart and
not an ornament.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.terms import Regime

WIDTH = 480.0
HEIGHT = 264.0
_WEIR_X = 196.0
_POST_WIDTH = 7.0
_RIVER_THICKNESS = 104.0
_LEAST_THICKNESS = 3.0
"""A regime that nothing flows through still shows as a thread of water."""
_GATE_GAP = 26.0
_END_X = 330.0
_END_GAP = 48.0


@dataclass(frozen=True, slots=True)
class Flow:
    """How many deliveries one regime had in the time that the picture covers."""

    regime: Regime
    deliveries: int


@dataclass(frozen=True, slots=True)
class Stream:
    """One ribbon of water: its outline, and where its label stands."""

    flow: Flow
    path: str
    label_y: float


@dataclass(frozen=True, slots=True)
class River:
    """The whole picture in a box of WIDTH by HEIGHT."""

    streams: tuple[Stream, ...]
    posts: tuple[tuple[float, float], ...]
    """Top and height of each post of the weir."""
    ticks: tuple[tuple[float, bool], ...]
    """Height of each mark of the gauge on the posts, and whether it is a long one."""
    width: float = WIDTH
    height: float = HEIGHT
    weir_x: float = _WEIR_X
    post_width: float = _POST_WIDTH
    end_x: float = _END_X


def draw_river(flows: list[Flow]) -> River:
    """Place the streams, top to bottom in the order given."""
    total = sum(flow.deliveries for flow in flows) or 1
    free = _RIVER_THICKNESS - _LEAST_THICKNESS * len(flows)
    thick = [_LEAST_THICKNESS + free * flow.deliveries / total for flow in flows]
    middle = HEIGHT / 2
    before = _stacked(thick, middle, gap=0.0)
    gates = _stacked(thick, middle, gap=_GATE_GAP)
    ends = _stacked(thick, middle, gap=_END_GAP)
    streams = tuple(
        Stream(flow, _ribbon(before[i], gates[i], ends[i], thick[i]), ends[i] + thick[i] / 2)
        for i, flow in enumerate(flows)
    )
    top, bottom = gates[0] - _GATE_GAP, gates[-1] + thick[-1] + _GATE_GAP
    edges = [top]
    for start, width in zip(gates, thick, strict=True):
        edges += [start, start + width]
    edges.append(bottom)
    posts = tuple((edges[i], edges[i + 1] - edges[i]) for i in range(0, len(edges), 2))
    marks = [(top + step * (bottom - top) / 30, step % 5 == 0) for step in range(31)]
    ticks = tuple(
        (y, is_long)
        for y, is_long in marks
        if any(start <= y <= start + tall for start, tall in posts)
    )
    return River(streams, posts, ticks)


def _stacked(thick: list[float], middle: float, *, gap: float) -> list[float]:
    """The top of each band when they lie under one another, centred."""
    top = middle - (sum(thick) + gap * (len(thick) - 1)) / 2
    tops = []
    for thickness in thick:
        tops.append(top)
        top += thickness + gap
    return tops


def _ribbon(before: float, gate: float, end: float, thickness: float) -> str:
    """The outline of one stream: level, through its gate, and away."""
    weir, past = _WEIR_X - 24, _WEIR_X + _POST_WIDTH + 24
    bend_in, bend_out = weir - 55, past + 45
    upper = (
        f"M0 {before:.1f}H{bend_in - 30:.1f}"
        f"C{bend_in + 10:.1f} {before:.1f} {bend_in + 15:.1f} {gate:.1f} {weir:.1f} {gate:.1f}"
        f"H{past:.1f}"
        f"C{bend_out:.1f} {gate:.1f} {bend_out - 10:.1f} {end:.1f} {_END_X:.1f} {end:.1f}"
    )
    low_before, low_gate, low_end = before + thickness, gate + thickness, end + thickness
    lower = (
        f"V{low_end:.1f}"
        f"C{bend_out - 10:.1f} {low_end:.1f} {bend_out:.1f} {low_gate:.1f} "
        f"{past:.1f} {low_gate:.1f}"
        f"H{weir:.1f}"
        f"C{bend_in + 15:.1f} {low_gate:.1f} {bend_in + 10:.1f} {low_before:.1f} "
        f"{bend_in - 30:.1f} {low_before:.1f}H0Z"
    )
    return upper + lower

"""Where the boxes and lines of a lineage graph stand: a layered drawing, computed here.

Columns come from the longest path, so that every line points forward; the order within a column
from a few barycentre sweeps, which keep crossings few. A line that spans columns runs through a
place of its own in each, so that it passes beside boxes and never behind them. Cycles are cut for
the drawing at the line that closes them. Past MAX_NODES the graph is folded, never drawn.

Source: K. Sugiyama, S. Tagawa, M. Toda, Methods for Visual Understanding of Hierarchical System
Structures (1981).
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

MAX_NODES = 200
SWEEPS = 6

_BOX_HEIGHT = 52.0
_BOX_MIN_WIDTH = 132.0
_BOX_MAX_WIDTH = 236.0
_ROW_GAP = 18.0
_COLUMN_GAP = 64.0
_MARGIN = 12.0
_WIDE_PX = 14.0
_NARROW_PX = 7.6
_BOX_PADDING = 46.0
"""Room for the picture of the kind and the edges, in pixels."""


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A dataset, job or delivery in the graph."""

    id: str
    label: str
    kind: str
    """`source`, `dataset`, `job`, `product`, `delivery` or `fold`: chooses picture and colour."""
    note: str = ""
    href: str | None = None
    is_focus: bool = False
    is_dimmed: bool = False
    """Outside the path that the reader picked."""


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """Data flowed from one node to another."""

    source: str
    target: str
    note: str = ""
    is_dimmed: bool = False


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """Nodes and the edges between them; an edge to an unknown node is not drawn."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """A node with its box, in pixels; `caption` is its label cut to the box."""

    node: LineageNode
    caption: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """An edge with the path to draw."""

    edge: LineageEdge
    path: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole drawing."""

    nodes: tuple[PlacedNode, ...]
    edges: tuple[PlacedEdge, ...]
    width: float
    height: float
    folded: int
    """How many nodes were left out because there are more than MAX_NODES."""


def lay_out(graph: LineageGraph) -> Layout:
    """Place a graph of any size; what goes past MAX_NODES is folded away around the focus."""
    folded_graph, folded = fold(graph, MAX_NODES)
    if not folded_graph.nodes:
        return Layout((), (), 2 * _MARGIN, 2 * _MARGIN, folded)
    edges = _drawable(folded_graph)
    chains, layers = _layered(folded_graph, edges)
    _sweep(layers, chains)
    return _placed(folded_graph, edges, chains, layers, folded)


def fold(graph: LineageGraph, most: int) -> tuple[LineageGraph, int]:
    """Keep the `most` nodes nearest to the focus; say how many were left out.

    Where neighbours of a kept node were left out, one node of kind `fold` stands for them, its
    `note` the number of them.
    """
    if len(graph.nodes) <= most:
        return graph, 0
    nearest = _by_distance(graph)
    kept = set(nearest[:most])
    hidden_after: dict[str, int] = defaultdict(int)
    hidden_before: dict[str, int] = defaultdict(int)
    for edge in graph.edges:
        if edge.source in kept and edge.target not in kept:
            hidden_after[edge.source] += 1
        if edge.target in kept and edge.source not in kept:
            hidden_before[edge.target] += 1
    nodes = [node for node in graph.nodes if node.id in kept]
    edges = [edge for edge in graph.edges if edge.source in kept and edge.target in kept]
    by_id = {node.id: node for node in nodes}
    for key, number in hidden_after.items():
        stub = LineageNode(f"{key}>more", f"+{number}", "fold", str(number), by_id[key].href)
        nodes.append(stub)
        edges.append(LineageEdge(key, stub.id))
    for key, number in hidden_before.items():
        stub = LineageNode(f"{key}<more", f"+{number}", "fold", str(number), by_id[key].href)
        nodes.append(stub)
        edges.append(LineageEdge(stub.id, key))
    return LineageGraph(tuple(nodes), tuple(edges)), len(graph.nodes) - len(kept)


def _by_distance(graph: LineageGraph) -> list[str]:
    """Node ids by the number of steps from the focus (any direction), the unreachable last."""
    near: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    known = {node.id for node in graph.nodes}
    start = [node.id for node in graph.nodes if node.is_focus] or [graph.nodes[0].id]
    seen = dict.fromkeys(start)
    waiting = deque(start)
    while waiting:
        for neighbour in near[waiting.popleft()]:
            if neighbour in known and neighbour not in seen:
                seen[neighbour] = None
                waiting.append(neighbour)
    return [*seen, *(node.id for node in graph.nodes if node.id not in seen)]


def _drawable(graph: LineageGraph) -> list[LineageEdge]:
    """Edges between known, different nodes, once each, without those that close a cycle."""
    known = {node.id for node in graph.nodes}
    after: dict[str, list[str]] = defaultdict(list)
    unique: dict[tuple[str, str], LineageEdge] = {}
    for edge in graph.edges:
        pair = (edge.source, edge.target)
        if edge.source in known and edge.target in known and edge.source != edge.target:
            if pair not in unique:
                after[edge.source].append(edge.target)
            unique.setdefault(pair, edge)
    closing = _closing_pairs([node.id for node in graph.nodes], after)
    return [edge for pair, edge in unique.items() if pair not in closing]


def _closing_pairs(ids: list[str], after: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Edges that lead back to a node still open in a depth-first walk."""
    closing: set[tuple[str, str]] = set()
    finished: set[str] = set()
    for root in ids:
        if root in finished:
            continue
        open_now = {root}
        walk = [(root, iter(after[root]))]
        while walk:
            key, targets = walk[-1]
            target = next(targets, None)
            if target is None:
                walk.pop()
                open_now.discard(key)
                finished.add(key)
            elif target in open_now:
                closing.add((key, target))
            elif target not in finished:
                open_now.add(target)
                walk.append((target, iter(after[target])))
    return closing


Chain = list[str]
"""The places that one edge runs through, from its source to its target."""


def _layered(graph: LineageGraph, edges: list[LineageEdge]) -> tuple[list[Chain], list[list[str]]]:
    """Give each node a column, and each long edge a place in the columns that it passes."""
    column = _columns(graph, edges)
    layers: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for node in graph.nodes:
        layers[column[node.id]].append(node.id)
    chains: list[Chain] = []
    for number, edge in enumerate(edges):
        chain = [edge.source]
        for passed in range(column[edge.source] + 1, column[edge.target]):
            place = f"\0{number}:{passed}"
            layers[passed].append(place)
            chain.append(place)
        chains.append([*chain, edge.target])
    return chains, layers


def _columns(graph: LineageGraph, edges: list[LineageEdge]) -> dict[str, int]:
    """The longest path from any source; nodes without inputs stand just before their first use."""
    before: dict[str, int] = {node.id: 0 for node in graph.nodes}
    after: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        before[edge.target] += 1
        after[edge.source].append(edge.target)
    sources = [key for key, number in before.items() if number == 0]
    column = dict.fromkeys(before, 0)
    ready = deque(sources)
    while ready:
        key = ready.popleft()
        for target in after[key]:
            column[target] = max(column[target], column[key] + 1)
            before[target] -= 1
            if before[target] == 0:
                ready.append(target)
    for key in sources:
        if after[key]:
            column[key] = min(column[target] for target in after[key]) - 1
    return column


def _sweep(layers: list[list[str]], chains: list[Chain]) -> None:
    """Order each column by the mean place of its neighbours, forth and back in turn."""
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for left, right in pairwise(chain):
            after[left].append(right)
            before[right].append(left)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        neighbours = before if forth else after
        ordered = layers if forth else layers[::-1]
        for reference, layer in pairwise(ordered):
            rank = {key: place for place, key in enumerate(reference)}
            own = {key: float(place) for place, key in enumerate(layer)}
            wish = {
                key: _mean([rank[other] for other in neighbours[key]], own[key]) for key in layer
            }
            layer.sort(key=lambda key: (wish[key], own[key]))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _placed(
    graph: LineageGraph,
    edges: list[LineageEdge],
    chains: list[Chain],
    layers: list[list[str]],
    folded: int,
) -> Layout:
    by_id = {node.id: node for node in graph.nodes}
    middle, height = _middles(layers, chains, by_id)
    boxes: dict[str, PlacedNode] = {}
    spans: dict[str, tuple[float, float]] = {}
    x = _MARGIN
    for layer in layers:
        width = max((_width(by_id[key]) for key in layer if key in by_id), default=0.0)
        for key in layer:
            spans[key] = (x, x + width)
            if key in by_id:
                top = middle[key] - _BOX_HEIGHT / 2
                caption = _cut(by_id[key].label, width - _BOX_PADDING)
                boxes[key] = PlacedNode(by_id[key], caption, x, top, width, _BOX_HEIGHT)
        x += width + _COLUMN_GAP
    drawn = tuple(
        PlacedEdge(edge, _path(chain, spans, middle))
        for edge, chain in zip(edges, chains, strict=True)
    )
    nodes = tuple(boxes[node.id] for node in graph.nodes)
    return Layout(nodes, drawn, x - _COLUMN_GAP + _MARGIN, height, folded)


def _middles(
    layers: list[list[str]], chains: list[Chain], by_id: dict[str, LineageNode]
) -> tuple[dict[str, float], float]:
    """The height of each place: near the mean of its neighbours, never overlapping."""
    near: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for left, right in pairwise(chain):
            near[left].append(right)
            near[right].append(left)

    def room(key: str) -> float:
        return _BOX_HEIGHT + _ROW_GAP if key in by_id else _ROW_GAP

    middle: dict[str, float] = {}
    for layer in layers:
        top = -sum(room(key) for key in layer) / 2
        for key in layer:
            middle[key] = top + room(key) / 2
            top += room(key)
    for ordered in (layers, layers[::-1], layers):
        for layer in ordered:
            wishes = [_mean([middle[other] for other in near[key]], middle[key]) for key in layer]
            settled = _spread(wishes, [room(key) for key in layer])
            middle.update(zip(layer, settled, strict=True))
    lowest = min(middle[key] - room(key) / 2 for key in middle)
    highest = max(middle[key] + room(key) / 2 for key in middle)
    shift = _MARGIN - _ROW_GAP / 2 - lowest
    return {key: y + shift for key, y in middle.items()}, highest - lowest - _ROW_GAP + 2 * _MARGIN


def _spread(wishes: list[float], rooms: list[float]) -> list[float]:
    """Places in the given order, as near to the wishes as the room of each allows.

    Neighbours that would overlap are merged into a block that settles at the mean of their wishes.
    """
    blocks: list[tuple[float, float, int]] = []  # sum of (wish - offset), length, members
    for wish, room in zip(wishes, rooms, strict=True):
        total, length, members = wish - room / 2, room, 1
        while blocks and blocks[-1][0] / blocks[-1][2] + blocks[-1][1] > total / members:
            earlier_total, earlier_length, earlier_members = blocks.pop()
            total = earlier_total + total - members * earlier_length
            length += earlier_length
            members += earlier_members
        blocks.append((total, length, members))
    places: list[float] = []
    for total, _, members in blocks:
        top = total / members
        for room in rooms[len(places) : len(places) + members]:
            places.append(top + room / 2)
            top += room
    return places


def _path(chain: Chain, spans: dict[str, tuple[float, float]], middle: dict[str, float]) -> str:
    x, y = spans[chain[0]][1], middle[chain[0]]
    path = f"M{x:.1f} {y:.1f}"
    for key in chain[1:]:
        left, right = spans[key]
        half, below = (left - x) / 2, middle[key]
        path += f"C{x + half:.1f} {y:.1f} {left - half:.1f} {below:.1f} {left:.1f} {below:.1f}"
        x, y = left, below
        if key is not chain[-1]:
            path += f"H{right:.1f}"
            x = right
    return path


def _width(node: LineageNode) -> float:
    wanted = max(_text_width(node.label), _text_width(node.note) * 0.86) + _BOX_PADDING
    return min(max(wanted, _BOX_MIN_WIDTH), _BOX_MAX_WIDTH)


def _text_width(text: str) -> float:
    return sum(
        _WIDE_PX if unicodedata.east_asian_width(character) in "WF" else _NARROW_PX
        for character in text
    )


def _cut(text: str, width: float) -> str:
    if _text_width(text) <= width:
        return text
    while text and _text_width(text) + _WIDE_PX > width:
        text = text[:-1]
    return text + "…"


def note_dimmed(graph: LineageGraph, lit: set[tuple[str, str]]) -> LineageGraph:
    """The graph with everything dimmed but the given edges and the nodes that they touch."""
    touched = {key for pair in lit for key in pair}
    return LineageGraph(
        tuple(replace(node, is_dimmed=node.id not in touched) for node in graph.nodes),
        tuple(replace(e, is_dimmed=(e.source, e.target) not in lit) for e in graph.edges),
    )

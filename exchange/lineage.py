"""The lineage graph: where data came from and where it went, out of the edges that events carry.

Source: exchange design, lineage; W3C PROV-O (derivation).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from policies.canonical import Plain

NODES_MAX = 2_000
DEPTH_MAX = 20


class AssetKind(StrEnum):
    """What a node is; the part of its id before the colon."""

    BLOB = "blob"
    UPLOAD = "upload"
    VERSION = "version"
    REPORT = "report"
    DATASET = "dataset"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class LineageNode:
    """One thing in the graph."""

    id: str
    """Kind and name, such as "version:UUID" or "blob:SHA256"."""
    kind: AssetKind
    label: str
    facts: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """`target` was made of `source` by the act `by`."""

    source: str
    target: str
    by: str


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """A part of the graph around where the walk began."""

    roots: tuple[str, ...]
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    is_cut: bool
    """There is more than was asked for, or than one answer holds."""


Neighbours = Callable[[Sequence[str]], Sequence[LineageEdge]]


def walk(
    roots: Sequence[str], *, into: Neighbours, out_of: Neighbours, depth: int
) -> tuple[list[LineageEdge], bool]:
    """The edges within `depth` steps up and down from the roots, and whether more were left.

    Upward only what a thing was made of is followed, and downward only what was made of it, so
    that the graph holds ancestors and descendants but not the siblings.
    """
    up, is_up_cut = _one_way(roots, into, lambda edge: edge.source, depth)
    down, is_down_cut = _one_way(roots, out_of, lambda edge: edge.target, depth)
    return list(dict.fromkeys([*up, *down])), is_up_cut or is_down_cut


def without_hidden(
    edges: Sequence[LineageEdge], visible: Mapping[str, LineageNode], roots: Sequence[str]
) -> tuple[LineageNode, ...]:
    """The visible nodes that the roots or a visible edge names, in the order of the edges."""
    named = dict.fromkeys(roots)
    for edge in edges:
        named |= dict.fromkeys((edge.source, edge.target))
    return tuple(visible[name] for name in named if name in visible)


def _one_way(
    roots: Sequence[str],
    neighbours: Neighbours,
    far_end: Callable[[LineageEdge], str],
    depth: int,
) -> tuple[list[LineageEdge], bool]:
    seen, frontier = set(roots), list(roots)
    found: list[LineageEdge] = []
    for _ in range(min(depth, DEPTH_MAX)):
        if not frontier or len(seen) > NODES_MAX:
            break
        edges = neighbours(frontier)
        found += edges
        frontier = []
        for edge in edges:
            name = far_end(edge)
            if name not in seen:
                seen.add(name)
                frontier.append(name)
    return found, bool(frontier)

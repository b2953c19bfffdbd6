"""Tiles: the hashes of the log in files of at most 256, so that anybody can keep a copy of it.

Tile N of level L holds, one after the other, the hashes of the nodes of level 8·L of the tree from
position 256·N on: 256 of them once it is full, fewer in the partial tile at the edge of the log,
which says in its address how many. A tile holds hashes only and never changes.

Source: C2SP tlog-tiles, "Merkle Tree".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from policies.evidence.merkle import Node

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
_ADDRESS: Final = re.compile(  # no higher level: a tree of 2**63 leaves has no such node
    r"(?P<level>[0-7])/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Which hashes of the tree a tile holds."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def is_full(self) -> bool:
        """Whether nothing can be added to it any more."""
        return self.width == TILE_WIDTH

    def nodes(self) -> list[Node]:
        """The nodes whose hashes it holds, in order."""
        level, start = self.level * TILE_HEIGHT, self.number * TILE_WIDTH
        return [(level, position) for position in range(start, start + self.width)]

    def leaf_count(self) -> int:
        """How many leaves a tree has at least that all of its nodes are complete in."""
        return (self.number * TILE_WIDTH + self.width) << self.level * TILE_HEIGHT

    def address(self) -> str:
        """Level, number in groups of three digits, and the width of a partial tile."""
        groups = [f"{self.number % 1000:03}"]
        rest = self.number // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        part = "" if self.is_full else f".p/{self.width}"
        return f"{self.level}/{'/'.join(groups)}{part}"


def read_tile_address(address: str) -> Tile | None:
    """The tile at that address; None where it is no tile's.

    A tile has one address: what would name it in another way, with needless zeros say, is none.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return None
    number = int(found["number"].replace("x", "").replace("/", ""))
    tile = Tile(int(found["level"]), number, int(found["width"] or TILE_WIDTH))
    return tile if tile.address() == address else None

"""Where an installation keeps the public records as graphs."""

from __future__ import annotations

from catalog.graphs import Graphs
from portal.open_files import given_of
from portal.wiring import Wiring


def graphs_of(wiring: Wiring) -> Graphs:
    """The graphs, with what they are made of."""
    folder = wiring.settings.private_folder / "graphs"
    return Graphs(folder, wiring.pool, given_of(wiring), wiring.settings.site_url)

"""The lineage drawing as text and numbers."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from portal.pages.drawing.lineage_layout import (
    MAX_NODES,
    Layout,
    LineageEdge,
    LineageGraph,
    LineageNode,
    lay_out,
    note_dimmed,
)


def graph_of(pairs: list[tuple[str, str]], *, focus: str = "") -> LineageGraph:
    names = dict.fromkeys(name for pair in pairs for name in pair)
    nodes = tuple(LineageNode(name, name, "dataset", is_focus=name == focus) for name in names)
    return LineageGraph(nodes, tuple(LineageEdge(*pair) for pair in pairs))


def overlapping(layout: Layout) -> list[tuple[str, str]]:
    return [
        (a.node.id, b.node.id)
        for a, b in combinations(layout.nodes, 2)
        if a.x < b.x + b.width and b.x < a.x + a.width
        and a.y < b.y + b.height and b.y < a.y + a.height
    ]  # fmt: skip


def test_every_line_points_forward() -> None:
    layout = lay_out(graph_of([("a", "b"), ("b", "c"), ("a", "c"), ("d", "c")]))

    left = {placed.node.id: placed.x for placed in layout.nodes}
    assert all(left[line.edge.source] < left[line.edge.target] for line in layout.edges)


def test_a_source_stands_just_before_its_first_use() -> None:
    layout = lay_out(graph_of([("a", "b"), ("b", "c"), ("late", "c")]))

    left = {placed.node.id: placed.x for placed in layout.nodes}
    assert left["late"] == left["b"]


def test_a_cycle_is_cut_and_still_drawn() -> None:
    layout = lay_out(graph_of([("a", "b"), ("b", "c"), ("c", "a")]))

    assert len(layout.nodes) == 3
    assert len(layout.edges) == 2


def test_nothing_is_drawn_for_nothing() -> None:
    assert lay_out(LineageGraph((), ())).nodes == ()


def test_past_the_bound_the_far_ones_are_folded_and_counted() -> None:
    pairs = [("hub", f"n{i}") for i in range(500)]

    layout = lay_out(graph_of(pairs, focus="hub"))

    assert layout.folded == 501 - MAX_NODES
    stubs = [placed.node for placed in layout.nodes if placed.node.kind == "fold"]
    assert [stub.label for stub in stubs] == [f"+{501 - MAX_NODES}"]


def test_a_long_chinese_title_is_cut_to_its_box() -> None:
    title = "全市路内停车泊位每十五分钟占用情况统计汇总明细表"
    graph = LineageGraph((LineageNode("a", title, "dataset"),), ())

    caption = lay_out(graph).nodes[0].caption

    assert caption.endswith("…")
    assert title.startswith(caption[:-1])


def test_only_the_picked_path_stays_lit() -> None:
    dimmed = note_dimmed(graph_of([("a", "b"), ("b", "c")]), {("a", "b")})

    assert [node.is_dimmed for node in dimmed.nodes] == [False, False, True]


NAMES = st.integers(0, 25).map(str)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=60))
def test_no_boxes_overlap_and_all_lie_inside(pairs: list[tuple[str, str]]) -> None:
    layout = lay_out(graph_of(pairs))

    assert not overlapping(layout)
    assert all(
        placed.x >= 0 and placed.y >= 0
        and placed.x + placed.width <= layout.width
        and placed.y + placed.height <= layout.height
        for placed in layout.nodes
    )  # fmt: skip
    left = {placed.node.id: placed.x for placed in layout.nodes}
    assert all(left[line.edge.source] < left[line.edge.target] for line in layout.edges)

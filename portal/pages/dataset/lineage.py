"""The lineage tab: the traced graph as boxes and lines."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from exchange import lineage
from exchange.lineage import AssetKind
from portal.pages.drawing.lineage_layout import LineageEdge, LineageGraph, LineageNode
from portal.pages.speech import Speech
from portal.pages.words import number_of

_KINDS = {
    AssetKind.BLOB: "source",
    AssetKind.UPLOAD: "source",
    AssetKind.VERSION: "dataset",
    AssetKind.REPORT: "job",
    AssetKind.DATASET: "dataset",
    AssetKind.RECEIPT: "delivery",
}
_DIGITS_SHOWN = 12


def drawable(graph: lineage.LineageGraph, say: Speech) -> LineageGraph:
    """The graph in the shapes that are drawn, around its roots."""
    return LineageGraph(
        tuple(_node(node, say, is_focus=node.id in graph.roots) for node in graph.nodes),
        tuple(LineageEdge(edge.source, edge.target, _act(edge.by, say)) for edge in graph.edges),
    )


def _node(node: lineage.LineageNode, say: Speech, *, is_focus: bool) -> LineageNode:
    at = datetime.fromisoformat(str(node.facts["at"])) if node.facts.get("at") else None
    day = say.day(at) if at else ""
    number = node.facts.get("number")
    name = node.id.partition(":")[2]
    label, note, href = node.label, day, None
    match node.kind:
        case AssetKind.BLOB:
            label = say.gettext("Bytes {digest}", digest=name[:_DIGITS_SHOWN])
            note = say.bytes(number) if isinstance(number, int) else day
        case AssetKind.UPLOAD:
            note = say.gettext("uploaded {day}", day=day)
        case AssetKind.VERSION:
            note = say.gettext(
                "{rows} rows, {day}",
                rows=say.number(number) if isinstance(number, int) else "?",
                day=day,
            )
        case AssetKind.REPORT:
            label = say.gettext("Quality check")
        case AssetKind.DATASET:
            href = f"/dataset/{node.label}"
        case AssetKind.RECEIPT:
            label = say.gettext("Delivery {number}", number=number_of("W", UUID(name)))
            href = f"/receipt/{name}"
    return LineageNode(node.id, label, _KINDS[node.kind], note, href, is_focus=is_focus)


def _act(by: str, say: Speech) -> str:
    return {
        "catalog.upload": say.gettext("arrived"),
        "catalog.ingest": say.gettext("was read"),
        "quality.assess": say.gettext("was checked"),
        "catalog.describe": say.gettext("was made from"),
        "catalog.publish": say.gettext("was published"),
        "correct": say.gettext("was corrected"),
        "deliver": say.gettext("was delivered"),
        "deliver_masked": say.gettext("was delivered, masked"),
    }.get(by, by)

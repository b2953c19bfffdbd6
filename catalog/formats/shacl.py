"""Check graphs against shapes, through pyshacl and rdflib, without a look at the network.

Both take long to load, so whoever checks imports this file where it checks.

Source: W3C SHACL; DCAT-AP 3.0.1.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pyshacl
from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.namespace import SH
from rdflib.term import Node

from catalog.formats.shape_finding import Severity, ShapeFinding
from policies.terms import Text

SHAPES: Final = Path(__file__).parent / "shapes" / "weir-dcat-ap.ttl"


def check(turtle_or_triples: bytes) -> list[ShapeFinding]:
    """What our shapes find in a graph written as N-Triples, what is worst first."""
    data = Graph()
    data.parse(data=turtle_or_triples, format="nt")
    return _check(data, _shapes())


def check_with(triples: bytes, shapes: Graph) -> list[ShapeFinding]:
    """What other shapes find in a graph written as N-Triples."""
    data = Graph()
    data.parse(data=triples, format="nt")
    return _check(data, shapes)


@cache
def _shapes() -> Graph:
    shapes = Graph()
    shapes.parse(SHAPES, format="turtle")
    return shapes


def _check(data: Graph, shapes: Graph) -> list[ShapeFinding]:
    _, report, _ = pyshacl.validate(
        data,
        shacl_graph=shapes,
        allow_warnings=True,
        do_owl_imports=False,
        inference="none",
        advanced=False,
        inplace=True,
    )
    assert isinstance(report, Graph)
    # Results within results say why a nested shape failed; the outer one says what did.
    found = [_finding(report, result) for result in report.objects(None, SH.result)]
    return sorted(
        found, key=lambda one: (one.severity != Severity.VIOLATION, one.node, one.path, one.value)
    )


def _finding(report: Graph, result: Node) -> ShapeFinding:
    words = {"zh": "", "en": ""}
    for message in report.objects(result, SH.resultMessage):
        if isinstance(message, RdfLiteral):
            words[message.language if message.language == "zh" else "en"] = str(message)
    path = report.value(result, SH.resultPath)
    is_violation = report.value(result, SH.resultSeverity) == SH.Violation
    return ShapeFinding(
        severity=Severity.VIOLATION if is_violation else Severity.ADVICE,
        node=str(report.value(result, SH.focusNode) or ""),
        path=str(path) if isinstance(path, URIRef) else "",
        value=str(report.value(result, SH.value) or ""),
        words=Text(zh=words["zh"], en=words["en"]),
    )

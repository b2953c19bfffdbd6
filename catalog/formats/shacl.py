"""Check graphs against shapes, through pyshacl, without a look at the network.

It takes long to load, so whoever checks imports this file where it checks.

Source: W3C SHACL; DCAT-AP 3.0.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyshacl
from pyshacl.rdfutil.load import load_from_source

from catalog.formats.shape_finding import Severity, ShapeFinding
from policies.terms import Text

SHAPES: Final = Path(__file__).parent / "shapes" / "weir-dcat-ap.ttl"


_SH: Final = "http://www.w3.org/ns/shacl#"

Graph = Any
"""A graph of the library that pyshacl stands on."""
_Said = Mapping[tuple[str, str], Sequence[Any]]
"""What a report says of each subject in each property."""


def check(triples: bytes) -> list[ShapeFinding]:
    """What our shapes find in a graph written as N-Triples, what is worst first."""
    return check_with(triples, _shapes())


def check_with(triples: bytes, shapes: Graph) -> list[ShapeFinding]:
    """What other shapes find in a graph written as N-Triples."""
    _, report, _ = pyshacl.validate(
        load_from_source(triples, rdf_format="nt"),
        shacl_graph=shapes,
        allow_warnings=True,
        do_owl_imports=False,
        inference="none",
        advanced=False,
        inplace=True,
    )
    said: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    results: list[str] = []
    for subject, of, value in report:
        said[str(subject), str(of)].append(value)
        # Results within results say why a nested shape failed; the outer one says what did.
        if str(of) == f"{_SH}result":
            results.append(str(value))
    return sorted(
        (_finding(said, result) for result in results),
        key=lambda one: (one.severity != Severity.VIOLATION, one.node, one.path, one.value),
    )


@cache
def _shapes() -> Graph:
    return load_from_source(str(SHAPES), rdf_format="turtle")


def _finding(said: _Said, result: str) -> ShapeFinding:
    words = {"zh": "", "en": ""}
    for message in said[result, f"{_SH}resultMessage"]:
        words["zh" if message.language == "zh" else "en"] = str(message)
    path = next(iter(said[result, f"{_SH}resultPath"]), None)
    severity = _first(said[result, f"{_SH}resultSeverity"])
    return ShapeFinding(
        severity=Severity.VIOLATION if severity == f"{_SH}Violation" else Severity.ADVICE,
        node=_first(said[result, f"{_SH}focusNode"]),
        # A path of several steps has no name.
        path=str(path) if path is not None and path.n3().startswith("<") else "",
        value=_first(said[result, f"{_SH}value"]),
        words=Text(zh=words["zh"], en=words["en"]),
    )


def _first(values: Iterable[object]) -> str:
    return next((str(value) for value in values), "")

"""What shapes find wrong in a graph.

Source: W3C SHACL s. 3.6 (validation report).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policies.terms import Text


class Severity(StrEnum):
    """How much a finding weighs."""

    VIOLATION = "violation"
    """The graph is not what the specification asks for."""
    ADVICE = "advice"
    """The specification recommends more."""


@dataclass(frozen=True, slots=True)
class ShapeFinding:
    """One thing that a shape finds wrong."""

    severity: Severity
    node: str
    path: str
    """The property's name; empty where the node itself is meant."""
    value: str
    """Empty where a value is missing."""
    words: Text

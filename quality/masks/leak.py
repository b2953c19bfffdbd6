"""An identifier that is still found in a column although it is masked."""

from __future__ import annotations

from dataclasses import dataclass

from quality.sensitive import SensitiveKind


@dataclass(frozen=True, slots=True)
class Leak:
    """A masked column of a version, and what its masked values still are."""

    column: str
    kind: SensitiveKind
    valid_count: int

"""A way in which a client of CKAN shows a file: as an image, a text, a table.

Source: CKAN 2.12, resource views.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from catalog.dataset import DistributionId, check_text
from catalog.view import Json

VIEW_TITLE_LENGTH_CHARACTERS: Final = 2_000
VIEW_DESCRIPTION_LENGTH_CHARACTERS: Final = 20_000
VIEWS_MAX: Final = 100
"""Of one distribution."""


@dataclass(frozen=True, slots=True)
class ResourceView:
    """One view.

    Raises: TextTooLong, TextUnwritable.
    """

    id: UUID
    distribution_id: DistributionId
    kind: str
    title: str = ""
    description: str = ""
    position: int = 0
    settings: Mapping[str, Json] = field(default_factory=dict)
    """What the kind of view itself wants to know."""

    def __post_init__(self) -> None:
        check_text("view_type", self.kind, 100)
        check_text("title", self.title, VIEW_TITLE_LENGTH_CHARACTERS)
        check_text("description", self.description, VIEW_DESCRIPTION_LENGTH_CHARACTERS)

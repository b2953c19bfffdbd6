"""A link between two datasets, told from one side and read from both.

Source: CKAN 2.12, package relationships; DCAT 3, `dcat:qualifiedRelation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from policies.terms import DatasetId

COMMENT_LENGTH_CHARACTERS: Final = 20_000


class RelationshipKind(StrEnum):
    """What the subject is to the object."""

    DEPENDS_ON = "depends_on"
    DERIVES_FROM = "derives_from"
    LINKS_TO = "links_to"
    CHILD_OF = "child_of"


BACKWARDS: Final = {
    "dependency_of": RelationshipKind.DEPENDS_ON,
    "has_derivation": RelationshipKind.DERIVES_FROM,
    "linked_from": RelationshipKind.LINKS_TO,
    "parent_of": RelationshipKind.CHILD_OF,
}
"""The same links as the object tells them."""

FORWARDS: Final = {kind: name for name, kind in BACKWARDS.items()}


@dataclass(frozen=True, slots=True)
class Relationship:
    """One link."""

    id: UUID
    subject_id: DatasetId
    object_id: DatasetId
    kind: RelationshipKind
    comment: str = ""

    def kind_seen_from(self, dataset_id: DatasetId) -> str:
        """What the link is called by the dataset on that side."""
        return self.kind.value if dataset_id == self.subject_id else FORWARDS[self.kind]

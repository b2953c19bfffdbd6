"""A theme: a subject under which datasets of many publishers are gathered; CKAN calls it a group.

Source: W3C DCAT 3, `dcat:theme`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from policies.terms import Text, UserId

ThemeId = NewType("ThemeId", UUID)
VocabularyId = NewType("VocabularyId", UUID)
TermId = NewType("TermId", UUID)


@dataclass(frozen=True, slots=True)
class Theme:
    """A subject with its name in addresses."""

    id: ThemeId
    slug: str
    title: Text
    created_at: datetime
    description: Text = Text()  # noqa: RUF009  frozen
    image_url: str = ""
    kind: str = "group"
    """What clients of CKAN call the kind of group."""
    extras: tuple[tuple[str, str], ...] = ()
    is_removed: bool = False
    created_by: UserId | None = None
    """None where the system itself made it, as a harvest does."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a controlled list. Source: SKOS, `skos:Concept`."""

    id: TermId
    vocabulary_id: VocabularyId
    name: str

"""A theme: a subject under which datasets of many publishers are gathered; CKAN calls it a group.

Source: W3C DCAT 3, `dcat:theme`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType
from uuid import UUID

from policies.presentation import (
    ABOUT_MOST_CHARACTERS,
    ADDRESS_MOST_CHARACTERS,
    NAME_MOST_CHARACTERS,
    check_extras,
    check_written,
)
from policies.roles import Capacity
from policies.terms import Text, UserId

ThemeId = NewType("ThemeId", UUID)
VocabularyId = NewType("VocabularyId", UUID)
TermId = NewType("TermId", UUID)

TERM_LEAST_CHARACTERS: Final = 2
TERM_MOST_CHARACTERS: Final = 100
TERMS_MOST: Final = 10_000
"""Terms of one vocabulary."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A subject with its name in addresses.

    Raises: PresentationTooLong, PresentationUnwritable, ExtrasMalformed.
    """

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

    def __post_init__(self) -> None:
        for text in (self.title.zh, self.title.en):
            check_written("title", text, NAME_MOST_CHARACTERS)
        for text in (self.description.zh, self.description.en):
            check_written("description", text, ABOUT_MOST_CHARACTERS)
        check_written("image_url", self.image_url, ADDRESS_MOST_CHARACTERS)
        check_written("type", self.kind, NAME_MOST_CHARACTERS)
        check_extras(self.extras)


@dataclass(frozen=True, slots=True)
class ThemeParent:
    """A theme that another one stands under, for show."""

    theme_id: ThemeId
    capacity: str = "public"
    """What clients of CKAN call the tie."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A user who looks after a theme."""

    user_id: UserId
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A controlled list of words. Source: SKOS, `skos:ConceptScheme`."""

    id: VocabularyId
    name: str
    terms: tuple[Term, ...] = ()
    """By name."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a controlled list. Source: SKOS, `skos:Concept`."""

    id: TermId
    vocabulary_id: VocabularyId
    name: str

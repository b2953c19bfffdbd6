"""Refusals about themes, vocabularies, and what is followed or noted beside the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Denied, Invalid, NotFound


@dataclass(eq=False)
class ThemeNotFound(NotFound):
    """No theme has this name or id."""

    message: ClassVar[str] = N_("There is no theme “{name}”.")
    name: str


@dataclass(eq=False)
class ThemeTaken(Conflict):
    """Another theme has this name or id."""

    message: ClassVar[str] = N_("There is already a theme “{name}”.")
    name: str


@dataclass(eq=False)
class ThemeKeeperNeeded(Denied):
    """Only those who look after a theme may do this, each as far as their capacity goes."""

    message: ClassVar[str] = N_("Only somebody who looks after the theme “{name}” may do this.")
    name: str


@dataclass(eq=False)
class ThemeInCircle(Invalid):
    """A theme would stand under itself."""

    message: ClassVar[str] = N_("“{name}” cannot stand under itself.")
    name: str


@dataclass(eq=False)
class VocabularyNotFound(NotFound):
    """No vocabulary has this name or id."""

    message: ClassVar[str] = N_("There is no vocabulary “{name}”.")
    name: str


@dataclass(eq=False)
class VocabularyTaken(Conflict):
    """Another vocabulary has this name."""

    message: ClassVar[str] = N_("There is already a vocabulary “{name}”.")
    name: str


@dataclass(eq=False)
class MalformedVocabularyName(Invalid):
    """A vocabulary's or term's name is too short or too long."""

    message: ClassVar[str] = N_("A name here has {least} to {most} characters.")
    least: int
    most: int


@dataclass(eq=False)
class TermTaken(Conflict):
    """The vocabulary has this term already."""

    message: ClassVar[str] = N_("The vocabulary has the term “{name}” already.")
    name: str


@dataclass(eq=False)
class NotFollowing(NotFound):
    """The user does not follow that."""

    message: ClassVar[str] = N_("You do not follow this.")


@dataclass(eq=False)
class TooManyFollowed(Conflict):
    """The bound on what one person follows."""

    message: ClassVar[str] = N_("You follow {most} things already.")
    most: int


@dataclass(eq=False)
class CodesCollide(Conflict):
    """Two datasets of one code would have the same provider."""

    message: ClassVar[str] = N_(
        "Some of these datasets have a directory code that an unowned one has already."
    )

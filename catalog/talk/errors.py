"""Refusals of talking about datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Denied, Invalid, NotFound, TooLarge, TooOften


@dataclass(eq=False)
class WordsMissing(Invalid):
    """A field of words is empty or too long."""

    message: ClassVar[str] = N_("Write 1 to {characters_max} characters.")
    field: str
    characters_max: int


@dataclass(eq=False)
class MalformedLink(Invalid):
    """A link that does not lead to a page of the web."""

    message: ClassVar[str] = N_(
        "Give the whole address of a web page, beginning with https:// or http://."
    )
    field: str = "link"


@dataclass(eq=False)
class PictureTooLarge(TooLarge):
    """A picture of more bytes than a card may carry."""

    message: ClassVar[str] = N_("The picture has more than {size_bytes_max} bytes.")
    size_bytes_max: int
    field: str = "picture"


@dataclass(eq=False)
class PictureUnknown(Invalid):
    """A file that is no PNG, JPEG or WebP picture."""

    message: ClassVar[str] = N_("Only PNG, JPEG and WebP pictures can be shown.")
    field: str = "picture"


@dataclass(eq=False)
class ReuseKnown(Conflict):
    """The dataset has a card for that address already."""

    message: ClassVar[str] = N_("This address is named here already.")
    field: str = "link"


@dataclass(eq=False)
class PostNotFound(NotFound):
    """There is no such question, answer or reuse for the caller."""

    message: ClassVar[str] = N_("There is no such contribution.")


@dataclass(eq=False)
class ModeratorNeeded(Denied):
    """Only the publisher's own people and the bureau moderate."""

    message: ClassVar[str] = N_("Only the publisher and the bureau can hide and show this.")


@dataclass(eq=False)
class TooManyPosts(TooOften):
    """Somebody wrote as much as one may in a day."""

    message: ClassVar[str] = N_(
        "You wrote {count_max} contributions in the last 24 hours. Go on tomorrow."
    )
    count_max: int


@dataclass(eq=False)
class TalkFull(Conflict):
    """A dataset or a question holds as much as it may."""

    message: ClassVar[str] = N_("This holds {count_max} contributions already.")
    count_max: int

"""Refusals about how organisations and people present themselves, and about removing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid


@dataclass(eq=False)
class PresentationTooLong(Invalid):
    """A text about an organisation or a person that is longer than its bound."""

    message: ClassVar[str] = N_("“{field}” takes at most {most} characters.")
    field: str
    most: int


@dataclass(eq=False)
class PresentationUnwritable(Invalid):
    """A text that no database can hold: a NUL, or half of a character."""

    message: ClassVar[str] = N_("“{field}” holds a character that cannot be stored.")
    field: str


@dataclass(eq=False)
class ExtrasMalformed(Invalid):
    """Extra fields whose keys repeat, or that are too many."""

    message: ClassVar[str] = N_("Extra fields have different names, and there are at most {most}.")
    most: int


@dataclass(eq=False)
class OrganizationInUse(Conflict):
    """Something that has to be kept names the organisation, so it stays."""

    message: ClassVar[str] = N_(
        "“{slug}” cannot be removed: datasets, agreements, receipts or accounts still name it."
    )
    slug: str


@dataclass(eq=False)
class IdTaken(Conflict):
    """The id that was chosen belongs to something else."""

    message: ClassVar[str] = N_("The id “{id}” is taken.")
    id: str


@dataclass(eq=False)
class EmailTaken(Conflict):
    """Another open account has this e-mail address."""

    message: ClassVar[str] = N_("The e-mail address “{email}” belongs to another user.")
    email: str


@dataclass(eq=False)
class ParentInCircle(Invalid):
    """An organisation would stand under itself."""

    message: ClassVar[str] = N_("“{slug}” cannot stand under itself.")
    slug: str


@dataclass(eq=False)
class NoImage(Invalid):
    """A file that was handed in as a picture and is none, or is too large for one."""

    message: ClassVar[str] = N_(
        "This is no picture that can be shown. Use PNG, JPEG, GIF or WebP of at most {bytes_max} "
        "bytes."
    )
    bytes_max: int

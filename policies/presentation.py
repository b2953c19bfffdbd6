"""How organisations and people present themselves beside the facts that decisions read.

Nothing here lends power: an organisation that stands under another one lends it no role, and a
removed one is only hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from policies.events import JsonValue
from policies.party import Organization, User
from policies.presentation_errors import (
    ExtrasMalformed,
    PresentationTooLong,
    PresentationUnwritable,
)
from policies.terms import OrganizationId, Text

NAME_MOST_CHARACTERS: Final = 500
ADDRESS_MOST_CHARACTERS: Final = 2_000
ABOUT_MOST_CHARACTERS: Final = 100_000
EXTRAS_MOST: Final = 500
EXTRA_MOST_CHARACTERS: Final = 100_000
PARENTS_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Parent:
    """An organisation that this one stands under."""

    organization_id: OrganizationId
    capacity: str = "public"
    """What clients of CKAN call the tie."""


@dataclass(frozen=True, slots=True)
class OrganizationPresentation:
    """What an organisation says of itself.

    Raises: PresentationTooLong, PresentationUnwritable, ExtrasMalformed.
    """

    description: Text = Text()  # noqa: RUF009  frozen
    image_url: str = ""
    type_name: str = "organization"
    """What clients of CKAN call its type."""
    approval_status: str = "approved"
    extras: tuple[tuple[str, str], ...] = ()
    is_titled: bool = True
    """False: nobody gave a title, and its name stands in for one."""
    is_removed: bool = False
    """Hidden; it has no members and can be restored."""
    parents: tuple[Parent, ...] = ()
    """In the order of their names."""

    def __post_init__(self) -> None:
        check_written("description", self.description.zh, ABOUT_MOST_CHARACTERS)
        check_written("description", self.description.en, ABOUT_MOST_CHARACTERS)
        check_written("image_url", self.image_url, ADDRESS_MOST_CHARACTERS)
        check_written("type", self.type_name, NAME_MOST_CHARACTERS)
        check_written("approval_status", self.approval_status, NAME_MOST_CHARACTERS)
        check_extras(self.extras)
        if len(self.parents) > PARENTS_MOST:
            raise ExtrasMalformed(PARENTS_MOST)
        for parent in self.parents:
            check_written("capacity", parent.capacity, NAME_MOST_CHARACTERS)


@dataclass(frozen=True, slots=True)
class PresentedOrganization:
    """An organisation with what it says of itself."""

    organization: Organization
    presentation: OrganizationPresentation


@dataclass(frozen=True, slots=True)
class UserPresentation:
    """What a person says of themselves; `email` is shown to them and to administrators only.

    Raises: PresentationTooLong, PresentationUnwritable.
    """

    full_name: str = ""
    email: str = ""
    about: str = ""
    image_url: str = ""
    extras: Mapping[str, JsonValue] = field(default_factory=dict)
    """What plug-ins of clients keep with a user; administrators see it."""

    def __post_init__(self) -> None:
        check_written("fullname", self.full_name, NAME_MOST_CHARACTERS)
        check_written("email", self.email, NAME_MOST_CHARACTERS)
        check_written("about", self.about, ABOUT_MOST_CHARACTERS)
        check_written("image_url", self.image_url, ADDRESS_MOST_CHARACTERS)


@dataclass(frozen=True, slots=True)
class PresentedUser:
    """A person with what they say of themselves."""

    user: User
    presentation: UserPresentation
    is_administrator: bool
    """Of the whole site."""
    last_seen_at: datetime | None
    """The last use of a session; None where there is none."""


def check_extras(extras: tuple[tuple[str, str], ...]) -> None:
    """Refuse extra fields whose keys repeat or that break a bound.

    Raises: PresentationTooLong, PresentationUnwritable, ExtrasMalformed.
    """
    if len(extras) > EXTRAS_MOST or len(dict(extras)) != len(extras):
        raise ExtrasMalformed(EXTRAS_MOST)
    for key, value in extras:
        check_written("extras", key, NAME_MOST_CHARACTERS)
        check_written("extras", value, EXTRA_MOST_CHARACTERS)


def check_written(field_name: str, text: str, most: int) -> None:
    """Refuse a text that is too long or cannot be stored.

    Raises: PresentationTooLong, PresentationUnwritable.
    """
    if len(text) > most:
        raise PresentationTooLong(field_name, most)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise PresentationUnwritable(field_name)

"""Every refusal of this package, and the few kinds of refusal that all packages share.

A refusal is a frozen set of facts with a message. `message` is an English sentence with the facts
as `{placeholders}`; it is a gettext message id, so that a refusal can be read in the caller's
language. Which HTTP status a kind has is said in `portal/problems.py` and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


def N_(message: str) -> str:
    """Mark a message for translation without translating it."""
    return message


class Refusal(Exception):
    """What was asked for is not done, for a reason that the caller can act on."""

    message: ClassVar[str]

    def __str__(self) -> str:
        return self.message.format(**vars(self))


class Invalid(Refusal):
    """The request is not well formed, or a value in it is not allowed."""


class NotSignedIn(Refusal):
    """The caller has to say who they are first."""


class Denied(Refusal):
    """The caller is known and may not do this."""


class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of."""


class Conflict(Refusal):
    """The thing is not in a state in which this can be done."""


class Unfunded(Refusal):
    """The credits do not cover it."""


class TooLarge(Refusal):
    """A bound on size, time or number would be passed."""


class TooOften(Refusal):
    """The caller has to wait before trying again."""


@dataclass(eq=False)
class MalformedSlug(Invalid):
    """A name that cannot stand in an address."""

    message: ClassVar[str] = N_(
        "“{slug}” cannot be a name in an address. Use 1 to 100 lower-case letters, digits, “-” "
        "and “_”, beginning and ending with a letter or digit."
    )
    slug: str


@dataclass(eq=False)
class MalformedCreditCode(Invalid):
    """A unified social credit code whose length, letters or check character are wrong."""

    message: ClassVar[str] = N_(
        "“{code}” is not a unified social credit code: 18 digits and capital letters without "
        "I, O, S, V and Z, the last of them a check character."
    )
    code: str

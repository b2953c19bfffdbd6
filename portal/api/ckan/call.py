"""One call of an action: who makes it, when, and what came along.

Programs send numbers and truth as text where they send a form or a query string, so every reading
of a parameter takes both.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from catalog.view import Json
from policies.database import Tx
from policies.party import Actor
from policies.roles import can_administer
from portal.api.ckan.errors import AccessDenied, missing, wrong
from portal.ckan_options import CkanOptions
from portal.incoming_file import IncomingFile
from portal.wiring import Wiring

TRUE_WORDS: Final = ("true", "yes", "t", "y", "1", "on")
WHOLE_MAX: Final = 2**31 - 1


class _NoTransaction:
    """Stands where a long action has none: whatever is asked of it is our own mistake."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a long action names its own transactions: {name}")


NO_TRANSACTION: Final = cast("Tx", _NoTransaction())


@dataclass(frozen=True, slots=True)
class Call:
    """One call; its transaction commits when the action returns and is undone when it raises."""

    action: str
    tx: Tx
    wiring: Wiring
    actor: Actor
    at: datetime
    parameters: Mapping[str, Json]
    files: Mapping[str, IncomingFile] = field(default_factory=dict)
    """Files of a multipart body by the name of their field, already stored."""
    gone: threading.Event | None = None
    """Of a long read: set when the client goes, and nobody waits for the answer any more."""

    @property
    def options(self) -> CkanOptions:
        """The permission options of the installation."""
        return self.wiring.settings.ckan_options

    @property
    def site_url(self) -> str:
        """Where links lead, without a slash at the end."""
        return self.wiring.settings.site_url

    @property
    def is_sysadmin(self) -> bool:
        """Whether the caller is what CKAN calls a sysadmin."""
        return is_sysadmin(self.actor)

    def has(self, name: str) -> bool:
        """Whether the parameter was sent, even empty."""
        return name in self.parameters

    def value(self, name: str) -> Json:
        """The parameter as it came; None where it was not sent."""
        return self.parameters.get(name)

    def text(self, name: str, otherwise: str = "") -> str:
        """A text.

        Raises: ValidationFailed where it is none.
        """
        return text_of(name, self.parameters.get(name), otherwise)

    def wanted(self, name: str) -> str:
        """A text that has to be given.

        Raises: ValidationFailed.
        """
        found = self.text(name)
        if not found:
            raise missing(name)
        return found

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """Truth, however it is written."""
        return truth_of(self.parameters.get(name), otherwise=otherwise)

    def whole(self, name: str, otherwise: int, *, least: int = 0, most: int = WHOLE_MAX) -> int:
        """A whole number; one above `most` counts as `most`.

        Raises: ValidationFailed where it is none or below `least`.
        """
        value = self.parameters.get(name)
        if value is None or value == "":
            return otherwise
        number = whole_of(name, value)
        if number < least:
            words = "Must be a natural number" if least == 0 else f"Must be at least {least}"
            raise wrong(name, words)
        return min(number, most)

    def texts(self, name: str) -> list[str]:
        """A list of texts; a single text counts as a list of one.

        Raises: ValidationFailed.
        """
        value = self.parameters.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str):
            return [value]
        if not isinstance(value, Sequence):
            raise wrong(name, "Not a list")
        return [text_of(name, item) for item in value]

    def with_parameters(self, parameters: Mapping[str, Json]) -> Call:
        """The same call with other parameters, for an action that is made of another."""
        return Call(
            self.action,
            self.tx,
            self.wiring,
            self.actor,
            self.at,
            parameters,
            self.files,
        )

    def check_signed_in(self, doing: str) -> None:
        """Refuse the anonymous visitor.

        Raises: AccessDenied.
        """
        if self.actor.is_anonymous:
            raise AccessDenied(f"Action {doing} requires an authenticated user")

    def check_sysadmin(self) -> None:
        """Refuse everybody but a sysadmin.

        Raises: AccessDenied.
        """
        self.check_signed_in(self.action)
        if not self.is_sysadmin:
            raise AccessDenied(f"User {self.actor.name} not authorized to do this")


def is_sysadmin(actor: Actor) -> bool:
    """Whether the actor is what CKAN calls a sysadmin: an administrator of the whole site."""
    return not actor.is_program and can_administer(actor)


def text_of(name: str, value: Json, otherwise: str = "") -> str:
    """A value as text; numbers are written out.

    Raises: ValidationFailed for lists and objects.
    """
    if value is None:
        return otherwise
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return str(value)
    raise wrong(name, "Must be a Unicode string value")


def truth_of(value: Json, *, otherwise: bool = False) -> bool:
    """A value as truth: CKAN's words for yes; everything else is no."""
    if value is None or value == "":
        return otherwise
    if isinstance(value, str):
        return value.strip().lower() in TRUE_WORDS
    return bool(value)


def whole_of(name: str, value: Json) -> int:
    """A value as a whole number.

    Raises: ValidationFailed.
    """
    if isinstance(value, bool):
        raise wrong(name, "Invalid integer")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= 20:
        try:
            return int(value.strip())
        except ValueError:
            pass
    raise wrong(name, "Invalid integer")


def uuid_of(text: str) -> UUID | None:
    """The id that a text is; None where it is none."""
    if len(text) > 45:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None

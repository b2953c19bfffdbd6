"""Refusals in words: which status, code and sentence each has.

The only place that knows which HTTP status a kind of refusal has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from policies.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    NotSignedIn,
    Refusal,
    TooLarge,
    TooOften,
    Unfunded,
)
from policies.terms import Language
from portal.languages import translator

STATUS: Final[Mapping[type[Refusal], int]] = {
    Invalid: 400,
    NotSignedIn: 401,
    Unfunded: 402,
    Denied: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    TooOften: 429,
}
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return status_of_kind(type(refusal))


def status_of_kind(refused: type[Refusal]) -> int:
    """The HTTP status of every refusal of that class."""
    return next(status for kind, status in STATUS.items() if issubclass(refused, kind))


def words_of(refusal: Refusal, language: Language) -> str:
    """The refusal's message in `language`."""
    return str(translator(language).gettext(refusal.message)).format(**vars(refusal))


def code_of(refusal: Refusal) -> str:
    """A stable name for programs: `AgreementEnded` is `agreement-ended`."""
    return code_of_kind(type(refusal))


def code_of_kind(refused: type[Refusal]) -> str:
    """The stable name of every refusal of that class."""
    return _WORDS.sub("-", refused.__name__).lower()

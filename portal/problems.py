"""Refusals in words: which status, code and sentence each has.

The only place that knows which HTTP status a kind of refusal has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from exchange.errors import AccessDenied, WayOn
from policies.errors import (
    N_,
    Away,
    Conflict,
    Denied,
    Gone,
    Invalid,
    NotFound,
    NotSignedIn,
    Refusal,
    Said,
    TooLarge,
    TooOften,
    Unfunded,
)
from policies.party import OrganizationKind, Role
from policies.terms import Language, Text
from portal.languages import translator
from portal.party_words import KINDS, ROLES

STATUS: Final[Mapping[type[Refusal], int]] = {
    Invalid: 400,
    NotSignedIn: 401,
    Unfunded: 402,
    Denied: 403,
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    TooLarge: 413,
    TooOften: 429,
    Away: 503,
}
_WAYS_ON: Final[Mapping[WayOn, str]] = {
    WayOn.SIGN_IN: N_("Sign in first, at /user/login or with a token."),
    WayOn.REQUEST: N_("Ask for it at /dataset/{dataset}/request."),
    WayOn.BUY: N_("See its price and buy it at /dataset/{dataset}/buy."),
    WayOn.USE_AGREEMENT: N_("Your agreements and their tokens are at /my."),
    WayOn.ASK_PUBLISHER: N_("Who publishes it, and on which terms, stands at /dataset/{dataset}."),
    WayOn.WAIT: N_("How things stand is told at /dataset/{dataset}."),
}
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return status_of_kind(type(refusal))


def status_of_kind(refused: type[Refusal]) -> int:
    """The HTTP status of every refusal of that class."""
    return next(status for kind, status in STATUS.items() if issubclass(refused, kind))


def words_of(refusal: Refusal, language: Language) -> str:
    """What the refusal says in `language`; where access was refused, also why and what to do."""
    say = translator(language).gettext
    facts = {name: _fact(value, say) for name, value in vars(refusal).items()}
    words = [say(refusal.message).format(**facts)]
    if isinstance(refusal, AccessDenied):
        # The first reason is that of the strongest rule; all of them stand in `reasons`.
        words += [_reason(reason, language) for reason in refusal.reasons[:1]]
        words.append(say(_WAYS_ON[refusal.way_on]).format(dataset=refusal.dataset))
    return (" " if language is Language.EN else "").join(words)


def _fact(value: object, say: Callable[[str], str]) -> object:
    match value:
        case Said():
            return say(value.message).format(**value.facts)
        case Role():
            return say(ROLES[value])
        case OrganizationKind():
            return say(KINDS[value])
    return value


def _reason(reason: Mapping[str, object], language: Language) -> str:
    text = Text(zh=str(reason.get("zh", "")), en=str(reason.get("en", "")))
    return text.read_in(language)


def code_of(refusal: Refusal) -> str:
    """A stable name for programs: `AgreementEnded` is `agreement-ended`."""
    return code_of_kind(type(refusal))


def code_of_kind(refused: type[Refusal]) -> str:
    """The stable name of every refusal of that class."""
    return _WORDS.sub("-", refused.__name__).lower()

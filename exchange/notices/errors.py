"""Every refusal about notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Denied, Invalid, NotFound


@dataclass(eq=False)
class WebhookNotFound(NotFound):
    """No such webhook, or none of the caller's organisation."""

    message: ClassVar[str] = N_("There is no such webhook.")


@dataclass(eq=False)
class MalformedWebhook(Invalid):
    """An address that cannot be called."""

    message: ClassVar[str] = N_("Write an https address without a password in it.")


@dataclass(eq=False)
class TooManyWebhooks(Conflict):
    """An organisation has enough of them."""

    message: ClassVar[str] = N_("An organisation has at most {count_max} webhooks.")
    count_max: int


@dataclass(eq=False)
class WebhooksClosed(Denied):
    """Webhooks are set up by an administrator, publisher or buyer of the organisation."""

    message: ClassVar[str] = N_(
        "Webhooks are set up by an administrator, publisher or buyer of the organisation."
    )

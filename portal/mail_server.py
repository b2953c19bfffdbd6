"""Where mails are handed in and from whom: `WEIR_SMTP_URL`, `WEIR_SMTP_CA`, `WEIR_MAIL_FROM`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit


class Transport(StrEnum):
    """How the line to the server is kept."""

    TLS = "smtps"
    """TLS from the first byte. Source: RFC 8314 s. 3."""
    STARTTLS = "smtp"
    """TLS before anything is said; a server that cannot is refused."""
    PLAIN = "smtp+plain"
    """No TLS: for a relay on the same machine."""


_PORTS: Final = {Transport.TLS: 465, Transport.STARTTLS: 587, Transport.PLAIN: 25}
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """One server and its account."""

    transport: Transport
    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    ca_file: str = ""
    """Certificates to trust besides those of the machine; empty: none."""

    def __repr__(self) -> str:
        return f"MailServer({self.transport}://{self.host}:{self.port})"


def mail_server_from(environment: Mapping[str, str]) -> MailServer | None:
    """The server that the environment names; None where it names none.

    Raises: ValueError.
    """
    url = environment.get("WEIR_SMTP_URL") or ""
    if not url:
        return None
    parts = urlsplit(url)
    try:
        transport = Transport(parts.scheme)
        port = parts.port or _PORTS[transport]
    except ValueError:
        raise ValueError(
            "WEIR_SMTP_URL is smtps://USER:PASSWORD@HOST:PORT, smtp:// (STARTTLS) or smtp+plain://"
        ) from None
    if not parts.hostname:
        raise ValueError("WEIR_SMTP_URL names no host")
    if transport is Transport.PLAIN and parts.hostname not in _LOCAL:
        raise ValueError("WEIR_SMTP_URL: smtp+plain:// is for a server on this machine")
    sender = environment.get("WEIR_MAIL_FROM") or ""
    address = parseaddr(sender)[1]
    if "@" not in address or not sender.isprintable():
        raise ValueError("WEIR_MAIL_FROM is the sender, such as Weir <weir@example.org>")
    return MailServer(
        transport=transport,
        host=parts.hostname,
        port=port,
        sender=sender,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        ca_file=environment.get("WEIR_SMTP_CA") or "",
    )

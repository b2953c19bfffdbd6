"""Hand mails in at a server, over a line whose certificate is checked.

Source: RFC 5321, 5322, 8314.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

from portal.mail_server import MailServer, Transport

TIMEOUT_S: Final = 20


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    to: str
    subject: str
    text: str
    message_id: str
    """The same at each attempt, so that a mail that came twice is known as one."""
    language: str
    at: datetime


class MailNotTaken(Exception):
    """The server, the line to it or its certificate is not as it should be."""


class AddressNotTaken(Exception):
    """The server will never take a mail for this address."""


@contextmanager
def mail_line(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A line to the server, signed in.

    Raises: MailNotTaken.
    """
    line: smtplib.SMTP | None = None
    try:
        context = ssl.create_default_context(cafile=server.ca_file or None)
        if server.transport is Transport.TLS:
            line = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
        else:
            line = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
            if server.transport is Transport.STARTTLS:
                line.starttls(context=context)
        if server.user:
            line.login(server.user, server.password)
    except (OSError, smtplib.SMTPException) as fault:
        if line is not None:
            line.close()
        raise MailNotTaken(_said(fault)) from None
    try:
        yield line
    finally:
        try:
            line.quit()
        except (OSError, smtplib.SMTPException):
            line.close()


def send(line: smtplib.SMTP, server: MailServer, mail: Mail) -> None:
    """Hand one mail in.

    Raises: MailNotTaken, AddressNotTaken.
    """
    message = EmailMessage()
    try:
        message["From"] = server.sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.at)
        message["Message-ID"] = mail.message_id
        message["Content-Language"] = mail.language
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        line.send_message(message, from_addr=parseaddr(server.sender)[1])
    except (ValueError, smtplib.SMTPRecipientsRefused) as fault:
        if isinstance(fault, smtplib.SMTPRecipientsRefused) and _is_for_now(fault):
            raise MailNotTaken("the address is not taken for now") from None
        raise AddressNotTaken("the address is not taken") from None
    except (OSError, smtplib.SMTPException) as fault:
        raise MailNotTaken(_said(fault)) from None


def _is_for_now(fault: smtplib.SMTPRecipientsRefused) -> bool:
    return all(400 <= code < 500 for code, _ in fault.recipients.values())


def _said(fault: Exception) -> str:
    """What went wrong, without passwords and insides."""
    if isinstance(fault, ssl.SSLError):
        return "its certificate is not trusted"
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        return "it does not know the account"
    if isinstance(fault, smtplib.SMTPNotSupportedError):
        return "it does not speak TLS"
    if isinstance(fault, smtplib.SMTPResponseException):
        return f"it answered {fault.smtp_code}"
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    return "it cannot be reached"

"""Send the mails that are due: each in its reader's language, one by one."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Final

from exchange.notices import mails
from exchange.notices.notice import Notice
from policies.errors import UserNotFound
from policies.identity.authenticate import actor_of_user
from policies.identity.people import user_with_id
from policies.identity.register import presented_user
from portal.languages import HTML_LANGUAGE
from portal.mail import AddressNotTaken, Mail, MailNotTaken, mail_line, send
from portal.mail_server import MailServer
from portal.pages.notice_words import words_of_notice
from portal.pages.speech import Speech
from portal.wiring import Wiring

NO_ADDRESS: Final = "no address"


def send_due(wiring: Wiring) -> int:
    """Send what is due now; how many mails went out. Without a server nothing is taken."""
    server = wiring.settings.mail
    if server is None:
        return 0
    with wiring.pool.connection() as tx:
        taken = mails.take_mails(tx, at=wiring.now())
    if not taken:
        return 0
    sent = 0
    try:
        with mail_line(server) as line:
            for notice in taken:
                mail = _mail(wiring, server, notice)
                if mail is None:
                    _drop(wiring, notice, NO_ADDRESS)
                    continue
                try:
                    send(line, server, mail)
                except AddressNotTaken as refused:
                    _drop(wiring, notice, str(refused))
                    continue
                except MailNotTaken as fault:
                    _fail(wiring, notice, str(fault))
                    continue
                with wiring.pool.connection() as tx:
                    mails.mail_sent(tx, notice)
                sent += 1
    except MailNotTaken as fault:
        for notice in taken:
            _fail(wiring, notice, str(fault))
    return sent


def _mail(wiring: Wiring, server: MailServer, notice: Notice) -> Mail | None:
    with wiring.pool.connection() as tx:
        try:
            user = user_with_id(tx, notice.user_id)
        except UserNotFound:
            return None
        address = presented_user(tx, user.id).presentation.email
        if not user.is_active or "@" not in address:
            return None
        language = mails.language_for(tx, notice)
        say = Speech(language)
        words = words_of_notice(tx, notice, by=actor_of_user(tx, user), say=say)
    site = wiring.settings.site_url
    foot = say.gettext(
        "What you are told, and how, is set at {address}.", address=f"{site}/notices"
    )
    host = parseaddr(server.sender)[1].rpartition("@")[2]
    return Mail(
        to=address,
        subject=words.sentence,
        text=f"{words.sentence}\n\n{site}{words.href}\n\n-- \n{foot}\n",
        message_id=f"<{notice.id}@{host}>",
        language=HTML_LANGUAGE[language],
        at=notice.at,
    )


def _drop(wiring: Wiring, notice: Notice, why: str) -> None:
    with wiring.pool.connection() as tx:
        mails.mail_dropped(tx, notice, why)


def _fail(wiring: Wiring, notice: Notice, why: str) -> None:
    with wiring.pool.connection() as tx:
        mails.mail_failed(tx, notice, why, at=wiring.now())

"""Mails that are due: taken by one sender, settled one by one.

A sender that is killed between sending and settling sends again under the same Message-ID, which
mail servers and readers know as the same mail; in every other case there is exactly one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from exchange.notices import store
from exchange.notices.notice import MAIL_ATTEMPTS_MAX, MAIL_CLAIM, Notice
from policies.database import Tx
from policies.terms import Language

BATCH: Final = 20
ERROR_CHARACTERS_MAX: Final = 300
_WAITS_S: Final = (30, 120, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600)


def take_mails(tx: Tx, *, at: datetime) -> list[Notice]:
    """The next mails to send; nobody else gets them meanwhile."""
    return store.claim_mails(tx, at, until=at + MAIL_CLAIM, limit=BATCH)


def language_for(tx: Tx, notice: Notice) -> Language:
    """The language that its reader wants to be told in."""
    return store.preferences_of(tx, notice.user_id).language


def mail_sent(tx: Tx, notice: Notice) -> None:
    """It went out."""
    store.settle_mail(tx, notice.id, state="sent", next_at=None, error="")


def mail_dropped(tx: Tx, notice: Notice, why: str) -> None:
    """It cannot go anywhere."""
    store.settle_mail(tx, notice.id, state="dropped", next_at=None, error=why)


def mail_failed(tx: Tx, notice: Notice, why: str, *, at: datetime) -> None:
    """Try again later, each time after a longer wait; given up in the end."""
    why = why[:ERROR_CHARACTERS_MAX]
    if notice.mail_attempts >= MAIL_ATTEMPTS_MAX:
        store.settle_mail(tx, notice.id, state="failed", next_at=None, error=why)
        return
    wait = timedelta(seconds=_WAITS_S[min(notice.mail_attempts, len(_WAITS_S)) - 1])
    store.settle_mail(tx, notice.id, state="due", next_at=at + wait, error=why)

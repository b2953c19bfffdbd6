"""What one was told: the list behind the bell, how to be told, and calls to one's programs."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from exchange.notices import read_notices, webhooks
from exchange.notices.errors import MalformedWebhook, TooManyWebhooks
from exchange.notices.notice import Preferences, Topic
from exchange.notices.webhook import DeliveryState
from policies.errors import N_
from portal.key_file import sealing_key
from portal.pages.notice_words import TOPIC_WORDS, words_of_notice
from portal.pages.rendering import language_of, render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

IDS_MAX: Final = 200
_SEE_OTHER: Final = 303
_DONE: Final = {
    "read": N_("Marked as read."),
    "saved": N_("From the next thing that happens on, you are told like this."),
    "tried": N_("A test is on its way; how it went is shown below in a few seconds."),
    "gone": N_("That address is called no more."),
}
_STATES: Final = {
    DeliveryState.DUE: "queued",
    DeliveryState.DELIVERED: "done",
    DeliveryState.FAILED: "failed",
}
Field = Annotated[str, Form(max_length=2_000)]


@router.get("/notices")
def show_notices(
    request: Request, before: UUID | None = None, done: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """What the reader was told, the newest first."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        held = read_notices.own_notices(tx, before=before, by=actor)
        notices = [words_of_notice(tx, one, by=actor, say=say) for one in held]
        wishes = read_notices.preferences(tx, by=actor)
    is_full = len(notices) == read_notices.PAGE_MAX
    return render(
        request,
        "account/notices.html",
        notices=notices,
        older_href=f"/notices?before={notices[-1].id}" if is_full else None,
        has_unread=any(one.notice.read_at is None for one in notices),
        topics=[(one.value, say.gettext(words), None) for one, words in TOPIC_WORDS.items()],
        shown=sorted(wishes.shown),
        mailed=sorted(wishes.mailed),
        has_mail=wiring.settings.mail is not None,
        can_set_up=webhooks.can_set_up(actor),
        message=say.gettext(_DONE[done]) if done in _DONE else "",
    )


@router.get("/notices/{notice_id}")
def open_notice(request: Request, notice_id: UUID) -> Response:
    """Go where a notice leads; it is read then."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        held = read_notices.own_notice(tx, notice_id, by=actor)
        if held is None:
            return RedirectResponse("/notices", _SEE_OTHER)
        read_notices.mark_read(tx, [notice_id], by=actor, at=wiring.now())
        words = words_of_notice(tx, held, by=actor, say=say)
    return RedirectResponse(words.href, _SEE_OTHER)


@router.post("/notices/read")
def mark_read(
    request: Request,
    ids: Annotated[list[UUID] | None, Form(alias="notice", max_length=IDS_MAX)] = None,
) -> Response:
    """Mark these as read, or all."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        read_notices.mark_read(tx, ids, by=actor, at=wiring.now())
    return RedirectResponse("/notices?done=read", _SEE_OTHER)


@router.post("/notices/preferences")
def save_preferences(
    request: Request,
    shown: Annotated[list[Topic] | None, Form(max_length=len(Topic))] = None,
    mailed: Annotated[list[Topic] | None, Form(max_length=len(Topic))] = None,
) -> Response:
    """Keep how the reader wants to be told; mails are written in the language of this page."""
    actor, wiring = signed_in(request), wiring_of(request)
    wishes = Preferences(language_of(request), frozenset(shown or ()), frozenset(mailed or ()))
    with wiring.pool.connection() as tx:
        read_notices.prefer(tx, wishes, by=actor)
    return RedirectResponse("/notices?done=saved", _SEE_OTHER)


@router.get("/my/webhooks")
def show_webhooks(request: Request, done: Annotated[str, Query(max_length=10)] = "") -> Response:
    """The addresses of the reader's organisation, and how the calls went."""
    return _webhooks(request, done=done)


@router.post("/my/webhooks")
def add_webhook(request: Request, url: Field = "") -> Response:
    """Name an address; its secret is shown this once."""
    actor, wiring = signed_in(request), wiring_of(request)
    key = sealing_key(wiring)
    try:
        with wiring.pool.connection() as tx:
            _, secret = webhooks.set_up(tx, url, sealing_key=key, by=actor, at=wiring.now())
    except (MalformedWebhook, TooManyWebhooks) as refusal:
        errors = {"url": speech_of(request).refusal(refusal)}
        return _webhooks(request, typed=url, errors=errors, status=status_of(refusal))
    return _webhooks(request, secret=secret)


@router.post("/my/webhooks/{webhook_id}/test")
def test_webhook(request: Request, webhook_id: UUID) -> Response:
    """Have an address called with a test."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        webhooks.try_out(tx, webhook_id, by=actor, at=wiring.now())
    return RedirectResponse("/my/webhooks?done=tried", _SEE_OTHER)


@router.post("/my/webhooks/{webhook_id}/remove")
def remove_webhook(request: Request, webhook_id: UUID) -> Response:
    """Call an address no more."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        webhooks.take_down(tx, webhook_id, by=actor)
    return RedirectResponse("/my/webhooks?done=gone", _SEE_OTHER)


def _webhooks(
    request: Request,
    *,
    done: str = "",
    secret: str = "",
    typed: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        held = webhooks.own_webhooks(tx, by=actor)
    return render(
        request,
        "account/webhooks.html",
        status=status,
        webhooks=[
            {
                "id": str(webhook.id),
                "url": webhook.url,
                "calls": [
                    {
                        "id": str(call.id),
                        "at": call.created_at,
                        "is_test": call.event_id is None,
                        "state": _STATES[call.state],
                        "attempts": call.attempts,
                        "status": call.status,
                        "error": call.error,
                    }
                    for call in calls
                ],
            }
            for webhook, calls in held
        ],
        secret=secret,
        typed=typed,
        errors=errors or {},
        message=say.gettext(_DONE[done]) if done in _DONE else "",
    )

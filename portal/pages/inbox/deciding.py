"""The inbox: one list of everything that waits for this reader, and many requests at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from exchange import apply
from exchange.application import UNDO
from exchange.errors import (
    ApplicationNotFound,
)
from policies.database import Tx
from policies.errors import N_, Refusal
from policies.party import Actor
from portal.pages.inbox.datasets import router as datasets_router
from portal.pages.inbox.decided import decided_items
from portal.pages.inbox.listings import router as listings_router
from portal.pages.inbox.requests import router as requests_router
from portal.pages.inbox_items import (
    InboxItem,
    ItemKind,
    inbox_items,
)
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()
router.include_router(requests_router)
router.include_router(datasets_router)
router.include_router(listings_router)

CHOSEN_MOST: Final = 50
"""Requests that are granted together at most."""

_DONE: Final = {
    "answered": N_("Your answer is on record."),
    "granted": N_("Granted. The asker has an agreement now."),
    "returned": N_("Returned with your question."),
    "undone": N_("Undone. The request waits as before."),
    "handed": N_("Your colleague has it now."),
    "asked": N_("The share authority is asked for more days. The clock runs on until it consents."),
    "consented": N_("The clock is longer now. The asker is told."),
    "denied": N_("No more days. The clock runs on."),
    "settled": N_("The outcome is on record. Both sides see it."),
    "reported": N_("The asker reads what the check came to."),
    "refused": N_("Refused. The asker sees your reason and its legal basis."),
    "published": N_("Published. Everybody who may sees it now."),
    "sent-back": N_("Returned to the publisher with your reason."),
    "reviewed": N_("Approved. It waits here until somebody puts it out."),
    "taken-back": N_("The dataset is withdrawn. Nobody finds it any more."),
    "opened": N_("The listing is open."),
    "assessed": N_("Your assessment is signed and recorded."),
    "withdrawn": N_("The listing is taken off."),
    "confirmed": N_("The freeze is confirmed and lasts until it is lifted."),
}
_TABS: Final = (
    (None, N_("All")),
    (ItemKind.REQUEST, N_("Requests")),
    (ItemKind.DATASET, N_("Versions")),
    (ItemKind.LISTING, N_("Listings")),
    (ItemKind.ASSESSMENT, N_("Assessments")),
    (ItemKind.FREEZE, N_("Freezes")),
    (ItemKind.DEMAND, N_("Wishes for data")),
    (ItemKind.FAULT, N_("Fault reports")),
    (ItemKind.PLEA, N_("Quality pleas")),
    (ItemKind.EXTENSION, N_("More days")),
    (ItemKind.DISPUTE, N_("Disputes")),
    (ItemKind.CORRECTION, N_("Corrections")),
)
_DECIDED: Final = "decided"
_SEE_OTHER = 303


@router.get("/inbox")
def show_inbox(
    request: Request,
    kind: ItemKind | None = None,
    done: Annotated[str, Query(max_length=20)] = "",
    undo: UUID | None = None,
) -> Response:
    """Everything that waits for the reader, what has a clock first."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        items = inbox_items(tx, by=actor, at=wiring.now(), say=say)
        can_undo = undo is not None and _can_undo(tx, undo, actor, wiring.now())
    shown = [item for item in items if kind in (None, item.kind)]
    return render(
        request,
        "inbox/list.html",
        requests=shown,
        tabs=_tabs(items, say, current=kind),
        total=len(items),
        can_choose=sum(item.can_be_chosen for item in shown) > 1,
        message={
            "text": say.gettext(_DONE[done]),
            "undo_href": f"/inbox/request/{undo}/undo" if can_undo else None,
        }
        if done in _DONE
        else None,
    )


def _can_undo(tx: Tx, application_id: UUID, actor: Actor, at: datetime) -> bool:
    try:
        held = apply.get_application(tx, application_id, by=actor)
    except ApplicationNotFound:
        return False
    decided_at = held.decided_at
    return held.decided_by == actor.user_id and decided_at is not None and at - decided_at <= UNDO


@router.get("/inbox/decided")
def show_decided(request: Request) -> Response:
    """What the reader decided, newest first."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        waiting = inbox_items(tx, by=actor, at=wiring.now(), say=say)
        items = decided_items(tx, by=actor, say=say)
    tabs = _tabs(waiting, say, current=_DECIDED)
    return render(request, "inbox/decided.html", items=items, tabs=tabs)


def _tabs(
    items: Sequence[InboxItem], say: Speech, *, current: str | None
) -> list[dict[str, object]]:
    """A tab for all, one for each kind that waits, and one for what was decided."""
    present = {item.kind for item in items}
    tabs: list[dict[str, object]] = [
        {
            "label": f"{say.gettext(label)} {sum(of in (None, item.kind) for item in items)}",
            "href": f"/inbox?kind={of}" if of else "/inbox",
            "is_current": of == current,
        }
        for of, label in _TABS
        if of is None or of in present or of == current
    ]
    is_decided = current == _DECIDED
    return [
        *tabs,
        {"label": say.gettext("Decided"), "href": "/inbox/decided", "is_current": is_decided},
    ]


@router.post("/inbox/approve")
def approve_chosen(
    request: Request,
    chosen: Annotated[list[UUID] | None, Form(alias="request", max_length=CHOSEN_MOST)] = None,
    is_sure: Annotated[bool, Form()] = False,  # noqa: FBT002 - a field of a form
) -> Response:
    """Grant several requests together, after a page that sums them up."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    errors: dict[str, str] = {}
    with wiring.pool.connection() as tx:
        waiting = {item.id: item for item in inbox_items(tx, by=actor, at=at, say=say)}
    picked = [waiting[str(one)] for one in chosen or () if str(one) in waiting]
    if not picked:
        return RedirectResponse("/inbox", _SEE_OTHER)
    if is_sure:
        for item in picked:
            try:
                with wiring.pool.connection() as tx:
                    apply.grant(tx, wiring.keys, UUID(item.id), by=actor, at=at)
            except Refusal as refusal:
                errors[item.id] = f"{item.number}: {say.refusal(refusal)}"
        if not errors:
            return RedirectResponse("/inbox?done=granted", _SEE_OTHER)
        picked = [item for item in picked if item.id in errors]
    return render(request, "inbox/approve.html", requests=picked, errors=errors)

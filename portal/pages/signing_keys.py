"""The page of signing keys: which there are, and their change by two administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from policies import change_keys
from policies.errors import N_, Refusal
from policies.evidence.signing_key import KeyPurpose, KeyState
from policies.identity.people import user_with_id
from policies.key_act import KeyActKind, KeyActState
from portal.pages.rendering import language_of, render
from portal.problems import status_of, words_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

Field = Annotated[str, Form()]
_SEE_OTHER = 303
PAGE: Final = "/admin/signing-keys"
PURPOSES: Final[Mapping[KeyPurpose, str]] = {
    KeyPurpose.TOKEN: N_("Tokens"),
    KeyPurpose.LOG: N_("The log"),
    KeyPurpose.RECEIPT: N_("Receipts"),
}
STATES: Final[Mapping[KeyState, str]] = {
    KeyState.NEXT: N_("Next, published"),
    KeyState.CURRENT: N_("Signs now"),
    KeyState.OLD: N_("Replaced"),
    KeyState.DEAD: N_("Dead"),
}
KINDS: Final[Mapping[KeyActKind, str]] = {
    KeyActKind.ROTATE: N_("Put the next key in use"),
    KeyActKind.BURY: N_("Declare a key dead"),
}
OUTCOMES: Final[Mapping[KeyActState, str]] = {
    KeyActState.PROPOSED: N_("Waits for a second administrator"),
    KeyActState.CONFIRMED: N_("Confirmed"),
    KeyActState.WITHDRAWN: N_("Withdrawn"),
}


@router.get(PAGE)
def show_keys(request: Request) -> Response:
    """Signing keys; for administrators of the site."""
    return _page(request)


@router.post(f"{PAGE}/rotate")
def do_rotate(
    request: Request, purpose: Annotated[KeyPurpose, Form()], reason: Field = ""
) -> Response:
    """Propose the next key."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            change_keys.propose_rotation(
                tx, wiring.keys, purpose, reason=reason, by=actor, at=wiring.now()
            )
    except Refusal as refusal:
        return _page(request, refusal, typed={"purpose": purpose, "reason": reason})
    return RedirectResponse(PAGE, _SEE_OTHER)


@router.post(f"{PAGE}/bury")
def do_bury(request: Request, kid: Field = "", reason: Field = "") -> Response:
    """Propose that a key is dead."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            change_keys.propose_burial(tx, kid, reason=reason, by=actor, at=wiring.now())
    except Refusal as refusal:
        return _page(request, refusal, typed={"kid": kid, "reason": reason})
    return RedirectResponse(PAGE, _SEE_OTHER)


@router.post(f"{PAGE}/changes/{{change_id}}/confirm")
def do_confirm(request: Request, change_id: UUID) -> Response:
    """Do what somebody else proposed."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            change_keys.confirm(tx, change_id, by=actor, at=wiring.now())
    except Refusal as refusal:
        return _page(request, refusal)
    return RedirectResponse(PAGE, _SEE_OTHER)


@router.post(f"{PAGE}/changes/{{change_id}}/withdraw")
def do_withdraw(request: Request, change_id: UUID) -> Response:
    """Let a proposal fall."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            change_keys.withdraw(tx, change_id, by=actor, at=wiring.now())
    except Refusal as refusal:
        return _page(request, refusal)
    return RedirectResponse(PAGE, _SEE_OTHER)


def _page(
    request: Request, refusal: Refusal | None = None, *, typed: Mapping[str, str] | None = None
) -> Response:
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        acts = change_keys.key_acts(tx, by=actor)
        keys = wiring.keys.public_keys(tx)
        people = {who for act in acts for who in (act.proposed_by, act.settled_by) if who}
        names = {who: user_with_id(tx, who).name for who in people}
    return render(
        request,
        "account/signing_keys.html",
        status=200 if refusal is None else status_of(refusal),
        keys=sorted(keys, key=lambda key: (key.purpose, key.created_at), reverse=True),
        acts=acts,
        names=names,
        reader_id=actor.user_id,
        purposes=PURPOSES,
        states=STATES,
        kinds=KINDS,
        outcomes=OUTCOMES,
        typed=typed or {},
        errors={} if refusal is None else {"reason": words_of(refusal, language_of(request))},
    )

"""Keys of programs, as cards: what each opens, how much it may spend, until when, last use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from exchange.conclude import end_of_day
from exchange.negotiate import get_agreement, own_agreements
from policies.agreement import Agreement
from policies.calendar import china_day
from policies.client import CLIENT_NAME_MOST_CHARACTERS, Client
from policies.database import Tx
from policies.errors import (
    N_,
    ClientEndOutOfBounds,
    MalformedPublicKey,
    MalformedTokenName,
    Refusal,
)
from policies.identity.clients import (
    MadeClient,
    NewClient,
    cap_client,
    confirm_copied,
    latest_client_end,
    list_clients,
    make_client,
    revoke_client,
    rotate_client,
    spent_today,
)
from policies.identity.people import user_with_id
from policies.party import Actor
from policies.roles import can_apply_for
from policies.terms import MicroCredits, Text
from portal.pages.buy.usage import microcredits_of
from portal.pages.dataset_names import name_of_dataset
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.pages.typed import day_of
from portal.pages.words import number_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

PAGE: Final = "/my/keys"
_SEE_OTHER = 303
_DONE: Final = {
    "copied": N_("Good. The secret is not shown again."),
    "revoked": N_("The key is revoked. It and its tokens open nothing any more."),
    "capped": N_("The daily cap is changed."),
}
_FIELD_OF: Final[Mapping[type[Refusal], str]] = {
    MalformedTokenName: "name",
    MalformedPublicKey: "public_jwk",
    ClientEndOutOfBounds: "ends_on",
}
Field = Annotated[str, Form(max_length=20_000)]


@dataclass(frozen=True, slots=True)
class Card:
    """One key as its card shows it."""

    client: Client
    title: Text | None
    """The dataset that it opens; None: all of the organisation's agreements."""
    href: str | None
    holder: str
    spent: MicroCredits
    last_day: date
    is_live: bool


@router.get(PAGE)
def show_keys(
    request: Request,
    done: Annotated[str, Query(max_length=20)] = "",
    agreement: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The keys of the organisation that the reader acts for, and the form for another one."""
    return _page(request, done=done, typed={"agreement": agreement})


@router.post(PAGE)
def do_make(
    request: Request,
    name: Field = "",
    agreement: Field = "",
    ends_on: Field = "",
    daily_cap: Field = "",
    public_jwk: Field = "",
) -> Response:
    """Make a key and show its secret, this once."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = {
        "name": name,
        "agreement": agreement,
        "ends_on": ends_on,
        "daily_cap": daily_cap,
        "public_jwk": public_jwk,
    }
    errors: dict[str, str] = {}
    cap = microcredits_of(daily_cap) if daily_cap.strip() else None
    if daily_cap.strip() and cap is None:
        errors["daily_cap"] = say.gettext("Write an amount such as 1000 or 12.50.")
    day = day_of(ends_on)
    if ends_on.strip() and day is None:
        errors["ends_on"] = say.gettext("Write the day as 2026-12-31.")
    jwk = _jwk(public_jwk)
    if public_jwk.strip() and jwk is None:
        errors["public_jwk"] = say.refusal(MalformedPublicKey())
    if errors:
        return _page(request, typed=typed, errors=errors, status=400)
    at = wiring.now()
    try:
        with wiring.pool.connection() as tx:
            chosen = _agreement(tx, agreement, actor)
            end = latest_client_end(chosen, at) if day is None else end_of_day(day)
            made = make_client(tx, NewClient(name, chosen, end, cap, jwk), by=actor, at=at)
    except tuple(_FIELD_OF) as refusal:
        field = _FIELD_OF[type(refusal)]
        return _page(
            request, typed=typed, errors={field: say.refusal(refusal)}, status=status_of(refusal)
        )
    return _page(request, made=made)


@router.post(f"{PAGE}/{{key_id}}/rotate")
def do_rotate(request: Request, key_id: UUID) -> Response:
    """Put a new secret in place of the old one, and show it, this once."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        made = rotate_client(tx, key_id, by=actor, at=wiring.now())
    return _page(request, made=made)


@router.post(f"{PAGE}/{{key_id}}/copied")
def do_confirm(request: Request, key_id: UUID) -> Response:
    """Note that the secret was copied."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        confirm_copied(tx, key_id, by=actor, at=wiring.now())
    return RedirectResponse(f"{PAGE}?done=copied", _SEE_OTHER)


@router.post(f"{PAGE}/{{key_id}}/cap")
def do_cap(request: Request, key_id: UUID, daily_cap: Field = "") -> Response:
    """Change what the key's tokens may spend a day."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    cap = microcredits_of(daily_cap) if daily_cap.strip() else None
    if daily_cap.strip() and cap is None:
        errors = {f"cap-{key_id}": say.gettext("Write an amount such as 1000 or 12.50.")}
        return _page(request, errors=errors, status=400)
    with wiring.pool.connection() as tx:
        cap_client(tx, key_id, cap, by=actor, at=wiring.now())
    return RedirectResponse(f"{PAGE}?done=capped", _SEE_OTHER)


@router.post(f"{PAGE}/{{key_id}}/revoke")
def do_revoke(request: Request, key_id: UUID) -> Response:
    """Revoke a key at once."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        revoke_client(tx, key_id, by=actor, at=wiring.now())
    return RedirectResponse(f"{PAGE}?done=revoked", _SEE_OTHER)


def _page(
    request: Request,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    made: MadeClient | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at, organization = wiring.now(), actor.organization
    can_make = organization is not None and can_apply_for(actor, organization.id)
    with wiring.pool.connection() as tx:
        clients = list_clients(tx, by=actor) if can_make else []
        cards = [_card(tx, client, actor, at) for client in clients]
        held = own_agreements(tx, by=actor) if can_make else []
        choices = [("", say.gettext("Every agreement of ours, also later ones"))]
        choices += [
            (
                str(one.id),
                _named(say.text(name_of_dataset(tx, one.dataset_id, by=actor).title), one),
            )
            for one in held
            if one.is_in_force(at) and organization and one.consumer_id == organization.id
        ]
    response = render(
        request,
        "my/keys.html",
        status=status,
        organization=organization,
        can_make=can_make,
        cards=[card for card in cards if card.is_live],
        gone=[card for card in cards if not card.is_live],
        choices=choices,
        made=made,
        site_url=wiring.settings.site_url,
        most=CLIENT_NAME_MOST_CHARACTERS,
        typed={
            "name": "",
            "agreement": "",
            "ends_on": "",
            "daily_cap": "",
            "public_jwk": "",
            **(typed or {}),
        },
        errors=errors or {},
        message=say.gettext(_DONE[done]) if done in _DONE else "",
    )
    if made is not None:
        response.headers["Cache-Control"] = "no-store"
    return response


def _named(title: str, agreement: Agreement) -> str:
    return f"{title} ({number_of('A', agreement.id)})"


def _card(tx: Tx, client: Client, actor: Actor, at: datetime) -> Card:
    title = href = None
    if client.agreement_id is not None:
        agreement = get_agreement(tx, client.agreement_id, by=actor)
        title = name_of_dataset(tx, agreement.dataset_id, by=actor).title
        href = f"/my/agreements/{agreement.id}"
    return Card(
        client=client,
        title=title,
        href=href,
        holder=user_with_id(tx, client.held_by).name,
        spent=spent_today(tx, client.id, at),
        last_day=china_day(client.ends_at - timedelta(seconds=1)),
        is_live=client.is_live(at),
    )


def _agreement(tx: Tx, told: str, actor: Actor) -> Agreement | None:
    """The agreement that was chosen; None: all. Raises: AgreementNotFound."""
    return get_agreement(tx, UUID(told), by=actor) if _is_id(told) else None


def _is_id(told: str) -> bool:
    try:
        UUID(told)
    except ValueError:
        return False
    return True


def _jwk(told: str) -> dict[str, object] | None:
    """A public key as it was typed; None where nothing was, or no JSON object."""
    try:
        read = json.loads(told)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None

"""Pages of one's own account: sign in and out, password, tokens, the organisation acted for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from policies.errors import (
    MalformedTokenName,
    PasswordTooLong,
    PasswordTooPlain,
    PasswordTooShort,
    Refusal,
    SignInFailed,
    SignInTooOften,
    TooManyTokens,
    WrongPassword,
)
from policies.identity.authenticate import check_signed_in, choose_organization, sign_in, sign_out
from policies.identity.enrol import change_password, use_password_link, user_of_link
from policies.identity.issue import IssuedToken, issue_api_token, list_tokens, revoke_token
from policies.identity.passwords import PASSWORD_LEAST_CHARACTERS
from policies.identity.people import organization_named, roles_of, user_named
from policies.roles import can_administer
from policies.token import API_LIFE_MOST, TOKEN_NAME_MOST_CHARACTERS
from portal.pages.rendering import language_of, render
from portal.problems import status_of, words_of
from portal.sign_in import (
    actor_of,
    begin_form,
    drop_session,
    keep_form,
    keep_session,
    local_path,
    session_secret,
    signed_in,
)
from portal.wiring import wiring_of

router = APIRouter()

LIVES_DAYS = (7, 30, 90, API_LIFE_MOST.days)
"""Lives of a token that the page offers."""

_SEE_OTHER = 303
_PasswordRefusals = (PasswordTooShort, PasswordTooLong, PasswordTooPlain, SignInTooOften)
Text = Annotated[str, Form()]


@router.get("/user/login")
def show_sign_in(request: Request, next: str = "/") -> Response:  # noqa: A002 - its usual name
    """The form to sign in; whoever is signed in already goes on."""
    if not actor_of(request).is_anonymous:
        return RedirectResponse(local_path(next), _SEE_OTHER)
    return _sign_in_form(request, login="", next_path=local_path(next), refusal=None)


@router.post("/user/login")
def do_sign_in(
    request: Request,
    login: Text = "",
    password: Text = "",
    next: Text = "/",  # noqa: A002 - its usual name
) -> Response:
    """Sign in and go on to where the visitor wanted to be."""
    wiring = wiring_of(request)
    try:
        opened = sign_in(
            wiring.pool,
            name=login,
            password=password,
            address=actor_of(request).address,
            at=wiring.now(),
            replaced_secret=session_secret(request),
        )
    except (SignInFailed, SignInTooOften) as refusal:
        return _sign_in_form(request, login=login, next_path=local_path(next), refusal=refusal)
    response = RedirectResponse(local_path(next), _SEE_OTHER)
    keep_session(request, response, opened.secret)
    return response


@router.post("/user/logout")
def do_sign_out(request: Request) -> Response:
    """End the session."""
    secret = session_secret(request)
    if secret is not None:
        with wiring_of(request).pool.connection() as tx:
            sign_out(tx, secret)
    response = RedirectResponse("/", _SEE_OTHER)
    drop_session(request, response)
    return response


@router.get("/user/me")
def show_me(request: Request) -> Response:
    """One's own account."""
    return _account(request, errors={})


@router.post("/user/me/password")
def do_change_password(
    request: Request, old_password: Text = "", new_password: Text = ""
) -> Response:
    """Change one's own password; every other session ends."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    try:
        opened = change_password(
            wiring.pool,
            old_password=old_password,
            new_password=new_password,
            by=actor,
            at=wiring.now(),
        )
    except (WrongPassword, *_PasswordRefusals) as refusal:
        is_about_old = isinstance(refusal, WrongPassword | SignInTooOften)
        field = "old_password" if is_about_old else "new_password"
        return _account(
            request, errors={field: _words(request, refusal)}, status=status_of(refusal)
        )
    response = RedirectResponse("/user/me?changed=password", _SEE_OTHER)
    keep_session(request, response, opened.secret)
    return response


@router.post("/user/me/organization")
def do_choose_organization(request: Request, organization: Text = "", next: Text = "") -> Response:  # noqa: A002
    """Act for another of one's organisations from now on."""
    actor = signed_in(request)
    secret = session_secret(request)
    with wiring_of(request).pool.connection() as tx:
        chosen = organization_named(tx, organization)
        if secret is not None:
            choose_organization(tx, secret, chosen.id, by=actor)
    return RedirectResponse(local_path(next, otherwise="/user/me"), _SEE_OTHER)


@router.get("/my/tokens")
def show_tokens(request: Request) -> Response:
    """One's own tokens."""
    return _tokens(request, errors={})


@router.post("/my/tokens")
def do_issue_token(
    request: Request, name: Text = "", days: Annotated[int, Form()] = LIVES_DAYS[-1]
) -> Response:
    """Make an API token and show its text, this once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    life = timedelta(days=days) if days in LIVES_DAYS else API_LIFE_MOST
    try:
        with wiring.pool.connection() as tx:
            issued = issue_api_token(
                tx,
                wiring.keys,
                user_named(tx, actor.name),
                name=name,
                issuer=wiring.settings.site_url,
                by=actor,
                at=wiring.now(),
                life=life,
            )
    except (MalformedTokenName, TooManyTokens) as refusal:
        return _tokens(
            request, errors={"name": _words(request, refusal)}, status=status_of(refusal)
        )
    return _tokens(request, errors={}, issued=issued)


@router.post("/my/tokens/{token_id}/revoke")
def do_revoke_token(request: Request, token_id: UUID) -> Response:
    """Revoke one of one's own tokens at once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        revoke_token(tx, token_id, by=actor, at=wiring.now())
    return RedirectResponse("/my/tokens", _SEE_OTHER)


@router.get("/user/reset/{secret}")
def show_link(request: Request, secret: str) -> Response:
    """The form of a one-time link; looking does not use it up."""
    return _link_form(request, secret, errors={})


@router.post("/user/reset/{secret}")
def do_use_link(request: Request, secret: str, new_password: Text = "") -> Response:
    """Set the password; then the link is used up."""
    wiring = wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            use_password_link(tx, secret, new_password=new_password, at=wiring.now())
    except _PasswordRefusals as refusal:
        errors = {"new_password": _words(request, refusal)}
        return _link_form(request, secret, errors=errors, status=status_of(refusal))
    return RedirectResponse("/user/login", _SEE_OTHER)


def _sign_in_form(
    request: Request, *, login: str, next_path: str, refusal: Refusal | None
) -> Response:
    begin_form(request)
    response = render(
        request,
        "account/sign_in.html",
        status=200 if refusal is None else status_of(refusal),
        login=login,
        next=next_path,
        errors={} if refusal is None else {"password": _words(request, refusal)},
    )
    if isinstance(refusal, SignInTooOften):
        response.headers["Retry-After"] = str(refusal.wait_s)
    keep_form(request, response)
    return response


def _account(request: Request, *, errors: dict[str, str], status: int = 200) -> Response:
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        held = roles_of(tx, check_signed_in(actor))
    organizations = {organization.slug: organization for _, organization in held if organization}
    return render(
        request,
        "account/me.html",
        status=status,
        held=held,
        organizations=list(organizations.values()),
        is_administrator=can_administer(actor),
        is_changed=request.query_params.get("changed") == "password",
        least=PASSWORD_LEAST_CHARACTERS,
        errors=errors,
    )


def _tokens(
    request: Request,
    *,
    errors: dict[str, str],
    status: int = 200,
    issued: IssuedToken | None = None,
) -> Response:
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        tokens = list_tokens(tx, check_signed_in(actor), by=actor)
    return render(
        request,
        "account/tokens.html",
        status=status,
        tokens=tokens,
        issued=issued,
        at=wiring.now(),
        lives_days=LIVES_DAYS,
        most=TOKEN_NAME_MOST_CHARACTERS,
        errors=errors,
    )


def _link_form(
    request: Request, secret: str, *, errors: dict[str, str], status: int = 200
) -> Response:
    wiring = wiring_of(request)
    begin_form(request)
    with wiring.pool.connection() as tx:
        user = user_of_link(tx, secret, wiring.now())
    response = render(
        request,
        "account/reset.html",
        status=status,
        user=user,
        secret=secret,
        least=PASSWORD_LEAST_CHARACTERS,
        errors=errors,
    )
    response.headers["Cache-Control"] = "no-store"
    keep_form(request, response)
    return response


def _words(request: Request, refusal: Refusal) -> str:
    return words_of(refusal, language_of(request))

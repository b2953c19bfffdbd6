"""Who makes a request, and whether one of our own pages sent it.

A token in `Authorization` counts alone; without one, the session's cookie counts. Nothing is
remembered from one request to the next, so what is revoked is revoked.

A browser sends the cookie with every request, also with those that another site made it send. So a
change asked for with a cookie must carry a second value, which only our pages can read: a mask and
the HMAC of the cookie. It needs no row, ends with its session, and differs from page to page so
that compression tells nothing about it. `require_csrf` stands before every route.

Source: OWASP CSRF Prevention Cheat Sheet (HMAC of the session, Fetch Metadata); RFC 6265bis s. 5.7
(`__Host-`).
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response

from policies.database import Tx
from policies.errors import N_, ProofRefused, Said
from policies.identity.authenticate import (
    TokenHolder,
    actor_of_session,
    check_signed_in,
    holder_of_token,
)
from policies.identity.possession import Shown, prove_possession
from policies.party import Actor
from policies.session import SECRET_MOST_CHARACTERS, SESSION_LONGEST, new_secret
from portal.errors import ForgedRequest
from portal.key_file import nonce_key
from portal.wiring import Wiring, wiring_of

SESSION_COOKIE: Final = "weir_session"
FORM_COOKIE: Final = "weir_form"
"""Holds what a session would, for the few forms of people who are not signed in."""
CSRF_FIELD: Final = "csrf_token"
CSRF_HEADER: Final = "X-CSRF-Token"
MACHINE_PATHS: Final = (
    "/api/",
    "/datastore/",
    "/delta-sharing/",
    "/dsp/",
    "/log/",
    "/oai",
    "/oauth/",
    "/sparql",
    "/.well-known/",
)
"""What programs speak to. Without a cookie there is nothing here that a page could borrow."""
LOCAL_PATH_MOST_CHARACTERS: Final = 2000
STREAMED_FORMS: Final = re.compile(
    r"/publish/[a-z0-9_-]+/upload|/publish/harvest/[0-9a-f-]{36}/file"
)
"""Forms whose file is too large to be read for its token first: their route calls
`check_form_token` with the token that came along, before it acts."""

DPOP: Final = "dpop"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_OWN_PAGES: Final = frozenset({"same-origin", "none"})
_LABEL: Final = b"weir form"
_MAC_BYTES: Final = 32


def actor_of(request: Request) -> Actor:
    """Who makes this request; the anonymous visitor where nothing was shown or the session ended.

    Templates read the same from `request.state`.

    Raises: NotAToken, TokenExpired, TokenRevoked, TokenHolderGone.
    """
    known: Actor | None = getattr(request.state, "actor", None)
    if known is not None:
        return known
    actor = _find_actor(request)
    request.state.actor = actor
    seed = _seed(request)
    request.state.csrf_token = _form_token(seed) if seed is not None else ""
    return actor


def address_of(request: Request) -> str:
    """From where the request comes; empty where that is not known."""
    return request.client.host if request.client else ""


def actor_at_hand(request: Request) -> Actor | None:
    """Who makes this request, where that takes no waiting; None where it has to be looked up."""
    shown = _credentials(request)
    address = address_of(request)
    if shown is None:
        return Actor(address=address) if session_secret(request) is None else None
    known = _known_holder(wiring_of(request), shown)
    if known is not None and (known.jkt is not None or _scheme(shown) == DPOP):
        return None
    return None if known is None else replace(known.actor, address=address)


def signed_in(request: Request) -> Actor:
    """Who makes this request, where that must be somebody.

    Raises: SignInNeeded, and what `actor_of` raises.
    """
    actor = actor_of(request)
    check_signed_in(actor)
    return actor


async def require_csrf(request: Request) -> None:
    """Refuse a change that a foreign page made a browser ask for; on for every route.

    Raises: ForgedRequest.
    """
    if request.method in _SAFE_METHODS or _credentials(request) is not None:
        return
    seed = _cookie(request, SESSION_COOKIE)
    is_for_machines = request.url.path.startswith(MACHINE_PATHS)
    if seed is None:
        if is_for_machines:
            return
        seed = _cookie(request, FORM_COOKIE)
    if seed is None or _comes_from_elsewhere(request):
        raise ForgedRequest
    shown = request.headers.get(CSRF_HEADER)
    if shown is None and STREAMED_FORMS.fullmatch(request.url.path):
        return
    if shown is None and not is_for_machines:
        shown = await _field(request)
    if shown is None or not _is_form_token(shown, seed):
        raise ForgedRequest


def check_form_token(request: Request, shown: str) -> None:
    """Refuse a streamed form that did not bring the token of one of our pages.

    Raises: ForgedRequest.
    """
    if _credentials(request) is not None or request.headers.get(CSRF_HEADER) is not None:
        return
    seed = _seed(request)
    if seed is None or not _is_form_token(shown, seed):
        raise ForgedRequest


def begin_form(request: Request) -> None:
    """Let a page for people who are not signed in hold a form; then `keep_form` on its answer."""
    actor_of(request)
    if _seed(request) is None:
        request.state.form_secret = new_secret()
        request.state.csrf_token = _form_token(request.state.form_secret)


def keep_form(request: Request, response: Response) -> None:
    """Send the cookie that `begin_form` made, if it made one."""
    secret: str | None = getattr(request.state, "form_secret", None)
    if secret is not None:
        _set_cookie(request, response, FORM_COOKIE, secret, max_age_s=None)


def keep_session(request: Request, response: Response, secret: str) -> None:
    """Send the cookie of a session that was just opened."""
    max_age_s = int(SESSION_LONGEST.total_seconds())
    _set_cookie(request, response, SESSION_COOKIE, secret, max_age_s=max_age_s)


def drop_session(request: Request, response: Response) -> None:
    """Have the browser forget the session."""
    _set_cookie(request, response, SESSION_COOKIE, "", max_age_s=0)


def session_secret(request: Request) -> str | None:
    """The secret in the session's cookie; None where there is no such cookie."""
    return _cookie(request, SESSION_COOKIE)


def local_path(wanted: str | None, *, otherwise: str = "/") -> str:
    r"""`wanted` if it leads to a page of ours, else `otherwise`.

    Browsers read `//host`, `/\host` and `/<tab>/host` as another site, so a path begins with one
    slash, and holds neither a backslash nor anything invisible.
    """
    if wanted is None or len(wanted) > LOCAL_PATH_MOST_CHARACTERS:
        return otherwise
    is_local = wanted.startswith("/") and not wanted.startswith("//")
    if not is_local or "\\" in wanted or not wanted.isprintable() or " " in wanted:
        return otherwise
    return wanted


def _find_actor(request: Request) -> Actor:
    wiring = wiring_of(request)
    address = address_of(request)
    shown = _credentials(request)
    if shown is not None:
        holder = _holder_of_token(wiring, shown, address)
        _check_possession(request, holder, shown)
        return replace(holder.actor, address=address)
    secret = session_secret(request)
    if secret is not None:
        with wiring.pool.connection() as tx:
            found = actor_of_session(tx, secret, address=address, at=wiring.now())
        if found is not None:
            return found
    return Actor(address=address)


def _check_possession(request: Request, holder: TokenHolder, shown: str) -> None:
    """See that a token that is bound to a key comes from the holder of that key.

    Raises: ProofRefused, ProofNonceNeeded.
    Source: RFC 9449 s. 7.1-7.2.
    """
    if holder.jkt is None and _scheme(shown) != DPOP:
        return
    if holder.jkt is None or _scheme(shown) != DPOP:
        raise ProofRefused(Said(N_("a bound token needs the scheme DPoP, and only such a one")))
    # Before the transaction, since the secret may have one of its own.
    nonce_key(wiring_of(request))
    with wiring_of(request).pool.connection() as tx:
        jkt = possession_of(request, tx, token=_encoded(shown))
    if holder.jkt != jkt:
        raise ProofRefused(Said(N_("it was signed with another key than the token's")))


def possession_of(request: Request, tx: Tx, *, token: str | None = None) -> str | None:
    """The thumbprint of the key that the request proves to hold; None where it tries no such thing.

    Raises: ProofRefused, ProofNonceNeeded.
    """
    proofs = request.headers.getlist("DPoP")
    if not proofs and token is None:
        return None
    if len(proofs) != 1:
        raise ProofRefused(Said(N_("one request carries one proof")))
    wiring, path = wiring_of(request), request.url.path
    places = {
        f"{wiring.settings.site_url}{path}",
        f"{request.url.scheme}://{request.url.netloc}{path}",
    }
    shown = Shown(request.method, places, token)
    secret, at = nonce_key(wiring), wiring.now()
    return prove_possession(tx, proofs[0], shown, nonce_secret=secret, at=at)


def _holder_of_token(wiring: Wiring, shown: str, address: str) -> TokenHolder:
    at, known = wiring.now(), _known_holder(wiring, shown)
    if known is not None:
        return known
    changes = wiring.pool.standing.changes
    with wiring.pool.connection() as tx:
        holder = holder_of_token(tx, _encoded(shown), address=address, at=at)
    wiring.known_holders.keep(_digest(shown), holder, changes=changes, at=at)
    return holder


def _known_holder(wiring: Wiring, shown: str) -> TokenHolder | None:
    """Whom a token stood for a moment ago and still does; None where it has to be looked at."""
    at = wiring.now()
    known = wiring.known_holders.get(_digest(shown), at)
    return known if known is not None and at < known.ends_at else None


def _encoded(shown: str) -> str:
    scheme, _, token = shown.partition(" ")
    # CKAN's clients send the token without a scheme.
    return token.strip() if scheme.lower() in ("bearer", DPOP) else shown


def _scheme(shown: str) -> str:
    return shown.partition(" ")[0].lower()


def _digest(shown: str) -> bytes:
    return sha256(_encoded(shown).encode()).digest()


def _credentials(request: Request) -> str | None:
    shown = request.headers.get("Authorization", "").strip()
    # The older header of CKAN's clients; another site's page cannot send it either.
    return shown or request.headers.get("X-CKAN-API-Key", "").strip() or None


def _seed(request: Request) -> str | None:
    """What form tokens of this browser are made from; a session goes first, even an ended one."""
    return _cookie(request, SESSION_COOKIE) or _cookie(request, FORM_COOKIE)


def _cookie(request: Request, name: str) -> str | None:
    value = request.cookies.get(_cookie_name(request, name))
    return value if value and len(value) <= SECRET_MOST_CHARACTERS else None


def _cookie_name(request: Request, name: str) -> str:
    # The prefix keeps neighbouring hosts from planting a cookie; browsers take it over https only.
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return "https" in (request.url.scheme, urlsplit(wiring_of(request).settings.site_url).scheme)


def _set_cookie(
    request: Request, response: Response, name: str, value: str, *, max_age_s: int | None
) -> None:
    response.set_cookie(
        _cookie_name(request, name),
        value,
        max_age=max_age_s,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def _form_token(seed: str) -> str:
    mask = secrets.token_bytes(_MAC_BYTES)
    return urlsafe_b64encode(mask + _xor(mask, _mac(seed))).decode()


def _is_form_token(shown: str, seed: str) -> bool:
    try:
        data = urlsafe_b64decode(shown.encode("ascii"))
    except ValueError:
        return False
    if len(data) != 2 * _MAC_BYTES:
        return False
    return hmac.compare_digest(_xor(data[:_MAC_BYTES], data[_MAC_BYTES:]), _mac(seed))


def _mac(seed: str) -> bytes:
    return hmac.digest(seed.encode(), _LABEL, "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _comes_from_elsewhere(request: Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN_PAGES
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    # The scheme is left out: behind a proxy that ends TLS we see http.
    ours = {request.headers.get("Host"), urlsplit(wiring_of(request).settings.site_url).netloc}
    return origin.partition("://")[2] not in ours


async def _field(request: Request) -> str | None:
    if not request.headers.get("Content-Type", "").startswith(_FORM_TYPES):
        return None
    value = (await request.form()).get(CSRF_FIELD)
    return value if isinstance(value, str) else None

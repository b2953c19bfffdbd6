"""How other programs check our tokens: the published keys, and what we are as a token issuer.

Source: RFC 7517 s. 5 (key set); RFC 8414 s. 2-3 (metadata).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from policies.identity.issue import verification_keys
from portal.wiring import wiring_of

router = APIRouter(prefix="/.well-known", tags=["tokens"])

KEYS_KEPT_S: Final = 300
"""A key that is declared dead vanishes from other programs' caches after this at the latest."""


@router.get("/jwks.json")
def show_keys(request: Request, response: Response) -> dict[str, list[dict[str, str]]]:
    """The public keys of our tokens, as a JWK set."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        keys = verification_keys(tx, wiring.keys, wiring.now())
    response.headers["Cache-Control"] = f"public, max-age={KEYS_KEPT_S}"
    return {"keys": [key.as_jwk() for key in keys]}


@router.get("/oauth-authorization-server")
def show_issuer(request: Request) -> dict[str, str | list[str]]:
    """What this site is as an issuer of tokens.

    It names what there is: tokens are made at `/api/v1/tokens` and drawn on agreements, so there
    is no authorization endpoint and no response type.
    """
    site = wiring_of(request).settings.site_url
    return {
        "issuer": site,
        "jwks_uri": f"{site}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": [],
        "service_documentation": f"{site}/help/api",
    }

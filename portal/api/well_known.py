"""How other programs check our tokens: the published keys, and what we are as a token issuer.

Source: RFC 7517 s. 5 (key set); RFC 8414 s. 2-3 (metadata).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from policies.identity.issue import verification_keys
from portal.api.oauth import CLIENT_METHODS, GRANT_TYPES, SCOPES, SIGNING_ALGORITHMS
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
@router.get("/openid-configuration")
def show_issuer(request: Request) -> dict[str, str | bool | list[str]]:
    """What this site is as an issuer of tokens.

    It names what there is: programs draw tokens with their keys, so there is no authorization
    endpoint, no response type and no identity token. Some clients look for the same under the
    name that OpenID Connect gave it.

    Source: RFC 8414 s. 2-3; RFC 9449 s. 5.1.
    """
    site = wiring_of(request).settings.site_url
    methods = list(CLIENT_METHODS)
    return {
        "issuer": site,
        "token_endpoint": f"{site}/oauth/token",
        "introspection_endpoint": f"{site}/oauth/introspect",
        "revocation_endpoint": f"{site}/oauth/revoke",
        "jwks_uri": f"{site}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": list(GRANT_TYPES),
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "dpop_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "service_documentation": f"{site}/help/api",
    }

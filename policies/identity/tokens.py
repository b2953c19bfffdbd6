"""Tokens as text: signed JSON Web Tokens.

Whatever is wrong with a text, the answer is the same: it is not a token of ours. A reader that
could tell a wrong signature from a wrong type would learn what to try next.

Source: RFC 9068 (type and claims), RFC 8725 s. 3.1-3.11 (one algorithm, type checked, no key from
the header), RFC 7515 s. 4.1.11 (`crit`); X111, X112.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import jwt
from jwt.algorithms import OKPAlgorithm

from policies.errors import NotAToken
from policies.evidence.signing_key import SigningKey
from policies.seal import Signer
from policies.terms import AgreementId, Purpose, Regime, UserId
from policies.token import Claims

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 (a media type)
ALGORITHM: Final = "EdDSA"
ENCODED_MOST_CHARACTERS: Final = 4096
SCOPE_API: Final = "api"
SCOPE_READ: Final = "read"

_CLAIMS_OF_ALL: Final = ("iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope")
CLAIMS: Final = frozenset({"typ", *_CLAIMS_OF_ALL})
"""What every token of ours carries, its type in the header included."""
_HEADERS: Final = frozenset({"alg", "typ", "kid"})
_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


def looks_like_token(text: str) -> bool:
    """Whether a text has the shape of a token, so that other credentials can be told apart."""
    return len(text) <= ENCODED_MOST_CHARACTERS and _COMPACT.fullmatch(text) is not None


def encode(claims: Claims, signer: Signer) -> str:
    """The token that says `claims`, signed."""
    return jwt.encode(
        _payload(claims),
        signer.private_key,
        algorithm=ALGORITHM,
        headers={"typ": TOKEN_TYPE, "kid": signer.kid},
    )


def kid_of_token(encoded: str) -> str:
    """The name of the key that the token claims to be signed with.

    Raises: NotAToken for anything but a JWT of our type and algorithm.
    """
    if not looks_like_token(encoded):
        raise NotAToken
    try:
        header = jwt.get_unverified_header(encoded)
    except jwt.PyJWTError as error:
        raise NotAToken from error
    # Our own tokens have just these headers, so `crit`, `jwk`, `jku` and the like are never ours.
    if frozenset(header) != _HEADERS:
        raise NotAToken
    if header["alg"] != ALGORITHM or header["typ"] != TOKEN_TYPE:
        raise NotAToken
    kid = header["kid"]
    if not isinstance(kid, str) or "\0" in kid:
        raise NotAToken
    return kid


def decode(encoded: str, key: SigningKey) -> Claims:
    """What the token says, if `key` signed it. Its times are left for the caller to compare.

    Raises: NotAToken.
    """
    try:
        payload: dict[str, Any] = jwt.decode(
            encoded,
            OKPAlgorithm.from_jwk(key.as_jwk()),  # type: ignore[arg-type]
            algorithms=[ALGORITHM],
            options={
                "require": list(_CLAIMS_OF_ALL),
                # Against the caller's `at`, and against the token's row.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
            },
        )
        return _claims(payload)
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise NotAToken from error


def _payload(claims: Claims) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "iss": claims.issuer,
        "aud": claims.issuer,
        "sub": str(claims.user_id),
        "client_id": claims.client_id,
        "iat": int(claims.issued_at.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
        "jti": str(claims.id),
        "scope": SCOPE_API if claims.agreement_id is None else SCOPE_READ,
    }
    if claims.agreement_id is not None:
        payload["agr"] = str(claims.agreement_id)
        payload["regime"] = claims.regime
        payload["purpose"] = claims.purpose
        payload["pol"] = claims.profile_hash
    return payload


def _claims(payload: Mapping[str, Any]) -> Claims:
    if payload["aud"] != payload["iss"]:
        raise ValueError("a token of ours is meant for its own issuer")
    is_bound = "agr" in payload
    if payload["scope"] != (SCOPE_READ if is_bound else SCOPE_API):
        raise ValueError("the scope does not fit the kind of token")
    return Claims(
        id=UUID(payload["jti"]),
        issuer=payload["iss"],
        user_id=UserId(UUID(payload["sub"])),
        client_id=payload["client_id"],
        issued_at=_moment(payload["iat"]),
        expires_at=_moment(payload["exp"]),
        agreement_id=AgreementId(UUID(payload["agr"])) if is_bound else None,
        regime=Regime(payload["regime"]) if is_bound else None,
        purpose=Purpose(payload["purpose"]) if is_bound else None,
        profile_hash=str(payload["pol"]) if is_bound else None,
    )


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise TypeError("a time in a token is whole seconds")
    return datetime.fromtimestamp(seconds, UTC)

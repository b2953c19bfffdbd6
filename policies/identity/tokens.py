"""Tokens as text: signed JSON Web Tokens.

Whatever is wrong with a text, the answer is the same: it is not a token of ours. A reader that
could tell a wrong signature from a wrong type would learn what to try next.

Source: RFC 9068 (type and claims), RFC 8725 s. 3.1-3.11 (one algorithm, type checked, no key from
the header), RFC 7515 s. 4.1.11 (`crit`); X111, X112.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import jwt
from jwt.algorithms import OKPAlgorithm

from policies.access import Action
from policies.errors import N_, MalformedPublicKey, NotAToken, ProofRefused, Said
from policies.evidence.signing_key import SigningKey
from policies.seal import Signer
from policies.terms import AgreementId, Grade, Purpose, Regime, UserId
from policies.token import REGION, UNBOUNDED, Bounds, Claims

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 (a media type)
ALGORITHM: Final = "EdDSA"
ENCODED_MOST_CHARACTERS: Final = 4096
SCOPE_API: Final = "api"
SCOPE_READ: Final = "read"

_CLAIMS_OF_ALL: Final = ("iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope")
CLAIMS: Final = frozenset({"typ", *_CLAIMS_OF_ALL})
"""What every token of ours carries, its type in the header included."""
_JWK_MOST: Final = 2_000
"""Characters of one member of a foreign key."""
_RSA_LEAST_BITS: Final = 2048
_HEADERS_REMEMBERED_MAX: Final = 64
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
    return _kid_of_header(encoded.partition(".")[0])


@lru_cache(maxsize=_HEADERS_REMEMBERED_MAX)
def _kid_of_header(encoded: str) -> str:
    """The same of a header alone: all tokens of one key have the same."""
    try:
        header = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError) as error:
        raise NotAToken from error
    # Our own tokens have just these headers, so `crit`, `jwk`, `jku` and the like are never ours.
    if not isinstance(header, dict) or header.keys() != _HEADERS:
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
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise NotAToken from error


def check_public_key(told: Mapping[str, object]) -> dict[str, str]:
    """The public half of a key that a program signs with, and nothing beside it.

    Raises: MalformedPublicKey.
    Source: RFC 7517 s. 4; RFC 8725 s. 3.5 (key strength).
    """
    kinds = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
    kept = kinds.get(str(told.get("kty")))
    if kept is None or "d" in told or "k" in told:
        raise MalformedPublicKey
    key = {"kty": str(told["kty"]), **{name: told.get(name) for name in kept}}
    if not all(isinstance(value, str) and len(value) <= _JWK_MOST for value in key.values()):
        raise MalformedPublicKey
    public = {name: str(value) for name, value in key.items()}
    try:
        read = jwt.PyJWK.from_dict(public, algorithm=_algorithm_of(public)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise MalformedPublicKey from error
    if public["kty"] == "RSA" and read.key_size < _RSA_LEAST_BITS:
        raise MalformedPublicKey
    return public


def thumbprint(public_jwk: Mapping[str, str]) -> str:
    """The name of a key. Source: RFC 7638 s. 3."""
    body = json.dumps(dict(public_jwk), sort_keys=True, separators=(",", ":"))
    return urlsafe_b64encode(sha256(body.encode()).digest()).rstrip(b"=").decode()


def foreign_header(encoded: str) -> Mapping[str, object]:
    """What stands before somebody else's signed statement, which nothing vouches for yet.

    Raises: ProofRefused.
    """
    if len(encoded) > ENCODED_MOST_CHARACTERS or not _COMPACT.fullmatch(encoded):
        raise ProofRefused(Said(N_("it is not a signed statement")))
    try:
        header: Mapping[str, object] = jwt.get_unverified_header(encoded)
    except jwt.PyJWTError as error:
        raise ProofRefused(Said(N_("it is not a signed statement"))) from error
    if "crit" in header:
        raise ProofRefused(Said(N_("it asks for an extension that is not known here")))
    return header


def unproven_claims(encoded: str) -> Mapping[str, object]:
    """What somebody's statement says before its signature was looked at, to find their key.

    Raises: ProofRefused.
    """
    foreign_header(encoded)
    try:
        said: Mapping[str, object] = jwt.decode(encoded, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise ProofRefused(Said(N_("it is not a signed statement"))) from error
    return said


def foreign_claims(encoded: str, public_jwk: Mapping[str, str]) -> Mapping[str, object]:
    """What somebody's statement says, if the key's holder signed it. Times are for the caller.

    Raises: ProofRefused.
    Source: RFC 8725 s. 3.1 (the algorithm follows from the key, never from the header).
    """
    foreign_header(encoded)
    try:
        algorithm = _algorithm_of(public_jwk)
        said: Mapping[str, object] = jwt.decode(
            encoded,
            jwt.PyJWK.from_dict(dict(public_jwk), algorithm=algorithm).key,
            algorithms=[algorithm],
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise ProofRefused(Said(N_("its signature does not fit"))) from error
    return said


def _algorithm_of(public_jwk: Mapping[str, str]) -> str:
    match public_jwk["kty"], public_jwk.get("crv"):
        case "OKP", "Ed25519":
            return "EdDSA"
        case "EC", "P-256":
            return "ES256"
        case "RSA", _:
            return "RS256"
        case _:
            raise MalformedPublicKey


def _payload(claims: Claims) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "iss": claims.issuer,
        "aud": claims.issuer,
        "sub": str(claims.user_id),
        "client_id": claims.client_id,
        "iat": int(claims.issued_at.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
        "jti": str(claims.id),
        "scope": scope_of(claims.bounds) if claims.is_access else SCOPE_API,
    }
    if claims.agreement_id is not None:
        payload["agr"] = str(claims.agreement_id)
        payload["regime"] = claims.regime
        payload["purpose"] = claims.purpose
        payload["pol"] = claims.profile_hash
    if claims.entitlement_id is not None and claims.grade_most is not None:
        payload["ent"] = str(claims.entitlement_id)
        payload["region"] = REGION
        payload["grade_max"] = int(claims.grade_most)
        payload |= _bounds_said(claims.bounds)
    return payload


def scope_of(bounds: Bounds) -> str:
    """The scope that a token's bounds leave. Source: RFC 6749 s. 3.3."""
    return SCOPE_READ if bounds.actions is None else " ".join(sorted(bounds.actions))


def actors_said(actors: Sequence[str]) -> dict[str, Any]:
    """Whom a token was passed on to, the newest outside. Source: RFC 8693 s. 4.1."""
    said: dict[str, Any] = {}
    for actor in reversed(actors):
        said = {"sub": actor, "act": said} if said else {"sub": actor}
    return said


def _bounds_said(bounds: Bounds) -> dict[str, Any]:
    limits = {
        "rows": bounds.rows_most,
        "bytes": bounds.bytes_most,
        "queries": bounds.queries_most,
    }
    said: dict[str, Any] = {name: most for name, most in limits.items() if most is not None}
    if bounds.actors:
        said["act"] = actors_said(bounds.actors)
    if bounds.jkt is not None:
        said["cnf"] = {"jkt": bounds.jkt}
    return said


def _bounds(payload: Mapping[str, Any]) -> Bounds:
    scope, actors, act = payload["scope"], [], payload.get("act")
    while act:
        actors.append(act["sub"])
        act = act.get("act")
    return Bounds(
        actions=None
        if scope == SCOPE_READ
        else frozenset(Action(word) for word in str(scope).split()),
        rows_most=payload.get("rows"),
        bytes_most=payload.get("bytes"),
        queries_most=payload.get("queries"),
        actors=tuple(actors),
        jkt=payload["cnf"]["jkt"] if "cnf" in payload else None,
    )


def _claims(payload: Mapping[str, Any]) -> Claims:
    if payload["aud"] != payload["iss"]:
        raise ValueError("a token of ours is meant for its own issuer")
    is_bound, is_access = "agr" in payload, "ent" in payload
    if is_access == (payload["scope"] == SCOPE_API) or (is_bound and not is_access):
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
        entitlement_id=UUID(payload["ent"]) if is_access else None,
        grade_most=Grade(payload["grade_max"]) if is_access else None,
        bounds=_bounds(payload) if is_access else UNBOUNDED,
    )


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise TypeError("a time in a token is whole seconds")
    return datetime.fromtimestamp(seconds, UTC)

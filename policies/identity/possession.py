"""Proofs that a request comes from the holder of a key: DPoP.

A proof says method, address, time and, with a token, the token's hash. It counts once, and only
with a nonce that was given out here a short while ago, so that nobody can lay in proofs for later.

Source: RFC 9449 s. 4.2, 4.3, 8, 9.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from policies.database import Tx
from policies.errors import (
    N_,
    MalformedPublicKey,
    ProofNonceNeeded,
    ProofRefused,
    Said,
)
from policies.identity.clients import moment_said, use_once
from policies.identity.tokens import check_public_key, foreign_claims, foreign_header, thumbprint

PROOF_TYPE: Final = "dpop+jwt"
PROOF_LIFE: Final = timedelta(minutes=2)
NONCE_STEP_S: Final = 120
"""A nonce is good for one to two of these steps."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The request that a proof has to fit."""

    method: str
    addresses: Collection[str]
    """Under which this place is known, without query."""
    token: str | None = None
    """The token that comes along; None where one is asked for."""


def nonce_at(secret: bytes, at: datetime) -> str:
    """The nonce to put into the next proof. Source: RFC 9449 s. 8."""
    return _nonce(secret, int(at.timestamp()) // NONCE_STEP_S)


def prove_possession(tx: Tx, proof: str, shown: Shown, *, nonce_secret: bytes, at: datetime) -> str:
    """The thumbprint of the key whose holder signed the proof for this very request.

    Raises: ProofRefused, ProofNonceNeeded.
    Source: RFC 9449 s. 4.3.
    """
    header = foreign_header(proof)
    told = header.get("jwk")
    if header.get("typ") != PROOF_TYPE or not isinstance(told, dict):
        raise ProofRefused(Said(N_("it is no DPoP proof")))
    try:
        public = check_public_key(told)
    except MalformedPublicKey as error:
        raise ProofRefused(Said(N_("it is no DPoP proof"))) from error
    said = foreign_claims(proof, public)
    address = str(said.get("htu", "")).partition("#")[0].partition("?")[0]
    if said.get("htm") != shown.method or address not in shown.addresses:
        raise ProofRefused(Said(N_("it is meant for another place")))
    issued_at = moment_said(said, "iat")
    if abs(at - issued_at) > PROOF_LIFE:
        raise ProofRefused(Said(N_("it is too old, or lives too long")))
    if shown.token is not None and said.get("ath") != _hash(shown.token):
        raise ProofRefused(Said(N_("it goes with another token")))
    if not _is_nonce(said.get("nonce"), nonce_secret, at):
        raise ProofNonceNeeded
    jkt = thumbprint(public)
    use_once(tx, f"dpop:{jkt}", said.get("jti"), until=issued_at + 2 * PROOF_LIFE)
    return jkt


def _hash(token: str) -> str:
    digest = sha256(token.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _nonce(secret: bytes, step: int) -> str:
    made = hmac.digest(secret, f"dpop nonce {step}".encode(), "sha256")
    return urlsafe_b64encode(made[:18]).decode()


def _is_nonce(told: object, secret: bytes, at: datetime) -> bool:
    step = int(at.timestamp()) // NONCE_STEP_S
    return isinstance(told, str) and any(
        hmac.compare_digest(told.encode(), _nonce(secret, one).encode()) for one in (step, step - 1)
    )

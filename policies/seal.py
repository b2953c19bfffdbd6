"""Sign in the exchange's name, with the private keys of this installation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Final

from policies.canonical import Plain, canonical_text
from policies.database import Pool, Tx
from policies.errors import SigningKeyAway
from policies.events import Event, EventKind, moment_text
from policies.evidence import ed25519
from policies.evidence.organization_key import OrganizationKey, endorsed_organization_body
from policies.evidence.signing_key import (
    RETIRES_AFTER,
    KeyPurpose,
    KeyState,
    SigningKey,
    endorsed_body,
    kid_of,
)
from policies.evidence.wrapping import Wrapping
from policies.party import ANONYMOUS, Actor
from policies.record import record
from policies.store import keys as store
from policies.store import organization_keys as organization_store
from policies.terms import OrganizationId

SECRET_BYTES: Final = 32


def canonical(value: Plain) -> bytes:
    """The bytes that are hashed and signed: canonical JSON in UTF-8. Source: RFC 8785."""
    return canonical_text(value).encode()


def sha256_hex(data: bytes) -> str:
    """SHA-256, 64 hexadecimal digits."""
    return sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that signs now."""

    kid: str
    purpose: KeyPurpose
    retire_at: datetime
    """Nothing that is signed may end later."""
    private_key: ed25519.PrivateKey = field(repr=False)

    def sign(self, body: bytes) -> bytes:
        """The Ed25519 signature over `body`, 64 bytes."""
        return self.private_key.sign(body)


@dataclass(frozen=True, slots=True)
class OrganizationSigner:
    """A private key that signs in the name of an organisation now."""

    kid: str
    private_key: ed25519.PrivateKey = field(repr=False)

    def sign(self, body: bytes) -> bytes:
        """The Ed25519 signature over `body`, 64 bytes."""
        return self.private_key.sign(body)


class KeyRing:
    """The signing keys of an installation and its other secrets; public halves are rows.

    Every process holds one. Which key is current is said by the database, so a rotation counts for
    all processes at once. Private halves are files in `folder`, which all processes share, or,
    with `wrapping`, sealed rows of the database, which all machines share that know the secret.
    What was a file before is then sealed when it is needed first.
    """

    def __init__(self, folder: Path, wrapping: Wrapping | None = None) -> None:
        self._folder = folder
        self._wrapping = wrapping
        self._private: dict[str, ed25519.PrivateKey] = {}
        self._secrets: dict[str, bytes] = {}

    def secret(self, pool: Pool, name: str) -> bytes:
        """A secret of the installation's own, 32 bytes, made when it is first asked for.

        Several processes may come here at the same time; all get the same.

        Raises: SigningKeyAway.
        """
        if name not in self._secrets:
            with pool.connection() as tx:
                store.lock_secrets(tx)
                content = self._kept(tx, name)
                if content is None:
                    content = token_bytes(SECRET_BYTES)
                    self._keep(tx, name, content)
            self._secrets[name] = content
        return self._secrets[name]

    def signer(self, tx: Tx, purpose: KeyPurpose, at: datetime) -> Signer:
        """The key that signs now; minted where there is none, or where the last did its time.

        Several processes may come here at once: one row becomes current, the others use it.

        Raises: SigningKeyAway.
        """
        key = store.current_key(tx, purpose)
        if key is not None and not key.is_due_for_rotation(at):
            return self._signer(tx, key)
        return self._renew(tx, purpose, key, by=ANONYMOUS, at=at)

    def rotate(self, tx: Tx, purpose: KeyPurpose, *, by: Actor, at: datetime) -> Signer:
        """Retire the current key before its time and sign with a new one.

        No person comes here alone: people change keys through `policies.change_keys`, which takes
        two of them.

        Raises: SigningKeyAway.
        """
        return self._renew(tx, purpose, store.current_key(tx, purpose), by=by, at=at)

    def mint_next(self, tx: Tx, purpose: KeyPurpose, *, by: Actor, at: datetime) -> str | None:
        """Make the key that is to sign after the current one; its name, None where one waits.

        Raises: SigningKeyAway.
        """
        endorser = self.signer(tx, KeyPurpose.LOG, at)
        private_key = ed25519.generate()
        key = _endorsed(private_key, purpose, endorser, KeyState.NEXT, at)
        self._keep(tx, _name_of(key.kid), ed25519.to_pem(private_key))
        if store.insert_next_key(tx, key):
            record(tx, _key_minted(key, by=by))
            return key.kid
        self._forget(key.kid)
        return None

    def organization_signer(
        self, tx: Tx, organization_id: OrganizationId, at: datetime
    ) -> OrganizationSigner:
        """The key that signs for an organisation now; minted as `signer` does.

        Raises: SigningKeyAway.
        """
        key = organization_store.current_key(tx, organization_id)
        if key is None or key.is_due_for_rotation(at):
            self._mint_for(tx, organization_id, key, at)
            key = organization_store.current_key(tx, organization_id)
            assert key is not None, "either this transaction or the one it waited for made a key"
        return OrganizationSigner(key.kid, self._private_key(tx, key.kid))

    def check(self, tx: Tx) -> None:
        """Whether every key that signs now is at hand; keys that are not made yet do not count.

        Raises: SigningKeyAway.
        """
        for purpose in KeyPurpose:
            key = store.current_key(tx, purpose)
            if key is not None:
                self._signer(tx, key)

    def public_keys(self, tx: Tx) -> list[SigningKey]:
        """Every key there ever was, oldest first, so that old signatures can be checked."""
        return store.all_keys(tx)

    def _renew(
        self, tx: Tx, purpose: KeyPurpose, replaced: SigningKey | None, *, by: Actor, at: datetime
    ) -> Signer:
        endorser = self._endorser(tx, purpose, replaced, at)
        if replaced is None or store.retire_current_key(tx, replaced.kid):
            self._mint(tx, purpose, endorser, by=by, at=at)
        key = store.current_key(tx, purpose)
        assert key is not None, "either this transaction or the one it waited for made a key"
        return self._signer(tx, key)

    def _endorser(
        self, tx: Tx, purpose: KeyPurpose, replaced: SigningKey | None, at: datetime
    ) -> Signer | None:
        """The log's key, which vouches for new ones; None for the first key of the log itself."""
        if purpose is not KeyPurpose.LOG:
            return self.signer(tx, KeyPurpose.LOG, at)
        return self._signer(tx, replaced) if replaced else None

    def _mint(
        self, tx: Tx, purpose: KeyPurpose, endorser: Signer | None, *, by: Actor, at: datetime
    ) -> None:
        private_key = ed25519.generate()
        key = _endorsed(private_key, purpose, endorser, KeyState.CURRENT, at)
        # The file first: a row without its file could sign nothing, a file without a row is waste.
        self._keep(tx, _name_of(key.kid), ed25519.to_pem(private_key))
        if store.insert_current_key(tx, key):
            record(tx, _key_minted(key, by=by))
            return
        self._forget(key.kid)

    def _mint_for(
        self,
        tx: Tx,
        organization_id: OrganizationId,
        replaced: OrganizationKey | None,
        at: datetime,
    ) -> None:
        endorser = self.signer(tx, KeyPurpose.LOG, at)
        private_key = ed25519.generate()
        public_key, retire_at = ed25519.public_half(private_key), at + RETIRES_AFTER
        body = endorsed_organization_body(str(organization_id), public_key, retire_at)
        key = OrganizationKey(
            kid=kid_of(public_key),
            organization_id=organization_id,
            public_key=public_key,
            created_at=at,
            retire_at=retire_at,
            endorsed_by=endorser.kid,
            endorsement=endorser.sign(body),
        )
        if replaced is not None:
            organization_store.retire_key(tx, replaced.kid)
        self._keep(tx, _name_of(key.kid), ed25519.to_pem(private_key))
        if organization_store.insert_current_key(tx, key):
            record(tx, _organization_key_minted(key))
            return
        self._forget(key.kid)

    def _signer(self, tx: Tx, key: SigningKey) -> Signer:
        return Signer(key.kid, key.purpose, key.retire_at, self._private_key(tx, key.kid))

    def _private_key(self, tx: Tx, kid: str) -> ed25519.PrivateKey:
        if kid not in self._private:
            pem = self._kept(tx, _name_of(kid))
            if pem is None:
                raise SigningKeyAway(kid)
            self._private[kid] = ed25519.from_pem(pem)
        return self._private[kid]

    def _kept(self, tx: Tx, name: str) -> bytes | None:
        """A secret; None where there is none of that name.

        Raises: SigningKeyAway where it was sealed under another secret.
        """
        if self._wrapping is not None:
            wrapped = store.wrapped_key(tx, name)
            if wrapped is not None:
                content = self._wrapping.unwrap(name, wrapped)
                if content is None:
                    raise SigningKeyAway(name)
                return content
        try:
            content = (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        if self._wrapping is not None:
            self._keep(tx, name, content)
        return content

    def _keep(self, tx: Tx, name: str, content: bytes) -> None:
        if self._wrapping is None:
            ed25519.save(content, self._folder / name)
            return
        store.insert_wrapped_key(tx, name, self._wrapping.wrap(name, content))

    def _forget(self, kid: str) -> None:
        """Remove the file of a key that never signed; a sealed row of one is harmless waste."""
        (self._folder / _name_of(kid)).unlink(missing_ok=True)


def _name_of(kid: str) -> str:
    return f"{kid}.pem"


def _endorsed(
    private_key: ed25519.PrivateKey,
    purpose: KeyPurpose,
    endorser: Signer | None,
    state: KeyState,
    at: datetime,
) -> SigningKey:
    public_key = ed25519.public_half(private_key)
    retire_at = at + RETIRES_AFTER
    body = endorsed_body(purpose, public_key, retire_at)
    return SigningKey(
        kid=kid_of(public_key),
        purpose=purpose,
        public_key=public_key,
        state=state,
        created_at=at,
        retire_at=retire_at,
        endorsed_by=endorser.kid if endorser else kid_of(public_key),
        endorsement=endorser.sign(body) if endorser else private_key.sign(body),
    )


def _key_minted(key: SigningKey, *, by: Actor) -> Event:
    return Event(
        kind=EventKind.KEY_MINTED,
        at=key.created_at,
        actor=by,
        facts={
            "kid": key.kid,
            "purpose": key.purpose,
            "public_key": key.public_key.hex(),
            "retire_at": moment_text(key.retire_at),
            "endorsed_by": key.endorsed_by,
        },
    )


def _organization_key_minted(key: OrganizationKey) -> Event:
    return Event(
        kind=EventKind.KEY_MINTED,
        at=key.created_at,
        actor=ANONYMOUS,
        organization_id=key.organization_id,
        facts={
            "kid": key.kid,
            "purpose": "agreement",
            "public_key": key.public_key.hex(),
            "retire_at": moment_text(key.retire_at),
            "endorsed_by": key.endorsed_by,
        },
    )

"""Make keys for programs, change and revoke them, and find out which program makes a request.

Source: RFC 6749 s. 2.3, RFC 7523 s. 3; X111, X113, X115.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from policies.agreement import Agreement
from policies.calendar import china_day
from policies.client import (
    CLIENT_LIFE_MOST,
    CLIENT_NAME_MOST_CHARACTERS,
    CLIENTS_PER_ORGANIZATION,
    Client,
)
from policies.database import Tx
from policies.errors import (
    N_,
    ClientEndOutOfBounds,
    ClientNotFound,
    ClientUnproven,
    MalformedTokenName,
    NotTheConsumer,
    ProofRefused,
    Said,
    SignInNeeded,
    TooManyTokens,
    UserNotFound,
)
from policies.events import Event, EventKind, JsonValue, moment_text
from policies.identity.authenticate import actor_of_user
from policies.identity.people import user_with_id
from policies.identity.tokens import check_public_key, foreign_claims, unproven_claims
from policies.party import Actor
from policies.record import record
from policies.roles import can_apply_for, check_person
from policies.session import hash_secret, new_secret
from policies.store import clients as store
from policies.store import tokens as token_store
from policies.terms import MicroCredits, OrganizationId, UserId

ASSERTION_LIFE_MOST = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=60)
"""How far another program's clock may be from ours."""
USED_EVERY = timedelta(minutes=1)
"""The last use of a key is noted at most this often."""
JTI_MOST_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class NewClient:
    """What a key is to be."""

    name: str
    agreement: Agreement | None
    """None: every agreement of the organisation."""
    ends_at: datetime
    daily_cap: MicroCredits | None = None
    public_jwk: Mapping[str, object] | None = None
    """The public half of the program's own key; None asks for a secret."""


@dataclass(frozen=True, slots=True)
class MadeClient:
    """A key and its secret, which is shown once."""

    client: Client
    secret: str | None
    """None where the program signs with a key of its own."""


def make_client(tx: Tx, wanted: NewClient, *, by: Actor, at: datetime) -> MadeClient:
    """A key for a program of the organisation that `by` acts for, who answers for it.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer, MalformedTokenName, MalformedPublicKey,
    ClientEndOutOfBounds, TooManyTokens.
    """
    user_id, organization_id = _user(by), _organization(by)
    if wanted.agreement is not None and wanted.agreement.consumer_id != organization_id:
        raise NotTheConsumer
    name = wanted.name.strip()
    if not 1 <= len(name) <= CLIENT_NAME_MOST_CHARACTERS or not name.isprintable():
        raise MalformedTokenName(CLIENT_NAME_MOST_CHARACTERS)
    latest = latest_client_end(wanted.agreement, at)
    if not at < wanted.ends_at <= latest:
        raise ClientEndOutOfBounds(china_day(latest - timedelta(seconds=1)))
    if store.count_live_clients(tx, organization_id, at) >= CLIENTS_PER_ORGANIZATION:
        raise TooManyTokens(CLIENTS_PER_ORGANIZATION)
    public = None if wanted.public_jwk is None else check_public_key(wanted.public_jwk)
    secret = new_secret() if public is None else None
    client = Client(
        id=uuid4(),
        organization_id=organization_id,
        agreement_id=wanted.agreement.id if wanted.agreement else None,
        name=name,
        held_by=user_id,
        created_at=at,
        ends_at=wanted.ends_at,
        public_jwk=public,
        daily_cap=wanted.daily_cap,
        secret_changed_at=at,
        copied_at=None,
        last_used_at=None,
        revoked_at=None,
    )
    store.insert_client(tx, client, None if secret is None else hash_secret(secret))
    record(
        tx,
        _event(
            EventKind.CLIENT_MADE,
            client,
            by=by,
            at=at,
            agreement_id=client.agreement_id,
            ends_at=moment_text(client.ends_at),
            daily_cap_microcredits=client.daily_cap,
            is_signing=public is not None,
        ),
    )
    return MadeClient(client, secret)


def latest_client_end(agreement: Agreement | None, at: datetime) -> datetime:
    """When a key made now ends at the latest."""
    longest = at + CLIENT_LIFE_MOST
    return longest if agreement is None else min(longest, agreement.ends_at)


def rotate_client(tx: Tx, client_id: UUID, *, by: Actor, at: datetime) -> MadeClient:
    """A new secret for a key; the old one opens nothing from this commit on, its tokens end.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer, ClientNotFound.
    """
    client = _own(tx, client_id, by)
    if not client.is_live(at) or client.public_jwk is not None:
        raise ClientNotFound
    secret, user_id = new_secret(), _user(by)
    store.update_client_secret(tx, client_id, hash_secret(secret), held_by=user_id, at=at)
    token_store.revoke_tokens_of_client(tx, client_id, at)
    record(tx, _event(EventKind.CLIENT_ROTATED, client, by=by, at=at))
    changed = replace(client, held_by=user_id, secret_changed_at=at, copied_at=None)
    return MadeClient(changed, secret)


def cap_client(
    tx: Tx, client_id: UUID, daily_cap: MicroCredits | None, *, by: Actor, at: datetime
) -> None:
    """Bound what a key's tokens may spend a day; None takes the bound away.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer, ClientNotFound.
    """
    client = _own(tx, client_id, by)
    store.update_client_cap(tx, client_id, daily_cap)
    record(
        tx,
        _event(EventKind.CLIENT_CAPPED, client, by=by, at=at, daily_cap_microcredits=daily_cap),
    )


def confirm_copied(tx: Tx, client_id: UUID, *, by: Actor, at: datetime) -> None:
    """Note that the secret was copied to where it is used.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer, ClientNotFound.
    """
    _own(tx, client_id, by)
    store.update_client_copied(tx, client_id, at)


def revoke_client(tx: Tx, client_id: UUID, *, by: Actor, at: datetime) -> None:
    """Revoke a key with every token that was drawn with it; a second time does nothing.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer, ClientNotFound.
    """
    client = _own(tx, client_id, by)
    if store.revoke_client(tx, client_id, at):
        number = token_store.revoke_tokens_of_client(tx, client_id, at)
        record(tx, _event(EventKind.CLIENT_REVOKED, client, by=by, at=at, tokens=number))


def list_clients(tx: Tx, *, by: Actor) -> list[Client]:
    """The keys of the organisation that `by` acts for.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer.
    """
    return store.clients_of_organization(tx, _organization(by), limit=2 * CLIENTS_PER_ORGANIZATION)


def spent_today(tx: Tx, client_id: UUID, at: datetime) -> MicroCredits:
    """What a key's tokens spent on this day of the city's calendar."""
    return store.spent_on(tx, client_id, china_day(at))


def count_spent(tx: Tx, client_id: UUID, amount: MicroCredits, at: datetime) -> MicroCredits:
    """Count what a key's token spends; what its tokens spent today, this included."""
    return store.add_spent(tx, client_id, china_day(at), amount)


def client_with_id(tx: Tx, client_id: UUID) -> Client:
    """A key, live or not. Raises: ClientNotFound."""
    found = store.get_client(tx, client_id)
    if found is None:
        raise ClientNotFound
    return found[0]


# Proving -------------------------------------------------------------------------------------


def prove_secret(tx: Tx, client_id: str, secret: str, *, at: datetime) -> Client:
    """The key whose secret this is.

    Raises: ClientUnproven.
    Source: RFC 6749 s. 2.3.1.
    """
    client, secret_hash = _known(tx, client_id)
    if secret_hash is None or not hmac.compare_digest(secret_hash, hash_secret(secret)):
        raise ClientUnproven
    return _used(tx, client, at)


def prove_assertion(tx: Tx, assertion: str, *, audiences: Collection[str], at: datetime) -> Client:
    """The key whose holder signed this statement, which counts once.

    Raises: ClientUnproven, ProofRefused.
    Source: RFC 7523 s. 3.
    """
    told = unproven_claims(assertion)
    client, _ = _known(tx, str(told.get("iss", "")))
    if client.public_jwk is None:
        raise ClientUnproven
    said = foreign_claims(assertion, client.public_jwk)
    if "sub" in said and said["sub"] != said["iss"]:
        raise ProofRefused(Said(N_("it speaks for somebody else")))
    meant = said.get("aud")
    meant_for = meant if isinstance(meant, list) else [meant]
    if not any(one in audiences for one in meant_for):
        raise ProofRefused(Said(N_("it is meant for another place")))
    expires_at = moment_said(said, "exp")
    if not at < expires_at + CLOCK_SKEW or expires_at > at + ASSERTION_LIFE_MOST + CLOCK_SKEW:
        raise ProofRefused(Said(N_("it is too old, or lives too long")))
    if "nbf" in said and moment_said(said, "nbf") > at + CLOCK_SKEW:
        raise ProofRefused(Said(N_("it does not hold yet")))
    use_once(tx, f"client:{client.id}", said.get("jti"), until=expires_at + CLOCK_SKEW)
    return _used(tx, client, at)


def use_once(tx: Tx, signer: str, jti: object, *, until: datetime) -> None:
    """Let a signed statement count this once.

    Raises: ProofRefused.
    """
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_MOST_CHARACTERS:
        raise ProofRefused(Said(N_("it has no number of its own (`jti`)")))
    if not store.insert_used_proof(tx, signer, sha256(jti.encode()).digest(), until):
        raise ProofRefused(Said(N_("it was used before")))


def forget_used_proofs(tx: Tx, at: datetime) -> int:
    """Forget statements that are too old to count anyway; how many there were."""
    return store.delete_used_proofs(tx, at)


def moment_said(said: Mapping[str, object], name: str) -> datetime:
    """A time in somebody's statement.

    Raises: ProofRefused.
    """
    told = said.get(name)
    if isinstance(told, int | float) and not isinstance(told, bool):
        try:
            return datetime.fromtimestamp(told, UTC)
        except (ValueError, OverflowError, OSError):
            pass
    raise ProofRefused(Said(N_("a time in it is missing or malformed")))


def holder_of_client(tx: Tx, client: Client, *, address: str) -> Actor:
    """The person who answers for a key, acting for its organisation.

    Raises: ClientUnproven where that person is gone.
    """
    try:
        user = user_with_id(tx, client.held_by)
    except UserNotFound:
        raise ClientUnproven from None
    actor = actor_of_user(tx, user, chosen_id=client.organization_id, address=address)
    acts_for = actor.organization.id if actor.organization else None
    if not user.is_active or acts_for != client.organization_id:
        raise ClientUnproven
    return actor


def _known(tx: Tx, client_id: str) -> tuple[Client, bytes | None]:
    try:
        found = store.get_client(tx, UUID(client_id))
    except ValueError:
        found = None
    if found is None:
        raise ClientUnproven
    return found


def _used(tx: Tx, client: Client, at: datetime) -> Client:
    if not client.is_live(at):
        raise ClientUnproven
    if client.last_used_at is None or at - client.last_used_at >= USED_EVERY:
        store.update_client_used(tx, client.id, at)
    return client


def _own(tx: Tx, client_id: UUID, by: Actor) -> Client:
    organization_id = _organization(by)
    found = store.get_client(tx, client_id)
    if found is None or found[0].organization_id != organization_id:
        raise ClientNotFound
    return found[0]


def _user(by: Actor) -> UserId:
    if by.user_id is None:
        raise SignInNeeded
    return by.user_id


def _organization(by: Actor) -> OrganizationId:
    _user(by)
    check_person(by)
    if by.organization is None or not can_apply_for(by, by.organization.id):
        raise NotTheConsumer
    return by.organization.id


def _event(
    kind: EventKind, client: Client, *, by: Actor, at: datetime, **facts: JsonValue
) -> Event:
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=client.organization_id,
        subject_id=client.id,
        facts=facts,
    )

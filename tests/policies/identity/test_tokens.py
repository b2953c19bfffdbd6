from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm

from policies.access import Action
from policies.agree import conclude
from policies.agreement import Agreement, AgreementState
from policies.database import Tx
from policies.errors import (
    AgreementEnded,
    KeyRetiresFirst,
    MalformedTokenName,
    NotAdministrator,
    NotAToken,
    NotNarrower,
    NotTheConsumer,
    PersonNeeded,
    Refusal,
    SignInNeeded,
    TokenExpired,
    TokenHolderGone,
    TokenLifeOutOfBounds,
    TokenNotFound,
    TokenRevoked,
    TokenSpent,
)
from policies.evidence import ed25519
from policies.evidence.signing_key import KeyPurpose
from policies.identity.authenticate import actor_of_token
from policies.identity.enrol import deactivate_user, withdraw_role
from policies.identity.issue import (
    IssuedToken,
    Wish,
    issue_access_token,
    issue_api_token,
    list_tokens,
    revoke_token,
    verification_keys,
)
from policies.identity.people import user_named
from policies.identity.tokens import encode
from policies.party import ANONYMOUS, Actor, OrganizationKind, Role
from policies.roles import SYSTEM
from policies.seal import KeyRing, Signer
from policies.session import SEEN_EVERY
from policies.terms import (
    AgreementId,
    DatasetId,
    ListingId,
    OrganizationId,
    Purpose,
    Regime,
    UserId,
)
from policies.token import (
    ACCESS_LIFE_LEAST,
    ACCESS_LIFE_MOST,
    API_LIFE_MOST,
    Bounds,
    Claims,
    access_token_end,
    latest_token_end,
)
from tests.people import AT, acting, enrol, found

ISSUER = "https://data.example"
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    """The keys of a new installation."""
    return KeyRing(tmp_path / "keys")


@pytest.fixture
def li(tx: Tx) -> Actor:
    """A buyer of the only enterprise."""
    return acting(tx, "li.wei", (Role.BUYER, found(tx, "acme", OrganizationKind.ENTERPRISE)))


@pytest.fixture
def agreement(tx: Tx, li: Actor) -> Agreement:
    """An agreement of the buyer's firm, for a month from now."""
    assert li.organization is not None
    provider = found(tx, "transport")
    made = some_agreement(
        consumer_id=li.organization.id, provider_id=provider.id, ends_at=AT + timedelta(days=30)
    )
    return conclude(tx, made, by=li)


def some_agreement(
    *, consumer_id: OrganizationId, provider_id: OrganizationId, ends_at: datetime
) -> Agreement:
    return Agreement(
        id=AgreementId(uuid4()),
        regime=Regime.TRADE,
        listing_id=ListingId(uuid4()),
        dataset_id=DatasetId(uuid4()),
        provider_id=provider_id,
        consumer_id=consumer_id,
        purpose=Purpose.ANALYSIS,
        actions=frozenset({Action.QUERY}),
        terms="{}",
        profile_id="shenzhen-2026",
        profile_hash="ab" * 32,
        starts_at=AT,
        ends_at=ends_at,
        concluded_at=AT,
        accepted_by=None,
    )


def api_token(tx: Tx, keys: KeyRing, actor: Actor, **changes: Any) -> IssuedToken:
    return issue_api_token(
        tx,
        keys,
        user_named(tx, actor.name),
        **{"name": "notebook", "issuer": ISSUER, "by": actor, "at": AT, **changes},
    )


def access_token(tx: Tx, keys: KeyRing, actor: Actor, agreement: Agreement) -> IssuedToken:
    return issue_access_token(tx, keys, agreement, Wish(HALF_HOUR), issuer=ISSUER, by=actor, at=AT)


def holder(tx: Tx, encoded: str, at: datetime = AT) -> Actor:
    return actor_of_token(tx, encoded, address="192.0.2.7", at=at)


def parts(encoded: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    header, payload, signature = encoded.split(".")
    return _read(header), _read(payload), base64.urlsafe_b64decode(signature + "==")


def joined(header: dict[str, Any], payload: dict[str, Any], signature: bytes) -> str:
    return f"{_written(header)}.{_written(payload)}.{_base64url(signature)}"


def signed_by(signer: Signer, header: dict[str, Any], payload: dict[str, Any]) -> str:
    body = f"{_written(header)}.{_written(payload)}"
    return f"{body}.{_base64url(signer.sign(body.encode()))}"


def _read(part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return value


def _written(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_an_api_token_stands_for_its_owner(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)

    actor = holder(tx, issued.encoded)

    assert (actor.user_id, actor.memberships, actor.organization) == (
        li.user_id,
        li.memberships,
        li.organization,
    )
    assert actor.token_id == str(issued.token.id)
    assert actor.agreement_id is None


def test_an_api_token_has_the_claims_of_the_profile(tx: Tx, keys: KeyRing, li: Actor) -> None:
    header, payload, _ = parts(api_token(tx, keys, li).encoded)

    assert header == {"typ": "at+jwt", "alg": "EdDSA", "kid": header["kid"]}
    assert payload["iss"] == payload["aud"] == ISSUER
    assert payload["sub"] == payload["client_id"] == str(li.user_id)
    assert payload["exp"] - payload["iat"] == API_LIFE_MOST.total_seconds()
    assert UUID(payload["jti"])
    assert payload["scope"] == "api"


def test_an_access_token_says_its_agreement_and_gives_no_role(
    tx: Tx, keys: KeyRing, li: Actor, agreement: Agreement
) -> None:
    issued = access_token(tx, keys, li, agreement)

    _, payload, _ = parts(issued.encoded)
    assert payload["agr"] == str(agreement.id)
    assert (payload["regime"], payload["purpose"]) == ("trade", "analysis")
    assert payload["pol"] == agreement.profile_hash
    assert payload["client_id"] == str(agreement.consumer_id)
    assert payload["exp"] - payload["iat"] == HALF_HOUR.total_seconds()
    actor = holder(tx, issued.encoded)
    assert actor.agreement_id == agreement.id
    assert actor.organization == li.organization
    assert actor.memberships == ()


def test_an_access_token_makes_no_other_token(
    tx: Tx, keys: KeyRing, li: Actor, agreement: Agreement
) -> None:
    bound = holder(tx, access_token(tx, keys, li, agreement).encoded)

    with pytest.raises(PersonNeeded):
        api_token(tx, keys, bound)
    with pytest.raises(PersonNeeded):
        access_token(tx, keys, bound, agreement)


def test_only_the_consumers_people_draw_a_token(
    tx: Tx, keys: KeyRing, agreement: Agreement
) -> None:
    other = acting(tx, "wang.fang", (Role.BUYER, found(tx, "other", OrganizationKind.ENTERPRISE)))

    with pytest.raises(NotTheConsumer):
        access_token(tx, keys, other, agreement)
    with pytest.raises(SignInNeeded):
        access_token(tx, keys, ANONYMOUS, agreement)


def test_an_access_token_lives_between_twenty_and_sixty_minutes(
    tx: Tx, keys: KeyRing, li: Actor, agreement: Agreement
) -> None:
    for life in (ACCESS_LIFE_LEAST - timedelta(seconds=1), ACCESS_LIFE_MOST + timedelta(seconds=1)):
        with pytest.raises(TokenLifeOutOfBounds):
            issue_access_token(tx, keys, agreement, Wish(life), issuer=ISSUER, by=li, at=AT)


def test_a_token_works_until_its_end_and_not_at_it(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li, life=timedelta(hours=1))

    assert holder(tx, issued.encoded, AT + timedelta(seconds=3599))
    with pytest.raises(TokenExpired) as refused:
        holder(tx, issued.encoded, AT + timedelta(hours=1))
    assert "2026-03-02 09:00" in str(refused.value)


def test_a_revoked_token_is_refused_at_once(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)

    revoke_token(tx, issued.token.id, by=li, at=AT)
    revoke_token(tx, issued.token.id, by=li, at=AT)

    with pytest.raises(TokenRevoked):
        holder(tx, issued.encoded)
    rows = tx.execute("SELECT kind FROM policies.events WHERE kind LIKE 'token.%' ORDER BY id")
    assert [row["kind"] for row in rows] == ["token.issued", "token.revoked"]


def test_ending_the_agreement_ends_its_tokens_at_once(
    tx: Tx, keys: KeyRing, li: Actor, agreement: Agreement
) -> None:
    issued = access_token(tx, keys, li, agreement)

    tx.execute(
        "UPDATE policies.agreements SET state = 'ended', ended_at = %s, end_reason = 'over'", (AT,)
    )

    with pytest.raises(TokenRevoked):
        holder(tx, issued.encoded)


def test_tokens_end_with_the_account_and_stay_so(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)

    deactivate_user(tx, user_named(tx, li.name), by=SYSTEM, at=AT)

    with pytest.raises(TokenRevoked):
        holder(tx, issued.encoded)
    tx.execute("UPDATE policies.tokens SET revoked_at = NULL")
    with pytest.raises(TokenHolderGone):
        holder(tx, issued.encoded)


def test_an_access_token_ends_when_its_user_leaves_the_organisation(
    tx: Tx, keys: KeyRing, li: Actor, agreement: Agreement
) -> None:
    issued = access_token(tx, keys, li, agreement)

    withdraw_role(
        tx,
        user_named(tx, li.name),
        Role.BUYER,
        organization=li.organization,
        by=SYSTEM,
        at=AT,
    )

    with pytest.raises(TokenHolderGone):
        holder(tx, issued.encoded)


def test_a_role_that_was_taken_counts_for_tokens_at_once(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)

    withdraw_role(
        tx, user_named(tx, li.name), Role.BUYER, organization=li.organization, by=SYSTEM, at=AT
    )

    assert holder(tx, issued.encoded).memberships == ()


def test_nobody_revokes_or_sees_anothers_token(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)
    other = acting(tx, "wang.fang")

    with pytest.raises(TokenNotFound):
        revoke_token(tx, issued.token.id, by=other, at=AT)
    with pytest.raises(NotAdministrator):
        list_tokens(tx, issued.token.user_id, by=other)
    with pytest.raises(NotAdministrator):
        api_token(tx, keys, li, by=other)
    revoke_token(tx, issued.token.id, by=acting(tx, "chief", (Role.ADMIN, None)), at=AT)


def test_the_last_use_is_true_to_the_minute(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)
    user_id = issued.token.user_id

    seen = []
    for at in (AT, AT + SEEN_EVERY / 2, AT + SEEN_EVERY):
        holder(tx, issued.encoded, at)
        seen.append(list_tokens(tx, user_id, by=li)[0].last_used_at)

    assert seen == [AT, AT, AT + SEEN_EVERY]


def test_the_text_of_a_token_is_kept_nowhere(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)

    rows = tx.execute("SELECT t::text AS token FROM policies.tokens AS t").fetchall()
    signature = issued.encoded.rsplit(".", 1)[1]
    assert all(signature not in row["token"] for row in rows)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "line\nbreak", "a\0b"])
def test_a_token_has_a_name_that_can_be_read(tx: Tx, keys: KeyRing, li: Actor, name: str) -> None:
    with pytest.raises(MalformedTokenName):
        api_token(tx, keys, li, name=name)


class TestForgery:
    """What RFC 8725 warns of; every text here is refused in the same words."""

    def refused(self, tx: Tx, encoded: str) -> None:
        with pytest.raises(NotAToken):
            holder(tx, encoded)

    def test_an_unsigned_token(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, signature = parts(api_token(tx, keys, li).encoded)

        for none in ("none", "None", "NONE"):
            self.refused(tx, joined({**header, "alg": none}, payload, b""))
            self.refused(tx, joined({**header, "alg": none}, payload, signature))

    def test_a_token_signed_with_the_public_key_as_a_password(
        self, tx: Tx, keys: KeyRing, li: Actor
    ) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        (key,) = verification_keys(tx, keys, AT)

        header["alg"] = "HS256"
        body = f"{_written(header)}.{_written(payload)}"
        for secret in (key.public_key, json.dumps(key.as_jwk()).encode()):
            signature = hmac.new(secret, body.encode(), sha256).digest()
            self.refused(tx, f"{body}.{_base64url(signature)}")

    def test_changed_claims(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, signature = parts(api_token(tx, keys, li).encoded)
        chief = enrol(tx, "chief", (Role.ADMIN, None))

        for change in (
            {"sub": str(chief.id)},
            {"exp": payload["exp"] + 1},
            {"iss": "https://elsewhere.example"},
            {"scope": "read"},
        ):
            self.refused(tx, joined(header, {**payload, **change}, signature))

    def test_a_key_that_nobody_knows(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        theirs = Signer("unknown", KeyPurpose.TOKEN, AT + timedelta(days=9), ed25519.generate())

        self.refused(tx, signed_by(theirs, {**header, "kid": "unknown"}, payload))
        self.refused(tx, signed_by(theirs, header, payload))
        self.refused(tx, signed_by(theirs, {"typ": "at+jwt", "alg": "EdDSA"}, payload))
        self.refused(tx, signed_by(theirs, {**header, "kid": ["x"]}, payload))
        self.refused(tx, signed_by(theirs, {**header, "kid": "a\0b"}, payload))

    def test_a_key_in_the_header(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        own = ed25519.generate()
        theirs = Signer(header["kid"], KeyPurpose.TOKEN, AT + timedelta(days=9), own)

        jwk = json.loads(OKPAlgorithm.to_jwk(own.public_key()))
        self.refused(tx, signed_by(theirs, {**header, "jwk": jwk}, payload))

    def test_a_critical_header_even_if_we_signed_it(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        signer = keys.signer(tx, KeyPurpose.TOKEN, AT)

        assert holder(tx, signed_by(signer, header, payload))
        self.refused(tx, signed_by(signer, {**header, "crit": ["exp"]}, payload))
        self.refused(tx, signed_by(signer, {**header, "crit": ["x"], "x": 1}, payload))

    def test_another_type_even_if_we_signed_it(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        signer = keys.signer(tx, KeyPurpose.TOKEN, AT)

        self.refused(tx, signed_by(signer, {**header, "typ": "JWT"}, payload))

    def test_a_key_of_another_purpose(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        signer = keys.signer(tx, KeyPurpose.LOG, AT)

        self.refused(tx, signed_by(signer, {**header, "kid": signer.kid}, payload))

    def test_a_key_that_was_lost_to_others(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        issued = api_token(tx, keys, li)

        tx.execute("UPDATE policies.signing_keys SET state = 'dead'")

        self.refused(tx, issued.encoded)
        assert verification_keys(tx, keys, AT) == []

    def test_a_foreign_issuer(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        signer = keys.signer(tx, KeyPurpose.TOKEN, AT)
        elsewhere = "https://elsewhere.example"

        self.refused(tx, signed_by(signer, header, {**payload, "iss": elsewhere, "aud": elsewhere}))
        self.refused(tx, signed_by(signer, header, {**payload, "aud": elsewhere}))

    def test_a_signed_token_without_a_row(self, tx: Tx, keys: KeyRing, li: Actor) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        signer = keys.signer(tx, KeyPurpose.TOKEN, AT)

        self.refused(tx, signed_by(signer, header, {**payload, "jti": str(uuid4())}))

    @pytest.mark.parametrize(
        "claim", ["iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope"]
    )
    def test_a_missing_claim(self, tx: Tx, keys: KeyRing, li: Actor, claim: str) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        signer = keys.signer(tx, KeyPurpose.TOKEN, AT)

        del payload[claim]

        self.refused(tx, signed_by(signer, header, payload))

    @pytest.mark.parametrize("value", [None, "", [], {}, True, 1.5, 10**30, "x", -1])
    def test_a_claim_of_another_kind(self, tx: Tx, keys: KeyRing, li: Actor, value: object) -> None:
        header, payload, _ = parts(api_token(tx, keys, li).encoded)
        signer = keys.signer(tx, KeyPurpose.TOKEN, AT)

        for claim in ("iss", "sub", "aud", "exp", "jti", "scope", "agr"):
            with pytest.raises((NotAToken, TokenExpired)):
                holder(tx, signed_by(signer, header, {**payload, claim: value}))

    @pytest.mark.parametrize(
        "text", ["", "x", "..", "a.b.c", "a.b", "x" * 5000, "e30.e30.e30", "令.牌.吗", "a\0.b.c"]
    )
    def test_a_text_that_is_no_token(self, tx: Tx, text: str) -> None:
        self.refused(tx, text)

    @pytest.mark.parametrize(
        "header", [b'["alg", "typ", "kid"]', b"[" * 2000, b"{", b"\xff", b"null", b'"alg"']
    )
    def test_a_header_that_is_no_header(self, tx: Tx, header: bytes) -> None:
        self.refused(tx, f"{_base64url(header)}.e30.e30")


seconds = st.integers(min_value=-10_000_000, max_value=10_000_000)


@given(
    starts=seconds,
    lasts=st.integers(min_value=1, max_value=10_000_000),
    retires=seconds,
    life=st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=2)),
    drawn=st.floats(min_value=-10_000, max_value=10_000_000),
    state=st.sampled_from(AgreementState),
)
def test_no_token_outlives_its_agreement_or_its_key(
    starts: int, lasts: int, retires: int, life: timedelta, drawn: float, state: AgreementState
) -> None:
    """Invariant 4: token end ≤ agreement end, and ≤ the signing key's retirement."""
    ends_at = AT + timedelta(seconds=starts + lasts)
    agreement = replace(
        some_agreement(
            consumer_id=OrganizationId(uuid4()),
            provider_id=OrganizationId(uuid4()),
            ends_at=ends_at,
        ),
        starts_at=AT + timedelta(seconds=starts),
        state=state,
        ended_at=AT if state is AgreementState.ENDED else None,
    )
    issued_at = AT + timedelta(seconds=drawn)
    retire_at = AT + timedelta(seconds=retires)

    try:
        token_end = access_token_end(
            agreement, issued_at=issued_at, life=life, key_retires_at=retire_at
        )
    except Refusal:
        return

    assert agreement.is_in_force(issued_at)
    assert issued_at < token_end <= agreement.ends_at
    assert token_end <= retire_at
    assert token_end - issued_at <= life <= ACCESS_LIFE_MOST


def test_in_the_last_minutes_of_an_agreement_a_token_is_shorter() -> None:
    agreement = some_agreement(
        consumer_id=OrganizationId(uuid4()),
        provider_id=OrganizationId(uuid4()),
        ends_at=AT + timedelta(minutes=5),
    )

    token_end = access_token_end(
        agreement, issued_at=AT, life=HALF_HOUR, key_retires_at=AT + timedelta(days=1)
    )
    assert token_end == agreement.ends_at
    with pytest.raises(AgreementEnded):
        access_token_end(
            agreement,
            issued_at=agreement.ends_at,
            life=HALF_HOUR,
            key_retires_at=AT + timedelta(days=1),
        )


def test_a_key_that_retires_first_signs_no_token() -> None:
    agreement = some_agreement(
        consumer_id=OrganizationId(uuid4()),
        provider_id=OrganizationId(uuid4()),
        ends_at=AT + timedelta(days=5),
    )

    with pytest.raises(KeyRetiresFirst):
        access_token_end(
            agreement, issued_at=AT, life=HALF_HOUR, key_retires_at=AT + timedelta(minutes=29)
        )


def test_other_programs_can_check_our_tokens_with_the_published_keys(
    tx: Tx, keys: KeyRing, li: Actor
) -> None:
    issued = api_token(tx, keys, li)

    (published,) = jwt.PyJWKSet.from_dict(
        {"keys": [key.as_jwk() for key in verification_keys(tx, keys, AT)]}
    ).keys
    payload = jwt.decode(
        issued.encoded,
        published.key,
        algorithms=["EdDSA"],
        audience=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )

    assert payload["sub"] == str(li.user_id)


def test_a_token_drawn_before_a_new_key_stays_good(tx: Tx, keys: KeyRing, li: Actor) -> None:
    issued = api_token(tx, keys, li)

    keys.rotate(tx, KeyPurpose.TOKEN, by=SYSTEM, at=AT)

    assert holder(tx, issued.encoded)
    assert len(verification_keys(tx, keys, AT)) == 2
    assert holder(tx, api_token(tx, keys, li).encoded)


def test_a_token_is_short_enough_for_a_header() -> None:
    claims = Claims(
        id=uuid4(),
        issuer="https://data.a-city-with-a-long-name.example.gov.cn",
        user_id=UserId(uuid4()),
        client_id=str(uuid4()),
        issued_at=AT,
        expires_at=AT + HALF_HOUR,
        agreement_id=AgreementId(uuid4()),
        regime=Regime.TRADE,
        purpose=Purpose.MODEL_TRAINING,
        profile_hash="ab" * 32,
    )
    signer = Signer(
        "k" * 43, KeyPurpose.TOKEN, datetime(2030, 1, 1, tzinfo=UTC), ed25519.generate()
    )

    assert len(encode(claims, signer)) < 1000


@given(
    life_s=st.integers(1200, 3600),
    agreement_s=st.integers(1, 10_000),
    client_s=st.integers(1, 10_000),
    parent_s=st.integers(1, 10_000),
    key_s=st.integers(1, 10_000),
    micros=st.integers(0, 999_999),
)
def test_no_token_outlives_anything_that_it_stands_on(
    life_s: int, agreement_s: int, client_s: int, parent_s: int, key_s: int, micros: int
) -> None:
    at = AT + timedelta(microseconds=micros)
    ends = [at + timedelta(seconds=each) for each in (agreement_s, client_s, parent_s)]
    key_retires_at = at + timedelta(seconds=key_s)

    try:
        end = latest_token_end(
            ends, issued_at=at, life=timedelta(seconds=life_s), key_retires_at=key_retires_at
        )
    except (TokenSpent, KeyRetiresFirst):
        return

    assert at < end <= min(*ends, key_retires_at, at + timedelta(seconds=life_s))


_bounds = st.builds(
    Bounds,
    actions=st.none() | st.frozensets(st.sampled_from(Action), min_size=1),
    rows_most=st.none() | st.integers(0, 100),
    bytes_most=st.none() | st.integers(0, 100),
    queries_most=st.none() | st.integers(0, 100),
)


@given(held=_bounds, wanted=st.lists(_bounds, min_size=1, max_size=4))
def test_however_often_a_token_is_exchanged_it_is_never_wider(
    held: Bounds, wanted: list[Bounds]
) -> None:
    now = held
    for one in wanted:
        try:
            narrow = now.narrowed(one, actor="job")
        except NotNarrower:
            return
        for name in ("rows_most", "bytes_most", "queries_most"):
            before, after = getattr(now, name), getattr(narrow, name)
            assert before is None or (after is not None and after <= before)
        assert now.actions is None or (narrow.actions or frozenset(Action)) <= now.actions
        assert len(narrow.actors) <= 2
        now = narrow

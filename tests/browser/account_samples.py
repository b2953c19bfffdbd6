"""Samples of the pages of accounts and their administration."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from policies.client import Client
from policies.evidence.signing_key import KeyPurpose, KeyState, SigningKey
from policies.identity.clients import MadeClient
from policies.identity.issue import IssuedToken
from policies.key_act import KeyAct, KeyActKind, KeyActState
from policies.party import (
    Member,
    Membership,
    Organization,
    OrganizationKind,
    Role,
    User,
)
from policies.terms import AgreementId, MicroCredits, OrganizationId, Text, UserId
from policies.token import Token, TokenKind
from portal.pages import signing_keys
from portal.pages.buy import keys

AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
TRANSPORT = Organization(
    id=OrganizationId(UUID(int=1)),
    slug="transport",
    kind=OrganizationKind.DEPARTMENT,
    title=Text("市交通运输局", "Transport Bureau"),
    credit_code=None,
    created_at=AT,
)
COMPANY = Organization(
    id=OrganizationId(UUID(int=2)),
    slug="health-tech",
    kind=OrganizationKind.ENTERPRISE,
    title=Text(zh="某健康科技有限公司"),
    credit_code="91440300708461136T",
    created_at=AT,
)
OFFICER = User(id=UserId(UUID(int=3)), name="officer", is_active=True, created_at=AT)
FORMER = replace(OFFICER, id=UserId(UUID(int=4)), name="former.colleague", is_active=False)
HELD = [
    (Membership(Role.PUBLISHER, TRANSPORT.id), TRANSPORT),
    (Membership(Role.ADMIN, TRANSPORT.id), TRANSPORT),
    (Membership(Role.BUYER, COMPANY.id), COMPANY),
    (Membership(Role.ADMIN, None), None),
]
TOKEN = Token(
    id=UUID(int=5),
    kind=TokenKind.API,
    user_id=OFFICER.id,
    organization_id=None,
    agreement_id=None,
    name="Nightly export of the bus counts",
    issuer="https://data.example",
    kid="k",
    issued_at=AT,
    expires_at=AT + timedelta(days=90),
    revoked_at=None,
    last_used_at=AT,
)
TOKENS = [
    TOKEN,
    replace(TOKEN, id=UUID(int=6), name="Notebook", revoked_at=AT, last_used_at=None),
    replace(
        TOKEN,
        id=UUID(int=7),
        kind=TokenKind.ACCESS,
        name="",
        agreement_id=AgreementId(UUID(int=8)),
        expires_at=AT - timedelta(minutes=1),
    ),
]
LINK = "http://data.example/user/reset/" + "x7Q_" * 10

ACCOUNT: dict[str, object] = {
    "held": HELD,
    "organizations": [TRANSPORT, COMPANY],
    "is_administrator": True,
    "is_changed": False,
    "least": 10,
    "errors": {},
}
KEYS: dict[str, object] = {
    "tokens": TOKENS,
    "issued": None,
    "at": AT,
    "lives_days": (7, 30, 90, 365),
    "most": 100,
    "errors": {},
}
PEOPLE: dict[str, object] = {
    "users": [OFFICER, FORMER],
    "organizations": [TRANSPORT, COMPANY],
    "containing": "",
    "is_cut": True,
    "kinds": list(OrganizationKind),
    "typed": {},
    "errors": {},
}
PERSON: dict[str, object] = {
    "user": OFFICER,
    "held": HELD,
    "organizations": [TRANSPORT, COMPANY],
    "roles": list(Role),
    "link": None,
    "errors": {},
}
MEMBERS: dict[str, object] = {
    "organization": TRANSPORT,
    "members": [
        Member(OFFICER, (Role.ADMIN, Role.PUBLISHER)),
        Member(FORMER, (Role.APPROVER,)),
    ],
    "roles": [Role.PUBLISHER, Role.APPROVER, Role.BUYER, Role.ADMIN],
    "may_change": True,
    "is_administrator": True,
    "link": None,
    "typed": {},
    "errors": {},
}


def _key(number: int, purpose: KeyPurpose, state: KeyState) -> SigningKey:
    kid = f"{number}kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4"
    return SigningKey(kid, purpose, bytes(32), state, AT, AT + timedelta(days=1095), kid, bytes(64))


SIGNING_KEYS: dict[str, object] = {
    "keys": [
        _key(1, KeyPurpose.TOKEN, KeyState.NEXT),
        _key(2, KeyPurpose.TOKEN, KeyState.CURRENT),
        _key(3, KeyPurpose.TOKEN, KeyState.OLD),
        _key(4, KeyPurpose.LOG, KeyState.CURRENT),
        _key(5, KeyPurpose.LOG, KeyState.DEAD),
    ],
    "acts": [
        KeyAct(
            UUID(int=1),
            KeyActKind.ROTATE,
            KeyPurpose.TOKEN,
            "1kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4",
            "一名管理员已离任",
            FORMER.id,
            AT,
        ),
        KeyAct(
            UUID(int=2),
            KeyActKind.BURY,
            KeyPurpose.LOG,
            "5kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4",
            "A laptop was stolen",
            OFFICER.id,
            AT - timedelta(days=3),
            KeyActState.CONFIRMED,
            FORMER.id,
            AT - timedelta(days=2),
        ),
    ],
    "names": {OFFICER.id: "officer", FORMER.id: "former.colleague"},
    "reader_id": OFFICER.id,
    "purposes": signing_keys.PURPOSES,
    "states": signing_keys.STATES,
    "kinds": signing_keys.KINDS,
    "outcomes": signing_keys.OUTCOMES,
    "typed": {},
    "errors": {},
}

CLIENT = Client(
    id=UUID(int=40),
    organization_id=COMPANY.id,
    agreement_id=AgreementId(UUID(int=8)),
    name="Data warehouse, production",
    held_by=OFFICER.id,
    created_at=AT,
    ends_at=AT + timedelta(days=300),
    public_jwk=None,
    daily_cap=MicroCredits(12_500_000),
    secret_changed_at=AT,
    copied_at=None,
    last_used_at=AT,
    revoked_at=None,
)
_CARD = keys.Card(
    client=CLIENT,
    title=Text(zh="公交刷卡客流", en="Bus boardings"),
    href="/my/agreements/1",
    holder="officer",
    spent=MicroCredits(3_250_000),
    last_day=date(2027, 9, 18),
    is_live=True,
)
_SIGNING = replace(
    CLIENT,
    id=UUID(int=41),
    agreement_id=None,
    name="夜间报表",
    public_jwk={"kty": "OKP"},
    daily_cap=None,
    last_used_at=None,
)
CLIENT_KEYS: dict[str, object] = {
    "organization": COMPANY,
    "can_make": True,
    "cards": [_CARD, replace(_CARD, client=_SIGNING, title=None, href=None)],
    "gone": [replace(_CARD, client=replace(CLIENT, revoked_at=AT), is_live=False)],
    "choices": [("", "Every agreement of ours, also later ones"), ("8", "Bus boardings (A-1)")],
    "made": None,
    "site_url": "https://data.example",
    "most": 100,
    "typed": {"name": "", "agreement": "", "ends_on": "", "daily_cap": "", "public_jwk": ""},
    "errors": {},
    "message": "",
}

ACCOUNT_CONTEXTS: dict[str, tuple[str, dict[str, object]]] = {
    "/user/me": ("account/me.html", ACCOUNT),
    "/user/me-wrong": (
        "account/me.html",
        {
            **ACCOUNT,
            "held": [],
            "organizations": [],
            "is_administrator": False,
            "errors": {"old_password": "The present password is not right."},
        },
    ),
    "/my/tokens": ("account/tokens.html", KEYS),
    "/my/tokens-made": (
        "account/tokens.html",
        {**KEYS, "tokens": [], "issued": IssuedToken("eyJhbGciOiJF." + "aZ9_" * 120, TOKEN)},
    ),
    "/user/reset": (
        "account/reset.html",
        {"user": OFFICER, "secret": "x", "least": 10, "errors": {}},
    ),
    "/admin/people": ("account/people.html", PEOPLE),
    "/admin/people-wrong": (
        "account/people.html",
        {
            **PEOPLE,
            "users": [],
            "organizations": [],
            "typed": {"slug": "Not A Slug", "kind": "bureau"},
            "errors": {"slug": "“Not A Slug” cannot be a name in an address."},
        },
    ),
    "/admin/people/officer": ("account/user.html", {**PERSON, "link": LINK}),
    "/admin/people/former": ("account/user.html", {**PERSON, "user": FORMER, "held": []}),
    "/my/keys": ("my/keys.html", CLIENT_KEYS),
    "/my/keys-made": (
        "my/keys.html",
        {**CLIENT_KEYS, "made": MadeClient(CLIENT, "x7Q_" * 10 + "abc")},
    ),
    "/my/keys-wrong": (
        "my/keys.html",
        {
            **CLIENT_KEYS,
            "cards": [],
            "gone": [],
            "errors": {"ends_on": "A key ends after today and by 2027-01-31 at the latest."},
        },
    ),
    "/admin/signing-keys": ("account/signing_keys.html", SIGNING_KEYS),
    "/organization/transport/members": ("account/members.html", MEMBERS),
    "/organization/transport/members-new": ("account/members.html", {**MEMBERS, "link": LINK}),
}
"""Template and context by address; the reader is an officer."""

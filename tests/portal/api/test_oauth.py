"""Tokens for programs over HTTP: keys, grants, exchange, introspection, revocation, proofs."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from fastapi.testclient import TestClient
from httpx import Response
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from policies.agreement import Agreement
from portal.api.oauth import JWT_BEARER, TOKEN_EXCHANGE
from portal.app import create_app
from tests.portal.api.test_exchange import Desk, desk, zygote  # noqa: F401  fixtures

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
SQL = {"sql": "SELECT id FROM sold_stops WHERE line = 1 ORDER BY id"}
ROWS = "/api/v1/datasets/sold-stops/rows"


def _ok(answer: Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def bought(desk: Desk, slug: str = "sold-stops") -> Agreement:  # noqa: F811
    """An agreement of the buyer, with credits to use it."""
    agreement = desk.city.buy(desk.city.sold_stops(slug))
    desk.city.pay_in(1_000_000)
    return agreement


def key(desk: Desk, **wanted: object) -> dict[str, Any]:  # noqa: F811
    """A key of the buyer's system."""
    made: dict[str, Any] = _ok(
        desk.client("bo").post("/api/v1/keys", json={"name": "Warehouse", **wanted}), 201
    )
    return made


def ask(
    desk: Desk,  # noqa: F811
    made: dict[str, Any] | None = None,
    *,
    path: str = "token",
    headers: dict[str, str] | None = None,
    **form: Any,
) -> Response:
    """Send a form to an endpoint, with the key in the header."""
    auth = (made["id"], made["secret"]) if made else None
    fields = form if path != "token" else {"grant_type": "client_credentials", **form}
    with TestClient(create_app(desk.wiring), headers={"Accept-Language": "en"}) as program:
        answer: Response = program.post(f"/oauth/{path}", data=fields, auth=auth, headers=headers)
    return answer


def claims(encoded: str) -> dict[str, Any]:
    """What a token says."""
    said: dict[str, Any] = jwt.decode(encoded, options={"verify_signature": False})
    return said


def test_a_key_draws_a_token_that_reads_and_says_what_it_is_for(desk: Desk) -> None:  # noqa: F811
    agreement = bought(desk)
    made = key(desk, agreement_id=str(agreement.id))

    given = ask(desk, made, scope="")

    answer = _ok(given)
    assert answer["token_type"] == "Bearer"
    # The stock client renews what lives ten minutes or less before every single request.
    assert 20 * 60 <= answer["expires_in"] <= 60 * 60
    assert given.headers["Cache-Control"] == "no-store"
    said = claims(answer["access_token"])
    assert jwt.get_unverified_header(answer["access_token"])["typ"] == "at+jwt"
    assert (said["agr"], said["ent"]) == (str(agreement.id), made["id"])
    assert (said["regime"], said["purpose"], said["region"]) == ("trade", "analysis", "CN")
    assert said["pol"] == agreement.profile_hash
    read = desk.client(token=answer["access_token"]).post("/api/v1/query", json=SQL)
    assert _ok(read)["row_count"] == 10
    (card,) = _ok(desk.client("bo").get("/api/v1/keys"))
    assert card["last_used_at"] is not None
    assert card["spent_today_microcredits"] == 10_000


def test_a_key_in_the_form_is_as_good_and_a_wrong_one_is_told_apart(desk: Desk) -> None:  # noqa: F811
    bought(desk)
    made = key(desk)
    in_form = {"client_id": made["id"], "client_secret": made["secret"]}

    assert _ok(ask(desk, **in_form))["token_type"] == "Bearer"
    for wrong in (
        ask(desk),
        ask(desk, client_id=made["id"], client_secret="guess"),
        ask(desk, client_id="x", client_secret=made["secret"]),
        ask(desk, headers={"Authorization": "Basic !!"}),
        ask(desk, headers={"Authorization": "Bearer x"}),
    ):
        assert wrong.status_code == 401, wrong.text
        assert wrong.json()["error"] == "invalid_client"
        assert wrong.headers["WWW-Authenticate"].startswith("Basic")
    assert ask(desk, made, **in_form).json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"resource": "nowhere"}, "invalid_target"),
        ({"rows": "-1"}, "invalid_request"),
        ({"rows": "9" * 30}, "invalid_request"),
        ({"life_s": "5"}, "invalid_request"),
        ({"purpose": "fun"}, "invalid_request"),
        ({"purpose": "research"}, "invalid_request"),
        ({"resource": str(uuid4())}, "invalid_grant"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_in_words(
    desk: Desk,  # noqa: F811
    form: dict[str, Any],
    error: str,
) -> None:
    agreement = bought(desk)
    made = key(desk)
    if form.get("purpose") == "research":
        form = {**form, "resource": str(agreement.id)}

    answer = ask(desk, made, **form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


def test_a_key_of_all_agreements_reads_each_under_its_own(desk: Desk) -> None:  # noqa: F811
    first, second = bought(desk), bought(desk, "more-stops")
    desk.city.sold_stops("not-bought")
    made = key(desk)

    wide = _ok(ask(desk, made))["access_token"]
    one = _ok(ask(desk, made, scope=f"read agreement:{second.id}"))["access_token"]

    assert "agr" not in claims(wide)
    program = desk.client(token=wide)
    for agreement, slug in ((first, "sold-stops"), (second, "more-stops")):
        receipt = program.get(f"/api/v1/datasets/{slug}/rows").headers["Weir-Receipt"]
        told = _ok(desk.client("bo").get(f"/api/v1/receipts/{receipt}"))
        assert str(agreement.id) in json.dumps(told)
    assert program.get("/api/v1/datasets/not-bought/rows").status_code == 403
    narrow = desk.client(token=one)
    assert narrow.get("/api/v1/datasets/more-stops/rows").status_code == 200
    assert narrow.get(ROWS).status_code == 403


def test_a_program_is_no_person(desk: Desk) -> None:  # noqa: F811
    bought(desk)
    token = _ok(ask(desk, key(desk)))["access_token"]
    program = desk.client(token=token)

    assert program.get("/api/v1/tokens").status_code == 403
    assert program.post("/api/v1/keys", json={"name": "x"}).status_code == 403
    assert program.post("/api/v1/tokens", json={"name": "x"}).status_code == 403


def _pair(kind: str) -> tuple[Any, str, dict[str, str]]:
    """A private key, its algorithm and its public half."""
    match kind:
        case "EdDSA":
            okp = Ed25519PrivateKey.generate()
            return okp, kind, json.loads(OKPAlgorithm.to_jwk(okp.public_key()))
        case "ES256":
            ec = generate_private_key(SECP256R1())
            return ec, kind, json.loads(ECAlgorithm.to_jwk(ec.public_key()))
        case _:
            rsa = generate_rsa(65537, 2048)
            public = json.loads(RSAAlgorithm.to_jwk(rsa.public_key()))
            return rsa, kind, {name: public[name] for name in ("kty", "n", "e")}


def assertion(
    made: dict[str, Any], pair: tuple[Any, str, dict[str, str]], at: datetime, **changed: object
) -> str:
    """A statement as the stock client signs it: no `sub`, 120 seconds."""
    said = {
        "iss": made["id"],
        "aud": "http://testserver",
        "jti": uuid4().hex,
        "iat": int(at.timestamp()),
        "exp": int(at.timestamp()) + 120,
        **changed,
    }
    return jwt.encode(said, pair[0], algorithm=pair[1])


@pytest.mark.parametrize("kind", ["EdDSA", "ES256", "RS256"])
def test_a_program_that_signs_keeps_no_secret(desk: Desk, kind: str) -> None:  # noqa: F811
    agreement = bought(desk)
    pair = _pair(kind)
    made = key(desk, agreement_id=str(agreement.id), public_jwk=pair[2])
    signed = assertion(made, pair, desk.city.at)

    first = ask(desk, grant_type=JWT_BEARER, assertion=signed)
    again = ask(desk, grant_type=JWT_BEARER, assertion=signed)

    assert made["secret"] is None
    assert claims(_ok(first)["access_token"])["agr"] == str(agreement.id)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_statement_that_does_not_fit_draws_nothing(desk: Desk) -> None:  # noqa: F811
    bought(desk)
    pair, other, at = _pair("EdDSA"), _pair("EdDSA"), desk.city.at
    made = key(desk, public_jwk=pair[2])
    secret_key = key(desk)
    now = int(at.timestamp())

    for signed in (
        assertion(made, other, at),
        assertion(made, pair, at, aud="https://elsewhere.test"),
        assertion(made, pair, at, exp=now - 100),
        assertion(made, pair, at, exp=now + 3600),
        assertion(made, pair, at, exp="soon"),
        assertion(made, pair, at, jti=""),
        assertion(made, pair, at, sub="somebody"),
        assertion(secret_key, pair, at),
        assertion(made, (b"x" * 32, "HS256", {}), at),
        "a.b.c",
        "no",
    ):
        answer = ask(desk, grant_type=JWT_BEARER, assertion=signed)
        assert answer.status_code in (400, 401), answer.text
        assert answer.json()["error"] in ("invalid_grant", "invalid_client")


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    ],
)
def test_what_is_no_public_key_is_not_registered(desk: Desk, jwk: dict[str, str]) -> None:  # noqa: F811
    answer = desk.client("bo").post("/api/v1/keys", json={"name": "x", "public_jwk": jwk})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-public-key")


def exchanged(desk: Desk, made: dict[str, Any], token: str, **form: Any) -> Response:  # noqa: F811
    """Ask for a narrower token."""
    fields = {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ACCESS}
    return ask(desk, made, **{**fields, **form})


def test_an_exchange_only_narrows(desk: Desk) -> None:  # noqa: F811
    agreement = bought(desk)
    made = key(desk, agreement_id=str(agreement.id))
    wide = _ok(ask(desk, made, rows="20", scope="query read_page"))["access_token"]
    desk.city.at += timedelta(minutes=30)

    given = exchanged(desk, made, wide, rows="10", scope="query", actor="officer 7")

    narrow = _ok(given)["access_token"]
    said = claims(narrow)
    assert (said["rows"], said["scope"], said["act"]) == (10, "query", {"sub": "officer 7"})
    assert said["exp"] <= claims(wide)["exp"]
    assert given.json()["issued_token_type"] == ACCESS
    for wider, error in (
        ({"rows": "21"}, "invalid_request"),
        ({"scope": "download"}, "invalid_scope"),
        ({"purpose": "research"}, "invalid_request"),
        ({"resource": str(uuid4())}, "invalid_target"),
    ):
        assert exchanged(desk, made, wide, **wider).json()["error"] == error
    second = _ok(exchanged(desk, made, narrow, actor="job 1"))["access_token"]
    assert claims(second)["act"] == {"sub": "job 1", "act": {"sub": "officer 7"}}
    third = exchanged(desk, made, second, actor="job 2")
    assert (third.status_code, third.json()["error"]) == (400, "invalid_request")


def test_what_a_narrow_token_takes_is_taken_from_the_wide_one(desk: Desk) -> None:  # noqa: F811
    agreement = bought(desk)
    made = key(desk, agreement_id=str(agreement.id))
    wide = _ok(ask(desk, made, rows="15"))["access_token"]
    narrow = _ok(exchanged(desk, made, wide, queries="1"))["access_token"]

    first = desk.client(token=narrow).post("/api/v1/query", json=SQL)
    spent = desk.client(token=narrow).post("/api/v1/query", json=SQL)
    too_much = desk.client(token=wide).post("/api/v1/query", json=SQL)
    last = desk.client(token=wide).post("/api/v1/query", json={"sql": f"{SQL['sql']} LIMIT 5"})

    assert first.status_code == 200
    assert (spent.status_code, spent.json()["code"]) == (403, "token-spent")
    assert (too_much.status_code, too_much.json()["code"]) == (403, "token-spent")
    assert last.status_code == 200
    # What was refused is not charged: ten rows and five.
    assert _ok(desk.client("bo").get("/api/v1/balance"))["available_microcredits"] == 985_000


def test_a_capped_key_stops_for_the_day_and_charges_nothing_beyond(desk: Desk) -> None:  # noqa: F811
    bought(desk)
    made = key(desk, daily_cap_microcredits=12_000)
    program = desk.client(token=_ok(ask(desk, made))["access_token"])

    first = program.post("/api/v1/query", json=SQL)
    page = program.get(ROWS, params={"limit": 40})
    few = program.get(ROWS, params={"limit": 2})

    assert first.status_code == 200
    assert (page.status_code, page.json()["code"]) == (402, "key-cap-reached")
    assert few.status_code == 200
    desk.client("bo").patch(
        f"/api/v1/keys/{made['id']}", json={"daily_cap_microcredits": None}
    ).raise_for_status()
    assert program.get(ROWS, params={"limit": 40}).status_code == 200


def test_a_revoked_key_ends_with_all_its_tokens_and_a_new_secret_replaces_the_old(
    desk: Desk,  # noqa: F811
) -> None:
    agreement = bought(desk)
    made = key(desk, agreement_id=str(agreement.id))
    token = _ok(ask(desk, made))["access_token"]
    narrow = _ok(exchanged(desk, made, token))["access_token"]
    buyer = desk.client("bo")

    changed = _ok(buyer.post(f"/api/v1/keys/{made['id']}/rotate"))

    assert desk.client(token=token).get(ROWS).json()["code"] == "token-revoked"
    assert desk.client(token=narrow).get(ROWS).json()["code"] == "token-revoked"
    assert ask(desk, made).status_code == 401
    renewed = _ok(ask(desk, changed))["access_token"]
    program = desk.client(token=renewed)
    assert program.get(ROWS).status_code == 200
    assert buyer.delete(f"/api/v1/keys/{made['id']}").status_code == 204
    assert program.get(ROWS).json()["code"] == "token-revoked"
    assert ask(desk, changed).status_code == 401
    assert desk.client("qi").delete(f"/api/v1/keys/{made['id']}").status_code == 404


def test_tokens_are_looked_at_and_revoked_by_those_whom_they_concern(desk: Desk) -> None:  # noqa: F811
    agreement = bought(desk)
    made = key(desk, agreement_id=str(agreement.id))
    theirs = _ok(desk.client("qi").post("/api/v1/keys", json={"name": "Lab"}), 201)
    stranger = _ok(desk.client("wen").post("/api/v1/keys", json={"name": "Health"}), 201)
    token = _ok(ask(desk, made, rows="90"))["access_token"]

    seen = _ok(ask(desk, made, path="introspect", token=token))

    assert seen["active"]
    assert (seen["agr"], seen["rows"], seen["client_id"]) == (str(agreement.id), 90, made["id"])
    assert _ok(ask(desk, theirs, path="introspect", token=token))["active"]
    assert _ok(ask(desk, stranger, path="introspect", token=token)) == {"active": False}
    assert _ok(ask(desk, made, path="introspect", token="x.y.z")) == {"active": False}
    assert ask(desk, path="introspect", token=token).status_code == 401
    # Another party's word revokes nothing, and is told nothing.
    assert ask(desk, theirs, path="revoke", token=token).status_code == 200
    assert desk.client(token=token).get(ROWS).status_code == 200
    assert ask(desk, made, path="revoke", token=token).status_code == 200
    assert ask(desk, made, path="revoke", token="nothing").status_code == 200
    assert _ok(ask(desk, made, path="introspect", token=token)) == {"active": False}
    assert desk.client(token=token).get(ROWS).json()["code"] == "token-revoked"


def test_a_key_ends_within_its_agreement_and_its_tokens_within_it(desk: Desk) -> None:  # noqa: F811
    agreement = bought(desk)
    buyer = desk.client("bo")
    late = {"name": "x", "agreement_id": str(agreement.id), "ends_on": "2030-01-01"}

    refused = buyer.post("/api/v1/keys", json=late)
    made = key(desk, agreement_id=str(agreement.id), ends_on="2026-03-02")
    ends_at = datetime.fromisoformat(made["ends_at"])
    desk.city.at = ends_at - timedelta(minutes=25)
    token = _ok(ask(desk, made))["access_token"]

    assert refused.json()["code"] == "client-end-out-of-bounds"
    assert claims(token)["exp"] == int(ends_at.timestamp())
    desk.city.at = ends_at
    assert desk.client(token=token).get(ROWS).json()["code"] == "token-expired"
    assert ask(desk, made).json()["error"] == "invalid_client"


def test_a_freeze_stops_the_key_too(desk: Desk) -> None:  # noqa: F811
    agreement = bought(desk)
    made = key(desk, agreement_id=str(agreement.id))
    target = {"target_kind": "agreement", "target_id": str(agreement.id), "reason": "leak"}
    _ok(desk.client("jian").post("/api/v1/audit/freezes", json=target), 201)

    answer = ask(desk, made)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_the_metadata_names_what_there_is(desk: Desk) -> None:  # noqa: F811
    anybody = desk.client()

    told = _ok(anybody.get("/.well-known/oauth-authorization-server"))

    assert told == _ok(anybody.get("/.well-known/openid-configuration"))
    assert told["token_endpoint"] == "http://testserver/oauth/token"
    assert JWT_BEARER in told["grant_types_supported"]
    assert "authorization_endpoint" not in told


# Bound to a key ------------------------------------------------------------------------------


def proof(
    pair: tuple[Any, str, dict[str, str]],
    method: str,
    path: str,
    at: datetime,
    *,
    token: str | None = None,
    **changed: object,
) -> str:
    """A proof of possession. Source: RFC 9449 s. 4.2."""
    said: dict[str, object] = {
        "jti": uuid4().hex,
        "htm": method,
        "htu": f"http://testserver{path}",
        "iat": int(at.timestamp()),
    }
    if token is not None:
        digest = sha256(token.encode()).digest()
        said["ath"] = urlsafe_b64encode(digest).rstrip(b"=").decode()
    headers = {"typ": "dpop+jwt", "jwk": pair[2]}
    return jwt.encode({**said, **changed}, pair[0], algorithm=pair[1], headers=headers)


def test_a_bound_token_is_worth_nothing_without_its_key(desk: Desk) -> None:  # noqa: F811
    agreement = bought(desk)
    made, pair, at = key(desk, agreement_id=str(agreement.id)), _pair("ES256"), desk.city.at
    first = ask(desk, made, headers={"DPoP": proof(pair, "POST", "/oauth/token", at)})
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    nonce = first.headers["DPoP-Nonce"]
    given = _ok(
        ask(desk, made, headers={"DPoP": proof(pair, "POST", "/oauth/token", at, nonce=nonce)})
    )
    token = given["access_token"]
    assert given["token_type"] == "DPoP"
    assert claims(token)["cnf"]["jkt"]

    def read(shown: str | None, scheme: str = "DPoP") -> Response:
        headers = {"Authorization": f"{scheme} {token}", "Accept-Language": "en"}
        headers |= {"DPoP": shown} if shown is not None else {}
        with TestClient(create_app(desk.wiring), headers=headers) as program:
            answer: Response = program.get(ROWS)
        return answer

    good = proof(pair, "GET", ROWS, at, token=token, nonce=nonce)
    assert read(good).status_code == 200
    wrong = {
        "again": good,
        "as bearer": None,
        "another place": proof(pair, "GET", "/api/v1/x", at, token=token, nonce=nonce),
        "another method": proof(pair, "POST", ROWS, at, token=token, nonce=nonce),
        "another token": proof(pair, "GET", ROWS, at, token="other", nonce=nonce),
        "too old": proof(pair, "GET", ROWS, at - timedelta(minutes=5), token=token, nonce=nonce),
        "another key": proof(_pair("EdDSA"), "GET", ROWS, at, token=token, nonce=nonce),
        "no number": proof(pair, "GET", ROWS, at, token=token, nonce=nonce, jti=""),
        "an old nonce": proof(pair, "GET", ROWS, at, token=token, nonce="old"),
    }
    for name, shown in wrong.items():
        answer = read(shown, "Bearer" if shown is None else "DPoP")
        assert answer.status_code == 401, name
        assert answer.headers["WWW-Authenticate"].startswith("DPoP"), name
    desk.city.at = at + timedelta(minutes=10)
    later = proof(pair, "GET", ROWS, desk.city.at, token=token, nonce=nonce)
    assert "use_dpop_nonce" in read(later).headers["WWW-Authenticate"]

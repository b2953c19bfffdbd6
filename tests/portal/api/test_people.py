"""Organisations, users and tokens through the API, as one story cannot do without the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jwt
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from policies.identity.people import user_named
from portal import answers
from portal.api import well_known
from portal.api.v1 import organizations, tokens, users
from portal.sign_in import require_csrf
from portal.wiring import Wiring
from tests.people import PASSWORD
from tests.portal.visitor import api_token

Call = Callable[..., Response]


@pytest.fixture
def client(wiring: Wiring) -> Iterator[TestClient]:
    """A program."""
    app = FastAPI(dependencies=[Depends(require_csrf)])
    app.state.wiring = wiring
    answers.install(app)
    for part in (organizations, users, tokens, well_known):
        app.include_router(part.router)
    with TestClient(app) as opened:
        opened.headers["Accept-Language"] = "en"
        yield opened


@pytest.fixture
def call(client: TestClient, wiring: Wiring) -> Call:
    """Call as a user: `call("chief", "GET", "/users")`."""

    def _call(caller: str, method: str, path: str, /, **body: object) -> Response:
        headers = {"Authorization": f"Bearer {api_token(wiring, caller)}"}
        answer: Response = client.request(
            method, f"/api/v1{path}", json=body or None, headers=headers
        )
        return answer

    return _call


def code(answer: Response) -> str:
    return str(answer.json()["code"])


def test_everybody_may_see_organisations(client: TestClient) -> None:
    listed = client.get("/api/v1/organizations").json()
    shown = client.get("/api/v1/organizations/transport").json()

    assert listed["items"] == [shown]
    assert listed["next"] is None
    assert shown["title"] == {"en": "Transport"}
    missing = client.get("/api/v1/organizations/nowhere")
    assert (missing.status_code, code(missing)) == (404, "organization-not-found")


def test_organisations_come_in_pages(call: Call, client: TestClient) -> None:
    for slug in ("a1", "b1", "c1"):
        answer = call(
            "chief", "POST", "/organizations", slug=slug, kind="enterprise", title={"zh": "公司"}
        )
        assert answer.status_code == 201

    first = client.get("/api/v1/organizations", params={"limit": 2, "kind": "enterprise"}).json()
    rest = client.get(
        "/api/v1/organizations", params={"after": first["next"], "kind": "enterprise"}
    ).json()

    assert [entry["slug"] for entry in first["items"]] == ["a1", "b1"]
    assert [entry["slug"] for entry in rest["items"]] == ["c1"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"slug": "x", "kind": "enterprise", "title": {"en": "X"}, "id": "y"}, 422),
        ({"slug": "x", "kind": "club", "title": {"en": "X"}}, 422),
        ({"slug": "x", "kind": "enterprise", "title": {"fr": "X"}}, 422),
        ({"slug": "X Y", "kind": "enterprise", "title": {"en": "X"}}, 400),
        ({"slug": "x", "kind": "enterprise", "title": {}}, 400),
        ({"slug": "transport", "kind": "enterprise", "title": {"en": "X"}}, 409),
        ({"slug": "x", "kind": "enterprise", "title": {"en": "X"}, "credit_code": "1"}, 400),
    ],
)
def test_what_is_no_organisation_is_refused(
    call: Call, body: dict[str, object], status: int
) -> None:
    assert call("chief", "POST", "/organizations", **body).status_code == status


def test_only_an_administrator_changes_who_there_is(call: Call, client: TestClient) -> None:
    acts: list[tuple[str, str, dict[str, object]]] = [
        ("POST", "/organizations", {"slug": "x", "kind": "bureau", "title": {"en": "X"}}),
        ("POST", "/users", {"name": "somebody"}),
        ("GET", "/users", {}),
        ("PUT", "/users/li.wei/roles/admin", {}),
        ("DELETE", "/users/chief/roles/admin", {}),
        ("POST", "/users/chief/deactivate", {}),
        ("POST", "/users/chief/reactivate", {}),
        ("POST", "/users/chief/password-link", {}),
        ("PUT", "/organizations/transport/members/li.wei/approver", {}),
        ("DELETE", "/organizations/transport/members/li.wei/publisher", {}),
    ]
    for method, path, body in acts:
        answer = call("li.wei", method, path, **body)
        assert (answer.status_code, code(answer)) == (403, "not-administrator"), path
        anonymous = client.request(method, f"/api/v1{path}", json=body or None)
        assert anonymous.status_code == 401, path


def test_a_user_is_added_given_a_role_and_closed(call: Call, client: TestClient) -> None:
    added = call("chief", "POST", "/users", name="wang.fang", password=PASSWORD)
    assert added.status_code == 201
    assert "password" not in added.text
    path = "/organizations/transport/members/wang.fang/approver"
    assert call("chief", "PUT", path).status_code == 204
    assert call("chief", "PUT", path).status_code == 204

    members = call("wang.fang", "GET", "/organizations/transport/members").json()
    assert {entry["name"]: entry["roles"] for entry in members} == {
        "li.wei": ["publisher"],
        "wang.fang": ["approver"],
    }
    me = call("wang.fang", "GET", "/users/me").json()
    assert me["roles"] == [{"role": "approver", "organization": "transport"}]
    assert me["organization"] == "transport"

    assert call("chief", "DELETE", path).status_code == 204
    assert call("chief", "DELETE", path).status_code == 404
    assert call("chief", "POST", "/users/wang.fang/deactivate").status_code == 204
    refused = call("wang.fang", "GET", "/users/me")
    assert (refused.status_code, code(refused)) == (401, "token-holder-gone")
    assert call("chief", "POST", "/users/wang.fang/reactivate").status_code == 204


def test_users_see_themselves_and_nobody_else(call: Call) -> None:
    assert call("li.wei", "GET", "/users/li.wei").status_code == 200
    assert call("li.wei", "GET", "/users/chief").status_code == 404
    assert call("li.wei", "GET", "/users/nobody").status_code == 404
    assert call("chief", "GET", "/users/li.wei").status_code == 200
    names = [entry["name"] for entry in call("chief", "GET", "/users?limit=1").json()["items"]]
    assert names == ["chief"]
    found = call("chief", "GET", "/users?containing=WEI").json()["items"]
    assert [entry["name"] for entry in found] == ["li.wei"]


def test_a_password_link_is_shown_once_and_kept_in_no_cache(call: Call) -> None:
    answer = call("chief", "POST", "/users/li.wei/password-link")

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["path"].startswith("/user/reset/")


def test_a_token_is_made_listed_and_revoked(call: Call, client: TestClient, wiring: Wiring) -> None:
    made = call("li.wei", "POST", "/tokens", name="notebook 2", life_s=3600)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    token = made.json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/users/me", headers=headers).json()["name"] == "li.wei"

    listed = call("li.wei", "GET", "/tokens").json()
    assert token not in str(listed)
    (entry,) = [entry for entry in listed if entry["name"] == "notebook 2"]
    assert entry["last_used_at"] is not None

    assert call("li.wei", "DELETE", f"/tokens/{entry['id']}").status_code == 204
    refused = client.get("/api/v1/users/me", headers=headers)
    assert (refused.status_code, code(refused)) == (401, "token-revoked")


def test_a_token_of_somebody_else_is_made_by_administrators_only(
    call: Call, client: TestClient, wiring: Wiring
) -> None:
    refused = call("li.wei", "POST", "/tokens", name="x", user="chief")
    assert refused.status_code == 403

    made = call("chief", "POST", "/tokens", name="x", user="li.wei").json()
    headers = {"Authorization": made["token"]}
    assert client.get("/api/v1/users/me", headers=headers).json()["name"] == "li.wei"
    with wiring.pool.connection() as tx:
        user_id = user_named(tx, "li.wei").id
    assert jwt.decode(made["token"], options={"verify_signature": False})["sub"] == str(user_id)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": ""}, 400),
        ({"name": "x", "life_s": 1}, 422),
        ({"name": "x", "life_s": 10**12}, 422),
        ({"name": "x", "kind": "access"}, 422),
        ({"name": "x", "user": "a\u0000b"}, 404),
    ],
)
def test_what_is_no_token_request_is_refused(
    call: Call, body: dict[str, object], status: int
) -> None:
    assert call("chief", "POST", "/tokens", **body).status_code == status


def test_the_published_keys_check_our_tokens_and_hold_nothing_private(
    client: TestClient, wiring: Wiring
) -> None:
    token = api_token(wiring)

    answer = client.get("/.well-known/jwks.json")

    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert jwt.get_unverified_header(token)["kid"] == key["kid"]
    assert "max-age" in answer.headers["Cache-Control"]


def test_the_issuer_names_only_what_there_is(client: TestClient) -> None:
    answer = client.get("/.well-known/oauth-authorization-server").json()

    assert answer["issuer"] == "http://testserver"
    assert answer["jwks_uri"] == "http://testserver/.well-known/jwks.json"
    assert "authorization_endpoint" not in answer

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request
from hypothesis import given
from hypothesis import strategies as st

from policies.identity.enrol import deactivate_user
from policies.identity.issue import revoke_token
from policies.identity.people import user_named
from policies.roles import SYSTEM
from policies.session import FREE_FAILURES_PER_ACCOUNT, SESSION_IDLE
from portal import answers
from portal.pages import account, people
from portal.sign_in import CSRF_HEADER, actor_of, local_path, require_csrf, signed_in
from portal.wiring import Wiring
from tests.people import AT, PASSWORD
from tests.portal.visitor import Clock, Visitor, api_token

probe = APIRouter()


@probe.get("/api/v1/whoami")
def whoami(request: Request) -> dict[str, str | None]:
    """Who the caller is."""
    actor = actor_of(request)
    acts_for = actor.organization.slug if actor.organization else None
    return {"name": actor.name, "organization": acts_for, "form": request.state.csrf_token}


@probe.get("/page")
def page(request: Request) -> dict[str, str]:
    """What a page would put into its forms."""
    signed_in(request)
    return {"form": request.state.csrf_token}


@probe.post("/page")
@probe.put("/page")
@probe.patch("/page")
@probe.delete("/page")
@probe.post("/api/v1/page")
@probe.post("/log/page")
def change(request: Request, word: Annotated[str, Form()] = "") -> dict[str, str]:
    """A change."""
    return {"name": actor_of(request).name, "word": word}


def application(wiring: Wiring) -> FastAPI:
    app = FastAPI(dependencies=[Depends(require_csrf)])
    app.state.wiring = wiring
    answers.install(app)
    for part in (account, people):
        app.include_router(part.router)
    app.include_router(probe)
    return app


@pytest.fixture
def client(wiring: Wiring) -> Iterator[Visitor]:
    """A browser."""
    with Visitor(application(wiring)) as opened:
        opened.headers["Accept"] = "application/json"
        yield opened


def name_of(client: Visitor) -> str:
    return str(client.get("/api/v1/whoami").json()["name"])


def test_signing_in_opens_a_session_and_signing_out_ends_it(client: Visitor) -> None:
    assert name_of(client) == ""

    assert client.sign_in() == 303
    assert client.get("/api/v1/whoami").json()["organization"] == "transport"

    form = client.get("/page").json()["form"]
    assert client.post("/user/logout", data={"csrf_token": form}).status_code == 303
    assert name_of(client) == ""


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Visitor) -> None:
    token = client.form_token()

    answer = client.post(
        "/user/login", data={"login": "li.wei", "password": PASSWORD, "csrf_token": token}
    )

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("weir_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_the_host(wiring: Wiring) -> None:
    settings = replace(wiring.settings, site_url="https://testserver")
    app = application(replace(wiring, settings=settings))
    with Visitor(app, "https://testserver") as client:
        token = client.form_token()
        answer = client.post(
            "/user/login", data={"login": "li.wei", "password": PASSWORD, "csrf_token": token}
        )

        assert answer.headers["set-cookie"].startswith("__Host-weir_session=")
        assert "Secure" in answer.headers["set-cookie"]
        assert name_of(client) == "li.wei"

        secret = client.cookies["__Host-weir_session"]
        client.cookies.clear()
        client.cookies.set("weir_session", secret)
        assert name_of(client) == ""


def test_a_session_that_was_planted_is_not_the_one_signed_in_to(client: Visitor) -> None:
    client.cookies.set("weir_session", "planted-by-somebody-else")

    assert client.sign_in() == 303

    assert name_of(client) == "li.wei"
    secrets = {cookie.value for cookie in client.cookies.jar if cookie.name == "weir_session"}
    client.cookies.clear()
    client.cookies.set("weir_session", "planted-by-somebody-else")
    assert name_of(client) == ""
    assert any(len(secret or "") == 43 for secret in secrets)


def test_signing_in_again_gives_a_new_secret_and_ends_the_old_session(
    client: Visitor,
) -> None:
    client.sign_in()
    old = client.cookies["weir_session"]
    form = client.get("/page").json()["form"]

    client.post("/user/login", data={"login": "chief", "password": PASSWORD, "csrf_token": form})

    assert name_of(client) == "chief"
    client.cookies.clear()
    client.cookies.set("weir_session", old)
    assert name_of(client) == ""


def test_an_idle_session_ends(client: Visitor, clock: Clock) -> None:
    client.sign_in()

    clock.at = AT + SESSION_IDLE
    assert name_of(client) == ""


def test_a_wrong_password_shows_the_form_again(client: Visitor) -> None:
    token = client.form_token()

    answer = client.post(
        "/user/login", data={"login": "li.wei", "password": "wrong", "csrf_token": token}
    )

    assert answer.status_code == 401
    assert "The name or the password is not right." in answer.text
    assert "wrong" not in answer.text.split("<form")[-1]
    assert "li.wei" in answer.text


def test_too_many_failures_say_how_long_to_wait(client: Visitor, clock: Clock) -> None:
    for _ in range(FREE_FAILURES_PER_ACCOUNT):
        assert client.sign_in(password="wrong") == 401

    token = client.form_token()
    answer = client.post(
        "/user/login", data={"login": "li.wei", "password": PASSWORD, "csrf_token": token}
    )
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert "Try again in 1 seconds" in answer.text

    clock.at = AT + timedelta(seconds=1)
    assert client.sign_in() == 303


def test_a_token_counts_with_and_without_its_scheme(client: Visitor, wiring: Wiring) -> None:
    token = api_token(wiring)

    for shown in (f"Bearer {token}", f"bearer  {token}", token):
        answer = client.get("/api/v1/whoami", headers={"Authorization": shown})
        assert answer.json()["name"] == "li.wei"


@pytest.mark.parametrize(
    "shown", ["Bearer nonsense", "nonsense", "Basic bGkud2VpOnBhc3N3b3Jk", "Bearer", "Bearer a.b.c"]
)
def test_what_is_no_token_is_said_to_be_none(client: Visitor, shown: str) -> None:
    client.sign_in()

    answer = client.get("/api/v1/whoami", headers={"Authorization": shown})

    assert answer.status_code == 401
    assert answer.json()["code"] == "not-a-token"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_and_an_ended_token_are_refused_in_words(
    client: Visitor, wiring: Wiring, clock: Clock
) -> None:
    revoked, ended = api_token(wiring), api_token(wiring)
    with wiring.pool.connection() as tx:
        first = tx.execute("SELECT id FROM policies.tokens ORDER BY id DESC").fetchall()
        by_text = {str(row["id"]): row["id"] for row in first}
        revoked_id = next(
            token_id for text, token_id in by_text.items() if text in _payload(revoked)
        )
        revoke_token(tx, revoked_id, by=replace(SYSTEM, user_id=user_named(tx, "chief").id), at=AT)

    answer = client.get("/api/v1/whoami", headers={"Authorization": revoked})
    assert (answer.status_code, answer.json()["code"]) == (401, "token-revoked")

    clock.at = AT + timedelta(days=400)
    answer = client.get("/api/v1/whoami", headers={"Authorization": ended})
    assert (answer.status_code, answer.json()["code"]) == (401, "token-expired")
    assert "2027-03-02" in answer.json()["detail"]


def _payload(encoded: str) -> str:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(encoded.split(".")[1] + "==").decode()


def test_a_closed_account_is_out_with_the_next_request(client: Visitor, wiring: Wiring) -> None:
    client.sign_in()
    token = api_token(wiring)
    assert name_of(client) == "li.wei"

    with wiring.pool.connection() as tx:
        deactivate_user(tx, user_named(tx, "li.wei"), by=SYSTEM, at=AT)

    assert name_of(client) == ""
    answer = client.get("/api/v1/whoami", headers={"Authorization": token})
    assert answer.status_code == 401


class TestForgedRequests:
    """A change asked for with a cookie must come from one of our own pages."""

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_without_the_pages_token_nothing_changes(self, client: Visitor, method: str) -> None:
        client.sign_in()

        answer = client.request(method, "/page")

        assert answer.status_code == 403
        assert answer.json()["code"] == "forged-request"

    def test_with_it_in_a_field_or_a_header_it_does(self, client: Visitor) -> None:
        client.sign_in()
        form = client.get("/page").json()["form"]

        for sent in (
            client.post("/page", data={"word": "x", "csrf_token": form}),
            client.post("/page", data={"word": "x"}, headers={CSRF_HEADER: form}),
            client.post("/page", files={"word": (None, "x"), "csrf_token": (None, form)}),
        ):
            assert sent.json() == {"name": "li.wei", "word": "x"}

    def test_the_token_of_another_session_is_none(self, client: Visitor) -> None:
        client.sign_in()
        form = client.get("/page").json()["form"]
        client.cookies.clear()
        client.sign_in()

        assert client.post("/page", data={"csrf_token": form}).status_code == 403

    @pytest.mark.parametrize("form", ["", "x", "AAAA", "é", "A" * 88, "\0"])
    def test_a_made_up_token_is_none(self, client: Visitor, form: str) -> None:
        client.sign_in()

        assert client.post("/page", data={"csrf_token": form}).status_code == 403

    def test_the_token_differs_each_time(self, client: Visitor) -> None:
        client.sign_in()

        assert client.get("/page").json()["form"] != client.get("/page").json()["form"]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
            {"Origin": "http://["},
            {"Origin": "http://testserver.elsewhere.example"},
        ],
    )
    def test_another_sites_page_is_refused_even_with_the_token(
        self, client: Visitor, headers: dict[str, str]
    ) -> None:
        client.sign_in()
        form = client.get("/page").json()["form"]

        answer = client.post("/page", data={"csrf_token": form}, headers=headers)

        assert answer.status_code == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"},
            {"Origin": "https://testserver"},
        ],
    )
    def test_our_own_page_is_not(self, client: Visitor, headers: dict[str, str]) -> None:
        client.sign_in()
        form = client.get("/page").json()["form"]

        answer = client.post("/page", data={"csrf_token": form}, headers=headers)

        assert answer.status_code == 200

    def test_the_api_takes_a_cookie_with_the_header_only(self, client: Visitor) -> None:
        client.sign_in()
        form = client.get("/page").json()["form"]

        for path in ("/api/v1/page", "/log/page"):
            assert client.post(path).status_code == 403
            assert client.post(path, data={"csrf_token": form}).status_code == 403
            assert client.post(path, headers={CSRF_HEADER: form}).status_code == 200

    def test_the_api_takes_a_bearers_token_without_any(
        self, client: Visitor, wiring: Wiring
    ) -> None:
        headers = {"Authorization": f"Bearer {api_token(wiring)}"}

        assert client.post("/api/v1/page", headers=headers).json()["name"] == "li.wei"

    def test_a_bearers_token_never_falls_back_to_the_cookie(self, client: Visitor) -> None:
        client.sign_in()

        answer = client.post("/api/v1/page", headers={"Authorization": "Basic eDp5"})

        assert answer.status_code == 401

    def test_programs_without_a_cookie_need_none(self, client: Visitor) -> None:
        assert client.post("/api/v1/page").json()["name"] == ""

    def test_nobody_is_signed_in_by_another_site(self, client: Visitor) -> None:
        sent = {"login": "li.wei", "password": PASSWORD}

        assert client.post("/user/login", data=sent).status_code == 403
        form = client.form_token()
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        answer = client.post("/user/login", data={**sent, "csrf_token": form}, headers=elsewhere)
        assert answer.status_code == 403

    def test_it_is_on_for_every_change_of_every_page(self, client: Visitor) -> None:
        client.sign_in("chief")
        app = client.app
        assert isinstance(app, FastAPI)
        seen = 0
        for path, operations in app.openapi()["paths"].items():
            for method in operations:
                if method.upper() in {"GET", "HEAD", "OPTIONS"}:
                    continue
                answer = client.request(method.upper(), path)
                assert answer.status_code == 403, (method, path)
                assert answer.json()["code"] == "forged-request", (method, path)
                seen += 1
        assert seen > 15


@pytest.mark.parametrize(
    "wanted",
    [
        "//elsewhere.example",
        "///elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "/\n/elsewhere.example",
        " //elsewhere.example",
        "https://elsewhere.example",
        "https:elsewhere.example",
        "javascript:alert(1)",
        "elsewhere.example",
        "",
        "/" + "x" * 3000,
    ],
)
def test_signing_in_leads_to_no_other_site(client: Visitor, wanted: str) -> None:
    assert local_path(wanted) == "/"

    token = client.form_token()
    answer = client.post(
        "/user/login",
        data={"login": "li.wei", "password": PASSWORD, "csrf_token": token, "next": wanted},
    )
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("wanted", ["/", "/my/tokens", "/dataset?q=水&page=2#rows", "/dataset/水"])
def test_signing_in_leads_back_to_where_one_wanted_to_be(wanted: str) -> None:
    assert local_path(wanted) == wanted


@given(st.text(max_size=30).map(lambda text: "/" + text))
def test_a_local_path_never_names_a_host(wanted: str) -> None:
    path = local_path(wanted)

    assert path.startswith("/")
    assert path[1:2] not in ("/", "\\")
    assert not any(character in path for character in "\t\r\n\\ ")

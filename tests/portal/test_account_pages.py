from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import Depends, FastAPI

from policies.identity.enrol import add_organization, add_user, create_password_link, grant_role
from policies.identity.people import organization_named, roles_of, user_named
from policies.party import OrganizationKind, Role
from policies.roles import SYSTEM
from policies.session import LINK_LIFE
from policies.terms import Text
from portal import answers
from portal.pages import account, people
from portal.sign_in import require_csrf
from portal.wiring import Wiring
from tests.people import AT, PASSWORD, enrol, found
from tests.portal.visitor import Clock, Visitor

OTHER_PASSWORD = "three gates and a gauge"
LINK = re.compile(r"http://testserver(/user/reset/[\w-]+)")


@pytest.fixture
def visitor(wiring: Wiring) -> Iterator[Visitor]:
    """A browser on the pages of accounts."""
    app = FastAPI(dependencies=[Depends(require_csrf)])
    app.state.wiring = wiring
    answers.install(app)
    for part in (account, people):
        app.include_router(part.router)
    with Visitor(app) as opened:
        yield opened


def held(wiring: Wiring, name: str) -> list[tuple[str, str | None]]:
    with wiring.pool.connection() as tx:
        return [
            (membership.role.value, place.slug if place else None)
            for membership, place in roles_of(tx, user_named(tx, name).id)
        ]


def test_whoever_is_not_signed_in_is_asked_to(visitor: Visitor) -> None:
    for path in ("/user/me", "/my/tokens", "/admin/people", "/organization/transport/members"):
        assert "/user/login?next=" in visitor.page(path, status=401)


def test_the_account_shows_name_and_roles(visitor: Visitor) -> None:
    visitor.sign_in()

    page = visitor.page("/user/me")

    assert "li.wei" in page
    assert "Publisher" in page
    assert "Transport" in page
    assert "/admin/people" not in page.split("<main")[1]


def test_a_password_is_changed_and_the_browser_stays_signed_in(visitor: Visitor) -> None:
    visitor.sign_in()
    before = visitor.cookies["weir_session"]

    answer = visitor.submit(
        "/user/me/password",
        on="/user/me",
        old_password=PASSWORD,
        new_password=OTHER_PASSWORD,
    )

    assert answer.headers["Location"] == "/user/me?changed=password"
    assert "The password is changed." in visitor.page("/user/me?changed=password")
    assert visitor.cookies["weir_session"] != before
    visitor.cookies.clear()
    assert visitor.sign_in() == 401
    assert visitor.sign_in(password=OTHER_PASSWORD) == 303


@pytest.mark.parametrize(
    ("old", "new", "words", "status"),
    [
        ("wrong", OTHER_PASSWORD, "The present password is not right.", 403),
        (PASSWORD, "short", "at least 10 characters", 400),
        (PASSWORD, "li.weili.wei", "it is your name", 400),
        (PASSWORD, "x " * 500, "at most 200 characters", 400),
    ],
)
def test_what_is_wrong_with_a_password_is_said_at_its_field(
    visitor: Visitor, old: str, new: str, words: str, status: int
) -> None:
    visitor.sign_in()

    answer = visitor.submit("/user/me/password", on="/user/me", old_password=old, new_password=new)

    assert answer.status_code == status
    assert words in answer.text
    assert f'value="{new}"' not in answer.text


def test_a_key_is_shown_once_used_and_revoked(visitor: Visitor) -> None:
    visitor.sign_in()

    made = visitor.submit("/my/tokens", on="/my/tokens", name="notebook", days="30").text

    found_token = re.search(r"eyJ[\w.-]+", made)
    assert found_token is not None
    token = found_token.group(0)
    shown = visitor.page("/my/tokens")
    assert token not in shown
    assert "notebook" in shown
    bearer = {"Authorization": f"Bearer {token}"}
    assert visitor.get("/user/me", headers=bearer).status_code == 200

    revoke = re.search(r'action="(/my/tokens/[\w-]+/revoke)"', shown)
    assert revoke is not None
    assert visitor.submit(revoke.group(1), on="/my/tokens").status_code == 303
    assert visitor.get("/user/me", headers=bearer).status_code == 401
    assert "Revoked" in visitor.page("/my/tokens")


def test_a_key_needs_a_name(visitor: Visitor) -> None:
    visitor.sign_in()

    answer = visitor.submit("/my/tokens", on="/my/tokens", name=" ")

    assert answer.status_code == 400
    assert "Give the token a name" in answer.text


def test_a_one_time_link_sets_a_password_once(
    visitor: Visitor, wiring: Wiring, clock: Clock
) -> None:
    with wiring.pool.connection() as tx:
        user = enrol(tx, "wang.fang")
        link = create_password_link(tx, user, by=SYSTEM, at=AT)
    path = f"/user/reset/{link.secret}"

    assert "wang.fang" in visitor.page(path)
    assert visitor.get(path).headers["Cache-Control"] == "no-store"
    refused = visitor.submit(path, on=path, new_password="short")
    assert refused.status_code == 400
    assert visitor.submit(path, on=path, new_password=PASSWORD).status_code == 303

    assert "Ask an administrator" in visitor.page(path, status=404)
    assert visitor.sign_in("wang.fang") == 303


def test_a_link_that_ended_or_never_was_shows_the_same(
    visitor: Visitor, wiring: Wiring, clock: Clock
) -> None:
    with wiring.pool.connection() as tx:
        link = create_password_link(tx, enrol(tx, "wang.fang"), by=SYSTEM, at=AT)

    clock.at = AT + LINK_LIFE
    for secret in (link.secret, "x", "x" * 1000):
        page = visitor.page(f"/user/reset/{secret}", status=404)
        assert "wang.fang" not in page
        assert "Ask an administrator" in page


def test_whoever_is_in_two_organisations_chooses_one(visitor: Visitor, wiring: Wiring) -> None:
    with wiring.pool.connection() as tx:
        weather = found(tx, "weather")
        found(tx, "strange")
        grant_role(tx, user_named(tx, "li.wei"), Role.BUYER, organization=weather, by=SYSTEM, at=AT)
    visitor.sign_in()
    assert "Weather" not in visitor.page("/user/me").split("<main")[0]

    chosen = visitor.submit("/user/me/organization", on="/user/me", organization="weather")

    assert chosen.headers["Location"] == "/user/me"
    assert "Weather" in visitor.page("/user/me").split("<main")[0]
    strange = visitor.submit("/user/me/organization", on="/user/me", organization="strange")
    assert strange.status_code == 403


def test_only_an_administrator_sees_everybody(visitor: Visitor) -> None:
    visitor.sign_in()

    assert "/admin/people/" not in visitor.page("/admin/people", status=403).split("<main")[1]
    visitor.page("/admin/people/chief", status=403)
    form = visitor.form_token("/user/me")
    for path in ("/admin/people", "/admin/people/chief/link", "/admin/people/chief/deactivate"):
        answer = visitor.post(path, data={"name": "somebody", "csrf_token": form})
        assert answer.status_code == 403, path


def test_an_administrator_opens_an_account_and_hands_on_its_link(
    visitor: Visitor, wiring: Wiring
) -> None:
    visitor.sign_in("chief")

    opened = visitor.submit("/admin/people", on="/admin/people", name="wang.fang").text

    link = LINK.search(opened)
    assert link is not None
    granted = visitor.submit(
        "/admin/people/wang.fang/roles",
        on="/admin/people/wang.fang",
        role="publisher",
        organization="transport",
    )
    assert granted.status_code == 303
    assert held(wiring, "wang.fang") == [("publisher", "transport")]
    assert "wang.fang" in visitor.page("/admin/people?q=FANG")
    assert "wang.fang" not in visitor.page("/admin/people?q=nobody").split("<main")[1]

    visitor.cookies.clear()
    path = link.group(1)
    visitor.submit(path, on=path, new_password=PASSWORD)
    assert visitor.sign_in("wang.fang") == 303


@pytest.mark.parametrize(
    ("name", "words"), [("li.WEI", "already a user"), ("two words", "cannot be a user name")]
)
def test_what_is_wrong_with_a_name_is_said(visitor: Visitor, name: str, words: str) -> None:
    visitor.sign_in("chief")

    assert words in visitor.submit("/admin/people", on="/admin/people", name=name).text


def test_an_administrator_lets_an_organisation_in(visitor: Visitor, wiring: Wiring) -> None:
    visitor.sign_in("chief")

    answer = visitor.submit(
        "/admin/organizations",
        on="/admin/people",
        slug="acme",
        kind="enterprise",
        title_zh="某公司",
        title_en="",
        credit_code="",
    )

    assert answer.headers["Location"] == "/organization/acme/members"
    assert "某公司" in visitor.page("/organization/acme/members")
    assert "某公司" in visitor.page("/admin/people")
    again = visitor.submit(
        "/admin/organizations", on="/admin/people", slug="acme", kind="enterprise", title_en="X"
    )
    assert again.status_code == 409
    assert "already an organisation" in again.text
    untitled = visitor.submit("/admin/organizations", on="/admin/people", slug="b", kind="bureau")
    assert "Give a title" in untitled.text


def test_roles_are_taken_and_the_last_administrator_stays(visitor: Visitor, wiring: Wiring) -> None:
    visitor.sign_in("chief")

    visitor.submit(
        "/admin/people/li.wei/withdraw",
        on="/admin/people/li.wei",
        role="publisher",
        organization="transport",
    )
    last = visitor.submit(
        "/admin/people/chief/withdraw", on="/admin/people/chief", role="admin", organization=""
    )
    closed = visitor.submit("/admin/people/chief/deactivate", on="/admin/people/chief")
    misfit = visitor.submit(
        "/admin/people/li.wei/roles", on="/admin/people/li.wei", role="publisher"
    )

    assert held(wiring, "li.wei") == []
    assert "last administrator" in last.text
    assert "last administrator" in closed.text
    assert "say which one" in misfit.text


def test_an_account_is_closed_and_reopened(visitor: Visitor) -> None:
    visitor.sign_in("chief")

    visitor.submit("/admin/people/li.wei/deactivate", on="/admin/people/li.wei")
    assert "Account closed" in visitor.page("/admin/people/li.wei")
    visitor.submit("/admin/people/li.wei/reactivate", on="/admin/people/li.wei")

    assert "Account open" in visitor.page("/admin/people/li.wei")


def test_an_organisations_administrator_keeps_its_members(visitor: Visitor, wiring: Wiring) -> None:
    with wiring.pool.connection() as tx:
        boss = add_user(tx, name="boss", password=PASSWORD, by=SYSTEM, at=AT)
        ours = organization_named(tx, "transport")
        grant_role(tx, boss, Role.ADMIN, organization=ours, by=SYSTEM, at=AT)
        add_organization(
            tx,
            slug="weather",
            kind=OrganizationKind.DEPARTMENT,
            title=Text(en="Weather"),
            credit_code=None,
            by=SYSTEM,
            at=AT,
        )
    visitor.sign_in("boss")
    members = "/organization/transport/members"

    opened = visitor.submit(members, on=members, name="wang.fang", role="approver", is_new="yes")
    assert LINK.search(opened.text)
    assert visitor.submit(members, on=members, name="chief", role="buyer").status_code == 303
    unknown = visitor.submit(members, on=members, name="nobody", role="buyer")
    assert "no user “nobody”" in unknown.text
    assert visitor.submit(members, on=members, name="chief", role="finance").status_code == 403
    withdrawn = visitor.submit(f"{members}/withdraw", on=members, name="li.wei", role="publisher")

    assert withdrawn.status_code == 303
    assert held(wiring, "wang.fang") == [("approver", "transport")]
    assert held(wiring, "li.wei") == []
    visitor.page("/organization/weather/members", status=403)
    elsewhere = visitor.submit("/organization/weather/members", on=members, name="x1", role="buyer")
    assert elsewhere.status_code in (403, 404)


def test_a_member_sees_the_others_and_changes_nothing(visitor: Visitor) -> None:
    visitor.sign_in()

    page = visitor.page("/organization/transport/members")

    assert "li.wei" in page
    assert "Add a member" not in page
    answer = visitor.submit(
        "/organization/transport/members", on="/user/me", name="chief", role="buyer"
    )
    assert answer.status_code == 403


def test_the_pages_speak_chinese(visitor: Visitor) -> None:
    visitor.headers["Accept-Language"] = "zh"
    visitor.sign_in("chief")

    for path, words in (
        ("/user/me", "我的账户"),
        ("/my/tokens", "程序密钥"),
        ("/admin/people", "人员与单位"),
        ("/admin/people/li.wei", "发布员"),
        ("/organization/transport/members", "的成员"),
    ):
        assert words in visitor.page(path)


def test_what_people_wrote_is_never_markup(visitor: Visitor) -> None:
    visitor.sign_in("chief")
    evil = "<script>alert(1)</script>"

    visitor.submit(
        "/admin/organizations", on="/admin/people", slug="evil", kind="department", title_en=evil
    )
    visitor.submit("/my/tokens", on="/my/tokens", name=evil)
    answers = [
        visitor.get("/admin/people"),
        visitor.get("/organization/evil/members"),
        visitor.get("/my/tokens"),
        visitor.get("/admin/people", params={"q": evil}),
        visitor.submit("/admin/people", on="/admin/people", name=evil),
        visitor.submit("/user/login", on="/user/me", login=evil, password="x"),
    ]

    for answer in answers:
        assert evil not in answer.text
        assert "&lt;script&gt;" in answer.text

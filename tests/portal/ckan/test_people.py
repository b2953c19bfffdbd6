"""People and their tokens through CKAN's face, and who learns what of whom."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from policies.identity.people import user_named
from policies.identity.register import is_administrator
from portal.wiring import Wiring
from tests.people import PASSWORD
from tests.portal.ckan.caller import Caller, calling

SECRETS = ("password", "hash", "$argon", "scrypt")


@pytest.fixture
def caller(wiring: Wiring) -> Iterator[Caller]:
    """A program."""
    with calling(wiring) as opened:
        yield opened


def new_user(caller: Caller, name: str = "wang_fang", **more: object) -> dict[str, object]:
    """A user whom the sysadmin made."""
    fields: dict[str, object] = {
        "name": name,
        "email": f"{name}@example.org",
        "password": PASSWORD,
        "fullname": "王芳",
        "about": "住建局",
    }
    made: dict[str, object] = caller.call("chief", "user_create", **(fields | more))
    return made


def test_a_user_comes_back_as_they_were_created(caller: Caller) -> None:
    chosen = str(uuid4())
    made = new_user(caller, id=chosen, plugin_extras={"plug": {"in": [1, None]}})

    assert made["id"] == chosen
    assert (made["fullname"], made["about"], made["email"]) == (
        "王芳",
        "住建局",
        "wang_fang@example.org",
    )
    assert made["plugin_extras"] == {"plug": {"in": [1, None]}}
    shown = caller.call("", "user_show", id=chosen)
    assert shown["display_name"] == "王芳"
    assert shown["state"] == "active"
    assert shown["sysadmin"] is False
    assert {"email", "apikey", "plugin_extras"}.isdisjoint(shown)


def test_no_answer_tells_a_hash_and_only_some_tell_the_address(caller: Caller) -> None:
    new_user(caller)
    asked = {"id": "wang_fang", "include_password_hash": True, "include_plugin_extras": True}

    for who, is_told in (("", False), ("li.wei", False), ("wang_fang", True), ("chief", True)):
        text = caller.ask(who, "user_show", **asked).text
        assert ("wang_fang@example.org" in text) is is_told
        assert "plugin_extras" not in text or who == "chief"
        assert not any(secret in text.replace("email_hash", "") for secret in SECRETS)
        listed = caller.ask(who, "user_list").text
        assert ("wang_fang@example.org" in listed) is is_told
    assert caller.refused("li.wei", "user_list", email="wang_fang@example.org")
    (found,) = caller.call("chief", "user_list", email="WANG_FANG@example.org")
    assert found["name"] == "wang_fang"


def test_strangers_learn_of_nobody_where_people_are_not_public(wiring: Wiring) -> None:
    with calling(wiring, '{"ckan.auth.public_user_details": false}') as caller:
        for action, asked in (
            ("user_list", {}),
            ("user_show", {"id": "li.wei"}),
            ("user_autocomplete", {"q": "li"}),
            ("organization_show", {"id": "transport", "include_users": True}),
            ("member_list", {"id": "transport", "object_type": "user"}),
            ("user_follower_count", {"id": "li.wei"}),
            ("user_activity_list", {"id": "li.wei"}),
        ):
            assert caller.refused("", action, **asked)["__type"] == "Authorization Error", action
        assert "users" not in caller.call("", "organization_show", id="transport")
        assert caller.call("", "organization_list_for_user", id="li.wei") == []
        shown = caller.call("li.wei", "organization_show", id="transport", include_users=True)
        assert [user["name"] for user in shown["users"]] == ["li.wei"]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "Missing value"),
        ({"email": ""}, "email", "Missing value"),
        ({"password": ""}, "password", "Missing value"),
        ({"email": "no address"}, "email", "Email no address is not a valid format"),
        ({"password": "short"}, "password", "Your password must be 8 characters or longer"),
        ({"password": 5}, "password", "Passwords must be strings"),
        (
            {"name": "Li Wei"},
            "name",
            "Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_",
        ),
    ],
)
def test_wrong_fields_are_refused_in_the_words_that_clients_know(
    caller: Caller, fields: dict[str, object], field: str, words: str
) -> None:
    given = {"name": "somebody", "email": "s@example.org", "password": PASSWORD} | fields

    assert caller.refused("chief", "user_create", **given)[field] == [words]


def test_names_and_addresses_belong_to_one_user(caller: Caller) -> None:
    new_user(caller)

    same = {"name": "wang_fang", "email": "Wang_Fang@example.org", "password": PASSWORD}
    error = caller.refused("chief", "user_create", **same)

    assert error["name"][0].startswith("The username is already associated")
    assert error["email"] == [
        "The email address 'wang_fang@example.org' belongs to a registered user."
    ]


def test_only_sysadmins_open_accounts_and_make_sysadmins(caller: Caller) -> None:
    fields = {"name": "somebody", "email": "s@example.org", "password": PASSWORD}
    for who in ("", "li.wei"):
        assert caller.refused(who, "user_create", **fields)["__type"] == "Authorization Error"

    made = caller.call("chief", "user_create", **fields, sysadmin=True)

    assert made["sysadmin"] is True
    new_user(caller)
    caller.call("wang_fang", "user_patch", id="wang_fang", sysadmin=True)
    with caller.wiring.pool.connection() as tx:
        assert is_administrator(tx, user_named(tx, "somebody"))
        assert not is_administrator(tx, user_named(tx, "wang_fang"))
    with calling(caller.wiring, '{"ckan.auth.create_user_via_api": true}') as free:
        anyone = free.call(
            "", "user_create", name="any", email="a@example.org", password=PASSWORD, sysadmin=True
        )
        assert anyone["sysadmin"] is False


def test_people_change_themselves_and_sysadmins_everybody(caller: Caller) -> None:
    new_user(caller)
    new_user(caller, "zhao_min")

    own = caller.call("wang_fang", "user_patch", id="wang_fang", about="新的")
    assert (own["about"], own["fullname"]) == ("新的", "王芳")
    denied = caller.refused("zhao_min", "user_patch", id="wang_fang", about="x")
    assert denied["__type"] == "Authorization Error"
    renamed = caller.refused("wang_fang", "user_patch", id="wang_fang", name="wang")
    assert renamed["name"] == ["That login name can not be modified."]
    by_chief = caller.call(
        "chief", "user_update", id="wang_fang", name="wang", email="w@example.org"
    )
    assert (by_chief["name"], by_chief["fullname"]) == ("wang", "王芳")
    assert caller.refused("chief", "user_update", id="wang")["email"] == ["Missing value"]


def test_a_deleted_user_is_gone_with_all_roles_and_tokens(caller: Caller) -> None:
    caller.call("li.wei", "api_token_create", user="li.wei", name="loader")

    assert caller.refused("li.wei", "user_delete", id="chief")["__type"] == "Authorization Error"
    assert caller.call("chief", "user_delete", id="li.wei") is None

    assert caller.refused("", "user_show", id="li.wei")["__type"] == "Not Found Error"
    assert caller.call("chief", "user_show", id="li.wei")["state"] == "deleted"
    assert "li.wei" not in caller.call("", "user_list", all_fields=False)
    assert caller.call("", "organization_show", id="transport")["users"] == []
    last = caller.refused("chief", "user_delete", id="chief")
    assert last["__type"] == "Validation Error"
    back = caller.call("chief", "user_patch", id="li.wei", state="active")
    assert back["state"] == "active"


def test_people_are_listed_sorted_and_found(caller: Caller) -> None:
    new_user(caller, "bb", fullname="Alpha")
    new_user(caller, "aa", fullname="Omega")

    assert caller.call("", "user_list", all_fields=False) == ["bb", "chief", "li.wei", "aa"]
    assert caller.call("", "user_list", all_fields=False, q="OMEG") == ["aa"]
    by_name = caller.call("", "user_list", order_by="name")
    assert [user["name"] for user in by_name] == ["aa", "bb", "chief", "li.wei"]
    found = caller.call("", "user_autocomplete", q="alp")
    assert [(user["name"], user["fullname"]) for user in found] == [("bb", "Alpha")]
    mine = caller.call("bb", "user_autocomplete", q="b", ignore_self=True)
    assert mine == []


def test_tokens_are_made_told_once_listed_and_revoked(caller: Caller) -> None:
    made = caller.call("chief", "api_token_create", user="li.wei", name="loader")
    listed = caller.call("li.wei", "api_token_list", user_id="li.wei")

    assert "loader" in [one["name"] for one in listed]
    assert made["token"] not in str(listed)
    denied = caller.refused("li.wei", "api_token_create", user="chief", name="up")
    assert denied["__type"] == "Authorization Error"
    assert caller.refused("li.wei", "api_token_list", user_id="chief")
    assert set(caller.refused("li.wei", "api_token_create")) == {"__type", "user", "name"}
    answer = caller.client.post(
        "/api/3/action/organization_list_for_user",
        json={},
        headers={"Authorization": made["token"]},
    )
    assert [one["name"] for one in answer.json()["result"]] == ["transport"]
    assert caller.call("li.wei", "api_token_revoke", token=made["token"]) is None
    assert made["id"] not in [
        one["id"] for one in caller.call("li.wei", "api_token_list", user_id="li.wei")
    ]
    short = caller.call(
        "li.wei", "api_token_create", user="li.wei", name="hour", expires_in=1, unit=3600
    )
    other = caller.refused("", "api_token_revoke", jti=short["id"])
    assert other["__type"] == "Authorization Error"


def test_the_site_hands_power_to_nobody_by_a_parameter(caller: Caller) -> None:
    new_user(caller)
    attempts: list[tuple[str, dict[str, object]]] = [
        ("user_update", {"id": "wang_fang", "email": "w@example.org", "sysadmin": "true"}),
        ("user_patch", {"id": "wang_fang", "state": "deleted"}),
        ("user_patch", {"id": "wang_fang", "plugin_extras": {"a": 1}}),
    ]
    for action, asked in attempts:
        caller.ask("wang_fang", action, **asked)

    shown = caller.call("chief", "user_show", id="wang_fang", include_plugin_extras=True)
    assert (shown["sysadmin"], shown["state"], shown["plugin_extras"]) == (False, "active", None)
    error = caller.refused("chief", "user_patch", id="wang_fang", password_hash="$6$x")
    assert "password_hash" in error


def test_an_invited_person_joins_with_an_account_of_their_own(caller: Caller) -> None:
    made = caller.call(
        "chief", "user_invite", email="new.person@example.org", group_id="transport", role="editor"
    )

    assert made["name"].startswith("new-person-")
    members = caller.call("", "organization_show", id="transport")["users"]
    assert {one["name"]: one["capacity"] for one in members}[made["name"]] == "editor"
    denied = caller.refused(
        "li.wei", "user_invite", email="x@example.org", group_id="transport", role="admin"
    )
    assert denied["__type"] == "Authorization Error"

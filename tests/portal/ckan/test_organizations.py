"""Organisations, groups and their members through CKAN's face."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from policies.identity.people import organization_named, roles_of, user_named
from policies.party import Role
from portal.wiring import Wiring
from tests.people import PASSWORD, enrol
from tests.portal.ckan.caller import ALL_ALLOWED, Caller, calling

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
CREDIT_CODE = "91440300708461136T"


@pytest.fixture
def caller(wiring: Wiring) -> Iterator[Caller]:
    """A program."""
    with calling(wiring) as opened:
        yield opened


@pytest.fixture
def free(wiring: Wiring) -> Iterator[Caller]:
    """A program of an installation whose users found their own organisations."""
    with wiring.pool.connection() as tx:
        enrol(tx, "wang.fang", password=PASSWORD)
    with calling(wiring, ALL_ALLOWED) as opened:
        yield opened


def test_an_organisation_comes_back_as_it_was_created(caller: Caller) -> None:
    wanted = {
        "id": str(uuid4()),
        "name": "water-bureau",
        "title": " 水务局 ",
        "description": "管水。\n\nSecond paragraph.",
        "image_url": "https://example.org/logo.png",
        "extras": [{"key": "phone", "value": "12345"}, {"key": "kind", "value": "operator"}],
        "approval_status": "pending",
    }

    made = caller.call("chief", "organization_create", **wanted)
    shown = caller.call("", "organization_show", id=wanted["id"])

    for key, value in wanted.items():
        assert made[key] == shown[key] == value, key
    assert shown["is_organization"] is True
    assert shown["type"] == "organization"
    assert shown["state"] == "active"
    assert shown["display_name"] == " 水务局 "
    assert shown["package_count"] == 0
    assert [(user["name"], user["capacity"]) for user in shown["users"]] == [("chief", "admin")]
    with caller.wiring.pool.connection() as tx:
        assert organization_named(tx, "water-bureau").kind == "operator"


def test_what_a_sysadmin_creates_is_a_department_with_a_checked_credit_code(
    caller: Caller,
) -> None:
    extras = [{"key": "uscc", "value": CREDIT_CODE.lower()}]
    caller.call("chief", "organization_create", name="tax", extras=extras)

    with caller.wiring.pool.connection() as tx:
        made = organization_named(tx, "tax")
        assert (made.kind, made.credit_code) == ("department", CREDIT_CODE)
    assert caller.call("", "organization_show", id="tax")["title"] == ""
    wrong = caller.refused(
        "chief", "organization_create", name="tax2", extras=[{"key": "uscc", "value": "1234"}]
    )
    assert "uscc" in wrong
    taken = caller.refused("chief", "organization_create", name="tax3", extras=extras)
    assert "uscc" in taken


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "name", "Missing value"),
        ({"name": "x"}, "name", "Must be at least 2 characters long"),
        ({"name": "y" * 101}, "name", "Name must be a maximum of 100 characters long"),
        (
            {"name": "Big Name"},
            "name",
            "Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_",
        ),
        ({"name": "edit"}, "name", "That name cannot be used"),
        ({"name": 12}, "name", "Names must be strings"),
        ({"name": "transport"}, "name", "Group name already exists in database"),
        ({"name": "ok-name", "id": "no-uuid"}, "id", "Invalid id provided"),
        ({"name": "ok-name", "extras": "x"}, "extras", "Not a list"),
    ],
)
@pytest.mark.parametrize("kind", ["organization", "group"])
def test_wrong_fields_are_refused_in_the_words_that_clients_know(
    caller: Caller, kind: str, fields: dict[str, object], field: str, words: str
) -> None:
    error = caller.refused("chief", f"{kind}_create", **fields)

    assert error["__type"] == "Validation Error"
    assert error[field] == [words]


def test_only_sysadmins_found_organisations_unless_the_option_lets_everybody(
    caller: Caller,
) -> None:
    for who in ("", "li.wei"):
        error = caller.refused(who, "organization_create", name="mine")
        assert error["message"].startswith("Access denied: ")


def test_an_organisation_of_a_user_is_no_body_of_the_government(free: Caller) -> None:
    made = free.call(
        "wang.fang",
        "organization_create",
        name="wangs-club",
        extras=[{"key": "kind", "value": "regulator"}],
    )

    with free.wiring.pool.connection() as tx:
        assert organization_named(tx, "wangs-club").kind == "enterprise"
        held = {m.role for m, o in roles_of(tx, user_named(tx, "wang.fang").id) if o is not None}
    assert held == {Role.ADMIN, Role.PUBLISHER, Role.APPROVER}
    assert free.refused("wang.fang", "organization_create", name="x-y", id=str(uuid4()))["id"]
    changed = free.call("wang.fang", "organization_patch", id=made["id"], title="王氏")
    assert changed["title"] == "王氏"
    error = free.refused("li.wei", "organization_patch", id=made["id"], title="Stolen")
    assert error["__type"] == "Authorization Error"


def test_titles_change_in_their_own_language_and_keep_the_other(caller: Caller) -> None:
    caller.call("chief", "organization_patch", id="transport", title="交通委")
    with caller.wiring.pool.connection() as tx:
        assert organization_named(tx, "transport").title.as_map() == {
            "zh": "交通委",
            "en": "Transport",
        }
    shown = caller.call("", "organization_show", id="transport")
    caller.call("chief", "organization_update", **shown)
    with caller.wiring.pool.connection() as tx:
        assert organization_named(tx, "transport").title.en == "Transport"


def test_an_update_replaces_extras_and_leaves_members_that_it_does_not_name(
    caller: Caller,
) -> None:
    caller.call("chief", "organization_patch", id="transport", extras=[{"key": "a", "value": "1"}])
    shown = caller.call("chief", "organization_update", id="transport", name="transit")

    assert shown["name"] == "transit"
    assert shown["extras"] == []
    assert [user["name"] for user in shown["users"]] == ["li.wei"]
    assert caller.refused("", "organization_show", id="transport")["__type"] == "Not Found Error"
    emptied = caller.call("chief", "organization_patch", id="transit", users=[])
    assert emptied["users"] == []


def test_a_group_update_takes_the_id_of_an_organisation_and_its_picture(caller: Caller) -> None:
    shown = caller.call("", "organization_show", id="transport")

    answer = caller.upload("chief", "group_patch", PNG, "Logo.PNG", id=shown["id"])

    assert answer.status_code == 200, answer.text
    url = answer.json()["result"]["image_display_url"]
    assert url.startswith("http://testserver/uploads/group/")
    picture = caller.client.get(url.removeprefix("http://testserver"))
    assert picture.content == PNG
    assert picture.headers["content-type"] == "image/png"
    text = caller.upload("chief", "group_patch", b"<svg onload=x>", "a.svg", id=shown["id"])
    assert text.status_code == 409
    assert "image_upload" in text.json()["error"]
    cleared = caller.call("chief", "group_patch", id=shown["id"], clear_upload=True)
    assert cleared["image_url"] == ""


def test_a_stored_file_that_is_no_picture_is_handed_out_under_no_address(caller: Caller) -> None:
    stored = caller.wiring.folders.blob("a" * 64)
    stored.parent.mkdir(parents=True)
    stored.write_bytes(PNG)

    assert caller.client.get(f"/uploads/group/{'a' * 64}.png").status_code == 404


@pytest.mark.parametrize("kind", ["organization", "group"])
def test_lists_are_sorted_filtered_and_cut(caller: Caller, kind: str) -> None:
    caller.call("chief", "organization_purge", id="transport") if kind == "organization" else None
    for name, title in (("aa", "Zebra"), ("bb", "apple"), ("cc", "Mango")):
        caller.call("chief", f"{kind}_create", name=name, title=title)
    many = f"{kind}_list"

    assert caller.call("", many) == ["bb", "cc", "aa"]
    assert caller.call("", many, sort="name desc") == ["cc", "bb", "aa"]
    assert caller.call("", many, order_by="name") == ["aa", "bb", "cc"]
    assert caller.call("", many, sort="name", limit=1, offset=1) == ["bb"]
    assert caller.call("", many, q="EBR") == ["aa"]
    assert caller.call("", many, **{f"{kind}s": ["cc", "nothing"]}) == ["cc"]
    assert caller.call("", many, type="custom") == []
    (whole,) = caller.call("", many, all_fields=True, include_users=True, limit=1)
    assert whole["name"] == "bb"
    assert whole["package_count"] == 0
    assert [user["name"] for user in whole["users"]] == ["chief"]
    assert "extras" not in whole
    for wrong in ("id asc", "name sideways", "name, title"):
        assert "message" in caller.refused("", many, sort=wrong)
    assert caller.refused("", many, limit="many")["limit"] == ["Invalid integer"]


@pytest.mark.parametrize("kind", ["organization", "group"])
def test_what_is_deleted_is_hidden_and_what_is_purged_is_gone(caller: Caller, kind: str) -> None:
    made = caller.call("chief", f"{kind}_create", name="short-lived")

    assert caller.call("chief", f"{kind}_delete", id="short-lived") is None
    assert "short-lived" not in caller.call("", f"{kind}_list")
    hidden = caller.refused("", f"{kind}_show", id=made["id"])
    assert hidden["__type"] == "Authorization Error"
    assert caller.call("chief", f"{kind}_show", id=made["id"])["state"] == "deleted"
    again = caller.call("chief", f"{kind}_patch", id=made["id"], state="active")
    assert again["state"] == "active"
    denied = caller.refused("li.wei", f"{kind}_purge", id=made["id"])
    assert denied["__type"] == "Authorization Error"
    assert caller.call("chief", f"{kind}_purge", id="short-lived") is None
    gone = caller.refused("chief", f"{kind}_show", id=made["id"])
    assert gone["__type"] == "Not Found Error"
    assert caller.call("chief", f"{kind}_create", name="short-lived")


def test_members_join_in_a_capacity_and_leave(caller: Caller) -> None:
    with caller.wiring.pool.connection() as tx:
        enrol(tx, "zhao.min", password=PASSWORD)
    joined = caller.call(
        "chief",
        "organization_member_create",
        id="transport",
        username="zhao.min",
        role="editor",
    )
    assert (joined["table_name"], joined["capacity"]) == ("user", "editor")
    assert _capacity(caller, "zhao.min") == "editor"
    caller.call(
        "chief",
        "member_create",
        id="transport",
        object="zhao.min",
        object_type="user",
        capacity="admin",
    )
    assert _capacity(caller, "zhao.min") == "admin"
    own = caller.refused(
        "zhao.min",
        "organization_member_create",
        id="transport",
        username="zhao.min",
        role="member",
    )
    assert "revoke" in own["message"]
    denied = caller.refused(
        "li.wei", "organization_member_create", id="transport", username="li.wei", role="admin"
    )
    assert denied["__type"] == "Authorization Error"
    users = caller.call("", "member_list", id="transport", object_type="user", capacity="admin")
    assert [kind for _, kind, _ in users] == ["user"]
    assert users[0][2] == "Admin"
    caller.call("chief", "organization_member_delete", id="transport", username="zhao.min")
    assert _capacity(caller, "zhao.min") is None
    wrong = caller.refused(
        "chief", "organization_member_create", id="transport", username="li.wei", role="king"
    )
    assert wrong["role"] == ["role does not exist."]
    missing = caller.refused("chief", "organization_member_create", id="transport")
    assert set(missing) == {"__type", "username", "role"}


def test_group_members_put_datasets_under_it_and_only_admins_change_it(caller: Caller) -> None:
    with caller.wiring.pool.connection() as tx:
        enrol(tx, "zhao.min", password=PASSWORD)
    made = caller.call("li.wei", "group_create", name="mobility", title="出行")
    assert [(one["name"], one["capacity"]) for one in made["users"]] == [("li.wei", "admin")]
    caller.call("li.wei", "group_member_create", id="mobility", username="zhao.min", role="member")

    denied = caller.refused("zhao.min", "group_patch", id="mobility", title="Mine")
    assert denied["__type"] == "Authorization Error"
    listed = caller.call("zhao.min", "group_list_authz")
    assert [group["name"] for group in listed] == ["mobility"]
    assert caller.call("", "group_list_authz") == []
    assert caller.call("chief", "group_list_authz", am_member=True) == []
    caller.call("li.wei", "group_member_delete", id="mobility", username="zhao.min")
    assert caller.call("zhao.min", "group_list_authz") == []


def test_groups_stand_under_groups_but_never_under_themselves(caller: Caller) -> None:
    caller.call("chief", "group_create", name="parent")
    child = caller.call("chief", "group_create", name="child", groups=[{"name": "parent"}])
    assert [group["name"] for group in child["groups"]] == ["parent"]

    circle = caller.refused(
        "chief", "group_patch", id="parent", groups=[{"name": "child", "capacity": "public"}]
    )

    assert "groups" in circle
    kept = caller.call("chief", "group_update", id="child", title="Kept")
    assert [group["name"] for group in kept["groups"]] == ["parent"]


def test_whose_organisations_are_whose(caller: Caller) -> None:
    def names(who: str, **asked: object) -> list[str]:
        found = caller.call(who, "organization_list_for_user", **asked)
        return [one["name"] for one in found]

    assert names("") == []
    assert names("li.wei") == ["transport"]
    assert names("li.wei", permission="create_dataset") == ["transport"]
    assert names("li.wei", permission="admin") == []
    assert names("chief", permission="admin") == ["transport"]
    assert caller.call("li.wei", "organization_list_for_user")[0]["capacity"] == "editor"


def test_odd_values_are_refused_and_never_break_anything(caller: Caller) -> None:
    odd: list[object] = ["\0", "\ud800", 10**30, ["x"], {"a": 1}, None, True, "x" * 5000, ""]
    for value in odd:
        for action, key in (
            ("organization_show", "id"),
            ("group_show", "id"),
            ("organization_create", "name"),
            ("organization_create", "title"),
            ("group_create", "extras"),
            ("group_create", "users"),
            ("organization_list", "limit"),
            ("organization_list", "sort"),
            ("member_list", "id"),
            ("organization_patch", "id"),
        ):
            given = {"name": f"n{uuid4().hex}"} | {key: value}
            caller.ask("chief", action, **given)


def _capacity(caller: Caller, name: str) -> str | None:
    shown = caller.call("", "organization_show", id="transport")
    return next((one["capacity"] for one in shown["users"] if one["name"] == name), None)

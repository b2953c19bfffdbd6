"""Tags, vocabularies, licences, followers, notes and options through CKAN's face."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from portal.wiring import Wiring
from tests.portal.ckan.caller import Caller, calling
from tests.portal.visitor import Clock


@pytest.fixture
def caller(wiring: Wiring) -> Iterator[Caller]:
    """A program."""
    with calling(wiring) as opened:
        yield opened


def test_a_vocabulary_is_made_changed_and_deleted(caller: Caller) -> None:
    made = caller.call(
        "chief", "vocabulary_create", name="领域", tags=[{"name": "交通"}, {"name": "water"}]
    )
    assert [tag["name"] for tag in made["tags"]] == ["water", "交通"]
    assert caller.call("", "vocabulary_show", id="领域") == made
    assert caller.call("", "vocabulary_list") == [made]
    kept = {tag["name"]: tag["id"] for tag in made["tags"]}

    changed = caller.call(
        "chief",
        "vocabulary_update",
        id=made["id"],
        name="fields",
        tags=[{"name": "交通"}, {"name": "energy"}],
    )

    ids = {tag["name"]: tag["id"] for tag in changed["tags"]}
    assert set(ids) == {"交通", "energy"}
    assert ids["交通"] == kept["交通"]
    assert caller.call("", "tag_list", vocabulary_id="fields") == ["energy", "交通"]
    assert caller.call("chief", "vocabulary_delete", id="fields") is None
    gone = caller.refused("", "vocabulary_show", id="fields")
    assert gone["message"].startswith("Not found")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "name"),
        ({"name": "x"}, "name"),
        ({"name": "y" * 101}, "name"),
        ({"name": "ok", "tags": [{"name": "x"}]}, "tags"),
        ({"name": "ok", "tags": [{"name": "bad/tag"}]}, "tags"),
        ({"name": "ok", "tags": [{}]}, "tags"),
        ({"name": "ok", "tags": "a,b"}, "tags"),
        ({"name": "ok", "tags": ["a"]}, "tags"),
        ({"name": "ok", "id": "x"}, "id"),
    ],
)
def test_what_is_no_vocabulary_is_refused(
    caller: Caller, asked: dict[str, object], field: str
) -> None:
    assert field in caller.refused("chief", "vocabulary_create", **asked)


def test_terms_are_added_found_and_deleted_by_sysadmins_alone(caller: Caller) -> None:
    made = caller.call("chief", "vocabulary_create", name="genre")
    for who in ("", "li.wei"):
        for action, asked in (
            ("vocabulary_create", {"name": "other"}),
            ("vocabulary_update", {"id": "genre", "name": "other"}),
            ("vocabulary_delete", {"id": "genre"}),
            ("tag_create", {"name": "jazz", "vocabulary_id": "genre"}),
        ):
            assert caller.refused(who, action, **asked)["__type"] == "Authorization Error"

    tag = caller.call("chief", "tag_create", name="jazz", vocabulary_id="genre")

    assert tag["vocabulary_id"] == made["id"]
    assert caller.call("", "tag_show", id="jazz", vocabulary_id="genre") == tag
    assert caller.call("", "tag_show", id=tag["id"]) == tag
    assert caller.call("", "tag_autocomplete", query="az", vocabulary_id="genre") == ["jazz"]
    found = caller.call("", "tag_search", query="az", vocabulary_id="genre")
    assert found["count"] == 1
    twice = caller.refused("chief", "tag_create", name="jazz", vocabulary_id="genre")
    assert twice["name"] == ["Tag jazz already belongs to vocabulary genre"]
    assert caller.refused("chief", "tag_delete", id="jazz")["__type"] == "Not Found Error"
    assert caller.call("chief", "tag_delete", id="jazz", vocabulary_id="genre") is None
    assert caller.call("", "tag_list", vocabulary_id="genre") == []
    assert caller.refused("", "tag_show", id="jazz")["__type"] == "Not Found Error"


def test_licences_name_spdx_and_chinese_ones(caller: Caller) -> None:
    listed = {one["id"]: one for one in caller.call("", "license_list")}

    assert {"CC-BY-4.0", "MulanOWL-BY-1.0", "cc-by", "notspecified"} <= listed.keys()
    assert listed["CC-BY-4.0"]["od_conformance"] == "approved"
    assert len(listed) == len(caller.call("", "license_list"))


def test_people_follow_and_only_they_and_sysadmins_learn_what(caller: Caller) -> None:
    caller.call("chief", "group_create", name="mobility", title="Mobility")
    for kind, named in (("user", "chief"), ("group", "mobility"), ("organization", "transport")):
        followed = caller.call("li.wei", f"follow_{kind}", id=named)
        assert set(followed) == {"follower_id", "object_id", "datetime"}
        assert caller.call("li.wei", f"follow_{kind}", id=named) == followed
        assert caller.call("li.wei", f"am_following_{kind}", id=named) is True
        assert caller.call("chief", f"am_following_{kind}", id=named) is False
        assert caller.call("", f"{kind}_follower_count", id=named) == 1
        followers = caller.call("chief", f"{kind}_follower_list", id=named)
        assert [user["name"] for user in followers] == ["li.wei"]
        denied = caller.refused("li.wei", f"{kind}_follower_list", id=named)
        assert denied["__type"] == "Authorization Error"
    # CKAN's clients follow an organisation as a group.
    assert caller.call("li.wei", "am_following_group", id="transport") is True
    assert caller.call("", "followee_count", id="li.wei") == 3
    listed = caller.call("li.wei", "followee_list", id="li.wei")
    assert [(one["type"], one["display_name"]) for one in listed] == [
        ("group", "Mobility"),
        ("organization", "Transport"),
        ("user", "chief"),
    ]
    found = caller.call("chief", "followee_list", id="li.wei", q="mob")
    assert [one["type"] for one in found] == ["group"]
    assert caller.refused("", "followee_list", id="li.wei")["__type"] == "Authorization Error"

    assert caller.call("li.wei", "unfollow_group", id="mobility") is None
    assert caller.call("li.wei", "unfollow_group", id="mobility") is None
    assert caller.call("", "group_follower_count", id="mobility") == 0
    own = caller.refused("li.wei", "follow_user", id="li.wei")
    assert own["message"] == "You cannot follow yourself"
    assert caller.refused("", "follow_user", id="chief")["__type"] == "Authorization Error"
    assert caller.refused("li.wei", "follow_dataset", id="none")["id"] == ["Not found: Dataset"]


def test_notes_of_crawlers_are_kept_in_place_of_earlier_ones(caller: Caller) -> None:
    note = {"entity_id": "e", "entity_type": "resource", "task_type": "xloader", "key": "k"}
    first = caller.call("chief", "task_status_update", **note, value="1", state="pending")
    second = caller.call("chief", "task_status_update", **note, value="2")

    assert second["id"] == first["id"]
    assert (second["value"], second["state"]) == ("2", "pending")
    shown = caller.call("", "task_status_show", entity_id="e", task_type="xloader", key="k")
    assert shown == second
    many = caller.call(
        "chief", "task_status_update_many", data=[note | {"key": "a"}, note | {"key": "b"}]
    )
    assert [one["key"] for one in many["results"]] == ["a", "b"]
    assert caller.refused("li.wei", "task_status_update", **note)
    assert caller.refused("chief", "task_status_update", key="k")["entity_id"] == ["Missing value"]
    assert caller.call("chief", "task_status_delete", id=first["id"]) is None
    assert caller.refused("", "task_status_show", id=first["id"])["__type"] == "Not Found Error"


def test_translations_are_kept_in_place_of_earlier_ones(caller: Caller) -> None:
    caller.call(
        "chief",
        "term_translation_update_many",
        data=[
            {"term": "water", "term_translation": "Wasser", "lang_code": "de"},
            {"term": "water", "term_translation": "水", "lang_code": "zh"},
        ],
    )
    again = {"term": "water", "term_translation": "水体", "lang_code": "zh"}
    assert caller.call("chief", "term_translation_update", **again) == again

    assert caller.call("", "term_translation_show", terms="water", lang_codes=["zh"]) == [again]
    assert len(caller.call("", "term_translation_show", terms=["water", "fire"])) == 2
    assert caller.refused("li.wei", "term_translation_update", **again)
    assert caller.refused("", "term_translation_show")["terms"] == "terms not in data"


def test_options_are_for_sysadmins(caller: Caller) -> None:
    for action, asked in (
        ("config_option_list", {}),
        ("config_option_show", {"key": "ckan.site_title"}),
        ("config_option_update", {"ckan.site_title": "Mine"}),
    ):
        for who in ("", "li.wei"):
            assert caller.refused(who, action, **asked)["__type"] == "Authorization Error"

    assert "ckan.site_title" in caller.call("chief", "config_option_list")
    caller.call("chief", "config_option_update", **{"ckan.site_title": "数堰 A"})
    assert caller.call("chief", "config_option_show", key="ckan.site_title") == "数堰 A"
    wrong = caller.refused("chief", "config_option_update", **{"ckan.auth.x": "1"})
    assert wrong["message"] == "Configuration option(s) 'ckan.auth.x' can not be updated"


def test_activity_is_read_from_the_log(caller: Caller) -> None:
    caller.call("chief", "organization_patch", id="transport", title="交通委")
    caller.call("li.wei", "follow_organization", id="transport")

    listed = caller.call("", "organization_activity_list", id="transport")
    own = caller.call("li.wei", "dashboard_activity_list")

    assert [one["activity_type"] for one in listed] == ["changed organization", "new organization"]
    assert "changed organization" in [one["activity_type"] for one in own]
    assert caller.refused("", "dashboard_activity_list")["__type"] == "Authorization Error"


def test_a_dashboard_counts_what_others_did_until_it_was_seen(caller: Caller) -> None:
    clock = caller.wiring.now
    assert isinstance(clock, Clock)
    caller.call("li.wei", "follow_organization", id="transport")
    assert caller.call("li.wei", "dashboard_new_activities_count") == 0

    clock.at += timedelta(minutes=1)
    caller.call("chief", "organization_patch", id="transport", title="交通委")
    caller.call("chief", "package_create", name="kerbs", owner_org="transport")

    assert caller.call("li.wei", "dashboard_new_activities_count") == 1, "a draft is no news"
    (newest, *_) = caller.call("li.wei", "dashboard_activity_list")
    assert (newest["activity_type"], newest["is_new"]) == ("changed organization", True)
    clock.at += timedelta(minutes=1)
    assert caller.call("li.wei", "dashboard_mark_activities_old") is None
    assert caller.call("li.wei", "dashboard_new_activities_count") == 0
    assert not any(one["is_new"] for one in caller.call("li.wei", "dashboard_activity_list"))
    for action in ("dashboard_new_activities_count", "dashboard_mark_activities_old"):
        assert caller.refused("", action)["__type"] == "Authorization Error"

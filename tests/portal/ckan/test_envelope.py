"""What every action has in common: how it may be asked, and how it answers."""

from __future__ import annotations

import json
import re
from inspect import getdoc
from typing import Any

import httpx
import pytest

from portal.api.ckan.actions import ACTIONS
from portal.ckan_options import options_from
from tests.counts import IS_LONG
from tests.portal.ckan.client import Client, Refused, new_name


@pytest.mark.parametrize(
    "path", ["/api/action/status_show", "/api/3/action/status_show", "/api/3/action/status_show/"]
)
def test_an_action_answers_under_both_addresses_and_never_redirects(
    http: httpx.Client, path: str
) -> None:
    answers = [http.get(path), http.post(path), http.post(path, json={})]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    body = answers[0].json()
    assert body["success"] is True
    assert body["help"].endswith("/api/3/action/help_show?name=status_show")
    assert body["result"]["ckan_version"].startswith("2.12")
    assert answers[0].headers["Content-Type"] == "application/json;charset=utf-8"


def test_the_api_says_its_version(http: httpx.Client) -> None:
    versions = [http.get(path).json() for path in ("/api/3", "/api/2", "/api/1", "/api/3/")]

    assert versions == [{"version": 3}, {"version": 2}, {"version": 1}, {"version": 3}]


def test_parameters_come_as_json_as_a_form_as_json_in_a_forms_only_key_and_in_the_address(
    http: httpx.Client,
) -> None:
    path = "/api/action/help_show"

    answers = [
        http.post(path, json={"name": "package_show"}),
        http.post(path, data={"name": "package_show"}),
        http.post(path, data={json.dumps({"name": "package_show"}): ""}),
        http.get(path, params={"name": "package_show"}),
        http.get(
            path, params={"name": "package_show"}, headers={"Content-Type": "application/json"}
        ),
    ]

    texts = {answer.json()["result"] for answer in answers}
    assert len(texts) == 1
    assert "id" in texts.pop()


def test_a_body_in_pieces_is_taken(http: httpx.Client) -> None:
    pieces = iter([b'{"name": ', b'"status_show"}'])

    answer = http.post(
        "/api/action/help_show", content=pieces, headers={"Content-Type": "application/json"}
    )

    assert answer.json()["success"] is True


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/action/no_such_action", b"{}"),
        ("/api/action/package_show", b"{nonsense"),
        ("/api/action/package_show", b"[1, 2]"),
        ("/api/action/package_show", b'{"id": NaN}'),
        ("/api/action/package_show", b"\xff\xfe"),
        ("/api/action/package_show", b"[" * 100_000),
    ],
)
def test_what_cannot_be_read_is_a_bad_request_in_one_text(
    http: httpx.Client, path: str, body: bytes
) -> None:
    answer = http.post(path, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json().startswith("Bad request")


def test_errors_have_the_type_and_the_status_that_clients_know(
    anonymous: Client, sysadmin: Client
) -> None:
    calls: list[tuple[Client, str, dict[str, Any]]] = [
        (anonymous, "package_create", {"name": new_name()}),
        (anonymous, "package_show", {"id": "there-is-none"}),
        (sysadmin, "package_create", {"name": "Not A Name"}),
        (sysadmin, "package_create", {"name": new_name(), "resources": "text"}),
        (anonymous, "package_search", {"no_such_parameter": 1}),
        (anonymous, "package_search", {"q": "title:((("}),
        (anonymous, "package_search", {"fq": "{!lucene}a:b"}),
        (anonymous, "package_search", {"sort": "metadata_modified"}),
        (anonymous, "package_show", {}),
    ]

    found = []
    for client, action, parameters in calls:
        with pytest.raises(Refused) as refusal:
            client(action, **parameters)
        found.append((refusal.value.status, refusal.value.error["__type"]))

    assert found == [
        (403, "Authorization Error"),
        (404, "Not Found Error"),
        (409, "Validation Error"),
        (400, "Integrity Error"),
        (400, "Search Query Error"),
        (409, "Search Error"),
        (409, "Search Error"),
        (400, "Search Query Error"),
        (409, "Validation Error"),
    ]


def test_messages_begin_as_clients_expect(anonymous: Client) -> None:
    with pytest.raises(Refused) as denied:
        anonymous("package_create", name=new_name())
    with pytest.raises(Refused) as absent:
        anonymous("package_show", id="there-is-none")

    assert denied.value.error["message"].startswith("Access denied: ")
    assert absent.value.error["message"].startswith("Not found")


def test_a_token_that_does_not_count_is_nobody_who_may_read(anonymous: Client) -> None:
    forged = Client(anonymous.address, "not-a-token")

    assert forged("site_read") is True
    with pytest.raises(Refused) as refusal:
        forged("package_create", name=new_name())
    assert refusal.value.status == 403


def test_the_older_header_carries_a_token_too(http: httpx.Client, sysadmin: Client) -> None:
    headers = {"X-CKAN-API-Key": sysadmin.token or ""}

    made = http.post("/api/action/package_create", json={"name": new_name()}, headers=headers)

    assert made.status_code == 200, made.text


def test_a_get_changes_nothing(http: httpx.Client, sysadmin: Client, anonymous: Client) -> None:
    name = new_name()
    sysadmin("package_create", name=name)
    headers = {"Authorization": sysadmin.token or ""}

    for action in ("package_delete", "dataset_purge", "package_patch"):
        answer = http.get(
            f"/api/action/{action}", params={"id": name, "title": "changed"}, headers=headers
        )
        assert answer.status_code == 403
    made = http.get("/api/action/package_create", params={"name": new_name()}, headers=headers)

    assert made.status_code == 403
    assert anonymous("package_show", id=name)["title"] == name


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    "",
    "\0",
    "x" * 5000,
    [],
    {},
    [{}],
    [None],
    {"a": 1},
    10**30,
)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("package_create", ("id", "title", "tags", "extras", "groups", "resources", "owner_org")),
        ("package_create", ("private", "state", "version", "url", "type", "title_translated")),
        ("package_search", ("q", "fq", "fq_list", "rows", "start", "sort", "fl", "facet.field")),
        ("package_list", ("limit", "offset")),
        ("resource_search", ("query", "order_by", "limit")),
        ("package_show", ("id",)),
        ("package_revise", ("match", "filter", "update")),
    ],
)
def test_odd_values_are_refused_or_taken_but_never_our_failure(
    sysadmin: Client, action: str, fields: tuple[str, ...]
) -> None:
    statuses = {
        (field, index): sysadmin.post(
            action,
            json={"name": new_name(), field: value} if "create" in action else {field: value},
        ).status_code
        for field in fields
        for index, value in enumerate(ODD)
    }

    assert {place for place, status in statuses.items() if status >= 500} == set()


def named_parameters(action: str) -> list[str]:
    """The parameters that an action says it takes."""
    return sorted({"id", *re.findall(r"`([a-z_.]+)`", getdoc(ACTIONS[action].run) or "")})


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_answers_odd_values_in_each_of_its_parameters(
    sysadmin: Client, http: httpx.Client, action: str
) -> None:
    names = named_parameters(action)
    odd = ODD if IS_LONG else ("\0", [{}])

    answers = [sysadmin.post(action, json=dict.fromkeys(names, value)) for value in odd]
    answers += [sysadmin.post(action, json={name: "\0"}) for name in names]
    answers += [http.post(f"/api/action/{action}", data={"id": "no-such-thing"})]

    for answer in answers:
        assert answer.status_code < 500, answer.text
        body = answer.json()
        if not isinstance(body, str):
            assert body["success"] == (answer.status_code == 200)
            assert body["success"] or body["error"]["__type"]


@pytest.mark.parametrize("action", sorted(name for name, one in ACTIONS.items() if one.is_read))
def test_every_reading_action_answers_get_as_it_answers_post(
    http: httpx.Client, action: str
) -> None:
    asked, posted, in_a_form = (
        http.get(f"/api/3/action/{action}", params={"id": "no-such-thing"}),
        http.post(f"/api/3/action/{action}", json={"id": "no-such-thing"}),
        http.post(f"/api/3/action/{action}", data={"id": "no-such-thing"}),
    )

    assert asked.status_code == posted.status_code == in_a_form.status_code < 500
    assert asked.json().get("error") == posted.json().get("error") == in_a_form.json().get("error")


NAMED_BY_CKAN = frozenset(
    """
    status_show site_read help_show package_list current_package_list_with_resources package_show
    package_search package_create package_update package_patch package_revise package_delete
    dataset_purge package_owner_org_update package_autocomplete package_resource_reorder
    package_relationship_create package_relationship_update package_relationship_delete
    package_relationships_list package_collaborator_list package_collaborator_list_for_user
    package_collaborator_create package_collaborator_delete bulk_update_private bulk_update_public
    bulk_update_delete resource_show resource_create resource_update resource_patch resource_delete
    resource_search resource_view_list resource_view_show resource_view_create resource_view_update
    resource_view_reorder resource_view_delete resource_view_clear
    resource_create_default_resource_views package_create_default_resource_views
    organization_list organization_show organization_create organization_update organization_patch
    organization_delete organization_purge organization_list_for_user organization_autocomplete
    organization_member_create organization_member_delete group_list group_show group_create
    group_update group_patch group_delete group_purge group_autocomplete group_package_show
    group_list_authz group_member_create group_member_delete member_list member_create
    member_delete member_roles_list user_list user_show user_create user_update user_patch
    user_delete user_autocomplete user_invite api_token_create api_token_list api_token_revoke
    follow_user follow_dataset follow_group unfollow_user unfollow_dataset unfollow_group
    am_following_user am_following_dataset am_following_group user_follower_count
    user_follower_list dataset_follower_count dataset_follower_list group_follower_count
    group_follower_list organization_follower_count organization_follower_list followee_count
    followee_list user_followee_count user_followee_list dataset_followee_count
    dataset_followee_list group_followee_count group_followee_list organization_followee_count
    organization_followee_list tag_list tag_show tag_search tag_autocomplete tag_create tag_delete
    vocabulary_list vocabulary_show vocabulary_create vocabulary_update vocabulary_delete
    license_list format_autocomplete task_status_show task_status_update task_status_update_many
    task_status_delete term_translation_show term_translation_update term_translation_update_many
    config_option_list config_option_show config_option_update datastore_search
    datastore_search_sql datastore_create datastore_upsert datastore_delete
    datastore_records_delete datastore_info datastore_function_create datastore_function_delete
    datastore_run_triggers dcat_catalog_search dcat_dataset_show package_activity_list
    recently_changed_packages_activity_list
    """.split()  # noqa: SIM905 - a hundred names read better so
)
"""Actions of CKAN 2.12, its DataStore, and ckanext-dcat; not those of its own job queue."""


def test_every_action_that_clients_of_ckan_call_is_there(http: httpx.Client) -> None:
    assert NAMED_BY_CKAN - ACTIONS.keys() == set()
    for action in ("package_show", "bulk_update_private", "task_status_update"):
        told = http.get("/api/3/action/help_show", params={"name": action}).json()
        assert told["result"]


def test_a_package_without_any_field_is_told_its_name_is_missing(sysadmin: Client) -> None:
    for sent in ({}, {"name": ""}):
        with pytest.raises(Refused) as refusal:
            sysadmin("package_create", **sent)
        assert refusal.value.error["name"] == ["Missing value"]


def test_permission_options_with_unknown_names_are_refused() -> None:
    assert options_from('{"ckan.auth.create_unowned_dataset": "true"}').create_unowned_dataset
    for text in ('{"ckan.auth.create_unowned": true}', "[1]", "{", '{"ckan.auth.x": 1}'):
        with pytest.raises(ValueError, match=r"WEIR_CKAN_OPTIONS|Expecting"):
            options_from(text)

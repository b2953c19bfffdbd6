"""What every action has in common: how it may be asked, and how it answers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from portal.ckan_options import options_from
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


def test_permission_options_with_unknown_names_are_refused() -> None:
    assert options_from('{"ckan.auth.create_unowned_dataset": "true"}').create_unowned_dataset
    for text in ('{"ckan.auth.create_unowned": true}', "[1]", "{", '{"ckan.auth.x": 1}'):
        with pytest.raises(ValueError, match=r"WEIR_CKAN_OPTIONS|Expecting"):
            options_from(text)

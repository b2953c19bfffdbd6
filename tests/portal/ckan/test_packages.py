"""Datasets as packages: what is kept, what is refused, who sees what."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.installation import Installation
from tests.portal.ckan.client import Client, Refused, new_name


@pytest.fixture
def editor(served: Installation, organization: dict[str, Any]) -> Client:
    """Somebody who publishes for the department."""
    name = new_name("editor")
    served.command("user", "add", name, "--role", "publisher", "--org", organization["name"])
    return Client(served.address, served.token(name))


@pytest.fixture
def stranger(served: Installation) -> Client:
    """Somebody with an account and nothing else."""
    name = new_name("stranger")
    served.command("user", "add", name)
    return Client(served.address, served.token(name))


def test_a_new_package_has_every_key_of_its_resources(sysadmin: Client) -> None:
    made = sysadmin(
        "package_create",
        name=new_name(),
        resources=[{"url": "http://example.org/data.csv", "tint": {"of": [1, None]}}],
    )

    assert made["state"] == "active"
    assert made["title"] == made["name"]
    assert "." in made["metadata_created"]
    assert not made["metadata_created"].endswith("Z")
    resource = made["resources"][0]
    expected = {
        *("id", "package_id", "position", "name", "description", "url", "url_type", "format"),
        *("mimetype", "mimetype_inner", "size", "hash", "created", "last_modified", "state"),
        *("metadata_modified", "resource_type", "datastore_active", "cache_url"),
        *("cache_last_updated", "tint"),
    }
    assert expected == set(resource)
    assert resource["format"] == "CSV"
    assert resource["tint"] == {"of": [1, None]}


def test_everything_wrong_is_told_at_once_with_the_words_of_ckan(sysadmin: Client) -> None:
    with pytest.raises(Refused) as refusal:
        sysadmin(
            "package_create",
            title="without a name",
            author_email="nobody",
            version="v" * 101,
            private=True,
            tags=[{"name": "x"}, {"name": "fine"}, {"name": "bad!"}, {}],
            extras=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}],
            resources=[{"url": "fine"}, {"size": "big", "created": "yesterday", "id": "x"}],
        )

    error = refusal.value.error
    assert error["name"] == ["Missing value"]
    assert error["author_email"] == ["Email nobody is not a valid format"]
    assert error["version"] == ["Version must be a maximum of 100 characters long"]
    assert error["private"] == ["Datasets with no organization can't be private."]
    assert error["extras_validation"] == ['Duplicate key "a"']
    assert error["tags"][0] == {"name": ['Tag "x" length is less than minimum 2']}
    assert error["tags"][1] == {}
    assert error["tags"][2]["name"][0].startswith('Tag "bad!" can only contain alphanumeric')
    assert error["tags"][3] == {"name": ["Missing value"]}
    assert error["resources"][0] == {}
    assert error["resources"][1] == {
        "id": ["Invalid id provided"],
        "size": ["Invalid integer"],
        "created": ["Date format incorrect"],
    }


def test_names_and_ids_are_unique_and_only_a_sysadmin_chooses_ids(
    sysadmin: Client, stranger: Client
) -> None:
    made = sysadmin("package_create", name=new_name(), id=str(uuid.uuid4()))

    for client, parameters, error in (
        (sysadmin, {"name": made["name"]}, {"name": ["That URL is already in use."]}),
        (
            sysadmin,
            {"name": new_name(), "id": made["id"]},
            {"id": ["Dataset id already exists"]},
        ),
        (sysadmin, {"name": new_name(), "id": "seven"}, {"id": ["Invalid id provided"]}),
        (
            stranger,
            {"name": new_name(), "id": str(uuid.uuid4())},
            {"id": ["The input field id was not expected."]},
        ),
        (
            sysadmin,
            {"name": new_name(), "owner_org": "no-such"},
            {"owner_org": ["Organization does not exist"]},
        ),
    ):
        with pytest.raises(Refused) as refusal:
            client("package_create", **parameters)
        assert {
            key: value for key, value in refusal.value.error.items() if key != "__type"
        } == error


def test_an_update_that_changes_nothing_leaves_the_time_of_the_last_change(
    sysadmin: Client,
) -> None:
    made = sysadmin(
        "package_create",
        name=new_name(),
        title="停车场",
        tags=[{"name": "zebra"}, {"name": "ant"}],
        extras=[{"key": "frequency", "value": "monthly"}, {"key": "b", "value": ""}],
        resources=[{"url": "http://example.org/a"}, {"url": "http://example.org/b", "name": "b"}],
    )

    same = sysadmin("package_update", **made)
    changed = sysadmin("package_patch", id=made["id"], notes="new")

    assert same == made
    assert changed["metadata_modified"] > made["metadata_modified"]
    assert changed["resources"] == made["resources"]


def test_resources_are_kept_by_id_ordered_and_removed(sysadmin: Client) -> None:
    urls = [f"http://example.org/{number}" for number in range(4)]
    made = sysadmin("package_create", name=new_name(), resources=[{"url": url} for url in urls])
    first, second, third, fourth = made["resources"]

    sysadmin("package_resource_reorder", id=made["id"], order=[third["id"], first["id"]])
    shown = sysadmin("package_show", id=made["id"])
    assert [one["id"] for one in shown["resources"]] == [
        third["id"],
        first["id"],
        second["id"],
        fourth["id"],
    ]

    left = sysadmin(
        "package_update",
        **{**shown, "resources": [{**first, "name": "kept"}, {"url": "http://example.org/new"}]},
    )["resources"]
    assert left[0]["id"] == first["id"]
    assert left[0]["name"] == "kept"
    assert left[0]["created"] == first["created"]
    assert left[1]["id"] not in {one["id"] for one in made["resources"]}
    with pytest.raises(Refused) as refusal:
        sysadmin("resource_show", id=second["id"])
    assert refusal.value.status == 404


def test_what_an_update_leaves_out_goes_but_for_resources_and_groups(sysadmin: Client) -> None:
    group = sysadmin("group_create", name=new_name("group"))
    made = sysadmin(
        "package_create",
        name=new_name(),
        notes="gone",
        tags=[{"name": "gone"}],
        groups=[{"name": group["name"]}],
        resources=[{"url": "http://example.org/stays"}],
    )

    left = sysadmin("package_update", id=made["id"])

    assert (left["name"], left["title"]) == (made["name"], made["title"])
    assert (left["notes"], left["tags"]) == (None, [])
    assert left["resources"] == made["resources"]
    assert left["groups"] == made["groups"]
    emptied = sysadmin("package_update", id=made["id"], resources=[], groups=[])
    assert (emptied["resources"], emptied["groups"]) == ([], [])


def test_fields_of_the_directory_travel_as_extras(sysadmin: Client) -> None:
    extras = [
        {"key": "share_type", "value": "not_shared"},
        {"key": "share_basis", "value": "Statistics Act, article 9"},
        {"key": "open_type", "value": "not_open"},
        {"key": "open_basis", "value": "Names of persons"},
        {"key": "gov_code", "value": "307001/000001"},
        {"key": "frequency", "value": "daily"},
        {"key": "mine", "value": "1"},
    ]
    organization = sysadmin("organization_create", name=new_name("org"), title="统计局")

    made = sysadmin("package_create", name=new_name(), owner_org=organization["id"], extras=extras)
    patched = sysadmin("package_patch", id=made["id"], extras=[{"key": "mine", "value": "2"}])

    assert made["extras"] == extras
    assert made["private"] is True
    # What was decided about sharing is not loosened by leaving it out.
    assert {pair["key"]: pair["value"] for pair in patched["extras"]} == {
        "mine": "2",
        "share_type": "not_shared",
        "share_basis": "Statistics Act, article 9",
        "open_type": "not_open",
        "open_basis": "Names of persons",
    }
    with pytest.raises(Refused) as refusal:
        sysadmin(
            "package_create",
            name=new_name(),
            owner_org=organization["id"],
            extras=[{"key": "share_type", "value": "not_shared"}],
        )
    assert "share_basis" in refusal.value.error


def test_two_languages_live_behind_one_text(sysadmin: Client) -> None:
    made = sysadmin(
        "package_create",
        name=new_name(),
        title="停车场",
        title_translated={"zh": "停车场", "en": "Car parks"},
    )
    assert made["title"] == "停车场"

    english = sysadmin("package_patch", id=made["id"], title="Parking lots")
    assert english["title"] == "Parking lots"
    assert english["title_translated"] == {"zh": "停车场", "en": "Parking lots"}
    chinese = sysadmin("package_patch", id=made["id"], title="停车位")
    assert chinese["title"] == "停车位"
    assert chinese["title_translated"] == {"zh": "停车位", "en": "Parking lots"}


def test_a_deleted_dataset_is_refused_to_the_public_and_comes_back(
    sysadmin: Client, anonymous: Client
) -> None:
    made = sysadmin("package_create", name=new_name())

    sysadmin("package_delete", id=made["name"])

    with pytest.raises(Refused) as refusal:
        anonymous("package_show", id=made["id"])
    assert refusal.value.status == 403
    assert sysadmin("package_show", id=made["id"])["state"] == "deleted"
    assert made["name"] not in anonymous("package_list")
    assert sysadmin("package_patch", id=made["id"], state="active")["state"] == "active"
    assert anonymous("package_show", id=made["id"])["state"] == "active"


def test_a_deleted_dataset_lets_go_of_its_name(sysadmin: Client) -> None:
    old = sysadmin("package_create", name=new_name())
    sysadmin("package_delete", id=old["id"])

    new = sysadmin("package_create", name=old["name"])

    assert new["name"] == old["name"]
    assert sysadmin("package_show", id=old["id"])["name"] == old["id"]


def test_an_id_of_another_datasets_resource_is_refused(sysadmin: Client) -> None:
    one, two = (sysadmin("package_create", name=new_name()) for _ in range(2))
    resource = sysadmin("resource_create", package_id=one["id"], url="http://e.org/a.csv")
    assert (resource["mimetype"], resource["format"]) == ("text/csv", "CSV")

    for taken in (resource["id"], "../../nope.txt"):
        with pytest.raises(Refused) as refusal:
            sysadmin("resource_create", package_id=two["id"], id=taken, url="http://e.org/b")
        assert "id" in refusal.value.error


def test_a_file_comes_back_as_it_was_sent_whole_and_in_parts(
    sysadmin: Client, http: httpx.Client
) -> None:
    made = sysadmin("package_create", name=new_name())
    content = "站点,数量\n东门,3\n".encode()

    resource = sysadmin.upload(
        "resource_create", ("Stations 1.CSV", content), package_id=made["id"], size="3"
    )

    assert resource["url"].endswith(f"/resource/{resource['id']}/download/stations-1.csv")
    assert (resource["format"], resource["mimetype"]) == ("CSV", "text/csv")
    assert resource["size"] == len(content)
    path = httpx.URL(resource["url"]).path
    whole = http.get(path)
    assert whole.content == content
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert int(http.head(path).headers["Content-Length"]) == len(content)
    part = http.get(path, headers={"Range": "bytes=3-8"})
    assert (part.status_code, part.content) == (206, content[3:9])
    beyond = http.get(path, headers={"Range": "bytes=999-"})
    assert beyond.status_code == 416
    known = http.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert known.status_code == 304
    again = sysadmin.upload("resource_patch", ("other.txt", b"text"), id=resource["id"])
    assert (again["format"], again["size"]) == ("TXT", 4)
    assert http.get(httpx.URL(again["url"]).path).content == b"text"
    linked = sysadmin("resource_patch", id=resource["id"], url="http://example.org/else")
    assert linked["url"] == "http://example.org/else"
    assert linked["url_type"] is None
    assert http.get(path).status_code == 404


def test_a_private_dataset_shows_nowhere_to_others(
    sysadmin: Client, editor: Client, stranger: Client, organization: dict[str, Any]
) -> None:
    word = f"secret{uuid.uuid4().hex[:8]}"
    made = editor(
        "package_create",
        name=new_name(word),
        title=word,
        private=True,
        owner_org=organization["id"],
        tags=[{"name": word}],
        extras=[{"key": word, "value": word}],
        resources=[{"url": f"http://example.org/{word}", "format": word, "name": word}],
    )
    file = editor.upload("resource_create", ("hidden.csv", b"a\n1\n"), package_id=made["id"])

    everybody = {
        "include_private": True,
        "include_drafts": True,
        "include_deleted": True,
    }
    for client in (stranger, Client(sysadmin.address, None)):
        assert made["name"] not in client("package_list", **everybody)
        found = client(
            "package_search",
            q=word,
            **everybody,
            **{"facet.field": ["tags", "res_format", "organization", f"extras_{word}"]},
        )
        assert (found["count"], found["results"]) == (0, [])
        assert all(not counts for counts in found["facets"].values())
        assert client("package_autocomplete", q=word) == []
        assert client("format_autocomplete", q=word) == []
        assert client("resource_search", query=f"name:{word}")["count"] == 0
        for action, key in (
            ("package_show", made["id"]),
            ("resource_show", file["id"]),
            ("resource_view_list", file["id"]),
            ("package_relationships_list", made["id"]),
        ):
            with pytest.raises(Refused) as refusal:
                client(action, id=key)
            assert refusal.value.status == 403
        headers = {} if client.token is None else {"Authorization": client.token}
        assert httpx.get(file["url"], headers=headers).status_code == 403
    for client in (editor, sysadmin):
        assert client("package_search", q=word)["count"] == 0
        assert client("package_search", q=word, include_private=True)["count"] == 1
        assert made["name"] in client("package_list", include_private=True)
    assert httpx.get(file["url"], headers={"Authorization": editor.token or ""}).status_code == 200


def test_somebody_let_in_by_name_reads_and_changes_as_told(
    served: Installation,
    sysadmin: Client,
    stranger: Client,
    organization: dict[str, Any],
) -> None:
    made = sysadmin("package_create", name=new_name(), private=True, owner_org=organization["id"])
    other = new_name("guest")
    served.command("user", "add", other)
    guest = Client(served.address, served.token(other))

    sysadmin("package_collaborator_create", id=made["id"], user_id=other, capacity="member")
    assert guest("package_show", id=made["id"])["name"] == made["name"]
    assert guest("package_search", q=made["name"], include_private=True)["count"] == 1
    with pytest.raises(Refused):
        guest("package_patch", id=made["id"], title="mine")
    sysadmin("package_collaborator_create", id=made["id"], user_id=other, capacity="editor")
    assert guest("package_patch", id=made["id"], title="ours")["title"] == "ours"
    with pytest.raises(Refused):
        stranger("package_collaborator_list", id=made["id"])
    held = sysadmin("package_collaborator_list", id=made["id"])
    assert [one["capacity"] for one in held] == ["editor"]
    sysadmin("package_collaborator_delete", id=made["id"], user_id=other)
    with pytest.raises(Refused) as refusal:
        guest("package_show", id=made["id"])
    assert refusal.value.status == 403


def test_people_without_an_organisation_keep_their_own_and_nothing_else(
    stranger: Client, sysadmin: Client, organization: dict[str, Any], anonymous: Client
) -> None:
    own = stranger("package_create", name=new_name())
    foreign = sysadmin("package_create", name=new_name(), owner_org=organization["id"])

    assert anonymous("package_show", id=own["id"])["owner_org"] is None
    assert stranger("package_patch", id=own["id"], title="mine")["title"] == "mine"
    for action in ("package_patch", "package_delete", "dataset_purge"):
        with pytest.raises(Refused) as refusal:
            stranger(action, id=foreign["id"], title="mine")
        assert refusal.value.status == 403
    with pytest.raises(Refused) as refusal:
        stranger("package_create", name=new_name(), owner_org=organization["id"])
    assert refusal.value.status == 403
    stranger("package_delete", id=own["id"])


def test_a_revision_changes_parts_only_of_what_it_matches(sysadmin: Client) -> None:
    made = sysadmin(
        "package_create",
        name=new_name(),
        notes="old",
        resources=[{"url": "http://example.org/1"}, {"url": "http://example.org/2"}],
    )
    first = made["resources"][0]["id"]

    with pytest.raises(Refused) as refusal:
        sysadmin(
            "package_revise", match={"id": made["id"], "notes": "other"}, update={"title": "x"}
        )
    assert refusal.value.error["match"] == ["notes"]
    revised = sysadmin(
        "package_revise",
        match={"id": made["id"], "notes": "old"},
        update={"notes": "new"},
        **{
            f"update__resources__{first[:6]}__name": "named",
            "update__resources__extend": [{"url": "http://example.org/3"}],
        },
    )["package"]
    assert revised["notes"] == "new"
    assert [one["name"] for one in revised["resources"]] == ["named", None, None]
    cut = sysadmin(
        "package_revise",
        match__name=made["name"],
        filter=["+resources__0__id", "+resources__0__url", "-resources__*"],
        include=["+package__id", "-package__*"],
    )
    assert cut == {"package": {"id": made["id"]}}
    assert len(sysadmin("package_show", id=made["id"])["resources"]) == 1
    sent = sysadmin.post(
        "package_revise",
        data={"match__id": made["id"]},
        files={"update__resources__0__upload": ("one.txt", b"one")},
    )
    assert sent.json()["result"]["package"]["resources"][0]["url"].endswith("one.txt")


def test_links_between_datasets_are_seen_from_both_sides(
    sysadmin: Client, anonymous: Client
) -> None:
    one, two = (sysadmin("package_create", name=new_name()) for _ in range(2))

    sysadmin(
        "package_relationship_create",
        subject=one["name"],
        object=two["name"],
        type="parent_of",
        comment="a comment",
    )

    (seen,) = anonymous("package_relationships_list", id=one["id"])
    assert (seen["subject"], seen["type"], seen["object"]) == (
        one["name"],
        "parent_of",
        two["name"],
    )
    (back,) = anonymous("package_relationships_list", id=two["id"])
    assert back["type"] == "child_of"
    assert anonymous("package_show", id=two["id"])["relationships_as_subject"][0]["type"] == (
        "child_of"
    )
    sysadmin(
        "package_relationship_delete", subject=one["name"], object=two["name"], type="parent_of"
    )
    assert anonymous("package_relationships_list", id=one["id"]) == []


def test_views_are_kept_with_their_resource(sysadmin: Client, anonymous: Client) -> None:
    made = sysadmin("package_create", name=new_name(), resources=[{"url": "http://e.org/a.bin"}])
    resource = made["resources"][0]["id"]

    views = [
        sysadmin(
            "resource_view_create",
            resource_id=resource,
            view_type=kind,
            title=kind,
            image_url="http://e.org/x",
        )
        for kind in ("image_view", "text_view")
    ]

    ids = [view["id"] for view in views]
    assert [one["id"] for one in anonymous("resource_view_list", id=resource)] == ids
    sysadmin("resource_view_reorder", id=resource, order=ids[::-1])
    assert [one["id"] for one in anonymous("resource_view_list", id=resource)] == ids[::-1]
    assert anonymous("resource_view_show", id=ids[0])["image_url"] == "http://e.org/x"
    with pytest.raises(Refused) as refusal:
        anonymous("resource_view_delete", id=ids[0])
    assert refusal.value.status == 403
    sysadmin("resource_view_delete", id=ids[0])
    with pytest.raises(Refused) as refusal:
        anonymous("resource_view_show", id=ids[0])
    assert refusal.value.status == 404
    with pytest.raises(Refused) as refusal:
        sysadmin("resource_view_create", resource_id=resource, view_type="nonsense", title="x")
    assert refusal.value.error["view_type"] == ["No plugin found for view_type nonsense"]


def test_links_told_with_a_package_are_made_when_both_ends_are_there(
    sysadmin: Client, stranger: Client
) -> None:
    target = sysadmin("package_create", name=new_name())
    told = [{"object_package_id": target["id"], "type": "depends_on", "comment": "c"}]
    missing = [{"object": new_name(), "type": "links_to"}]

    made = sysadmin("package_create", name=new_name(), relationships_as_subject=[*told, *missing])
    again = sysadmin("package_update", **made)

    assert [one["comment"] for one in made["relationships_as_subject"]] == ["c"]
    assert again["relationships_as_subject"] == made["relationships_as_subject"]
    seen = sysadmin("package_relationships_list", id=target["id"])
    assert [one["type"] for one in seen] == ["dependency_of"]
    with pytest.raises(Refused) as refusal:
        stranger("package_create", name=new_name(), relationships_as_subject=told)
    assert refusal.value.status == 403
    wrong = [{"object": target["id"], "type": "nonsense"}]
    with pytest.raises(Refused) as refusal:
        sysadmin("package_create", name=new_name(), relationships_as_subject=wrong)
    assert refusal.value.status == 409


def test_an_image_gets_a_view_by_itself_and_only_once(sysadmin: Client, stranger: Client) -> None:
    package = sysadmin(
        "package_create",
        name=new_name(),
        resources=[
            {"url": "https://example.org/a.png", "format": "PNG"},
            {"url": "https://example.org/a.csv", "format": "CSV"},
        ],
    )

    image, table = (
        [view["view_type"] for view in sysadmin("resource_view_list", id=one["id"])]
        for one in package["resources"]
    )

    assert (image, table) == (["image_view"], [])
    assert sysadmin("package_create_default_resource_views", package=package) == []
    sysadmin("resource_view_clear")
    made = sysadmin("resource_create_default_resource_views", resource=package["resources"][0])
    assert [view["view_type"] for view in made] == ["image_view"]
    with pytest.raises(Refused) as refusal:
        stranger("package_create_default_resource_views", package=package)
    assert refusal.value.status == 403


def test_data_of_plug_ins_is_kept_for_sysadmins_alone(
    sysadmin: Client, editor: Client, organization: dict[str, Any]
) -> None:
    told = {"plug-in": {"key": "值"}}
    made = sysadmin(
        "package_create", name=new_name(), owner_org=organization["id"], plugin_data=told
    )
    changed = editor("package_patch", id=made["id"], notes="n", plugin_data={"plug-in": {}})

    assert made["plugin_data"] == told
    assert "plugin_data" not in changed
    assert "plugin_data" not in sysadmin("package_show", id=made["id"])
    assert "plugin_data" not in editor("package_show", id=made["id"], include_plugin_data=True)
    shown = sysadmin("package_show", id=made["id"], include_plugin_data=True)
    assert shown["plugin_data"] == told


def test_only_a_sysadmin_tells_when_a_package_changed_and_nobody_changes_its_type(
    sysadmin: Client, editor: Client, organization: dict[str, Any]
) -> None:
    at = "2020-02-25T12:00:00"
    made = sysadmin(
        "package_create",
        name=new_name(),
        owner_org=organization["id"],
        type="map",
        metadata_modified=at,
    )

    again = editor("package_update", **{**made, "metadata_modified": "2021-01-01", "type": "other"})
    patched = sysadmin("package_patch", id=made["id"], notes="n")

    assert made["metadata_modified"] == f"{at}.000000"
    assert again["metadata_modified"] == made["metadata_modified"]
    assert (made["type"], again["type"]) == ("map", "map")
    assert patched["metadata_modified"] > made["metadata_modified"]
    with pytest.raises(Refused) as refusal:
        sysadmin("package_update", **{**made, "metadata_modified": "nonsense"})
    assert refusal.value.error["metadata_modified"] == ["Date format incorrect"]


def test_a_purged_dataset_is_gone_at_once_from_every_face(
    sysadmin: Client, anonymous: Client, organization: dict[str, Any], http: httpx.Client
) -> None:
    group = sysadmin("group_create", name=new_name("topic"))
    made = sysadmin(
        "package_create",
        name=new_name(),
        title="Soon gone",
        owner_org=organization["id"],
        groups=[{"name": group["name"]}],
        tags=[{"name": new_name("tag")}],
    )
    held = sysadmin.upload(
        "resource_create", ("gone.txt", b"bytes"), package_id=made["id"], name="file"
    )
    path = held["url"].split("/", 3)[3]
    tag = made["tags"][0]["name"]
    assert http.get(f"/{path}").content == b"bytes"
    assert made["id"] in http.get("/data.json").text

    sysadmin("dataset_purge", id=made["id"])

    assert anonymous("package_search", q=f"name:{made['name']}")["count"] == 0
    assert anonymous("package_autocomplete", q=made["name"]) == []
    assert made["name"] not in anonymous("package_list")
    assert tag not in anonymous("tag_list")
    assert anonymous("group_package_show", id=group["name"]) == []
    with pytest.raises(Refused) as refusal:
        sysadmin("package_show", id=made["id"])
    assert refusal.value.status == 404
    for address in (f"/{path}", f"/dataset/{made['name']}", f"/dataset/{made['id']}.ttl"):
        assert http.get(address).status_code in (404, 410), address
    for feed in ("/data.json", "/catalog.nt"):
        assert made["id"] not in http.get(feed).text
    gone = http.get(
        "/oai",
        params={"verb": "GetRecord", "metadataPrefix": "oai_dc"}
        | {"identifier": f"oai:{http.base_url.host}:{made['id']}"},
    )
    assert "Soon gone" not in gone.text
    assert sysadmin("package_create", name=made["name"])["id"] != made["id"]


def test_a_search_for_fields_answers_those_and_no_more(
    sysadmin: Client, anonymous: Client, organization: dict[str, Any]
) -> None:
    made = sysadmin(
        "package_create",
        name=new_name(),
        owner_org=organization["id"],
        tags=[{"name": "b tag"}, {"name": "a tag"}],
        extras=[{"key": "code", "value": "7"}],
        resources=[{"url": "https://example.org/a.csv", "format": "CSV"}],
    )
    fields = "id,name,organization,tags,res_format,res_url,extras_code,nonsense,url"

    found = anonymous("package_search", q=f"name:{made['name']}", fl=fields)["results"]

    assert found == [
        {
            "id": made["id"],
            "name": made["name"],
            "organization": organization["name"],
            "tags": ["a tag", "b tag"],
            "res_format": ["CSV"],
            "res_url": ["https://example.org/a.csv"],
            "extras_code": "7",
        }
    ]

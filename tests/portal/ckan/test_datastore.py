"""Tables of the DataStore on a served installation, asked by the real client and by plain HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any

import ckanapi
import httpx
import pytest

from tests.installation import Installation
from tests.portal.ckan.client import Client, Refused, new_name

BOOKS = [
    {
        "bük": "annakarenina",
        "author": "tolstoy",
        "published": "2005-03-01",
        "nested": ["b", {"moo": "moo"}],
        "characters": ["Princess Anna", "Sergius"],
        "rating with %": "60%",
    },
    {
        "bük": "warandpeace",
        "author": "tolstoy",
        "nested": {"a": "b"},
        "rating with %": "99%",
    },
]
FIELDS = [
    {"id": "bük", "type": "text"},
    {"id": "author", "type": "text"},
    {"id": "published"},
    {"id": "characters", "type": "_text"},
    {"id": "rating with %"},
]
FOUND = [
    {
        "_id": 1,
        "bük": "annakarenina",
        "author": "tolstoy",
        "published": "2005-03-01T00:00:00.000",
        "characters": ["Princess Anna", "Sergius"],
        "rating with %": "60%",
        "nested": ["b", {"moo": "moo"}],
    },
    {
        "_id": 2,
        "bük": "warandpeace",
        "author": "tolstoy",
        "published": None,
        "characters": None,
        "rating with %": "99%",
        "nested": {"a": "b"},
    },
]


@pytest.fixture
def remote(served: Installation, sysadmin_token: str) -> Any:
    """The client that everybody uses."""
    return ckanapi.RemoteCKAN(served.address, apikey=sysadmin_token)


def dataset(sysadmin: Client, organization: dict[str, Any], **more: Any) -> str:
    made = sysadmin(
        "package_create", name=new_name(), title="表 Table", owner_org=organization["id"], **more
    )
    return str(made["id"])


def table(
    sysadmin: Client, organization: dict[str, Any], private: bool = False, **given: Any
) -> str:
    package_id = dataset(sysadmin, organization, private=private)
    made = sysadmin("datastore_create", resource={"package_id": package_id}, **given)
    return str(made["resource_id"])


@pytest.fixture
def books(sysadmin: Client, organization: dict[str, Any]) -> str:
    return table(sysadmin, organization, fields=FIELDS, records=BOOKS, primary_key="bük")


def test_what_was_created_is_read_at_once_by_everybody_with_its_types(
    books: str, sysadmin: Client, anonymous: Client
) -> None:
    for reader in (sysadmin, anonymous):
        found = reader("datastore_search", resource_id=books)

        assert found["records"] == FOUND
        assert (found["total"], found["total_was_estimated"]) == (2, False)
        assert found["fields"] == [
            {"id": "_id", "type": "int"},
            {"id": "bük", "type": "text"},
            {"id": "author", "type": "text"},
            {"id": "published", "type": "timestamp"},
            {"id": "characters", "type": "_text"},
            {"id": "rating with %", "type": "text"},
            {"id": "nested", "type": "json"},
        ]
    assert sysadmin("resource_show", id=books)["datastore_active"] is True
    assert sysadmin("resource_show", id=books)["url_type"] == "datastore"


def test_the_real_client_reads_a_schema_with_limit_0_and_feeds_rows(
    remote: Any, sysadmin: Client, organization: dict[str, Any]
) -> None:
    resource_id = table(
        sysadmin,
        organization,
        fields=[{"id": "k", "type": "int"}, {"id": "v", "type": "text"}],
        primary_key=["k"],
    )

    remote.action.datastore_upsert(
        resource_id=resource_id, records=[{"k": 1, "v": "一"}, {"k": 2, "v": "二"}]
    )
    remote.action.datastore_upsert(resource_id=resource_id, records=[{"k": 2, "v": "两"}])

    schema = remote.action.datastore_search(resource_id=resource_id, limit=0)
    assert [one["id"] for one in schema["fields"]] == ["_id", "k", "v"]
    assert schema["records"] == []
    found = remote.action.datastore_search(resource_id=resource_id, sort="k desc")
    assert found["records"] == [{"_id": 2, "k": 2, "v": "两"}, {"_id": 1, "k": 1, "v": "一"}]
    with pytest.raises(ckanapi.ValidationError) as refused:
        remote.action.datastore_upsert(resource_id=resource_id, records=[{"k": "x"}])
    assert refused.value.error_dict["records"] == ['invalid input syntax for type integer: "x"']


def test_filters_take_values_lists_ranges_and_groups(
    sysadmin: Client, organization: dict[str, Any], anonymous: Client
) -> None:
    resource_id = table(
        sysadmin, organization, records=[{"n": n, "t": f"t{n % 3}"} for n in range(10)]
    )

    def ids(filters: Any) -> list[int]:
        found = anonymous("datastore_search", resource_id=resource_id, filters=filters)
        assert found["total"] == len(found["records"])
        return [row["n"] for row in found["records"]]

    assert ids({"n": 3}) == [3]
    assert ids({"n": "3"}) == [3]
    assert ids({"n": [1, 2, 99]}) == [1, 2]
    assert ids({"n": {"gt": 6, "lte": 8}}) == [7, 8]
    assert ids({"n": [0, {"gte": 9}]}) == [0, 9]
    assert ids({"t": "t0", "n": {"lt": 5}}) == [0, 3]
    assert ids([{"n": 1}, {"t": "t2", "n": {"lt": 3}}]) == [1, 2]
    assert ids({"$or": [{"n": 4}, {"$and": [{"n": {"gt": 7}}, {"t": "t2"}]}]}) == [4, 8]
    assert ids({"n": []}) == []
    wrong: Any
    for wrong in ("text", {"other": 1}, {"n": {"like": 1}}, {"$not": []}, {"n": "abc"}):
        with pytest.raises(Refused) as refused:
            ids(wrong)
        assert refused.value.status == 409
        assert "filters" in refused.value.error


def test_words_are_found_with_a_rank_in_all_columns_or_in_one(
    books: str, anonymous: Client
) -> None:
    def found(**asked: Any) -> Any:
        return anonymous("datastore_search", resource_id=books, **asked)

    assert [row["_id"] for row in found(q="annakarenina")["records"]] == [1]
    both = found(q="tolstoy")
    assert [row["_id"] for row in both["records"]] == [1, 2]
    assert all(0 < row["rank"] < 1 for row in both["records"])
    assert [row["_id"] for row in found(q={"bük": "warandpeace"})["records"]] == [2]
    assert "rank bük" in found(q='{"bük": "warandpeace"}')["records"][0]
    assert found(q="tolstoy & !warandpeace", plain=False)["total"] == 1
    assert found(q="war:*", plain=False)["total"] == 1
    assert found(q="nothing")["total"] == 0
    with pytest.raises(Refused):
        found(q="(tolstoy", plain=False)
    with pytest.raises(Refused):
        found(q={"nowhere": "tolstoy"})


def test_rows_come_in_four_forms_in_order_in_part_and_once(
    sysadmin: Client, organization: dict[str, Any], anonymous: Client
) -> None:
    resource_id = table(
        sysadmin,
        organization,
        fields=[{"id": "a", "type": "text"}, {"id": "b", "type": "float8"}],
        records=[{"a": "x,y", "b": 1.5}, {"a": "", "b": None}, {"a": "x,y", "b": 2}],
    )

    def found(**asked: Any) -> Any:
        return anonymous("datastore_search", resource_id=resource_id, **asked)

    assert found(records_format="lists")["records"] == [
        [1, "x,y", 1.5],
        [2, "", None],
        [3, "x,y", 2],
    ]
    assert found(records_format="csv")["records"] == '1,"x,y",1.5\n2,"",\n3,"x,y",2\n'
    assert found(records_format="tsv", fields="a, b")["records"] == 'x,y\t1.5\n""\t\nx,y\t2\n'
    assert [row["b"] for row in found(sort="b desc")["records"]] == [None, 2, 1.5]
    assert [row["b"] for row in found(sort='"b" desc nulls last')["records"]] == [2, 1.5, None]
    assert found(distinct=True, fields=["a"])["total"] == 2
    assert [row["_id"] for row in found(limit=1, offset=1)["records"]] == [2]
    page = found(limit=2, include_next_page=True, fields="a")
    assert page["next_page"] == {"_id": {"gt": 2}}
    assert page["records"] == [{"a": "x,y"}, {"a": ""}]
    assert "total" not in found(include_total=False)
    assert found(limit=99_999)["limit"] == 32_000
    assert "offset=2" in found(limit=2)["_links"]["next"]
    wrong: dict[str, Any]
    for wrong in ({"sort": "zz"}, {"fields": "zz"}, {"limit": -1}, {"offset": "bad"}):
        with pytest.raises(Refused) as refused:
            found(**wrong)
        assert next(iter(wrong)) in refused.value.error


def test_upsert_update_and_insert_each_keep_their_word(
    sysadmin: Client, organization: dict[str, Any]
) -> None:
    resource_id = table(
        sysadmin,
        organization,
        fields=[{"id": "k", "type": "text"}, {"id": "n", "type": "numeric"}],
        primary_key="k",
        records=[{"k": "a", "n": 1}],
    )

    def feed(method: str, records: list[dict[str, Any]], **more: Any) -> Any:
        return sysadmin(
            "datastore_upsert", resource_id=resource_id, method=method, records=records, **more
        )

    for method, records, word in (
        ("insert", [{"k": "a"}], "constraints"),
        ("update", [{"k": "zz", "n": 1}], "key"),
        ("upsert", [{"n": 1}], "key"),
        ("upsert", [{"k": "a", "x": 1}], "fields"),
        ("insert", [{"k": "b", "n": "many"}], "records"),
        ("merge", [{"k": "a"}], "method"),
    ):
        with pytest.raises(Refused) as refused:
            feed(method, records)
        assert word in refused.value.error, method
    shown = feed("upsert", [{"k": "a", "n": "2.50"}], dry_run=True, include_records=True)
    assert shown["records"] == [{"_id": 1, "k": "a", "n": 2.5}]
    assert feed("upsert", [{"_id": 1, "n": 9}], include_records=True)["records"][0]["n"] == 9
    rows = sysadmin("datastore_search", resource_id=resource_id)["records"]
    assert rows == [{"_id": 1, "k": "a", "n": 9}]


def test_rows_go_by_filters_and_the_table_without(
    sysadmin: Client, organization: dict[str, Any], anonymous: Client
) -> None:
    resource_id = table(sysadmin, organization, records=[{"n": n} for n in range(5)])

    gone = sysadmin(
        "datastore_records_delete",
        resource_id=resource_id,
        filters={"n": {"gte": 3}},
        include_deleted_records=True,
    )
    assert [row["n"] for row in gone["deleted_records"]] == [3, 4]
    sysadmin("datastore_delete", resource_id=resource_id, filters={"n": 0})
    assert anonymous("datastore_search", resource_id=resource_id)["total"] == 2
    sysadmin("datastore_records_delete", resource_id=resource_id, filters={})
    assert anonymous("datastore_search", resource_id=resource_id)["total"] == 0
    sysadmin("datastore_delete", resource_id=resource_id)

    with pytest.raises(Refused) as refused:
        anonymous("datastore_search", resource_id=resource_id)
    assert refused.value.status == 404
    assert sysadmin("resource_show", id=resource_id)["datastore_active"] is False
    sysadmin("datastore_create", resource_id=resource_id, records=[{"other": "x"}])
    assert anonymous("datastore_search", resource_id=resource_id)["records"] == [
        {"_id": 1, "other": "x"}
    ]


def test_columns_come_and_go_and_are_described(
    books: str, sysadmin: Client, organization: dict[str, Any]
) -> None:
    alias = new_name("alias").replace("-", "_")
    resource_id = table(
        sysadmin, organization, aliases=alias, records=[{"from": "Brazil", "num": 2}]
    )
    sysadmin(
        "datastore_create",
        resource_id=resource_id,
        fields=[
            {"id": "from", "type": "text", "info": {"label": "Where from"}},
            {"id": "day", "type": "date"},
        ],
        delete_fields=True,
    )

    info = sysadmin("datastore_info", id=alias)

    assert info["meta"]["id"] == resource_id
    assert (info["meta"]["count"], info["meta"]["aliases"]) == (1, [alias])
    assert [(one["id"], one["type"]) for one in info["fields"]] == [
        ("from", "text"),
        ("day", "date"),
    ]
    assert info["fields"][0]["info"] == {"label": "Where from"}
    assert info["fields"][0]["schema"]["native_type"] == "text"
    with pytest.raises(Refused) as taken:
        sysadmin("datastore_create", resource_id=books, aliases=[alias])
    assert "alias" in taken.value.error
    names = {
        row["name"]
        for row in sysadmin("datastore_search", resource_id="_table_metadata", limit=32_000)[
            "records"
        ]
    }
    assert {alias, resource_id, books} <= names


def test_sql_in_the_dialect_of_postgresql_reads_tables_by_their_ids(
    books: str, anonymous: Client
) -> None:
    def ask(sql: str) -> Any:
        return anonymous("datastore_search_sql", sql=sql)

    found = ask(f'SELECT _id, author FROM "{books}" WHERE "bük" ILIKE \'ANNA%\'')
    assert found["records"] == [{"_id": 1, "author": "tolstoy"}]
    assert [one["id"] for one in found["fields"]] == ["_id", "author"]
    assert "records_truncated" not in found
    counted = ask(
        f'SELECT a.author, count(*)::int AS n FROM "{books}" a JOIN "{books}" b '
        "ON a.author = b.author GROUP BY a.author"
    )
    assert counted["records"] == [{"author": "tolstoy", "n": 4}]
    for sql, status in (
        ("SELECT * FROM pg_tables", 403),
        ("SELECT * FROM information_schema.tables", 403),
        (f'SELECT * FROM other."{books}"', 403),
        (f'SELECT * FROM "{books}"; SELECT 1', 409),
        (f'DELETE FROM "{books}"', 409),
        ("SELECT ** FROM", 409),
        ('SELECT * FROM "00000000-0000-4000-8000-000000000000"', 404),
        (f"SELECT read_text('/etc/passwd') FROM \"{books}\"", 403),
    ):
        with pytest.raises(Refused) as refused:
            ask(sql)
        assert refused.value.status == status, sql


def test_a_table_is_dumped_in_four_forms_from_one_moment(books: str, http: httpx.Client) -> None:
    def dump(**asked: str) -> httpx.Response:
        return http.get(f"/datastore/dump/{books}", params=asked)

    plain = dump()
    rows = list(csv.reader(io.StringIO(plain.text)))
    assert rows[0] == [
        "_id",
        "bük",
        "author",
        "published",
        "characters",
        "rating with %",
        "nested",
    ]
    assert rows[1][:4] == ["1", "annakarenina", "tolstoy", "2005-03-01T00:00:00.000"]
    assert '"[""Princess Anna"",""Sergius""]"' in plain.text
    assert plain.headers["content-disposition"] == f'attachment; filename="{books}.csv"'
    assert dump(q="warandpeace", fields="nested,author").text == (
        'nested,author\r\n"{""a"": ""b""}",tolstoy\n'
    )
    assert dump(format="tsv", limit="1", fields="bük").text == "bük\r\nannakarenina\n"
    assert dump(bom="true").content.startswith(b"\xef\xbb\xbf")
    assert dump(format="json", fields="author,published", limit="1").json() == {
        "fields": [
            {"id": "author", "type": "text"},
            {"id": "published", "type": "timestamp"},
        ],
        "records": [["tolstoy", "2005-03-01T00:00:00.000"]],
    }
    assert '<row _id="1"><bük>annakarenina</bük>' in dump(format="xml", limit="1").text
    assert '<characters xsi:nil="true" />' in dump(format="xml", sort="_id desc").text
    assert dump(filters='{"_id": {"gt": 1}}', fields="_id").text == "_id\r\n2\n"
    assert dump(format="pdf").status_code == 400
    assert http.get("/datastore/dump/nowhere").status_code == 404


def test_what_is_private_is_neither_found_nor_fed_by_others(
    sysadmin: Client, organization: dict[str, Any], anonymous: Client, http: httpx.Client
) -> None:
    secret = table(sysadmin, organization, private=True, records=[{"n": 1}])

    assert sysadmin("datastore_search", resource_id=secret)["total"] == 1
    for act, given in (
        ("datastore_search", {"resource_id": secret}),
        ("datastore_info", {"id": secret}),
        ("datastore_search_sql", {"sql": f'SELECT * FROM "{secret}"'}),
        ("datastore_upsert", {"resource_id": secret, "records": [{"n": 2}]}),
        ("datastore_create", {"resource_id": secret, "records": [{"n": 2}]}),
        ("datastore_delete", {"resource_id": secret}),
        ("datastore_records_delete", {"resource_id": secret, "filters": {}}),
    ):
        with pytest.raises(Refused) as refused:
            anonymous(act, **given)
        assert (refused.value.status, refused.value.error["__type"]) == (
            403,
            "Authorization Error",
        ), act
    assert http.get(f"/datastore/dump/{secret}").status_code == 404
    assert sysadmin("datastore_search", resource_id=secret)["total"] == 1


def test_who_only_reads_may_not_feed(books: str, anonymous: Client, sysadmin: Client) -> None:
    with pytest.raises(Refused) as refused:
        anonymous("datastore_upsert", resource_id=books, records=[{"bük": "new"}])
    assert refused.value.error["message"] == (
        f"Access denied: User {''} not authorized to perform resource_update on resource {books}"
    )
    with pytest.raises(Refused):
        sysadmin("datastore_function_create", name="f", rettype="trigger", definition="")
    with pytest.raises(Refused):
        sysadmin("datastore_run_triggers", resource_id=books)


def test_a_resource_of_a_link_is_written_to_only_by_force(
    sysadmin: Client, organization: dict[str, Any]
) -> None:
    package_id = dataset(sysadmin, organization)
    resource = sysadmin(
        "resource_create", package_id=package_id, url="http://example.org/a.csv", name="a"
    )

    with pytest.raises(Refused) as refused:
        sysadmin("datastore_create", resource_id=resource["id"], records=[{"a": 1}])
    assert "read-only" in refused.value.error
    sysadmin("datastore_create", resource_id=resource["id"], force=True, records=[{"a": 1}])

    assert sysadmin("datastore_search", resource_id=resource["id"])["total"] == 1


@pytest.mark.parametrize(
    "given",
    [
        {"fields": [{"id": "_bad"}]},
        {"fields": [{"id": 'qu"ote', "type": "text"}]},
        {"fields": [{"id": "a", "type": "nonsense"}]},
        {"fields": [{"id": "a", "type": "int"}, {"id": "a", "type": "text"}]},
        {"fields": [{"id": "a"}]},
        {"fields": "a"},
        {"records": "a"},
        {"records": [1]},
        {"records": [{"a": 1}, {"b": 2}]},
        {"records": [{"a": 1}, {"a": "\x00"}], "fields": [{"id": "a", "type": "text"}]},
        {"fields": [{"id": "a", "type": "int"}], "primary_key": "b"},
        {"fields": [{"id": "a", "type": "int"}], "aliases": "100%"},
        {"resource_id": "00000000-0000-4000-8000-000000000000"},
        {"triggers": [{"function": "f"}], "records": [{"a": 1}]},
    ],
)
def test_what_cannot_be_a_table_is_refused_and_nothing_is_left(
    given: dict[str, Any], sysadmin: Client, organization: dict[str, Any]
) -> None:
    resource_id = table(sysadmin, organization, fields=[])
    sysadmin("datastore_delete", resource_id=resource_id)

    with pytest.raises(Refused) as refused:
        sysadmin("datastore_create", **{"resource_id": resource_id, **given})

    assert refused.value.status in (400, 404, 409)
    with pytest.raises(Refused):
        sysadmin("datastore_search", resource_id=resource_id)


def test_a_purged_table_leaves_neither_rows_nor_names(
    sysadmin: Client, organization: dict[str, Any]
) -> None:
    alias = new_name("alias").replace("-", "_")
    for is_read_before in (False, True):
        package_id = dataset(sysadmin, organization, private=True)
        resource_id = sysadmin(
            "datastore_create",
            resource={"package_id": package_id},
            aliases=alias,
            records=[{"n": 2**40}],
        )["resource_id"]
        if is_read_before:
            # A receipt names the version from now on.
            assert sysadmin("datastore_search", resource_id=alias)["total"] == 1

        sysadmin("dataset_purge", id=package_id)

        for name in (alias, resource_id):
            with pytest.raises(Refused) as refused:
                sysadmin("datastore_search", resource_id=name)
            assert refused.value.status == 404
    assert table(sysadmin, organization, aliases=[alias], records=[{"n": 1}])


def test_an_address_alone_asks_as_well_and_whole_numbers_stay_numbers(
    books: str, http: httpx.Client
) -> None:
    found = http.get(
        "/api/action/datastore_search",
        params={"resource_id": books, "filters": '{"author": "tolstoy"}', "limit": "1"},
    ).json()["result"]
    counted = http.get(
        "/api/3/action/datastore_search_sql",
        params={"sql": f'SELECT count(*) AS n, sum(_id) AS s, max(_id) AS m FROM "{books}"'},
    ).json()["result"]

    assert (found["total"], len(found["records"])) == (2, 1)
    assert counted["records"] == [{"n": 2, "s": 3, "m": 2}]

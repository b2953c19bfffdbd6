"""Tables that came by upload, the check of fed ones, and what leaves a receipt."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.installation import Installation
from tests.portal.ckan.client import Client, Refused, new_name

WAIT_S = 120


def until(holds: Callable[[], Any]) -> Any:
    """What `holds` gives as soon as it is true; the work is done in the background."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            found = holds()
            if found:
                return found
        except Refused:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.25)


def test_an_uploaded_file_is_a_table_too_and_is_written_to_only_by_force(
    sysadmin: Client, anonymous: Client, organization: dict[str, Any], http: httpx.Client
) -> None:
    package = sysadmin("package_create", name=new_name(), title="T", owner_org=organization["id"])
    resource = sysadmin.upload(
        "resource_create",
        ("stops.csv", "编号,名称\n1,人民广场\n2,外滩\n".encode()),
        package_id=package["id"],
        name="stops",
    )["id"]

    found = until(lambda: anonymous("datastore_search", resource_id=resource))

    assert found["records"] == [
        {"_id": 1, "编号": 1, "名称": "人民广场"},
        {"_id": 2, "编号": 2, "名称": "外滩"},
    ]
    assert anonymous("resource_show", id=resource)["datastore_active"] is True
    one = anonymous("datastore_search", resource_id=resource, filters={"_id": 2}, q="外")
    assert [row["名称"] for row in one["records"]] == ["外滩"]
    sql = anonymous("datastore_search_sql", sql=f'SELECT _id, "名称" FROM "{resource}" ORDER BY 1')
    assert sql["records"][1] == {"_id": 2, "名称": "外滩"}
    assert http.get(f"/datastore/dump/{resource}").text == (
        "_id,编号,名称\r\n1,1,人民广场\n2,2,外滩\n"
    )
    with pytest.raises(Refused) as refused:
        sysadmin("datastore_upsert", resource_id=resource, records=[], method="insert")
    assert "read-only" in refused.value.error
    row = {"编号": 3, "名称": "豫园"}
    sysadmin("datastore_upsert", resource_id=resource, records=[row], method="insert", force=True)
    assert sysadmin("datastore_search", resource_id=resource)["records"][2] == {"_id": 3, **row}


def test_a_fed_table_is_settled_checked_and_then_published_to_everybody(
    sysadmin: Client, anonymous: Client, organization: dict[str, Any]
) -> None:
    package = sysadmin("package_create", name=new_name(), title="T", owner_org=organization["id"])
    table = sysadmin(
        "datastore_create",
        resource={"package_id": package["id"]},
        records=[{"n": n, "t": "x"} for n in range(20)],
    )["resource_id"]
    assert anonymous("datastore_info", id=table)["not_yet_checked"] is True

    until(lambda: "not_yet_checked" not in anonymous("datastore_info", id=table))

    assert anonymous("datastore_search", resource_id=table)["total"] == 20
    sysadmin("datastore_upsert", resource_id=table, method="insert", records=[{"n": 99}])
    assert sysadmin("datastore_search", resource_id=table)["total"] == 21
    assert until(lambda: anonymous("datastore_search", resource_id=table)["total"] == 21)


def test_what_is_not_open_leaves_a_receipt_and_what_is_open_does_not(
    sysadmin: Client, organization: dict[str, Any], http: httpx.Client
) -> None:
    def receipt(*, private: bool) -> str | None:
        package = sysadmin(
            "package_create",
            name=new_name(),
            title="T",
            owner_org=organization["id"],
            private=private,
        )
        table = sysadmin(
            "datastore_create", resource={"package_id": package["id"]}, records=[{"n": 1}]
        )["resource_id"]
        assert sysadmin.token is not None
        answer = http.get(
            f"/datastore/dump/{table}", headers={"Authorization": sysadmin.token} if private else {}
        )
        assert answer.text == "_id,n\r\n1,1\n"
        told = answer.headers.get("Weir-Receipt")
        return None if told is None else str(told)

    assert receipt(private=True) is not None
    assert receipt(private=False) is None


def test_a_batch_that_breaks_a_rule_is_read_by_its_department_alone_until_it_is_mended(
    sysadmin: Client, organization: dict[str, Any], anonymous: Client, served: Installation
) -> None:
    package = sysadmin(
        "package_create", name=new_name(), title="表 Table", owner_org=organization["id"]
    )
    made = sysadmin(
        "datastore_create",
        resource={"package_id": package["id"]},
        fields=[{"id": "k", "type": "int4"}, {"id": "n", "type": "int4"}],
        primary_key="k",
    )
    resource_id = made["resource_id"]
    rule = {"expect": {"kind": "between", "at_least": 0}, "columns": ["n"], "gate": "quarantine"}
    with served.client("admin") as own:
        asked = own.post(f"/api/v1/datasets/{package['name']}/rules", json=rule)
    assert asked.status_code == 201, asked.text

    def keys_read_by(reader: Client) -> list[int]:
        return [row["k"] for row in reader("datastore_search", resource_id=resource_id)["records"]]

    def feed(*records: dict[str, int], **more: Any) -> Any:
        return sysadmin(
            "datastore_upsert", resource_id=resource_id, records=list(records), **more
        ).get("held_back")

    assert feed({"k": 1, "n": 1}) is None
    tried = feed({"k": 2, "n": -1}, dry_run=True)
    held = feed({"k": 2, "n": -1}, {"k": 3, "n": 0})
    after = feed({"k": 4, "n": 4})

    assert tried == held
    assert [(one["columns"], one["rows"]) for one in held] == [(["n"], 1)]
    assert after is None, "the rule is not asked of a batch that nobody else reads yet"
    assert keys_read_by(sysadmin) == [1, 2, 3, 4]
    assert keys_read_by(anonymous) == [1]
    place = f"/publish/{package['name']}?lang=en"
    with served.client("admin") as own, served.client() as reader:
        page = own.get(place)
        assert page.status_code == 200, page.text
        assert page.text.count("1 row breaks it") == 1, "a dry run is no batch"
        assert "2 rows" in page.text
        assert "1 row breaks it" not in reader.get(place, follow_redirects=True).text
        assert "1 row breaks it" not in reader.get(f"/dataset/{package['name']}?lang=en").text

    feed({"k": 2, "n": 2})
    until(lambda: keys_read_by(anonymous) == [1, 2, 3, 4])

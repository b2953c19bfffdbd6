"""The unmodified command line of ckanapi against a served installation, with real records."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.installation import Installation
from tests.portal.ckan.client import Client, Refused

RECORDS = 300 if os.environ.get("WEIR_TEST_COUNTS") == "long" else 100
"""Of each of two catalogues."""
HARVESTED_PAGE = 100
TEXTS = (
    *("name", "title", "notes", "url", "version", "author", "author_email", "maintainer"),
    *("maintainer_email", "license_id", "type", "state", "owner_org"),
)
_MAPPED = frozenset(
    {
        *("title", "description", "landingPage", "publisher", "contactPoint", "keyword", "issued"),
        *("spatial", "accessLevel", "distribution"),
    }
)
"""Of a record of data.json; whatever else it tells goes into extras."""


@pytest.fixture
def cli(served: Installation, sysadmin_token: str) -> Any:
    """Run `ckanapi` with the sysadmin's token; gives what it printed."""

    scripts = Path(sys.executable).parent

    def run(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [
                str(scripts / "ckanapi"),
                *arguments,
                "-r",
                served.address,
                "-a",
                sysadmin_token,
            ],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            # It starts itself again by its name.
            env=os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    return run


def test_real_records_come_back_as_they_were_loaded(
    cli: Any,
    served: Installation,
    sysadmin: Client,
    organization: dict[str, Any],
    shared_data: Path,
    tmp_path: Path,
) -> None:
    packages = [*_of_ckan(shared_data, organization), *_of_data_json(shared_data, organization)]
    for group in sorted({one["name"] for package in packages for one in package["groups"]}):
        sysadmin("group_create", name=group, title=group)
    lines = tmp_path / "packages.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in packages))

    cli("load", "datasets", "-I", str(lines), "-p", "2")
    dumped = tmp_path / "dumped.jsonl"
    cli("dump", "datasets", "--all", "-O", str(dumped), "-p", "2")

    back = {one["id"]: one for one in map(json.loads, dumped.read_text().splitlines())}
    wrong = [
        (package["name"], name, package.get(name), back.get(package["id"], {}).get(name))
        for package in packages
        for name in (*TEXTS, "tags", "extras", "groups", "resources")
        if _compared(package, name) != _compared(back.get(package["id"], {}), name, package)
    ]
    assert wrong == []

    searched = cli("search", "datasets", "fq=organization:water-bureau", "include_private:true")
    assert {json.loads(line)["id"] for line in searched.splitlines()} >= {
        package["id"] for package in packages
    }

    before = {one["id"]: one["metadata_modified"] for one in back.values()}
    cli("load", "datasets", "-I", str(dumped), "-p", "2")
    again = tmp_path / "again.jsonl"
    cli("dump", "datasets", "--all", "-O", str(again), "-p", "2")
    after = {
        one["id"]: one["metadata_modified"]
        for one in map(json.loads, again.read_text().splitlines())
    }
    assert {key: after[key] for key in before} == before

    gone, kept = packages[:3], packages[3:]
    cli("delete", "datasets", *(package["name"] for package in gone))
    left = set(json.loads(cli("action", "package_list")))
    assert not left & {package["name"] for package in gone}
    assert left >= {package["name"] for package in kept}
    here, elsewhere = (f"{sign}organization:water-bureau" for sign in ("", "-"))
    since = "metadata_modified:[2020-01-01T00:00:00Z TO *]"
    for fq in (here, f"{here} {since}"):
        harvested = _harvested(served, fq)
        assert {package["id"] for package in kept} <= set(harvested)
        assert not {package["id"] for package in gone} & set(harvested)
        for package in kept[:5]:
            assert harvested[package["id"]] == sysadmin("package_show", id=package["id"])
    assert not {package["id"] for package in packages} & set(_harvested(served, elsewhere))
    assert _harvested(served, f"{here} metadata_modified:[2999-01-01T00:00:00Z TO *]") == {}


def test_a_file_is_sent_from_the_command_line(
    cli: Any, sysadmin: Client, sysadmin_token: str, anonymous: Client, tmp_path: Path
) -> None:
    name = f"file-{uuid.uuid4().hex[:8]}"
    sysadmin("package_create", name=name)
    file = tmp_path / "Some_File.bin"
    content = bytes(range(256)) * 40
    file.write_bytes(content)

    resource = json.loads(
        cli("action", "resource_create", f"package_id={name}", "name=bytes", f"upload@{file}")
    )

    assert resource["url_type"] == "upload"
    assert resource["size"] == len(content)
    assert resource["url"].endswith("/download/some_file.bin")
    assert anonymous("resource_show", id=resource["id"])["url"] == resource["url"]
    headers = {"Authorization": sysadmin_token}
    assert httpx.get(resource["url"], headers=headers, timeout=60).content == content


def test_a_batch_of_actions_runs(cli: Any, sysadmin: Client, tmp_path: Path) -> None:
    names = [f"batch-{uuid.uuid4().hex[:8]}" for _ in range(3)]
    lines = tmp_path / "actions.jsonl"
    lines.write_text(
        "".join(
            json.dumps({"action": "package_create", "data": {"name": name}}) + "\n"
            for name in names
        )
    )

    cli("batch", "-I", str(lines), "-p", "1")

    assert [sysadmin("package_show", id=name)["state"] for name in names] == ["active"] * 3


def _compared(package: dict[str, Any], name: str, sent: dict[str, Any] | None = None) -> Any:
    """A field so that what CKAN itself does not keep in order is compared without it.

    Of a resource that came back, whatever was sent of it counts.
    """
    value = package.get(name)
    if name == "tags":
        return sorted(tag["name"] for tag in value or ())
    if name == "groups":
        return sorted(group["name"] for group in value or ())
    if name == "extras":
        return sorted((pair["key"], pair["value"]) for pair in value or ())
    if name == "resources":
        told = [set(one) for one in (sent or package)["resources"]]
        assert value is None or len(told) == len(value)
        return [
            {field: one.get(field) for field in names}
            for names, one in zip(told, value or (), strict=False)
        ]
    return value


def _harvested(served: Installation, fq: str) -> dict[str, Any]:
    """The datasets that ckanext-harvest sees, asked for in its pattern and without a token.

    It goes on by a hundred to the first empty page, and gives up at two pages of the same bytes.
    """
    found: dict[str, Any] = {}
    before = b""
    for start in itertools.count(0, HARVESTED_PAGE):
        query = {"rows": str(HARVESTED_PAGE), "start": str(start), "sort": "id asc", "fq": fq}
        answer = httpx.get(f"{served.address}/api/action/package_search", params=query, timeout=60)
        assert answer.status_code == 200
        assert answer.content != before
        before = answer.content
        page = answer.json()["result"]["results"]
        if not page:
            return found
        found |= {one["id"]: one for one in page}
    raise AssertionError


def _of_ckan(shared_data: Path, organization: dict[str, Any]) -> list[dict[str, Any]]:
    export = json.loads((shared_data / "catalogues/ckan_export_datacatalogs.json").read_text())
    return [
        {
            "id": record["id"],
            "name": record["name"],
            "title": record["title"].strip() or record["name"],
            "notes": record["notes"],
            "url": record["url"],
            "version": record.get("version"),
            "author": record.get("author"),
            "author_email": _email(record.get("author_email")),
            "maintainer": record.get("maintainer"),
            "maintainer_email": _email(record.get("maintainer_email")),
            "license_id": record.get("license_id"),
            "type": "dataset",
            "state": "active",
            "owner_org": organization["id"],
            "tags": _tags(record.get("tags") or ()),
            "groups": [{"name": group} for group in record.get("groups") or ()],
            "extras": [
                {"key": key, "value": str(value)} for key, value in record["extras"].items()
            ],
            "resources": [],
        }
        for record in export["results"][:RECORDS]
    ]


def _of_data_json(shared_data: Path, organization: dict[str, Any]) -> list[dict[str, Any]]:
    catalogue = json.loads((shared_data / "catalogues/dc_datajson_2020-02-07.json").read_text())
    packages = []
    for number, record in enumerate(catalogue["dataset"][:RECORDS]):
        packages.append(
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, record["identifier"])),
                "name": f"dc-{number}-{re.sub('[^a-z0-9]+', '-', record['title'].lower())[:60]}",
                "title": record["title"].strip(),
                "notes": record["description"],
                "url": record.get("landingPage"),
                "version": None,
                "author": next(iter(record["publisher"].values())),
                "author_email": None,
                "maintainer": record["contactPoint"].get("fn"),
                "maintainer_email": None,
                "license_id": "",
                "type": "dataset",
                "state": "active",
                "owner_org": organization["id"],
                "tags": _tags(record.get("keyword", ())),
                "groups": [],
                "extras": [
                    {"key": "issued", "value": record.get("issued", "")},
                    {"key": "frequency", "value": "as needed"},
                    {"key": "spatial", "value": str(record.get("spatial", ""))},
                    {"key": "accessLevel", "value": record.get("accessLevel", "")},
                    *(
                        {"key": key, "value": json.dumps(value, ensure_ascii=False)}
                        for key, value in record.items()
                        if key not in _MAPPED
                    ),
                ],
                "resources": [
                    {
                        "id": str(
                            uuid.uuid5(uuid.NAMESPACE_URL, f"{record['identifier']} {place}")
                        ),
                        "name": one.get("title"),
                        "description": one.get("description"),
                        "url": one.get("accessURL") or one.get("downloadURL") or "",
                        "format": one.get("format") or "unknown",
                        "mimetype": one.get("mediaType"),
                        "resource_type": None,
                        "size": place,
                        "hash": "",
                        "last_modified": "2020-02-07T10:00:00.123456",
                        "@type": one["@type"],
                        "colour": "a field of its own",
                    }
                    for place, one in enumerate(record.get("distribution", ()))
                ],
            }
        )
    return packages


def _email(text: str | None) -> str | None:
    return text if not text or re.fullmatch(r"[^@\s]+@[^@\s]+", text) else None


def _tags(names: Any) -> list[dict[str, str]]:
    wanted = (re.sub(r"[^\w \-.]", "", name).strip() for name in names)
    return [{"name": name} for name in dict.fromkeys(wanted) if 2 <= len(name) <= 100]


def test_a_purged_dataset_is_gone_and_its_name_and_id_are_free(
    sysadmin: Client, anonymous: Client
) -> None:
    name, dataset_id = f"purged-{uuid.uuid4().hex[:8]}", str(uuid.uuid4())
    sysadmin("package_create", name=name, id=dataset_id)

    sysadmin("dataset_purge", id=name)

    with pytest.raises(Refused) as refusal:
        anonymous("package_show", id=dataset_id)
    assert refusal.value.status == 404
    assert sysadmin("package_create", name=name, id=dataset_id)["id"] == dataset_id

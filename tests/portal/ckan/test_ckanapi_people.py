"""The unmodified command line of ckanapi with organisations, groups and people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.installation import Installation
from tests.portal.ckan.client import Client

Cli = Callable[..., str]

KEPT = ("id", "name", "title", "description", "image_url", "type", "state", "approval_status")


@pytest.fixture
def cli(served: Installation, sysadmin_token: str) -> Cli:
    """Run `ckanapi` with the sysadmin's token; gives what it printed."""
    scripts = Path(sys.executable).parent

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(scripts / "ckanapi"), *arguments, "-r", served.address, "-a", sysadmin_token],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    return run


def test_organisations_and_groups_come_back_as_they_were_loaded(
    cli: Cli, sysadmin: Client, tmp_path: Path
) -> None:
    mark = uuid4().hex[:8]
    sysadmin(
        "user_create", name=f"u-{mark}", email=f"{mark}@example.org", password="over the weir 1"
    )
    for kind in ("organizations", "groups"):
        given = [_record(kind, mark, number) for number in range(4)]
        # The last one stands under the first one.
        given[3]["groups"] = [{"name": given[0]["name"], "capacity": "public"}]
        source, dumped = tmp_path / f"{kind}.jsonl", tmp_path / f"{kind}-back.jsonl"
        source.write_text("".join(json.dumps(one) + "\n" for one in given))

        cli("load", kind, "-I", str(source))
        cli("dump", kind, "--all", "-O", str(dumped))

        back = {one["id"]: one for one in map(json.loads, dumped.read_text().splitlines())}
        for record in given:
            found = back[record["id"]]
            for key in KEPT:
                assert found[key] == record[key], (kind, key)
            assert found["extras"] == record["extras"]
            shown = sysadmin(f"{kind[:-1]}_show", id=record["id"])
            members = {one["name"]: one["capacity"] for one in shown["users"]}
            assert members[f"u-{mark}"] == record["users"][0]["capacity"]
        under = [one["name"] for one in back[given[3]["id"]]["groups"]]
        assert under == [given[0]["name"]]

        cli("load", kind, "-I", str(dumped))
        again = sysadmin(f"{kind[:-1]}_show", id=given[3]["id"])
        assert {key: again[key] for key in KEPT} == {key: given[3][key] for key in KEPT}
        assert [one["name"] for one in again["groups"]] == under
        # A dump without users takes nobody's place away.
        assert f"u-{mark}" in [one["name"] for one in again["users"]]

        cli("delete", kind, given[1]["name"])
        assert given[1]["name"] not in sysadmin(f"{kind[:-1]}_list")


def test_users_are_dumped_without_a_hash(cli: Cli, tmp_path: Path) -> None:
    dumped = tmp_path / "users.jsonl"

    cli("dump", "users", "--all", "-O", str(dumped))

    users = [json.loads(line) for line in dumped.read_text().splitlines()]
    assert users
    assert all("password_hash" not in user and "password" not in user for user in users)


def _record(kind: str, mark: str, number: int) -> dict[str, Any]:
    is_organization = kind == "organizations"
    return {
        "id": str(uuid4()),
        "name": f"{kind[:3]}-{mark}-{number}",
        "title": ["水务局 Water", "Plain title", "", "  spaced  "][number],
        "description": ["中文说明\n第二段", "", "<b>kept</b>", "x" * 5000][number],
        "image_url": "" if number else "https://example.org/水.png",
        "type": "organization" if is_organization else "group",
        "state": "active",
        "approval_status": "approved",
        "is_organization": is_organization,
        "extras": [{"key": "电话", "value": "12345"}, {"key": f"k{number}", "value": "v"}],
        "users": [{"name": f"u-{mark}", "capacity": ["admin", "editor", "member"][number % 3]}],
        "groups": [],
        "tags": [],
        "packages": [],
        "package_count": 0,
    }

"""One installation moves into another through the API that both speak."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import uvicorn
from ckanapi import RemoteCKAN
from psycopg import sql

from catalog.confine import Confinement
from catalog.harvest.move import Moved, MovedKind, MoveOutcome
from catalog.harvest.reach import networks_of
from catalog.warehouse import Warehouse
from policies.database import Pool
from policies.identity.authenticate import actor_of_user
from policies.identity.people import user_named
from policies.party import Role
from policies.seal import KeyRing
from portal.app import create_app
from portal.move_ckan import Mover
from portal.pool import connection_pool
from portal.postgres import url_of
from portal.settings import create_folders, settings_from
from portal.wiring import Wiring
from tests.people import PASSWORD, enrol
from tests.portal.visitor import Clock, api_token

DATASET_ID = "0f1c0a34-5d4e-4b1a-9c3d-2f6f0d1b7a01"
RESOURCE_ID = "0f1c0a34-5d4e-4b1a-9c3d-2f6f0d1b7a02"
CONTENT = b"a,b\n1,2\n"


def site(folder: Path, pool: Pool, address: str) -> Wiring:
    settings = settings_from({"WEIR_SITE_URL": address, "WEIR_PUBLICATION": "direct"}, data=folder)
    create_folders(settings)
    with pool.connection() as tx:
        enrol(tx, "chief", (Role.ADMIN, None), password=PASSWORD)
    return Wiring(
        settings=settings,
        pool=pool,
        keys=KeyRing(settings.keys_folder),
        confinement=Confinement(settings.confine_socket),
        warehouse=Warehouse(),
        now=Clock(),
    )


@pytest.fixture
def other_pool(postgres: Path) -> Iterator[Pool]:
    """A second installation's database."""
    name = f"weir_{uuid4().hex}"
    with psycopg.connect(url_of(postgres, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE weir_template STRATEGY FILE_COPY").format(
                sql.Identifier(name)
            )
        )
        with connection_pool(url_of(postgres, name), size=4) as opened:
            yield opened
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def served(folder: Path, pool: Pool) -> Iterator[tuple[str, Wiring]]:
    """A live site and its parts."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        wiring = site(folder, pool, address)
        server = uvicorn.Server(
            uvicorn.Config(create_app(wiring), log_level="warning", lifespan="off")
        )
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield address, wiring
        server.should_exit = True
        thread.join(30)


def fill(address: str, token: str, folder: Path) -> None:
    """What the old site holds."""
    ckan = RemoteCKAN(address, apikey=token)
    ckan.action.user_create(
        id="0f1c0a34-5d4e-4b1a-9c3d-2f6f0d1b7a03",
        name="old-hand",
        email="old-hand@example.org",
        password=PASSWORD,
    )
    ckan.action.organization_create(
        id="0f1c0a34-5d4e-4b1a-9c3d-2f6f0d1b7a04",
        name="works",
        title="Works",
        users=[{"name": "old-hand", "capacity": "editor"}],
        extras=[{"key": "floor", "value": "3"}],
    )
    ckan.action.group_create(
        id="0f1c0a34-5d4e-4b1a-9c3d-2f6f0d1b7a05", name="streets", title="Streets"
    )
    ckan.action.package_create(
        id=DATASET_ID,
        name="kerbs",
        title="Kerbs",
        notes="Every kerb.",
        owner_org="works",
        groups=[{"name": "streets"}],
        tags=[{"name": "kerb"}],
        extras=[{"key": "surveyed", "value": "2025"}],
        resources=[{"url": "https://data.example.org/kerbs.csv", "name": "Elsewhere"}],
    )
    (folder / "kerbs.csv").write_bytes(CONTENT)
    with (folder / "kerbs.csv").open("rb") as file:
        with_file = ckan.action.resource_create(
            package_id=DATASET_ID, id=RESOURCE_ID, name="Here", format="CSV", upload=file
        )
    assert with_file["url_type"] == "upload"


def mover(into: Wiring, address: str, token: str, tell: Callable[[Moved], None]) -> Mover:
    with into.pool.connection() as tx:
        actor = actor_of_user(tx, user_named(tx, "chief"))
    return Mover(
        wiring=into,
        actor=actor,
        address=address,
        token=token,
        allowed=networks_of("127.0.0.0/8"),
        tell=tell,
    )


def test_a_live_site_moves_with_its_ids_and_files_and_a_second_time_finds_nothing_left(
    pool: Pool, other_pool: Pool, tmp_path: Path
) -> None:
    with served(tmp_path / "old", other_pool) as (address, old):
        token = api_token(old, "chief")
        fill(address, token, tmp_path)
        RemoteCKAN(address, apikey=api_token(old, "old-hand")).action.package_create(
            name="gates", title="Gates", owner_org="works"
        )
        told: list[Moved] = []
        with served(tmp_path / "new", pool) as (new_address, new):
            moving = mover(new, address, token, told.append)

            report = moving.run()

            assert report.failures == ()
            assert {(one.kind, one.name) for one in told} >= {
                (MovedKind.USER, "old-hand"),
                (MovedKind.ORGANIZATION, "works"),
                (MovedKind.GROUP, "streets"),
                (MovedKind.DATASET, "kerbs"),
            }
            assert [name for name, _ in moving.links] == ["old-hand"]
            here = RemoteCKAN(new_address, apikey=api_token(new, "chief"))
            there = RemoteCKAN(address, apikey=token)
            moved = here.action.package_show(id="kerbs")
            original = there.action.package_show(id="kerbs")
            whole = ("id", "title", "notes", "extras", "private", "state", "metadata_created")
            for field in whole:
                assert moved[field] == original[field], field
            chief = here.action.user_show(id="chief")["id"]
            assert moved["creator_user_id"] == chief != original["creator_user_id"]
            of_another = here.action.package_show(id="gates")
            assert of_another["creator_user_id"] == "0f1c0a34-5d4e-4b1a-9c3d-2f6f0d1b7a03"
            assert moved["organization"]["id"] == original["organization"]["id"]
            assert [one["name"] for one in moved["groups"]] == ["streets"]
            assert [one["name"] for one in moved["tags"]] == ["kerb"]
            assert [one["id"] for one in moved["resources"]] == [
                one["id"] for one in original["resources"]
            ]
            kept = next(one for one in moved["resources"] if one["id"] == RESOURCE_ID)
            assert kept["url"].startswith(new_address)
            assert kept["size"] == len(CONTENT)
            file = httpx.get(kept["url"], headers={"Authorization": api_token(new, "chief")})
            assert file.content == CONTENT
            members = here.action.member_list(id="works", object_type="user")
            assert [one[2] for one in members if one[0].endswith("03")] == ["Editor"]

            told.clear()
            again = mover(new, address, token, told.append).run()

        assert told == [one for one in told if one.outcome is MoveOutcome.FOUND]
        assert again.failures == ()


class Stopped(Exception):
    """The move ends here, as when its process is killed."""


@pytest.mark.parametrize("steps", [1, 3, 5])
def test_a_move_that_stops_anywhere_is_taken_up_where_it_stopped(
    pool: Pool, other_pool: Pool, tmp_path: Path, steps: int
) -> None:
    with served(tmp_path / "old", other_pool) as (address, old):
        token = api_token(old, "chief")
        fill(address, token, tmp_path)
        RemoteCKAN(address, apikey=token).action.package_create(
            name="gates", title="Gates", owner_org="works"
        )
        new = site(tmp_path / "new", pool, "http://new.example.org")
        before: list[Moved] = []

        def stop_in_the_middle(moved: Moved) -> None:
            before.append(moved)
            if len(before) == steps:
                raise Stopped

        with pytest.raises(Stopped):
            mover(new, address, token, stop_in_the_middle).run()
        after: list[Moved] = []
        report = mover(new, address, token, after.append).run()

    told = [(one.kind, one.name) for one in (*before, *after)]
    assert report.failures == ()
    assert (len(before), len(told)) == (steps, len(set(told)))
    assert set(told) == {
        *((MovedKind.USER, name) for name in ("chief", "old-hand")),
        (MovedKind.ORGANIZATION, "works"),
        (MovedKind.GROUP, "streets"),
        *((MovedKind.DATASET, name) for name in ("kerbs", "gates")),
    }
    assert {one.name for one in (*before, *after) if one.outcome is MoveOutcome.FOUND} == {"chief"}
    with pool.connection() as tx:
        (held,) = tx.execute(
            "SELECT count(*) AS n FROM catalog.datasets WHERE slug IN ('kerbs', 'gates')"
        ).fetchall()
    assert held["n"] == 2

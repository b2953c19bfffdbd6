"""Serving copies to read, and one zygote for the run on a socket of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb
import pytest

from catalog.build_copy import build_serving_copy
from catalog.confine import Confinement, PermittedTable
from catalog.folders import Folders
from catalog.serving_copy import DATABASE_NAME, ServingCopy
from catalog.view import EVERYTHING, View
from tests.catalog.city import folders_in

MASK_KEY = b"a masking key for tests"
START_WAIT_S, START_LOOK_S = 30.0, 0.02

BuildCopy = Callable[..., ServingCopy]


@pytest.fixture
def build_copy(tmp_path: Path) -> BuildCopy:
    """Build a serving copy of the rows of a SELECT."""
    numbers = count()

    def build(select: str, view: View = EVERYTHING, key: tuple[str, ...] = ()) -> ServingCopy:
        number = next(numbers)
        parquet = tmp_path / f"{number}.parquet"
        duckdb.execute(f"COPY ({select}) TO '{parquet}' (FORMAT parquet)")
        folder = tmp_path / f"copy-{number}"
        return build_serving_copy([parquet], view, folder, key=key, mask_key=MASK_KEY)

    return build


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """New folders of an installation."""
    return folders_in(tmp_path)


@dataclass(frozen=True)
class Zygote:
    """A running zygote."""

    process: subprocess.Popen[bytes]
    socket_path: Path
    confinement: Confinement


def start_zygote(folder: Path) -> Zygote:
    """Start a zygote whose jobs come from the catalogue or this folder, and wait for its socket."""
    socket_path = folder / "z.sock"
    code = (
        "import sys; from pathlib import Path; from catalog.confine import serve_zygote;"
        "serve_zygote(Path(sys.argv[1]), "
        "job_packages=('catalog.files', 'catalog.formats', 'tests.catalog'))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(socket_path)],
        cwd=Path(__file__).parents[2],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    ends = time.monotonic() + START_WAIT_S
    while not socket_path.exists():
        assert process.poll() is None
        assert time.monotonic() < ends
        time.sleep(START_LOOK_S)
    return Zygote(process, socket_path, Confinement(socket_path))


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """One zygote for the whole run."""
    started = start_zygote(tmp_path_factory.mktemp("zygote"))
    yield started
    started.process.terminate()
    started.process.wait(timeout=START_WAIT_S)


@pytest.fixture(scope="session")
def stops(tmp_path_factory: pytest.TempPathFactory) -> PermittedTable:
    """A table of 10 000 bus stops that a query may read as `stops`."""
    folder = tmp_path_factory.mktemp("stops")
    duckdb.execute(
        f"""
        COPY (
            SELECT range AS id,
                   '站' || range AS name,
                   range % 10 AS district,
                   DATE '2026-01-01' + CAST(range % 365 AS INTEGER) AS opened,
                   range * 1.5 AS fare
              FROM range(10000)
        ) TO '{folder}/stops.parquet' (FORMAT parquet)
        """
    )
    copy = build_serving_copy([folder / "stops.parquet"], EVERYTHING, folder / "copy", key=("id",))
    return PermittedTable("stops", copy.path(DATABASE_NAME), copy.view_fingerprint)

"""Real databases behind a port of the loopback."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

READER, PASSWORD = "weir_reader", "p@ss:w/rd%1"
INSTALL_TIMEOUT_S = 300
START_TIMEOUT_S = 60
_PACKAGES = ("mariadb-server-core", "libaio1", "libaio1t64", "liburing2", "mariadb-common")
_NAMES = ("mariadbd", "mysqld")
_PLACES = (Path("/usr/sbin"), Path("/usr/libexec"), Path("/usr/local/sbin"))


class NoMariadb(Exception):
    """There is no MariaDB and none could be brought in; the message says what was tried."""


@contextmanager
def port_of_socket(path: Path) -> Iterator[int]:
    """A port that leads to a Unix socket, since the PostgreSQL of the tests has no port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                target.sendall(piece)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            onwards = socket.socket(socket.AF_UNIX)
            onwards.connect(str(path))
            for pair in ((line, onwards), (onwards, line)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


@dataclass(frozen=True)
class Mariadb:
    """A running MariaDB."""

    port: int


@contextmanager
def mariadb(folder: Path) -> Iterator[Mariadb]:
    """A MariaDB of its own with a table `shop.sales` of 1,000 rows and one who may read it.

    Raises: NoMariadb.
    """
    program, unpacked = _program()
    root = unpacked or Path("/usr")
    scripts = next((one.parent for one in root.rglob("mysql_system_tables.sql")), None)
    if scripts is None:
        raise NoMariadb(f"MariaDB was found at {program} without its own scripts.")
    environment = dict(os.environ)
    if unpacked is not None:
        libraries = sorted({str(one.parent) for one in unpacked.rglob("*.so*")})
        environment["LD_LIBRARY_PATH"] = ":".join(libraries)
    data, start = folder / "data", folder / "start.sql"
    (data / "mysql").mkdir(parents=True)
    start.write_text(_START)
    common = [
        "--no-defaults",
        f"--datadir={data}",
        f"--lc-messages-dir={scripts}",
        "--innodb-buffer-pool-size=16M",
        "--innodb-log-file-size=8M",
        *(("--user=root",) if os.geteuid() == 0 else ()),
    ]
    done = subprocess.run(
        [program, *common, "--bootstrap", "--skip-networking"],
        input=_system_tables(scripts).encode(),
        env=environment,
        check=False,
        capture_output=True,
        timeout=START_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                *common,
                f"--port={port}",
                "--bind-address=127.0.0.1",
                f"--socket={folder}/m.sock",
                f"--pid-file={folder}/m.pid",
                f"--init-file={start}",
                "--skip-log-bin",
            ],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(port, process, folder / "server.log")
        yield Mariadb(port)
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


_START = f"""
SET NAMES utf8mb4;
CREATE DATABASE shop;
CREATE TABLE shop.sales (id BIGINT PRIMARY KEY, name VARCHAR(40) CHARACTER SET utf8mb4,
  price DECIMAL(10,2), sold_on DATE);
INSERT INTO shop.sales
  WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  SELECT i, CONCAT('商品', i), i * 1.25, '2026-03-01' FROM n;
CREATE USER '{READER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT SELECT, INSERT ON shop.* TO '{READER}'@'%';
"""


def _system_tables(scripts: Path) -> str:
    """What a new server is told first, as its own installer does."""
    names = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")
    lines = "".join((scripts / name).read_text() for name in names).splitlines()
    kept = "\n".join(line for line in lines if "@current_hostname" not in line)
    return (
        f"CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n{kept}\n"
    )


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        if "ready for connections" in log.read_text():
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def _program() -> tuple[str, Path | None]:
    """The server, and the folder that it was unpacked into if the system has none."""
    for name in _NAMES:
        if found := shutil.which(name) or next(
            (str(place / name) for place in _PLACES if (place / name).is_file()), None
        ):
            return found, None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weir-mariadb"
    # Test workers come here at the same time; one of them unpacks.
    with (Path(tempfile.gettempdir()) / "weir-mariadb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = cache / "usr/sbin/mariadbd"
        tried = "" if program.is_file() else _unpack(cache)
    if not program.is_file():
        raise NoMariadb(
            "The tests of MySQL need MariaDB. Install mariadb-server, or let it be downloaded "
            f"with apt-get. Tried:\n{tried}"
        )
    return str(program), cache


def _unpack(cache: Path) -> str:
    """Bring the system's own packages, unpacked beside it; says how that went."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return "there is no apt-get"
    reports = []
    with tempfile.TemporaryDirectory() as folder:
        for package in _PACKAGES:
            done = subprocess.run(
                ["apt-get", "download", package],
                cwd=folder,
                check=False,
                capture_output=True,
                text=True,
                timeout=INSTALL_TIMEOUT_S,
            )
            reports.append(done.stderr.strip()[-300:])
        for file in Path(folder).glob("*.deb"):
            cache.mkdir(parents=True, exist_ok=True)
            subprocess.run(["dpkg", "-x", str(file), str(cache)], check=True)
    return "\n".join(reports)

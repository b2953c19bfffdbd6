"""`weir serve` and `weir worker`: one parent that starts its children, restarts and ends them.

Children: the web, the worker, the quality worker (the only one that loads Great Expectations), the
log's sequencer, and the zygote from which users' queries are forked. The kernel ends a child whose
parent dies, so that even kill -9 of the parent leaves nothing running.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from portal.migrate import migrate
from portal.postgres import (
    POSTGRES_LOCK,
    SERVER_LOCK,
    EmbeddedPostgres,
    start_postgres,
)
from portal.settings import Settings, create_folders

LOOPBACK = "127.0.0.1"
PORTS_TRIED = 50
GRACE_S = 20
"""How long a child may take to finish what it holds before it is killed."""
RESTART_PAUSE_S = 0.5
RESTART_PAUSE_MAX_S = 30.0
STEADY_S = 60.0
"""A child that lived this long starts again at once when it dies."""
READY_TIMEOUT_S = 60
TEND_PAUSE_S = 0.1
_PR_SET_PDEATHSIG = 1
KEYS_AWAY_STATUS: Final = 3
STORAGE_UNFIT_STATUS: Final = 4

log = logging.getLogger("weir.serve")

_ALLOCATION: Final = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""Has glibc give memory back after a large answer, whatever thread made it. Source: mallopt(3)."""


class Child(StrEnum):
    """The processes of an installation; they start in this order, and the first is waited for."""

    WEB = "web"
    ZYGOTE = "zygote"
    SEQUENCER = "sequencer"
    INDEXER = "indexer"
    WORKER = "worker"
    QUALITY = "quality"


WORKING: Final[Mapping[str, tuple[Child, ...]]] = {
    "work": (Child.WORKER,),
    "quality": (Child.QUALITY,),
    "all": (Child.WORKER, Child.QUALITY),
}
"""What `weir worker` runs beside a zygote of its own."""


class AlreadyServed(RuntimeError):
    """Another server runs on this data folder."""


class StorageUnfit(RuntimeError):
    """The bucket cannot be used: it is not there, refuses us, or lets a later commit win."""


class KeysAway(RuntimeError):
    """The machine could sign nothing: it has not the keys that the database tells of."""


class NoFreePort(RuntimeError):
    """None of the ports tried is free."""


@dataclass(slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    started_s: float
    pause_s: float = RESTART_PAUSE_S


@dataclass(slots=True)
class Server:
    """A running installation."""

    settings: Settings
    port: int
    database_url: str
    environment: Mapping[str, str]
    web_socket: socket.socket | None
    """None for a worker, which answers nobody."""
    postgres: EmbeddedPostgres | None
    children: dict[Child, _Running] = field(default_factory=dict)
    is_ending: bool = False

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, child: Child) -> None:
        """Start one child; it ends when this process does."""
        environment = dict(os.environ) if child is not Child.ZYGOTE else _bare_environment()
        environment |= {"PYTHONUNBUFFERED": "1"}
        arguments = [sys.executable, "-m", "portal.child", child, str(self.settings.data)]
        if child is not Child.ZYGOTE:
            # In the environment and not on the command line, which every user can read.
            environment |= self.environment
        descriptors: tuple[int, ...] = ()
        if child is Child.WEB:
            assert self.web_socket is not None
            environment = _ALLOCATION | environment
            descriptors = (self.web_socket.fileno(),)
            arguments.append(str(self.web_socket.fileno()))
        process = subprocess.Popen(  # noqa: S603 - our own module
            arguments,
            env=environment,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - single-threaded here
        )
        previous = self.children.get(child)
        self.children[child] = _Running(process, time.monotonic())
        if previous is not None:
            lived_s = time.monotonic() - previous.started_s
            self.children[child].pause_s = (
                RESTART_PAUSE_S
                if lived_s > STEADY_S
                else min(previous.pause_s * 2, RESTART_PAUSE_MAX_S)
            )

    def watch(self) -> None:
        """Restart what dies, until the server is told to end."""
        while not self.is_ending:
            self.tend()
            time.sleep(TEND_PAUSE_S)

    def tend(self) -> None:
        """Restart what has died.

        Only the main thread may: the kernel ends a child when the thread that started it ends.
        """
        if self.postgres is not None and self.postgres.has_ended():
            log.error("PostgreSQL ended; starting it again")
            self.postgres = start_postgres(self.settings.postgres_folder)
        for child, running in list(self.children.items()):
            code = running.process.poll()
            if code is None or time.monotonic() - running.started_s < running.pause_s:
                continue
            log.error("%s ended with %s; starting it again", child, code)
            self.start(child)

    def end(self) -> None:
        """End every child and then the database; nothing is left running."""
        self.is_ending = True
        for child in reversed(Child):
            if (running := self.children.get(child)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    running.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for running in self.children.values():
            try:
                running.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()
        if self.web_socket is not None:
            self.web_socket.close()
        if self.postgres is not None:
            self.postgres.stop()


@contextlib.contextmanager
def served(settings: Settings, *, port: int, host: str = LOOPBACK) -> Iterator[Server]:
    """Run an installation for the length of a `with` block.

    Raises: AlreadyServed, NoFreePort, StorageUnfit, KeysAway.
    """
    create_folders(settings)
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context((settings.data / SERVER_LOCK).open("a+"))
        _hold(lock, settings.data)
        web_socket = _listen(host, port)
        taken_port = web_socket.getsockname()[1]
        postgres: EmbeddedPostgres | None = None
        database_url = settings.database_url
        if database_url is None:
            beside = stack.enter_context((settings.data / POSTGRES_LOCK).open("a"))
            fcntl.flock(beside, fcntl.LOCK_EX)
            postgres = start_postgres(settings.postgres_folder)
            database_url = postgres.url()
        server = Server(
            settings=settings,
            port=taken_port,
            database_url=database_url,
            environment={
                "WEIR_CHILD_DATABASE_URL": database_url,
                "WEIR_SITE_URL": os.environ.get("WEIR_SITE_URL")
                or f"http://{LOOPBACK}:{taken_port}",
            },
            web_socket=web_socket,
            postgres=postgres,
        )
        try:
            migrate(database_url)
            _check_shared(settings, database_url)
            _note(lock, f"process {os.getpid()} at {server.address}")
            for child in Child:
                server.start(child)
            yield server
        finally:
            # A second Ctrl-C must not leave anything behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            server.end()


def _hold(lock: IO[str], data: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        who = lock.read().strip() or "another process"
        raise AlreadyServed(f"{data} is already being served by {who}") from None


@contextlib.contextmanager
def working(settings: Settings, database_url: str, queue: str) -> Iterator[Server]:
    """Take jobs of a queue, or of all, in a data folder of its own.

    Raises: AlreadyServed, StorageUnfit, KeysAway.
    """
    create_folders(settings)
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context((settings.data / SERVER_LOCK).open("a+"))
        _hold(lock, settings.data)
        server = Server(
            settings=settings,
            port=0,
            database_url=database_url,
            environment={"WEIR_CHILD_DATABASE_URL": database_url},
            web_socket=None,
            postgres=None,
        )
        try:
            migrate(database_url)
            _check_shared(settings, database_url)
            _note(lock, f"the worker of process {os.getpid()}")
            for child in (Child.ZYGOTE, *WORKING[queue]):
                server.start(child)
            yield server
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            server.end()


def _check_shared(settings: Settings, database_url: str) -> None:
    """Try what several machines share before any of it is needed; one alone shares nothing.

    Raises: StorageUnfit, KeysAway.
    """
    if settings.database_url is None and settings.storage_url is None:
        return
    # In a process of its own: who starts children must have no threads, and these libraries do.
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "portal.check_shared", str(settings.data)],
        env=dict(os.environ) | {"WEIR_CHILD_DATABASE_URL": database_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        kind = KeysAway if done.returncode == KEYS_AWAY_STATUS else StorageUnfit
        raise kind(done.stdout.strip() or done.stderr.strip())


def _note(lock: IO[str], who: str) -> None:
    """Write into the lock file who holds it, for the message of the second one."""
    lock.seek(0)
    lock.truncate()
    lock.write(f"{who}\n")
    lock.flush()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port`, or on the next free one.

    Raises: NoFreePort.
    """
    last = min(port + PORTS_TRIED, 65535)
    for candidate in range(port, last + 1):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(512)
        except OSError:
            listener.close()
            continue
        listener.set_inheritable(True)
        return listener
    raise NoFreePort(f"no free port from {port} to {last} on {host}")


def _bare_environment() -> dict[str, str]:
    """The zygote inherits no secret: only what Python itself needs to start."""
    kept = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "HOME", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

"""A whole installation, started and used through the command line as an outside script would."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

READY_TIMEOUT_S = 60
END_TIMEOUT_S = 60
COMMAND_TIMEOUT_S = 400
"""Loading the demo city on a busy machine is the longest."""


@dataclass
class Installation:
    """A data folder and, while it is served, the process that serves it."""

    data: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    _seen: set[psutil.Process] = field(default_factory=set)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str, stdin: str = "", expect: int = 0) -> str:
        """Run `weir ...` on this data folder and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "portal", *arguments, "--data", str(self.data)],
            input=stdin,
            capture_output=True,
            text=True,
            env=os.environ | self.environment,
            check=False,
            timeout=COMMAND_TIMEOUT_S,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        """Serve, and wait until it answers."""
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "portal",
                "serve",
                "--data",
                str(self.data),
                "--port",
                str(self.port),
            ],
            stdout=(self.data.parent / "serve.log").open("ab"),
            stderr=subprocess.STDOUT,
            env=os.environ | self.environment,
            start_new_session=True,
        )
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.data.parent / "serve.log").read_text()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200:
                    self._seen.update(self.processes())
                    return
            time.sleep(0.05)
        raise AssertionError((self.data.parent / "serve.log").read_text())

    def stop(self) -> None:
        """Ctrl-C, and wait until it ended."""
        if self.process is not None and self.process.poll() is None:
            self._seen.update(self.processes())
            self.process.send_signal(signal.SIGINT)
            self.process.wait(END_TIMEOUT_S)
        self.process = None

    def kill(self) -> None:
        """kill -9 of the parent, at whatever moment this is."""
        assert self.process is not None
        self._seen.update(self.processes())
        self.process.kill()
        self.process.wait()
        self.process = None

    def processes(self) -> list[psutil.Process]:
        """The parent and everything below it."""
        if self.process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def child(self, role: str) -> psutil.Process:
        """The child that calls itself `weir ROLE`."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.cmdline()[:1] == [f"weir {role}"]:
                    return process
        raise AssertionError(f"no child {role}")

    def left_running(self) -> list[int]:
        """Processes that this installation ever had and that live on, after a moment to end.

        Known by number and start: over many rounds the numbers of dead ones come round again.
        """
        deadline = time.monotonic() + END_TIMEOUT_S
        while alive := [process.pid for process in self._seen if _is_alive(process)]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return alive

    def token(self, name: str) -> str:
        """An API token for a user, as `weir token` prints it on its last line."""
        return self.command("token", name).strip().splitlines()[-1]

    def client(self, name: str | None = None, *, language: str = "en") -> httpx.Client:
        """An HTTP client that signs in as `name` with an API token, or as nobody."""
        headers = {"Accept-Language": language}
        if name is not None:
            headers["Authorization"] = f"Bearer {self.token(name)}"
        return httpx.Client(base_url=self.address, headers=headers, timeout=60)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def installation(folder: Path, **environment: str) -> Iterator[Installation]:
    """A new installation that is ended whatever happens."""
    made = Installation(folder / "data", free_port(), environment)
    made.data.mkdir(parents=True)
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.stop()


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

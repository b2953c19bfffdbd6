"""Functions that the tests of `catalog.confine` run confined."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from catalog.confine import ConfinedJob, Json
from catalog.errors import UnfitValue


def describe(job: ConfinedJob) -> Json:
    """Read what may be read, write what may be written, and tell of it."""
    sizes: list[Json] = []
    for path in job.readable:
        sizes.append(len(path.read_bytes()))
        job.tell({"files": len(sizes)})
    if job.writable is not None:
        (job.writable / "made.txt").write_text(str(job.arguments["text"]))
    return {"sizes": sizes, "text": job.arguments["text"]}


def large(job: ConfinedJob) -> Json:
    """An answer of many parts."""
    return "字" * int(str(job.arguments["characters"]))


def refuse(job: ConfinedJob) -> Json:
    """A refusal with facts."""
    raise UnfitValue("列", "DATE", str(job.arguments["value"]))


def fail(job: ConfinedJob) -> Json:
    """An error of a library, with a secret in its text."""
    raise ValueError("/secret/path")


def die(job: ConfinedJob) -> Json:
    """A crash."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return None


def sleep(job: ConfinedJob) -> Json:
    """Never come to an end."""
    while True:
        job.tell({"alive": True})
        time.sleep(0.02)


def swallow_memory(job: ConfinedJob) -> Json:
    """Ask for more memory than there may be."""
    return len(bytearray(8 << 30))


def swallow_disk(job: ConfinedJob) -> Json:
    """Write a larger file than may be."""
    assert job.writable is not None
    with (job.writable / "large").open("wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    return None


def escape(job: ConfinedJob) -> Json:
    """Try to reach what was not named; what succeeded."""
    reached: list[Json] = []
    secret = Path(str(job.arguments["secret"]))
    address = ("127.0.0.1", int(str(job.arguments["port"])))
    attempts: dict[str, Callable[[], object]] = {
        "read": secret.read_bytes,
        "list": lambda: list(secret.parent.iterdir()),
        "passwd": Path("/etc/passwd").read_bytes,
        "write": lambda: secret.write_bytes(b"x"),
        "make": lambda: secret.with_name("new").write_bytes(b"x"),
        "remove": secret.unlink,
        "parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
        "network": lambda: socket.create_connection(address, 1),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            continue
        reached.append(name)
    return {"reached": reached}

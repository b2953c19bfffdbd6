"""How the benches measure: CPU of whole process trees, medians of rounds, and a small HTTP client.

What the processes cost when nobody asks anything (timers, look-outs) is measured before and taken
off, for every server alike, since a busy machine would otherwise charge it to slow calls.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

import psutil

IDLE_S = 2.0
QUIET_SHARE = 0.06
QUIET_LOOKS_MAX = 120
ROUNDS = 3
LOOK_S = 1.0
WAIT_S = 3_000.0

Tree = Callable[[], list[psutil.Process]]
Call = Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """Of one call: the median of the rounds."""

    cpu_ms: float
    wall_ms: float

    def __str__(self) -> str:
        return f"{self.cpu_ms:9.2f} ms CPU {self.wall_ms:9.2f} ms wall"


def tree_of(pid: int) -> Tree:
    """A process with everything below it, as it is at each look."""

    def found() -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            return [parent, *parent.children(recursive=True)]
        return []

    return found


def cpu_s(processes: list[psutil.Process]) -> float:
    """User and system seconds of these processes and of their children that ended."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def idle_share(tree: Tree) -> float:
    """CPU seconds in each second when nobody asks anything, once what went before has settled.

    Jobs that still run after a publication are waited for, so that they are not taken off.
    """
    share = 1.0
    for _ in range(QUIET_LOOKS_MAX):
        before, begun = cpu_s(tree()), time.perf_counter()
        time.sleep(IDLE_S)
        share = (cpu_s(tree()) - before) / (time.perf_counter() - begun)
        if share < QUIET_SHARE:
            return share
    raise TimeoutError(f"it does not come to rest: {share:.3f} s a second")


def cost_of(call: Call, calls: int, tree: Tree, *, idle: float = 0.0) -> Cost:
    """What one call costs; it is made once before, unmeasured."""
    call()
    rounds = [_round(call, calls, tree, idle) for _ in range(ROUNDS)]
    return Cost(median(cpu for cpu, _ in rounds), median(wall for _, wall in rounds))


def cost_at_once(
    make: Callable[[], Call], calls: int, clients: int, tree: Tree, *, idle: float
) -> Cost:
    """What one call costs where so many clients call without a pause; `wall_ms` is between calls
    of all.
    """
    own = [make() for _ in range(clients)]
    for call in own:
        call()

    def everybody() -> None:
        threads = [
            threading.Thread(target=lambda call=call: [call() for _ in range(calls // clients)])
            for call in own
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    rounds = []
    for _ in range(ROUNDS):
        cpu, wall = _round(everybody, 1, tree, idle)
        rounds.append((cpu / calls, wall / calls))
    return Cost(median(cpu for cpu, _ in rounds), median(wall for _, wall in rounds))


def _round(call: Call, calls: int, tree: Tree, idle: float) -> tuple[float, float]:
    before, begun = cpu_s(tree()), time.perf_counter()
    for _ in range(calls):
        call()
    wall = time.perf_counter() - begun
    cpu = cpu_s(tree()) - before - idle * wall
    return max(cpu, 0.0) * 1000 / calls, wall * 1000 / calls


def wait_until(is_met: Callable[[], bool]) -> None:
    """Look every second: who looks more often is part of what is measured."""
    ends = time.monotonic() + WAIT_S
    while not is_met():
        assert time.monotonic() < ends, "it takes too long"
        time.sleep(LOOK_S)


class Client:
    """One kept connection; light, because its process shares the machine with what is measured."""

    def __init__(self, address: str, headers: dict[str, str] | None = None) -> None:
        self._host = urlsplit(address).netloc
        self._headers = headers or {}
        self._connection = http.client.HTTPConnection(self._host, timeout=120)

    def get(self, path: str) -> bytes:
        """The body of what must be 200."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> bytes:
        """The body of what must be 200."""
        return self._ask("POST", path, body, {"Content-Type": content_type})

    def read_away(self, path: str) -> int:
        """Read an answer of any size and keep none of it; its bytes."""
        self._connection.close()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        assert answer.status == 200, answer.status
        count = 0
        while piece := answer.read(1 << 20):
            count += len(piece)
        return count

    def _ask(self, method: str, path: str, body: bytes | None, more: dict[str, str]) -> bytes:
        try:
            answer = self._answer(method, path, body, more)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # A server ends what was quiet for some seconds.
            self._connection.close()
            answer = self._answer(method, path, body, more)
        data = answer.read()
        assert answer.status == 200, f"{path}: {answer.status} {data[:400]!r}"
        return data

    def _answer(
        self, method: str, path: str, body: bytes | None, more: dict[str, str]
    ) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, self._headers | more)
        return self._connection.getresponse()

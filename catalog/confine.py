"""Hostile work in processes that hold nothing worth taking: users' SQL, and files from outside.

A *zygote* is a small single-threaded process without secrets, database or network. It has the
engine loaded, empty. For each request it forks a *worker*, which takes its
limits (`catalog.kernel_limits`), does the one thing, answers the one who asked and ends. The
zygote never reads what is hostile: the request's second message and all answers pass between the
asker and the worker. It keeps the places, the queue and the clock, and kills from outside.

A worker that has answered a query may serve the same caller with exactly the same tables again
for `WARM_S`: opening the engine costs far more than a small query. It is never anybody else's.

Messages are packets on a Unix socket: one of plain facts for the zygote, one with the work for
the worker, then answers: `P` progress, `r` a part of the answer, `R` its last part, `K` a word of
the zygote (`Kbusy`, `Kcost`, `Kdied`).
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from catalog.errors import (
    ConfinedWorkFailed,
    EngineBusy,
    MalformedStatement,
    MessageTooLong,
    QueryCancelled,
    QueryEngineAway,
    QueryTooCostly,
)
from catalog.kernel_limits import (
    ProcessLimits,
    add_cpu_time,
    confine,
    die_with_parent,
    give_up_network,
    set_file_size,
)
from catalog.refusals import refusal_named
from catalog.result import PLAIN, Manner, QueryResult, ResultColumn, ResultFormat
from policies.errors import Refusal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from catalog.locked_query import LockedEngine

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

QUERIES_AT_ONCE = 2
JOBS_AT_ONCE = 2
WAITING_MAX = 32
WAITING_PER_CALLER_MAX = 4
WAITING_MAX_S = {"query": 10.0, "job": 120.0}
WARM_S = 10.0
WARM_MAX = 4
WARM_QUERIES_MAX = 100
MESSAGE_BYTES_MAX = 180_000
ANSWER_BYTES_MAX = 64 << 20
PART_BYTES = 64 << 10
TABLES_MAX = 32
CONNECTIONS_MAX = 256
FIRST_MESSAGE_S = 5.0
KILL_GRACE_S = 5.0
CANCEL_LOOK_S = 0.03
ADDRESS_SPACE_OVERHEAD_BYTES = 1 << 30
OPEN_FILES = 64

JOB_PACKAGES = ("catalog.files", "catalog.formats")


@dataclass(frozen=True, slots=True)
class PermittedTable:
    """A table that a query may read: all of the file, so the file holds only what it may see."""

    name: str
    """The name by which the statement calls it, in any case."""
    database: Path
    """A serving copy's DuckDB file."""
    view_fingerprint: str


@dataclass(frozen=True, slots=True)
class QueryBounds:
    """What one query may take."""

    rows_max: int = 100_000
    size_bytes_max: int = 256 << 20
    wall_s: float = 7.0
    cpu_s: int = 10
    memory_bytes: int = 512 << 20


@dataclass(frozen=True, slots=True)
class JobBounds:
    """What one piece of confined work on files may take."""

    wall_s: float = 900.0
    cpu_s: int = 900
    memory_bytes: int = 2 << 30
    file_size_bytes: int = 20 << 30
    open_files: int = 256


@dataclass(frozen=True, slots=True)
class ConfinedJob:
    """What a function that runs confined is given; what it returns is JSON.

    It may raise refusals of `catalog.errors`; they reach the asker as what they are.
    """

    arguments: Mapping[str, Json]
    readable: tuple[Path, ...]
    writable: Path | None
    """A folder to write in, where the work has something to write."""
    tell: Callable[[Mapping[str, Json]], None]
    """Tell the asker how far the work has come, such as `{"rows": 50000}`."""


class Confinement:
    """The asker's side: any thread of any process that may reach the zygote's socket."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    def run_query(
        self,
        sql: str,
        tables: Sequence[PermittedTable],
        *,
        caller: str,
        result_format: ResultFormat,
        output: Path,
        manner: Manner = PLAIN,
        bounds: QueryBounds = QueryBounds(),
        cancelled: threading.Event | None = None,
    ) -> QueryResult:
        """Write the whole answer of a user's statement to the new file `output`, or nothing.

        `caller` says whose query it is: for fairness, and for whom a warm process may serve
        again. An empty one is never served warm, and all of them together count as one caller.

        Raises: the refusals of `LockedEngine.answer`, EngineBusy, QueryEngineAway,
        QueryCancelled, MessageTooLong.
        """
        assert len(tables) <= TABLES_MAX
        work: dict[str, Json] = {
            "sql": sql,
            "format": result_format.value,
            "manner": [manner.with_mark, manner.is_guarded],
            "tables": [[table.name, str(table.database)] for table in tables],
            "rows_max": bounds.rows_max,
            "size_bytes_max": bounds.size_bytes_max,
            "wall_s": bounds.wall_s,
            "cpu_s": bounds.cpu_s,
            "memory_bytes": bounds.memory_bytes,
            "warm_key": _warm_key(caller, tables, bounds),
        }
        request = _Request("query", caller, str(work["warm_key"]), bounds.wall_s)
        ends = {
            b"Kcost": QueryTooCostly(bounds.wall_s, bounds.memory_bytes),
            b"Kdied": MalformedStatement("the engine failed on it"),
        }
        with _new_file(output) as descriptor:
            answer = self._ask(
                request, work, files=[descriptor], early_ends=ends, cancelled=cancelled
            )
            size_bytes = os.fstat(descriptor).st_size
            os.lseek(descriptor, 0, os.SEEK_SET)
            with os.fdopen(os.dup(descriptor), "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        columns = answer["columns"]
        rows = answer["rows"]
        assert isinstance(columns, list)
        assert isinstance(rows, int)
        return QueryResult(
            tuple(ResultColumn(str(name), str(type_name)) for name, type_name in columns),
            rows,
            size_bytes,
            digest,
            bool(answer["was_warm"]),
        )

    def run_confined(
        self,
        function: str,
        arguments: Mapping[str, Json],
        *,
        caller: str,
        readable: Sequence[Path] = (),
        writable: Path | None = None,
        bounds: JobBounds = JobBounds(),
        told: Callable[[Mapping[str, Json]], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> Json:
        """Run `function` ("package.module:name", a `Callable[[ConfinedJob], Json]`) confined.

        It may read the files and folders `readable` and write in the folder `writable`, and
        nothing else. `told` hears how far it has come.

        Raises: the function's refusals, ConfinedWorkFailed, EngineBusy, QueryEngineAway,
        QueryCancelled, MessageTooLong.
        """
        work: dict[str, Json] = {
            "function": function,
            "arguments": arguments,
            "readable": [str(path.resolve()) for path in readable],
            "writable": None if writable is None else str(writable.resolve()),
            "cpu_s": bounds.cpu_s,
            "memory_bytes": bounds.memory_bytes,
            "file_size_bytes": bounds.file_size_bytes,
            "open_files": bounds.open_files,
        }
        ends = {
            b"Kcost": ConfinedWorkFailed("it needs more time or memory than one file may take"),
            b"Kdied": ConfinedWorkFailed("reading it failed"),
        }
        request = _Request("job", caller, "", bounds.wall_s)
        answer = self._ask(request, work, files=[], early_ends=ends, told=told, cancelled=cancelled)
        return answer["value"]

    def _ask(
        self,
        request: _Request,
        work: Mapping[str, Json],
        *,
        files: Sequence[int],
        early_ends: Mapping[bytes, Refusal],
        told: Callable[[Mapping[str, Json]], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> dict[str, Json]:
        """Send one request and wait for its answer; closing the connection cancels it."""
        packed = _packed(work)
        if len(packed) > MESSAGE_BYTES_MAX:
            raise MessageTooLong(MESSAGE_BYTES_MAX)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            try:
                connection.connect(str(self._socket_path))
            except OSError:
                raise QueryEngineAway from None
            with suppress(BrokenPipeError, ConnectionResetError):
                # The zygote may have said no before it was told all; what it said is read below.
                connection.sendall(_packed(asdict(request)))
                socket.send_fds(connection, [packed], list(files))
            ends = time.monotonic() + WAITING_MAX_S[request.lane] + request.wall_s + KILL_GRACE_S
            parts: list[bytes] = []
            while True:
                message = _receive(connection, ends, cancelled)
                kind, rest = message[:1], message[1:]
                if kind == b"P" and told is not None:
                    told(_trusted_no_further(rest))
                elif kind == b"K":
                    raise early_ends.get(message, EngineBusy())
                elif kind in (b"r", b"R"):
                    parts.append(rest)
                    if sum(map(len, parts)) > ANSWER_BYTES_MAX:
                        raise ConfinedWorkFailed("its description is too long")
                    if kind == b"R":
                        return _answer_of(_trusted_no_further(b"".join(parts)))
                elif kind != b"P":
                    raise QueryEngineAway


@dataclass(frozen=True, slots=True)
class _Request:
    """What the zygote has to know."""

    lane: str
    caller: str
    warm_key: str
    wall_s: float


def _warm_key(caller: str, tables: Sequence[PermittedTable], bounds: QueryBounds) -> str:
    """Equal only for the same caller, the same files with the same views, the same bounds."""
    if not caller:
        return ""
    stated: list[Json] = []
    for table in tables:
        state = table.database.stat()
        identity: list[Json] = [state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size]
        stated.append([table.name, str(table.database), table.view_fingerprint, *identity])
    asked: list[Json] = [caller, stated, bounds.memory_bytes, bounds.wall_s]
    return hashlib.sha256(_packed(asked)).hexdigest()


@contextmanager
def _new_file(path: Path) -> Iterator[int]:
    """A new file that is there under its name only if all goes well."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(unfinished, flags, 0o600)
    try:
        yield descriptor
        unfinished.rename(path)
    finally:
        os.close(descriptor)
        unfinished.unlink(missing_ok=True)


def _receive(connection: socket.socket, ends: float, cancelled: threading.Event | None) -> bytes:
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    while True:
        left_s = ends - time.monotonic()
        if left_s <= 0:
            raise QueryEngineAway
        if cancelled is not None:
            if cancelled.is_set():
                raise QueryCancelled
            left_s = min(left_s, CANCEL_LOOK_S)
        if waiting.poll(left_s * 1000):
            try:
                return connection.recv(MESSAGE_BYTES_MAX)
            except OSError:
                return b""


def _trusted_no_further(data: bytes) -> dict[str, Json]:
    """A message of a process that may have been taken over."""
    try:
        return _unpacked(data)
    except (ValueError, TypeError, RecursionError):
        raise ConfinedWorkFailed("it answered with nonsense") from None


def _answer_of(answer: dict[str, Json]) -> dict[str, Json]:
    """The answer, or the refusal that it tells of."""
    name = answer.get("refusal")
    if name is None:
        return answer
    facts = answer.get("facts")
    kind = refusal_named(str(name))
    if kind is not None and isinstance(facts, dict):
        with suppress(TypeError):
            raise kind(**facts)
    raise ConfinedWorkFailed("it failed in a way that has no name")


def serve_zygote(socket_path: Path, *, job_packages: Sequence[str] = JOB_PACKAGES) -> NoReturn:
    """Be the zygote until the parent ends or SIGTERM comes.

    To be called in a fresh process with a clean environment, before any thread is started.
    `job_packages` are the packages whose functions may run confined.
    """
    # Both libraries would start threads of their own; a forked process has only one.
    os.environ.update(OPENBLAS_NUM_THREADS="1", JE_ARROW_MALLOC_CONF="background_thread:false")
    give_up_network()
    # Not before: the libraries' threads would forbid the step above.
    from catalog.locked_query import open_empty_engine

    empty_engine = open_empty_engine()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = _listen(socket_path)
    gc.collect()
    gc.freeze()
    _Zygote(listener, tuple(job_packages), empty_engine).serve()


def _listen(socket_path: Path) -> socket.socket:
    """A socket that is there under its name only once it listens, and for its owner alone."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    unready = socket_path.with_name(f"{socket_path.name}~")
    unready.unlink(missing_ok=True)
    mask = os.umask(0o177)
    listener.bind(str(unready))
    os.umask(mask)
    listener.listen(CONNECTIONS_MAX)
    listener.setblocking(False)  # noqa: FBT003  the name says it
    unready.rename(socket_path)
    return listener


@dataclass(eq=False)
class _Asked:
    """A connection and what it asks for; None until its first message is there."""

    connection: socket.socket
    ends: float
    request: _Request | None = None


@dataclass(eq=False)
class _Worker:
    """A forked process: busy with a request, or warm."""

    process_id: int
    control: socket.socket
    lane: str
    warm_key: str
    asked: _Asked | None
    ends: float


@dataclass
class _Zygote:
    """Places, queue and clock. Everything here is trusted; nothing hostile is read."""

    listener: socket.socket
    job_packages: tuple[str, ...]
    empty_engine: DuckDBPyConnection
    arriving: list[_Asked] = field(default_factory=list)
    waiting: deque[_Asked] = field(default_factory=deque)
    workers: list[_Worker] = field(default_factory=list)
    process_id: int = field(default_factory=os.getpid)
    parent_id: int = field(default_factory=os.getppid)

    def serve(self) -> NoReturn:
        while os.getppid() == self.parent_id:
            ready = self._wait()
            now = time.monotonic()
            for worker in [w for w in self.workers if w.control.fileno() in ready]:
                self._hear(worker, now)
            for worker in [w for w in self.workers if w.asked and _fd(w.asked) in ready]:
                self._end(worker, b"")
            for asked in [a for a in self.waiting if _fd(a) in ready]:
                self.waiting.remove(asked)
                asked.connection.close()
            for asked in [a for a in self.arriving if _fd(a) in ready]:
                self._read(asked, now)
            if self.listener.fileno() in ready:
                self._accept(now)
            self._look_at_clock(now)
            self._start_waiting(now)
        os._exit(0)

    def _wait(self) -> set[int]:
        """Wait for something to happen; a gone asker shows as a hang-up."""
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        for asked in self.arriving:
            poll.register(asked.connection, select.POLLIN | select.POLLRDHUP)
        for asked in self.waiting:
            poll.register(asked.connection, select.POLLRDHUP)
        for worker in self.workers:
            poll.register(worker.control, select.POLLIN)
            if worker.asked is not None:
                poll.register(worker.asked.connection, select.POLLRDHUP)
        ends = [a.ends for a in (*self.arriving, *self.waiting)] + [w.ends for w in self.workers]
        left_s = min([*(end - time.monotonic() for end in ends), 1.0])
        return {descriptor for descriptor, _ in poll.poll(max(left_s, 0) * 1000)}

    def _accept(self, now: float) -> None:
        with suppress(BlockingIOError):
            connection, _ = self.listener.accept()
            open_connections = len(self.arriving) + len(self.waiting) + len(self.workers)
            if open_connections >= CONNECTIONS_MAX:
                _dismiss(connection, b"Kbusy")
                return
            self.arriving.append(_Asked(connection, now + FIRST_MESSAGE_S))

    def _read(self, asked: _Asked, now: float) -> None:
        """Read the first message; the second stays in the socket for the worker."""
        self.arriving.remove(asked)
        try:
            stated = _unpacked(asked.connection.recv(PART_BYTES))
            asked.request = _Request(
                str(stated["lane"]),
                str(stated["caller"]),
                str(stated["warm_key"]),
                float(str(stated["wall_s"])),
            )
            waiting_s = WAITING_MAX_S[asked.request.lane]
        except (OSError, ValueError, KeyError, TypeError):
            asked.connection.close()
            return
        own = sum(1 for a in self.waiting if a.request and a.request.caller == stated["caller"])
        if len(self.waiting) >= WAITING_MAX or own >= WAITING_PER_CALLER_MAX:
            _dismiss(asked.connection, b"Kbusy")
            return
        asked.ends = now + waiting_s
        self.waiting.append(asked)

    def _hear(self, worker: _Worker, now: float) -> None:
        """A worker says that it is warm, or is gone."""
        try:
            message = worker.control.recv(16)
        except OSError:
            message = b""
        if message != b"I" or worker.asked is None or not worker.warm_key:
            self._end(worker, b"Kdied")
            return
        worker.asked.connection.close()
        worker.asked = None
        worker.ends = now + WARM_S
        warm = [w for w in self.workers if w.asked is None]
        if len(warm) > WARM_MAX:
            self._end(min(warm, key=lambda w: w.ends), b"")

    def _end(self, worker: _Worker, word: bytes) -> None:
        """Kill a worker, whatever it is doing, and tell its asker if there is something to say."""
        self.workers.remove(worker)
        os.kill(worker.process_id, signal.SIGKILL)
        _, status = os.waitpid(worker.process_id, 0)
        worker.control.close()
        if word and os.WIFSIGNALED(status) and os.WTERMSIG(status) in _SIGNALS_OF_COST:
            word = b"Kcost"
        if worker.asked is not None:
            _dismiss(worker.asked.connection, word)

    def _look_at_clock(self, now: float) -> None:
        for asked in [a for a in self.arriving if a.ends <= now]:
            self.arriving.remove(asked)
            asked.connection.close()
        for asked in [a for a in self.waiting if a.ends <= now]:
            self.waiting.remove(asked)
            _dismiss(asked.connection, b"Kbusy")
        for worker in [w for w in self.workers if w.ends <= now]:
            self._end(worker, b"Kcost")

    def _start_waiting(self, now: float) -> None:
        """Give free places to those who wait, in order; nobody may hold all places."""
        for asked in list(self.waiting):
            request = asked.request
            assert request is not None
            busy = [w.asked.request for w in self.workers if w.asked and w.lane == request.lane]
            places = QUERIES_AT_ONCE if request.lane == "query" else JOBS_AT_ONCE
            own = sum(1 for other in busy if other and other.caller == request.caller)
            if len(busy) < places and own < max(places - 1, 1):
                self.waiting.remove(asked)
                self._start(asked, request, now + request.wall_s)

    def _start(self, asked: _Asked, request: _Request, ends: float) -> None:
        for worker in self.workers:
            if worker.asked is None and request.warm_key and worker.warm_key == request.warm_key:
                try:
                    socket.send_fds(worker.control, [b"go"], [asked.connection.fileno()])
                except OSError:
                    self._end(worker, b"")
                    break
                worker.asked, worker.ends = asked, ends
                return
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process_id = os.fork()
        if process_id == 0:
            _be_worker(self, asked.connection, theirs)
        theirs.close()
        self.workers.append(
            _Worker(process_id, control, request.lane, request.warm_key, asked, ends)
        )


_SIGNALS_OF_COST = frozenset([signal.SIGXCPU, signal.SIGKILL])
"""Its own processor time, or the kernel out of memory."""


def _fd(asked: _Asked) -> int:
    return asked.connection.fileno()


def _dismiss(connection: socket.socket, word: bytes) -> None:
    """Close a connection with a last word, or none.

    What lies unread is thrown away first, or the kernel would take the word back on closing.
    """
    with connection, suppress(OSError):
        if word:
            connection.send(word, socket.MSG_DONTWAIT)
        while connection.recv(1, socket.MSG_DONTWAIT):
            pass


def _be_worker(zygote: _Zygote, connection: socket.socket, control: socket.socket) -> NoReturn:
    """A forked process from its first to its last moment."""
    status = 1
    try:
        die_with_parent(zygote.process_id)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _close_all_but(connection.fileno(), control.fileno())
        work, files = _receive_work(connection)
        if "sql" in work:
            _serve_queries(zygote.empty_engine, connection, control, work, files)
        else:
            _serve_job(connection, work, zygote.job_packages)
        status = 0
    except BaseException as error:
        # Its own text may hold what the asker sent; where it happened does not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        print(f"worker: {type(error).__name__} at {place.name}:{place.lineno}", file=sys.stderr)  # noqa: T201
        sys.stderr.flush()
        raise
    finally:
        # Whatever happens, a worker never returns into the zygote's code.
        os._exit(status)


def _close_all_but(*kept: int) -> None:
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _receive_work(connection: socket.socket) -> tuple[dict[str, Json], list[int]]:
    data, files, _, _ = socket.recv_fds(connection, MESSAGE_BYTES_MAX, 1)
    return _unpacked(data), files


def _serve_queries(
    empty_engine: DuckDBPyConnection,
    connection: socket.socket,
    control: socket.socket,
    work: dict[str, Json],
    files: list[int],
) -> None:
    """Answer one query, then any more of the same caller over the same tables."""
    from catalog.locked_query import LockedEngine

    tables = {name: Path(path) for name, path in _pairs(work["tables"])}
    memory_bytes = _whole(work["memory_bytes"])
    limits = ProcessLimits(
        memory_bytes * 2 + ADDRESS_SPACE_OVERHEAD_BYTES,
        _whole(work["cpu_s"]),
        _whole(work["size_bytes_max"]),
        OPEN_FILES,
    )
    confine(limits, readable=tables.values())
    first = (work["warm_key"], work["tables"])
    try:
        engine = LockedEngine(
            empty_engine, tables, memory_bytes=memory_bytes, wall_s=float(str(work["wall_s"]))
        )
    except MemoryError:
        _reply(connection, _refused(QueryTooCostly(float(str(work["wall_s"])), memory_bytes)))
        return
    for served in range(WARM_QUERIES_MAX):
        assert (work["warm_key"], work["tables"]) == first
        reply, is_fit = _answer_query(engine, work, files, was_warm=served > 0)
        is_warm = is_fit and bool(work["warm_key"]) and served + 1 < WARM_QUERIES_MAX
        if is_warm:
            # First, since the asker may be back before a later word would reach the zygote.
            control.send(b"I")
        _reply(connection, reply)
        connection.close()
        if not is_warm:
            return
        word, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if word != b"go":
            return
        connection = socket.socket(fileno=descriptors[0])
        work, files = _receive_work(connection)
        set_file_size(_whole(work["size_bytes_max"]))
        add_cpu_time(_whole(work["cpu_s"]))


def _answer_query(
    engine: LockedEngine, work: Mapping[str, Json], files: Sequence[int], *, was_warm: bool
) -> tuple[dict[str, Json], bool]:
    """Answer one query; the reply, and whether the engine is fit for another."""
    is_fit = True
    with os.fdopen(files[0], "wb", buffering=1 << 20) as output:
        try:
            answer = engine.answer(
                str(work["sql"]),
                ResultFormat(str(work["format"])),
                output,
                rows_max=_whole(work["rows_max"]),
                size_bytes_max=_whole(work["size_bytes_max"]),
                manner=Manner(*map(bool, _items(work["manner"]))),
            )
            reply: dict[str, Json] = {
                "columns": [[column.name, column.type] for column in answer.columns],
                "rows": answer.rows,
                "was_warm": was_warm,
            }
        except Refusal as refusal:
            reply = _refused(refusal)
            is_fit = not isinstance(refusal, QueryTooCostly)
            with suppress(OSError):
                output.flush()
            os.ftruncate(output.fileno(), 0)
    return reply, is_fit


def _serve_job(
    connection: socket.socket, work: Mapping[str, Json], job_packages: Sequence[str]
) -> None:
    """Run one named function with what it may touch."""
    module_name, _, function_name = str(work["function"]).partition(":")
    if not any(module_name.startswith(f"{package}.") for package in job_packages):
        raise PermissionError(module_name)
    function = getattr(importlib.import_module(module_name), function_name)
    readable = tuple(Path(str(path)) for path in _items(work["readable"]))
    writable = None if work["writable"] is None else Path(str(work["writable"]))
    if writable is not None:
        os.environ["TMPDIR"] = str(writable)
    limits = ProcessLimits(
        _whole(work["memory_bytes"]) + ADDRESS_SPACE_OVERHEAD_BYTES,
        _whole(work["cpu_s"]),
        _whole(work["file_size_bytes"]),
        _whole(work["open_files"]),
    )
    confine(limits, readable=readable, writable=[] if writable is None else [writable])
    arguments = work["arguments"]
    assert isinstance(arguments, dict)
    job = ConfinedJob(
        arguments, readable, writable, lambda told: _tell(connection, b"P" + _packed(told))
    )
    try:
        reply: dict[str, Json] = {"value": function(job)}
    except Refusal as refusal:
        reply = _refused(refusal)
    except MemoryError:
        reply = _refused(ConfinedWorkFailed("it needs more memory than one file may take"))
    except (OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
        # What a library says of a hostile file is not worth telling; its kind is.
        reply = _refused(ConfinedWorkFailed(type(error).__name__))
    _reply(connection, reply)


def _tell(connection: socket.socket, message: bytes) -> None:
    """Progress is told if the asker keeps up, and lost otherwise."""
    with suppress(BlockingIOError):
        connection.send(message[:PART_BYTES], socket.MSG_DONTWAIT)


def _reply(connection: socket.socket, reply: Mapping[str, Json]) -> None:
    data = _packed(reply)
    while len(data) > PART_BYTES:
        connection.sendall(b"r" + data[:PART_BYTES])
        data = data[PART_BYTES:]
    connection.sendall(b"R" + data)


def _refused(refusal: Refusal) -> dict[str, Json]:
    return {"refusal": type(refusal).__name__, "facts": dict(vars(refusal))}


def _packed(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def _unpacked(data: bytes) -> dict[str, Json]:
    value = json.loads(data.decode("utf-8", "surrogatepass"))
    if not isinstance(value, dict):
        raise TypeError("a message is an object")
    return value


def _items(value: Json) -> Sequence[Json]:
    assert isinstance(value, list)
    return value


def _pairs(value: Json) -> Iterator[tuple[str, str]]:
    for pair in _items(value):
        name, path = _items(pair)
        yield str(name), str(path)


def _whole(value: Json) -> int:
    assert isinstance(value, int)
    return value

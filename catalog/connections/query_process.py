"""Start the process that reads another database, keep its clock, and understand what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from catalog.connections.connection import BYTES_MAX, ROWS_MAX, SECONDS_MAX, Source
from catalog.connections.errors import (
    QueryGaveTooMuch,
    QueryRanTooLong,
    SignInRefused,
    SourceSaid,
    ValueDoesNotFit,
)
from catalog.connections.one_select import check_one_select
from catalog.harvest.errors import SourceUnreachable
from policies.errors import Refusal

WORDS_CHARACTERS_MAX: Final = 400
GRACE_S: Final = 15
_MODULE: Final = "catalog.connections.read_database"
_REPEATS: Final = b"ERROR r2d2"
"""The library tries to sign in again and again; the first time says it all, and more of them may
lock the account."""
_SIGN_IN: Final = re.compile(
    r"password authentication failed|access denied for user|no pg_hba\.conf entry"
    r"|role \"[^\"]*\" does not exist|authentication",
    re.IGNORECASE,
)
_STOPPED: Final = re.compile(r"statement timeout|max_statement_time|QueryTimeout", re.IGNORECASE)
_MESSAGE: Final = re.compile(r'message: "((?:[^"\\]|\\.)*)"')
_UNFIT: Final = re.compile(r"not implemented|scale|precision|unsupported|cannot convert|overflow")


@dataclass(frozen=True, slots=True)
class QueryBounds:
    """What a run may take."""

    rows_max: int = ROWS_MAX
    bytes_max: int = BYTES_MAX
    seconds_max: int = SECONDS_MAX


def read_query(
    source: Source, secret: str, *, checked_host: str, path: Path, bounds: QueryBounds
) -> int:
    """Write the query's rows to the new Parquet file `path`; says how many.

    Raises: StatementIsNotOneSelect, SignInRefused, SourceSaid, ValueDoesNotFit, QueryRanTooLong,
    QueryGaveTooMuch, SourceUnreachable.
    """
    request = {
        "parent_id": os.getpid(),
        "kind": source.kind.value,
        "url": _url(source, secret, checked_host),
        "statement": check_one_select(source.statement, source.kind),
        "path": str(path),
        "rows_max": bounds.rows_max,
        "bytes_max": bounds.bytes_max,
        "seconds_max": bounds.seconds_max,
    }
    told, noise = _ask(request, bounds)
    if "rows" in told:
        return int(told["rows"])
    if "refused" in told:
        raise QueryGaveTooMuch(bounds.rows_max, bounds.bytes_max)
    raise _refusal(str(told.get("fault", "")) or noise, secret, bounds)


def _ask(request: Mapping[str, str | int], bounds: QueryBounds) -> tuple[dict[str, str | int], str]:
    """What the process said, and what its library complained of."""
    process = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Nothing of ours is in its surroundings.
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "RUST_LOG": "error",
        },
    )
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        process.kill()

    timer = threading.Timer(bounds.seconds_max + GRACE_S, end)
    timer.daemon = True
    timer.start()
    noise: list[bytes] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            noise.append(line)
            if _REPEATS in line:
                process.kill()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
        said = process.stdout.read()
        process.wait()
        listener.join()
    except BrokenPipeError:
        said = b""
    finally:
        timer.cancel()
        process.kill()
        process.wait()
    if is_late.is_set():
        raise QueryRanTooLong(bounds.seconds_max)
    complaint = next((line for line in noise if _REPEATS in line), b"".join(noise)[-2_000:])
    return (json.loads(said) if said else {}), complaint.decode(errors="replace")


def _url(source: Source, secret: str, checked_host: str) -> str:
    host = f"[{checked_host}]" if ":" in checked_host else checked_host
    user, password = quote(source.user, safe=""), quote(secret, safe="")
    database = quote(source.database, safe="")
    return f"{source.kind.value}://{user}:{password}@{host}:{source.port_used}/{database}"


def _refusal(fault: str, secret: str, bounds: QueryBounds) -> Refusal:
    if _SIGN_IN.search(fault):
        return SignInRefused()
    if _STOPPED.search(fault):
        return QueryRanTooLong(bounds.seconds_max)
    words = _words(fault, secret)
    if _REPEATS.decode() in fault or "timed out waiting for connection" in fault:
        return SourceUnreachable(words or "no answer")
    if not _MESSAGE.search(fault) and _UNFIT.search(fault):
        return ValueDoesNotFit(words)
    return SourceSaid(words or "—")


def _words(fault: str, secret: str) -> str:
    """What a database said, in a line, without the library's frame and without the secret."""
    found = _MESSAGE.search(fault)
    plain = found.group(1) if found else re.sub(r"^\[.*?\] |^.*?db error: ", "", fault.strip())
    for hidden in {secret, quote(secret, safe="")} - {""}:
        plain = plain.replace(hidden, "…")
    line = " ".join(plain.partition("Stack backtrace")[0].split())
    return line[:WORDS_CHARACTERS_MAX]

"""Fetch what a source holds now into a folder of blobs, or learn that it has not changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import unquote, urlsplit

from catalog.blobs import Blobs, StoredBlob, store_blob
from catalog.connections.connection import BYTES_MAX, PORTS, SECONDS_MAX, Source, SourceKind
from catalog.connections.errors import PlaceNotAllowed
from catalog.connections.query_process import QueryBounds, read_query
from catalog.harvest.errors import AddressRefused
from catalog.harvest.fetch import Fetcher
from catalog.harvest.reach import IpNetwork, open_line
from catalog.harvest.source import Validators
from catalog.version import FILE_NAME_LENGTH_CHARACTERS

PIECE_BYTES: Final = 1 << 20
_NAMED: Final = re.compile(r"filename\*=[^']*'[^']*'([^;]+)|filename=\"?([^\";]+)")
_NAME_OTHERWISE: Final = "data"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where bytes go, and how far one reading may go."""

    blobs: Blobs
    work: Path
    """What is thrown away at the end lies here."""
    allowed: tuple[IpNetwork, ...]
    """Private networks that may be connected to."""
    bytes_max: int = BYTES_MAX
    seconds_max: int = SECONDS_MAX


@dataclass(frozen=True, slots=True)
class Key:
    """What opens a source, and what is known of it."""

    secret: str
    host_key: str
    """The pinned one; empty where the server was never seen."""
    known: Validators


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came."""

    blob: StoredBlob | None
    """None where nothing changed."""
    file_name: str
    validators: Validators
    host_key: str = ""
    row_count: int | None = None


def fetch(source: Source, key: Key, reach: Reach, *, at: datetime) -> Fetched:
    """Read a source once.

    Raises: PlaceNotAllowed and what `fetch_address`, `read_query` and `open_file` raise;
    FileTooLarge, StorageFull.
    """
    try:
        match source.kind:
            case SourceKind.URL:
                fetched = _from_address(source, key, reach)
            case SourceKind.POSTGRESQL | SourceKind.MYSQL:
                fetched = _from_database(source, key, reach)
            case SourceKind.SFTP:
                fetched = _from_sftp(source, key, reach, at)
    except AddressRefused as refused:
        raise PlaceNotAllowed(refused.host) from None
    if fetched.blob is not None and fetched.blob.sha256 == key.known.sha256:
        return Fetched(None, fetched.file_name, fetched.validators, fetched.host_key)
    return fetched


def _from_address(source: Source, key: Key, reach: Reach) -> Fetched:
    headers = {"Authorization": key.secret} if key.secret else {}
    with (
        Fetcher(reach.allowed, bytes_max=reach.bytes_max, seconds_max=reach.seconds_max) as fetcher,
        fetcher.streamed(source.address, headers=headers, known=key.known) as answer,
    ):
        if answer is None:
            return Fetched(None, "", key.known)
        blob = store_blob(reach.blobs, answer.pieces)
        return Fetched(
            blob,
            _name_of(answer.disposition, answer.address),
            Validators(answer.etag, answer.last_modified, blob.sha256),
        )


def _from_database(source: Source, key: Key, reach: Reach) -> Fetched:
    # The line proves that the place answers and which of its addresses is connected to.
    with open_line(
        source.host, source.port_used, reach.allowed, ports={PORTS[source.kind]}
    ) as line:
        checked_host = str(line.getpeername()[0])
    with TemporaryDirectory(dir=reach.work) as work:
        path = Path(work) / "rows.parquet"
        rows = read_query(
            source,
            key.secret,
            checked_host=checked_host,
            path=path,
            bounds=QueryBounds(bytes_max=reach.bytes_max, seconds_max=reach.seconds_max),
        )
        blob = store_blob(reach.blobs, _pieces_of(path))
    return Fetched(
        blob, f"{source.database}.parquet", Validators(sha256=blob.sha256), row_count=rows
    )


def _from_sftp(source: Source, key: Key, reach: Reach, at: datetime) -> Fetched:
    from catalog.connections.read_sftp import open_file

    name = PurePosixPath(source.path).name or _NAME_OTHERWISE
    with (
        open_line(source.host, source.port_used, reach.allowed, ports={PORTS[source.kind]}) as line,
        open_file(
            source,
            key.secret,
            line,
            pinned=key.host_key,
            known=key.known,
            at=at,
            bytes_max=reach.bytes_max,
            seconds_max=reach.seconds_max,
        ) as remote,
    ):
        if remote.pieces is None:
            return Fetched(None, name, key.known, remote.fingerprint)
        blob = store_blob(reach.blobs, remote.pieces)
        validators = Validators(etag=remote.etag, sha256=blob.sha256)
        return Fetched(blob, name, validators, remote.fingerprint)


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _name_of(disposition: str, address: str) -> str:
    """The name of a file that came by address: as its server calls it, else as the address ends."""
    found = _NAMED.search(disposition)
    named = unquote(next((one for one in found.groups() if one), "")) if found else ""
    name = (named or unquote(urlsplit(address).path)).replace("\\", "/").rstrip("/")
    name = "".join(one for one in name.rpartition("/")[2] if one.isprintable()).strip()
    return name[-FILE_NAME_LENGTH_CHARACTERS:] or _NAME_OTHERWISE

"""A file of an SFTP server whose key is pinned when it is first seen.

The key is compared before anything secret is sent.

Source: RFC 4253 s. 4 and 8 (host keys); the fingerprint is that of OpenSSH, SHA-256 in Base64.
"""

from __future__ import annotations

import base64
import hashlib
import io
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import paramiko

from catalog.connections.connection import Source
from catalog.connections.errors import HostKeyChanged, SignInRefused, SourceFileNotFound
from catalog.harvest.errors import AnswerTooLarge, AnswerTooSlow, SourceUnreachable
from catalog.harvest.source import Validators

HANDSHAKE_S: Final = 20
PIECE_BYTES: Final = 1 << 18
REQUESTS_AHEAD: Final = 64
SETTLED_AFTER_S: Final = 2
"""A time of change counts whole seconds, so a file changed just now may change unseen."""
_KEY_MARK: Final = "-----BEGIN"
_KEY_KINDS: Final = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that is open at its server."""

    fingerprint: str
    pieces: Iterator[bytes] | None
    """None where it is still the one that is known."""
    etag: str
    """Size and time of change; empty where that tells nothing yet."""


@contextmanager
def open_file(
    source: Source,
    secret: str,
    line: socket.socket,
    *,
    pinned: str,
    known: Validators,
    at: datetime,
    bytes_max: int,
    seconds_max: int,
) -> Iterator[RemoteFile]:
    """Open the source's file over a line that the caller has opened.

    `pinned` is the fingerprint noted before; empty: this server was never seen.

    Raises: HostKeyChanged, SignInRefused, SourceFileNotFound, SourceUnreachable, AnswerTooLarge,
    AnswerTooSlow; also while the pieces are read.
    """
    is_late = threading.Event()
    transport = paramiko.Transport(line)
    transport.banner_timeout = transport.auth_timeout = HANDSHAKE_S

    def cut() -> None:
        is_late.set()
        transport.close()

    timer = threading.Timer(seconds_max, cut)
    timer.daemon = True
    timer.start()
    try:
        transport.start_client(timeout=HANDSHAKE_S)
        fingerprint = _fingerprint(transport.get_remote_server_key())
        if pinned and fingerprint != pinned:
            raise HostKeyChanged(pinned, fingerprint)
        _sign_in(transport, source.user, secret)
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise SourceUnreachable("it speaks no SFTP")
        yield _remote_file(client, source.path, fingerprint, known, at, bytes_max)
    except (paramiko.SSHException, EOFError, OSError):
        if is_late.is_set():
            raise AnswerTooSlow(seconds_max) from None
        raise SourceUnreachable("the line broke or it speaks no SFTP") from None
    finally:
        timer.cancel()
        transport.close()


def _sign_in(transport: paramiko.Transport, user: str, secret: str) -> None:
    try:
        if secret.lstrip().startswith(_KEY_MARK):
            transport.auth_publickey(user, _private_key(secret))
        else:
            transport.auth_password(user, secret)
    except (paramiko.AuthenticationException, paramiko.BadAuthenticationType):
        raise SignInRefused from None


def _private_key(secret: str) -> paramiko.PKey:
    for kind in _KEY_KINDS:
        try:
            return kind.from_private_key(io.StringIO(secret.strip() + "\n"))
        except (paramiko.SSHException, ValueError):
            continue
    raise SignInRefused


def _remote_file(
    client: paramiko.SFTPClient,
    path: str,
    fingerprint: str,
    known: Validators,
    at: datetime,
    bytes_max: int,
) -> RemoteFile:
    try:
        told = client.stat(path)
        if told.st_mode is not None and not stat.S_ISREG(told.st_mode):
            raise SourceFileNotFound(path)
        opened = client.open(path, "rb")
    except OSError as fault:
        if not isinstance(fault, socket.timeout | ConnectionError):
            raise SourceFileNotFound(path) from None
        raise
    size, changed = told.st_size or 0, told.st_mtime or 0
    if size > bytes_max:
        raise AnswerTooLarge(bytes_max)
    is_settled = at.timestamp() - changed >= SETTLED_AFTER_S
    etag = f"{size}-{changed}" if is_settled else ""
    if etag and etag == known.etag:
        return RemoteFile(fingerprint, None, etag)

    def pieces() -> Iterator[bytes]:
        opened.prefetch(size, REQUESTS_AHEAD)
        taken = 0
        while piece := opened.read(PIECE_BYTES):
            taken += len(piece)
            if taken > bytes_max:
                raise AnswerTooLarge(bytes_max)
            yield piece

    return RemoteFile(fingerprint, pieces(), etag)


def _fingerprint(key: paramiko.PKey) -> str:
    digest = hashlib.sha256(key.asbytes()).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

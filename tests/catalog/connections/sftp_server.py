"""A small SFTP server over a folder, from the server half of the library."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

USER, PASSWORD = "courier", "open sesame"


@dataclass
class SftpPlace:
    """A running server."""

    port: int
    folder: Path
    host_key: paramiko.PKey
    public_key: paramiko.PKey | None = None
    """Who may come in with a key."""
    signed_in: list[str] = field(default_factory=list)
    """How those came in who did, and "tried" for each attempt."""
    opened: list[str] = field(default_factory=list)


class _Door(paramiko.ServerInterface):  # type: ignore[misc]  # it has no types
    def __init__(self, place: SftpPlace) -> None:
        self.place = place

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> object:
        self.place.signed_in.append("tried")
        if (username, password) != (USER, PASSWORD):
            return paramiko.AUTH_FAILED
        self.place.signed_in.append("password")
        return paramiko.AUTH_SUCCESSFUL

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> object:
        self.place.signed_in.append("tried")
        if self.place.public_key is None or key != self.place.public_key:
            return paramiko.AUTH_FAILED
        self.place.signed_in.append("key")
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> object:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):  # type: ignore[misc]  # it has no types
    def __init__(self, server: _Door, *_: object) -> None:
        self.place = server.place
        super().__init__(server)

    def _at(self, path: str) -> Path:
        return self.place.folder / path.lstrip("/")

    def stat(self, path: str) -> object:
        try:
            return paramiko.SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as fault:
            return paramiko.SFTPServer.convert_errno(fault.errno)

    def open(self, path: str, flags: int, attr: object) -> object:
        try:
            file = self._at(path).open("rb")
        except OSError as fault:
            return paramiko.SFTPServer.convert_errno(fault.errno)
        self.place.opened.append(path)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = file
        handle.stat = lambda: paramiko.SFTPAttributes.from_stat(os.fstat(file.fileno()))
        return handle


@contextmanager
def sftp_server(folder: Path, *, port: int = 0) -> Iterator[SftpPlace]:
    """A server with a new host key, on the loopback."""
    listening = socket.create_server(("127.0.0.1", port))
    place = SftpPlace(listening.getsockname()[1], folder, paramiko.ECDSAKey.generate())
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(line)
            transports.append(transport)
            transport.add_server_key(place.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            with suppress(paramiko.SSHException, EOFError):
                transport.start_server(server=_Door(place))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield place
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()
    for transport in transports:
        transport.close()

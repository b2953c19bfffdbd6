"""A stored file as an answer, read where that takes no waiting, else in a thread.

What the system has in memory is read in the event loop, in large pieces: a way through a thread and
back costs more than the copy. The system says itself when it would have to wait for the disk.

Source: Linux preadv2(2), RWF_NOWAIT.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

PIECE_BYTES: Final = 1 << 20


class StoredFile(FileResponse):
    """A file with its ranges."""

    chunk_size = PIECE_BYTES

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[_Pieces]:  # type: ignore[override]  # what is used
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield _Pieces(descriptor)
        finally:
            os.close(descriptor)


class _Pieces:
    """As much of an open file as a response asks of it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._place = 0
        self._room = memoryview(bytearray(PIECE_BYTES))

    async def seek(self, place: int) -> None:
        self._place = place

    async def read(self, size_bytes: int) -> bytes:
        """The next bytes, a piece at most; fewer than asked for only at the end of the file."""
        piece = self._at_hand(size_bytes)
        if len(piece) < size_bytes:
            # The end of the file, or what is not in memory.
            piece = await run_in_threadpool(os.pread, self._descriptor, size_bytes, self._place)
        self._place += len(piece)
        return piece

    def _at_hand(self, size_bytes: int) -> bytes:
        """What can be read without waiting; nothing where the file system cannot say."""
        room = self._room[:size_bytes]
        try:
            return bytes(room[: os.preadv(self._descriptor, [room], self._place, os.RWF_NOWAIT)])
        except OSError:
            return b""

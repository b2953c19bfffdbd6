"""Work for one client ends when the client goes: nobody would read what it makes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

Made = TypeVar("Made")


async def while_there(request: Request, work: Callable[[threading.Event], Made]) -> Made:
    """Run blocking `work` in a thread; the event that it is given is set when the client goes.

    The request's body must have been read: what comes after it is only word of the end.
    """
    async with _watched(request) as gone:
        return await run_in_threadpool(work, gone)


@asynccontextmanager
async def _watched(request: Request) -> AsyncIterator[threading.Event]:
    gone = threading.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    watching = asyncio.create_task(watch())
    try:
        yield gone
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

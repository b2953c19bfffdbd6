"""One child of `weir serve`: `python -m portal.child ROLE DATA [SOCKET]`.

Each role imports only what it needs, so that the web never holds Great Expectations and the zygote
holds nothing but DuckDB.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from setproctitle import setproctitle

from portal.settings import Settings, settings_from

SEQUENCE_PAUSE_S = 0.25
BACKGROUND_NICENESS = 10
"""Jobs and their long imports give way to those who wait for a page."""
INDEXER_NICENESS = 5
"""Between both: searches wait for it, but only for a moment."""
WEB_POOL_SIZE = 16
WORKER_POOL_SIZE = 4


def main(arguments: list[str]) -> None:
    """Become the child that `arguments` name."""
    role, data, *rest = arguments
    setproctitle(f"weir {role}")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    settings = settings_from(os.environ, data=Path(data))
    if role == "zygote":
        from catalog.confine import serve_zygote

        serve_zygote(settings.confine_socket)
        return
    database_url = os.environ.pop("WEIR_CHILD_DATABASE_URL")
    if role == "web":
        serve_web(settings, database_url, int(rest[0]))
    elif role in {"worker", "quality"}:
        os.nice(BACKGROUND_NICENESS)
        serve_jobs(settings, database_url, role)
    elif role == "sequencer":
        serve_log(settings, database_url)
    elif role == "indexer":
        from portal.indexer import serve_index

        os.nice(INDEXER_NICENESS)
        serve_index(settings, database_url)
    else:
        sys.exit(f"no such child: {role}")


def serve_web(settings: Settings, database_url: str, descriptor: int) -> None:
    """Answer HTTP on the listening socket that the parent opened."""
    # What is imported stays for good: looking through it for garbage would only cost time.
    gc.disable()
    import uvicorn

    from portal.app import create_app
    from portal.hear_changes import Ear
    from portal.wiring import wire

    gc.freeze()
    gc.enable()
    wiring = wire(settings, database_url, pool_size=WEB_POOL_SIZE)
    ear = Ear(database_url, wiring.pool.standing)
    listener = socket.socket(fileno=descriptor)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(wiring),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            # Addresses count in sign-in limits; a proxy in front has to be named.
            proxy_headers=bool(os.environ.get("WEIR_TRUSTED_PROXIES")),
            forwarded_allow_ips=os.environ.get("WEIR_TRUSTED_PROXIES") or None,
        )
    )
    server.run(sockets=[listener])
    ear.close()
    wiring.pool.close()


def serve_jobs(settings: Settings, database_url: str, role: str) -> None:
    """Take jobs of one queue until told to end."""
    from portal.wiring import wire
    from portal.worker import run_worker

    wiring = wire(settings, database_url, pool_size=WORKER_POOL_SIZE)
    run_worker(wiring, database_url, role)
    wiring.pool.close()


def serve_log(settings: Settings, database_url: str) -> None:
    """Give committed events their leaves, and sign a tree head at least each minute."""
    import psycopg

    from policies.log import SEQUENCE_LIMIT_EVENTS, head_is_due, sequence, sign_head
    from portal.keeping import keys_of
    from portal.pool import connection_pool, utc_now

    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    keys = keys_of(settings)
    with connection_pool(database_url, size=1) as pool:
        while not told_to_end.is_set():
            # The database may restart; the log then goes on where it was.
            with contextlib.suppress(psycopg.OperationalError):
                more = True
                while more and not told_to_end.is_set():
                    with pool.connection() as tx:
                        more = sequence(tx) == SEQUENCE_LIMIT_EVENTS
                with pool.connection() as tx:
                    if head_is_due(tx, utc_now()):
                        sign_head(tx, keys, utc_now())
            told_to_end.wait(SEQUENCE_PAUSE_S)


if __name__ == "__main__":
    main(sys.argv[1:])
    # DuckDB's binding reports dozens of harmless leaks while the interpreter is taken down.
    sys.stdout.flush()
    os._exit(0)

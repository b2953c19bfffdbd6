"""`weir serve`, `weir worker`, `weir migrate`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from portal.commands.context import CommandFailed, add_data_argument

if TYPE_CHECKING:
    from portal.serve import Server
    from portal.settings import Settings

DEFAULT_PORT = 8000


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    serve = commands.add_parser("serve", help="start everything and answer on a port")
    add_data_argument(serve)
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help="port (default: 8000)")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    serve.set_defaults(run=run_serve)
    worker = commands.add_parser(
        "worker",
        help="take background jobs of servers on other machines, in a data folder of its own",
    )
    add_data_argument(worker)
    worker.add_argument("--queue", choices=("work", "quality", "all"), default="all")
    worker.set_defaults(run=run_worker)
    migrate = commands.add_parser("migrate", help="bring the database to the present schema")
    add_data_argument(migrate)
    migrate.set_defaults(run=run_migrate)


def run_serve(chosen: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    settings = settings_of(chosen)
    with serving(settings, port=chosen.port, host=chosen.host) as server:
        announce(server, asked_port=chosen.port)
        print_first_admin(server)
        server.watch()
    return 0


def run_worker(chosen: argparse.Namespace) -> int:
    """Take jobs until told to end."""
    from portal.serve import AlreadyServed, KeysAway, StorageUnfit, working

    settings = settings_of(chosen)
    if settings.database_url is None:
        raise CommandFailed(
            "a worker of its own needs WEIR_DATABASE_URL; `weir serve` runs the embedded "
            "database's workers itself"
        )
    try:
        with working(settings, settings.database_url, chosen.queue) as worker:
            _end_on_signal(worker)
            print("Weir 数堰 takes jobs  (Ctrl-C ends it)", flush=True)
            worker.watch()
    except (AlreadyServed, StorageUnfit, KeysAway) as refusal:
        raise CommandFailed(str(refusal)) from refusal
    return 0


def run_migrate(chosen: argparse.Namespace) -> int:
    """Apply what is missing and name it."""
    from portal.commands.context import opened

    with opened(chosen) as context:
        print("applied: " + (", ".join(context.migrated) or "nothing, it was up to date"))
    return 0


class serving:  # noqa: N801 - used as a `with` statement
    """A server that ends on Ctrl-C and on SIGTERM, as a `with` block."""

    def __init__(self, settings: Settings, *, port: int, host: str = "127.0.0.1") -> None:
        from portal.serve import served

        self._served = served(settings, port=port, host=host)

    def __enter__(self) -> Server:
        from portal.postgres import PostgresDidNotStart
        from portal.serve import AlreadyServed, KeysAway, NoFreePort, StorageUnfit

        try:
            server = self._served.__enter__()
        except (
            AlreadyServed,
            NoFreePort,
            PostgresDidNotStart,
            StorageUnfit,
            KeysAway,
        ) as refusal:
            raise CommandFailed(str(refusal)) from refusal

        _end_on_signal(server)
        return server

    def __exit__(self, *exception: object) -> None:
        self._served.__exit__(*exception)  # type: ignore[arg-type]


def _end_on_signal(server: Server) -> None:
    def end(_number: int, _frame: object) -> None:
        server.is_ending = True

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


def announce(server: Server, *, asked_port: int) -> None:
    """Wait until the web answers, then say where it is."""
    if server.port != asked_port:
        print(f"port {asked_port} is taken; using {server.port}")
    if not wait_until_ready(server):
        raise CommandFailed("the web did not become ready; the messages above say why")
    print(f"Weir 数堰 is ready at {server.address}  (Ctrl-C ends it)", flush=True)


def wait_until_ready(server: Server) -> bool:
    """Whether `/healthz` answered before the time was up or the server was told to end."""
    from portal.serve import READY_TIMEOUT_S

    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline and not server.is_ending:
        server.tend()
        try:
            with urllib.request.urlopen(f"{server.address}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    return server.is_ending


def print_first_admin(server: Server) -> None:
    """Where no admin exists yet, make one and print its password, once."""
    from policies.identity.enrol import first_start_admin
    from portal.pool import connection_pool, utc_now

    with connection_pool(server.database_url, size=1) as pool, pool.connection() as tx:
        password = first_start_admin(tx, utc_now())
    if password is not None:
        print("No administrator existed. Sign in as “admin” with this password, shown only now:")
        print(f"  {password}", flush=True)


def settings_of(chosen: argparse.Namespace) -> Settings:
    """The settings that a command's arguments and the environment name."""
    from portal.settings import settings_from

    try:
        return settings_from(
            os.environ, data=Path(chosen.data), port=getattr(chosen, "port", DEFAULT_PORT)
        )
    except ValueError as wrong:
        raise CommandFailed(str(wrong)) from wrong


if __name__ == "__main__":
    sys.exit("use the command `weir`")

"""`weir demo`: a city with real data, used for real, in a folder of its own."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from portal.commands.context import CommandFailed, opened
from portal.commands.serving import (
    DEFAULT_PORT,
    announce,
    serving,
    settings_of,
    wait_until_ready,
)

if TYPE_CHECKING:
    from portal.serve import Server

DEFAULT_DATA: Final = ".data/demo"
_ENDING_S: Final = 10
"""How long loading may take to come to a step's end after Ctrl-C."""


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    demo = commands.add_parser(
        "demo", help="load a city with real data, used for real, in a folder of its own"
    )
    demo.add_argument(
        "--data",
        default=DEFAULT_DATA,
        metavar="DIR",
        help=f"folder of the demo's own (default: {DEFAULT_DATA})",
    )
    demo.add_argument("--serve", action="store_true", help="serve it, loaded, until Ctrl-C")
    demo.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"port (default: {DEFAULT_PORT})"
    )
    demo.add_argument("--remove", action="store_true", help="delete the demo's folder")
    demo.add_argument("--yes", action="store_true", help="with --remove: do not ask")
    demo.add_argument("--json", action="store_true", help="answer with one JSON object at the end")
    demo.add_argument(
        "--flights",
        type=int,
        metavar="ROWS",
        help="only the first flights instead of all 336,776, for a small or slow machine",
    )
    demo.set_defaults(run=run_demo)


def run_demo(chosen: argparse.Namespace) -> int:
    """Load, serve or remove the demo city."""
    if chosen.flights is not None and chosen.flights < 1:
        raise CommandFailed("--flights takes a number of rows from 1 on")
    if chosen.remove:
        return _remove(chosen)
    if chosen.serve:
        return _serve(chosen)
    address = _running_address(Path(chosen.data))
    if address is None and _is_loaded(chosen):
        _print_sign_ins(chosen, None)
        return 0
    if address is None:
        with serving(settings_of(chosen), port=chosen.port) as server:
            if not wait_until_ready(server):
                raise CommandFailed("the web did not become ready; the messages above say why")
            if not _load_beside(server, chosen):
                return 130
    else:
        _load(chosen, address, is_ending=lambda: False)
    _print_sign_ins(chosen, address)
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    """Serve, loading first what is not loaded yet."""
    with serving(settings_of(chosen), port=chosen.port) as server:
        announce(server, asked_port=chosen.port)
        if not _is_loaded(chosen) and not _load_beside(server, chosen):
            return 130
        _print_sign_ins(chosen, server.address)
        server.watch()
    return 0


def _load_beside(server: Server, chosen: argparse.Namespace) -> bool:
    """Load in a second thread while this one, which started the children, tends them.

    False where the server was told to end before all was done.

    Raises: CommandFailed.
    """
    failures: list[BaseException] = []

    def work() -> None:
        try:
            _load(chosen, server.address, is_ending=lambda: server.is_ending)
        except BaseException as failure:  # noqa: BLE001 - raised again in the main thread
            failures.append(failure)

    thread = threading.Thread(target=work, name="demo", daemon=True)
    thread.start()
    while thread.is_alive() and not server.is_ending:
        server.tend()
        time.sleep(0.1)
    thread.join(_ENDING_S)
    if failures:
        raise failures[0]
    return not server.is_ending


def _load(chosen: argparse.Namespace, address: str, *, is_ending: Callable[[], bool]) -> None:
    from portal.demo.client import DemoFailed
    from portal.demo.enrol import NotEmpty
    from portal.demo.load import Place, load
    from portal.demo.sources import PackageMissing
    from portal.demo.steps import Stopped

    with opened(chosen) as context:
        settings = context.settings
        place = Place(
            data=settings.data,
            private_folder=settings.private_folder,
            address=address,
            issuer=settings.site_url,
            pool=context.pool,
            keys=context.keys,
            now=context.now,
        )
        try:
            load(place, tell=_teller(chosen), is_ending=is_ending, flight_rows=chosen.flights)
        except NotEmpty:
            raise CommandFailed(
                f"{settings.data} holds an installation with organisations of its own; "
                "give the demo a folder of its own with --data"
            ) from None
        except (DemoFailed, PackageMissing) as failure:
            raise CommandFailed(
                f"{failure}\nWhat was loaded is kept; the same command goes on from here."
            ) from failure
        except Stopped:
            print("stopped; the same command goes on from here", file=sys.stderr)


def _teller(chosen: argparse.Namespace) -> Callable[[str], None]:
    """Progress goes where it does not mix with an answer for programs."""
    out = sys.stderr if chosen.json else sys.stdout
    return lambda line: print(line, file=out, flush=True)


def _print_sign_ins(chosen: argparse.Namespace, address: str | None) -> None:
    from portal.demo.cast import PEOPLE
    from portal.demo.sign_ins import SIGN_INS, sign_ins

    private_folder = settings_of(chosen).private_folder
    passwords = sign_ins(private_folder)
    people = [person for person in PEOPLE if person.name in passwords]
    if chosen.json:
        told = {
            "address": address,
            "sign_ins": [
                {
                    "name": person.name,
                    "password": passwords[person.name],
                    "role": person.role.value,
                    "organization": person.organization or None,
                    "page": person.page,
                    "duty": person.duty,
                }
                for person in people
            ],
        }
        print(json.dumps(told, ensure_ascii=False), flush=True)
        return
    shown = sorted({person.role: person for person in reversed(people)}.values(), key=people.index)
    print(f"\n{'role':10} {'user name':20} {'password':21} where to begin")
    for person in shown:
        who = f"{person.role.value:10} {person.name:20} {passwords[person.name]:21}"
        print(f"{who} {address or ''}{person.page}  ({person.duty})")
    print(f"\n{len(people) - len(shown)} colleagues more are in {private_folder / SIGN_INS}")
    if address is None:
        print(f"Start it with: weir demo --serve --data {chosen.data}", flush=True)
    else:
        print(f"Sign in at {address}/user/login", flush=True)


def _remove(chosen: argparse.Namespace) -> int:
    """Delete the demo's folder, and nothing that is not a demo's."""
    from portal.demo.progress import MARKER, is_demo
    from portal.postgres import POSTGRES_LOCK, SERVER_LOCK, is_held

    data = Path(chosen.data).resolve()
    if not data.exists():
        raise CommandFailed(f"there is no {data}")
    if not is_demo(data):
        raise CommandFailed(f"{data} is not a demo's folder: it has no file {MARKER}")
    if is_held(data / SERVER_LOCK) or is_held(data / POSTGRES_LOCK):
        raise CommandFailed(f"a server runs on {data}; end it first")
    if not chosen.yes and not _is_confirmed(f"Delete {data} with everything in it? [y/N] "):
        print("nothing was deleted")
        return 1
    shutil.rmtree(data)
    print(json.dumps({"removed": str(data)}) if chosen.json else f"deleted {data}")
    return 0


def _is_loaded(chosen: argparse.Namespace) -> bool:
    from portal.demo.progress import Progress, is_demo

    data = settings_of(chosen).data
    return is_demo(data) and Progress(data).is_complete


def _is_confirmed(question: str) -> bool:
    print(question, end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _running_address(data: Path) -> str | None:
    """Where the server of this folder answers; None where none runs."""
    from portal.postgres import SERVER_LOCK, is_held

    lock = data / SERVER_LOCK
    if not is_held(lock):
        return None
    noted = lock.read_text().strip()
    _, found, address = noted.partition(" at ")
    if not found:
        raise CommandFailed(f"a server is just starting on {data}; try again in a moment")
    return address

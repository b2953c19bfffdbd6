"""`weir migrate-ckan`: move a live CKAN in, and go on where an earlier try stopped."""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from portal.commands.context import (
    CommandFailed,
    Context,
    add_data_argument,
    add_json_argument,
    opened,
)

if TYPE_CHECKING:
    from catalog.harvest.move import Moved, Report
    from policies.party import Actor
    from portal.move_ckan import Mover

_OWNER_ALONE: Final = 0o600
_TOKEN_VARIABLE: Final = "WEIR_CKAN_TOKEN"  # noqa: S105 (the name of a variable)


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command of this file."""
    migrate = commands.add_parser(
        "migrate-ckan",
        help="move datasets, files, organisations, groups and people of a live CKAN in",
    )
    migrate.add_argument("url", help="address of the CKAN, as https://data.example.org")
    migrate.add_argument(
        "--token",
        default=os.environ.get(_TOKEN_VARIABLE, ""),
        help=f"a sysadmin's API token there; better given as {_TOKEN_VARIABLE}",
    )
    migrate.add_argument(
        "--as",
        dest="name",
        default="admin",
        help="administrator of this site in whose name it is done (default: admin)",
    )
    add_data_argument(migrate)
    add_json_argument(migrate)
    migrate.set_defaults(run=run_migrate)


def run_migrate(chosen: argparse.Namespace) -> int:
    """0 where everything moved or was here, 1 where something failed; run it again then."""
    from catalog.confine import Confinement
    from catalog.harvest.reach import networks_of, networks_of_host
    from catalog.harvest.source import check_address
    from catalog.warehouse import Warehouse
    from portal.move_ckan import Mover
    from portal.wiring import Wiring

    with opened(chosen) as context:
        settings = context.settings
        address = check_address(chosen.url).rstrip("/")
        wiring = Wiring(
            settings=settings,
            pool=context.pool,
            keys=context.keys,
            confinement=Confinement(settings.confine_socket),
            warehouse=Warehouse(),
            now=context.now,
        )
        mover = Mover(
            wiring=wiring,
            actor=_administrator(context, chosen.name),
            address=address,
            token=chosen.token,
            # Whoever may run commands here may name a host inside.
            allowed=(*networks_of(settings.harvest_allow), *networks_of_host(address)),
            tell=_silent if chosen.json else _progress,
        )
        try:
            report = mover.run()
        finally:
            links = _keep_links(mover, settings.private_folder, settings.site_url)
    _print(report, links, as_json=chosen.json)
    return 1 if report.failures else 0


def _administrator(context: Context, name: str) -> Actor:
    from policies.identity.authenticate import actor_of_user
    from policies.identity.people import user_named
    from policies.roles import can_administer

    with context.pool.connection() as tx:
        actor = actor_of_user(tx, user_named(tx, name))
    if not can_administer(actor):
        raise CommandFailed(f"“{name}” is no administrator of this site; name one with --as")
    return actor


def _progress(moved: Moved) -> None:
    said = f" ({moved.reason})" if moved.reason else ""
    print(f"{moved.kind} {moved.name}: {moved.outcome}{said}", file=sys.stderr)


def _silent(moved: Moved) -> None:
    del moved


def _keep_links(mover: Mover, folder: Path, site_url: str) -> Path | None:
    """Write the links of new people where only the operator reads them."""
    if not mover.links:
        return None
    file = folder / f"password-links-{urlsplit(mover.address).hostname}.csv"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ALONE)
    with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(
            (name, f"{site_url}/user/reset/{secret}") for name, secret in mover.links
        )
    return file


def _print(report: Report, links: Path | None, *, as_json: bool) -> None:
    if as_json:
        told: dict[str, dict[str, int]] = {}
        for kind, outcome, things in report.counts:
            told.setdefault(kind.value, {})[outcome.value] = things
        failures = [
            {"kind": kind.value, "name": name, "reason": reason}
            for kind, name, reason in report.failures
        ]
        file = None if links is None else str(links)
        print(json.dumps({"counts": told, "failures": failures, "password_links": file}))
        return
    for kind, outcome, things in report.counts:
        print(f"{kind:14}{outcome:8}{things:8}")
    for kind, name, reason in report.failures:
        print(f"not moved: {kind} {name}: {reason}")
    if links is not None:
        print(f"links with which people set their passwords: {links}")
    if report.failures:
        print("Run the command again to try what failed once more.")

"""What a command works on: the installation in a folder, whether its server runs or not.

Imports nothing heavy before a command runs, so that help is quick.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.database import Pool
    from policies.seal import KeyRing
    from portal.settings import Settings

DEFAULT_DATA = ".data"
_CONNECTIONS = 2


class CommandFailed(Exception):
    """The command did not do what was asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Context:
    """An installation that is open for one command."""

    settings: Settings
    pool: Pool
    keys: KeyRing
    now: Callable[[], datetime]
    migrated: tuple[str, ...]
    """Names of the schema steps that this command applied first, in order."""


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Let a command be told which installation it is about."""
    parser.add_argument(
        "--data",
        default=DEFAULT_DATA,
        metavar="DIR",
        help=f"folder of the installation (default: {DEFAULT_DATA})",
    )


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Let a command answer to programs."""
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


@contextmanager
def opened(chosen: argparse.Namespace) -> Iterator[Context]:
    """Open the installation that the arguments and the environment name, its schema up to date.

    The embedded database is started for the length of the command where no server runs it. A
    refusal of a verb becomes the command's failure, in English.

    Raises: CommandFailed.
    """
    from policies.errors import Refusal
    from portal.keeping import keys_of
    from portal.migrate import migrate
    from portal.pool import connection_pool, utc_now
    from portal.settings import create_folders, settings_from

    try:
        settings = settings_from(os.environ, data=Path(chosen.data))
    except ValueError as wrong:
        raise CommandFailed(str(wrong)) from wrong
    create_folders(settings)
    with _database(settings) as database_url:
        migrated = tuple(migrate(database_url))
        with connection_pool(database_url, size=_CONNECTIONS) as pool:
            try:
                yield Context(settings, pool, keys_of(settings), utc_now, migrated)
            except Refusal as refusal:
                raise CommandFailed(str(refusal)) from refusal


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    if settings.database_url is not None:
        yield settings.database_url
        return
    from portal.postgres import PostgresDidNotStart, postgres_for_command

    try:
        with postgres_for_command(settings.data, settings.postgres_folder) as url:
            yield url
    except PostgresDidNotStart as failure:
        raise CommandFailed(str(failure)) from failure

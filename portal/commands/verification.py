"""`weir verify`: check a receipt, an agreement or the log offline, without database or account."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    verify = commands.add_parser("verify", help="check a receipt, an agreement or a log, offline")
    verify.add_argument("file", type=Path, help="the file that the portal handed out")
    verify.add_argument(
        "--head", type=Path, help="an older signed tree head: the log must have grown from it"
    )
    verify.add_argument(
        "--key", metavar="KID", help="name of the log, or of a key of it, that you know elsewhere"
    )
    verify.add_argument("--json", action="store_true", help="print the checks as JSON")
    verify.set_defaults(run=run_verify)


def run_verify(chosen: argparse.Namespace) -> int:
    """0 where every check passed, 1 where one failed."""
    from portal.verify import run

    return run(chosen.file, chosen.head, key=chosen.key, as_json=chosen.json)

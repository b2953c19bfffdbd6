"""`weir sweep`: remove what has had its time, or say what that would be."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from portal.commands.context import add_data_argument, add_json_argument, opened


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    sweep = commands.add_parser(
        "sweep",
        help="remove old versions that no receipt refers to, their files, and leftovers",
    )
    add_data_argument(sweep)
    add_json_argument(sweep)
    sweep.add_argument(
        "--dry-run", action="store_true", help="only say what would be removed; change nothing"
    )
    sweep.set_defaults(run=run_sweep)


def run_sweep(chosen: argparse.Namespace) -> int:
    """Sweep as the nightly job does."""
    from exchange import retain
    from portal.keeping import folders_of

    with opened(chosen) as context:
        default, at = context.settings.retention, context.now()
        if chosen.dry_run:
            swept = retain.look(context.pool, default, at)
        else:
            swept = retain.sweep(context.pool, folders_of(context.settings), default, at)
    if chosen.json:
        print(json.dumps({"is_dry_run": chosen.dry_run, **asdict(swept)}))
        return 0
    verb = "would remove" if chosen.dry_run else "removed"
    print(f"{verb} {swept.versions} versions ({swept.bytes_of_versions:,} bytes)")
    print(f"{verb} {swept.uploads} uploaded files")
    if not chosen.dry_run:
        print(f"removed {swept.files} files of tables, {swept.cache_bytes:,} bytes of the cache")
    print(f"kept {swept.kept_for_receipts} older versions that receipts refer to")
    return 0

"""`weir calendar`: the official working days of years that this release does not know."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from portal.commands.context import CommandFailed, add_data_argument, add_json_argument, opened
from portal.commands.keys import acting_person


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    calendar = commands.add_parser("calendar", help="official working days of coming years")
    acts = calendar.add_subparsers(dest="act", metavar="ACT", required=True)
    load = acts.add_parser("load", help="load the announced calendar of one year from a CSV file")
    load.add_argument("file", type=Path, metavar="FILE", help="lines like 2027-01-01,off")
    load.add_argument("--as", dest="name", required=True, metavar="NAME", help="of the bureau")
    load.add_argument(
        "--password-stdin", action="store_true", required=True, help="read the password there"
    )
    load.set_defaults(run=run_load)
    listed = acts.add_parser("list", help="the years that are known")
    listed.set_defaults(run=run_list)
    for one in (load, listed):
        add_data_argument(one)
        add_json_argument(one)


def run_load(chosen: argparse.Namespace) -> int:
    """Load a file, and say which clocks became certain."""
    from policies.official_calendar import FILE_BYTES_MAX
    from portal.load_calendar import load_calendar

    try:
        with chosen.file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except OSError as fault:
        raise CommandFailed(f"{chosen.file} cannot be read: {fault.strerror}") from fault
    with opened(chosen) as context:
        by = acting_person(context, chosen.name)
        with context.pool.connection() as tx:
            loaded = load_calendar(tx, content, by=by, at=context.now())
    told = {"year": loaded.known.year, "requests": loaded.requests, "wishes": loaded.wishes}
    if chosen.json:
        print(json.dumps(told))
        return 0
    print(
        f"The calendar of {loaded.known.year} is loaded: {len(loaded.known.days_off)} days off, "
        f"{len(loaded.known.days_worked)} weekend days worked. Clocks reckoned again: "
        f"{loaded.requests} requests, {loaded.wishes} wishes for data."
    )
    return 0


def run_list(chosen: argparse.Namespace) -> int:
    """Print the years that are known."""
    from policies.calendar import FIRST_YEAR, LAST_YEAR
    from policies.official_calendar import loaded_years

    with opened(chosen) as context, context.pool.connection() as tx:
        loaded = [known.year for known, _ in loaded_years(tx)]
    if chosen.json:
        print(json.dumps({"first": FIRST_YEAR, "last": LAST_YEAR, "loaded": loaded}))
        return 0
    print(f"Part of this release: {FIRST_YEAR} to {LAST_YEAR}")
    print(f"Loaded: {', '.join(map(str, loaded)) or 'none'}")
    return 0

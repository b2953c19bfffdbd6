"""The command line `weir`. Each command imports what it needs when it runs, so help is quick."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from portal.commands.backup import add_parsers as add_backup
from portal.commands.calendar import add_parsers as add_calendar
from portal.commands.context import CommandFailed
from portal.commands.demo import add_parsers as add_demo
from portal.commands.doctor import add_parsers as add_doctor
from portal.commands.keys import add_parsers as add_keys
from portal.commands.migrate_ckan import add_parsers as add_migrate_ckan
from portal.commands.people import add_parsers as add_people
from portal.commands.search import add_parsers as add_search
from portal.commands.serving import add_parsers as add_serving
from portal.commands.sweeping import add_parsers as add_sweeping
from portal.commands.verification import add_parsers as add_verification


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 refused or found something, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="weir",
        description="Weir 数堰: share, open and trade a city's data under written standards.",
        epilog="Every command works beside a running server and beside a stopped one.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add_parsers in (
        add_serving,
        add_search,
        add_people,
        add_keys,
        add_calendar,
        add_demo,
        add_doctor,
        add_sweeping,
        add_backup,
        add_verification,
        add_migrate_ckan,
    ):
        add_parsers(commands)
    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except CommandFailed as failure:
        print(f"weir: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())

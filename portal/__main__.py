"""The command line `weir`. Each command imports what it needs when it runs, so help is quick."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from portal.commands import demo, doctor, people, serving, verification
from portal.commands.context import CommandFailed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 refused or found something, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="weir",
        description="Weir 数堰: share, open and trade a city's data under written standards.",
        epilog="Every command works beside a running server and beside a stopped one.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in (serving, people, demo, doctor, verification):
        group.add_parsers(commands)
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

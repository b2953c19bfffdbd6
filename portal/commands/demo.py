"""`weir demo`: a city with real data, used for real, in a folder of its own."""

from __future__ import annotations

import argparse


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    commands.add_parser("demo", help="load the demo city")

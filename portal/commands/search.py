"""`weir reindex`: build the search index anew."""

from __future__ import annotations

import argparse
import json
import sys
import time

from portal.commands.context import CommandFailed, add_data_argument, add_json_argument, opened


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    reindex = commands.add_parser(
        "reindex", help="build the search index anew; searches go on with the old one meanwhile"
    )
    add_data_argument(reindex)
    add_json_argument(reindex)
    reindex.set_defaults(run=run_reindex)


def run_reindex(chosen: argparse.Namespace) -> int:
    """Build, telling how far it is."""
    from catalog.search.errors import IndexWriterBusy
    from catalog.search.follow import count_datasets, rebuild
    from portal.pool import utc_now
    from portal.search_documents import composer

    with opened(chosen) as context:
        with context.pool.connection() as tx:
            total = count_datasets(tx)

        def tell(done: int) -> None:
            if not chosen.json:
                print(f"\r{done} of {total} datasets", end="", file=sys.stderr, flush=True)

        began = time.monotonic()
        try:
            done = rebuild(
                context.pool.connection,
                context.settings.search_folder,
                composer(utc_now),
                progress=tell,
            )
        except IndexWriterBusy as busy:
            raise CommandFailed("the search index is being built already") from busy
        took_s = time.monotonic() - began
    if chosen.json:
        print(json.dumps({"datasets": done, "seconds": round(took_s, 2)}))
        return 0
    if done:
        print(file=sys.stderr)
    print(f"The search holds {done} datasets; built in {took_s:.1f} s.")
    return 0

"""`weir doctor`: look whether everything that must always hold still does."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from portal.commands.context import add_data_argument, add_json_argument, opened


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this file."""
    doctor = commands.add_parser(
        "doctor", help="check files, versions, ledger, receipts and the log; 1 where one is wrong"
    )
    add_data_argument(doctor)
    add_json_argument(doctor)
    doctor.add_argument(
        "--head", type=Path, help="an older signed tree head: the log must have grown from it"
    )
    doctor.set_defaults(run=run_doctor)


def run_doctor(chosen: argparse.Namespace) -> int:
    """Print each rule with what breaks it; 0 where all hold."""
    from catalog import examine as catalog_examine
    from catalog.kernel_limits import protections
    from exchange import examine as exchange_examine
    from policies import examine as log_examine
    from portal.jobs import examine as jobs_examine
    from portal.keeping import folders_of

    offered = protections()
    old_head = chosen.head.read_bytes() if chosen.head else None
    with opened(chosen) as context, context.pool.connection() as tx:
        folders = folders_of(context.settings)
        results = [
            *log_examine.examine(tx, old_head=old_head),
            *catalog_examine.examine(tx, folders),
            *exchange_examine.examine(tx),
            *jobs_examine(tx),
        ]
    broken = sum(bool(found) for _, found in results)
    if chosen.json:
        told: list[dict[str, object]] = [
            {"rule": rule, "broken_by": found} for rule, found in results
        ]
        told += [
            {"rule": f"kernel offers {name}", "broken_by": [], "is_offered": is_offered}
            for name, is_offered in offered.items()
        ]
        print(json.dumps(told))
        return 1 if broken else 0
    for rule, found in results:
        print(f"{'WRONG' if found else 'ok   '}  {rule}")
        for one in found:
            print(f"         {one}")
    for name, is_offered in offered.items():
        print(f"{'ok   ' if is_offered else 'none '}  this kernel offers confined work {name}")
    print(f"{len(results) - broken} of {len(results)} hold" + (", see above" if broken else ""))
    return 1 if broken else 0

"""What is kept of batches that rules hold back: the last ones, masked, and for a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa

from catalog.find import stored_version
from policies.database import Tx
from quality.check_batch import broken_by
from quality.held.batch import HELD_BATCHES_MAX, HELD_FOR
from quality.held.hold import held_batches, hold_batch
from quality.rule_format import parse_rule
from tests.people import AT
from tests.quality.conftest import Made

NAMED = parse_rule(
    {
        "expect": {"kind": "not_in_set", "values": ["secret name"]},
        "columns": ["name"],
        "gate": "block",
        "fix": "Ask the station.",
    },
    rule_id="named",
)
ABOVE = parse_rule(
    {"expect": {"kind": "between", "at_least": 0}, "columns": ["n"], "gate": "block"},
    rule_id="above",
)


def test_a_held_batch_is_kept_with_reasons_and_masked_rows(tx: Tx, make_version: Any) -> None:
    made: Made = make_version(tx)
    version = stored_version(tx, made.version_id).version
    names = ["secret name", "plain", *["secret name"] * 7]
    rows = pa.table({"_id": list(range(11, 20)), "name": names, "n": [-3, *[1] * 8]})

    broken = broken_by(rows, [NAMED, ABOVE], at=AT)
    hold_batch(tx, version, broken, row_count=9, at=AT)

    (kept,) = held_batches(tx, [version.distribution_id], at=AT)
    named, above = kept.rules
    assert (kept.row_count, kept.version_number) == (9, version.number)
    assert (named.row_count, named.fix.en) == (8, "Ask the station.")
    assert [row.row_number for row in named.examples] == [11, 13, 14, 15, 16]
    assert {row.cells for row in named.examples} == {(("name", "s" + "•" * 9 + "e"),)}
    assert above.examples[0].cells == (("n", "-3"),)


def test_only_the_last_batches_are_kept_and_only_for_a_time(tx: Tx, make_version: Any) -> None:
    made: Made = make_version(tx)
    version = stored_version(tx, made.version_id).version
    broken = broken_by(pa.table({"n": [-1]}), [ABOVE], at=AT)
    last = HELD_BATCHES_MAX + 2

    for count in range(1, last + 1):
        moment = AT + timedelta(minutes=count)
        hold_batch(tx, version, broken, row_count=count, at=moment)

    kept = held_batches(tx, [version.distribution_id], at=moment)
    assert [one.row_count for one in kept] == list(range(last, 2, -1))
    assert held_batches(tx, [version.distribution_id], at=moment + HELD_FOR) == kept[:1]
    stored = tx.execute("SELECT count(*) AS n FROM quality.held_batches").fetchone()
    assert stored is not None
    assert stored["n"] == HELD_BATCHES_MAX

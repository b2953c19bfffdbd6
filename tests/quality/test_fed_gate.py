"""Of a table that is fed in steps nobody outside reads a row that breaks a rule, whatever the order
of events: batches, deletions, new columns, settling, checks, merges, publication.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from psycopg.rows import dict_row

from catalog import find, publish
from catalog.row_search.question import Compare, Sign
from catalog.steps import declare, feed, settle
from catalog.steps.feed import Method
from catalog.steps.field import Field
from catalog.steps.row_files import RowFiles
from catalog.steps.table import Doing, Plan, Table
from catalog.steps.take_step import Place, held_table
from catalog.store import versions as version_store
from catalog.tables import bring_files
from catalog.version import Version, VersionKind
from policies.errors import Refusal
from policies.party import ANONYMOUS
from policies.roles import SYSTEM
from policies.terms import VersionId
from quality.check import Column
from quality.check_batch import broken_by, rules_asked_of_batches
from quality.outcome import RuleOutcome, Status, SuiteOutcome
from quality.report import report_of
from quality.rule_format import parse_rule
from quality.rules import add_rule
from quality.take_down import Subject, take_down
from tests.catalog.city import add_dataset, folders_in, found_city
from tests.counts import examples
from tests.people import AT

FIELDS = (Field("k", "int4"), Field("n", "int4"))
WHOLE = {"expect": {"kind": "unique"}, "columns": ["n"], "gate": "block"}
OF_ROWS = {"expect": {"kind": "between", "at_least": 0}, "columns": ["n"], "gate": "block"}
VALUES = st.integers(-1, 6)


class FedGate(RuleBasedStateMachine):
    """Two rules: no `n` is below zero, which single rows break; none occurs twice, which only the
    whole table shows. The gate's answer is worked out from the rows themselves.
    """

    database_url = ""

    @initialize()
    def found_the_city(self) -> None:
        self.tx = psycopg.connect(self.database_url, row_factory=dict_row)
        self.folder = TemporaryDirectory()
        self.place = Place(folders_in(Path(self.folder.name)), RowFiles())
        self.city = found_city(self.tx)
        self.dataset, self.distribution = add_dataset(self.tx, self.city)
        self.tx.execute(
            "UPDATE catalog.datasets SET state = 'published', issued = %s WHERE id = %s",
            [AT, self.dataset.id],
        )
        self.day = AT
        self.next_key = 1
        self.failed: set[VersionId] = set()
        for body in (WHOLE, OF_ROWS):
            add_rule(self.tx, self.dataset.id, body, (), by=self.city.publisher, at=AT)
        declare.define(
            self.tx,
            self.place,
            declare.create(
                self.tx,
                self.place,
                declare.table_of(self.tx, self.distribution.id),
                FIELDS,
                doing=self._doing(),
            ),
            primary_key=["k"],
            indexes=None,
            infos=None,
        )

    def teardown(self) -> None:
        if hasattr(self, "tx"):
            self.tx.close()
            self.place.files.close()
            self.folder.cleanup()

    @rule(values=st.lists(VALUES, min_size=1, max_size=3))
    def append(self, values: list[int]) -> None:
        first = self.next_key
        self.next_key += len(values)
        rows = [{"k": first + at, "n": value} for at, value in enumerate(values)]
        doing = self._doing()
        self._carry_out(feed.plan_insert(self.place, self._table(), rows), doing)

    @rule(key=st.integers(1, 6), value=VALUES)
    def change(self, key: int, value: int) -> None:
        doing = self._doing()
        rows = [{"k": key, "n": value}]
        plan = feed.plan_upsert(self.place, self._table(), rows, method=Method.UPSERT)
        self.next_key = max(self.next_key, key + 1)
        self._carry_out(plan, doing)

    @rule(below=st.integers(0, 4))
    def delete(self, below: int) -> None:
        doing = self._doing()
        wanted = Compare("n", Sign.LESS, below)
        feed.delete_rows(self.tx, self.place, self._table(), wanted, doing=doing)

    @rule()
    def merge(self) -> None:
        settle.merge_small_files(self.tx, self.place, self.distribution.id, at=self.day)

    @rule()
    def settle(self) -> None:
        settle.settle(self.tx, self.place, self.distribution.id, at=self.day)

    @rule(oldest=st.booleans())
    def check(self, *, oldest: bool) -> None:
        """Of any settled version that waits, however much was fed since."""
        waiting = [one for one in self._settled() if one.verdict is None]
        if not waiting:
            return
        version = waiting[-1] if oldest else waiting[0]
        values = self._values(version)
        negative = sum(value < 0 for value in values)
        repeated = sum(values.count(value) > 1 for value in values)
        outcomes = tuple(
            RuleOutcome(
                parse_rule(body, rule_id=key),
                Status.FAILED if count else Status.PASSED,
                len(values),
                count,
            )
            for key, body, count in (("rows", OF_ROWS, negative), ("whole", WHOLE, repeated))
        )
        suite = SuiteOutcome(outcomes, len(values), "a" * 64, "[]", "b" * 64, "engine")
        report = report_of(suite, started_at=self.day, finished_at=self.day)
        subject = Subject(version.id, self.dataset.id, self.city.transport.id, ())
        take_down(self.tx, subject, report, suite, [], by=SYSTEM)
        self.day += timedelta(minutes=1)
        if negative or repeated:
            self.failed.add(version.id)

    @rule(is_direct=st.booleans())
    def publish_settled(self, *, is_direct: bool) -> None:
        for version in self._settled()[:2]:
            settle.publish_settled(
                self.tx, version.id, profile_id="p", is_direct=is_direct, at=self.day
            )

    @rule()
    def submit_and_approve(self) -> None:
        try:
            with self.tx.transaction():
                publish.submit(self.tx, self.dataset.id, by=self.city.publisher, at=self.day)
                publish.publish(self.tx, self.dataset.id, by=self.city.approver, at=self.day)
        except Refusal:
            pass

    @invariant()
    def nobody_outside_reads_what_fails(self) -> None:
        for reader in (ANONYMOUS, self.city.neighbour, self.city.regulator):
            version = find.newest_readable(self.tx, self.distribution, by=reader)
            if version is None:
                continue
            assert version.id not in self.failed
            assert all(value >= 0 for value in self._values(version))

    @invariant()
    def its_own_people_read_the_newest_at_once(self) -> None:
        version = find.newest_readable(self.tx, self.distribution, by=self.city.publisher)
        assert version == version_store.newest_version(self.tx, self.distribution.id)

    def _doing(self) -> Doing:
        is_offered = settle.may_be_offered(self.tx, self.distribution.id)
        self.day += timedelta(seconds=1)
        return Doing(self.city.publisher, self.day, "p" if is_offered else None)

    def _carry_out(self, plan: Plan, doing: Doing) -> None:
        if doing.offered_under is not None:
            schema = tuple(Column(one.name, one.engine_type) for one in plan.table.fields)
            rules = rules_asked_of_batches(self.tx, self.dataset.id, schema)
            held_by = broken_by(feed.batch_of(self.place, plan), rules, at=self.day)
            if held_by:
                keys = tuple(one.rule.key for one in held_by)
                doing = replace(doing, offered_under=None, held_by=keys)
        feed.carry_out(self.tx, self.place, plan, doing=doing)

    def _table(self) -> Table:
        return held_table(self.tx, self.distribution.id)

    def _settled(self) -> list[Version]:
        found = version_store.versions_of(self.tx, [self.distribution.id], limit=100)
        return [one for one in found if one.kind is VersionKind.SETTLED]

    def _values(self, version: Version) -> list[int]:
        folder = self.place.folders.table_of(self.distribution.id)
        files = version_store.files_of(self.tx, version.id)
        paths = bring_files(folder, files, storage=self.place.folders.storage)
        found = duckdb.execute(
            "SELECT n FROM read_parquet($paths)", {"paths": [str(path) for path in paths]}
        )
        return [row[0] for row in found.fetchall()]


def test_nobody_outside_reads_a_batch_that_fails(database_url: str) -> None:
    FedGate.database_url = database_url
    run_state_machine_as_test(
        FedGate,
        settings=settings(
            max_examples=examples(10, long=150),
            stateful_step_count=examples(20, long=40),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_batches_are_read_until_one_fails_and_again_once_it_is_mended(database_url: str) -> None:
    """The machine can get somewhere."""
    FedGate.database_url = database_url
    gate = FedGate()
    gate.found_the_city()

    def read() -> list[int] | None:
        gate.nobody_outside_reads_what_fails()
        version = find.newest_readable(gate.tx, gate.distribution, by=ANONYMOUS)
        return None if version is None else gate._values(version)

    gate.append([1, 2])
    gate.append([3])
    before = read()
    gate.append([-1])
    held = read()
    gate.append([4])
    joined = read()
    gate.settle()
    gate.check(oldest=False)
    blocked = read()
    gate.change(4, 5)
    mended = read()
    gate.settle()
    gate.check(oldest=False)
    gate.publish_settled(is_direct=True)

    assert before == held == joined == [1, 2, 3]
    assert blocked is None
    assert mended is None, "what joins a failing table waits for the gate"
    assert read() == [1, 2, 3, 5, 4]
    gate.teardown()

"""The gate holds whatever the order of events: uploads, checks, rows set aside, approvals,
pleas, withdrawals of versions and of the whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
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

from catalog import find, publish, sift, tables
from catalog.store import datasets as dataset_store
from catalog.store import versions as version_store
from catalog.version import Verdict, Version, VersionState, WithdrawalReason
from catalog.withdraw_version import withdraw_version
from policies.errors import Refusal
from policies.party import ANONYMOUS
from policies.roles import SYSTEM
from policies.terms import VersionId
from quality.answer_sensitive import answer, findings_of
from quality.outcome import RuleOutcome, Status, SuiteOutcome
from quality.plea import PleaState
from quality.plead import decide_plea, plead, pleas_of
from quality.report import report_of
from quality.rule_format import parse_rule
from quality.sensitive import Finding, SensitiveKind
from quality.take_down import Subject, take_down
from tests.catalog.city import add_dataset, add_version, folders_in, found_city
from tests.counts import IS_LONG
from tests.people import AT

KEYS = ("one", "two")


class Gate(RuleBasedStateMachine):
    """A version is read outside its department only if what the gate last said lets it pass.

    The model keeps, of each version, the rules that fail by its newest report, whether a finding
    of sensitive data waits, and which failures two people have let go.
    """

    database_url = ""

    @initialize()
    def found_the_city(self) -> None:
        self.tx = psycopg.connect(self.database_url, row_factory=dict_row)
        self.folder = TemporaryDirectory()
        self.folders = folders_in(Path(self.folder.name))
        self.city = found_city(self.tx)
        self.dataset, self.distribution = add_dataset(self.tx, self.city)
        self.failing: dict[VersionId, frozenset[str]] = {}
        self.waits: dict[VersionId, bool] = {}
        self.let_go: dict[VersionId, frozenset[str]] = {}
        self.day = AT

    def teardown(self) -> None:
        if hasattr(self, "tx"):
            self.tx.close()
            self.folder.cleanup()

    @rule()
    def upload(self) -> None:
        self._tried(partial(add_version, self.tx, self.city, self.distribution, self.folders))
        self.day += timedelta(hours=1)

    @rule(
        failing=st.frozensets(st.sampled_from(KEYS)),
        gate=st.sampled_from(["block", "quarantine"]),
        finds=st.booleans(),
        newest=st.booleans(),
    )
    def check(self, failing: frozenset[str], gate: str, *, finds: bool, newest: bool) -> None:
        """Of any version, also anew, with rules that may have become stricter."""
        versions = self._versions()
        if not versions:
            return
        version = versions[0] if newest else versions[-1]
        body = {"expect": {"kind": "not_null"}, "columns": ["a"], "gate": gate}
        outcomes = tuple(
            RuleOutcome(parse_rule(body, rule_id=key), Status.FAILED, 10, 1)
            if key in failing
            else RuleOutcome(parse_rule(body, rule_id=key), Status.PASSED, 10, 0)
            for key in KEYS
        )
        suite = SuiteOutcome(outcomes, 10, "a" * 64, "[]", "b" * 64, "engine")
        report = report_of(suite, started_at=self.day, finished_at=self.day)
        subject = Subject(version.id, self.dataset.id, self.city.transport.id, ())
        found = [Finding("a", SensitiveKind.EMAIL, 10, 10, 10)] if finds else []
        take_down(self.tx, subject, report, suite, found, by=SYSTEM)
        self.day += timedelta(minutes=1)
        if version.state is VersionState.CREATED:
            self.failing[version.id] = frozenset(f"{key}:a" for key in failing)
            self.waits[version.id] = any(
                one.answered is None for one in findings_of(self.tx, version.id)
            )

    @rule()
    def set_bad_rows_aside(self) -> None:
        """What is left of the newest version comes after it, and nobody has checked it."""
        for version in self._versions()[:1]:
            held = find.stored_version(self.tx, version.id)
            written = Path(self.folder.name) / f"{uuid4().hex}.parquet"
            pq.write_table(pa.table({"a": [1]}), written)
            left = tables.take_in(self.folders.table_of(self.distribution.id), [written])
            part = partial(sift._add, self.tx, self.folders, held, left, None, row_count=1)
            self._tried(partial(part, at=self.day))
            self.day += timedelta(hours=1)

    @rule(newest=st.booleans())
    def withdraw_one(self, *, newest: bool) -> None:
        """A published version by itself: the one before it is read again, and must pass too."""
        versions = self._versions()
        if versions:
            withdraw = partial(
                withdraw_version,
                self.tx,
                self.distribution,
                (versions[0] if newest else versions[-1]).number,
                reason=WithdrawalReason.WRONG,
                words="",
                by=self.city.approver,
                at=self.day,
            )
            self._tried(withdraw)

    @rule()
    def answer_findings(self) -> None:
        for version in self._versions()[:1]:
            body = {"column": "a", "kind": "email", "answer": "masked"}
            say = partial(answer, self.tx, version.id, body, by=self.city.publisher, at=self.day)
            if self._tried(say) and version.state is VersionState.CREATED:
                self.waits[version.id] = False

    @rule(kind=st.sampled_from(["known_issue", "appeal"]))
    def ask(self, kind: str) -> None:
        body = {"kind": kind, "reason": "Two instruments", "ends_on": str(date(2026, 9, 1))}
        for version in self._versions()[:1]:
            self._tried(
                partial(plead, self.tx, version.id, body, by=self.city.publisher, at=self.day)
            )

    @rule(is_granted=st.booleans(), is_own=st.booleans())
    def decide(self, *, is_granted: bool, is_own: bool) -> None:
        by = self.city.publisher if is_own else self.city.approver
        for version in self._versions():
            for plea in pleas_of(self.tx, version.id):
                if plea.state is not PleaState.OPEN:
                    continue
                decide = partial(decide_plea, is_granted=is_granted, answer="so", at=self.day)
                done = self._tried(partial(decide, self.tx, plea.id, by=by))
                assert not (done and is_own)
                if done and is_granted:
                    before = self.let_go.get(version.id, frozenset())
                    self.let_go[version.id] = before | set(plea.rule_keys)

    @rule()
    def submit(self) -> None:
        self._tried(
            lambda: publish.submit(self.tx, self.dataset.id, by=self.city.publisher, at=self.day)
        )

    @rule()
    def approve(self) -> None:
        self._tried(
            lambda: publish.publish(self.tx, self.dataset.id, by=self.city.approver, at=self.day)
        )

    @rule()
    def publish_directly(self) -> None:
        self._tried(
            lambda: publish.publish_directly(self.tx, self.dataset.id, profile_id="p", at=self.day)
        )

    @rule(act=st.sampled_from([publish.return_to_publisher, publish.withdraw]))
    def take_back(self, act: Callable[..., object]) -> None:
        self._tried(
            lambda: act(self.tx, self.dataset.id, reason="no", by=self.city.approver, at=self.day)
        )

    @rule()
    def take_up(self) -> None:
        self._tried(
            lambda: publish.take_up(
                self.tx, self.dataset.id, reason="on", by=self.city.publisher, at=self.day
            )
        )

    @invariant()
    def nobody_outside_reads_what_fails(self) -> None:
        dataset = dataset_store.get_dataset(self.tx, self.dataset.id)
        assert dataset is not None
        for reader in (ANONYMOUS, self.city.neighbour, self.city.regulator):
            shown = find.versions_of(self.tx, dataset, [self.distribution.id], by=reader)
            newest = find.newest_readable(self.tx, self.distribution, by=reader)
            for version in [*shown, *([newest] if newest else [])]:
                assert version.state is VersionState.PUBLISHED
                assert version.lets_pass
                assert version.id in self.failing, "nobody checked it"
                assert self.failing[version.id] <= self.let_go.get(version.id, frozenset())
                assert not self.waits[version.id]

    def _versions(self) -> list[Version]:
        """All, the newest first."""
        return version_store.versions_of(self.tx, [self.distribution.id], limit=100)

    def _tried(self, act: Callable[[], object]) -> bool:
        try:
            with self.tx.transaction():
                act()
        except Refusal:
            return False
        return True


def test_a_failing_version_is_read_by_nobody_outside_its_department(database_url: str) -> None:
    Gate.database_url = database_url
    run_state_machine_as_test(
        Gate,
        settings=settings(
            max_examples=200 if IS_LONG else 15,
            stateful_step_count=40 if IS_LONG else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_way_through_a_known_issue_reaches_the_reader(database_url: str) -> None:
    """The machine can get somewhere: what two people let go is read, and says what it is."""
    Gate.database_url = database_url
    gate = Gate()
    gate.found_the_city()

    gate.upload()
    gate.check(frozenset({"one"}), "block", finds=True, newest=True)
    gate.ask("known_issue")
    gate.decide(is_granted=True, is_own=False)
    gate.submit()
    before = gate._versions()[0]
    gate.answer_findings()
    gate.submit()
    gate.approve()
    gate.nobody_outside_reads_what_fails()

    read = find.newest_readable(gate.tx, gate.distribution, by=ANONYMOUS)
    assert before.state is VersionState.CREATED
    assert read is not None
    assert read.verdict is Verdict.KNOWN_ISSUE
    gate.teardown()


def test_what_is_left_after_bad_rows_were_set_aside_waits_for_its_own_check(
    database_url: str,
) -> None:
    """The machine can get somewhere: it is read once it passes, and not once it is withdrawn."""
    Gate.database_url = database_url
    gate = Gate()
    gate.found_the_city()

    gate.upload()
    gate.check(frozenset({"one"}), "quarantine", finds=False, newest=True)
    gate.set_bad_rows_aside()
    gate.submit()
    unchecked = gate._versions()[0]
    gate.check(frozenset(), "quarantine", finds=False, newest=True)
    gate.submit()
    gate.approve()
    gate.nobody_outside_reads_what_fails()
    read = find.newest_readable(gate.tx, gate.distribution, by=ANONYMOUS)
    gate.withdraw_one(newest=True)

    assert (unchecked.number, unchecked.state) == (2, VersionState.CREATED)
    assert read is not None
    assert read.id == unchecked.id
    assert find.newest_readable(gate.tx, gate.distribution, by=ANONYMOUS) is None
    gate.teardown()

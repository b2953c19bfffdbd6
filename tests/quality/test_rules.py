"""A dataset's own rules."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from policies.database import Tx
from quality.check import Column
from quality.errors import NotAssessed, TooManyRules, UnknownColumn, UnknownRule
from quality.rule import OWN_RULES_MAX, RuleId
from quality.rules import (
    add_rule,
    list_rules,
    read_evidence,
    read_profile,
    read_report,
    remove_rule,
)
from tests.people import AT
from tests.quality.conftest import Made

MakeVersion = Callable[[Tx], Made]
SCHEMA = (Column("PM2.5", "DOUBLE"), Column("PM10", "DOUBLE"))
PAIR: dict[str, object] = {"expect": {"kind": "pair_greater"}, "columns": ["PM10", "PM2.5"]}


def test_a_rule_is_kept_as_it_was_written(tx: Tx, make_version: MakeVersion) -> None:
    made = make_version(tx)

    rule = add_rule(tx, made.dataset_id, PAIR, SCHEMA, by=made.publisher, at=AT)

    (own,) = list_rules(tx, made.dataset_id)
    assert own.rule == rule
    assert (own.id, own.created_by, own.created_at) == (
        UUID(rule.id),
        made.publisher.user_id,
        AT,
    )


def test_adding_and_removing_a_rule_is_recorded(tx: Tx, make_version: MakeVersion) -> None:
    made = make_version(tx)
    rule = add_rule(tx, made.dataset_id, PAIR, SCHEMA, by=made.publisher, at=AT)

    remove_rule(tx, made.dataset_id, RuleId(UUID(rule.id)), by=made.publisher, at=AT)

    assert list_rules(tx, made.dataset_id) == []
    rows = tx.execute(
        """
        SELECT body::jsonb -> 'facts' AS facts
          FROM policies.events
         WHERE dataset_id = %s
         ORDER BY id
        """,
        (made.dataset_id,),
    ).fetchall()
    assert [sorted(row["facts"]) for row in rows] == [
        ["quality_rule_added", "sha256"],
        ["quality_rule_removed"],
    ]


def test_a_rule_is_removed_once_and_only_from_its_own_dataset(
    tx: Tx, make_version: MakeVersion
) -> None:
    made, other = make_version(tx), make_version(tx)
    rule = add_rule(tx, made.dataset_id, PAIR, SCHEMA, by=made.publisher, at=AT)
    rule_id = RuleId(UUID(rule.id))

    with pytest.raises(UnknownRule):
        remove_rule(tx, other.dataset_id, rule_id, by=other.publisher, at=AT)
    remove_rule(tx, made.dataset_id, rule_id, by=made.publisher, at=AT)
    with pytest.raises(UnknownRule):
        remove_rule(tx, made.dataset_id, rule_id, by=made.publisher, at=AT)


def test_a_rule_that_does_not_fit_is_not_kept(tx: Tx, make_version: MakeVersion) -> None:
    made = make_version(tx)

    with pytest.raises(UnknownColumn):
        add_rule(tx, made.dataset_id, PAIR, SCHEMA[:1], by=made.publisher, at=AT)

    assert list_rules(tx, made.dataset_id) == []


def test_a_dataset_has_only_so_many_rules(tx: Tx, make_version: MakeVersion) -> None:
    made = make_version(tx)
    for _ in range(OWN_RULES_MAX):
        add_rule(tx, made.dataset_id, PAIR, SCHEMA, by=made.publisher, at=AT)

    with pytest.raises(TooManyRules):
        add_rule(tx, made.dataset_id, PAIR, SCHEMA, by=made.publisher, at=AT)


def test_what_was_not_checked_has_neither_report_nor_profile(
    tx: Tx, make_version: MakeVersion
) -> None:
    made = make_version(tx)

    for read in (read_report, read_profile):
        with pytest.raises(NotAssessed):
            read(tx, made.version_id)
    with pytest.raises(NotAssessed):
        read_evidence(tx, uuid4())  # type: ignore[arg-type]

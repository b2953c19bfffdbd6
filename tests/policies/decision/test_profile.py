from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from policies.calendar import due_date
from policies.canonical import from_plain, to_plain
from policies.decision.cases import AT, CASES_2025, TRADED
from policies.decision.clause import ClockName, Judgement, Outcome
from policies.decision.facts import DecideFacts
from policies.decision.judge import judge
from policies.decision.profile import (
    profile_from_text,
    profile_in_force,
    profile_named,
    profile_to_text,
    profiles,
    read_draft,
    read_profile,
)
from policies.errors import MalformedProfile, NoProfileInForce, ProfileNotFound
from policies.terms import Regime, ShareType

LAST_MOMENT_OF_2016 = datetime(2025, 7, 31, 15, 59, 59, tzinfo=UTC)
FIRST_MOMENT_OF_2025 = datetime(2025, 7, 31, 16, 0, tzinfo=UTC)


def test_the_profile_changes_at_midnight_in_china() -> None:
    assert profile_in_force(LAST_MOMENT_OF_2016).id == "cn-2016"
    assert profile_in_force(FIRST_MOMENT_OF_2025).id == "cn-2025"


def test_before_the_first_profile_there_is_none_in_force() -> None:
    with pytest.raises(NoProfileInForce):
        profile_in_force(datetime(2016, 9, 4, tzinfo=UTC))
    with pytest.raises(NoProfileInForce):
        profile_in_force(AT, "mars")


def test_a_profile_can_be_named_whether_in_force_or_not() -> None:
    assert not profile_named("cn-2016").is_in_force(date(2026, 8, 3))
    with pytest.raises(ProfileNotFound):
        profile_named("cn-1999")


def test_the_answer_to_the_same_request_depends_on_the_day() -> None:
    answered_after_a_day = DecideFacts(
        regime=Regime.SHARE,
        is_granted=True,
        share_type=ShareType.UNCONDITIONAL,
        is_released_by_share_head=True,
        working_days_taken=1,
        decider_id="u-1",
    )

    outcomes = {
        profile.id: next(
            result.outcome
            for result in judge(profile, answered_after_a_day, at=AT).results
            if result.clause_id == "X024-clock"
        )
        for profile in (profile_named("cn-2016"), profile_named("cn-2025"))
    }

    assert outcomes == {"cn-2016": Outcome.FAILED, "cn-2025": Outcome.PASSED}


def test_only_the_later_profile_asks_departments_to_request_unconditional_data() -> None:
    assert not profile_named("cn-2016").is_request_needed_for_unconditional
    assert profile_named("cn-2025").is_request_needed_for_unconditional


def test_clocks_are_data_of_the_profile() -> None:
    old, new = profile_named("cn-2016"), profile_named("cn-2025")

    assert old.clock(ClockName.DELIVERY) is None
    clock = new.clock(ClockName.ANSWER_CONDITIONAL)
    assert clock is not None
    assert (clock.working_days, clock.extension_working_days) == (10, 10)
    assert clock.reminder_working_days == (5, 8)
    assert due_date(date(2026, 8, 3), clock.working_days).day == date(2026, 8, 17)


@pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.id)
def test_every_clock_agrees_with_the_clause_that_measures_it(profile: Any) -> None:
    measured = {
        "unconditional_is_answered_in_time": ClockName.ANSWER_UNCONDITIONAL,
        "conditional_is_answered_in_time": ClockName.ANSWER_CONDITIONAL,
        "delivery_is_in_time": ClockName.DELIVERY,
        "catalogue_is_current": ClockName.CATALOGUE_UPDATE,
    }
    for clause in profile.clauses:
        clock = profile.clock(measured[clause.test]) if clause.test in measured else None
        if clock:
            assert clause.parameters["working_days"] == clock.working_days
            extension = clause.parameters.get("extension_working_days", 0)
            assert extension == clock.extension_working_days


def test_a_stored_profile_is_read_back_with_the_same_fingerprint() -> None:
    for profile in profiles():
        stored = profile_from_text(profile_to_text(profile))

        assert stored == profile
        assert stored.fingerprint == profile.fingerprint


def test_any_change_of_content_changes_the_fingerprint() -> None:
    profile = profile_named("cn-2025")
    first, *rest = profile.clauses
    relaxed = replace(first, message=replace(first.message, en="Never mind."))

    assert replace(profile, clauses=(relaxed, *rest)).fingerprint != profile.fingerprint
    assert replace(profile, licences=profile.licences[1:]).fingerprint != profile.fingerprint


def test_an_old_judgement_replayed_with_its_stored_profile_gives_the_old_answer() -> None:
    profile = profile_named("cn-2025")
    store = {profile.fingerprint: profile_to_text(profile)}
    for facts in (pair[1] for pair in CASES_2025.values()):
        then = judge(profile, facts, at=AT)
        kept_facts, kept_judgement = json.dumps(to_plain(facts)), json.dumps(to_plain(then))

        old = profile_from_text(store[then.profile_hash])
        now = judge(old, from_plain(type(facts), json.loads(kept_facts)), at=AT)

        assert now == then == from_plain(Judgement, json.loads(kept_judgement))


def test_a_later_standard_does_not_change_what_was_judged_under_the_earlier() -> None:
    profile = profile_named("cn-2025")
    stored = profile_to_text(profile)
    later = replace(
        profile,
        id="cn-later",
        clauses=tuple(clause for clause in profile.clauses if clause.id != "X072"),
    )
    facts = replace(TRADED, assessor_id="o-seller")

    assert judge(later, facts, at=AT).is_allowed
    assert [
        result.clause_id for result in judge(profile_from_text(stored), facts, at=AT).blocking
    ] == ["X072"]


def test_every_choice_of_a_closed_list_has_a_word_in_both_languages() -> None:
    profile = profile_named("cn-2025")
    for clause_id, name in (
        ("X028", "conditions"),
        ("X013", "lawful_bases"),
        ("X085", "personal_bases"),
    ):
        clause = profile.clause(clause_id)
        assert clause
        choices = clause.parameters[name]
        assert isinstance(choices, tuple)
        for choice in choices:
            assert profile.words[choice].zh
            assert profile.words[choice].en
    assert profile.clause("X999") is None


SHARED: dict[str, Any] = {
    "sources": [{"id": "s", "title": {"zh": "源", "en": "source"}, "in_force": "2020-01-01"}],
    "legal_basis": [],
    "licences": [],
    "words": {},
}
CLAUSE: dict[str, Any] = {
    "id": "X001",
    "source": "s",
    "article": {"zh": "第1条", "en": "art. 1"},
    "basis": "T",
    "regimes": ["trade"],
    "stage": "list",
    "test": "quality_is_recent",
    "severity": "hold",
    "message": {"zh": "请检查。", "en": "Check it."},
    "parameters": {"most_age_days": 30},
}
PROFILE: dict[str, Any] = {
    "id": "p",
    "jurisdiction": "cn",
    "title": {"zh": "标准", "en": "standards"},
    "valid_from": "2024-01-01",
    "valid_to": None,
    "is_request_needed_for_unconditional": True,
    "clocks": [],
    "clauses": [CLAUSE],
}


def test_a_clause_holds_from_the_day_its_source_came_into_force_unless_it_says_otherwise() -> None:
    plain = deepcopy(PROFILE)
    plain["clauses"].append({**CLAUSE, "id": "X002", "valid_from": "2026-01-01"})

    clauses = read_profile(plain, SHARED).clauses

    assert [clause.valid_from for clause in clauses] == [date(2020, 1, 1), date(2026, 1, 1)]


@pytest.mark.parametrize(
    "change",
    [
        {"test": "is_pretty"},
        {"stage": "price"},
        {"source": "nowhere"},
        {"severity": "shout"},
        {"regimes": []},
        {"parameters": {}},
        {"parameters": {"most_age_days": "thirty"}},
        {"parameters": {"most_age_days": 30, "more": 1}},
        {"message": {"zh": "", "en": "Check it."}},
        {"article": {"zh": "第1条", "en": ""}},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_clause_that_cannot_be_is_refused_when_it_is_loaded(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedProfile):
        read_profile({**PROFILE, "clauses": [{**CLAUSE, **change}]}, SHARED)


def test_two_clauses_with_one_id_are_refused() -> None:
    with pytest.raises(MalformedProfile):
        read_profile({**PROFILE, "clauses": [CLAUSE, CLAUSE]}, SHARED)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"id": "x"}'])
def test_a_text_that_is_no_profile_is_refused(text: str) -> None:
    with pytest.raises(MalformedProfile):
        profile_from_text(text)


def test_profiles_of_one_jurisdiction_follow_each_other_without_gap_or_overlap() -> None:
    old, new = profile_named("cn-2016"), profile_named("cn-2025")

    assert old.valid_to == new.valid_from
    assert old.is_in_force(new.valid_from - timedelta(days=1))
    assert not old.is_in_force(new.valid_from)


RELEASED = {
    ("cn-2016", 1): "88757ce7e146330c529c45ca3502e7c093fabc97e96e5c3fea047427fb51fd8b",
    ("cn-2025", 1): "d088c543e320fa8f6f656876b0a7e52ea9ae4f99a56ecaf830836f6e0bfe8d80",
    ("cn-2025", 2): "e272d554b5404b43f56a7aab08453f2c48cd4edcf245702bb838f593b1ce1e9d",
}
"""Decisions name these. A change of any of them breaks replay: add a version instead."""


def test_a_released_version_is_never_edited() -> None:
    held = {(one.id, one.version): one.fingerprint for one in profiles()}

    assert {name: held[name] for name in RELEASED} == RELEASED


def test_the_second_reading_has_every_clause_of_the_first_and_takes_its_place() -> None:
    first, second = profile_named("cn-2025", 1), profile_named("cn-2025", 2)

    assert profile_named("cn-2025") == second == profile_in_force(AT)
    assert {clause.id for clause in first.clauses} <= {clause.id for clause in second.clauses}
    assert {f"X{n:03}" for n in range(1, 154)} <= {clause.id for clause in second.clauses}


def test_a_city_builds_on_the_national_standards() -> None:
    national = {clause.id: clause for clause in profile_named("cn-2025").clauses}
    for name in ("yinchuan", "shanghai", "shenzhen"):
        city = profile_named(name)
        own = [clause for clause in city.clauses if national.get(clause.id) != clause]
        left_out = set(national) - {clause.id for clause in city.clauses}

        assert own
        assert all(clause.id.startswith("Y") or clause.source.id.startswith(name) for clause in own)
        assert left_out == {"X054", "X055", "X056", "X057", "X082"}
        assert city.clocks == profile_named("cn-2025").clocks


def test_europe_has_none_of_the_chinese_texts() -> None:
    sources = {clause.source.id for clause in profile_named("eu").clauses}

    assert {"eu-2019-1024", "eu-2023-138", "eu-2022-868"} <= sources
    assert not sources & {"decree-809", "network-data-2024", "personal-information-2021"}


DRAFT = """
id: stricter
extends: {id: cn-2025, version: 2}
without: [X055]
clauses:
  - id: X073
    source: shanghai-data-2021
    article: {zh: "第53条", en: "art. 53"}
    basis: R
    regimes: [trade]
    stage: list
    test: quality_is_recent
    severity: hold
    message: {zh: "请每周检查质量。", en: "Check the quality each week."}
    parameters: {most_age_days: 7}
"""


def test_a_draft_builds_on_a_profile_and_changes_what_it_names() -> None:
    base, draft = profile_named("cn-2025"), read_draft(DRAFT)

    assert draft.clause("X055") is None
    changed = draft.clause("X073")
    assert changed is not None
    assert changed.parameters["most_age_days"] == 7
    assert len(draft.clauses) == len(base.clauses) - 1
    assert draft.fingerprint != base.fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "id: x",
        "id: x\nextends: {id: nowhere}",
        "id: x\nextends: {id: cn-2025}\nwithout: [X999]",
        "id: x\nextends: {id: cn-2025}\nclauses: [{id: X001}]",
        "id: x\nextends: {id: cn-2025}\nclauses: 7",
        "id: x\nextends: {id: cn-2025}\nsurprise: 1",
        "a: &a [1]\nextends: {id: cn-2025}\nid: *a",
        "id: x\nextends: {id: cn-2025}\nvalid_from: 1.5",
        "id: [\n",
        "!!python/object:os.system {}",
        "x" * (1 << 20) + "y",
    ],
    ids=range(13),
)
def test_a_draft_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(MalformedProfile):
        read_draft(text)

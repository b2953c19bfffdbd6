from __future__ import annotations

import string
from dataclasses import replace
from datetime import date, timedelta

import pytest

from policies.canonical import from_plain, to_plain
from policies.decision.cases import (
    APPROVE,
    AT,
    INPUT,
    REFUSED,
    REGISTER,
    TRADED,
    UNCONDITIONAL,
    cases_of,
)
from policies.decision.checks.finding import Given
from policies.decision.checks.run import checks_of, facts_needed, run_check
from policies.decision.clause import (
    ClauseResult,
    Judgement,
    LegalBasisKind,
    Outcome,
    Profile,
    Severity,
    Stage,
)
from policies.decision.coverage import proofs_of
from policies.decision.facts import DecideFacts, Facts, ListingFacts, RegisterFacts
from policies.decision.judge import judge
from policies.decision.profile import profile_named, profiles
from policies.terms import Grade, Regime, ShareType, Text

EVERY_CLAUSE = [(profile, clause) for profile in profiles() for clause in profile.clauses]
EVERY_PROFILE = pytest.mark.parametrize(
    "profile", profiles(), ids=lambda one: f"{one.id}.{one.version}"
)


def _result(profile_id: str, clause_id: str, facts: Facts) -> ClauseResult:
    judgement = judge(profile_named(profile_id), facts, at=AT)
    return next(result for result in judgement.results if result.clause_id == clause_id)


def _failed_ids(judgement: Judgement) -> set[str]:
    return {result.clause_id for result in judgement.results if result.outcome is Outcome.FAILED}


@EVERY_PROFILE
def test_every_clause_can_pass_and_can_fail(profile: Profile) -> None:
    proofs = proofs_of(profile.fingerprint)

    assert set(proofs) == {clause.id for clause in profile.clauses}
    assert [proof for proof in proofs.values() if not proof.is_proven] == []


@EVERY_PROFILE
def test_every_clause_has_a_test_a_source_an_article_and_a_message_in_both_languages(
    profile: Profile,
) -> None:
    for clause in profile.clauses:
        assert clause.test in checks_of(clause.stage)
        for text in (clause.source.title, clause.article, clause.message):
            assert text.zh
            assert text.en
        for message in (clause.message.zh, clause.message.en):
            fields = {name for _, name, _, _ in string.Formatter().parse(message) if name}
            assert fields <= {"named"}
        assert ("{named}" in clause.message.zh) is ("{named}" in clause.message.en)


@EVERY_PROFILE
def test_a_failed_clause_says_what_to_do_and_names_what_it_is_about(profile: Profile) -> None:
    for clause in profile.clauses:
        _, failing = cases_of(profile)[clause.id]
        # Some clauses do not hold on the day of the cases; here all of them do.
        held = replace(clause, valid_from=date(2026, 1, 1), valid_to=None)

        (result,) = judge(replace(profile, clauses=(held,)), failing, at=AT).results

        assert result.outcome is Outcome.FAILED
        assert "{" not in result.message.zh + result.message.en
        assert result.facts
        if "{named}" in clause.message.en:
            assert "：。" not in result.message.zh
            assert ": ." not in result.message.en


@EVERY_PROFILE
def test_a_fact_that_nobody_can_give_neither_passes_nor_fails(profile: Profile) -> None:
    for clause in profile.clauses:
        passing, _ = cases_of(profile)[clause.id]
        for name in facts_needed(clause.stage, clause.test):
            blind = replace(passing, **{name: None})  # type: ignore[arg-type]
            finding = run_check(
                clause.test, blind, Given(AT, AT.date(), clause.parameters, profile)
            )

            assert finding.outcome is Outcome.UNKNOWN, (clause.id, name)


def test_every_test_that_we_have_is_used_by_a_clause() -> None:
    used = {(clause.stage, clause.test) for _, clause in EVERY_CLAUSE}

    assert used == {(stage, name) for stage in Stage for name in checks_of(stage)}


def test_words_of_fields_are_said_in_the_language_of_the_message() -> None:
    result = _result(
        "cn-2025", "X129-sharing", replace(REGISTER, share_conditions="", directory="")
    )

    assert result.message.zh == "目录要素不全。请补填：所属目录、共享条件。"
    assert result.message.en.endswith("Fill in: directory, share conditions.")


def test_a_message_names_no_more_than_twenty_things() -> None:
    items = tuple(f"item {n}" for n in range(25))

    result = _result("cn-2025", "X137", replace(REGISTER, items_named_elsewhere=items))

    assert "item 19 and 5 more." in result.message.en
    assert "等25项" in result.message.zh


def test_a_product_graded_below_an_input_is_refused_by_name_unless_regraded() -> None:
    facts = replace(TRADED, inputs=(INPUT, replace(INPUT, name="dams", grade=Grade.IMPORTANT)))

    refused = _result("cn-2025", "X002", facts)
    regraded = _result("cn-2025", "X002", replace(facts, regrading_reference="g-1"))

    assert "dams" in refused.message.en
    assert "levels" not in refused.message.en
    assert regraded.outcome is Outcome.PASSED


@pytest.mark.parametrize("regime", [Regime.OPEN, Regime.TRADE])
def test_core_data_is_neither_opened_nor_traded_whatever_was_approved(regime: Regime) -> None:
    facts = ListingFacts(regime=regime, grade=Grade.CORE, special_approval_reference="s-1")

    assert "X004" in {
        result.clause_id for result in judge(profile_named("cn-2025"), facts, at=AT).blocking
    }


@pytest.mark.parametrize(
    ("kind", "is_founded"),
    [
        (LegalBasisKind.LAW, True),
        (LegalBasisKind.ADMINISTRATIVE_REGULATION, True),
        (LegalBasisKind.STATE_COUNCIL_DECISION, True),
        (LegalBasisKind.STATE_COUNCIL_PAPER, False),
        (LegalBasisKind.LOCAL_REGULATION, False),
        (LegalBasisKind.MINISTRY_PAPER, False),
    ],
)
def test_only_three_ranks_of_text_carry_a_refusal_to_share(
    kind: LegalBasisKind, is_founded: bool
) -> None:
    profile = profile_named("cn-2025")
    for basis in (basis for basis in profile.legal_bases if basis.kind is kind):
        facts = replace(REGISTER, share_type=ShareType.NOT_SHARED, share_legal_basis_id=basis.id)

        outcome = _result("cn-2025", "X022", facts).outcome

        assert (outcome is Outcome.PASSED) is is_founded


def test_a_citation_that_resolves_nowhere_or_has_no_reason_does_not_count() -> None:
    facts = replace(REGISTER, share_type=ShareType.NOT_SHARED)

    assert _result("cn-2025", "X022", facts).outcome is Outcome.FAILED
    cited = replace(facts, share_legal_basis_id="statistics-law", share_reason="")
    assert _result("cn-2025", "X022", cited).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("taken", "extension", "consent", "notified", "is_in_time"),
    [
        (10, 0, "", False, True),
        (11, 0, "", False, False),
        (15, 5, "c-1", True, True),
        (15, 5, "", True, False),
        (15, 5, "c-1", False, False),
        (20, 10, "c-1", True, True),
        (21, 30, "c-1", True, False),
    ],
)
def test_conditional_data_is_answered_in_ten_days_or_twenty_with_consent_and_notice(
    taken: int, extension: int, consent: str, notified: bool, is_in_time: bool
) -> None:
    facts = replace(
        REFUSED,
        working_days_taken=taken,
        extension_working_days=extension,
        extension_consent_reference=consent,
        was_extension_notified=notified,
    )

    assert (_result("cn-2025", "X025", facts).outcome is Outcome.PASSED) is is_in_time


def test_a_late_answer_is_reported_and_not_refused() -> None:
    judgement = judge(profile_named("cn-2025"), replace(UNCONDITIONAL, working_days_taken=2), at=AT)

    assert judgement.is_allowed
    assert [result.clause_id for result in judgement.failed(Severity.REPORT)] == ["X024-clock"]


def test_a_standing_release_gives_unconditional_data_without_a_signature_each_time() -> None:
    facts = replace(
        UNCONDITIONAL,
        has_standing_release=True,
        is_released_by_share_head=False,
        working_days_taken=0,
    )

    assert _failed_ids(judge(profile_named("cn-2025"), facts, at=AT)) == set()


def test_a_grant_needs_no_reasons() -> None:
    facts = DecideFacts(
        regime=Regime.SHARE, is_granted=True, share_type=ShareType.CONDITIONAL, decider_id="u-1"
    )

    assert _result("cn-2025", "X026", facts).outcome is Outcome.NOT_APPLICABLE


def test_clauses_of_other_regimes_are_not_tested() -> None:
    judgement = judge(profile_named("cn-2025"), replace(TRADED, regime=Regime.SHARE), at=AT)

    assert "X060" not in {result.clause_id for result in judgement.results}


def test_a_clause_counts_only_between_its_days() -> None:
    profile = profile_named("cn-2025")
    last_day = date(2026, 8, 3)
    clauses = tuple(
        replace(clause, valid_to=last_day) if clause.id == "X021" else clause
        for clause in profile.clauses
    )
    ended = replace(profile, clauses=clauses)
    facts = replace(REGISTER, share_type=None)

    assert "X021" in _failed_ids(judge(ended, facts, at=AT - timedelta(days=1)))
    assert "X021" not in _failed_ids(judge(ended, facts, at=AT))


def test_a_hold_stops_new_agreements_but_refuses_nothing() -> None:
    facts = replace(REGISTER, review_due_on=date(2026, 8, 2))

    judgement = judge(profile_named("cn-2025"), facts, at=AT)

    assert judgement.is_allowed
    assert judgement.is_held


def test_an_empty_dataset_is_refused_with_everything_that_is_missing() -> None:
    judgement = judge(profile_named("cn-2025"), RegisterFacts(), at=AT)

    assert not judgement.is_allowed
    assert {result.clause_id for result in judgement.blocking} == {"X001", "X021", "X040", "X129"}


def test_results_carry_the_source_in_both_languages() -> None:
    result = _result("cn-2025", "W001", APPROVE)

    assert result.source == Text(zh="交换平台自有规则", en="The exchange's own rule")
    assert result.message == Text()


@pytest.mark.parametrize("facts", [pair[0] for pair in cases_of(profile_named("cn-2025")).values()])
def test_facts_can_be_stored_and_read_back(facts: Facts) -> None:
    assert from_plain(type(facts), to_plain(facts)) == facts

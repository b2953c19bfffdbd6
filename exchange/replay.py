"""Make a past decision again under the law of its day, or judge live agreements under a draft.

A replay reads what was kept and writes nothing about anybody: a draft stops no agreement.

Source: exchange design, decision time machine; docs/decisions/0023-standards-in-versions.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from catalog.find import dataset_with_id
from exchange.clauses import judge_under
from exchange.conclude import Wish, agree_facts
from exchange.decision import StoredDecision
from exchange.errors import DecisionNotFound, NotYourPart, ReplayNotFound
from exchange.list_product import listing_facts
from exchange.replayed import Finding, Replay
from exchange.store import decisions as decision_store
from exchange.store import listings as listing_store
from exchange.store import replays as store
from exchange.trace import record_look
from policies import agree
from policies.access import AccessRequest, Decision
from policies.agreement import Agreement
from policies.canonical import from_plain
from policies.database import Pool, Tx
from policies.decision.cedar import shipped_rules
from policies.decision.clause import ClauseResult, Judgement, Profile, Severity
from policies.decision.decide import decide
from policies.decision.explain import Refusing, what_would_refuse
from policies.decision.profile import profile_from_text, profile_in_force, profile_to_text
from policies.party import Actor, Role
from policies.roles import SYSTEM, can_supervise
from policies.standards import kept_profile, kept_rules

PAGE_AGREEMENTS = 50
"""Judged in one transaction; after each page a replay says how far it is."""
WORTH_DAYS = 365
"""An agreement is worth what was charged under it in so many days."""
FINDINGS_MAX = 500


@dataclass(frozen=True, slots=True)
class ReplayedDecision:
    """A past decision beside the same facts under the law of its day, and under today's."""

    then: StoredDecision
    again: Decision
    today: Decision
    refusing: tuple[Refusing, ...]
    """What would have refused it then."""

    @property
    def is_same(self) -> bool:
        """Whether the law of its day gives the old answer, by the old rules."""
        return (self.again.is_allowed, self.again.rule_ids) == (
            self.then.is_allowed,
            self.then.rule_ids,
        )


def replay_decision(tx: Tx, decision_id: UUID, *, by: Actor, at: datetime) -> ReplayedDecision:
    """Decide again on the facts of a past decision; the look is recorded.

    Raises: NotYourPart, DecisionNotFound, LawOfTheDayMissing.
    """
    _check(by)
    record_look(tx, "replay", decision_id, by=by, at=at)
    then = decision_store.get_decision(tx, decision_id)
    if then is None:
        raise DecisionNotFound(str(decision_id))
    return replayed(tx, then, at=at)


def replayed(tx: Tx, then: StoredDecision, *, at: datetime) -> ReplayedDecision:
    """A stored decision, made again.

    Raises: LawOfTheDayMissing.
    """
    facts = from_plain(AccessRequest, then.facts)
    profile, rules = kept_profile(tx, then.profile_hash), kept_rules(tx, then.policy_hash)
    return ReplayedDecision(
        then=then,
        again=decide(facts, profile=profile, rules=rules, at=then.at),
        today=decide(facts, profile=profile_in_force(at), rules=shipped_rules(), at=then.at),
        refusing=what_would_refuse(facts, profile=profile, rules=rules, at=then.at),
    )


def ask_for_replay(tx: Tx, draft: Profile, *, by: Actor, at: datetime) -> Replay:
    """Note that all live agreements are to be judged under a draft; the caller enqueues the work.

    Raises: NotYourPart.
    """
    _check(by)
    assert by.user_id is not None, "a supervisor is somebody"
    replay_id = store.insert_replay(
        tx,
        profile_id=draft.id,
        profile_hash=draft.fingerprint,
        body=profile_to_text(draft),
        asked_by=by.user_id,
        total=agree.count_in_force(tx, at),
        at=at,
    )
    record_look(tx, "replay", replay_id, by=by, at=at)
    return _known(tx, replay_id)


def run_replay(pool: Pool, replay_id: UUID, *, now: Callable[[], datetime]) -> None:
    """Judge every live agreement, page by page; a run that was cut off goes on where it was."""
    while True:
        with pool.connection() as tx:
            open_replay = store.lock_open(tx, replay_id)
            if open_replay is None:
                return
            draft = profile_from_text(open_replay.body)
            agreements = agree.in_force_after(
                tx, open_replay.last_agreement_id, at=open_replay.asked_at, limit=PAGE_AGREEMENTS
            )
            for agreement in agreements:
                _judge(tx, replay_id, agreement, draft, at=open_replay.asked_at)
            if agreements:
                store.advance(tx, replay_id, agreements[-1].id, len(agreements))
            if len(agreements) < PAGE_AGREEMENTS:
                store.finish(tx, replay_id, at=now())
                return


def get_replay(tx: Tx, replay_id: UUID, *, by: Actor) -> tuple[Replay, list[Finding]]:
    """A replay and what it found so far, the most costly first.

    Raises: NotYourPart, ReplayNotFound.
    """
    _check(by)
    return _known(tx, replay_id), store.findings(tx, replay_id, limit=FINDINGS_MAX)


def replays(tx: Tx, *, by: Actor) -> list[Replay]:
    """The replays that were asked for, newest first.

    Raises: NotYourPart.
    """
    _check(by)
    return store.replays(tx)


def _judge(tx: Tx, replay_id: UUID, agreement: Agreement, draft: Profile, *, at: datetime) -> None:
    listing = listing_store.get_listing(tx, agreement.listing_id)
    assert listing is not None, "an agreement rests on a listing"
    dataset = dataset_with_id(tx, agreement.dataset_id, by=SYSTEM)
    wish = Wish(
        consumer_id=agreement.consumer_id,
        purpose=agreement.purpose,
        actions=agreement.actions,
        ends_at=agreement.ends_at,
    )
    facts = (
        *listing_facts(tx, listing, dataset, at=at),
        agree_facts(listing, dataset, wish, agreement.starts_at),
    )
    today = _against(judge_under(profile_in_force(at), *facts, at=at))
    then = _against(judge_under(draft, *facts, at=at))
    stops = [then[name] for name in sorted(set(then) - set(today))]
    frees = [today[name] for name in sorted(set(today) - set(then))]
    if stops or frees:
        worth = store.charged_since(tx, agreement.id, at - timedelta(days=WORTH_DAYS))
        store.insert_finding(
            tx, replay_id, Finding(agreement.id, tuple(stops), tuple(frees), worth)
        )


def _against(judgement: Judgement) -> dict[str, ClauseResult]:
    """The clauses that stand against a new agreement, by id."""
    failed = judgement.blocking + judgement.failed(Severity.HOLD)
    return {result.clause_id: result for result in failed}


def _known(tx: Tx, replay_id: UUID) -> Replay:
    found = store.get_replay(tx, replay_id)
    if found is None:
        raise ReplayNotFound(str(replay_id))
    return found


def _check(by: Actor) -> None:
    if not can_supervise(by):
        raise NotYourPart(Role.REGULATOR)

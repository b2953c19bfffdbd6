"""How the exchange stands under the standards: what is outstanding, and its newest deliveries.

Facts that nobody here can give stay None; their clauses then say "not covered".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from catalog.demand.ask import overdue_count
from exchange.clauses import judge_all
from exchange.errors import NotYourPart
from exchange.store import invariants
from exchange.store import stand as store
from exchange.store.stand import DeliveryRow
from policies.access import AccessRequest
from policies.calendar import china_day
from policies.canonical import from_plain
from policies.database import Tx
from policies.decision.clause import ClauseResult, Judgement, Outcome
from policies.decision.facts import AuditFacts, DeliverFacts
from policies.log import unsequenced_before
from policies.party import Actor, Role
from policies.roles import can_supervise
from policies.terms import MicroCredits, Regime

DELIVERIES_MAX = 200
"""So many of the newest deliveries are judged again."""
IN_LOG_WITHIN = timedelta(seconds=60)


def stand(tx: Tx, *, by: Actor, at: datetime) -> Judgement:
    """What the clauses about the exchange as a whole say at `at`, failed deliveries among them.

    Raises: NotYourPart.
    """
    if not can_supervise(by):
        raise NotYourPart(Role.REGULATOR)
    whole = judge_all(_audit_facts(tx, at), at=at)
    worst: dict[str, ClauseResult] = {}
    for row in store.newest_deliveries(tx, limit=DELIVERIES_MAX):
        for result in judge_all(_deliver_facts(row), at=at).results:
            held = worst.get(result.clause_id)
            if held is None or _rank(result.outcome) < _rank(held.outcome):
                worst[result.clause_id] = result
    results = (*whole.results, *(worst[name] for name in sorted(worst)))
    return Judgement(results, whole.profile_id, whole.profile_hash)


def count_refusals(tx: Tx, clause_ids: Sequence[str], *, at: datetime) -> None:
    """Count that each of these clauses refused something once."""
    store.count_refusals(tx, sorted(set(clause_ids)), china_day(at))


def refusals(tx: Tx, *, by: Actor) -> dict[str, int]:
    """To each clause how often it refused what somebody tried.

    Raises: NotYourPart.
    """
    if not can_supervise(by):
        raise NotYourPart(Role.REGULATOR)
    return store.refusals(tx)


def clause_outcomes(tx: Tx, *, by: Actor) -> dict[str, tuple[int, int]]:
    """To each clause how often it stands against a listing or request, and how often it was asked.

    Raises: NotYourPart.
    """
    if not can_supervise(by):
        raise NotYourPart(Role.REGULATOR)
    return store.clause_outcomes(tx)


def _rank(outcome: Outcome) -> int:
    """Failed before unknown before passed: the worst of many is told."""
    return (
        Outcome.FAILED,
        Outcome.UNKNOWN,
        Outcome.PASSED,
        Outcome.NOT_APPLICABLE,
    ).index(outcome)


def _audit_facts(tx: Tx, at: datetime) -> AuditFacts:
    return AuditFacts(
        settlements_without_identity=len(invariants.sales_without_identity(tx)),
        demands_overdue=overdue_count(tx, at=at),
        deliveries_without_proof=len(invariants.receipts_without_decision(tx)),
        holds_resolved_wrongly=len(invariants.holds_resolved_wrongly(tx)),
        assets_out_of_balance=len(invariants.assets_out_of_balance(tx)),
        deliveries_without_receipt=len(invariants.charges_without_receipt(tx)),
        events_outside_log=unsequenced_before(tx, at - IN_LOG_WITHIN),
        shared_without_check=len(invariants.shared_without_check(tx)),
    )


def _deliver_facts(row: DeliveryRow) -> DeliverFacts:
    asked = from_plain(AccessRequest, row.facts)
    grant, body = asked.grant, json.loads(row.body)
    stated = {
        "version": all(item.get("version_id") for item in body["items"]),
        "result": bool(body.get("result_sha256")),
        "rows": body.get("row_count") is not None,
        "policy": bool(body.get("policy_hash") and body.get("profile_hash")),
        "price": all("price" in item for item in body["items"]),
    }
    return DeliverFacts(
        regime=Regime(row.regime),
        is_agreement_in_force=(
            None if grant is None else grant.is_active and grant.starts_at <= row.at < grant.ends_at
        ),
        purpose=asked.purpose,
        agreed_purposes=None if grant is None else grant.purposes,
        is_recipient_assignee=grant is not None and grant.assignee_id == asked.caller.party_id,
        held_microcredits=None if row.held is None else MicroCredits(row.held),
        highest_charge_microcredits=MicroCredits(row.charge),
        receipt_fields=frozenset(name for name, is_there in stated.items() if is_there),
    )

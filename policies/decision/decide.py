"""Decide on one access: Cedar's rules over plain facts, with reasons that a person can act on.

Deciding reads neither clock nor database, so the same facts, profile and rules give the same
decision at any later time. Reasons speak of classes and agreements, so whoever hears them must
already have the right to know that the listing exists; asking that is the caller's part.

Source: docs/decisions/0004-cedar-decides-clauses-check-views-enforce.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from policies.access import AccessRequest, Caller, Decision, Face, Grant, Reason
from policies.canonical import Plain
from policies.decision.cedar import BROKEN_RULE, Rules, Verdict, evaluate
from policies.decision.clause import Profile
from policies.decision.need import what_is_missing
from policies.terms import Text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def decide(request: AccessRequest, *, profile: Profile, rules: Rules, at: datetime) -> Decision:
    """Say whether `request` is allowed at `at`, and by which rules or for want of what.

    A forbid beats every permit. Where no forbid matches and no permit either, the reasons are what
    the nearest permission lacks: with all of it given, the access would be allowed.
    """
    verdict = evaluate(
        rules,
        principal_id=request.caller.party_id,
        action=request.action.value,
        resource_id=request.asset.dataset_id,
        context=context_of(request, profile=profile, at=at),
    )
    return Decision(
        is_allowed=verdict.is_allowed,
        rule_ids=verdict.rule_ids,
        reasons=_reasons(verdict, rules) or what_is_missing(request, profile),
        profile_id=profile.id,
        profile_hash=profile.fingerprint,
        policy_hash=rules.fingerprint,
        facts=request,
        at=at,
    )


def context_of(request: AccessRequest, *, profile: Profile, at: datetime) -> dict[str, Plain]:
    """The facts as Cedar reads them; the types are those of `rules/schema.cedarschema`."""
    asset = request.asset
    context: dict[str, Plain] = {
        "at": _microseconds(at),
        "action": request.action.value,
        "purpose": request.purpose.value if request.purpose else "",
        "is_request_needed_for_unconditional": profile.is_request_needed_for_unconditional,
        "caller": _caller(request.caller),
        "asset": {
            "provider_id": asset.provider_id,
            "grade": asset.grade.value,
            "share_type": asset.share_type.value if asset.share_type else "",
            "open_type": asset.open_type.value if asset.open_type else "",
            "has_personal_data": asset.has_personal_data,
            "is_frozen": asset.is_frozen,
            "is_provider_frozen": asset.is_provider_frozen,
            "is_version_withdrawn": asset.is_version_withdrawn,
            "has_export_approval": asset.has_export_approval,
        },
    }
    if request.face:
        context["face"] = _face(request.face)
    if request.grant:
        context["grant"] = _grant(request.grant)
    return context


def _caller(caller: Caller) -> dict[str, Plain]:
    plain: dict[str, Plain] = {
        "party_id": caller.party_id,
        "kind": caller.kind.value if caller.kind else "",
        "roles": [role.value for role in caller.roles],
        "is_frozen": caller.is_frozen,
        "is_platform_identity": caller.is_platform_identity,
        "region": caller.region,
    }
    if caller.token_agreement_id is not None:
        plain["token_agreement_id"] = caller.token_agreement_id
    return plain


def _face(face: Face) -> dict[str, Plain]:
    return {
        "listing_id": face.listing_id,
        "regime": face.regime.value,
        "is_listed": face.is_listed,
        "is_frozen": face.is_frozen,
    }


def _grant(grant: Grant) -> dict[str, Plain]:
    return {
        "agreement_id": grant.agreement_id,
        "listing_id": grant.listing_id,
        "assignee_id": grant.assignee_id,
        "is_active": grant.is_active,
        "starts_at": _microseconds(grant.starts_at),
        "ends_at": _microseconds(grant.ends_at),
        "purposes": [purpose.value for purpose in grant.purposes],
        "actions": [action.value for action in grant.actions],
        "is_frozen": grant.is_frozen,
    }


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _reasons(verdict: Verdict, rules: Rules) -> tuple[Reason, ...]:
    if verdict.rule_ids == (BROKEN_RULE,):
        return (Reason(BROKEN_RULE, _BROKEN),)
    return tuple(Reason(rule_id, rules.by_id[rule_id].text) for rule_id in verdict.rule_ids)


_BROKEN = Text(
    zh="访问规则无法执行，已按拒绝处理。请通知平台管理员。",
    en="The access rules could not be evaluated, so this is refused. Tell the operator.",
)

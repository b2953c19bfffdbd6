from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import cedarpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policies.access import AccessRequest, Action, Asset, Caller, Decision, Face, Grant
from policies.canonical import from_plain, to_plain
from policies.decision.cedar import read_rules, shipped_rules
from policies.decision.decide import context_of, decide
from policies.decision.need import WAYS, with_all_met
from policies.decision.profile import profile_from_text, profile_named, profile_to_text, profiles
from policies.party import OrganizationKind, Role
from policies.terms import Grade, OpenType, Purpose, Regime, ShareType

AT = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = shipped_rules()
STORED_RULES = {RULES.fingerprint: read_rules(RULES.policies, RULES.schema)}
STORED_PROFILES = {
    profile.fingerprint: profile_from_text(profile_to_text(profile)) for profile in profiles()
}
PERMITS = {rule_id for rule_id, rule in RULES.by_id.items() if rule.is_permit}

ENTERPRISE = Caller(
    party_id="o-buyer",
    kind=OrganizationKind.ENTERPRISE,
    roles=frozenset((Role.BUYER,)),
    token_agreement_id="a-1",
)
DEPARTMENT = Caller(
    party_id="o-roads", kind=OrganizationKind.DEPARTMENT, roles=frozenset((Role.BUYER,))
)
OWNER = Caller(
    party_id="o-water", kind=OrganizationKind.DEPARTMENT, roles=frozenset((Role.PUBLISHER,))
)
ASSET = Asset(
    dataset_id="d-1",
    provider_id="o-water",
    grade=Grade.GENERAL,
    share_type=ShareType.CONDITIONAL,
    open_type=OpenType.CONDITIONAL,
)
GRANT = Grant(
    agreement_id="a-1",
    listing_id="l-1",
    assignee_id="o-buyer",
    is_active=True,
    starts_at=AT - HOUR,
    ends_at=AT + HOUR,
    purposes=frozenset((Purpose.PRODUCT,)),
    actions=frozenset((Action.QUERY, Action.DOWNLOAD)),
)
TRADE = AccessRequest(
    caller=ENTERPRISE,
    action=Action.DOWNLOAD,
    asset=ASSET,
    face=Face(listing_id="l-1", regime=Regime.TRADE, is_listed=True),
    grant=GRANT,
    purpose=Purpose.PRODUCT,
)
SHARE = replace(
    TRADE,
    caller=DEPARTMENT,
    face=Face(listing_id="l-1", regime=Regime.SHARE, is_listed=True),
    grant=replace(GRANT, assignee_id="o-roads"),
)
OPEN_TO_ALL = AccessRequest(
    caller=Caller(),
    action=Action.DOWNLOAD,
    asset=replace(ASSET, open_type=OpenType.UNCONDITIONAL),
    face=Face(listing_id="l-1", regime=Regime.OPEN, is_listed=True),
)
OPEN_GRANTED = replace(
    TRADE, face=Face(listing_id="l-1", regime=Regime.OPEN, is_listed=True), caller=ENTERPRISE
)
OWNED = AccessRequest(caller=OWNER, action=Action.PREVIEW, asset=ASSET)


def _decide(request: AccessRequest, profile_id: str = "cn-2025", at: datetime = AT) -> Decision:
    return decide(request, profile=profile_named(profile_id), rules=RULES, at=at)


def _asset(request: AccessRequest, **changes: Any) -> AccessRequest:
    return replace(request, asset=replace(request.asset, **changes))


def _caller(request: AccessRequest, **changes: Any) -> AccessRequest:
    return replace(request, caller=replace(request.caller, **changes))


def _grant(request: AccessRequest, **changes: Any) -> AccessRequest:
    assert request.grant
    return replace(request, grant=replace(request.grant, **changes))


def _face(request: AccessRequest, **changes: Any) -> AccessRequest:
    assert request.face
    return replace(request, face=replace(request.face, **changes))


ALLOWED = {
    "open-unconditional": OPEN_TO_ALL,
    "open-granted": OPEN_GRANTED,
    "owner-reads": OWNED,
    "share-granted": SHARE,
    "trade": TRADE,
}
FORBIDDEN = {
    "frozen-party": _caller(TRADE, is_frozen=True),
    "frozen-provider": _asset(TRADE, is_provider_frozen=True),
    "frozen-dataset": _asset(OWNED, is_frozen=True),
    "frozen-listing": _face(OPEN_TO_ALL, is_frozen=True),
    "frozen-agreement": _grant(SHARE, is_frozen=True),
    "platform-identity": _caller(OPEN_TO_ALL, is_platform_identity=True),
    "core-outside-share": replace(_asset(TRADE, grade=Grade.CORE), action=Action.QUERY),
    "not-shared": _asset(SHARE, share_type=ShareType.NOT_SHARED),
    "not-open": _asset(OPEN_GRANTED, open_type=OpenType.NOT_OPEN),
    "important-not-raw": _asset(TRADE, grade=Grade.IMPORTANT),
    "personal-not-raw": _asset(TRADE, has_personal_data=True),
    "abroad": replace(
        _caller(_asset(TRADE, grade=Grade.IMPORTANT), region="SG"), action=Action.QUERY
    ),
    "version-withdrawn": _asset(OWNED, is_version_withdrawn=True),
    "listing-not-listed": _face(TRADE, is_listed=False),
    "agreement-not-active": _grant(TRADE, is_active=False),
    "agreement-not-started": _grant(TRADE, starts_at=AT + timedelta(microseconds=1)),
    "agreement-ended": _grant(TRADE, ends_at=AT),
    "agreement-of-another": _grant(TRADE, assignee_id="o-other"),
    "token-of-another-agreement": _caller(TRADE, token_agreement_id="a-2"),
}

IDS = st.sampled_from(["", "o-water", "o-roads", "o-buyer"])
AGREEMENTS = st.sampled_from(["a-1", "a-2"])
LISTINGS = st.sampled_from(["l-1", "l-2"])
MOSTLY_FALSE = st.sampled_from([False] * 9 + [True])
MOSTLY_TRUE = MOSTLY_FALSE.map(lambda value: not value)
CALLERS = st.builds(
    Caller,
    party_id=IDS,
    kind=st.none() | st.sampled_from(OrganizationKind),
    roles=st.frozensets(st.sampled_from(Role), max_size=2),
    is_frozen=MOSTLY_FALSE,
    is_platform_identity=MOSTLY_FALSE,
    token_agreement_id=st.none() | AGREEMENTS,
    region=st.sampled_from(["CN", "CN", "CN", "SG"]),
)
ASSETS = st.builds(
    Asset,
    dataset_id=st.just("d-1"),
    provider_id=st.just("o-water"),
    grade=st.sampled_from(Grade),
    share_type=st.none() | st.sampled_from(ShareType),
    open_type=st.none() | st.sampled_from(OpenType),
    has_personal_data=MOSTLY_FALSE,
    is_frozen=MOSTLY_FALSE,
    is_provider_frozen=MOSTLY_FALSE,
    is_version_withdrawn=MOSTLY_FALSE,
    has_export_approval=st.booleans(),
)
FACES = st.builds(
    Face,
    listing_id=LISTINGS,
    regime=st.sampled_from(Regime),
    is_listed=MOSTLY_TRUE,
    is_frozen=MOSTLY_FALSE,
)
GRANTS = st.builds(
    Grant,
    agreement_id=AGREEMENTS,
    listing_id=LISTINGS,
    assignee_id=IDS,
    is_active=MOSTLY_TRUE,
    starts_at=st.sampled_from([AT - HOUR, AT - HOUR, AT, AT + HOUR]),
    ends_at=st.sampled_from([AT - HOUR, AT, AT + HOUR, AT + HOUR, AT + HOUR]),
    purposes=st.frozensets(st.sampled_from(Purpose)),
    actions=st.frozensets(st.sampled_from(Action)),
    is_frozen=MOSTLY_FALSE,
)
ANY_REQUESTS = st.builds(
    AccessRequest,
    caller=CALLERS,
    action=st.sampled_from(Action),
    asset=ASSETS,
    face=st.none() | FACES,
    grant=st.none() | GRANTS,
    purpose=st.none() | st.sampled_from(Purpose),
)


@st.composite
def _near_requests(draw: st.DrawFn) -> AccessRequest:
    """An allowed request with up to three of its facts changed."""
    request = draw(st.sampled_from(list(ALLOWED.values())))
    other = draw(ANY_REQUESTS)
    for part in draw(st.lists(st.sampled_from(["caller", "asset", "face", "grant"]), max_size=3)):
        own, its = getattr(request, part), getattr(other, part)
        if own and its:
            name = draw(st.sampled_from([field.name for field in fields(own)]))
            request = replace(request, **{part: replace(own, **{name: getattr(its, name)})})
    if draw(MOSTLY_FALSE):
        request = replace(request, purpose=other.purpose, action=other.action)
    if draw(MOSTLY_FALSE):
        request = replace(request, face=other.face, grant=other.grant)
    return request


@st.composite
def _lacking_requests(draw: st.DrawFn) -> AccessRequest:
    """A request that nothing forbids, and that lacks what some permission asks for."""
    request = replace(
        draw(st.sampled_from(list(ALLOWED.values()))),
        action=draw(st.sampled_from(Action)),
        purpose=draw(st.none() | st.sampled_from(Purpose)),
    )
    if draw(st.booleans()):
        request = replace(request, grant=None)
    if draw(st.booleans()):
        request = _caller(request, kind=draw(st.none() | st.sampled_from(OrganizationKind)))
    if draw(st.booleans()) and not request.grant:
        request = replace(request, caller=draw(st.sampled_from([Caller(), ENTERPRISE, OWNER])))
    if draw(st.booleans()):
        request = _caller(request, token_agreement_id=None)
    if draw(st.booleans()):
        request = replace(
            _asset(
                request,
                share_type=draw(st.sampled_from([None, *ShareType][:3])),
                open_type=draw(st.sampled_from([None, *OpenType][:3])),
                grade=draw(st.sampled_from([Grade.GENERAL, Grade.IMPORTANT])),
                has_personal_data=draw(st.booleans()),
            ),
            action=Action.QUERY,
        )
    return request


NEAR_REQUESTS = _near_requests()
REQUESTS = ANY_REQUESTS | NEAR_REQUESTS
PROFILE_IDS = st.sampled_from([profile.id for profile in profiles()])


def _is_owner(request: AccessRequest) -> bool:
    return request.caller.party_id == request.asset.provider_id and bool(request.caller.roles)


@pytest.mark.parametrize(("rule_id", "request_"), ALLOWED.items(), ids=ALLOWED)
def test_every_permission_allows_what_it_is_for(rule_id: str, request_: AccessRequest) -> None:
    decision = _decide(request_)

    assert decision.is_allowed
    assert decision.rule_ids == (rule_id,)
    assert [reason.text for reason in decision.reasons] == [RULES.by_id[rule_id].text]


@pytest.mark.parametrize(("rule_id", "request_"), FORBIDDEN.items(), ids=FORBIDDEN)
def test_every_forbid_refuses_alone_and_is_named(rule_id: str, request_: AccessRequest) -> None:
    decision = _decide(request_)

    assert not decision.is_allowed
    assert decision.rule_ids == (rule_id,)
    assert decision.reasons[0].text.zh
    assert decision.reasons[0].text.en


def test_every_rule_has_an_example() -> None:
    assert {*ALLOWED, *FORBIDDEN, "share-at-once"} == set(RULES.by_id)


def test_every_permission_can_say_what_it_needs() -> None:
    assert {way.rule_id for way in WAYS} == PERMITS


def test_unconditional_sharing_is_at_once_under_the_old_profile_and_on_request_under_the_new() -> (
    None
):
    request = replace(_asset(SHARE, share_type=ShareType.UNCONDITIONAL), grant=None)

    old, new = _decide(request, "cn-2016"), _decide(request, "cn-2025")

    assert old.rule_ids == ("share-at-once",)
    assert not new.is_allowed
    assert [reason.rule_id for reason in new.reasons] == ["share-granted"]
    assert "Apply for it" in new.reasons[0].text.en


def test_an_anonymous_visitor_of_conditionally_open_data_is_told_all_that_is_needed() -> None:
    decision = _decide(_asset(OPEN_TO_ALL, open_type=OpenType.CONDITIONAL))

    assert decision.rule_ids == ()
    assert [reason.text.en for reason in decision.reasons] == [
        "Sign in first.",
        "An agreement for this listing is needed. Apply for it or order it first.",
        "State what the data is used for this time.",
    ]


def test_an_agreement_holds_from_its_first_moment_to_just_before_its_last() -> None:
    request = _grant(TRADE, starts_at=AT, ends_at=AT + timedelta(microseconds=1))

    assert _decide(request).is_allowed
    assert not _decide(request, at=AT - timedelta(microseconds=1)).is_allowed
    assert not _decide(request, at=AT + timedelta(microseconds=1)).is_allowed


def test_an_enterprise_without_a_bound_token_is_told_to_use_one() -> None:
    decision = _decide(_caller(TRADE, token_agreement_id=None))

    assert [reason.text.en for reason in decision.reasons] == [
        "Use an access token that is bound to the agreement."
    ]


def test_an_agreement_with_nobody_is_of_no_use_to_an_anonymous_visitor() -> None:
    request = _caller(_grant(OPEN_GRANTED, assignee_id=""), party_id="")

    assert _decide(request).rule_ids == ("agreement-of-another",)


@pytest.mark.parametrize("purpose", [Purpose.RESEARCH, Purpose.MODEL_TRAINING])
def test_a_purpose_that_was_not_agreed_is_refused(purpose: Purpose) -> None:
    for request in (TRADE, SHARE, OPEN_GRANTED):
        decision = _decide(replace(request, purpose=purpose))

        assert not decision.is_allowed
        assert len(decision.reasons) == 1
        assert "purpose" in decision.reasons[0].text.en


@settings(deadline=None)
@given(request=REQUESTS, purpose=st.sampled_from(Purpose))
def test_nothing_is_sold_for_a_purpose_outside_the_agreement(
    request: AccessRequest, purpose: Purpose
) -> None:
    assume(not _is_owner(request))
    sold = _grant(
        replace(request, face=TRADE.face, grant=request.grant or TRADE.grant, purpose=purpose),
        purposes=frozenset(Purpose) - {purpose},
    )

    assert not _decide(sold).is_allowed


def test_important_data_may_be_queried_but_not_taken_under_trade() -> None:
    request = _asset(TRADE, grade=Grade.IMPORTANT)

    assert _decide(replace(request, action=Action.QUERY)).is_allowed
    assert _decide(request).rule_ids == ("important-not-raw",)


def test_a_department_may_take_important_data_under_a_share_agreement() -> None:
    assert _decide(_asset(SHARE, grade=Grade.IMPORTANT, has_personal_data=True)).is_allowed


def test_the_provider_reads_its_own_unlisted_data_through_the_listing() -> None:
    request = replace(_face(TRADE, is_listed=False), caller=OWNER, grant=None)

    assert _decide(request).rule_ids == ("owner-reads",)


@settings(deadline=None)
@given(
    request=REQUESTS,
    where=st.sampled_from(["caller", "asset", "provider", "face", "grant"]),
)
def test_a_freeze_anywhere_always_refuses(request: AccessRequest, where: str) -> None:
    assume(where != "face" or request.face)
    assume(where != "grant" or request.grant)
    frozen = {
        "caller": lambda: _caller(request, is_frozen=True),
        "asset": lambda: _asset(request, is_frozen=True),
        "provider": lambda: _asset(request, is_provider_frozen=True),
        "face": lambda: _face(request, is_frozen=True),
        "grant": lambda: _grant(request, is_frozen=True),
    }[where]()

    decision = _decide(frozen)

    assert not decision.is_allowed
    assert any(rule_id.startswith("frozen-") for rule_id in decision.rule_ids)


@settings(deadline=None)
@given(request=REQUESTS, profile_id=PROFILE_IDS)
def test_core_data_never_leaves_under_open_or_trade(
    request: AccessRequest, profile_id: str
) -> None:
    core = _asset(request, grade=Grade.CORE)
    assume(core.face and core.face.regime is not Regime.SHARE)

    assert not _decide(core, profile_id).is_allowed


@settings(deadline=None)
@given(request=REQUESTS, over=st.timedeltas(timedelta(0), timedelta(days=9)))
def test_an_ended_agreement_always_refuses(request: AccessRequest, over: timedelta) -> None:
    assume(request.grant)

    decision = _decide(_grant(request, ends_at=AT - over))

    assert "agreement-ended" in decision.rule_ids
    assert not decision.is_allowed


@settings(deadline=None)
@given(request=REQUESTS)
def test_those_who_run_the_platform_never_read(request: AccessRequest) -> None:
    assert not _decide(_caller(request, is_platform_identity=True)).is_allowed


@settings(deadline=None)
@given(request=REQUESTS)
def test_a_withdrawn_version_is_read_by_nobody(request: AccessRequest) -> None:
    assert not _decide(_asset(request, is_version_withdrawn=True)).is_allowed


@settings(deadline=None)
@given(request=NEAR_REQUESTS, profile_id=PROFILE_IDS)
def test_whatever_is_allowed_meets_every_condition(request: AccessRequest, profile_id: str) -> None:
    decision = _decide(request, profile_id)
    assume(decision.is_allowed and not _is_owner(request))
    face, grant, asset = request.face, request.grant, request.asset

    assert face
    assert face.is_listed
    if grant:
        assert grant.is_active
        assert grant.starts_at <= AT < grant.ends_at
        assert grant.assignee_id == request.caller.party_id
        assert grant.listing_id == face.listing_id
        assert request.caller.token_agreement_id in (None, grant.agreement_id)
    if set(decision.rule_ids) & {"open-granted", "share-granted", "trade"}:
        assert grant
        assert request.purpose in grant.purposes
        assert request.action in grant.actions
    if face.regime is Regime.TRADE:
        assert decision.rule_ids == ("trade",)
        assert request.caller.token_agreement_id
    if face.regime is Regime.SHARE:
        assert request.caller.kind in (OrganizationKind.DEPARTMENT, OrganizationKind.BUREAU)
        assert asset.share_type is not ShareType.NOT_SHARED
    if face.regime is not Regime.SHARE and request.action is not Action.QUERY:
        assert asset.grade is Grade.GENERAL
        assert not asset.has_personal_data
    if request.caller.region != "CN" and asset.grade >= Grade.IMPORTANT:
        assert asset.has_export_approval


@settings(deadline=None)
@given(request=REQUESTS, profile_id=PROFILE_IDS)
def test_a_refusal_always_says_why_or_what_is_missing(
    request: AccessRequest, profile_id: str
) -> None:
    decision = _decide(request, profile_id)

    assert decision.reasons
    if decision.is_allowed:
        assert set(decision.rule_ids) <= PERMITS
    assert decision.is_allowed or not set(decision.rule_ids) & PERMITS


@settings(deadline=None)
@given(request=_lacking_requests(), profile_id=PROFILE_IDS)
def test_with_all_that_is_missing_it_would_be_allowed_and_with_less_it_would_not(
    request: AccessRequest, profile_id: str
) -> None:
    decision = _decide(request, profile_id)
    assume(not decision.is_allowed and not decision.rule_ids)
    rule_id = decision.reasons[0].rule_id
    (way,) = (way for way in WAYS if way.rule_id == rule_id)
    unmet = [need for need in way.needs if need.met(request) != request]

    complete = with_all_met(request, rule_id)

    assert rule_id in _decide(complete, profile_id).rule_ids
    assert [reason.text for reason in decision.reasons] == [need.text for need in unmet]
    for left_out in unmet:
        partial = request
        for need in way.needs:
            partial = partial if need is left_out else need.met(partial)
        assert rule_id not in _decide(partial, profile_id).rule_ids


@settings(deadline=None)
@given(request=REQUESTS, profile_id=PROFILE_IDS)
def test_an_old_decision_is_replayed_from_what_was_stored(
    request: AccessRequest, profile_id: str
) -> None:
    then = _decide(request, profile_id)
    kept = json.dumps(to_plain(then))

    old = from_plain(Decision, json.loads(kept))
    now = decide(
        old.facts,
        profile=STORED_PROFILES[old.profile_hash],
        rules=STORED_RULES[old.policy_hash],
        at=old.at,
    )

    assert now == old == then


@settings(deadline=None)
@given(request=REQUESTS, profile_id=PROFILE_IDS)
def test_the_facts_that_rules_read_fit_the_schema(request: AccessRequest, profile_id: str) -> None:
    for facts in (request, with_all_met(request, "trade")):
        result = cedarpy.is_authorized(
            {
                "principal": {"type": "Party", "id": facts.caller.party_id},
                "action": {"type": "Action", "id": facts.action.value},
                "resource": {"type": "Dataset", "id": facts.asset.dataset_id},
                "context": context_of(facts, profile=profile_named(profile_id), at=AT),
            },
            RULES.parsed,
            [],
            schema=RULES.schema,
        )

        assert result.diagnostics.errors == []
        assert result.decision is not cedarpy.Decision.NoDecision

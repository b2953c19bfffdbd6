"""What a permission asks for, so that a refusal can say what would turn it into a yes.

A need is written once, as the change that would meet it; whether a request already has what is
needed follows from the change changing nothing. That the changes together suffice is asked of Cedar
itself, in the tests, for every kind of request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from policies.access import AccessRequest, Action, Grant, Reason
from policies.decision.clause import Profile
from policies.party import OrganizationKind, Role
from policies.terms import Grade, OpenType, Purpose, Regime, ShareType, Text

_DEPARTMENTS = frozenset((OrganizationKind.DEPARTMENT, OrganizationKind.BUREAU))
_BUYERS = frozenset((OrganizationKind.ENTERPRISE, OrganizationKind.OPERATOR))
_SOME = "some"
"""Stands for an id that is not known yet."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a permission asks for, and the request as it would be with it."""

    text: Text
    met: Callable[[AccessRequest], AccessRequest]


@dataclass(frozen=True, slots=True)
class Way:
    """A permission, all that it asks for, and for which requests it is worth naming."""

    rule_id: str
    needs: tuple[Need, ...]
    leads_from: Callable[[AccessRequest, Profile], bool]


def what_is_missing(request: AccessRequest, profile: Profile) -> tuple[Reason, ...]:
    """What the nearest permission lacks: the one within reach with the fewest unmet needs."""
    ways = [
        tuple(Reason(way.rule_id, need.text) for need in way.needs if need.met(request) != request)
        for way in WAYS
        if way.leads_from(request, profile)
    ]
    return min(ways, key=len)


def with_all_met(request: AccessRequest, rule_id: str) -> AccessRequest:
    """The request as it would be with everything that the permission `rule_id` asks for."""
    for way in WAYS:
        if way.rule_id == rule_id:
            for need in way.needs:
                request = need.met(request)
    return request


def _signed_in(request: AccessRequest) -> AccessRequest:
    if request.caller.party_id:
        return request
    return replace(request, caller=replace(request.caller, party_id=_SOME))


def _a_member(request: AccessRequest) -> AccessRequest:
    caller, provider_id = request.caller, request.asset.provider_id
    if caller.party_id == provider_id and caller.roles:
        return request
    roles = caller.roles or frozenset((Role.PUBLISHER,))
    return replace(request, caller=replace(caller, party_id=provider_id, roles=roles))


def _a_department(request: AccessRequest) -> AccessRequest:
    if request.caller.kind in _DEPARTMENTS:
        return request
    return replace(request, caller=replace(request.caller, kind=OrganizationKind.DEPARTMENT))


def _a_buyer(request: AccessRequest) -> AccessRequest:
    if request.caller.kind in _BUYERS:
        return request
    return replace(request, caller=replace(request.caller, kind=OrganizationKind.ENTERPRISE))


def _an_agreement(request: AccessRequest) -> AccessRequest:
    if request.grant or not request.face:
        return request
    grant = Grant(
        agreement_id=request.caller.token_agreement_id or _SOME,
        listing_id=request.face.listing_id,
        assignee_id=request.caller.party_id,
        is_active=True,
        starts_at=datetime.min.replace(tzinfo=UTC),
        ends_at=datetime.max.replace(tzinfo=UTC),
        purposes=frozenset(Purpose),
        actions=frozenset(Action),
    )
    return replace(request, grant=grant)


def _a_bound_token(request: AccessRequest) -> AccessRequest:
    if request.caller.token_agreement_id is not None:
        return request
    agreement_id = request.grant.agreement_id if request.grant else _SOME
    return replace(request, caller=replace(request.caller, token_agreement_id=agreement_id))


def _a_purpose(request: AccessRequest) -> AccessRequest:
    if request.purpose:
        return request
    return replace(request, purpose=Purpose.ANALYSIS)


def _an_agreed_purpose(request: AccessRequest) -> AccessRequest:
    grant, purpose = request.grant, request.purpose
    if not grant or not purpose or purpose in grant.purposes:
        return request
    return replace(request, grant=replace(grant, purposes=grant.purposes | {purpose}))


def _an_agreed_action(request: AccessRequest) -> AccessRequest:
    grant, action = request.grant, request.action
    if not grant or action in grant.actions:
        return request
    return replace(request, grant=replace(grant, actions=grant.actions | {action}))


def _a_general_grade(request: AccessRequest) -> AccessRequest:
    return replace(request, asset=replace(request.asset, grade=Grade.GENERAL))


def _no_personal_data(request: AccessRequest) -> AccessRequest:
    return replace(request, asset=replace(request.asset, has_personal_data=False))


_SIGN_IN = Need(Text(zh="请先登录。", en="Sign in first."), _signed_in)
_PURPOSE = Need(
    Text(zh="请说明本次使用的用途。", en="State what the data is used for this time."), _a_purpose
)
_AGREEMENT = Need(
    Text(
        zh="需要该产品的有效协议。请先申请或订购。",
        en="An agreement for this listing is needed. Apply for it or order it first.",
    ),
    _an_agreement,
)
_AGREED_PURPOSE = Need(
    Text(
        zh="协议未约定该用途。请改用约定的用途，或与提供方变更协议。",
        en="The agreement does not name this purpose. State an agreed one, or have it amended.",
    ),
    _an_agreed_purpose,
)
_AGREED_ACTION = Need(
    Text(
        zh="协议未约定该使用方式。请改用约定的方式，或与提供方变更协议。",
        en="The agreement does not grant this action. Use one that it grants, or have it amended.",
    ),
    _an_agreed_action,
)
_TOKEN = Need(
    Text(
        zh="请使用与协议绑定的访问令牌。",
        en="Use an access token that is bound to the agreement.",
    ),
    _a_bound_token,
)
_DEPARTMENT = Need(
    Text(
        zh="该数据仅在政务部门之间共享。请以政务部门身份申请。",
        en="The data is shared between departments only. Act for a department.",
    ),
    _a_department,
)
_BUYER = Need(
    Text(
        zh="该数据仅向企业交易。请以已认证企业身份办理。",
        en="The data is traded to enterprises only. Act for a verified enterprise.",
    ),
    _a_buyer,
)
_MEMBER = Need(
    Text(
        zh="该数据未通过任何产品提供，仅提供单位成员可读。",
        en="The data is offered by no listing; only members of its provider may read it.",
    ),
    _a_member,
)
_GENERAL = Need(
    Text(
        zh="仅一般数据可无条件开放；该数据等级更高。",
        en="Only general data is open to everyone; this is graded higher.",
    ),
    _a_general_grade,
)
_IMPERSONAL = Need(
    Text(
        zh="含个人信息的数据不能无条件开放。",
        en="Data about persons is not open to everyone.",
    ),
    _no_personal_data,
)


def _is_under(regime: Regime) -> Callable[[AccessRequest, Profile], bool]:
    return lambda request, _profile: request.face is not None and request.face.regime is regime


def _is_open_to_all(request: AccessRequest, profile: Profile) -> bool:
    is_unconditional = request.asset.open_type is OpenType.UNCONDITIONAL
    return is_unconditional and _is_under(Regime.OPEN)(request, profile)


def _is_shared_at_once(request: AccessRequest, profile: Profile) -> bool:
    return (
        request.asset.share_type is ShareType.UNCONDITIONAL
        and not profile.is_request_needed_for_unconditional
        and _is_under(Regime.SHARE)(request, profile)
    )


_GRANTED = (_AGREEMENT, _PURPOSE, _AGREED_PURPOSE, _AGREED_ACTION)

WAYS = (
    Way("open-unconditional", (_GENERAL, _IMPERSONAL), _is_open_to_all),
    Way("open-granted", (_SIGN_IN, *_GRANTED), _is_under(Regime.OPEN)),
    Way("owner-reads", (_MEMBER,), lambda request, _profile: request.face is None),
    Way("share-at-once", (_DEPARTMENT,), _is_shared_at_once),
    Way("share-granted", (_SIGN_IN, _DEPARTMENT, *_GRANTED), _is_under(Regime.SHARE)),
    Way("trade", (_SIGN_IN, _BUYER, *_GRANTED, _TOKEN), _is_under(Regime.TRADE)),
)
"""Every permit of `rules/permits.cedar`."""

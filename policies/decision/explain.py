"""What would refuse an access that is allowed: each single change is asked of the rules themselves.

Source: exchange design, decision explainer ("allowed by X because ...; would be refused if ...").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from policies.access import AccessRequest, Action, Reason
from policies.decision.cedar import Rules
from policies.decision.clause import Profile
from policies.decision.decide import decide
from policies.terms import Grade, Purpose, Text

Change = Callable[[AccessRequest, datetime], AccessRequest]


@dataclass(frozen=True, slots=True)
class Refusing:
    """A change that would refuse the access, and what the rules would then say."""

    change: Text
    reasons: tuple[Reason, ...]


def what_would_refuse(
    request: AccessRequest, *, profile: Profile, rules: Rules, at: datetime
) -> tuple[Refusing, ...]:
    """The single changes that turn the yes to `request` into a no; none where it is a no."""
    if not decide(request, profile=profile, rules=rules, at=at).is_allowed:
        return ()
    found = []
    for words, change in CHANGES:
        changed = change(request, at)
        if changed == request:
            continue
        decision = decide(changed, profile=profile, rules=rules, at=at)
        if not decision.is_allowed:
            found.append(Refusing(words, decision.reasons))
    return tuple(found)


def _frozen_dataset(request: AccessRequest, _at: datetime) -> AccessRequest:
    return replace(request, asset=replace(request.asset, is_frozen=True))


def _frozen_caller(request: AccessRequest, _at: datetime) -> AccessRequest:
    return replace(request, caller=replace(request.caller, is_frozen=True))


def _withdrawn_version(request: AccessRequest, _at: datetime) -> AccessRequest:
    return replace(request, asset=replace(request.asset, is_version_withdrawn=True))


def _core_data(request: AccessRequest, _at: datetime) -> AccessRequest:
    return replace(request, asset=replace(request.asset, grade=Grade.CORE))


def _important_data(request: AccessRequest, _at: datetime) -> AccessRequest:
    if request.asset.grade is not Grade.GENERAL:
        return request
    return replace(request, asset=replace(request.asset, grade=Grade.IMPORTANT))


def _abroad(request: AccessRequest, _at: datetime) -> AccessRequest:
    return replace(request, caller=replace(request.caller, region="SG"))


def _platform(request: AccessRequest, _at: datetime) -> AccessRequest:
    return replace(request, caller=replace(request.caller, is_platform_identity=True))


def _unlisted(request: AccessRequest, _at: datetime) -> AccessRequest:
    if request.face is None:
        return request
    return replace(request, face=replace(request.face, is_listed=False))


def _ended(request: AccessRequest, at: datetime) -> AccessRequest:
    if request.grant is None:
        return request
    return replace(request, grant=replace(request.grant, ends_at=at))


def _no_agreement(request: AccessRequest, _at: datetime) -> AccessRequest:
    return replace(request, grant=None)


def _other_purpose(request: AccessRequest, _at: datetime) -> AccessRequest:
    if request.grant is None:
        return request
    others = [one for one in Purpose if one not in request.grant.purposes]
    return replace(request, purpose=others[0]) if others else request


def _other_action(request: AccessRequest, _at: datetime) -> AccessRequest:
    if request.grant is None:
        return request
    others = [one for one in Action if one not in request.grant.actions]
    return replace(request, action=others[0]) if others else request


def _other_token(request: AccessRequest, _at: datetime) -> AccessRequest:
    if request.caller.token_agreement_id is None:
        return request
    return replace(request, caller=replace(request.caller, token_agreement_id="another"))  # noqa: S106


CHANGES: tuple[tuple[Text, Change], ...] = (
    (Text(zh="数据集被冻结", en="The dataset is frozen"), _frozen_dataset),
    (Text(zh="使用方被冻结", en="The one who asks is frozen"), _frozen_caller),
    (Text(zh="该版本被撤回", en="The version is withdrawn"), _withdrawn_version),
    (Text(zh="产品停牌或摘牌", en="The listing is suspended or withdrawn"), _unlisted),
    (Text(zh="数据等级调为重要", en="The data is graded important"), _important_data),
    (Text(zh="数据等级调为核心", en="The data is graded core"), _core_data),
    (Text(zh="没有协议", en="There is no agreement"), _no_agreement),
    (Text(zh="协议到期", en="The agreement has ended"), _ended),
    (Text(zh="用于其他用途", en="It is used for another purpose"), _other_purpose),
    (Text(zh="以其他方式使用", en="It is used in another way"), _other_action),
    (Text(zh="使用另一份协议的令牌", en="The token is of another agreement"), _other_token),
    (Text(zh="在境外使用", en="It is used abroad"), _abroad),
    (Text(zh="由平台建设运维人员使用", en="Somebody who runs the platform asks"), _platform),
)

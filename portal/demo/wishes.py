"""What departments and firms ask of others, and how each request is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policies.terms import Regime


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to send."""

    by: str
    slug: str
    regime: Regime
    body: Mapping[str, object]
    decider: str | None = None
    """Who answers; None where a standing release does, or where it is left waiting."""
    decision: str = ""
    answer: Mapping[str, object] | None = None


WISHES: Final[Sequence[Wish]] = (
    Wish(
        "emergency-officer",
        "airports",
        Regime.SHARE,
        {
            "purpose": "statutory_duty",
            "duty": "突发事件应急处置与救援协调 / responding to emergencies",
            "scenario": "确定可供救援飞机起降的机场 / airports where rescue planes can land",
            "manner": "query",
        },
    ),
    Wish(
        "tourism-officer",
        "airports",
        Regime.SHARE,
        {
            "purpose": "public_service",
            "duty": "旅游公共信息服务 / public information for travellers",
            "scenario": "在旅游服务网站标注机场位置 / showing airports on the tourism site",
            "manner": "download",
        },
    ),
    Wish(
        "emergency-officer",
        "weather",
        Regime.SHARE,
        {
            "purpose": "statutory_duty",
            "duty": "突发事件监测预警 / watching for emergencies",
            "scenario": "大风和低能见度的预警阈值分析 / thresholds for wind and fog warnings",
            "manner": "query",
        },
        decider="weather-approver",
        decision="grant",
        answer={"reason": "属法定职责，同意。/ Within the statutory duty."},
    ),
    Wish(
        "transport-publisher",
        "weather",
        Regime.SHARE,
        {
            "purpose": "statutory_duty",
            "duty": "航空运输服务质量监督 / supervising air transport services",
            "scenario": "核查航班延误与天气的关系 / checking delays against the weather",
            "manner": "download",
        },
        decider="weather-approver",
        decision="grant",
        answer={"reason": "属法定职责，同意。/ Within the statutory duty."},
    ),
    Wish(
        "tourism-officer",
        "weather",
        Regime.SHARE,
        {
            "purpose": "public_service",
            "duty": "旅游公共信息服务 / public information for travellers",
            "scenario": "向公众发布机场天气预报 / publishing forecasts for airports",
            "manner": "page",
        },
        decider="weather-approver",
        decision="refuse",
        answer={
            "reason_code": "beyond_duty",
            "reason": "公众气象预报由气象台统一发布，不属于申请单位职责；可引用已发布的预报。"
            "/ Public forecasts are the observatory's alone; cite those that it publishes.",
            "legal_basis_id": "data-sharing-regulations",
        },
    ),
    Wish(
        "civil-publisher",
        "weather",
        Regime.SHARE,
        {
            "purpose": "statutory_duty",
            "duty": "受灾群众生活救助 / relief for people in need after disasters",
            "scenario": "低温天气的救助物资准备 / preparing relief for cold spells",
            "manner": "query",
        },
    ),
    Wish(
        "lantern-buyer",
        "weather",
        Regime.OPEN,
        {
            "purpose": "product",
            "scenario": "出行提醒小程序 / an app that reminds travellers",
            "manner": "query",
        },
        decider="weather-approver",
        decision="return",
        answer={
            "question": "请说明小程序是否对外显示天气，以及数据保存多久。"
            "/ Say whether the app shows weather to the public, and how long data is kept."
        },
    ),
)

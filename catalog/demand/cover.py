"""Which department is to be asked: whose duties, name, themes and datasets hold the words.

Chinese is compared by pairs of neighbouring characters, other scripts by words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.demand.data_request import folded
from policies.terms import OrganizationId

PAIRS_MAX: Final = 24
_DUTY, _NAME, _HELD = 4, 3, 1
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUNS: Final = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN: Final = re.compile(rf"[{_HAN}]")
_SAYS_NOTHING: Final = frozenset(
    {
        *("data", "dataset", "the", "of", "and", "in", "for", "all", "list", "city"),
        *("数据", "信息", "全市", "情况", "资料", "统计", "目录"),
    }
)


@dataclass(frozen=True, slots=True)
class Department:
    """What is known of a department that could be asked."""

    id: OrganizationId
    title: str
    """In all its languages."""
    duties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cover:
    """How well a department covers a wish, and by what."""

    department_id: OrganizationId
    weight: int
    duty: str
    """The duty that fits best; empty where its name or data fits."""


def words_of(wish: str) -> tuple[str, ...]:
    """What to look for: pairs of Chinese characters, words of other scripts."""
    found: list[str] = []
    for run in _RUNS.findall(folded(wish)):
        if not _IS_HAN.match(run) or len(run) == 1:
            found.append(run)
        else:
            found.extend(run[place : place + 2] for place in range(len(run) - 1))
    telling = [word for word in found if word not in _SAYS_NOTHING and len(word) > 1]
    return tuple(dict.fromkeys(telling))[:PAIRS_MAX]


def covers(
    wish: str, departments: Sequence[Department], held: Mapping[OrganizationId, int]
) -> list[Cover]:
    """Departments that cover the wish, best first.

    `held` says how many words of the wish stand in titles, keywords and themes of what each of
    them publishes.
    """
    words = words_of(wish)
    found = []
    for one in departments:
        duty, by_duty = _best_duty(words, one.duties)
        by_name = sum(word in folded(one.title) for word in words)
        weight = _DUTY * by_duty + _NAME * by_name + _HELD * held.get(one.id, 0)
        if weight:
            found.append(Cover(one.id, weight, duty))
    return sorted(found, key=lambda cover: (-cover.weight, str(cover.department_id)))


def _best_duty(words: Sequence[str], duties: Sequence[str]) -> tuple[str, int]:
    best, most = "", 0
    for duty in duties:
        number = sum(word in folded(duty) for word in words)
        if number > most:
            best, most = duty, number
    return best, most

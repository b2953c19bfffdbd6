"""Words of the standards that every package uses: texts in two languages, grades, classes, money.

Source: GB/T 43697-2024 (grades), 政务数据共享条例 art. 14 (share classes),
深圳经济特区数据条例 art. 48 (open classes).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NewType
from uuid import UUID

MicroCredits = NewType("MicroCredits", int)
"""Prepaid credits in whole millionths: 1 credit = 1,000,000."""

MICROCREDITS_PER_CREDIT = 1_000_000

OrganizationId = NewType("OrganizationId", UUID)
UserId = NewType("UserId", UUID)
AgreementId = NewType("AgreementId", UUID)
DatasetId = NewType("DatasetId", UUID)
VersionId = NewType("VersionId", UUID)
ListingId = NewType("ListingId", UUID)


class Language(StrEnum):
    """The languages of the interface and of texts that people write."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One text in one or both languages; an empty string means that it was not given."""

    zh: str = ""
    en: str = ""

    def read_in(self, language: Language) -> str:
        """The text in `language`, or in the other one where it is missing."""
        if language is Language.ZH:
            return self.zh or self.en
        return self.en or self.zh

    def is_given_in(self, language: Language) -> bool:
        """Whether the text exists in `language` itself, so that no fallback needs a note."""
        return bool(self.zh if language is Language.ZH else self.en)

    def as_map(self) -> dict[str, str]:
        """The language map that APIs and tables hold; languages without text are left out."""
        return {key: value for key, value in (("zh", self.zh), ("en", self.en)) if value}

    @classmethod
    def from_map(cls, values: dict[str, str]) -> Text:
        """Read a stored language map."""
        return cls(zh=values.get("zh", ""), en=values.get("en", ""))


class Grade(IntEnum):
    """How badly a leak would harm whom. Source: GB/T 43697-2024 s. 6."""

    GENERAL = 1
    IMPORTANT = 2
    CORE = 3


class ShareType(StrEnum):
    """Source: 政务数据共享条例 art. 14."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NOT_SHARED = "not_shared"


class OpenType(StrEnum):
    """Source: 深圳经济特区数据条例 art. 48; 上海市数据条例 art. 41."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NOT_OPEN = "not_open"


class Regime(StrEnum):
    """The three ways in which data changes hands."""

    SHARE = "share"
    OPEN = "open"
    TRADE = "trade"


class UpdateCycle(StrEnum):
    """The publisher's promise of freshness. Source: 政务信息资源目录编制指南 (2017), 更新周期."""

    REAL_TIME = "real_time"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
    IRREGULAR = "irregular"


class Purpose(StrEnum):
    """What data is asked for. A closed list, so that clauses and agreements can compare it."""

    STATUTORY_DUTY = "statutory_duty"
    PUBLIC_SERVICE = "public_service"
    PUBLIC_WELFARE = "public_welfare"
    RESEARCH = "research"
    PRODUCT = "product"
    ANALYSIS = "analysis"
    MODEL_TRAINING = "model_training"

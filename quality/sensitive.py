"""Sensitive data in a version's columns: kinds, what makes a finding, answers.

What a column holds is judged by how many of its values have the form of a kind, and how many of
those pass the kind's check character. A check character is passed by chance now and then (one
resident number of eleven, one bank card of ten), so a column whose values have the form but pass
no more often than chance is not of that kind. Kinds without a check character need either a large
share of the values, or a column name that says so.

Source: GB/T 35273-2020, annex B (kinds of personal information); thresholds are our own, held by
`tests/quality/test_sensitive.py` on generated columns and on real tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.mask import Mask, MaskKind
from policies.terms import Text, UserId

REASON_CHARACTERS_MAX = 500
FINDINGS_MAX = 500


class SensitiveKind(StrEnum):
    """What can be recognised."""

    RESIDENT_ID = "resident_id"
    CREDIT_CODE = "credit_code"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    MOBILE = "mobile"
    EMAIL = "email"
    PASSPORT = "passport"
    ADDRESS = "address"
    PERSON_NAME = "person_name"

    @property
    def label(self) -> Text:
        """The name of the kind."""
        return _TRAITS[self].label

    @property
    def mask(self) -> Mask:
        """How a column of this kind is masked for whoever reads it."""
        return _TRAITS[self].mask

    @property
    def has_check_character(self) -> bool:
        """Whether a value can be told from a mere look-alike."""
        return _TRAITS[self].has_check


class Answer(StrEnum):
    """What a publisher says to a finding."""

    KEPT = "kept"
    """It goes out as it is, for a reason that is put on record."""
    MASKED = "masked"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Finding:
    """A column of a version that holds values of a kind."""

    column: str
    kind: SensitiveKind
    value_count: int
    """Cells that are not empty."""
    formed_count: int
    """Of these, how many have the form."""
    valid_count: int
    """Of those, how many pass the check character; all, where the kind has none."""

    @property
    def share_permille(self) -> int:
        """The valid share of the values that there are, rounded up."""
        return -(-1000 * self.valid_count // self.value_count) if self.value_count else 0


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a finding that is in force; it holds for later versions too."""

    column: str
    kind: SensitiveKind
    answer: Answer
    reason: str
    by: UserId
    at: datetime


@dataclass(frozen=True, slots=True)
class FindingState:
    """A finding with its answer; None is what publication waits for."""

    finding: Finding
    answered: Answered | None


@dataclass(frozen=True, slots=True)
class _Traits:
    label: Text
    mask: Mask
    named: str
    """Column names that say so."""
    has_check: bool
    least_permille: int | None
    """The share of all values from which it is found; None: never without the name's support."""
    least_named_permille: int
    """The same where the column's name says so."""


_PERSON = (
    "持证人|当事人|申请人|联系人|负责人|法定代表人|法人代表|户主|患者|学生|教师|经办人|监护人|姓名"
)
_TRAITS = {
    SensitiveKind.RESIDENT_ID: _Traits(
        Text(zh="居民身份证号码", en="resident identity numbers"),
        Mask(MaskKind.PARTIAL, keep_first=3, keep_last=4),
        "身份证|公民身份|resident_id|id_card|identity",
        has_check=True, least_permille=1, least_named_permille=1,
    ),
    SensitiveKind.CREDIT_CODE: _Traits(
        Text(zh="统一社会信用代码", en="unified social credit codes"),
        Mask(MaskKind.PARTIAL, keep_first=2, keep_last=4),
        "信用代码|credit_code|uscc",
        has_check=True, least_permille=10, least_named_permille=1,
    ),
    SensitiveKind.BANK_CARD: _Traits(
        Text(zh="银行卡号", en="bank card numbers"),
        Mask(MaskKind.PARTIAL, keep_last=4),
        "银行卡|卡号|bank_card|card_no|card_number",
        has_check=True, least_permille=10, least_named_permille=1,
    ),
    SensitiveKind.PLATE: _Traits(
        Text(zh="车牌号", en="number plates"),
        Mask(MaskKind.PARTIAL, keep_first=2, keep_last=1),
        "车牌|号牌|plate",
        has_check=False, least_permille=10, least_named_permille=1,
    ),
    SensitiveKind.MOBILE: _Traits(
        Text(zh="手机号码", en="mobile numbers"),
        Mask(MaskKind.PARTIAL, keep_first=3, keep_last=4),
        "手机|电话|联系方式|mobile|phone|^tel|contact",
        has_check=False, least_permille=500, least_named_permille=5,
    ),
    SensitiveKind.EMAIL: _Traits(
        Text(zh="电子邮箱", en="e-mail addresses"),
        Mask(MaskKind.HASH),
        "邮箱|邮件|e_?mail",
        has_check=False, least_permille=10, least_named_permille=1,
    ),
    SensitiveKind.PASSPORT: _Traits(
        Text(zh="护照号码", en="passport numbers"),
        Mask(MaskKind.PARTIAL, keep_first=1, keep_last=2),
        "护照|passport|证件号",
        has_check=False, least_permille=None, least_named_permille=10,
    ),
    SensitiveKind.ADDRESS: _Traits(
        Text(zh="地址", en="addresses"),
        Mask(MaskKind.PARTIAL, keep_first=6),
        "住址|住所|地址|户籍|居住|address|addr",
        has_check=False, least_permille=300, least_named_permille=100,
    ),
    SensitiveKind.PERSON_NAME: _Traits(
        Text(zh="姓名", en="names of persons"),
        Mask(MaskKind.PARTIAL, keep_first=1),
        f"{_PERSON}|contact_name|person_name|full_name|real_name",
        has_check=False, least_permille=None, least_named_permille=300,
    ),
}  # fmt: skip
_LEAST_VALID = 2
_CERTAIN_VALID = 10
_LEAST_CHECKED_PERMILLE = 300
"""Of the values with the form, how many must pass the check: three times what chance gives."""


def is_named_like(column: str, kind: SensitiveKind) -> bool:
    """Whether the column's name says that it holds the kind."""
    return re.search(_TRAITS[kind].named, column, re.IGNORECASE) is not None


def is_finding(counted: Finding) -> bool:
    """Whether the counts of a column amount to a finding."""
    traits = _TRAITS[counted.kind]
    named = is_named_like(counted.column, counted.kind)
    least = traits.least_named_permille if named else traits.least_permille
    if least is None or counted.valid_count < (1 if named else _LEAST_VALID):
        return False
    if counted.share_permille < least:
        return False
    if not traits.has_check:
        return True
    # Among few values chance may pass a third of them, but hardly all.
    if not named and _LEAST_VALID <= counted.valid_count < _CERTAIN_VALID:
        return counted.valid_count == counted.formed_count
    return 1000 * counted.valid_count >= _LEAST_CHECKED_PERMILLE * counted.formed_count

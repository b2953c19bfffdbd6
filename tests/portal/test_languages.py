"""Which language is spoken, and how it writes numbers, credits and dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from policies.terms import Language, MicroCredits, Text
from portal.languages import (
    choose_language,
    format_bytes,
    format_count,
    format_credits,
    format_date,
    format_share,
    format_since,
    format_time,
    read_text,
    translator,
)

ZH, EN = Language.ZH, Language.EN
LATE = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("parameter", "cookie", "accept", "spoken"),
    [
        ("en", "zh", "zh-CN", EN),
        (None, "en", "zh-CN", EN),
        ("fr", None, "en", EN),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", ZH),
        (None, None, "en-GB,en;q=0.9,zh;q=0.8", EN),
        (None, None, "en;q=0.1, zh_Hant;q=0.9", ZH),
        (None, None, "fr, de;q=0.5", EN),
        (None, None, "*", ZH),
        (None, None, "en;q=nonsense", ZH),
        (None, None, "en;q=0", ZH),
        (None, None, "," * 100_000, ZH),
        (None, None, None, ZH),
    ],
)
def test_the_address_wins_then_the_remembered_choice_then_the_browser(
    parameter: str | None, cookie: str | None, accept: str | None, spoken: Language
) -> None:
    assert choose_language(parameter, cookie, accept) is spoken


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0, "0.00"),
        (1, "0.000001"),
        (1_234_567, "1.234567"),
        (20_000_000, "20.00"),
        (-1_500_000, "−1.50"),
        (9_007_199_254_740_993_000_001, "9,007,199,254,740,993.000001"),
    ],
)
def test_credits_are_written_exactly(amount: int, written: str) -> None:
    assert format_credits(MicroCredits(amount), ZH) == written
    assert format_credits(MicroCredits(amount), EN) == written


def test_large_numbers_are_counted_by_ten_thousands_in_chinese() -> None:
    assert format_count(336_776, ZH) == "33.7万"
    assert format_count(336_776, EN) == "336.8K"
    assert format_count(123_456_789, ZH) == "1.2亿"


def test_nearly_all_is_not_all_and_nearly_none_is_not_none() -> None:
    assert format_share(99_999, 100_000, EN) == "99.9%"
    assert format_share(1, 1_000_000, EN) == "0.1%"
    assert format_share(0, 5, EN) == "0%"
    assert format_share(5, 5, ZH) == "100%"
    assert format_share(0, 0, ZH) == "—"


def test_dates_are_those_of_the_city() -> None:
    assert format_date(LATE, ZH) == "2026年11月22日"
    assert format_date(date(2026, 11, 22), EN) == "22 Nov 2026"
    assert format_time(LATE, ZH) == "2026年11月22日 00:30"
    assert format_time(LATE, EN) == "22 Nov 2026, 00:30"
    assert format_since(LATE, LATE + timedelta(hours=3), EN) == "3 hours ago"


def test_sizes_take_the_unit_that_fits() -> None:
    assert format_bytes(512, EN) == "512 B"
    assert format_bytes(2_202_009, ZH) == "2.1 MB"


def test_a_missing_language_falls_back_and_says_so() -> None:
    wording = read_text(Text("", "Only English"), ZH)

    assert wording.is_fallback
    assert wording.html_language == "en"
    assert not read_text(Text("中文", ""), ZH).is_fallback
    assert not read_text(Text("", ""), ZH).is_fallback


def test_chinese_messages_are_there() -> None:
    assert translator(ZH).gettext("Sign in") == "登录"
    assert translator(ZH).ngettext("%(count)s row", "%(count)s rows", 2) == "%(count)s 行"
    assert translator(EN).ngettext("%(count)s row", "%(count)s rows", 2) == "%(count)s rows"

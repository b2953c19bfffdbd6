"""The languages of the interface: which one to speak, its messages, its numbers and dates.

English is written in the code as the message id; Chinese comes from
`portal/translations/zh_Hans/LC_MESSAGES/messages.po`. The compiled `.mo` file is not kept in
version control: set-up makes it (`python -m portal.languages`), and so does the first use of a
checkout that lacks it or whose `.po` is newer.

Every function here takes the language as an argument; none reads it from the surroundings.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.dates import format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_decimal
from babel.support import NullTranslations, Translations

from policies.terms import MICROCREDITS_PER_CREDIT, Language, MicroCredits, Text

LANGUAGE_COOKIE: Final = "weir_lang"
LANGUAGE_PARAMETER: Final = "lang"
CITY_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Dates are shown in the city's own time, whatever the server's clock is set to."""

ACCEPT_LANGUAGE_LENGTH_CHARACTERS: Final = 500
"""What lies past this in an Accept-Language header is not read."""

HTML_LANGUAGE: Final = {Language.ZH: "zh-Hans", Language.EN: "en"}
OWN_NAME: Final = {Language.ZH: "中文", Language.EN: "English"}

_CATALOGS = Path(__file__).parent / "translations"
_LOCALE = {Language.ZH: Locale("zh", script="Hans"), Language.EN: Locale("en")}
_CREDIT_DIGITS = len(str(MICROCREDITS_PER_CREDIT)) - 1
_BYTES_PER_STEP = 1024


def choose_language(parameter: str | None, cookie: str | None, accept: str | None) -> Language:
    """The language to answer in: the address first, then the remembered choice, then the browser.

    Chinese where the browser names neither language or nothing at all; English where it names
    only languages that we do not have.
    """
    for choice in (parameter, cookie):
        if choice is not None and (language := _known(choice)) is not None:
            return language
    wanted = _wanted(accept or "")
    for tag in wanted:
        if (language := _known(tag)) is not None:
            return language
    return Language.EN if wanted and "*" not in wanted else Language.ZH


def _known(tag: str) -> Language | None:
    primary = tag.strip().lower().replace("_", "-").split("-")[0]
    return Language(primary) if primary in set(Language) else None


def _wanted(accept: str) -> list[str]:
    """Language tags by falling weight. Source: RFC 9110 s. 12.5.4."""
    weighed: list[tuple[float, str]] = []
    for part in accept[:ACCEPT_LANGUAGE_LENGTH_CHARACTERS].split(","):
        tag, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            continue
        if tag.strip() and weight > 0:
            weighed.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]


@cache
def translator(language: Language) -> NullTranslations:
    """The gettext functions of a language (`gettext`, `ngettext`, `pgettext`)."""
    if language is Language.EN:
        return NullTranslations()
    return Translations(io.BytesIO(_compiled("zh_Hans")))


def compile_catalogs() -> None:
    """Make the `.mo` file of every `.po` file that is newer than it."""
    for catalog in sorted(_CATALOGS.glob("*/LC_MESSAGES/messages.po")):
        _compiled(catalog.parent.parent.name)


def _compiled(locale: str) -> bytes:
    source = _CATALOGS / locale / "LC_MESSAGES" / "messages.po"
    target = source.with_suffix(".mo")
    if not source.exists():
        return target.read_bytes()
    if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return target.read_bytes()
    with source.open("rb") as stream:
        catalog = read_po(stream, locale=locale)
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as draft:
            draft.write(buffer.getvalue())
        Path(draft.name).chmod(0o644)
        Path(draft.name).replace(target)
    except OSError:
        # A read-only installation: the bytes in memory are enough.
        return buffer.getvalue()
    return buffer.getvalue()


def format_number(number: float, language: Language) -> str:
    """A number with its thousands grouped: 336,776."""
    return format_decimal(number, locale=_LOCALE[language])


def format_count(number: int, language: Language) -> str:
    """A number short enough for a headline: 33.7万 or 336.8K. Show the exact one beside it."""
    return format_compact_decimal(number, locale=_LOCALE[language], fraction_digits=1)


def format_share(part: int, whole: int, language: Language) -> str:
    """`part` of `whole` in per cent with one digit, never rounded up to 100 or down to 0."""
    if whole == 0:
        return "—"
    permille = min(
        max(round(part * 1000 / whole), 1 if part else 0), 1000 if part == whole else 999
    )
    return format_decimal(permille / 10, locale=_LOCALE[language]) + "%"


def format_credits(amount: MicroCredits, language: Language) -> str:
    """Credits from whole millionths: exact, at least two digits after the point, never rounded."""
    sign = "−" if amount < 0 else ""
    whole, rest = divmod(abs(amount), MICROCREDITS_PER_CREDIT)
    digits = f"{rest:0{_CREDIT_DIGITS}d}".rstrip("0").ljust(2, "0")
    return f"{sign}{format_number(whole, language)}.{digits}"


def format_bytes(size_bytes: int, language: Language) -> str:
    """A size in the unit that keeps it under 1,024: 3.2 MB."""
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < _BYTES_PER_STEP:
            break
        size, unit = size / _BYTES_PER_STEP, larger
    return f"{format_decimal(round(size, 1 if size < 100 else 0), locale=_LOCALE[language])} {unit}"


def format_date(day: date | datetime, language: Language) -> str:
    """A day in the city's time: 2026年11月22日, 22 Nov 2026."""
    if isinstance(day, datetime):
        day = day.astimezone(CITY_ZONE).date()
    if language is Language.ZH:
        return babel_date(day, "y年M月d日", locale=_LOCALE[language])
    return babel_date(day, "d MMM y", locale=_LOCALE[language])


def format_month(day: date, language: Language) -> str:
    """A month: 2026年11月, November 2026."""
    pattern = "y年M月" if language is Language.ZH else "MMMM y"
    return babel_date(day, pattern, locale=_LOCALE[language])


def format_time(moment: datetime, language: Language) -> str:
    """A moment in the city's time, to the minute: 2026年11月22日 14:05, 22 Nov 2026, 14:05."""
    pattern = "y年M月d日 HH:mm" if language is Language.ZH else "d MMM y, HH:mm"
    return babel_datetime(moment, pattern, tzinfo=CITY_ZONE, locale=_LOCALE[language])


def format_since(moment: datetime, at: datetime, language: Language) -> str:
    """How long before (or after) `at` a moment lies: 3 hours ago, 3小时前."""
    return format_timedelta(moment - at, add_direction=True, locale=_LOCALE[language])


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as it is read in one language, and the language that it is truly in."""

    words: str
    html_language: str
    is_fallback: bool
    """Whether the reader's own language was missing, which the page has to say."""


def read_text(text: Text, language: Language) -> Wording:
    """The text in `language`, else in the other one, marked as such."""
    is_fallback = not text.is_given_in(language) and bool(text.read_in(language))
    other = Language.EN if language is Language.ZH else Language.ZH
    spoken = other if is_fallback else language
    return Wording(text.read_in(language), HTML_LANGUAGE[spoken], is_fallback)


def formats(language: Language) -> dict[str, Callable[..., object]]:
    """The formatting functions of one language, by the names that templates use."""
    return {
        "number": lambda number: format_number(number, language),
        "count": lambda number: format_count(number, language),
        "share": lambda part, whole: format_share(part, whole, language),
        "credits": lambda amount: format_credits(amount, language),
        "bytes": lambda size: format_bytes(size, language),
        "day": lambda day: format_date(day, language),
        "moment": lambda moment: format_time(moment, language),
        "since": lambda moment, at: format_since(moment, at, language),
        "reading": lambda text: read_text(text, language),
    }


if __name__ == "__main__":
    compile_catalogs()

"""The forms in which the cells of a type are written, in the order in which they are tried.

Each form is a condition on a cell and an expression that reads it, both in SQL. A form keeps what
it reads: an integer and a truth value have the same text when read back (but for the case of true
and false), a number the same value, a date and a time are the same moment.

    integer          -?(0|[1-9][0-9]*), within 64 bits
    plain            numbers that all have the same number of digits after the point, 18 digits
    number           numbers, with an exponent or not, that a 64-bit float gives back digit by digit
    grouped_integer  whole numbers with commas between thousands, as 1,234
    grouped          numbers with such commas, as 1,234.5
    chinese          numbers some of which end in 千, 万, 亿 and the like, as 1.2万
    boolean          true and false, in any case
    dates, times     see `DATE_FORMATS`, `TIME_FORMATS` and `_CLOCK`; months are their first day

Digits, commas, points and signs may be full-width, which is a matter of the column and not of a
form: `narrowed` gives the cell as it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.version import Column, ColumnType

DECIMAL_DIGITS_MAX: Final = 18
FLOAT_DIGITS: Final = 15

DATE_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    # Name in the reading → what it looks like, and how it is read.
    "YYYY-MM-DD": (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d"),
    "YYYY-M-D": (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", "%Y-%m-%d"),
    "YYYY/M/D": (r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", "%Y/%m/%d"),
    "YYYY年M月D日": (r"[0-9]{4} ?年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?[日号]", "%Y年%m月%d日"),
    "YYYY年M月": (r"[0-9]{4} ?年 ?[0-9]{1,2} ?月", "%Y年%m月"),
    "D.M.YYYY": (r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}", "%d.%m.%Y"),
    "M/D/YYYY": (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%m/%d/%Y"),
    "D/M/YYYY": (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%d/%m/%Y"),
}
TIME_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    "YYYY/M/D H:MM:SS": (
        r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}",
        "%Y/%m/%d %H:%M:%S",
    ),
    "YYYY/M/D H:MM": (r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}", "%Y/%m/%d %H:%M"),
}
ISO_DATE: Final = "YYYY-MM-DD"
MONTH_FIRST: Final = "M/D/YYYY"
DAY_FIRST: Final = "D/M/YYYY"

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_ZONE = r"(Z|[+-][0-9]{2}(:[0-9]{2})?)"
_PLAIN = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
_FRACTION = r"-?(0|[1-9][0-9]*)?(\.[0-9]+)?"
_NUMBER = _FRACTION + r"([eE][+-]?[0-9]{1,3})?"
_GROUPED_WHOLE = r"-?([1-9][0-9]{0,2}(,[0-9]{3})+|0|[1-9][0-9]*)"
_GROUPED = _GROUPED_WHOLE + r"(\.[0-9]+)?"

_TIMES: Final[Mapping[str, int]] = {
    # The word after a number → the power of ten that it stands for, longer words first.
    "万亿": 12,
    "千万": 7,
    "百万": 6,
    "亿": 8,
    "万": 4,
    "千": 3,
}
_CHINESE = rf"{_GROUPED}({'|'.join(_TIMES)})?"

_DAY_OF_CLOCK = (
    r"([0-9]{4})(?: ?年 ?|[-/])([0-9]{1,2})(?: ?月 ?|[-/])([0-9]{1,2})(?: ?[日号])? ?(上午|下午)? ?"
)
_CLOCK = (
    _DAY_OF_CLOCK + r"[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2})?"
    r"|[时時点點](?:[0-9]{1,2}(?:分(?:[0-9]{1,2}秒)?)?)?)"
)
# Year, month, day, half of the day, hour, minute, second, of a clock written with colons.
_CLOCK_PARTS = _DAY_OF_CLOCK + r"([0-9]{1,2})(?::([0-9]{1,2}))?(?::([0-9]{1,2}))?"
_CLOCK_NAME = "YYYY年M月D日 下午H:MM"

SHAPES: Final[Mapping[str, str]] = {
    # Each form, in the order in which they are tried → what its cells look like.
    "integer": r"-?[0-9]{1,19}",
    "plain": _PLAIN,
    "number": _NUMBER,
    "grouped_integer": _GROUPED_WHOLE,
    "grouped": _GROUPED,
    "chinese": _CHINESE,
    "boolean": "(?i)(true|false)",
    **{name: shape for name, (shape, _) in DATE_FORMATS.items()},
    "timestamp": _TIME,
    "instant": _TIME + _ZONE,
    **{name: shape for name, (shape, _) in TIME_FORMATS.items()},
    _CLOCK_NAME: _CLOCK,
}
MARKS: Final[Mapping[str, str]] = {
    # What some cell of a form has to hold; without it a plainer form is meant.
    "grouped_integer": ",",
    "grouped": ",",
    "chinese": "[千万亿]",
}
_NAMES: Final = {"grouped_integer": "1,234.5", "grouped": "1,234.5", "chinese": "1.2万"}

WIDE: Final = "０１２３４５６７８９．，－／：＋％　"
_NARROW: Final = "0123456789.,-/:+% "
WIDE_NAME: Final = "１２３"
TO_NARROW: Final = str.maketrans(WIDE, _NARROW)


def narrowed(x: str) -> str:
    """The cell in column `x` with ordinary digits and signs in place of full-width ones."""
    return f"translate({x}, '{WIDE}', '{_NARROW}')"


def type_of(form: str) -> ColumnType:
    """What a form reads."""
    if form in DATE_FORMATS:
        return ColumnType.DATE
    if form in TIME_FORMATS or form == _CLOCK_NAME:
        return ColumnType.TIMESTAMP
    return {
        "integer": ColumnType.INTEGER,
        "grouped_integer": ColumnType.INTEGER,
        "plain": ColumnType.DECIMAL,
        "boolean": ColumnType.BOOLEAN,
        "timestamp": ColumnType.TIMESTAMP,
        "instant": ColumnType.INSTANT,
    }.get(form, ColumnType.DOUBLE)


def told_as(form: str) -> str:
    """How the reading names a form; empty where it is the usual one of its type."""
    if form == ISO_DATE:
        return ""
    is_named = form in DATE_FORMATS or form in TIME_FORMATS or form == _CLOCK_NAME
    return form if is_named else _NAMES.get(form, "")


def condition(form: str, x: str) -> str:
    """The condition under which the cell in column `x` is written in that form."""
    if form in DATE_FORMATS or form in TIME_FORMATS:
        shape, pattern = DATE_FORMATS.get(form) or TIME_FORMATS[form]
        moment = f"TRY_STRPTIME({_joined(form, x)}, '{pattern}')"
        return f"{_looks_like(x, shape)} AND year({moment}) > 0"
    match form:
        case "integer":
            return f"TRY_CAST({x} AS BIGINT)::VARCHAR = {x}"
        case "plain":
            return f"{_looks_like(x, _PLAIN)} AND {_has_digits_at_most(x, DECIMAL_DIGITS_MAX)}"
        case "number":
            # Most cells are short and without an exponent: then any double keeps them.
            return (
                f"CASE WHEN strlen({x}) <= {FLOAT_DIGITS} AND {_looks_like(x, _FRACTION)} "
                f"THEN TRY_CAST({x} AS DOUBLE) IS NOT NULL "
                f"ELSE {_looks_like(x, _NUMBER)} AND {_survives_as_double(x)} END"
            )
        case "grouped_integer" | "grouped":
            shape = SHAPES[form]
            return f"{_looks_like(x, shape)} AND {_digits(_bare(x))} <= {FLOAT_DIGITS}"
        case "chinese":
            digits = _digits(f"regexp_replace({x}, '[^0-9.]', '', 'g')")
            return f"{_looks_like(x, _CHINESE)} AND {digits} <= {FLOAT_DIGITS}"
        case "boolean":
            return f"lower({x}) IN ('true', 'false')"
        case "timestamp":
            return f"{_looks_like(x, _TIME)} AND year(TRY_CAST({x} AS TIMESTAMP)) > 0"
        case "instant":
            return f"{_looks_like(x, _TIME + _ZONE)} AND year(TRY_CAST({x} AS TIMESTAMPTZ)) > 0"
        case _:
            assert form == _CLOCK_NAME, form
            return f"{_looks_like(x, _CLOCK)} AND year({_clock(x)}) > 0"


def read_as(form: str, name: str, cell: str, scale: int) -> tuple[Column, str]:
    """The column of that form, and the expression that reads a cell which is so written.

    `scale`: digits after the point, where the form is `plain`.
    """
    kind = type_of(form)
    if form in DATE_FORMATS:
        pattern = DATE_FORMATS[form][1]
        return Column(name, kind), f"CAST(strptime({_joined(form, cell)}, '{pattern}') AS DATE)"
    if form in TIME_FORMATS:
        pattern = TIME_FORMATS[form][1]
        return Column(name, kind), f"CAST(strptime({cell}, '{pattern}') AS TIMESTAMP)"
    match form:
        case "plain":
            decimal = Column(name, kind, DECIMAL_DIGITS_MAX, scale)
            return decimal, f"CAST({cell} AS DECIMAL({DECIMAL_DIGITS_MAX}, {scale}))"
        case "grouped_integer":
            return Column(name, kind), f"CAST({_bare(cell)} AS BIGINT)"
        case "grouped":
            return Column(name, kind), f"CAST({_bare(cell)} AS DOUBLE)"
        case "chinese":
            # As an exponent, so that the value is rounded once.
            powers = " ".join(
                f"WHEN {cell} LIKE '%{word}' THEN 'e{power}'" for word, power in _TIMES.items()
            )
            digits = f"regexp_replace({cell}, '[^0-9.-]', '', 'g')"
            return Column(name, kind), f"CAST({digits} || CASE {powers} ELSE '' END AS DOUBLE)"
        case _ if form == _CLOCK_NAME:
            return Column(name, kind), _clock(cell)
        case _:
            into = {
                ColumnType.INTEGER: "BIGINT",
                ColumnType.DOUBLE: "DOUBLE",
                ColumnType.BOOLEAN: "BOOLEAN",
                ColumnType.TIMESTAMP: "TIMESTAMP",
                ColumnType.INSTANT: "TIMESTAMPTZ",
            }[kind]
            return Column(name, kind), f"CAST({cell} AS {into})"


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _looks_like(x: str, shape: str) -> str:
    return f"regexp_full_match({x}, {literal(shape)})"


def _bare(x: str) -> str:
    return f"replace({x}, ',', '')"


def _joined(form: str, x: str) -> str:
    """A date as one word, its day called 日."""
    return f"replace(replace({x}, ' ', ''), '号', '日')" if "年" in form else x


def _has_digits_at_most(x: str, count: int) -> str:
    """Whether a number has no more significant digits; one of no more characters is not counted."""
    return f"CASE WHEN strlen({x}) <= {count} THEN true ELSE {_digits(x)} <= {count} END"


def scale(x: str) -> str:
    """How many digits stand after the point, of a cell that is written as `plain`."""
    return f"CASE WHEN instr({x}, '.') = 0 THEN 0 ELSE strlen({x}) - instr({x}, '.') END"


def _digits(x: str) -> str:
    """How many significant digits a number has."""
    return f"length(ltrim(regexp_replace({x}, '[eE].*$|[.-]', '', 'g'), '0'))"


def _survives_as_double(x: str) -> str:
    """Up to 15 significant digits always survive; more of them if the shortest text is the same."""
    digits = _digits(x)
    double = f"TRY_CAST({x} AS DOUBLE)"
    return (
        f"({digits} = 0 OR abs({double}) BETWEEN 1e-300 AND 1e300) AND {double} IS NOT NULL "
        f"AND ({digits} <= {FLOAT_DIGITS} OR {double}::VARCHAR = {x})"
    )


def _clock(x: str) -> str:
    """The moment that a day and a clock, perhaps of twelve hours, tell; NULL where there is none.

    12 in the morning is midnight, 12 in the afternoon noon; 下午15:00 is as it stands.
    """
    colons = f"rtrim(replace(translate({x}, '时時点點分', ':::::'), '秒', ''), ':')"
    year, month, day, half, hour, minute, second = (
        f"regexp_extract({colons}, {literal(_CLOCK_PARTS)}, {group})" for group in range(1, 8)
    )
    at = f"TRY_CAST({hour} AS INTEGER)"
    turned = (
        f"CASE {half} WHEN '上午' THEN CASE WHEN {at} = 12 THEN 0 WHEN {at} < 12 THEN {at} END "
        f"WHEN '下午' THEN CASE WHEN {at} < 12 THEN {at} + 12 ELSE {at} END ELSE {at} END"
    )
    moment = (
        f"{year} || '-' || {month} || '-' || {day} || ' ' || ({turned})::VARCHAR || ':' || "
        f"coalesce(nullif({minute}, ''), '0') || ':' || coalesce(nullif({second}, ''), '0')"
    )
    return f"TRY_STRPTIME({moment}, '%Y-%m-%d %H:%M:%S')"

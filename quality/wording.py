"""Rules and findings in words, in both languages, for people who do not write rules.

Reports are stored and handed out with both languages in them, so the words live here and not in
the interface's message catalogue.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from policies.terms import Text
from quality import check as checks
from quality.check import Arity, ChangeKind, Check, Family, Scalar, Scheme
from quality.outcome import Reason, RuleOutcome, Status
from quality.rule import Named, Rule

FAMILIES = {
    Family.TEXT: Text(zh="文本", en="text"),
    Family.NUMBER: Text(zh="数字", en="numbers"),
    Family.TIME: Text(zh="日期或时间", en="dates or times"),
    Family.BOOLEAN: Text(zh="是否", en="yes or no"),
    Family.OTHER: Text(zh="其他", en="other values"),
}
SCHEMES = {
    Scheme.RESIDENT_ID: Text(zh="居民身份证号码", en="resident identity numbers"),
    Scheme.CREDIT_CODE: Text(zh="统一社会信用代码", en="unified social credit codes"),
    Scheme.BANK_CARD: Text(zh="银行卡号", en="bank card numbers"),
    Scheme.PLATE: Text(zh="车牌号", en="number plates"),
}
_STEPS = (
    (86_400, "天", "day"),
    (3_600, "小时", "hour"),
    (60, "分钟", "minute"),
    (1, "秒", "second"),
)
CHANGES = {
    ChangeKind.SCHEMA: Text(zh="列", en="Columns"),
    ChangeKind.VOLUME: Text(zh="行数", en="Number of rows"),
    ChangeKind.EMPTY: Text(zh="空值占比", en="Share of empty cells"),
    ChangeKind.DISTRIBUTION: Text(zh="数值分布", en="Distribution of values"),
    ChangeKind.KEYS: Text(zh="键值", en="Keys"),
}
_EXAMPLE_COLUMNS = ("A", "B")
_EXAMPLE_COUNTS = (1000, 3)
_SET_VALUES_SHOWN = 8
_COLUMNS_SHOWN = 6


def title_of(check: Check, columns: tuple[str, ...]) -> Text:  # noqa: C901 - a branch a check
    """A name for a rule whose writer gave none."""
    names = _names(columns)
    match check:
        case checks.RowCountBetween(at_least=low, at_most=high):
            return Text(zh=f"行数{_range(low, high).zh}", en=f"Rows: {_range(low, high).en}")
        case checks.ColumnsPresent():
            return Text(zh=f"有{names.zh}列", en=f"{names.en} present")
        case checks.ColumnNamesAvoid(pattern=pattern):
            return Text(zh=f"列名不含 {pattern}", en=f"Column names without {pattern}")
        case checks.TypeIs(family=family):
            name = FAMILIES[family]
            return Text(zh=f"{names.zh}是{name.zh}", en=f"{names.en} holds {name.en}")
        case checks.HasValues():
            return Text(zh=f"{names.zh}不全为空", en=f"{names.en} is not wholly empty")
        case checks.NotNull():
            return Text(zh=f"{names.zh}不为空", en=f"{names.en} is never empty")
        case checks.NotBlank():
            return Text(zh=f"{names.zh}不只有空格", en=f"{names.en} is never white space only")
        case checks.Unique():
            return Text(zh=f"{names.zh}不重复", en=f"{names.en} is unique")
        case checks.UniqueTogether():
            return Text(zh=f"{names.zh}合起来不重复", en=f"{names.en} are unique together")
        case checks.InSet(values=values):
            listed = _values(values)
            return Text(zh=f"{names.zh}属于 {listed}", en=f"{names.en} is one of {listed}")
        case checks.NotInSet(values=values):
            listed = _values(values)
            return Text(zh=f"{names.zh}不是 {listed}", en=f"{names.en} is none of {listed}")
        case checks.Between(at_least=low, at_most=high):
            return Text(
                zh=f"{names.zh}{_range(low, high).zh}", en=f"{names.en}: {_range(low, high).en}"
            )
        case checks.NotInFuture():
            return Text(zh=f"{names.zh}不在未来", en=f"{names.en} is not in the future")
        case checks.Regex(pattern=pattern):
            return Text(zh=f"{names.zh}符合 {pattern}", en=f"{names.en} matches {pattern}")
        case checks.LengthBetween(at_least=low, at_most=high):
            bounds = _range(low, high)
            return Text(zh=f"{names.zh}的字数{bounds.zh}", en=f"Length of {names.en}: {bounds.en}")
        case checks.PairGreater(or_equal=or_equal):
            return _pair_title(columns, or_equal=or_equal)
        case checks.JsonValid():
            return Text(zh=f"{names.zh}是合法的 JSON", en=f"{names.en} is valid JSON")
        case checks.CheckCharacter(scheme=scheme):
            name = SCHEMES[scheme]
            return Text(zh=f"{names.zh}是有效的{name.zh}", en=f"{names.en} holds valid {name.en}")
        case checks.EvenlySpaced(seconds=seconds):
            step = _step(seconds)
            return Text(zh=f"{names.zh}每{step.zh}一次，不缺", en=f"{names.en}: every {step.en}")
        case checks.NewestWithin(days=days):
            return Text(
                zh=f"{names.zh}最新的一条不早于 {days} 天前",
                en=f"The newest {names.en} is at most {_count(f'{days:,}', 'day')} old",
            )
        case checks.InOtherTable():
            # The other table goes unnamed: not every reader of this one knows of it.
            return Text(zh=f"{names.zh}都在另一张表里", en=f"{names.en} occurs in another table")
        case checks.SameTotal(by=by):
            parts = Text(zh=f"，按{_names(by).zh}", en=f", by {_names(by).en}") if by else Text()
            return Text(
                zh=f"{names.zh}的合计与另一张表一致{parts.zh}",
                en=f"Total of {names.en} agrees with another table{parts.en}",
            )
        case checks.Steady(aspect=aspect):
            what = CHANGES[aspect]
            return Text(
                zh=f"{what.zh}没有异常变化", en=f"{what.en}: nothing unusual since the last version"
            )
        case _:
            assert_never(check)


def example_of(rule: Rule) -> Text:
    """What a report says where some rows break the rule; empty for one about the whole table."""
    kind = rule.check.kind
    if not kind.is_counted:
        return Text()
    names = (
        rule.columns or _EXAMPLE_COLUMNS[: 2 if kind.arity in (Arity.PAIR, Arity.SEVERAL) else 1]
    )
    asked = replace(rule, applies_to=Named(names))
    return sentence_of(RuleOutcome(asked, Status.FAILED, *_EXAMPLE_COUNTS))


def sentence_of(outcome: RuleOutcome) -> Text:  # noqa: C901 - a branch a check
    """What was found, for a rule that failed."""
    check, columns = outcome.rule.check, outcome.rule.columns
    names, seen = _names(columns), _names(outcome.observed)
    match check:
        case checks.RowCountBetween(at_least=low, at_most=high):
            rows = f"{int(outcome.observed[0]):,}"
            return Text(
                zh=f"表有 {rows} 行；要求{_range(low, high).zh}。",
                en=f"The table has {_count(rows, 'row')}; asked for: {_range(low, high).en}.",
            )
        case checks.ColumnsPresent():
            return Text(zh=f"缺少列：{seen.zh}。", en=f"Columns missing: {seen.en}.")
        case checks.ColumnNamesAvoid():
            return Text(
                zh=f"这些列名不合要求：{seen.zh}。",
                en=f"These column names are not as asked: {seen.en}.",
            )
        case checks.TypeIs(family=family):
            name = FAMILIES[family]
            return Text(
                zh=f"{names.zh}读作 {outcome.observed[0]}，要求是{name.zh}。",
                en=f"{names.en} was read as {outcome.observed[0]}; {name.en} are asked for.",
            )
        case checks.HasValues():
            return Text(
                zh=f"{names.zh}从头到尾都是空的。", en=f"{names.en} is empty from top to bottom."
            )
        case checks.NotNull():
            return _counted(outcome, zh=f"的{names.zh}为空", en=f"an empty {names.en}")
        case checks.NotBlank():
            return _counted(
                outcome, zh=f"的{names.zh}只有空格", en=f"only white space in {names.en}"
            )
        case checks.Unique():
            return _counted(
                outcome,
                zh=f"的{names.zh}与别的行重复",
                en=f"a value in {names.en} that occurs more than once",
            )
        case checks.UniqueTogether():
            counted, more = (
                _counted(
                    outcome,
                    zh=f"的{names.zh}合起来与别的行重复",
                    en=f"a combination of {names.en} that occurs more than once",
                ),
                _repeated(outcome),
            )
            return Text(zh=counted.zh + more.zh, en=counted.en + more.en)
        case checks.InSet(values=values):
            listed = _values(values)
            return _counted(
                outcome,
                zh=f"的{names.zh}不属于 {listed}",
                en=f"a value in {names.en} that is none of {listed}",
            )
        case checks.NotInSet(values=values):
            listed = _values(values)
            return _counted(
                outcome,
                zh=f"的{names.zh}是 {listed} 之一",
                en=f"a value in {names.en} that is one of {listed}",
            )
        case checks.Between(at_least=low, at_most=high):
            bounds = _range(low, high)
            return _counted(
                outcome,
                zh=f"的{names.zh}超出范围（要求{bounds.zh}）",
                en=f"a value in {names.en} out of range ({bounds.en})",
            )
        case checks.NotInFuture():
            return _counted(
                outcome,
                zh=f"的{names.zh}在未来",
                en=f"a date in {names.en} that lies in the future",
            )
        case checks.Regex():
            return _counted(
                outcome,
                zh=f"的{names.zh}不符合格式",
                en=f"a value in {names.en} that is not of the form asked for",
            )
        case checks.LengthBetween(at_least=low, at_most=high):
            bounds = _range(low, high)
            return _counted(
                outcome,
                zh=f"的{names.zh}长度不对（要求{bounds.zh}个字）",
                en=f"a text in {names.en} of another length than asked for ({bounds.en})",
            )
        case checks.PairGreater(or_equal=or_equal):
            first, second = columns
            return _counted(
                outcome,
                zh=f"的“{first}”{'小于' if or_equal else '不大于'}“{second}”",
                en=f"“{first}” {'below' if or_equal else 'not above'} “{second}”",
            )
        case checks.JsonValid():
            return _counted(
                outcome,
                zh=f"的{names.zh}不是合法的 JSON",
                en=f"a text in {names.en} that is not valid JSON",
            )
        case checks.CheckCharacter(scheme=scheme):
            name = SCHEMES[scheme]
            return _counted(
                outcome,
                zh=f"的{names.zh}不是有效的{name.zh}",
                en=f"a text in {names.en} that is none of the valid {name.en}",
            )
        case checks.EvenlySpaced(seconds=seconds):
            step, bad = _step(seconds), f"{outcome.unexpected_count:,}"
            return Text(
                zh=f"{outcome.element_count:,} 步中有 {bad} 步不是{step.zh}。",
                en=f"{bad} of {outcome.element_count:,} steps in {names.en} are not {step.en}.",
            )
        case checks.NewestWithin(days=days):
            newest = outcome.observed[0]
            return Text(
                zh=f"{names.zh}最新的一条是 {newest}，早于 {days} 天前。",
                en=f"The newest {names.en} is {newest}, more than {_count(str(days), 'day')} old.",
            )
        case checks.InOtherTable():
            return _counted(
                outcome,
                zh=f"的{names.zh}在另一张表里找不到",
                en=f"a value in {names.en} that does not occur in the other table",
            )
        case checks.SameTotal(by=by, tolerance_permille=tolerance):
            return _off_totals(outcome, names, by, tolerance)
        case checks.Steady(aspect=aspect) if aspect in checks.WHOLE_TABLE_ASPECTS:
            return Text(zh="".join(outcome.observed[::2]), en=" ".join(outcome.observed[1::2]))
        case checks.Steady(aspect=aspect):
            # Which columns is told beside, to who sees them.
            what, count = CHANGES[aspect], outcome.observed[0]
            return Text(
                zh=f"{what.zh}有异常变化，涉及 {count} 列。",
                en=f"{what.en}: {_count(count, 'column')} changed unusually.",
            )
        case _:
            assert_never(check)


def sentence_for(reason: Reason, columns: tuple[str, ...]) -> Text:
    """Why a rule could not be asked."""
    names = _names(columns)
    match reason:
        case Reason.UNKNOWN_COLUMN:
            return Text(
                zh=f"未能检查：数据里没有规则所说的列（{names.zh}）。",
                en=f"Could not be checked: the data lacks a column of the rule ({names.en}).",
            )
        case Reason.DOES_NOT_FIT:
            return Text(
                zh=f"未能检查：{names.zh}的类型不适用这条规则。",
                en=f"Could not be checked: the rule cannot be asked of the type of {names.en}.",
            )
        case Reason.TOO_MANY_RULES:
            return Text(
                zh="未能检查：这张表的规则太多。",
                en="Could not be checked: there are too many rules for this table.",
            )
        case Reason.ENGINE:
            return Text(
                zh="未能检查：计算没有完成。", en="Could not be checked: it could not be computed."
            )
        case Reason.OTHER_TABLE:
            return Text(
                zh="未能检查：规则所说的另一张表不存在，或者本部门无权读取。",
                en="Could not be checked: the other table is not there, or is not this "
                "department's to read.",
            )
        case Reason.OTHER_COLUMN:
            return Text(
                zh="未能检查：另一张表没有这一列，或者类型不同。",
                en="Could not be checked: the other table lacks the column, or its type differs.",
            )
        case Reason.REJECTED_EARLY:
            return Text(
                zh="还没有检查：另一条规则已经让这张表不能通过，正在检查其余规则。",
                en="Not asked yet: another rule has rejected the table; the rest is being checked.",
            )
        case _:
            assert_never(reason)


def _off_totals(
    outcome: RuleOutcome, names: Text, by: tuple[str, ...], tolerance_permille: int
) -> Text:
    """Without the sums: that of the other table is not every reader's to know."""
    more = _percent(tolerance_permille)
    allowed = Text(zh=f"（允许相差 {more}）", en=f" ({more} is allowed)")
    allowed = allowed if tolerance_permille else Text()
    if not by:
        return Text(
            zh=f"{names.zh}的合计与另一张表不一致{allowed.zh}。",
            en=f"The total of {names.en} differs from that of the other table{allowed.en}.",
        )
    bad, total = f"{outcome.unexpected_count:,}", f"{outcome.element_count:,}"
    return Text(
        zh=f"按{_names(by).zh}分的 {total} 组中，有 {bad} 组{names.zh}的合计与另一张表不一致"
        f"{allowed.zh}。",
        en=f"In {bad} of {total} groups by {_names(by).en} the total of {names.en} differs from "
        f"that of the other table{allowed.en}.",
    )


def _repeated(outcome: RuleOutcome) -> Text:
    """How many rows would go if each were kept once; nothing where that is not known."""
    if not outcome.observed:
        return Text()
    surplus = f"{int(outcome.observed[0]):,}"
    return Text(
        zh=f"其中 {surplus} 行是多出来的。", en=f" {surplus} of them repeat an earlier row."
    )


def _counted(outcome: RuleOutcome, *, zh: str, en: str) -> Text:
    """“14 of 35,064 rows have …”; nothing of `mostly` unless it was asked for."""
    bad, total = f"{outcome.unexpected_count:,}", f"{outcome.element_count:,}"
    have = "has" if outcome.unexpected_count == 1 else "have"
    allowed = 1000 - outcome.rule.mostly_permille
    share_zh = f"；最多允许 {_percent(allowed)}" if allowed else ""
    share_en = f"; {_percent(allowed)} are allowed" if allowed else ""
    rows = "row" if outcome.element_count == 1 else "rows"
    return Text(
        zh=f"{total} 行中有 {bad} 行{zh}{share_zh}。",
        en=f"{bad} of {total} {rows} {have} {en}{share_en}.",
    )


def _pair_title(columns: tuple[str, ...], *, or_equal: bool) -> Text:
    first, second = columns if len(columns) == 2 else ("A", "B")
    return Text(
        zh=f"“{first}”{'不小于' if or_equal else '大于'}“{second}”",
        en=f"“{first}” is {'at least' if or_equal else 'above'} “{second}”",
    )


def _step(seconds: int) -> Text:
    """In the largest unit that it is a whole number of."""
    size, zh, en = next(unit for unit in _STEPS if seconds % unit[0] == 0)
    number = seconds // size
    return Text(
        zh=f" {number} {zh}" if number > 1 else zh, en=f"{number} {en}s" if number > 1 else en
    )


def _percent(permille: int) -> str:
    return f"{permille // 10}.{permille % 10}%" if permille % 10 else f"{permille // 10}%"


def _count(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def _names(columns: tuple[str, ...]) -> Text:
    shown = [f"“{name}”" for name in columns[:_COLUMNS_SHOWN]]
    more = len(columns) - len(shown)
    if more:
        return Text(
            zh="、".join(shown) + f"等 {len(columns)} 列", en=f"{', '.join(shown)} and {more} more"
        )
    return Text(zh="、".join(shown), en=", ".join(shown))


def _values(values: tuple[Scalar, ...]) -> str:
    shown = ", ".join(_shown(value) for value in values[:_SET_VALUES_SHOWN])
    return f"{shown}, …" if len(values) > _SET_VALUES_SHOWN else shown


def _range(low: Scalar | None, high: Scalar | None) -> Text:
    if low is None and high is not None:
        return Text(zh=f"不超过 {_shown(high)}", en=f"at most {_shown(high)}")
    if high is None and low is not None:
        return Text(zh=f"至少 {_shown(low)}", en=f"at least {_shown(low)}")
    if low is None or high is None:
        return Text(zh="不限", en="any")
    if low == high:
        return Text(zh=f"正好 {_shown(low)}", en=f"exactly {_shown(low)}")
    return Text(
        zh=f"在 {_shown(low)} 到 {_shown(high)} 之间", en=f"{_shown(low)} to {_shown(high)}"
    )


def _shown(value: Scalar) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"{value:,}"
        case datetime():
            return value.isoformat(sep=" ")
        case _:
            return str(value)

"""Rules as JSON or YAML: read with a clear refusal for every mistake, and written back.

    id: core.some_rows
    title: {zh: 至少有一行, en: At least one row}
    explanation: {zh: …, en: …}        # optional
    dimension: completeness            # optional: that of the check
    clause: GB/T 36344-2018, 0202      # optional
    severity: critical                 # critical | warning | info; optional: by the gate
    gate: block                        # block | quarantine | warn; optional: warn
    weight: 5                          # 1 to 100; optional: 1
    fix: {zh: …, en: …}                # optional
    expect: {kind: row_count_between, at_least: 1}
    columns: [PM10, PM2.5]             # or {families: [text], named: 名称}; none for a table check
    mostly_permille: 990               # optional: 1000

Numbers may be written with a decimal point; they are kept as decimals. Dates are texts in
ISO 8601.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TypeVar, assert_never

from catalog.view import Json
from policies.errors import N_, Said
from policies.terms import Text
from quality import check as checks
from quality.check import Bound, ChangeKind, Check, Column, Family, Kind, Scalar, Scheme
from quality.dimension import Dimension
from quality.errors import (
    EmptyBounds,
    MissingRuleField,
    UnknownRuleField,
    UnsupportedPattern,
    WrongRuleValue,
)
from quality.rule import (
    ALL_PERMILLE,
    WEIGHT_MAX,
    AppliesTo,
    Gate,
    Named,
    Rule,
    Selected,
    Severity,
    check_arity,
    check_fit,
    draw_suite,
)
from quality.wording import title_of

PATTERN_CHARACTERS_MAX = 500
SET_VALUES_MAX = 1_000
COLUMNS_MAX = 100
BOUND_DIGITS_MAX = 15
"""Great Expectations turns bounds into binary floating point, which keeps so many digits."""
TEXT_CHARACTERS_MAX = 2_000
STEP_SECONDS_MAX = 400 * 86_400
AGE_DAYS_MAX = 10_000
GROUP_COLUMNS_MAX = 5

_FIELDS = frozenset(
    {
        *("id", "title", "explanation", "dimension", "clause", "severity", "gate", "weight"),
        *("fix", "expect", "columns", "mostly_permille"),
    }
)
_PARAMETERS: dict[Kind, frozenset[str]] = {
    Kind.ROW_COUNT_BETWEEN: frozenset({"at_least", "at_most"}),
    Kind.COLUMN_NAMES_AVOID: frozenset({"pattern"}),
    Kind.TYPE_IS: frozenset({"family"}),
    Kind.IN_SET: frozenset({"values"}),
    Kind.NOT_IN_SET: frozenset({"values"}),
    Kind.BETWEEN: frozenset({"at_least", "at_most"}),
    Kind.REGEX: frozenset({"pattern"}),
    Kind.LENGTH_BETWEEN: frozenset({"at_least", "at_most"}),
    Kind.PAIR_GREATER: frozenset({"or_equal"}),
    Kind.CHECK_CHARACTER: frozenset({"scheme"}),
    Kind.EVENLY_SPACED: frozenset({"seconds"}),
    Kind.NEWEST_WITHIN: frozenset({"days"}),
    Kind.IN_OTHER_TABLE: frozenset({"table", "column"}),
    Kind.SAME_TOTAL: frozenset({"table", "column", "by", "tolerance_permille"}),
    Kind.STEADY: frozenset({"aspect"}),
}
# RE2 runs in linear time and for that has no such constructs; Python's `re` would accept them.
_NOT_IN_RE2 = re.compile(r"\(\?(?:[=!>#(]|<[=!]|P=)|[*+?}]\+")
_TABLE = re.compile(r"[a-z0-9][a-z0-9_.-]*(?:@[0-9]{1,9})?", re.IGNORECASE)
_BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]")
_ESCAPES_AND_CLASSES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", re.DOTALL)


def parse_rule(body: Mapping[str, object], *, rule_id: str | None = None) -> Rule:
    """Read a rule; `rule_id` names one that has no id of its own.

    Raises: UnknownRuleField, MissingRuleField, WrongRuleValue, EmptyBounds, UnsupportedPattern,
        WrongNumberOfColumns.
    """
    for field in body:
        if field not in _FIELDS:
            raise UnknownRuleField(str(field))
    expect = body.get("expect")
    if expect is None:
        raise MissingRuleField("expect")
    check = _check(_mapping("expect", expect))
    kind = check.kind
    applies_to = _applies_to(kind, body.get("columns"))
    gate = _member("gate", body.get("gate", "warn"), Gate)
    mostly = _whole("mostly_permille", body.get("mostly_permille", ALL_PERMILLE), 1, ALL_PERMILLE)
    if mostly != ALL_PERMILLE and not kind.is_counted:
        raise WrongRuleValue("mostly_permille", Said(N_("1000 for this check")))
    if gate is Gate.QUARANTINE and not kind.is_about_rows:
        raise WrongRuleValue("gate", Said(N_("block or warn for this check")))
    severity = body.get("severity", "warning" if gate is Gate.WARN else "critical")
    return Rule(
        id=rule_id or _short("id", _needed(body, "id")),
        title=_text("title", body.get("title")) or title_of(check, _names(applies_to)),
        explanation=_text("explanation", body.get("explanation")) or Text(),
        dimension=_member("dimension", body.get("dimension", kind.dimension.value), Dimension),
        clause=_short("clause", body.get("clause", "")),
        severity=_member("severity", severity, Severity),
        gate=gate,
        weight=_whole("weight", body.get("weight", 1), 1, WEIGHT_MAX),
        fix=_text("fix", body.get("fix")) or Text(),
        check=check,
        applies_to=applies_to,
        mostly_permille=mostly,
    )


def rule_from_json(body: Mapping[str, object], schema: tuple[Column, ...], *, rule_id: str) -> Rule:
    """Read a rule that a publisher wrote, and make sure that it can be asked of these columns.

    Its id is given, never taken from the writer. With an empty `schema` columns are not looked at.
    Raises: the refusals of `parse_rule`; UnknownColumn, RuleDoesNotFit.
    """
    if "id" in body:
        raise UnknownRuleField("id")
    rule = parse_rule(body, rule_id=rule_id)
    for drawn in draw_suite((), (rule,), schema) if schema else ():
        check_fit(drawn, schema)
    return rule


def parameters_of(kind: Kind) -> frozenset[str]:
    """The names of what a check takes besides its columns."""
    return _PARAMETERS.get(kind, frozenset())


def offered_checks() -> list[dict[str, Json]]:
    """The checks that a publisher can choose from, as a form needs to know them."""
    return [
        {
            "kind": kind.value,
            "label": dict(kind.label.as_map()),
            "columns": kind.arity.value,
            "parameters": sorted(parameters_of(kind)),
            "families": [family.value for family in Family if family in kind.families],
            "dimension": kind.dimension.value,
            "takes_share": kind.is_counted,
        }
        for kind in Kind
    ]


def rule_as_json(rule: Rule) -> dict[str, Json]:
    """The rule as `parse_rule` reads it; decimals become texts' worth of digits, never floats."""
    body: dict[str, Json] = {
        "id": rule.id,
        "title": dict(rule.title.as_map()),
        "explanation": dict(rule.explanation.as_map()),
        "dimension": rule.dimension.value,
        "clause": rule.clause,
        "severity": rule.severity.value,
        "gate": rule.gate.value,
        "weight": rule.weight,
        "fix": dict(rule.fix.as_map()),
        "expect": check_as_json(rule.check),
        "mostly_permille": rule.mostly_permille,
    }
    match rule.applies_to:
        case Named(columns=columns) if columns:
            body["columns"] = list(columns)
        case Named():
            pass
        case Selected(families=families, name_pattern=pattern):
            body["columns"] = {
                "families": [family.value for family in Family if family in families],
                "named": pattern,
            }
    return body


def check_as_json(check: Check) -> dict[str, Json]:  # noqa: C901 - a branch a check
    """The check as the field `expect` holds it."""
    body: dict[str, Json] = {"kind": check.kind.value}
    match check:
        case checks.RowCountBetween() | checks.LengthBetween() | checks.Between():
            body["at_least"] = _bound_as_json(check.at_least)
            body["at_most"] = _bound_as_json(check.at_most)
        case checks.ColumnNamesAvoid(pattern=pattern) | checks.Regex(pattern=pattern):
            body["pattern"] = pattern
        case checks.TypeIs(family=family):
            body["family"] = family.value
        case checks.InSet(values=values) | checks.NotInSet(values=values):
            body["values"] = [_bound_as_json(value) for value in values]
        case checks.PairGreater(or_equal=or_equal):
            body["or_equal"] = or_equal
        case checks.CheckCharacter(scheme=scheme):
            body["scheme"] = scheme.value
        case checks.EvenlySpaced(seconds=seconds):
            body["seconds"] = seconds
        case checks.NewestWithin(days=days):
            body["days"] = days
        case checks.InOtherTable(table=table, column=column):
            body |= {"table": table, "column": column}
        case checks.SameTotal(table=table, column=column, by=by, tolerance_permille=tolerance):
            body |= {"table": table, "column": column, "by": list(by)}
            body["tolerance_permille"] = tolerance
        case checks.Steady(aspect=aspect):
            body["aspect"] = aspect.value
        case (
            checks.ColumnsPresent()
            | checks.HasValues()
            | checks.NotNull()
            | checks.NotBlank()
            | checks.Unique()
            | checks.UniqueTogether()
            | checks.NotInFuture()
            | checks.JsonValid()
        ):
            pass
        case _:
            assert_never(check)
    return body


def _bound_as_json(value: Scalar | None) -> Json:
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case date():
            return value.isoformat()
        case _:
            return value


def _check(body: Mapping[str, object]) -> Check:  # noqa: C901 - one branch a check, no nesting
    kind = _member("expect.kind", _needed(body, "kind", "expect.kind"), Kind)
    for field in body:
        if field != "kind" and field not in parameters_of(kind):
            raise UnknownRuleField(f"expect.{field}")
    match kind:
        case Kind.ROW_COUNT_BETWEEN:
            return checks.RowCountBetween(*_counts(body))
        case Kind.COLUMNS_PRESENT:
            return checks.ColumnsPresent()
        case Kind.COLUMN_NAMES_AVOID:
            return checks.ColumnNamesAvoid(_pattern(_needed(body, "pattern", "expect.pattern")))
        case Kind.TYPE_IS:
            family = _needed(body, "family", "expect.family")
            return checks.TypeIs(_member("expect.family", family, Family))
        case Kind.HAS_VALUES:
            return checks.HasValues()
        case Kind.NOT_NULL:
            return checks.NotNull()
        case Kind.NOT_BLANK:
            return checks.NotBlank()
        case Kind.UNIQUE:
            return checks.Unique()
        case Kind.UNIQUE_TOGETHER:
            return checks.UniqueTogether()
        case Kind.IN_SET:
            return checks.InSet(_values(_needed(body, "values", "expect.values")))
        case Kind.NOT_IN_SET:
            return checks.NotInSet(_values(_needed(body, "values", "expect.values")))
        case Kind.BETWEEN:
            return checks.Between(*_bounds(body))
        case Kind.NOT_IN_FUTURE:
            return checks.NotInFuture()
        case Kind.REGEX:
            return checks.Regex(_pattern(_needed(body, "pattern", "expect.pattern")))
        case Kind.LENGTH_BETWEEN:
            return checks.LengthBetween(*_counts(body))
        case Kind.PAIR_GREATER:
            or_equal = body.get("or_equal", True)
            if not isinstance(or_equal, bool):
                raise WrongRuleValue("expect.or_equal", Said(N_("true or false")))
            return checks.PairGreater(or_equal)
        case Kind.JSON_VALID:
            return checks.JsonValid()
        case Kind.CHECK_CHARACTER:
            scheme = _needed(body, "scheme", "expect.scheme")
            return checks.CheckCharacter(_member("expect.scheme", scheme, Scheme))
        case Kind.EVENLY_SPACED:
            seconds = _needed(body, "seconds", "expect.seconds")
            return checks.EvenlySpaced(_whole("expect.seconds", seconds, 1, STEP_SECONDS_MAX))
        case Kind.NEWEST_WITHIN:
            days = _needed(body, "days", "expect.days")
            return checks.NewestWithin(_whole("expect.days", days, 1, AGE_DAYS_MAX))
        case Kind.IN_OTHER_TABLE:
            return checks.InOtherTable(*_other_column(body))
        case Kind.SAME_TOTAL:
            tolerance = body.get("tolerance_permille", 0)
            return checks.SameTotal(
                *_other_column(body),
                by=_group_columns(body.get("by")),
                tolerance_permille=_whole("expect.tolerance_permille", tolerance, 0, ALL_PERMILLE),
            )
        case Kind.STEADY:
            aspect = _needed(body, "aspect", "expect.aspect")
            return checks.Steady(_member("expect.aspect", aspect, ChangeKind))
        case _:
            assert_never(kind)


def _other_column(body: Mapping[str, object]) -> tuple[str, str]:
    table = _short("expect.table", _needed(body, "table", "expect.table"))
    if not _TABLE.fullmatch(table):
        raise WrongRuleValue(
            "expect.table",
            Said(N_("the name of a dataset, with “__” and its table where it has several")),
        )
    return table, _string("expect.column", _needed(body, "column", "expect.column"))


def _group_columns(value: object) -> tuple[str, ...]:
    names = [] if value is None else value
    if (
        not isinstance(names, list)
        or len(names) > GROUP_COLUMNS_MAX
        or not all(isinstance(name, str) and name for name in names)
        or len(set(names)) < len(names)
    ):
        raise WrongRuleValue(
            "expect.by", Said(N_("at most {count_max} names"), count_max=GROUP_COLUMNS_MAX)
        )
    return tuple(_string("expect.by", name) for name in names)


def _applies_to(kind: Kind, columns: object) -> AppliesTo:
    if isinstance(columns, Mapping):
        return _selected(columns)
    if columns is None:
        columns = []
    if isinstance(columns, str):
        columns = [columns]
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise WrongRuleValue("columns", Said(N_("a list of column names")))
    if len(columns) > COLUMNS_MAX:
        raise WrongRuleValue(
            "columns", Said(N_("at most {count_max} names"), count_max=COLUMNS_MAX)
        )
    if len(set(columns)) < len(columns):
        raise WrongRuleValue("columns", Said(N_("a list that names no column twice")))
    check_arity(kind, len(columns))
    return Named(tuple(columns))


def _selected(columns: Mapping[str, object]) -> Selected:
    for field in columns:
        if field not in ("families", "named"):
            raise UnknownRuleField(f"columns.{field}")
    families = columns.get("families", [family.value for family in Family])
    if not isinstance(families, list):
        raise WrongRuleValue("columns.families", Said(N_("a list of types")))
    named = columns.get("named", "")
    return Selected(
        families=frozenset(_member("columns.families", family, Family) for family in families),
        name_pattern=_pattern(named) if named else "",
    )


def _names(applies_to: AppliesTo) -> tuple[str, ...]:
    return applies_to.columns if isinstance(applies_to, Named) else ()


def _counts(body: Mapping[str, object]) -> tuple[int | None, int | None]:
    low, high = (
        None if body.get(field) is None else _whole(f"expect.{field}", body[field], 0, 10**18)
        for field in ("at_least", "at_most")
    )
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        raise EmptyBounds
    return low, high


def _bounds(body: Mapping[str, object]) -> tuple[Bound | None, Bound | None]:
    low, high = (_bound(f"expect.{field}", body.get(field)) for field in ("at_least", "at_most"))
    if low is None and high is None:
        raise EmptyBounds
    if low is None or high is None:
        return low, high
    if isinstance(low, date) != isinstance(high, date):
        raise WrongRuleValue("expect.at_most", Said(N_("of the same type as the lower bound")))
    if _as_comparable(low) > _as_comparable(high):
        raise EmptyBounds
    return low, high


def _as_comparable(bound: Bound) -> Decimal:
    """Dates as seconds, so that a date can be compared with a time; without a zone it is UTC."""
    if not isinstance(bound, date):
        return Decimal(bound)
    moment = bound if isinstance(bound, datetime) else datetime.combine(bound, time.min)
    return Decimal((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _bound(field: str, value: object) -> Bound | None:
    if value is None:
        return None
    scalar = _scalar(field, value)
    if isinstance(scalar, bool):
        raise WrongRuleValue(field, Said(N_("a number or a date")))
    if not isinstance(scalar, str):
        if not isinstance(scalar, date) and _digits(scalar) > BOUND_DIGITS_MAX:
            raise WrongRuleValue(
                field, f"a number of at most {BOUND_DIGITS_MAX} significant digits"
            )
        return scalar
    try:
        return date.fromisoformat(scalar) if len(scalar) <= 10 else datetime.fromisoformat(scalar)
    except ValueError:
        raise WrongRuleValue(field, Said(N_("a number or a date"))) from None


def _digits(number: int | Decimal) -> int:
    return len(Decimal(number).normalize().as_tuple().digits)


def _values(value: object) -> tuple[Scalar, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= SET_VALUES_MAX:
        raise WrongRuleValue(
            "expect.values", Said(N_("a list of 1 to {count_max} values"), count_max=SET_VALUES_MAX)
        )
    return tuple(_scalar("expect.values", item) for item in value)


def _scalar(field: str, value: object) -> Scalar:
    match value:
        case bool() | int() | str() | date():
            return value
        case float() | Decimal():
            number = Decimal(str(value))
        case {"decimal": str(digits)} if re.fullmatch(r"-?[0-9]{1,38}(\.[0-9]{1,38})?", digits):
            number = Decimal(digits)
        case _:
            raise WrongRuleValue(field, Said(N_("a number, a text or a date")))
    if not number.is_finite():
        raise WrongRuleValue(field, Said(N_("a finite number")))
    return number


def _pattern(value: object) -> str:
    pattern = _string("pattern", value)
    if not pattern or len(pattern) > PATTERN_CHARACTERS_MAX:
        raise UnsupportedPattern(pattern)
    bare = _ESCAPES_AND_CLASSES.sub("x", pattern)
    if _NOT_IN_RE2.search(bare) or _BACK_REFERENCE.search(pattern):
        raise UnsupportedPattern(pattern)
    try:
        re.compile(pattern)
    except re.error:
        raise UnsupportedPattern(pattern) from None
    return pattern


def _whole(field: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise WrongRuleValue(
            field, Said(N_("a whole number from {low} to {high}"), low=low, high=high)
        )
    return value


EnumType = TypeVar("EnumType", Dimension, Severity, Gate, Family, Kind, Scheme, ChangeKind)


def _member(field: str, value: object, enum: type[EnumType]) -> EnumType:
    try:
        return enum(_string(field, value))
    except ValueError:
        allowed = ", ".join(member.value for member in enum)
        raise WrongRuleValue(field, Said(N_("one of: {allowed}"), allowed=allowed)) from None


def _text(field: str, value: object) -> Text | None:
    """None where it is absent or empty in both languages."""
    if value is None:
        return None
    if isinstance(value, str):
        value = {"zh": value, "en": value}
    texts = _mapping(field, value)
    for language in texts:
        if language not in ("zh", "en"):
            raise UnknownRuleField(f"{field}.{language}")
    text = Text(
        zh=_string(field, texts.get("zh", "")).strip(),
        en=_string(field, texts.get("en", "")).strip(),
    )
    return text if text.zh or text.en else None


def _mapping(field: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise WrongRuleValue(field, Said(N_("an object")))
    return value


def _needed(body: Mapping[str, object], field: str, path: str | None = None) -> object:
    value = body.get(field)
    if value is None or value == "":
        raise MissingRuleField(path or field)
    return value


def _short(field: str, value: object) -> str:
    text = _string(field, value)
    if len(text) > 200:
        raise WrongRuleValue(field, Said(N_("a text of at most 200 characters")))
    return text


def _string(field: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX or "\0" in value:
        raise WrongRuleValue(
            field,
            Said(N_("a text of at most {count_max} characters"), count_max=TEXT_CHARACTERS_MAX),
        )
    return value

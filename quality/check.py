"""What a rule asks of the data: a closed list of checks, each with its typed parameters.

A check knows no column and no engine. `quality/rule.py` says which columns it is asked of,
`quality/expectations.py` has Great Expectations answer it.

Two checks are missing on purpose. "Values increase from row to row" needs an order that a table
of many files does not promise. Free SQL would let a rule read and compute what it likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from policies.terms import Text
from quality.dimension import Dimension

Scalar: TypeAlias = bool | int | Decimal | str | date | datetime
Bound: TypeAlias = int | Decimal | date | datetime


class Family(StrEnum):
    """What kind of values a column holds, as far as a check must know."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    BOOLEAN = "boolean"
    OTHER = "other"
    """Lists, structs, maps, geometries, bytes: only emptiness can be checked."""


_FAMILIES = {
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING", "CHAR", "ENUM", "UUID", "JSON"), Family.TEXT),
    **dict.fromkeys(
        (
            *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE"),
            *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
        ),
        Family.NUMBER,
    ),
    **dict.fromkeys(
        (
            *("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
            *("TIMESTAMP WITH TIME ZONE", "INSTANT"),
        ),
        Family.TIME,
    ),
    "BOOLEAN": Family.BOOLEAN,
}
_ANY_FAMILY = frozenset(Family)
_COMPARABLE = frozenset({Family.TEXT, Family.NUMBER, Family.TIME})


@dataclass(frozen=True, slots=True)
class Column:
    """A column with the name of its type: DuckDB's, such as DECIMAL(10,2), or the catalogue's."""

    name: str
    type: str

    @property
    def family(self) -> Family:
        """The family of the column's type."""
        name = self.type.upper()
        if name.endswith("]"):
            return Family.OTHER
        return _FAMILIES.get(name.split("(")[0], Family.OTHER)


class Arity(StrEnum):
    """How many columns a check is asked of."""

    NONE = "no"
    EACH = "1"
    """One at a time: a rule that names several is asked of each by itself."""
    PAIR = "2"
    SEVERAL = "2 or more"
    ANY = "1 or more"


class Kind(StrEnum):
    """The checks that are offered."""

    ROW_COUNT_BETWEEN = "row_count_between"
    COLUMNS_PRESENT = "columns_present"
    COLUMN_NAMES_AVOID = "column_names_avoid"
    TYPE_IS = "type_is"
    HAS_VALUES = "has_values"
    NOT_NULL = "not_null"
    NOT_BLANK = "not_blank"
    UNIQUE = "unique"
    UNIQUE_TOGETHER = "unique_together"
    IN_SET = "in_set"
    NOT_IN_SET = "not_in_set"
    BETWEEN = "between"
    NOT_IN_FUTURE = "not_in_future"
    REGEX = "regex"
    LENGTH_BETWEEN = "length_between"
    PAIR_GREATER = "pair_greater"
    JSON_VALID = "json_valid"
    CHECK_CHARACTER = "check_character"
    EVENLY_SPACED = "evenly_spaced"
    NEWEST_WITHIN = "newest_within"
    IN_OTHER_TABLE = "in_other_table"
    SAME_TOTAL = "same_total"
    STEADY = "steady"

    @property
    def label(self) -> Text:
        """The name of the check in a form."""
        return _TRAITS[self].label

    @property
    def arity(self) -> Arity:
        """How many columns the check is asked of."""
        return _TRAITS[self].arity

    @property
    def dimension(self) -> Dimension:
        """The dimension of such a rule where its writer does not name another."""
        return _TRAITS[self].dimension

    @property
    def families(self) -> frozenset[Family]:
        """The column types that the check can be asked of."""
        return _TRAITS[self].families

    @property
    def is_counted(self) -> bool:
        """Whether rows pass or fail one by one, so that a share of them can be asked for."""
        return _TRAITS[self].is_counted

    @property
    def is_about_rows(self) -> bool:
        """Whether single rows break it, that can be set aside."""
        return self.is_counted and self is not Kind.EVENLY_SPACED

    @property
    def reads_values(self) -> bool:
        """Whether a cluster counts it: it takes more than the number of rows and the names and
        types of columns, and nothing that only DuckDB is taught here.
        """
        if self in (Kind.CHECK_CHARACTER, Kind.EVENLY_SPACED, Kind.IN_OTHER_TABLE):
            return False
        return self.is_counted or self in (Kind.HAS_VALUES, Kind.NEWEST_WITHIN)


@dataclass(frozen=True, slots=True)
class RowCountBetween:
    """The table has so many rows."""

    at_least: int | None
    at_most: int | None
    kind = Kind.ROW_COUNT_BETWEEN


@dataclass(frozen=True, slots=True)
class ColumnsPresent:
    """The table has these columns, and maybe more."""

    kind = Kind.COLUMNS_PRESENT


@dataclass(frozen=True, slots=True)
class ColumnNamesAvoid:
    """No column name contains a match of the pattern."""

    pattern: str
    kind = Kind.COLUMN_NAMES_AVOID


@dataclass(frozen=True, slots=True)
class TypeIs:
    """The column was read as this kind of values."""

    family: Family
    kind = Kind.TYPE_IS


@dataclass(frozen=True, slots=True)
class HasValues:
    """The column is not empty from top to bottom."""

    kind = Kind.HAS_VALUES


@dataclass(frozen=True, slots=True)
class NotNull:
    """Every row has a value."""

    kind = Kind.NOT_NULL


@dataclass(frozen=True, slots=True)
class NotBlank:
    """No text consists of white space only; an empty cell is NotNull's matter."""

    kind = Kind.NOT_BLANK


@dataclass(frozen=True, slots=True)
class Unique:
    """No value occurs twice; empty cells are left out."""

    kind = Kind.UNIQUE


@dataclass(frozen=True, slots=True)
class UniqueTogether:
    """No combination of values occurs twice; rows where all of them are empty are left out."""

    kind = Kind.UNIQUE_TOGETHER


@dataclass(frozen=True, slots=True)
class InSet:
    """Every value is one of these."""

    values: tuple[Scalar, ...]
    kind = Kind.IN_SET


@dataclass(frozen=True, slots=True)
class NotInSet:
    """No value is one of these."""

    values: tuple[Scalar, ...]
    kind = Kind.NOT_IN_SET


@dataclass(frozen=True, slots=True)
class Between:
    """Every value lies between the bounds, both included; None is no bound."""

    at_least: Bound | None
    at_most: Bound | None
    kind = Kind.BETWEEN


@dataclass(frozen=True, slots=True)
class NotInFuture:
    """Every date is at most a day after the check, as times may lack their zone."""

    kind = Kind.NOT_IN_FUTURE


@dataclass(frozen=True, slots=True)
class Regex:
    """Every text contains a match of the pattern; anchor it with ^ and $ for the whole text."""

    pattern: str
    kind = Kind.REGEX


@dataclass(frozen=True, slots=True)
class LengthBetween:
    """Every text has so many characters, both bounds included; None is no bound."""

    at_least: int | None
    at_most: int | None
    kind = Kind.LENGTH_BETWEEN


@dataclass(frozen=True, slots=True)
class PairGreater:
    """The first column is above the second, or equal where `or_equal`; rows with a gap are left
    out.
    """

    or_equal: bool
    kind = Kind.PAIR_GREATER


@dataclass(frozen=True, slots=True)
class JsonValid:
    """Every text is a JSON document."""

    kind = Kind.JSON_VALID


class Scheme(StrEnum):
    """Identifiers that can be told from look-alikes."""

    RESIDENT_ID = "resident_id"
    CREDIT_CODE = "credit_code"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    """Has a form only."""


@dataclass(frozen=True, slots=True)
class CheckCharacter:
    """Every text has the form of this identifier and ends in the check character of the rest."""

    scheme: Scheme
    kind = Kind.CHECK_CHARACTER


@dataclass(frozen=True, slots=True)
class EvenlySpaced:
    """In order of time, each moment comes so many seconds after the one before."""

    seconds: int
    kind = Kind.EVENLY_SPACED


@dataclass(frozen=True, slots=True)
class NewestWithin:
    """The latest moment is at most so many days before the check."""

    days: int
    kind = Kind.NEWEST_WITHIN


@dataclass(frozen=True, slots=True)
class InOtherTable:
    """Every value occurs in a column of another table; empty cells are left out."""

    table: str
    """As statements name it: a dataset's name, "__" and its distribution's where it has several."""
    column: str
    kind = Kind.IN_OTHER_TABLE


@dataclass(frozen=True, slots=True)
class SameTotal:
    """The sum of the column is that of a column of another table, maybe group by group."""

    table: str
    column: str
    by: tuple[str, ...]
    """Columns of both tables that part them into groups; empty: one sum over all rows."""
    tolerance_permille: int
    """Of the other table's sum."""
    kind = Kind.SAME_TOTAL


class ChangeKind(StrEnum):
    """What kind of thing changes from version to version."""

    SCHEMA = "schema"
    VOLUME = "volume"
    EMPTY = "empty"
    DISTRIBUTION = "distribution"
    KEYS = "keys"


WHOLE_TABLE_ASPECTS = frozenset({ChangeKind.VOLUME, ChangeKind.KEYS})
"""Changes of all rows together; the others are changes of columns, which not every reader sees."""


@dataclass(frozen=True, slots=True)
class Steady:
    """Nothing of this kind is out of the usual since the version before; see `drift`."""

    aspect: ChangeKind
    kind = Kind.STEADY


Check: TypeAlias = (
    RowCountBetween
    | ColumnsPresent
    | ColumnNamesAvoid
    | TypeIs
    | HasValues
    | NotNull
    | NotBlank
    | Unique
    | UniqueTogether
    | InSet
    | NotInSet
    | Between
    | NotInFuture
    | Regex
    | LengthBetween
    | PairGreater
    | JsonValid
    | CheckCharacter
    | EvenlySpaced
    | NewestWithin
    | InOtherTable
    | SameTotal
    | Steady
)


def table_named_in(check: Check) -> str | None:
    """The other table that a check looks at; None where it looks at its own alone."""
    match check:
        case InOtherTable(table=table) | SameTotal(table=table):
            return table
        case _:
            return None


def other_columns(check: Check) -> tuple[str, ...]:
    """The columns of the other table that a check looks at."""
    match check:
        case InOtherTable(column=column):
            return (column,)
        case SameTotal(column=column, by=by):
            return (column, *by)
        case _:
            return ()


@dataclass(frozen=True, slots=True)
class _Traits:
    label: Text
    arity: Arity
    dimension: Dimension
    families: frozenset[Family]
    is_counted: bool


_TEXT_ONLY = frozenset({Family.TEXT})
_TRAITS = {
    Kind.ROW_COUNT_BETWEEN: _Traits(
        Text(zh="行数在范围内", en="Number of rows lies between"),
        Arity.NONE,
        Dimension.COMPLETENESS,
        _ANY_FAMILY,
        is_counted=False,
    ),
    Kind.COLUMNS_PRESENT: _Traits(
        Text(zh="必须有这些列", en="Columns are present"),
        Arity.ANY,
        Dimension.NORMATIVITY,
        _ANY_FAMILY,
        is_counted=False,
    ),
    Kind.COLUMN_NAMES_AVOID: _Traits(
        Text(zh="列名不含某种格式", en="Column names avoid a pattern"),
        Arity.NONE,
        Dimension.NORMATIVITY,
        _ANY_FAMILY,
        is_counted=False,
    ),
    Kind.TYPE_IS: _Traits(
        Text(zh="列的类型是", en="Column has the type"),
        Arity.EACH,
        Dimension.NORMATIVITY,
        _ANY_FAMILY,
        is_counted=False,
    ),
    Kind.HAS_VALUES: _Traits(
        Text(zh="列不全为空", en="Column is not wholly empty"),
        Arity.EACH,
        Dimension.COMPLETENESS,
        _ANY_FAMILY,
        is_counted=False,
    ),
    Kind.NOT_NULL: _Traits(
        Text(zh="不能为空", en="Never empty"),
        Arity.EACH,
        Dimension.COMPLETENESS,
        _ANY_FAMILY,
        is_counted=True,
    ),
    Kind.NOT_BLANK: _Traits(
        Text(zh="不能只有空格", en="Not white space only"),
        Arity.EACH,
        Dimension.COMPLETENESS,
        _TEXT_ONLY,
        is_counted=True,
    ),
    Kind.UNIQUE: _Traits(
        Text(zh="值不重复", en="Values are unique"),
        Arity.EACH,
        Dimension.ACCURACY,
        _COMPARABLE,
        is_counted=True,
    ),
    Kind.UNIQUE_TOGETHER: _Traits(
        Text(zh="几列合起来不重复", en="Values are unique together"),
        Arity.SEVERAL,
        Dimension.ACCURACY,
        _ANY_FAMILY,
        is_counted=True,
    ),
    Kind.IN_SET: _Traits(
        Text(zh="值在给定集合内", en="Values are from a list"),
        Arity.EACH,
        Dimension.NORMATIVITY,
        frozenset({Family.TEXT, Family.NUMBER}),
        is_counted=True,
    ),
    Kind.NOT_IN_SET: _Traits(
        Text(zh="值不在给定集合内", en="Values are not from a list"),
        Arity.EACH,
        Dimension.ACCURACY,
        frozenset({Family.TEXT, Family.NUMBER}),
        is_counted=True,
    ),
    Kind.BETWEEN: _Traits(
        Text(zh="值在范围内", en="Values lie between"),
        Arity.EACH,
        Dimension.ACCURACY,
        frozenset({Family.NUMBER, Family.TIME}),
        is_counted=True,
    ),
    Kind.NOT_IN_FUTURE: _Traits(
        Text(zh="日期不在未来", en="Dates are not in the future"),
        Arity.EACH,
        Dimension.TIMELINESS,
        frozenset({Family.TIME}),
        is_counted=True,
    ),
    Kind.REGEX: _Traits(
        Text(zh="文本符合格式", en="Text matches a pattern"),
        Arity.EACH,
        Dimension.NORMATIVITY,
        _TEXT_ONLY,
        is_counted=True,
    ),
    Kind.LENGTH_BETWEEN: _Traits(
        Text(zh="文本长度在范围内", en="Text length lies between"),
        Arity.EACH,
        Dimension.NORMATIVITY,
        _TEXT_ONLY,
        is_counted=True,
    ),
    Kind.PAIR_GREATER: _Traits(
        Text(zh="第一列不小于第二列", en="First column is above the second"),
        Arity.PAIR,
        Dimension.CONSISTENCY,
        frozenset({Family.NUMBER, Family.TIME}),
        is_counted=True,
    ),
    Kind.JSON_VALID: _Traits(
        Text(zh="是合法的 JSON", en="Text is valid JSON"),
        Arity.EACH,
        Dimension.NORMATIVITY,
        _TEXT_ONLY,
        is_counted=True,
    ),
    Kind.CHECK_CHARACTER: _Traits(
        Text(zh="校验码正确", en="Check character is right"),
        Arity.EACH,
        Dimension.NORMATIVITY,
        _TEXT_ONLY,
        is_counted=True,
    ),
    Kind.EVENLY_SPACED: _Traits(
        Text(zh="时间间隔相等", en="Moments are evenly spaced"),
        Arity.EACH,
        Dimension.COMPLETENESS,
        frozenset({Family.TIME}),
        is_counted=True,
    ),
    Kind.NEWEST_WITHIN: _Traits(
        Text(zh="最新记录不过期", en="Newest record is recent"),
        Arity.EACH,
        Dimension.TIMELINESS,
        frozenset({Family.TIME}),
        is_counted=False,
    ),
    Kind.IN_OTHER_TABLE: _Traits(
        Text(zh="值都在另一张表里", en="Values occur in another table"),
        Arity.EACH,
        Dimension.CONSISTENCY,
        _COMPARABLE,
        is_counted=True,
    ),
    Kind.SAME_TOTAL: _Traits(
        Text(zh="合计与另一张表一致", en="Total agrees with another table"),
        Arity.EACH,
        Dimension.CONSISTENCY,
        frozenset({Family.NUMBER}),
        is_counted=False,
    ),
    Kind.STEADY: _Traits(
        Text(zh="与上一版本相比没有异常变化", en="Nothing unusual since the version before"),
        Arity.NONE,
        Dimension.CONSISTENCY,
        _ANY_FAMILY,
        is_counted=False,
    ),
}

"""A view: which columns and rows of a version a listing lets out, and how columns are masked.

A view is data, never SQL text. The exchange chooses it; `catalog.build_copy` builds the file that
holds just what it permits, so that nothing else is there to be read. Its fingerprint names that
file and stands in decisions and receipts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.errors import MalformedView
from policies.errors import N_, Said

COLUMNS_MAX = 2_000
CONDITIONS_MAX = 100
CONDITION_VALUES_MAX = 1_000
COLUMN_NAME_LENGTH_CHARACTERS = 255
VALUE_LENGTH_CHARACTERS = 10_000
KEPT_CHARACTERS_MAX = 32

Scalar = str | int | float | bool
"""One value of a condition. Dates, times and exact decimals are given as text in ISO form."""

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class Operator(StrEnum):
    """How a column is compared. A comparison with an empty cell is never true."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    ONE_OF = "in"
    STARTS_WITH = "starts_with"
    CONTAINS = "contains"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"


@dataclass(frozen=True, slots=True)
class Condition:
    """A column, an operator, and the value or values it is compared with."""

    column: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...] | None = None
    """A tuple for ONE_OF, None for IS_EMPTY and IS_NOT_EMPTY, one value for the rest."""

    def __post_init__(self) -> None:
        _check_name(self.column)
        match self.operator:
            case Operator.IS_EMPTY | Operator.IS_NOT_EMPTY:
                if self.value is not None:
                    raise MalformedView(
                        Said(N_("{operator} takes no value"), operator=self.operator)
                    )
            case Operator.ONE_OF:
                if not isinstance(self.value, tuple):
                    raise MalformedView(Said(N_("“in” takes a list of values")))
                if not 1 <= len(self.value) <= CONDITION_VALUES_MAX:
                    raise MalformedView(
                        Said(
                            N_("“in” takes 1 to {count_max} values"), count_max=CONDITION_VALUES_MAX
                        )
                    )
                for value in self.value:
                    _check_scalar(value)
            case _:
                _check_scalar(self.value)

    def as_json(self) -> dict[str, Json]:
        """The stored form."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"column": self.column, "operator": self.operator.value, "value": value}

    @classmethod
    def from_json(cls, stored: Json) -> Condition:
        """Read a stored or submitted condition.

        Raises: MalformedView.
        """
        fields = _mapping(stored, "a condition", {"column", "operator", "value"})
        try:
            operator = Operator(_text(fields.get("operator"), "operator"))
        except ValueError:
            raise MalformedView(
                Said(N_("unknown operator “{found}”"), found=fields.get("operator"))
            ) from None
        value = fields.get("value")
        if isinstance(value, list | tuple):
            return cls(
                _text(fields.get("column"), "column"),
                operator,
                tuple(_check_scalar(item) for item in value),
            )
        scalar = None if value is None else _check_scalar(value)
        return cls(_text(fields.get("column"), "column"), operator, scalar)


class MaskKind(StrEnum):
    """What happens to the values of a masked column."""

    DROP = "drop"
    PARTIAL = "partial"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Mask:
    """How a column is masked.

    PARTIAL keeps the given numbers of characters at the ends and puts “*” for each of the others;
    a value too short to hide anything becomes “*” throughout. HASH is an HMAC-SHA256 under the
    node's masking key: equal values stay equal and cannot be found by trying them all.
    """

    kind: MaskKind
    keep_first: int = 0
    keep_last: int = 0

    def __post_init__(self) -> None:
        for kept in (self.keep_first, self.keep_last):
            if not 0 <= kept <= KEPT_CHARACTERS_MAX:
                raise MalformedView(
                    Said(
                        N_("a mask keeps 0 to {count_max} characters"),
                        count_max=KEPT_CHARACTERS_MAX,
                    )
                )
        if self.kind is not MaskKind.PARTIAL and (self.keep_first or self.keep_last):
            raise MalformedView(Said(N_("only a partial mask keeps characters")))

    def as_json(self) -> dict[str, Json]:
        """The stored form."""
        return {
            "kind": self.kind.value,
            "keep_first": self.keep_first,
            "keep_last": self.keep_last,
        }

    @classmethod
    def from_json(cls, stored: Json) -> Mask:
        """Read a stored or submitted mask.

        Raises: MalformedView.
        """
        fields = _mapping(stored, "a mask", {"kind", "keep_first", "keep_last"})
        try:
            kind = MaskKind(_text(fields.get("kind"), "kind"))
        except ValueError:
            raise MalformedView(
                Said(N_("unknown mask “{found}”"), found=fields.get("kind"))
            ) from None
        first, last = fields.get("keep_first", 0), fields.get("keep_last", 0)
        if type(first) is not int or type(last) is not int:
            raise MalformedView(Said(N_("a mask keeps a whole number of characters")))
        return cls(kind, first, last)


@dataclass(frozen=True, slots=True)
class View:
    """The permitted columns, rows and masks of a dataset's versions."""

    columns: tuple[str, ...] | None = None
    """The permitted columns in their order; None permits all columns of the version."""
    rows: tuple[Condition, ...] = ()
    """A row is permitted where all hold; they may read columns that are not permitted."""
    masks: Mapping[str, Mask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.columns is not None:
            if not 1 <= len(self.columns) <= COLUMNS_MAX:
                raise MalformedView(
                    Said(N_("a view has 1 to {count_max} columns"), count_max=COLUMNS_MAX)
                )
            for column in self.columns:
                _check_name(column)
            if len({column.casefold() for column in self.columns}) != len(self.columns):
                raise MalformedView(Said(N_("a column is named twice")))
        if len(self.rows) > CONDITIONS_MAX:
            raise MalformedView(
                Said(N_("a view has at most {count_max} conditions"), count_max=CONDITIONS_MAX)
            )
        if len(self.masks) > COLUMNS_MAX:
            raise MalformedView(
                Said(N_("a view has at most {count_max} masks"), count_max=COLUMNS_MAX)
            )
        for column in self.masks:
            _check_name(column)

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def visible(self, available: Sequence[str]) -> tuple[str, ...]:
        """The columns that are in the view's file, in order, out of those that a version has.

        Raises: MalformedView where the view names a column that the version does not have.
        """
        named = {condition.column for condition in self.rows} | set(self.masks)
        missing = (named | set(self.columns or ())) - set(available)
        if missing:
            raise MalformedView(
                Said(N_("no such column: {names}"), names=", ".join(sorted(missing)))
            )
        chosen = self.columns if self.columns is not None else tuple(available)
        kept = tuple(
            column
            for column in chosen
            if column not in self.masks or self.masks[column].kind is not MaskKind.DROP
        )
        if not kept:
            raise MalformedView(Said(N_("no column is left")))
        return kept

    def narrowed(self, offered: Sequence[str], held: Sequence[str]) -> View:
        """The view of an older version: of what it permits of the newest one, the columns held.

        Conditions stay, so that a version without their columns has no view.

        Raises: MalformedView.
        """
        permitted, there = set(self.visible(offered)), set(held)
        columns = tuple(name for name in (self.columns or held) if name in permitted & there)
        if not columns:
            raise MalformedView(Said(N_("no column is left")))
        masks = {name: mask for name, mask in self.masks.items() if name in there}
        return View(columns, self.rows, masks)

    def as_json(self) -> dict[str, Json]:
        """The stored and canonical form: order that does not matter is sorted away."""
        conditions = {
            _canonical(_settled(condition).as_json()): condition for condition in self.rows
        }
        return {
            "columns": None if self.columns is None else list(self.columns),
            "rows": [_settled(conditions[text]).as_json() for text in sorted(conditions)],
            "masks": {column: self.masks[column].as_json() for column in sorted(self.masks)},
        }

    @classmethod
    def from_json(cls, stored: Json) -> View:
        """Read a stored or submitted view.

        Raises: MalformedView.
        """
        fields = _mapping(stored, "a view", {"columns", "rows", "masks"})
        columns = fields.get("columns")
        rows, masks = fields.get("rows", []), fields.get("masks", {})
        if columns is not None and not isinstance(columns, list | tuple):
            raise MalformedView(Said(N_("“columns” is a list or null")))
        if not isinstance(rows, list | tuple):
            raise MalformedView(Said(N_("“rows” is a list of conditions")))
        if not isinstance(masks, Mapping):
            raise MalformedView(Said(N_("“masks” maps columns to masks")))
        return cls(
            None if columns is None else tuple(_text(column, "column") for column in columns),
            tuple(Condition.from_json(row) for row in rows),
            {_text(column, "column"): Mask.from_json(mask) for column, mask in masks.items()},
        )

    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal; equal views have equal fingerprints."""
        return hashlib.sha256(_canonical(self.as_json()).encode()).hexdigest()


EVERYTHING = View()
"""All columns and rows, unmasked: the base copy of a version."""


def _settled(condition: Condition) -> Condition:
    """The condition with the values of a list sorted and unique."""
    if not isinstance(condition.value, tuple):
        return condition
    values = {_canonical(value): value for value in condition.value}
    ordered = tuple(values[text] for text in sorted(values))
    return Condition(condition.column, condition.operator, ordered)


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _mapping(value: Json, what: str, known: set[str]) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise MalformedView(Said(N_("{what} is an object"), what=what))
    unknown = set(value) - known
    if unknown:
        raise MalformedView(
            Said(N_("{what} has no field “{found}”"), what=what, found=min(map(str, unknown)))
        )
    return value


def _text(value: Json, what: str) -> str:
    if not isinstance(value, str):
        raise MalformedView(Said(N_("“{what}” is a text"), what=what))
    return value


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= COLUMN_NAME_LENGTH_CHARACTERS or "\0" in name:
        raise MalformedView(Said(N_("a column name is empty, too long, or holds a NUL character")))


def _check_scalar(value: Json | tuple[Scalar, ...]) -> Scalar:
    """Return a value of a condition, if it can be one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 1 << 127:
        return value
    if isinstance(value, float) and value - value == 0:
        return value
    if isinstance(value, str) and len(value) <= VALUE_LENGTH_CHARACTERS and "\0" not in value:
        return value
    raise MalformedView(Said(N_("a value is a text, a finite number or true/false")))

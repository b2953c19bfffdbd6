"""A view: which columns and rows of a version a listing lets out, and how columns are masked.

A view is data, never SQL text. The exchange chooses it; `catalog.build_copy` builds the file that
holds just what it permits, so that nothing else is there to be read. Its fingerprint names that
file and stands in decisions and receipts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from catalog.errors import MalformedView
from catalog.mask import Mask, MaskKind, Suppression, object_of
from policies.errors import N_, Said

COLUMNS_MAX = 2_000
CONDITIONS_MAX = 100
CONDITION_VALUES_MAX = 1_000
COLUMN_NAME_LENGTH_CHARACTERS = 255
VALUE_LENGTH_CHARACTERS = 10_000

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
        fields = object_of(stored, "a condition", {"column", "operator", "value"})
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


@dataclass(frozen=True, slots=True)
class View:
    """The permitted columns, rows and masks of a dataset's versions."""

    columns: tuple[str, ...] | None = None
    """The permitted columns in their order; None permits all columns of the version."""
    rows: tuple[Condition, ...] = ()
    """A row is permitted where all hold; they may read columns that are not permitted."""
    masks: Mapping[str, Mask] = field(default_factory=dict)
    suppression: Suppression | None = None
    """None: groups may be as small as they are."""
    differs_by_agreement: bool = False
    """Whether hashes, tokens and noise are other ones under each agreement, so that what two
    buyers got cannot be joined."""

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
        for column in self.suppression.columns if self.suppression else ():
            _check_name(column)

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    @property
    def is_keyed(self) -> bool:
        """Whether what it shows depends on the installation's secret."""
        return any(mask.is_keyed for mask in self.masks.values())

    @property
    def changed_columns(self) -> frozenset[str]:
        """Columns whose values do not leave as they are: dropped, masked, or blanked in places."""
        blanked = self.suppression.columns if self.suppression else ()
        return frozenset(self.masks) | frozenset(blanked)

    def visible(self, available: Sequence[str]) -> tuple[str, ...]:
        """The columns that are in the view's file, in order, out of those that a version has.

        Raises: MalformedView where the view names a column that the version does not have.
        """
        grouped = set(self.suppression.columns) if self.suppression else set()
        named = {condition.column for condition in self.rows} | set(self.masks) | grouped
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
        if not grouped <= set(kept):
            names = ", ".join(sorted(grouped - set(kept)))
            raise MalformedView(
                Said(N_("groups are told by what is shown, not by {names}"), names=names)
            )
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
        # Groups are told by what is left of their columns; it blanks no less for that.
        suppression = self.suppression
        if suppression is not None:
            left = tuple(name for name in suppression.columns if name in columns)
            suppression = replace(suppression, columns=left) if left else None
        return replace(self, columns=columns, masks=masks, suppression=suppression)

    def limited_to(self, columns: Sequence[str] | None, rows: Sequence[Condition] = ()) -> View:
        """The view with only these of its columns (None: all of them) and under more conditions.

        Raises: MalformedView where none of them is left.
        """
        kept, suppression = self.columns, self.suppression
        if columns is not None:
            wanted = set(columns)
            kept = tuple(columns if kept is None else (one for one in kept if one in wanted))
            if suppression is not None:
                # Groups are told by what is left of their columns; it blanks no less for that.
                left = tuple(name for name in suppression.columns if name in wanted)
                suppression = replace(suppression, columns=left) if left else None
        rows = (*self.rows, *rows)
        return replace(self, columns=kept, rows=rows, suppression=suppression)

    def as_json(self) -> dict[str, Json]:
        """The stored and canonical form: order that does not matter is sorted away."""
        conditions = {
            _canonical(_settled(condition).as_json()): condition for condition in self.rows
        }
        stored: dict[str, Json] = {
            "columns": None if self.columns is None else list(self.columns),
            "rows": [_settled(conditions[text]).as_json() for text in sorted(conditions)],
            "masks": {column: self.masks[column].as_json() for column in sorted(self.masks)},
        }
        # Left out where they say nothing: views of earlier releases keep their fingerprints.
        if self.suppression is not None:
            stored["suppression"] = self.suppression.as_json()
        if self.differs_by_agreement:
            stored["differs_by_agreement"] = True
        return stored

    @classmethod
    def from_json(cls, stored: Json) -> View:
        """Read a stored or submitted view.

        Raises: MalformedView.
        """
        known = {"columns", "rows", "masks", "suppression", "differs_by_agreement"}
        fields = object_of(stored, "a view", known)
        columns = fields.get("columns")
        rows, masks = fields.get("rows", []), fields.get("masks", {})
        if columns is not None and not isinstance(columns, list | tuple):
            raise MalformedView(Said(N_("“columns” is a list or null")))
        if not isinstance(rows, list | tuple):
            raise MalformedView(Said(N_("“rows” is a list of conditions")))
        if not isinstance(masks, Mapping):
            raise MalformedView(Said(N_("“masks” maps columns to masks")))
        suppression = fields.get("suppression")
        differs = fields.get("differs_by_agreement", False)
        if not isinstance(differs, bool):
            raise MalformedView(Said(N_("“differs_by_agreement” is true or false")))
        return cls(
            None if columns is None else tuple(_text(column, "column") for column in columns),
            tuple(Condition.from_json(row) for row in rows),
            {_text(column, "column"): Mask.from_json(mask) for column, mask in masks.items()},
            None if suppression is None else Suppression.from_json(suppression),
            differs,
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

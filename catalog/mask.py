"""How a column is masked in what a listing lets out, and how small groups are made blank.

A mask is data: a kind with its few settings. `catalog.masking` writes it as SQL for the one
statement that builds a view's copy, so that no unmasked value is ever in the file that is read.

Source: GB/T 37964-2019, annex A (techniques of de-identification: suppression, generalisation,
pseudonyms, noise).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from catalog.errors import MalformedView
from policies.errors import N_, Said

KEPT_CHARACTERS_MAX = 32
DECIMALS_MAX = 6
GROUP_ROWS_MIN, GROUP_ROWS_MAX = 2, 10_000
GROUP_COLUMNS_MAX = 20
WIDTH_MAX = 1e15

Stored = None | bool | int | float | str | Sequence["Stored"] | Mapping[str, "Stored"]
"""What JSON can say, as `catalog.view.Json`; a view is made of masks, so it stands here too."""


class MaskKind(StrEnum):
    """What happens to the values of a masked column."""

    DROP = "drop"
    PARTIAL = "partial"
    HASH = "hash"
    TOKEN = "token"  # noqa: S105 (the name of a mask)
    BIN = "bin"
    PERIOD = "period"
    GRID = "grid"
    NOISE = "noise"


class Period(StrEnum):
    """How much of a date is left."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


KEYED = frozenset({MaskKind.HASH, MaskKind.TOKEN, MaskKind.NOISE})
"""Masks that are computed under the installation's secret."""

_SETTINGS: Mapping[MaskKind, tuple[str, ...]] = {
    # The first three are written in full since the first release, so that views keep their names.
    MaskKind.DROP: ("keep_first", "keep_last"),
    MaskKind.PARTIAL: ("keep_first", "keep_last"),
    MaskKind.HASH: ("keep_first", "keep_last"),
    MaskKind.TOKEN: (),
    MaskKind.BIN: ("width",),
    MaskKind.PERIOD: ("period",),
    MaskKind.GRID: ("decimals",),
    MaskKind.NOISE: ("width",),
}


@dataclass(frozen=True, slots=True)
class Mask:
    """How a column is masked. An empty cell stays empty.

    - PARTIAL keeps `keep_first` and `keep_last` characters at the ends and puts “*” for each of the
      others; a value too short to hide anything becomes “*” throughout.
    - HASH is an HMAC-SHA256 under a secret: equal values stay equal and cannot be found by trying.
    - TOKEN puts another digit or letter for each one, under the secret too, and keeps signs and
      length; a token's first digit is 0, so that it is nobody's real number.
    - BIN says between which multiples of `width` a number lies: “[20, 30)”.
    - PERIOD cuts a date or time to `period`: “2026-03”, “2026-Q1”.
    - GRID rounds a coordinate to `decimals` places: two are about a kilometre.
    - NOISE adds Laplace noise of scale `width`, the same for the same row in every version, so that
      it does not average away.
    What is no number or date where one is needed becomes empty.
    """

    kind: MaskKind
    keep_first: int = 0
    keep_last: int = 0
    width: float | None = None
    """For BIN and NOISE."""
    period: Period | None = None
    decimals: int | None = None

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
        wanted = _SETTINGS[self.kind]
        for name in ("width", "period", "decimals"):
            if (getattr(self, name) is None) is (name in wanted):
                raise MalformedView(
                    Said(N_("“{field}” does not fit mask “{kind}”"), field=name, kind=self.kind)
                )
        if self.width is not None and not 0 < self.width <= WIDTH_MAX:
            raise MalformedView(Said(N_("the width of a mask is a number above 0")))
        if self.decimals is not None and not 0 <= self.decimals <= DECIMALS_MAX:
            raise MalformedView(
                Said(N_("a mask keeps 0 to {count_max} decimals"), count_max=DECIMALS_MAX)
            )

    @property
    def is_keyed(self) -> bool:
        """Whether its result depends on the installation's secret."""
        return self.kind in KEYED

    @property
    def keeps_type(self) -> bool:
        """Whether numbers stay numbers; every other mask makes text."""
        return self.kind in (MaskKind.GRID, MaskKind.NOISE)

    def as_json(self) -> dict[str, Stored]:
        """The stored form."""
        stored: dict[str, Stored] = {"kind": self.kind.value}
        for name in _SETTINGS[self.kind]:
            value = getattr(self, name)
            stored[name] = value.value if isinstance(value, Period) else value
        return stored

    @classmethod
    def from_json(cls, stored: Stored) -> Mask:
        """Read a stored or submitted mask.

        Raises: MalformedView.
        """
        told = object_of(stored, "a mask", {field.name for field in fields(cls)})
        try:
            kind = MaskKind(str(told.get("kind")))
        except ValueError:
            raise MalformedView(
                Said(N_("unknown mask “{found}”"), found=told.get("kind"))
            ) from None
        period = told.get("period")
        try:
            cut = None if period is None else Period(str(period))
        except ValueError:
            raise MalformedView(Said(N_("unknown period “{found}”"), found=period)) from None
        return cls(
            kind,
            _whole(told.get("keep_first", 0)),
            _whole(told.get("keep_last", 0)),
            _number(told.get("width")),
            cut,
            None if told.get("decimals") is None else _whole(told["decimals"]),
        )


@dataclass(frozen=True, slots=True)
class Suppression:
    """Makes the named columns empty in rows whose values in them, masked already, are shared by
    fewer than `least` rows (k-anonymity by local suppression).
    """

    columns: tuple[str, ...]
    least: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.columns) <= GROUP_COLUMNS_MAX or len(set(self.columns)) != len(
            self.columns
        ):
            raise MalformedView(
                Said(N_("a group is told by 1 to {count_max} columns"), count_max=GROUP_COLUMNS_MAX)
            )
        if not GROUP_ROWS_MIN <= self.least <= GROUP_ROWS_MAX:
            raise MalformedView(
                Said(
                    N_("a group has at least {count_min} to {count_max} rows"),
                    count_min=GROUP_ROWS_MIN,
                    count_max=GROUP_ROWS_MAX,
                )
            )

    def as_json(self) -> dict[str, Stored]:
        """The stored form."""
        return {"columns": sorted(self.columns), "least": self.least}

    @classmethod
    def from_json(cls, stored: Stored) -> Suppression:
        """Read a stored or submitted suppression.

        Raises: MalformedView.
        """
        told = object_of(stored, "a suppression", {"columns", "least"})
        columns = told.get("columns")
        if not isinstance(columns, list | tuple) or not all(isinstance(c, str) for c in columns):
            raise MalformedView(Said(N_("“columns” is a list of names")))
        return cls(tuple(str(column) for column in columns), _whole(told.get("least")))


def object_of(value: Stored, what: str, known: set[str]) -> Mapping[str, Stored]:
    """A JSON object with no other fields than the known ones.

    Raises: MalformedView.
    """
    if not isinstance(value, Mapping):
        raise MalformedView(Said(N_("{what} is an object"), what=what))
    unknown = set(value) - known
    if unknown:
        raise MalformedView(
            Said(N_("{what} has no field “{found}”"), what=what, found=min(map(str, unknown)))
        )
    return value


def _whole(value: Stored) -> int:
    if type(value) is not int:
        raise MalformedView(Said(N_("a mask keeps a whole number of characters")))
    return value


def _number(value: Stored) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedView(Said(N_("the width of a mask is a number above 0")))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    return number

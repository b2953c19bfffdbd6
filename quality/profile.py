"""What a version's columns hold: counts, ranges, histograms, frequent values.

It shows values of the data. Who may see a column's values decides whoever shows the profile:
`without_values_of` leaves out those of columns that the reader may not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from catalog.view import Json

BINS_MAX = 20
FREQUENT_VALUES_MAX = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """A bar of a histogram; `low` is included, `high` only in the last one."""

    low: str
    high: str
    count: int


@dataclass(frozen=True, slots=True)
class FrequentValue:
    """A value and how many rows have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What one column holds. Values are texts: numbers as written, times in ISO 8601."""

    name: str
    type: str
    """DuckDB's name of the type."""
    null_count: int
    distinct_count: int
    """Estimated, within a few percent."""
    minimum: str | None
    """None for a column without values, and for text, whose extremes say little."""
    maximum: str | None
    length_minimum: int | None
    """In characters; None but for text with values."""
    length_maximum: int | None
    bins: tuple[Bin, ...]
    """For numbers and times: at most `BINS_MAX` of equal width."""
    frequent: tuple[FrequentValue, ...]
    """For text and booleans, the most frequent first; empty where hardly any value repeats."""

    def without_values(self) -> ColumnProfile:
        """Only what tells no value: the counts."""
        return replace(
            self,
            minimum=None,
            maximum=None,
            length_minimum=None,
            length_maximum=None,
            bins=(),
            frequent=(),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What a version holds."""

    row_count: int
    columns: tuple[ColumnProfile, ...]

    def without_values_of(self, names: frozenset[str]) -> Profile:
        """The profile without the values of these columns."""
        return replace(
            self,
            columns=tuple(
                column.without_values() if column.name in names else column
                for column in self.columns
            ),
        )


def profile_as_json(profile: Profile) -> dict[str, Json]:
    """The profile as APIs and the store hold it."""
    return {
        "row_count": profile.row_count,
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "null_count": column.null_count,
                "distinct_count": column.distinct_count,
                "minimum": column.minimum,
                "maximum": column.maximum,
                "length_minimum": column.length_minimum,
                "length_maximum": column.length_maximum,
                "bins": [
                    {"low": item.low, "high": item.high, "count": item.count}
                    for item in column.bins
                ],
                "frequent": [
                    {"value": item.value, "count": item.count} for item in column.frequent
                ],
            }
            for column in profile.columns
        ],
    }


def profile_from_json(body: Mapping[str, object]) -> Profile:
    """Read what `profile_as_json` wrote."""
    columns = cast("list[Mapping[str, object]]", body["columns"])
    return Profile(
        row_count=cast("int", body["row_count"]),
        columns=tuple(_column_from_json(column) for column in columns),
    )


def _column_from_json(body: Mapping[str, object]) -> ColumnProfile:
    bins = cast("list[Mapping[str, object]]", body["bins"])
    frequent = cast("list[Mapping[str, object]]", body["frequent"])
    return ColumnProfile(
        name=str(body["name"]),
        type=str(body["type"]),
        null_count=cast("int", body["null_count"]),
        distinct_count=cast("int", body["distinct_count"]),
        minimum=cast("str | None", body["minimum"]),
        maximum=cast("str | None", body["maximum"]),
        length_minimum=cast("int | None", body["length_minimum"]),
        length_maximum=cast("int | None", body["length_maximum"]),
        bins=tuple(
            Bin(str(item["low"]), str(item["high"]), cast("int", item["count"])) for item in bins
        ),
        frequent=tuple(
            FrequentValue(str(item["value"]), cast("int", item["count"])) for item in frequent
        ),
    )

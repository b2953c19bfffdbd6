"""The fields of the government resource directory as CKAN's extras, both ways, with nothing lost.

What a client sends is kept word for word. Where a pair names one of our fields and its value fits,
the field takes it too; a field that was changed elsewhere since shows its new value under its key.
A value that does not fit stays a plain extra: other catalogues use the same keys for other things.

Source: 政务信息资源目录编制指南(试行) (2017); docs of each field in `catalog/directory.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from catalog.audience import may_keep, sees_department_fields
from catalog.dataset import Dataset, Entry
from catalog.directory import (
    DEPARTMENT_FIELDS,
    TEXT_LENGTH_CHARACTERS,
    FormatClass,
    RecordAudience,
    ShareChannel,
    is_well_formed,
)
from catalog.view import Json
from policies.party import Actor
from policies.terms import DatasetId, Grade, OpenType, ShareType, UpdateCycle

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Governance:
    """Values of our own fields as they came in extras; what was not sent is left out."""

    of_entry: Mapping[str, object] = field(default_factory=dict)
    of_directory: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Field:
    read: Callable[[str], object]
    """Raises ValueError or KeyError for a value that does not fit."""
    write: Callable[[Entry], str]
    """Empty where the field has its default."""
    name: str
    is_of_entry: bool = False
    is_kept: bool = False
    """A record that is sent without it keeps what it has: leaving it out must not loosen it."""


def read_governance(pairs: Pairs) -> Governance:
    """The values of our own fields among extras."""
    of_entry: dict[str, object] = {}
    of_directory: dict[str, object] = {}
    for key, text in pairs:
        known = _FIELDS.get(key)
        if known is None:
            continue
        try:
            value = known.read(text)
        except (ValueError, KeyError):
            continue
        (of_entry if known.is_of_entry else of_directory)[known.name] = value
    return Governance(of_entry, of_directory)


def kept_of(entry: Entry) -> dict[str, object]:
    """The classes that a record keeps where none are sent."""
    return {
        known.name: getattr(entry, known.name)
        for known in _FIELDS.values()
        if known.is_of_entry and known.is_kept
    }


def told_extras(dataset: Dataset, seen_series: Collection[DatasetId], *, by: Actor) -> list[Json]:
    """The record's extras, our own fields among them, as far as `by` may know them.

    `seen_series` are the series among those spoken of that exist for `by`.
    """
    hidden = [] if sees_department_fields(by, dataset) else [*DEPARTMENT_FIELDS]
    # Who keeps a record sends it back as it came, and nothing of it may get lost.
    if dataset.entry.directory.in_series not in seen_series and not may_keep(by, dataset):
        hidden.append("in_series")
    return [
        {"key": key, "value": value} for key, value in _written(dataset.entry) if key not in hidden
    ]


def _written(entry: Entry) -> list[tuple[str, str]]:
    written: list[tuple[str, str]] = []
    told: set[str] = set()
    for key, text in entry.directory.extras:
        known = _FIELDS.get(key)
        if known is None:
            written.append((key, text))
            continue
        told.add(key)
        try:
            is_same = known.read(text) == _held(entry, known)
        except (ValueError, KeyError):
            is_same = True
        if is_same:
            written.append((key, text))
        elif now := known.write(entry):
            written.append((key, now))
    for key, known in _FIELDS.items():
        if key not in told and (now := known.write(entry)):
            written.append((key, now))
    return written


def _held(entry: Entry, known: _Field) -> object:
    return getattr(entry if known.is_of_entry else entry.directory, known.name)


def _short(text: str) -> str:
    if len(text) > TEXT_LENGTH_CHARACTERS:
        raise ValueError(text)
    return text


def _text(name: str) -> _Field:
    return _Field(_short, lambda entry: str(getattr(entry.directory, name)), name)


def _list(name: str) -> _Field:
    return _Field(
        lambda text: tuple(_short(one.strip()) for one in text.split("\n") if one.strip()),
        lambda entry: "\n".join(getattr(entry.directory, name)),
        name,
    )


def _day(name: str) -> _Field:
    return _Field(
        date.fromisoformat,
        lambda entry: "" if (day := getattr(entry.directory, name)) is None else day.isoformat(),
        name,
    )


def _code(name: str) -> _Field:
    # The record itself says whether the code is well formed.
    return _Field(_well_formed(name), lambda entry: str(getattr(entry.directory, name)), name)


def _well_formed(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not is_well_formed(name, text):
            raise ValueError(text)
        return text

    return read


def _channel(entry: Entry) -> str:
    channel = entry.directory.share_channel
    return "" if channel is None else channel.value


def _format_class(entry: Entry) -> str:
    format_class = entry.directory.format_class
    return "" if format_class is None else format_class.value


def _series(entry: Entry) -> str:
    series = entry.directory.in_series
    return "" if series is None else str(series)


_GRADES: Final = {"general": Grade.GENERAL, "important": Grade.IMPORTANT, "core": Grade.CORE}
_GRADE_NAMES: Final = {grade: name for name, grade in _GRADES.items()}


_FIELDS: Final[Mapping[str, _Field]] = {
    "grade": _Field(
        lambda text: _GRADES[text],
        lambda entry: "" if entry.grade is Grade.GENERAL else _GRADE_NAMES[entry.grade],
        "grade",
        is_of_entry=True,
        is_kept=True,
    ),
    "share_type": _Field(
        ShareType,
        lambda entry: "" if entry.share_type is ShareType.UNCONDITIONAL else entry.share_type.value,
        "share_type",
        is_of_entry=True,
        is_kept=True,
    ),
    "share_basis": _Field(
        str, lambda entry: entry.share_basis, "share_basis", is_of_entry=True, is_kept=True
    ),
    "open_type": _Field(
        OpenType,
        lambda entry: "" if entry.open_type is OpenType.UNCONDITIONAL else entry.open_type.value,
        "open_type",
        is_of_entry=True,
        is_kept=True,
    ),
    "open_basis": _Field(
        str, lambda entry: entry.open_basis, "open_basis", is_of_entry=True, is_kept=True
    ),
    "frequency": _Field(
        UpdateCycle,
        lambda entry: (
            "" if entry.update_cycle is UpdateCycle.IRREGULAR else entry.update_cycle.value
        ),
        "update_cycle",
        is_of_entry=True,
    ),
    "record_audience": _Field(
        lambda text: {"departments": RecordAudience.DEPARTMENTS}[text],
        lambda entry: "departments" if entry.audience is RecordAudience.DEPARTMENTS else "",
        "audience",
        is_of_entry=True,
    ),
    "gov_class_code": _code("class_code"),
    "gov_code": _code("gov_code"),
    "registration_no": _text("registration_number"),
    "format_class": _Field(FormatClass, _format_class, "format_class"),
    "share_condition": _text("share_condition"),
    "share_channel": _Field(ShareChannel, _channel, "share_channel"),
    "open_condition": _text("open_condition"),
    "field_of_use": _text("field_of_use"),
    "scenario": _text("scenario"),
    "source_system": _text("source_system"),
    "temporal_start": _day("temporal_start"),
    "temporal_end": _day("temporal_end"),
    "spatial": _text("spatial"),
    "contact_phone": _text("contact_phone"),
    "conforms_to": _text("conforms_to"),
    "provenance": _text("provenance"),
    "languages": _list("languages"),
    "legislation": _list("legislation"),
    "related_codes": _list("related_codes"),
    "in_series": _Field(lambda text: DatasetId(UUID(text)), _series, "in_series"),
}

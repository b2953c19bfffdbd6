"""How well a record is described, in the 405 points of the European data portal.

Source: data.europa.eu, Metadata Quality Assurance methodology: findability 100, accessibility 100,
interoperability 110, reusability 75, contextuality 20.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from catalog.formats.graph import web_address
from catalog.formats.vocabularies import LICENCES, FileType, file_type, media_type_iri
from catalog.projection import ProjectedDistribution, Projection
from policies.terms import Text

TOTAL: Final = 405


class Dimension(StrEnum):
    """What the points are given for."""

    FINDABILITY = "findability"
    ACCESSIBILITY = "accessibility"
    INTEROPERABILITY = "interoperability"
    REUSABILITY = "reusability"
    CONTEXTUALITY = "contextuality"


class Rating(StrEnum):
    """The portal's words for a total."""

    EXCELLENT = "excellent"
    GOOD = "good"
    SUFFICIENT = "sufficient"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class MissingPoints:
    """What more could be had, and where."""

    points: int
    dimension: Dimension
    field: str
    """Name of the field to fill in or mend."""
    words: Text


@dataclass(frozen=True, slots=True)
class Score:
    """The points of one record."""

    points: int
    per_dimension: Mapping[Dimension, tuple[int, int]]
    """Points had and points there are."""
    missing: tuple[MissingPoints, ...]
    """The largest first."""
    total: int = TOTAL

    @property
    def rating(self) -> Rating:
        """The portal's word for it."""
        if self.points > 350:
            return Rating.EXCELLENT
        if self.points > 220:
            return Rating.GOOD
        return Rating.SUFFICIENT if self.points > 120 else Rating.BAD


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the measures look at."""

    record: Projection
    is_valid: bool
    reached: Mapping[str, bool]

    def some(self, holds: Callable[[ProjectedDistribution], bool]) -> bool:
        """Whether one of the distributions has it, as the portal counts."""
        return any(holds(one) for one in self.record.distributions)

    def is_reached(self, one: ProjectedDistribution) -> bool:
        """Whether the address answers: ours always, another's where somebody looked."""
        return not one.access_url or self.reached.get(one.access_url, False)


@dataclass(frozen=True, slots=True)
class _Measure:
    points: int
    dimension: Dimension
    field: str
    words: Text
    holds: Callable[[_Seen], bool]


def score(projection: Projection, *, is_valid: bool, reached: Mapping[str, bool]) -> Score:
    """The points of a record as the public is told of it.

    `is_valid` says whether its graph has no violation; `reached` which foreign addresses answered
    when somebody looked: one that nobody looked at counts as one that does not answer.
    """
    seen = _Seen(projection, is_valid, reached)
    had = {one: one.holds(seen) for one in _MEASURES}
    return Score(
        points=sum(one.points for one, holds in had.items() if holds),
        per_dimension={
            dimension: (
                sum(one.points for one, ok in had.items() if ok and one.dimension is dimension),
                sum(one.points for one in had if one.dimension is dimension),
            )
            for dimension in Dimension
        },
        missing=tuple(
            MissingPoints(one.points, one.dimension, one.field, one.words)
            for one in sorted(had, key=lambda each: -each.points)
            if not had[one]
        ),
    )


def _type_of(one: ProjectedDistribution) -> FileType | None:
    return file_type("csv") if one.file else file_type(one.format, one.media_type)


def _has_format(one: ProjectedDistribution) -> bool:
    return one.file is not None or bool(one.format.strip())


def _has_media_type(one: ProjectedDistribution) -> bool:
    return _type_of(one) is not None or media_type_iri(one.media_type) is not None


def _is_open(one: ProjectedDistribution) -> bool:
    known = _type_of(one)
    return known is not None and known.is_open


def _is_readable(one: ProjectedDistribution) -> bool:
    known = _type_of(one)
    return known is not None and known.is_machine_readable


def _has_address(one: ProjectedDistribution) -> bool:
    return not one.access_url or web_address(one.access_url) is not None


def _has_licence(seen: _Seen) -> bool:
    named = seen.record.licence_id.strip()
    return bool(named) and named != "notspecified" and seen.some(lambda _: True)


_F, _A = Dimension.FINDABILITY, Dimension.ACCESSIBILITY
_I, _R, _C = Dimension.INTEROPERABILITY, Dimension.REUSABILITY, Dimension.CONTEXTUALITY

_MEASURES: Final = (
    _Measure(
        30,
        _F,
        "keywords",
        Text("填写关键词。", "Give keywords."),
        lambda s: bool(s.record.keywords),
    ),
    _Measure(
        30,
        _F,
        "themes",
        Text("选择主题。", "Choose a theme."),
        lambda s: bool(s.record.themes or s.record.directory.class_code),
    ),
    _Measure(
        20,
        _F,
        "spatial",
        Text("写明覆盖的区域。", "Say which area it covers."),
        lambda s: bool(s.record.directory.spatial.strip()),
    ),
    _Measure(
        20,
        _F,
        "temporal_start",
        Text("写明覆盖的时间。", "Say which time it covers."),
        lambda s: bool(s.record.directory.temporal_start or s.record.directory.temporal_end),
    ),
    _Measure(
        50,
        _A,
        "distributions",
        Text("给出可以访问的数据地址。", "Give an address of the data that answers."),
        lambda s: s.some(lambda one: _has_address(one) and s.is_reached(one)),
    ),
    _Measure(
        20,
        _A,
        "open_type",
        Text("提供可直接下载的文件。", "Offer a file that is fetched without asking."),
        lambda s: s.some(lambda one: one.file is not None),
    ),
    _Measure(
        30,
        _A,
        "open_type",
        Text("让下载地址可以访问。", "Let the download's address answer."),
        lambda s: s.some(lambda one: one.file is not None),
    ),
    _Measure(
        20,
        _I,
        "distributions",
        Text("写明数据格式。", "Say which format the data is in."),
        lambda s: s.some(_has_format),
    ),
    _Measure(
        10,
        _I,
        "distributions",
        Text("写明媒体类型。", "Say which media type the data has."),
        lambda s: s.some(_has_media_type),
    ),
    _Measure(
        10,
        _I,
        "distributions",
        Text("使用通用格式名称，如 CSV。", "Name the format by its usual name, such as CSV."),
        lambda s: s.some(lambda one: _type_of(one) is not None),
    ),
    _Measure(
        20,
        _I,
        "distributions",
        Text("提供开放格式。", "Offer a format that belongs to nobody."),
        lambda s: s.some(_is_open),
    ),
    _Measure(
        20,
        _I,
        "distributions",
        Text("提供机器可读的格式。", "Offer a format that programs can read."),
        lambda s: s.some(_is_readable),
    ),
    _Measure(
        30,
        _I,
        "tasks",
        Text("改正元数据中的错误。", "Mend what is wrong with the metadata."),
        lambda s: s.is_valid,
    ),
    _Measure(20, _R, "licence", Text("选择许可。", "Choose a licence."), _has_licence),
    _Measure(
        10,
        _R,
        "licence",
        Text("从列表中选择许可。", "Choose a licence from the list."),
        lambda s: _has_licence(s) and s.record.licence_id in LICENCES,
    ),
    # Every record says how free its data is, in the words of the EU's table.
    _Measure(10, _R, "open_type", Text("写明访问权限。", "Say how free it is."), lambda _: True),
    _Measure(5, _R, "open_type", Text("写明访问权限。", "Say how free it is."), lambda _: True),
    _Measure(
        20,
        _R,
        "maintainer",
        Text("写明联系人。", "Say whom to ask."),
        lambda s: bool(s.record.directory.maintainer or s.record.directory.maintainer_email),
    ),
    _Measure(10, _R, "publisher", Text("写明发布者。", "Say who publishes it."), lambda _: True),
    _Measure(
        5,
        _C,
        "open_condition",
        Text("写明使用条件。", "Say on what conditions it may be used."),
        lambda s: bool(s.record.access_words.strip()) and s.some(lambda _: True),
    ),
    _Measure(
        5,
        _C,
        "distributions",
        Text("提供文件以便得知其大小。", "Offer a file, so that its size is known."),
        lambda s: s.some(lambda one: one.file is not None and one.file.size_bytes is not None),
    ),
    _Measure(
        5,
        _C,
        "submit",
        Text("发布后才有发布日期。", "It has a date of publication once it is published."),
        lambda s: s.record.issued is not None,
    ),
    _Measure(5, _C, "title_zh", Text("写明修改日期。", "Say when it changed."), lambda _: True),
)

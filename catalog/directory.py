"""What a government resource directory and other catalogues hold of a dataset beyond its entry.

Every field may be missing; texts are kept as they came. Fields that a foreign catalogue has and
this one does not know travel in `extras`, so that nothing is lost on the way through.

Source: 政务信息资源目录编制指南(试行) (2017), 核心元数据; W3C DCAT 3; CKAN 2.12, package fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from catalog.errors import MalformedField, TextTooLong, TextUnwritable, TooManyEntries
from catalog.view import Json
from policies.terms import DatasetId

Plain = bool | str | Sequence["Plain"]

TEXT_LENGTH_CHARACTERS: Final = 2_000
EXTRAS_MAX: Final = 500
EXTRA_LENGTH_CHARACTERS: Final = 1_000_000
LIST_MAX: Final = 200
DEPARTMENT_FIELDS: Final = ("share_condition", "share_channel", "source_system", "contact_phone")
"""Fields that are told to departments alone: they say how departments get the data."""


class FormatClass(StrEnum):
    """The kind of thing the data is in. Source: 编制指南, 信息资源格式."""

    FILE = "file"
    SPREADSHEET = "spreadsheet"
    DATABASE = "database"
    IMAGE = "image"
    STREAM = "stream"
    SELF_DESCRIBING = "self_describing"


class ShareChannel(StrEnum):
    """How departments get the data. Source: 编制指南, 共享方式."""

    INTERFACE = "interface"
    DATABASE = "database"
    FILE = "file"
    MAIL = "mail"
    MEDIA = "media"


class RecordAudience(StrEnum):
    """Who sees that the dataset exists, whoever gets its data."""

    PUBLIC = "public"
    DEPARTMENTS = "departments"
    OWN = "own"


_CLASS_CODE: Final = re.compile(r"[1-9]([0-9]{2}([0-9]{3}([0-9]{1,12})?)?)?")
_GOV_CODE: Final = re.compile(r"[0-9A-Za-z]{1,40}(/[0-9A-Za-z]{1,40})?")


@dataclass(frozen=True, slots=True)
class Directory:
    """The further metadata of a dataset; an empty text says that nothing was given.

    Raises: MalformedField, TextTooLong, TextUnwritable, TooManyEntries.
    """

    type_name: str = "dataset"
    """What clients of CKAN call the kind of record: `dataset`, `series`, or a name of their own."""
    class_code: str = ""
    """信息资源分类: class (1 digit), item (2), subject (3), detail (any)."""
    gov_code: str = ""
    """信息资源代码: class code, a slash, a sequence number; unique with its provider."""
    registration_number: str = ""
    """登记编号 under the rules for registering public data."""
    format_class: FormatClass | None = None
    share_condition: str = ""
    share_channel: ShareChannel | None = None
    open_condition: str = ""
    is_classified: bool = False
    """涉密: the record never leaves the site."""
    field_of_use: str = ""
    """数据领域."""
    scenario: str = ""
    """应用场景."""
    source_system: str = ""
    temporal_start: date | None = None
    temporal_end: date | None = None
    spatial: str = ""
    """An area: a code of GB/T 2260, or its name."""
    landing_page: str = ""
    version_label: str = ""
    author: str = ""
    author_email: str = ""
    maintainer: str = ""
    """联系人: whom to ask."""
    maintainer_email: str = ""
    contact_phone: str = ""
    conforms_to: str = ""
    provenance: str = ""
    languages: tuple[str, ...] = ()
    """BCP 47 tags of the data itself."""
    legislation: tuple[str, ...] = ()
    """Laws that the dataset is kept under, by address or name."""
    related_codes: tuple[str, ...] = ()
    """关联资源代码."""
    in_series: DatasetId | None = None
    main_language: str = ""
    """`zh` or `en`: which of two texts a client gets that takes one; empty: the Chinese one."""
    given_empty: tuple[str, ...] = ()
    """Fields that a client of CKAN sent empty, which it tells apart from not sent."""
    identifiers: tuple[str, ...] = ()
    """What other catalogues call it; the first is where it was taken from."""
    extras: tuple[tuple[str, str], ...] = ()
    """Key and value pairs of a foreign catalogue, in their order; keys are unique."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, str):
                _check(each.name, value, TEXT_LENGTH_CHARACTERS)
            elif isinstance(value, tuple) and each.name != "extras":
                if len(value) > LIST_MAX:
                    raise TooManyEntries(each.name, LIST_MAX)
                for item in value:
                    _check(each.name, item, TEXT_LENGTH_CHARACTERS)
        for code in ("class_code", "gov_code"):
            if not is_well_formed(code, getattr(self, code)):
                raise MalformedField(code)
        if self.temporal_start and self.temporal_end and self.temporal_end < self.temporal_start:
            raise MalformedField("temporal_end")
        if len(self.extras) > EXTRAS_MAX:
            raise TooManyEntries("extras", EXTRAS_MAX)
        if len(dict(self.extras)) != len(self.extras):
            raise MalformedField("extras")
        for key, value in self.extras:
            _check("extras", key, TEXT_LENGTH_CHARACTERS)
            _check("extras", value, EXTRA_LENGTH_CHARACTERS)

    @property
    def is_series(self) -> bool:
        """Whether the record gathers other datasets. Source: DCAT 3, `dcat:DatasetSeries`."""
        return self.type_name == "series"

    def as_json(self) -> dict[str, Plain]:
        """The stored form: only what was given, under the names of the fields."""
        plain: dict[str, Plain] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value == each.default:
                continue
            if isinstance(value, date | UUID):
                plain[each.name] = str(value)
            elif isinstance(value, StrEnum):
                plain[each.name] = value.value
            elif isinstance(value, tuple):
                plain[each.name] = [list(i) if isinstance(i, tuple) else i for i in value]
            else:
                plain[each.name] = value
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Directory:
        """Read the stored form, which `as_json` wrote."""
        series = stored.get("in_series")
        return cls(
            type_name=str(stored.get("type_name", "dataset")),
            format_class=_member(FormatClass, stored.get("format_class")),
            share_channel=_member(ShareChannel, stored.get("share_channel")),
            is_classified=stored.get("is_classified") is True,
            temporal_start=_day(stored.get("temporal_start")),
            temporal_end=_day(stored.get("temporal_end")),
            languages=_texts(stored.get("languages")),
            legislation=_texts(stored.get("legislation")),
            related_codes=_texts(stored.get("related_codes")),
            given_empty=_texts(stored.get("given_empty")),
            identifiers=_texts(stored.get("identifiers")),
            in_series=None if series is None else DatasetId(UUID(str(series))),
            extras=tuple((str(pair[0]), str(pair[1])) for pair in _pairs(stored.get("extras"))),
            **{name: str(stored.get(name, "")) for name in _PLAIN_TEXTS},
        )


def is_well_formed(field: str, code: str) -> bool:
    """Whether a text may stand in `class_code` or `gov_code`; an empty one may."""
    form = {"class_code": _CLASS_CODE, "gov_code": _GOV_CODE}[field]
    return not code or form.fullmatch(code) is not None


_PLAIN_TEXTS: Final = (
    "class_code",
    "gov_code",
    "registration_number",
    "share_condition",
    "open_condition",
    "field_of_use",
    "scenario",
    "source_system",
    "spatial",
    "landing_page",
    "version_label",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "contact_phone",
    "conforms_to",
    "provenance",
    "main_language",
)


_Member = TypeVar("_Member", FormatClass, ShareChannel)


def _member(of: type[_Member], value: Json) -> _Member | None:
    return None if value is None else of(str(value))


def _check(field: str, text: str, characters_max: int) -> None:
    if len(text) > characters_max:
        raise TextTooLong(field, characters_max)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise TextUnwritable(field)


def _day(value: Json) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, Sequence) else ()


def _pairs(value: Json) -> list[Sequence[Json]]:
    if not isinstance(value, Sequence):
        return []
    return [pair for pair in value if isinstance(pair, Sequence) and len(pair) == 2]

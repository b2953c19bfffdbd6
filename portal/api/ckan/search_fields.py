"""Single fields of the datasets that a search found, under the names that its `fl` has for them.

Only the parts of records that hold these fields are read, so that a crawler which asks for ids and
times of a whole catalogue costs little.

Source: CKAN 2.12, its Solr schema: the fields that are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from catalog.directory import RecordAudience
from catalog.record import Part, Record
from catalog.records import records_with
from catalog.search.follow import vocabulary_names
from catalog.view import Json
from policies.party import UNOWNED
from policies.terms import DatasetId
from portal.api.ckan.call import Call
from portal.api.ckan.governance import told_extras
from portal.api.ckan.package_shapes import STATES, resource_url, seen_series, told
from portal.api.ckan.plain import moment, plain

_EXTRAS: Final = "extras_"
_VOCABULARY: Final = "vocab_"


def found_fields(
    call: Call, dataset_ids: Sequence[DatasetId], wanted: Sequence[str]
) -> list[Mapping[str, Json]]:
    """These fields of each dataset, as far as it exists for the caller; what has no value or no
    such name is left out.
    """
    fields = {name: field for name in wanted if (field := _field_of(call, name)) is not None}
    parts = frozenset[Part]().union(*(field.parts for field in fields.values()))
    return [
        {
            name: value
            for name, field in fields.items()
            if (value := field.of(call, record)) is not None
        }
        for record in records_with(call.tx, dataset_ids, parts, by=call.actor)
    ]


@dataclass(frozen=True, slots=True)
class _Field:
    of: Callable[[Call, Record], Json]
    parts: frozenset[Part] = frozenset()


def _field_of(call: Call, name: str) -> _Field | None:
    if name.startswith(_EXTRAS):
        return _extra(name.removeprefix(_EXTRAS))
    if name.startswith(_VOCABULARY):
        return _terms(vocabulary_names(call.tx), name.removeprefix(_VOCABULARY))
    return _FIELDS.get(name)


def _extra(key: str) -> _Field:
    def read(call: Call, record: Record) -> Json:
        series_ids = seen_series(call, [record]) if key == "in_series" else ()
        for pair in told_extras(record.dataset, series_ids, by=call.actor):
            if isinstance(pair, Mapping) and pair["key"] == key:
                return pair["value"]
        return None

    return _Field(read)


def _terms(names: Mapping[UUID, str], vocabulary: str) -> _Field:
    def read(call: Call, record: Record) -> Json:
        del call
        return [one.name for one in record.terms if names.get(one.vocabulary_id) == vocabulary]

    return _Field(lambda call, record: read(call, record) or None, frozenset({Part.TERMS}))


def _title(call: Call, record: Record) -> Json:
    del call
    entry = record.dataset.entry
    return told(entry.title, entry.directory.main_language).strip()


def _notes(call: Call, record: Record) -> Json:
    del call
    entry = record.dataset.entry
    return told(entry.summary, entry.directory.main_language) or None


def _tags(call: Call, record: Record) -> list[Json]:
    del call
    return [*sorted((*record.dataset.entry.keywords, *(term.name for term in record.terms)))]


def _groups(call: Call, record: Record) -> Json:
    del call
    return [theme.slug for theme in record.themes if not theme.is_removed]


def _is_private(record: Record) -> bool:
    return record.dataset.entry.audience is not RecordAudience.PUBLIC


def _creator(call: Call, record: Record) -> Json:
    del call
    creator = record.dataset.created_by
    return None if creator is None else str(creator)


def _of_directory(attribute: str) -> _Field:
    return _Field(lambda _, record: getattr(record.dataset.entry.directory, attribute) or None)


def _of_files(read: Callable[[Call, Record], list[Json]]) -> _Field:
    return _Field(read, frozenset({Part.DISTRIBUTIONS}))


_TAGGED: Final = frozenset({Part.TERMS})
_FIELDS: Final[Mapping[str, _Field]] = {
    "id": _Field(lambda _, record: str(record.dataset.id)),
    "name": _Field(lambda _, record: record.dataset.slug),
    "title": _Field(_title),
    "title_string": _Field(_title),
    "notes": _Field(_notes),
    "license_id": _Field(lambda _, record: record.dataset.entry.licence or None),
    "owner_org": _Field(
        lambda _, record: None if record.publisher.id == UNOWNED else str(record.publisher.id)
    ),
    "organization": _Field(
        lambda _, record: None if record.publisher.id == UNOWNED else record.publisher.slug
    ),
    "private": _Field(lambda _, record: _is_private(record)),
    "capacity": _Field(lambda _, record: "private" if _is_private(record) else "public"),
    "state": _Field(lambda _, record: STATES[record.dataset.state]),
    "type": _of_directory("type_name"),
    "dataset_type": _of_directory("type_name"),
    "entity_type": _Field(lambda *_: "package"),
    "creator_user_id": _Field(_creator),
    "metadata_created": _Field(lambda _, record: moment(record.dataset.created_at)),
    "metadata_modified": _Field(lambda _, record: moment(record.dataset.modified_at)),
    "author": _of_directory("author"),
    "author_email": _of_directory("author_email"),
    "maintainer": _of_directory("maintainer"),
    "maintainer_email": _of_directory("maintainer_email"),
    "url": _of_directory("landing_page"),
    "version": _of_directory("version_label"),
    "tags": _Field(_tags, _TAGGED),
    "num_tags": _Field(lambda call, record: len(_tags(call, record)), _TAGGED),
    "groups": _Field(_groups, frozenset({Part.THEMES})),
    "num_resources": _Field(
        lambda _, record: len(record.distributions), frozenset({Part.DISTRIBUTIONS})
    ),
    "res_name": _of_files(
        lambda _, record: [plain(one.distribution.title) for one in record.distributions]
    ),
    "res_description": _of_files(
        lambda _, record: [plain(one.distribution.description) for one in record.distributions]
    ),
    "res_format": _of_files(
        lambda _, record: [one.distribution.format for one in record.distributions]
    ),
    "res_url": _of_files(
        lambda call, record: [resource_url(call, one) for one in record.distributions]
    ),
}

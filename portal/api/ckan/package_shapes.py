"""Records as CKAN's packages and resources.

Every key is always there, since clients take what they know without asking whether it is.

Source: CKAN 2.12, `package_show`; specification of fields in its API guide.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from catalog.curation.relate import relationships_of
from catalog.dataset import DatasetState, Distribution
from catalog.directory import RecordAudience
from catalog.find import datasets_with_ids
from catalog.kept_file import FILE_KEY
from catalog.record import Record, RecordDistribution
from catalog.records import records_of
from catalog.relationship import Relationship
from catalog.theme import Theme
from catalog.view import Json
from policies.decision.clause import Licence
from policies.identity.organize import presented_organizations
from policies.party import UNOWNED
from policies.presentation import PresentedOrganization
from policies.terms import DatasetId, OrganizationId, Text
from portal.api.ckan.call import Call
from portal.api.ckan.governance import told_extras
from portal.api.ckan.images import display_url
from portal.api.ckan.licences import known_licences
from portal.api.ckan.plain import moment, plain

Package = dict[str, Json]
Resource = dict[str, Json]

EMPTY_KEY: Final = "weir_empty"
"""Fields of a resource that were sent empty, other than not sent."""
UPLOAD: Final = "upload"
STATES: Final[Mapping[DatasetState, str]] = {
    DatasetState.DRAFT: "draft",
    DatasetState.SUBMITTED: "draft",
    DatasetState.REVIEWED: "draft",
    DatasetState.PUBLISHED: "active",
    DatasetState.WITHDRAWN: "deleted",
}
_FILE_NAME: Final = re.compile(r"[^a-z0-9_. \-]")
_DASHES: Final = re.compile(r"-+")
_TEXTS: Final = {
    "author": "author",
    "author_email": "author_email",
    "maintainer": "maintainer",
    "maintainer_email": "maintainer_email",
    "url": "landing_page",
    "version": "version_label",
}
"""Fields of a package and those of the directory that hold them."""
RESOURCE_TEXTS: Final = {
    "format": "format",
    "mimetype": "media_type",
    "resource_type": "kind",
}
RESOURCE_OTHERS: Final = (
    "mimetype_inner",
    "hash",
    "size",
    "cache_url",
    "cache_last_updated",
    "last_modified",
    "url_type",
)


def packages_with_ids(call: Call, dataset_ids: Sequence[DatasetId]) -> list[Package]:
    """The packages of these datasets, as far as they exist for the caller, in the same order."""
    records = records_of(call.tx, dataset_ids, by=call.actor)
    links = relationships_of(call.tx, [one.dataset.id for one in records], by=call.actor)
    begun: defaultdict[DatasetId, list[Relationship]] = defaultdict(list)
    ended: defaultdict[DatasetId, list[Relationship]] = defaultdict(list)
    for link in links:
        begun[link.subject_id].append(link)
        ended[link.object_id].append(link)
    publishers = {
        one.organization.id: one
        for one in presented_organizations(
            call.tx, list({record.publisher.id for record in records})
        )
    }
    licences = known_licences(call.at)
    series_ids = seen_series(call, records)
    return [
        {
            **_package(call, record, publishers, licences, series_ids),
            "relationships_as_subject": [relationship(link) for link in begun[record.dataset.id]],
            "relationships_as_object": [relationship(link) for link in ended[record.dataset.id]],
        }
        for record in records
    ]


def seen_series(call: Call, records: Sequence[Record]) -> frozenset[DatasetId]:
    """Those of the series that these records are in which exist for the caller."""
    wanted = {record.dataset.entry.directory.in_series for record in records}
    found = datasets_with_ids(call.tx, [one for one in wanted if one], by=call.actor)
    return frozenset(one.id for one in found)


def _package(
    call: Call,
    record: Record,
    publishers: Mapping[OrganizationId, PresentedOrganization],
    licences: Mapping[str, Licence],
    series_ids: Collection[DatasetId],
) -> Package:
    dataset, entry = record.dataset, record.dataset.entry
    directory = entry.directory
    empty = directory.given_empty
    is_owned = record.publisher.id != UNOWNED
    licence = licences.get(entry.licence)
    tags = tags_of(record)
    resources = [resource_shape(call, held) for held in record.distributions]
    package: Package = {
        "id": str(dataset.id),
        "name": dataset.slug,
        "title": told(entry.title, directory.main_language).strip(),
        "title_translated": entry.title.as_map(),
        "notes": _or_none("notes", told(entry.summary, directory.main_language), empty),
        "notes_translated": entry.summary.as_map(),
        "license_id": _or_none("license_id", entry.licence, empty),
        "license_title": entry.licence or None if licence is None else plain(licence.title),
        "isopen": licence is not None and licence.is_open,
        "owner_org": str(record.publisher.id) if is_owned else None,
        "organization": _organization(publishers.get(record.publisher.id)) if is_owned else None,
        "private": entry.audience is not RecordAudience.PUBLIC,
        "state": STATES[dataset.state],
        "type": directory.type_name,
        "creator_user_id": None if dataset.created_by is None else str(dataset.created_by),
        "metadata_created": moment(dataset.created_at),
        "metadata_modified": moment(dataset.modified_at),
        "num_resources": len(resources),
        "num_tags": len(tags),
        "tags": tags,
        "groups": [_group(call, theme) for theme in record.themes if not theme.is_removed],
        "extras": told_extras(dataset, series_ids, by=call.actor),
        "resources": resources,
    }
    for name, ours in _TEXTS.items():
        package[name] = _or_none(name, getattr(directory, ours), empty)
    if licence is not None and licence.url:
        package["license_url"] = licence.url
    return package


def told(text: Text, main_language: str) -> str:
    """The one text that a client of CKAN gets."""
    if main_language == "en":
        return text.en or text.zh
    return plain(text)


def tags_of(record: Record) -> list[Json]:
    """Free keywords and controlled terms together, by name."""
    named = [(name, free_tag_id(name), "") for name in record.dataset.entry.keywords]
    named += [(term.name, str(term.id), str(term.vocabulary_id)) for term in record.terms]
    return [
        {
            "id": tag_id,
            "name": name,
            "display_name": name,
            "state": "active",
            "vocabulary_id": vocabulary_id or None,
        }
        for name, tag_id, vocabulary_id in sorted(named, key=lambda tag: (tag[0], tag[2]))
    ]


def free_tag_id(name: str) -> str:
    """The id of a free keyword, the same wherever it stands."""
    return str(uuid5(NAMESPACE_URL, f"tag:{name}"))


def resource_shape(call: Call, held: RecordDistribution) -> Resource:
    """A distribution as a resource."""
    one, details = held.distribution, held.distribution.details
    empty = details.get(EMPTY_KEY)
    blanks = tuple(str(name) for name in empty) if isinstance(empty, Sequence) else ()
    resource: Resource = {
        name: value for name, value in details.items() if name not in (FILE_KEY, EMPTY_KEY)
    }
    for name in RESOURCE_OTHERS:
        resource.setdefault(name, None)
    resource |= {
        "id": str(one.id),
        "package_id": str(one.dataset_id),
        "name": _or_none("name", plain(one.title), blanks),
        "description": _or_none("description", plain(one.description), blanks),
        "position": one.position,
        "state": "active",
        "created": details.get("created") or moment(one.created_at),
        "metadata_modified": moment(one.modified_at),
        "datastore_active": held.newest is not None,
        "url": resource_url(call, held),
    }
    for name, ours in RESOURCE_TEXTS.items():
        resource[name] = _or_none(name, getattr(one, ours), blanks)
    if resource["format"] is None:
        resource["format"] = ""
    if FILE_KEY not in details and not one.access_url and held.newest is not None:
        resource["url_type"] = UPLOAD
    return resource


def resource_url(call: Call, held: RecordDistribution) -> str:
    """Where the bytes are: here, where they were sent or read in, else at the publisher's link."""
    one = held.distribution
    sent = one.details.get(FILE_KEY)
    if isinstance(sent, Mapping):
        return download_url(call.site_url, one, str(sent.get("file_name", "")))
    if one.access_url:
        return one.access_url if urlsplit(one.access_url).scheme else f"http://{one.access_url}"
    if held.newest is not None:
        return download_url(call.site_url, one, held.file_name)
    return ""


def download_url(site_url: str, one: Distribution, file_name: str) -> str:
    """The address at which a distribution's bytes are handed out as they came."""
    name = quote(plain_file_name(file_name))
    return f"{site_url}/dataset/{one.dataset_id}/resource/{one.id}/download/{name}"


def plain_file_name(file_name: str) -> str:
    """A file's name in an address: small letters of ASCII, digits, points, dashes and underscores;
    the words of other scripts are left out, and its ending stays.
    """
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    name = _DASHES.sub("-", _FILE_NAME.sub("", name.strip().lower()).strip().replace(" ", "-"))
    stem, point, ending = name.rpartition(".")
    if point and not stem:
        name = f"file.{ending}"
    return (name or "file")[-100:]


def relationship(link: Relationship) -> Json:
    """A link as CKAN's clients know it."""
    return {
        "id": str(link.id),
        "subject_package_id": str(link.subject_id),
        "object_package_id": str(link.object_id),
        "type": link.kind.value,
        "comment": link.comment,
        "state": "active",
    }


def _organization(presented: PresentedOrganization | None) -> Json:
    if presented is None or presented.presentation.is_removed:
        return None
    organization, shown = presented.organization, presented.presentation
    return {
        "id": str(organization.id),
        "name": organization.slug,
        "title": plain(organization.title) if shown.is_titled else "",
        "type": shown.type_name,
        "description": plain(shown.description),
        "image_url": shown.image_url,
        "created": moment(organization.created_at),
        "is_organization": True,
        "approval_status": shown.approval_status,
        "state": "active",
    }


def _group(call: Call, theme: Theme) -> Json:
    return {
        "id": str(theme.id),
        "name": theme.slug,
        "title": plain(theme.title),
        "display_name": plain(theme.title) or theme.slug,
        "description": plain(theme.description),
        "image_display_url": display_url(call.site_url, theme.image_url, "group"),
    }


def _or_none(name: str, text: str, empty: Sequence[str]) -> Json:
    """CKAN tells an empty text from one that was never given."""
    if text:
        return text
    return "" if name in empty else None

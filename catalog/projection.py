"""One record, three audiences: what the public, a department or a buyer is told of a dataset.

A projection holds only what its face may say, so a format that writes all of it writes nothing too
much. Classified records have no projection: they never leave the site.

Source: 政务数据共享条例 art. 13-14; 政务信息资源目录编制指南(试行) (2017), 核心元数据.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypedDict

from catalog.audience import audience_of
from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId
from catalog.directory import Directory
from catalog.kept_file import KeptFile, is_document, kept_file_of
from catalog.record import Record
from catalog.theme import Term, Theme
from catalog.version import Column
from policies.decision.clause import Licence
from policies.party import Actor, Organization, OrganizationKind
from policies.terms import DatasetId, OpenType, ShareType, Text, UpdateCycle


class _Stated(TypedDict, total=False):
    stated_bytes: int
    stated_digest: str


_DIGEST: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")
_SIZE_DIGITS_MAX: Final = 18
_BUYERS = (OrganizationKind.ENTERPRISE, OrganizationKind.OPERATOR)


class Face(StrEnum):
    """For whom a record is written."""

    PUBLIC = "public"
    DEPARTMENT = "department"
    BUYER = "buyer"


class AccessRight(StrEnum):
    """How free the data is for the face. Source: EU authority table `access-right`."""

    PUBLIC = "PUBLIC"
    RESTRICTED = "RESTRICTED"
    NON_PUBLIC = "NON_PUBLIC"


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A whole file that everybody may fetch without asking."""

    columns: tuple[Column, ...]
    """Those that the open listing shows; in the order of the file."""
    sha256: str = ""
    """Of the bytes that the address serves; empty where nobody asked yet."""
    size_bytes: int | None = None
    """None where nobody asked yet."""


@dataclass(frozen=True, slots=True)
class ProjectedDistribution:
    """One form of the data, as the face is told of it."""

    id: DistributionId
    slug: str
    title: Text
    description: Text
    access_url: str
    """Where the data is elsewhere; empty where it is here."""
    format: str
    media_type: str
    modified_at: datetime
    file: OpenFile | None
    """None where the file is not for everybody, or there is none."""
    document: KeptFile | None = None
    """A file that is no table and that everybody may fetch; None for all others."""
    stated_bytes: int | None = None
    """Size of data that is elsewhere, where its publisher states it."""
    stated_digest: str = ""
    """Its MD5, SHA-1 or SHA-256 in hexadecimal, where its publisher states it; else empty."""


@dataclass(frozen=True, slots=True)
class Linked:
    """As much of another dataset as a link to it has to say."""

    id: DatasetId
    title: Text
    summary: Text


@dataclass(frozen=True, slots=True)
class Projection:
    """A record as one face is told of it."""

    face: Face
    id: DatasetId
    slug: str
    title: Text
    summary: Text
    publisher: Organization
    access_right: AccessRight
    access_words: str
    """On what condition or by what law it is so; may be empty."""
    share_type: ShareType | None
    """None for faces that sharing does not concern."""
    licence_id: str
    licence: Licence | None
    """None where the id is not on the closed list."""
    keywords: tuple[str, ...]
    themes: tuple[Theme, ...]
    terms: tuple[Term, ...]
    update_cycle: UpdateCycle
    created_at: datetime
    modified_at: datetime
    issued: datetime | None
    """None before its first publication."""
    directory: Directory
    """Without the fields that are not for this face."""
    distributions: tuple[ProjectedDistribution, ...]
    inputs: tuple[Linked, ...] = ()
    series: Linked | None = None
    """None outside a series, or where the face may not know of it."""


def face_of(actor: Actor) -> Face:
    """The face that `actor` sees."""
    if audience_of(actor).is_department:
        return Face.DEPARTMENT
    organization = actor.organization
    if organization is not None and organization.kind in _BUYERS:
        return Face.BUYER
    return Face.PUBLIC


def project(
    record: Record,
    face: Face,
    *,
    licences: Mapping[str, Licence],
    files: Mapping[DistributionId, OpenFile],
    links: Mapping[DatasetId, Linked],
) -> Projection | None:
    """What `face` is told of a record that exists for it; None where it is classified.

    `files` are those that everybody may fetch; `links` the other datasets that the face may know.
    """
    dataset, entry = record.dataset, record.dataset.entry
    if entry.directory.is_classified:
        return None
    right, words = _access(record, face)
    return Projection(
        face=face,
        id=dataset.id,
        slug=dataset.slug,
        title=entry.title,
        summary=entry.summary,
        publisher=record.publisher,
        access_right=right,
        access_words=words,
        share_type=entry.share_type if face is Face.DEPARTMENT else None,
        licence_id=entry.licence,
        licence=licences.get(entry.licence),
        keywords=entry.keywords,
        themes=tuple(theme for theme in record.themes if not theme.is_removed),
        terms=record.terms,
        update_cycle=entry.update_cycle,
        created_at=dataset.created_at,
        modified_at=dataset.modified_at,
        issued=dataset.issued,
        directory=_directory(entry.directory, face),
        distributions=tuple(
            ProjectedDistribution(
                id=held.distribution.id,
                slug=held.distribution.slug,
                title=held.distribution.title,
                description=held.distribution.description,
                access_url=held.distribution.access_url,
                format=held.distribution.format,
                media_type=held.distribution.media_type,
                modified_at=held.distribution.modified_at,
                file=files.get(held.distribution.id),
                document=_document(dataset, held.distribution),
                **_stated(held.distribution),
            )
            for held in record.distributions
            if not held.distribution.is_removed
        ),
        inputs=tuple(links[one] for one in record.input_ids if one in links),
        series=links.get(entry.directory.in_series) if entry.directory.in_series else None,
    )


def _document(dataset: Dataset, one: Distribution) -> KeptFile | None:
    is_open = dataset.state is DatasetState.PUBLISHED and dataset.is_for_all
    return kept_file_of(one) if is_open and is_document(one) else None


def _stated(one: Distribution) -> _Stated:
    """Size and digest of data elsewhere, as far as what is stated can be one."""
    if not one.access_url:
        return {}
    size, digest = one.details.get("size"), one.details.get("hash")
    told: _Stated = {}
    if isinstance(size, str) and size.isdecimal() and len(size) <= _SIZE_DIGITS_MAX:
        size = int(size)
    if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
        told["stated_bytes"] = size
    if isinstance(digest, str):
        text = digest.rpartition(":")[2].strip().lower()
        if _DIGEST.fullmatch(text):
            told["stated_digest"] = text
    return told


def linked(record: Record) -> Linked | None:
    """As much of a record as a link says; None where it is classified."""
    entry = record.dataset.entry
    if entry.directory.is_classified:
        return None
    return Linked(record.dataset.id, entry.title, entry.summary)


def _directory(whole: Directory, face: Face) -> Directory:
    # A foreign catalogue's own fields may hold anything, so they go out on its own face alone.
    kept = replace(whole, extras=(), in_series=None)
    if face is Face.DEPARTMENT:
        return kept
    return replace(kept, share_condition="", share_channel=None, source_system="", contact_phone="")


def _access(record: Record, face: Face) -> tuple[AccessRight, str]:
    entry = record.dataset.entry
    if face is Face.DEPARTMENT:
        match entry.share_type:
            case ShareType.UNCONDITIONAL:
                return AccessRight.PUBLIC, entry.directory.share_condition
            case ShareType.CONDITIONAL:
                return AccessRight.RESTRICTED, entry.directory.share_condition
            case ShareType.NOT_SHARED:
                return AccessRight.NON_PUBLIC, entry.share_basis
    match entry.open_type:
        case OpenType.UNCONDITIONAL:
            return AccessRight.PUBLIC, entry.directory.open_condition
        case OpenType.CONDITIONAL:
            return AccessRight.RESTRICTED, entry.directory.open_condition
        case OpenType.NOT_OPEN:
            return AccessRight.NON_PUBLIC, entry.open_basis

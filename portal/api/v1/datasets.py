"""Datasets: registering, describing, finding, and the steps to publication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from catalog import find, publish, quarantine
from catalog.curation import classify, describe, series
from catalog.curation.classify_errors import NotASeries
from catalog.curation.themes import themes_of_dataset
from catalog.dataset import Dataset, DatasetState, Distribution, Entry
from catalog.directory import Directory, RecordAudience
from catalog.errors import PublisherNeeded, VersionNotFound
from catalog.history import history_of
from catalog.misfit import QuarantineCount
from catalog.version import Verdict, Version, VersionState, WithdrawalReason
from policies.database import Tx
from policies.identity.people import organization_named, organization_with_id
from policies.party import Actor, Organization
from policies.terms import Grade, OpenType, OrganizationId, ShareType, Text, UpdateCycle
from portal.api.v1.directory_body import (
    DirectoryBody,
    directory_body,
    directory_with,
    in_series,
)
from portal.jobs import ask_for_copies
from portal.pages.dataset.reader import look_at, report_for
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of
from quality.report import report_as_json
from quality.rules import read_report

router = APIRouter(prefix="/api/v1/datasets", tags=["datasets"])

PAGE_DEFAULT = 20
QUERY_LENGTH_CHARACTERS = 1_000
FIRST_DISTRIBUTION = "data"
"""Name of the distribution that a dataset is registered with, where none is named."""


class Words(BaseModel):
    """A text in Chinese, English or both."""

    model_config = ConfigDict(extra="forbid")

    zh: str = ""
    en: str = ""

    def as_text(self) -> Text:
        """The text as the packages below know it."""
        return Text(zh=self.zh, en=self.en)


class NewDistribution(BaseModel):
    """A form of the data to add."""

    model_config = ConfigDict(extra="forbid")

    slug: str
    title: Words


class DistributionChange(BaseModel):
    """What of a distribution is to be different."""

    model_config = ConfigDict(extra="forbid")

    title: Words | None = None
    key_columns: list[str] | None = None
    """The columns by which rows are sorted and found fastest."""


class NewDataset(BaseModel):
    """A dataset to register."""

    model_config = ConfigDict(extra="forbid")

    slug: str
    title: Words
    summary: Words = Words()
    publisher: str | None = None
    """Slug of the organisation; null: the one that the caller acts for."""
    grade: Grade = Grade.GENERAL
    share_type: ShareType
    share_basis: str = ""
    open_type: OpenType
    open_basis: str = ""
    update_cycle: UpdateCycle
    licence: str = ""
    keywords: list[str] = []
    audience: RecordAudience = RecordAudience.PUBLIC
    """Who sees the record once it is published, whoever gets its data."""
    directory: DirectoryBody = DirectoryBody()
    themes: list[str] = []
    """Slugs of the themes that it stands under."""
    series: str | None = None
    """Slug of the series that it is part of."""
    distributions: list[NewDistribution] | None = None
    """Null: one, called “data”, or none for a series."""


class DatasetChange(BaseModel):
    """What is said of a dataset that is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Words | None = None
    summary: Words | None = None
    grade: Grade | None = None
    share_type: ShareType | None = None
    share_basis: str | None = None
    open_type: OpenType | None = None
    open_basis: str | None = None
    update_cycle: UpdateCycle | None = None
    licence: str | None = None
    keywords: list[str] | None = None
    audience: RecordAudience | None = None
    directory: DirectoryBody | None = None
    """Only the fields in it change."""
    themes: list[str] | None = None
    """Slugs of all themes that it is to stand under."""
    series: str | None = None
    """Slug of the series that it is to be part of; an empty text takes it out."""
    inputs: list[str] | None = None
    """Slugs of the datasets that it was made from."""


class Reason(BaseModel):
    """Why something is handed back or taken away."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class PublisherBody(BaseModel):
    """Who publishes."""

    slug: str
    title: dict[str, str]


class ColumnBody(BaseModel):
    """A column of a version."""

    name: str
    type: str
    precision: int | None = None
    scale: int | None = None


class VersionBody(BaseModel):
    """A version as it exists for the caller."""

    id: UUID
    distribution: str
    number: int
    state: VersionState
    verdict: Verdict | None
    report: str | None
    """Address of the quality report; null while the version is being checked."""
    digest: str
    columns: list[ColumnBody]
    reading: dict[str, object]
    """How the file was read: everything that was assumed."""
    row_count: int
    set_aside: int
    """Values and rows that are not in the table since they do not fit or break a rule."""
    size_bytes: int
    created_at: datetime
    published_at: datetime | None
    withdrawal: WithdrawalReason | None = None
    """Why it was withdrawn by itself; null where it was not."""
    withdrawal_words: str = ""
    withdrawn_at: datetime | None = None


class DistributionBody(BaseModel):
    """A distribution with the newest version that exists for the caller."""

    id: UUID
    slug: str
    title: dict[str, str]
    key_columns: list[str]
    newest: VersionBody | None


class DatasetBody(BaseModel):
    """A dataset as the catalogue lists it."""

    id: UUID
    slug: str
    title: dict[str, str]
    summary: dict[str, str]
    publisher: PublisherBody
    grade: Grade
    share_type: ShareType
    share_basis: str
    open_type: OpenType
    open_basis: str
    update_cycle: UpdateCycle
    licence: str
    keywords: list[str]
    state: DatasetState
    state_reason: str
    created_at: datetime
    modified_at: datetime
    issued: datetime | None


class FullDatasetBody(DatasetBody):
    """A dataset with everything that is in it for the caller."""

    audience: RecordAudience
    directory: dict[str, object]
    """The directory fields that were given, as far as the caller may know them."""
    themes: list[str]
    series: str | None
    distributions: list[DistributionBody]
    inputs: list[str]


class FieldChangeBody(BaseModel):
    """One field of a record, before and after; null where nothing was given."""

    field: str
    before: str | list[str] | None
    after: str | list[str] | None


class RecordChangeBody(BaseModel):
    """One thing that was done to a record."""

    kind: str
    at: datetime
    by: UUID | None
    """Only for the record's own people and those who oversee."""
    reason: str
    changes: list[FieldChangeBody]
    leaf_index: int | None
    """Where the evidence log proves it."""


class RecordHistory(BaseModel):
    """What was done to a record, newest first."""

    items: list[RecordChangeBody]


class DatasetPage(BaseModel):
    """Datasets, best first."""

    items: list[DatasetBody]
    count: int
    """Of all pages together."""
    next: str | None
    """What to give as `cursor` for the following ones; null where these are the last."""


class VersionPage(BaseModel):
    """Versions, newest first."""

    items: list[VersionBody]


@router.get("")
def search(
    request: Request,
    q: Annotated[str, Query(max_length=QUERY_LENGTH_CHARACTERS)] = "",
    publisher: str | None = None,
    state: DatasetState | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=find.PAGE_MAX)] = PAGE_DEFAULT,
) -> DatasetPage:
    """Datasets that exist for the caller, by words; open to everybody."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        found = find.search(
            tx,
            wiring_of(request).search,
            q,
            by=actor,
            publisher_id=None if publisher is None else organization_named(tx, publisher).id,
            state=state,
            cursor=cursor,
            limit=limit,
        )
        publishers = {
            publisher_id: organization_with_id(tx, publisher_id)
            for publisher_id in {dataset.publisher_id for dataset in found.datasets}
        }
    return DatasetPage(
        items=[body_of(dataset, publishers[dataset.publisher_id]) for dataset in found.datasets],
        count=found.count,
        next=found.next_cursor,
    )


@router.post("", status_code=201)
def create(request: Request, wanted: NewDataset) -> FullDatasetBody:
    """Register a dataset as a draft; for publishers of the organisation."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    at = wiring.now()
    entry = Entry(
        title=wanted.title.as_text(),
        summary=wanted.summary.as_text(),
        grade=wanted.grade,
        share_type=wanted.share_type,
        share_basis=wanted.share_basis,
        open_type=wanted.open_type,
        open_basis=wanted.open_basis,
        update_cycle=wanted.update_cycle,
        licence=wanted.licence,
        keywords=tuple(wanted.keywords),
        audience=wanted.audience,
        directory=directory_with(Directory(), wanted.directory),
    )
    distributions = wanted.distributions
    if distributions is None:
        first = NewDistribution(slug=FIRST_DISTRIBUTION, title=wanted.title)
        distributions = [] if entry.directory.is_series else [first]
    with wiring.pool.connection() as tx:
        publisher_id = _publisher_id(tx, wanted.publisher, actor)
        if wanted.series is not None:
            series_id = series.series_named(tx, wanted.series, by=actor)
            entry = replace(entry, directory=in_series(entry.directory, series_id))
        made = describe.create(tx, wanted.slug, entry, publisher_id=publisher_id, by=actor, at=at)
        if wanted.themes:
            classify.name_themes(tx, made.id, wanted.themes, by=actor, at=at)
        for one in distributions:
            describe.add_distribution(tx, made.id, one.slug, one.title.as_text(), by=actor, at=at)
        return _full_body(tx, made.slug, actor)


@router.get("/{slug}")
def show(request: Request, slug: str) -> FullDatasetBody:
    """One dataset with its distributions."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        return _full_body(tx, slug, actor)


@router.patch("/{slug}")
def change(request: Request, slug: str, wanted: DatasetChange) -> FullDatasetBody:
    """Change what is said of a dataset; for publishers of the organisation."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        found = find.dataset_named(tx, slug, by=actor)
        owned = describe.owned_dataset(tx, found.id, by=actor)
        entry = _changed(owned.entry, wanted)
        if wanted.series is not None:
            series_id = series.series_named(tx, wanted.series, by=actor) if wanted.series else None
            if series_id == owned.id:
                raise NotASeries(slug)
            entry = replace(entry, directory=in_series(entry.directory, series_id))
        describe.change(tx, owned.id, entry, by=actor, at=at)
        if wanted.themes is not None:
            classify.name_themes(tx, owned.id, wanted.themes, by=actor, at=at)
        if wanted.inputs is not None:
            inputs = [find.dataset_named(tx, name, by=actor).id for name in wanted.inputs]
            describe.name_inputs(tx, owned.id, inputs, by=actor, at=at)
        return _full_body(tx, slug, actor)


@router.post("/{slug}/distributions", status_code=201)
def add_distribution(request: Request, slug: str, wanted: NewDistribution) -> DistributionBody:
    """Add a form of the data, still without data."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        added = describe.add_distribution(
            tx, dataset.id, wanted.slug, wanted.title.as_text(), by=actor, at=wiring.now()
        )
        return _distribution_body(tx, slug, added, None)


@router.patch("/{slug}/distributions/{distribution}")
def change_distribution(
    request: Request, slug: str, distribution: str, wanted: DistributionChange
) -> DistributionBody:
    """Retitle a distribution, or declare the columns that its rows are sorted by."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        found = find.distribution_named(tx, dataset, distribution)
        changed = describe.change_distribution(
            tx,
            found,
            title=found.title if wanted.title is None else wanted.title.as_text(),
            key_columns=(
                found.key_columns if wanted.key_columns is None else tuple(wanted.key_columns)
            ),
            by=actor,
            at=wiring.now(),
        )
        newest = find.newest_readable(tx, changed, by=actor)
        return _distribution_body(tx, slug, changed, newest)


@router.get("/{slug}/versions")
def list_versions(request: Request, slug: str) -> VersionPage:
    """The versions that exist for the caller, newest first."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        distributions = {one.id: one for one in find.distributions_of(tx, dataset)}
        versions = find.versions_told_of(tx, dataset, list(distributions), by=actor)
        aside = quarantine.counts(tx, [version.id for version in versions])
    return VersionPage(
        items=[
            version_body(slug, distributions[version.distribution_id], version, aside[version.id])
            for version in versions
        ]
    )


@router.get("/{slug}/distributions/{distribution}/versions/{number}/report")
def show_report(request: Request, slug: str, distribution: str, number: int) -> dict[str, object]:
    """The quality report of a version, as far as the caller may see its columns.

    Examples are masked, and only of columns whose values the caller may read.
    """
    actor, wiring = actor_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        found = find.distribution_named(tx, dataset, distribution)
        versions = find.versions_of(tx, dataset, [found.id], by=actor)
        version = next((one for one in versions if one.number == number), None)
        if version is None:
            raise VersionNotFound
        stored = read_report(tx, version.id)
        look = look_at(tx, slug, by=actor, at=wiring.now())
        told = report_for(tx, look, version, stored.report, by=actor)
    return {"id": str(stored.id), **report_as_json(told)}


@router.post("/{slug}/submit")
def submit(request: Request, slug: str) -> FullDatasetBody:
    """Hand the newest checked versions to an approver; for publishers of the organisation."""
    return _step(
        request,
        slug,
        lambda tx, dataset, by, at: publish.submit(tx, dataset.id, by=by, at=at),
    )


@router.post("/{slug}/return")
def return_to_publisher(request: Request, slug: str, wanted: Reason) -> FullDatasetBody:
    """Hand what was submitted back, saying why; for approvers."""
    return _step(
        request,
        slug,
        lambda tx, dataset, by, at: publish.return_to_publisher(
            tx, dataset.id, reason=wanted.reason, by=by, at=at
        ),
    )


@router.post("/{slug}/publish")
def publish_submitted(request: Request, slug: str) -> FullDatasetBody:
    """Publish what somebody else submitted; for approvers."""

    def step(tx: Tx, dataset: Dataset, by: Actor, at: datetime) -> Dataset:
        published = publish.publish(tx, dataset.id, by=by, at=at)
        ask_for_copies(tx, published.id)
        return published

    return _step(request, slug, step)


@router.post("/{slug}/review")
def review(request: Request, slug: str) -> FullDatasetBody:
    """Approve what was submitted without putting it out yet; for approvers."""
    return _step(
        request,
        slug,
        lambda tx, dataset, by, at: publish.review(tx, dataset.id, by=by, at=at),
    )


@router.post("/{slug}/take-up")
def take_up(request: Request, slug: str, wanted: Reason) -> FullDatasetBody:
    """Make a withdrawn dataset a draft again, saying why; for publishers."""
    return _step(
        request,
        slug,
        lambda tx, dataset, by, at: publish.take_up(
            tx, dataset.id, reason=wanted.reason, by=by, at=at
        ),
    )


@router.get("/{slug}/history")
def show_history(request: Request, slug: str) -> RecordHistory:
    """What was done to the record, field by field, as far as the caller may know it."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        changes = history_of(tx, find.dataset_named(tx, slug, by=actor), by=actor)
    return RecordHistory(
        items=[
            RecordChangeBody(
                kind=one.kind,
                at=one.at,
                by=one.by,
                reason=one.reason,
                changes=[
                    FieldChangeBody(
                        field=change.field,
                        before=_listed(change.before),
                        after=_listed(change.after),
                    )
                    for change in one.changes
                ],
                leaf_index=one.leaf_index,
            )
            for one in changes
        ]
    )


@router.post("/{slug}/withdraw")
def withdraw(request: Request, slug: str, wanted: Reason) -> FullDatasetBody:
    """Take a published dataset back; for approvers."""
    return _step(
        request,
        slug,
        lambda tx, dataset, by, at: publish.withdraw(
            tx, dataset.id, reason=wanted.reason, by=by, at=at
        ),
    )


def body_of(dataset: Dataset, publisher: Organization) -> DatasetBody:
    """The dataset as the API lists it."""
    entry = dataset.entry
    return DatasetBody(
        id=dataset.id,
        slug=dataset.slug,
        title=entry.title.as_map(),
        summary=entry.summary.as_map(),
        publisher=PublisherBody(slug=publisher.slug, title=publisher.title.as_map()),
        grade=entry.grade,
        share_type=entry.share_type,
        share_basis=entry.share_basis,
        open_type=entry.open_type,
        open_basis=entry.open_basis,
        update_cycle=entry.update_cycle,
        licence=entry.licence,
        keywords=list(entry.keywords),
        state=dataset.state,
        state_reason=dataset.state_reason,
        created_at=dataset.created_at,
        modified_at=dataset.modified_at,
        issued=dataset.issued,
    )


def version_body(
    slug: str, distribution: Distribution, version: Version, aside: QuarantineCount
) -> VersionBody:
    """The version as the API writes it."""
    place = f"/api/v1/datasets/{slug}/distributions/{distribution.slug}/versions/{version.number}"
    return VersionBody(
        id=version.id,
        distribution=distribution.slug,
        number=version.number,
        state=version.state,
        verdict=version.verdict,
        report=None if version.report_id is None else f"{place}/report",
        digest=version.digest,
        columns=[
            ColumnBody(
                name=column.name,
                type=column.type,
                precision=column.precision,
                scale=column.scale,
            )
            for column in version.columns
        ],
        reading={
            name: told
            for name, told in version.reading.as_json().items()
            # What a file says of its columns is for its publisher to take over or not.
            if name not in ("meanings", "field_list")
        },
        row_count=version.row_count,
        set_aside=aside.all,
        size_bytes=version.size_bytes,
        created_at=version.created_at,
        published_at=version.published_at,
        withdrawal=version.withdrawal,
        withdrawal_words=version.state_reason if version.withdrawal else "",
        withdrawn_at=version.withdrawn_at,
    )


def _listed(value: str | tuple[str, ...] | None) -> str | list[str] | None:
    return list(value) if isinstance(value, tuple) else value


def _step(
    request: Request, slug: str, act: Callable[[Tx, Dataset, Actor, datetime], Dataset]
) -> FullDatasetBody:
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        act(tx, find.dataset_named(tx, slug, by=actor), actor, wiring.now())
        return _full_body(tx, slug, actor)


def _publisher_id(tx: Tx, slug: str | None, actor: Actor) -> OrganizationId:
    if slug is not None:
        return organization_named(tx, slug).id
    if actor.organization is None:
        raise PublisherNeeded
    return actor.organization.id


def _changed(entry: Entry, wanted: DatasetChange) -> Entry:
    """The entry with the fields that were given."""
    given: dict[str, object] = {}
    for name in wanted.model_fields_set - {"inputs", "themes", "series"}:
        value = getattr(wanted, name)
        if isinstance(value, DirectoryBody):
            given[name] = directory_with(entry.directory, value)
        elif isinstance(value, Words):
            given[name] = value.as_text()
        elif isinstance(value, list):
            given[name] = tuple(value)
        elif value is not None:
            given[name] = value
    return replace(entry, **given)  # type: ignore[arg-type]  # checked by the model


def _full_body(tx: Tx, slug: str, actor: Actor) -> FullDatasetBody:
    overview = find.overview(tx, slug, by=actor)
    around = series.series_around(tx, overview.dataset, by=actor)
    return FullDatasetBody(
        **body_of(overview.dataset, overview.publisher).model_dump(),
        audience=overview.dataset.entry.audience,
        directory=directory_body(overview.dataset, actor),
        themes=[theme.slug for theme in themes_of_dataset(tx, overview.dataset.id)],
        series=around.slug if around else None,
        distributions=[
            _distribution_body(tx, slug, one.distribution, one.newest)
            for one in overview.distributions
        ],
        inputs=[dataset.slug for dataset in overview.inputs],
    )


def _distribution_body(
    tx: Tx, slug: str, distribution: Distribution, newest: Version | None
) -> DistributionBody:
    aside = {} if newest is None else quarantine.counts(tx, [newest.id])
    return DistributionBody(
        id=distribution.id,
        slug=distribution.slug,
        title=distribution.title.as_map(),
        key_columns=list(distribution.key_columns),
        newest=None
        if newest is None
        else version_body(slug, distribution, newest, aside[newest.id]),
    )

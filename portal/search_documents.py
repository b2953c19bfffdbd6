"""What the search knows of each record, gathered from every package in a few statements a batch.

Only what everybody who sees the record may read is made searchable, since one index serves all:
no conditions of sharing, no sources, telephone numbers or series, and of the columns those that
every open listing shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from catalog.dataset import Dataset, DatasetState
from catalog.directory import DEPARTMENT_FIELDS
from catalog.holdings import Source, sources_of
from catalog.record import Record
from catalog.records import records_of
from catalog.search.document import SearchDocument
from catalog.search.follow import Compose, vocabulary_names
from catalog.search.labels import labels_of
from catalog.version import ReportId, Version
from exchange.listing import Listing
from exchange.price import PriceModel
from exchange.usage import listed_of
from policies.database import Tx
from policies.party import ANONYMOUS, UNOWNED, Actor, Membership, Role
from policies.terms import DatasetId, Regime, Text, UserId, VersionId
from quality.freshness import Lateness, freshness_of
from quality.reports import totals_with_ids

_INDEXER: Final = Actor(
    user_id=UserId(UUID(int=0)),
    name="indexer",
    memberships=(Membership(Role.REGULATOR, None),),
)
"""Sees every record, and of the data only what was published."""

HANDED_OUT_AS: Final = ("CSV", "Parquet", "JSON")
"""The forms in which every listing delivers files."""

_NOT_FOUND_BY: Final = (*DEPARTMENT_FIELDS, "in_series")
"""Extras that not everybody who sees the record may know."""

_STATES: Final[Mapping[DatasetState, str]] = {
    DatasetState.DRAFT: "draft",
    DatasetState.SUBMITTED: "draft",
    DatasetState.REVIEWED: "draft",
    DatasetState.PUBLISHED: "active",
    DatasetState.WITHDRAWN: "deleted",
}
"""In CKAN's words."""


def composer(now: Callable[[], datetime]) -> Compose:
    """What gathers the documents as they are at the time of asking."""
    return lambda tx, dataset_ids: compose(tx, dataset_ids, at=now())


def compose(tx: Tx, dataset_ids: Sequence[DatasetId], *, at: datetime) -> list[SearchDocument]:
    """The documents of these records; records that are gone have none."""
    records = records_of(tx, dataset_ids, by=_INDEXER)
    ids = [record.dataset.id for record in records]
    listed = listed_of(tx, ids)
    totals = totals_with_ids(tx, [_report_id(record) for record in records])
    vocabularies = vocabulary_names(tx) if any(record.terms for record in records) else {}
    sources = sources_of(tx, ids, by=ANONYMOUS)
    return [
        _document(
            record,
            listed.get(record.dataset.id, []),
            totals,
            vocabularies,
            _freshness(record, sources.get(record.dataset.id, ()), at),
        )
        for record in records
    ]


def _document(
    record: Record,
    listings: Sequence[Listing],
    totals: Mapping[ReportId, tuple[int, str]],
    vocabularies: Mapping[UUID, str],
    freshness: Mapping[str, tuple[str, ...]],
) -> SearchDocument:
    dataset, directory = record.dataset, record.dataset.entry.directory
    report_id = _report_id(record)
    total = totals.get(report_id) if report_id is not None else None
    is_owned = record.publisher.id != UNOWNED
    themes = [theme for theme in record.themes if not theme.is_removed]
    distributions = [held.distribution for held in record.distributions]
    terms: dict[str, list[str]] = {}
    for term in record.terms:
        terms.setdefault(vocabularies.get(term.vocabulary_id, ""), []).append(term.name)
    return SearchDocument(
        id=dataset.id,
        name=dataset.slug,
        labels=labels_of(dataset),
        title=dataset.entry.title,
        notes=dataset.entry.summary,
        metadata_created=dataset.created_at,
        metadata_modified=dataset.modified_at,
        issued=dataset.issued,
        tags=tuple(dict.fromkeys((*dataset.entry.keywords, *(one.name for one in record.terms)))),
        organization=record.publisher.slug if is_owned else "",
        owner_org=str(record.publisher.id) if is_owned else "",
        publisher=record.publisher.title if is_owned else Text(),
        groups=tuple(theme.slug for theme in themes),
        group_titles=tuple(theme.title for theme in themes),
        res_name=tuple(
            one for held in distributions for one in (held.title.zh, held.title.en) if one
        ),
        res_description=tuple(
            one
            for held in distributions
            for one in (held.description.zh, held.description.en)
            if one
        ),
        res_url=tuple(held.access_url for held in distributions if held.access_url),
        res_format=_formats(record, listings),
        columns=_columns(record, listings),
        license_id=dataset.entry.licence,
        author=directory.author,
        maintainer=directory.maintainer,
        url=directory.landing_page,
        version=directory.version_label,
        state=_STATES[dataset.state],
        dataset_type=directory.type_name,
        private=not _is_public(dataset),
        creator_user_id="" if dataset.created_by is None else str(dataset.created_by),
        words=(
            directory.scenario,
            directory.field_of_use,
            directory.spatial,
            *directory.identifiers,
        ),
        facets={**_facets(dataset, listings, total), **freshness},
        numbers=_numbers(record, listings, total),
        extras=tuple(pair for pair in directory.extras if pair[0] not in _NOT_FOUND_BY),
        res_extras=tuple(
            (key, value)
            for held in distributions
            for key, value in held.details.items()
            if isinstance(value, str)
        ),
        vocabularies={name: tuple(values) for name, values in terms.items() if name},
    )


def _is_public(dataset: Dataset) -> bool:
    return dataset.entry.audience.value == "public"


def _versions(record: Record) -> list[Version]:
    return [held.newest for held in record.distributions if held.newest is not None]


def _report_id(record: Record) -> ReportId | None:
    """The report of what was published last; None where nothing was assessed."""
    newest = max(_versions(record), key=lambda version: version.created_at, default=None)
    return None if newest is None else newest.report_id


def _formats(record: Record, listings: Sequence[Listing]) -> tuple[str, ...]:
    """What the publisher states, and the forms in which data on offer here is handed out."""
    stated = [held.distribution.format for held in record.distributions]
    handed_out = HANDED_OUT_AS if listings and _versions(record) else ()
    return tuple(dict.fromkeys(one for one in (*stated, *handed_out) if one))


def _columns(record: Record, listings: Sequence[Listing]) -> tuple[str, ...]:
    """Columns that each reader of the record may know of: those that every listing shows."""
    if not listings:
        return ()
    shown: dict[tuple[VersionId, str], None] = {}
    for version in _versions(record):
        names = [column.name for column in version.columns]
        for listing in listings:
            if listing.view.columns is not None:
                names = [name for name in names if name in listing.view.columns]
        shown.update(dict.fromkeys((version.id, name) for name in names))
    return tuple(dict.fromkeys(name for _, name in shown))


def _facets(
    dataset: Dataset, listings: Sequence[Listing], total: tuple[int, str] | None
) -> dict[str, tuple[str, ...]]:
    entry, directory = dataset.entry, dataset.entry.directory
    facets = {
        "share_type": (entry.share_type.value,),
        "open_type": (entry.open_type.value,),
        "grade": (str(int(entry.grade)),),
        "update_cycle": (entry.update_cycle.value,),
        "workflow": (dataset.state.value,),
        "quality": () if total is None else (total[1],),
        "regime": tuple(listing.regime.value for listing in listings),
        "price_class": _price_classes(listings),
        "access": tuple(dict.fromkeys(listing.access_class.value for listing in listings)),
        "spatial": (directory.spatial,),
        "format_class": () if directory.format_class is None else (directory.format_class.value,),
        "class_code": (directory.class_code,),
        "gov_code": (directory.gov_code,),
        "language": directory.languages,
    }
    return {name: values for name, values in facets.items() if any(values)}


def _freshness(
    record: Record, sources: Sequence[Source], at: datetime
) -> dict[str, tuple[str, ...]]:
    """Whether promises of freshness are kept, its own and those of what it was made from.

    Nothing where no day is promised, or no data came.
    """
    dataset, versions = record.dataset, _versions(record)
    if dataset.state is not DatasetState.PUBLISHED or not versions:
        return {}
    came_at = max(version.created_at for version in versions)
    lateness = freshness_of(dataset.entry.update_cycle, came_at, sources, at).lateness
    return {} if lateness is Lateness.NO_PROMISE else {"late": (lateness.value,)}


def _price_classes(listings: Sequence[Listing]) -> tuple[str, ...]:
    if not listings:
        return ()
    return tuple(
        sorted({"free" if one.price.model is PriceModel.FREE else "paid" for one in listings})
    )


def _numbers(
    record: Record, listings: Sequence[Listing], total: tuple[int, str] | None
) -> dict[str, int]:
    versions = _versions(record)
    numbers = {
        "num_resources": len(record.distributions),
        "rows_total": sum(version.row_count for version in versions),
        "size_bytes": sum(version.size_bytes for version in versions),
        "views_recent": 0,
        "views_total": 0,
    }
    prices = [
        max(one.price.unit, one.price.minimum) for one in listings if one.regime is Regime.TRADE
    ]
    if prices:
        numbers["price_microcredits"] = min(prices)
    if total is not None:
        numbers["quality_score"] = total[0]
    return numbers

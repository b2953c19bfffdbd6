"""Datasets as lists show them: one card each, made from a few statements for all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.area import area_name
from catalog.dataset import Dataset, DatasetState
from catalog.holdings import holdings_of
from catalog.version import Verdict
from exchange.listing import AccessClass, Listing
from exchange.price import PriceModel
from exchange.usage import listed_of
from policies.database import Tx
from policies.identity.people import organizations_with_ids
from policies.party import Actor, Organization
from policies.terms import (
    DatasetId,
    Grade,
    Language,
    MicroCredits,
    OpenType,
    Regime,
    ShareType,
    Text,
    UpdateCycle,
)
from portal.languages import CITY_ZONE, HTML_LANGUAGE
from quality.reports import reports_with_ids

FORMATS = ("CSV", "Parquet", "JSON", "API")
"""What every listing can be read as."""

_QUALITY_STATES = {
    Verdict.PASSED: "passed",
    Verdict.PASSED_WITH_WARNINGS: "warned",
    Verdict.KNOWN_ISSUE: "known_issue",
    Verdict.BLOCKED: "failed",
    None: "unchecked",
}


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """One line of a list of datasets; see components/datasets.html."""

    href: str
    title: Text
    other_title: str
    other_language: str
    """The `lang` of the other title."""
    summary: Text
    publisher: Text
    publisher_href: str
    regimes: list[tuple[str, str | None]]
    grade: Grade
    score: int | None
    quality_state: str
    rows: int | None
    columns: int | None
    formats: tuple[str, ...]
    modified: datetime
    """In the city's own time."""
    cycle: UpdateCycle
    price_from: MicroCredits | None
    is_offered: bool
    is_withdrawn: bool
    area: Text | None
    """The area it is about; None where none is stated."""
    matched: str
    """Why it was found, where its title does not show it."""
    slug: str = ""


def cards_of(
    tx: Tx,
    datasets: Sequence[Dataset],
    *,
    by: Actor,
    language: Language,
    matched: Mapping[DatasetId, str] | None = None,
) -> list[DatasetCard]:
    """The cards of datasets that `by` may see, in the same order; `matched` says why each is."""
    holdings = holdings_of(tx, datasets, by=by)
    listed = listed_of(tx, [dataset.id for dataset in datasets])
    reports = reports_with_ids(tx, (held.report_id for held in holdings.values()))
    publishers = organizations_with_ids(tx, list({one.publisher_id for one in datasets}))
    cards = []
    for dataset in datasets:
        held = holdings.get(dataset.id)
        report = reports.get(held.report_id) if held and held.report_id else None
        publisher: Organization = publishers[dataset.publisher_id]
        title = dataset.entry.title
        cards.append(
            DatasetCard(
                href=f"/dataset/{dataset.slug}",
                title=title,
                other_title=_other_title(title, language),
                other_language=HTML_LANGUAGE[
                    Language.EN if language is Language.ZH else Language.ZH
                ],
                summary=dataset.entry.summary,
                publisher=publisher.title,
                publisher_href=f"/organization/{publisher.slug}",
                regimes=regimes_of(dataset, listed[dataset.id]),
                grade=dataset.entry.grade,
                score=report.score.total if report else None,
                quality_state=quality_state(held.verdict if held else None),
                rows=held.row_count if held else None,
                columns=held.column_count if held else None,
                formats=FORMATS if held and listed[dataset.id] else (),
                modified=dataset.modified_at.astimezone(CITY_ZONE),
                cycle=dataset.entry.update_cycle,
                price_from=_price_from(listed[dataset.id]),
                is_offered=bool(listed[dataset.id]),
                is_withdrawn=dataset.state is DatasetState.WITHDRAWN,
                area=area_name(spatial) if (spatial := dataset.entry.directory.spatial) else None,
                matched=(matched or {}).get(dataset.id, ""),
                slug=dataset.slug,
            )
        )
    return cards


def quality_state(verdict: Verdict | None) -> str:
    """The verdict in the words of the sign that shows it."""
    return _QUALITY_STATES[verdict]


def regimes_of(dataset: Dataset, listings: Sequence[Listing]) -> list[tuple[str, str | None]]:
    """Under which regimes it is on offer; before it is, how its publisher classed it."""
    if listings:
        return [
            (listing.regime.value, None if listing.regime is Regime.TRADE else _class_of(listing))
            for listing in listings
        ]
    entry = dataset.entry
    classed: list[tuple[str, str | None]] = []
    if entry.share_type is not ShareType.NOT_SHARED:
        classed.append((Regime.SHARE.value, entry.share_type.value))
    if entry.open_type is not OpenType.NOT_OPEN:
        classed.append((Regime.OPEN.value, entry.open_type.value))
    return classed


def _class_of(listing: Listing) -> str:
    is_free = listing.access_class is AccessClass.UNCONDITIONAL
    return AccessClass.UNCONDITIONAL.value if is_free else AccessClass.CONDITIONAL.value


def _price_from(listings: Sequence[Listing]) -> MicroCredits | None:
    """The lowest price, where nothing is free."""
    if not listings or any(listing.price.model is PriceModel.FREE for listing in listings):
        return None
    return min(MicroCredits(max(listing.price.unit, listing.price.minimum)) for listing in listings)


def _other_title(title: Text, language: Language) -> str:
    if not (title.zh and title.en):
        return ""
    return title.en if language is Language.ZH else title.zh

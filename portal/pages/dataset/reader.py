"""One reader's look at one dataset: the records, and what the reader may do with the data.

What may be done follows the decision that a read would get, asked without being recorded: nothing
is read here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from catalog import find
from catalog.errors import DistributionNotFound, MalformedView, VersionRemoved, VersionWithdrawn
from catalog.find import DistributionOverview, Overview
from catalog.serve import ready_copy
from catalog.version import Column, Version
from catalog.view import EVERYTHING
from exchange.access import Access, decide_access, find_document, find_target, table_name
from exchange.application import Application, ApplicationState
from exchange.apply import own_applications
from exchange.errors import NoSuchData
from exchange.list_product import listings_of
from exchange.listing import Listing
from exchange.price import PriceModel
from policies.access import Action
from policies.database import Tx
from policies.freeze import frozen_targets
from policies.party import Actor
from portal.mask_key import mask_key
from portal.pages.speech import Speech
from portal.wiring import Wiring
from quality.errors import NotAssessed
from quality.freshness import Freshness
from quality.profile import Profile
from quality.report import Report, known_to, part_for
from quality.reports import reports_with_ids
from quality.rules import read_profile
from quality.sight import WHOLE, Sight
from quality.tell_freshness import freshness_for
from quality.view_profile import profile_of_copy


@dataclass(frozen=True, slots=True)
class Look:
    """One reader's look at one dataset: the records, and what the reader may do with the data."""

    overview: Overview
    listings: tuple[Listing, ...]
    preview: Access | None
    """None where there is no version for the reader."""
    download: Access | None
    """Of the table; None where there is none for the reader."""
    query: Access | None
    document: Access | None
    """Of the document that is looked at, else of the first; None where the reader has none."""
    application: Application | None
    """The reader's own request that waits for an answer."""
    report: Report | None
    """Of the version that the reader sees."""
    freshness: Freshness | None
    """With what it was made from; None where there is no version for the reader."""
    is_frozen: bool
    distribution: DistributionOverview | None
    """The one that is looked at; None where the dataset has none."""

    @property
    def place(self) -> str:
        """The name of the distribution in addresses; empty for the first one."""
        if self.distribution is None or self.distribution is self.overview.distributions[0]:
            return ""
        return self.distribution.distribution.slug

    @property
    def table(self) -> str:
        """The name by which the rows are asked for."""
        return table_name(self.overview.dataset.slug, self.place)

    @property
    def version(self) -> Version | None:
        """The newest version that exists for the reader."""
        return self.distribution.newest if self.distribution else None

    @property
    def may_preview(self) -> bool:
        """Whether the first rows may be shown now."""
        return self.preview is not None and self.preview.decision.is_allowed

    @property
    def may_download(self) -> bool:
        """Whether all permitted rows may be taken now."""
        return self.download is not None and self.download.decision.is_allowed

    @property
    def may_query(self) -> bool:
        """Whether statements may be asked now; an agreement may allow this and no whole file."""
        return self.query is not None and self.query.decision.is_allowed

    @property
    def may_have_documents(self) -> bool:
        """Whether documents may be taken now: none is cut to a part of what may be seen."""
        return (
            self.document is not None
            and self.document.decision.is_allowed
            and self.document.view == EVERYTHING
        )

    @property
    def is_charged(self) -> bool:
        """Whether reading costs this reader credits."""
        return self.download is not None and self.download.price.model is not PriceModel.FREE

    @property
    def shown_columns(self) -> list[Column]:
        """The columns that exist for the reader, in order."""
        if self.version is None:
            return []
        if self.preview is None:
            return list(self.version.columns)
        try:
            names = self.preview.view.visible([column.name for column in self.version.columns])
        except MalformedView:
            # It speaks of columns of another table, so none of these is offered.
            return []
        by_name = {column.name: column for column in self.version.columns}
        return [by_name[name] for name in names]

    @property
    def seen_values(self) -> frozenset[str]:
        """The columns whose values the reader may see, unmasked and of every row."""
        if self.preview is None or not self.may_preview or self.preview.view.rows:
            return frozenset()
        changed = self.preview.view.changed_columns
        return frozenset(column.name for column in self.shown_columns) - changed


def look_at(tx: Tx, slug: str, distribution: str = "", *, by: Actor, at: datetime) -> Look:
    """Gather what the pages of a dataset need for one reader.

    They are about the distribution of that name, or about the first one where none is named.

    Raises: DatasetNotFound, DistributionNotFound.
    """
    overview = find.overview(tx, slug, by=by)
    dataset, held = overview.dataset, _held(overview, distribution)
    name = table_name(dataset.slug, held.distribution.slug if held and distribution else None)
    listings = tuple(listings_of(tx, dataset.id, by=by))
    try:
        target = find_target(tx, name, by=by)
    except (NoSuchData, VersionWithdrawn):
        preview = download = query = None
    else:
        preview = decide_access(tx, target, Action.PREVIEW, purpose=None, by=by, at=at)
        download = decide_access(tx, target, Action.DOWNLOAD, purpose=None, by=by, at=at)
        query = decide_access(tx, target, Action.QUERY, purpose=None, by=by, at=at)
    try:
        kept = find_document(tx, name, by=by)
    except (NoSuchData, VersionWithdrawn, VersionRemoved):
        document = None
    else:
        document = decide_access(tx, kept, Action.DOWNLOAD, purpose=None, by=by, at=at)
    ids = {listing.id for listing in listings}
    waiting = [] if by.is_anonymous else own_applications(tx, by=by)
    version = held.newest if held else None
    reports = reports_with_ids(tx, [version.report_id] if version else [])
    look = Look(
        overview=overview,
        listings=listings,
        preview=preview,
        download=download,
        query=query,
        document=document,
        application=next(
            (
                one
                for one in waiting
                if one.listing_id in ids
                and one.state in (ApplicationState.SUBMITTED, ApplicationState.RETURNED)
            ),
            None,
        ),
        report=reports.get(version.report_id) if version and version.report_id else None,
        freshness=freshness_for(tx, dataset, by=by, at=at),
        is_frozen=bool(frozen_targets(tx, [dataset.id, dataset.publisher_id], at)),
        distribution=held,
    )
    if version is None or look.report is None:
        return look
    return replace(look, report=report_for(tx, look, version, look.report, by=by))


def _held(overview: Overview, distribution: str) -> DistributionOverview | None:
    if not distribution:
        return overview.distributions[0] if overview.distributions else None
    for held in overview.distributions:
        if held.distribution.slug == distribution:
            return held
    raise DistributionNotFound(distribution)


def profile_for(tx: Tx, look: Look, wiring: Wiring) -> Profile | None:
    """What the columns hold as the reader may see them; not even counts of anything else.

    Where a view masks columns or chooses rows, it is the profile of the view's own copy, so that
    nothing outside of it is counted. Before that copy is there, columns are shown whose values the
    reader sees unmasked and of every row.
    """
    if look.version is None or look.preview is None or not look.may_preview:
        return None
    if not look.shown_columns:
        return None
    if look.preview.view.changed_columns or look.preview.view.rows:
        stored = look.preview.target.stored
        secret = mask_key(wiring)
        copy = ready_copy(stored, wiring.folders, look.preview.view, mask_key=secret)
        if copy is not None:
            return profile_of_copy(copy)
    if not look.seen_values:
        return None
    try:
        profile = read_profile(tx, look.version.id)
    except NotAssessed:
        return None
    seen = look.seen_values
    return replace(
        profile, columns=tuple(column for column in profile.columns if column.name in seen)
    )


def report_for(tx: Tx, look: Look, version: Version, report: Report, *, by: Actor) -> Report:
    """What the gate said of a version, as far as the reader may know it.

    Rows that break a rule are shown, masked, only of columns whose values the reader sees; and of
    the distribution that the look is at, since it is what the reader's view is about. Other
    datasets are named where they exist for the reader.
    """
    others = find.datasets_with_ids(tx, sorted(report.others), by=by) if report.others else []
    told = known_to(report, frozenset(one.id for one in others))
    if look.overview.is_own:
        return told
    shown = {column.name for column in look.shown_columns}
    held = [*version.columns, *(look.version.columns if look.version else ())]
    is_here = look.version is not None and look.version.distribution_id == version.distribution_id
    return part_for(
        told,
        hidden={column.name for column in held} - shown if is_here else frozenset(),
        seen=look.seen_values if is_here else frozenset(),
    )


def sight_of(look: Look) -> Sight:
    """Which columns of the dataset's rules and contract exist for the reader.

    Rules may name columns that the data does not hold: who is kept from any column does not learn
    of those either. Before the first data nothing says which columns are for whom.
    """
    if look.overview.is_own:
        return WHOLE
    shown = frozenset(column.name for column in look.shown_columns)
    if look.version is None or look.preview is None:
        return Sight(shown)
    view = look.preview.view
    is_whole = view.columns is None and len(shown) == len(look.version.columns)
    return Sight(None if is_whole else shown, changed=shown & view.changed_columns)


def refused_words(access: Access | None, say: Speech) -> str:
    """What stands first between the reader and the rows, in the words of the rules.

    The rules name everything that is missing, in the order in which it can be had; who has not
    signed in is not told to use a token.
    """
    reasons = access.decision.reasons if access else ()
    return (
        say.text(reasons[0].text) if reasons else say.gettext("You may not see rows of this data.")
    )

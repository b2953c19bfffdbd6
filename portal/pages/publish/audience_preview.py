"""One record as departments, the public and buyers will get it, side by side, before it is out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from catalog import find
from catalog.dataset import Dataset, DatasetState
from catalog.directory import RecordAudience
from catalog.errors import PublisherNeeded
from catalog.projection import AccessRight, Face, Projection, project
from catalog.records import records_of
from catalog.version import Version
from exchange.list_product import listings_of
from exchange.listing import AccessClass, Listing, ListingState
from policies.decision.profile import profile_in_force
from policies.errors import Refusal
from policies.terms import Grade, OpenType, Regime, ShareType
from portal.pages.dataset.frame import price_words
from portal.pages.dataset_cards import FORMATS
from portal.pages.legal_words import citation_words
from portal.pages.record_words import value_words
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

COLUMNS_NAMED: Final = 30
_FACES: Final = (Face.DEPARTMENT, Face.PUBLIC, Face.BUYER)
_REGIMES: Final = {
    Face.DEPARTMENT: Regime.SHARE,
    Face.PUBLIC: Regime.OPEN,
    Face.BUYER: Regime.TRADE,
}


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One line of the comparison."""

    label: str
    cells: list[str]
    """For departments, the public and buyers; empty where it is not told."""

    @property
    def differs(self) -> bool:
        """Whether the three are told different things."""
        return len(set(self.cells)) > 1


@router.get("/publish/{slug}/preview")
def show_preview(request: Request, slug: str) -> Response:
    """The three audiences' views; for those who publish or approve it."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    profile = profile_in_force(wiring.now())
    with wiring.pool.connection() as tx:
        overview = find.overview(tx, slug, by=actor)
        if not (overview.may_change or overview.may_approve):
            raise PublisherNeeded
        (record,) = records_of(tx, [overview.dataset.id], by=actor)
        listings = listings_of(tx, overview.dataset.id, by=actor)
    licences = {one.id: one for one in profile.licences}
    views = [project(record, face, licences=licences, files={}, links={}) for face in _FACES]
    newest = overview.distributions[0].newest if overview.distributions else None
    offers = [_offer(listings, _REGIMES[face]) for face in _FACES]
    dataset = overview.dataset
    return render(
        request,
        "publish/preview.html",
        slug=slug,
        title=dataset.entry.title,
        state=dataset.state.value,
        is_classified=dataset.entry.directory.is_classified,
        getting=_getting(dataset, offers, newest, say),
        telling=_telling(views, lambda text: citation_words(text, profile.legal_bases, say), say),
        changes=_changes(dataset, overview.distributions[0].versions, say)
        if overview.distributions
        else [],
        may_change=overview.may_change,
        may_approve=overview.may_approve,
    )


def _offer(listings: Sequence[Listing], regime: Regime) -> Listing | None:
    """The listing of a regime that is or will be open."""
    kept = [one for one in listings if one.regime is regime]
    alive = [one for one in kept if one.state in (ListingState.LISTED, ListingState.DRAFT)]
    return alive[0] if alive else None


def _getting(
    dataset: Dataset, offers: list[Listing | None], newest: Version | None, say: Speech
) -> list[PreviewRow]:
    """Who sees that it exists, and what of the data each gets."""
    entry = dataset.entry
    yes, no = say.gettext("Yes"), say.gettext("No")
    by_audience = {
        RecordAudience.PUBLIC: [yes, yes, yes],
        RecordAudience.DEPARTMENTS: [yes, no, no],
        RecordAudience.OWN: [no, no, no],
    }[entry.audience]
    rows = [
        PreviewRow(say.gettext("Sees the record"), by_audience),
        PreviewRow(
            say.gettext("Way to the data"),
            [_way(face, offer, dataset, say) for face, offer in zip(_FACES, offers, strict=True)],
        ),
    ]
    if newest is None:
        return [*rows, PreviewRow(say.gettext("Data"), [say.gettext("None of our own")] * 3)]
    return [
        *rows,
        PreviewRow(say.gettext("Columns"), [_columns(offer, newest, say) for offer in offers]),
        PreviewRow(say.gettext("Rows"), [_rows(offer, newest, say) for offer in offers]),
        PreviewRow(
            say.gettext("Formats"), [", ".join(FORMATS) if offer else "" for offer in offers]
        ),
        PreviewRow(
            say.gettext("Price"),
            [price_words(offer.price, say) if offer else "" for offer in offers],
        ),
    ]


def _way(face: Face, offer: Listing | None, dataset: Dataset, say: Speech) -> str:
    entry = dataset.entry
    if face is Face.DEPARTMENT and entry.share_type is ShareType.NOT_SHARED:
        return say.gettext("None: it is not shared")
    if face is Face.PUBLIC and entry.open_type is OpenType.NOT_OPEN:
        return say.gettext("None: it is not open")
    if face is not Face.DEPARTMENT and entry.grade is Grade.CORE:
        return say.gettext("None: core data never leaves under open or trade")
    if offer is None:
        return say.gettext("None yet: no listing is proposed")
    words = (
        say.gettext("At once, without asking")
        if offer.access_class is AccessClass.UNCONDITIONAL and offer.regime is Regime.OPEN
        else say.gettext("On request")
    )
    if offer.state is ListingState.DRAFT:
        return say.gettext("{way}, once the listing is opened", way=words)
    return words


def _columns(offer: Listing | None, newest: Version, say: Speech) -> str:
    if offer is None:
        return ""
    names = [column.name for column in newest.columns]
    try:
        shown = offer.view.visible(names)
    except Refusal as refusal:
        return say.refusal(refusal)
    masked = [name for name in shown if name in offer.view.changed_columns]
    words = say.gettext(
        "{shown} of {total}: {names}",
        shown=say.number(len(shown)),
        total=say.number(len(names)),
        names=", ".join(shown[:COLUMNS_NAMED]) + ("…" if len(shown) > COLUMNS_NAMED else ""),
    )
    if masked:
        words += say.gettext("; masked: {names}", names=", ".join(masked))
    return words


def _rows(offer: Listing | None, newest: Version, say: Speech) -> str:
    if offer is None:
        return ""
    if offer.view.rows:
        return say.gettext("Those that the view lets through")
    return say.gettext("All {count}", count=say.number(newest.row_count))


def _telling(
    views: Sequence[Projection | None], cite: Callable[[str], str], say: Speech
) -> list[PreviewRow]:
    """What the record says to each, field by field; fields that are empty for all are left out."""
    rights = {
        AccessRight.PUBLIC: say.gettext("Free for everybody"),
        AccessRight.RESTRICTED: say.gettext("On conditions"),
        AccessRight.NON_PUBLIC: say.gettext("Not given"),
    }
    readers: list[tuple[str, Callable[[Projection], str]]] = [
        (say.gettext("Title"), lambda view: say.text(view.title)),
        (say.gettext("Summary"), lambda view: say.text(view.summary)),
        (say.gettext("How free the data is"), lambda view: rights[view.access_right]),
        (say.gettext("Condition or legal basis"), lambda view: cite(view.access_words)),
        (
            say.gettext("Licence"),
            lambda view: say.text(view.licence.title) if view.licence else view.licence_id,
        ),
        (say.gettext("Keywords"), lambda view: " · ".join(view.keywords)),
        (
            say.gettext("Themes"),
            lambda view: " · ".join(say.text(theme.title) for theme in view.themes),
        ),
        *_directory_readers(say),
    ]
    rows = [
        PreviewRow(label, [read(view) if view is not None else "" for view in views])
        for label, read in readers
    ]
    return [row for row in rows if any(row.cells)]


def _directory_readers(say: Speech) -> list[tuple[str, Callable[[Projection], str]]]:
    labels = {
        "class_code": say.gettext("Class code"),
        "gov_code": say.gettext("Code of the resource"),
        "registration_number": say.gettext("Registration number"),
        "share_condition": say.gettext("Condition of sharing"),
        "share_channel": say.gettext("Way of sharing"),
        "open_condition": say.gettext("Condition of opening"),
        "source_system": say.gettext("Source system"),
        "maintainer": say.gettext("Contact"),
        "maintainer_email": say.gettext("E-mail of the contact"),
        "contact_phone": say.gettext("Telephone of the contact"),
        "spatial": say.gettext("Area covered"),
        "provenance": say.gettext("Origin of the data"),
    }

    def reader(name: str) -> Callable[[Projection], str]:
        return lambda view: value_words(
            f"directory.{name}", str(getattr(view.directory, name) or "") or None, say
        )

    return [(label, reader(name)) for name, label in labels.items()]


def _changes(dataset: Dataset, versions: Sequence[Version], say: Speech) -> list[str]:
    """What publishing changes for those who have the data already."""
    if dataset.state is not DatasetState.PUBLISHED or len(versions) < 2:
        return []
    published = next((one for one in versions if one.published_at is not None), None)
    newest = versions[0]
    if published is None or published is newest:
        return []
    then = {column.name for column in published.columns}
    now = {column.name for column in newest.columns}
    return [
        say.gettext(
            "Rows: {before} now, {after} afterwards",
            before=say.number(published.row_count),
            after=say.number(newest.row_count),
        ),
        *(say.gettext("Column “{name}” is new.", name=name) for name in sorted(now - then)),
        *(say.gettext("Column “{name}” is gone.", name=name) for name in sorted(then - now)),
    ]

"""The head of a dataset's page: who it is from, its terms, and one truthful button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from catalog.dataset import DatasetState
from exchange.access import Access
from exchange.application import ApplicationState
from exchange.listing import AccessClass, Listing
from exchange.price import Measure, Price, PriceModel, ceiling
from exchange.receipt import DeliveryRegime
from policies.calendar import china_day
from policies.party import Actor, OrganizationKind
from policies.terms import Grade, OpenType, Regime, ShareType, Text
from portal.pages.dataset.reader import Look
from portal.pages.dataset.record_facts import addresses_elsewhere, host_of
from portal.pages.dataset_cards import quality_state, regimes_of
from portal.pages.offer import SUPPOSED_USE, bill_of
from portal.pages.speech import Speech
from quality.freshness import Freshness
from quality.promise import next_due

_PUBLIC_BODIES = (OrganizationKind.DEPARTMENT, OrganizationKind.BUREAU)
_BUYERS = (OrganizationKind.ENTERPRISE, OrganizationKind.OPERATOR)


@dataclass(frozen=True, slots=True)
class TermsCell:
    """One cell of the strip of terms."""

    name: str
    value: str
    note: str = ""
    why: str | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class ActionButton:
    """The one thing that this reader can do next; without `href` it only says how things stand."""

    label: str
    href: str = ""
    kind: str = "primary"
    sign: str | None = None
    note: str = ""
    method: str = "get"


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about the dataset as a whole."""

    tone: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class DatasetFrame:
    """The head of the page; see dataset/frame.html."""

    href: str
    name: str
    title: Text
    summary: Text
    publisher: Text
    publisher_href: str
    state: str
    regimes: list[tuple[str, str | None]]
    grade: Grade
    score: int | None
    quality_state: str
    terms: list[TermsCell]
    action: ActionButton
    version: int | None
    notice: Notice | None
    query: str
    """What names the distribution in addresses; empty for the first one."""
    places: list[tuple[str, str, bool]]
    """Label, query and whether it is shown, of each distribution; none where there is one."""


def frame_of(look: Look, *, by: Actor, at: datetime, say: Speech) -> DatasetFrame:
    """The head of every tab."""
    overview, dataset, version = look.overview, look.overview.dataset, look.version
    on_offer = [listing for listing in look.listings if listing.is_listed]
    return DatasetFrame(
        href=f"/dataset/{dataset.slug}",
        name=dataset.slug,
        title=dataset.entry.title,
        summary=dataset.entry.summary,
        publisher=overview.publisher.title,
        publisher_href=f"/organization/{overview.publisher.slug}",
        state=dataset.state.value,
        regimes=regimes_of(dataset, on_offer),
        grade=dataset.entry.grade,
        score=look.report.score.total if look.report else None,
        quality_state=quality_state(version.verdict if version else None),
        terms=_terms(look, on_offer, at, say),
        action=_action(look, on_offer, by, say),
        version=version.number if version else None,
        notice=_notice(look, say),
        query=place_query(look.place),
        places=_places(look, say),
    )


def place_query(place: str, *, mark: str = "?") -> str:
    """What an address says of the distribution; nothing of the first one."""
    return f"{mark}distribution={place}" if place else ""


def _places(look: Look, say: Speech) -> list[tuple[str, str, bool]]:
    held = look.overview.distributions
    if len(held) < 2:
        return []
    return [
        (
            say.text(one.distribution.title) or one.distribution.slug,
            place_query(one.distribution.slug if number else ""),
            one is look.distribution,
        )
        for number, one in enumerate(held)
    ]


def price_words(price: Price, say: Speech) -> str:
    """A price in a few words."""
    match price.model:
        case PriceModel.FREE:
            return say.gettext("Free")
        case PriceModel.PER_ROW:
            return say.gettext("{amount} credits a row", amount=say.credits(price.unit))
        case PriceModel.PER_QUERY:
            return say.gettext("{amount} credits a delivery", amount=say.credits(price.unit))
        case PriceModel.PER_MEGABYTE:
            return say.gettext("{amount} credits a megabyte", amount=say.credits(price.unit))
        case PriceModel.MONTHLY:
            return say.gettext("{amount} credits a month", amount=say.credits(price.unit))
        case _:
            assert_never(price.model)


def ceiling_words(price: Price, rows: int, say: Speech) -> str | None:
    """The most that so many rows cost, in credits; None where it depends on their size."""
    if price.model is PriceModel.PER_MEGABYTE:
        return None
    return say.credits(ceiling(price, Measure(rows)))


def regime_words(regime: Regime, say: Speech) -> str:
    """What a regime is called."""
    return {
        Regime.SHARE: say.gettext("Shared"),
        Regime.OPEN: say.gettext("Opened"),
        Regime.TRADE: say.gettext("Traded"),
    }[regime]


def cycle_words(look: Look, say: Speech) -> str:
    """How often new data is promised."""
    return {
        "real_time": say.gettext("Real time"),
        "daily": say.gettext("Daily"),
        "weekly": say.gettext("Weekly"),
        "monthly": say.gettext("Monthly"),
        "quarterly": say.gettext("Quarterly"),
        "yearly": say.gettext("Yearly"),
        "irregular": say.gettext("Irregularly"),
    }[look.overview.dataset.entry.update_cycle.value]


# The strip of terms -------------------------------------------------------------------------------


def _terms(look: Look, on_offer: Sequence[Listing], at: datetime, say: Speech) -> list[TermsCell]:
    entry = look.overview.dataset.entry
    licences = list(dict.fromkeys([one.licence for one in on_offer if one.licence]))
    cells = [_regime_cell(look, on_offer, say), _price_cell(look, on_offer, say)]
    cells.append(
        TermsCell(
            say.gettext("Licence"),
            " · ".join(licences or [entry.licence]) or say.gettext("Not stated"),
            note=_first_words(on_offer, say),
        )
    )
    cells.append(_freshness_cell(look, at, say))
    cells.append(_quality_cell(look, say))
    return cells


def _freshness_cell(look: Look, at: datetime, say: Speech) -> TermsCell:
    """The promise beside the fact."""
    name, promised, version = say.gettext("Freshness"), cycle_words(look, say), look.version
    if version is None:
        return TermsCell(name, promised)
    note = say.gettext("Last data {day}", day=say.day(version.published_at or version.created_at))
    if look.freshness is not None:
        note = f"{note} {_source_words(look.freshness, say)}".strip()
    due = next_due(look.overview.dataset.entry.update_cycle, version.created_at)
    if due is not None and due.is_breached_on(china_day(at)):
        late = say.gettext("Late: new data was due {day}.", day=say.day(due.day))
        return TermsCell(name, promised, note=f"{note} {late}", tone="late")
    return TermsCell(name, promised, note=note)


def _source_words(freshness: Freshness, say: Speech) -> str:
    """Whose data makes it older than its own last data, or is late; nothing where none does."""
    if freshness.late:
        late = freshness.late[0]
        return say.gettext("Made from “{title}”, which is late.", title=say.text(late.title))
    if freshness.oldest is None:
        return ""
    return say.gettext(
        "Made from “{title}”, whose data came {day}.",
        title=say.text(freshness.oldest.title),
        day=say.day(freshness.oldest.came_at),
    )


def _regime_cell(look: Look, on_offer: Sequence[Listing], say: Speech) -> TermsCell:
    entry = look.overview.dataset.entry
    name = say.gettext("Way to it")
    addresses = [] if on_offer else addresses_elsewhere(look.overview)
    if addresses:
        return TermsCell(name, say.gettext("At its publisher"), note=host_of(addresses[0]))
    if not on_offer:
        return TermsCell(
            name,
            say.gettext("Not on offer"),
            note=say.gettext("The publisher has opened no listing yet."),
            why=_class_reasons(entry.share_type, entry.open_type, look, say),
        )
    chosen = [regime_words(one.regime, say) for one in on_offer]
    first = on_offer[0]
    note = (
        say.gettext("Without conditions")
        if first.access_class is AccessClass.UNCONDITIONAL
        else say.gettext("On conditions")
    )
    judgement = first.judgement
    why = (
        say.gettext(
            "Judged under the standard {profile}: {clauses} clauses asked, none stands against it.",
            profile=judgement.profile_id,
            clauses=say.number(len(judgement.results)),
        )
        if judgement
        else None
    )
    return TermsCell(name, " · ".join(chosen), note=note, why=why, tone=first.regime.value)


def _class_reasons(share: ShareType, opened: OpenType, look: Look, say: Speech) -> str | None:
    entry = look.overview.dataset.entry
    reasons = []
    if share is ShareType.NOT_SHARED:
        reasons.append(say.gettext("Not shared: {basis}", basis=entry.share_basis))
    if opened is OpenType.NOT_OPEN:
        reasons.append(say.gettext("Not open: {basis}", basis=entry.open_basis))
    return " ".join(reasons) or None


def _price_cell(look: Look, on_offer: Sequence[Listing], say: Speech) -> TermsCell:
    name = say.gettext("Price")
    if not on_offer and addresses_elsewhere(look.overview):
        return TermsCell(name, say.gettext("As its publisher states"))
    traded = next((one for one in on_offer if one.regime is Regime.TRADE), None)
    others = [one for one in on_offer if one.regime is not Regime.TRADE]
    if traded is None:
        return TermsCell(name, say.gettext("Free") if others else say.gettext("None set"))
    note = ""
    if traded.price.minimum:
        note = say.gettext("at least {amount} credits", amount=say.credits(traded.price.minimum))
    if others:
        note = say.gettext("free where shared or opened")
    month = bill_of(traded.price, SUPPOSED_USE, say)
    worked = say.gettext(
        "{use}: {amount} credits", use=month.sentence, amount=say.credits(month.total)
    )
    return TermsCell(name, price_words(traded.price, say), note=note, why=worked, tone="trade")


def _first_words(on_offer: Sequence[Listing], say: Speech) -> str:
    given = next((one.terms for one in on_offer if one.terms != Text()), None)
    return say.text(given)[:120] if given else ""


def _quality_cell(look: Look, say: Speech) -> TermsCell:
    name, report, version = say.gettext("Quality"), look.report, look.version
    if report is None or version is None:
        return TermsCell(name, say.gettext("Not yet checked"))
    failed = [say.text(finding.sentence) for finding in report.failures]
    score = report.score.total
    return TermsCell(
        name,
        say.gettext("Not rated")
        if score is None
        else say.gettext("{score} of 100", score=say.number(score)),
        note=say.gettext("Version {number}", number=say.number(version.number)),
        why=" ".join(failed[:3]) or None,
    )


# The button ---------------------------------------------------------------------------------------


def _action(look: Look, on_offer: Sequence[Listing], by: Actor, say: Speech) -> ActionButton:
    slug, of = look.overview.dataset.slug, place_query(look.place)
    if look.overview.may_change:
        return ActionButton(
            say.gettext("Work on this dataset"),
            f"/publish/{slug}",
            sign="pencil",
            note=say.gettext("You publish it."),
        )
    if look.is_frozen:
        return ActionButton(say.gettext("Stopped by a supervisor"), kind="", sign="freeze")
    if look.download is not None and look.may_download:
        return _use_it(look, look.download, f"/api/v1/datasets/{slug}/download.csv{of}", say)
    if look.query is not None and look.may_query:
        return _use_it(look, look.query, f"/api/v1/datasets/{slug}/download.csv{of}", say)
    if look.document is not None and look.may_have_documents and look.version is None:
        return _use_it(look, look.document, f"/api/v1/datasets/{slug}/document{of}", say)
    if look.application is not None:
        returned = look.application.state is ApplicationState.RETURNED
        return ActionButton(
            say.gettext("Your request came back with a question")
            if returned
            else say.gettext("Your request is being decided"),
            f"/my/requests/{look.application.id}",
            kind="",
            sign="back" if returned else "clock",
            note=say.gettext("Answer promised by {day}", day=say.day(look.application.due_on)),
        )
    return _ask_for_it(slug, on_offer, by, say) if on_offer else _fetch_it(look, say)


def _use_it(look: Look, access: Access, place: str, say: Speech) -> ActionButton:
    slug = look.overview.dataset.slug
    if access.agreement is not None:
        last_moment = access.agreement.ends_at - timedelta(seconds=1)
        return ActionButton(
            say.gettext("You have access until {day}", day=say.day(last_moment)),
            f"/dataset/{slug}/use{place_query(look.place)}",
            sign="key",
            note=price_words(access.price, say),
        )
    notes = {
        DeliveryRegime.OPEN: say.gettext("Open to everybody, free"),
        DeliveryRegime.SHARE: say.gettext("Shared with departments, free"),
        DeliveryRegime.OWN: say.gettext("Your own organisation's data"),
        DeliveryRegime.TRADE: price_words(access.price, say),
    }
    return ActionButton(
        say.gettext("Download"),
        place,
        sign="down",
        note=notes[access.regime],
    )


def _ask_for_it(slug: str, on_offer: Sequence[Listing], by: Actor, say: Speech) -> ActionButton:
    """Ask or buy, where the reader's kind of organisation can; else what stands in the way."""
    regimes = {listing.regime for listing in on_offer}
    kind = by.organization.kind if by.organization else None
    href = f"/dataset/{slug}/access"
    if by.is_anonymous:
        href = f"/user/login?next={href}"
    buy = ActionButton(say.gettext("Buy access"), href, sign="trade")
    ask = ActionButton(say.gettext("Request access"), href, sign="send")
    if Regime.SHARE in regimes and kind in _PUBLIC_BODIES:
        return replace(ask, note=say.gettext("For departments, citing their duty"))
    if Regime.TRADE in regimes and (kind in _BUYERS or by.is_anonymous):
        return replace(buy, note=say.gettext("For enterprises, with prepaid credits"))
    if Regime.OPEN in regimes:
        return replace(ask, note=say.gettext("Open on conditions"))
    if Regime.SHARE in regimes and by.is_anonymous:
        return replace(ask, note=say.gettext("For departments, citing their duty"))
    return ActionButton(
        say.gettext("Not for you"),
        kind="",
        note=say.gettext("Choose an organisation that may ask for it.")
        if kind is None
        else say.gettext("Your kind of organisation cannot ask for this."),
    )


def _fetch_it(look: Look, say: Speech) -> ActionButton:
    """The way to data that its publisher keeps; else that there is none."""
    addresses = addresses_elsewhere(look.overview)
    if len(addresses) == 1:
        label, href = say.gettext("Get it from its publisher"), addresses[0]
        return ActionButton(label, href, sign="down", note=host_of(href))
    if addresses:
        label = say.gettext("Get it from its publisher")
        note = say.gettext("{count} files and addresses", count=say.number(len(addresses)))
        href = f"/dataset/{look.overview.dataset.slug}#elsewhere"
        return ActionButton(label, href, sign="down", note=note)
    return ActionButton(
        say.gettext("Not on offer"),
        kind="",
        note=say.gettext("The publisher has opened no listing yet."),
    )


def _notice(look: Look, say: Speech) -> Notice | None:
    dataset = look.overview.dataset
    if look.is_frozen:
        return Notice(
            "bad",
            say.gettext("Frozen"),
            say.gettext("A supervisor has frozen this. Nothing is read until it is lifted."),
        )
    match dataset.state:
        case DatasetState.WITHDRAWN:
            return Notice("bad", say.gettext("Withdrawn"), dataset.state_reason)
        case DatasetState.DRAFT | DatasetState.SUBMITTED | DatasetState.REVIEWED:
            return Notice(
                "wait",
                say.gettext("Not public yet"),
                say.gettext("Only your own organisation and supervisors see this page."),
            )
        case DatasetState.PUBLISHED:
            return None

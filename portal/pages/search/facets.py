"""The filters of the page that finds datasets: their fields in the index, values, names and counts.

Each facet is counted with all other filters applied and its own left out, so that a number says
what one finds by choosing that value too. All counts are under the caller's labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from catalog.area import area_name
from catalog.curation.themes import listed_themes
from catalog.search import words
from catalog.search.live import LiveIndex
from catalog.search.query import (
    FACET_LIMIT_MAX,
    Either,
    Everything,
    Facet,
    Query,
    Search,
    Span,
    Value,
    Words,
)
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.errors import N_, OrganizationNotFound
from policies.identity.people import list_organizations, organization_named
from policies.terms import MICROCREDITS_PER_CREDIT, MicroCredits, Text
from portal.pages.search.state import FACETS, SearchState
from portal.pages.speech import Speech

SHOWN_MAX: Final = 7
"""Values of a facet before one has to look through it."""
LOOKED_THROUGH_MAX: Final = 60
COUNTED_MAX: Final = 500

_FIELDS: Final = {
    "organization": "organization",
    "topic": "groups",
    "tag": "tags",
    "format": "res_format",
    "area": "spatial",
    "licence": "license_id",
    "grade": "grade",
    "share": "share_type",
    "open": "open_type",
    "cycle": "update_cycle",
    "price": "price_class",
    "late": "late",
}
_LABELS: Final = {
    "organization": N_("Department"),
    "topic": N_("Topic"),
    "tag": N_("Keyword"),
    "format": N_("Format"),
    "area": N_("Area"),
    "licence": N_("Licence"),
    "grade": N_("Grade"),
    "share": N_("Sharing"),
    "open": N_("Opening"),
    "cycle": N_("Updated how often"),
    "price": N_("Price from"),
    "late": N_("Promise of freshness"),
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "grade": {"1": N_("General data"), "2": N_("Important data"), "3": N_("Core data")},
    "share": {
        "unconditional": N_("Shared without conditions"),
        "conditional": N_("Shared on conditions"),
        "not_shared": N_("Not shared"),
    },
    "open": {
        "unconditional": N_("Open without conditions"),
        "conditional": N_("Open on conditions"),
        "not_open": N_("Not open"),
    },
    "cycle": {
        "real_time": N_("Real time"),
        "daily": N_("Daily"),
        "weekly": N_("Weekly"),
        "monthly": N_("Monthly"),
        "quarterly": N_("Quarterly"),
        "yearly": N_("Yearly"),
        "irregular": N_("Irregularly"),
    },
    "late": {"late": N_("Late"), "late_source": N_("A source is late"), "kept": N_("On time")},
}
"""Facets with few values, in the order of their meaning."""

FREE: Final = "free"
_PRICES: Final = "price_microcredits"
_BANDS: Final = {
    "0.01": (0, MICROCREDITS_PER_CREDIT // 100),
    "1": (MICROCREDITS_PER_CREDIT // 100, MICROCREDITS_PER_CREDIT),
    "more": (MICROCREDITS_PER_CREDIT, None),
}
"""Lowest prices, above the first bound and up to the second, in micro-credits."""


@dataclass(frozen=True, slots=True)
class FacetChoice:
    """One value that can be chosen or taken out."""

    id: str
    value: str
    label: str
    number: int
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FacetShown:
    """One facet with its values."""

    name: str
    label: str
    choices: tuple[FacetChoice, ...]
    is_long: bool
    """It has more values than are shown, and so a box to look through them."""
    holding: str
    """What the values shown hold; empty where all do."""
    kept: tuple[tuple[str, str], ...]
    """The rest of the address, for the form that looks through the values."""
    is_open: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is chosen."""

    label: str
    value: str
    href: str
    """The state without it."""


@dataclass(frozen=True, slots=True)
class Counting:
    """With what is counted: one request's transaction, index, labels, language and time."""

    tx: Tx
    live: LiveIndex
    labels: frozenset[str]
    say: Speech
    at: datetime

    def found(self, state: SearchState) -> int:
        """How many datasets a state finds, exactly."""
        return self.live.search(
            self.tx, Search(self.labels, query_of(state), filters_of(state), rows=0)
        ).count


def query_of(state: SearchState) -> Query:
    """What the words ask for."""
    return Words(state.words) if state.words else Everything()


def filters_of(state: SearchState, *, leaving_out: str = "") -> tuple[Query, ...]:
    """The chosen filters, but for one facet."""
    filters: list[Query] = []
    for name, values in state.chosen.items():
        if name == leaving_out:
            continue
        parts = tuple(_filter(name, value) for value in values)
        filters.append(parts[0] if len(parts) == 1 else Either(parts))
    return tuple(filters)


def facets_of(
    counting: Counting, state: SearchState, counted: Mapping[str, Mapping[str, int]]
) -> list[FacetShown]:
    """The facets to show; one without values is left out, unless something of it is chosen."""
    shown = []
    for name in FACETS:
        counts = dict(counted[name])
        for value in state.chosen.get(name, ()):
            if value not in counts:
                counts[value] = counting.found(
                    replace(state, chosen={**state.chosen, name: (value,)})
                )
        if counts:
            shown.append(_facet(counting, state, name, counts))
    return shown


def count_facets(counting: Counting, state: SearchState) -> Mapping[str, Mapping[str, int]]:
    """How many datasets each value of each facet would find, the most frequent first."""
    counted: dict[str, Mapping[str, int]] = {}
    unchosen = tuple(name for name in FACETS if name not in state.chosen)
    for names, left_out in ((unchosen, ""), *(((name,), name) for name in state.chosen)):
        facets = tuple(
            Facet(field, limit=FACET_LIMIT_MAX if name == state.within else COUNTED_MAX)
            for name in names
            for field in ((_FIELDS[name], _PRICES) if name == "price" else (_FIELDS[name],))
        )
        if not facets:
            continue
        answer = counting.live.search(
            counting.tx,
            Search(
                counting.labels,
                query_of(state),
                filters_of(state, leaving_out=left_out),
                rows=0,
                facets=facets,
            ),
        )
        for name in names:
            counts = {one.value: one.count for one in answer.facets[_FIELDS[name]]}
            if name == "price":
                prices = {one.value: one.count for one in answer.facets[_PRICES]}
                counts = _bands(counts.get(FREE, 0), prices)
            counted[name] = counts
    return counted


def chips_of(counting: Counting, state: SearchState) -> list[Chip]:
    """The chosen filters, each with the way out of it."""
    chips = []
    for name, values in state.chosen.items():
        labels = _names(counting, name, values)
        chips += [
            Chip(
                counting.say.gettext(_LABELS[name]),
                labels[value],
                state.without_value(name, value).href,
            )
            for value in values
        ]
    return chips


def facet_label(name: str, say: Speech) -> str:
    """What a facet is called."""
    return say.gettext(_LABELS[name])


def _facet(
    counting: Counting, state: SearchState, name: str, counts: Mapping[str, int]
) -> FacetShown:
    chosen = state.chosen.get(name, ())
    is_within = state.within == name and bool(state.holding)
    if is_within:
        values = _holding(counting, name, counts, state.holding)[:LOOKED_THROUGH_MAX]
    elif name in _WORDS or name == "price":
        order = list(_WORDS.get(name, {FREE: "", **dict.fromkeys(_BANDS, "")}))
        values = sorted(counts, key=lambda one: order.index(one) if one in order else len(order))
    else:
        first = list(counts)[:SHOWN_MAX]
        values = first + [one for one in chosen if one not in first]
    labels = _names(counting, name, values)
    return FacetShown(
        name=name,
        label=facet_label(name, counting.say),
        choices=tuple(
            FacetChoice(
                id=f"facet-{name}-{sha256(value.encode()).hexdigest()[:10]}",
                value=value,
                label=labels[value],
                number=counts[value],
                href=(
                    state.without_value(name, value)
                    if value in chosen
                    else state.with_value(name, value)
                ).href,
                is_chosen=value in chosen,
            )
            for value in values
        ),
        is_long=is_within or (name not in _WORDS and len(counts) > len(values)),
        holding=state.holding if state.within == name else "",
        kept=tuple(pair for pair in state.pairs if pair[0] != "page"),
        is_open=bool(chosen) or is_within or FACETS.index(name) < 4,
    )


def _filter(name: str, value: str) -> Query:
    if name == "price" and value in _BANDS:
        low, high = _BANDS[value]
        return Span(_PRICES, low, high, includes_low=False)
    return Value(_FIELDS[name], value)


def _bands(free: int, prices: Mapping[str, int]) -> dict[str, int]:
    """Counts of the bands of price; one without datasets is left out."""
    counts = {FREE: free}
    for band, (low, high) in _BANDS.items():
        counts[band] = sum(
            count
            for price, count in prices.items()
            if low < int(float(price)) and (high is None or int(float(price)) <= high)
        )
    return {band: count for band, count in counts.items() if count}


def _holding(counting: Counting, name: str, counts: Mapping[str, int], holding: str) -> list[str]:
    """Values whose name in either language, or in addresses, holds a text."""
    wanted = words.fold(holding)
    names = _texts(counting, name, list(counts))
    return [
        value
        for value in counts
        if any(wanted in words.fold(text) for text in (value, names[value].zh, names[value].en))
    ]


def _names(counting: Counting, name: str, values: Sequence[str]) -> dict[str, str]:
    """What values are called in the reader's language; one that is not known, as it stands."""
    texts = _texts(counting, name, values)
    return {value: counting.say.text(texts[value]) or value for value in values}


def _texts(counting: Counting, name: str, values: Sequence[str]) -> dict[str, Text]:
    say, tx = counting.say, counting.tx
    known: dict[str, Text] = {}
    if name in _WORDS:
        known = {
            value: Text(zh=said, en=said)
            for value, said in ((one, say.gettext(text)) for one, text in _WORDS[name].items())
        }
    elif name == "area":
        known = {value: area_name(value) for value in values}
    elif name == "organization":
        known = _organizations(tx, values)
    elif name == "topic":
        known = {theme.slug: theme.title for theme in listed_themes(tx, slugs=list(values))}
    elif name == "licence":
        known = {one.id: one.title for one in profile_in_force(counting.at).licences}
    elif name == "price":
        known = {value: _band_words(value, say) for value in (FREE, *_BANDS)}
    return {value: known.get(value, Text()) for value in values}


def _organizations(tx: Tx, slugs: Sequence[str]) -> dict[str, Text]:
    if len(slugs) > COUNTED_MAX // 10:
        return {one.slug: one.title for one in list_organizations(tx)}
    known = {}
    for slug in slugs:
        try:
            known[slug] = organization_named(tx, slug).title
        except OrganizationNotFound:
            continue
    return known


def _band_words(value: str, say: Speech) -> Text:
    if value == FREE:
        said = say.gettext("Free")
    else:
        low, high = _BANDS[value]
        amounts = {
            "low": say.credits(MicroCredits(low)),
            "high": say.credits(MicroCredits(high or 0)),
        }
        if high is None:
            said = say.gettext("Above {low} credits", **amounts)
        elif low:
            said = say.gettext("{low} to {high} credits", **amounts)
        else:
            said = say.gettext("Up to {high} credits", **amounts)
    return Text(zh=said, en=said)

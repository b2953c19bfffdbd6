"""What somebody looks for, as the address of the page says it: words, filters, order, page, tray.

The address carries everything, so that each state can be sent on, saved and gone back to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, BaseModel, Field, ValidationError, field_validator

PATH: Final = "/dataset"
WORDS_LENGTH_CHARACTERS: Final = 200
VALUE_LENGTH_CHARACTERS: Final = 300
VALUES_MAX: Final = 20
"""Chosen values of one facet."""
COMPARED_MAX: Final = 4
PAGE_MAX: Final = 50_000
ADDRESS_LENGTH_CHARACTERS: Final = 8_000

FACETS: Final = (
    *("organization", "topic", "tag", "format", "area", "licence", "grade"),
    *("share", "open", "cycle", "price", "late"),
)
"""Names of the filters in addresses, in the order of the page.

Department, topic, tag and format come first: they are what people filter by.
"""


class Sort(StrEnum):
    """In which order hits are shown."""

    BEST = "best"
    NEWEST = "newest"
    TITLE = "title"
    USED = "used"


class Layout(StrEnum):
    """How hits are shown."""

    CARDS = "cards"
    ROWS = "rows"


def _written(text: str) -> str:
    if not text.isprintable():
        raise ValueError("unprintable")
    return text


_Value = Annotated[
    str, Field(min_length=1, max_length=VALUE_LENGTH_CHARACTERS), AfterValidator(_written)
]
_Values = Annotated[list[_Value], Field(max_length=VALUES_MAX)]


class SearchAddress(BaseModel):
    """The parameters of the page; others are left alone."""

    q: Annotated[str, Field(max_length=WORDS_LENGTH_CHARACTERS)] = ""
    organization: _Values = []
    topic: _Values = []
    tag: _Values = []
    format: _Values = []
    area: _Values = []
    licence: _Values = []
    grade: _Values = []
    share: _Values = []
    open: _Values = []
    cycle: _Values = []
    price: _Values = []
    late: _Values = []
    sort: Sort | None = None
    view: Layout = Layout.CARDS
    page: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 1
    compare: Annotated[list[_Value], Field(max_length=COMPARED_MAX)] = []
    within: Annotated[str, Field(max_length=20)] = ""
    """The facet whose values are looked through."""
    holding: Annotated[str, Field(max_length=WORDS_LENGTH_CHARACTERS)] = ""
    """What these values hold."""

    @field_validator("sort", mode="before")
    @classmethod
    def _no_sort(cls, value: object) -> object:
        return value or None

    def state(self) -> SearchState:
        """The state that the address says."""
        chosen = {name: tuple(dict.fromkeys(getattr(self, name))) for name in FACETS}
        return SearchState(
            words=" ".join(self.q.replace("\0", " ").split()),
            chosen={name: values for name, values in chosen.items() if values},
            order=self.sort,
            layout=self.view,
            page=self.page,
            compared=tuple(dict.fromkeys(self.compare)),
            within=self.within if self.within in FACETS else "",
            holding=self.holding.strip(),
        )


@dataclass(frozen=True, slots=True)
class SearchState:
    """One state of the page."""

    words: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by facet; one of those of a facet must hold, and of every facet one."""
    order: Sort | None = None
    """None: the best first where there are words, else the newest."""
    layout: Layout = Layout.CARDS
    page: int = 1
    compared: tuple[str, ...] = ()
    """Names of datasets in the tray."""
    within: str = ""
    holding: str = ""

    @property
    def sort(self) -> Sort:
        """The order in force."""
        if self.order is not None and (self.words or self.order is not Sort.BEST):
            return self.order
        return Sort.BEST if self.words else Sort.NEWEST

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.words or self.chosen)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the address; what is as usual is left out."""
        return [
            *self.lasting_pairs,
            *([("view", self.layout.value)] if self.layout is not Layout.CARDS else []),
            *([("page", str(self.page))] if self.page > 1 else []),
            *(("compare", slug) for slug in self.compared),
        ]

    @property
    def lasting_pairs(self) -> list[tuple[str, str]]:
        """What is looked for and in which order, without page, tray and form."""
        return [
            *([("q", self.words)] if self.words else []),
            *((name, value) for name in FACETS for value in self.chosen.get(name, ())),
            *([("sort", self.order.value)] if self.order is not None else []),
        ]

    @property
    def href(self) -> str:
        """The address of this state."""
        return _address(PATH, self.pairs)

    @property
    def query(self) -> str:
        """What is kept of it in a saved search."""
        return urlencode(self.lasting_pairs)

    def with_value(self, name: str, value: str) -> SearchState:
        """One more value of a facet."""
        held = tuple(dict.fromkeys((*self.chosen.get(name, ()), value)))
        return self._first(chosen={**self.chosen, name: held})

    def without_value(self, name: str, value: str) -> SearchState:
        """Without a value of a facet."""
        held = tuple(one for one in self.chosen.get(name, ()) if one != value)
        rest = {of: values for of, values in self.chosen.items() if of != name}
        return self._first(chosen={**rest, name: held} if held else rest)

    def without_facet(self, name: str) -> SearchState:
        """Without any value of a facet."""
        return self._first(chosen={of: values for of, values in self.chosen.items() if of != name})

    def without_filters(self) -> SearchState:
        """The words alone."""
        return self._first(chosen={})

    def looking_for(self, words: str) -> SearchState:
        """The same filters with other words."""
        return self._first(words=words)

    def in_order(self, order: Sort) -> SearchState:
        """In another order."""
        return self._first(order=order)

    def laid_out(self, layout: Layout) -> SearchState:
        """The same page in another form."""
        return replace(self, layout=layout)

    def at_page(self, page: int) -> SearchState:
        """Another page of the same."""
        return replace(self, page=page)

    def comparing(self, compared: Iterable[str]) -> SearchState:
        """The same page with other datasets in the tray."""
        return replace(self, compared=tuple(dict.fromkeys(compared))[:COMPARED_MAX])

    def _first(self, **changes: object) -> SearchState:
        """Changed, from the first page on."""
        return replace(self, page=1, within="", holding="", **changes)  # type: ignore[arg-type]


def state_of_query(query: str) -> SearchState:
    """The state of a saved address; what cannot be read any more is left out."""
    given: dict[str, object] = {}
    for name, value in parse_qsl(query[:ADDRESS_LENGTH_CHARACTERS], max_num_fields=None):
        if name in FACETS:
            held = given.setdefault(name, [])
            assert isinstance(held, list)
            held.append(value)
        elif name in ("q", "sort"):
            given[name] = value
    try:
        return SearchAddress.model_validate(given).state()
    except ValidationError:
        return SearchState()


def compare_href(slugs: Iterable[str]) -> str:
    """The page that puts these datasets side by side."""
    return _address("/compare", [("dataset", slug) for slug in slugs])


def save_href(state: SearchState) -> str:
    """The form that keeps this search."""
    return _address("/my/searches/new", [("query", state.query)])


def _address(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path

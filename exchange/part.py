"""What of a request is granted: columns, rows and time, never more than was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from catalog.dataset import Dataset
from catalog.find import distributions_of, newest_published
from catalog.view import COLUMNS_MAX, Condition, View
from exchange.application import Request
from exchange.errors import ColumnsNotOffered, FlowBackInFull, GrantedTooLong
from exchange.listing import Listing
from policies.database import Tx

NAMES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Part:
    """The part that is granted of what was asked for."""

    columns: tuple[str, ...] | None = None
    """None: all that was asked for."""
    rows: tuple[Condition, ...] = ()
    ends_on: date | None = None
    """The last day of use; None: as asked for."""


WHOLE: Final = Part()


def check_part(request: Request, part: Part) -> None:
    """See that a grant stays within its request.

    Raises: GrantedTooLong, FlowBackInFull.
    """
    if part.ends_on and request.ends_on and part.ends_on > request.ends_on:
        raise GrantedTooLong(request.ends_on)
    if request.is_flow_back and part != WHOLE:
        raise FlowBackInFull


def offered_columns(tx: Tx, listing: Listing, dataset: Dataset) -> tuple[str, ...]:
    """The columns that a listing lets out of the published versions; empty while there is none."""
    names: dict[str, None] = {}
    for distribution in distributions_of(tx, dataset):
        version = newest_published(tx, distribution.id)
        if version is not None:
            names.update(dict.fromkeys(column.name for column in version.columns))
    return listing.view.visible(tuple(names)) if names else (listing.view.columns or ())


def view_let_out(
    tx: Tx, listing: Listing, dataset: Dataset, request: Request, part: Part
) -> View | None:
    """The view of an agreement; None where it is the listing's own.

    Raises: ColumnsNotOffered, MalformedView.
    """
    wanted = part.columns if part.columns is not None else request.wanted_columns
    if wanted is None and not part.rows:
        return None
    offered = offered_columns(tx, listing, dataset)
    if wanted is not None:
        check_columns(wanted, offered)
        asked = request.wanted_columns
        if asked is not None and not set(wanted) <= set(asked):
            raise ColumnsNotOffered(_shown(asked))
    view = listing.view.limited_to(wanted, part.rows)
    # Conditions of the provider may read columns that are not let out, but only real ones.
    for distribution in distributions_of(tx, dataset):
        version = newest_published(tx, distribution.id)
        if version is not None:
            view.visible([column.name for column in version.columns])
    return view


def check_columns(wanted: tuple[str, ...], offered: tuple[str, ...]) -> None:
    """See that columns are some of those offered.

    Raises: ColumnsNotOffered.
    """
    if not 1 <= len(wanted) <= COLUMNS_MAX or not set(wanted) <= set(offered):
        raise ColumnsNotOffered(_shown(offered))


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + ("…" if len(names) > NAMES_SHOWN else "")

"""Requests that were refused or ran out of time, beside the wishes for data that nobody holds."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.application import Application
from exchange.listing import Listing
from exchange.store import applications as store
from exchange.store import listings as listing_store
from policies.database import Tx
from policies.party import Actor
from policies.roles import can_supervise, is_member_of


@dataclass(frozen=True, slots=True)
class UnmetRequest:
    """A request that came to nothing so far."""

    application: Application
    listing: Listing


def unmet_requests(tx: Tx, *, by: Actor) -> list[UnmetRequest]:
    """Those that `by` may know of: supervisors all, others those of their own two sides."""
    if by.is_anonymous or by.agreement_id is not None:
        return []
    found = []
    for application in store.unmet(tx):
        listing = listing_store.get_listing(tx, application.listing_id)
        assert listing is not None, "a foreign key says so"
        if (
            can_supervise(by)
            or is_member_of(by, application.applicant_id)
            or is_member_of(by, listing.provider_id)
        ):
            found.append(UnmetRequest(application, listing))
    return found

"""Listings, and the few facts about their datasets that the exchange asks for with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from catalog.view import View
from exchange.listing import (
    AccessClass,
    Assessment,
    Declaration,
    Listing,
    ListingState,
    StandingRelease,
    Uses,
)
from exchange.price import Price
from policies.canonical import from_plain, to_plain
from policies.database import Tx
from policies.decision.clause import Judgement
from policies.terms import DatasetId, ListingId, OrganizationId, Regime, Text, UserId

Row = dict[str, Any]

LISTINGS_PAGE_MAX = 200


def insert_listing(tx: Tx, listing: Listing) -> bool:
    """Add a listing; False where the dataset has one under this regime already."""
    inserted = tx.execute(
        """
        INSERT INTO exchange.listings
               (id, dataset_id, regime, state, access_class, view, price, terms, licence, uses,
                declaration, assessment, standing_release_by, standing_release_at, profile_id,
                profile_hash, judgement, proposed_by, proposed_at, opened_by, opened_at,
                state_reason)
        VALUES (%(id)s, %(dataset_id)s, %(regime)s, %(state)s, %(access_class)s, %(view)s,
                %(price)s, %(terms)s, %(licence)s, %(uses)s, %(declaration)s, %(assessment)s,
                %(release_by)s, %(release_at)s, %(profile_id)s, %(profile_hash)s, %(judgement)s,
                %(proposed_by)s, %(proposed_at)s, %(opened_by)s, %(opened_at)s, %(state_reason)s)
            ON CONFLICT (dataset_id, regime) WHERE state <> 'withdrawn' DO NOTHING
        """,
        _values(listing),
    )
    return inserted.rowcount == 1


def update_listing(tx: Tx, listing: Listing) -> None:
    """Write a listing's present state."""
    tx.execute(
        """
        UPDATE exchange.listings
           SET state = %(state)s,
               assessment = %(assessment)s,
               standing_release_by = %(release_by)s,
               standing_release_at = %(release_at)s,
               profile_id = %(profile_id)s,
               profile_hash = %(profile_hash)s,
               judgement = %(judgement)s,
               opened_by = %(opened_by)s,
               opened_at = %(opened_at)s,
               state_reason = %(state_reason)s
         WHERE id = %(id)s
        """,
        _values(listing),
    )


def update_view(tx: Tx, listing: Listing) -> None:
    """Write what a draft lets out, and who proposes that."""
    tx.execute(
        """
        UPDATE exchange.listings
           SET view = %(view)s,
               proposed_by = %(proposed_by)s
         WHERE id = %(id)s
           AND state = 'draft'
        """,
        _values(listing),
    )


def get_listing(tx: Tx, listing_id: ListingId) -> Listing | None:
    """The listing of that id; None where there is none."""
    row = tx.execute(
        """
        SELECT listing.*, dataset.publisher_id AS provider_id
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE listing.id = %(id)s
        """,
        {"id": listing_id},
    ).fetchone()
    return _listing(row) if row else None


def lock_listing(tx: Tx, listing_id: ListingId) -> Listing | None:
    """The listing of that id, for a change in this transaction; None where there is none."""
    row = tx.execute(
        """
        SELECT listing.*, dataset.publisher_id AS provider_id
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE listing.id = %(id)s
           FOR UPDATE OF listing
        """,
        {"id": listing_id},
    ).fetchone()
    return _listing(row) if row else None


def listings_of_dataset(tx: Tx, dataset_id: DatasetId) -> list[Listing]:
    """The dataset's listings that are not withdrawn, by regime."""
    rows = tx.execute(
        """
        SELECT listing.*, dataset.publisher_id AS provider_id
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE listing.dataset_id = %(dataset_id)s
           AND listing.state <> 'withdrawn'
         ORDER BY listing.regime
        """,
        {"dataset_id": dataset_id},
    )
    return [_listing(row) for row in rows]


def listed_of_datasets(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[Listing]:
    """The listings of these datasets that data is delivered through now, by dataset and regime."""
    rows = tx.execute(
        """
        SELECT listing.*, dataset.publisher_id AS provider_id
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE listing.dataset_id = ANY (%(dataset_ids)s)
           AND listing.state = 'listed'
         ORDER BY listing.dataset_id, listing.regime
        """,
        {"dataset_ids": list(dataset_ids)},
    )
    return [_listing(row) for row in rows]


def faces_of_dataset(tx: Tx, dataset_id: DatasetId) -> list[Listing]:
    """The dataset's listings as each read needs them: without the judgement, which is long."""
    rows = tx.execute(
        """
        SELECT listing.id, listing.dataset_id, listing.regime, listing.state,
               listing.access_class, listing.view, listing.price, listing.terms,
               listing.licence, listing.uses, listing.declaration, listing.assessment,
               listing.standing_release_by, listing.standing_release_at,
               NULL AS judgement, listing.proposed_by, listing.proposed_at, listing.opened_by,
               listing.opened_at, listing.state_reason, dataset.publisher_id AS provider_id
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE listing.dataset_id = %(dataset_id)s
           AND listing.state <> 'withdrawn'
         ORDER BY listing.regime
        """,
        {"dataset_id": dataset_id},
    )
    return [_listing(row) for row in rows]


def listings_in_state(
    tx: Tx,
    state: ListingState,
    *,
    provider_ids: Sequence[OrganizationId] | None,
    limit: int = LISTINGS_PAGE_MAX,
) -> list[Listing]:
    """Listings in a state, newest first; of these providers, or of all where None."""
    rows = tx.execute(
        """
        SELECT listing.*, dataset.publisher_id AS provider_id
          FROM exchange.listings AS listing
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE listing.state = %(state)s
           AND (%(provider_ids)s::uuid[] IS NULL
                OR dataset.publisher_id = ANY(%(provider_ids)s::uuid[]))
         ORDER BY listing.proposed_at DESC, listing.id
         LIMIT %(limit)s
        """,
        {
            "state": state,
            "provider_ids": None if provider_ids is None else list(provider_ids),
            "limit": limit,
        },
    )
    return [_listing(row) for row in rows]


def live_agreement_count(tx: Tx, listing_id: ListingId) -> int:
    """How many agreements rest on the listing and have not ended."""
    row = tx.execute(
        """
        SELECT count(*) AS live
          FROM policies.agreements
         WHERE listing_id = %(listing_id)s
           AND state <> 'ended'
           AND ends_at > now()
        """,
        {"listing_id": listing_id},
    ).fetchone()
    assert row is not None
    return int(row["live"])


def is_public_body(tx: Tx, organization_id: OrganizationId) -> bool:
    """Whether the organisation is a department, or the bureau or regulator, so its data public."""
    row = tx.execute(
        """
        SELECT kind IN ('department', 'bureau', 'regulator') AS is_public
          FROM policies.organizations
         WHERE id = %(id)s
        """,
        {"id": organization_id},
    ).fetchone()
    return bool(row and row["is_public"])


def new_id(tx: Tx) -> UUID:
    """An id that sorts by time."""
    row = tx.execute("SELECT uuidv7() AS id").fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def _values(listing: Listing) -> Row:
    judgement = listing.judgement
    return {
        "id": listing.id,
        "dataset_id": listing.dataset_id,
        "regime": listing.regime,
        "state": listing.state,
        "access_class": listing.access_class,
        "view": Jsonb(listing.view.as_json()),
        "price": Jsonb(listing.price.as_json()),
        "terms": Jsonb(listing.terms.as_map()),
        "licence": listing.licence,
        "uses": Jsonb(to_plain(listing.uses)),
        "declaration": Jsonb(to_plain(listing.declared)),
        "assessment": Jsonb(to_plain(listing.assessment)) if listing.assessment else None,
        "release_by": listing.release.signed_by if listing.release else None,
        "release_at": listing.release.signed_at if listing.release else None,
        "profile_id": judgement.profile_id if judgement else None,
        "profile_hash": judgement.profile_hash if judgement else None,
        "judgement": Jsonb(to_plain(judgement)) if judgement else None,
        "proposed_by": listing.proposed_by,
        "proposed_at": listing.proposed_at,
        "opened_by": listing.opened_by,
        "opened_at": listing.opened_at,
        "state_reason": listing.state_reason,
    }


def _listing(row: Row) -> Listing:
    release_by, release_at = row["standing_release_by"], row["standing_release_at"]
    return Listing(
        id=ListingId(row["id"]),
        dataset_id=DatasetId(row["dataset_id"]),
        provider_id=OrganizationId(row["provider_id"]),
        regime=Regime(row["regime"]),
        state=ListingState(row["state"]),
        access_class=AccessClass(row["access_class"]),
        proposed_by=UserId(row["proposed_by"]) if row["proposed_by"] else None,
        proposed_at=row["proposed_at"],
        view=View.from_json(row["view"]),
        price=Price.from_json(row["price"]),
        terms=Text.from_map(row["terms"]),
        licence=row["licence"],
        uses=from_plain(Uses, row["uses"]),
        declared=from_plain(Declaration, row["declaration"]),
        assessment=from_plain(Assessment, row["assessment"]) if row["assessment"] else None,
        release=StandingRelease(UserId(release_by), release_at) if release_by else None,
        judgement=from_plain(Judgement, row["judgement"]) if row["judgement"] else None,
        opened_by=UserId(row["opened_by"]) if row["opened_by"] else None,
        opened_at=row["opened_at"],
        state_reason=row["state_reason"],
    )

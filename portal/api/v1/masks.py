"""How a drafted listing masks its columns, and what ten rows look like then."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from catalog.view import View
from exchange import list_product
from exchange.preview_masks import masking_of, preview_masks
from policies.terms import ListingId
from portal.api.v1.listings import ListingBody, body_of
from portal.jobs import ask_for_copies
from portal.mask_key import mask_key
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["listings"])


class ViewBody(BaseModel):
    """What a listing lets out."""

    model_config = ConfigDict(extra="forbid")

    view: Annotated[
        dict[str, Any],
        Field(
            description=(
                'Columns, rows, and masks such as `{"kind": "partial", "keep_first": 3,'
                ' "keep_last": 4}`; kinds are drop, partial, hash, token, bin and noise (width),'
                " period (day, month, quarter, year), grid (decimals). `suppression` is"
                ' `{"columns": [...], "least": 5}`; `differs_by_agreement` gives each agreement'
                " hashes, tokens and noise of its own."
            )
        ),
    ]


class LeakBody(BaseModel):
    """Identifiers that come through a mask."""

    column: str
    kind: str
    valid_count: int


class PreviewBody(BaseModel):
    """The first rows as they would leave."""

    columns: list[str]
    rows: list[list[Any]]


@router.put("/listings/{listing_id}/masks")
def change(request: Request, listing_id: UUID, wanted: ViewBody) -> ListingBody:
    """Choose what a draft lets out and how it is masked; for its publisher."""
    actor, wiring = signed_in(request), wiring_of(request)
    view = View.from_json(wanted.view)
    with wiring.pool.connection() as tx:
        changed = list_product.change_view(
            tx, ListingId(listing_id), view, by=actor, at=wiring.now()
        )
        ask_for_copies(tx, changed.dataset_id)
        return body_of(changed)


@router.post("/listings/{listing_id}/masks/preview")
def preview(request: Request, listing_id: UUID, wanted: ViewBody) -> PreviewBody:
    """Ten rows as another view would show them; nothing is kept."""
    actor, wiring = signed_in(request), wiring_of(request)
    masking = masking_of(wiring.pool, ListingId(listing_id), by=actor)
    shown = preview_masks(
        masking, View.from_json(wanted.view), wiring.folders, mask_key=mask_key(wiring)
    )
    return PreviewBody(columns=list(shown.columns), rows=[list(row) for row in shown.rows])


@router.get("/listings/{listing_id}/leaks")
def leaks(request: Request, listing_id: UUID) -> list[LeakBody]:
    """What is known to come through the masks of the newest published version."""
    masking = masking_of(wiring_of(request).pool, ListingId(listing_id), by=signed_in(request))
    return [
        LeakBody(column=leak.column, kind=leak.kind.value, valid_count=leak.valid_count)
        for leak in masking.leaks
    ]

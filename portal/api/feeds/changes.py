"""What became of records, for those who keep a copy: readings of the log of events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from catalog.interchange import CHANGES_PAGE_MAX, changes_since
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["feeds"])

_LEAF_MAX = 2**53


class ChangeBody(BaseModel):
    """A record that changed, or that the caller can no longer know."""

    dataset_id: str
    name: str | None
    kind: Literal["changed", "deleted"]
    at: datetime
    url: str | None


class ChangesBody(BaseModel):
    """A page of changes, the oldest first; ask again with `cursor` for what comes after."""

    changes: list[ChangeBody]
    cursor: int
    more: bool


@router.get("/changes")
def read_changes(
    request: Request,
    cursor: Annotated[
        int, Query(ge=0, lt=_LEAF_MAX, description="`cursor` of the last answer; 0 to begin.")
    ] = 0,
    limit: Annotated[
        int, Query(ge=1, le=CHANGES_PAGE_MAX, description="Entries of the log that are read.")
    ] = CHANGES_PAGE_MAX,
) -> ChangesBody:
    """Records that changed or went since `cursor`, each once; only what the caller may know.

    `more` says whether there is more to read at once; else ask again later.
    """
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        found = changes_since(tx, cursor, by=actor_of(request), limit=limit)
    return ChangesBody(
        changes=[
            ChangeBody(
                dataset_id=str(one.dataset_id),
                name=one.slug or None,
                kind="deleted" if one.is_gone else "changed",
                at=one.at,
                url=None if one.is_gone else f"{wiring.settings.site_url}/dataset/{one.dataset_id}",
            )
            for one in found.changes
        ],
        cursor=found.next_leaf,
        more=not found.is_end,
    )

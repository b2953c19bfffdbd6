"""All routes of the feeds, in the order in which they are tried."""

from __future__ import annotations

from fastapi import APIRouter

from portal.api.feeds import rdf

router = APIRouter()

for _feed in (rdf.router, rdf.negotiated):
    router.include_router(_feed)

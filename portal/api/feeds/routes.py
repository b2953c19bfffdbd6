"""All routes of the feeds, in the order in which they are tried."""

from __future__ import annotations

from fastapi import APIRouter

from portal.api.feeds import changes, data_json, files, oai, quality, rdf, sparql
from portal.api.feeds import validate as checking

router = APIRouter()

for _feed in (
    *(rdf.router, rdf.negotiated, quality.router, files.router, data_json.router),
    *(oai.router, changes.router, sparql.router, checking.router),
):
    router.include_router(_feed)

"""The whole public catalogue as one `data.json`, sent as it is read.

Source: Project Open Data Metadata Schema 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from catalog.formats.datajson import CATALOGUE, dataset_json
from catalog.interchange import public_projections
from policies.terms import DatasetId
from portal.open_files import given_of
from portal.wiring import Wiring, wiring_of

router = APIRouter(tags=["feeds"])


@router.get("/data.json", response_class=Response)
def read_data_json(request: Request) -> Response:
    """Every dataset that everybody may know."""
    return StreamingResponse(
        _written(wiring_of(request)),
        media_type="application/json",
        headers={"Cache-Control": "no-cache"},
    )


def _written(wiring: Wiring) -> Iterator[bytes]:
    yield orjson.dumps(CATALOGUE)[:-1] + b',"dataset":['
    after: DatasetId | None = None
    given, mark = given_of(wiring), b""
    while True:
        with wiring.pool.connection() as tx:
            page, after = public_projections(tx, given, after=after)
        for record in page:
            yield mark + orjson.dumps(dataset_json(record, wiring.settings.site_url))
            mark = b","
        if after is None:
            break
    yield b"]}"

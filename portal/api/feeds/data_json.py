"""The whole public catalogue as one `data.json`, sent as it is read.

Source: Project Open Data Metadata Schema 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from catalog.formats.datajson import CATALOGUE, dataset_json
from catalog.interchange import Given, public_projections, public_state
from policies.freeze import freezes_in_force
from policies.terms import DatasetId
from portal.api.feeds.conditional import known, tag_of
from portal.open_files import given_of
from portal.wiring import Wiring, wiring_of

router = APIRouter(tags=["feeds"])


@router.get("/data.json", response_class=Response)
def read_data_json(request: Request) -> Response:
    """Every dataset that everybody may know."""
    wiring = wiring_of(request)
    given = given_of(wiring)
    with wiring.pool.connection() as tx:
        seen, at = public_state(tx), wiring.now()
        frozen = [str(one.id) for one in freezes_in_force(tx, at)]
    # What it is made of, so that who asks again is answered without making it.
    tag = tag_of(wiring.settings.site_url, seen, frozen, sorted(given.licences), is_weak=True)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    return known(request, headers) or StreamingResponse(
        _written(wiring, given), media_type="application/json", headers=headers
    )


def _written(wiring: Wiring, given: Given) -> Iterator[bytes]:
    yield orjson.dumps(CATALOGUE)[:-1] + b',"dataset":['
    after: DatasetId | None = None
    mark = b""
    while True:
        with wiring.pool.connection() as tx:
            page, after = public_projections(tx, given, after=after)
        for record in page:
            yield mark + orjson.dumps(dataset_json(record, wiring.settings.site_url))
            mark = b","
        if after is None:
            break
    yield b"]}"

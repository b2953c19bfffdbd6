"""What a dataset has on a map, as GeoJSON that is no larger than a page can take."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from catalog.summary import ZOOM_MAX, Window
from exchange.deliver import deliver_picture
from exchange.delivery import MAP_MEDIA_TYPE, PictureQuestion
from policies.party import SLUG_LENGTH_CHARACTERS
from policies.terms import Purpose
from portal.api.v1.rows import conditions_of
from portal.errors import MalformedMap
from portal.handing_out import COST_HEADER, ask_of, hand_out, parts_of
from portal.pages.dataset.map import read_box
from portal.pages.dataset.reader import look_at
from portal.pages.dataset.suggest_charts import places_in
from portal.pages.drawing.map_drawing import zoom_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/datasets", tags=["data"])

_ALL_ZOOM = 10


@router.get("/{slug}/map.geojson")
def layer(
    request: Request,
    slug: str,
    bbox: Annotated[
        str, Query(max_length=200, description="west,south,east,north in degrees of WGS 84.")
    ] = "",
    zoom: Annotated[int | None, Query(ge=0, le=ZOOM_MAX)] = None,
    filters: Annotated[str | None, Query(max_length=20_000)] = None,
    label: str | None = None,
    purpose: Purpose | None = None,
    distribution: Annotated[
        str,
        Query(
            max_length=SLUG_LENGTH_CHARACTERS,
            description="Slug of the distribution; none means the first one.",
        ),
    ] = "",
) -> Response:
    """Shapes and points of a window, as fine as the zoom shows them: at most 200 kB.

    Points that the zoom cannot tell apart are one, with `count`. `total` counts the rows that the
    filters leave, `inside` those in the window, `shown` those that the features stand for: where
    they do not all fit, the smallest are left out.
    """
    actor, wiring = actor_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        # What the caller may not see names no place either.
        look = look_at(tx, slug, distribution, by=actor, at=wiring.now())
    places = places_in(look.shown_columns, None)
    if places is None:
        raise MalformedMap
    box = read_box(bbox)
    window = Window(
        zoom if zoom is not None else zoom_of(box) if box else _ALL_ZOOM,
        places.shapes,
        places.longitude,
        places.latitude,
        label or places.label,
        box,
        conditions_of(filters),
    )
    got = deliver_picture(
        parts_of(wiring), look.table, PictureQuestion(window), ask_of(request, actor, purpose)
    )
    if isinstance(got, bytes):
        return Response(got, media_type=MAP_MEDIA_TYPE, headers={COST_HEADER: "0"})
    return hand_out(request, actor, got)

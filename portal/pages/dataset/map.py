"""What a dataset has on a map, drawn by the server; links move it, and script makes it easier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, cast
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query, Request, Response

from catalog.summary import SHAPES_MAX, Box, Window
from catalog.view import Condition, Json
from exchange.delivery import PictureQuestion
from policies.errors import Refusal
from portal.errors import MalformedMap
from portal.pages.dataset.look import ChosenDistribution, look_of
from portal.pages.dataset.picture import (
    chips,
    delivered,
    filters_pairs,
    filters_query,
    reason_against,
)
from portal.pages.dataset.reader import Look, profile_for
from portal.pages.dataset.rows import read_filters
from portal.pages.dataset.suggest_charts import Places, places_in
from portal.pages.drawing.map_drawing import MapDrawing, draw, moved, with_margin, zoom_of, zoomed
from portal.pages.rendering import render
from portal.pages.security_headers import CONTENT_SECURITY_POLICY
from portal.pages.speech import Speech
from portal.problems import status_of
from portal.wiring import wiring_of

router = APIRouter()

FILTERS_LENGTH_CHARACTERS: Final = 20_000
ALL_ZOOM: Final = 0
"""The zoom of the first look, which finds the box around everything."""
MOVES: Final = 0.4
"""By how much of the map an arrow moves it."""
LISTED_MAX: Final = 100

_Filters = Annotated[str, Query(max_length=FILTERS_LENGTH_CHARACTERS)]


@router.get("/dataset/{slug}/explore/map")
def show_map(
    request: Request,
    slug: str,
    box: Annotated[str, Query(max_length=200)] = "",
    filters: _Filters = "",
    distribution: ChosenDistribution = "",
) -> Response:
    """What the dataset has on a map, drawn here; links move it, script makes it easier."""
    look, frame, say = look_of(request, slug, distribution)
    conditions = read_filters(filters)
    with wiring_of(request).pool.connection() as tx:
        profile = profile_for(tx, look, wiring_of(request))
    places = places_in(look.shown_columns, profile)
    reason, status = reason_against(look, say), 200
    seen: _Map | None = None
    if reason is None and places is None:
        reason = say.gettext("No column here tells where its rows lie.")
    elif reason is None and places is not None:
        try:
            seen = _map(request, look, places, read_box(box), conditions, say)
        except Refusal as refusal:
            reason, status = say.refusal(refusal), status_of(refusal)
    has_shapes = places is not None and places.shapes is not None
    path = f"{frame.href}/explore"
    tiles = wiring_of(request).settings.map_tiles
    response = render(
        request,
        "dataset/map.html",
        status=status,
        dataset=frame,
        map=seen.drawing if seen else None,
        reason=reason,
        summary=_map_words(seen, say, has_shapes=has_shapes) if seen else "",
        rows=seen.listed if seen else [],
        moves=_moves(f"{path}/map", seen.drawing.box, filters_pairs(conditions, look.place), say)
        if seen
        else [],
        all_href=f"{path}/map{filters_query(conditions, look.place)}",
        layer_href=_layer_href(look, places, conditions) if seen and places else None,
        tiles=tiles,
        is_shifted=bool(places and places.is_shifted),
        charts_href=path + filters_query(conditions, look.place),
        chips=chips(conditions, lambda left: f"{path}/map{filters_query(left, look.place)}", say),
    )
    if tiles:
        # The operator's own tiles may be shown, on this page alone.
        host = f"{urlsplit(tiles).scheme}://{urlsplit(tiles).netloc}"
        policy = f"{CONTENT_SECURITY_POLICY}; img-src 'self' data: {host}"
        response.headers["Content-Security-Policy"] = policy
    return response


def read_box(text: str) -> Box | None:
    """Read "west,south,east,north"; None where nothing is given.

    Raises: MalformedMap.
    """
    if not text:
        return None
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise MalformedMap from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise MalformedMap
    return Box(west, south, east, north)


@dataclass(frozen=True, slots=True)
class _Map:
    """A drawn map with what is told of it."""

    drawing: MapDrawing
    total: int
    inside: int
    shown: int
    listed: list[tuple[str, str]]
    """What is seen, as a table: name or place, and how many rows."""


def _map(
    request: Request,
    look: Look,
    places: Places,
    box: Box | None,
    filters: tuple[Condition, ...],
    say: Speech,
) -> _Map:
    """The features in a box; without one, in the box around all of them."""
    window = Window(
        ALL_ZOOM if box is None else zoom_of(box),
        places.shapes,
        places.longitude,
        places.latitude,
        places.label,
        box,
        filters,
    )
    told = delivered(request, look, PictureQuestion(window))
    if box is None:
        extent = cast("list[float] | None", told["extent"])
        box = with_margin(Box(*extent)) if extent else Box(-180, -80, 180, 84)
        window = replace(window, zoom=zoom_of(box), box=box)
        told = delivered(request, look, PictureQuestion(window))
    features = cast("list[Json]", told["features"])
    counts = {_count(one) for one in features}
    words = {count: say.ngettext("{count} row", "{count} rows", count) for count in counts}
    listed = [_listed(one, words) for one in features[:LISTED_MAX]]
    return _Map(
        draw(features, box, words),
        int(str(told["total"])),
        int(str(told["inside"])),
        int(str(told["shown"])),
        listed,
    )


def _listed(feature: Json, words: Mapping[int, str]) -> tuple[str, str]:
    told = cast("Mapping[str, Mapping[str, Json]]", feature)
    label = told["properties"].get("label")
    point = told["geometry"]["coordinates"]
    place = ", ".join(map(str, cast("Sequence[Json]", point)[:2])) if _is_point(told) else "–"
    return str(label or place), words[_count(feature)]


def _is_point(told: Mapping[str, Mapping[str, Json]]) -> bool:
    return told["geometry"]["type"] == "Point"


def _count(feature: Json) -> int:
    count = cast("Mapping[str, Mapping[str, Json]]", feature)["properties"].get("count")
    return count if isinstance(count, int) else 1


def _map_words(seen: _Map, say: Speech, *, has_shapes: bool) -> str:
    words = say.gettext(
        "{shown} of {total} rows lie in this window.",
        shown=say.number(seen.inside),
        total=say.number(seen.total),
    )
    notes = []
    if seen.shown < seen.inside:
        left = seen.inside - seen.shown
        notes.append(
            say.ngettext(
                "{count} of them, the smallest, is not drawn; go closer to see it.",
                "{count} of them, the smallest, are not drawn; go closer to see them.",
                left,
            )
        )
    if has_shapes and seen.total > SHAPES_MAX:
        notes.append(
            say.gettext(
                "An even sample of {count} rows was looked at.", count=say.number(SHAPES_MAX)
            )
        )
    return " ".join([words, *notes])


def _moves(
    path: str, box: Box, kept: list[tuple[str, str]], say: Speech
) -> list[tuple[str, str, str]]:
    """What leads to another window: sign, words, address."""
    boxes = [
        ("+", say.gettext("Closer"), zoomed(box, 0.5)),
        ("−", say.gettext("Further away"), zoomed(box, 2.0)),
        ("←", say.gettext("West"), moved(box, east=-MOVES, north=0)),
        ("→", say.gettext("East"), moved(box, east=MOVES, north=0)),
        ("↑", say.gettext("North"), moved(box, east=0, north=MOVES)),
        ("↓", say.gettext("South"), moved(box, east=0, north=-MOVES)),
    ]
    return [
        (sign, words, f"{path}?{urlencode([('box', box_text(one)), *kept])}")
        for sign, words, one in boxes
    ]


def box_text(box: Box) -> str:
    """A box as an address has it."""
    return ",".join(f"{edge:.6g}" for edge in (box.west, box.south, box.east, box.north))


def _layer_href(look: Look, places: Places, filters: tuple[Condition, ...]) -> str:
    pairs = filters_pairs(filters, look.place)
    pairs += [("label", places.label)] if places.label else []
    slug = look.overview.dataset.slug
    return f"/api/v1/datasets/{slug}/map.geojson?{urlencode(pairs)}"

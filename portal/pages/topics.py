"""The topics, under which datasets of many departments are gathered; CKAN calls them groups."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from catalog.curation.follow import Followed
from catalog.curation.theme_errors import ThemeNotFound
from catalog.curation.themes import (
    counts_by_theme,
    datasets_under,
    listed_themes,
    parents_of,
    theme_named,
    themes_with_ids,
)
from catalog.records import records_of
from portal.pages.dataset_cards import cards_of
from portal.pages.drawing.pictures import picture_path
from portal.pages.follows import is_followed
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.pages.topic_desk import may_change_topic, may_make_topics
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()

PAGE: Final = 20
FIRST_MOST: Final = 1_000_000


@router.get("/group")
def list_topics(request: Request) -> Response:
    """Every topic, with how many datasets under it the reader sees."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        themes = listed_themes(tx)
        seen = counts_by_theme(tx, by=actor)
    shown = [
        {
            "href": f"/group/{theme.slug}",
            "title": theme.title,
            "name": theme.slug,
            "description": theme.description,
            "picture": picture_path(theme.image_url),
            "datasets": seen.get(theme.id, 0),
        }
        for theme in themes
    ]
    shown.sort(key=lambda entry: -int(str(entry["datasets"])))
    return render(request, "topic/list.html", topics=shown, may_make=may_make_topics(actor))


@router.get("/group/{slug}")
def show_topic(
    request: Request, slug: str, first: Annotated[int, Query(ge=1, le=FIRST_MOST)] = 1
) -> Response:
    """One topic with the datasets under it that exist for the reader.

    Raises: ThemeNotFound.
    """
    actor, say = actor_of(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        theme = theme_named(tx, slug)
        if theme.is_removed:
            raise ThemeNotFound(slug)
        total = counts_by_theme(tx, by=actor).get(theme.id, 0)
        ids = datasets_under(tx, theme.id, by=actor, offset=first - 1, limit=PAGE)
        datasets = [record.dataset for record in records_of(tx, ids, by=actor)]
        cards = cards_of(tx, datasets, by=actor, language=say.language)
        parents = themes_with_ids(tx, [tie.theme_id for tie in parents_of(tx, theme.id)])
        followed = is_followed(tx, Followed.THEME, theme.id, by=actor)
        may_change = may_change_topic(tx, theme, actor)
    here = f"/group/{theme.slug}"
    last = first + len(cards) - 1
    named = quote(f'groups:"{theme.slug}"')
    return render(
        request,
        "topic/one.html",
        topic=theme,
        is_followed=followed,
        may_change=may_change,
        picture=picture_path(theme.image_url),
        parents=[(parent.title, parent.slug, f"/group/{parent.slug}") for parent in parents],
        feeds=[(say.gettext("Datasets as JSON"), f"/api/3/action/package_search?fq={named}")],
        datasets=cards,
        total=total,
        previous_href=f"{here}?first={max(1, first - PAGE)}" if first > 1 else None,
        next_href=f"{here}?first={last + 1}" if cards and last < total else None,
        first=first if cards else 0,
        last=last,
    )

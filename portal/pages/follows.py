"""What the reader follows, and what is new there; and to follow a department or a topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog import find
from catalog.curation import follow
from catalog.curation.follow import Followed
from catalog.curation.theme_errors import NotFollowing
from catalog.curation.themes import theme_named, themes_with_ids
from catalog.theme import ThemeId
from policies.database import Tx
from policies.events import EventKind
from policies.identity.organize import presented_organizations
from policies.identity.people import organization_named
from policies.identity.register import presented_users
from policies.party import Actor
from policies.terms import DatasetId, OrganizationId, Text, UserId
from portal import news
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

NEWS_SHOWN: Final = 50
_SEE_OTHER: Final = 303
_PLACE: Final = "/my/follows"
Decision = Annotated[str, Form(max_length=20)]


@dataclass(frozen=True, slots=True)
class FollowedLine:
    """One thing that is followed."""

    kind: str
    id: UUID
    title: Text
    href: str
    new: int
    """How much happened there since the reader looked."""


@dataclass(frozen=True, slots=True)
class NewsLine:
    """One thing that happened."""

    title: Text
    href: str
    words: str
    at: object
    is_new: bool


@router.get("/my/follows")
def show_follows(request: Request) -> Response:
    """What happened lately to what the reader follows, and the list of it."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    assert actor.user_id is not None
    with wiring.pool.connection() as tx:
        watched = news.watched_by(tx, actor.user_id, by=actor)
        told = news.news_of(tx, watched, by=actor, limit=news.COUNTED_MOST)
        counts = Counter(
            one for item in told if item.is_new for one in watched.reasons_for(item.event)
        )
        lines = _followed(tx, watched, counts, by=actor)
        shown = _news(tx, told[:NEWS_SHOWN], by=actor, say=say)
    return render(
        request,
        "my/follows.html",
        followed=lines,
        news=shown,
        new=sum(item.is_new for item in told),
    )


@router.post("/my/follows/seen")
def mark_seen(request: Request) -> Response:
    """Count as new only what happens from now on."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        follow.mark_seen(tx, by=actor, at=wiring.now())
    return RedirectResponse(_PLACE, _SEE_OTHER)


@router.post("/my/follows/end")
def end(
    request: Request,
    kind: Annotated[Followed, Form()],
    id: Annotated[UUID, Form()],  # noqa: A002 - a field of a form
) -> Response:
    """Follow something no longer."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx, suppress(NotFollowing):  # where it was pressed twice
        follow.unfollow(tx, kind, id, by=actor)
    return RedirectResponse(_PLACE, _SEE_OTHER)


@router.post("/organization/{slug}/follow")
def follow_organization(request: Request, slug: str, decision: Decision = "follow") -> Response:
    """Follow a department, or follow it no longer."""
    with wiring_of(request).pool.connection() as tx:
        found = organization_named(tx, slug)
    _decide(request, Followed.ORGANIZATION, found.id, decision)
    return RedirectResponse(f"/organization/{found.slug}", _SEE_OTHER)


@router.post("/group/{slug}/follow")
def follow_topic(request: Request, slug: str, decision: Decision = "follow") -> Response:
    """Follow a topic, or follow it no longer."""
    with wiring_of(request).pool.connection() as tx:
        found = theme_named(tx, slug)
    _decide(request, Followed.THEME, found.id, decision)
    return RedirectResponse(f"/group/{found.slug}", _SEE_OTHER)


def is_followed(tx: Tx, kind: Followed, object_id: UUID, *, by: Actor) -> bool | None:
    """Whether the reader follows it; None where they cannot follow anything."""
    if by.user_id is None or by.is_program:
        return None
    return follow.is_following(tx, kind, object_id, user_id=by.user_id)


def _decide(request: Request, kind: Followed, object_id: UUID, decision: str) -> None:
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        if decision == "follow":
            follow.follow(tx, kind, object_id, by=actor, at=wiring.now())
            return
        with suppress(NotFollowing):
            follow.unfollow(tx, kind, object_id, by=actor)


def _followed(
    tx: Tx, watched: news.Watched, counts: Counter[UUID], *, by: Actor
) -> list[FollowedLine]:
    """The followed things that still exist for the reader, those with news first."""
    followed = watched.followed
    lines = [
        FollowedLine("dataset", one.id, one.entry.title, f"/dataset/{one.slug}", counts[one.id])
        for one in find.datasets_with_ids(
            tx, [DatasetId(i) for i in followed[Followed.DATASET]], by=by
        )
    ]
    ids = [OrganizationId(i) for i in followed[Followed.ORGANIZATION]]
    lines += [
        FollowedLine(
            "organization",
            one.organization.id,
            one.organization.title,
            f"/organization/{one.organization.slug}",
            counts[one.organization.id],
        )
        for one in presented_organizations(tx, ids)
        if not one.presentation.is_removed
    ]
    lines += [
        FollowedLine(
            "theme", one.id, _title(one.title, one.slug), f"/group/{one.slug}", counts[one.id]
        )
        for one in themes_with_ids(tx, [ThemeId(i) for i in followed[Followed.THEME]])
        if not one.is_removed
    ]
    lines += [
        FollowedLine("user", one.user.id, Text(zh=one.user.name, en=one.user.name), "", 0)
        for one in presented_users(tx, [UserId(i) for i in followed[Followed.USER]])
    ]
    return sorted(lines, key=lambda line: -line.new)


def _news(tx: Tx, items: Sequence[news.NewsItem], *, by: Actor, say: Speech) -> list[NewsLine]:
    events = [item.event for item in items]
    datasets = {
        one.id: one
        for one in find.datasets_with_ids(
            tx, list({DatasetId(e.dataset_id) for e in events if e.dataset_id}), by=by
        )
    }
    subjects = {e.subject_id for e in events if e.dataset_id is None and e.subject_id}
    organizations = {
        one.organization.id: one.organization
        for one in presented_organizations(tx, [OrganizationId(i) for i in subjects])
    }
    themes = {one.id: one for one in themes_with_ids(tx, [ThemeId(i) for i in subjects])}
    words = _words(say)
    lines = []
    for item in items:
        event = item.event
        kind = EventKind(event.kind)
        if event.dataset_id is not None:
            dataset = datasets[DatasetId(event.dataset_id)]
            title, href = dataset.entry.title, f"/dataset/{dataset.slug}"
        elif event.subject_id in organizations:
            organization = organizations[OrganizationId(event.subject_id)]
            title, href = organization.title, f"/organization/{organization.slug}"
        elif event.subject_id in themes:
            theme = themes[ThemeId(event.subject_id)]
            title, href = _title(theme.title, theme.slug), f"/group/{theme.slug}"
        else:
            continue
        lines.append(NewsLine(title, href, words[kind], event.at, item.is_new))
    return lines


def _title(title: Text, slug: str) -> Text:
    return title if title.zh or title.en else Text(zh=slug, en=slug)


def _words(say: Speech) -> dict[EventKind, str]:
    return {
        EventKind.DATASET_CREATED: say.gettext("The record was made."),
        EventKind.DATASET_CHANGED: say.gettext("The record changed."),
        EventKind.DISTRIBUTION_UPLOADED: say.gettext("New data came in."),
        EventKind.DATASET_PUBLISHED: say.gettext("It was published."),
        EventKind.DATASET_WITHDRAWN: say.gettext("It was withdrawn."),
        EventKind.ORGANIZATION_ADDED: say.gettext("The department was added."),
        EventKind.ORGANIZATION_CHANGED: say.gettext("The department changed."),
        EventKind.THEME_CHANGED: say.gettext("The topic changed."),
    }

"""What is new among the things that a person follows: a reading of the one log.

A followed department or topic brings the news of its datasets along. What the person may not see is
neither told nor counted, also where they could see it when they began to follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from catalog.curation.follow import Followed, followed_by, seen_at
from catalog.curation.themes import datasets_of_publisher, datasets_under
from catalog.records import records_of
from catalog.theme import ThemeId
from policies.activity import ACTIVITY_PAGE_MOST, events_about
from policies.database import Tx
from policies.events import EventKind, RecordedEvent
from policies.party import Actor
from policies.terms import DatasetId, OrganizationId, UserId

DATASETS_MOST: Final = 1000
"""Datasets that one followed department or topic brings along."""
PAGES_READ_MOST: Final = 4
"""Pages of the log that one look reads."""
COUNTED_MOST: Final = ACTIVITY_PAGE_MOST

OF_DATASETS: Final = (
    EventKind.DATASET_CREATED,
    EventKind.DATASET_CHANGED,
    EventKind.DISTRIBUTION_UPLOADED,
    EventKind.DATASET_PUBLISHED,
    EventKind.DATASET_WITHDRAWN,
)
OF_ORGANIZATIONS: Final = (EventKind.ORGANIZATION_ADDED, EventKind.ORGANIZATION_CHANGED)
OF_THEMES: Final = (EventKind.THEME_CHANGED,)
KINDS: Final = (*OF_DATASETS, *OF_ORGANIZATIONS, *OF_THEMES)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a person follows, with the datasets that it brings along."""

    user_id: UserId
    followed: Mapping[Followed, tuple[UUID, ...]]
    datasets: Mapping[UUID, tuple[UUID, ...]]
    """Of each followed department and topic, those that the person sees."""

    def reasons_for(self, event: RecordedEvent) -> list[UUID]:
        """The followed things that an event is told for."""
        if event.dataset_id is None:
            return [] if event.subject_id is None else [event.subject_id]
        own = [event.dataset_id] if event.dataset_id in self.followed[Followed.DATASET] else []
        return [*own, *(of for of, held in self.datasets.items() if event.dataset_id in held)]


@dataclass(frozen=True, slots=True)
class NewsItem:
    """Something that happened to what a person follows."""

    event: RecordedEvent
    is_new: bool
    """It happened since they looked, and was not their own doing."""


def watched_by(tx: Tx, user_id: UserId, *, by: Actor) -> Watched:
    """What the user follows, as `by`, who is that user, sees it."""
    followed = {kind: tuple(followed_by(tx, kind, user_id)) for kind in Followed}
    return Watched(
        user_id,
        followed,
        {
            **{
                one: tuple(
                    datasets_of_publisher(tx, OrganizationId(one), by=by, limit=DATASETS_MOST)
                )
                for one in followed[Followed.ORGANIZATION]
            },
            **{
                one: tuple(datasets_under(tx, ThemeId(one), by=by, limit=DATASETS_MOST))
                for one in followed[Followed.THEME]
            },
        },
    )


def news_of(tx: Tx, watched: Watched, *, by: Actor, limit: int) -> list[NewsItem]:
    """What happened to it lately, the newest first; reads a bounded part of the log."""
    followed = watched.followed
    datasets = {*followed[Followed.DATASET], *(i for ids in watched.datasets.values() for i in ids)}
    since = seen_at(tx, watched.user_id)
    told: list[NewsItem] = []
    before: int | None = None
    for _ in range(PAGES_READ_MOST):
        events = events_about(
            tx,
            KINDS,
            dataset_ids=sorted(datasets),
            subject_ids=[*followed[Followed.THEME], *followed[Followed.ORGANIZATION]],
            before=before,
        )
        asked = {DatasetId(one.dataset_id) for one in events if one.dataset_id is not None}
        seen = {record.dataset.id for record in records_of(tx, sorted(asked), by=by)}
        told += [
            NewsItem(
                one,
                is_new=one.actor_id != watched.user_id and (since is None or one.at > since),
            )
            for one in events
            if one.dataset_id is None or one.dataset_id in seen
        ]
        if len(told) >= limit or len(events) < ACTIVITY_PAGE_MOST:
            break
        before = events[-1].id
    return told[:limit]


def count_new(tx: Tx, *, by: Actor) -> int:
    """How many things happened to what a person follows since they looked; at most so many."""
    if by.user_id is None or by.is_program:
        return 0
    watched = watched_by(tx, by.user_id, by=by)
    return sum(one.is_new for one in news_of(tx, watched, by=by, limit=COUNTED_MOST))

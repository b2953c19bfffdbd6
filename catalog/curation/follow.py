"""Follow people, datasets, themes and organisations, so that what happens to them is noticed.

Following is private: who follows what is told to that person and to administrators. It is no
change of the catalogue, so the log does not hold it. Whether the follower may see the thing is
looked up by whoever names it, before each act here and after each reading.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from catalog.curation.theme_errors import NotFollowing, TooManyFollowed
from catalog.store import follows as store
from policies.database import Tx
from policies.identity.authenticate import check_signed_in
from policies.party import Actor
from policies.roles import check_person
from policies.terms import UserId

FOLLOWED_MOST: Final = 5_000
"""Things that one person follows."""

FOLLOWERS_SHOWN_MOST: Final = 10_000


class Followed(StrEnum):
    """The kinds of things that can be followed."""

    USER = "user"
    DATASET = "dataset"
    THEME = "theme"
    ORGANIZATION = "organization"


def follow(tx: Tx, kind: Followed, object_id: UUID, *, by: Actor, at: datetime) -> datetime:
    """Follow something that the actor sees; since when they do.

    Raises: SignInNeeded, PersonNeeded, TooManyFollowed.
    """
    user_id = check_signed_in(by)
    check_person(by)
    if store.count_followed(tx, user_id) >= FOLLOWED_MOST:
        raise TooManyFollowed(FOLLOWED_MOST)
    store.insert_follow(tx, user_id, kind, object_id, at=at)
    # What happened before is no news to anybody.
    if store.seen_at(tx, user_id) is None:
        store.set_seen_at(tx, user_id, at)
    return store.followed_at(tx, user_id, kind, object_id) or at


def unfollow(tx: Tx, kind: Followed, object_id: UUID, *, by: Actor) -> None:
    """Follow it no longer.

    Raises: SignInNeeded, PersonNeeded, NotFollowing.
    """
    user_id = check_signed_in(by)
    check_person(by)
    if not store.delete_follow(tx, user_id, kind, object_id):
        raise NotFollowing


def forget_followers(tx: Tx, kind: Followed, object_id: UUID) -> None:
    """Forget who followed what is purged."""
    store.delete_followers(tx, kind, object_id)


def is_following(tx: Tx, kind: Followed, object_id: UUID, *, user_id: UserId) -> bool:
    """Whether the user follows it."""
    return store.followed_at(tx, user_id, kind, object_id) is not None


def followers_of(tx: Tx, kind: Followed, object_id: UUID) -> list[UserId]:
    """Open accounts that follow it, the first to follow first."""
    return store.followers_of(tx, kind, object_id, limit=FOLLOWERS_SHOWN_MOST)


def count_followers(tx: Tx, kind: Followed, object_id: UUID) -> int:
    """How many open accounts follow it."""
    return store.count_followers(tx, kind, object_id)


def followed_by(tx: Tx, kind: Followed, user_id: UserId) -> list[UUID]:
    """What of a kind the user follows, the first followed first; some of it may be gone."""
    return store.followed_by(tx, user_id, kind, limit=FOLLOWED_MOST)


def seen_at(tx: Tx, user_id: UserId) -> datetime | None:
    """Up to when the user saw what is new in what they follow; None where they never looked."""
    return store.seen_at(tx, user_id)


def mark_seen(tx: Tx, *, by: Actor, at: datetime) -> None:
    """Count as new only what happens from now on.

    Raises: SignInNeeded, PersonNeeded.
    """
    user_id = check_signed_in(by)
    check_person(by)
    store.set_seen_at(tx, user_id, at)

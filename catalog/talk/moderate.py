"""Hide what does not belong below a dataset, with a reason, and show it again."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never
from uuid import UUID

from catalog import find
from catalog.audience import may_approve_for, may_publish_for
from catalog.dataset import Dataset
from catalog.talk import store
from catalog.talk.errors import ModeratorNeeded, PostNotFound
from catalog.talk.talk import NAME_LENGTH_CHARACTERS, AnswerId, Post, QuestionId, ReuseId, written
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record


def may_moderate(by: Actor, dataset: Dataset) -> bool:
    """Whether `by` may hide: the publisher's own people who act for it, and the bureau."""
    return may_publish_for(by, dataset.publisher_id) or may_approve_for(by, dataset.publisher_id)


def hide(
    tx: Tx, slug: str, post: Post, post_id: UUID, *, reason: str, by: Actor, at: datetime
) -> None:
    """Take a question, an answer or a reuse out of sight; it stays for those who moderate.

    Raises: DatasetNotFound, ModeratorNeeded, WordsMissing, PostNotFound.
    """
    dataset = _moderated(tx, slug, by)
    why = written("reason", reason, NAME_LENGTH_CHARACTERS)
    _set(tx, dataset, post, post_id, why)
    _tell(tx, dataset, post, post_id, is_hidden=True, by=by, at=at)


def show(tx: Tx, slug: str, post: Post, post_id: UUID, *, by: Actor, at: datetime) -> None:
    """Show again what was hidden.

    Raises: DatasetNotFound, ModeratorNeeded, PostNotFound.
    """
    dataset = _moderated(tx, slug, by)
    _set(tx, dataset, post, post_id, "")
    _tell(tx, dataset, post, post_id, is_hidden=False, by=by, at=at)


def _moderated(tx: Tx, slug: str, by: Actor) -> Dataset:
    dataset = find.dataset_named(tx, slug, by=by)
    if not may_moderate(by, dataset):
        raise ModeratorNeeded
    return dataset


def _set(tx: Tx, dataset: Dataset, post: Post, post_id: UUID, hidden_reason: str) -> None:
    match post:
        case Post.QUESTION:
            is_found = store.hide_question(tx, dataset.id, QuestionId(post_id), hidden_reason)
        case Post.ANSWER:
            is_found = store.hide_answer(tx, dataset.id, AnswerId(post_id), hidden_reason)
        case Post.REUSE:
            is_found = store.hide_reuse(tx, dataset.id, ReuseId(post_id), hidden_reason)
        case _:
            assert_never(post)
    if not is_found:
        raise PostNotFound


def _tell(
    tx: Tx,
    dataset: Dataset,
    post: Post,
    post_id: UUID,
    *,
    is_hidden: bool,
    by: Actor,
    at: datetime,
) -> None:
    record(
        tx,
        Event(
            kind=EventKind.TALK_MODERATED,
            at=at,
            actor=by,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=post_id,
            facts={"post": post.value, "is_hidden": is_hidden},
        ),
    )

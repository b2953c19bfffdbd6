"""Ask about a dataset, answer, and name what was made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from catalog import find
from catalog.audience import is_member
from catalog.dataset import Dataset
from catalog.talk import store
from catalog.talk.errors import PostNotFound, ReuseKnown, TalkFull, TooManyPosts
from catalog.talk.talk import (
    ANSWERS_MAX,
    NAME_LENGTH_CHARACTERS,
    POST_LENGTH_CHARACTERS,
    POSTS_A_DAY_MAX,
    QUESTIONS_MAX,
    REUSES_MAX,
    AnswerId,
    Picture,
    Post,
    QuestionId,
    Reuse,
    ReuseId,
    linked,
    written,
)
from policies.database import Tx
from policies.events import Event, EventKind
from policies.identity.authenticate import check_signed_in
from policies.party import Actor
from policies.record import record
from policies.roles import check_person
from policies.terms import UserId

_DAY = timedelta(days=1)


def ask(tx: Tx, slug: str, body: str, *, by: Actor, at: datetime) -> QuestionId:
    """Ask the publisher of a dataset that exists for the caller.

    Raises: SignInNeeded, PersonNeeded, DatasetNotFound, WordsMissing, TooManyPosts, TalkFull.
    """
    author = _author(by)
    dataset = find.dataset_named(tx, slug, by=by)
    words = written("question", body, POST_LENGTH_CHARACTERS)
    _check_pace(tx, author, at)
    if store.count_questions(tx, dataset.id) >= QUESTIONS_MAX:
        raise TalkFull(QUESTIONS_MAX)
    question_id = store.insert_question(tx, dataset.id, words, by=author, at=at)
    _tell(tx, dataset, Post.QUESTION, question_id, by=by, at=at)
    return question_id


def answer(
    tx: Tx, slug: str, question_id: QuestionId, body: str, *, by: Actor, at: datetime
) -> AnswerId:
    """Answer a question; what the publisher's own people write is marked as theirs.

    Raises: SignInNeeded, PersonNeeded, DatasetNotFound, PostNotFound, WordsMissing, TooManyPosts,
    TalkFull.
    """
    author = _author(by)
    dataset = find.dataset_named(tx, slug, by=by)
    is_official = is_member(by, dataset.publisher_id)
    question = store.get_question(tx, question_id)
    if question is None or question.dataset_id != dataset.id:
        raise PostNotFound
    if question.hidden_reason and not is_official:
        raise PostNotFound
    words = written("answer", body, POST_LENGTH_CHARACTERS)
    _check_pace(tx, author, at)
    if len(store.answers_of(tx, [question_id], with_hidden=True)) >= ANSWERS_MAX:
        raise TalkFull(ANSWERS_MAX)
    answer_id = store.insert_answer(
        tx, question_id, words, is_official=is_official, by=author, at=at
    )
    _tell(tx, dataset, Post.ANSWER, answer_id, by=by, at=at)
    return answer_id


def add_reuse(
    tx: Tx,
    slug: str,
    title: str,
    link: str,
    maker: str,
    *,
    picture: Picture | None = None,
    by: Actor,
    at: datetime,
) -> ReuseId:
    """Name something that was made of a dataset.

    Raises: SignInNeeded, PersonNeeded, DatasetNotFound, WordsMissing, MalformedLink, ReuseKnown,
    TooManyPosts, TalkFull.
    """
    author = _author(by)
    dataset = find.dataset_named(tx, slug, by=by)
    reuse = Reuse(
        id=ReuseId(UUID(int=0)),
        dataset_id=dataset.id,
        title=written("title", title, NAME_LENGTH_CHARACTERS),
        link=linked(link),
        maker=written("maker", maker, NAME_LENGTH_CHARACTERS),
        has_picture=picture is not None,
        added_by=author,
        added_at=at,
    )
    _check_pace(tx, author, at)
    if store.count_reuses(tx, dataset.id) >= REUSES_MAX:
        raise TalkFull(REUSES_MAX)
    reuse_id = store.insert_reuse(tx, reuse, picture)
    if reuse_id is None:
        raise ReuseKnown
    _tell(tx, dataset, Post.REUSE, reuse_id, by=by, at=at)
    return replace(reuse, id=reuse_id).id


def _author(by: Actor) -> UserId:
    check_signed_in(by)
    check_person(by)
    assert by.user_id is not None
    return by.user_id


def _check_pace(tx: Tx, author: UserId, at: datetime) -> None:
    if store.posts_since(tx, author, at - _DAY) >= POSTS_A_DAY_MAX:
        raise TooManyPosts(POSTS_A_DAY_MAX)


def _tell(
    tx: Tx, dataset: Dataset, post: Post, subject_id: UUID, *, by: Actor, at: datetime
) -> None:
    """The log tells that something was written, not what: people's words can be taken back."""
    record(
        tx,
        Event(
            kind=EventKind.TALK_POSTED,
            at=at,
            actor=by,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=subject_id,
            facts={"post": post.value},
        ),
    )

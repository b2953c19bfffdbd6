"""What one reader sees of the talk about a dataset."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from catalog import find
from catalog.dataset import Dataset
from catalog.talk import store
from catalog.talk.errors import PostNotFound
from catalog.talk.moderate import may_moderate
from catalog.talk.talk import Answer, Picture, Question, QuestionId, Reuse, ReuseId
from policies.database import Tx
from policies.party import Actor

SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class Talk:
    """The talk about one dataset."""

    questions: tuple[Question, ...]
    """Newest first."""
    reuses: tuple[Reuse, ...]
    """Newest first."""
    may_moderate: bool
    """Then hidden contributions are among them, with the reason."""


def talk_about(tx: Tx, dataset: Dataset, *, by: Actor) -> Talk:
    """The talk about a dataset that the caller may see."""
    moderates = may_moderate(by, dataset)
    questions = store.questions_of(tx, dataset.id, with_hidden=moderates, limit=SHOWN_MAX)
    answers: defaultdict[QuestionId, list[Answer]] = defaultdict(list)
    for question_id, answer in store.answers_of(
        tx, [question.id for question in questions], with_hidden=moderates
    ):
        answers[question_id].append(answer)
    return Talk(
        tuple(replace(one, answers=tuple(answers[one.id])) for one in questions),
        tuple(store.reuses_of(tx, dataset.id, with_hidden=moderates, limit=SHOWN_MAX)),
        moderates,
    )


def picture_of(tx: Tx, slug: str, reuse_id: ReuseId, *, by: Actor) -> Picture:
    """The picture of a reuse.

    Raises: DatasetNotFound, PostNotFound.
    """
    dataset = find.dataset_named(tx, slug, by=by)
    found = store.picture_of(tx, dataset.id, reuse_id, with_hidden=may_moderate(by, dataset))
    if found is None:
        raise PostNotFound
    return found

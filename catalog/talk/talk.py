"""Questions with their answers, and reuses: plain text that people write about a dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from urllib.parse import urlsplit
from uuid import UUID

from catalog.talk.errors import (
    MalformedLink,
    PictureTooLarge,
    PictureUnknown,
    WordsMissing,
)
from policies.terms import DatasetId, UserId

QuestionId = NewType("QuestionId", UUID)
AnswerId = NewType("AnswerId", UUID)
ReuseId = NewType("ReuseId", UUID)

POST_LENGTH_CHARACTERS: Final = 4_000
NAME_LENGTH_CHARACTERS: Final = 200
LINK_LENGTH_CHARACTERS: Final = 2_000
PICTURE_SIZE_BYTES: Final = 512 * 1024
POSTS_A_DAY_MAX: Final = 30
QUESTIONS_MAX: Final = 2_000
ANSWERS_MAX: Final = 100
REUSES_MAX: Final = 500

_BEGINNINGS: Final = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
)
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Post(StrEnum):
    """The kinds of things that people write."""

    QUESTION = "question"
    ANSWER = "answer"
    REUSE = "reuse"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a question."""

    id: AnswerId
    body: str
    is_official: bool
    """Written by the publisher's own people."""
    answered_by: UserId
    answered_at: datetime
    hidden_reason: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers, oldest first."""

    id: QuestionId
    dataset_id: DatasetId
    body: str
    asked_by: UserId
    asked_at: datetime
    answers: tuple[Answer, ...] = ()
    hidden_reason: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether the publisher answered."""
        return any(answer.is_official and not answer.hidden_reason for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Reuse:
    """Something that was made of the data."""

    id: ReuseId
    dataset_id: DatasetId
    title: str
    link: str
    maker: str
    """Who made it, in the words of whoever named it."""
    has_picture: bool
    added_by: UserId
    added_at: datetime
    hidden_reason: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is what its bytes say."""

    media_type: str
    content: bytes


def written(field: str, text: str, characters_max: int) -> str:
    """The text without what cannot be seen or turns the reading direction.

    Raises: WordsMissing.
    """
    words = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not 1 <= len(words) <= characters_max:
        raise WordsMissing(field, characters_max)
    return words


def linked(address: str) -> str:
    """The address, if a browser may follow it.

    Raises: MalformedLink.
    """
    wanted = address.strip()
    try:
        parts = urlsplit(wanted)
        host = parts.hostname
    except ValueError:
        raise MalformedLink from None
    is_web = parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc
    if not is_web or len(wanted) > LINK_LENGTH_CHARACTERS or not wanted.isprintable():
        raise MalformedLink
    if " " in wanted:
        raise MalformedLink
    # Schemes are compared by the database in lower case.
    return f"{parts.scheme.lower()}{wanted[len(parts.scheme) :]}"


def pictured(content: bytes) -> Picture:
    """The picture in a file, told by its first bytes and never by what was claimed.

    Raises: PictureTooLarge, PictureUnknown.
    """
    if len(content) > PICTURE_SIZE_BYTES:
        raise PictureTooLarge(PICTURE_SIZE_BYTES)
    for media_type, beginning in _BEGINNINGS:
        if beginning.match(content):
            return Picture(media_type, content)
    raise PictureUnknown

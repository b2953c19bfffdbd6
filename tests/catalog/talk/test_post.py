from __future__ import annotations

from uuid import uuid4

import pytest

from catalog.errors import DatasetNotFound
from catalog.talk import moderate, post, read
from catalog.talk.errors import (
    MalformedLink,
    ModeratorNeeded,
    PictureTooLarge,
    PictureUnknown,
    PostNotFound,
    ReuseKnown,
    TooManyPosts,
    WordsMissing,
)
from catalog.talk.talk import (
    PICTURE_SIZE_BYTES,
    POSTS_A_DAY_MAX,
    Post,
    QuestionId,
    linked,
    pictured,
)
from policies.database import Tx
from policies.errors import SignInNeeded
from policies.party import ANONYMOUS
from tests.catalog.city import found_city
from tests.catalog.records_city import draft, published
from tests.people import AT, acting


def test_a_reader_asks_and_the_department_answers_in_its_own_name(tx: Tx) -> None:
    city = found_city(tx)
    dataset = published(tx, city)
    reader = acting(tx, "reader")
    asked = post.ask(tx, "bus-stops", "  Which datum?\u202e ", by=reader, at=AT)
    post.answer(tx, "bus-stops", asked, "I think WGS84.", by=reader, at=AT)
    post.answer(tx, "bus-stops", asked, "CGCS2000.", by=city.publisher, at=AT)

    (question,) = read.talk_about(tx, dataset, by=ANONYMOUS).questions

    assert question.body == "Which datum?"
    assert [one.is_official for one in question.answers] == [False, True]
    assert question.is_answered


def test_anonymous_readers_read_and_do_not_write(tx: Tx) -> None:
    published(tx, found_city(tx))

    with pytest.raises(SignInNeeded):
        post.ask(tx, "bus-stops", "Why?", by=ANONYMOUS, at=AT)


def test_what_does_not_exist_for_somebody_cannot_be_asked_about(tx: Tx) -> None:
    city = found_city(tx)
    draft(tx, city)

    with pytest.raises(DatasetNotFound):
        post.ask(tx, "bus-stops", "Why?", by=city.neighbour, at=AT)


def test_the_publisher_hides_and_shows_again_and_others_do_not(tx: Tx) -> None:
    city = found_city(tx)
    dataset = published(tx, city)
    reader = acting(tx, "reader")
    asked = post.ask(tx, "bus-stops", "Buy my pills", by=reader, at=AT)

    with pytest.raises(ModeratorNeeded):
        moderate.hide(tx, "bus-stops", Post.QUESTION, asked, reason="no", by=reader, at=AT)
    moderate.hide(
        tx, "bus-stops", Post.QUESTION, asked, reason="Advertising", by=city.publisher, at=AT
    )
    assert read.talk_about(tx, dataset, by=reader).questions == ()
    (hidden,) = read.talk_about(tx, dataset, by=city.bureau).questions
    assert hidden.hidden_reason == "Advertising"
    with pytest.raises(PostNotFound):
        post.answer(tx, "bus-stops", asked, "me too", by=reader, at=AT)
    moderate.show(tx, "bus-stops", Post.QUESTION, asked, by=city.bureau, at=AT)
    assert read.talk_about(tx, dataset, by=ANONYMOUS).questions


def test_a_moderator_of_one_dataset_cannot_hide_what_belongs_to_another(tx: Tx) -> None:
    city = found_city(tx)
    published(tx, city)
    published(tx, city, "other")
    asked = post.ask(tx, "bus-stops", "Why?", by=acting(tx, "reader"), at=AT)

    with pytest.raises(PostNotFound):
        moderate.hide(tx, "other", Post.QUESTION, asked, reason="x", by=city.publisher, at=AT)
    with pytest.raises(PostNotFound):
        post.answer(tx, "other", QuestionId(uuid4()), "x", by=city.publisher, at=AT)


def test_a_reuse_is_named_once_with_its_picture(tx: Tx) -> None:
    city = found_city(tx)
    dataset = published(tx, city)
    reader = acting(tx, "reader")
    picture = pictured(b"\x89PNG\r\n\x1a\nrest")

    made = post.add_reuse(
        tx, "bus-stops", "Map", "HTTPS://example.org/m", "A school", picture=picture, by=reader,
        at=AT,
    )  # fmt: skip

    (reuse,) = read.talk_about(tx, dataset, by=ANONYMOUS).reuses
    assert reuse.link == "https://example.org/m"
    assert read.picture_of(tx, "bus-stops", made, by=ANONYMOUS) == picture
    with pytest.raises(ReuseKnown):
        post.add_reuse(
            tx, "bus-stops", "Map", "https://example.org/m", "A school", by=reader, at=AT
        )


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "data:text/html,x", "//example.org", "https://", "ftp://x.org"),
        *("https://me@bank.example/", "https://example.org/a b", "https://[", "x" * 3000, ""),
    ],
)
def test_only_addresses_of_web_pages_are_linked(address: str) -> None:
    with pytest.raises(MalformedLink):
        linked(address)


def test_a_picture_is_what_its_bytes_say() -> None:
    with pytest.raises(PictureUnknown):
        pictured(b"<svg onload=alert(1)>")
    with pytest.raises(PictureTooLarge):
        pictured(b"\xff\xd8\xff" + bytes(PICTURE_SIZE_BYTES))


def test_words_are_bounded_and_so_is_a_day(tx: Tx) -> None:
    city = found_city(tx)
    published(tx, city)
    reader = acting(tx, "reader")

    for words in ("", " \n", "x" * 4001):
        with pytest.raises(WordsMissing):
            post.ask(tx, "bus-stops", words, by=reader, at=AT)
    for number in range(POSTS_A_DAY_MAX):
        post.ask(tx, "bus-stops", f"Question {number}", by=reader, at=AT)
    with pytest.raises(TooManyPosts):
        post.ask(tx, "bus-stops", "One more", by=reader, at=AT)

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from catalog.search.document import SearchDocument
from policies.terms import DatasetId, Language, Text
from portal.pages.search.reasons import Place, Reason, reason_words, reasons_for
from portal.pages.speech import Speech

AT = datetime(2026, 11, 22, tzinfo=UTC)
DOCUMENT = SearchDocument(
    id=DatasetId(UUID(int=1)),
    name="lots",
    labels=frozenset({"public"}),
    title=Text(zh="臺北市停車場資訊", en=""),
    metadata_created=AT,
    metadata_modified=AT,
    tags=("交通", "Weather Station"),
    columns=("plate_number", "空位数"),
    publisher=Text(zh="市交通运输局", en="Transport Bureau"),
)


@pytest.mark.parametrize("typed", ["停车场", "tcc", "parking lot", "tingchechang"])
def test_a_title_in_the_other_script_is_found_through_what_was_typed(typed: str) -> None:
    (reason,) = reasons_for(typed, DOCUMENT)

    assert reason.place is Place.TITLE
    assert "停車" in reason.found
    assert reason.typed == typed


def test_a_title_that_shows_the_words_needs_no_reason() -> None:
    assert reasons_for("停車場", DOCUMENT) == []
    assert reasons_for("", DOCUMENT) == []
    assert reasons_for("%%% ()", DOCUMENT) == []


@pytest.mark.parametrize(
    ("typed", "place", "found"),
    [
        ("交通", Place.KEYWORD, "交通"),
        ("stations", Place.KEYWORD, "Station"),
        ("空位", Place.COLUMN, "空位"),
        ("bureau", Place.DEPARTMENT, "Bureau"),
    ],
)
def test_the_reason_says_where_the_word_stands(typed: str, place: Place, found: str) -> None:
    assert reasons_for(typed, DOCUMENT) == [Reason(place, found, typed)]


def test_reasons_are_said_in_the_readers_language() -> None:
    reasons = reasons_for("tcc", DOCUMENT)

    assert reason_words(reasons, Speech(Language.EN)) == "Title: “停車場” for “tcc”"
    assert "tcc" in reason_words(reasons, Speech(Language.ZH))
    assert "Title" not in reason_words(reasons, Speech(Language.ZH))

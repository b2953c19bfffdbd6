"""Nothing that stands in a record is missed, on the real catalogues of three cities."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.search import words
from catalog.search.document import PUBLIC_LABEL, SearchDocument
from catalog.search.engine import rebuilding
from catalog.search.index import Index
from catalog.search.query import ROWS_MAX, Facet, Search, Words
from tests.catalog.search.catalogues import documents, text_of

PUBLIC = frozenset({PUBLIC_LABEL})
EVERY = Facet("entity_type")
REAL_WORDS = (
    *("停車", "公車", "捷運", "空氣品質", "人口", "學校", "醫院", "圖書館", "路燈", "公園"),
    *("垃圾", "統計", "地圖", "預算", "消防", "警察", "農業", "觀光", "老人", "幼兒園"),
    *("道路", "排水", "工廠", "登革熱", "里長", "自行車", "補助", "名冊", "里鄰", "市場"),
)


@pytest.fixture(scope="module")
def cities(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[SearchDocument], Index]:
    records = documents(shared_data)
    folder = tmp_path_factory.mktemp("search")
    with rebuilding(folder) as writer:
        writer.add(records)
        writer.commit("1")
    index = Index(folder)
    index.refresh()
    return records, index


def found(index: Index, query: str) -> tuple[set[int], int]:
    page = index.search(Search(PUBLIC, Words(query), rows=ROWS_MAX, facets=(EVERY,)))
    # What counts asks less of the index than what ranks, and must find the same.
    assert sum(one.count for one in page.facets[EVERY.field]) == page.count, query
    return {one.int for one in page.ids}, page.count


def test_parking_is_found_in_each_script_language_and_reading(
    cities: tuple[list[SearchDocument], Index],
) -> None:
    _, index = cities

    lots = found(index, "停車場")

    assert lots[1] > 10
    for query in ("停车", "停车场", "停車", "tcc", "tingchechang", "parking", "car park"):
        assert found(index, query) == lots, query


def test_every_record_with_the_words_or_with_any_substring_is_found(
    cities: tuple[list[SearchDocument], Index],
) -> None:
    records, index = cities
    texts = {record.id.int: text_of(record) for record in records}
    chance = random.Random(20)
    queries = [*REAL_WORDS, *_substrings(list(texts.values()), chance, 150)]

    for query in queries:
        folded = words.fold(query)
        truth = {number for number, text in texts.items() if folded in text}
        seen, count = found(index, query)
        assert count >= len(truth), query
        if count <= ROWS_MAX:
            assert truth <= seen, query


def _substrings(texts: list[str], chance: random.Random, number: int) -> Iterator[str]:
    """Substrings of two to five characters that hold some Chinese."""
    given = 0
    while given < number:
        runs = re.findall(r"[^\W_]{2,}", chance.choice(texts))
        if not runs:
            continue
        run = chance.choice(runs)
        length = chance.randint(2, min(5, len(run)))
        start = chance.randint(0, len(run) - length)
        query = run[start : start + length]
        if re.search("[\u4e00-\u9fff]", query):
            given += 1
            yield query

"""The query language of Solr's clients, as CKAN's and harvesters' calls use it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search.errors import (
    QueryForbidden,
    QueryTooLarge,
    QueryUnreadable,
    SortUnreadable,
    UnfitSearchValue,
    UnknownSearchField,
)
from catalog.search.lucene import read_filter, read_moment, read_query, read_sort
from catalog.search.query import (
    BEST_FIRST,
    All,
    Boosted,
    Either,
    Everything,
    Not,
    Pattern,
    Phrase,
    Present,
    Query,
    SortKey,
    Span,
    Value,
    Wildcard,
    Words,
)
from policies.errors import Refusal

AT = datetime(2026, 5, 17, 13, 45, 30, tzinfo=UTC)
A, B = Value("organization", "a"), Value("organization", "b")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Everything()),
        ("*:*", Everything()),
        ("organization:a", A),
        ('organization:"a"', A),
        ("organization:a AND organization:b", All((A, B))),
        ("organization:a organization:b", All((A, B))),
        ("organization:a && organization:b", All((A, B))),
        ("organization:a OR organization:b", Either((A, B))),
        ("organization:a || organization:b", Either((A, B))),
        ("organization:(a OR b)", Either((A, B))),
        ("organization:(a b)", All((A, B))),
        ("-organization:a", Not(A)),
        ("!organization:a", Not(A)),
        ("NOT organization:a", Not(A)),
        ("+organization:a -organization:b", All((A, Not(B)))),
        ("organization:a^2", Boosted(A, 2)),
        ("title:停车", Words("停车", "title")),
        ('title:"bus stop"', Phrase("bus stop", "title")),
        ('title:"bus stop"~2', Phrase("bus stop", "title", 2)),
        ("type:dataset", Value("dataset_type", "dataset")),
        ("tags:*", Present("tags")),
        ("name:bus*", Pattern(("bus", Wildcard()), "name")),
        ("name:b?s*x", Pattern(("b", Wildcard(is_single=True), "s", Wildcard(), "x"), "name")),
        (r"name:a\*b", Value("name", "a*b")),
        (r"name:a\:b", Value("name", "a:b")),
        ("num_resources:[1 TO *]", Span("num_resources", 1, None)),
        ("num_resources:{1 TO 5]", Span("num_resources", 1, 5, includes_low=False)),
        ("num_resources:3", Value("num_resources", 3)),
        (
            "metadata_modified:[NOW-7DAYS TO NOW]",
            Span("metadata_modified", AT - timedelta(days=7), AT),
        ),
        (
            "metadata_modified:[2020-01-01T00:00:00Z TO *]",
            Span("metadata_modified", datetime(2020, 1, 1, tzinfo=UTC), None),
        ),
        ("vocab_topic:water", Value("vocab_topic", "water")),
        ("extras_theme:water", Words("water", "extras_theme")),
    ],
)
def test_a_filter_means_what_solr_means_by_it(text: str, meant: Query) -> None:
    assert read_filter(text, at=AT) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("bus stop", Words("bus stop")),
        ("公交 站点", Words("公交 站点")),
        ("bus -stop", All((Words("bus"), Not(Words("stop"))))),
        ("bus (stop", Words("bus (stop")),
        ("AND", Words("AND")),
        ('"bus stop', Words('"bus stop')),
        ("C++ / C#", Words("C++ / C#")),
        ("title:bus stop", All((Words("bus", "title"), Words("stop")))),
    ],
)
def test_words_alone_are_never_refused(text: str, meant: Query) -> None:
    assert read_query(text, at=AT) == meant


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("{!join from=a to=b}x:y", QueryForbidden),
        ("bus {!dismax}", QueryForbidden),
        ('_query_:"x"', QueryForbidden),
        ("_val_:x", QueryForbidden),
        ("permission_labels:public", QueryForbidden),
        ("-permission_labels:public", QueryForbidden),
        ("colour:red", UnknownSearchField),
        ("http://example.org", UnknownSearchField),
        ("title:name:x", QueryUnreadable),
        ("title:(name:x)", QueryUnreadable),
        ("title:(a", QueryUnreadable),
        ("title:a AND", QueryUnreadable),
        ("title:/a.*/", QueryUnreadable),
        ("title:word~", QueryUnreadable),
        ("num_resources:many", UnfitSearchValue),
        ("num_resources:[1 TO many]", UnfitSearchValue),
        ("num_resources:99999999999999999999", UnfitSearchValue),
        ("metadata_modified:[yesterday TO *]", UnfitSearchValue),
        ("metadata_modified:[NOW-9999999YEARS TO *]", UnfitSearchValue),
        ("title:[a TO b]", UnfitSearchValue),
        ("name:x" + "(" * 60 + ")" * 60, QueryTooLarge),
        ("name:(" + "a " * 600 + ")", QueryTooLarge),
        ("name:" + "a" * 30_000, QueryTooLarge),
    ],
)
def test_what_reaches_too_far_is_refused(text: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        read_query(text, at=AT)


@given(st.text(max_size=60) | st.text(alphabet='ab:()[]{}"*?\\+-!&|~^/ TO', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refusal):
        read_query(text, at=AT)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("NOW/DAY", datetime(2026, 5, 17, tzinfo=UTC)),
        ("NOW/MONTH-1MONTH", datetime(2026, 4, 1, tzinfo=UTC)),
        ("NOW+1YEAR/YEAR", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z-1YEAR", datetime(2023, 2, 28, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-05-01T10:20:30.123456Z", datetime(2024, 5, 1, 10, 20, 30, 123456, tzinfo=UTC)),
        ("2024-05-01T08:00:00+08:00", datetime(2024, 5, 1, tzinfo=UTC)),
    ],
)
def test_dates_can_be_reckoned_with(text: str, moment: datetime) -> None:
    assert read_moment(text, at=AT) == moment


def test_a_sort_is_a_list_of_fields_with_directions() -> None:
    assert read_sort(None) == BEST_FIRST
    assert read_sort("id asc") == (SortKey("id", is_descending=False),)
    assert read_sort("score desc, name") == (
        SortKey("score", is_descending=True),
        SortKey("name", is_descending=False),
    )


@pytest.mark.parametrize("sort", ["colour asc", "name up", "name asc desc", ",", "title_words asc"])
def test_a_sort_by_nothing_known_is_refused(sort: str) -> None:
    with pytest.raises(SortUnreadable):
        read_sort(sort)

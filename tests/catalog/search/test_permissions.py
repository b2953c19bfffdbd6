"""What a caller may not see shows nowhere: not in hits, counts, facets or suggestions."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.search.document import SearchDocument
from catalog.search.engine import rebuilding
from catalog.search.index import Index
from catalog.search.lucene import read_filter, read_sort
from catalog.search.query import Everything, Facet, Phrase, Query, Search, Words
from policies.terms import DatasetId, Text

AT = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ("public", "departments", "org-1", "org-2", "user-1", "oversee")
TITLES = ("停车场清单", "公交站点", "空气质量", "Parking lots", "学校名单")
FIELDS = ("organization", "tags", "res_format", "vocab_topic", "extras_owner")
QUERIES: tuple[Query, ...] = (
    Everything(),
    Words("停车"),
    Words("tcc"),
    Words("parking"),
    Words("机密"),
    Phrase("公交站点"),
    read_filter("name:d*", at=AT),
    read_filter("extras_owner:*", at=AT),
    read_filter("-organization:o1", at=AT),
    read_filter("title:停车 OR tags:公交", at=AT),
    read_filter("metadata_modified:[* TO NOW]", at=AT),
    read_filter("NOT title:停车", at=AT),
    read_filter("name:[d0 TO d9]", at=AT),
)


@st.composite
def catalogues(draw: st.DrawFn) -> list[SearchDocument]:
    size = draw(st.integers(1, 12))
    return [
        SearchDocument(
            id=DatasetId(UUID(int=number + 1)),
            name=f"d{number}",
            labels=draw(st.frozensets(st.sampled_from(LABELS), max_size=3)),
            title=Text(zh=draw(st.sampled_from(TITLES))),
            notes=Text(zh=draw(st.sampled_from(("", "机密资料", "停车收费")))),
            metadata_created=AT,
            metadata_modified=AT,
            organization=draw(st.sampled_from(("o1", "o2"))),
            tags=tuple(draw(st.sets(st.sampled_from(("停车", "公交", "机密")), max_size=2))),
            res_format=tuple(draw(st.sets(st.sampled_from(("CSV", "XLS")), max_size=2))),
            columns=tuple(draw(st.sets(st.sampled_from(("停车费", "secret_column")), max_size=2))),
            extras=(("owner", draw(st.sampled_from(("a", "b")))),),
            vocabularies={"topic": (draw(st.sampled_from(("x", "y"))),)},
        )
        for number in range(size)
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    catalogue=catalogues(),
    labels=st.frozensets(st.sampled_from(LABELS), max_size=3),
    sort=st.sampled_from((None, "id asc", "name desc", "metadata_modified desc, name asc")),
)
def test_a_search_tells_only_of_what_the_caller_may_see(
    catalogue: list[SearchDocument], labels: frozenset[str], sort: str | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = _index(Path(folder) / "whole", catalogue)
        permitted = [one for one in catalogue if one.labels & labels]
        own = _index(Path(folder) / "own", permitted)

        for query in QUERIES:
            facets = tuple(Facet(field) for field in FIELDS)
            wanted = Search(labels, query, sort=read_sort(sort), rows=100, facets=facets)
            seen, alone = whole.search(wanted), own.search(wanted)
            assert seen.count == alone.count == len(seen.ids)
            assert set(seen.ids) == set(alone.ids) <= {one.id for one in permitted}
            assert seen.facets == alone.facets
            _check_tags(seen.facets["tags"], permitted, set(seen.ids))
        for kind in ("topic", "column", "department"):
            for typed in ("", "停", "tc", "jm", "机", "secret", "o", "公交"):
                assert whole.terms(kind, typed, labels) == own.terms(kind, typed, labels)


def _check_tags(counted: object, permitted: list[SearchDocument], ids: set[DatasetId]) -> None:
    truth = Counter(tag for one in permitted if one.id in ids for tag in one.tags)
    assert isinstance(counted, tuple)
    assert {one.value: one.count for one in counted} == dict(truth)


def _index(folder: Path, records: list[SearchDocument]) -> Index:
    with rebuilding(folder) as writer:
        writer.add(records)
        writer.commit("1")
    index = Index(folder)
    index.refresh()
    return index

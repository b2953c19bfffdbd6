from __future__ import annotations

from dataclasses import replace

import pytest
from rdflib import Graph

from catalog.dataset import Entry
from catalog.directory import Directory
from catalog.projection import Face
from portal.api.v1.datasets import NewDataset
from portal.api.v1.directory_body import directory_with
from portal.demo.holdings import Holding, holdings
from tests.catalog.formats.records import rich_record
from tests.catalog.formats.test_shapes import found_by_ours, projected, violations, whole
from tests.portal.feeds.test_rdf import violations as violations_of_both


def entry_of(holding: Holding) -> Entry:
    told = NewDataset.model_validate(dict(holding.entry))
    return Entry(
        title=told.title.as_text(),
        summary=told.summary.as_text(),
        grade=told.grade,
        share_type=told.share_type,
        share_basis=told.share_basis,
        open_type=told.open_type,
        open_basis=told.open_basis,
        update_cycle=told.update_cycle,
        licence=told.licence,
        keywords=tuple(told.keywords),
        audience=told.audience,
        directory=directory_with(Directory(), told.directory),
    )


@pytest.mark.parametrize("face", Face)
def test_no_record_of_the_demo_city_has_a_violation_even_before_anything_is_stood_in(
    face: Face, official_shapes: Graph
) -> None:
    record = rich_record()
    told = [
        projected(replace(record, dataset=replace(record.dataset, entry=entry_of(one))), face)
        for one in holdings()
    ]
    assert len(told) > 8

    for one in told:
        graph = whole([one])
        assert violations(found_by_ours(graph)) == set()
    assert violations_of_both(whole(told[:1]), official_shapes) == []

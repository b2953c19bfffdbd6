from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.formats.dcat import dataset_triples
from catalog.formats.oxigraph import RdfForm, write
from catalog.projection import Face, project
from catalog.record import Record
from tests.catalog.formats.records import rich_record

SHARED_ONLY = ("仅限行政执法", "公交调度系统", "0755-1234567")


def written(record: Record, face: Face) -> str:
    made = project(record, face, licences={}, files={}, links={})
    assert made is not None
    return write(dataset_triples(made, "https://weir.example"), RdfForm.TURTLE).decode()


@pytest.mark.parametrize("face", [Face.PUBLIC, Face.BUYER])
def test_what_is_for_departments_is_not_told_to_others(face: Face) -> None:
    text = written(rich_record(), face)

    assert not [words for words in SHARED_ONLY if words in text]
    assert "access-right/PUBLIC" in text


def test_departments_are_told_how_it_is_shared() -> None:
    text = written(rich_record(), Face.DEPARTMENT)

    assert all(words in text for words in SHARED_ONLY)
    assert "access-right/RESTRICTED" in text


@pytest.mark.parametrize("face", Face)
def test_fields_of_foreign_catalogues_go_out_on_no_face(face: Face) -> None:
    assert "secret extra" not in written(rich_record(), face)


@pytest.mark.parametrize("face", Face)
def test_a_classified_record_is_told_to_nobody(face: Face) -> None:
    record = rich_record()
    entry = record.dataset.entry
    hidden = replace(entry, directory=replace(entry.directory, is_classified=True))

    classified = replace(record, dataset=replace(record.dataset, entry=hidden))

    assert project(classified, face, licences={}, files={}, links={}) is None

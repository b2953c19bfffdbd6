from __future__ import annotations

from dataclasses import replace

from catalog.directory import Directory
from catalog.formats.metadata_score import TOTAL, Dimension, Rating
from catalog.formats.shape_finding import Severity
from catalog.metadata_tasks import findings_of, score_of
from catalog.record import Record
from policies.terms import Text
from tests.catalog.formats.records import rich_record


def bare_record() -> Record:
    record = rich_record()
    entry = replace(
        record.dataset.entry, summary=Text(), keywords=(), licence="", directory=Directory()
    )
    return replace(
        record,
        dataset=replace(record.dataset, entry=entry, issued=None),
        themes=(),
        terms=(),
        distributions=(),
    )


def test_what_is_missing_is_a_task_with_the_place_of_its_field() -> None:
    record = bare_record()

    found = {one.field: one for one in findings_of(record)}

    assert found["summary_zh"].severity is Severity.VIOLATION
    assert found["summary_zh"].href == f"/publish/{record.dataset.slug}/describe#field-summary_zh"
    assert {"keywords", "themes", "spatial", "temporal_start", "maintainer"} <= set(found)
    assert found["keywords"].severity is Severity.ADVICE
    assert all(one.words.zh and one.words.en for one in found.values())


def test_a_whole_record_has_no_task_that_must_be_done() -> None:
    assert [one for one in findings_of(rich_record()) if one.severity is Severity.VIOLATION] == []


def test_an_address_that_is_none_is_a_task() -> None:
    record = rich_record()
    held = record.distributions[0]
    wrong = replace(held, distribution=replace(held.distribution, access_url="see the office"))

    found = findings_of(replace(record, distributions=(wrong,)))

    assert ("distributions", Severity.VIOLATION) in [(one.field, one.severity) for one in found]


def test_all_points_are_405_and_each_missing_one_has_a_field() -> None:
    poor, rich = score_of(bare_record()), score_of(rich_record())

    assert TOTAL == sum(there for _, there in rich.per_dimension.values()) == 405
    for told in (poor, rich):
        assert told.points + sum(one.points for one in told.missing) == TOTAL
        assert all(one.field and one.words.zh and one.words.en for one in told.missing)
    assert rich.per_dimension[Dimension.FINDABILITY] == (100, 100)
    assert poor.rating is Rating.BAD
    assert rich.points > poor.points


def test_a_foreign_address_counts_once_somebody_reached_it() -> None:
    record = rich_record()
    address = record.distributions[0].distribution.access_url

    before, after = score_of(record), score_of(record, {address: True})

    assert after.points == before.points + 50


def test_a_classified_record_has_tasks_for_its_own_people_too() -> None:
    record = bare_record()
    entry = replace(record.dataset.entry, directory=Directory(is_classified=True))

    assert findings_of(replace(record, dataset=replace(record.dataset, entry=entry)))

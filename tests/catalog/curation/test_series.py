from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from catalog import publish
from catalog.curation import classify, describe, series
from catalog.curation.classify_errors import GovCodeTaken, NotASeries, UnknownTheme
from catalog.directory import Directory
from policies.database import Tx
from policies.party import ANONYMOUS
from tests.catalog.city import ENTRY, found_city
from tests.catalog.records_city import draft, published, titled
from tests.people import AT


def test_a_series_gathers_datasets_and_shows_each_reader_those_that_exist_for_them(tx: Tx) -> None:
    city = found_city(tx)
    whole = published(
        tx, city, "counts", replace(titled("客流"), directory=Directory(type_name="series"))
    )
    for year, make in ((2024, published), (2025, published), (2026, draft)):
        directory = Directory(in_series=whole.id, temporal_start=date(year, 1, 1))
        make(tx, city, f"counts-{year}", replace(titled(f"客流{year}"), directory=directory))

    seen = [one.slug for one in series.members_of(tx, whole, by=ANONYMOUS)]
    own = [one.slug for one in series.members_of(tx, whole, by=city.publisher)]

    assert seen == ["counts-2025", "counts-2024"]
    assert own == ["counts-2026", "counts-2025", "counts-2024"]
    assert series.series_named(tx, "counts", by=city.publisher) == whole.id


def test_only_a_series_takes_datasets_in(tx: Tx) -> None:
    city = found_city(tx)
    draft(tx, city)

    for slug in ("bus-stops", "nothing"):
        with pytest.raises(NotASeries):
            series.series_named(tx, slug, by=city.publisher)


def test_a_theme_that_is_not_in_the_list_is_refused(tx: Tx) -> None:
    city = found_city(tx)
    made = draft(tx, city)

    with pytest.raises(UnknownTheme):
        classify.name_themes(tx, made.id, ["flying"], by=city.publisher, at=AT)


def test_a_code_of_the_directory_names_one_record_of_its_provider(tx: Tx) -> None:
    city = found_city(tx)
    coded = replace(ENTRY, directory=Directory(gov_code="301005/1"))
    first = published(tx, city, "one", coded)

    with pytest.raises(GovCodeTaken):
        draft(tx, city, "two", coded)
    second = draft(tx, city, "two")
    with pytest.raises(GovCodeTaken):
        describe.change(tx, second.id, coded, by=city.publisher, at=AT)
    publish.withdraw(tx, first.id, reason="Old", by=city.approver, at=AT)
    describe.change(tx, second.id, coded, by=city.publisher, at=AT)
    with pytest.raises(GovCodeTaken):
        publish.take_up(tx, first.id, reason="Again", by=city.publisher, at=AT)


def test_a_draft_is_its_writers_alone_and_holds_what_no_record_may(tx: Tx) -> None:
    from catalog.curation import draft as drafts

    city = found_city(tx)
    made = describe.create(
        tx, "new", ENTRY, publisher_id=city.transport.id, by=city.publisher, at=AT
    )
    fields = {"share_type": "not_shared", "share_basis": "", "themes": ["a", "b"], "x": "nul\0"}
    drafts.keep_draft(tx, made.id, fields, by=city.publisher, at=AT)

    kept = drafts.draft_of(tx, made.id, by=city.publisher)
    assert kept is not None
    assert kept.fields == {**fields, "x": "nul"}
    assert drafts.draft_of(tx, made.id, by=city.approver) is None
    assert drafts.draft_of(tx, None, by=city.publisher) is None
    drafts.drop_draft(tx, made.id, by=city.publisher)
    assert drafts.draft_of(tx, made.id, by=city.publisher) is None

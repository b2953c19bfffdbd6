from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.curation import mend
from catalog.curation.classify_errors import NothingToMend
from catalog.directory import Directory, FormatClass, ShareChannel
from catalog.filing import Fault, Neighbours, faults_of, same_name
from catalog.find import dataset_with_id
from policies.database import Tx
from policies.terms import Text
from tests.catalog.city import ENTRY, found_city
from tests.catalog.records_city import draft, titled
from tests.people import AT

NOBODY = Neighbours(frozenset(), ())


def test_a_file_is_not_offered_as_a_database_and_one_click_puts_that_right(tx: Tx) -> None:
    city = found_city(tx)
    directory = Directory(format_class=FormatClass.FILE, share_channel=ShareChannel.DATABASE)
    made = draft(tx, city, entry=replace(ENTRY, directory=directory))

    found = mend.filing_of(tx, made, by=city.publisher)
    assert [one.fault for one in found] == [Fault.CHANNEL_MISFITS]
    mend.mend(tx, made.id, Fault.CHANNEL_MISFITS, by=city.publisher, at=AT)

    mended = dataset_with_id(tx, made.id, by=city.publisher)
    assert mended.entry.directory.share_channel is ShareChannel.FILE
    with pytest.raises(NothingToMend):
        mend.mend(tx, made.id, Fault.CHANNEL_MISFITS, by=city.publisher, at=AT)


def test_a_name_from_a_copied_cell_is_told_apart_by_area_or_time(tx: Tx) -> None:
    city = found_city(tx)
    draft(tx, city, "one", titled("停车场"))
    entry = replace(titled("停 车场"), directory=Directory(spatial="黄浦区"))
    second = draft(tx, city, "two", entry)

    (found,) = mend.filing_of(tx, second, by=city.publisher)

    assert found.fault is Fault.NAME_REPEATED
    assert found.mended is not None
    assert found.mended.title.zh == "停 车场（黄浦区）"


def test_a_repeated_name_that_nothing_tells_apart_is_left_to_a_person() -> None:
    neighbours = Neighbours(frozenset({same_name("停车场")}), ())

    (found,) = faults_of(titled("停车场"), neighbours)

    assert (found.fault, found.mended) == (Fault.NAME_REPEATED, None)


def test_codes_of_unequal_length_are_filled_with_noughts() -> None:
    neighbours = Neighbours(frozenset(), ("301005/00001", "301005/00002"))
    entry = replace(ENTRY, directory=Directory(gov_code="301005/3"))

    (found,) = faults_of(entry, neighbours)

    assert found.fault is Fault.CODE_UNEQUAL
    assert found.mended is not None
    assert found.mended.directory.gov_code == "301005/00003"


def test_a_code_begins_with_the_class_beside_it() -> None:
    entry = replace(ENTRY, directory=Directory(class_code="301005", gov_code="201001/00003"))

    (found,) = faults_of(entry, NOBODY)

    assert found.mended is not None
    assert found.mended.directory.gov_code == "301005/00003"


def test_an_empty_summary_is_filled_from_the_columns() -> None:
    entry = replace(ENTRY, summary=Text())

    (empty,) = faults_of(entry, NOBODY)
    (filled,) = faults_of(entry, NOBODY, ["站点编号", "站点名称"])

    assert (empty.fault, empty.mended) == (Fault.SUMMARY_EMPTY, None)
    assert filled.mended is not None
    assert "站点编号、站点名称" in filled.mended.summary.zh


def test_a_good_record_has_no_fault() -> None:
    assert faults_of(ENTRY, NOBODY) == []

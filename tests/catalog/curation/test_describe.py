from __future__ import annotations

import json
from dataclasses import replace

import pytest

from catalog import find, publish
from catalog.curation import describe
from catalog.dataset import DatasetState
from catalog.errors import (
    ClassificationLoosened,
    DatasetNotFound,
    PublisherNeeded,
    SlugTaken,
    WrongState,
)
from catalog.folders import Folders
from policies.database import Tx
from policies.errors import MalformedSlug
from policies.identity.people import organization_named
from policies.party import ANONYMOUS
from policies.terms import AgreementId, Grade, Text
from tests.catalog.city import ENTRY, add_dataset, add_version, found_city, judge, publish_all
from tests.people import AT


def events_of(tx: Tx, dataset_id: object) -> list[tuple[str, dict[str, object]]]:
    rows = tx.execute(
        "SELECT kind, body FROM policies.events WHERE dataset_id = %s ORDER BY id", (dataset_id,)
    )
    return [(row["kind"], json.loads(row["body"])) for row in rows]


def test_a_dataset_begins_as_a_draft_and_is_recorded(tx: Tx) -> None:
    city = found_city(tx)

    dataset, _ = add_dataset(tx, city)

    assert dataset.state is DatasetState.DRAFT
    assert find.dataset_named(tx, "bus-stops", by=city.publisher) == dataset
    kinds = [kind for kind, _ in events_of(tx, dataset.id)]
    assert kinds == ["dataset.created", "dataset.changed"]


def test_names_are_unique_and_can_stand_in_an_address(tx: Tx) -> None:
    city = found_city(tx)
    add_dataset(tx, city)

    with pytest.raises(SlugTaken):
        add_dataset(tx, city)
    with pytest.raises(MalformedSlug):
        add_dataset(tx, city, "Bus stops")


def test_only_a_publisher_of_the_organisation_registers(tx: Tx) -> None:
    city = found_city(tx)

    for stranger in (city.neighbour, city.bureau, city.regulator, ANONYMOUS):
        with pytest.raises(PublisherNeeded):
            describe.create(tx, "x1", ENTRY, publisher_id=city.transport.id, by=stranger, at=AT)


def test_a_token_bound_to_an_agreement_changes_nothing(tx: Tx) -> None:
    city = found_city(tx)
    dataset, _ = add_dataset(tx, city)
    bound = replace(city.publisher, agreement_id=AgreementId(dataset.id))

    with pytest.raises(DatasetNotFound):
        describe.change(tx, dataset.id, ENTRY, by=bound, at=AT)
    with pytest.raises(PublisherNeeded):
        describe.create(tx, "x1", ENTRY, publisher_id=city.transport.id, by=bound, at=AT)


def test_a_change_is_recorded_with_what_was_before(tx: Tx) -> None:
    city = found_city(tx)
    dataset, _ = add_dataset(tx, city)

    changed = describe.change(
        tx, dataset.id, replace(ENTRY, licence="CC BY 4.0"), by=city.publisher, at=AT
    )

    assert find.dataset_named(tx, "bus-stops", by=city.publisher).entry == changed.entry
    _, body = events_of(tx, dataset.id)[-1]
    assert body["facts"] == {"licence": {"before": "", "after": "CC BY 4.0"}}


def test_strangers_are_told_the_same_of_a_draft_as_of_nothing(tx: Tx) -> None:
    city = found_city(tx)
    dataset, _ = add_dataset(tx, city)

    with pytest.raises(DatasetNotFound):
        describe.change(tx, dataset.id, ENTRY, by=city.neighbour, at=AT)
    with pytest.raises(PublisherNeeded):
        describe.change(tx, dataset.id, ENTRY, by=city.regulator, at=AT)


def test_an_approved_dataset_only_becomes_stricter(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city, entry=replace(ENTRY, grade=Grade.IMPORTANT))
    judge(tx, add_version(tx, city, distribution, folders))
    published = publish_all(tx, city, dataset.id)

    stricter = replace(published.entry, grade=Grade.CORE)
    assert describe.change(tx, dataset.id, stricter, by=city.publisher, at=AT).entry == stricter
    with pytest.raises(ClassificationLoosened):
        describe.change(tx, dataset.id, ENTRY, by=city.publisher, at=AT)


def test_what_lies_with_the_approver_is_not_changed_under_their_eyes(
    tx: Tx, folders: Folders
) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))
    publish.submit(tx, dataset.id, by=city.publisher, at=AT)

    with pytest.raises(WrongState):
        describe.change(tx, dataset.id, replace(ENTRY, licence="x"), by=city.publisher, at=AT)


def test_inputs_are_datasets_that_the_publisher_may_see(tx: Tx) -> None:
    city = found_city(tx)
    source, _ = add_dataset(tx, city, "source")
    derived, _ = add_dataset(tx, city, "derived")
    hidden = describe.create(
        tx,
        "hidden",
        ENTRY,
        publisher_id=organization_named(tx, "health").id,
        by=city.neighbour,
        at=AT,
    )

    describe.name_inputs(tx, derived.id, [source.id], by=city.publisher, at=AT)

    overview = find.overview(tx, "derived", by=city.publisher)
    assert [one.slug for one in overview.inputs] == ["source"]
    for wrong in (hidden.id, derived.id):
        with pytest.raises(DatasetNotFound):
            describe.name_inputs(tx, derived.id, [wrong], by=city.publisher, at=AT)


def test_a_distribution_declares_its_key(tx: Tx) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)

    describe.change_distribution(
        tx,
        distribution,
        title=Text(en="Stops"),
        key_columns=("id",),
        by=city.publisher,
        at=AT,
    )

    assert find.distribution_named(tx, dataset, "data").key_columns == ("id",)
    with pytest.raises(SlugTaken):
        describe.add_distribution(tx, dataset.id, "data", Text(en="x"), by=city.publisher, at=AT)

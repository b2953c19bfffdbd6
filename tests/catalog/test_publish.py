from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from catalog import find, publish
from catalog.dataset import DatasetState
from catalog.errors import (
    ApproverIsSubmitter,
    ApproverNeeded,
    DatasetNotFound,
    GateBlocked,
    NotAssessedYet,
    NotForDirectPublication,
    NothingToSubmit,
    PublisherNeeded,
    ReasonMissing,
    WrongState,
)
from catalog.folders import Folders
from catalog.store import datasets as store
from catalog.version import Verdict, VersionState
from policies.database import Tx
from policies.party import ANONYMOUS
from policies.terms import Grade
from tests.catalog.city import ENTRY, add_dataset, add_version, found_city, judge, publish_all
from tests.people import AT

LATER = AT + timedelta(days=1)


def test_one_submits_another_publishes_and_everybody_reads(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    version = judge(tx, add_version(tx, city, distribution, folders))

    submitted = publish.submit(tx, dataset.id, by=city.publisher, at=AT)
    assert submitted.state is DatasetState.SUBMITTED
    published = publish.publish(tx, dataset.id, by=city.approver, at=LATER)

    assert published.state is DatasetState.PUBLISHED
    assert published.issued == LATER
    read, _ = find.version_with_id(tx, version.id, by=ANONYMOUS)
    assert read.state is VersionState.PUBLISHED
    assert (read.submitted_by, read.published_by) == (city.publisher.user_id, city.approver.user_id)


def test_nobody_approves_what_they_submitted(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))
    publish.submit(tx, dataset.id, by=city.approver, at=AT)

    with pytest.raises(ApproverIsSubmitter):
        publish.publish(tx, dataset.id, by=city.approver, at=AT)


def test_the_database_too_wants_two_people(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)

    with pytest.raises(psycopg.errors.CheckViolation):
        tx.execute("UPDATE catalog.versions SET published_by = submitted_by")


def test_the_database_too_stands_at_the_gate(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    _, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders), Verdict.BLOCKED)

    with pytest.raises(psycopg.errors.CheckViolation):
        tx.execute("UPDATE catalog.versions SET state = 'published', published_under = 'x'")


def test_only_the_people_whose_part_it_is_act(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))

    with pytest.raises(PublisherNeeded):
        publish.submit(tx, dataset.id, by=city.bureau, at=AT)
    with pytest.raises(DatasetNotFound):
        publish.submit(tx, dataset.id, by=city.neighbour, at=AT)
    publish.submit(tx, dataset.id, by=city.publisher, at=AT)
    for person in (city.publisher, city.regulator):
        with pytest.raises(ApproverNeeded):
            publish.publish(tx, dataset.id, by=person, at=AT)
        with pytest.raises(ApproverNeeded):
            publish.return_to_publisher(tx, dataset.id, reason="x", by=person, at=AT)
    with pytest.raises(DatasetNotFound):
        publish.publish(tx, dataset.id, by=city.neighbour, at=AT)
    assert publish.publish(tx, dataset.id, by=city.bureau, at=AT).state is DatasetState.PUBLISHED


def test_only_checked_data_is_submitted(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    with pytest.raises(NothingToSubmit):
        publish.submit(tx, dataset.id, by=city.publisher, at=AT)

    version = add_version(tx, city, distribution, folders)
    with pytest.raises(NotAssessedYet):
        publish.submit(tx, dataset.id, by=city.publisher, at=AT)

    blocked = judge(tx, version, Verdict.BLOCKED)
    with pytest.raises(GateBlocked) as refusal:
        publish.submit(tx, dataset.id, by=city.publisher, at=AT)
    assert refusal.value.report_id == str(blocked.report_id)

    judge(tx, version, Verdict.PASSED_WITH_WARNINGS)
    publish.submit(tx, dataset.id, by=city.publisher, at=AT)


def test_a_newer_version_that_is_blocked_hides_no_older_one(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))
    judge(tx, add_version(tx, city, distribution, folders), Verdict.BLOCKED)

    with pytest.raises(GateBlocked):
        publish.submit(tx, dataset.id, by=city.publisher, at=AT)


def test_a_return_gives_the_reason_and_a_second_try(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))
    publish.submit(tx, dataset.id, by=city.publisher, at=AT)

    with pytest.raises(ReasonMissing):
        publish.return_to_publisher(tx, dataset.id, reason=" ", by=city.approver, at=AT)
    returned = publish.return_to_publisher(
        tx, dataset.id, reason="站名缺失", by=city.approver, at=AT
    )

    assert (returned.state, returned.state_reason) == (DatasetState.DRAFT, "站名缺失")
    assert publish_all(tx, city, dataset.id).state_reason == ""


def test_a_new_version_waits_while_the_old_one_is_read(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    first = judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)
    second = judge(tx, add_version(tx, city, distribution, folders))

    still = publish.submit(tx, dataset.id, by=city.approver, at=LATER)
    newest = find.newest_published(tx, distribution.id)
    assert still.state is DatasetState.PUBLISHED
    assert newest is not None
    assert newest.id == first.id
    with pytest.raises(ApproverIsSubmitter):
        publish.publish(tx, dataset.id, by=city.approver, at=LATER)
    again = publish.publish(tx, dataset.id, by=city.bureau, at=LATER)

    newest = find.newest_published(tx, distribution.id)
    assert newest is not None
    assert newest.id == second.id
    assert (again.issued, again.modified_at) == (AT, LATER)


def test_what_arrives_after_submission_is_not_published_with_it(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    first = judge(tx, add_version(tx, city, distribution, folders))
    publish.submit(tx, dataset.id, by=city.publisher, at=AT)
    judge(tx, add_version(tx, city, distribution, folders))

    publish.publish(tx, dataset.id, by=city.approver, at=AT)

    newest = find.newest_published(tx, distribution.id)
    assert newest is not None
    assert newest.id == first.id


def test_a_newer_submission_takes_the_place_of_the_one_before(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    first = judge(tx, add_version(tx, city, distribution, folders))
    publish.submit(tx, dataset.id, by=city.publisher, at=AT)
    with pytest.raises(NothingToSubmit):
        publish.submit(tx, dataset.id, by=city.publisher, at=AT)
    second = judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)

    newest = find.newest_published(tx, distribution.id)
    assert newest is not None
    assert newest.id == second.id
    left, _ = find.version_with_id(tx, first.id, by=city.publisher)
    assert left.state is VersionState.CREATED


def test_the_verdict_on_what_is_submitted_or_published_stays(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    version = judge(tx, add_version(tx, city, distribution, folders))
    publish.submit(tx, dataset.id, by=city.publisher, at=AT)

    assert judge(tx, version, Verdict.BLOCKED).verdict is Verdict.PASSED
    publish.publish(tx, dataset.id, by=city.approver, at=AT)
    assert judge(tx, version, Verdict.BLOCKED).verdict is Verdict.PASSED


def test_a_withdrawn_dataset_is_not_found(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)

    with pytest.raises(ApproverNeeded):
        publish.withdraw(tx, dataset.id, reason="x", by=city.publisher, at=LATER)
    publish.withdraw(tx, dataset.id, reason="来源有误", by=city.approver, at=LATER)

    with pytest.raises(DatasetNotFound):
        find.dataset_named(tx, "bus-stops", by=ANONYMOUS)
    assert find.listed(tx, by=ANONYMOUS).count == 0
    assert find.newest_published(tx, distribution.id) is None
    own = find.dataset_named(tx, "bus-stops", by=city.publisher)
    assert (own.state, own.state_reason) == (DatasetState.WITHDRAWN, "来源有误")
    with pytest.raises(WrongState):
        publish.submit(tx, dataset.id, by=city.publisher, at=LATER)


def test_a_withdrawn_draft_can_be_taken_up_again(tx: Tx) -> None:
    city = found_city(tx)
    dataset, _ = add_dataset(tx, city)

    publish.withdraw(tx, dataset.id, reason="entered twice", by=city.approver, at=AT)
    with pytest.raises(WrongState):
        publish.withdraw(tx, dataset.id, reason="again", by=city.approver, at=AT)
    draft = publish.take_up(tx, dataset.id, reason="it was not", by=city.publisher, at=AT)

    assert draft.state is DatasetState.DRAFT
    assert draft.state_reason == "it was not"


def test_a_record_whose_data_is_elsewhere_goes_from_draft_over_review_to_published(
    tx: Tx,
) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    store.update_distribution(
        tx, replace(distribution, access_url="https://data.example/stops.csv")
    )

    publish.submit(tx, dataset.id, by=city.publisher, at=AT)
    reviewed = publish.review(tx, dataset.id, by=city.approver, at=AT)
    published = publish.publish(tx, dataset.id, by=city.approver, at=AT)

    assert reviewed.state is DatasetState.REVIEWED
    assert reviewed.reviewed_by == city.approver.user_id
    assert published.state is DatasetState.PUBLISHED


def test_the_profile_publishes_what_leaves_nothing_to_weigh(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))

    published = publish.publish_directly(tx, dataset.id, profile_id="CN-test", at=AT)

    assert published.state is DatasetState.PUBLISHED
    newest = find.newest_published(tx, distribution.id)
    assert newest is not None
    assert (newest.published_by, newest.published_under) == (None, "CN-test")


def test_the_profile_alone_publishes_nothing_graded_or_unchecked(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    graded, distribution = add_dataset(tx, city, "graded", replace(ENTRY, grade=Grade.IMPORTANT))
    judge(tx, add_version(tx, city, distribution, folders))
    unchecked, distribution = add_dataset(tx, city, "unchecked")
    add_version(tx, city, distribution, folders)

    with pytest.raises(NotForDirectPublication):
        publish.publish_directly(tx, graded.id, profile_id="CN-test", at=AT)
    with pytest.raises(NotAssessedYet):
        publish.publish_directly(tx, unchecked.id, profile_id="CN-test", at=AT)


def test_every_step_is_recorded_by_who_took_it(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    dataset, distribution = add_dataset(tx, city)
    judge(tx, add_version(tx, city, distribution, folders))
    publish_all(tx, city, dataset.id)
    publish.withdraw(tx, dataset.id, reason="x", by=city.bureau, at=LATER)

    rows = tx.execute(
        """
        SELECT kind, actor_id
          FROM policies.events
         WHERE dataset_id = %s AND kind LIKE 'dataset.%%' AND kind <> 'dataset.changed'
         ORDER BY id
        """,
        (dataset.id,),
    ).fetchall()
    assert [(row["kind"], row["actor_id"]) for row in rows] == [
        ("dataset.created", city.publisher.user_id),
        ("dataset.submitted", city.publisher.user_id),
        ("dataset.published", city.approver.user_id),
        ("dataset.withdrawn", city.bureau.user_id),
    ]

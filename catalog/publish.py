"""The steps from a checked version to a published one, each by the person it belongs to.

A publisher submits the newest version of each distribution, an approver who is somebody else
publishes just those or returns them with a reason. The dataset itself moves along at its first
publication; after that it stays published, its readers keep the version that was published last,
and only new versions go through submission. Nobody but the publisher's own people sees a version
before it is published.

Source: 政务数据共享条例 art. 13 (an entry has the approval of the department's head).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from catalog.audience import may_approve_for, visible
from catalog.curation.describe import claim_code, owned_dataset
from catalog.dataset import (
    DISTRIBUTIONS_MAX,
    REASON_LENGTH_CHARACTERS,
    Dataset,
    DatasetState,
    Distribution,
    check_text,
)
from catalog.documents import tell_of_document
from catalog.errors import (
    ApproverIsSubmitter,
    ApproverNeeded,
    DatasetNotFound,
    GateBlocked,
    NotAssessedYet,
    NotForDirectPublication,
    NothingToSubmit,
    ReasonMissing,
    VersionNotFound,
    WrongState,
)
from catalog.kept_file import is_document
from catalog.store import datasets as dataset_store
from catalog.store import versions as store
from catalog.version import ReportId, Verdict, Version, VersionState
from policies.database import Tx
from policies.events import Event, EventKind, JsonValue
from policies.party import Actor
from policies.record import record
from policies.roles import SYSTEM
from policies.terms import DatasetId, VersionId


def admit(
    tx: Tx, version_id: VersionId, verdict: Verdict, report_id: ReportId, *, at: datetime
) -> Version:
    """Take down what the quality gate said of a version; quality calls this and records it.

    A later report replaces an earlier one until the version lies with an approver: what a person
    weighed, or everybody reads, is not judged anew behind their backs.

    What fails is offered to nobody, nor is what was fed to its table before or since: whoever
    feeds a table holds it meanwhile, so that no step slips through.

    Raises: VersionNotFound.
    """
    known = store.get_version(tx, version_id)
    if known is None:
        raise VersionNotFound
    dataset_store.lock_distribution(tx, known.distribution_id)
    version = store.lock_version(tx, version_id)
    assert version is not None
    if version.state is not VersionState.CREATED:
        return version
    admitted = replace(version, verdict=verdict, report_id=report_id, assessed_at=at)
    if not admitted.lets_pass:
        store.take_back_offers(tx, version.distribution_id)
        admitted = replace(admitted, offered_under=None)
    store.update_version(tx, admitted)
    return admitted


def submit(tx: Tx, dataset_id: DatasetId, *, by: Actor, at: datetime) -> Dataset:
    """Hand the newest version of each distribution to the approver.

    What was submitted before and is newer now goes back to its publisher's shelf.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, NothingToSubmit, NotAssessedYet,
    GateBlocked.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(dataset.slug, dataset.state, DatasetState.SUBMITTED)
    assert by.user_id is not None
    distributions = dataset_store.distributions_of(tx, dataset_id)
    ready = _ready(tx, distributions)
    if not ready and not _is_record_alone(dataset, distributions):
        raise NothingToSubmit
    replaced = {version.distribution_id for version in ready}
    for version in _in_state(tx, distributions, VersionState.SUBMITTED):
        if version.distribution_id in replaced:
            store.update_version(tx, version.returned(""))
    for version in ready:
        store.update_version(tx, version.submitted(by=by.user_id, at=at))
    if dataset.state is DatasetState.DRAFT:
        dataset = dataset.submitted(by=by.user_id, at=at)
        dataset_store.update_state(tx, dataset)
    facts = _version_facts(ready)
    record(tx, _event(EventKind.DATASET_SUBMITTED, dataset, facts, by=by, at=at))
    return dataset


def return_to_publisher(
    tx: Tx, dataset_id: DatasetId, *, reason: str, by: Actor, at: datetime
) -> Dataset:
    """Hand what was submitted back, saying why.

    Raises: DatasetNotFound, ApproverNeeded, ReasonMissing, NothingToSubmit.
    """
    dataset = _dataset_to_approve(tx, dataset_id, by=by)
    why = _check_reason(reason)
    versions = _submitted(tx, dataset)
    for version in versions:
        store.update_version(tx, version.returned(why))
    if dataset.state in (DatasetState.SUBMITTED, DatasetState.REVIEWED):
        dataset = dataset.move_to(DatasetState.DRAFT, at=at, reason=why)
        dataset_store.update_state(tx, dataset)
    facts = {"reason": why, **_version_facts(versions)}
    record(tx, _event(EventKind.DATASET_RETURNED, dataset, facts, by=by, at=at))
    return dataset


def publish(tx: Tx, dataset_id: DatasetId, *, by: Actor, at: datetime) -> Dataset:
    """Publish what was submitted: just those versions, whatever arrived since.

    Raises: DatasetNotFound, ApproverNeeded, ApproverIsSubmitter, NothingToSubmit, WrongState.
    """
    dataset = _dataset_to_approve(tx, dataset_id, by=by)
    versions = _submitted(tx, dataset)
    _refuse_own(dataset, versions, by=by)
    published = [version.published(by=by.user_id, under=None, at=at) for version in versions]
    return _publish(tx, dataset, published, under=None, by=by, at=at)


def review(tx: Tx, dataset_id: DatasetId, *, by: Actor, at: datetime) -> Dataset:
    """Approve what was submitted without putting it out yet.

    Raises: DatasetNotFound, ApproverNeeded, ApproverIsSubmitter, WrongState.
    """
    dataset = _dataset_to_approve(tx, dataset_id, by=by)
    _refuse_own(dataset, _submitted(tx, dataset), by=by)
    reviewed = dataset.reviewed(by=by.user_id, at=at)
    dataset_store.update_state(tx, reviewed)
    record(tx, _event(EventKind.DATASET_REVIEWED, reviewed, {}, by=by, at=at))
    return reviewed


def take_up(tx: Tx, dataset_id: DatasetId, *, reason: str, by: Actor, at: datetime) -> Dataset:
    """Make a withdrawn dataset a draft again, to be mended and sent the whole way once more.

    Raises: DatasetNotFound, PublisherNeeded, ReasonMissing, WrongState, GovCodeTaken.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    why = _check_reason(reason)
    claim_code(tx, dataset)
    draft = dataset.move_to(DatasetState.DRAFT, at=at, reason=why)
    dataset_store.update_state(tx, draft)
    record(tx, _event(EventKind.DATASET_TAKEN_UP, draft, {"reason": why}, by=by, at=at))
    return draft


def publish_directly(tx: Tx, dataset_id: DatasetId, *, profile_id: str, at: datetime) -> Dataset:
    """Publish without a person's approval; the profile stands as the decider.

    Only for general data that is openly given to everyone, and only the newest versions, which
    the gate let pass.

    Raises: DatasetNotFound, NotForDirectPublication, NothingToSubmit, NotAssessedYet,
    GateBlocked, WrongState.
    """
    dataset = dataset_store.lock_dataset(tx, dataset_id)
    if dataset is None:
        raise DatasetNotFound(str(dataset_id))
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(dataset.slug, dataset.state, DatasetState.PUBLISHED)
    if not may_be_published_directly(dataset):
        raise NotForDirectPublication(dataset.slug)
    distributions = dataset_store.distributions_of(tx, dataset_id)
    ready = _ready(tx, distributions)
    if not ready and not _is_record_alone(dataset, distributions):
        raise NothingToSubmit
    published = [version.published(by=None, under=profile_id, at=at) for version in ready]
    return _publish(tx, dataset, published, under=profile_id, by=SYSTEM, at=at)


def may_be_published_directly(dataset: Dataset) -> bool:
    """Whether the dataset's own classes leave nothing for a person to weigh."""
    return dataset.is_for_all


def withdraw(tx: Tx, dataset_id: DatasetId, *, reason: str, by: Actor, at: datetime) -> Dataset:
    """Take a published dataset back: nobody finds it and no version of it is read any more.

    Raises: DatasetNotFound, ApproverNeeded, ReasonMissing, WrongState.
    """
    dataset = _dataset_to_approve(tx, dataset_id, by=by)
    why = _check_reason(reason)
    withdrawn = dataset.move_to(DatasetState.WITHDRAWN, at=at, reason=why)
    dataset_store.update_state(tx, withdrawn)
    distributions = dataset_store.distributions_of(tx, dataset_id)
    for version in _in_state(tx, distributions, VersionState.SUBMITTED):
        store.update_version(tx, version.returned(why))
    published = _in_state(tx, distributions, VersionState.PUBLISHED)
    for version in published:
        store.update_version(tx, version.withdrawn(why))
    _tell_of_documents(tx, published)
    record(tx, _event(EventKind.DATASET_WITHDRAWN, withdrawn, {"reason": why}, by=by, at=at))
    return withdrawn


def _publish(
    tx: Tx,
    dataset: Dataset,
    versions: Sequence[Version],
    *,
    under: str | None,
    by: Actor,
    at: datetime,
) -> Dataset:
    for version in versions:
        store.update_version(tx, version)
        store.take_back_offers(tx, version.distribution_id)
    if dataset.state is DatasetState.PUBLISHED:
        dataset = replace(dataset, modified_at=at)
    else:
        dataset = dataset.move_to(DatasetState.PUBLISHED, at=at)
    dataset_store.update_state(tx, dataset)
    _tell_of_documents(tx, versions)
    facts: dict[str, JsonValue] = {
        **_version_facts(versions),
        "profile_id": under,
    }
    record(tx, _event(EventKind.DATASET_PUBLISHED, dataset, facts, by=by, at=at))
    return dataset


def _tell_of_documents(tx: Tx, versions: Sequence[Version]) -> None:
    for version in versions:
        if version.is_document:
            tell_of_document(tx, version.distribution_id)


def _is_record_alone(dataset: Dataset, distributions: Sequence[Distribution]) -> bool:
    """Whether a record goes its way without a table: it has none, or what it has lies elsewhere or
    is a document, of which the gate has nothing to say.
    """
    if dataset.state is not DatasetState.DRAFT:
        return False
    return all(one.access_url or is_document(one) for one in distributions)


def _ready(tx: Tx, distributions: Sequence[Distribution]) -> list[Version]:
    """The newest versions that were not submitted yet, all of which the gate let pass.

    Raises: NotAssessedYet, GateBlocked.
    """
    slugs = {distribution.id: distribution.slug for distribution in distributions}
    newest = store.lock_newest_versions(tx, list(slugs))
    ready = [version for version in newest if version.state is VersionState.CREATED]
    for version in ready:
        slug = slugs[version.distribution_id]
        if version.verdict is None and not version.is_document:
            raise NotAssessedYet(slug, version.number)
        if not version.lets_pass:
            raise GateBlocked(slug, version.number, str(version.report_id))
    return ready


def _submitted(tx: Tx, dataset: Dataset) -> list[Version]:
    distributions = dataset_store.distributions_of(tx, dataset.id)
    versions = _in_state(tx, distributions, VersionState.SUBMITTED)
    if not versions and dataset.state not in (DatasetState.SUBMITTED, DatasetState.REVIEWED):
        raise NothingToSubmit
    return versions


def _refuse_own(dataset: Dataset, versions: Sequence[Version], *, by: Actor) -> None:
    submitters = {version.submitted_by for version in versions} | {dataset.submitted_by}
    if by.user_id is None or by.user_id in submitters:
        raise ApproverIsSubmitter


def _in_state(tx: Tx, distributions: Sequence[Distribution], state: VersionState) -> list[Version]:
    assert len(distributions) <= DISTRIBUTIONS_MAX
    return store.lock_versions_in(tx, [one.id for one in distributions], state)


def _dataset_to_approve(tx: Tx, dataset_id: DatasetId, *, by: Actor) -> Dataset:
    dataset = visible(dataset_store.lock_dataset(tx, dataset_id), str(dataset_id), by)
    if not may_approve_for(by, dataset.publisher_id):
        raise ApproverNeeded
    return dataset


def _check_reason(reason: str) -> str:
    why = reason.strip()
    if not 1 <= len(why) <= REASON_LENGTH_CHARACTERS:
        raise ReasonMissing(REASON_LENGTH_CHARACTERS)
    check_text("reason", why, REASON_LENGTH_CHARACTERS)
    return why


def _version_facts(versions: Sequence[Version]) -> dict[str, JsonValue]:
    return {
        "versions": [
            {"id": str(version.id), "number": version.number, "digest": version.digest}
            for version in versions
        ]
    }


def _event(
    kind: EventKind, dataset: Dataset, facts: dict[str, JsonValue], *, by: Actor, at: datetime
) -> Event:
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=dataset.publisher_id,
        dataset_id=dataset.id,
        subject_id=dataset.id,
        facts=facts,
    )

"""Who sees a dataset's record, and who reads a version before it is published.

A record that may not be seen is not found: its existence is not told either, nor counted.
A token that is bound to an agreement never acts for the publisher, whoever its holder is.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.dataset import Dataset, DatasetState
from catalog.directory import RecordAudience
from catalog.errors import DatasetNotFound
from catalog.version import Version, VersionState
from policies.party import UNOWNED, Actor, OrganizationKind
from policies.roles import can_administer, can_approve_for, can_publish_for, can_supervise
from policies.terms import OrganizationId, UserId

_GOVERNMENT = (OrganizationKind.DEPARTMENT, OrganizationKind.BUREAU, OrganizationKind.REGULATOR)


@dataclass(frozen=True, slots=True)
class Audience:
    """What an actor may see beyond that which is published, in the words of a query."""

    member_of: tuple[OrganizationId, ...] = ()
    oversees: bool = False
    """Bureau and regulator see every record in every state, but no unpublished data."""
    is_department: bool = False
    """Acts for a body of the government, which records for departments are meant for."""
    user_id: UserId | None = None


def audience_of(actor: Actor) -> Audience:
    """What `actor` may see beyond that which is published."""
    if not _is_person(actor):
        return Audience()
    member_of = {held.organization_id for held in actor.memberships if held.organization_id}
    return Audience(
        tuple(sorted(member_of)),
        oversees=can_supervise(actor) or can_administer(actor),
        is_department=actor.organization is not None and actor.organization.kind in _GOVERNMENT,
        user_id=actor.user_id,
    )


def is_member(actor: Actor, organization_id: OrganizationId) -> bool:
    """Whether `actor` is one of the organisation's own people."""
    return organization_id in audience_of(actor).member_of


def sees_dataset(actor: Actor, dataset: Dataset) -> bool:
    """Whether the record exists for `actor`."""
    audience = audience_of(actor)
    if dataset.is_purged:
        return False
    if dataset.state is DatasetState.PUBLISHED:
        match dataset.entry.audience:
            case RecordAudience.PUBLIC:
                return True
            case RecordAudience.DEPARTMENTS:
                if audience.is_department:
                    return True
            case RecordAudience.OWN:
                pass
    if audience.oversees or dataset.publisher_id in audience.member_of:
        return True
    if audience.user_id is None:
        return False
    if audience.user_id in dataset.reader_ids | dataset.editor_ids:
        return True
    # What no organisation answers for is its maker's until it is published.
    return dataset.publisher_id == UNOWNED and dataset.created_by == audience.user_id


def visible(dataset: Dataset | None, name: str, actor: Actor) -> Dataset:
    """The dataset, if it exists for the caller.

    Raises: DatasetNotFound, which says `name` whether or not there is one.
    """
    if dataset is None or not sees_dataset(actor, dataset):
        raise DatasetNotFound(name)
    return dataset


def sees_department_fields(actor: Actor, dataset: Dataset) -> bool:
    """Whether what only departments are told of a record is told to `actor`, who sees it."""
    audience = audience_of(actor)
    if audience.is_department or audience.oversees:
        return True
    return dataset.publisher_id in audience.member_of or may_keep(actor, dataset)


def sees_version(actor: Actor, dataset: Dataset, version: Version) -> bool:
    """Whether the version exists for `actor`; whether its rows may be read is decided elsewhere."""
    if is_member(actor, dataset.publisher_id):
        return True
    if version.state is not VersionState.PUBLISHED:
        return False
    return sees_dataset(actor, dataset)


def may_publish_for(actor: Actor, organization_id: OrganizationId) -> bool:
    """Whether `actor` may describe, upload and submit, and came without a bound token."""
    # A site administrator lets people in but does not act for an organisation; see `may_keep`.
    return is_member(actor, organization_id) and can_publish_for(actor, organization_id)


def may_keep(actor: Actor, dataset: Dataset) -> bool:
    """Whether `actor` may describe this dataset and upload for it.

    Besides its publisher's people: those let in by name to change it, whoever made a record that
    no organisation answers for, and administrators of the site, who look after every record but
    decide about none.
    """
    if not _is_person(actor) or dataset.is_purged:
        return False
    if may_publish_for(actor, dataset.publisher_id) or can_administer(actor):
        return True
    if actor.user_id in dataset.editor_ids:
        return True
    return dataset.publisher_id == UNOWNED and dataset.created_by == actor.user_id


def may_approve_for(actor: Actor, organization_id: OrganizationId) -> bool:
    """Whether `actor` may publish, return and withdraw, and came without a bound token."""
    return _is_person(actor) and can_approve_for(actor, organization_id)


def _is_person(actor: Actor) -> bool:
    return not actor.is_anonymous and not actor.is_program

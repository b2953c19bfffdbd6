"""Who sees a dataset's record, and who reads a version before it is published.

A record that may not be seen is not found: its existence is not told either, nor counted.
A token that is bound to an agreement never acts for the publisher, whoever its holder is.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.dataset import Dataset, DatasetState
from catalog.version import Version, VersionState
from policies.party import Actor, Role
from policies.terms import OrganizationId


@dataclass(frozen=True, slots=True)
class Audience:
    """What an actor may see beyond that which is published, in the words of a query."""

    member_of: tuple[OrganizationId, ...] = ()
    oversees: bool = False
    """Bureau and regulator see every record in every state, but no unpublished data."""


def audience_of(actor: Actor) -> Audience:
    """What `actor` may see beyond that which is published."""
    if actor.is_anonymous or actor.agreement_id is not None:
        return Audience()
    member_of = {held.organization_id for held in actor.memberships if held.organization_id}
    oversees = actor.holds_anywhere(Role.BUREAU) or actor.holds_anywhere(Role.REGULATOR)
    return Audience(tuple(sorted(member_of)), oversees)


def is_member(actor: Actor, organization_id: OrganizationId) -> bool:
    """Whether `actor` is one of the organisation's own people."""
    return organization_id in audience_of(actor).member_of


def sees_dataset(actor: Actor, dataset: Dataset) -> bool:
    """Whether the record exists for `actor`."""
    if dataset.state is DatasetState.PUBLISHED:
        return True
    audience = audience_of(actor)
    return audience.oversees or dataset.publisher_id in audience.member_of


def sees_version(actor: Actor, dataset: Dataset, version: Version) -> bool:
    """Whether the version exists for `actor`; whether its rows may be read is decided elsewhere."""
    if is_member(actor, dataset.publisher_id):
        return True
    if version.state is not VersionState.PUBLISHED:
        return False
    return sees_dataset(actor, dataset)


def acts_as(actor: Actor, role: Role, organization_id: OrganizationId) -> bool:
    """Whether `actor` holds the role for the organisation and came without a bound token."""
    return actor.agreement_id is None and actor.holds(role, organization_id)

"""Who may see a record, in the labels that the index holds. The same rules as `audience`."""

from __future__ import annotations

from catalog.audience import audience_of
from catalog.dataset import Dataset, DatasetState
from catalog.directory import RecordAudience
from catalog.search.document import (
    DEPARTMENTS_LABEL,
    OVERSEE_LABEL,
    PUBLIC_LABEL,
    organization_label,
    user_label,
)
from policies.party import UNOWNED, Actor


def labels_of(dataset: Dataset) -> frozenset[str]:
    """Labels of a record; a caller with one of them sees it."""
    labels = {OVERSEE_LABEL, organization_label(dataset.publisher_id)}
    if dataset.state is DatasetState.PUBLISHED:
        match dataset.entry.audience:
            case RecordAudience.PUBLIC:
                labels.add(PUBLIC_LABEL)
            case RecordAudience.DEPARTMENTS:
                labels.add(DEPARTMENTS_LABEL)
            case RecordAudience.OWN:
                pass
    labels |= {user_label(user_id) for user_id in dataset.reader_ids | dataset.editor_ids}
    if dataset.publisher_id == UNOWNED and dataset.created_by is not None:
        labels.add(user_label(dataset.created_by))
    return frozenset(labels)


def labels_for(actor: Actor) -> frozenset[str]:
    """Labels that a caller brings; everybody brings the public one."""
    audience = audience_of(actor)
    labels = {PUBLIC_LABEL}
    labels |= {organization_label(organization_id) for organization_id in audience.member_of}
    if audience.is_department:
        labels.add(DEPARTMENTS_LABEL)
    if audience.oversees:
        labels.add(OVERSEE_LABEL)
    if audience.user_id is not None:
        labels.add(user_label(audience.user_id))
    return frozenset(labels)

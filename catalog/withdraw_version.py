"""Take one version back and leave the others: readers get the newest one that is left.

Whoever asks for the version itself is told why it went and what replaces it. Its row stays, and so
do the bytes that a receipt refers to, so that what was delivered can still be explained.

Source: Data on the Web Best Practices, BP 27 (preserve identifiers); RFC 9110 s. 15.5.11 (410).
"""

from __future__ import annotations

from datetime import datetime

from catalog.audience import may_approve_for, visible
from catalog.dataset import REASON_LENGTH_CHARACTERS, Distribution, check_text
from catalog.documents import tell_of_document
from catalog.errors import ApproverNeeded, NotPublished, ReasonMissing, VersionNotFound
from catalog.store import datasets as dataset_store
from catalog.store import documents
from catalog.store import versions as store
from catalog.version import Version, VersionState, WithdrawalReason
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record


def withdraw_version(
    tx: Tx,
    distribution: Distribution,
    number: int,
    *,
    reason: WithdrawalReason,
    words: str,
    by: Actor,
    at: datetime,
) -> Version:
    """Withdraw a published version; `words` are shown to its readers and may be empty.

    Raises: DatasetNotFound, ApproverNeeded, VersionNotFound, NotPublished, ReasonMissing where the
    reason is “other” and no words say which, or they are too many.
    """
    dataset = visible(
        dataset_store.lock_dataset(tx, distribution.dataset_id), str(distribution.dataset_id), by
    )
    if not may_approve_for(by, dataset.publisher_id):
        raise ApproverNeeded
    why = words.strip()
    if len(why) > REASON_LENGTH_CHARACTERS or (not why and reason is WithdrawalReason.OTHER):
        raise ReasonMissing(REASON_LENGTH_CHARACTERS)
    check_text("reason", why, REASON_LENGTH_CHARACTERS)
    found = store.version_numbered(tx, distribution.id, number)
    version = None if found is None else store.lock_version(tx, found.id)
    if version is None:
        raise VersionNotFound
    if version.state is not VersionState.PUBLISHED or not version.is_left:
        raise NotPublished(number)
    withdrawn = version.withdrawn_alone(reason, why, at=at)
    store.withdraw_version(tx, withdrawn, by=by.user_id)
    if version.is_document:
        tell_of_document(tx, distribution.id)
        document = documents.newest_published(tx, distribution.id)
        left = [] if document is None else [document.version]
    else:
        left = store.published_versions_of(tx, [distribution.id], limit=1)
    record(
        tx,
        Event(
            kind=EventKind.VERSION_WITHDRAWN,
            at=at,
            actor=by,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=version.id,
            facts={
                "distribution_id": str(distribution.id),
                "number": number,
                "digest": version.digest,
                "reason": reason.value,
                "words": why,
                "read_instead": left[0].number if left else None,
            },
        ),
    )
    return withdrawn

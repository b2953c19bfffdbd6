"""One version by its number or digest, for ever at the same address.

    pinned_version(tx, dataset, distribution, "3", by=...)

What was published stays readable to whoever may read the dataset, until it is withdrawn or its
retention ends; both are told as what they are, with the version to read instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from catalog.audience import is_member
from catalog.dataset import Dataset, Distribution
from catalog.errors import VersionNotFound, VersionRemoved, VersionWithdrawn
from catalog.find import StoredVersion
from catalog.store import versions as store
from catalog.version import Version, VersionState, WithdrawalReason
from policies.database import Tx
from policies.errors import N_, Said
from policies.party import Actor

NUMBER_DIGITS_MAX: Final = 9
SAME_CONTENT_MAX: Final = 100
"""Versions of equal content that are looked through for one that the caller may see."""
_NUMBER: Final = re.compile(rf"[1-9][0-9]{{0,{NUMBER_DIGITS_MAX - 1}}}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

REASON_WORDS: Final = {
    WithdrawalReason.WRONG: N_("values in it are not right"),
    WithdrawalReason.INCOMPLETE: N_("it is not complete"),
    WithdrawalReason.PERSONAL_DATA: N_("it tells more of persons than it may"),
    WithdrawalReason.RIGHTS: N_("somebody else has rights in it"),
    WithdrawalReason.ORDER: N_("a competent authority ordered it"),
    WithdrawalReason.OTHER: N_("another reason"),
}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Numbers of the versions around one, of those that the caller may read."""

    latest: int | None
    predecessor: int | None
    successor: int | None


def pinned_version(
    tx: Tx, dataset: Dataset, distribution: Distribution, reference: str, *, by: Actor
) -> StoredVersion:
    """The version of that number or digest, with its files; `dataset` is one the caller may see.

    Raises: VersionNotFound, VersionWithdrawn, VersionRemoved.
    """
    version = known_version(tx, dataset, distribution, reference, by=by)
    refuse_what_ended(tx, version)
    files = tuple(store.files_of(tx, version.id))
    return StoredVersion(dataset, distribution, version, files)


def known_version(
    tx: Tx, dataset: Dataset, distribution: Distribution, reference: str, *, by: Actor
) -> Version:
    """The record of that version, also where its rows are no longer read.

    Raises: VersionNotFound.
    """
    found: list[Version] = []
    if _NUMBER.fullmatch(reference):
        numbered = store.version_numbered(tx, distribution.id, int(reference))
        found = [] if numbered is None else [numbered]
    elif _DIGEST.fullmatch(reference.lower()):
        found = store.versions_with_digest(
            tx, distribution.id, reference.lower(), limit=SAME_CONTENT_MAX
        )
    known = [version for version in found if _is_known(version, dataset, by)]
    if not known:
        raise VersionNotFound
    return next((version for version in known if version.is_left), known[0])


def refuse_what_ended(tx: Tx, version: Version) -> None:
    """Say of a version that nobody reads any more how it ended.

    Raises: VersionWithdrawn, VersionRemoved.
    """
    if version.is_left:
        return
    left = store.published_versions_of(tx, [version.distribution_id], limit=1)
    number = left[0].number if left else None
    if number is None:
        instead = Said(N_("Nothing replaces it yet."))
    else:
        instead = Said(N_("Read version {number} instead."), number=number)
    if version.withdrawal is not None and version.withdrawn_at is not None:
        raise VersionWithdrawn(
            number=version.number,
            reason=version.withdrawal.value,
            why=Said(REASON_WORDS[version.withdrawal]),
            words=version.state_reason,
            instead=instead,
            replaced_by=number,
            withdrawn_at=version.withdrawn_at.isoformat(),
        )
    raise VersionRemoved(version.number, instead, number)


def neighbours_of(tx: Tx, dataset: Dataset, version: Version, *, by: Actor) -> Neighbours:
    """What comes before and after a version, for whoever may read it."""
    is_own = is_member(by, dataset.publisher_id)
    latest, before, after = store.neighbours(
        tx, version.distribution_id, version.number, with_unpublished=is_own
    )
    return Neighbours(latest, before, after)


def _is_known(version: Version, dataset: Dataset, by: Actor) -> bool:
    """Whether the version exists for the caller; one that was taken back still does."""
    if is_member(by, dataset.publisher_id):
        return True
    if version.state is VersionState.PUBLISHED:
        return True
    return version.withdrawal is not None and version.published_at is not None

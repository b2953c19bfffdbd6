"""Take a whole record in at once, as clients of other catalogues send it: its words, its place and
all of its distributions; then take it back, bring it back, or put it out.

What is sent again unchanged changes nothing, not even the time of the last change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.audience import may_publish_for
from catalog.curation.deposit_errors import DatasetIdTaken, DistributionIdTaken
from catalog.curation.describe import dataset_event, entry_facts, owned_dataset
from catalog.dataset import (
    DISTRIBUTIONS_MAX,
    Dataset,
    DatasetState,
    Distribution,
    DistributionId,
    Entry,
)
from catalog.errors import DatasetNotFound, PublisherNeeded, SlugTaken, TooManyEntries, WrongState
from catalog.store import datasets as store
from catalog.store import deposits as deposit_store
from catalog.store import uploads as upload_store
from catalog.theme import TermId
from policies.database import Tx
from policies.errors import SignInNeeded
from policies.events import EventKind, JsonValue
from policies.identity.people import organization_with_id
from policies.party import UNOWNED, Actor, check_slug
from policies.record import record
from policies.roles import SYSTEM, can_administer
from policies.terms import DatasetId, Grade, OrganizationId, UserId

TAKEN_BACK = "Taken back by its keeper."
BROUGHT_BACK = "Brought back by its keeper."


@dataclass(frozen=True, slots=True)
class Origin:
    """When a record that moves here was first made, and by whom."""

    created_at: datetime | None
    """None where that is not known; then it is made now."""
    created_by: UserId | None
    """None where nobody of that account is here."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """A whole record."""

    slug: str
    publisher_id: OrganizationId
    entry: Entry
    distributions: tuple[Distribution, ...]
    """In their order; ids that the dataset has stand for what is there."""
    term_ids: frozenset[TermId] = frozenset()
    modified_at: datetime | None = None
    """When it changed last, where its sender knows; None for now."""
    origin: Origin | None = None
    """Where the whole record moves in from another catalogue; only administrators say so."""


def new_id(tx: Tx) -> DatasetId:
    """An id for a record that comes without one."""
    return store.new_dataset_id(tx)


def deposit(tx: Tx, dataset_id: DatasetId, given: Deposit, *, by: Actor, at: datetime) -> Dataset:
    """Register a whole record as a draft, under an id that the caller chose.

    Whether records without a publisher are taken at all is for the caller to say.

    Raises: MalformedSlug, OrganizationNotFound, PublisherNeeded, SlugTaken, DatasetIdTaken,
    DistributionIdTaken, TooManyEntries.
    """
    check_slug(given.slug)
    _check_may_place(given.publisher_id, by)
    organization_with_id(tx, given.publisher_id)
    origin = given.origin
    if origin is not None and not can_administer(by):
        raise PublisherNeeded
    known = store.lock_dataset(tx, dataset_id)
    if known is not None and not known.is_purged:
        raise DatasetIdTaken(dataset_id)
    dataset = Dataset(
        id=dataset_id,
        slug=given.slug,
        publisher_id=given.publisher_id,
        entry=given.entry,
        state=DatasetState.DRAFT,
        created_by=by.user_id if origin is None else origin.created_by,
        created_at=at if origin is None else min(origin.created_at or at, at),
        modified_at=given.modified_at or at,
    )
    _free_name(tx, given.slug)
    if known is not None:
        deposit_store.revive_dataset(tx, dataset)
    elif not store.insert_dataset(tx, dataset):
        raise SlugTaken(given.slug)
    deposit_store.delete_tombstone(tx, dataset_id)
    _keep_distributions(tx, dataset, given.distributions, at=at)
    deposit_store.replace_terms(tx, dataset_id, sorted(given.term_ids))
    facts: dict[str, JsonValue] = {"slug": given.slug, **entry_facts(given.entry)}
    record(tx, dataset_event(EventKind.DATASET_CREATED, dataset, facts, by=by, at=at))
    return dataset


def redeposit(tx: Tx, dataset_id: DatasetId, given: Deposit, *, by: Actor, at: datetime) -> Dataset:
    """Replace a whole record.

    Raises: DatasetNotFound, PublisherNeeded, WrongState while it lies with an approver,
    ClassificationLoosened, MalformedSlug, SlugTaken, DistributionIdTaken, TooManyEntries.
    """
    before = owned_dataset(tx, dataset_id, by=by)
    if before.slug != given.slug:
        check_slug(given.slug)
        _free_name(tx, given.slug)
    if before.publisher_id != given.publisher_id:
        _check_may_place(given.publisher_id, by)
        organization_with_id(tx, given.publisher_id)
    after = replace(before, slug=given.slug, publisher_id=given.publisher_id)
    is_placed_anew = after != before
    if given.entry != before.entry:
        after = _described(after, given.entry, at=at)
    elif is_placed_anew:
        after = replace(after, modified_at=at)
    files_changed = _keep_distributions(tx, after, given.distributions, at=at)
    terms_changed = deposit_store.replace_terms(tx, dataset_id, sorted(given.term_ids))
    is_dated_anew = given.modified_at not in (None, before.modified_at)
    if after == before and not (files_changed or terms_changed or is_dated_anew):
        return before
    after = replace(after, modified_at=given.modified_at or at)
    store.update_entry(tx, after)
    if is_placed_anew:
        deposit_store.update_place(tx, after)
    old, new = entry_facts(before.entry), entry_facts(after.entry)
    facts: dict[str, JsonValue] = {
        name: {"before": old[name], "after": new[name]} for name in new if old[name] != new[name]
    }
    if before.slug != after.slug:
        facts["slug"] = {"before": before.slug, "after": after.slug}
    if before.publisher_id != after.publisher_id:
        facts["publisher_id"] = {"before": before.publisher_id, "after": after.publisher_id}
    if files_changed:
        facts["distributions"] = [str(one.id) for one in given.distributions]
    record(tx, dataset_event(EventKind.DATASET_CHANGED, after, facts, by=by, at=at))
    return after


def put_out(tx: Tx, dataset_id: DatasetId, *, profile_id: str, at: datetime) -> Dataset:
    """Let a draft's record be seen without a person's approval; the profile is the decider.

    Only the record: its data waits for the gate. What a leak could harm stays a draft.

    Raises: DatasetNotFound.
    """
    dataset = store.lock_dataset(tx, dataset_id)
    if dataset is None:
        raise DatasetNotFound(str(dataset_id))
    if dataset.state is not DatasetState.DRAFT or dataset.entry.grade is not Grade.GENERAL:
        return dataset
    shown = replace(dataset.move_to(DatasetState.PUBLISHED, at=at), modified_at=dataset.modified_at)
    store.update_state(tx, shown)
    facts: dict[str, JsonValue] = {"versions": [], "profile_id": profile_id}
    record(tx, dataset_event(EventKind.DATASET_PUBLISHED, shown, facts, by=SYSTEM, at=at))
    return shown


def take_back(tx: Tx, dataset_id: DatasetId, *, by: Actor, at: datetime) -> Dataset:
    """Hide a record from everybody but its keepers; one that is hidden stays as it is.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    if dataset.state is DatasetState.WITHDRAWN:
        return dataset
    hidden = dataset.move_to(DatasetState.WITHDRAWN, at=at, reason=TAKEN_BACK)
    store.update_state(tx, hidden)
    facts: dict[str, JsonValue] = {"reason": TAKEN_BACK}
    record(tx, dataset_event(EventKind.DATASET_WITHDRAWN, hidden, facts, by=by, at=at))
    return hidden


def bring_back(tx: Tx, dataset_id: DatasetId, *, by: Actor, at: datetime) -> Dataset:
    """Make a hidden record a draft again; one that is not hidden stays as it is.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    if dataset.state is not DatasetState.WITHDRAWN:
        return dataset
    draft = dataset.move_to(DatasetState.DRAFT, at=at, reason="")
    store.update_state(tx, draft)
    facts: dict[str, JsonValue] = {"reason": BROUGHT_BACK}
    record(tx, dataset_event(EventKind.DATASET_TAKEN_UP, draft, facts, by=by, at=at))
    return draft


def keep_bytes(tx: Tx, sha256: str, *, size_bytes: int, at: datetime) -> None:
    """Tell of stored bytes that a distribution hands out as they are."""
    upload_store.insert_blob(tx, sha256, size_bytes=size_bytes, at=at)


def _free_name(tx: Tx, slug: str) -> None:
    """Take a name from a hidden record, which then goes by its id.

    Raises: SlugTaken where another record has it.
    """
    holder = store.find_dataset(tx, slug)
    if holder is None:
        return
    if holder.state is not DatasetState.WITHDRAWN:
        raise SlugTaken(slug)
    deposit_store.update_place(tx, replace(holder, slug=str(holder.id)))


def _described(dataset: Dataset, entry: Entry, *, at: datetime) -> Dataset:
    if dataset.state is DatasetState.WITHDRAWN:
        # Nobody but its keepers sees it, so its words may change as a draft's.
        return replace(dataset, entry=entry, modified_at=at)
    return dataset.described_as(entry, at=at)


def _check_may_place(publisher_id: OrganizationId, by: Actor) -> None:
    if by.is_anonymous:
        raise SignInNeeded
    if publisher_id == UNOWNED or can_administer(by) or may_publish_for(by, publisher_id):
        return
    raise PublisherNeeded


def _keep_distributions(
    tx: Tx, dataset: Dataset, wanted: Sequence[Distribution], *, at: datetime
) -> bool:
    """Make the dataset's distributions be these; whether anything changed.

    Raises: TooManyEntries, DistributionIdTaken, WrongState.
    """
    if len(wanted) > DISTRIBUTIONS_MAX:
        raise TooManyEntries("resources", DISTRIBUTIONS_MAX)
    held = {one.id: one for one in store.distributions_of(tx, dataset.id)}
    is_changed = False
    for position, one in enumerate(wanted):
        placed = replace(one, position=position, dataset_id=dataset.id)
        known = held.pop(one.id, None)
        if known is None:
            _insert(tx, dataset, replace(placed, modified_at=at))
        elif replace(placed, modified_at=known.modified_at) != known:
            # A new place alone is no change of the distribution.
            moved = replace(known, position=position)
            changed_at = known.modified_at
            if replace(placed, modified_at=known.modified_at) != moved:
                changed_at = at
            store.update_distribution(tx, replace(placed, modified_at=changed_at))
        else:
            continue
        is_changed = True
    for distribution_id in held:
        deposit_store.remove_distribution(tx, distribution_id)
        is_changed = True
    if is_changed and dataset.state in (DatasetState.SUBMITTED, DatasetState.REVIEWED):
        raise WrongState(dataset.slug, dataset.state, DatasetState.DRAFT)
    return is_changed


def _insert(tx: Tx, dataset: Dataset, one: Distribution) -> None:
    known = store.get_distribution(tx, one.id)
    if known is not None:
        # A removed one may come back to its own dataset, with the versions that it had.
        if not known.is_removed or known.dataset_id != dataset.id:
            raise DistributionIdTaken(one.id)
        store.update_distribution(tx, replace(one, slug=known.slug))
        return
    if not store.insert_distribution(tx, one):
        raise SlugTaken(one.slug)


def distribution_with_id(tx: Tx, distribution_id: DistributionId) -> Distribution | None:
    """The distribution of that id, for those who look after its dataset; None where it is gone."""
    found = store.get_distribution(tx, distribution_id)
    return None if found is None or found.is_removed else found

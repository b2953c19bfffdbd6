from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from catalog.dataset import Dataset, DatasetState, Entry
from catalog.errors import (
    ClassificationLoosened,
    LegalBasisMissing,
    TextTooLong,
    TextUnwritable,
    TitleMissing,
    TooManyEntries,
    WrongState,
)
from policies.terms import DatasetId, Grade, OpenType, OrganizationId, ShareType, Text
from tests.catalog.city import ENTRY
from tests.people import AT


def a_dataset(state: DatasetState, entry: Entry = ENTRY) -> Dataset:
    return Dataset(
        DatasetId(uuid4()), "bus-stops", OrganizationId(uuid4()), entry, state, None, AT, AT
    )


_STEPS = {
    (DatasetState.DRAFT, DatasetState.SUBMITTED),
    (DatasetState.DRAFT, DatasetState.PUBLISHED),
    (DatasetState.DRAFT, DatasetState.WITHDRAWN),
    (DatasetState.SUBMITTED, DatasetState.DRAFT),
    (DatasetState.SUBMITTED, DatasetState.REVIEWED),
    (DatasetState.SUBMITTED, DatasetState.PUBLISHED),
    (DatasetState.SUBMITTED, DatasetState.WITHDRAWN),
    (DatasetState.REVIEWED, DatasetState.DRAFT),
    (DatasetState.REVIEWED, DatasetState.PUBLISHED),
    (DatasetState.REVIEWED, DatasetState.WITHDRAWN),
    (DatasetState.PUBLISHED, DatasetState.WITHDRAWN),
    (DatasetState.WITHDRAWN, DatasetState.DRAFT),
}


@pytest.mark.parametrize(("before", "after"), sorted(_STEPS))
def test_a_dataset_goes_the_permitted_steps(before: DatasetState, after: DatasetState) -> None:
    assert a_dataset(before).move_to(after, at=AT).state is after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before in DatasetState
        for after in DatasetState
        if (before, after) not in _STEPS
    ],
)
def test_every_other_step_is_refused(before: DatasetState, after: DatasetState) -> None:
    with pytest.raises(WrongState):
        a_dataset(before).move_to(after, at=AT)


def test_the_first_publication_is_the_date_of_issue() -> None:
    published = a_dataset(DatasetState.SUBMITTED).move_to(DatasetState.PUBLISHED, at=AT)

    assert published.issued == AT


def test_data_that_is_not_shared_needs_a_legal_basis() -> None:
    with pytest.raises(LegalBasisMissing) as refusal:
        replace(ENTRY, share_type=ShareType.NOT_SHARED, share_basis=" ")

    assert refusal.value.field == "share_basis"
    assert replace(ENTRY, share_type=ShareType.NOT_SHARED, share_basis="统计法第九条")


def test_data_that_is_not_open_needs_a_reason() -> None:
    with pytest.raises(LegalBasisMissing) as refusal:
        replace(ENTRY, open_type=OpenType.NOT_OPEN)

    assert refusal.value.field == "open_basis"


def test_texts_have_bounds() -> None:
    with pytest.raises(TitleMissing):
        replace(ENTRY, title=Text(zh=" "))
    with pytest.raises(TextTooLong):
        replace(ENTRY, title=Text(en="x" * 1001))
    with pytest.raises(TooManyEntries):
        replace(ENTRY, keywords=("a",) * 501)


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_a_text_that_cannot_be_stored_is_refused(character: str) -> None:
    with pytest.raises(TextUnwritable):
        replace(ENTRY, summary=Text(en=f"a{character}b"))


@pytest.mark.parametrize(
    "looser",
    [
        {"grade": Grade.GENERAL},
        {"share_type": ShareType.UNCONDITIONAL},
        {"open_type": OpenType.UNCONDITIONAL},
    ],
)
def test_a_published_dataset_never_becomes_looser(looser: dict[str, object]) -> None:
    strict = replace(
        ENTRY,
        grade=Grade.IMPORTANT,
        share_type=ShareType.CONDITIONAL,
        open_type=OpenType.CONDITIONAL,
    )

    with pytest.raises(ClassificationLoosened):
        a_dataset(DatasetState.PUBLISHED, strict).described_as(
            replace(strict, **looser),  # type: ignore[arg-type]
            at=AT,
        )


def test_a_published_dataset_may_become_stricter() -> None:
    stricter = replace(ENTRY, grade=Grade.CORE)

    assert a_dataset(DatasetState.PUBLISHED).described_as(stricter, at=AT).entry == stricter


@pytest.mark.parametrize("state", [DatasetState.SUBMITTED, DatasetState.WITHDRAWN])
def test_what_lies_with_the_approver_or_is_gone_stays_as_it_is(state: DatasetState) -> None:
    with pytest.raises(WrongState):
        a_dataset(state).described_as(replace(ENTRY, licence="CC BY 4.0"), at=AT)

"""What each duty of a department needs: which data, and which of its columns.

The list of duties itself is the department's own, `catalog.demand.duties`; a request names one of
them, and what it wants beyond what that duty needs is told column by column.

Source: 数据安全法 art. 38; 个人信息保护法 art. 6; 政务数据共享条例 art. 20.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from catalog.audience import may_approve_for, may_publish_for, sees_dataset
from catalog.dataset import Dataset
from catalog.demand.duties import DUTIES_MAX, DUTY_LENGTH_CHARACTERS, duties_of, state_duties
from catalog.demand.errors import AnswererNeeded
from catalog.errors import DatasetNotFound
from catalog.find import dataset_named
from catalog.view import COLUMNS_MAX
from exchange.application import Request
from exchange.errors import DutyUnknown, MalformedDutyList
from exchange.listing import Listing
from exchange.part import offered_columns
from exchange.store import share as store
from policies.database import Tx
from policies.errors import N_, Said
from policies.party import Actor
from policies.terms import DatasetId, OrganizationId

LIST_BYTES_MAX: Final = 1 << 20
NEEDS_MAX: Final = 2_000
_HEADER: Final = ("duty", "dataset", "columns")


@dataclass(frozen=True, slots=True)
class Need:
    """A dataset that a duty needs."""

    duty: str
    dataset_id: DatasetId
    columns: tuple[str, ...] | None
    """None: all of them."""


def needs_of(tx: Tx, organization_id: OrganizationId) -> list[Need]:
    """What the duties of a department need, by duty."""
    return [Need(*line) for line in store.needs_of(tx, organization_id, limit=NEEDS_MAX)]


def link_duty(
    tx: Tx,
    organization_id: OrganizationId,
    duty: str,
    slug: str,
    columns: Sequence[str] = (),
    *,
    by: Actor,
) -> None:
    """Say that a duty needs a dataset, all of it or these columns.

    Raises: AnswererNeeded, DutyUnknown, DatasetNotFound.
    """
    _check_states(by, organization_id)
    if duty not in duties_of(tx, organization_id):
        raise DutyUnknown(duty[:DUTY_LENGTH_CHARACTERS])
    dataset = _dataset(tx, slug, by)
    named = list(dict.fromkeys(filter(None, (one.strip() for one in columns))))[:COLUMNS_MAX]
    store.put_need(tx, organization_id, duty, dataset.id, named or None)


def unlink_duty(
    tx: Tx, organization_id: OrganizationId, duty: str, dataset_id: DatasetId, *, by: Actor
) -> None:
    """Say that a duty does not need a dataset any more.

    Raises: AnswererNeeded.
    """
    _check_states(by, organization_id)
    store.delete_need(tx, organization_id, duty, dataset_id)


def take_in_duties(tx: Tx, organization_id: OrganizationId, content: bytes, *, by: Actor) -> int:
    """Replace a department's duty list by a CSV of duty, dataset and columns; how many duties.

    A duty without data has only its first cell; columns are separated by semicolons.

    Raises: AnswererNeeded, MalformedDutyList, TooManyDuties, DatasetNotFound.
    """
    _check_states(by, organization_id)
    lines = _lines(content)
    duties = list(dict.fromkeys(duty for _, duty, _, _ in lines))
    if len(duties) > DUTIES_MAX:
        raise MalformedDutyList(
            DUTIES_MAX + 1, Said(N_("a list has at most {count_max} duties"), count_max=DUTIES_MAX)
        )
    state_duties(tx, organization_id, "\n".join(duties), by=by)
    store.delete_needs(tx, organization_id)
    for number, duty, slug, columns in lines:
        if not slug:
            continue
        try:
            link_duty(tx, organization_id, duty, slug, columns, by=by)
        except DatasetNotFound:
            raise MalformedDutyList(
                number, Said(N_("there is no dataset “{slug}”"), slug=slug[:100])
            ) from None
    return len(duties)


def is_in_duty_list(tx: Tx, organization_id: OrganizationId, request: Request) -> bool:
    """Whether a duty stands in the applicant's list; the pledge covers it where none is kept."""
    held = duties_of(tx, organization_id)
    return request.duty.strip() in held if held else request.is_pledged


def columns_asked(
    tx: Tx,
    listing: Listing,
    dataset: Dataset,
    request: Request,
    applicant_id: OrganizationId,
) -> tuple[frozenset[str], frozenset[str] | None]:
    """What is asked for, and what its duty needs of it; None where no such list is kept."""
    needed = store.columns_needed(tx, applicant_id, request.duty.strip(), dataset.id)
    if request.wanted_columns is not None:
        return frozenset(request.wanted_columns), needed
    if needed is None:
        return frozenset(), None
    return frozenset(offered_columns(tx, listing, dataset)), needed


def _lines(content: bytes) -> list[tuple[int, str, str, list[str]]]:
    if len(content) > LIST_BYTES_MAX:
        raise MalformedDutyList(
            1, Said(N_("the file is larger than {bytes_max} bytes"), bytes_max=LIST_BYTES_MAX)
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise MalformedDutyList(1, Said(N_("write the file in UTF-8 or GB 18030"))) from None
    found = []
    try:
        for number, cells in enumerate(csv.reader(StringIO(text), strict=True), start=1):
            duty, slug, columns = (cell.strip() for cell in (*cells, "", "", "")[:3])
            if not duty or (number == 1 and duty.casefold() in (_HEADER[0], "职责", "职责事项")):
                continue
            if len(duty) > DUTY_LENGTH_CHARACTERS or "\0" in "".join(cells) or "\n" in duty:
                raise MalformedDutyList(
                    number,
                    Said(
                        N_("a duty is one line of at most {characters_max} characters"),
                        characters_max=DUTY_LENGTH_CHARACTERS,
                    ),
                )
            found.append((number, duty, slug, columns.replace("；", ";").split(";")))
            if len(found) > NEEDS_MAX:
                raise MalformedDutyList(
                    number, Said(N_("a list has at most {count_max} lines"), count_max=NEEDS_MAX)
                )
    except csv.Error:
        raise MalformedDutyList(1, Said(N_("it is no CSV file"))) from None
    if not found:
        raise MalformedDutyList(1, Said(N_("it is empty")))
    return found


def _check_states(by: Actor, organization_id: OrganizationId) -> None:
    if not (may_publish_for(by, organization_id) or may_approve_for(by, organization_id)):
        raise AnswererNeeded


def _dataset(tx: Tx, slug: str, by: Actor) -> Dataset:
    dataset = dataset_named(tx, slug, by=by)
    if not sees_dataset(by, dataset):
        raise DatasetNotFound(slug)
    return dataset

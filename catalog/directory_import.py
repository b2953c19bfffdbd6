"""Take in a directory's spreadsheet: first say what would become of each row, then do it.

What is sent is read in a confined process and kept for a day, so that what is carried out is what
was shown. Nothing is made of a row with an error, and the other rows do not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

from catalog.audience import may_publish_for
from catalog.confine import Confinement, JobBounds
from catalog.curation import describe
from catalog.dataset import Entry
from catalog.errors import PublisherNeeded
from catalog.find import dataset_with_id
from catalog.formats.directory_sheet import (
    COLUMNS,
    CellError,
    SheetRow,
    read_rows,
    write_sheet,
)
from catalog.interchange_errors import NoSuchImport
from catalog.records import BATCH, records_of
from catalog.store import directory_imports as store
from policies.database import Tx
from policies.errors import Refusal
from policies.identity.people import organization_with_id
from policies.party import Actor, Organization
from policies.terms import DatasetId, OrganizationId, Text

FILE_BYTES_MAX: Final = 5 << 20
KEPT: Final = timedelta(days=1)
EXPORT_MAX: Final = 20_000
FILE_NAME_LENGTH_CHARACTERS: Final = 255
_BOUNDS: Final = JobBounds(wall_s=30, cpu_s=20, memory_bytes=1 << 30, file_size_bytes=1 << 20)


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row, and what becomes of it."""

    row: SheetRow
    fate: Fate
    dataset_id: DatasetId | None
    """None where there is no dataset yet."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would become of a sheet; `words` say what is wrong with it as a whole, or None."""

    id: UUID
    publisher: Organization
    file_name: str
    rows: tuple[PlannedRow, ...]
    words: Text | None

    def count(self, fate: Fate) -> int:
        """How many rows have that fate."""
        return sum(one.fate is fate for one in self.rows)


def read_cells(content: bytes, confinement: Confinement, *, caller: str) -> list[list[str]]:
    """The cells of a spreadsheet that somebody sent.

    Raises: WorkbookUnreadable, WorkbookLocked, ConfinedWorkFailed, EngineBusy.
    """
    with TemporaryDirectory(prefix="weir-sheet-") as folder:
        path = Path(folder) / "sheet"
        path.write_bytes(content)
        told = confinement.run_confined(
            "catalog.formats.sheet_job:read", {}, caller=caller, readable=[path], bounds=_BOUNDS
        )
    assert isinstance(told, Sequence)
    return [[str(cell) for cell in row] for row in told if isinstance(row, Sequence)]


def keep(
    tx: Tx,
    cells: Sequence[Sequence[str]],
    publisher_id: OrganizationId,
    *,
    file_name: str,
    by: Actor,
    at: datetime,
) -> UUID:
    """Keep what was read until somebody says what is to be done with it.

    Raises: PublisherNeeded.
    """
    if by.user_id is None or not may_publish_for(by, publisher_id):
        raise PublisherNeeded
    store.delete_before(tx, at - KEPT)
    name = file_name.replace("\0", "")[:FILE_NAME_LENGTH_CHARACTERS]
    clean = [[cell.replace("\0", "") for cell in row] for row in cells]
    return store.insert_import(tx, publisher_id, by.user_id, at, file_name=name, rows=clean)


def plan(tx: Tx, import_id: UUID, *, by: Actor) -> Plan:
    """What would become of each row, as things stand now.

    Raises: NoSuchImport, PublisherNeeded.
    """
    held = store.find_import(tx, import_id, by.user_id) if by.user_id else None
    if held is None:
        raise NoSuchImport
    publisher = organization_with_id(tx, held["publisher_id"])
    if not may_publish_for(by, publisher.id):
        raise PublisherNeeded
    rows, words = read_rows(held["rows"], publisher)
    codes = [row.entry.directory.gov_code for row in rows if row.entry]
    known = store.ids_by_code(
        tx, publisher.id, [code for code in codes if code], [row.slug for row in rows]
    )
    by_code = {one["code"]: one for one in known if one["publisher_id"] == publisher.id}
    by_slug = {one["slug"]: one for one in known}
    planned = []
    for row in rows:
        code = row.entry.directory.gov_code if row.entry else ""
        found = (by_code.get(code) if code else None) or by_slug.get(row.slug)
        planned.append(_planned(tx, row, found, publisher.id, by))
    return Plan(held["id"], publisher, held["file_name"], tuple(planned), words)


def carry_out(tx: Tx, import_id: UUID, *, by: Actor, at: datetime) -> Plan:
    """Make and change what the rows say; what was done, with the rows that were refused.

    Raises: NoSuchImport, PublisherNeeded.
    """
    wanted = plan(tx, import_id, by=by)
    done = [_done(tx, one, wanted.publisher.id, by=by, at=at) for one in wanted.rows]
    store.delete_import(tx, import_id)
    return replace(wanted, rows=tuple(done))


def template() -> bytes:
    """The empty spreadsheet."""
    return write_sheet([])


def export(tx: Tx, publisher_id: OrganizationId, *, by: Actor) -> bytes:
    """The publisher's own directory as a spreadsheet.

    Raises: PublisherNeeded.
    """
    if not may_publish_for(by, publisher_id):
        raise PublisherNeeded
    ids = [DatasetId(one) for one in store.ids_of_publisher(tx, publisher_id, limit=EXPORT_MAX)]
    records = []
    for first in range(0, len(ids), BATCH):
        records += records_of(tx, ids[first : first + BATCH], by=by)
    return write_sheet(records)


def _planned(
    tx: Tx, row: SheetRow, found: dict[str, object] | None, publisher_id: OrganizationId, by: Actor
) -> PlannedRow:
    if row.entry is None:
        return PlannedRow(row, Fate.WRONG, None)
    if found is None:
        return PlannedRow(row, Fate.NEW, None)
    if found["publisher_id"] != publisher_id:
        taken = Text("该网址名称已被使用。", "This name in addresses is taken.")
        error = CellError("网址名称", taken, row.slug)
        return PlannedRow(replace(row, entry=None, errors=(error,)), Fate.WRONG, None)
    dataset_id = DatasetId(UUID(str(found["id"])))
    present = dataset_with_id(tx, dataset_id, by=by).entry
    entry = _merged(row.entry, present)
    fate = Fate.SAME if entry == present else Fate.CHANGED
    return PlannedRow(replace(row, entry=entry), fate, dataset_id)


def _merged(told: Entry, present: Entry) -> Entry:
    """The sheet's values over the present ones; what the sheet has no column for stays."""
    kept = present.directory
    extras = dict(kept.extras) | dict(told.directory.extras)
    directory = replace(
        told.directory,
        type_name=kept.type_name,
        landing_page=kept.landing_page,
        version_label=kept.version_label,
        author=kept.author,
        author_email=kept.author_email,
        conforms_to=kept.conforms_to,
        provenance=kept.provenance,
        languages=kept.languages,
        in_series=kept.in_series,
        identifiers=kept.identifiers,
        extras=tuple(extras.items()),
    )
    return replace(told, audience=present.audience, directory=directory)


def _done(
    tx: Tx, one: PlannedRow, publisher_id: OrganizationId, *, by: Actor, at: datetime
) -> PlannedRow:
    if one.row.entry is None or one.fate in (Fate.WRONG, Fate.SAME):
        return one
    try:
        with tx.transaction():
            if one.dataset_id is not None:
                describe.change(tx, one.dataset_id, one.row.entry, by=by, at=at)
                return one
            made = describe.create(
                tx, one.row.slug, one.row.entry, publisher_id=publisher_id, by=by, at=at
            )
            return replace(one, dataset_id=made.id)
    except Refusal as refusal:
        english = refusal.message.format(**vars(refusal))
        error = CellError(COLUMNS[1].heading, Text("现在不能修改。", english), one.row.title.zh)
        row = replace(one.row, entry=None, errors=(error,))
        return PlannedRow(row, Fate.WRONG, one.dataset_id)

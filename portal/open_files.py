"""What projections of records are given from other packages: licences, and which files are open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from catalog.dataset import DistributionId
from catalog.interchange import Given
from catalog.open_files import noted_open_files
from catalog.projection import OpenFile
from catalog.record import Record
from catalog.version import Column, ColumnType, VersionState
from exchange.open_files import open_views
from policies.database import Tx
from policies.decision.profile import profile_in_force
from portal.wiring import Wiring


def given_of(wiring: Wiring) -> Given:
    """What projections need, as it stands now."""
    at = wiring.now()
    licences = {licence.id: licence for licence in profile_in_force(at).licences}

    def open_files(tx: Tx, records: Sequence[Record]) -> Mapping[DistributionId, OpenFile]:
        return _open_files(tx, records, at)

    return Given(licences, open_files)


def _open_files(
    tx: Tx, records: Sequence[Record], at: datetime
) -> Mapping[DistributionId, OpenFile]:
    views = open_views(tx, [record.dataset.id for record in records], at)
    noted = noted_open_files(
        tx,
        [
            (held.newest.id, views[record.dataset.id])
            for record in records
            for held in record.distributions
            if held.newest is not None and record.dataset.id in views
        ],
    )
    files = {}
    for record in records:
        view = views.get(record.dataset.id)
        if view is None:
            continue
        for held in record.distributions:
            # Its own people read newer data than everybody else, whose file this is about.
            if held.newest is None or held.newest.state is not VersionState.PUBLISHED:
                continue
            columns = {column.name: column for column in held.newest.columns}
            shown = columns if view.columns is None else view.columns
            file = noted.get((held.newest.id, view.fingerprint()))
            files[held.distribution.id] = OpenFile(
                tuple(
                    Column(name, ColumnType.TEXT)
                    if name in view.masks and not view.masks[name].keeps_type
                    else columns[name]
                    for name in shown
                    if name in columns
                ),
                sha256="" if file is None else file.sha256,
                size_bytes=None if file is None else file.size_bytes,
            )
    return files

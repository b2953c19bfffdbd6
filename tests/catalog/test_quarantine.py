from __future__ import annotations

import json
from collections import Counter

import pytest

from catalog.blobs import check_file
from catalog.errors import FileDamaged, VersionNotFound
from catalog.find import version_with_id
from catalog.misfit import KeptAside, Misfit, QuarantineCount, SetAside, SetAsideBy
from catalog.publish import publish, submit
from catalog.quarantine import counts, keep_aside, quarantine, quarantines, values_of
from catalog.version import Version
from tests.catalog.city import judge
from tests.catalog.test_ingest import Desk, desk  # noqa: F401  a fixture
from tests.people import AT

BROKEN = SetAside(9, None, '{"id": "9"}', Misfit.BREAKS_RULE, "id-within-1-8")


def messy(rows: int = 500) -> bytes:
    """A table with five cells that do not fit."""
    cells = [[str(row), f"2026-01-{row % 28 + 1:02}", "站"] for row in range(rows)]
    cells[3][0] = "约3"
    cells[4][0], cells[4][1] = "x", "去年"
    cells[499][1] = "2026-02-30"
    cells[498][0] = "=1+1"
    return "\n".join([",".join(row) for row in [["id", "day", "name"], *cells]]).encode() + b"\n"


def read(desk: Desk) -> Version:  # noqa: F811  the fixture
    version = desk.read(desk.send(messy()))
    assert version is not None
    return version


def kept(desk: Desk, *misfits: SetAside) -> KeptAside | None:  # noqa: F811  the fixture
    return keep_aside(desk.folders, misfits)


def aside(desk: Desk, version: Version, **part: int) -> list[SetAside]:  # noqa: F811  the fixture
    with desk.pool.connection() as tx:
        found = quarantines(tx, version.id, by=desk.city.publisher)
    return list(values_of(desk.folders, found, **part))


def test_what_does_not_fit_is_kept_with_its_row_and_reason(desk: Desk) -> None:  # noqa: F811
    version = read(desk)

    assert [column.type for column in version.columns] == ["integer", "date", "text"]
    assert version.row_count == 500
    assert aside(desk, version) == [
        SetAside(4, "id", "约3", "not_integer"),
        SetAside(5, "id", "x", "not_integer"),
        SetAside(5, "day", "去年", "not_date"),
        SetAside(499, "id", "=1+1", "not_integer"),
        SetAside(500, "day", "2026-02-30", "not_date"),
    ]
    assert version.reading.misfits == {"id": 3, "day": 2}
    with desk.pool.connection() as tx:
        (told,) = tx.execute(
            "SELECT body FROM policies.events WHERE kind = 'version.created'"
        ).fetchall()
    assert json.loads(told["body"])["facts"]["set_aside"] == 5


def test_reading_again_after_a_kill_keeps_it_once(desk: Desk) -> None:  # noqa: F811
    sent = desk.send(messy())
    first = desk.read(sent)
    with desk.pool.connection() as tx:
        tx.execute("DELETE FROM catalog.quarantines")
        tx.execute("DELETE FROM catalog.version_files")
        tx.execute("DELETE FROM catalog.versions")
        tx.execute("UPDATE catalog.uploads SET state = 'ingesting'")

    second = desk.read(sent)

    assert first is not None
    assert second is not None
    assert len(aside(desk, second)) == 5
    assert first.digest == second.digest


def test_rules_set_aside_beside_the_reading_and_replace_only_their_own(
    desk: Desk,  # noqa: F811
) -> None:
    version = read(desk)

    for misfits in ([BROKEN, BROKEN], [BROKEN]):
        word = kept(desk, *misfits)
        with desk.pool.connection() as tx:
            quarantine(tx, version.id, word, by=SetAsideBy.RULES, at=AT)
            told = counts(tx, [version.id])[version.id]
        assert told == QuarantineCount(cells=5, broken=len(misfits))

    assert aside(desk, version)[-1] == BROKEN
    assert len(aside(desk, version)) == 6
    with desk.pool.connection() as tx:
        quarantine(tx, version.id, kept(desk), by=SetAsideBy.RULES, at=AT)
        assert counts(tx, [version.id])[version.id] == QuarantineCount(cells=5)


@pytest.mark.parametrize(("offset", "limit"), [(0, 1), (4, 1), (3, 3), (5, 9), (6, 1), (2, 0)])
def test_a_page_of_it_is_that_part_of_the_whole(
    desk: Desk,  # noqa: F811
    offset: int,
    limit: int,
) -> None:
    version = read(desk)
    word = kept(desk, BROKEN)
    with desk.pool.connection() as tx:
        quarantine(tx, version.id, word, by=SetAsideBy.RULES, at=AT)

    page = aside(desk, version, offset=offset, limit=limit)

    assert page == aside(desk, version)[offset : offset + limit]


def test_only_its_own_people_read_the_values(desk: Desk) -> None:  # noqa: F811
    version = read(desk)
    with desk.pool.connection() as tx:
        judge(tx, version)
        submit(tx, desk.dataset.id, by=desk.city.publisher, at=AT)
        publish(tx, desk.dataset.id, by=desk.city.approver, at=AT)

    with desk.pool.connection() as tx:
        assert version_with_id(tx, version.id, by=desk.city.neighbour)[0].id == version.id
        for stranger in (desk.city.neighbour, desk.city.bureau, desk.city.regulator):
            with pytest.raises(VersionNotFound):
                quarantines(tx, version.id, by=stranger)
        assert len(quarantines(tx, version.id, by=desk.city.approver)) == 1


def test_damaged_bytes_are_not_shown(desk: Desk) -> None:  # noqa: F811
    version = read(desk)
    with desk.pool.connection() as tx:
        (found,) = quarantines(tx, version.id, by=desk.city.publisher)
    path = desk.folders.blob(found.kept.sha256)
    check_file(path, found.kept.sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)

    with pytest.raises(FileDamaged):
        aside(desk, version)


def test_rows_and_values_are_counted_apart(desk: Desk) -> None:  # noqa: F811
    version = read(desk)

    with desk.pool.connection() as tx:
        (found,) = quarantines(tx, version.id, by=desk.city.publisher)

    values = aside(desk, version)
    assert found.kept.count == len(values)
    assert found.kept.row_count == len(Counter(one.row_number for one in values)) == 4

"""Proposals: what a table's own data suggests, with its evidence, kept or refused for good."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policies.database import Pool, Tx
from policies.roles import SYSTEM
from policies.terms import VersionId
from quality.assess import assess, propose
from quality.check import InSet
from quality.engine.open_table import Limits
from quality.errors import UnknownProposal
from quality.profiling import profile_files
from quality.rules import keep_proposal, list_proposals, list_rules, refuse_proposal
from quality.sensitive import SensitiveKind
from quality.store import profiles as profile_store
from quality.suggest import Proposal, Tried
from quality.take_down import Subject
from tests.people import AT
from tests.quality.conftest import Made
from tests.quality.test_sensitive import MAKERS, VALID

MakeVersion = Callable[[Tx], Made]
LIMITS = Limits(memory_bytes=500_000_000, threads=1)
TABLE = """
    SELECT i AS id, 'ABC-' || lpad(i::VARCHAR, 4, '0') AS ref, i % 24 AS hour,
           CASE WHEN i % 50 = 0 THEN NULL ELSE i / 7.0 END AS level,
           ['east', 'west', 'north'][i % 3 + 1] AS district,
           i % 24 + 3 AS max_load, i % 24 AS min_load
      FROM range(200) AS t(i)
"""


def parquet(folder: Path, select: str, name: str = "a.parquet") -> Path:
    path = folder / name
    duckdb.connect().execute(f"COPY ({select}) TO '{path}'")
    return path


def drawn(
    pool: Pool, made: Made, path: Path, *older: tuple[int, tuple[Path, ...]]
) -> dict[str, Proposal]:
    subject = Subject(made.version_id, made.dataset_id, made.organization_id, (path,), 9, older)
    found = propose(pool, subject, profile_files([path]), at=AT, limits=LIMITS)
    return {proposal.key: proposal for proposal in found}


def test_rules_are_proposed_in_words_with_their_counts(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)
    before = parquet(
        tmp_path, f"SELECT * REPLACE (CASE id WHEN 7 THEN 99 ELSE hour END AS hour) FROM ({TABLE})"
    )

    found = drawn(pool, made, parquet(tmp_path, TABLE, "b.parquet"), (8, (before,)))

    titles = {key: proposal.rule.title.en for key, proposal in found.items()}
    assert titles["between:hour"] == "“hour”: 0 to 23"
    assert titles["unique:id"] == "“id” is unique"
    assert titles["regex:ref"] == "“ref” matches ^[A-Za-z]{3}-[0-9]{4}$"
    assert titles["pair_greater:max_load:min_load"] == "“max_load” is at least “min_load”"
    assert "in_set:district" in titles
    assert found["not_null:level"].rule.mostly_permille == 970
    assert found["between:hour"].evidence.unexpected_count == 0
    assert [(one.version, one.unexpected_count) for one in found["between:hour"].older] == [(8, 1)]


def test_a_real_station_gets_the_rule_of_its_impossible_hours_proposed(
    pool: Pool, tmp_path: Path, make_version: MakeVersion, shared_data: Path
) -> None:
    file = shared_data / "tables" / "beijing_air_wanshouxigong.csv"
    path = parquet(tmp_path, f"SELECT * FROM read_csv('{file}', nullstr='NA')")
    with pool.connection() as tx:
        made = make_version(tx)

    found = drawn(pool, made, path)

    pair = found["pair_greater:PM10:PM2.5"]
    assert pair.evidence.unexpected_count == 1639
    assert next(iter(found)) == "pair_greater:PM10:PM2.5"
    assert found["between:hour"].rule.title.en == "“hour”: 0 to 23"


def test_what_is_kept_is_a_rule_and_what_is_refused_does_not_come_back(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    path = parquet(tmp_path, TABLE)
    with pool.connection() as tx:
        made = make_version(tx)
    drawn(pool, made, path)

    with pool.connection() as tx:
        ids = {proposal.key: held for held, proposal in list_proposals(tx, made.dataset_id)}
        hour, district = ids["between:hour"], ids["in_set:district"]
        keep_proposal(tx, made.dataset_id, hour, by=made.publisher, at=AT)
        refuse_proposal(tx, made.dataset_id, district, by=made.publisher, at=AT)
    with pool.connection() as tx, pytest.raises(UnknownProposal):
        keep_proposal(tx, made.dataset_id, hour, by=made.publisher, at=AT)

    subject = Subject(made.version_id, made.dataset_id, made.organization_id, (path,))
    report = assess(
        pool, subject, by=SYSTEM, clock=lambda: AT, limits=LIMITS, on_progress=lambda _: None
    )

    with pool.connection() as tx:
        (own,) = list_rules(tx, made.dataset_id)
        again = {proposal.key for _, proposal in list_proposals(tx, made.dataset_id)}
    assert own.rule.title.en == "“hour”: 0 to 23"
    assert str(own.id) in {finding.rule_id for finding in report.findings}
    assert "unique:id" in again
    assert not {"between:hour", "in_set:district"} & again


def test_nothing_is_proposed_of_a_few_rows(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)

    assert drawn(pool, made, parquet(tmp_path, f"{TABLE} LIMIT 19")) == {}


def read_as_text(shared_data: Path, name: str, encoding: str = "utf-8") -> str:
    return (shared_data / name).read_bytes().decode(encoding)


def test_a_messy_workbook_has_its_blanks_and_its_repeated_rows_proposed(
    pool: Pool, tmp_path: Path, make_version: MakeVersion, shared_data: Path
) -> None:
    book = shared_data / "tables" / "toronto_subway_delays_messy.xlsx"
    sheet = openpyxl.load_workbook(book, read_only=True).worksheets[1]
    with (tmp_path / "delays.csv").open("w", newline="") as file:
        csv.writer(file).writerows(sheet.iter_rows(values_only=True))
    path = parquet(tmp_path, f"SELECT * FROM read_csv('{tmp_path / 'delays.csv'}')")
    with pool.connection() as tx:
        made = make_version(tx)

    found = drawn(pool, made, path)

    assert found["not_null:Line"].evidence.unexpected_count == 298
    assert found["not_null:Bound"].evidence.unexpected_count == 14_794
    (repeated,) = (one for key, one in found.items() if key.startswith("unique_together:"))
    assert repeated.evidence.repeated_count == 16
    assert repeated.evidence.element_count == 69_043


def test_a_city_s_catalogue_has_its_ways_to_say_free_told(
    pool: Pool, tmp_path: Path, make_version: MakeVersion, shared_data: Path
) -> None:
    (tmp_path / "taipei.csv").write_text(
        read_as_text(shared_data, "catalogues/taipei_catalogue_big5.csv", "cp950")
    )
    path = parquet(tmp_path, f"SELECT * FROM read_csv('{tmp_path / 'taipei.csv'}')")
    with pool.connection() as tx:
        made = make_version(tx)

    found = drawn(pool, made, path)

    free = found["in_set:計費方式"]
    assert free.ways == (("免費", 818), ("無", 278), ("0", 19), (" 免費", 6), ("", 3))
    assert free.rule.check == InSet(("免費", "免費索取"))
    assert free.evidence.unexpected_count == 278 + 19 + 6 + 1


def test_a_perfect_series_is_found_perfect(
    pool: Pool, tmp_path: Path, make_version: MakeVersion, shared_data: Path
) -> None:
    file = shared_data / "tables" / "dresden_parking_altmarkt.csv"
    path = parquet(tmp_path, f"SELECT * FROM read_csv('{file}', header=false)")
    with pool.connection() as tx:
        made = make_version(tx)

    found = drawn(pool, made, path)

    assert found["evenly_spaced:column0"].rule.title.en == "“column0”: every 15 minutes"
    assert found["evenly_spaced:column0"].evidence == Tried(9, 40_985, 0)
    assert {one.evidence.unexpected_count for one in found.values()} == {0}


def test_identifiers_and_the_age_of_the_newest_row_are_proposed(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    path = parquet(
        tmp_path,
        """
        SELECT ['11010519491231002X', '440524188001010014'][i % 2 + 1] || '' AS holder,
               '91110000600037341L' AS company, i AS id,
               TIMESTAMP '2026-02-20 00:00:00' + INTERVAL (i * i) MINUTE AS at,
               '京A' || lpad(i::VARCHAR, 5, '0') AS plate
          FROM range(100) AS t(i)
        """,
    )
    with pool.connection() as tx:
        made = make_version(tx)

    found = drawn(pool, made, path)

    assert found["check_character:plate"].evidence == Tried(9, 100, 0)
    assert "check_character:id" not in found
    newest = found["newest_within:at"]
    assert newest.evidence.unexpected_count == 0
    assert newest.rule.title.en.startswith("The newest “at” is at most ")


def plate(dice: random.Random, *, is_valid: bool) -> str:
    """Has no check character, so that a wrong form is what makes a wrong one."""
    tail = "".join(dice.choices("0123456789", k=5))
    return f"{dice.choice('京沪粤')}{dice.choice('ABC')}{tail}" if is_valid else f"车{tail}"


def _has_a_province(text: str) -> bool:
    return not text.startswith("车")


@pytest.mark.parametrize("kind", [*MAKERS, SensitiveKind.PLATE])
@pytest.mark.parametrize("broken", [0, 12])
def test_identifiers_go_from_the_data_to_a_rule_that_counts_as_another_library_does(
    pool: Pool, tmp_path: Path, make_version: MakeVersion, kind: SensitiveKind, broken: int
) -> None:
    dice = random.Random(f"{kind}{broken}")
    make = MAKERS.get(kind, plate)
    is_valid = VALID.get(kind, _has_a_province)

    def column(bad: int, name: str) -> tuple[Path, int]:
        values = [make(dice, is_valid=row >= bad) for row in range(400)]
        dice.shuffle(values)
        path = tmp_path / name
        pq.write_table(pa.table({"no": values}), path)
        return path, sum(not is_valid(value) for value in values)

    (new, now_bad), (old, then_bad) = column(broken, "new.parquet"), column(30, "old.parquet")
    (next_one, next_bad) = column(25, "next.parquet")
    with pool.connection() as tx:
        made = make_version(tx)

    found = drawn(pool, made, new, (8, (old,)))["check_character:no"]

    assert found.evidence == Tried(9, 400, now_bad)
    assert found.older == (Tried(8, 400, then_bad),)
    with pool.connection() as tx:
        ids = {proposal.key: held for held, proposal in list_proposals(tx, made.dataset_id)}
        kept = keep_proposal(
            tx, made.dataset_id, ids["check_character:no"], by=made.publisher, at=AT
        )
    subject = Subject(made.version_id, made.dataset_id, made.organization_id, (next_one,))
    report = assess(
        pool, subject, by=SYSTEM, clock=lambda: AT, limits=LIMITS, on_progress=lambda _: None
    )
    (asked,) = [one for one in report.findings if one.rule_id == kept.id]
    assert (asked.element_count, asked.unexpected_count) == (400, next_bad)


def test_no_identifier_is_proposed_of_a_column_that_passes_by_chance(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    dice = random.Random(9)
    with pool.connection() as tx:
        made = make_version(tx)
    for kind, make in MAKERS.items():
        for percent in (0, 9, 50):
            path = tmp_path / f"{kind}{percent}.parquet"
            values = [make(dice, is_valid=100 * row < percent * 400) for row in range(400)]
            pq.write_table(pa.table({"no": values}), path)

            assert "check_character:no" not in drawn(pool, made, path), (kind, percent)


def test_freshness_is_tried_on_older_versions_as_of_the_day_they_came(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    """Two older versions: one was a day old when it came, the other had lain for a year."""
    with pool.connection() as tx:
        made = make_version(tx)
        tx.execute("UPDATE catalog.versions SET number = 9 WHERE id = %s", (made.version_id,))
        for number, days in ((8, 10), (7, 20)):
            version = uuid4()
            tx.execute(
                """
                INSERT INTO catalog.versions
                       (id, distribution_id, number, delta_version, digest, columns, reading,
                        row_count, size_bytes, created_at, state, kind)
                SELECT %(id)s, distribution_id, %(number)s, delta_version, digest, columns, reading,
                       row_count, size_bytes, %(at)s, state, 'settled'
                  FROM catalog.versions
                 WHERE id = %(newest)s
                """,
                {
                    "id": version,
                    "number": number,
                    "at": AT - timedelta(days=days),
                    "newest": made.version_id,
                },
            )
            profile = profile_files([parquet(tmp_path, "SELECT 1 AS a", "p.parquet")])
            profile_store.put_profile(tx, VersionId(version), profile, at=AT)

    def days_before(days: int, name: str) -> Path:
        newest = (AT - timedelta(days=days)).replace(tzinfo=None)
        select = f"SELECT TIMESTAMP '{newest}' - INTERVAL (i * i) HOUR AS at FROM range(100) t(i)"
        return parquet(tmp_path, select, name)

    found = drawn(
        pool,
        made,
        days_before(1, "new.parquet"),
        (8, (days_before(11, "8.parquet"),)),
        (7, (days_before(385, "7.parquet"),)),
    )["newest_within:at"]

    assert found.evidence.unexpected_count == 0
    assert [(one.version, one.unexpected_count) for one in found.older] == [(8, 0), (7, 1)]

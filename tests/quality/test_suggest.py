"""Proposals: what a table's own data suggests, with its evidence, kept or refused for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from policies.database import Pool, Tx
from policies.roles import SYSTEM
from quality.assess import Subject, assess, propose
from quality.engine.open_table import Limits
from quality.errors import UnknownProposal
from quality.profiling import profile_files
from quality.rules import keep_proposal, list_proposals, list_rules, refuse_proposal
from quality.suggest import Proposal
from tests.people import AT
from tests.quality.conftest import Made

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

"""Profiles of Parquet files."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from quality.profile import BINS_MAX, Bin, FrequentValue, profile_as_json, profile_from_json
from quality.profiling import profile_files


def parquet(folder: Path, select: str, name: str = "a.parquet") -> Path:
    path = folder / name
    duckdb.execute(f"COPY ({select}) TO '{path}'")
    return path


def test_counts_ranges_and_frequent_values_are_told(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        """
        SELECT i AS id, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 3 END AS "三",
               'v' || (i % 2) AS text, DATE '2020-01-01' + CAST(i AS INTEGER) AS day,
               i % 2 = 0 AS even
          FROM range(100) AS t(i)
        """,
    )

    profile = profile_files([path])

    assert profile.row_count == 100
    by_name = {column.name: column for column in profile.columns}
    assert list(by_name) == ["id", "三", "text", "day", "even"]
    assert (by_name["id"].minimum, by_name["id"].maximum) == ("0", "99")
    assert by_name["三"].null_count == 10
    assert by_name["三"].bins == (Bin("0", "1", 30), Bin("1", "2", 30), Bin("2", "2", 30))
    assert by_name["text"].frequent == (FrequentValue("v0", 50), FrequentValue("v1", 50))
    assert (by_name["text"].length_minimum, by_name["text"].length_maximum) == (2, 2)
    assert by_name["text"].minimum is None
    assert (by_name["day"].minimum, by_name["day"].maximum) == ("2020-01-01", "2020-04-09")
    assert by_name["even"].frequent[0].count == 50


def test_every_value_falls_into_one_bin(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        """
        SELECT CAST(random() * 1e6 - 5e5 AS DOUBLE) AS d,
               CAST(random() * 1e6 AS DECIMAL(12, 2)) AS m,
               CAST(random() * 100 AS TINYINT) AS s,
               TIMESTAMP '2020-01-01' + INTERVAL (i) HOUR AS t
          FROM (SELECT i FROM range(1000) AS r(i))
        """,
    )

    for column in profile_files([path]).columns:
        assert sum(item.count for item in column.bins) == 1000, column.name
        assert len(column.bins) <= BINS_MAX


def test_infinity_and_not_a_number_do_not_spoil_the_histogram(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        "SELECT unnest(['1', '2', 'inf', '-inf', 'nan']::DOUBLE[]) AS d, NULL::INTEGER AS n",
    )

    d, n = profile_files([path]).columns

    assert (d.minimum, d.maximum) == ("1.0", "2.0")
    assert sum(item.count for item in d.bins) == 2
    assert (n.minimum, n.bins, n.null_count, n.distinct_count) == (None, (), 5, 0)


def test_an_empty_table_has_a_profile(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT 1 AS a, 'x' AS b, true AS c WHERE false")

    profile = profile_files([path])

    assert profile.row_count == 0
    assert [(column.minimum, column.bins, column.frequent) for column in profile.columns] == [
        (None, (), ())
    ] * 3


def test_several_files_are_one_table_and_odd_names_stay_as_they_are(tmp_path: Path) -> None:
    name = "a \"b\" 'c' 100%"
    quoted = name.replace('"', '""')
    paths = [
        parquet(tmp_path, f'SELECT {value} AS "{quoted}"', f"{value}.parquet") for value in (1, 2)
    ]

    profile = profile_files(paths)

    assert (profile.row_count, profile.columns[0].name) == (2, name)


def test_keys_list_no_frequent_values(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT 'row ' || i AS key FROM range(1000) AS t(i)")

    assert profile_files([path]).columns[0].frequent == ()


def test_lists_and_structs_are_counted_only(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT [1, 2] AS l, {'a': 1} AS s")

    assert [column.null_count for column in profile_files([path]).columns] == [0, 0]


def test_a_profile_reads_back_and_can_leave_out_values(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT i AS a, 'x' AS b FROM range(50) AS t(i)")
    profile = profile_files([path])

    assert profile_from_json(json.loads(json.dumps(profile_as_json(profile)))) == profile
    hidden = profile.without_values_of(frozenset({"b"}))
    assert hidden.columns[0] == profile.columns[0]
    assert hidden.columns[1].frequent == ()
    assert hidden.columns[1].length_minimum is None


def test_the_profile_of_a_real_table_agrees_with_counting_by_hand(
    tmp_path: Path, shared_data: Path
) -> None:
    source = shared_data / "tables" / "beijing_air_wanshouxigong.csv"
    path = parquet(tmp_path, f"SELECT * FROM read_csv('{source}', nullstr='NA')")

    by_name = {column.name: column for column in profile_files([path]).columns}

    assert by_name["PM2.5"].null_count == 696
    assert by_name["No"].maximum == "35064"
    assert by_name["station"].frequent == (FrequentValue("Wanshouxigong", 35064),)
    assert by_name["month"].distinct_count == pytest.approx(12, abs=1)

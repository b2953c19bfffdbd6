"""Every rule of every pack, asked of a column that is right and of one that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policies.errors import Invalid
from quality import packs
from quality.check import ChangeKind, Kind
from quality.engine.open_table import Limits
from quality.expectations import read_schema, run_suite
from quality.outcome import RuleOutcome, Status
from quality.rule import draw_suite
from tests.people import AT

LIMITS = Limits(memory_bytes=500_000_000, threads=1)
TODAY, LATER, LONG_AGO = datetime(2026, 1, 1), datetime(2099, 1, 1), datetime(1700, 1, 1)  # noqa: DTZ001

# Rule → column, a value that is right, a value that is wrong.
COLUMNS: Mapping[str, tuple[str, object, object]] = {
    "core.column_not_empty": ("filled", "a", None),
    "core.no_blank_text": ("written", "a", "　 "),
    "core.no_placeholder_text": ("placed", "无锡", "N/A"),
    "core.no_broken_characters": ("encoded", "数堰", "数�"),
    "core.trimmed_text": ("trimmed", "a b", "a b "),
    "core.text_length": ("long_text", "a" * 10_000, "a" * 10_001),
    "core.plausible_numbers": ("size", 1e29, 1e31),
    "time.not_in_future": ("seen", TODAY, LATER),
    "time.not_ancient": ("since", TODAY, LONG_AGO),
    "identity-cn.resident_id_is_text": ("id_card", "11010519491231002X", 110105194912310021),
    "identity-cn.resident_id": ("身份证号", "11010519491231002X", "11010519491331002X"),
    "identity-cn.credit_code": ("统一社会信用代码", "91350100M000100Y43", "91350100I000100Y43"),
    "identity-cn.mobile": ("手机", "+86 13800138000", "12800138000"),
    "identity-cn.division_code": ("adcode", "110105", "11010"),
    "geo.latitude_range": ("stop_lat", 39.9, 116.4),
    "geo.longitude_range": ("stop_lon", 116.4, 11640.0),
    "geo.coordinate_not_zero": ("纬度", 39.9, 0.0),
    "geo.coordinate_is_number": ("经度", 116.4, "116°23′"),
    "geo.elevation_range": ("海拔（米）", 8848, 88480),
    "geo.wkt_form": ("wkt", "SRID=4490;MULTIPOLYGON (((1 2)))", "1 2"),
    "money.amount_is_number": ("合同金额", 12.5, "12.5 元"),
    "money.price_not_negative": ("unit_price", 0.5, -0.5),
    "money.amount_plausible": ("预算", 1e12, 1e15),
    "money.currency_code": ("币种", "CNY", "元"),
    "money.tax_rate_range": ("税率", 0.13, -13.0),
    "money.invoice_number": ("发票号码", "24112000000012345678", "1234567"),
    "transport.plate_form": ("车牌号", "京AD12345", "京A1234"),
    "transport.speed_range": ("车速", 120, 511),
    "transport.bearing_range": ("heading", 360, -1),
    "transport.spaces_not_negative": ("剩余泊位", 0, -3),
    "transport.gtfs_time": ("arrival_time", "25:10:00", "25:10"),
    "transport.gtfs_direction": ("direction_id", 1, 2),
    "air.particles_range": ("PM2.5", 999.0, -1.0),
    "air.gases_range": ("SO2", 12.0, -1.0),
    "air.aqi_range": ("AQI", 500, 501),
    "air.temperature_range": ("TEMP", -40.0, 999.0),
    "air.pressure_range": ("PRES", 1013.0, 10.0),
    "air.humidity_range": ("相对湿度", 100.0, 101.0),
    "air.wind_speed_range": ("WSPM", 3.2, -3.2),
    "air.rain_not_negative": ("RAIN", 0.0, -1.0),
    "open-data.no_formula": ("typed", "=", '=HYPERLINK("http://a.test")'),
    "open-data.no_total_row": ("district", "东城区", "合计"),
    "open-data.no_markup": ("备注", "1 < 2", "<b>重要</b>"),
    "open-data.link_form": ("url", "https://a.test/b?c=d", "www.a.test"),
    "open-data.year_range": ("年份", 2026, 115),
}
SINCE_BEFORE = {f"drift.{kind.value}" for kind in ChangeKind}
"""Asked of two versions, not of a column; `test_drift.py` has them."""
WHOLE_TABLE = {
    "core.some_rows",
    "core.column_names_given",
    "core.column_names_clean",
    "core.no_duplicate_rows",
    "open-data.column_names_short",
}


def asked(folder: Path, table: pa.Table) -> dict[str, RuleOutcome]:
    """Outcomes by rule, of the column that is meant for it where it asks several."""
    path = folder / "a.parquet"
    pq.write_table(table, path)
    rules = draw_suite(packs.load_standard_packs(), (), read_schema([path]))
    suite = run_suite([path], rules, at=AT, limits=LIMITS, on_progress=lambda _done, _of: None)
    return {
        outcome.rule.id: outcome
        for outcome in suite.outcomes
        if outcome.rule.id in WHOLE_TABLE
        or outcome.rule.columns == (COLUMNS.get(outcome.rule.id, ("",))[0],)
    }


def test_every_rule_of_the_packs_has_its_two_columns_here() -> None:
    assert {rule.id for rule in packs.load_standard_packs()} == set(
        COLUMNS
    ) | WHOLE_TABLE | SINCE_BEFORE


def test_every_rule_passes_a_column_that_is_right(tmp_path: Path) -> None:
    row = {column: good for column, good, _ in COLUMNS.values()}
    outcomes = asked(tmp_path, pa.Table.from_pylist([row | {"n": n} for n in range(3)]))

    assert {rule_id for rule_id, held in outcomes.items() if held.status is Status.PASSED} == (
        set(COLUMNS) | WHOLE_TABLE
    )


def test_every_rule_fails_a_column_that_is_wrong(tmp_path: Path) -> None:
    row = {column: bad for column, _, bad in COLUMNS.values()}
    table = pa.Table.from_pylist([row, row], schema=_typed(row))
    table = table.append_column("列1", pa.array([1, 1])).append_column(" a", pa.array([1, 1]))
    outcomes = asked(tmp_path, table.append_column("a" * 61, pa.array([1, 1])))

    held = {rule_id for rule_id, one in outcomes.items() if one.status is Status.FAILED}

    assert held == (set(COLUMNS) | WHOLE_TABLE) - {"core.some_rows"}
    assert all(
        one.unexpected_count == 2 for one in outcomes.values() if one.rule.check.kind.is_counted
    )


def test_a_table_without_rows_fails_the_rule_of_some_rows(tmp_path: Path) -> None:
    outcomes = asked(tmp_path, pa.table({"a": pa.array([], pa.string())}))

    assert outcomes["core.some_rows"].status is Status.FAILED


def _typed(row: Mapping[str, object]) -> pa.Schema:
    return pa.schema(
        [
            pa.field(name, pa.string() if value is None else pa.array([value]).type)
            for name, value in row.items()
        ]
    )


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("tables/beijing_air_wanshouxigong.csv", "nullstr='NA'"),
        ("tables/beijing_pm25_2010_2014.csv", "nullstr='NA'"),
        ("tables/cn_streets.csv", "all_varchar=true"),
        ("tables/chicago_beach_days.csv", ""),
        ("tables/nyc_heat_index_neighbourhoods.csv", ""),
    ],
)
def test_rules_of_the_subject_packs_raise_no_false_alarm_on_real_tables(
    tmp_path: Path, shared_data: Path, name: str, table: str
) -> None:
    path = tmp_path / "a.parquet"
    options = f", {table}" if table else ""
    duckdb.connect().sql(f"SELECT * FROM read_csv('{shared_data / name}'{options})").write_parquet(
        str(path)
    )
    rules = [
        rule
        for pack in ("geo", "money", "transport", "air", "open-data")
        for rule in packs.load_pack(pack)
    ]

    drawn = draw_suite(rules, (), read_schema([path]))
    suite = run_suite([path], drawn, at=AT, limits=LIMITS, on_progress=lambda _done, _of: None)

    assert [one.rule.key for one in suite.outcomes if one.status is Status.FAILED] == []
    assert [one.rule.key for one in suite.outcomes if one.status is Status.ERROR] == []


def test_all_packs_are_read_at_the_start() -> None:
    assert packs.check_packs() == len(COLUMNS) + len(WHOLE_TABLE) + len(SINCE_BEFORE)
    assert {rule.check.kind for rule in packs.load_standard_packs()} <= set(Kind)


@pytest.mark.parametrize("field", ["clause", "severity", "gate", "weight", "fix", "explanation"])
def test_a_rule_of_a_pack_must_state_every_field(field: str) -> None:
    body: dict[str, object] = {
        "id": "core.a",
        "title": {"zh": "甲", "en": "A"},
        "explanation": {"zh": "甲", "en": "A"},
        "dimension": "accuracy",
        "clause": "GB/T 36344-2018, 0301",
        "severity": "warning",
        "gate": "warn",
        "weight": 1,
        "fix": {"zh": "甲", "en": "A"},
        "expect": {"kind": "not_null"},
        "columns": ["a"],
    }
    packs._stated_rule("core", body)

    with pytest.raises(Invalid):
        packs._stated_rule("core", {key: body[key] for key in body if key != field})
    with pytest.raises(Invalid):
        packs._stated_rule("geo", body)

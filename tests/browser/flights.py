"""A table of flights with all that pages show: times, codes, numbers, places, gaps; and a map."""

from __future__ import annotations

from datetime import UTC, datetime

from catalog.dataset import Dataset
from catalog.find import distributions_of, newest_stored
from catalog.version import Column, ColumnType
from policies.party import ANONYMOUS
from policies.terms import Text
from quality.profiling import profile_files
from quality.store import profiles as profile_store
from tests.exchange.city import City

FLIGHTS = """
    SELECT CAST(range AS BIGINT) AS flight_id,
           CAST(DATE '2026-01-01' + CAST(range % 181 AS INTEGER) AS DATE) AS day,
           TIMESTAMP '2026-01-01 05:00:00' + INTERVAL (range * 53) MINUTE AS "计划时间",
           ['UA', 'AA', 'DL', 'MU'][1 + CAST(range * range % 6 % 4 AS INTEGER)] AS carrier,
           lpad(CAST(range * 37 % 100000 AS VARCHAR), 6, '0') AS code,
           ['上海', '北京', '广州', '成都', '深圳'][1 + CAST(range % 5 AS INTEGER)] AS "出发地",
           CASE WHEN range % 41 <> 0 THEN CAST(abs(hash(range) % 180) AS BIGINT) - 20 END AS delay,
           CASE WHEN range % 13 <> 0 THEN '=SUM(' || range || ')' END AS note,
           CAST(300 + hash(range * 7) % 4000 AS DOUBLE) / 3 AS distance,
           range % 3 = 0 AS "是否准点",
           121.2 + CAST(hash(range) % 1000 AS DOUBLE) / 2500 AS lon,
           31.0 + CAST(hash(range * 3) % 1000 AS DOUBLE) / 2500 AS lat,
           123456789012345678 + range AS serial
      FROM range({rows})
"""
FLIGHT_COLUMNS = (
    Column("flight_id", ColumnType.INTEGER),
    Column("day", ColumnType.DATE),
    Column("计划时间", ColumnType.TIMESTAMP),
    Column("carrier", ColumnType.TEXT),
    Column("code", ColumnType.TEXT),
    Column("出发地", ColumnType.TEXT),
    Column("delay", ColumnType.INTEGER),
    Column("note", ColumnType.TEXT),
    Column("distance", ColumnType.DOUBLE),
    Column("是否准点", ColumnType.BOOLEAN),
    Column("lon", ColumnType.DOUBLE),
    Column("lat", ColumnType.DOUBLE),
    Column("serial", ColumnType.INTEGER),
)
LINES = """
    SELECT '线路' || range AS name,
           '{"type":"LineString","coordinates":[' || array_to_string([
               '[' || (121.3 + range / 60.0 + i / 900.0) || ',' ||
               (31.1 + sin(i / 9.0 + range) / 12.0) || ']' FOR i IN range(60)], ',') || ']}'
           AS geometry
      FROM range(24)
"""
LINE_COLUMNS = (Column("name", ColumnType.TEXT), Column("geometry", ColumnType.TEXT))


def open_flights(city: City, slug: str = "flights", *, rows: int = 3_000) -> Dataset:
    """Open flights with the profile that reading them makes."""
    dataset = city.open_table(
        slug,
        Text("航班准点明细", "Flights and their delays"),
        select=FLIGHTS.format(rows=rows),
        columns=FLIGHT_COLUMNS,
    )
    _profile(city, dataset)
    return dataset


def open_lines(city: City) -> Dataset:
    """Open bus lines with their shapes."""
    dataset = city.open_table(
        "lines", Text("公交线路走向", "Bus lines"), select=LINES, columns=LINE_COLUMNS
    )
    _profile(city, dataset)
    return dataset


def _profile(city: City, dataset: Dataset) -> None:
    with city.pool.connection() as tx:
        held = newest_stored(tx, dataset, distributions_of(tx, dataset)[0], by=ANONYMOUS)
        assert held is not None
        made = profile_files(held.checked_paths(city.parts.folders))
        profile_store.put_profile(tx, held.version.id, made, at=datetime(2026, 3, 2, tzinfo=UTC))

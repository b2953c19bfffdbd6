"""What the city's departments, firms and visitors ask of the data: varied, real, some refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

VISITOR: Final = ""
"""Nobody who signed in."""


@dataclass(frozen=True, slots=True)
class Use:
    """One request for data."""

    by: str
    """User name, or `VISITOR`."""
    method: str
    path: str
    body: Mapping[str, object] | None = None
    under_agreement_on: str | None = None
    """The dataset whose agreement's access token is shown; None shows the person's own."""
    expected: HTTPStatus = HTTPStatus.OK


def uses() -> Sequence[Use]:
    """Everything that is asked, in order."""
    return (
        *_visitors(),
        *_departments(),
        *_skyline(),
        *_harbour(),
        *_lantern(),
        *_own(),
        *_refused(),
    )


def _visitors() -> Iterator[Use]:
    """Anybody, over open data."""
    for province in (11, 31, 32, 33, 44, 51, 64):
        yield _sql(
            VISITOR,
            "SELECT adcode, name, longitude, latitude FROM divisions "
            f"WHERE adcode // 10000000000 = {province} ORDER BY adcode",
        )
    for start in ("朝", "新", "长", "银", "金"):
        yield _sql(
            VISITOR,
            f"SELECT adcode, name FROM divisions WHERE name LIKE '{start}%' ORDER BY name LIMIT 50",
        )
    yield _sql(
        VISITOR,
        "SELECT adcode // 10000000000 AS province, count(*) AS divisions, "
        "count(longitude) AS with_coordinates FROM divisions GROUP BY province ORDER BY province",
    )
    for year in range(2018, 2026):
        yield _sql(
            VISITOR,
            "SELECT holiday_zh, holiday_en, count(*) AS days, min(date) AS first FROM holidays "
            f"WHERE year(date) = {year} GROUP BY ALL ORDER BY first",
        )
    yield _sql(VISITOR, "SELECT carrier, name FROM airlines ORDER BY name")
    for offset in (0, 500, 1000):
        yield _page(VISITOR, "divisions", limit="500", offset=str(offset))
    yield _page(VISITOR, "holidays", sort="date desc", limit="30")
    yield _page(VISITOR, "airlines")
    for slug, form in (("holidays", "csv"), ("divisions", "parquet"), ("airlines", "json")):
        yield _file(VISITOR, slug, form)


def _departments() -> Iterator[Use]:
    """Officers, over what their departments were granted."""
    for month in range(1, 13):
        yield _sql(
            "emergency-officer",
            "SELECT origin, max(wind_gust) AS strongest_gust, min(visib) AS least_visibility, "
            f"sum(precip) AS precipitation FROM weather WHERE month = {month} "
            "GROUP BY origin ORDER BY origin",
        )
    for zone in ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"):
        yield _sql(
            "emergency-officer",
            f"SELECT faa, name, lat, lon, alt FROM airports WHERE tzone = '{zone}' "
            "ORDER BY alt DESC LIMIT 20",
        )
    yield _sql(
        "emergency-officer",
        "SELECT a.name, w.time_hour, w.wind_gust FROM weather w "
        "JOIN airports a ON a.faa = w.origin WHERE w.wind_gust > 50 ORDER BY w.wind_gust DESC",
    )
    for low in (0, 1000, 3000, 5000):
        yield _sql(
            "tourism-officer",
            f"SELECT faa, name, alt FROM airports WHERE alt >= {low} ORDER BY alt LIMIT 25",
        )
    yield _file("tourism-officer", "airports", "csv")
    for origin in ("EWR", "JFK", "LGA"):
        yield _sql(
            "transport-publisher",
            "SELECT month, round(avg(visib), 2) AS visibility, count(*) FILTER (visib < 1) AS fog "
            f"FROM weather WHERE origin = '{origin}' GROUP BY month ORDER BY month",
        )
    yield _page("transport-publisher", "weather", filters='{"origin": "JFK"}', limit="200")


def _skyline() -> Iterator[Use]:
    """An analyst, who pays by the row and so asks for sums."""
    for month in range(1, 13):
        yield _flights_sql(
            "skyline-buyer",
            "SELECT carrier, count(*) AS flights, round(avg(arr_delay), 1) AS mean_delay "
            f"FROM flights WHERE month = {month} GROUP BY carrier ORDER BY carrier",
        )
    for origin in ("EWR", "JFK", "LGA"):
        yield _flights_sql(
            "skyline-buyer",
            "SELECT hour, count(*) AS flights, round(avg(dep_delay), 1) AS mean_delay "
            f"FROM flights WHERE origin = '{origin}' GROUP BY hour ORDER BY hour",
        )
    yield _flights_sql(
        "skyline-buyer",
        "SELECT l.name, count(*) AS flights, count(*) FILTER (f.dep_time IS NULL) AS cancelled "
        "FROM flights f JOIN airlines l ON l.carrier = f.carrier GROUP BY l.name ORDER BY flights",
    )
    yield _flights_sql(
        "skyline-buyer",
        "SELECT dest, median(air_time) AS minutes, any_value(distance) AS miles FROM flights "
        "GROUP BY dest HAVING count(*) > 100 ORDER BY miles",
    )
    yield Use(
        "skyline-buyer",
        "GET",
        "/datasets/flights/download.parquet",
        under_agreement_on="flights",
    )


def _harbour() -> Iterator[Use]:
    """A freight firm, over single destinations."""
    for dest in ("ATL", "ORD", "LAX", "MIA", "SFO", "BOS", "DFW"):
        yield _flights_sql(
            "harbour-buyer",
            "SELECT origin, carrier, count(*) AS flights, "
            "round(quantile_cont(arr_delay, 0.9), 0) AS late "
            f"FROM flights WHERE dest = '{dest}' GROUP BY ALL ORDER BY flights DESC",
        )
    for offset in (0, 100):
        yield _page(
            "harbour-buyer",
            "flights",
            under="flights",
            filters='{"dest": "MEM"}',
            columns="time_hour,carrier,flight,origin,dep_delay",
            limit="100",
            offset=str(offset),
        )


def _lantern() -> Iterator[Use]:
    """A small studio, whose few credits are soon spent."""
    for month in (1, 2):
        yield _flights_sql(
            "lantern-buyer",
            f"SELECT origin, count(*) AS flights FROM flights WHERE month <= {month} "
            "GROUP BY origin ORDER BY origin",
        )
    yield _flights_sql(
        "lantern-buyer",
        "SELECT dest, count(*) AS flights FROM flights GROUP BY dest ORDER BY flights DESC",
        expected=HTTPStatus.PAYMENT_REQUIRED,
    )


def _own() -> Iterator[Use]:
    """A provider, over its own data."""
    yield _sql(
        "airport-publisher",
        "SELECT origin, count(*) AS flights, count(*) FILTER (dep_time IS NULL) AS cancelled "
        "FROM flights GROUP BY origin ORDER BY origin",
    )


def _refused() -> Iterator[Use]:
    """What nobody gets."""
    yield _sql(VISITOR, "SELECT count(*) FROM flights", expected=HTTPStatus.FORBIDDEN)
    yield _sql(VISITOR, "SELECT count(*) FROM weather", expected=HTTPStatus.FORBIDDEN)
    yield _sql("tourism-officer", "SELECT max(temp) FROM weather", expected=HTTPStatus.FORBIDDEN)
    yield _sql("skyline-buyer", "SELECT count(*) FROM flights", expected=HTTPStatus.FORBIDDEN)
    yield _sql("harbour-buyer", "SELECT * FROM airports", expected=HTTPStatus.FORBIDDEN)
    yield _sql(VISITOR, "DELETE FROM holidays", expected=HTTPStatus.BAD_REQUEST)


def _sql(by: str, sql: str, *, expected: HTTPStatus = HTTPStatus.OK) -> Use:
    return Use(by, "POST", "/query", {"sql": sql}, expected=expected)


def _flights_sql(by: str, sql: str, *, expected: HTTPStatus = HTTPStatus.OK) -> Use:
    return Use(by, "POST", "/query", {"sql": sql}, under_agreement_on="flights", expected=expected)


def _page(by: str, slug: str, *, under: str | None = None, **query: str) -> Use:
    path = f"/datasets/{slug}/rows"
    return Use(by, "GET", f"{path}?{urlencode(query)}" if query else path, under_agreement_on=under)


def _file(by: str, slug: str, form: str) -> Use:
    return Use(by, "GET", f"/datasets/{slug}/download.{form}")

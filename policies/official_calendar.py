"""Load the official working days of a year that the release does not know.

The file is the State Council's announcement as a table: one line a day, `2027-01-01,off` for a day
off, `2027-02-06,work` for a weekend day that is worked; a third column with words is let be.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

from policies.calendar import LAST_YEAR, OfficialYear, WorkingDays
from policies.database import Tx
from policies.errors import N_, CalendarKnown, MalformedCalendar, NotTheBureau, Said
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.roles import can_set_standards
from policies.store import standards as store

FILE_BYTES_MAX = 65_536
DAYS_OFF_LEAST = 7
"""Fewer days off are in no year; the file is then something else, or cut off."""
_OFF = frozenset({"off", "休"})
_WORK = frozenset({"work", "班"})


def working_days(tx: Tx) -> WorkingDays:
    """The official calendar as far as it is known here: of the release, and what was loaded."""
    return WorkingDays({known.year: known for known, _ in store.years(tx)})


def loaded_years(tx: Tx) -> list[tuple[OfficialYear, datetime]]:
    """The calendars that were loaded, with the moment of each, by year."""
    return store.years(tx)


def load_year(tx: Tx, content: bytes, *, by: Actor, at: datetime) -> OfficialYear:
    """Load the calendar of one year, or load it again after a correction.

    Clocks that were provisional are not reckoned again here: those of requests lie above.

    Raises: NotTheBureau, MalformedCalendar, CalendarKnown.
    """
    if not can_set_standards(by) or by.user_id is None:
        raise NotTheBureau
    known = read_year(content)
    if known.year <= LAST_YEAR:
        raise CalendarKnown(known.year, LAST_YEAR)
    store.put_year(tx, known, loaded_by=by.user_id, at=at)
    record(
        tx,
        Event(
            kind=EventKind.CALENDAR_LOADED,
            at=at,
            actor=by,
            facts={
                "year": known.year,
                "days_off": [day.isoformat() for day in sorted(known.days_off)],
                "days_worked": [day.isoformat() for day in sorted(known.days_worked)],
            },
        ),
    )
    return known


def read_year(content: bytes) -> OfficialYear:
    """What a file says.

    Raises: MalformedCalendar.
    """
    if len(content) > FILE_BYTES_MAX:
        raise MalformedCalendar(Said(N_("a file has at most {most} bytes"), most=FILE_BYTES_MAX))
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise MalformedCalendar(Said(N_("it is not CSV in UTF-8"))) from None
    kinds: dict[date, str] = {}
    for number, row in enumerate(rows, 1):
        if not row or not any(cell.strip() for cell in row):
            continue
        try:
            day, kind = date.fromisoformat(row[0].strip()), row[1].strip().lower()
        except (ValueError, IndexError):
            if number == 1:
                continue  # a heading
            raise MalformedCalendar(
                Said(N_("line {line} is no day with “off” or “work”"), line=number)
            ) from None
        if kind not in _OFF | _WORK or day in kinds:
            raise MalformedCalendar(
                Said(N_("line {line} is no day with “off” or “work”"), line=number)
            )
        if kind in _WORK and day.weekday() < 5:
            raise MalformedCalendar(
                Said(N_("line {line}: only weekend days are worked in exchange"), line=number)
            )
        kinds[day] = kind
    years = {day.year for day in kinds}
    off = frozenset(day for day, kind in kinds.items() if kind in _OFF)
    if len(years) != 1:
        raise MalformedCalendar(Said(N_("it has to be about one year")))
    if len(off) < DAYS_OFF_LEAST:
        raise MalformedCalendar(
            Said(N_("it names fewer than {least} days off"), least=DAYS_OFF_LEAST)
        )
    return OfficialYear(years.pop(), off, frozenset(kinds) - off)

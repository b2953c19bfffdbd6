"""The form of a source that feeds a distribution: what was typed, what is wrong, what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalog.connections.connection import PORTS, Connection, Source, SourceKind
from catalog.connections.errors import MalformedConnection
from catalog.connections.rhythm import Every, Rhythm
from catalog.harvest.errors import MalformedAddress
from catalog.way_in import Way
from portal.pages.speech import Speech
from portal.pages.typed import member_of

_TIME_LENGTH: Final = 5
_PORT_LENGTH_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a filled form says."""

    source: Source
    rhythm: Rhythm
    way: Way
    secret: str | None
    """None: nothing was typed, so the stored one stays."""


class ConnectionForm:
    """One form, as it came."""

    def __init__(self, kind: SourceKind, values: dict[str, str]) -> None:
        self.kind = kind
        self.values = values
        self.errors: dict[str, str] = {}

    @classmethod
    def empty(cls, kind: SourceKind) -> ConnectionForm:
        """What a new source begins with."""
        texts = ("address", "host", "database", "user", "path", "statement")
        return cls(
            kind,
            {
                **dict.fromkeys(texts, ""),
                "port": str(PORTS.get(kind, "")),
                "every": Every.DAY.value,
                "time": "02:00",
                "day": "1",
                "way": Way.REPLACE.value,
            },
        )

    @classmethod
    def of(cls, held: Connection) -> ConnectionForm:
        """A connection as its form shows it; its secret is not shown."""
        source, rhythm = held.source, held.rhythm
        return cls(
            source.kind,
            {
                "address": source.address,
                "host": source.host,
                "port": str(source.port_used) if source.kind in PORTS else "",
                "database": source.database,
                "user": source.user,
                "path": source.path,
                "statement": source.statement,
                "every": rhythm.every.value,
                "time": time_words(rhythm.minute),
                "day": str(rhythm.day),
                "way": held.way.value,
            },
        )

    def wishes(self, say: Speech) -> Wishes | None:
        """What was wished for; None where something is wrong, which `errors` then says."""
        rhythm = self._rhythm(say)
        source = self._source(say)
        way = member_of(Way, self.values.get("way", ""))
        if way is None:
            self.errors["way"] = say.gettext("Choose one of the list.")
        if source is None or rhythm is None or way is None or self.errors:
            return None
        secret = self.values.get("password", "") or self.values.get("key", "").strip()
        return Wishes(source, rhythm, way, secret or None)

    def labels(self, say: Speech) -> dict[str, str]:
        """The labels of the fields, in the order of the page."""
        return {
            "address": say.gettext("Address"),
            "host": say.gettext("Host"),
            "port": say.gettext("Port"),
            "database": say.gettext("Database"),
            "user": say.gettext("User name"),
            "password": say.gettext("Password"),
            "key": say.gettext("Private key"),
            "path": say.gettext("Path of the file"),
            "statement": say.gettext("Query"),
            "every": say.gettext("Read"),
            "time": say.gettext("At"),
            "day": say.gettext("On day"),
            "way": say.gettext("What becomes of the rows that are there"),
        }

    def _source(self, say: Speech) -> Source | None:
        typed = self.values
        port = typed.get("port", "").strip()
        if port and not (port.isascii() and port.isdecimal() and len(port) <= _PORT_LENGTH_MAX):
            self.errors["port"] = say.gettext("Give a whole number.")
            return None
        is_address = self.kind is SourceKind.URL
        names = ("address", "host", "database", "user", "path", "statement")
        texts = {name: typed.get(name, "").strip() for name in names}
        try:
            return Source(kind=self.kind, port=0 if is_address else int(port or 0), **texts)
        except MalformedConnection as refusal:
            self.errors[refusal.field] = say.refusal(refusal)
        except MalformedAddress as refusal:
            self.errors["address"] = say.refusal(refusal)
        return None

    def _rhythm(self, say: Speech) -> Rhythm | None:
        every = member_of(Every, self.values.get("every", ""))
        minute = minute_of(self.values.get("time", ""))
        day = self.values.get("day", "").strip() or "1"
        if every is None:
            self.errors["every"] = say.gettext("Choose one of the list.")
        if minute is None:
            self.errors["time"] = say.gettext("Give a time of the day, as 02:30.")
        if not (day.isascii() and day.isdecimal() and len(day) <= 2):
            self.errors["day"] = say.gettext("Give a whole number.")
        if every is None or minute is None or "day" in self.errors:
            return None
        try:
            return Rhythm(every, minute, int(day))
        except MalformedConnection as refusal:
            self.errors[refusal.field] = say.refusal(refusal)
        return None


def minute_of(text: str) -> int | None:
    """Minutes after midnight of a time as 02:30; None where it is none."""
    hours, mark, minutes = text.strip().partition(":")
    if not mark or len(text.strip()) > _TIME_LENGTH or not (hours + minutes).isdecimal():
        return None
    if not hours or not minutes or not (hours + minutes).isascii():
        return None
    minute = int(hours) * 60 + int(minutes)
    return minute if int(minutes) < 60 and minute < 24 * 60 else None


def time_words(minute: int) -> str:
    """A time of the day as 02:30."""
    return f"{minute // 60:02}:{minute % 60:02}"

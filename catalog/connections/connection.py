"""What a distribution is fed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from catalog.connections.errors import MalformedConnection
from catalog.connections.rhythm import Rhythm
from catalog.dataset import DistributionId
from catalog.harvest.source import Validators, check_address
from catalog.way_in import Way
from policies.errors import N_, Said
from policies.terms import UserId

ConnectionId = NewType("ConnectionId", UUID)

NAME_LENGTH_CHARACTERS: Final = 255
PATH_LENGTH_CHARACTERS: Final = 1_000
STATEMENT_LENGTH_CHARACTERS: Final = 20_000
SECRET_LENGTH_CHARACTERS: Final = 20_000
ROWS_MAX: Final = 20_000_000
BYTES_MAX: Final = 2 << 30
SECONDS_MAX: Final = 900
NOTHING_KNOWN: Final = Validators()
BACK_OFF_FIRST: Final = timedelta(minutes=10)
BACK_OFF_MOST: Final = timedelta(days=1)


class SourceKind(StrEnum):
    """What the source is."""

    URL = "url"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    SFTP = "sftp"


class ConnectionState(StrEnum):
    """Whether the clock may start it."""

    DRAFT = "draft"
    """Set up and not yet switched on; it can be tried."""
    ON = "on"
    PAUSED = "paused"


PORTS: Final[Mapping[SourceKind, int]] = {
    SourceKind.POSTGRESQL: 5432,
    SourceKind.MYSQL: 3306,
    SourceKind.SFTP: 22,
}
_USED: Final[Mapping[SourceKind, frozenset[str]]] = {
    SourceKind.URL: frozenset({"address"}),
    SourceKind.POSTGRESQL: frozenset({"host", "port", "database", "user", "statement"}),
    SourceKind.MYSQL: frozenset({"host", "port", "database", "user", "statement"}),
    SourceKind.SFTP: frozenset({"host", "port", "user", "path"}),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the data lies; the secret that opens it is kept apart.

    Raises: MalformedConnection, MalformedAddress.
    """

    kind: SourceKind
    address: str = ""
    host: str = ""
    port: int = 0
    """0: the usual one of its kind."""
    database: str = ""
    user: str = ""
    path: str = ""
    statement: str = ""

    def __post_init__(self) -> None:
        used = _USED[self.kind]
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "kind" and each.name not in used and value:
                raise MalformedConnection(each.name, Said(N_("a source of this kind has none")))
        for name in sorted(used - {"port"}):
            _check_text(name, getattr(self, name))
        if "address" in used:
            check_address(self.address)
        if not 0 <= self.port <= 65_535:
            raise MalformedConnection("port", Said(N_("a port is a number up to 65535")))
        if "host" in used and (set(self.host) & set("/@?#\\%[] ") or self.host.startswith("-")):
            raise MalformedConnection("host", Said(N_("it is the name or the number of a host")))

    @property
    def port_used(self) -> int:
        """The port that is connected to."""
        return self.port or PORTS[self.kind]

    @property
    def place(self) -> str:
        """Where it lies, in a line."""
        match self.kind:
            case SourceKind.URL:
                return self.address
            case SourceKind.SFTP:
                return f"sftp://{self.host}:{self.port_used}/{self.path.lstrip('/')}"
            case SourceKind.POSTGRESQL | SourceKind.MYSQL:
                return f"{self.kind}://{self.host}:{self.port_used}/{self.database}"

    def opens_with_the_same(self, other: Source) -> bool:
        """Whether a secret given for one may be sent to the other: same kind, host and user."""
        if self.kind is SourceKind.URL:
            return other.kind is self.kind and other.address == self.address
        return (self.kind, self.host, self.port_used, self.user) == (
            other.kind,
            other.host,
            other.port_used if other.kind in PORTS else 0,
            other.user,
        )

    def as_json(self) -> dict[str, str | int]:
        """The stored form, without what is empty."""
        return {
            each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name)
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, str | int]) -> Source:
        """Read the stored form."""
        texts = {name: str(value) for name, value in stored.items() if name not in _NOT_TEXT}
        return cls(kind=SourceKind(str(stored["kind"])), port=int(stored.get("port", 0)), **texts)


_NOT_TEXT: Final = frozenset({"kind", "port"})


@dataclass(frozen=True, slots=True)
class Connection:
    """A distribution's source as it stands."""

    id: ConnectionId
    distribution_id: DistributionId
    source: Source
    rhythm: Rhythm
    created_by: UserId | None
    created_at: datetime
    modified_at: datetime
    state: ConnectionState = ConnectionState.DRAFT
    sealed_secret: bytes | None = field(default=None, repr=False)
    """As it lies at rest; None where the source asks for none."""
    host_key: str = ""
    """Fingerprint of the SFTP server's key, pinned when it was first seen."""
    is_tried: bool = False
    """A try has shown rows of the source as it stands."""
    next_at: datetime | None = None
    """When it is read next; None: by hand."""
    failures: int = 0
    """Runs that failed one after the other."""
    validators: Validators = NOTHING_KNOWN
    """What the answer that was taken in last said of itself."""
    way: Way = Way.REPLACE
    """How the rows that come go into the table."""

    @property
    def is_on(self) -> bool:
        """Whether runs take data in."""
        return self.state is ConnectionState.ON

    def due_after_failure(self, at: datetime) -> datetime | None:
        """When a failed one is tried again: soon, then ever later; None: by hand."""
        if self.rhythm.next_after(at) is None:
            return None
        doubled: int = 1 << min(max(self.failures - 1, 0), 10)
        return at + min(BACK_OFF_FIRST * doubled, BACK_OFF_MOST)


def _check_text(name: str, value: str) -> None:
    most = {"statement": STATEMENT_LENGTH_CHARACTERS, "path": PATH_LENGTH_CHARACTERS}.get(
        name, NAME_LENGTH_CHARACTERS
    )
    if name == "address":
        return
    if not value.strip():
        raise MalformedConnection(name, Said(N_("it is missing")))
    if len(value) > most:
        raise MalformedConnection(name, Said(N_("it is longer than {most} characters"), most=most))
    is_written_in_lines = name == "statement"
    if not is_written_in_lines and not value.isprintable():
        raise MalformedConnection(name, Said(N_("it holds characters that cannot be shown")))

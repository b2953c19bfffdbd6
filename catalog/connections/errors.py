"""Every refusal of connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Denied, Invalid, NotFound, TooLarge


@dataclass(eq=False)
class ConnectionNotFound(NotFound):
    """The distribution is fed by nothing."""

    message: ClassVar[str] = N_("This distribution is not connected to a source.")


@dataclass(eq=False)
class ConnectionRunNotFound(NotFound):
    """There is no such run of this connection."""

    message: ClassVar[str] = N_("There is no run {number} of this connection.")
    number: int


@dataclass(eq=False)
class MalformedConnection(Invalid):
    """A field of a source that cannot be."""

    message: ClassVar[str] = N_("“{field}” cannot be used: {why}")
    field: str
    why: str


@dataclass(eq=False)
class StatementIsNotOneSelect(Invalid):
    """Anything but one reading statement."""

    message: ClassVar[str] = N_(
        "The query has to be one SELECT that only reads, written as that database writes it."
    )


@dataclass(eq=False)
class SecretNeeded(Invalid):
    """A database or an SFTP server asks for a password or a key."""

    message: ClassVar[str] = N_("Give the password or the private key that opens the source.")


@dataclass(eq=False)
class ConnectionUnderWay(Conflict):
    """One run at a time works on a connection."""

    message: ClassVar[str] = N_("A run of this connection is under way. Wait until it has ended.")


@dataclass(eq=False)
class NotTriedYet(Conflict):
    """A connection is switched on only after a try has shown what comes."""

    message: ClassVar[str] = N_(
        "Try the connection first, and look at the rows that come. Then switch it on."
    )


@dataclass(eq=False)
class ConnectionNotOn(Conflict):
    """It is a draft or paused."""

    message: ClassVar[str] = N_("This connection is not switched on.")


@dataclass(eq=False)
class ConnectionChangedMeanwhile(Conflict):
    """Somebody changed the source while it was read, so what came is not taken in."""

    message: ClassVar[str] = N_("The connection was changed while it ran. Nothing was taken in.")


@dataclass(eq=False)
class ConnectionBrokeOff(Conflict):
    """The work was begun several times and ended each time."""

    message: ClassVar[str] = N_("The work broke off several times and was given up.")


@dataclass(eq=False)
class SecretUnreadable(Conflict):
    """The key that sealed it is gone, or the stored bytes are damaged."""

    message: ClassVar[str] = N_(
        "The stored password can no longer be opened on this installation. Enter it again."
    )


@dataclass(eq=False)
class SignInRefused(Conflict):
    """The source does not know this user with this secret."""

    message: ClassVar[str] = N_(
        "The source refused the user name, the password or the key. Correct them and try again."
    )


@dataclass(eq=False)
class HostKeyChanged(Conflict):
    """The server shows another key than the one that was pinned."""

    message: ClassVar[str] = N_(
        "The server shows the key {seen}, but {pinned} was noted before. Somebody may be posing "
        "as it. Ask its operator; if the key was changed on purpose, forget the noted one."
    )
    pinned: str
    seen: str


@dataclass(eq=False)
class SourceFileNotFound(Conflict):
    """No such file, or none that this user may read."""

    message: ClassVar[str] = N_("The server has no file “{path}” that this user may read.")
    path: str


@dataclass(eq=False)
class PlaceNotAllowed(Denied):
    """The installation does not connect to there."""

    message: ClassVar[str] = N_(
        "“{host}” is not connected to: it lies in a private or reserved network, or uses another "
        "port than the usual one. The operator may allow a network with WEIR_CONNECT_ALLOW."
    )
    host: str


@dataclass(eq=False)
class SourceSaid(Conflict):
    """The database refused the query, in its own words."""

    message: ClassVar[str] = N_("The database answered: {words}")
    words: str


@dataclass(eq=False)
class ValueDoesNotFit(Conflict):
    """A column whose type or values cannot be carried over."""

    message: ClassVar[str] = N_(
        "A column of the query cannot be carried over: {words}. Convert it in the query, for "
        "instance with CAST(… AS …)."
    )
    words: str


@dataclass(eq=False)
class QueryRanTooLong(Conflict):
    """The database needed longer than a run may take."""

    message: ClassVar[str] = N_("The query took longer than {seconds_max} seconds and was stopped.")
    seconds_max: int


@dataclass(eq=False)
class QueryGaveTooMuch(TooLarge):
    """More rows or bytes than a run may bring."""

    message: ClassVar[str] = N_(
        "The query gives more than {rows_max} rows or {bytes_max} bytes. Narrow it."
    )
    rows_max: int
    bytes_max: int

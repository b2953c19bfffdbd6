"""Keep book of a CKAN that moves in, so that a broken-off move goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from catalog.harvest.store import moves as store
from policies.database import Tx

REASON_CHARACTERS: Final = 1_000
FAILURES_SHOWN: Final = 1_000


class MovedKind(StrEnum):
    """What moves, in the order in which it does."""

    USER = "user"
    ORGANIZATION = "organization"
    GROUP = "group"
    DATASET = "dataset"
    FILE = "file"


class MoveOutcome(StrEnum):
    """What became of it."""

    MOVED = "moved"
    FOUND = "found"
    """It was here already, and stays as it is."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing of the other site and what became of it."""

    kind: MovedKind
    remote_id: str
    name: str
    outcome: MoveOutcome
    local_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """How a move ended."""

    counts: tuple[tuple[MovedKind, MoveOutcome, int], ...]
    failures: tuple[tuple[MovedKind, str, str], ...]
    """Kind, name and reason."""


def begin(tx: Tx, address: str, *, at: datetime) -> UUID:
    """The move from that address, new or taken up again."""
    return store.begin_move(tx, address, at)


def already_moved(tx: Tx, move_id: UUID, kind: MovedKind) -> set[str]:
    """What of one kind was dealt with before, by its id at the other site."""
    return store.moved_ids(tx, move_id, kind)


def note(tx: Tx, move_id: UUID, moved: Moved, *, at: datetime) -> None:
    """Keep what became of one thing, in the transaction that moves it."""
    values = {
        "name": moved.name,
        "local_id": moved.local_id,
        "outcome": moved.outcome.value,
        "reason": moved.reason[:REASON_CHARACTERS],
    }
    store.write_moved(tx, move_id, moved.kind, moved.remote_id, values=values, at=at)


def finish(tx: Tx, move_id: UUID, *, at: datetime) -> None:
    """Tell that everything was gone through."""
    store.finish_move(tx, move_id, at)


def report_of(tx: Tx, move_id: UUID) -> Report:
    """How the move went so far."""
    return Report(
        counts=tuple(
            (MovedKind(kind), MoveOutcome(outcome), things)
            for kind, outcome, things in store.counts_of(tx, move_id)
        ),
        failures=tuple(
            (MovedKind(kind), name, reason)
            for kind, name, reason in store.failures_of(tx, move_id, limit=FAILURES_SHOWN)
        ),
    )

"""Who may have what they ask for, and the files to answer from.

Source: exchange design, reserve, deliver, settle, step 1.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from catalog.cluster import Cluster
from catalog.confine import Confinement, QueryBounds
from catalog.folders import Folders
from catalog.masking import key_for
from catalog.readable_rows import Source, TableFiles, source_of
from catalog.row_store import RowStores
from catalog.serve import ready_copy, serving_copy
from catalog.serving_copy import PARQUET_NAME, ServingCopy
from catalog.small_answers import SmallAnswers
from catalog.steps.field import ROW_ID, field_of
from catalog.view import EVERYTHING
from catalog.warehouse import Warehouse
from exchange import fair_use
from exchange.access import (
    Access,
    Target,
    decide_access,
    find_document,
    find_target,
    record_refusal,
)
from exchange.delivery import (
    QUERY_ROWS_MAX,
    TABLES_PER_QUERY_MAX,
    Delivered,
    DocumentQuestion,
    FileQuestion,
    PageQuestion,
    PictureQuestion,
    Question,
    RowsQuestion,
    SqlQuestion,
)
from exchange.errors import (
    AccessDenied,
    DocumentNotCut,
    NoSuchData,
    NothingNamed,
    TooManyTables,
)
from exchange.groups import Groups
from exchange.price import Price, PriceModel
from exchange.statement import Statement
from exchange.write_receipt import Outcome
from policies.access import Action
from policies.canonical import Plain, fingerprint_of
from policies.database import Pool, Tx
from policies.party import Actor
from policies.seal import KeyRing
from policies.standing import Remembered
from policies.terms import Purpose
from quality.masks.check import check_masks, refuse_leaks

DECISIONS_REMEMBERED_MAX = 20_000

Asked: TypeAlias = tuple[Actor, tuple[str, ...], Action, Purpose | None, type[object]]
"""Who asks (whatever the address), for what by name, to do what, for which purpose, and how."""
Found: TypeAlias = tuple[tuple[Access, ...], tuple[ServingCopy, ...], int]
"""Allowed accesses; the copies of pages, each opened and checked; the changes counted before."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What of one process a delivery needs."""

    pool: Pool
    keys: KeyRing
    confinement: Confinement
    warehouse: Warehouse
    folders: Folders
    results: Path
    mask_key: bytes
    """The installation's secret for columns that a view hashes."""
    now: Callable[[], datetime]
    decided: Remembered[Asked, Found]
    """Accesses that were allowed a moment ago."""
    answers: SmallAnswers
    row_stores: RowStores
    groups: Groups[Posting, Delivered]
    """Results that are receipted and paid for together."""
    cluster: Cluster | None = None
    """Where statements over large tables run; None: all of them run here."""
    query_bounds: QueryBounds = QueryBounds()  # noqa: RUF009  frozen
    """What one statement may take; its rows are bounded by what is paid for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for what, and how often it may count."""

    by: Actor
    purpose: Purpose | None = None
    """None takes the agreement's own, or none for open data."""
    idempotency_key: str | None = None
    """None: a page or file asked again is recognised by its question; a query counts anew."""
    cancelled: threading.Event | None = None
    """Set when nobody waits for the answer any more; what runs for it is then ended."""


@dataclass(frozen=True)  # without slots, which `cached_property` cannot use
class Allowed:
    """A question whose accesses were all allowed a moment ago, with the files to answer from."""

    question: Question
    ask: Ask
    accesses: tuple[Access, ...]
    copies: tuple[ServingCopy, ...]
    statement: Statement | None
    """None but for SQL."""
    source: Source | None = None
    """None but for rows that are looked for."""
    matching: int | None = None
    """How many rows a file's conditions leave; None where it has none."""
    changes: int = -1
    """Counted before the accesses were decided; see `policies.standing`."""

    @property
    def prices(self) -> list[Price]:
        """The prices that count, of what costs anything."""
        return [
            access.price for access in self.accesses if access.price.model is not PriceModel.FREE
        ]

    @cached_property
    def sha256(self) -> str:
        """Names the question, with the data and the terms it is asked of."""
        asked: list[Plain] = [
            {
                "version_id": str(access.target.version.id),
                "view": access.view.fingerprint(),
                "agreement_id": str(access.agreement.id) if access.agreement else None,
                "regime": access.regime.value,
            }
            for access in self.accesses
        ]
        return fingerprint_of({"question": self.question.as_plain(), "of": asked})

    @property
    def is_partly_public(self) -> bool:
        """Whether any of it is open to anybody, so that fair use counts."""
        return any(access.is_public for access in self.accesses)

    @property
    def is_public(self) -> bool:
        """Whether all of it is open to anybody."""
        return all(access.is_public for access in self.accesses)


@dataclass(frozen=True, slots=True)
class Posting:
    """A result that is there, and is to be receipted and paid for before it is handed out."""

    allowed: Allowed
    outcome: Outcome
    data: bytes | None
    """The result itself where it is at hand."""


def allow(
    parts: Parts,
    names: Sequence[str],
    question: Question,
    ask: Ask,
    statement: Statement | None,
) -> Allowed:
    """Find the data, decide about each, and have its serving copies ready.

    Raises: NothingNamed, TooManyTables, NoSuchData, AccessDenied, DocumentNotCut.
    """
    if not names:
        raise NothingNamed
    if len(names) > TABLES_PER_QUERY_MAX:
        raise TooManyTables(TABLES_PER_QUERY_MAX)
    at = parts.now()
    known = remembered(parts, names, question, ask, at)
    if known is not None:
        accesses, copies, changes = known
    else:
        changes = parts.pool.standing.changes
        accesses = _decided(parts, names, question, ask, at)
        # Only those of pages are kept open; what is attached or linked elsewhere may be gone.
        copies = _copies(parts, accesses) if isinstance(question, PageQuestion) else ()
        parts.decided.keep(
            _asked(names, question, ask), (accesses, copies, changes), changes=changes, at=at
        )
    if isinstance(question, DocumentQuestion):
        return Allowed(question, ask, accesses, (), statement, changes=changes)
    if isinstance(question, RowsQuestion):
        return Allowed(question, ask, accesses, (), statement, _source(parts, accesses[0]))
    copies = copies or _copies(parts, accesses)
    matching = None
    if isinstance(question, FileQuestion) and question.filters:
        matching = parts.warehouse.count(copies[0], question.filters)
    return Allowed(question, ask, accesses, copies, statement, matching=matching, changes=changes)


def remembered(
    parts: Parts, names: Sequence[str], question: Question, ask: Ask, at: datetime
) -> Found | None:
    """What was allowed a moment ago and is still; None where it has to be decided."""
    known = parts.decided.get(_asked(names, question, ask), at)
    if known is None or any(
        access.agreement is not None and access.agreement.ends_at <= at for access in known[0]
    ):
        return None
    return known


def _asked(names: Sequence[str], question: Question, ask: Ask) -> Asked:
    return ask.by, tuple(names), question.action, ask.purpose, type(question)


def _decided(
    parts: Parts, names: Sequence[str], question: Question, ask: Ask, at: datetime
) -> tuple[Access, ...]:
    """The accesses, all of them allowed.

    Raises: NoSuchData, AccessDenied, DocumentNotCut.
    """
    with parts.pool.connection() as tx:
        found = [_target(tx, name, question, ask.by) for name in names]
        accesses = [
            decide_access(tx, target, question.action, purpose=ask.purpose, by=ask.by, at=at)
            for target in found
        ]
        refusal = refusal_of(tx, accesses, ask.by, at)
    if refusal is not None:
        raise refusal
    for access in accesses:
        if access.target.version.is_document and access.view != EVERYTHING:
            raise DocumentNotCut(access.target.dataset.slug)
    return tuple(accesses)


def _target(tx: Tx, name: str, question: Question, by: Actor) -> Target:
    """The table or document that is asked for by name.

    Raises: NoSuchData, also for a table where a document is asked for, and the other way.
    """
    if isinstance(question, DocumentQuestion):
        return find_document(tx, name, by=by)
    target = find_target(tx, name, by=by)
    if target.version.is_document:
        raise NoSuchData(name)
    return target


def _copies(parts: Parts, accesses: Sequence[Access]) -> tuple[ServingCopy, ...]:
    return tuple(_copy(parts, access) for access in accesses)


def _copy(parts: Parts, access: Access) -> ServingCopy:
    """The copy of what may be seen, built where it is missing, and its masks seen to hold.

    Raises: MasksLeak.
    """
    key = _mask_key(parts, access)
    copy = serving_copy(access.target.stored, parts.folders, access.view, mask_key=key)
    version_id = access.target.version.id
    refuse_leaks(check_masks(parts.pool, version_id, access.view, copy, at=parts.now()))
    return copy


def _mask_key(parts: Parts, access: Access) -> bytes:
    if access.view.differs_by_agreement and access.agreement is not None:
        return key_for(parts.mask_key, str(access.agreement.id))
    return parts.mask_key


def _source(parts: Parts, access: Access) -> Source:
    """Where the rows of a table are read: the copy of what may be seen, or its files.

    A table that is fed in steps is read as it lies until a copy is there, where all of it may be
    seen; what only some may see is never read from anything but a copy that holds just that.
    """
    stored = access.target.stored
    version = stored.version
    fields = {column.name: field_of(column) for column in version.columns}
    key = _mask_key(parts, access)
    copy = (
        None if access.view.masks else ready_copy(stored, parts.folders, access.view, mask_key=key)
    )
    if copy is None and version.is_fed and access.view == EVERYTHING:
        own = tuple(one for name, one in fields.items() if name != ROW_ID)
        paths = tuple(stored.checked_paths(parts.folders))
        return source_of(TableFiles(paths, own, version.row_count), fields)
    if copy is None:
        copy = _copy(parts, access)
    return source_of(copy, fields)


def refusal_of(tx: Tx, accesses: Sequence[Access], by: Actor, at: datetime) -> AccessDenied | None:
    """The first refused access, written down; None where all are allowed."""
    for access in accesses:
        if not access.decision.is_allowed:
            return record_refusal(tx, access, by=by, at=at)
    return None


def rows_at_most(allowed: Allowed) -> int:
    """The most rows that the answer can have."""
    question, copies = allowed.question, allowed.copies
    match question:
        case PageQuestion():
            return min(question.limit, copies[0].rows)
        case FileQuestion():
            rows = copies[0].rows if allowed.matching is None else allowed.matching
            left = max(0, rows - question.offset)
            return left if question.limit is None else min(question.limit, left)
        case DocumentQuestion():
            # Where rows are what is paid for, it costs as much as one.
            return 1
        case PictureQuestion():
            # It tells of all rows, however few it draws.
            return copies[0].rows
        case RowsQuestion():
            assert allowed.source is not None
            limit = question.question.limit
            rows = allowed.source.rows
            return rows if limit is None else min(limit, rows)
        case SqlQuestion():
            statement = allowed.statement
            assert statement is not None, "SQL was read"
            bounds = [QUERY_ROWS_MAX]
            bounds += [] if statement.rows_at_most is None else [statement.rows_at_most]
            bounds += [copies[0].rows] if statement.is_one_table else []
            # A whole table aggregated is one row, however empty the table is.
            return max(min(bounds), 1)


def runs_on_cluster(parts: Parts, allowed: Allowed) -> bool:
    """Whether a statement reads so much that it runs on the cluster, where there is one."""
    return (
        parts.cluster is not None
        and isinstance(allowed.question, SqlQuestion)
        and sum(copy.file(PARQUET_NAME).size_bytes for copy in allowed.copies)
        >= parts.cluster.bytes_min
    )


def caller_of(by: Actor) -> str:
    """Whose keys, queue and fair use count: the user's, else those of the address."""
    return fair_use.caller_of(by)

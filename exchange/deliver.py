"""Deliver data: decide, estimate, reserve; run into a complete file; write receipt, charge and
event in one transaction; then hand out.

A delivery names its own transactions. A crash before the receipt charges nobody: the hold expires
and the file is swept. A crash after it loses nothing: the same question is answered from the file.

What needs no receipt: pages of open data that anybody may read without an agreement. Queries and
files of open data have one, as does every byte of data that is not public, the provider's own
reading included.

Source: exchange design, reserve, deliver, settle; X118-X124.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from catalog.audience import sees_dataset
from catalog.confine import Confinement, PermittedTable, QueryBounds
from catalog.errors import FileDamaged, NoSuchTable, ResultTooLarge, VersionNotFound
from catalog.find import stored_version
from catalog.find_rows import count_rows, find_rows, stream_rows
from catalog.folders import Folders
from catalog.json_rows import Row
from catalog.readable_rows import Source, TableFiles, source_of
from catalog.result import ResultColumn, ResultFormat
from catalog.row_forms import FoundTable, whole_file
from catalog.serve import ready_copy, serving_copy
from catalog.steps.field import ROW_ID, field_of
from catalog.version import VersionKind
from catalog.view import EVERYTHING
from catalog.warehouse import (
    CSV_NAME,
    DATABASE_NAME,
    PARQUET_NAME,
    Page,
    ServingCopy,
    Warehouse,
)
from exchange import settle
from exchange.access import Access, Target, decide_access, find_target, record_refusal
from exchange.credit import QUERY_RESERVATION_LIFE, RESERVATION_LIFE, Transfer
from exchange.delivery import (
    JSON_DOWNLOAD_BYTES_MAX,
    MEDIA_TYPES,
    OPEN_DELIVERIES_PER_DAY,
    OPEN_ROWS_PER_DAY,
    PAGE_MEDIA_TYPE,
    PAGE_ROWS_MAX,
    QUERY_ROWS_MAX,
    TABLES_PER_QUERY_MAX,
    Delivered,
    Estimate,
    FileFacts,
    FileForm,
    FileQuestion,
    PageQuestion,
    PriceEstimate,
    Question,
    RowsQuestion,
    SqlQuestion,
)
from exchange.errors import (
    AccessDenied,
    DataChanged,
    FairUseSpent,
    InsufficientCredits,
    NoOrganization,
    NoSuchData,
    NothingNamed,
    PackedRows,
    PageTooLarge,
    ResultGone,
    TooManyTables,
)
from exchange.price import Price, PriceModel, charge, is_packed, rows_covered
from exchange.query import Statement, read_statement
from exchange.receipt import StoredReceipt
from exchange.result_files import (
    link_result,
    new_path,
    remove_result,
    stream_result,
    write_result,
)
from exchange.store import fair_use
from exchange.store import receipts as store
from exchange.write_receipt import Delivery, Outcome, write_receipt
from policies import once
from policies.access import Action
from policies.calendar import china_day
from policies.canonical import Plain, fingerprint_of
from policies.database import Pool, Tx
from policies.party import Actor
from policies.seal import KeyRing
from policies.terms import MicroCredits, Purpose, VersionId

JSON_DOWNLOAD_S = 300
TABLE_OF_DOWNLOAD = "data"
DUMP_BATCH_ROWS = 10_000


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


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for what, and how often it may count."""

    by: Actor
    purpose: Purpose | None = None
    """None takes the agreement's own, or none for open data."""
    idempotency_key: str | None = None
    """None: a page or file asked again is recognised by its question; a query counts anew."""


@dataclass(frozen=True, slots=True)
class _Allowed:
    """A question whose accesses were all allowed a moment ago, with the files to answer from."""

    question: Question
    ask: Ask
    accesses: tuple[Access, ...]
    copies: tuple[ServingCopy, ...]
    statement: Statement | None
    """None but for SQL."""
    source: Source | None = None
    """None but for rows that are looked for."""

    @property
    def prices(self) -> list[Price]:
        """The prices that count, of what costs anything."""
        return [
            access.price for access in self.accesses if access.price.model is not PriceModel.FREE
        ]

    @property
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
    def is_public(self) -> bool:
        """Whether all of it is open to anybody."""
        return all(access.is_public for access in self.accesses)


@dataclass(frozen=True, slots=True)
class _Reserved:
    """What is held for a question, and how many rows that pays for."""

    held: dict[int, Transfer]
    rows_max: int
    is_short: bool
    """Whether the funds, and not the question, set the bound."""


def deliver_query(parts: Parts, question: SqlQuestion, ask: Ask) -> Delivered:
    """Answer a SELECT statement.

    Raises: MessageTooLong, MalformedStatement, NotOneSelect, NothingNamed, TooManyTables,
    NoSuchTable, AccessDenied, FairUseSpent, NoOrganization, InsufficientCredits, PackedRows,
    DataChanged, AlreadyResolved, IdempotencyKeyReused, RequestUnderWay, ResultGone, and what
    `Confinement.run_query` raises.
    """
    statement = read_statement(question.sql)
    try:
        allowed = _allow(parts, sorted(statement.tables), question, ask, statement)
    except NoSuchData as missing:
        raise NoSuchTable(missing.name) from None
    return _deliver(parts, allowed)


def deliver_page(parts: Parts, name: str, question: PageQuestion, ask: Ask) -> Delivered | bytes:
    """Some rows of a dataset as JSON; the bytes themselves where it is open to anybody.

    Raises: PageTooLarge, NoSuchData, AccessDenied, NoOrganization, InsufficientCredits,
    DataChanged, AlreadyResolved, ResultGone, NoSuchColumn, UnfitValue, PageOutOfBounds,
    MalformedPageMark.
    """
    if not 0 <= question.limit <= PAGE_ROWS_MAX:
        raise PageTooLarge(PAGE_ROWS_MAX)
    allowed = _allow(parts, (name,), question, ask, None)
    if allowed.is_public:
        page = _read_page(parts, allowed.copies[0], question)
        return _page_json(parts, allowed.copies[0], page, question)
    return _deliver(parts, allowed)


def deliver_rows(
    parts: Parts, name: str, question: RowsQuestion, ask: Ask
) -> Delivered | FoundTable:
    """Rows that are looked for; the rows themselves where they are open to anybody.

    Raises: NoSuchData, AccessDenied, NoOrganization, InsufficientCredits, DataChanged,
    AlreadyResolved, ResultGone, ColumnUnknown, ValueUnfit, WordsMalformed, QuestionTooLarge.
    """
    allowed = _allow(parts, (name,), question, ask, None)
    return _find_table(parts, allowed) if allowed.is_public else _deliver(parts, allowed)


def deliver_dump(
    parts: Parts, name: str, question: RowsQuestion, ask: Ask
) -> Delivered | Iterator[bytes]:
    """Rows that are looked for as a file; its pieces where they are open to anybody.

    All of it is of one moment.

    Raises: as `deliver_rows`.
    """
    allowed = _allow(parts, (name,), question, ask, None)
    if not allowed.is_public:
        return _deliver(parts, allowed)
    at = parts.now()
    with parts.pool.connection() as tx:
        _count_fair_use(tx, allowed, at)
        fair_use.count_rows(tx, _caller(ask.by), china_day(at), _rows_at_most(allowed))
    return _dump(parts, allowed, _Counted())


def deliver_file(parts: Parts, name: str, question: FileQuestion, ask: Ask) -> Delivered:
    """All permitted rows of a dataset as a file.

    Raises: NoSuchData, AccessDenied, FairUseSpent, NoOrganization, InsufficientCredits,
    DataChanged, AlreadyResolved, ResultGone, EngineBusy, QueryEngineAway.
    """
    return _deliver(parts, _allow(parts, (name,), question, ask, None))


def file_facts(parts: Parts, name: str, form: FileForm, ask: Ask) -> FileFacts | None:
    """What a stored file of a dataset is, for whoever may have it; None for what is made anew.

    Its bytes may be handed out from here only where it is public, and to go on with a file whose
    beginning was delivered: the receipt of the beginning stands for all of it.

    Raises: NoSuchData, AccessDenied.
    """
    allowed = _allow(parts, (name,), FileQuestion(form), ask, None)
    if form is FileForm.JSON:
        return None
    copy = allowed.copies[0]
    stored = copy.file(_STORED[form])
    return FileFacts(
        copy.path(stored.name),
        form.media_type,
        stored.size_bytes,
        stored.sha256,
        is_public=allowed.is_public,
    )


def estimate(parts: Parts, question: Question, names: Sequence[str], ask: Ask) -> Estimate:
    """What a question can cost at most; nothing is held and nothing runs.

    `names` are the datasets of a page or file; a statement names its own.

    Raises: as the delivery would, before it reserves.
    """
    statement = read_statement(question.sql) if isinstance(question, SqlQuestion) else None
    allowed = _allow(
        parts, sorted(statement.tables) if statement else names, question, ask, statement
    )
    rows = _rows_at_most(allowed)
    payer = ask.by.organization
    with parts.pool.connection() as tx:
        funds = settle.funds_of(tx, payer.id) if payer and allowed.prices else None
    items = tuple(
        PriceEstimate(
            dataset=access.target.dataset.slug,
            regime=access.regime.value,
            model=access.price.model.value,
            unit=access.price.unit,
            ceiling=charge(access.price, rows),
        )
        for access in allowed.accesses
    )
    ceiling = MicroCredits(sum(item.ceiling for item in items))
    return Estimate(rows, ceiling, MicroCredits(funds) if funds is not None else None, items)


def read_again(parts: Parts, receipt_id: UUID, ask: Ask) -> Delivered:
    """The result of one's own earlier delivery, free of charge while it is kept and still allowed.

    Raises: ResultGone, AccessDenied.
    """
    at = parts.now()
    with parts.pool.connection() as tx:
        receipt = store.get_receipt(tx, receipt_id)
        if receipt is None or not _is_own(receipt, ask.by):
            raise ResultGone(str(receipt_id))
        refusal = _no_longer_allowed(tx, receipt, ask, at)
        if refusal is None:
            return _handed_out(parts, tx, receipt, at)
    raise refusal


# Decide ------------------------------------------------------------------------------------------


def _allow(
    parts: Parts,
    names: Sequence[str],
    question: Question,
    ask: Ask,
    statement: Statement | None,
) -> _Allowed:
    """Find the data, decide about each, and have its serving copies ready.

    Raises: NothingNamed, TooManyTables, NoSuchData, AccessDenied.
    """
    if not names:
        raise NothingNamed
    if len(names) > TABLES_PER_QUERY_MAX:
        raise TooManyTables(TABLES_PER_QUERY_MAX)
    at = parts.now()
    with parts.pool.connection() as tx:
        found = [find_target(tx, name, by=ask.by) for name in names]
        accesses = [
            decide_access(tx, target, question.action, purpose=ask.purpose, by=ask.by, at=at)
            for target in found
        ]
        refusal = _refusal(tx, accesses, ask.by, at)
    if refusal is not None:
        raise refusal
    if isinstance(question, RowsQuestion):
        source = _source(parts, accesses[0])
        return _Allowed(question, ask, tuple(accesses), (), statement, source)
    copies = tuple(
        serving_copy(access.target.stored, parts.folders, access.view, mask_key=parts.mask_key)
        for access in accesses
    )
    return _Allowed(question, ask, tuple(accesses), copies, statement)


def _source(parts: Parts, access: Access) -> Source:
    """Where the rows of a table are read: the copy of what may be seen, or its files.

    A table that is fed in steps is read as it lies until a copy is there, where all of it may be
    seen; what only some may see is never read from anything but a copy that holds just that.
    """
    stored = access.target.stored
    version = stored.version
    fields = {column.name: field_of(column) for column in version.columns}
    copy = ready_copy(stored, parts.folders, access.view, mask_key=parts.mask_key)
    if copy is None and version.kind is not VersionKind.UPLOAD and access.view == EVERYTHING:
        own = tuple(one for name, one in fields.items() if name != ROW_ID)
        paths = tuple(stored.checked_paths(parts.folders))
        return source_of(TableFiles(paths, own, version.row_count), fields)
    if copy is None:
        copy = serving_copy(stored, parts.folders, access.view, mask_key=parts.mask_key)
    return source_of(copy, fields)


def _refusal(tx: Tx, accesses: Sequence[Access], by: Actor, at: datetime) -> AccessDenied | None:
    """The first refused access, written down; None where all are allowed."""
    for access in accesses:
        if not access.decision.is_allowed:
            return record_refusal(tx, access, by=by, at=at)
    return None


# Reserve -----------------------------------------------------------------------------------------


def _deliver(parts: Parts, allowed: _Allowed) -> Delivered:
    """Reserve, run, settle, hand out; or hand out again what was delivered before."""
    at = parts.now()
    with parts.pool.connection() as tx:
        earlier = _earlier(tx, allowed, at)
        if earlier is not None:
            return _handed_out(parts, tx, earlier, at)
        _count_fair_use(tx, allowed, at)
        reserved = _reserve(tx, allowed, at)
    path = new_path(parts.results, _suffix(allowed.question))
    with _undone_unless_settled(parts, allowed, reserved, path):
        outcome = _run(parts, allowed, reserved, path)
        # Before its receipt, so that whichever server is asked again has it.
        parts.folders.storage.keep(path)
        return _settle(parts, allowed, reserved, outcome)


def _earlier(tx: Tx, allowed: _Allowed, at: datetime) -> StoredReceipt | None:
    """The receipt of the same request, made before; None where this is the first.

    Raises: MalformedIdempotencyKey, IdempotencyKeyReused, RequestUnderWay, ResultGone.
    """
    ask = allowed.ask
    if ask.idempotency_key is not None:
        answer = once.begin(tx, _caller(ask.by), ask.idempotency_key, _request_sha256(allowed), at)
        if answer is None:
            return None
        receipt = store.get_receipt(tx, UUID(str(answer)))
        if receipt is None:
            raise ResultGone(str(answer))
        return receipt
    if isinstance(allowed.question, SqlQuestion) or ask.by.user_id is None:
        return None
    return store.receipt_of_question(
        tx,
        allowed.sha256,
        user_id=ask.by.user_id,
        consumer_id=ask.by.organization.id if ask.by.organization else None,
        at=at,
    )


def _request_sha256(allowed: _Allowed) -> str:
    """What the caller sent, whatever the data was at the time: a later version changes nothing."""
    return fingerprint_of(
        {
            "question": allowed.question.as_plain(),
            "names": [access.target.name for access in allowed.accesses],
            "purpose": allowed.ask.purpose.value if allowed.ask.purpose else None,
        }
    )


def _count_fair_use(tx: Tx, allowed: _Allowed, at: datetime) -> None:
    """Count a query or file of open data against the caller's day.

    Raises: FairUseSpent.
    """
    if any(access.is_public for access in allowed.accesses):
        deliveries, rows = fair_use.count_delivery(tx, _caller(allowed.ask.by), china_day(at))
        if deliveries > OPEN_DELIVERIES_PER_DAY or rows > OPEN_ROWS_PER_DAY:
            raise FairUseSpent(OPEN_DELIVERIES_PER_DAY, OPEN_ROWS_PER_DAY)


def _reserve(tx: Tx, allowed: _Allowed, at: datetime) -> _Reserved:
    """Hold the highest possible charge.

    The rows of a page or file are known. Those of a query often are not; then what is there is
    held, up to the bound of a query, and pays for so many rows and no more.

    Raises: NoOrganization, InsufficientCredits.
    """
    rows = _rows_at_most(allowed)
    if not allowed.prices:
        return _Reserved({}, rows, is_short=False)
    payer = allowed.ask.by.organization
    if payer is None:
        raise NoOrganization
    funds = settle.funds_of(tx, payer.id)
    covered = rows_covered(allowed.prices, funds, rows_at_most=rows)
    is_known = not isinstance(allowed.question, SqlQuestion)
    if covered is None or (is_known and covered < rows):
        needed = rows if is_known else min(1, rows)
        raise InsufficientCredits(sum(charge(p, needed) for p in allowed.prices), funds)
    holds = {
        place: settle.Hold(
            access.target.dataset.publisher_id,
            charge(access.price, covered),
            f"{allowed.question.action} {access.target.dataset.slug}",
        )
        for place, access in enumerate(allowed.accesses)
        if charge(access.price, covered)
    }
    is_file = isinstance(allowed.question, FileQuestion)
    life = RESERVATION_LIFE if is_file else QUERY_RESERVATION_LIFE
    held = settle.reserve(tx, payer.id, list(holds.values()), life=life, at=at)
    return _Reserved(dict(zip(holds, held, strict=True)), covered, is_short=covered < rows)


def _rows_at_most(allowed: _Allowed) -> int:
    question, copies = allowed.question, allowed.copies
    match question:
        case PageQuestion():
            return min(question.limit, copies[0].rows)
        case FileQuestion():
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


# Run ---------------------------------------------------------------------------------------------


def _run(parts: Parts, allowed: _Allowed, reserved: _Reserved, path: Path) -> Outcome:
    match allowed.question:
        case SqlQuestion():
            return _run_query(parts, allowed, reserved, path)
        case PageQuestion():
            return _run_page(parts, allowed, path)
        case FileQuestion():
            return _run_file(parts, allowed, path)
        case RowsQuestion():
            return _run_rows(parts, allowed, path)


def _run_query(parts: Parts, allowed: _Allowed, reserved: _Reserved, path: Path) -> Outcome:
    question, statement = allowed.question, allowed.statement
    assert isinstance(question, SqlQuestion)
    assert statement is not None
    tables = [
        PermittedTable(access.target.name, copy.path(DATABASE_NAME), copy.view_fingerprint)
        for access, copy in zip(allowed.accesses, allowed.copies, strict=True)
    ]
    try:
        result = parts.confinement.run_query(
            question.sql,
            tables,
            caller=_caller(allowed.ask.by),
            result_format=question.result_format,
            output=path,
            bounds=QueryBounds(rows_max=reserved.rows_max),
        )
    except ResultTooLarge as too_large:
        if reserved.is_short and too_large.rows_max == reserved.rows_max:
            held = sum(transfer.amount for transfer in reserved.held.values())
            needed = sum(charge(price, reserved.rows_max + 1) for price in allowed.prices)
            raise InsufficientCredits(needed, held) from None
        raise
    _refuse_packed(allowed, statement, result.rows, result.size_bytes)
    return Outcome(
        path.name,
        MEDIA_TYPES[question.result_format],
        result.columns,
        result.rows,
        result.size_bytes,
        result.sha256,
    )


def _refuse_packed(
    allowed: _Allowed, statement: Statement, row_count: int, size_bytes: int
) -> None:
    """Refuse rows that were packed into fewer ones where rows are what is paid for.

    Raises: PackedRows.
    """
    if not statement.builds_values or all(
        price.model is not PriceModel.PER_ROW for price in allowed.prices
    ):
        return
    mean_row_bytes = sum(
        copy.file(CSV_NAME).size_bytes // max(1, copy.rows) for copy in allowed.copies
    )
    if is_packed(row_count, size_bytes, mean_row_bytes=mean_row_bytes):
        raise PackedRows


def _run_page(parts: Parts, allowed: _Allowed, path: Path) -> Outcome:
    question, copy = allowed.question, allowed.copies[0]
    assert isinstance(question, PageQuestion)
    page = _read_page(parts, copy, question)
    data = _page_json(parts, copy, page, question)
    digest = write_result(path, data)
    columns = tuple(ResultColumn(column.name, column.type) for column in page.columns)
    return Outcome(path.name, PAGE_MEDIA_TYPE, columns, len(page.rows), len(data), digest)


def _read_page(parts: Parts, copy: ServingCopy, question: PageQuestion) -> Page:
    return parts.warehouse.page(
        copy,
        columns=question.columns,
        filters=question.filters,
        sort=question.sort,
        limit=question.limit,
        offset=question.offset,
        after=question.after,
    )


def _page_json(parts: Parts, copy: ServingCopy, page: Page, question: PageQuestion) -> bytes:
    total = page.total
    if total is None:
        total = parts.warehouse.count(copy, question.filters)
    head = {
        "columns": [{"name": column.name, "type": column.type} for column in page.columns],
        "total": total,
        "next": page.next_mark,
    }
    start = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    return start.encode() + b',"rows":' + page.as_objects() + b"}"


_STORED = {FileForm.CSV: CSV_NAME, FileForm.PARQUET: PARQUET_NAME}


def _run_file(parts: Parts, allowed: _Allowed, path: Path) -> Outcome:
    question, copy = allowed.question, allowed.copies[0]
    assert isinstance(question, FileQuestion)
    columns = tuple(ResultColumn(column.name, column.type) for column in copy.columns)
    media_type = question.form.media_type
    if question.form is not FileForm.JSON:
        stored = copy.file(_STORED[question.form])
        link_result(path, copy.path(stored.name))
        return Outcome(path.name, media_type, columns, copy.rows, stored.size_bytes, stored.sha256)
    result = parts.confinement.run_query(
        f"SELECT * FROM {TABLE_OF_DOWNLOAD}",  # noqa: S608  a constant
        [PermittedTable(TABLE_OF_DOWNLOAD, copy.path(DATABASE_NAME), copy.view_fingerprint)],
        caller=_caller(allowed.ask.by),
        result_format=ResultFormat.JSON,
        output=path,
        bounds=QueryBounds(
            rows_max=max(1, copy.rows),
            size_bytes_max=JSON_DOWNLOAD_BYTES_MAX,
            wall_s=JSON_DOWNLOAD_S,
            cpu_s=JSON_DOWNLOAD_S,
        ),
    )
    return Outcome(path.name, media_type, columns, result.rows, result.size_bytes, result.sha256)


@dataclass(slots=True)
class _Counted:
    """Rows that went by."""

    rows: int = 0


def _run_rows(parts: Parts, allowed: _Allowed, path: Path) -> Outcome:
    question, source = allowed.question, allowed.source
    assert isinstance(question, RowsQuestion)
    assert source is not None
    if question.is_dump:
        counted = _Counted()
        size_bytes, digest = stream_result(path, _dump(parts, allowed, counted))
        shown, rows = tuple(source.known.values()), counted.rows
    else:
        table = _find_table(parts, allowed)
        data = json.dumps(table.as_plain(), ensure_ascii=False).encode()
        digest, size_bytes = write_result(path, data), len(data)
        shown, rows = table.columns, len(table.rows)
    columns = tuple(ResultColumn(one.name, one.engine_type) for one in shown)
    return Outcome(path.name, question.form.media_type, columns, rows, size_bytes, digest)


def _find_table(parts: Parts, allowed: _Allowed) -> FoundTable:
    question, source = allowed.question, allowed.source
    assert isinstance(question, RowsQuestion)
    assert source is not None
    found = find_rows(parts.warehouse, source, question.question)
    total = count_rows(parts.warehouse, source, question.question) if question.with_total else None
    return FoundTable(found.columns, found.rows, total)


def _dump(parts: Parts, allowed: _Allowed, counted: _Counted) -> Iterator[bytes]:
    question, source = allowed.question, allowed.source
    assert isinstance(question, RowsQuestion)
    assert source is not None
    columns, batches = stream_rows(
        parts.warehouse, source, question.question, batch_rows=DUMP_BATCH_ROWS
    )

    def counting() -> Iterator[Sequence[Row]]:
        for rows in batches:
            counted.rows += len(rows)
            yield rows

    return whole_file(question.form, columns, counting(), infos={}, with_bom=question.with_bom)


# Settle ------------------------------------------------------------------------------------------


def _settle(parts: Parts, allowed: _Allowed, reserved: _Reserved, outcome: Outcome) -> Delivered:
    """Ask once more, then write receipt, decisions, charges and event, all or nothing.

    Raises: AccessDenied, DataChanged, AlreadyResolved, RequestUnderWay.
    """
    ask, at = allowed.ask, parts.now()
    with parts.pool.connection() as tx:
        accesses = _ask_again(tx, allowed, at)
        refusal = _refusal(tx, accesses, ask.by, at)
        if refusal is None:
            delivery = Delivery(
                ask.by, allowed.question.action, ask.purpose, allowed.sha256, reserved.held
            )
            receipt = write_receipt(tx, parts.keys, delivery, accesses, outcome, at=at)
            if any(access.is_public for access in accesses):
                fair_use.count_rows(tx, _caller(ask.by), china_day(at), outcome.row_count)
            if ask.idempotency_key is not None:
                once.remember(tx, _caller(ask.by), ask.idempotency_key, str(receipt.id))
    if refusal is not None:
        raise refusal
    return Delivered(
        path=parts.results / outcome.file_name,
        media_type=outcome.media_type,
        row_count=outcome.row_count,
        size_bytes=outcome.size_bytes,
        sha256=outcome.sha256,
        charge=receipt.charge,
        receipt_id=receipt.id,
        is_replay=False,
    )


def _ask_again(tx: Tx, allowed: _Allowed, at: datetime) -> list[Access]:
    """Decide anew about what was read, with its agreements held still.

    A freeze, an end or a withdrawal that came while the question ran wins.

    Raises: DataChanged where another way to the data was taken than the one that was reserved for.
    """
    store.lock_agreements(
        tx, {access.agreement.id for access in allowed.accesses if access.agreement}
    )
    again = []
    for access in allowed.accesses:
        target = _target_now(tx, access.target, allowed.ask.by)
        now = decide_access(
            tx,
            target,
            allowed.question.action,
            purpose=allowed.ask.purpose,
            by=allowed.ask.by,
            at=at,
        )
        if now.decision.is_allowed and not _is_same_way(access, now):
            raise DataChanged
        again.append(now)
    return again


def _target_now(tx: Tx, target: Target, by: Actor) -> Target:
    """The same version as its record stands now.

    Raises: DataChanged.
    """
    try:
        stored = stored_version(tx, target.version.id)
    except VersionNotFound:
        raise DataChanged from None
    if not sees_dataset(by, stored.dataset):
        raise DataChanged
    return replace(target, stored=stored)


def _is_same_way(before: Access, now: Access) -> bool:
    return (before.listing.id if before.listing else None) == (
        now.listing.id if now.listing else None
    ) and (before.agreement.id if before.agreement else None) == (
        now.agreement.id if now.agreement else None
    )


@contextmanager
def _undone_unless_settled(
    parts: Parts, allowed: _Allowed, reserved: _Reserved, path: Path
) -> Iterator[None]:
    """Give back what is held, free the key and remove the file, whatever ends the block early."""
    is_settled = False
    try:
        yield
        is_settled = True
    finally:
        if not is_settled:
            remove_result(path)
            _give_back(parts, allowed, reserved)


def _give_back(parts: Parts, allowed: _Allowed, reserved: _Reserved) -> None:
    key = allowed.ask.idempotency_key
    with parts.pool.connection() as tx:
        if reserved.held:
            settle.release(tx, list(reserved.held.values()), reason="not delivered", at=parts.now())
        if key is not None:
            once.give_up(tx, _caller(allowed.ask.by), key)


# Hand out ----------------------------------------------------------------------------------------


def _handed_out(parts: Parts, tx: Tx, receipt: StoredReceipt, at: datetime) -> Delivered:
    """What was delivered before, again.

    Raises: ResultGone.
    """
    result = store.get_result(tx, receipt.id, at)
    if result is None:
        raise ResultGone(str(receipt.id))
    with suppress(FileDamaged):
        parts.folders.storage.bring(parts.results / result.path, receipt.result_sha256)
    if not (parts.results / result.path).is_file():
        raise ResultGone(str(receipt.id))
    return Delivered(
        path=parts.results / result.path,
        media_type=result.media_type,
        row_count=receipt.row_count,
        size_bytes=receipt.size_bytes,
        sha256=receipt.result_sha256,
        charge=receipt.charge,
        receipt_id=receipt.id,
        is_replay=True,
    )


def _is_own(receipt: StoredReceipt, by: Actor) -> bool:
    if by.user_id is None or receipt.user_id is None:
        return False
    return receipt.user_id == by.user_id or (
        by.organization is not None and receipt.consumer_id == by.organization.id
    )


def _no_longer_allowed(
    tx: Tx, receipt: StoredReceipt, ask: Ask, at: datetime
) -> AccessDenied | None:
    """The refusal that stands against reading a result again; None where nothing does."""
    for target in _targets_of(tx, receipt, ask.by):
        access = decide_access(
            tx, target, Action(receipt.action), purpose=ask.purpose, by=ask.by, at=at
        )
        if not access.decision.is_allowed:
            return record_refusal(tx, access, by=ask.by, at=at)
    return None


def _targets_of(tx: Tx, receipt: StoredReceipt, by: Actor) -> Iterator[Target]:
    """The versions that a receipt covers, as they stand now.

    Raises: ResultGone where the record of one no longer exists for the caller.
    """
    for item in json.loads(receipt.body)["items"]:
        try:
            stored = stored_version(tx, VersionId(UUID(item["version_id"])))
        except VersionNotFound:
            raise ResultGone(str(receipt.id)) from None
        if not sees_dataset(by, stored.dataset):
            raise ResultGone(str(receipt.id))
        yield Target(stored.dataset.slug, stored)


def _caller(by: Actor) -> str:
    """Whose keys, queue and fair use count: the user's, else those of the address."""
    return f"user:{by.user_id}" if by.user_id is not None else f"address:{by.address}"


def _suffix(question: Question) -> str:
    match question:
        case SqlQuestion():
            return question.result_format.value
        case PageQuestion():
            return "json"
        case RowsQuestion():
            return question.form.value
        case FileQuestion():
            return question.form.value

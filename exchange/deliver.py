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

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import assert_never

from catalog.documents import document_with_id
from catalog.errors import NoSuchTable
from catalog.row_forms import FoundTable
from exchange import settle
from exchange.allow import (
    Allowed,
    Ask,
    Parts,
    Posting,
    allow,
    caller_of,
    remembered,
    rows_at_most,
    runs_on_cluster,
)
from exchange.answer import (
    DOCUMENT_MEDIA_TYPE,
    Counted,
    answer_key,
    carried,
    dump,
    find_table,
    page_of,
    picture,
    run,
    run_page,
    stored_name,
    stored_page,
    suffix_of,
)
from exchange.credit import QUERY_RESERVATION_LIFE, RESERVATION_LIFE
from exchange.delivery import (
    MADE_DOWNLOAD_BYTES_MAX,
    MEDIA_TYPES,
    PAGE_ROWS_MAX,
    Delivered,
    DocumentFacts,
    DocumentQuestion,
    Estimate,
    FileFacts,
    FileQuestion,
    PageQuestion,
    PictureQuestion,
    PriceEstimate,
    Question,
    RowsQuestion,
    SqlQuestion,
)
from exchange.errors import (
    NoSuchData,
    PageTooLarge,
)
from exchange.meter import (
    Reserved,
    count_fair_use,
    earlier_receipt,
    reserve,
    settle_delivery,
    undone_unless_settled,
)
from exchange.months import ceilings_of, months_until
from exchange.post_deliveries import post_deliveries
from exchange.read_again import handed_out
from exchange.result_files import new_path, remove_result
from exchange.statement import Statement
from exchange.store import fair_use
from policies.calendar import china_day
from policies.terms import MicroCredits


def deliver_query(parts: Parts, question: SqlQuestion, ask: Ask) -> Delivered:
    """Answer a SELECT statement.

    Raises: MessageTooLong, MalformedStatement, NotOneSelect, NothingNamed, TooManyTables,
    NoSuchTable, AccessDenied, FairUseSpent, NoOrganization, InsufficientCredits, PackedRows,
    DataChanged, AlreadyResolved, IdempotencyKeyReused, RequestUnderWay, ResultGone, and what
    `Confinement.run_query` raises; on a cluster also NotForCluster and ClusterAway.
    """
    statement = _read_statement(question.sql)
    try:
        allowed = allow(parts, sorted(statement.tables), question, ask, statement)
    except NoSuchData as missing:
        raise NoSuchTable(missing.name) from None
    if runs_on_cluster(parts, allowed):
        # What cannot be carried over is refused before anything is held.
        carried(allowed)
    return _deliver(parts, allowed)


def deliver_page(parts: Parts, name: str, question: PageQuestion, ask: Ask) -> Delivered | bytes:
    """Some rows of a dataset as JSON; the bytes themselves where it is open to anybody.

    Raises: PageTooLarge, NoSuchData, AccessDenied, NoOrganization, InsufficientCredits,
    DataChanged, AlreadyResolved, ResultGone, NoSuchColumn, UnfitValue, PageOutOfBounds,
    MalformedPageMark.
    """
    if not 0 <= question.limit <= PAGE_ROWS_MAX:
        raise PageTooLarge(PAGE_ROWS_MAX)
    allowed = allow(parts, (name,), question, ask, None)
    if allowed.is_public:
        return page_of(parts, allowed.copies[0], question).data
    return _deliver(parts, allowed)


def page_at_hand(parts: Parts, name: str, question: PageQuestion, ask: Ask) -> bytes | None:
    """A page of open data that `deliver_page` would give, where that takes no waiting at all.

    It was allowed and worked out a moment ago; None where anything is still to be done.
    """
    at = parts.now()
    known = remembered(parts, (name,), question, ask, at)
    if not 0 <= question.limit <= PAGE_ROWS_MAX or known is None:
        return None
    if not known[1] or not all(access.is_public for access in known[0]):
        return None
    (copy,) = known[1]
    answer = stored_page(parts, copy, question) or parts.answers.get(answer_key(copy, question))
    return None if answer is None else answer.data


def deliver_rows(
    parts: Parts, name: str, question: RowsQuestion, ask: Ask
) -> Delivered | FoundTable:
    """Rows that are looked for; the rows themselves where they are open to anybody.

    Raises: NoSuchData, AccessDenied, NoOrganization, InsufficientCredits, DataChanged,
    AlreadyResolved, ResultGone, ColumnUnknown, ValueUnfit, WordsMalformed, QuestionTooLarge.
    """
    allowed = allow(parts, (name,), question, ask, None)
    return find_table(parts, allowed) if allowed.is_public else _deliver(parts, allowed)


def deliver_picture(
    parts: Parts, name: str, question: PictureQuestion, ask: Ask
) -> Delivered | bytes:
    """What a chart or map is drawn from; the bytes themselves where they are open to anybody.

    Raises: NoSuchData, AccessDenied, NoOrganization, InsufficientCredits, DataChanged,
    AlreadyResolved, ResultGone, NoSuchColumn, UnfitForChart, UnfitValue, QuestionTooLarge.
    """
    allowed = allow(parts, (name,), question, ask, None)
    return picture(parts, allowed) if allowed.is_public else _deliver(parts, allowed)


def deliver_dump(
    parts: Parts, name: str, question: RowsQuestion, ask: Ask
) -> Delivered | Iterator[bytes]:
    """Rows that are looked for as a file; its pieces where they are open to anybody.

    All of it is of one moment.

    Raises: as `deliver_rows`.
    """
    allowed = allow(parts, (name,), question, ask, None)
    if not allowed.is_public:
        return _deliver(parts, allowed)
    at = parts.now()
    with parts.pool.connection() as tx:
        count_fair_use(tx, allowed, at)
        fair_use.count_rows(tx, caller_of(ask.by), china_day(at), rows_at_most(allowed))
    return dump(parts, allowed, Counted())


def deliver_file(parts: Parts, name: str, question: FileQuestion, ask: Ask) -> Delivered:
    """Permitted rows of a dataset as a file.

    Raises: PageTooLarge, NoSuchData, AccessDenied, FairUseSpent, NoOrganization,
    InsufficientCredits, DataChanged, AlreadyResolved, ResultGone, EngineBusy, QueryEngineAway,
    NoSuchColumn, UnfitValue, ResultTooLarge, SheetTooLarge, CellTooLong.
    """
    if question.limit is not None and not 0 <= question.limit <= PAGE_ROWS_MAX:
        raise PageTooLarge(PAGE_ROWS_MAX)
    return _deliver(parts, allow(parts, (name,), question, ask, None))


def deliver_document(parts: Parts, name: str, ask: Ask) -> Delivered:
    """A document of a dataset as it came; its receipt holds the digest of the file.

    Raises: NoSuchData, AccessDenied, DocumentNotCut, FairUseSpent, NoOrganization,
    InsufficientCredits, DataChanged, AlreadyResolved, ResultGone, FileDamaged, StorageAway.
    """
    return _deliver(parts, allow(parts, (name,), DocumentQuestion(), ask, None))


def document_facts(parts: Parts, name: str, ask: Ask) -> DocumentFacts:
    """What a document is, for whoever may have it; nothing is delivered.

    Raises: NoSuchData, AccessDenied, DocumentNotCut, FileDamaged, StorageAway.
    """
    allowed = allow(parts, (name,), DocumentQuestion(), ask, None)
    with parts.pool.connection() as tx:
        document = document_with_id(tx, allowed.accesses[0].target.version.id)
    if document is None:
        raise NoSuchData(name)
    file = FileFacts(
        parts.folders.blob(document.sha256),
        document.media_type or DOCUMENT_MEDIA_TYPE,
        document.version.size_bytes,
        document.sha256,
        is_public=allowed.is_public,
    )
    return DocumentFacts(file, document.file_name)


def file_facts(parts: Parts, name: str, question: FileQuestion, ask: Ask) -> FileFacts | None:
    """What a stored file of a dataset is, for whoever may have it; None for what is made anew.

    Its bytes may be handed out from here only where it is public, and to go on with a file whose
    beginning was delivered: the receipt of the beginning stands for all of it.

    Raises: NoSuchData, AccessDenied.
    """
    allowed = allow(parts, (name,), question, ask, None)
    file_name = stored_name(question)
    if file_name is None:
        return None
    copy = allowed.copies[0]
    stored = copy.file(file_name)
    return FileFacts(
        copy.path(stored.name),
        MEDIA_TYPES[question.form],
        stored.size_bytes,
        stored.sha256,
        is_public=allowed.is_public,
    )


def estimate(parts: Parts, question: Question, names: Sequence[str], ask: Ask) -> Estimate:
    """What a question can cost at most; nothing is held and nothing runs.

    `names` are the datasets of a page or file; a statement names its own.

    Raises: as the delivery would, before it reserves.
    """
    statement = _read_statement(question.sql) if isinstance(question, SqlQuestion) else None
    allowed = allow(
        parts, sorted(statement.tables) if statement else names, question, ask, statement
    )
    rows = rows_at_most(allowed)
    payer = ask.by.organization
    with parts.pool.connection() as tx:
        funds = settle.funds_of(tx, payer.id) if payer and allowed.prices else None
        months = months_until(tx, allowed.accesses, parts.now(), _life(parts, allowed))
    ceilings = ceilings_of(allowed.accesses, months, _size_at_most(parts, allowed))(rows)
    items = tuple(
        PriceEstimate(
            dataset=access.target.dataset.slug,
            regime=access.regime.value,
            model=access.price.model.value,
            unit=access.price.unit,
            ceiling=ceiling,
        )
        for access, ceiling in zip(allowed.accesses, ceilings, strict=True)
    )
    ceiling = MicroCredits(sum(item.ceiling for item in items))
    return Estimate(rows, ceiling, MicroCredits(funds) if funds is not None else None, items)


def _deliver_at_once(parts: Parts, allowed: Allowed) -> Delivered:
    """Have the result first, then its receipt and price together with those of others.

    Nothing is held meanwhile: what costs something here is a page, whose price is known when it is
    read. Nothing is handed out before receipt and charge are durable.
    """
    path = new_path(parts.results, suffix_of(allowed.question))
    is_kept = False
    try:
        if isinstance(allowed.question, PageQuestion):
            outcome, data = run_page(parts, allowed, path)
        else:
            nothing_held = Reserved({}, rows_at_most(allowed))
            outcome, data = run(parts, allowed, nothing_held, path), None
        # Before its receipt, so that whichever server is asked again has it.
        parts.folders.storage.keep(path)
        posting = Posting(allowed, outcome, data)
        delivered = parts.groups.commit(posting, partial(post_deliveries, parts))
        is_kept = not delivered.is_replay
        return delivered
    finally:
        if not is_kept:
            remove_result(path)


def _is_at_once(allowed: Allowed) -> bool:
    """Whether nothing has to be held or looked up before the question is run.

    A key has to be taken first where running is dear; so has an earlier answer to be found.
    """
    match allowed.question:
        case PageQuestion():
            return True
        case SqlQuestion():
            return not allowed.prices and allowed.ask.idempotency_key is None
        case FileQuestion():
            is_stored = stored_name(allowed.question) is not None
            return not allowed.prices and is_stored and allowed.ask.idempotency_key is None
        case DocumentQuestion():
            return not allowed.prices and allowed.ask.idempotency_key is None
        case RowsQuestion() | PictureQuestion():
            return False


def _deliver(parts: Parts, allowed: Allowed) -> Delivered:
    """Reserve, run, settle, hand out; or hand out again what was delivered before."""
    at = parts.now()
    if _is_at_once(allowed):
        if not isinstance(allowed.question, PageQuestion) and allowed.is_partly_public:
            with parts.pool.connection() as tx:
                count_fair_use(tx, allowed, at)
        return _deliver_at_once(parts, allowed)
    with parts.pool.connection() as tx:
        earlier = earlier_receipt(tx, allowed, at)
        if earlier is not None:
            return handed_out(parts, tx, earlier, at)
        count_fair_use(tx, allowed, at)
        reserved = reserve(
            tx,
            allowed,
            size_at_most=_size_at_most(parts, allowed),
            life=_life(parts, allowed),
            at=at,
        )
    path = new_path(parts.results, suffix_of(allowed.question))
    with undone_unless_settled(parts, allowed, reserved, path):
        outcome = run(parts, allowed, reserved, path)
        # Before its receipt, so that whichever server is asked again has it.
        parts.folders.storage.keep(path)
        return settle_delivery(parts, allowed, reserved, outcome)


def _size_at_most(parts: Parts, allowed: Allowed) -> int:
    """The largest file that the answer can be, in bytes."""
    question = allowed.question
    match question:
        case SqlQuestion():
            return parts.query_bounds.size_bytes_max
        case FileQuestion():
            name = stored_name(question)
            if name is not None:
                return allowed.copies[0].file(name).size_bytes
        case DocumentQuestion():
            return allowed.accesses[0].target.version.size_bytes
        case PageQuestion() | RowsQuestion() | PictureQuestion():
            pass
        case _:
            assert_never(question)
    return MADE_DOWNLOAD_BYTES_MAX


def _life(parts: Parts, allowed: Allowed) -> timedelta:
    """How long what is held stays so, at most: as long as the answer may take, and some more."""
    is_file = isinstance(allowed.question, FileQuestion | DocumentQuestion)
    is_long = is_file or runs_on_cluster(parts, allowed)
    return RESERVATION_LIFE if is_long else QUERY_RESERVATION_LIFE


def _read_statement(text: str) -> Statement:
    """Read a statement, with the parser loaded by the first one: it takes many megabytes."""
    from exchange.query import read_statement

    return read_statement(text)

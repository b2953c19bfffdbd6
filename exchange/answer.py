"""Answer a question that was allowed: rows, pages, statements and files as complete results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.answer import write_answer
from catalog.build_copy import build_serving_copy
from catalog.cluster import ClusterTable, answer_on_cluster, is_carried
from catalog.confine import PermittedTable, QueryBounds
from catalog.errors import NotForCluster, ResultTooLarge
from catalog.find_rows import count_rows, find_rows, stream_rows
from catalog.json_rows import Row, columns_json
from catalog.page_mark import ROWS_SKIPPED_MAX
from catalog.result import QueryResult, ResultColumn, ResultFormat
from catalog.row_forms import FoundTable, whole_file
from catalog.serving_copy import CSV_NAME, DATABASE_NAME, PARQUET_NAME, ServingCopy
from catalog.small_answers import Answer, AnswerKey
from catalog.statement import folded
from catalog.summarize import as_bytes, map_layer, summarize
from catalog.summary import Summary
from catalog.view import EVERYTHING
from catalog.warehouse import Page, selection
from exchange.allow import Allowed, Parts, caller_of, runs_on_cluster
from exchange.delivery import (
    MADE_DOWNLOAD_BYTES_MAX,
    MEDIA_TYPES,
    PAGE_MEDIA_TYPE,
    DocumentQuestion,
    FileQuestion,
    PageQuestion,
    PictureQuestion,
    Question,
    RowsQuestion,
    SqlQuestion,
)
from exchange.errors import (
    PackedRows,
)
from exchange.meter import Reserved
from exchange.price import PriceModel, is_packed
from exchange.result_files import (
    link_result,
    stream_result,
    write_result,
)
from exchange.statement import Statement
from exchange.write_receipt import Outcome

MADE_DOWNLOAD_S = 300
TABLE_OF_DOWNLOAD = "data"
DUMP_BATCH_ROWS = 10_000
DOCUMENT_MEDIA_TYPE = "application/octet-stream"


def run(parts: Parts, allowed: Allowed, reserved: Reserved, path: Path) -> Outcome:
    """Run the question into the file `path`, complete and hashed.

    Raises: InsufficientCredits, PackedRows, and what the engine makes of the question.
    """
    match allowed.question:
        case SqlQuestion():
            return _run_query(parts, allowed, reserved, path)
        case PageQuestion():
            return run_page(parts, allowed, path)[0]
        case FileQuestion():
            return _run_file(parts, allowed, path)
        case RowsQuestion():
            return _run_rows(parts, allowed, path)
        case PictureQuestion():
            return _run_picture(parts, allowed, path)
        case DocumentQuestion():
            return _run_document(parts, allowed, path)


def _run_query(parts: Parts, allowed: Allowed, reserved: Reserved, path: Path) -> Outcome:
    question, statement = allowed.question, allowed.statement
    assert isinstance(question, SqlQuestion)
    assert statement is not None
    try:
        if runs_on_cluster(parts, allowed):
            result = _run_on_cluster(parts, allowed, reserved, path)
        else:
            result = _run_here(parts, allowed, reserved, path)
    except ResultTooLarge as too_large:
        if reserved.beyond is not None and too_large.rows_max == reserved.rows_max:
            raise reserved.beyond from None
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


def _run_here(parts: Parts, allowed: Allowed, reserved: Reserved, path: Path) -> QueryResult:
    question = allowed.question
    assert isinstance(question, SqlQuestion)
    return write_answer(
        parts.confinement,
        question.sql,
        _permitted(allowed),
        caller=caller_of(allowed.ask.by),
        result_format=question.result_format,
        manner=question.manner,
        output=path,
        bounds=replace(parts.query_bounds, rows_max=reserved.rows_max),
        cancelled=allowed.ask.cancelled,
    )


def carried(allowed: Allowed) -> str:
    """The statement as the cluster is told it.

    Raises: MalformedStatement, NotForCluster.
    """
    question = allowed.question
    assert isinstance(question, SqlQuestion)
    from exchange.carry import carry  # its parser takes many megabytes

    return carry(question.sql, _views(allowed))


def _views(allowed: Allowed) -> dict[str, str]:
    return {
        folded(access.target.name): f"weir_{place}" for place, access in enumerate(allowed.accesses)
    }


def _run_on_cluster(parts: Parts, allowed: Allowed, reserved: Reserved, path: Path) -> QueryResult:
    """Let the cluster answer, and write that as the engine here writes every answer.

    The engine here checks the statement first, as if it ran it: the same parts are allowed, and
    the answer has the columns and types that it would have here.
    """
    question, cluster = allowed.question, parts.cluster
    assert isinstance(question, SqlQuestion)
    assert cluster is not None
    caller = caller_of(allowed.ask.by)
    text = question.sql.strip().rstrip(";")
    with TemporaryDirectory(dir=parts.results) as work:
        shape = parts.confinement.run_query(
            f"SELECT * FROM (\n{text}\n) LIMIT 0",  # noqa: S608  what it is the engine checks
            _permitted(allowed),
            caller=caller,
            result_format=ResultFormat.CSV,
            output=Path(work) / "shape",
        )
        unfit = next((one for one in shape.columns if not is_carried(one)), None)
        # Sums of whole numbers are wider here than anything the cluster has.
        if unfit is not None and unfit.type != "HUGEINT":
            raise NotForCluster(unfit.type)
        rows = Path(work) / "rows.parquet"
        answer_on_cluster(
            cluster,
            carried(allowed),
            [
                ClusterTable(
                    view,
                    copy.path(PARQUET_NAME),
                    [ResultColumn(column.name, column.type) for column in copy.columns],
                )
                for view, copy in zip(_views(allowed).values(), allowed.copies, strict=True)
            ],
            rows,
            columns=shape.columns,
            rows_max=reserved.rows_max,
        )
        copy = build_serving_copy([rows], EVERYTHING, Path(work) / "copy", key=())
        shown = ", ".join(
            f'CAST(c{place} AS {column.type}) AS "{column.name.replace(chr(34), chr(34) * 2)}"'
            for place, column in enumerate(shape.columns)
        )
        return write_answer(
            parts.confinement,
            f"SELECT {shown} FROM {TABLE_OF_DOWNLOAD}",  # noqa: S608  quoted above
            [PermittedTable(TABLE_OF_DOWNLOAD, copy.path(DATABASE_NAME), copy.view_fingerprint)],
            # Nothing of this answer is served to anybody again.
            caller="",
            result_format=question.result_format,
            manner=question.manner,
            output=path,
            bounds=QueryBounds(rows_max=reserved.rows_max),
            cancelled=allowed.ask.cancelled,
        )


def _permitted(allowed: Allowed) -> list[PermittedTable]:
    return [
        PermittedTable(access.target.name, copy.path(DATABASE_NAME), copy.view_fingerprint)
        for access, copy in zip(allowed.accesses, allowed.copies, strict=True)
    ]


def _refuse_packed(allowed: Allowed, statement: Statement, row_count: int, size_bytes: int) -> None:
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


def run_page(parts: Parts, allowed: Allowed, path: Path) -> tuple[Outcome, bytes]:
    """A page as a result file, and its bytes once more.

    Raises: NoSuchColumn, UnfitValue, PageOutOfBounds, MalformedPageMark.
    """
    question, copy = allowed.question, allowed.copies[0]
    assert isinstance(question, PageQuestion)
    answer = page_of(parts, copy, question)
    digest = write_result(path, answer.data)
    types = {column.name: column.type for column in copy.columns}
    names = question.columns if question.columns is not None else tuple(types)
    columns = tuple(ResultColumn(name, types[name]) for name in names)
    size_bytes = len(answer.data)
    outcome = Outcome(path.name, PAGE_MEDIA_TYPE, columns, answer.row_count, size_bytes, digest)
    return outcome, answer.data


def page_of(parts: Parts, copy: ServingCopy, question: PageQuestion) -> Answer:
    """A page as JSON; a small one that was asked for before is not worked out again.

    Raises: NoSuchColumn, UnfitValue, PageOutOfBounds, MalformedPageMark.
    """
    stored = stored_page(parts, copy, question)
    if stored is not None:
        return stored
    key = answer_key(copy, question)
    known = parts.answers.get(key)
    if known is not None:
        return known
    page = _read_page(parts, copy, question)
    answer = Answer(_page_json(parts, copy, page, question), len(page.rows))
    parts.answers.keep(key, answer)
    return answer


def answer_key(copy: ServingCopy, question: PageQuestion) -> AnswerKey:
    """The name of a page's answer: what it is of, and what is asked."""
    return copy.file(DATABASE_NAME).sha256, repr(question)


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
    return _body(columns_json(page.columns), total, page.next_mark, page.as_objects())


def _body(columns: bytes, total: int, next_mark: str | None, rows: bytes) -> bytes:
    following = b'"' + next_mark.encode() + b'"' if next_mark is not None else b"null"
    return b'{"columns":%b,"total":%d,"next":%b,"rows":%b}' % (columns, total, following, rows)


def stored_page(parts: Parts, copy: ServingCopy, question: PageQuestion) -> Answer | None:
    """The page where it is a slice of rows that are written out already; takes no waiting.

    Raises: UnfitValue, MalformedPageMark.
    """
    if question.columns is not None or question.sort or question.offset >= ROWS_SKIPPED_MAX:
        return None
    store = parts.row_stores.of(copy)
    if store is None:
        return None
    found = store.page(
        question.filters, limit=question.limit, offset=question.offset, after=question.after
    )
    if found is None:
        return None
    rows = b"[" + found.objects + b"]"
    body = _body(store.columns_json, found.total, found.next_mark, rows)
    return Answer(body, found.row_count)


_STORED = {ResultFormat.CSV: CSV_NAME, ResultFormat.PARQUET: PARQUET_NAME}


def stored_name(question: FileQuestion) -> str | None:
    """The stored file that is just what is asked for; None where it has to be made."""
    return _STORED.get(question.form) if question.is_all else None


def _run_file(parts: Parts, allowed: Allowed, path: Path) -> Outcome:
    question, copy = allowed.question, allowed.copies[0]
    assert isinstance(question, FileQuestion)
    media_type, name = MEDIA_TYPES[question.form], stored_name(question)
    if name is not None:
        columns = tuple(ResultColumn(column.name, column.type) for column in copy.columns)
        stored = copy.file(name)
        link_result(path, copy.path(stored.name))
        return Outcome(path.name, media_type, columns, copy.rows, stored.size_bytes, stored.sha256)
    result = write_answer(
        parts.confinement,
        selection(
            copy,
            TABLE_OF_DOWNLOAD,
            columns=question.columns,
            filters=question.filters,
            sort=question.sort,
            limit=question.limit,
            offset=question.offset,
        ),
        [PermittedTable(TABLE_OF_DOWNLOAD, copy.path(DATABASE_NAME), copy.view_fingerprint)],
        caller=caller_of(allowed.ask.by),
        result_format=question.form,
        manner=question.manner,
        output=path,
        bounds=QueryBounds(
            rows_max=max(1, copy.rows),
            size_bytes_max=MADE_DOWNLOAD_BYTES_MAX,
            wall_s=MADE_DOWNLOAD_S,
            cpu_s=MADE_DOWNLOAD_S,
        ),
        cancelled=allowed.ask.cancelled,
    )
    return Outcome(
        path.name, media_type, result.columns, result.rows, result.size_bytes, result.sha256
    )


def _run_document(parts: Parts, allowed: Allowed, path: Path) -> Outcome:
    version = allowed.accesses[0].target.version
    link_result(path, parts.folders.blobs.checked(version.digest))
    media_type = version.reading.media_type or DOCUMENT_MEDIA_TYPE
    return Outcome(path.name, media_type, (), 1, version.size_bytes, version.digest)


def _run_picture(parts: Parts, allowed: Allowed, path: Path) -> Outcome:
    question, copy = allowed.question, allowed.copies[0]
    assert isinstance(question, PictureQuestion)
    data = picture(parts, allowed)
    digest = write_result(path, data)
    columns = tuple(ResultColumn(column.name, column.type) for column in copy.columns)
    return Outcome(path.name, question.media_type, columns, copy.rows, len(data), digest)


def picture(parts: Parts, allowed: Allowed) -> bytes:
    """What a chart or map is drawn from.

    Raises: NoSuchColumn, UnfitForChart, UnfitValue, QuestionTooLarge.
    """
    question, copy = allowed.question, allowed.copies[0]
    assert isinstance(question, PictureQuestion)
    if isinstance(question.asked, Summary):
        return as_bytes(summarize(parts.warehouse, copy, question.asked))
    return as_bytes(map_layer(parts.warehouse, copy, question.asked))


@dataclass(slots=True)
class Counted:
    """Rows that went by."""

    rows: int = 0


def _run_rows(parts: Parts, allowed: Allowed, path: Path) -> Outcome:
    question, source = allowed.question, allowed.source
    assert isinstance(question, RowsQuestion)
    assert source is not None
    if question.is_dump:
        counted = Counted()
        size_bytes, digest = stream_result(path, dump(parts, allowed, counted))
        shown, rows = tuple(source.known.values()), counted.rows
    else:
        table = find_table(parts, allowed)
        data = json.dumps(table.as_plain(), ensure_ascii=False).encode()
        digest, size_bytes = write_result(path, data), len(data)
        shown, rows = table.columns, len(table.rows)
    columns = tuple(ResultColumn(one.name, one.engine_type) for one in shown)
    return Outcome(path.name, question.form.media_type, columns, rows, size_bytes, digest)


def find_table(parts: Parts, allowed: Allowed) -> FoundTable:
    """The rows that are looked for, with their total where that is asked for."""
    question, source = allowed.question, allowed.source
    assert isinstance(question, RowsQuestion)
    assert source is not None
    found = find_rows(parts.warehouse, source, question.question)
    total = count_rows(parts.warehouse, source, question.question) if question.with_total else None
    return FoundTable(found.columns, found.rows, total)


def dump(parts: Parts, allowed: Allowed, counted: Counted) -> Iterator[bytes]:
    """The pieces of a file of the rows that are looked for; `counted` counts them as they go."""
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


def suffix_of(question: Question) -> str:
    """The ending of the name of the question's result file."""
    match question:
        case SqlQuestion():
            return question.result_format.value
        case PageQuestion():
            return "json"
        case RowsQuestion():
            return question.form.value
        case FileQuestion():
            return question.form.value
        case PictureQuestion():
            return "json"
        case DocumentQuestion():
            return "bin"

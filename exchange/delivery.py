"""What can be asked of the exchange, in which forms it answers, and how much open data is fair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from catalog.result import PLAIN, Manner, ResultFormat
from catalog.row_forms import RowForm
from catalog.row_search.question import EVERY_ROW, RowQuestion
from catalog.summary import Summary, Window
from catalog.view import Condition
from catalog.warehouse import Sort
from policies.access import Action
from policies.canonical import Plain
from policies.terms import MicroCredits

OPEN_DELIVERIES_PER_DAY = 10_000
OPEN_ROWS_PER_DAY = 500_000_000
"""What one caller may take of open data a day in queries and files; pages are not counted."""

PREVIEW_ROWS = 100
PAGE_ROWS_MAX = 10_000
QUERY_ROWS_MAX = 1_000_000
MADE_DOWNLOAD_BYTES_MAX = 2 << 30
TABLES_PER_QUERY_MAX = 16

PAGE_MEDIA_TYPE = "application/json"
MAP_MEDIA_TYPE = "application/geo+json"

MEDIA_TYPES = {
    ResultFormat.JSON: "application/json",
    ResultFormat.NDJSON: "application/x-ndjson",
    ResultFormat.CSV: "text/csv; charset=utf-8",
    ResultFormat.TSV: "text/tab-separated-values; charset=utf-8",
    ResultFormat.PARQUET: "application/vnd.apache.parquet",
    ResultFormat.ARROW: "application/vnd.apache.arrow.stream",
    ResultFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """A SELECT statement over datasets by their names."""

    sql: str
    result_format: ResultFormat = ResultFormat.JSON
    manner: Manner = PLAIN
    action = Action.QUERY

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        return {"sql": self.sql, "format": self.result_format.value, **_plain_manner(self.manner)}


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """Some rows of one dataset, typed and in order."""

    columns: tuple[str, ...] | None = None
    """None asks for all that may be seen."""
    filters: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    limit: int = PREVIEW_ROWS
    offset: int = 0
    after: str | None = None
    """The mark where the last page ended; None at the beginning."""

    @property
    def action(self) -> Action:
        """The first rows as they stand are a preview, anything else is a page."""
        is_plain = not (self.filters or self.sort or self.offset or self.after)
        return _page_action(is_plain=is_plain, limit=self.limit)

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        return {
            "columns": list(self.columns) if self.columns is not None else None,
            "filters": [repr(condition) for condition in self.filters],
            "sort": [[by.column, by.is_descending] for by in self.sort],
            "limit": self.limit,
            "offset": self.offset,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class FileQuestion:
    """Rows of one dataset as a file: all of them, or what is left of them and in which order."""

    form: ResultFormat
    columns: tuple[str, ...] | None = None
    """None asks for all that may be seen."""
    filters: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    limit: int | None = None
    """None asks for all rows; else it is a page in the form of a file."""
    offset: int = 0
    manner: Manner = PLAIN

    @property
    def action(self) -> Action:
        """A page in the form of a file is a page."""
        if self.limit is None:
            return Action.DOWNLOAD
        is_plain = not (self.filters or self.sort or self.offset)
        return _page_action(is_plain=is_plain, limit=self.limit)

    @property
    def is_all(self) -> bool:
        """Whether all permitted rows and columns are asked for, as they lie."""
        return self == FileQuestion(self.form)

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        if self.is_all:
            return {"file": self.form.value}
        return {
            "file": self.form.value,
            "columns": list(self.columns) if self.columns is not None else None,
            "filters": [repr(condition) for condition in self.filters],
            "sort": [[by.column, by.is_descending] for by in self.sort],
            "limit": self.limit,
            "offset": self.offset,
            **_plain_manner(self.manner),
        }


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """Rows of one table, as clients of a DataStore look for them."""

    question: RowQuestion
    form: RowForm = RowForm.JSON
    with_total: bool = True
    is_dump: bool = False
    """Wanted as a file."""
    with_bom: bool = False

    @property
    def action(self) -> Action:
        """A dump is a download; the first rows as they stand are a preview, the rest pages."""
        if self.is_dump:
            return Action.DOWNLOAD
        asked = self.question
        is_plain = not (asked.filter != EVERY_ROW or asked.words or asked.order or asked.offset)
        is_few = asked.limit is not None and asked.limit <= PREVIEW_ROWS
        return Action.PREVIEW if is_plain and is_few else Action.READ_PAGE

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        return {
            "rows": repr(self.question),
            "form": self.form.value,
            "total": self.with_total,
            "dump": self.is_dump,
            "bom": self.with_bom,
        }


@dataclass(frozen=True, slots=True)
class PictureQuestion:
    """What a chart or a map of one dataset is drawn from; read like a query."""

    asked: Summary | Window
    action = Action.QUERY

    @property
    def media_type(self) -> str:
        """Its media type."""
        return PAGE_MEDIA_TYPE if isinstance(self.asked, Summary) else MAP_MEDIA_TYPE

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        return self.asked.as_plain()


@dataclass(frozen=True, slots=True)
class DocumentQuestion:
    """A file that is no table, as it came."""

    action = Action.DOWNLOAD

    def as_plain(self) -> dict[str, Plain]:
        """What is hashed as the question."""
        return {"document": True}


def _page_action(*, is_plain: bool, limit: int) -> Action:
    return Action.PREVIEW if is_plain and limit <= PREVIEW_ROWS else Action.READ_PAGE


def _plain_manner(manner: Manner) -> dict[str, Plain]:
    """Nothing where it is plain, so that a plain question is what it always was."""
    if manner == PLAIN:
        return {}
    return {"bom": manner.with_mark, "guard": manner.is_guarded}


Question = (
    SqlQuestion | PageQuestion | FileQuestion | RowsQuestion | PictureQuestion | DocumentQuestion
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A complete result that may be handed out: its receipt is durable."""

    path: Path
    media_type: str
    row_count: int
    size_bytes: int
    sha256: str
    charge: MicroCredits
    receipt_id: UUID
    is_replay: bool
    """An earlier delivery of the same question, handed out again free of charge."""
    is_open: bool = False
    """Anybody may have all of it, so that nothing can be taken back while it is on its way."""
    data: bytes | None = None
    """The result itself where it is at hand; None where it has to be read from its file."""
    funds: int | None = None
    """What the payer can still spend, in micro-credits; None where that was not looked at."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A stored file of all that a caller may see of a dataset."""

    path: Path
    media_type: str
    size_bytes: int
    sha256: str
    is_public: bool
    """Open to anybody."""


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document that a caller may have."""

    file: FileFacts
    file_name: str


@dataclass(frozen=True, slots=True)
class PriceEstimate:
    """What one dataset of a question can cost."""

    dataset: str
    regime: str
    model: str
    unit: MicroCredits
    ceiling: MicroCredits


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a question can cost at most, before it runs."""

    rows_at_most: int
    ceiling: MicroCredits
    available: MicroCredits | None
    """What the caller can spend; None where nothing costs or nobody pays."""
    items: tuple[PriceEstimate, ...]

    @property
    def is_covered(self) -> bool:
        """Whether the ceiling is covered; a cheaper result may be even where it is not."""
        return self.ceiling <= (self.available or 0)

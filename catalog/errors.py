"""Every refusal of this package.

A refusal names what is wrong and holds the facts; see `policies.errors` for the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import (
    N_,
    Away,
    Conflict,
    Denied,
    Gone,
    Invalid,
    NotFound,
    Said,
    TooLarge,
    TooOften,
)


@dataclass(eq=False)
class MalformedView(Invalid):
    """A view, condition or mask that says nothing that can be built."""

    message: ClassVar[str] = N_("The view cannot be used: {reason}.")
    reason: str


@dataclass(eq=False)
class DamagedServingCopy(Conflict):
    """A serving copy whose bytes are not those that were built; it has to be built again."""

    message: ClassVar[str] = N_("The prepared copy of this data is missing or damaged: {reason}.")
    reason: str


@dataclass(eq=False)
class MaskKeyMissing(Conflict):
    """A view hashes a column and the node has no masking key."""

    message: ClassVar[str] = N_("Column “{column}” is to be hashed, and there is no masking key.")
    column: str


@dataclass(eq=False)
class NoSuchColumn(Invalid):
    """A page asks for a column that the data does not have, or not for this caller."""

    message: ClassVar[str] = N_("There is no column “{column}” in this data.")
    column: str


@dataclass(eq=False)
class UnfitValue(Invalid):
    """A value that cannot be compared with its column."""

    message: ClassVar[str] = N_("“{value}” cannot be compared with column “{column}” ({type}).")
    column: str
    type: str
    value: str


@dataclass(eq=False)
class PageOutOfBounds(Invalid):
    """A page that begins before the data, or holds more rows than one page may."""

    message: ClassVar[str] = N_("A page holds 0 to {rows_max} rows and begins at row 0 or later.")
    rows_max: int


@dataclass(eq=False)
class MalformedPageMark(Invalid):
    """A mark of where the last page ended that was not given out for this order of rows."""

    message: ClassVar[str] = N_("The mark of the next page does not belong to this question.")


@dataclass(eq=False)
class QueryEngineAway(TooOften):
    """The confined engine is being restarted."""

    message: ClassVar[str] = N_("The query engine is restarting. Try again in a few seconds.")


@dataclass(eq=False)
class EngineBusy(TooOften):
    """All places are taken, and so is the queue or this caller's share of it."""

    message: ClassVar[str] = N_("Too many queries are running or waiting. Try again shortly.")


@dataclass(eq=False)
class NotOneSelect(Invalid):
    """Not exactly one SELECT statement that only reads."""

    message: ClassVar[str] = N_("Only one statement is allowed, and it has to be a SELECT.")


@dataclass(eq=False)
class MalformedStatement(Invalid):
    """The engine could not read or could not carry out the statement."""

    message: ClassVar[str] = N_("The statement could not be run: {reason}")
    reason: str


@dataclass(eq=False)
class ForbiddenPart(Invalid):
    """A part of SQL that confined statements may not use."""

    message: ClassVar[str] = N_("“{part}” cannot be used here.")
    part: str


@dataclass(eq=False)
class NoSuchTable(NotFound):
    """A table that does not exist, or not for this caller: the two answers are the same."""

    message: ClassVar[str] = N_("There is no table “{table}”.")
    table: str


@dataclass(eq=False)
class UnfitForChart(Invalid):
    """A chart or map of a column whose values cannot be drawn so."""

    message: ClassVar[str] = N_(
        "The column “{column}” cannot be drawn in this way. Choose another one or another chart."
    )
    column: str


@dataclass(eq=False)
class ResultTooLarge(TooLarge):
    """The whole answer would pass a bound; no part of it is given."""

    message: ClassVar[str] = N_(
        "The answer is larger than {rows_max} rows or {size_bytes_max} bytes. Ask for less."
    )
    rows_max: int
    size_bytes_max: int


@dataclass(eq=False)
class ClusterAway(Away):
    """The Spark Connect server does not answer."""

    message: ClassVar[str] = N_(
        "These tables are large and are queried on a cluster, which does not answer now. Nothing "
        "was charged; try again in a few minutes."
    )


@dataclass(eq=False)
class NotForCluster(Invalid):
    """A part of DuckDB's language that has no equal on the cluster."""

    message: ClassVar[str] = N_(
        "These tables are large and are queried on a cluster, where “{part}” has no equal. Write "
        "the query without it; nothing was charged."
    )
    part: str


@dataclass(eq=False)
class QueryTooCostly(TooLarge):
    """The statement would need more time or memory than one query may take."""

    message: ClassVar[str] = N_(
        "The statement needs more than {wall_s} seconds or {memory_bytes} bytes of memory."
    )
    wall_s: float
    memory_bytes: int


@dataclass(eq=False)
class QueryCancelled(Conflict):
    """The one who asked went away or took it back."""

    message: ClassVar[str] = N_("The query was cancelled.")


@dataclass(eq=False)
class ConfinedWorkFailed(Invalid):
    """Confined work on a file ended without an answer, most likely because of the file."""

    message: ClassVar[str] = N_("The file could not be read: {reason}.")
    reason: str


@dataclass(eq=False)
class MessageTooLong(TooLarge):
    """What is asked of the confined process is longer than one message."""

    message: ClassVar[str] = N_("The request is longer than {size_bytes_max} bytes.")
    size_bytes_max: int


# The catalogue's records ------------------------------------------------------------------------


@dataclass(eq=False)
class DatasetNotFound(NotFound):
    """There is no such dataset, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no dataset “{slug}”.")
    slug: str


@dataclass(eq=False)
class DistributionNotFound(NotFound):
    """The dataset has no such distribution."""

    message: ClassVar[str] = N_("There is no distribution “{slug}” in this dataset.")
    slug: str


@dataclass(eq=False)
class UploadNotFound(NotFound):
    """There is no such upload, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such upload.")


@dataclass(eq=False)
class VersionNotFound(NotFound):
    """There is no such version, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such version.")


@dataclass(eq=False)
class VersionWithdrawn(Gone):
    """A version that its publisher took back; nobody reads it any more."""

    message: ClassVar[str] = N_("Version {number} was withdrawn: {why}. {words} {instead}")
    number: int
    reason: str
    """One of `WithdrawalReason`."""
    why: Said
    words: str
    """What the publisher added; may be empty."""
    instead: Said
    replaced_by: int | None
    """Number of the version to read instead; None where there is none."""
    withdrawn_at: str


@dataclass(eq=False)
class VersionRemoved(Gone):
    """A version whose retention has ended: its bytes are gone, its record and digest stay."""

    message: ClassVar[str] = N_(
        "Version {number} is no longer kept: its retention ended. {instead}"
    )
    number: int
    instead: Said
    replaced_by: int | None


@dataclass(eq=False)
class RetentionOutOfBounds(Invalid):
    """A rule for older versions that keeps none, or more than can be."""

    message: ClassVar[str] = N_(
        "Keep 1 to {versions_max} versions and whatever is younger than 0 to {days_max} days."
    )
    versions_max: int
    days_max: int


@dataclass(eq=False)
class NotPublished(Conflict):
    """Only what everybody reads can be withdrawn from them."""

    message: ClassVar[str] = N_("Version {number} is not published, so it cannot be withdrawn.")
    number: int


@dataclass(eq=False)
class SlugTaken(Conflict):
    """Another dataset, or another distribution of this one, has this name."""

    message: ClassVar[str] = N_("“{slug}” is taken. Choose another name.")
    slug: str


@dataclass(eq=False)
class TitleMissing(Invalid):
    """A record without a title in any language."""

    message: ClassVar[str] = N_("Give a title in Chinese or in English.")


@dataclass(eq=False)
class TextTooLong(Invalid):
    """A text of a record is longer than it may be."""

    message: ClassVar[str] = N_("“{field}” has more than {characters_max} characters.")
    field: str
    characters_max: int


@dataclass(eq=False)
class MalformedField(Invalid):
    """A field of a record is not written as the standard writes it."""

    message: ClassVar[str] = N_("“{field}” is not written as it has to be.")
    field: str


@dataclass(eq=False)
class TextUnwritable(Invalid):
    """A text with characters that no text has, such as NUL or half of a pair."""

    message: ClassVar[str] = N_("“{field}” holds characters that cannot be written.")
    field: str


@dataclass(eq=False)
class TooManyEntries(Invalid):
    """A list of a record is longer than it may be."""

    message: ClassVar[str] = N_("“{field}” has more than {entries_max} entries.")
    field: str
    entries_max: int


@dataclass(eq=False)
class LegalBasisMissing(Invalid):
    """Data that is not shared or not open, and no law is cited for it."""

    message: ClassVar[str] = N_(
        "Data that is not shared or not open needs its legal basis. Cite the law, regulation or "
        "State Council decision in “{field}”."
    )
    field: str


@dataclass(eq=False)
class ReasonMissing(Invalid):
    """Something is returned or withdrawn without saying why."""

    message: ClassVar[str] = N_("Say why, in at most {characters_max} characters.")
    characters_max: int


@dataclass(eq=False)
class ClassificationLoosened(Conflict):
    """The grade or a class of an approved dataset was to be lowered."""

    message: ClassVar[str] = N_(
        "“{field}” of a published dataset can only become stricter. To loosen it, register a new "
        "dataset and have it approved."
    )
    field: str


@dataclass(eq=False)
class WrongState(Conflict):
    """The dataset is not in a state from which this can be done."""

    message: ClassVar[str] = N_(
        "“{slug}” is in state “{state}”, from which it cannot become “{wanted}”."
    )
    slug: str
    state: str
    wanted: str


@dataclass(eq=False)
class PublisherNeeded(Denied):
    """Only a publisher of the organisation describes, uploads and submits."""

    message: ClassVar[str] = N_("Only a publisher of the providing organisation may do this.")


@dataclass(eq=False)
class ApproverNeeded(Denied):
    """Only an approver of the organisation publishes, returns and withdraws."""

    message: ClassVar[str] = N_("Only an approver of the providing organisation may do this.")


@dataclass(eq=False)
class ApproverIsSubmitter(Denied):
    """Whoever submits does not approve."""

    message: ClassVar[str] = N_("You submitted this yourself. Somebody else has to approve it.")


@dataclass(eq=False)
class NothingToSubmit(Conflict):
    """There is no version that was not submitted or published yet."""

    message: ClassVar[str] = N_(
        "There is nothing new to submit: no file has been read since the last submission."
    )


@dataclass(eq=False)
class UploadNotHeld(Conflict):
    """A file that is being read already, or was."""

    message: ClassVar[str] = N_("This file was read already. Read it again in another way instead.")


@dataclass(eq=False)
class NotAssessedYet(Conflict):
    """The newest version has not been through the quality gate."""

    message: ClassVar[str] = N_(
        "Version {number} of “{distribution}” is still being checked. Try again shortly."
    )
    distribution: str
    number: int


@dataclass(eq=False)
class GateBlocked(Conflict):
    """The quality gate did not let the newest version pass."""

    message: ClassVar[str] = N_(
        "Version {number} of “{distribution}” did not pass the quality check. Mend what the report "
        "names and upload the file again."
    )
    distribution: str
    number: int
    report_id: str


@dataclass(eq=False)
class NotForDirectPublication(Conflict):
    """Only general, openly licensed data is published without a person's approval."""

    message: ClassVar[str] = N_(
        "“{slug}” cannot be published directly: its grade or class asks for an approver."
    )
    slug: str


# Bytes that arrive ------------------------------------------------------------------------------


@dataclass(eq=False)
class FileTooLarge(TooLarge):
    """An upload passes the bound; nothing of it is kept."""

    message: ClassVar[str] = N_("The file is larger than {size_bytes_max} bytes. Split it.")
    size_bytes_max: int


@dataclass(eq=False)
class StorageFull(TooLarge):
    """The disk has no room; nothing of the upload is kept."""

    message: ClassVar[str] = N_(
        "There is no room left to store this file. Nothing was changed; tell the operators."
    )


@dataclass(eq=False)
class StorageAway(Away):
    """The place where files are kept for good cannot be reached."""

    message: ClassVar[str] = N_(
        "The storage does not answer. Nothing was changed; try again in a minute."
    )


@dataclass(eq=False)
class MalformedFileName(Invalid):
    """A file name that is empty, too long, or holds what a name cannot."""

    message: ClassVar[str] = N_("Give a file name of 1 to {characters_max} characters.")
    characters_max: int


@dataclass(eq=False)
class FileDamaged(Conflict):
    """A stored file does not have the bytes that were recorded."""

    message: ClassVar[str] = N_("A stored file is damaged and is not served. Tell the operators.")
    path: str


@dataclass(eq=False)
class ReadingGaveUp(Conflict):
    """The process that reads the file died again and again."""

    message: ClassVar[str] = N_(
        "Reading the file was tried {attempts} times and never came to an end. Split the file, or "
        "tell the operators."
    )
    attempts: int


# Files that are not what they are called --------------------------------------------------------


@dataclass(eq=False)
class FileEmpty(Invalid):
    """A file without a single row."""

    message: ClassVar[str] = N_("The file is empty.")


@dataclass(eq=False)
class FileIsArchive(Invalid):
    """A zip, gzip or other archive under another name."""

    message: ClassVar[str] = N_("The file is a compressed archive. Unpack it and upload the table.")


@dataclass(eq=False)
class FileIsWebPage(Invalid):
    """HTML or XML, most often the error page of a download that failed."""

    message: ClassVar[str] = N_(
        "The file is a web page or XML, not a table. The download it came from may have failed."
    )


@dataclass(eq=False)
class FileIsBinary(Invalid):
    """Bytes that are no text in any encoding."""

    message: ClassVar[str] = N_(
        "The file is not text: byte {offset} cannot be part of a table. Upload CSV."
    )
    offset: int


@dataclass(eq=False)
class EncodingUnknown(Invalid):
    """Text in no encoding that can be told with certainty, or in several."""

    message: ClassVar[str] = N_(
        "The text cannot be read: it is neither UTF-8 (wrong at byte {utf_8_offset}) nor GB18030 "
        "(wrong at byte {gb18030_offset}) throughout. Save it as UTF-8 and upload it again."
    )
    utf_8_offset: int
    gb18030_offset: int


@dataclass(eq=False)
class FileCutOff(Invalid):
    """The file ends in the middle of a character."""

    message: ClassVar[str] = N_(
        "The file is cut off: it ends in the middle of a character, at byte {offset}. Upload it "
        "again."
    )
    offset: int


@dataclass(eq=False)
class LastLineCutOff(Invalid):
    """The file ends in the middle of a row."""

    message: ClassVar[str] = N_(
        "The file is cut off: line {line}, the last one, has {found} of {expected} columns. Upload "
        "it again."
    )
    line: int
    expected: int
    found: int


@dataclass(eq=False)
class QuoteLeftOpen(Invalid):
    """A quoted cell that never ends."""

    message: ClassVar[str] = N_(
        "A quotation mark that opens a cell in line {line} is never closed. Close or double it."
    )
    line: int


@dataclass(eq=False)
class QuoteMisplaced(Invalid):
    """Text after the quotation mark that ends a cell."""

    message: ClassVar[str] = N_(
        "In line {line} a cell goes on after its closing quotation mark. Double the quotation "
        "marks inside a cell."
    )
    line: int


@dataclass(eq=False)
class RowsRagged(Invalid):
    """Rows with more or fewer cells than the table has columns."""

    message: ClassVar[str] = N_(
        "{count} lines do not have {expected} columns; the first is line {line} with {found}. "
        "Lines: {lines}. Quote cells that hold the delimiter, and upload the file again."
    )
    expected: int
    line: int
    found: int
    count: int
    lines: list[int]


@dataclass(eq=False)
class TooManyColumns(TooLarge):
    """More columns than a table may have."""

    message: ClassVar[str] = N_("The table has {found} columns; at most {columns_max} are allowed.")
    found: int
    columns_max: int


@dataclass(eq=False)
class CellTooLarge(TooLarge):
    """A cell holds more than a cell may, most often because of a quotation mark left open."""

    message: ClassVar[str] = N_(
        "A cell of the row near line {line} holds more than {size_bytes_max} bytes. Look for a "
        "quotation mark that is not closed."
    )
    line: int
    size_bytes_max: int


@dataclass(eq=False)
class RowTooLarge(TooLarge):
    """A row holds more than a row may, most often because of a quotation mark left open."""

    message: ClassVar[str] = N_(
        "A row that begins near line {line} holds more than {size_bytes_max} bytes. Look for a "
        "quotation mark that is not closed."
    )
    line: int
    size_bytes_max: int

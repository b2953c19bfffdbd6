"""What an uploaded file is: text or not, its encoding, delimiter, quotes and header.

Nothing is guessed that can be decided: the encoding is checked strictly over the whole file, and
what remains an assumption is reported in the reading. Bytes are never replaced or dropped.

Source: RFC 4180; GB 18030-2022; Unicode 16 s. 23.8 (byte order marks).
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from catalog.errors import (
    EncodingUnknown,
    FileCutOff,
    FileEmpty,
    FileIsArchive,
    FileIsBinary,
    FileIsWebPage,
    TooManyColumns,
)
from catalog.files.names import unique_names
from catalog.files.wish import NO_WISH, Wish
from catalog.view import COLUMNS_MAX

CELL_BYTES_MAX = 1 << 20
ROW_BYTES_MAX = 8 << 20
SAMPLE_CHARACTERS = 1 << 20
TITLE_LINES_MAX = 50
SAMPLE_ROWS = 1_000
HEAD_BYTES = 8_192
TEXT_NAME = "text.csv"

_CHUNK_BYTES = 1 << 20
_DELIMITERS = (",", "\t", ";", "|")
_ARCHIVES = (
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\xfd7zXZ\x00",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
)
_BINARIES = (b"%PDF", b"PAR1", b"\x89PNG", b"\xff\xd8\xff", b"SQLite format 3", b"GIF8", b"\x7fELF")
_MARKS = (
    # UTF-32's little-endian mark begins with UTF-16's.
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKUP = re.compile(r"<(?:!doctype|!--|\?xml|[a-z])", re.IGNORECASE)
_VALUE = re.compile(
    r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?%?"
    r"|\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:[ T]\d{1,2}:\d{2}.*)?"
)
_BIG5_SHARE_PERCENT = 15


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything that reading the cells needs to know."""

    text: Path
    """The file as UTF-8: the upload itself, or its transcription in the work folder."""
    encoding: str
    delimiter: str
    quote: str
    """Empty where quotes are ordinary characters."""
    holds_quotes: bool
    """Whether the quote occurs at all; where it does not, lines are rows."""
    has_header: bool
    skipped_lines: int
    """Lines before the first row: empty ones, and titles of a single cell."""
    notes: tuple[str, ...]
    """What stands in those titles."""
    names: tuple[str, ...]
    """Column names, unique without regard to case."""
    renamed: dict[str, str]
    """Name here → name in the file, where the two differ."""


def sniff(source: Path, work: Path, wish: Wish = NO_WISH) -> Shape:
    """Say what the file is; what `wish` says is not looked for.

    Raises: FileEmpty, FileIsArchive, FileIsWebPage, FileIsBinary,
    EncodingUnknown, FileCutOff, TooManyColumns.
    """
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    _refuse_other_kinds(head)
    encoding = _wished_encoding(source, wish) or _encoding(source, head)
    text = source
    if encoding not in ("utf-8", "utf-8-sig"):
        text = work / TEXT_NAME
        _transcribe(source, encoding, text)
    with text.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(SAMPLE_CHARACTERS)
        is_whole = not file.read(1)
    _refuse_other_texts(sample)
    delimiter, quote = _dialect(sample, wish, is_whole=is_whole)
    skipped_lines, notes = _lines_before(sample, delimiter, quote, wish)
    sample = "".join(islice(_lines(sample), skipped_lines, None))
    rows = _rows(sample, delimiter, quote, is_whole=is_whole)
    if not rows:
        raise FileEmpty
    if len(rows[0]) > COLUMNS_MAX:
        raise TooManyColumns(len(rows[0]), COLUMNS_MAX)
    has_header = _has_header(rows) if wish.has_header is None else wish.has_header
    names, renamed = unique_names(rows[0] if has_header else [""] * len(rows[0]))
    return Shape(
        text=text,
        encoding=encoding.removesuffix("-sig"),
        delimiter=delimiter,
        quote=quote,
        holds_quotes=bool(quote) and _holds(text, quote.encode()),
        has_header=has_header,
        skipped_lines=skipped_lines,
        notes=notes,
        names=names,
        renamed=renamed,
    )


def first_rows(shape: Shape, count: int) -> list[list[str]]:
    """The first rows of the table, without its heading."""
    with shape.text.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(SAMPLE_CHARACTERS)
        is_whole = not file.read(1)
    sample = "".join(islice(_lines(sample), shape.skipped_lines, None))
    rows = _rows(sample, shape.delimiter, shape.quote, is_whole=is_whole)
    return rows[shape.has_header : shape.has_header + count]


def _refuse_other_kinds(head: bytes) -> None:
    if not head:
        raise FileEmpty
    if head.startswith(_ARCHIVES):
        raise FileIsArchive
    if head.startswith(_BINARIES):
        raise FileIsBinary(0)


def _refuse_other_texts(sample: str) -> None:
    start = sample[:HEAD_BYTES].lstrip()
    if not start and not sample.strip():
        raise FileEmpty
    if _MARKUP.match(start):
        raise FileIsWebPage


# Encoding ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fault:
    """Where a strict decoder stopped."""

    offset: int
    is_at_end: bool


def _wished_encoding(source: Path, wish: Wish) -> str | None:
    """The encoding that the publisher names, if the whole file is right under it."""
    if wish.encoding is None:
        return None
    try:
        encoding = codecs.lookup(wish.encoding).name
    except LookupError:
        raise EncodingUnknown(0, 0) from None
    fault = _first_fault(source, encoding)
    if fault is not None:
        raise EncodingUnknown(fault.offset, fault.offset)
    return encoding


def _encoding(source: Path, head: bytes) -> str:
    """The encoding: by its mark, else strict UTF-8, else Big5 or GB18030 over the whole file."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            fault = _first_fault(source, encoding)
            if fault is not None:
                _refuse_cut(fault)
                raise EncodingUnknown(fault.offset, fault.offset)
            return encoding
    utf_8 = _first_fault(source, "utf-8")
    if utf_8 is None:
        return "utf-8"
    sample = _bytes_around(source, utf_8.offset)
    if _is_mostly_utf_8(sample):
        _refuse_cut(utf_8)
        # GB18030 would accept most of these bytes and give nonsense.
        gb18030 = _first_fault(source, "gb18030")
        raise EncodingUnknown(utf_8.offset, gb18030.offset if gb18030 else utf_8.offset)
    if _is_like_big5(sample) and _first_fault(source, "cp950") is None:
        return "cp950"
    gb18030 = _first_fault(source, "gb18030")
    if gb18030 is None:
        return "gb18030"
    _refuse_cut(gb18030)
    raise EncodingUnknown(utf_8.offset, gb18030.offset)


def _first_fault(source: Path, encoding: str) -> _Fault | None:
    """Where strict decoding fails; None where it does not.

    Raises: FileIsBinary at a NUL character, which no table holds.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset = 0
    with source.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            if encoding == "utf-8" and (nul := chunk.find(b"\0")) >= 0:
                raise FileIsBinary(offset + nul)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                is_at_end = not chunk or (error.end >= len(error.object) and not file.read(1))
                return _Fault(offset - pending + error.start, is_at_end)
            if "\0" in text:
                raise FileIsBinary(offset)
            if not chunk:
                return None
            offset += len(chunk)


def _refuse_cut(fault: _Fault) -> None:
    if fault.is_at_end:
        raise FileCutOff(fault.offset)


def _bytes_around(source: Path, offset: int) -> bytes:
    """A part of the file around its first byte that is not UTF-8."""
    with source.open("rb") as file:
        file.seek(max(0, offset - _CHUNK_BYTES // 2))
        return file.read(_CHUNK_BYTES)


def _is_mostly_utf_8(sample: bytes) -> bool:
    """Whether most characters beyond ASCII are right, which no other encoding explains."""
    text = sample.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(character > "\x7f" for character in text) - wrong
    return right > 2 * wrong


def _is_like_big5(sample: bytes) -> bool:
    """Whether the second bytes of pairs are often ASCII, as in Big5 and rarely in GB18030.

    Common characters of GB 2312 have both bytes above 0xA0; in Big5 two in five second bytes are
    between 0x40 and 0x7E.
    """
    pairs: list[bytes] = re.findall(rb"[\x81-\xfe][\x40-\xfe]", sample)
    low = sum(pair[1] < 0x7F for pair in pairs)
    return low * 100 > len(pairs) * _BIG5_SHARE_PERCENT


def _transcribe(source: Path, encoding: str, text: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with source.open("rb") as file, text.open("wb") as out:
        while chunk := file.read(_CHUNK_BYTES):
            out.write(decoder.decode(chunk).encode())
        out.write(decoder.decode(b"", final=True).encode())


def _holds(path: Path, byte: bytes) -> bool:
    with path.open("rb") as file:
        return any(byte in chunk for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""))


# Dialect ----------------------------------------------------------------------------------------


def _lines_before(
    sample: str, delimiter: str, quote: str, wish: Wish
) -> tuple[int, tuple[str, ...]]:
    """How many lines stand before the table, and the words in them."""
    if wish.header_row is not None:
        lines = list(islice(_lines(sample), wish.header_row - 1))
        return len(lines), tuple(line.strip() for line in lines if line.strip())
    widths = Counter(map(len, _rows(sample, delimiter, quote, is_whole=True)))
    width = widths.most_common(1)[0][0] if widths else 1
    skipped, notes = 0, []
    for line in islice(_lines(sample), TITLE_LINES_MAX):
        bare = line.rstrip("\r\n")
        cells = [cell for cell in bare.split(delimiter) if cell.strip()]
        if bare and (width < 2 or len(cells) > 1):
            break
        skipped += 1
        if bare.strip():
            notes.append(cells[0].strip() if cells else "")
    return skipped, tuple(filter(None, notes))


def _dialect(sample: str, wish: Wish, *, is_whole: bool) -> tuple[str, str]:
    """The delimiter and quote under which most rows have the same number of cells."""
    quotes = ['"']
    if '"' not in sample and "'" in sample:
        quotes.append("'")
    best: tuple[tuple[float, int, bool], str, str] | None = None
    for quote in quotes:
        for delimiter in _DELIMITERS if wish.delimiter is None else (wish.delimiter,):
            rows = _rows(sample, delimiter, quote, is_whole=is_whole)
            widths = Counter(len(row) for row in rows)
            width, same = widths.most_common(1)[0]
            if width == 1 or (quote == "'" and not _is_enclosed(sample, delimiter, len(rows))):
                continue
            fitness = (same / len(rows), width, quote == "'")
            if best is None or fitness > best[0]:
                best = (fitness, delimiter, quote)
    if best is None:
        return wish.delimiter or ",", '"'
    _, delimiter, quote = best
    if delimiter == "\t" and quote == '"' and _is_misquoted(sample):
        return delimiter, ""
    return delimiter, quote


def _is_enclosed(sample: str, delimiter: str, rows: int) -> bool:
    """Whether apostrophes stand around cells in most rows rather than inside of words."""
    cell = rf"(?:^|{re.escape(delimiter)})'[^'\r\n]*'(?={re.escape(delimiter)}|\r|\n|\Z)"
    return 2 * len(re.findall(cell, sample, re.MULTILINE)) > rows


def _is_misquoted(sample: str) -> bool:
    """Whether quotes do not enclose cells, as in tab-separated text that knows no quoting."""
    try:
        list(
            islice(
                csv.reader(sample.splitlines(keepends=True), delimiter="\t", strict=True),
                SAMPLE_ROWS,
            )
        )
    except csv.Error:
        return True
    return False


def _rows(sample: str, delimiter: str, quote: str, *, is_whole: bool) -> list[list[str]]:
    """The first rows of the sample, without empty lines; never without a row."""
    reader = csv.reader(
        _lines(sample),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    csv.field_size_limit(SAMPLE_CHARACTERS)
    rows = [row for row in islice(reader, SAMPLE_ROWS) if row]
    if len(rows) > 1 and not is_whole and len(rows) < SAMPLE_ROWS:
        rows.pop()
    return rows


def _lines(sample: str) -> Iterator[str]:
    """Lines that end as files' lines do, and nowhere else."""
    return (found.group() for found in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", sample))


# Header -----------------------------------------------------------------------------------------


def is_value(text: str) -> bool:
    """Whether a cell is a number, a share, a date or a time, and so no name of a column."""
    return bool(_VALUE.fullmatch(text.strip()))


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: none of its cells is a number, date or time.

    Numbers that count on, such as years or hours, name the columns of a wide table.
    """
    first = [cell.strip() for cell in rows[0]]
    values = [cell for cell in first if _VALUE.fullmatch(cell)]
    return not values or _counts_on(first, values)


def _counts_on(first: Sequence[str], values: Sequence[str]) -> bool:
    if len(values) == len(first) or not all(value.isdecimal() for value in values):
        return False
    numbers = [int(value) for value in values]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return False
    if 1900 <= numbers[0] <= 2100:
        return len(numbers) > 1
    return numbers[0] in (0, 1) and len(numbers) > 5

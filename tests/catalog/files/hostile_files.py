"""Files that mean harm, or were harmed: each with what it has to end in.

Bombs, lying sizes, slips, entities, far cells, depth, floods of columns and cells, open quotes,
mixed encodings, damaged tables.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from openpyxl import Workbook

READ = "read"
"""In place of refusals: it is harmless, and is read with the rows that it has."""
KEPT = "kept"
"""It is no table: its bytes are kept, and handed out as a file."""
PARTED = "parted"
"""It is an archive whose tables are read one by one."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file."""

    name: str
    content: bytes
    ends_in: frozenset[str]
    """Names of the refusals that are right, or `READ`, `KEPT` or `PARTED`."""


COUNT: Final = 50
"""There are at least so many."""
_ONE_OF: Final = 3
ALWAYS: Final = frozenset({"far-cell.xlsx", "page.html", "laughs.xlsx"})
"""What was met in real life, or takes another way through."""


def hostile_files(*, is_whole: bool) -> list[Hostile]:
    """All of them, or every third and those of `ALWAYS`; the same bytes each time."""
    assert len(_FILES) >= COUNT
    return [
        Hostile(name, build(), frozenset(ends))
        for number, (name, build, ends) in enumerate(_FILES)
        if is_whole or number % _ONE_OF == 0 or name in ALWAYS
    ]


def _zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def _workbook(*rows: tuple[object, ...]) -> bytes:
    book, saved = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(saved)
    return saved.getvalue()


def _workbook_with(member: str, content: bytes) -> bytes:
    """A workbook one of whose parts is another one."""
    plain = zipfile.ZipFile(io.BytesIO(_workbook(("id", "name"), (1, "a"))))
    parts = [(name, plain.read(name)) for name in plain.namelist() if name != member]
    return _zip(*parts, (member, content))


SHEET = "xl/worksheets/sheet1.xml"
_SHEET_HEAD = (
    b'<?xml version="1.0"?>%s<worksheet xmlns='
    b'"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
_SHEET_TAIL = b"</sheetData></worksheet>"


def _sheet(rows: bytes, doctype: bytes = b"") -> bytes:
    return _workbook_with(SHEET, _SHEET_HEAD % doctype + rows + _SHEET_TAIL)


def _laughs() -> bytes:
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
    )
    cell = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row>'
    return _sheet(cell, b"<!DOCTYPE x [" + entities + b"]>")


def _outside() -> bytes:
    doctype = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    cell = (
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
        b'<row r="2"><c r="A2" t="inlineStr"><is><t>&e;</t></is></c></row>'
    )
    return _sheet(cell, doctype)


def _far_cell() -> bytes:
    return _sheet(
        b'<row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )


def _lying_zip(*, told: int) -> bytes:
    """A zip whose directory tells another size than its member has."""
    content = bytearray(_zip(("a.csv", b"id,name\n" + b"1,a\n" * 500_000)))
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, local + 22, told)
    struct.pack_into("<I", content, central + 24, told)
    return bytes(content)


def _overlapping() -> bytes:
    """Two members of the directory that share one place."""
    packed = bytearray(_zip(("a.csv", b"id\n1\n"), ("b.csv", b"id\n2\n")))
    first = packed.index(b"PK\x01\x02")
    second = packed.index(b"PK\x01\x02", first + 4)
    struct.pack_into("<I", packed, second + 42, 0)
    return bytes(packed)


def _encrypted() -> bytes:
    packed = bytearray(_zip(("a.csv", b"id\n1\n")))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(mark) + at] |= 1
    return bytes(packed)


def _link() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        member = zipfile.ZipInfo("a.csv")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    return packed.getvalue()


def _zip_bomb() -> bytes:
    return _zip(("a.csv", b"id,name\n" + b"1,a\n" * (3 << 20)))


def _parquet(damage: Callable[[bytearray], None] | None = None, **options: object) -> bytes:
    table = pa.table({"id": list(range(20_000)), "name": ["x" * (n % 7) for n in range(20_000)]})
    sink = io.BytesIO()
    pq.write_table(table, sink, write_page_checksum=True, **options)
    content = bytearray(sink.getvalue())
    if damage is not None:
        damage(content)
    return bytes(content)


def _flip(content: bytearray) -> None:
    content[len(content) // 2] ^= 0x10


def _no_footer(content: bytearray) -> None:
    del content[-40:]


def _huge_footer(content: bytearray) -> None:
    struct.pack_into("<I", content, len(content) - 8, 0xFFFFFFF0)


def _noise_inside(content: bytearray) -> None:
    content[4:-8] = random.Random(7).randbytes(len(content) - 12)


def _arrow(cut: int) -> bytes:
    sink = io.BytesIO()
    table = pa.table({"id": list(range(1_000))})
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue()[: len(sink.getvalue()) - cut]


def _sqlite(*, application_id: int, statements: tuple[str, ...] = ()) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        with sqlite3.connect(path) as base:
            base.execute(f"PRAGMA application_id = {application_id}")
            base.execute("CREATE TABLE t (id INTEGER)")
            for statement in statements:
                base.execute(statement)
        base.close()
        return path.read_bytes()


def _wide(columns: int) -> bytes:
    names = ",".join(f"c{n}" for n in range(columns))
    return f"{names}\n{','.join('1' * columns)}\n".encode()


_GPKG = 0x47504B47
_ENDLESS = (
    "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i FROM n"
)
_TABLE = b"id,name\n1,a\n2,b\n"
_ARCHIVE = ("ArchiveUnsafe", "ArchiveTooLarge")
_BOOK = ("WorkbookUnreadable", "NoTableInside")
_TEXT = (
    *("EncodingUnknown", "EncodingMixed", "FileIsBinary", "RowsRagged", "NoTableInside"),
    *("QuoteMisplaced", "QuoteLeftOpen", "FileEmpty", "FileCutOff", "FileIsWebPage"),
)
_JSON = ("JsonUnreadable", "JsonTooDeep", "NoTableInside")

_FILES: list[tuple[str, Callable[[], bytes], tuple[str, ...]]] = [
    # Archives
    ("bomb.zip", _zip_bomb, _ARCHIVE),
    ("bomb.csv.gz", lambda: gzip.compress(b"1,a\n" * (3 << 20)), _ARCHIVE),
    ("bomb-in-bomb.zip", lambda: _zip(("a.zip", _zip_bomb())), ("NoTableInside",)),
    ("zip-called-csv.zip", lambda: _zip(("a.csv", _zip(("b.csv", _TABLE)))), _ARCHIVE),
    ("gzip-in-gzip.gz", lambda: gzip.compress(gzip.compress(_TABLE)), _ARCHIVE),
    ("lying-small.zip", lambda: _lying_zip(told=10), (*_ARCHIVE, READ, *_TEXT)),
    ("lying-large.zip", lambda: _lying_zip(told=0x7FFFFFFF), (*_ARCHIVE, READ)),
    ("overlap.zip", _overlapping, (*_ARCHIVE, PARTED)),
    ("encrypted.zip", _encrypted, _ARCHIVE),
    ("slip.zip", lambda: _zip(("../../../tmp/evil.csv", _TABLE)), ("NoTableInside", *_ARCHIVE)),
    ("absolute.zip", lambda: _zip(("/etc/cron.d/evil.csv", _TABLE)), (READ, *_ARCHIVE)),
    ("link.zip", _link, (READ, *_TEXT)),
    ("many.zip", lambda: _zip(*((f"{n}.csv", b"") for n in range(1_200))), _ARCHIVE),
    ("cut.zip", lambda: _zip(("a.csv", _TABLE * 900))[:-30], _ARCHIVE),
    ("empty.zip", _zip, ("NoTableInside",)),
    ("noise.gz", lambda: b"\x1f\x8b" + random.Random(1).randbytes(4_000), _ARCHIVE),
    ("cut.gz", lambda: gzip.compress(_TABLE * 900)[:-12], _ARCHIVE),
    # Workbooks
    ("laughs.xlsx", _laughs, (*_BOOK, READ)),
    ("outside.xlsx", _outside, (*_BOOK, READ)),
    ("far-cell.xlsx", _far_cell, ("SheetReachesTooFar",)),
    ("no-sheet.xlsx", lambda: _workbook_with(SHEET, b""), _BOOK),
    ("noise-sheet.xlsx", lambda: _workbook_with(SHEET, random.Random(2).randbytes(9_000)), _BOOK),
    ("open-tags.xlsx", lambda: _sheet(b"<row>" * 50_000), (*_BOOK, READ)),
    ("wide.xlsx", lambda: _workbook(tuple(range(3_000))), ("SheetReachesTooFar",)),
    ("formula.xlsx", lambda: _workbook(("id", "x"), (1, '=HYPERLINK("http://x","y")')), (READ,)),
    ("huge-strings.xlsx", lambda: _workbook(("id",), ("x" * 32_767,)), (READ,)),
    ("noise.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000), _BOOK),
    # JSON
    ("deep.json", lambda: b"[" * 100_000 + b"]" * 100_000, _JSON),
    ("deep-objects.json", lambda: b'{"a":' * 5_000 + b"1" + b"}" * 5_000, _JSON),
    ("deep.json5", lambda: b"// x\n" + b"[" * 20_000 + b"]" * 20_000, _JSON),
    ("cut.json", lambda: json.dumps([{"id": n} for n in range(999)]).encode()[:-9], _JSON),
    (
        "keys.json",
        lambda: json.dumps([{f"k{n}": n} for n in range(5_000)]).encode(),
        ("TooManyColumns",),
    ),
    ("huge-number.json", lambda: b'[{"id": ' + b"9" * 500_000 + b"}]", ("NumberTooLong",)),
    ("twice.json", lambda: b'[{"id": 1, "id": 2}]', (READ, *_JSON)),
    ("not-a-list.json", lambda: b'{"a": 1}', (*_JSON, READ)),
    # Delimited
    ("columns.csv", lambda: _wide(100_000), ("TooManyColumns", "RowTooLarge")),
    ("cell.csv", lambda: b"id,x\n1," + b"y" * (3 << 20) + b"\n", ("CellTooLarge", "RowTooLarge")),
    (
        "quoted-cell.csv",
        lambda: b'id,x\n1,"' + b"y\n" * (2 << 20) + b'"\n',
        ("CellTooLarge", "RowTooLarge"),
    ),
    ("one-line.csv", lambda: b"a," * (9 << 20), ("TooManyColumns", "RowTooLarge", "CellTooLarge")),
    ("ragged.csv", lambda: _TABLE + b"3,c,d,e\n" + _TABLE, ("RowsRagged",)),
    ("open-quote.csv", lambda: b'id,name\n1,"a\n2,b\n' * 50, ("QuoteLeftOpen", "QuoteMisplaced")),
    ("last-line.csv", lambda: b"id,name\n1,a\n2", ("LastLineCutOff",)),
    ("zeros.csv", lambda: bytes(100_000), _TEXT),
    ("noise.csv", lambda: random.Random(3).randbytes(50_000), _TEXT),
    (
        "mixed.csv",
        lambda: "id,名\n1,站\n".encode() * 9 + "2,站点\n".encode("gb18030"),
        (*_TEXT, READ),
    ),
    ("half-utf16.csv", lambda: b"\xff\xfe" + "id,名\n1,站\n".encode("utf-16-le")[:-1], _TEXT),
    ("names.csv", lambda: b"id,id,,ID\n1,2,3,4\n", (READ,)),
    ("nothing.csv", lambda: b"\n\n\n", _TEXT),
    ("program", lambda: b"\x7fELF" + random.Random(4).randbytes(9_000), _TEXT),
    ("page.html", lambda: b"<!doctype html><script>alert(1)</script>\n" * 9, (KEPT, "NoTable")),
    # Tables that bring their types
    ("flipped.parquet", lambda: _parquet(_flip), ("ColumnarUnreadable",)),
    ("no-footer.parquet", lambda: _parquet(_no_footer), ("ColumnarUnreadable",)),
    ("huge-footer.parquet", lambda: _parquet(_huge_footer), ("ColumnarUnreadable",)),
    ("noise.parquet", lambda: _parquet(_noise_inside), ("ColumnarUnreadable",)),
    ("cut.arrow", lambda: _arrow(200), ("ColumnarUnreadable",)),
    ("stream.arrow", lambda: b"\xff\xff\xff\xff" + b"\x7f" * 400, ("ColumnarUnreadable",)),
    # Maps
    (
        "empty.gpkg",
        lambda: _sqlite(application_id=_GPKG),
        ("NoTableInside", "GeometryUnreadable", "LayerUnreadable", "LayerIncomplete"),
    ),
    (
        "view.gpkg",
        lambda: _sqlite(
            application_id=_GPKG,
            statements=(
                "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)",
                "INSERT INTO gpkg_contents VALUES ('v', 'features')",
                _ENDLESS,
            ),
        ),
        (
            "NoTableInside",
            "GeometryUnreadable",
            "LayerUnreadable",
            "LayerIncomplete",
            "ReadingTooLong",
            "QueryTooLong",
        ),
    ),
    (
        "half.shp.zip",
        lambda: _zip(("a.shp", b"\x00\x00\x27\x0a" + bytes(96))),
        ("LayerIncomplete", "GeometryUnreadable", "LayerUnreadable"),
    ),
]

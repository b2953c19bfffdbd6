"""What kind of file arrived, by its first bytes and never by its name.

Source: PKWARE APPNOTE s. 4.3 (zip); OpenDocument 1.3 part 2 s. 3.3; GeoPackage 1.3 s. 1.1.1;
Apache Parquet and Arrow, file formats.
"""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from catalog.files.zip_damage import ZIP_DAMAGE

HEAD_BYTES: Final = 8_192

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SQLITE: Final = b"SQLite format 3\0"
_GEOPACKAGE_IDS: Final = (b"GPKG", b"GP10", b"GP11")
_APPLICATION_ID_AT: Final = 68
_SPREADSHEET_MIME: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_COMMENT: Final = re.compile(r"\s*(?://[^\n]*(?:\n|$)|/\*.*?\*/)", re.DOTALL)
_JSON: Final = re.compile(
    r"""\{\s*(?:"|'|\}|//|/\*|[A-Za-z_$][\w$]*\s*:)"""
    r"""|\[\s*(?:[{\["'\d\]-]|true|false|null|//|/\*)"""
)


class FileKind(StrEnum):
    """How a file is read."""

    DELIMITED = "delimited"
    WORKBOOK = "workbook"
    JSON = "json"
    SHAPEFILE = "shapefile"
    GEOPACKAGE = "geopackage"
    PARQUET = "parquet"
    ARROW = "arrow"
    ARCHIVE = "archive"
    GZIP = "gzip"


def kind_of(source: Path) -> FileKind:
    """The kind of a file; what is nothing else is taken for delimited text."""
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(source)
    if head.startswith(_OLE):
        return FileKind.WORKBOOK
    if head.startswith(b"PAR1"):
        return FileKind.PARQUET
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return FileKind.ARROW
    if head.startswith(b"\x1f\x8b"):
        return FileKind.GZIP
    identity = head[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4]
    if head.startswith(_SQLITE) and identity in _GEOPACKAGE_IDS:
        return FileKind.GEOPACKAGE
    return FileKind.JSON if _is_json(head) else FileKind.DELIMITED


def _kind_of_zip(source: Path) -> FileKind:
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" in names and any(n.startswith("xl/") for n in names):
                return FileKind.WORKBOOK
            is_named = "mimetype" in names and archive.getinfo("mimetype").file_size < 200
            if is_named and archive.read("mimetype").strip().startswith(_SPREADSHEET_MIME):
                return FileKind.WORKBOOK
    except ZIP_DAMAGE:
        return FileKind.ARCHIVE
    if any(PurePosixPath(name).suffix.lower() == ".shp" for name in names):
        return FileKind.SHAPEFILE
    return FileKind.ARCHIVE


def _is_json(head: bytes) -> bool:
    """Whether the text begins as JSON does, or as JSON5 with its comments."""
    text = head.decode("utf-8-sig", "ignore").lstrip()
    while found := _COMMENT.match(text):
        if not found.end():
            break
        text = text[found.end() :].lstrip()
    return bool(_JSON.match(text))

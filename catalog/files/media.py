"""What a file is that is no table, by its bytes and never by its name.

Source: ISO 32000-2 s. 7.5.2 (PDF); PNG, JPEG, GIF, WebP, TIFF signatures; ECMA-376 part 2
(`[Content_Types].xml`); OpenDocument 1.3 part 2 s. 3.3; MS-CFB (names of streams in UTF-16).
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final

from catalog.files.zip_damage import ZIP_DAMAGE

HEAD_BYTES: Final = 8_192
_OLE_BYTES: Final = 1 << 20
"""So far into an old office file the names of its streams are looked for."""
_MIMETYPE_BYTES_MAX: Final = 200
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OPEN: Final = "application/vnd.oasis.opendocument."
_SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "application/ogg"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS: Final = (
    ("WordDocument".encode("utf-16-le"), "application/msword"),
    ("PowerPoint Document".encode("utf-16-le"), "application/vnd.ms-powerpoint"),
)
_WORKBOOK_STREAMS: Final = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))
_ZIPPED: Final = (
    ("word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    ("ppt/presentation.xml", f"{_OFFICE}presentationml.presentation"),
)
_ODF: Final = {
    f"{_OPEN}{kind}" for kind in ("text", "presentation", "graphics", "formula", "chart", "image")
}
_MARKUP: Final = re.compile(
    rb"(?:\s|<\?xml[^>]*\?>|<!--.*?-->|<!doctype[^>\[]*(?:\[[^\]]*\])?>)*<(?P<first>svg|html)[\s>]",
    re.DOTALL | re.IGNORECASE,
)
_DOCTYPE: Final = re.compile(rb"\s*<!doctype\s+html", re.IGNORECASE)
_MARK: Final = b"\xef\xbb\xbf"

FORMATS: Final = {
    "application/pdf": "PDF",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "image/tiff": "TIFF",
    "image/svg+xml": "SVG",
    "text/html": "HTML",
    "application/rtf": "RTF",
    "application/msword": "DOC",
    "application/vnd.ms-powerpoint": "PPT",
    f"{_OFFICE}wordprocessingml.document": "DOCX",
    f"{_OFFICE}presentationml.presentation": "PPTX",
    f"{_OPEN}text": "ODT",
    f"{_OPEN}presentation": "ODP",
    f"{_OPEN}graphics": "ODG",
    "audio/mpeg": "MP3",
    "application/ogg": "OGG",
    "video/mp4": "MP4",
    "application/x-7z-compressed": "7Z",
    "application/vnd.rar": "RAR",
}
"""Media type → the format as people call it."""


def media_type_of(source: Path) -> str | None:
    """The media type of a file that is known to be no table; None for all others."""
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head.startswith(_OLE):
            return _of_streams(head + file.read(_OLE_BYTES))
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"PK\x03\x04"):
        return _of_members(source)
    text = head.removeprefix(_MARK)
    if _DOCTYPE.match(text):
        return "text/html"
    if found := _MARKUP.match(text):
        return "image/svg+xml" if found["first"].lower() == b"svg" else "text/html"
    return None


def _of_streams(head: bytes) -> str | None:
    if any(name in head for name in _WORKBOOK_STREAMS):
        return None
    return next((media_type for name, media_type in _OLE_STREAMS if name in head), None)


def _of_members(source: Path) -> str | None:
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
            for name, media_type in _ZIPPED:
                if name in names and "[Content_Types].xml" in names:
                    return media_type
            if "mimetype" in names:
                told = archive.getinfo("mimetype")
                if told.file_size <= _MIMETYPE_BYTES_MAX:
                    kind = archive.read("mimetype").decode("ascii", "replace").strip()
                    return kind if kind in _ODF else None
    except ZIP_DAMAGE:
        return None
    return None

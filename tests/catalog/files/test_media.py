from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from catalog.files.kind import FileKind, kind_of
from catalog.files.media import media_type_of

_OFFICE = "application/vnd.openxmlformats-officedocument."


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def old_office(stream: str) -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + stream.encode("utf-16-le") + b"\0" * 9
    )


CASES = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\n", "application/pdf"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    "webp": (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    "docx": (
        zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")),
        f"{_OFFICE}wordprocessingml.document",
    ),
    "pptx": (
        zipped(("[Content_Types].xml", b"<Types/>"), ("ppt/presentation.xml", b"<p/>")),
        f"{_OFFICE}presentationml.presentation",
    ),
    "odt": (
        zipped(("mimetype", b"application/vnd.oasis.opendocument.text")),
        "application/vnd.oasis.opendocument.text",
    ),
    "doc": (old_office("WordDocument"), "application/msword"),
    "svg": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="x">', "image/svg+xml"),
    "svg with doctype": (
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "a"><svg >',
        "image/svg+xml",
    ),
    "html": (b"\n<!doctype HTML><title>a", "text/html"),
    "html without doctype": (b"<html lang=zh><body>", "text/html"),
    "xls": (old_office("Workbook"), None),
    "xlsx": (zipped(("[Content_Types].xml", b"<T/>"), ("xl/workbook.xml", b"<w/>")), None),
    "ods": (zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")), None),
    "zip of tables": (zipped(("a.csv", b"id\n1\n")), None),
    "broken zip": (b"PK\x03\x04 and no more", None),
    "csv": (b"id,name\n1,a\n", None),
    "json": (b'[{"a": 1}]', None),
    "csv of markup": (b"id,text\n1,<svg >\n", None),
    "xml of something else": (b'<?xml version="1.0"?><rows><row/></rows>', None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize("name", list(CASES))
def test_bytes_tell_what_is_no_table(tmp_path: Path, name: str) -> None:
    content, expected = CASES[name]
    source = tmp_path / "sent"
    source.write_bytes(content)

    assert media_type_of(source) == expected


def test_markup_that_never_begins_costs_no_time(tmp_path: Path) -> None:
    source = tmp_path / "sent"
    source.write_bytes(b"<!-- " * 2_000 + b"<?xml " * 500)

    assert media_type_of(source) is None


def test_a_zip_whose_name_of_itself_is_noise_is_a_zip(tmp_path: Path) -> None:
    source = tmp_path / "table.ods"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    content = bytearray(source.read_bytes())
    packed_at = 30 + len("mimetype")
    content[packed_at : packed_at + 8] = b"\xff" * 8
    source.write_bytes(content)

    assert kind_of(source) is FileKind.ARCHIVE
    assert media_type_of(source) is None

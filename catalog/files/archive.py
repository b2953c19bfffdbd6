"""Files in archives, one at a time and never by their own names.

What an archive says of its sizes is not believed: bytes are counted while they unpack.

Source: PKWARE APPNOTE 6.3.10; RFC 1952 (gzip).
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Final

from catalog.file_errors import ArchiveTooLarge, ArchiveUnsafe, NoTableInside, PartUnknown
from catalog.files.wish import Wish
from catalog.files.zip_damage import ZIP_DAMAGE

MEMBERS_MAX: Final = 1_000
SIZE_BYTES_MAX: Final = 10 << 30
RATIO_MAX: Final = 200
RATIO_FROM_BYTES: Final = 10 << 20
"""Smaller files may be as empty as they like."""

TABLE_SUFFIXES: Final = (
    ".csv", ".tsv", ".txt", ".tab", ".json", ".jsonl", ".ndjson", ".json5", ".geojson", ".xlsx",
    ".xls", ".xlsb", ".ods", ".parquet", ".arrow", ".feather", ".gpkg",
)  # fmt: skip
_CHUNK_BYTES: Final = 1 << 20


def tables_in(source: Path) -> tuple[str, ...]:
    """The members of a zip that may hold tables, by name.

    Raises: ArchiveUnsafe, ArchiveTooLarge.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
    except ZIP_DAMAGE:
        raise ArchiveUnsafe from None
    if len(members) > MEMBERS_MAX:
        raise ArchiveTooLarge(MEMBERS_MAX, SIZE_BYTES_MAX)
    if any(member.flag_bits & 1 for member in members):
        raise ArchiveUnsafe
    return tuple(
        sorted(
            member.filename
            for member in members
            if not member.is_dir() and is_table(member.filename)
        )
    )


def is_table(name: str) -> bool:
    """Whether a member is called like a table; hidden files and folders of systems are not."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in TABLE_SUFFIXES


def chosen_table(source: Path, wish: Wish) -> tuple[str, tuple[str, ...]]:
    """Which member is read, and all that could be.

    Raises: ArchiveUnsafe, ArchiveTooLarge, NoTableInside, PartUnknown.
    """
    names = tables_in(source)
    if not names:
        raise NoTableInside
    if wish.part is None:
        return names[0], names
    if wish.part not in names:
        raise PartUnknown(wish.part, names)
    return wish.part, names


def unpack(source: Path, member: str, target: Path) -> None:
    """Write one member to `target`.

    Raises: ArchiveUnsafe, ArchiveTooLarge.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            packed_bytes = archive.getinfo(member).compress_size
            with archive.open(member) as packed:
                _copy(packed, target, packed_bytes)
    except (*ZIP_DAMAGE, KeyError):
        raise ArchiveUnsafe from None


def unpack_gzip(source: Path, target: Path) -> None:
    """Write what a gzip file holds to `target`.

    Raises: ArchiveUnsafe, ArchiveTooLarge.
    """
    try:
        with gzip.open(source) as packed:
            _copy(packed, target, source.stat().st_size)
    except (OSError, EOFError, zlib.error):
        raise ArchiveUnsafe from None


def _copy(packed: IO[bytes] | gzip.GzipFile, target: Path, packed_bytes: int) -> None:
    unpacked_bytes = 0
    with target.open("wb") as out:
        while chunk := packed.read(_CHUNK_BYTES):
            unpacked_bytes += len(chunk)
            if unpacked_bytes > SIZE_BYTES_MAX:
                raise ArchiveTooLarge(MEMBERS_MAX, SIZE_BYTES_MAX)
            if unpacked_bytes > max(RATIO_FROM_BYTES, packed_bytes * RATIO_MAX):
                raise ArchiveUnsafe
            out.write(chunk)

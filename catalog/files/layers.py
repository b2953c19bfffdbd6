"""Layers of maps: zipped shapefiles and GeoPackages; the geometry becomes GeoJSON text.

Coordinates stay in the system that the file names, which the reading tells.

Source: ESRI Shapefile Technical Description (1998); OGC GeoPackage 1.3.1; RFC 7946.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

import shapefile
import shapely

from catalog.file_errors import (
    ArchiveUnsafe,
    GeometryUnreadable,
    LayerIncomplete,
    NoTableInside,
    PartUnknown,
)
from catalog.files.archive import unpack
from catalog.files.names import unique_names
from catalog.files.records import GEOMETRY
from catalog.files.staging import Staged, Staging
from catalog.files.wish import Wish

CRS_LENGTH_CHARACTERS: Final = 2_000
_TELL_EVERY: Final = 5_000
_ENVELOPE_BYTES: Final = (0, 32, 48, 48, 64)


def stage_shapefile(source: Path, work: Path, wish: Wish, tell: Callable[[int], None]) -> Staged:
    """Write the rows of one shapefile of a zip: its attributes, then its geometry.

    Raises: LayerIncomplete, PartUnknown, ArchiveUnsafe, ArchiveTooLarge, GeometryUnreadable.
    """
    with zipfile.ZipFile(source) as archive:
        members = {name.lower(): name for name in archive.namelist()}
    layers = {
        str(PurePosixPath(name).with_suffix("")): name
        for name in sorted(members)
        if name.endswith(".shp")
    }
    chosen = wish.part if wish.part is not None else next(iter(layers))
    if chosen not in layers:
        raise PartUnknown(chosen, list(layers))
    found = {
        suffix: members.get(f"{chosen}{suffix}")
        for suffix in (".shp", ".shx", ".dbf", ".cpg", ".prj")
    }
    if not (found[".shp"] and found[".shx"] and found[".dbf"]):
        raise LayerIncomplete
    for suffix, member in found.items():
        if member:
            unpack(source, member, work / f"layer{suffix}")
    encoding = _code_page(work / "layer.cpg", work / "layer.dbf")
    try:
        with shapefile.Reader(str(work / "layer"), encoding=encoding) as layer:
            fields = [field[0] for field in layer.fields[1:]]
            names, renamed = unique_names([*fields, GEOMETRY])
            with Staging(work, len(names)) as staging:
                for row, each in enumerate(layer.iterShapeRecords()):
                    geometry = None
                    if each.shape.shapeType != shapefile.NULL:
                        geometry = _geojson(shapely.geometry.shape(each.shape), row + 1)
                    staging.add([*map(_attribute, each.record), geometry])
                    if row % _TELL_EVERY == 0:
                        tell(1000 * row // max(len(layer), 1))
    except (shapefile.ShapefileException, UnicodeError, OSError, ValueError, IndexError):
        raise ArchiveUnsafe from None
    crs = work / "layer.prj"
    return Staged(
        names,
        renamed,
        part=chosen,
        parts=tuple(layers),
        encoding=encoding,
        notes=(crs.read_text("utf-8", "replace")[:CRS_LENGTH_CHARACTERS],) if crs.exists() else (),
    )


def stage_geopackage(source: Path, work: Path, wish: Wish, tell: Callable[[int], None]) -> Staged:
    """Write the rows of one layer of a GeoPackage.

    Raises: NoTableInside, PartUnknown, GeometryUnreadable.
    """
    try:
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            return _stage_layer(db, work, wish, tell)
    except sqlite3.Error:
        raise NoTableInside from None


def _stage_layer(
    db: sqlite3.Connection, work: Path, wish: Wish, tell: Callable[[int], None]
) -> Staged:
    layers = [
        str(name)
        for (name,) in db.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
            " ORDER BY table_name"
        )
    ]
    if not layers:
        raise NoTableInside
    chosen = wish.part if wish.part is not None else layers[0]
    if chosen not in layers:
        raise PartUnknown(chosen, layers)
    held = db.execute(
        "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (chosen,)
    ).fetchone()
    table = '"' + chosen.replace('"', '""') + '"'
    total = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
    cursor = db.execute(f"SELECT * FROM {table}")  # noqa: S608
    columns = [column[0] for column in cursor.description]
    place = columns.index(held[0]) if held and held[0] in columns else None
    names, renamed = unique_names(columns)
    with Staging(work, len(names)) as staging:
        for row, cells in enumerate(cursor):
            texts: list[str | None] = []
            for index, cell in enumerate(cells):
                if index == place and cell is not None:
                    texts.append(_of_geopackage(cell, row + 1))
                else:
                    texts.append(_attribute(cell))
            staging.add(texts)
            if row % _TELL_EVERY == 0:
                tell(1000 * row // max(total, 1))
    return Staged(names, renamed, part=chosen, parts=tuple(layers), encoding="utf-8")


def _of_geopackage(blob: object, row: int) -> str | None:
    """A geometry behind the header that GeoPackage puts before well-known binary."""
    if not isinstance(blob, bytes) or len(blob) < 8 or not blob.startswith(b"GP"):
        raise GeometryUnreadable(row)
    flags = blob[3]
    if flags & 0x10:
        return None
    envelope = flags >> 1 & 0x07
    if envelope >= len(_ENVELOPE_BYTES):
        raise GeometryUnreadable(row)
    try:
        geometry = shapely.from_wkb(blob[8 + _ENVELOPE_BYTES[envelope] :])
    except shapely.errors.ShapelyError:
        raise GeometryUnreadable(row) from None
    return _geojson(geometry, row)


def _geojson(geometry: shapely.Geometry, row: int) -> str:
    try:
        text = shapely.to_geojson(geometry)
    except (shapely.errors.ShapelyError, NotImplementedError):
        # The latter where GeoJSON has no such geometry: curves, surfaces.
        raise GeometryUnreadable(row) from None
    return str(text)


def _attribute(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value.rstrip("\0 ") or None
        case bytes():
            return value.hex()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _code_page(named: Path, table: Path) -> str:
    """The encoding of the attributes: as named, else whichever reads the whole table."""
    if named.exists():
        name = named.read_text("ascii", "ignore").strip()
        name = f"cp{name}" if name.isdecimal() else name
        try:
            "".encode(name)
        except LookupError:
            pass
        else:
            return name
    return _first_that_reads(table, ("utf-8", "gb18030", "cp950"))


def _first_that_reads(table: Path, encodings: Sequence[str]) -> str:
    content = table.read_bytes()
    for encoding in encodings:
        try:
            content[32:].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import struct
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import shapefile
import shapely

from catalog.confine import ConfinedJob
from catalog.errors import FileIsBinary
from catalog.file_errors import ArchiveTooLarge, ArchiveUnsafe, ColumnarUnreadable, LayerIncomplete
from catalog.files.archive import MEMBERS_MAX
from catalog.files.read import read_table
from tests.catalog.files.reading import read

ROWS = pa.table(
    {
        "n": pa.array([1, None], pa.int32()),
        "u": pa.array([2**64 - 1, 0], pa.uint64()),
        "d": pa.array([Decimal("1.10"), Decimal("2.00")]),
        "t": pa.array([datetime(2026, 11, 22, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
        "s": pa.array(["东", "西"]).dictionary_encode(),
        "l": pa.array([[1, 2], []]),
    }
)


def written(content: bytes, folder: Path) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def zipped(members: dict[str, bytes], folder: Path) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written(packed.getvalue(), folder)


@pytest.mark.parametrize("form", ["parquet", "file", "stream"])
def test_parquet_and_arrow_keep_their_types(form: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    match form:
        case "parquet":
            pq.write_table(ROWS, path)
        case "file":
            with pa.ipc.new_file(path, ROWS.schema) as file:
                file.write_table(ROWS)
        case _:
            with pa.ipc.new_stream(path, ROWS.schema) as stream:
                stream.write_table(ROWS)

    table = read(path, tmp_path / "work")

    assert table.types == {
        "n": "integer", "u": "decimal", "d": "decimal", "t": "instant", "s": "text", "l": "text",
    }  # fmt: skip
    assert table.rows[0][:3] == (1, Decimal(2**64 - 1), Decimal("1.10"))
    assert table.rows[0][4:] == ("东", "[1, 2]")


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    pq.write_table(ROWS, path)
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(ColumnarUnreadable):
        read(path, tmp_path / "work")


def test_one_table_in_a_zip_or_gzip_is_read_at_once(tmp_path: Path) -> None:
    text = "编号,值\n001,1\n".encode("gb18030")
    packed = zipped({"read me.pdf": b"%PDF", "__MACOSX/._a.csv": b"x", "a.csv": text}, tmp_path)

    in_zip = read(packed, tmp_path / "a")
    in_gzip = read(written(gzip.compress(text), tmp_path), tmp_path / "b")

    assert in_zip.rows == in_gzip.rows == [("001", 1)]
    assert in_zip.reading.part == "a.csv"


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (gzip.compress(b"0," * (20 << 20)), ArchiveUnsafe),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n")), ArchiveUnsafe),
        (gzip.compress(b"a,b\n1,2\n")[:-6], ArchiveUnsafe),
        (b"\x7fELF\x02\x01\x01" + b"\x00" * 64, FileIsBinary),
    ],
    ids=["a bomb", "twice packed", "cut off", "a program"],
)
def test_what_hides_or_holds_no_table_is_refused(
    content: bytes, refusal: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(refusal):
        read(written(content, tmp_path), tmp_path / "work")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "application/x-7z-compressed"),
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
    ],
)
def test_a_file_that_is_known_to_be_no_table_is_told_by_its_type(
    content: bytes, media_type: str, tmp_path: Path
) -> None:
    job = ConfinedJob({"wish": {}}, (written(content, tmp_path),), tmp_path, lambda _: None)

    assert read_table(job) == {"media_type": media_type}


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    packed = zipped({f"{number}.csv": b"" for number in range(MEMBERS_MAX + 1)}, tmp_path)

    with pytest.raises(ArchiveTooLarge):
        read(packed, tmp_path / "work")


def test_a_shapefile_gives_attributes_and_geometry(tmp_path: Path) -> None:
    parts = {suffix: io.BytesIO() for suffix in ("shp", "shx", "dbf")}
    with shapefile.Writer(**parts, encoding="gb18030") as layer:
        layer.field("name", "C", 40)
        layer.field("lanes", "N")
        layer.line([[[121.5, 31.2], [121.6, 31.3]]])
        layer.record("中山路", 4)
    members = {f"roads/main.{suffix}": part.getvalue() for suffix, part in parts.items()}

    table = read(zipped(members, tmp_path), tmp_path / "work")

    assert list(table.types) == ["name", "lanes", "geometry"]
    assert table.rows[0][:2] == ("中山路", 4)
    assert json.loads(str(table.rows[0][2]))["type"] == "LineString"
    assert table.reading.encoding == "gb18030"
    del members["roads/main.dbf"]
    with pytest.raises(LayerIncomplete):
        read(zipped(members, tmp_path), tmp_path / "again")


def test_a_geopackage_gives_its_layer(tmp_path: Path) -> None:
    path = tmp_path / "file"
    database = sqlite3.connect(path)
    database.executescript(
        """
        PRAGMA application_id = 0x47504B47;
        CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);
        CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT);
        INSERT INTO gpkg_contents VALUES ('stops', 'features');
        INSERT INTO gpkg_geometry_columns VALUES ('stops', 'geom');
        CREATE TABLE stops (fid INTEGER PRIMARY KEY, geom BLOB, name TEXT);
        """
    )
    header = b"GP\0\x01" + struct.pack("<i", 4326)
    blob = header + shapely.to_wkb(shapely.Point(121.5, 31.2))
    database.execute("INSERT INTO stops VALUES (1, ?, '东华门')", (blob,))
    database.commit()
    database.close()

    table = read(path, tmp_path / "work")

    assert table.rows[0][2] == "东华门"
    assert json.loads(str(table.rows[0][1])) == {"type": "Point", "coordinates": [121.5, 31.2]}


def test_title_lines_of_a_text_are_kept_as_notes(tmp_path: Path) -> None:
    path = written(
        '月度报表\n2026年11月\n\n站名,客流\n东华门,"1,204"\n西单,987\n'.encode(), tmp_path
    )

    table = read(path, tmp_path / "work")

    assert table.rows == [("东华门", 1204), ("西单", 987)]
    assert table.reading.notes == ("月度报表", "2026年11月")
    assert table.reading.formats == {"客流": "1,234.5"}
    assert table.reading.header_row == 4


def test_numbers_in_ten_thousands_are_numbers(tmp_path: Path) -> None:
    table = read(
        written("区,人口\n东城,51.2万\n西城,1.1亿\n通州,870\n".encode(), tmp_path), tmp_path / "w"
    )

    assert [row[1] for row in table.rows] == [512_000.0, 110_000_000.0, 870.0]


def test_the_publishers_choices_stand_before_the_guesses(tmp_path: Path) -> None:
    path = written(b"a|b,c\n1|2,3\n", tmp_path)

    table = read(path, tmp_path / "a", {"delimiter": "|"})
    without = read(path, tmp_path / "b", {"delimiter": ",", "has_header": False})

    assert table.rows == [(1, "2,3")]
    assert len(without.rows) == 2


def test_every_shared_file_is_read_with_its_rows(shared_data: Path, tmp_path: Path) -> None:
    expected = {
        "catalogues/ckan_export_datacatalogs.json": 390,
        "catalogues/kaohsiung_catalogue.json": 1_556,
        "catalogues/philadelphia_catalogue.jsonl": 463,
        "catalogues/taipei_catalogue_big5.csv": 1_127,
        "catalogues/taoyuan_catalogue_utf8.csv": 1_444,
        "catalogues/dcatus_with_none.json": 402,
        "geo/chicago_bike_routes.geojson": 1_061,
        "geo/dresden_parking.geojson": 61,
        "tables/beijing_subway_line1.json5": 35,
        "tables/cn_areas_gbk.csv": 2_978,
        "tables/dresden_parking_altmarkt.csv": 40_986,
        "tables/nyc_env_indicator_2415.json": 30_064,
        "tables/nyc_env_metadata.json": 237,
    }

    found = {
        name: len(read(shared_data / name, tmp_path / str(number)).rows)
        for number, name in enumerate(expected)
    }

    assert found == expected

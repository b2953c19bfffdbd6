from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import (
    EncodingUnknown,
    FileCutOff,
    FileEmpty,
    FileIsArchive,
    FileIsBinary,
    FileIsWebPage,
    TooManyColumns,
)
from catalog.files.sniff import Shape, sniff
from policies.errors import Refusal

STOPS = "编号,站名,区县\n1,东华门,东城区\n2,西单,西城区\n3,王府井,东城区\n"


def look_at(tmp_path: Path, content: bytes) -> Shape:
    source = tmp_path / "source"
    source.write_bytes(content)
    return sniff(source, tmp_path)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
    ],
)
def test_the_encoding_is_found_and_told(tmp_path: Path, encoding: str, told: str) -> None:
    shape = look_at(tmp_path, STOPS.encode(encoding))

    assert shape.encoding == told
    assert shape.names == ("编号", "站名", "区县")
    assert shape.text.read_text(encoding="utf-8-sig") == STOPS


def test_big5_is_not_taken_for_gb18030(tmp_path: Path) -> None:
    text = "編號,資料名稱\n1,臺北市公車站牌位置圖資料\n2,市立圖書館各分館基本資料\n" * 3

    shape = look_at(tmp_path, text.encode("cp950"))

    assert shape.encoding == "cp950"
    assert shape.names == ("編號", "資料名稱")


def test_a_byte_that_is_wrong_in_every_encoding_is_named(tmp_path: Path) -> None:
    good = STOPS.encode("gb18030")

    with pytest.raises(EncodingUnknown) as refusal:
        look_at(tmp_path, good + b"4,\xff\xff,x\n" + good)

    assert refusal.value.gb18030_offset == len(good) + 2


def test_two_encodings_in_one_file_are_refused_and_not_guessed(tmp_path: Path) -> None:
    good = STOPS.encode()

    with pytest.raises(EncodingUnknown) as refusal:
        look_at(tmp_path, good + "4,王府井,东城区\n".encode("gb18030") + good)

    assert refusal.value.utf_8_offset == len(good) + 2


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_that_ends_inside_a_character_is_cut_off(tmp_path: Path, encoding: str) -> None:
    content = STOPS.encode(encoding)[:-2]

    with pytest.raises(FileCutOff) as refusal:
        look_at(tmp_path, content)

    assert len(content) - 3 < refusal.value.offset < len(content)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", FileEmpty),
        (b" \r\n\n", FileEmpty),
        (b"\x1f\x8b\x08....", FileIsArchive),
        (b"\n<!DOCTYPE html><html>", FileIsWebPage),
        (b'<?xml version="1.0"?>', FileIsWebPage),
        (b"PAR1....", FileIsBinary),
        (b"%PDF-1.7", FileIsBinary),
        (b"\x89PNG\r\n", FileIsBinary),
    ],
)
def test_what_is_no_table_is_refused_by_its_kind(
    tmp_path: Path, content: bytes, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        look_at(tmp_path, content)


def test_a_binary_byte_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(FileIsBinary) as refusal:
        look_at(tmp_path, b"id,name\n1,a\0b\n")

    assert refusal.value.offset == 11


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_a_table(tmp_path: Path, delimiter: str) -> None:
    lines = [["id", "name", "text"], ["1", "a", "x, y"], ["2", "b", "z; w"]]
    quoted = [delimiter.join(f'"{cell}"' for cell in line) for line in lines]

    shape = look_at(tmp_path, "\n".join(quoted).encode())

    assert (shape.delimiter, shape.quote) == (delimiter, '"')
    assert shape.names == ("id", "name", "text")


def test_decimal_commas_do_not_hide_semicolons(tmp_path: Path) -> None:
    assert look_at(tmp_path, b"id;price;tax\n1;2,50;0,10\n2;3,75;0,20\n").delimiter == ";"


def test_apostrophes_quote_where_they_enclose_cells(tmp_path: Path) -> None:
    assert look_at(tmp_path, b"'id','name'\n'1','a, b'\n'2','c, d'\n").quote == "'"
    assert look_at(tmp_path, b"id,name\n1,it's\n2,that's\n").quote == '"'


def test_a_table_of_one_column_is_a_table(tmp_path: Path) -> None:
    assert look_at(tmp_path, b"name\na\nb\n").names == ("name",)


@pytest.mark.parametrize(
    ("content", "has_header"),
    [
        (b"id,name\n1,a\n2,b\n", True),
        (b"1,a\n2,b\n", False),
        (b"2015-11-01T00:45:00,47\n2015-11-01T01:00:00,47\n", False),
        (b"district,2023,2024,2025\na,1,2,3\nb,4,5,6\n", True),
        (b"name,district\na,b\nc,d\n", True),
        (b"a,1,2\nb,1,2\n", False),
    ],
)
def test_a_row_of_names_is_told_from_a_row_of_values(
    tmp_path: Path, content: bytes, has_header: bool
) -> None:
    assert look_at(tmp_path, content).has_header is has_header


def test_missing_and_doubled_names_are_mended_and_told(tmp_path: Path) -> None:
    shape = look_at(tmp_path, b",name,Name,name_2, \nx,a,b,c,d\n")

    assert shape.names == ("column_1", "name", "Name_3", "name_2", "column_5")
    assert shape.renamed == {"column_1": "", "Name_3": "Name", "column_5": " "}


def test_a_file_without_header_has_numbered_columns(tmp_path: Path) -> None:
    assert look_at(tmp_path, b"1,2\n3,4\n").names == ("column_1", "column_2")


def test_columns_have_a_bound(tmp_path: Path) -> None:
    with pytest.raises(TooManyColumns) as refusal:
        look_at(tmp_path, ",".join(f"c{n}" for n in range(2_001)).encode() + b"\n")

    assert refusal.value.found == 2_001

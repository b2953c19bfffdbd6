from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.file_errors import JsonTooDeep, JsonUnreadable, NoTableInside
from tests.catalog.files.reading import Table, read


def read_text(text: str, folder: Path, **wish: str) -> Table:
    source = folder / "text"
    source.write_text(text, "utf-8")
    return read(source, folder / "work", dict(wish))


def test_a_list_of_objects_is_rows_and_objects_inside_are_columns(tmp_path: Path) -> None:
    table = read_text(
        '[{"id": "01", "at": {"lon": 121.5, "lat": 31.2}, "tags": ["a", "b"]},'
        ' {"id": "02", "at": {"lon": 120.25, "lat": 30.0}, "open": true}]',
        tmp_path,
    )

    assert table.types == {
        "id": "text", "at.lon": "double", "at.lat": "decimal", "tags": "text", "open": "boolean",
    }  # fmt: skip
    assert table.rows[0] == ("01", 121.5, Decimal("31.2"), '["a", "b"]', None)


def test_the_shallowest_longest_list_is_read_and_another_can_be_chosen(tmp_path: Path) -> None:
    text = '{"count": 2, "data": {"rows": [{"a": 1}, {"a": 2}], "fields": [{"id": "a"}]}}'

    table = read_text(text, tmp_path)

    assert table.rows == [(1,), (2,)]
    assert table.reading.parts == ("data.rows", "data.fields")
    (tmp_path / "again").mkdir()
    assert read_text(text, tmp_path / "again", part="data.fields").rows == [("a",)]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
        '{"a": [1, 2], "b": ["x", "y"]}',
        '[["a", "b"], [1, "x"], [2, "y"]]',
        "// lines\n[{a: 1, b: 'x'}, {a: 2, b: 'y',}]",
    ],
    ids=["lines", "columns side by side", "a list of lists", "JSON5"],
)
def test_every_form_of_the_same_table_is_read(text: str, tmp_path: Path) -> None:
    table = read_text(text, tmp_path)

    assert list(table.types) == ["a", "b"]
    assert table.rows == [(1, "x"), (2, "y")]


def test_numbers_keep_every_digit(tmp_path: Path) -> None:
    table = read_text('[{"n": 12345678901234567890}, {"n": 1}]', tmp_path)

    assert table.rows == [("12345678901234567890",), ("1",)]


def test_features_become_rows_with_their_geometry(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [121.5, 31.2]}
    feature = {"type": "Feature", "id": 7, "properties": {"name": "东华门"}, "geometry": point}

    table = read_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), tmp_path)

    assert list(table.types) == ["id", "name", "geometry"]
    assert json.loads(str(table.rows[0][2])) == point


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ('[{"a": 1}, {"a": ', JsonUnreadable),
        ('{"a": 1]', JsonUnreadable),
        ("[1, 2, 3]", NoTableInside),
        ("[" * 100 + "]" * 100, JsonTooDeep),
    ],
)
def test_what_is_no_table_is_refused(text: str, refusal: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(refusal):
        read_text(text, tmp_path)

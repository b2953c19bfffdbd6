"""Rows out of JSON: a list of objects wherever it stands, columns side by side, or lines.

The list that is read is the shallowest one with the most objects; GeoJSON's features are such a
list, whose geometry becomes one column. Objects inside a row become columns of their own, named
with a point between; lists inside a row stay JSON text. Numbers keep the digits that they have.

Source: RFC 8259; RFC 7946 (GeoJSON); NDJSON 1.0; JSON5 1.0.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import ijson
import pyjson5

from catalog.errors import EncodingUnknown, TooManyColumns
from catalog.file_errors import (
    JsonTooDeep,
    JsonUnreadable,
    NoTableInside,
    NumberTooLong,
    PartUnknown,
)
from catalog.files.names import unique_names
from catalog.files.staging import Staged, Staging
from catalog.files.wish import Wish
from catalog.view import COLUMNS_MAX

LEVELS_MAX: Final = 64
JSON5_BYTES_MAX: Final = 64 << 20
PATHS_MAX: Final = 10_000
FLATTENED_LEVELS_MAX: Final = 4
GEOMETRY: Final = "geometry"

NUMBER_DIGITS_MAX: Final = 4_000

_LONG_NUMBER: Final = re.compile(rb"(?<![0-9])[0-9]{%d}" % (NUMBER_DIGITS_MAX + 1))
_CHUNK_BYTES: Final = 1 << 20
_PLAIN_NAME: Final = "plain.json"
_TELL_EVERY: Final = 5_000
_WHOLE: Final = "(whole)"

Value = str | int | bool | Decimal | None | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class _Survey:
    """What lists there are, by their path."""

    objects: Counter[str]
    rows: Counter[str]
    scalars: Counter[str]
    is_feature_collection: bool

    @property
    def lists(self) -> list[str]:
        """Paths of lists of objects or of rows, shallowest first, then the longest."""
        if self.is_feature_collection and "features.item" in self.objects:
            return ["features.item"]
        found = {**self.rows, **self.objects}
        return sorted(found, key=lambda path: (path.count("."), -found[path], path))


def stage_records(source: Path, work: Path, wish: Wish, tell: Callable[[int], None]) -> Staged:
    """Write the rows of one list of a JSON text.

    Raises: EncodingUnknown, JsonUnreadable, JsonTooDeep, NumberTooLong, NoTableInside,
    PartUnknown, TooManyColumns, CellTooLarge.
    """
    text = _as_utf_8(source, work)
    _refuse_long_numbers(text)
    return _stage_rows(text, work, wish, tell)


def _refuse_long_numbers(text: Path) -> None:
    """The parser does not survive them."""
    end = b""
    with text.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if _LONG_NUMBER.search(end + chunk):
                raise NumberTooLong(NUMBER_DIGITS_MAX)
            end = (end + chunk)[-NUMBER_DIGITS_MAX - 1 :]


def _stage_rows(text: Path, work: Path, wish: Wish, tell: Callable[[int], None]) -> Staged:
    try:
        survey = _survey(text)
    except ijson.IncompleteJSONError as error:
        plain = _plain_of_json5(text, work)
        if plain is None:
            raise JsonUnreadable(_offset_of(error, text)) from None
        text = plain
        survey = _survey(text)
    size_bytes = text.stat().st_size
    told = _Progress(tell, size_bytes)
    parts = tuple(_shown(path) for path in survey.lists[:100])
    if wish.part is not None and wish.part not in parts:
        raise PartUnknown(wish.part, parts)
    if survey.lists:
        path = survey.lists[parts.index(wish.part) if wish.part else 0]
        if path in survey.objects:
            return _stage_objects(text, work, path, parts, survey, told)
        return _stage_matrix(text, work, path, parts, wish)
    columns = _columns_side_by_side(survey)
    if not columns:
        raise NoTableInside
    return _stage_columns(text, work, columns)


# Looking ----------------------------------------------------------------------------------------


def _as_utf_8(source: Path, work: Path) -> Path:
    with source.open("rb") as file:
        head = file.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = work / "utf8.json"
        try:
            with source.open(encoding="utf-16") as read, text.open("w", encoding="utf-8") as out:
                while chunk := read.read(1 << 20):
                    out.write(chunk)
        except UnicodeError:
            raise EncodingUnknown(0, 0) from None
        return text
    if head.startswith(codecs.BOM_UTF8):
        text = work / "utf8.json"
        with source.open("rb") as raw, text.open("wb") as written:
            raw.seek(len(codecs.BOM_UTF8))
            while piece := raw.read(1 << 20):
                written.write(piece)
        return text
    return source


def _survey(text: Path) -> _Survey:
    objects, rows, scalars = Counter[str](), Counter[str](), Counter[str]()
    counters = {"start_map": objects, "start_array": rows}
    level, is_feature_collection = 0, False
    with text.open("rb") as file:
        for path, event, value in ijson.parse(file, multiple_values=True):
            if (counter := counters.get(event)) is not None:
                level += 1
                if level > LEVELS_MAX:
                    raise JsonTooDeep(LEVELS_MAX)
                if path == "" or path.endswith("item"):
                    _count(counter, path)
            elif event in ("end_map", "end_array"):
                level -= 1
            elif event != "map_key" and path.endswith(".item"):
                _count(scalars, path)
            elif path == "type" and value == "FeatureCollection":
                is_feature_collection = True
    # The outermost list is no row of itself.
    rows.pop("", None)
    if objects[""] < 2:
        # One object around everything is no row, unless there is nothing else.
        alone = objects.pop("", 0)
        if alone and not objects and not rows and not scalars:
            objects[""] = alone
    # A row of a matrix is a list of plain values.
    kept = Counter({path: count for path, count in rows.items() if scalars[f"{path}.item"]})
    return _Survey(objects, kept, scalars, is_feature_collection)


def _count(counter: Counter[str], path: str) -> None:
    if path in counter or len(counter) < PATHS_MAX:
        counter[path] += 1


def _columns_side_by_side(survey: _Survey) -> list[str]:
    """Keys of the outermost object that hold lists of one length."""
    keys = [path.removesuffix(".item") for path in survey.scalars if path.count("item") == 1]
    lengths = {survey.scalars[f"{key}.item"] for key in keys}
    return keys if keys and len(lengths) == 1 and all("." not in key for key in keys) else []


def _plain_of_json5(text: Path, work: Path) -> Path | None:
    """The text without what only JSON5 allows; None where it is not that either."""
    if text.stat().st_size > JSON5_BYTES_MAX:
        return None
    try:
        value = pyjson5.decode(text.read_text("utf-8"), maxdepth=LEVELS_MAX)
    except (pyjson5.Json5Exception, UnicodeError, RecursionError):
        return None
    plain = work / _PLAIN_NAME
    plain.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    return plain


def _offset_of(error: ijson.IncompleteJSONError, text: Path) -> int:
    """Near which byte the text stops being JSON: as far as one can read it."""
    offset = 0
    with text.open("rb") as file:
        try:
            for _ in ijson.basic_parse(file, multiple_values=True):
                offset = file.tell()
        except ijson.IncompleteJSONError:
            return min(offset, text.stat().st_size)
    raise error


# Writing ----------------------------------------------------------------------------------------


class _Progress:
    """Tells how many thousandths of the text were read, in steps."""

    def __init__(self, tell: Callable[[int], None], size_bytes: int) -> None:
        self._tell, self._size_bytes = tell, size_bytes

    def at(self, rows: int, offset: int) -> None:
        if rows % _TELL_EVERY == 0:
            self._tell(min(1000, 1000 * offset // max(self._size_bytes, 1)))


def _stage_objects(
    text: Path, work: Path, path: str, parts: tuple[str, ...], survey: _Survey, told: _Progress
) -> Staged:
    is_geographic = survey.is_feature_collection and path == "features.item"
    keys: dict[str, None] = {}
    levels = FLATTENED_LEVELS_MAX
    while True:
        keys = _keys(text, path, levels, is_geographic=is_geographic)
        if len(keys) <= COLUMNS_MAX:
            break
        if levels == 0:
            raise TooManyColumns(len(keys), COLUMNS_MAX)
        # Objects with ever new keys are no columns; they stay text.
        levels = 0
    if not keys:
        raise NoTableInside
    names, renamed = unique_names(list(keys))
    order = {key: index for index, key in enumerate(keys)}
    with Staging(work, len(keys)) as staging, text.open("rb") as file:
        for rows, item in enumerate(_items(file, path)):
            cells: list[str | None] = [None] * len(order)
            for key, cell in _flat(item, levels, is_geographic=is_geographic):
                cells[order[key]] = _text(cell)
            staging.add(cells)
            told.at(rows, file.tell())
    return Staged(names, renamed, part=_shown(path), parts=parts, encoding="utf-8")


def _keys(text: Path, path: str, levels: int, *, is_geographic: bool) -> dict[str, None]:
    keys: dict[str, None] = {}
    with text.open("rb") as file:
        for item in _items(file, path):
            for key, _ in _flat(item, levels, is_geographic=is_geographic):
                keys[key] = None
            if len(keys) > PATHS_MAX:
                break
    return keys


def _items(file: object, path: str) -> Iterator[Mapping[str, Value]]:
    for item in ijson.items(file, path, multiple_values=True):
        if isinstance(item, dict):
            yield item


def _flat(
    item: Mapping[str, Value], levels: int, *, is_geographic: bool
) -> Iterator[tuple[str, Value]]:
    """Keys and values of a row; of a feature its properties, then its geometry."""
    if not is_geographic:
        yield from _flattened(item, "", levels)
        return
    if item.get("id") is not None:
        yield "id", item["id"]
    properties = item.get("properties")
    if isinstance(properties, dict):
        for key, value in _flattened(properties, "", levels):
            yield (f"properties.{key}" if key in ("id", GEOMETRY) else key), value
    yield GEOMETRY, item.get("geometry")


def _flattened(item: Mapping[str, Value], before: str, levels: int) -> Iterator[tuple[str, Value]]:
    for key, value in item.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and value and levels > 0:
            yield from _flattened(value, f"{name}.", levels - 1)
        else:
            yield name, value


def _text(value: Value) -> str | None:
    if value is None or value in ("", [], {}):
        return None
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False, default=_number)


def _number(value: object) -> int | float:
    assert isinstance(value, Decimal)
    return float(value)


def _stage_matrix(text: Path, work: Path, path: str, parts: tuple[str, ...], wish: Wish) -> Staged:
    """A list of rows; the first one names the columns where all its cells are words."""
    with text.open("rb") as file:
        widths = {len(row) for row in ijson.items(file, path, multiple_values=True)}
    width = max(widths)
    with text.open("rb") as file:
        rows = (
            [_text(cell) for cell in row]
            for row in ijson.items(file, path, multiple_values=True)
            if isinstance(row, list)
        )
        first = next(rows)
        has_header = wish.has_header
        if has_header is None:
            has_header = _is_heading(text, path, first)
        cells = [cell or "" for cell in first] if has_header else []
        names, renamed = unique_names([*cells, *[""] * (width - len(cells))])
        with Staging(work, width) as staging:
            if not has_header:
                staging.add(first)
            for row in rows:
                staging.add(row)
    return Staged(
        names, renamed, part=_shown(path), parts=parts, has_header=has_header, encoding="utf-8"
    )


def _is_heading(text: Path, path: str, first: Sequence[str | None]) -> bool:
    """Whether the first row is of texts alone, as JSON itself says."""
    with text.open("rb") as file:
        raw = next(iter(ijson.items(file, path, multiple_values=True)))
    return all(isinstance(cell, str) and cell for cell in raw) and len(set(first)) == len(first)


def _stage_columns(text: Path, work: Path, keys: Sequence[str]) -> Staged:
    names, renamed = unique_names(keys)
    columns: list[list[str | None]] = []
    for key in keys:
        with text.open("rb") as file:
            columns.append([_text(cell) for cell in ijson.items(file, f"{key}.item")])
    with Staging(work, len(names)) as staging:
        for row in zip(*columns, strict=True):
            staging.add(row)
    return Staged(names, renamed, part=_WHOLE, parts=(_WHOLE,), encoding="utf-8")


def _shown(path: str) -> str:
    """A path as people read it."""
    return path.removesuffix("item").removesuffix(".") or _WHOLE

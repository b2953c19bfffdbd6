"""Rows in the forms in which DataStore clients take them: JSON, CSV, TSV, XML.

Source: CKAN 2.12, `datastore_search` and `/datastore/dump`: the header of a CSV ends with CR LF and
its rows with LF, an empty text is `""` and an empty cell nothing, truth is `t` and `f`.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from catalog.json_rows import Row
from catalog.row_search.statement import ROW_ID, Shown
from catalog.view import Json

BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_EXACT_FLOAT: Final = 1e15
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTED: Final = {",": re.compile('[",\n\r]'), "\t": re.compile('["\t\n\r]')}


class RowForm(StrEnum):
    """A form of rows."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    XML = "xml"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Final = {
    RowForm.CSV: "text/csv; charset=utf-8",
    RowForm.TSV: "text/tab-separated-values; charset=utf-8",
    RowForm.JSON: "application/json; charset=utf-8",
    RowForm.XML: "text/xml; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class FoundTable:
    """Rows that were found, with their columns."""

    columns: tuple[Shown, ...]
    rows: Sequence[Row]
    total: int | None
    """How many there are in all; None where that was not asked."""

    def as_plain(self) -> dict[str, Json]:
        """As a complete result keeps it."""
        return {
            "fields": [
                {"id": one.name, "type": one.declared, "engine_type": one.engine_type}
                for one in self.columns
            ],
            "rows": [[_plain(cell) for cell in row] for row in self.rows],
            "total": self.total,
        }

    @classmethod
    def from_plain(cls, kept: Mapping[str, Json]) -> FoundTable:
        """Read a kept result."""
        fields, rows, total = kept["fields"], kept["rows"], kept["total"]
        assert isinstance(fields, list)
        assert isinstance(rows, list)
        assert total is None or isinstance(total, int)
        columns = tuple(
            Shown(str(one["id"]), "", str(one["engine_type"]), str(one["type"])) for one in fields
        )
        return cls(columns, [tuple(row) for row in rows], total)


def fields_json(columns: Sequence[Shown], infos: Mapping[str, Json]) -> list[Json]:
    """The columns as clients are told of them."""
    fields: list[Json] = []
    for one in columns:
        field: dict[str, Json] = {"id": one.name, "type": one.declared}
        if one.name in infos:
            field["info"] = infos[one.name]
        fields.append(field)
    return fields


def json_rows(columns: Sequence[Shown], rows: Sequence[Row]) -> list[list[Json]]:
    """The cells as JSON has them."""
    readers = [_from_json if one.holds_json else _plain for one in columns]
    return [[read(cell) for read, cell in zip(readers, row, strict=True)] for row in rows]


def delimited(columns: Sequence[Shown], rows: Sequence[Row], delimiter: str) -> str:
    """The rows as lines, without a header."""
    del columns
    quoted = _QUOTED[delimiter]
    lines = (delimiter.join(_written(cell, quoted) for cell in row) for row in rows)
    return "".join(f"{line}\n" for line in lines)


def whole_file(
    form: RowForm,
    columns: Sequence[Shown],
    batches: Iterator[Sequence[Row]],
    *,
    infos: Mapping[str, Json],
    with_bom: bool,
) -> Iterator[bytes]:
    """All the rows as a file, a piece at a time."""
    mark = BOM if with_bom else ""
    match form:
        case RowForm.CSV | RowForm.TSV:
            delimiter = "," if form is RowForm.CSV else "\t"
            names = (_written(one.name, _QUOTED[delimiter]) for one in columns)
            yield f"{mark}{delimiter.join(names)}\r\n".encode()
            for rows in batches:
                yield delimited(columns, rows, delimiter).encode()
        case RowForm.JSON:
            head = _compact(fields_json(columns, infos))
            yield f'{mark}{{\n  "fields": {head},\n  "records": ['.encode()
            between = "\n    "
            for rows in batches:
                lines = [_compact(row) for row in json_rows(columns, rows)]
                yield (between + ",\n    ".join(lines)).encode()
                between = ",\n    "
            yield b"\n]}\n"
        case RowForm.XML:
            yield f'{mark}<data xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'.encode()
            elements = _element_names(columns)
            for rows in batches:
                written = (_xml_row(columns, elements, row) for row in json_rows(columns, rows))
                yield "".join(written).encode()
            yield b"</data>\n"


def _plain(cell: object) -> Json:
    match cell:
        case None | bool() | int() | str():
            return cell
        case float():
            return cell if math.isfinite(cell) else None
        case Decimal():
            if cell == cell.to_integral_value():
                return int(cell)
            nearest = float(cell)
            return nearest if Decimal(repr(nearest)) == cell else f"{cell.normalize():f}"
        case list() | tuple():
            return [_plain(one) for one in cell]
        case dict():
            return {str(name): _plain(one) for name, one in cell.items()}
        case _:
            return str(cell)


def _from_json(cell: object) -> Json:
    if not isinstance(cell, str):
        return _plain(cell)
    found: Json = json.loads(cell)
    return found


def _written(cell: object, quoted: re.Pattern[str]) -> str:
    match cell:
        case None:
            return ""
        case str():
            text = cell
        case bool():
            return "t" if cell else "f"
        case int():
            return str(cell)
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT_FLOAT else repr(cell)
        case Decimal():
            whole = cell == cell.to_integral_value()
            return str(int(cell)) if whole else f"{cell.normalize():f}"
        case _:
            text = json.dumps(_plain(cell), ensure_ascii=False)
    if not text or quoted.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_NAME_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"^(\d*xml\d*|\d+)", re.IGNORECASE), ""),
    (re.compile(r"\s+"), "_"),
    (re.compile(r"[^\w_.-]", re.UNICODE), ""),
    (re.compile(r"^[\d.-]+"), ""),
)


def _element_names(columns: Sequence[Shown]) -> list[str]:
    """A name for each column that XML allows, no two alike."""
    names: list[str] = []
    for one in columns:
        stem = unicodedata.normalize("NFC", one.name)
        for rule, instead in _NAME_RULES:
            stem = rule.sub(instead, stem)
        stem = stem or "column"
        name, count = stem, 0
        while name in names:
            name = f"{stem}_{count}"
            count += 1
        names.append(name)
    return names


def _xml_row(columns: Sequence[Shown], elements: Sequence[str], row: Sequence[Json]) -> str:
    has_id = bool(columns) and columns[0].name == ROW_ID
    start = f'<row _id="{row[0]}">' if has_id else "<row>"
    first = 1 if has_id else 0
    cells = "".join(
        _xml(name, value) for name, value in zip(elements[first:], row[first:], strict=True)
    )
    return f"{start}{cells}</row>\n"


def _xml(name: str, value: Json, attributes: str = "") -> str:
    inner: Callable[[object, Json], str] = lambda key, item: _xml(  # noqa: E731
        "value", item, f" key={quoteattr(_xml_text(str(key)))}"
    )
    if value is None:
        return f'<{name}{attributes} xsi:nil="true" />'
    if isinstance(value, Mapping):
        parts = "".join(inner(key, item) for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        parts = "".join(inner(key, item) for key, item in enumerate(value))
    else:
        text = value if isinstance(value, str) else str(value)
        parts = escape(_xml_text(text))
    return f"<{name}{attributes}>{parts}</{name}>" if parts else f"<{name}{attributes} />"


def _xml_text(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)

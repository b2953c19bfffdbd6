"""The same view for programs: snippets that can be run as they stand, with a place for the key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from catalog.version import Column
from catalog.view import Condition, Json, Operator, Scalar
from portal.pages.dataset.rows import NUMBER_TYPES, RowsQuery

KEY: Final = "YOUR_KEY"
CKAN_ROWS: Final = 1_000

_RANGES: Final = {
    Operator.LESS: "lt",
    Operator.AT_MOST: "lte",
    Operator.GREATER: "gt",
    Operator.AT_LEAST: "gte",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What the snippets read: where it is, and whether a key is needed."""

    site: str
    slug: str
    table: str
    """What it is called in SQL."""
    distribution_id: str
    """What clients of CKAN call it."""
    is_public: bool


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a program."""

    id: str
    label: str
    text: str


def snippets(source: Source, query: RowsQuery, columns: Sequence[Column]) -> list[Snippet]:
    """The view in the words of each kind of program."""
    pairs = dict(query.pairs())
    return [
        Snippet("curl", "curl", _curl(source, pairs)),
        Snippet("python", "Python", _python(source, pairs)),
        Snippet("pandas", "pandas", _pandas(source, pairs)),
        Snippet("duckdb", "DuckDB", _duckdb(source, pairs)),
        Snippet("r", "R", _r(source, pairs)),
        Snippet("ckanapi", "ckanapi", _ckanapi(source, query)),
        Snippet("power-query", "Excel Power Query", _power_query(source, pairs)),
        Snippet("sql-curl", "SQL (curl)", _sql_curl(source, sql_of(source.table, query, columns))),
    ]


def sql_of(table: str, query: RowsQuery, columns: Sequence[Column]) -> str:
    """The view as a statement."""
    numbers = {column.name for column in columns if column.type in NUMBER_TYPES}
    shown = ", ".join(map(_identifier, query.columns)) or "*"
    where = [_condition(one, is_number=one.column in numbers) for one in query.filters]
    lines = [f"SELECT {shown}", f"  FROM {table}"]
    lines += [f" WHERE {where[0]}", *(f"   AND {one}" for one in where[1:])] if where else []
    if query.sort:
        down = " DESC" if query.sort.is_descending else ""
        lines.append(f" ORDER BY {_identifier(query.sort.column)}{down} NULLS LAST")
    return "\n".join([*lines, " LIMIT 100"])


def ckan_filters(filters: Sequence[Condition]) -> dict[str, Json] | None:
    """The conditions as CKAN's DataStore takes them; None where it has no such comparison."""
    told: dict[str, Json] = {}
    for one in filters:
        before = told.get(one.column)
        match one.operator:
            case Operator.EQUAL if before is None:
                told[one.column] = one.value
            case Operator.ONE_OF if before is None and isinstance(one.value, tuple):
                told[one.column] = list(one.value)
            case Operator.LESS | Operator.AT_MOST | Operator.GREATER | Operator.AT_LEAST if (
                before is None or isinstance(before, dict)
            ):
                ranges = dict(before) if isinstance(before, dict) else {}
                ranges[_RANGES[one.operator]] = one.value
                told[one.column] = ranges
            case _:
                return None
    return told


def _url(source: Source, ending: str) -> str:
    return f"{source.site}/api/v1/datasets/{source.slug}/download.{ending}"


def _whole_url(source: Source, ending: str, pairs: Mapping[str, str]) -> str:
    return _url(source, ending) + (f"?{urlencode(pairs)}" if pairs else "")


def _curl(source: Source, pairs: Mapping[str, str]) -> str:
    lines = [f"curl -fsS -G {_shell(_url(source, 'csv'))}"]
    lines += [] if source.is_public else [f"  -H 'Authorization: Bearer {KEY}'"]
    lines += [f"  --data-urlencode {_shell(f'{name}={value}')}" for name, value in pairs.items()]
    return " \\\n".join([*lines, f"  -o {source.slug}.csv"])


def _python(source: Source, pairs: Mapping[str, str]) -> str:
    key = "" if source.is_public else f'    headers={{"Authorization": "Bearer {KEY}"}},\n'
    return (
        "import requests\n\n"
        "answer = requests.get(\n"
        f"    {_text(_url(source, 'json'))},\n"
        f"    params={_literal(pairs)},\n"
        f"{key}"
        "    timeout=60,\n"
        ")\n"
        "answer.raise_for_status()\n"
        'rows = answer.json()["rows"]\n'
        "print(len(rows))"
    )


def _pandas(source: Source, pairs: Mapping[str, str]) -> str:
    key = "" if source.is_public else f',\n    storage_options={{"Authorization": "Bearer {KEY}"}}'
    return (
        "import pandas\n\n"
        f"frame = pandas.read_csv(\n    {_text(_whole_url(source, 'csv', pairs))}{key}\n)\n"
        "print(len(frame))"
    )


def _duckdb(source: Source, pairs: Mapping[str, str]) -> str:
    url = _whole_url(source, "parquet", pairs).replace("'", "''")
    key = "" if source.is_public else f"CREATE SECRET (TYPE http, BEARER_TOKEN '{KEY}');\n"
    return f"INSTALL httpfs; LOAD httpfs;\n{key}SELECT count(*) FROM read_parquet('{url}');"  # noqa: S608  shown only


def _r(source: Source, pairs: Mapping[str, str]) -> str:
    url = _text(_whole_url(source, "csv", pairs))
    if source.is_public:
        return f'frame <- read.csv(\n  {url},\n  encoding = "UTF-8"\n)\nnrow(frame)'
    return (
        f'place <- url(\n  {url},\n  headers = c(Authorization = "Bearer {KEY}")\n)\n'
        'frame <- read.csv(place, encoding = "UTF-8")\nnrow(frame)'
    )


def _ckanapi(source: Source, query: RowsQuery) -> str:
    key = "" if source.is_public else f', apikey="{KEY}"'
    told = ckan_filters(query.filters)
    asked = [f"    resource_id={_text(source.distribution_id)},"]
    if told:
        asked.append(f"    filters={_literal(told)},")
    if query.columns:
        asked.append(f"    fields={_literal(list(query.columns))},")
    if query.sort:
        down = " desc" if query.sort.is_descending else ""
        asked.append(f"    sort={_text(_identifier(query.sort.column) + down)},")
    note = "" if told is not None else "# CKAN has no such comparison: all rows are asked for.\n"
    return (
        "from ckanapi import RemoteCKAN\n\n"
        f"{note}site = RemoteCKAN({_text(source.site)}{key})\n"
        "found = site.action.datastore_search(\n"
        + "\n".join([*asked, f"    limit={CKAN_ROWS},"])
        + '\n)\nprint(found["total"])'
    )


def _power_query(source: Source, pairs: Mapping[str, str]) -> str:
    options = [f'RelativePath = "api/v1/datasets/{source.slug}/download.csv"']
    if pairs:
        named = ", ".join(f"{name} = {_m_text(value)}" for name, value in pairs.items())
        options.append(f"Query = [{named}]")
    if not source.is_public:
        options.append(f'Headers = [Authorization = "Bearer {KEY}"]')
    inner = ",\n        ".join(options)
    return (
        "let\n"
        f"    Bytes = Web.Contents({_m_text(source.site)}, [\n        {inner}\n    ]),\n"
        "    Lines = Csv.Document(Bytes,\n"
        '        [Delimiter = ",", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),\n'
        "    Rows = Table.PromoteHeaders(Lines, [PromoteAllScalars = true])\n"
        "in\n    Rows"
    )


def _sql_curl(source: Source, sql: str) -> str:
    body = json.dumps({"sql": " ".join(sql.split()), "format": "csv"}, ensure_ascii=False)
    key = "" if source.is_public else f"  -H 'Authorization: Bearer {KEY}' \\\n"
    return (
        f"curl -fsS {_shell(source.site + '/api/v1/query')} \\\n{key}"
        f"  -H 'Content-Type: application/json' \\\n  -d {_shell(body)}"
    )


def _condition(one: Condition, *, is_number: bool) -> str:
    name = _identifier(one.column)
    match one.operator:
        case Operator.IS_EMPTY:
            return f"{name} IS NULL"
        case Operator.IS_NOT_EMPTY:
            return f"{name} IS NOT NULL"
        case Operator.ONE_OF:
            assert isinstance(one.value, tuple)
            values = ", ".join(_constant(value, is_number=is_number) for value in one.value)
            return f"{name} IN ({values})"
        case Operator.STARTS_WITH | Operator.CONTAINS:
            text = f"CAST({name} AS VARCHAR)"
            return f"{one.operator.value}({text}, {_constant(one.value, is_number=False)})"
        case _:
            return f"{name} {one.operator.value} {_constant(one.value, is_number=is_number)}"


def _constant(value: Scalar | tuple[Scalar, ...] | None, *, is_number: bool) -> str:
    text = str(value)
    if is_number and text.replace(".", "", 1).lstrip("-").isdigit():
        return text
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    is_plain = name.isascii() and name.isidentifier()
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    """A text as Python and R write it."""
    return json.dumps(text, ensure_ascii=False)


def _literal(value: Json) -> str:
    """A value as Python writes it."""
    return repr(value)


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _m_text(text: str) -> str:
    """A text as Power Query's language writes it."""
    return '"' + text.replace('"', '""').replace("#(", "#(#)(") + '"'

"""Rows of tables for clients of the DataStore: `datastore_search`, `_search_sql`, `_info`.

Who may read what is decided as for every other delivery: `exchange.deliver` gives the rows, with a
receipt where the data is not open to everybody.

Source: CKAN 2.12 API guide, "The DataStore API".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from catalog.dataset import Distribution
from catalog.dictionary import dictionary_of
from catalog.find import newest_stored
from catalog.readable_rows import declared_type
from catalog.result import ResultFormat
from catalog.row_forms import FoundTable, delimited, fields_json, json_rows
from catalog.row_search.question import RowQuestion
from catalog.row_search.statement import ROW_ID
from catalog.steps.field import field_of
from catalog.steps.listing import tables_seen
from catalog.steps.names import aliases_of, definition_of
from catalog.view import Json
from exchange.access import decide_access, find_target
from exchange.allow import Ask
from exchange.deliver import deliver_query, deliver_rows
from exchange.delivery import RowsQuestion, SqlQuestion
from policies.access import Action
from policies.database import Tx
from portal.api.ckan.action import Result, Table, long_reads, reads
from portal.api.ckan.call import Call, truth_of
from portal.api.ckan.datastore_filters import filter_of, orders_of, words_of_query
from portal.api.ckan.datastore_refusals import in_datastore_words
from portal.api.ckan.datastore_tables import (
    check_writable,
    found_table,
    resource_named,
    texts_of,
)
from portal.api.ckan.errors import AccessDenied, NoSuchObject, wrong
from portal.api.ckan.plain import plain
from portal.handing_out import parts_of

ROWS_DEFAULT: Final = 100
ROWS_MAX: Final = 32_000
OFFSET_MAX: Final = 2**53
TABLE_METADATA: Final = "_table_metadata"
SIMPLE: Final = "simple"
_FORMATS: Final = ("objects", "lists", "csv", "tsv")
_LINKED: Final = ("resource_id", "filters", "q", "full_text", "plain", "language", "distinct",
                  "limit", "fields", "sort", "include_total", "records_format")  # fmt: skip


def datastore_search(call: Call) -> Result:
    """Look for rows of the table `resource_id`: by `filters` and words in `q`, `fields` of them, in
    the order of `sort`, at most `limit` from `offset` on, in the form `records_format`.
    """
    name = resource_named(call)
    limit = call.whole("limit", ROWS_DEFAULT, most=ROWS_MAX)
    offset = call.whole("offset", 0, most=OFFSET_MAX)
    form = call.text("records_format", "objects") or "objects"
    if form not in _FORMATS:
        raise wrong("records_format", f"Value must be one of {list(_FORMATS)}")
    if name == TABLE_METADATA:
        return _table_metadata(call, limit=limit, offset=offset)
    with in_datastore_words(name):
        question = question_of(call.parameters, limit=limit, offset=offset)
        with call.wiring.pool.connection() as tx:
            _, distribution = found_table(tx, call, name)
            infos = _infos(tx, distribution)
        with_total = truth_of(call.value("include_total"), otherwise=True)
        asked, adds_id = _with_id(question) if call.flag("include_next_page") else (question, False)
        found = _found(call, distribution, RowsQuestion(asked, with_total=with_total))
    result: dict[str, Json] = {
        one: call.value(one) for one in ("filters", "q", "sort", "language") if call.has(one)
    }
    result |= {
        "include_total": with_total,
        "limit": limit,
        "offset": offset,
        "records_format": form,
        "resource_id": str(distribution.id),
        "total_estimation_threshold": None,
    }
    page = _next_page(question, found) if call.flag("include_next_page") else None
    if adds_id:
        found = FoundTable(found.columns[:-1], [row[:-1] for row in found.rows], found.total)
    if page is not None:
        result["next_page"] = page
    result["fields"] = fields_json(found.columns, infos)
    result["records"] = _records(found, form)
    result["_links"] = _links(call, limit=limit, offset=offset)
    if with_total:
        result |= {"total": found.total, "total_was_estimated": False}
    return result


def datastore_search_sql(call: Call) -> Result:
    """Answer the SELECT `sql` in PostgreSQL's dialect over tables by the ids of their resources, in
    double quotes; at most 32,000 rows of the answer are given.
    """
    if not call.options.sql_search:
        raise wrong("sql", "Searching with SQL is switched off here.")
    check_writable(call)
    sql = call.wanted("sql")

    def table_of(name: str) -> tuple[str, bool]:
        with call.wiring.pool.connection() as tx:
            try:
                dataset, distribution = found_table(tx, call, name)
            except AccessDenied:
                raise AccessDenied("Not authorized to read resource.") from None
            stored = newest_stored(tx, dataset, distribution, by=call.actor)
        if stored is None:
            raise NoSuchObject(f'Resource "{name}" was not found.')
        return str(distribution.id), stored.version.is_fed

    with in_datastore_words("sql"):
        from portal.api.ckan.datastore_sql import translated  # loads a parser

        statement = translated(sql, table_of, rows_max=ROWS_MAX)
        delivered = deliver_query(
            parts_of(call.wiring), SqlQuestion(statement, ResultFormat.JSON), _ask(call)
        )
    kept = json.loads(delivered.path.read_bytes())
    columns, rows = _sql_result(kept)
    result: dict[str, Json] = {
        "sql": sql,
        "fields": columns,
        "records": rows[:ROWS_MAX],
    }
    if len(rows) > ROWS_MAX:
        result["records_truncated"] = True
    return result


def datastore_info(call: Call) -> Result:
    """Tell of the table `resource_id`: how many rows it has, its aliases, and its columns."""
    name = resource_named(call)
    with in_datastore_words(name):
        _, distribution = found_table(call.tx, call, name)
        target = find_target(call.tx, str(distribution.id), by=call.actor)
    access = decide_access(call.tx, target, Action.PREVIEW, purpose=None, by=call.actor, at=call.at)
    definition, infos = definition_of(call.tx, distribution.id), _infos(call.tx, distribution)
    version = target.version
    shown = access.view.visible([column.name for column in version.columns])
    info: dict[str, Json] = {}
    if truth_of(call.value("include_meta"), otherwise=True):
        info["meta"] = {
            "id": str(distribution.id),
            # How many rows there are beyond those of a part is for nobody to know.
            "count": None if access.view.rows else version.row_count,
            "table_type": "BASE TABLE",
            "size": version.size_bytes,
            "db_size": version.size_bytes,
            "idx_size": 0,
            "aliases": [alias for alias, _ in aliases_of(call.tx, [distribution.id])],
        }
    indexed = {name: index for index in definition.indexes for name in index}
    fields: list[Json] = []
    for column in version.columns:
        if column.name == ROW_ID or column.name not in shown:
            continue
        one = field_of(column)
        field: dict[str, Json] = {"id": one.name, "type": one.type}
        if one.name in infos:
            field["info"] = infos[one.name]
        if truth_of(call.value("include_fields_schema"), otherwise=True):
            is_key = one.name in definition.primary_key
            field["schema"] = {
                "native_type": one.native_type,
                "notnull": False,
                "uniquekey": is_key,
                "is_index": is_key or one.name in indexed,
                "index_name": "_".join(indexed.get(one.name, definition.primary_key))
                if is_key or one.name in indexed
                else None,
            }
        fields.append(field)
    info["fields"] = fields
    if version.verdict is None:
        # Beyond CKAN: the gate has not seen these rows yet.
        info["not_yet_checked"] = True
    return info


def _ask(call: Call) -> Ask:
    return Ask(call.actor, cancelled=call.gone)


def _infos(tx: Tx, distribution: Distribution) -> dict[str, Json]:
    """What is said of each column: by clients of the DataStore, and in the dictionary on its page.

    The names are those of CKAN's own data dictionary, `label` and `notes`.
    """
    infos = dict(definition_of(tx, distribution.id).infos)
    for name, note in dictionary_of(tx, distribution).items():
        told = {
            "label": plain(note.title),
            "notes": plain(note.meaning),
            "unit": note.unit,
            "code_list": note.code_list,
        }
        before = infos.get(name)
        own = dict(before) if isinstance(before, Mapping) else {}
        infos[name] = {**own, **{key: words for key, words in told.items() if words}}
    return infos


def question_of(parameters: Mapping[str, Json], *, limit: int | None, offset: int) -> RowQuestion:
    """What rows a call or an address asks for.

    Raises: ValidationFailed.
    """
    columns = texts_of("fields", parameters.get("fields"))
    return RowQuestion(
        filter=filter_of(parameters.get("filters")),
        words=words_of_query(parameters.get("q"), parameters.get("full_text")),
        is_plain=truth_of(parameters.get("plain"), otherwise=True),
        is_stemmed=parameters.get("language") != SIMPLE,
        columns=tuple(columns) or None,
        is_distinct=truth_of(parameters.get("distinct")),
        order=orders_of(parameters.get("sort")),
        limit=limit,
        offset=offset,
    )


def _found(call: Call, distribution: Distribution, question: RowsQuestion) -> FoundTable:
    got = deliver_rows(parts_of(call.wiring), str(distribution.id), question, _ask(call))
    if isinstance(got, FoundTable):
        return got
    return FoundTable.from_plain(json.loads(got.path.read_bytes()))


def _records(found: FoundTable, form: str) -> Json:
    match form:
        case "csv":
            return delimited(found.columns, found.rows, ",")
        case "tsv":
            return delimited(found.columns, found.rows, "\t")
    rows = json_rows(found.columns, found.rows)
    if form == "lists":
        return rows
    names = [one.name for one in found.columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _with_id(question: RowQuestion) -> tuple[RowQuestion, bool]:
    """The question with the rows' ids at the end, where they were not asked for."""
    if question.columns is None or ROW_ID in question.columns or question.is_distinct:
        return question, False
    return replace(question, columns=(*question.columns, ROW_ID)), True


def _next_page(question: RowQuestion, found: FoundTable) -> Json:
    """The filter that the next page begins with; None where rows lie in another order."""
    is_by_id = not question.order or (
        len(question.order) == 1 and question.order[0].column == ROW_ID
    )
    names = [one.name for one in found.columns]
    if not is_by_id or not found.rows or ROW_ID not in names:
        return None
    if question.words and not question.order:
        return None
    ids = [row[names.index(ROW_ID)] for row in found.rows]
    descends = any(one.is_descending for one in question.order)
    last = [one for one in ids if isinstance(one, int)]
    return {ROW_ID: {"lt": min(last)} if descends else {"gt": max(last)}}


def _links(call: Call, *, limit: int, offset: int) -> Json:
    """Addresses of the first, the next and the page before."""
    path = f"/api/3/action/{call.action}"
    kept = {
        one: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for one in _LINKED
        if (value := call.value(one)) is not None
    }
    links: dict[str, Json] = {"start": f"{path}?{urlencode(kept)}"}
    links["next"] = f"{path}?{urlencode({**kept, 'offset': offset + limit})}"
    if offset:
        links["prev"] = f"{path}?{urlencode({**kept, 'offset': max(0, offset - limit)})}"
    return links


def _table_metadata(call: Call, *, limit: int, offset: int) -> Result:
    with call.wiring.pool.connection() as tx:
        tables = tables_seen(tx, by=call.actor, limit=limit, offset=offset)
    fields = [
        {"id": name, "type": kind}
        for name, kind in (("_id", "text"), ("name", "text"), ("oid", "int8"), ("alias_of", "text"))
    ]
    records = [
        {"_id": name, "name": name, "oid": None, "alias_of": alias_of} for name, alias_of in tables
    ]
    return {
        "resource_id": TABLE_METADATA,
        "fields": fields,
        "records": records,
        "limit": limit,
        "offset": offset,
        "records_format": "objects",
        "total": offset + len(records),
        "total_was_estimated": len(records) == limit,
        "_links": _links(call, limit=limit, offset=offset),
    }


def _sql_result(kept: Json) -> tuple[list[Json], list[Json]]:
    """Columns and rows of a complete result of a statement."""
    assert isinstance(kept, dict)
    columns, rows = kept["columns"], kept["rows"]
    assert isinstance(columns, list)
    assert isinstance(rows, list)
    fields: list[Json] = [
        {"id": one["name"], "type": declared_type(str(one["type"]))} for one in columns
    ]
    return fields, rows


ACTIONS: Final[Table] = {
    **long_reads(
        datastore_search=datastore_search,
        datastore_search_sql=datastore_search_sql,
    ),
    **reads(datastore_info=datastore_info),
}

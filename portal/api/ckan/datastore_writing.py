"""Tables that clients make and feed: `datastore_create`, `_upsert`, `_delete`.

Each call is one step of its table, in the transaction of the call.

Source: CKAN 2.12 API guide, "The DataStore API"; its schemas and messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import uuid4

from catalog.dataset import Dataset, DatasetState, Distribution
from catalog.publish import may_be_published_directly
from catalog.steps import declare, feed, settle
from catalog.steps.cell import Cell, guessed_type
from catalog.steps.errors import FieldNameUnfit
from catalog.steps.feed import Method
from catalog.steps.field import ROW_ID, Field, is_field_name, type_named
from catalog.steps.table import Doing, Plan, Row, Stepped, Table
from catalog.steps.take_step import Place, held_table
from catalog.version import Version
from catalog.view import Json
from exchange import list_product
from policies.decision.profile import profile_in_force
from policies.roles import SYSTEM
from portal.api.ckan import action
from portal.api.ckan.action import Result, writes
from portal.api.ckan.call import Call
from portal.api.ckan.datastore_filters import filter_of
from portal.api.ckan.datastore_refusals import in_datastore_words
from portal.api.ckan.datastore_tables import (
    DATASTORE,
    check_writable,
    invalid,
    not_authorized,
    resource_named,
    texts_of,
    writable_table,
)
from portal.api.ckan.errors import AccessDenied, ShapeRefused, missing, wrong
from portal.api.ckan.package_access import check_may_edit, dataset_of
from portal.api.ckan.resources import resource_create
from portal.jobs import Queue, enqueue
from portal.settings import Publication
from quality.check import Column
from quality.check_batch import Broken, broken_by, rules_asked_of_batches
from quality.held.hold import hold_batch

MERGE: Final = "merge_steps"
SETTLE: Final = "settle_steps"
NAME_LENGTH_CHARACTERS: Final = 63
HELD_TOLD_MAX: Final = 50
_METHODS: Final = ("upsert", "insert", "update")
_TOLD: Final = ("primary_key", "indexes", "aliases", "delete_fields", "force", "resource")

Records = Sequence[Mapping[str, Json]]


def datastore_create(call: Call) -> Result:
    """Make a table of `fields` and `records` for the resource `resource_id`, or for a new one that
    `resource` describes; or change its columns, key, indexes and aliases, and add records.
    """
    check_writable(call)
    if call.has("resource") and call.value("resource"):
        if call.text("resource_id"):
            raise wrong("resource", "resource cannot be used with resource_id")
        name = _new_resource(call)
    elif call.text("resource_id") or call.text("id"):
        name = resource_named(call)
    else:
        raise wrong("resource_id", "resource_id or resource required")
    if call.value("triggers"):
        raise wrong("triggers", "Triggers cannot be made here: no code runs beside the data.")
    with in_datastore_words(name):
        own = call if not call.has("resource") else _forced(call)
        dataset, distribution = writable_table(own, name)
        records = _records(call)
        fields, infos = _fields(call, records)
        aliases = _aliases(call)
        place, doing = _place(call), _doing(call, dataset, distribution)
        table = _declared(call, place, distribution, fields, records, doing=doing)
        table = declare.define(
            call.tx,
            place,
            table,
            primary_key=_columns(call, "primary_key", table),
            indexes=_indexes(call, table),
            infos=infos,
        )
        if table.version is not None and not _is_open(table.version):
            doing = replace(doing, offered_under=None)
        if aliases is not None:
            declare.name_also(call.tx, table, aliases)
        rows: list[Row] = []
        held_by: list[Broken] = []
        if records:
            plan = feed.plan_insert(place, table, records)
            if call.flag("include_records"):
                rows = feed.rows_after(place, plan)
            held_by = _held_by(call, dataset, place, plan, doing)
            doing = _held(doing, held_by)
            _carry_out(call, distribution, plan, doing, held_by)
    _let_be_read(call, dataset, doing)
    told: dict[str, Json] = {one: call.value(one) for one in _TOLD if call.has(one)}
    told |= {"resource_id": str(distribution.id), "method": "insert"}
    if call.has("fields"):
        told["fields"] = [{"id": one.name, "type": one.type} for one in table.fields]
    if call.flag("include_records"):
        told["records"] = [_row_json(table, row) for row in rows]
    return told | _told_of(held_by)


def datastore_upsert(call: Call) -> Result:
    """Feed `records` into the table `resource_id`: `method` upsert (the default) and update find
    rows by the table's key or `_id`, insert only adds; `dry_run` only checks.
    """
    name = resource_named(call)
    method = call.text("method", "upsert")
    if method not in _METHODS:
        raise wrong("method", f"Value must be one of {list(_METHODS)}")
    with in_datastore_words(name):
        dataset, distribution = writable_table(call, name)
        records = _records(call)
        place, doing = _place(call), _doing(call, dataset, distribution)
        table = held_table(call.tx, distribution.id)
        is_dry = call.flag("dry_run")
        rows: list[Row] = []
        held_by: list[Broken] = []
        if records:
            if not table.has_row_ids:
                if is_dry:
                    raise wrong("dry_run", "A table that came by upload is not fed yet.")
                table = declare.give_row_ids(call.tx, place, table, doing=doing)
            plan = (
                feed.plan_insert(place, table, records)
                if method == "insert"
                else feed.plan_upsert(place, table, records, method=Method(method))
            )
            if call.flag("include_records"):
                rows = feed.rows_after(place, plan)
            held_by = _held_by(call, dataset, place, plan, doing)
            if not is_dry:
                doing = _held(doing, held_by)
                _carry_out(call, distribution, plan, doing, held_by)
    if not is_dry:
        _let_be_read(call, dataset, doing)
    told: dict[str, Json] = {"resource_id": str(distribution.id), "method": method}
    told |= {one: call.value(one) for one in ("force", "dry_run") if call.has(one)}
    if call.flag("include_records"):
        told["records"] = [_row_json(table, row) for row in rows]
    return told | _told_of(held_by)


def datastore_delete(call: Call) -> Result:
    """Delete the rows that `filters` let through from the table `resource_id`; without filters the
    table itself goes.
    """
    name = resource_named(call)
    filters = call.value("filters")
    if filters is not None and not isinstance(filters, Mapping):
        raise wrong("filters", "filters must be either a dict or null.")
    with in_datastore_words(name):
        dataset, distribution = writable_table(call, name)
        if filters is None:
            declare.drop(call.tx, distribution.id)
            return {"resource_id": str(distribution.id)}
        return _delete_rows(call, dataset, distribution, filters)


def datastore_records_delete(call: Call) -> Result:
    """Delete the rows that `filters` let through from the table `resource_id`; `{}` empties it."""
    name = resource_named(call)
    if not call.has("filters"):
        raise missing("filters")
    filters = call.value("filters")
    if not isinstance(filters, Mapping):
        raise wrong("filters", "Must be a dict")
    with in_datastore_words(name):
        dataset, distribution = writable_table(call, name)
        return _delete_rows(call, dataset, distribution, filters)


def datastore_run_triggers(call: Call) -> Result:
    """Refused: no code of clients runs beside the data, so there are no triggers."""
    call.check_sysadmin()
    raise wrong("triggers", "There are no triggers here: no code runs beside the data.")


def datastore_function_create(call: Call) -> Result:
    """Refused: no code of clients runs beside the data."""
    call.check_sysadmin()
    raise wrong("definition", "Functions cannot be made here: no code runs beside the data.")


def datastore_function_delete(call: Call) -> Result:
    """Refused: there are no functions; with `if_exists` that is as it should be."""
    call.check_sysadmin()
    if call.flag("if_exists"):
        return None
    raise wrong("name", f"function {call.text('name')} does not exist")


def _delete_rows(
    call: Call, dataset: Dataset, distribution: Distribution, filters: Mapping[str, Json]
) -> Result:
    place, doing = _place(call), _doing(call, dataset, distribution)
    table = held_table(call.tx, distribution.id)
    wanted = filter_of(filters)
    table = declare.give_row_ids(call.tx, place, table, doing=doing)
    told: dict[str, Json] = {"resource_id": str(distribution.id), "filters": dict(filters)}
    if call.flag("include_deleted_records"):
        rows = feed.rows_matching(place, table, wanted)
        told["deleted_records"] = [_row_json(table, row) for row in rows]
    stepped = feed.delete_rows(call.tx, place, table, wanted, doing=doing)
    if stepped is not None:
        _merge_later(call, distribution, stepped)
    return told


def _new_resource(call: Call) -> str:
    """Make the resource that is described; its rows live here alone."""
    sent = call.value("resource")
    if not isinstance(sent, Mapping):
        raise wrong("resource", "Must be a dict")
    if sent.get("url"):
        raise wrong("resource", "Files are read when they are uploaded: use resource_create.")
    package = sent.get("package_id")
    if not isinstance(package, str) or not package:
        raise invalid("package_id", "Missing value")
    if call.actor.is_anonymous:
        raise not_authorized(call, "package_update", package)
    try:
        check_may_edit(call, dataset_of(call, package))
    except AccessDenied:
        raise not_authorized(call, "package_update", package) from None
    resource_id = str(uuid4())
    resource_create(
        call.with_parameters(
            {
                **sent,
                "id": resource_id,
                "url": f"{call.site_url}/datastore/dump/{resource_id}",
                "url_type": DATASTORE,
            }
        )
    )
    return resource_id


def _forced(call: Call) -> Call:
    return call.with_parameters({**call.parameters, "force": True})


def _records(call: Call) -> Records:
    """The rows that were sent.

    Raises: ValidationFailed.
    """
    sent = call.value("records")
    if sent is None or sent == "":
        return ()
    if isinstance(sent, str | Mapping) or not isinstance(sent, Sequence):
        raise wrong("records", "Records has to be a list of dicts")
    for place, one in enumerate(sent):
        if not isinstance(one, Mapping):
            words = (
                "The first row is not a json object"
                if not place
                else (f'row "{place}" is not a json object')
            )
            raise wrong("records", words)
    return [one for one in sent if isinstance(one, Mapping)]


def _fields(call: Call, records: Records) -> tuple[list[Field], dict[str, Json]]:
    """The columns that are declared, and what is said of them."""
    sent = call.value("fields")
    if sent is None or sent == "":
        return [], {}
    if isinstance(sent, str | Mapping) or not isinstance(sent, Sequence):
        raise ShapeRefused("fields has to be a list of objects")
    fields: list[Field] = []
    infos: dict[str, Json] = {}
    for one in sent:
        if not isinstance(one, Mapping):
            raise ShapeRefused("fields has to be a list of objects")
        name = one.get("id")
        if not isinstance(name, str) or not is_field_name(name):
            raise FieldNameUnfit(str(name))
        if len(name) > NAME_LENGTH_CHARACTERS:
            raise wrong(
                "fields",
                f'Column heading "{name}" exceeds limit of {NAME_LENGTH_CHARACTERS} characters.',
            )
        kind = one.get("type")
        if kind is None or kind == "":
            fields.append(_guessed(call, name, records))
        else:
            fields.append(Field(name, type_named(str(kind))))
        info = one.get("info")
        if isinstance(info, Mapping):
            infos[name] = dict(info)
    return fields, infos


def _guessed(call: Call, name: str, records: Records) -> Field:
    del call
    if records and name in records[0]:
        return Field(name, guessed_type(records[0][name]))
    return Field(name, "")


def _declared(  # noqa: C901  what a table is to have depends on what it has
    call: Call,
    place: Place,
    distribution: Distribution,
    fields: list[Field],
    records: Records,
    *,
    doing: Doing,
) -> Table:
    """The table with the columns that it is to have."""
    table = declare.table_of(call.tx, distribution.id)
    if table.version is not None:
        # Nothing but what is said of columns leaves an uploaded table as it is.
        is_told_only = (
            not records
            and {one.name for one in fields} <= {one.name for one in table.fields}
            and not call.flag("delete_fields")
        )
        if not is_told_only:
            table = declare.give_row_ids(call.tx, place, table, doing=doing)
    held = {one.name: one for one in table.fields}
    named = {one.name for one in fields}
    if records:
        for name, value in records[0].items():
            if name not in named and (name not in held or fields):
                if name in held:
                    continue
                if not is_field_name(name):
                    raise FieldNameUnfit(name)
                fields = [*fields, Field(name, guessed_type(value))]
                named.add(name)
    wanted = [held.get(one.name, one) for one in fields]
    for one in wanted:
        if not one.type:
            raise wrong("fields", f'"{one.name}" type not guessable')
    if table.version is None:
        return declare.create(call.tx, place, table, wanted, doing=doing)
    if call.flag("delete_fields") and fields:
        return declare.change_fields(call.tx, place, table, wanted, doing=_unoffered(table, doing))
    added = [one for one in wanted if one.name not in held]
    if not added:
        return table
    fields = [*table.fields, *added]
    return declare.change_fields(call.tx, place, table, fields, doing=_unoffered(table, doing))


def _is_open(version: Version) -> bool:
    """Whether rows may be added to it for everybody to read at once."""
    return version.offered_under is not None or version.lets_pass


def _unoffered(table: Table, doing: Doing) -> Doing:
    """A change of columns touches every row there is, so others wait for the whole check of it."""
    return replace(doing, offered_under=None) if table.row_count else doing


def _aliases(call: Call) -> list[str] | None:
    if not call.has("aliases"):
        return None
    aliases = texts_of("aliases", call.value("aliases"))
    for one in aliases:
        if not is_field_name(one) or "%" in one:
            raise wrong("alias", f'"{one}" is not a valid alias name')
    return aliases


def _columns(call: Call, name: str, table: Table) -> list[str] | None:
    if not call.has(name):
        return None
    columns = texts_of(name, call.value(name))
    _check_columns(columns, table)
    return columns


def _indexes(call: Call, table: Table) -> list[list[str]] | None:
    if not call.has("indexes"):
        return None
    sent = call.value("indexes")
    parts = sent if isinstance(sent, list) else texts_of("indexes", sent)
    indexes = [texts_of("indexes", one) for one in parts]
    for one in indexes:
        _check_columns(one, table)
    return indexes


def _check_columns(columns: Sequence[str], table: Table) -> None:
    known = {one.name for one in table.fields}
    for one in columns:
        if one not in known:
            raise wrong("index", f'The field "{one}" is not a valid column name.')


def _place(call: Call) -> Place:
    return Place(call.wiring.folders, call.wiring.row_files)


def _doing(call: Call, dataset: Dataset, distribution: Distribution) -> Doing:
    """Who feeds; and where the profile publishes, that everybody may read it before its check."""
    is_offered = (
        call.wiring.settings.publication is Publication.DIRECT
        and may_be_published_directly(dataset)
        and settle.may_be_offered(call.tx, distribution.id)
    )
    profile_id = profile_in_force(call.at).id if is_offered else None
    return Doing(call.actor, call.at, profile_id)


def _held_by(call: Call, dataset: Dataset, place: Place, plan: Plan, doing: Doing) -> list[Broken]:
    """The rules that keep others from reading a batch; nothing is asked where they could not."""
    if doing.offered_under is None:
        return []
    schema = tuple(Column(one.name, one.engine_type) for one in plan.table.fields)
    rules = rules_asked_of_batches(call.tx, dataset.id, schema)
    return broken_by(feed.batch_of(place, plan), rules, at=call.at) if rules else []


def _held(doing: Doing, held_by: Sequence[Broken]) -> Doing:
    if not held_by:
        return doing
    return replace(doing, offered_under=None, held_by=tuple(one.rule.key for one in held_by))


def _carry_out(
    call: Call, distribution: Distribution, plan: Plan, doing: Doing, held_by: Sequence[Broken]
) -> None:
    stepped = feed.carry_out(call.tx, _place(call), plan, doing=doing)
    if held_by:
        count = stepped.row_count
        hold_batch(call.tx, stepped.version, held_by, row_count=count, at=call.at)
    _merge_later(call, distribution, stepped)


def _told_of(held_by: Sequence[Broken]) -> dict[str, Json]:
    """Why only the department reads the batch for now; nothing where everybody may."""
    if not held_by:
        return {}
    return {
        "held_back": [
            {
                "rule": one.rule.id,
                "title": dict(one.rule.title.as_map()),
                "columns": list(one.rule.columns),
                "rows": one.row_count,
            }
            for one in held_by[:HELD_TOLD_MAX]
        ]
    }


def _let_be_read(call: Call, dataset: Dataset, doing: Doing) -> None:
    """List what the profile offers, where it is not listed yet."""
    if doing.offered_under is not None and dataset.state is DatasetState.PUBLISHED:
        list_product.open_directly(call.tx, dataset.id, by=SYSTEM, at=call.at)


def _merge_later(call: Call, distribution: Distribution, stepped: Stepped) -> None:
    if stepped.needs_merging:
        enqueue(
            call.tx,
            MERGE,
            queue=Queue.WORK,
            lock=f"distribution:{distribution.id}",
            distribution_id=str(distribution.id),
        )


def _row_json(table: Table, row: Row) -> Json:
    fields = {one.name: one for one in table.fields}
    return {
        name: _cell_json(fields.get(name), cell)
        for name, cell in row.items()
        if name == ROW_ID or name in fields
    }


def _cell_json(field: Field | None, cell: Cell) -> Json:
    match cell:
        case Decimal():
            return int(cell) if cell == cell.to_integral_value() else float(cell)
        case datetime():
            return cell.isoformat(timespec="milliseconds")
        case date():
            return cell.isoformat()
        case str() if field is not None and field.holds_json:
            found: Json = json.loads(cell)
            return found
        case _:
            return cell


ACTIONS: Final[action.Table] = writes(
    datastore_create=datastore_create,
    datastore_upsert=datastore_upsert,
    datastore_delete=datastore_delete,
    datastore_records_delete=datastore_records_delete,
    datastore_run_triggers=datastore_run_triggers,
    datastore_function_create=datastore_function_create,
    datastore_function_delete=datastore_function_delete,
)

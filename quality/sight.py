"""How much of a dataset's own rules and of its contract one reader may know.

A rule names columns, and its parameters tell what stands in them. So both are cut as reports are:
nothing about a column that does not exist for the reader, and of a column whose values leave only
changed, that it is checked and not by which values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

from catalog.view import Json
from quality.check import Kind

ENGINE = "weir"
"""Of rules that only we can run, in a contract's items of type `custom`."""

_TOP_TOLD = frozenset(
    {
        *("apiVersion", "kind", "id", "name", "version", "status", "domain", "dataProduct"),
        *("tenant", "tags", "description", "price", "support", "contractCreatedTs"),
    }
)
_TABLE_TOLD = frozenset(
    {"name", "id", "logicalType", "physicalType", "physicalName", "businessName", "description"}
)
_COLUMN_TOLD = frozenset(
    {
        *("name", "id", "logicalType", "physicalType", "businessName", "description", "tags"),
        *("required", "unique", "primaryKey", "primaryKeyPosition", "classification"),
    }
)
_OF_VALUES = frozenset({"logicalTypeOptions", "examples"})


@dataclass(frozen=True, slots=True)
class Sight:
    """The columns that exist for one reader of a dataset's rules."""

    columns: frozenset[str] | None
    """None: all of them, also those that a rule names and the data does not hold."""
    changed: frozenset[str] = frozenset()
    """Those whose values leave only masked."""
    knows_other_tables: bool = False
    """Whether the reader may know which other tables the rules look at."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the dataset's own columns is kept from the reader."""
        return self.columns is None and not self.changed


WHOLE = Sight(None, knows_other_tables=True)
"""What the publisher's own people see."""


def rule_told(body: Mapping[str, Json], sight: Sight) -> dict[str, Json] | None:
    """A rule, as `rule_as_json` writes it, for one reader; None where it is not theirs to know."""
    named = body.get("columns")
    expect = cast("Mapping[str, Json]", body.get("expect") or {})
    if isinstance(named, Mapping):
        # Which columns are meant by a part of their name is itself a word about the hidden ones.
        if sight.columns is not None and named.get("named"):
            return None
        about: list[str] = []
    else:
        about = [named] if isinstance(named, str) else list(cast("Sequence[str]", named or ()))
    by = expect.get("by")
    about += cast("Sequence[str]", by) if isinstance(by, list) else ()
    if sight.columns is not None and not set(about) <= sight.columns:
        return None
    told = dict(body)
    if set(about) & sight.changed:
        # Titles and explanations repeat the parameters.
        told = {key: value for key, value in told.items() if key not in ("explanation", "fix")}
        told |= {"expect": {"kind": expect.get("kind")}}
        told["title"] = _label(expect.get("kind"))
    elif "table" in expect and not sight.knows_other_tables:
        told["expect"] = {"kind": expect.get("kind")}
    return told


def contract_told(body: Mapping[str, Json], sight: Sight) -> dict[str, Json]:
    """A contract for one reader.

    For whom every column exists it is whole but for the names of other tables. For others it holds
    the fields that name no column but those that exist for them: servers, service levels,
    relationships and statements in SQL go unsaid, since they name what they like.
    """
    is_cut = not sight.is_whole
    told = {
        key: deepcopy(value)
        for key, value in body.items()
        if not is_cut or key in _TOP_TOLD or key == "schema"
    }
    if isinstance(tables := told.get("schema"), list):
        told["schema"] = [_table_told(table, sight, is_cut=is_cut) for table in _objects(tables)]
    return told


def _table_told(table: Mapping[str, Json], sight: Sight, *, is_cut: bool) -> dict[str, Json]:
    told: dict[str, Json] = {
        key: value for key, value in table.items() if not is_cut or key in _TABLE_TOLD
    }
    if "properties" in table:
        told["properties"] = [
            _column_told(column, sight, is_cut=is_cut)
            for column in _objects(table["properties"])
            if sight.columns is None or column.get("name") in sight.columns
        ]
    if "quality" in table:
        told["quality"] = _items_told(table["quality"], None, sight, is_cut=is_cut)
    return told


def _column_told(column: Mapping[str, Json], sight: Sight, *, is_cut: bool) -> dict[str, Json]:
    name = str(column.get("name", ""))
    known = _COLUMN_TOLD if name in sight.changed else _COLUMN_TOLD | _OF_VALUES
    told: dict[str, Json] = {
        key: value for key, value in column.items() if not is_cut or key in known
    }
    if "quality" in column:
        told["quality"] = _items_told(column["quality"], name, sight, is_cut=is_cut)
    return told


def _items_told(items: Json, column: str | None, sight: Sight, *, is_cut: bool) -> list[Json]:
    told = (_item_told(item, column, sight, is_cut=is_cut) for item in _objects(items))
    return [item for item in told if item is not None]


def _item_told(
    item: Mapping[str, Json], column: str | None, sight: Sight, *, is_cut: bool
) -> dict[str, Json] | None:
    rule = item.get("implementation")
    if item.get("engine") == ENGINE and isinstance(rule, Mapping):
        known = rule_told(rule, sight)
        if known is None or known == rule:
            return None if known is None else dict(item)
        told = {**item, "implementation": known}
        if known.get("title") != rule.get("title"):
            label = cast("Mapping[str, Json]", known["title"])
            told["name"] = label.get("en", "")
            told.pop("description", None)
        return told
    if not is_cut:
        return dict(item)
    # A metric of the standard is about the column that it stands at; nothing else is bounded so.
    is_metric = item.get("type", "library") == "library"
    if not is_metric or column in sight.changed:
        return None
    if column is None and (item.get("metric") or item.get("rule")) != "rowCount":
        return None
    return dict(item)


def _label(kind: Json) -> dict[str, Json]:
    try:
        return dict(Kind(str(kind)).label.as_map())
    except ValueError:
        return {}


def _objects(items: Json) -> list[Mapping[str, Json]]:
    found = items if isinstance(items, list) else []
    return [item for item in found if isinstance(item, Mapping)]

"""SQL in PostgreSQL's dialect as the engine's, with tables by the ids of their resources.

This only translates. What may run is decided by the engine's own parse tree in a locked process
that holds nothing but the tables that the caller may read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from portal.api.ckan.errors import AccessDenied, ValidationFailed, wrong

STATEMENT_LENGTH_CHARACTERS: Final = 100_000
_SYSTEM: Final = ("pg_", "information_schema", "duckdb_", "sqlite_")


def translated(sql: str, table_of: Callable[[str], tuple[str, bool]], *, rows_max: int) -> str:
    """The statement for the engine, cut at `rows_max` rows.

    `table_of` gives the id that a table's name means, and whether its rows have ids of their own;
    it refuses what the caller may not read.

    Raises: ValidationFailed, AccessDenied, and what `table_of` raises.
    """
    if len(sql) > STATEMENT_LENGTH_CHARACTERS:
        raise wrong("sql", f"At most {STATEMENT_LENGTH_CHARACTERS} characters")
    try:
        parsed = [one for one in sqlglot.parse(sql, read="postgres") if one is not None]
    except SqlglotError as error:
        words = str(error).partition("\n")[0].replace("\x1b[4m", "").replace("\x1b[0m", "")
        raise ValidationFailed({"query": [f"(syntax error) {words[:300]}"]}) from None
    except RecursionError:
        raise ValidationFailed({"query": ["The statement is nested too deeply."]}) from None
    if len(parsed) != 1:
        raise wrong("query", "Query is not a single statement")
    tree = parsed[0]
    if not isinstance(tree, exp.Query):
        raise wrong("query", "Only SELECT can be asked for")
    try:
        _name_tables(tree, table_of)
        inner = tree.sql(dialect="duckdb")
    except RecursionError:
        raise ValidationFailed({"query": ["The statement is nested too deeply."]}) from None
    return f"SELECT * FROM ({inner}) AS blah LIMIT {rows_max + 1}"  # noqa: S608  see above


def _name_tables(tree: exp.Expr, table_of: Callable[[str], tuple[str, bool]]) -> None:
    named = {query.alias for query in tree.find_all(exp.CTE)}
    needs_ids = any(column.name == "_id" for column in tree.find_all(exp.Column))
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Func | exp.Anonymous):
            continue
        schema = table.db.lower()
        if table.catalog:
            raise wrong("query", f"Catalog cannot be provided: {table.catalog}")
        name = table.name
        if name.lower().startswith(_SYSTEM) or schema.startswith(_SYSTEM):
            raise AccessDenied("Not authorized to access system tables")
        if schema not in ("", "public"):
            raise AccessDenied("Not authorized to access tables in other schemas")
        if name in named:
            continue
        table_id, has_ids = table_of(name)
        alias = table.alias or name
        inner = exp.to_identifier(table_id, quoted=True)
        own = exp.to_identifier(alias, quoted=True)
        if needs_ids and not has_ids:
            read = f"(SELECT row_number() OVER () AS _id, * FROM {inner.sql(dialect='duckdb')})"  # noqa: S608
            subquery = sqlglot.parse_one(read, read="duckdb")
            assert isinstance(subquery, exp.Subquery)
            subquery.set("alias", exp.TableAlias(this=own))
            table.replace(subquery)
            continue
        table.set("db", None)
        table.set("this", inner)
        table.set("alias", exp.TableAlias(this=own))

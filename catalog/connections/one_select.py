"""Whether a statement for another database is one SELECT, read as that database writes it.

The database itself decides in the end: the session is read-only. This refuses early what could
never be, and what reads under a lock or writes into a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from catalog.connections.connection import SourceKind
from catalog.connections.errors import StatementIsNotOneSelect

_DIALECTS: Final[Mapping[SourceKind, str]] = {
    SourceKind.POSTGRESQL: "postgres",
    SourceKind.MYSQL: "mysql",
}
_NEVER: Final = (
    *(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command, exp.Into),
    *(exp.Lock, exp.Set, exp.Copy, exp.Transaction, exp.Commit, exp.Rollback, exp.TruncateTable),
)


def check_one_select(statement: str, kind: SourceKind) -> str:
    """The statement without the semicolons after it.

    Raises: StatementIsNotOneSelect.
    """
    text = statement.strip().rstrip(";").strip()
    try:
        trees = sqlglot.parse(text, dialect=_DIALECTS[kind])
    except (SqlglotError, RecursionError):
        raise StatementIsNotOneSelect from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise StatementIsNotOneSelect
    # MySQL writes files with INTO OUTFILE, which the parser drops or refuses.
    if any(trees[0].find_all(*_NEVER)) or "outfile" in text.lower() or "dumpfile" in text.lower():
        raise StatementIsNotOneSelect
    return text

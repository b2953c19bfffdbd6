"""Refusals of tables in the words that DataStore clients look for.

Source: CKAN 2.12, the messages of `datastore_create`, `_upsert`, `_delete` and `_search`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import ForbiddenPart
from catalog.row_search.errors import ColumnUnknown, QuestionTooLarge, ValueUnfit, WordsMalformed
from catalog.steps.errors import (
    AliasTaken,
    CellUnfit,
    FieldNamedTwice,
    FieldNameUnfit,
    FieldsUnknown,
    FieldTypeUnknown,
    KeyMissing,
    KeyNeeded,
    KeyNotFound,
    KeyTaken,
    TableNotFound,
)
from exchange.errors import NoSuchData
from policies.errors import Gone, Refusal, Unfunded
from policies.terms import Language
from portal.api.ckan.datastore_tables import PaymentNeeded, invalid
from portal.api.ckan.errors import AccessDenied, CkanError, NoSuchObject
from portal.problems import words_of


@contextmanager
def in_datastore_words(name: str) -> Iterator[None]:
    """Have what is refused inside said as DataStore clients know it; `name` is the table's."""
    try:
        yield
    except Refusal as refusal:
        told = _told(refusal, name)
        if told is None:
            raise
        raise told from refusal


def _told(refusal: Refusal, name: str) -> CkanError | None:  # noqa: C901  a table
    match refusal:
        case CellUnfit():
            return invalid("records", refusal.reason, records_row=refusal.row_number - 1)
        case FieldsUnknown():
            extra = f'row "{refusal.row_number}" has extra keys "{refusal.names}"'
            return invalid("records", extra, fields=[f'fields "{refusal.names}" do not exist'])
        case KeyNeeded():
            return invalid("table", "unique key must be passed for update/upsert")
        case KeyMissing():
            return invalid("key", f'fields "{refusal.names}" are missing but needed as key')
        case KeyNotFound():
            return invalid("key", f'key "{{{refusal.key}}}" not found')
        case KeyTaken():
            return invalid(
                "constraints",
                "Cannot insert records or create index because of uniqueness constraint",
                info={"orig": f"Key ({refusal.key}) already exists.", "pgcode": "23505"},
            )
        case FieldTypeUnknown():
            return invalid("fields", f'"{refusal.type}" is not a valid field type')
        case FieldNameUnfit():
            return invalid("fields", f'"{refusal.name}" is not a valid field name')
        case FieldNamedTwice():
            return invalid("field", "Duplicate column names are not supported")
        case AliasTaken():
            return invalid("alias", f'The alias "{refusal.alias}" already exists.')
        case ColumnUnknown():
            if refusal.part == "filters":
                return invalid("filters", f"Unknown field: {refusal.column}")
            return invalid(refusal.part, f'invalid value "{refusal.column}"')
        case ValueUnfit():
            kind = f"type {refusal.type}: " if refusal.type else ""
            return invalid("filters", f'invalid input syntax for {kind}"{refusal.value}"')
        case WordsMalformed():
            return invalid("q", f'syntax error in tsquery: "{refusal.text}"')
        case QuestionTooLarge():
            return invalid("query", words_of(refusal, Language.EN))
        case TableNotFound() | NoSuchData():
            return NoSuchObject(f'Resource "{name}" was not found.')
        case ForbiddenPart():
            return AccessDenied(f"Not authorized to call function {refusal.part}")
        case Gone():
            return NoSuchObject(words_of(refusal, Language.EN))
        case Unfunded():
            return PaymentNeeded(words_of(refusal, Language.EN))
        case _:
            return None

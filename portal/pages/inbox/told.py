"""What the pages of decisions tell alike: who somebody is, and what is wrong at which field."""

from __future__ import annotations

from catalog.errors import MalformedView
from exchange.errors import (
    ClausesFailed,
    ColumnsNotOffered,
    FlowBackInFull,
    GrantedTooLong,
    MalformedReport,
)
from policies.database import Tx
from policies.errors import Refusal, UserNotFound
from policies.identity.people import user_with_id
from policies.terms import UserId
from portal.pages.clause_lines import failed_clauses
from portal.pages.speech import Speech


def errors_of(refusal: Refusal, say: Speech) -> dict[str, str]:
    """What is wrong, by the field that it is about; clauses by their ids."""
    if isinstance(refusal, ClausesFailed):
        return failed_clauses(refusal.failed, say)
    fields: dict[type[Refusal], str] = {
        MalformedReport: "report_sha256",
        GrantedTooLong: "ends_on",
        ColumnsNotOffered: "column",
        FlowBackInFull: "column",
        MalformedView: "row_column",
    }
    field = fields.get(type(refusal), "reason")
    return {field: say.refusal(refusal)}


def name_of(tx: Tx, user_id: UserId | None) -> str:
    """The name of a person; a dash where there is none."""
    if user_id is None:
        return "—"
    try:
        return user_with_id(tx, user_id).name
    except UserNotFound:
        return "—"

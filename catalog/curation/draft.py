"""Keep what somebody typed about a record before it can be saved, so that nothing typed is lost.

A draft is its writer's alone, one for each record and one for a record to be registered. It may
hold what no record may: it is read into an entry only when it is saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.errors import TextTooLong
from catalog.store import drafts as store
from policies.database import Tx
from policies.identity.authenticate import check_signed_in
from policies.party import Actor
from policies.terms import DatasetId

FIELDS_MAX: Final = 100
DRAFT_LENGTH_CHARACTERS: Final = 200_000

Fields = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, field by field."""

    fields: Fields
    kept_at: datetime


def keep_draft(
    tx: Tx, dataset_id: DatasetId | None, fields: Fields, *, by: Actor, at: datetime
) -> None:
    """Keep what the actor typed about a record; None: about one to be registered.

    Raises: SignInNeeded, TextTooLong.
    """
    user_id = check_signed_in(by)
    length = sum(len(text) for value in fields.values() for text in _texts(value))
    if length > DRAFT_LENGTH_CHARACTERS or len(fields) > FIELDS_MAX:
        raise TextTooLong("draft", DRAFT_LENGTH_CHARACTERS)
    store.upsert_draft(tx, user_id, dataset_id, _writable(fields), at=at)


def draft_of(tx: Tx, dataset_id: DatasetId | None, *, by: Actor) -> Draft | None:
    """What the actor typed and did not save; None where there is nothing.

    Raises: SignInNeeded.
    """
    found = store.get_draft(tx, check_signed_in(by), dataset_id)
    return None if found is None else Draft(*found)


def drop_draft(tx: Tx, dataset_id: DatasetId | None, *, by: Actor) -> None:
    """Forget a draft, since it was saved or is no longer wanted.

    Raises: SignInNeeded.
    """
    store.delete_draft(tx, check_signed_in(by), dataset_id)


def _writable(fields: Fields) -> dict[str, str | list[str]]:
    """The fields without what the database cannot hold."""
    return {
        name: _clean(value) if isinstance(value, str) else [_clean(text) for text in value]
        for name, value in fields.items()
    }


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _texts(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value

"""Keep and read the notes of loaders and crawlers; administrators of the site write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from catalog.crawler_notes import STATUSES_MOST, TaskStatus, TermTranslation
from catalog.errors import TooManyEntries
from catalog.store import crawler_notes as store
from policies.database import Tx
from policies.errors import NotAdministrator
from policies.party import Actor
from policies.roles import can_administer, check_person

TRANSLATIONS_MOST: Final = 100_000
"""Translations in one answer."""


def note_status(tx: Tx, status: TaskStatus, *, by: Actor) -> None:
    """Keep a note, in place of the earlier one of its id or of the same task.

    Raises: PersonNeeded, NotAdministrator, TooManyEntries.
    """
    _check_may_note(by)
    if store.get_status(tx, status.id) is not None:
        store.update_status(tx, status)
        return
    if store.count_statuses(tx) >= STATUSES_MOST:
        raise TooManyEntries("task_status", STATUSES_MOST)
    assert store.insert_status(tx, status), "the caller looked for one of the same task"


def forget_status(tx: Tx, status_id: UUID, *, by: Actor) -> None:
    """Remove a note.

    Raises: PersonNeeded, NotAdministrator.
    """
    _check_may_note(by)
    store.delete_status(tx, status_id)


def status_with_id(tx: Tx, status_id: UUID) -> TaskStatus | None:
    """The note of that id; None where there is none."""
    return store.get_status(tx, status_id)


def status_of_task(tx: Tx, *, entity_id: str, task_type: str, key: str) -> TaskStatus | None:
    """The note about a task on an entity; None where there is none."""
    if "\0" in entity_id + task_type + key:
        return None
    return store.find_status(tx, entity_id=entity_id, task_type=task_type, key=key)


def note_translation(tx: Tx, translation: TermTranslation, *, by: Actor) -> None:
    """Keep a translation in place of an earlier one.

    Raises: PersonNeeded, NotAdministrator.
    """
    _check_may_note(by)
    store.upsert_translation(tx, translation)


def translations(
    tx: Tx, terms: Sequence[str] | None, lang_codes: Sequence[str] | None
) -> list[TermTranslation]:
    """Translations of these terms (None: of all) into these languages (None: into all)."""
    if any("\0" in text for text in (*(terms or ()), *(lang_codes or ()))):
        return []
    return store.translations(tx, terms, lang_codes, limit=TRANSLATIONS_MOST)


def _check_may_note(actor: Actor) -> None:
    check_person(actor)
    if not can_administer(actor):
        raise NotAdministrator

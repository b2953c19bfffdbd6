"""How far tasks on things came, as loaders and crawlers note it; sysadmins write, all read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from catalog.crawler_notes import TaskStatus
from catalog.curation.take_note import forget_status, note_status, status_of_task, status_with_id
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, text_of, uuid_of
from portal.api.ckan.errors import NoSuchObject, ValidationFailed, wrong
from portal.api.ckan.plain import moment

NOTES_MOST: Final = 1000
"""Notes in one call."""
_WANTED: Final = ("entity_id", "entity_type", "task_type", "key")


def task_status_show(call: Call) -> Result:
    """Show how far a task came, named by `id`, or by `entity_id`, `task_type` and `key`."""
    if call.text("id"):
        status_id = uuid_of(call.text("id"))
        found = None if status_id is None else status_with_id(call.tx, status_id)
    else:
        found = status_of_task(
            call.tx,
            entity_id=call.wanted("entity_id"),
            task_type=call.wanted("task_type"),
            key=call.wanted("key"),
        )
    if found is None:
        raise NoSuchObject
    return _shape(found)


def task_status_update(call: Call) -> Result:
    """Note how far a task came: `entity_id`, `entity_type`, `task_type`, `key`, `value`, `state`,
    `error`, `last_updated`; in place of the note `id`, or of the one about the same task. For
    sysadmins.
    """
    call.check_sysadmin()
    before = None
    if call.text("id"):
        status_id = uuid_of(call.text("id"))
        before = None if status_id is None else status_with_id(call.tx, status_id)
        if before is None:
            raise NoSuchObject("TaskStatus was not found.")
    faults: dict[str, Json] = {name: ["Missing value"] for name in _WANTED if not call.text(name)}
    if faults:
        raise ValidationFailed(faults)
    same = status_of_task(
        call.tx,
        entity_id=call.text("entity_id"),
        task_type=call.text("task_type"),
        key=call.text("key"),
    )
    if before is not None and same is not None and same.id != before.id:
        raise wrong("key", "There is a note about this task already")
    before = before or same
    status = TaskStatus(
        id=before.id if before else uuid4(),
        entity_id=call.text("entity_id"),
        entity_type=call.text("entity_type"),
        task_type=call.text("task_type"),
        key=call.text("key"),
        value=_optional(call, "value", before.value if before else None),
        state=_optional(call, "state", before.state if before else None),
        error=_optional(call, "error", before.error if before else None),
        last_updated=_last_updated(call),
    )
    note_status(call.tx, status, by=call.actor)
    return _shape(status)


def task_status_update_many(call: Call) -> Result:
    """Note how far several tasks came: `data`, a list of what task_status_update takes."""
    sent = call.value("data")
    if not isinstance(sent, Sequence) or isinstance(sent, str) or len(sent) > NOTES_MOST:
        raise wrong("data", f"Must be a list of at most {NOTES_MOST} dicts")
    results = []
    for one in sent:
        if not isinstance(one, Mapping):
            raise wrong("data", "Not a dict")
        results.append(task_status_update(call.with_parameters(one)))
    return {"results": results}


def task_status_delete(call: Call) -> Result:
    """Remove a note, named by `id`; for sysadmins."""
    status_id = uuid_of(call.wanted("id"))
    found = None if status_id is None else status_with_id(call.tx, status_id)
    if found is None:
        raise NoSuchObject
    call.check_sysadmin()
    forget_status(call.tx, found.id, by=call.actor)
    return None


def _optional(call: Call, name: str, before: str | None) -> str | None:
    if not call.has(name):
        return before
    value = call.value(name)
    return None if value is None else text_of(name, value)


def _last_updated(call: Call) -> datetime:
    written = call.text("last_updated")
    if not written:
        return call.at
    try:
        given = datetime.fromisoformat(written)
    except ValueError:
        raise wrong("last_updated", "Date format incorrect") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _shape(status: TaskStatus) -> Json:
    return {
        "id": str(status.id),
        "entity_id": status.entity_id,
        "entity_type": status.entity_type,
        "task_type": status.task_type,
        "key": status.key,
        "value": status.value,
        "state": status.state,
        "error": status.error,
        "last_updated": moment(status.last_updated),
    }


ACTIONS: Final[Table] = {
    **reads(task_status_show=task_status_show),
    **writes(
        task_status_update=task_status_update,
        task_status_update_many=task_status_update_many,
        task_status_delete=task_status_delete,
    ),
}

"""People who were let in to one package. Source: CKAN 2.12 API guide, `package_collaborator_*`."""

from __future__ import annotations

from typing import Final

from catalog.curation.collaborate import (
    Collaborator,
    collaborations_of,
    collaborators_of,
    let_in,
    let_out,
)
from catalog.curation.deposit_errors import CollaboratorsNotYours, NotACollaborator
from catalog.view import Json
from policies.roles import Capacity
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import AccessDenied, NoSuchObject, ValidationFailed, wrong
from portal.api.ckan.found import user_of
from portal.api.ckan.package_access import dataset_of
from portal.api.ckan.plain import moment


def package_collaborator_create(call: Call) -> Result:
    """Let the user `user_id` in to the dataset `id` as `capacity`: `editor` or `member`."""
    _check_allowed(call)
    dataset = dataset_of(call, call.wanted("id"))
    user_id, name = call.wanted("user_id"), call.wanted("capacity")
    allowed = ["editor", "member"]
    if call.options.allow_admin_collaborators:
        allowed.insert(0, "admin")
    if name not in allowed:
        raise ValidationFailed({"message": f'Role must be one of "{", ".join(allowed)}"'})
    user = user_of(call, user_id)
    try:
        made = let_in(call.tx, dataset.id, user.id, Capacity(name), by=call.actor, at=call.at)
    except CollaboratorsNotYours:
        raise _refused(call, "add") from None
    return _told(made)


def package_collaborator_delete(call: Call) -> Result:
    """Let the user `user_id` in to the dataset `id` no longer."""
    _check_allowed(call)
    dataset = dataset_of(call, call.wanted("id"))
    user = user_of(call, call.wanted("user_id"))
    try:
        let_out(call.tx, dataset.id, user.id, by=call.actor, at=call.at)
    except CollaboratorsNotYours:
        raise _refused(call, "remove") from None
    except NotACollaborator:
        raise NoSuchObject(f"User {user.id} is not a collaborator on this dataset") from None
    return None


def package_collaborator_list(call: Call) -> Result:
    """List who was let in to the dataset `id`, or only those of one `capacity`."""
    _check_allowed(call)
    dataset = dataset_of(call, call.wanted("id"))
    try:
        held = collaborators_of(call.tx, dataset.id, by=call.actor)
    except CollaboratorsNotYours:
        raise _refused(call, "list") from None
    return _of_capacity(call, held)


def package_collaborator_list_for_user(call: Call) -> Result:
    """List the datasets to which the user `id` was let in; for the user and for sysadmins."""
    _check_allowed(call)
    user = user_of(call, call.wanted("id"))
    if not call.is_sysadmin and call.actor.user_id != user.id:
        raise AccessDenied(f"User {call.actor.name} not authorized to list these collaborations")
    return _of_capacity(call, collaborations_of(call.tx, user.id))


def _check_allowed(call: Call) -> None:
    if not call.options.allow_dataset_collaborators:
        raise ValidationFailed({"message": "Dataset collaborators not enabled"})
    call.check_signed_in(call.action)


def _refused(call: Call, doing: str) -> AccessDenied:
    return AccessDenied(
        f"User {call.actor.name} not authorized to {doing} collaborators for this dataset"
    )


def _of_capacity(call: Call, held: list[Collaborator]) -> list[Json]:
    wanted = call.text("capacity")
    if wanted and wanted not in [capacity.value for capacity in Capacity]:
        raise wrong("capacity", 'Capacity must be one of "admin, editor, member"')
    return [_told(one) for one in held if not wanted or one.capacity.value == wanted]


def _told(one: Collaborator) -> Json:
    return {
        "package_id": str(one.dataset_id),
        "user_id": str(one.user_id),
        "capacity": one.capacity.value,
        "modified": moment(one.modified_at),
    }


ACTIONS: Final[Table] = {
    **reads(
        package_collaborator_list=package_collaborator_list,
        package_collaborator_list_for_user=package_collaborator_list_for_user,
    ),
    **writes(
        package_collaborator_create=package_collaborator_create,
        package_collaborator_delete=package_collaborator_delete,
    ),
}

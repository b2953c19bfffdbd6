"""Resources of a dataset, one at a time; a file may come with them.

A change of one resource is a change of its package, so each of these replaces the whole package
with that one resource other than it was.

Source: CKAN 2.12 API guide, the actions `resource_*`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import uuid4

from catalog.curation.deposit_errors import DatasetNotYours
from catalog.curation.names import known_distribution
from catalog.dataset import Dataset, DistributionId
from catalog.errors import DatasetNotFound, DistributionNotFound
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.errors import (
    AccessDenied,
    NoSuchObject,
    ValidationFailed,
    missing,
    wrong,
)
from portal.api.ckan.package_access import check_may_edit, dataset_of
from portal.api.ckan.package_shapes import Package, Resource
from portal.api.ckan.packages import shown, update_package
from portal.api.ckan.resource_reading import media_type_of, path_of
from portal.incoming_file import IncomingFile

UPLOAD_FIELD: Final = "upload"


def resource_show(call: Call) -> Result:
    """Show the resource `id`."""
    dataset, resource_id = resource_of(call, call.wanted("id"))
    return resource_in(shown(call, dataset), resource_id)


def resource_create(call: Call) -> Result:
    """Add a resource to the dataset `package_id`: a `url`, or a file in `upload`."""
    wanted = call.wanted("package_id")
    dataset = dataset_of(call, wanted)
    try:
        check_may_edit(call, dataset)
    except AccessDenied:
        raise AccessDenied(
            f"User {call.actor.name} not authorized to create resources on dataset {wanted}"
        ) from None
    resource_id, files = _with_file(call, None)
    sent = {**_with_media_type(call), "id": str(resource_id)}
    package = shown(call, dataset)
    resources = [*_resources(package), sent]
    return _update(call, dataset, package, resources, files, resource_id)


def resource_update(call: Call) -> Result:
    """Replace the resource `id`; a new file may come in `upload`."""
    dataset, resource_id = _edited(call)
    _, files = _with_file(call, resource_id)
    package = shown(call, dataset)
    old = resource_in(package, resource_id)
    sent = {**_with_media_type(call), "id": str(resource_id)}
    if call.flag("clear_upload") and resource_id not in files:
        sent["url_type"] = ""
    elif "url" not in sent and resource_id not in files:
        sent |= {"url": old["url"], "url_type": old["url_type"]}
    return _replace(call, dataset, package, resource_id, sent, files)


def resource_patch(call: Call) -> Result:
    """Change only those fields of the resource `id` that are sent."""
    dataset, resource_id = _edited(call)
    _, files = _with_file(call, resource_id)
    package = shown(call, dataset)
    old = dict(resource_in(package, resource_id))
    if resource_id in files:
        # What the old bytes were called and weighed says nothing of the new ones.
        for name in ("format", "mimetype", "size", "hash", "last_modified"):
            old.pop(name, None)
    elif "url" in call.parameters and call.value("url") != old["url"]:
        old["url_type"] = None
    sent = {**old, **call.parameters, "id": str(resource_id)}
    return _replace(call, dataset, package, resource_id, sent, files)


def resource_delete(call: Call) -> Result:
    """Take the resource `id` from its dataset."""
    dataset, resource_id = resource_of(call, call.wanted("id"))
    try:
        check_may_edit(call, dataset)
    except AccessDenied:
        raise AccessDenied(
            f"User {call.actor.name} not authorized to delete resource {resource_id}"
        ) from None
    package = shown(call, dataset)
    left = [one for one in _resources(package) if one["id"] != str(resource_id)]
    update_package(call, dataset, {**package, "resources": left}, {})
    return None


def package_resource_reorder(call: Call) -> Result:
    """Put the resources `order` of the dataset `id` first; the others follow as they were."""
    wanted = call.wanted("id")
    if not call.has("order"):
        raise missing("order")
    order = call.value("order")
    if isinstance(order, str) or not isinstance(order, Sequence):
        raise wrong("order", "Must be a list of resource")
    if len({str(one) for one in order}) != len(order):
        raise wrong("order", "Must supply unique resource_ids")
    dataset = dataset_of(call, wanted)
    package = shown(call, dataset)
    left = {str(one["id"]): one for one in _resources(package)}
    for one in order:
        if str(one) not in left:
            raise wrong("order", f"resource_id {one} can not be found")
    first = [left.pop(str(one)) for one in order]
    update_package(call, dataset, {**package, "resources": [*first, *left.values()]}, {})
    return {"id": wanted, "order": [str(one["id"]) for one in (*first, *left.values())]}


def resource_of(call: Call, wanted: str) -> tuple[Dataset, DistributionId]:
    """The resource of that id, with its dataset.

    Raises: NoSuchObject, AccessDenied.
    """
    found = uuid_of(wanted)
    try:
        if found is None:
            raise NoSuchObject("Resource was not found.")
        dataset, one = known_distribution(call.tx, DistributionId(found), by=call.actor)
    except (DistributionNotFound, DatasetNotFound):
        raise NoSuchObject("Resource was not found.") from None
    except DatasetNotYours:
        raise AccessDenied(
            f"User {call.actor.name} not authorized to read resource {wanted}"
        ) from None
    return dataset, one.id


def resource_in(package: Package, resource_id: DistributionId) -> Resource:
    """That resource of a package.

    Raises: NoSuchObject.
    """
    for one in _resources(package):
        if one["id"] == str(resource_id):
            return one
    raise NoSuchObject("Resource was not found.")


def _with_media_type(call: Call) -> dict[str, Json]:
    """The resource that was sent, with the media type that its address tells, if it sent none."""
    sent = dict(call.parameters)
    if "mimetype" not in sent and UPLOAD_FIELD not in call.files:
        told = media_type_of(path_of(call.text("url").strip()))
        if told:
            sent["mimetype"] = told
    return sent


def _edited(call: Call) -> tuple[Dataset, DistributionId]:
    dataset, resource_id = resource_of(call, call.wanted("id"))
    try:
        check_may_edit(call, dataset)
    except AccessDenied:
        raise AccessDenied(
            f"User {call.actor.name} not authorized to edit resource {resource_id}"
        ) from None
    return dataset, resource_id


def _with_file(
    call: Call, resource_id: DistributionId | None
) -> tuple[DistributionId, Mapping[DistributionId, IncomingFile]]:
    """The id of the resource and the file that came for it, if one did.

    Raises: ValidationFailed for an id that cannot be one.
    """
    if resource_id is None:
        chosen = call.text("id")
        found = uuid_of(chosen) if chosen else uuid4()
        if found is None:
            raise wrong("id", "Invalid id provided")
        resource_id = DistributionId(found)
    file = call.files.get(UPLOAD_FIELD)
    return resource_id, {} if file is None else {resource_id: file}


def _replace(
    call: Call,
    dataset: Dataset,
    package: Package,
    resource_id: DistributionId,
    sent: Mapping[str, Json],
    files: Mapping[DistributionId, IncomingFile],
) -> Resource:
    resources = [sent if one["id"] == str(resource_id) else one for one in _resources(package)]
    return _update(call, dataset, package, resources, files, resource_id)


def _update(
    call: Call,
    dataset: Dataset,
    package: Package,
    resources: Sequence[Mapping[str, Json]],
    files: Mapping[DistributionId, IncomingFile],
    resource_id: DistributionId,
) -> Resource:
    try:
        changed = update_package(call, dataset, {**package, "resources": resources}, files)
    except ValidationFailed as refusal:
        raise _of_one(refusal, resources, resource_id) from refusal
    return resource_in(changed, resource_id)


def _of_one(
    refusal: ValidationFailed, resources: Sequence[Mapping[str, Json]], resource_id: DistributionId
) -> ValidationFailed:
    """What is wrong with that one resource, as the client of one resource expects it."""
    errors = refusal.fields.get("resources")
    if isinstance(errors, Sequence):
        for sent, wrong_fields in zip(resources, errors, strict=False):
            if sent.get("id") == str(resource_id) and isinstance(wrong_fields, Mapping):
                return ValidationFailed(wrong_fields)
    return refusal


def _resources(package: Package) -> list[Resource]:
    resources = package["resources"]
    assert isinstance(resources, list), "a package holds a list of them"
    return resources


ACTIONS: Final[Table] = {
    **reads(resource_show=resource_show),
    **writes(
        resource_create=resource_create,
        resource_update=resource_update,
        resource_patch=resource_patch,
        resource_delete=resource_delete,
        package_resource_reorder=package_resource_reorder,
    ),
}

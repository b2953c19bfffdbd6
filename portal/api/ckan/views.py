"""Views of resources. Source: CKAN 2.12 API guide, the actions `resource_view_*`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from catalog.curation.arrange_views import (
    add_view,
    change_view,
    clear_views,
    drop_view,
    is_view_id_taken,
    order_views,
    view_with_id,
    views_of,
)
from catalog.curation.deposit_errors import ViewNotFound
from catalog.dataset import Dataset
from catalog.errors import DatasetNotFound, DistributionNotFound
from catalog.resource_view import ResourceView
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.default_views import add_default_views
from portal.api.ckan.errors import NoSuchObject, ValidationFailed, missing, wrong
from portal.api.ckan.fields import plain_text
from portal.api.ckan.package_access import check_may_edit, dataset_of
from portal.api.ckan.package_shapes import Resource, packages_with_ids
from portal.api.ckan.resources import resource_of

KINDS: Final = ("image_view", "text_view", "datatables_view", "webpage_view")
"""Kinds of views that this installation shows."""
_OURS: Final = frozenset(
    {"id", "resource_id", "package_id", "view_type", "title", "description", "order"}
)
SETTINGS_MAX: Final = 100


def resource_view_list(call: Call) -> Result:
    """List the views of the resource `id`, in their order."""
    dataset, resource_id = resource_of(call, call.wanted("id"))
    return [_told(view, str(dataset.id)) for view in views_of(call.tx, resource_id, by=call.actor)]


def resource_view_show(call: Call) -> Result:
    """Show the view `id`."""
    view = _view(call, call.wanted("id"))
    dataset, _ = resource_of(call, str(view.distribution_id))
    return _told(view, str(dataset.id))


def resource_view_create(call: Call) -> Result:
    """Add a view of the type `view_type`, called `title`, to the resource `resource_id`."""
    errors: dict[str, Json] = {
        name: ["Missing value"]
        for name in ("resource_id", "view_type", "title")
        if not call.text(name)
    }
    chosen = call.text("id")
    view_id = uuid_of(chosen) if chosen else uuid4()
    if chosen and not call.is_sysadmin:
        errors["id"] = ["The input field id was not expected."]
    elif view_id is None:
        errors["id"] = ["Invalid id provided"]
    elif is_view_id_taken(call.tx, view_id):
        errors["id"] = ["ResourceView id already exists"]
    kind = call.text("view_type")
    if kind and kind not in KINDS:
        errors["view_type"] = [f"No plugin found for view_type {kind}"]
    if errors and not call.text("resource_id"):
        raise ValidationFailed(errors)
    try:
        dataset, resource_id = resource_of(call, call.text("resource_id"))
    except NoSuchObject:
        raise wrong("resource_id", "Not found: Resource") from None
    check_may_edit(call, dataset)
    if errors or view_id is None:
        raise ValidationFailed(errors)
    view = ResourceView(
        view_id,
        resource_id,
        kind,
        call.text("title"),
        call.text("description"),
        settings=_settings(call),
    )
    return _told(add_view(call.tx, view, by=call.actor), str(dataset.id))


def resource_view_update(call: Call) -> Result:
    """Replace what the view `id` shows."""
    view = _view(call, call.wanted("id"))
    dataset, _ = resource_of(call, str(view.distribution_id))
    check_may_edit(call, dataset)
    changed = replace(
        view,
        title=call.text("title") if call.has("title") else view.title,
        description=call.text("description") if call.has("description") else view.description,
        settings=_settings(call),
    )
    change_view(call.tx, changed, by=call.actor)
    return _told(changed, str(dataset.id))


def resource_view_delete(call: Call) -> Result:
    """Take the view `id` away."""
    view = _view(call, call.wanted("id"))
    dataset, _ = resource_of(call, str(view.distribution_id))
    check_may_edit(call, dataset)
    drop_view(call.tx, view.id, by=call.actor)
    return None


def resource_view_reorder(call: Call) -> Result:
    """Put the views `order` of the resource `id` first; the others follow as they were."""
    dataset, resource_id = resource_of(call, call.wanted("id"))
    check_may_edit(call, dataset)
    order = call.value("order")
    if not order or isinstance(order, str) or not isinstance(order, Sequence):
        raise missing("order") if not order else wrong("order", "Not a list")
    ids = [_id(str(one)) for one in order]
    if len(set(ids)) != len(ids):
        raise wrong("order", "order must have no duplicates")
    try:
        ordered = order_views(call.tx, resource_id, ids, by=call.actor)
    except ViewNotFound:
        raise wrong("order", "order contains views that the resource does not have") from None
    return {"id": str(resource_id), "order": [str(view.id) for view in ordered]}


def resource_view_clear(call: Call) -> Result:
    """Take every view of the types `view_types` away, or all views; only a sysadmin may."""
    call.check_sysadmin()
    clear_views(call.tx, call.texts("view_types"), by=call.actor)
    return None


def resource_create_default_resource_views(call: Call) -> Result:
    """Add to the `resource` the views that fit it and that it lacks.

    With `create_datastore_views` they are those of what lies in the DataStore.
    """
    sent = call.value("resource")
    if not isinstance(sent, Mapping):
        raise missing("resource")
    dataset, resource_id = resource_of(call, plain_text(sent.get("id")))
    return _add_default_views(call, dataset, only=str(resource_id))


def package_create_default_resource_views(call: Call) -> Result:
    """Add to each resource of the `package` the views that fit it and that it lacks.

    With `create_datastore_views` they are those of what lies in the DataStore.
    """
    sent = call.value("package")
    if not isinstance(sent, Mapping):
        raise missing("package")
    wanted = plain_text(sent.get("id") or sent.get("name"))
    return _add_default_views(call, dataset_of(call, wanted))


def _add_default_views(call: Call, dataset: Dataset, *, only: str | None = None) -> Result:
    check_may_edit(call, dataset)
    resources: list[Resource] = []
    for package in packages_with_ids(call, [dataset.id]):
        held = package["resources"]
        assert isinstance(held, list), "a package holds a list of them"
        resources += [one for one in held if only in (None, one["id"])]
    of_tables = call.flag("create_datastore_views")
    made = add_default_views(call, resources, of_tables=of_tables)
    return [_told(view, str(dataset.id)) for view in made]


def _view(call: Call, wanted: str) -> ResourceView:
    try:
        return view_with_id(call.tx, _id(wanted), by=call.actor)
    except (ViewNotFound, DatasetNotFound, DistributionNotFound):
        raise NoSuchObject("Resource view was not found.") from None


def _id(wanted: str) -> UUID:
    found = uuid_of(wanted)
    if found is None:
        raise NoSuchObject("Resource view was not found.")
    return found


def _settings(call: Call) -> dict[str, Json]:
    settings = {name: value for name, value in call.parameters.items() if name not in _OURS}
    if len(settings) > SETTINGS_MAX:
        raise wrong("message", f"A view has at most {SETTINGS_MAX} settings")
    return settings


def _told(view: ResourceView, package_id: str) -> Json:
    return {
        **view.settings,
        "id": str(view.id),
        "resource_id": str(view.distribution_id),
        "package_id": package_id,
        "view_type": view.kind,
        "title": view.title,
        "description": view.description,
    }


ACTIONS: Final[Table] = {
    **reads(resource_view_list=resource_view_list, resource_view_show=resource_view_show),
    **writes(
        resource_view_create=resource_view_create,
        resource_view_update=resource_view_update,
        resource_view_delete=resource_view_delete,
        resource_view_reorder=resource_view_reorder,
        resource_view_clear=resource_view_clear,
        resource_create_default_resource_views=resource_create_default_resource_views,
        package_create_default_resource_views=package_create_default_resource_views,
    ),
}

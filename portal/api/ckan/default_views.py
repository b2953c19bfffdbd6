"""The views that a resource gets by itself: an image is shown, a table can be looked through.

Source: CKAN 2.12, `ckan.views.default_views` as it is set where nobody sets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

from catalog.curation.arrange_views import add_view, views_of
from catalog.dataset import DistributionId
from catalog.resource_view import ResourceView
from catalog.view import Json
from portal.api.ckan.call import Call
from portal.api.ckan.package_shapes import Resource

IMAGE_FORMATS: Final = frozenset({"png", "jpeg", "jpg", "gif"})
_IMAGE: Final = ("image_view", "Image")
_TABLE: Final = ("datatables_view", "Table")


def add_default_views(
    call: Call, resources: Sequence[Resource], *, of_tables: bool = False
) -> list[ResourceView]:
    """Add the views that fit and are not there: of images, or of what lies in the DataStore.

    Raises: what adding a view raises for who does not keep the dataset.
    """
    kind, title = _TABLE if of_tables else _IMAGE
    made = []
    for resource in resources:
        if not (resource.get("datastore_active") if of_tables else _is_image(resource)):
            continue
        resource_id = DistributionId(UUID(str(resource["id"])))
        if any(view.kind == kind for view in views_of(call.tx, resource_id, by=call.actor)):
            continue
        view = ResourceView(uuid4(), resource_id, kind, title)
        made.append(add_view(call.tx, view, by=call.actor))
    return made


def _is_image(resource: Resource) -> bool:
    form: Json = resource.get("format")
    return isinstance(form, str) and form.lower() in IMAGE_FORMATS

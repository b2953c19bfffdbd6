"""Tables as DataStore clients name them: by a resource's id or by an alias, and who may do what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from catalog.audience import may_keep
from catalog.curation.deposit_errors import DatasetNotYours
from catalog.curation.names import known_distribution
from catalog.dataset import Dataset, Distribution, DistributionId
from catalog.errors import DatasetNotFound, DistributionNotFound
from catalog.steps.names import table_named
from catalog.view import Json
from policies.database import Tx
from policies.errors import Unfunded
from portal.api.ckan.call import Call, truth_of, uuid_of
from portal.api.ckan.errors import (
    AccessDenied,
    CkanError,
    NoSuchObject,
    ValidationFailed,
    missing,
    wrong,
)

DATASTORE: Final = "datastore"
"""The `url_type` of a resource that lives in the DataStore alone, and may be written to."""
READ_ONLY: Final = (
    "Cannot edit read-only resource because changes made may be lost. Use a resource created for "
    'editing e.g. with datastore_create or use "force=True" to ignore this warning.'
)


class PaymentNeeded(CkanError):
    """The data is traded, and the caller's credits do not reach."""

    kind = "Payment Required Error"
    status = 402


def resource_named(call: Call) -> str:
    """The id or alias that a call names, as `resource_id` or as `id`.

    Raises: ValidationFailed.
    """
    check_writable(call)
    name = call.text("resource_id") or call.text("id")
    if not name:
        raise missing("resource_id")
    return name


def check_writable(call: Call) -> None:
    """Refuse half characters and NUL in whatever was sent but rows, which are read cell by cell.

    Raises: ValidationFailed.
    """
    for name, value in call.parameters.items():
        if name != "records":
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            is_whole = text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text)
            if not is_whole or "\0" in text or "\\u0000" in text:
                raise wrong(name, "A text cannot be stored.")


def found_table(
    tx: Tx, call: Call, name: str, *, doing: str = "resource_show"
) -> tuple[Dataset, Distribution]:
    """The dataset and resource that an id or alias means.

    Raises: NoSuchObject, AccessDenied.
    """
    found = uuid_of(name)
    distribution_id = DistributionId(found) if found is not None else table_named(tx, name)
    unknown = NoSuchObject(f'Resource "{name}" was not found.')
    if distribution_id is None:
        raise unknown
    try:
        return known_distribution(tx, distribution_id, by=call.actor)
    except (DistributionNotFound, DatasetNotFound):
        raise unknown from None
    except DatasetNotYours:
        raise not_authorized(call, doing, name) from None


def not_authorized(call: Call, doing: str, name: str) -> AccessDenied:
    """The refusal of a resource, in CKAN's words."""
    return AccessDenied(
        f"User {call.actor.name} not authorized to perform {doing} on resource {name}"
    )


def writable_table(call: Call, name: str) -> tuple[Dataset, Distribution]:
    """The same, for those who may write to it.

    Raises: NoSuchObject, AccessDenied, ValidationFailed where it came by upload and is not forced.
    """
    if call.actor.is_anonymous:
        raise not_authorized(call, "resource_update", name)
    dataset, distribution = found_table(call.tx, call, name, doing="resource_update")
    if not may_keep(call.actor, dataset):
        raise not_authorized(call, "resource_update", name)
    if not truth_of(call.value("force")) and distribution.details.get("url_type") != DATASTORE:
        raise wrong("read-only", READ_ONLY)
    return dataset, distribution


def in_datastore(distribution: Distribution) -> Distribution:
    """The resource as one that lives in the DataStore."""
    return replace(distribution, details={**distribution.details, "url_type": DATASTORE})


def texts_of(name: str, value: Json) -> list[str]:
    """A list of names, or one text with names between commas.

    Raises: ValidationFailed.
    """
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [part.strip().strip('"') for part in value.split(",") if part.strip()]
    if not isinstance(value, Sequence):
        raise wrong(name, "Not a list")
    for one in value:
        if not isinstance(one, str):
            raise wrong(name, f"Neither a string nor a list: {one}")
    return [str(one) for one in value]


def payment_needed(unfunded: Unfunded, words: str) -> PaymentNeeded:
    """The refusal of what the credits do not reach for."""
    del unfunded
    return PaymentNeeded(words)


def invalid(field: str, message: str, **more: Json) -> ValidationFailed:
    """The refusal of one field, with more beside it."""
    return ValidationFailed({field: [message], **more})

"""CKAN's refusals, each with the name and the status under which its clients know it.

Source: CKAN 2.12, `ckan.logic` exceptions as its API answers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from catalog.view import Json

MISSING = "Missing value"


class CkanError(Exception):
    """What was asked for is not done; clients decide by `kind`."""

    kind: ClassVar[str]
    status: ClassVar[int]

    def body(self) -> dict[str, Json]:
        """The `error` of the envelope, without `__type`."""
        return {"message": str(self)}


class ValidationFailed(CkanError):
    """Fields that are not right: each field with its messages, lists of objects with a list of
    such objects.
    """

    kind = "Validation Error"
    status = 409

    def __init__(self, fields: Mapping[str, Json]) -> None:
        """Take messages by field; a field's value is a list of messages or of such objects."""
        super().__init__(str(dict(fields)))
        self.fields = dict(fields)

    def body(self) -> dict[str, Json]:
        """The fields themselves stand beside `__type`."""
        return dict(self.fields)


def wrong(field: str, *messages: str) -> ValidationFailed:
    """The refusal of one field."""
    return ValidationFailed({field: list(messages)})


def missing(field: str) -> ValidationFailed:
    """The refusal of a field that has to be given."""
    return wrong(field, MISSING)


class AccessDenied(CkanError):
    """The caller may not do this; clients cut the words at the first colon."""

    kind = "Authorization Error"
    status = 403

    def body(self) -> dict[str, Json]:
        """The message, which begins as clients expect."""
        words = str(self)
        return {"message": f"Access denied: {words}" if words else "Access denied"}


class NoSuchObject(CkanError):
    """There is none, or none that the caller may know of."""

    kind = "Not Found Error"
    status = 404

    def body(self) -> dict[str, Json]:
        """The message, which begins as clients expect."""
        words = str(self)
        return {"message": f"Not found: {words}" if words else "Not found"}


class SearchQueryRefused(CkanError):
    """A parameter of a search that is not known or cannot be."""

    kind = "Search Query Error"
    status = 400

    def body(self) -> dict[str, Json]:
        """The message, which begins as clients expect."""
        return {"message": f"Search Query is invalid: {self}"}


class SearchRefused(CkanError):
    """The text of a search cannot be read."""

    kind = "Search Error"
    status = 409

    def body(self) -> dict[str, Json]:
        """The message, which begins as clients expect."""
        return {"message": f"Search error: {self}"}


class ShapeRefused(CkanError):
    """Data of the wrong shape, such as a text where a list has to be."""

    kind = "Integrity Error"
    status = 400

"""Every refusal of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Denied, Invalid


@dataclass(eq=False)
class ForgedRequest(Denied):
    """A change was asked for with a session's cookie, but not visibly by one of our own pages."""

    message: ClassVar[str] = N_(
        "This page was open for too long, or the request came from another site. Load the page "
        "again and repeat what you did."
    )


@dataclass(eq=False)
class FileMissing(Invalid):
    """A request to upload without a file in it."""

    message: ClassVar[str] = N_("There is no file in this request. Choose one and send it again.")


@dataclass(eq=False)
class MalformedForm(Invalid):
    """A multipart body that cannot be taken apart, or has more parts than one file needs."""

    message: ClassVar[str] = N_("The form was not sent completely, or has too many fields.")


@dataclass(eq=False)
class BodyCompressed(Invalid):
    """A request whose body is compressed on its way."""

    message: ClassVar[str] = N_("Send the file as it is, without a Content-Encoding.")


@dataclass(eq=False)
class BodyCutOff(Invalid):
    """The line broke before the whole file had come."""

    message: ClassVar[str] = N_("The line broke before the whole file had come. Send it again.")


@dataclass(eq=False)
class MalformedUploadHeaders(Invalid):
    """A header of a resumable upload is missing or cannot be read."""

    message: ClassVar[str] = N_("The header {header} of the upload cannot be read.")
    header: str


@dataclass(eq=False)
class MalformedFilters(Invalid):
    """Conditions or an order of rows that cannot be read."""

    message: ClassVar[str] = N_(
        "The conditions or the order cannot be read. Filters are JSON such as "
        "{example}; an order is names, each followed by “asc” or “desc”, with commas between."
    )
    example: str = '{"line": 2}'


@dataclass(eq=False)
class MarkNeedsJson(Invalid):
    """A page after a mark in a form that has no place for the next mark."""

    message: ClassVar[str] = N_(
        "Pages by “cursor” come as JSON. In other forms use “offset”, or take all rows at once."
    )


@dataclass(eq=False)
class MalformedMap(Invalid):
    """A window of a map that is no part of the earth."""

    message: ClassVar[str] = N_(
        "The window of the map cannot be read. It is “west,south,east,north” in degrees."
    )


@dataclass(eq=False)
class OAuthRequestMalformed(Invalid):
    """A form for the token endpoints that lacks something or holds what does not fit."""

    message: ClassVar[str] = N_(
        "The field “{field}” is missing, stands there twice or does not fit. Send the form as "
        "application/x-www-form-urlencoded; its fields are described at /help/api."
    )
    error: str
    """As RFC 6749 s. 5.2 names it."""
    field: str

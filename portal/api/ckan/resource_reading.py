"""CKAN's resources as our distributions.

Fields that a distribution has no place for are kept beside it, custom ones too. Bytes that were
sent stay with it until a link is put in their place.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from catalog.dataset import Distribution, DistributionId
from catalog.errors import TextTooLong, TextUnwritable, TooManyEntries
from catalog.kept_file import FILE_KEY
from catalog.record import RecordDistribution
from catalog.upload import check_file_name
from catalog.view import Json
from policies.terms import DatasetId, Language, Text
from portal.api.ckan.call import Call
from portal.api.ckan.fields import Fields, is_moment, plain_text
from portal.api.ckan.package_shapes import (
    EMPTY_KEY,
    RESOURCE_OTHERS,
    RESOURCE_TEXTS,
    UPLOAD,
    resource_url,
)
from portal.api.ckan.plain import moment, text_from
from portal.incoming_file import IncomingFile
from portal.problems import words_of

CUSTOM_FIELDS_MAX: Final = 200
DETAILS_LENGTH_CHARACTERS: Final = 1_000_000
_OURS: Final = frozenset(
    {
        *("id", "package_id", "position", "state", "metadata_modified", "datastore_active"),
        *("name", "description", "url", "upload", "clear_upload", "revision_id", "package"),
        *(FILE_KEY, EMPTY_KEY, *RESOURCE_TEXTS),
    }
)
"""What is never kept as it came."""
_MOMENTS: Final = ("created", "last_modified", "cache_last_updated")
_FIELD_OF: Final = {"title": "name", "access_url": "url", "media_type": "mimetype", "kind":
                    "resource_type"}  # fmt: skip
_FORMATS: Final[Mapping[str, str]] = {
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/geo+json": "GeoJSON",
    "application/xml": "XML",
    "text/xml": "XML",
    "text/html": "HTML",
    "text/plain": "TXT",
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "application/x-zip-compressed": "ZIP",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/msword": "DOC",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/rdf+xml": "RDF",
    "text/turtle": "TTL",
    "application/vnd.google-earth.kml+xml": "KML",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "text/tab-separated-values": "TSV",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
    "image/svg+xml": "SVG",
    "application/x-tar": "TAR",
    "application/gzip": "GZIP",
    "application/vnd.apache.parquet": "Parquet",
}
_ENDINGS: Final[Mapping[str, str]] = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".parquet": "application/vnd.apache.parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".ttl": "text/turtle",
    ".rdf": "application/rdf+xml",
    ".md": "text/markdown",
}


def read_resource(
    call: Call,
    fields: Fields,
    resource_id: DistributionId,
    dataset_id: DatasetId,
    *,
    held: RecordDistribution | None,
    file: IncomingFile | None,
) -> Distribution | None:
    """Read a resource that stands in the place of `held`, with the file that came for it; None
    where something is wrong with it, which `fields` then holds.
    """
    before = None if held is None else held.distribution
    url = fields.text("url").strip()
    details = _details(fields)
    if before is not None and details.get("created") == moment(before.created_at):
        # Our own time came back.
        details.pop("created")
    access_url = url
    if held is not None and url == resource_url(call, held):
        # Our own link came back.
        access_url = held.distribution.access_url
    media_type = fields.text("mimetype")
    kept = None if before is None else before.details.get(FILE_KEY)
    is_kept = kept is not None and details.get("url_type") == UPLOAD
    if file is not None:
        details |= _file_details(call, file)
        access_url = ""
        media_type = media_type or media_type_of(file.file_name)
        url = file.file_name
    elif is_kept or (held is not None and kept is not None and url == resource_url(call, held)):
        details[FILE_KEY] = kept
        access_url = ""
    blanks = [
        name
        for name in ("name", "description", *RESOURCE_TEXTS)
        if name != "format" and fields.sent.get(name) == ""
    ]
    if blanks:
        details[EMPTY_KEY] = blanks
    format_name = fields.text("format").strip()
    if not format_name:
        format_name = guessed_format(url)
    try:
        one = Distribution(
            id=resource_id,
            dataset_id=dataset_id,
            slug=f"data-{resource_id.hex}" if before is None else before.slug,
            title=text_from(fields.text("name"), Text() if before is None else before.title),
            key_columns=() if before is None else before.key_columns,
            created_at=call.at if before is None else before.created_at,
            modified_at=call.at if before is None else before.modified_at,
            description=text_from(
                fields.text("description"), Text() if before is None else before.description
            ),
            access_url=access_url,
            format=format_name,
            media_type=media_type,
            kind=fields.text("resource_type"),
            details=details,
        )
    except (TextTooLong, TextUnwritable, TooManyEntries) as refusal:
        fields.refuse(_FIELD_OF.get(refusal.field, refusal.field), words_of(refusal, Language.EN))
        return None
    return None if fields.errors else one


def _file_details(call: Call, file: IncomingFile) -> dict[str, Json]:
    """What is told of a file that came just now."""
    return {
        "url_type": UPLOAD,
        "size": file.blob.size_bytes,
        "hash": file.blob.sha256,
        "last_modified": moment(call.at),
        FILE_KEY: {
            "sha256": file.blob.sha256,
            "size_bytes": file.blob.size_bytes,
            "file_name": check_file_name(file.file_name or "file"),
            "at": call.at.isoformat(),
        },
    }


def guessed_format(url: str) -> str:
    """The format that the end of an address tells; empty where it tells none."""
    return format_of(media_type_of(path_of(url)))


def media_type_of(file_name: str) -> str:
    """The media type that a file's ending tells; empty where it tells none."""
    ending = "." + file_name.rsplit(".", 1)[-1].lower() if "." in file_name else ""
    return _ENDINGS.get(ending) or mimetypes.guess_type(file_name, strict=False)[0] or ""


def format_of(media_type: str) -> str:
    """The format as people call it; the media type itself where nobody has a name for it."""
    return _FORMATS.get(media_type, media_type)


def path_of(url: str) -> str:
    """The path of an address; empty where it cannot be taken apart."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _details(fields: Fields) -> dict[str, Json]:
    details: dict[str, Json] = {}
    length = 0
    for name, value in fields.sent.items():
        if name in _OURS or (name in RESOURCE_OTHERS and value is None):
            continue
        if value is None and name in _MOMENTS:
            continue
        details[name] = _kept(fields, name, value)
        length += len(name) + len(plain_text(value))
    if len(details) > CUSTOM_FIELDS_MAX or length > DETAILS_LENGTH_CHARACTERS:
        fields.refuse("__extras", f"A resource has at most {CUSTOM_FIELDS_MAX} fields of its own.")
    if any(_unwritable(name) or _unwritable(plain_text(one)) for name, one in details.items()):
        fields.refuse("__extras", "A text cannot be stored.")
        return {}
    return details


def _kept(fields: Fields, name: str, value: Json) -> Json:
    if name == "size":
        return _size(fields, value)
    if name in _MOMENTS and not is_moment(plain_text(value)):
        fields.refuse(name, "Date format incorrect")
        return None
    return value


def _size(fields: Fields, value: Json) -> Json:
    if value == "":
        return None
    if not isinstance(value, bool) and isinstance(value, str | int | float):
        try:
            size = int(value)
        except (ValueError, OverflowError):
            size = -1
        if 0 <= size < 2**63:
            return size
    fields.refuse("size", "Invalid integer")
    return None


def _unwritable(text: str) -> bool:
    return "\0" in text or any("\ud800" <= one <= "\udfff" for one in text)

"""Open tables as a Data Package.

Source: Data Package v2: Data Package, Data Resource, Table Schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from catalog.formats.dcat import dataset_iri, document_address
from catalog.formats.schema_org import description
from catalog.kept_file import KeptFile
from catalog.projection import ProjectedDistribution, Projection
from catalog.version import ColumnType
from catalog.view import Json
from policies.terms import Language

PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
_TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.TEXT: "string",
    ColumnType.INTEGER: "integer",
    ColumnType.DECIMAL: "number",
    ColumnType.DOUBLE: "number",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "datetime",
    ColumnType.INSTANT: "datetime",
}
# A date with a time is written in more ways than the default format reads.
_ANY_FORMAT: Final = frozenset({ColumnType.TIMESTAMP, ColumnType.INSTANT})
_NOT_IN_NAMES: Final = re.compile(r"[^-a-z0-9._]+")


def datapackage_json(
    record: Projection,
    site_url: str,
    *,
    path_of: Callable[[ProjectedDistribution], str],
) -> dict[str, Json]:
    """The dataset; `path_of` says where a table's file lies, as an address or within an archive."""
    language = Language.EN if record.title.en else Language.ZH
    publisher = record.publisher.title.read_in(language) or record.publisher.slug
    body: dict[str, Json] = {
        "$schema": PROFILE,
        "name": record.slug,
        "id": dataset_iri(site_url, record.id),
        "title": record.title.read_in(language),
        "description": description(record, language),
        "homepage": f"{site_url}/dataset/{record.slug}",
        "created": record.created_at.isoformat(),
        "contributors": [{"title": publisher, "roles": ["publisher"]}],
        "resources": [
            _resource(one, path_of(one), language) for one in record.distributions if one.file
        ]
        + [
            _document(record, one, one.document, site_url, language)
            for one in record.distributions
            if one.document
        ],
    }
    if record.keywords:
        body["keywords"] = list(record.keywords)
    licences = _licences(record, language)
    if licences:
        body["licenses"] = licences
    return body


def resource_name(distribution: ProjectedDistribution) -> str:
    """The name of a table within the package."""
    return _NOT_IN_NAMES.sub("-", distribution.slug.lower()).strip("-") or str(distribution.id)


def _resource(one: ProjectedDistribution, path: str, language: Language) -> Json:
    assert one.file is not None
    body: dict[str, Json] = {
        "name": resource_name(one),
        "type": "table",
        "title": one.title.read_in(language) or one.slug,
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [
                {
                    "name": column.name,
                    "type": _TYPES[column.type],
                    **({"format": "any"} if column.type in _ANY_FORMAT else {}),
                }
                for column in one.file.columns
            ],
            "missingValues": [""],
        },
    }
    if one.file.sha256:
        body["hash"] = f"sha256:{one.file.sha256}"
    if one.file.size_bytes is not None:
        body["bytes"] = one.file.size_bytes
    return body


def _document(
    record: Projection,
    one: ProjectedDistribution,
    document: KeptFile,
    site_url: str,
    language: Language,
) -> Json:
    """A file that is no table, at its address."""
    return {
        "name": resource_name(one),
        "title": one.title.read_in(language) or one.slug,
        "path": document_address(record, one, document, site_url),
        "format": one.format.lower(),
        "mediatype": document.media_type,
        "bytes": document.size_bytes,
        "hash": f"sha256:{document.sha256}",
    }


def _licences(record: Projection, language: Language) -> list[Json]:
    if record.licence_id in ("", "notspecified"):
        return []
    known = record.licence
    if known is None:
        return [
            {
                "name": _NOT_IN_NAMES.sub("-", record.licence_id.lower()).strip("-") or "other",
                "title": record.licence_id,
            }
        ]
    return [{"name": known.id, "path": known.url, "title": known.title.read_in(language)}]

"""Open tables as Croissant describes them to those who train models.

Source: MLCommons Croissant 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from catalog.formats.dcat import dataset_iri, download_address
from catalog.formats.schema_org import description
from catalog.projection import ProjectedDistribution, Projection
from catalog.version import Column, ColumnType
from catalog.view import Json
from policies.terms import Language

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"

# The context of the standard, name for name: readers compare it.
CONTEXT: Final[Mapping[str, Json]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_DATA_TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.TEXT: "sc:Text",
    ColumnType.INTEGER: "sc:Integer",
    ColumnType.DECIMAL: "sc:Float",
    ColumnType.DOUBLE: "sc:Float",
    ColumnType.BOOLEAN: "sc:Boolean",
    ColumnType.DATE: "sc:Date",
    ColumnType.TIMESTAMP: "sc:DateTime",
    ColumnType.INSTANT: "sc:DateTime",
}
_NOT_IN_IDS: Final = re.compile(r"[^\w.-]+")


def croissant_json(record: Projection, site_url: str) -> dict[str, Json]:
    """The dataset; each table's file has the digest of the bytes that its address serves."""
    language = Language.EN if record.title.en else Language.ZH
    publisher = record.publisher.title.read_in(language) or record.publisher.slug
    changed, page = record.modified_at, f"{site_url}/dataset/{record.slug}"
    body: dict[str, Json] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "@id": dataset_iri(site_url, record.id),
        "name": record.slug,
        "alternateName": [one for one in (record.title.zh, record.title.en) if one],
        "description": description(record, language),
        "url": page,
        "creator": {"@type": "sc:Organization", "name": publisher},
        "publisher": {"@type": "sc:Organization", "name": publisher},
        "datePublished": (record.issued or record.created_at).date().isoformat(),
        "dateModified": record.modified_at.date().isoformat(),
        "keywords": list(record.keywords),
        "version": f"{changed.year}.{changed.month}.{changed.day}",
        "citeAs": f"{publisher}: {record.title.read_in(language)}. {page}",
        "isLiveDataset": True,
        "distribution": [_file(one, record, site_url) for one in record.distributions if one.file],
        "recordSet": [_record_set(one) for one in record.distributions if one.file],
    }
    licence = record.licence
    named = licence.url if licence and licence.url else record.licence_id
    if named:
        body["license"] = named
    return body


def _file(one: ProjectedDistribution, record: Projection, site_url: str) -> Json:
    assert one.file is not None
    size: dict[str, Json] = (
        {} if one.file.size_bytes is None else {"contentSize": f"{one.file.size_bytes} B"}
    )
    return {
        "@type": "cr:FileObject",
        "@id": f"{one.slug}.csv",
        "name": f"{one.slug}.csv",
        "contentUrl": download_address(record, one, site_url),
        "encodingFormat": "text/csv",
        "sha256": one.file.sha256,
        **size,
    }


def _record_set(one: ProjectedDistribution) -> Json:
    assert one.file is not None
    slug = one.slug
    taken: set[str] = set()
    return {
        "@type": "cr:RecordSet",
        "@id": slug,
        "name": slug,
        "field": [_field(slug, column, taken) for column in one.file.columns],
    }


def _field(slug: str, column: Column, taken: set[str]) -> Json:
    plain = _NOT_IN_IDS.sub("_", column.name).strip("_") or "column"
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}_{number}", number + 1
    taken.add(name)
    return {
        "@type": "cr:Field",
        "@id": f"{slug}/{name}",
        "name": name,
        "description": column.name,
        "dataType": _DATA_TYPES[column.type],
        "source": {"fileObject": {"@id": f"{slug}.csv"}, "extract": {"column": column.name}},
    }

"""Records as search engines read them: one JSON-LD Dataset in its page.

Source: schema.org/Dataset; Google's guidelines for datasets (a description has 50 to 5000
characters).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.formats.dcat import dataset_iri, document_address, download_address
from catalog.formats.graph import plain, web_address
from catalog.formats.vocabularies import file_type
from catalog.projection import AccessRight, ProjectedDistribution, Projection
from catalog.view import Json
from policies.terms import Language, Text

DESCRIPTION_LEAST_CHARACTERS: Final = 50
DESCRIPTION_MOST_CHARACTERS: Final = 5_000


def dataset_json(record: Projection, site_url: str, language: Language) -> dict[str, Json]:
    """The record in one language, with what is missing in it told in the other."""
    publisher = record.publisher.title.read_in(language) or record.publisher.slug
    directory = record.directory
    body: dict[str, Json] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": dataset_iri(site_url, record.id),
        "name": _clean(record.title.read_in(language)),
        "description": description(record, language),
        "url": f"{site_url}/dataset/{record.slug}",
        "identifier": [str(record.id), *filter(None, [directory.gov_code, *directory.identifiers])],
        "keywords": [_clean(one) for one in _keywords(record)],
        "creator": {"@type": "Organization", "name": publisher},
        "publisher": {"@type": "Organization", "name": publisher},
        "dateModified": record.modified_at.isoformat(),
        "dateCreated": record.created_at.isoformat(),
        "isAccessibleForFree": record.access_right is AccessRight.PUBLIC,
        "includedInDataCatalog": {"@type": "DataCatalog", "@id": f"{site_url}/catalog"},
    }
    optional: Mapping[str, Json] = {
        "license": _licence(record),
        "datePublished": record.issued.isoformat() if record.issued else None,
        "alternateName": _other_title(record.title, language),
        "temporalCoverage": _period(record),
        "spatialCoverage": None if directory.spatial.startswith("{") else directory.spatial or None,
        "inLanguage": list(directory.languages) or None,
        "version": directory.version_label or None,
        "distribution": [
            _download(one, record, site_url, language)
            for one in record.distributions
            if one.file or one.document or web_address(one.access_url)
        ]
        or None,
        "variableMeasured": _columns(record) or None,
        "isBasedOn": [dataset_iri(site_url, one.id) for one in record.inputs] or None,
    }
    return body | {name: value for name, value in optional.items() if value is not None}


def description(record: Projection, language: Language) -> str:
    """What it is, in as many characters as a search engine wants to see."""
    words = _clean(record.summary.read_in(language)).strip()
    if len(words) < DESCRIPTION_LEAST_CHARACTERS:
        publisher = record.publisher.title.read_in(language) or record.publisher.slug
        more = (
            f"本数据集“{record.title.read_in(language)}”由{publisher}发布，编号{record.id}，"
            "收录于数堰城市数据目录，可在该目录查看其字段、质量与获取方式。"
            if language is Language.ZH
            else f"The dataset “{record.title.read_in(language)}” is published by {publisher} in "
            "the city's catalogue, which tells its columns, its quality and the way to it."
        )
        words = f"{words} {_clean(more)}".strip()
    return words[:DESCRIPTION_MOST_CHARACTERS]


def _download(
    one: ProjectedDistribution, record: Projection, site_url: str, language: Language
) -> Json:
    known = file_type("csv") if one.file else file_type(one.format, one.media_type)
    address = download_address(record, one, site_url) if one.file else web_address(one.access_url)
    if one.document:
        address = document_address(record, one, one.document, site_url)
    body: dict[str, Json] = {
        "@type": "DataDownload",
        "name": _clean(one.title.read_in(language)) or one.slug,
        "contentUrl": address,
    }
    media_type = known.media_type if known else one.media_type
    if media_type:
        body["encodingFormat"] = media_type
    if one.file and one.file.sha256:
        body["sha256"] = one.file.sha256
    if one.document:
        body |= {
            "encodingFormat": one.document.media_type,
            "contentSize": str(one.document.size_bytes),
            "sha256": one.document.sha256,
        }
    return body


def _licence(record: Projection) -> str | None:
    if record.licence and record.licence.url:
        return record.licence.url
    named = record.licence_id
    return None if named in ("", "notspecified") else _clean(named)


def _keywords(record: Projection) -> list[str]:
    return list(dict.fromkeys([*record.keywords, *(one.name for one in record.terms)]))


def _columns(record: Projection) -> list[Json]:
    names = dict.fromkeys(
        column.name for one in record.distributions if one.file for column in one.file.columns
    )
    return [{"@type": "PropertyValue", "name": _clean(name)} for name in names]


def _period(record: Projection) -> str | None:
    start, end = record.directory.temporal_start, record.directory.temporal_end
    if not (start or end):
        return None
    return f"{start.isoformat() if start else '..'}/{end.isoformat() if end else '..'}"


def _other_title(title: Text, language: Language) -> str | None:
    other = title.zh if language is Language.EN else title.en
    return _clean(other) if other and other != title.read_in(language) else None


def _clean(text: str) -> str:
    return plain(text).text

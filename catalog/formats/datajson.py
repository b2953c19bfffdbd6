"""The catalogue in the shape that the United States' portals read.

Source: Project Open Data Metadata Schema 1.1; bureau and programme codes are of that government
alone and left out.
"""

from __future__ import annotations

from catalog.formats.dcat import dataset_iri, document_address, download_address
from catalog.formats.graph import plain, web_address
from catalog.formats.vocabularies import REPEATS, file_type
from catalog.projection import AccessRight, ProjectedDistribution, Projection
from catalog.view import Json
from policies.terms import Language

CATALOGUE = {
    "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
    "@type": "dcat:Catalog",
    "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
    "describedBy": "https://project-open-data.cio.gov/v1.1/schema/catalog.json",
}
_LEVELS = {
    AccessRight.PUBLIC: "public",
    AccessRight.RESTRICTED: "restricted public",
    AccessRight.NON_PUBLIC: "non-public",
}


def dataset_json(record: Projection, site_url: str) -> dict[str, Json]:
    """One dataset of the list, in English where it has English words."""
    title = _read(record.title.read_in(Language.EN)) or record.slug
    publisher = record.publisher.title.read_in(Language.EN) or record.publisher.slug
    directory = record.directory
    mail = directory.maintainer_email
    body: dict[str, Json] = {
        "@type": "dcat:Dataset",
        "identifier": dataset_iri(site_url, record.id),
        "title": title,
        "description": _read(record.summary.read_in(Language.EN)) or title,
        "keyword": [_read(one) for one in record.keywords if one.strip()] or [title],
        "modified": record.modified_at.isoformat(timespec="seconds"),
        "publisher": {"@type": "org:Organization", "name": _read(publisher)},
        "contactPoint": {
            "@type": "vcard:Contact",
            "fn": _read(directory.maintainer or publisher),
            "hasEmail": f"mailto:{mail}" if _is_mail(mail) else f"mailto:nobody@{_host(site_url)}",
        },
        "accessLevel": _LEVELS[record.access_right],
        "accrualPeriodicity": REPEATS[record.update_cycle],
        "landingPage": web_address(directory.landing_page) or f"{site_url}/dataset/{record.slug}",
    }
    if record.access_words:
        body["rights"] = _read(record.access_words)[:255]
    if record.issued:
        body["issued"] = record.issued.isoformat(timespec="seconds")
    licence = record.licence.url if record.licence else web_address(record.licence_id)
    if licence:
        body["license"] = licence
    if directory.spatial:
        body["spatial"] = _read(directory.spatial)
    start, end = directory.temporal_start, directory.temporal_end
    if start and end:
        body["temporal"] = f"{start.isoformat()}/{end.isoformat()}"
    standard = web_address(directory.conforms_to)
    if standard:
        body["conformsTo"] = standard
    if record.series:
        body["isPartOf"] = dataset_iri(site_url, record.series.id)
    themes = [_read(one.title.read_in(Language.EN)) or one.slug for one in record.themes]
    if themes:
        body["theme"] = themes
    forms = [_distribution(one, record, site_url) for one in record.distributions]
    if forms:
        body["distribution"] = forms
    return body


def _distribution(one: ProjectedDistribution, record: Projection, site_url: str) -> Json:
    body: dict[str, Json] = {
        "@type": "dcat:Distribution",
        "title": _read(one.title.read_in(Language.EN)) or one.slug,
    }
    words = _read(one.description.read_in(Language.EN))
    if words:
        body["description"] = words
    if one.file:
        body |= {"downloadURL": download_address(record, one, site_url), "mediaType": "text/csv"}
        body["format"] = "CSV"
        return body
    if one.document:
        body |= {
            "downloadURL": document_address(record, one, one.document, site_url),
            "mediaType": one.document.media_type,
            "format": _read(one.format),
        }
        return body
    known = file_type(one.format, one.media_type)
    body["accessURL"] = web_address(one.access_url) or f"{site_url}/dataset/{record.slug}"
    if one.format:
        body["format"] = _read(one.format)
    elif known:
        body["format"] = known.code
    return body


def _read(text: str) -> str:
    return plain(text).text.strip()


def _is_mail(text: str) -> bool:
    before, at, after = text.partition("@")
    return bool(before and at and "." in after) and not any(c.isspace() for c in text)


def _host(site_url: str) -> str:
    host = site_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return host if "." in host else f"{host}.invalid"

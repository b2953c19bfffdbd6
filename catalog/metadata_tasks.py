"""What a publisher still has to do about a record: what is wrong with it, and what would be better.

The record is checked as the public would be given it, but without anything stood in for what is
missing. It takes some hundredths of a second, so it is done when a page asks and never kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from catalog.dataset import DistributionId
from catalog.formats.dcat import dataset_iri, dataset_triples
from catalog.formats.metadata_score import Score, score
from catalog.formats.oxigraph import RdfForm, write
from catalog.formats.shape_finding import Severity, ShapeFinding
from catalog.projection import Face, OpenFile, Projection, project
from catalog.record import Record
from policies.terms import OpenType, Text

_SITE: Final = "http://site.invalid"

# The field of the form for each property, the first of which has words for whoever sees none.
_FIELDS: Final[Mapping[str, str]] = {
    "http://purl.org/dc/terms/title": "title_zh",
    "http://purl.org/dc/terms/description": "summary_zh",
    "http://purl.org/dc/terms/license": "licence",
    "http://purl.org/dc/terms/publisher": "publisher",
    "http://purl.org/dc/terms/spatial": "spatial",
    "http://purl.org/dc/terms/temporal": "temporal_start",
    "http://purl.org/dc/terms/conformsTo": "conforms_to",
    "http://purl.org/dc/terms/language": "languages",
    "http://www.w3.org/ns/dcat#keyword": "keywords",
    "http://www.w3.org/ns/dcat#theme": "themes",
    "http://www.w3.org/ns/dcat#contactPoint": "maintainer",
    "http://www.w3.org/ns/dcat#landingPage": "landing_page",
    "http://www.w3.org/2006/vcard/ns#hasEmail": "maintainer_email",
    "http://data.europa.eu/r5r/applicableLegislation": "legislation",
}
_DISTRIBUTION_FIELDS: Final[Mapping[str, str]] = {
    # The licence is the dataset's; its distributions repeat it.
    "http://purl.org/dc/terms/license": "licence",
    "http://data.europa.eu/r5r/availability": "open_type",
}
_AT_THE_FILES: Final = "distributions"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to do about a record."""

    field: str
    """Name of the form's field."""
    words: Text
    severity: Severity
    href: str
    """Where the field is filled in."""


def findings_of(record: Record) -> list[Finding]:
    """What the shapes find in the record, what is wrong before what would be better."""
    found = [
        Finding(field=field, words=one.words, severity=one.severity, href=place_of(record, field))
        for one in _check(_own_view(record))
        for field in (_field(record, one),)
    ]
    return list(dict.fromkeys(found))


def score_of(record: Record, reached: Mapping[str, bool] | None = None) -> Score:
    """The record's points of 405; `reached` says which foreign addresses answered lately."""
    view = _own_view(record)
    is_valid = all(one.severity is not Severity.VIOLATION for one in _check(view))
    return score(view, is_valid=is_valid, reached=reached or {})


def place_of(record: Record, field: str) -> str:
    """Where a field of a record is filled in."""
    desk = f"/publish/{record.dataset.slug}"
    if field == _AT_THE_FILES:
        return f"{desk}/upload"
    if field in ("tasks", "submit"):
        return desk
    return f"{desk}/describe#field-{field}"


def _own_view(record: Record) -> Projection:
    entry = record.dataset.entry
    # The publisher is told of what is classified too; nobody else asks here.
    directory = replace(entry.directory, is_classified=False)
    shown = replace(
        record, dataset=replace(record.dataset, entry=replace(entry, directory=directory))
    )
    view = project(shown, Face.PUBLIC, licences={}, files=_open_files(record), links={})
    assert view is not None
    return view


def _open_files(record: Record) -> dict[DistributionId, OpenFile]:
    """The files as they will be fetched once the record is out."""
    if record.dataset.entry.open_type is not OpenType.UNCONDITIONAL:
        return {}
    return {
        held.distribution.id: OpenFile(held.newest.columns, size_bytes=held.newest.size_bytes)
        for held in record.distributions
        if held.newest is not None
    }


def _check(view: Projection) -> list[ShapeFinding]:
    # Takes long to load, and most pages check nothing.
    from catalog.formats.shacl import check

    return check(write(dataset_triples(view, _SITE), RdfForm.N_TRIPLES))


def _field(record: Record, found: ShapeFinding) -> str:
    if "/resource/" in found.node:
        return _DISTRIBUTION_FIELDS.get(found.path, _AT_THE_FILES)
    if found.node == dataset_iri(_SITE, record.dataset.id):
        return _FIELDS.get(found.path, _AT_THE_FILES)
    return _FIELDS.get(found.path, "tasks")

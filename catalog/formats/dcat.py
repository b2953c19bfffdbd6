"""Records as DCAT-AP graphs. Every node has a name, so that all serialisations are one graph.

Each value that a range asks a class of is given that class in the same graph, also where it is a
row of somebody else's table: who reads the graph alone can check it alone.

Source: DCAT-AP 3.0.1; W3C DCAT 3; Hydra Core Vocabulary, collections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from catalog.formats.graph import (
    LEGAL_RESOURCE,
    Iri,
    Literal,
    Triple,
    day,
    in_languages,
    moment,
    part,
    plain,
    term,
    web_address,
)
from catalog.formats.vocabularies import (
    AVAILABLE,
    AVAILABLE_WORDS,
    FREQUENCIES,
    LICENCES,
    access_right_iri,
    file_type,
    language_iri,
    media_type_iri,
)
from catalog.kept_file import KeptFile
from catalog.projection import Linked, ProjectedDistribution, Projection
from policies.party import Organization, OrganizationKind
from policies.terms import DatasetId, Text

SITE_TITLE: Final = Text(zh="数堰", en="Weir")
SITE_SUMMARY: Final = Text(
    zh="城市数据目录：部门共享、向社会开放、供企业交易的数据集。",
    en="The city's catalogue: datasets that departments share, open and trade.",
)
_TYPE: Final = term("rdf:type")
_CONCEPT: Final = term("skos:Concept")
_ALGORITHMS: Final[Mapping[int, str]] = {
    32: "spdx:checksumAlgorithm_md5",
    40: "spdx:checksumAlgorithm_sha1",
    64: "spdx:checksumAlgorithm_sha256",
}
"""By how many hexadecimal digits a digest has."""
_RIGHTS: Final = term("dct:RightsStatement")


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page of the catalogue stands among the others."""

    here: str
    """Addresses, all of them."""
    first: str
    last: str
    previous: str | None
    """None on the first page."""
    next: str | None
    """None on the last page."""
    total: int
    per_page: int


def dataset_iri(site_url: str, dataset_id: DatasetId) -> Iri:
    """The stable name of a dataset, which is also an address."""
    return Iri(f"{site_url}/dataset/{dataset_id}")


def catalogue_iri(site_url: str) -> Iri:
    """The name of the whole catalogue."""
    return Iri(f"{site_url}/catalog")


def complete(projection: Projection) -> Projection:
    """The record as others are given it: where a mandatory value is missing, the next best one.

    Publishers are shown what is missing; harvesters get a record that their checks let pass.
    """
    title = projection.title
    summary = projection.summary if in_languages(projection.summary) else title
    return replace(
        projection,
        summary=summary,
        distributions=tuple(
            one
            if not one.access_url or web_address(one.access_url)
            else replace(one, access_url="")
            for one in projection.distributions
        ),
        inputs=tuple(_complete(one) for one in projection.inputs),
        series=_complete(projection.series) if projection.series else None,
    )


def dataset_triples(projection: Projection, site_url: str) -> list[Triple]:
    """The graph of one dataset, each triple once, what is said of one subject together."""
    subjects: dict[Iri, dict[Triple, None]] = {}
    for triple in _dataset(projection, site_url):
        subjects.setdefault(triple[0], {})[triple] = None
    return [triple for said in subjects.values() for triple in said]


def catalogue_triples(
    site_url: str, dataset_ids: Sequence[DatasetId], *, modified_at: datetime | None
) -> list[Triple]:
    """The catalogue itself, with the datasets of this page; `modified_at` None: it holds none."""
    catalogue, service = catalogue_iri(site_url), Iri(f"{site_url}/api/v1")
    home, agent = Iri(f"{site_url}/"), Iri(f"{site_url}/#publisher")
    scheme = Iri(f"{catalogue}#themes")
    return [
        (catalogue, _TYPE, term("dcat:Catalog")),
        *_texts(catalogue, "dct:title", SITE_TITLE),
        *_texts(catalogue, "dct:description", SITE_SUMMARY),
        (catalogue, term("dct:publisher"), agent),
        (agent, _TYPE, term("foaf:Agent")),
        *_texts(agent, "foaf:name", SITE_TITLE),
        (catalogue, term("foaf:homepage"), home),
        (home, _TYPE, term("foaf:Document")),
        *_languages(catalogue, ("zh", "en")),
        (catalogue, term("dcat:themeTaxonomy"), scheme),
        *_scheme(scheme),
        *([(catalogue, term("dct:modified"), moment(modified_at))] if modified_at else []),
        (catalogue, term("dcat:service"), service),
        (service, _TYPE, term("dcat:DataService")),
        (service, term("dct:title"), Literal("Weir API", "en")),
        (service, term("dcat:endpointURL"), service),
        (service, term("dcat:endpointDescription"), Iri(f"{site_url}/openapi.json")),
        *((catalogue, term("dcat:dataset"), dataset_iri(site_url, one)) for one in dataset_ids),
    ]


def paging_triples(site_url: str, paging: Paging) -> list[Triple]:
    """The page's place, in the old words, whose links are texts, and in the present ones."""
    page, integer = Iri(paging.here), term("xsd:integer")
    links = (
        ("first", paging.first),
        ("previous", paging.previous),
        ("next", paging.next),
        ("last", paging.last),
    )
    total = Literal(str(paging.total), datatype=integer)
    per_page = Literal(str(paging.per_page), datatype=integer)
    return [
        (page, _TYPE, term("hydra:PagedCollection")),
        (page, _TYPE, term("hydra:PartialCollectionView")),
        (catalogue_iri(site_url), term("hydra:view"), page),
        (page, term("hydra:totalItems"), total),
        (catalogue_iri(site_url), term("hydra:totalItems"), total),
        (page, term("hydra:itemsPerPage"), per_page),
        (page, term("hydra:limit"), per_page),
        *(
            triple
            for name, address in links
            if address
            for triple in (
                (page, term(f"hydra:{name}Page"), plain(address)),
                (page, term(f"hydra:{name}"), Iri(address)),
            )
        ),
    ]


# A dataset ----------------------------------------------------------------------------------------


def _dataset(one: Projection, site_url: str) -> Iterator[Triple]:
    iri, directory = dataset_iri(site_url, one.id), one.directory
    yield (iri, _TYPE, term("dcat:Dataset"))
    if directory.is_series:
        yield (iri, _TYPE, term("dcat:DatasetSeries"))
    yield from _texts(iri, "dct:title", one.title)
    yield from _texts(iri, "dct:description", one.summary)
    yield from _publisher(iri, one.publisher, site_url)
    yield from _identifiers(iri, one)
    for word in dict.fromkeys([*one.keywords, *(each.name for each in one.terms)]):
        # Blank ones come along from other catalogues, and say nothing.
        if word.strip():
            yield (iri, term("dcat:keyword"), plain(word))
    yield from _themes(iri, one, site_url)
    if one.issued:
        yield (iri, term("dct:issued"), moment(one.issued))
    yield (iri, term("dct:modified"), moment(one.modified_at))
    frequency = FREQUENCIES[one.update_cycle]
    yield (iri, term("dct:accrualPeriodicity"), frequency)
    yield (frequency, _TYPE, term("dct:Frequency"))
    right = access_right_iri(one.access_right.value)
    yield (iri, term("dct:accessRights"), right)
    yield (right, _TYPE, _RIGHTS)
    yield from _labelled(iri, "dct:rights", "rights", _RIGHTS, one.access_words)
    yield from _languages(iri, directory.languages)
    yield from _pages(iri, one, site_url)
    yield from _contact(iri, one)
    yield from _coverage(iri, one, site_url)
    yield from _basis(iri, one, site_url)
    for source in one.inputs:
        yield (iri, term("dct:source"), dataset_iri(site_url, source.id))
        yield from _link(source, site_url, term("dcat:Dataset"))
    if one.series:
        yield (iri, term("dcat:inSeries"), dataset_iri(site_url, one.series.id))
        yield from _link(one.series, site_url, term("dcat:Dataset"))
        yield from _link(one.series, site_url, term("dcat:DatasetSeries"))
    for distribution in one.distributions:
        yield from _distribution(iri, one, distribution, site_url)


def _publisher(iri: Iri, publisher: Organization, site_url: str) -> Iterator[Triple]:
    agent = Iri(f"{site_url}/organization/{publisher.id}")
    yield (iri, term("dct:publisher"), agent)
    yield (agent, _TYPE, term("foaf:Agent"))
    names = in_languages(publisher.title) or [plain(publisher.slug)]
    yield from ((agent, term("foaf:name"), name) for name in names)
    if publisher.credit_code:
        yield (agent, term("dct:identifier"), plain(publisher.credit_code))
    if publisher.kind in (OrganizationKind.DEPARTMENT, OrganizationKind.BUREAU):
        kind = Iri("http://purl.org/adms/publishertype/LocalAuthority")
        yield (agent, term("dct:type"), kind)
        yield (kind, _TYPE, _CONCEPT)
        yield (kind, term("skos:prefLabel"), Literal("Local Authority", "en"))


def _identifiers(iri: Iri, one: Projection) -> Iterator[Triple]:
    yield (iri, term("dct:identifier"), plain(str(one.id)))
    directory = one.directory
    others = [
        ("gov-code", directory.gov_code),
        ("registration", directory.registration_number),
        *((f"identifier-{n}", text) for n, text in enumerate(directory.identifiers, 1)),
    ]
    for name, text in others:
        if text.strip():
            node = Iri(f"{iri}#{name}")
            yield (iri, term("adms:identifier"), node)
            yield (node, _TYPE, term("adms:Identifier"))
            yield (node, term("skos:notation"), plain(text))


def _themes(iri: Iri, one: Projection, site_url: str) -> Iterator[Triple]:
    scheme = Iri(f"{catalogue_iri(site_url)}#themes")
    named = [
        (Iri(f"{site_url}/group/{theme.id}"), in_languages(theme.title) or [plain(theme.slug)])
        for theme in one.themes
    ]
    code = one.directory.class_code
    if code:
        named.append((Iri(f"{catalogue_iri(site_url)}#class-{part(code)}"), [plain(code)]))
    for concept, labels in named:
        yield (iri, term("dcat:theme"), concept)
        yield (concept, _TYPE, _CONCEPT)
        yield from ((concept, term("skos:prefLabel"), label) for label in labels)
        yield (concept, term("skos:inScheme"), scheme)
        yield from _scheme(scheme)
    if code:
        concept = Iri(f"{catalogue_iri(site_url)}#class-{part(code)}")
        yield (concept, term("skos:notation"), plain(code))


def _scheme(scheme: Iri) -> Iterator[Triple]:
    yield (scheme, _TYPE, term("skos:ConceptScheme"))
    yield from _texts(scheme, "dct:title", Text(zh="主题", en="Themes"))


def _pages(iri: Iri, one: Projection, site_url: str) -> Iterator[Triple]:
    page = Iri(f"{site_url}/dataset/{part(one.slug)}")
    address = one.directory.landing_page
    landing = web_address(address) if address else page
    if landing:
        yield (iri, term("dcat:landingPage"), landing)
        yield (landing, _TYPE, term("foaf:Document"))
    yield (iri, term("foaf:page"), page)
    yield (page, _TYPE, term("foaf:Document"))
    if one.directory.version_label:
        yield (iri, term("dcat:version"), plain(one.directory.version_label))


def _contact(iri: Iri, one: Projection) -> Iterator[Triple]:
    directory, node = one.directory, Iri(f"{iri}#contact")
    if directory.maintainer or directory.maintainer_email or directory.contact_phone:
        yield (iri, term("dcat:contactPoint"), node)
        yield (node, _TYPE, term("vcard:Kind"))
        names = [plain(directory.maintainer)] if directory.maintainer else []
        for name in names or in_languages(one.publisher.title):
            yield (node, term("vcard:fn"), name)
        if "@" in directory.maintainer_email:
            yield (node, term("vcard:hasEmail"), _mail(directory.maintainer_email))
        if directory.contact_phone:
            phone = "".join(c for c in directory.contact_phone if c in "0123456789+-")
            yield (node, term("vcard:hasTelephone"), Iri(f"tel:{phone}"))
    if directory.author:
        author = Iri(f"{iri}#author")
        yield (iri, term("dct:creator"), author)
        yield (author, _TYPE, term("foaf:Agent"))
        yield (author, term("foaf:name"), plain(directory.author))
        if "@" in directory.author_email:
            yield (author, term("foaf:mbox"), _mail(directory.author_email))


def _coverage(iri: Iri, one: Projection, site_url: str) -> Iterator[Triple]:
    directory = one.directory
    start, end = directory.temporal_start, directory.temporal_end
    if start or end:
        period = Iri(f"{iri}#period")
        yield (iri, term("dct:temporal"), period)
        yield (period, _TYPE, term("dct:PeriodOfTime"))
        if start:
            yield (period, term("dcat:startDate"), day(start))
        if end:
            yield (period, term("dcat:endDate"), day(end))
    area = directory.spatial.strip()
    if not area:
        return
    shape = area.startswith("{")
    known = web_address(area)
    place = known or Iri(f"{iri}#area" if shape else f"{catalogue_iri(site_url)}#area-{part(area)}")
    yield (iri, term("dct:spatial"), place)
    yield (place, _TYPE, term("dct:Location"))
    if shape:
        geometry = Iri("https://www.iana.org/assignments/media-types/application/vnd.geo+json")
        yield (place, term("locn:geometry"), Literal(plain(area).text, datatype=geometry))
    elif known is None:
        yield (place, term("rdfs:label"), plain(area))


def _basis(iri: Iri, one: Projection, site_url: str) -> Iterator[Triple]:
    directory = one.directory
    for number, law in enumerate(directory.legislation, 1):
        node = web_address(law) or Iri(f"{iri}#law-{number}")
        yield (iri, term("dcatap:applicableLegislation"), node)
        yield (node, _TYPE, LEGAL_RESOURCE)
        if not web_address(law):
            yield (node, term("rdfs:label"), plain(law))
    standard = directory.conforms_to
    if standard.strip():
        node = web_address(standard) or Iri(f"{iri}#standard")
        yield (iri, term("dct:conformsTo"), node)
        yield (node, _TYPE, term("dct:Standard"))
        if not web_address(standard):
            yield (node, term("rdfs:label"), plain(standard))
    statement = term("dct:ProvenanceStatement")
    yield from _labelled(iri, "dct:provenance", "provenance", statement, directory.provenance)
    activity = term("prov:Activity")
    yield from _labelled(iri, "prov:wasGeneratedBy", "system", activity, directory.source_system)
    for code in directory.related_codes:
        if code.strip():
            node = Iri(f"{catalogue_iri(site_url)}#code-{part(code)}")
            yield (iri, term("dct:relation"), node)
            yield (node, term("dct:identifier"), plain(code))


def _link(other: Linked, site_url: str, kind: Iri) -> Iterator[Triple]:
    iri = dataset_iri(site_url, other.id)
    yield (iri, _TYPE, kind)
    yield from _texts(iri, "dct:title", other.title)
    yield from _texts(iri, "dct:description", other.summary)


# A distribution -----------------------------------------------------------------------------------


def _distribution(
    dataset: Iri, record: Projection, one: ProjectedDistribution, site_url: str
) -> Iterator[Triple]:
    iri = Iri(f"{dataset}/resource/{one.id}")
    yield (dataset, term("dcat:distribution"), iri)
    yield (iri, _TYPE, term("dcat:Distribution"))
    yield from _texts(iri, "dct:title", one.title)
    yield from _texts(iri, "dct:description", one.description)
    page = Iri(f"{site_url}/dataset/{part(record.slug)}")
    address = web_address(one.access_url) if one.access_url else page
    if address:
        yield (iri, term("dcat:accessURL"), address)
    yield from _form(iri, one)
    if one.file:
        yield (iri, term("dcat:downloadURL"), Iri(download_address(record, one, site_url)))
        yield from _weight(iri, one.file.size_bytes, one.file.sha256)
        yield (iri, term("dcatap:availability"), AVAILABLE)
        yield (AVAILABLE, _TYPE, _CONCEPT)
        yield from _texts(AVAILABLE, "skos:prefLabel", AVAILABLE_WORDS)
    elif one.document:
        download = document_address(record, one, one.document, site_url)
        yield (iri, term("dcat:downloadURL"), Iri(download))
        yield from _weight(iri, one.document.size_bytes, one.document.sha256)
    else:
        yield from _weight(iri, one.stated_bytes, one.stated_digest)
    yield (iri, term("dct:modified"), moment(one.modified_at))
    if record.issued:
        yield (iri, term("dct:issued"), moment(record.issued))
    yield from _licence(iri, dataset, record)
    if record.access_words.strip():
        yield (iri, term("dct:rights"), Iri(f"{dataset}#rights"))


def download_address(record: Projection, one: ProjectedDistribution, site_url: str) -> str:
    """Where everybody may fetch the open file."""
    first = record.distributions[0].id == one.id
    which = "" if first else f"?distribution={part(one.slug)}"
    return f"{site_url}/api/v1/datasets/{part(record.slug)}/download.csv{which}"


def document_address(
    record: Projection, one: ProjectedDistribution, document: KeptFile, site_url: str
) -> str:
    """Where everybody may fetch a file that is no table, byte for byte."""
    place = f"{site_url}/dataset/{record.id}/resource/{one.id}/download"
    return f"{place}/{part(document.file_name)}"


def _form(iri: Iri, one: ProjectedDistribution) -> Iterator[Triple]:
    name = "csv" if one.file else one.format
    known = file_type(name, "" if one.file else one.media_type)
    if known:
        yield (iri, term("dct:format"), known.iri)
        yield (known.iri, _TYPE, term("dct:MediaTypeOrExtent"))
    elif name.strip():
        node = Iri(f"{iri}#format")
        yield (iri, term("dct:format"), node)
        yield (node, _TYPE, term("dct:MediaTypeOrExtent"))
        yield (node, term("rdfs:label"), plain(name))
    given = "" if one.file else one.media_type
    media = media_type_iri(given) or (media_type_iri(known.media_type) if known else None)
    if media:
        yield (iri, term("dcat:mediaType"), media)
        yield (media, _TYPE, term("dct:MediaType"))


def _weight(iri: Iri, size_bytes: int | None, digest: str) -> Iterator[Triple]:
    """Size and digest, as far as they are known."""
    if size_bytes is not None:
        size = Literal(str(size_bytes), datatype=term("xsd:nonNegativeInteger"))
        yield (iri, term("dcat:byteSize"), size)
    if not digest:
        return
    node, algorithm = Iri(f"{iri}#checksum"), term(_ALGORITHMS[len(digest)])
    yield (iri, term("spdx:checksum"), node)
    yield (node, _TYPE, term("spdx:Checksum"))
    yield (node, term("spdx:algorithm"), algorithm)
    yield (algorithm, _TYPE, term("spdx:ChecksumAlgorithm"))
    yield (node, term("spdx:checksumValue"), Literal(digest, datatype=term("xsd:hexBinary")))


def _licence(iri: Iri, dataset: Iri, record: Projection) -> Iterator[Triple]:
    named = record.licence_id.strip()
    if not named or named == "notspecified":
        return
    known = record.licence
    address = web_address(known.url if known and known.url else named)
    node = LICENCES.get(named) or address or Iri(f"{dataset}#licence")
    yield (iri, term("dct:license"), node)
    yield (node, _TYPE, term("dct:LicenseDocument"))
    if known:
        yield from _texts(node, "dct:title", known.title)
        if address and address != node:
            yield (node, term("rdfs:seeAlso"), address)
    elif node != address:
        yield (node, term("rdfs:label"), plain(named))


# Small parts --------------------------------------------------------------------------------------


def _texts(iri: Iri, name: str, text: Text) -> Iterable[Triple]:
    return ((iri, term(name), words) for words in in_languages(text))


def _labelled(iri: Iri, name: str, fragment: str, kind: Iri, text: str) -> Iterator[Triple]:
    if text.strip():
        node = Iri(f"{iri}#{fragment}")
        yield (iri, term(name), node)
        yield (node, _TYPE, kind)
        yield (node, term("rdfs:label"), plain(text))


def _languages(iri: Iri, tags: Iterable[str]) -> Iterator[Triple]:
    for tag in tags:
        language = language_iri(tag)
        if language:
            yield (iri, term("dct:language"), language)
            yield (language, _TYPE, term("dct:LinguisticSystem"))


def _mail(address: str) -> Iri:
    return Iri(f"mailto:{quote(plain(address.strip()).text, safe='@-._~+')}")


def _complete(other: Linked) -> Linked:
    return other if in_languages(other.summary) else replace(other, summary=other.title)

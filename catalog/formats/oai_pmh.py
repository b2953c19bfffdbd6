"""OAI-PMH 2.0: what was asked for, and the answers; no database, no HTTP.

Resumption tokens say everything themselves, so nothing is kept between requests.

Source: Open Archives Initiative Protocol for Metadata Harvesting 2.0, s. 2.5, 3 and 4; Dublin Core
Metadata Element Set 1.1.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

from catalog.formats.dcat import dataset_iri, dataset_triples, download_address
from catalog.formats.graph import in_languages, plain, web_address
from catalog.formats.oxigraph import RdfForm, write
from catalog.formats.vocabularies import file_type
from catalog.projection import Projection
from policies.party import Organization
from policies.terms import DatasetId, Text

TOKEN_LENGTH_CHARACTERS: Final = 600
SET_PREFIX: Final = "org:"
_PARTS: Final = "T"


class Verb(StrEnum):
    """The six requests. Source: s. 4."""

    IDENTIFY = "Identify"
    LIST_METADATA_FORMATS = "ListMetadataFormats"
    LIST_SETS = "ListSets"
    LIST_IDENTIFIERS = "ListIdentifiers"
    LIST_RECORDS = "ListRecords"
    GET_RECORD = "GetRecord"


class Prefix(StrEnum):
    """The formats in which records are given."""

    OAI_DC = "oai_dc"
    DCAT = "dcat"


class Fault(Exception):
    """A request that cannot be answered; the answer says so. Source: s. 3.6."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is well formed."""

    verb: Verb
    arguments: tuple[tuple[str, str], ...]
    identifier: str = ""
    prefix: Prefix = Prefix.OAI_DC
    since: datetime | None = None
    """None: from the beginning."""
    until: datetime | None = None
    """None: to the end."""
    publisher_slug: str | None = None
    """None: of all sets."""
    after: tuple[datetime, DatasetId] | None = None
    """Where the last answer ended; None at the beginning."""
    position: int = 0
    """How many were given before."""


@dataclass(frozen=True, slots=True)
class Told:
    """One record of an answer."""

    dataset_id: DatasetId
    at: datetime
    record: Projection | None
    """None: it was deleted."""


_ALLOWED: Final = {
    Verb.IDENTIFY: (frozenset[str](), frozenset[str]()),
    Verb.LIST_METADATA_FORMATS: (frozenset[str](), frozenset({"identifier"})),
    Verb.LIST_SETS: (frozenset[str](), frozenset({"resumptionToken"})),
    Verb.LIST_IDENTIFIERS: (
        frozenset({"metadataPrefix"}),
        frozenset({"from", "until", "set", "resumptionToken"}),
    ),
    Verb.LIST_RECORDS: (
        frozenset({"metadataPrefix"}),
        frozenset({"from", "until", "set", "resumptionToken"}),
    ),
    Verb.GET_RECORD: (frozenset({"identifier", "metadataPrefix"}), frozenset[str]()),
}


def read_request(arguments: Sequence[tuple[str, str]]) -> Asked:
    """What is asked for.

    Raises: Fault.
    """
    names = [name for name, _ in arguments]
    given = dict(arguments)
    if len(names) != len(given):
        raise Fault("badVerb" if names.count("verb") > 1 else "badArgument", "an argument repeats")
    try:
        verb = Verb(given.pop("verb", ""))
    except ValueError:
        raise Fault("badVerb", "there is no such verb") from None
    needed, possible = _ALLOWED[verb]
    unknown = set(given) - needed - possible
    if unknown:
        raise Fault("badArgument", f"not an argument of {verb}: {', '.join(sorted(unknown))}")
    token = given.get("resumptionToken")
    if token is not None:
        if len(given) > 1:
            raise Fault("badArgument", "resumptionToken stands alone")
        return _read_token(verb, tuple(arguments), token)
    missing = needed - set(given)
    if missing:
        raise Fault("badArgument", f"missing: {', '.join(sorted(missing))}")
    since, until = given.get("from"), given.get("until")
    if since is not None and until is not None and (_PARTS in since) != (_PARTS in until):
        raise Fault("badArgument", "from and until differ in granularity")
    asked = Asked(
        verb=verb,
        arguments=tuple(arguments),
        identifier=given.get("identifier", ""),
        prefix=_prefix(given.get("metadataPrefix", Prefix.OAI_DC)),
        since=None if since is None else _moment(since),
        until=None if until is None else _moment(until, is_end=True),
        publisher_slug=_publisher(given.get("set")),
    )
    if asked.since and asked.until and asked.since > asked.until:
        raise Fault("badArgument", "from is later than until")
    return asked


def next_token(asked: Asked, last: Told, given: int) -> str:
    """Says where to go on after `last`, the last of `given` records of this answer."""
    said = {
        "p": asked.prefix.value,
        "f": asked.since.isoformat() if asked.since else None,
        "u": asked.until.isoformat() if asked.until else None,
        "s": asked.publisher_slug,
        "a": last.at.isoformat(),
        "i": str(last.dataset_id),
        "n": asked.position + given,
    }
    packed = json.dumps(said, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def identifier_of(site_url: str, dataset_id: DatasetId) -> str:
    """The name of a record. Source: OAI Identifier Format 2.0."""
    return f"oai:{urlsplit(site_url).hostname or 'localhost'}:{dataset_id}"


def dataset_id_of(site_url: str, identifier: str) -> DatasetId:
    """The dataset that an identifier names.

    Raises: Fault.
    """
    start = identifier_of(site_url, DatasetId(UUID(int=0)))[:-36]
    try:
        return DatasetId(UUID(identifier.removeprefix(start)))
    except ValueError:
        raise Fault("idDoesNotExist", "there is no such record") from None


# Answers ------------------------------------------------------------------------------------------


def write_fault(site_url: str, at: datetime, asked: Asked | None, fault: Fault) -> bytes:
    """An answer that says what is wrong."""
    has_arguments = asked is not None and fault.code not in ("badVerb", "badArgument")
    body = f"<error code={quoteattr(fault.code)}>{_text(fault.words)}</error>"
    return _answer(site_url, at, asked.arguments if asked and has_arguments else (), body)


def write_identify(
    site_url: str, at: datetime, asked: Asked, *, earliest: datetime, name: Text, mail: str
) -> bytes:
    """Who answers, and how. Deletions are told for ever."""
    body = (
        f"<Identify><repositoryName>{_text(name.zh)} {_text(name.en)}</repositoryName>"
        f"<baseURL>{_text(site_url)}/oai</baseURL><protocolVersion>2.0</protocolVersion>"
        f"<adminEmail>{_text(mail)}</adminEmail>"
        f"<earliestDatestamp>{_stamp(earliest)}</earliestDatestamp>"
        "<deletedRecord>persistent</deletedRecord>"
        "<granularity>YYYY-MM-DDThh:mm:ssZ</granularity></Identify>"
    )
    return _answer(site_url, at, asked.arguments, body)


def write_formats(site_url: str, at: datetime, asked: Asked) -> bytes:
    """The formats in which records are given."""
    rows = (
        (
            Prefix.OAI_DC,
            "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
            "http://www.openarchives.org/OAI/2.0/oai_dc/",
        ),
        (Prefix.DCAT, "https://www.w3.org/ns/dcat3.rdf", "http://www.w3.org/ns/dcat#"),
    )
    body = "".join(
        f"<metadataFormat><metadataPrefix>{prefix}</metadataPrefix><schema>{schema}</schema>"
        f"<metadataNamespace>{namespace}</metadataNamespace></metadataFormat>"
        for prefix, schema, namespace in rows
    )
    body = f"<ListMetadataFormats>{body}</ListMetadataFormats>"
    return _answer(site_url, at, asked.arguments, body)


def write_sets(
    site_url: str, at: datetime, asked: Asked, publishers: Iterable[Organization]
) -> bytes:
    """The sets: one a publisher."""
    body = "".join(
        f"<set><setSpec>{SET_PREFIX}{_text(one.slug)}</setSpec>"
        f"<setName>{_text(' / '.join(w.text for w in in_languages(one.title)) or one.slug)}"
        "</setName></set>"
        for one in publishers
    )
    return _answer(site_url, at, asked.arguments, f"<ListSets>{body}</ListSets>")


def write_records(
    site_url: str, at: datetime, asked: Asked, records: Sequence[Told], token: str | None
) -> bytes:
    """The answer to ListRecords, ListIdentifiers and GetRecord; `token` None: this is the end."""
    write_one = _header if asked.verb is Verb.LIST_IDENTIFIERS else _record
    body = "".join(write_one(site_url, one, asked.prefix) for one in records)
    if token is not None:
        body += f'<resumptionToken cursor="{asked.position}">{token}</resumptionToken>'
    elif asked.position:
        # The last part of a list that came in parts says so.
        body += f'<resumptionToken cursor="{asked.position}"/>'
    return _answer(site_url, at, asked.arguments, f"<{asked.verb}>{body}</{asked.verb}>")


def _answer(site_url: str, at: datetime, arguments: Sequence[tuple[str, str]], body: str) -> bytes:
    told = "".join(f" {name}={quoteattr(_clean(value))}" for name, value in arguments)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ '
        'http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">'
        f"<responseDate>{_stamp(at)}</responseDate>"
        f"<request{told}>{_text(site_url)}/oai</request>{body}</OAI-PMH>\n"
    ).encode()


def _header(site_url: str, told: Told, _prefix: Prefix) -> str:
    status = "" if told.record else ' status="deleted"'
    spec = (
        f"<setSpec>{SET_PREFIX}{_text(told.record.publisher.slug)}</setSpec>" if told.record else ""
    )
    return (
        f"<header{status}><identifier>{_text(identifier_of(site_url, told.dataset_id))}"
        f"</identifier><datestamp>{_stamp(told.at)}</datestamp>{spec}</header>"
    )


def _record(site_url: str, told: Told, prefix: Prefix) -> str:
    header = _header(site_url, told, prefix)
    if told.record is None:
        return f"<record>{header}</record>"
    match prefix:
        case Prefix.OAI_DC:
            metadata = _dublin_core(told.record, site_url)
        case Prefix.DCAT:
            text = write(dataset_triples(told.record, site_url), RdfForm.RDF_XML).decode()
            metadata = text[text.index("<rdf:RDF") :]
    return f"<record>{header}<metadata>{metadata}</metadata></record>"


def _dublin_core(record: Projection, site_url: str) -> str:
    directory = record.directory
    publisher = in_languages(record.publisher.title) or [plain(record.publisher.slug)]
    start, end = directory.temporal_start, directory.temporal_end
    elements: list[tuple[str, str, str]] = [
        *(("title", one.text, one.language) for one in in_languages(record.title)),
        *(("creator", one.text, one.language) for one in publisher),
        *(("subject", one, "") for one in record.keywords),
        *(
            ("subject", one.text, one.language)
            for theme in record.themes
            for one in in_languages(theme.title)
        ),
        *(("description", one.text, one.language) for one in in_languages(record.summary)),
        *(("publisher", one.text, one.language) for one in publisher),
        ("date", (record.issued or record.created_at).date().isoformat(), ""),
        ("type", "Dataset", ""),
        *(("format", one, "") for one in _formats(record)),
        ("identifier", dataset_iri(site_url, record.id), ""),
        ("identifier", f"{site_url}/dataset/{record.slug}", ""),
        *(("identifier", one, "") for one in (directory.gov_code,) if one),
        *(
            ("identifier", download_address(record, one, site_url), "")
            for one in record.distributions
            if one.file
        ),
        *(("source", dataset_iri(site_url, one.id), "") for one in record.inputs),
        *(("language", one, "") for one in directory.languages),
        *(
            ("relation", one, "")
            for one in (web_address(directory.landing_page), *directory.related_codes)
            if one
        ),
        *(("coverage", one, "") for one in (directory.spatial,) if one),
        *(("coverage", f"{start or ''}/{end or ''}", "") for one in (start or end,) if one),
        *(("rights", one, "") for one in _rights(record)),
    ]
    body = "".join(
        f"<dc:{name}{_language(language)}>{_text(text)}</dc:{name}>"
        for name, text, language in elements
    )
    return (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/oai_dc/ '
        f'http://www.openarchives.org/OAI/2.0/oai_dc.xsd">{body}</oai_dc:dc>'
    )


def _language(language: str) -> str:
    return f" xml:lang={quoteattr(language)}" if language else ""


def _formats(record: Projection) -> list[str]:
    found = []
    for one in record.distributions:
        known = file_type("csv") if one.file else file_type(one.format, one.media_type)
        found.append(known.media_type if known else one.media_type or one.format)
    return list(dict.fromkeys(name for name in found if name))


def _rights(record: Projection) -> list[str]:
    named = record.licence.url if record.licence else record.licence_id
    return [one for one in (named, record.access_words, record.access_right.value) if one]


# Arguments ----------------------------------------------------------------------------------------


def _read_token(verb: Verb, arguments: tuple[tuple[str, str], ...], token: str) -> Asked:
    wrong = Fault("badResumptionToken", "this token was not given here")
    if verb is Verb.LIST_SETS or len(token) > TOKEN_LENGTH_CHARACTERS:
        raise wrong
    try:
        said = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True))
        position = min(max(int(said["n"]), 1), 2**53)
        return Asked(
            verb=verb,
            arguments=arguments,
            prefix=Prefix(said["p"]),
            since=_told_moment(said["f"]) if said["f"] else None,
            until=_told_moment(said["u"]) if said["u"] else None,
            publisher_slug=_publisher(SET_PREFIX + said["s"]) if said["s"] else None,
            after=(_told_moment(said["a"]), DatasetId(UUID(said["i"]))),
            position=position,
        )
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError, RecursionError, Fault):
        raise wrong from None


def _told_moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1900 < at.year < 9000:
        raise ValueError(text)
    return at


def _prefix(name: str) -> Prefix:
    try:
        return Prefix(name)
    except ValueError:
        raise Fault("cannotDisseminateFormat", "there is no such format") from None


def _publisher(name: str | None) -> str | None:
    if name is None:
        return None
    slug = name.removeprefix(SET_PREFIX)
    if slug == name or not slug or len(slug) > 100 or "\0" in slug:
        raise Fault("noRecordsMatch", "there is no such set")
    return slug


def _moment(text: str, *, is_end: bool = False) -> datetime:
    """A day, or a second of UTC; a day at the end is meant with all of it."""
    form = "%Y-%m-%dT%H:%M:%SZ" if _PARTS in text else "%Y-%m-%d"
    wrong = Fault("badArgument", "a date is written YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ")
    try:
        at = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        raise wrong from None
    if not 1 < at.year < 9999:
        raise wrong
    return at.replace(hour=23, minute=59, second=59) if is_end and _PARTS not in text else at


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    return plain(text).text

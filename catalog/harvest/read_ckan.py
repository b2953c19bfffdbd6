"""Another CKAN, through CKAN's own client over our fetcher.

Source: CKAN 2.12 Action API, `package_search`; the paging of ckanext-harvest (`id asc`, to
the first empty page).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from ckanapi import RemoteCKAN
from ckanapi.errors import CKANAPIError

from catalog.harvest.errors import SourceUnreachable, TooManyRecords, UnreadableCatalogue
from catalog.harvest.fetch import USER_AGENT, Fetcher
from catalog.harvest.remote_record import (
    DISTRIBUTIONS_MAX,
    EXTRAS_MAX,
    RECORDS_MAX,
    Finding,
    FindingKind,
    Reading,
    ReadRecord,
    RefusedRecord,
    RemoteDistribution,
    RemoteRecord,
    is_address,
    plain_text,
    writable,
)
from catalog.view import Json

PAGE: Final = 100
_NAME: Final = "CKAN"
_EXTRAS: Final[Mapping[str, str]] = {
    "frequency": "update_cycle",
    "accrual_periodicity": "update_cycle",
    "issued": "issued",
    "modified": "modified",
    "spatial": "spatial",
    "temporal_start": "temporal_start",
    "temporal_end": "temporal_end",
    "access_rights": "rights",
    "conforms_to": "conforms_to",
    "provenance": "provenance",
    "guid": "identifier",
    "identifier": "identifier",
}
"""Extras that have a word of their own here; as ckanext-dcat names them."""
_KNOWN: Final = frozenset(
    {
        *("id", "name", "title", "notes", "url", "version", "author", "author_email"),
        *("maintainer", "maintainer_email", "license_id", "license_title", "license_url"),
        *("organization", "owner_org", "tags", "groups", "resources", "extras"),
        *("metadata_created", "metadata_modified", "num_resources", "num_tags", "isopen"),
        *("private", "state", "creator_user_id", "relationships_as_subject"),
        *("relationships_as_object", "type"),
    }
)
_KNOWN_OF_RESOURCE: Final = frozenset(
    {
        *("url", "name", "description", "format", "mimetype", "resource_type", "id"),
        *("package_id", "position", "state", "revision_id"),
    }
)


def read_ckan(
    fetcher: Fetcher,
    address: str,
    options: Mapping[str, str],
    *,
    on_progress: Callable[[int], None],
) -> Reading:
    """Read every public record that the options choose.

    Raises: SourceUnreachable, UnreadableCatalogue, TooManyRecords, and what the fetcher raises.
    """
    records: list[ReadRecord] = []
    refused: list[RefusedRecord] = []
    seen: set[str] = set()
    for page in _pages(fetcher, address, _filter(options), options.get("query", "")):
        fresh = 0
        for package in page:
            key = plain_text(package.get("id")) if isinstance(package, Mapping) else ""
            if key and key in seen:
                continue
            seen.add(key)
            fresh += 1
            read = read_package(package, len(seen))
            if isinstance(read, ReadRecord):
                records.append(read)
            else:
                refused.append(read)
        if not fresh:
            # A source that ignores `start` would send its first page for ever.
            break
        if len(seen) > RECORDS_MAX:
            raise TooManyRecords(RECORDS_MAX)
        on_progress(len(seen))
    return Reading(tuple(records), tuple(refused))


def read_package(package: Json, position: int) -> ReadRecord | RefusedRecord:
    """One package of a CKAN as a record."""
    if not isinstance(package, Mapping):
        return RefusedRecord(position, "", Finding(FindingKind.NOT_A_RECORD, "results"))
    title = _text(package, "title") or _text(package, "name")
    identifier = _text(package, "id") or _text(package, "name")
    if not identifier or not title:
        kind = FindingKind.IDENTIFIER_MISSING if title else FindingKind.TITLE_MISSING
        return RefusedRecord(position, title[:200], Finding(kind, "id" if title else "title"))
    findings: list[Finding] = []
    special, extras = _extras(package)
    organization = package.get("organization")
    publisher = (
        _text(organization, "title") or _text(organization, "name")
        if isinstance(organization, Mapping)
        else ""
    )
    for key, value in package.items():
        if key not in _KNOWN and value not in (None, "", [], {}):
            extras.setdefault(key, writable(plain_text(value)))
    if isinstance(organization, Mapping):
        extras.setdefault("ckan_organization", _text(organization, "name"))
    other = tuple(
        value for value in (special.pop("identifier", ""), _text(package, "name")) if value
    )
    return ReadRecord(
        RemoteRecord(
            identifier=identifier,
            title=title,
            name=_text(package, "name"),
            summary=_text(package, "notes"),
            keywords=_names(package.get("tags"), "display_name", "name"),
            themes=_names(package.get("groups"), "display_name", "title", "name"),
            licence=_text(package, "license_id") or _text(package, "license_title"),
            publisher=publisher,
            contact_name=_text(package, "maintainer"),
            contact_email=_text(package, "maintainer_email"),
            author=_text(package, "author"),
            author_email=_text(package, "author_email"),
            issued=special.pop("issued", "") or _text(package, "metadata_created"),
            modified=special.pop("modified", "") or _text(package, "metadata_modified"),
            landing_page=_text(package, "url") if is_address(_text(package, "url")) else "",
            version_label=_text(package, "version"),
            other_identifiers=other,
            distributions=_resources(package.get("resources"), findings),
            extras=tuple((k, v) for k, v in list(extras.items())[:EXTRAS_MAX] if v),
            **special,  # type: ignore[arg-type]  # only texts, named in `_EXTRAS`
        ),
        tuple(findings),
    )


class RemoteSite:
    """A whole CKAN, as somebody with a token sees it; what moves in is read through this."""

    def __init__(self, fetcher: Fetcher, address: str, token: str) -> None:
        self._client = RemoteCKAN(
            address, apikey=token or None, user_agent=USER_AGENT, session=fetcher.session
        )

    def ask(self, action: str, **parameters: object) -> Json:
        """The answer of an action.

        Raises: SourceUnreachable, and what the fetcher raises.
        """
        try:
            answer: Json = self._client.call_action(action, parameters)
        except CKANAPIError as fault:
            raise SourceUnreachable(_said(fault)) from None
        return answer

    def things(self, action: str, **parameters: object) -> Iterator[Mapping[str, Json]]:
        """Objects of a list action, page after page by `offset`."""
        offset = 0
        while True:
            page = self.ask(action, limit=PAGE, offset=offset, **parameters)
            found = page if isinstance(page, list) else []
            yield from (one for one in found if isinstance(one, Mapping))
            if len(found) < PAGE:
                return
            offset += len(found)

    def packages(self) -> Iterator[Mapping[str, Json]]:
        """Every dataset that the token sees, in the order of ids."""
        start = 0
        while True:
            answer = self.ask(
                "package_search",
                rows=PAGE,
                start=start,
                sort="id asc",
                include_private=True,
                include_drafts=True,
            )
            found = answer.get("results") if isinstance(answer, Mapping) else None
            if not isinstance(found, list) or not found:
                return
            yield from (one for one in found if isinstance(one, Mapping))
            start += len(found)


def _pages(fetcher: Fetcher, address: str, chosen: str, query: str) -> Iterator[list[Json]]:
    client = RemoteCKAN(address, user_agent=USER_AGENT, session=fetcher.session, get_only=True)
    start = 0
    while True:
        arguments: dict[str, object] = {"rows": PAGE, "start": start, "sort": "id asc"}
        if chosen:
            arguments["fq"] = chosen
        if query:
            arguments["q"] = query
        try:
            answer = client.call_action("package_search", arguments)
        except CKANAPIError as fault:
            raise SourceUnreachable(_said(fault)) from None
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise UnreadableCatalogue(_NAME, "package_search has no results")
        if not found:
            return
        yield found
        start += len(found)


def _said(fault: CKANAPIError) -> str:
    """The class of an answer that is none of CKAN's; its text may be a whole page."""
    words = str(fault).splitlines()[0][:200] if str(fault) else ""
    return f"{type(fault).__name__} {words}".strip()


def _filter(options: Mapping[str, str]) -> str:
    """The records of some organisations or groups: `a b`, and all but those: `-a -b`."""
    clauses = []
    for option, field in (("organizations", "organization"), ("groups", "groups")):
        names = [name for name in options.get(option, "").replace(",", " ").split() if name]
        wanted = [f'{field}:"{name}"' for name in names if not name.startswith("-")]
        unwanted = [f'-{field}:"{name[1:]}"' for name in names if name.startswith("-")]
        if wanted:
            clauses.append(f"({' OR '.join(wanted)})")
        clauses += unwanted
    return " ".join(clauses)


def _text(of: Mapping[str, Json], name: str) -> str:
    return writable(plain_text(of.get(name))).strip()


def _names(value: Json, *keys: str) -> tuple[str, ...]:
    """Names of tags or groups: objects today, plain texts in old dumps."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    found = []
    for one in value:
        if isinstance(one, Mapping):
            found.append(next((_text(one, key) for key in keys if one.get(key)), ""))
        else:
            found.append(writable(plain_text(one)).strip())
    return tuple(dict.fromkeys(name for name in found if name))


def _extras(package: Mapping[str, Json]) -> tuple[dict[str, str], dict[str, str]]:
    """Extras that have a word of their own here, and the others."""
    given = package.get("extras")
    pairs: dict[str, str] = {}
    if isinstance(given, Mapping):
        pairs = {key: writable(plain_text(value)) for key, value in given.items()}
    elif isinstance(given, Sequence) and not isinstance(given, str):
        for one in given:
            if isinstance(one, Mapping) and one.get("key"):
                pairs[_text(one, "key")] = writable(plain_text(one.get("value")))
    special: dict[str, str] = {}
    for key, field in _EXTRAS.items():
        if pairs.get(key) and field not in special:
            special[field] = pairs.pop(key)
    return special, pairs


def _resources(value: Json, findings: list[Finding]) -> tuple[RemoteDistribution, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    if len(value) > DISTRIBUTIONS_MAX:
        findings.append(Finding(FindingKind.TOO_MANY, "resources", str(len(value))))
    found = []
    for one in value[:DISTRIBUTIONS_MAX]:
        if not isinstance(one, Mapping):
            findings.append(Finding(FindingKind.WRONG_TYPE, "resources", plain_text(one)[:200]))
            continue
        url = _text(one, "url")
        if not is_address(url):
            kind = FindingKind.NOT_AN_ADDRESS if url else FindingKind.VALUE_MISSING
            findings.append(Finding(kind, "url", url[:200] or _text(one, "name")[:200]))
        if not url:
            continue
        details = {
            key: writable(plain_text(held))
            for key, held in one.items()
            if key not in _KNOWN_OF_RESOURCE and held not in (None, "", [], {})
        }
        if one.get("id"):
            details["remote_id"] = _text(one, "id")
        found.append(
            RemoteDistribution(
                url=url,
                title=_text(one, "name"),
                description=_text(one, "description"),
                format=_text(one, "format"),
                media_type=_text(one, "mimetype"),
                kind=_text(one, "resource_type"),
                details=tuple(details.items()),
            )
        )
    return tuple(found)

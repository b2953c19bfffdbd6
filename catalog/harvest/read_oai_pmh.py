"""An archive that speaks OAI-PMH: its records in Dublin Core, deletions included.

Source: OAI-PMH 2.0 s. 4.5 (ListRecords), s. 2.5.1 (deleted records), s. 3.5 (resumptionToken).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from catalog.harvest.errors import SourceUnreachable, TooManyRecords, UnreadableCatalogue
from catalog.harvest.fetch import Fetcher
from catalog.harvest.remote_record import (
    RECORDS_MAX,
    Finding,
    FindingKind,
    Reading,
    ReadRecord,
    RefusedRecord,
    RemoteDistribution,
    RemoteRecord,
    is_address,
    writable,
)

PREFIX: Final = "oai_dc"
PAGES_MAX: Final = 20_000
_NAME: Final = "OAI-PMH"
_OAI: Final = "{http://www.openarchives.org/OAI/2.0/}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_TERMS: Final = "{http://purl.org/dc/terms/}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+", re.IGNORECASE)


def read_oai_pmh(
    fetcher: Fetcher,
    address: str,
    options: Mapping[str, str],
    *,
    on_progress: Callable[[int], None],
) -> Reading:
    """Read every record of the archive, or of one set of it.

    Raises: UnreadableCatalogue, SourceUnreachable, TooManyRecords, and what the fetcher raises.
    """
    wanted = {"verb": "ListRecords", "metadataPrefix": options.get("prefix") or PREFIX}
    if options.get("set"):
        wanted["set"] = options["set"]
    records: list[ReadRecord] = []
    refused: list[RefusedRecord] = []
    removed: list[str] = []
    tokens: set[str] = set()
    while True:
        page = _page(fetcher, address, wanted)
        if page is None:
            break
        for element in page.findall(f"{_OAI}record"):
            read = _read(element, len(records) + len(refused) + len(removed) + 1)
            if isinstance(read, ReadRecord):
                records.append(read)
            elif isinstance(read, RefusedRecord):
                refused.append(read)
            else:
                removed.append(read)
        if len(records) + len(refused) + len(removed) > RECORDS_MAX:
            raise TooManyRecords(RECORDS_MAX)
        on_progress(len(records))
        token = (page.findtext(f"{_OAI}resumptionToken") or "").strip()
        if not token:
            break
        if token in tokens or len(tokens) >= PAGES_MAX:
            raise UnreadableCatalogue(_NAME, "its pages go round in a circle")
        tokens.add(token)
        wanted = {"verb": "ListRecords", "resumptionToken": token}
    return Reading(tuple(records), tuple(refused), tuple(removed))


def _page(fetcher: Fetcher, address: str, wanted: Mapping[str, str]) -> Element | None:
    """The list in one answer; None where the archive has no records."""
    mark = "&" if "?" in address else "?"
    answer = fetcher.get(f"{address}{mark}{urlencode(wanted)}", accept="text/xml")
    try:
        root = fromstring(answer.content or b"", forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as fault:
        raise UnreadableCatalogue(_NAME, str(fault)[:200]) from None
    error = root.find(f"{_OAI}error")
    if error is not None:
        code = error.get("code", "")
        if code == "noRecordsMatch":
            return None
        raise SourceUnreachable(f"{code[:60]} {(error.text or '')[:140]}".strip())
    found: Element | None = root.find(f"{_OAI}ListRecords")
    if found is None:
        raise UnreadableCatalogue(_NAME, "no ListRecords in the answer")
    return found


def _read(element: Element, position: int) -> ReadRecord | RefusedRecord | str:
    """A record, or the identifier of one that the archive says was deleted."""
    header = element.find(f"{_OAI}header")
    identifier = _clean(header.findtext(f"{_OAI}identifier")) if header is not None else ""
    if header is not None and header.get("status") == "deleted":
        return identifier
    held = _Fields(element)
    title, title_zh = held.words("title")
    if not (title or title_zh):
        return RefusedRecord(
            position, identifier[:200], Finding(FindingKind.TITLE_MISSING, "title")
        )
    if not identifier:
        finding = Finding(FindingKind.IDENTIFIER_MISSING, "identifier")
        return RefusedRecord(position, (title or title_zh)[:200], finding)
    summary, summary_zh = held.words("description")
    addresses = [text for text in held.texts("identifier") if is_address(text)]
    formats = held.texts("format")
    media_type = next((text for text in formats if _MEDIA_TYPE.fullmatch(text)), "")
    sets = (
        [_clean(one.text) for one in header.findall(f"{_OAI}setSpec")] if header is not None else []
    )
    extras = {
        name: "\n".join(held.texts(name))
        for name in ("type", "format", "relation", "contributor", "source", "coverage", "date")
        if held.texts(name)
    }
    if sets:
        extras["setSpec"] = ", ".join(sets)
    return ReadRecord(
        RemoteRecord(
            identifier=identifier,
            title=title or title_zh,
            title_zh=title_zh,
            summary=summary or summary_zh,
            summary_zh=summary_zh,
            keywords=held.texts("subject"),
            licence=next(iter(held.texts("rights")), ""),
            publisher=next(iter(held.texts("publisher")), ""),
            author="; ".join(held.texts("creator")),
            issued=next(iter(held.texts("date")), ""),
            modified=_clean(header.findtext(f"{_OAI}datestamp")) if header is not None else "",
            landing_page=addresses[0] if addresses else "",
            spatial=next(iter(held.texts("coverage")), ""),
            languages=held.texts("language"),
            other_identifiers=tuple(
                text for text in held.texts("identifier") if text != identifier
            ),
            distributions=tuple(
                RemoteDistribution(url=url, media_type=media_type) for url in addresses
            ),
            extras=tuple(extras.items()),
        )
    )


class _Fields:
    """The Dublin Core elements of a record, wherever they stand in its metadata."""

    def __init__(self, element: Element) -> None:
        metadata = element.find(f"{_OAI}metadata")
        self._all = [] if metadata is None else list(metadata.iter())

    def texts(self, name: str) -> tuple[str, ...]:
        names = (f"{_DC}{name}", f"{_TERMS}{name}")
        found = (_clean(one.text) for one in self._all if one.tag in names)
        return tuple(dict.fromkeys(text for text in found if text))

    def words(self, name: str) -> tuple[str, str]:
        """The text in any language but Chinese, and in Chinese, as far as it is marked."""
        other, chinese = "", ""
        for one in self._all:
            if one.tag not in (f"{_DC}{name}", f"{_TERMS}{name}"):
                continue
            if one.get(_LANGUAGE, "").lower().startswith("zh"):
                chinese = chinese or _clean(one.text)
            else:
                other = other or _clean(one.text)
        return other, chinese


def _clean(text: str | None) -> str:
    return writable(text or "").strip()

"""Records for tests of formats: one that has everything, and real ones of other catalogues."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid5

from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId, Entry
from catalog.directory import Directory, FormatClass, ShareChannel
from catalog.errors import TextTooLong
from catalog.record import Record, RecordDistribution
from catalog.theme import Term, TermId, Theme, ThemeId, VocabularyId
from policies.party import Organization, OrganizationKind
from policies.terms import (
    DatasetId,
    Grade,
    OpenType,
    OrganizationId,
    ShareType,
    Text,
    UpdateCycle,
)

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
SPACE = UUID("5b6a8f6e-6f0a-4d57-9d1c-6f1f6f3f0a11")

TRANSPORT = Text(zh="交通局", en="Transport")
PLAIN = Directory()
RICH = Directory(
    class_code="3010200001",
    gov_code="3010200001/17",
    registration_number="DJ-2026-0001",
    format_class=FormatClass.SPREADSHEET,
    share_condition="仅限行政执法",
    share_channel=ShareChannel.INTERFACE,
    open_condition="注明来源",
    field_of_use="交通",
    scenario="出行",
    source_system="公交调度系统",
    temporal_start=date(2020, 1, 1),
    temporal_end=date(2025, 12, 31),
    spatial="440300",
    landing_page="https://example.org/数据?x=1",
    version_label="2.1",
    author="编目组",
    author_email="a@example.org",
    maintainer="数据专班",
    maintainer_email="m@example.org",
    contact_phone="0755-1234567",
    conforms_to="GB/T 2260",
    provenance="由调度系统导出",
    languages=("zh", "en"),
    legislation=("政务数据共享条例", "https://example.org/law/1"),
    related_codes=("3010200001/18",),
    identifiers=("https://example.org/old/1",),
    extras=(("internal", "secret extra"),),
)


def organization(title: Text = TRANSPORT) -> Organization:
    """A department."""
    return Organization(
        OrganizationId(uuid5(SPACE, title.zh + title.en)),
        "transport",
        OrganizationKind.DEPARTMENT,
        title,
        None,
        AT,
    )


def record(
    key: str,
    *,
    title: Text,
    summary: Text,
    publisher: Organization,
    directory: Directory = PLAIN,
    links: tuple[tuple[str, str, str], ...] = (),
    keywords: tuple[str, ...] = (),
    themes: tuple[str, ...] = (),
    licence: str = "",
    open_type: OpenType = OpenType.UNCONDITIONAL,
) -> Record:
    """A published record whose distributions are elsewhere: address, format, title."""
    dataset_id = DatasetId(uuid5(SPACE, key))
    entry = Entry(
        title=title,
        summary=summary,
        grade=Grade.GENERAL,
        share_type=ShareType.CONDITIONAL,
        open_type=open_type,
        open_basis="" if open_type is OpenType.UNCONDITIONAL else "trade secret",
        update_cycle=UpdateCycle.MONTHLY,
        licence=licence,
        keywords=keywords,
        directory=directory,
    )
    dataset = Dataset(
        dataset_id,
        f"d-{dataset_id.hex[:12]}",
        publisher.id,
        entry,
        DatasetState.PUBLISHED,
        None,
        AT,
        AT,
        issued=AT,
    )
    held = tuple(
        RecordDistribution(
            Distribution(
                DistributionId(uuid5(SPACE, f"{key} {number}")),
                dataset_id,
                f"r{number}",
                Text(en=name[:300]),
                (),
                AT,
                AT,
                access_url=address,
                format=form[:300],
            ),
            None,
        )
        for number, (address, form, name) in enumerate(links)
    )
    kept = tuple(
        Theme(ThemeId(uuid5(SPACE, name)), f"t-{uuid5(SPACE, name).hex[:8]}", Text(en=name), AT)
        for name in themes
    )
    return Record(dataset, publisher, kept, (), held, ())


def rich_record() -> Record:
    """A record with every field."""
    made = record(
        "rich",
        title=Text(zh="公交站点", en="Bus stops"),
        summary=Text(zh="全市公交站点。", en="All bus stops."),
        publisher=organization(),
        directory=RICH,
        links=(("https://example.org/a b.csv", "CSV", "Stops"), ("ftp://example.org/x", "odd", "")),
        keywords=("公交", "bus"),
        themes=("Transport",),
        licence="CC-BY-4.0",
    )
    word = Term(TermId(uuid5(SPACE, "w")), VocabularyId(uuid5(SPACE, "v")), "controlled")
    return Record(
        made.dataset, made.publisher, made.themes, (word,), made.distributions, made.input_ids
    )


def real_records(shared_data: Path, *, limit: int) -> list[Record]:
    """Records of real catalogues, taken in turns, as far as they can be stored at all."""
    folder = shared_data / "catalogues"
    sources = [
        _data_json(folder / "dc_datajson_2020-11-18.json"),
        _ckan(folder / "philadelphia_catalogue.jsonl"),
        _rows(folder / "taoyuan_catalogue_utf8.csv", "utf-8-sig"),
        _rows(folder / "taipei_catalogue_big5.csv", "big5"),
    ]
    records: list[Record] = []
    while sources and len(records) < limit:
        for source in list(sources):
            made = next(source, None)
            if made is None:
                sources.remove(source)
            else:
                records.append(made)
    return records[:limit]


def _data_json(path: Path) -> Iterator[Record]:
    for number, one in enumerate(json.loads(path.read_text())["dataset"]):
        links = tuple(
            (
                str(form.get("downloadURL") or form.get("accessURL") or ""),
                str(form.get("format") or form.get("mediaType") or ""),
                str(form.get("title") or ""),
            )
            for form in one.get("distribution", ())
            if isinstance(form, dict)
        )
        told = one.get("contactPoint")
        contact = told if isinstance(told, dict) else {}
        made = _made(
            f"{path.name} {number}",
            str(one["title"]),
            str(one.get("description") or ""),
            _titled(one.get("publisher")),
            links,
            tuple(str(word) for word in one.get("keyword", ())),
            Directory(
                landing_page=str(one.get("landingPage") or "")[:2000],
                spatial=str(one.get("spatial") or "")[:2000],
                maintainer=str(contact.get("fn") or "")[:2000],
                maintainer_email=str(contact.get("hasEmail") or "").removeprefix("mailto:"),
                identifiers=(str(one["identifier"]),),
            ),
            tuple(str(word) for word in one.get("theme", ())),
            str(one.get("license") or ""),
        )
        if made:
            yield made


def _ckan(path: Path) -> Iterator[Record]:
    for number, line in enumerate(path.read_text().splitlines()):
        one = json.loads(line)
        links = tuple(
            (str(form.get("url") or ""), str(form.get("format") or ""), str(form.get("name") or ""))
            for form in one.get("resources") or ()
            if isinstance(form, dict)
        )
        made = _made(
            f"{path.name} {number}",
            str(one.get("title") or one.get("name")),
            str(one.get("notes") or ""),
            _titled(one.get("organization")),
            links,
            tuple(
                str(tag.get("name") or "") if isinstance(tag, dict) else str(tag)
                for tag in one.get("tags") or ()
            ),
            Directory(
                author=str(one.get("author") or "")[:2000],
                author_email=str(one.get("author_email") or "")[:2000],
                maintainer=str(one.get("maintainer") or "")[:2000],
                maintainer_email=str(one.get("maintainer_email") or "")[:2000],
                landing_page=str(one.get("url") or "")[:2000],
            ),
            (),
            str(one.get("license_id") or ""),
        )
        if made:
            yield made


def _titled(publisher: object) -> str:
    if isinstance(publisher, dict):
        return str(publisher.get("title") or publisher.get("name") or "")
    return str(publisher or "")


def _rows(path: Path, encoding: str) -> Iterator[Record]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            values = [value or "" for value in row.values() if not isinstance(value, list)]
            named = {(name or ""): (value or "") for name, value in row.items() if name}
            title = next((named[name] for name in named if "名稱" in name and named[name]), "")
            summary = next((named[name] for name in named if "描述" in name and named[name]), "")
            provider = next((named[name] for name in named if "機關" in name and named[name]), "")
            links = tuple(
                (part, "CSV", title)
                for value in values
                for part in value.split(";")
                if part.startswith("http")
            )[:20]
            made = _made(f"{path.name} {number}", title, summary, provider, links)
            if made:
                yield made


def _made(
    key: str,
    title: str,
    summary: str,
    publisher: str,
    links: tuple[tuple[str, str, str], ...],
    keywords: tuple[str, ...] = (),
    directory: Directory = PLAIN,
    themes: tuple[str, ...] = (),
    licence: str = "",
) -> Record | None:
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in title)
    if not title.strip():
        return None

    def text(words: str) -> Text:
        return Text(zh=words) if is_chinese else Text(en=words)

    try:
        return record(
            key,
            title=text(title[:300]),
            summary=text(summary[:20_000]),
            publisher=organization(text(publisher)),
            directory=directory,
            links=links,
            keywords=keywords[:50],
            themes=themes[:20],
            licence=licence[:300],
        )
    except TextTooLong:
        return None

"""A list of datasets as a table: one row a dataset, in any encoding, under headings of many kinds.

Headings are known in English and in both Chinese scripts; a source may say of any of its columns
what it means. Columns that nobody knows are kept under their own heading.

Source: column names of the published catalogues of Chinese and Taiwanese cities; WHATWG Encoding
(labels).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from charset_normalizer import from_bytes

from catalog.harvest.errors import TooManyRecords, UnreadableCatalogue
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
    writable,
)
from catalog.harvest.source import COLUMN_OPTION

_NAME: Final = "CSV"
_COLUMNS_MAX: Final = 500
_CELL_CHARACTERS_MAX: Final = 1_000_000
_MARKS: Final = (",", ";", "\t", "|")
_LOOKED_AT_BYTES: Final = 1 << 18

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "identifier": (
        *("identifier", "id", "uuid", "dataset id", "identifiant", "资源代码", "信息资源代码"),
        *("数据集编号", "資料集識別碼", "编码", "资源编码"),
    ),
    "title": (
        *("title", "name", "dataset", "dataset name", "名称", "标题", "资源名称", "信息资源名称"),
        *("数据集名称", "資料集名稱", "資料名稱", "资料名称"),
    ),
    "summary": (
        *("summary", "description", "notes", "摘要", "信息资源摘要", "描述", "简介"),
        *("資料集描述", "数据集描述", "資料描述"),
    ),
    "keywords": ("keywords", "keyword", "tags", "关键字", "标签", "標籤/關鍵字", "標籤", "關鍵字"),
    "themes": (
        *("theme", "themes", "category", "categories", "groups", "主题", "分类", "数据领域"),
        *("分類及編號", "服務分類", "信息资源分类"),
    ),
    "licence": ("licence", "license", "license id", "授权", "授權方式", "许可", "开放协议"),
    "rights": ("rights", "计费方式", "計費方式"),
    "publisher": (
        *("publisher", "organization", "organisation", "department", "信息资源提供方"),
        *("提供方", "提供单位", "来源部门", "資料集提供機關", "資料來源", "資料來源(部會單位)"),
    ),
    "contact_name": ("contact", "contact name", "maintainer", "联系人", "資料集提供機關聯絡人"),
    "contact_email": (
        *("contact email", "email", "maintainer email", "联系邮箱"),
        *("資料集提供機關聯絡人電子郵件",),
    ),
    "contact_phone": ("contact phone", "phone", "联系电话", "資料集提供機關電話"),
    "issued": ("issued", "created", "发布日期", "发布时间", "建立日期"),
    "modified": ("modified", "updated", "last updated", "更新时间", "最后更新时间", "最後更新時間"),
    "update_cycle": ("frequency", "update cycle", "更新周期", "更新频率", "更新頻率"),
    "landing_page": ("landing page", "page", "資料連結網址", "详情页", "資料集說明網址"),
    "url": (
        *("url", "download", "download url", "access url", "link", "下载地址", "链接", "地址"),
        *("資料下載網址",),
    ),
    "format": ("format", "formats", "格式", "信息资源格式", "檔案格式", "資源格式", "文件格式"),
    "spatial": ("spatial", "area", "空间范围", "地区"),
    "temporal_start": ("temporal start", "start", "收錄期間(起)", "起始时间"),
    "temporal_end": ("temporal end", "end", "收錄期間(迄)", "结束时间"),
    "languages": ("language", "languages", "语种", "語言"),
    "author": ("author", "作者"),
    "source_system": ("source system", "来源系统", "所属系统"),
}
"""What a heading may be called, in small letters; the first that fits wins."""
_LISTS: Final = frozenset({"keywords", "themes", "languages"})
_LIST_MARKS: Final = str.maketrans({"、": ",", ";": ",", "；": ",", "，": ",", "|": ",", "/": ","})


def read_csv_manifest(content: bytes, options: Mapping[str, str]) -> Reading:
    """Read a whole table. `options` may name `encoding` and `delimiter`, and for any heading what
    it means, as `column:title`.

    Raises: UnreadableCatalogue, TooManyRecords.
    """
    text = _decoded(content, options.get("encoding", ""))
    rows = _rows(text, options.get("delimiter", ""))
    headings = [heading.strip() for heading in next(rows, [])]
    if not headings or len(headings) > _COLUMNS_MAX:
        raise UnreadableCatalogue(_NAME, "the first line is no list of headings")
    meanings = _meanings(headings, options)
    if "title" not in meanings.values():
        raise UnreadableCatalogue(_NAME, "no column is the title")
    records: list[ReadRecord] = []
    refused: list[RefusedRecord] = []
    position = 0
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        position += 1
        if position > RECORDS_MAX:
            raise TooManyRecords(RECORDS_MAX)
        read = _read(headings, meanings, cells, position)
        if isinstance(read, ReadRecord):
            records.append(read)
        else:
            refused.append(read)
    return Reading(_gathered(records), tuple(refused))


def _decoded(content: bytes, label: str) -> str:
    """The text: by its mark, as strict UTF-8, as the source says, else as it seems."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            label = encoding
    if label:
        try:
            return content.decode(label)
        except LookupError:
            raise UnreadableCatalogue(_NAME, f"no encoding is called {label[:40]}") from None
        except UnicodeDecodeError as fault:
            return _mostly(content, label, fault)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    seen = from_bytes(content[:_LOOKED_AT_BYTES], cp_isolation=list(_ENCODINGS)).best()
    guess = seen.encoding if seen is not None else "gb18030"
    for encoding in (guess, *_ENCODINGS):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as fault:
            if encoding == guess:
                first = fault
    return _mostly(content, guess, first)


_ENCODINGS: Final = ("big5", "cp950", "big5hkscs", "gb18030", "shift_jis", "euc_kr", "cp1252")
_DAMAGED_PERMILLE: Final = 5


def _mostly(content: bytes, encoding: str, fault: UnicodeDecodeError) -> str:
    """A text with a few broken characters, which real files have.

    Raises: UnreadableCatalogue where there are too many.
    """
    text = content.decode(encoding, "replace")
    if text.count("\ufffd") * 1000 > len(text) * _DAMAGED_PERMILLE:
        raise UnreadableCatalogue(_NAME, f"{encoding}, byte {fault.start}")
    return text


def _rows(text: str, mark: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = {"tab": "\t"}.get(mark, mark) or max(_MARKS, key=first.count)
    if len(delimiter) != 1:
        raise UnreadableCatalogue(_NAME, "the delimiter is no single character")
    csv.field_size_limit(_CELL_CHARACTERS_MAX)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as fault:
        raise UnreadableCatalogue(_NAME, str(fault)) from None


def _meanings(headings: Sequence[str], options: Mapping[str, str]) -> dict[int, str]:
    """What each column means; a column without a meaning is kept under its heading."""
    said = {
        name.removeprefix(COLUMN_OPTION): heading.strip()
        for name, heading in options.items()
        if name.startswith(COLUMN_OPTION)
    }
    found: dict[int, str] = {}
    for field, heading in said.items():
        if field not in FIELDS:
            raise UnreadableCatalogue(_NAME, f"no field is called {field[:40]}")
        if heading not in headings:
            raise UnreadableCatalogue(_NAME, f"no column is called {heading[:80]}")
        found[headings.index(heading)] = field
    small = [" ".join(heading.lower().replace("_", " ").split()) for heading in headings]
    for field, names in FIELDS.items():
        if field in found.values():
            continue
        place = next(
            (
                small.index(name)
                for name in names
                if name in small and small.index(name) not in found
            ),
            None,
        )
        if place is not None:
            found[place] = field
    return found


def _read(
    headings: Sequence[str], meanings: Mapping[int, str], cells: Sequence[str], position: int
) -> ReadRecord | RefusedRecord:
    texts: dict[str, str] = {}
    extras: dict[str, str] = {}
    for place, cell in enumerate(cells):
        value = writable(cell).strip()
        if not value:
            continue
        if place in meanings:
            texts[meanings[place]] = value
        else:
            heading = headings[place] if place < len(headings) else ""
            extras[heading or f"column {place + 1}"] = value
    if not texts.get("title"):
        finding = Finding(FindingKind.TITLE_MISSING, "title")
        return RefusedRecord(position, texts.get("identifier", "")[:200], finding)
    findings: list[Finding] = []
    url = texts.pop("url", "")
    form = texts.pop("format", "")
    page = texts.get("landing_page", "")
    if page and not is_address(page):
        # Many write “none” into every cell.
        extras[_heading_of("landing_page", headings, meanings)] = texts.pop("landing_page")
        page = ""
    lists = {name: _list(texts.pop(name, "")) for name in _LISTS}
    identifier = texts.pop("identifier", "") or url or page
    if not identifier:
        identifier = f"{texts.get('publisher', '')}/{texts['title']}"
        findings.append(Finding(FindingKind.IDENTIFIER_MISSING, "identifier"))
    if url and not is_address(url):
        findings.append(Finding(FindingKind.NOT_AN_ADDRESS, "url", url[:200]))
    distributions = (RemoteDistribution(url=url, format=form),) if url else ()
    if form and not url:
        extras["format"] = form
    return ReadRecord(
        RemoteRecord(
            identifier=identifier,
            distributions=distributions,
            extras=tuple(list(extras.items())[:EXTRAS_MAX]),
            **lists,  # type: ignore[arg-type]  # named in `FIELDS`
            **texts,  # type: ignore[arg-type]
        ),
        tuple(findings),
    )


def _heading_of(field: str, headings: Sequence[str], meanings: Mapping[int, str]) -> str:
    return next(headings[place] for place, meaning in meanings.items() if meaning == field)


def _list(text: str) -> tuple[str, ...]:
    parts = (part.strip(' "') for part in text.translate(_LIST_MARKS).split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _gathered(records: Sequence[ReadRecord]) -> tuple[ReadRecord, ...]:
    """Rows of one identifier and title are one dataset with several distributions."""
    by_key: dict[tuple[str, str], ReadRecord] = {}
    for read in records:
        key = (read.record.identifier, read.record.title)
        held = by_key.get(key)
        if held is None or not read.record.distributions:
            by_key.setdefault(key if held is None else (*key[:1], f"{key[1]}\0{len(by_key)}"), read)
            continue
        both = (*held.record.distributions, *read.record.distributions)[:DISTRIBUTIONS_MAX]
        by_key[key] = ReadRecord(_with(held.record, both), held.findings + read.findings)
    return tuple(by_key.values())


def _with(record: RemoteRecord, distributions: tuple[RemoteDistribution, ...]) -> RemoteRecord:
    return replace(record, distributions=distributions)

"""The spreadsheet in which departments file their directory, in the official order of its columns.

A row is a record. What is read is checked cell by cell, and nothing is made of a row with an error.

Source: 政务信息资源目录编制指南(试行) (2017), 核心元数据; 政务数据共享条例 art. 13-14.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeVar

from catalog.dataset import Entry
from catalog.directory import Directory, FormatClass, ShareChannel
from catalog.record import Record
from policies.errors import Refusal
from policies.party import SLUG, Organization
from policies.terms import Grade, OpenType, ShareType, Text, UpdateCycle

ROWS_MAX: Final = 2_000
CELL_LENGTH_CHARACTERS: Final = 20_000
SHEET_NAME: Final = "信息资源目录"
TEMPLATE_ROWS: Final = 500
ITEMS_KEY: Final = "信息项信息"
"""Under which key the columns that a sheet tells are kept, until there is data that tells them."""

_LISTED: Final = re.compile(r"[;；\n]+")
_WORDS: Final = re.compile(r"[,，、;；\n]+")
_NOT_IN_SLUGS: Final = re.compile(r"[^a-z0-9_-]+")
_E = TypeVar("_E", bound=StrEnum | Grade)

_FORMAT_CLASSES: Final = {
    "文件": FormatClass.FILE,
    "电子表格": FormatClass.SPREADSHEET,
    "数据库": FormatClass.DATABASE,
    "图形图像": FormatClass.IMAGE,
    "流媒体": FormatClass.STREAM,
    "自描述格式": FormatClass.SELF_DESCRIBING,
}
_CHANNELS: Final = {
    "接口": ShareChannel.INTERFACE,
    "数据库": ShareChannel.DATABASE,
    "文件": ShareChannel.FILE,
    "邮件": ShareChannel.MAIL,
    "介质": ShareChannel.MEDIA,
}
_SHARE_TYPES: Final = {
    "无条件共享": ShareType.UNCONDITIONAL,
    "有条件共享": ShareType.CONDITIONAL,
    "不予共享": ShareType.NOT_SHARED,
}
_OPEN_TYPES: Final = {
    "无条件开放": OpenType.UNCONDITIONAL,
    "有条件开放": OpenType.CONDITIONAL,
    "不予开放": OpenType.NOT_OPEN,
}
_CYCLES: Final = {
    "实时": UpdateCycle.REAL_TIME,
    "每日": UpdateCycle.DAILY,
    "每周": UpdateCycle.WEEKLY,
    "每月": UpdateCycle.MONTHLY,
    "每季度": UpdateCycle.QUARTERLY,
    "每年": UpdateCycle.YEARLY,
    "其他": UpdateCycle.IRREGULAR,
}
_GRADES: Final = {"一般数据": Grade.GENERAL, "重要数据": Grade.IMPORTANT, "核心数据": Grade.CORE}
_YES: Final = {"是": True, "否": False, "涉密": True, "不涉密": False, "": False}

# Files are handed over as files; a front-end database cannot hold them, and so on.
_CHANNELS_OF: Final[Mapping[FormatClass, frozenset[ShareChannel]]] = {
    FormatClass.FILE: frozenset(ShareChannel) - {ShareChannel.DATABASE},
    FormatClass.IMAGE: frozenset(ShareChannel) - {ShareChannel.DATABASE},
    FormatClass.STREAM: frozenset({ShareChannel.INTERFACE, ShareChannel.MEDIA}),
}


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of the sheet: what stands above it, and what a record has in it."""

    heading: str
    english: str
    write: Callable[[Record], str]
    choices: tuple[str, ...] = ()
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong with a cell."""

    heading: str
    words: Text
    value: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as it was read."""

    number: int
    """As the spreadsheet counts, from 1."""
    slug: str
    title: Text
    entry: Entry | None
    """None where a cell is wrong."""
    errors: tuple[CellError, ...] = ()


def _texts(key: str) -> Callable[[Record], str]:
    return lambda record: str(getattr(record.dataset.entry.directory, key))


def _chosen(
    words: Mapping[str, object], read: Callable[[Record], object]
) -> Callable[[Record], str]:
    names = {value: name for name, value in words.items()}
    return lambda record: names.get(read(record), "")


def _day(key: str) -> Callable[[Record], str]:
    return lambda record: str(getattr(record.dataset.entry.directory, key) or "")


def _listed(key: str) -> Callable[[Record], str]:
    return lambda record: "；".join(getattr(record.dataset.entry.directory, key))


def _items(record: Record) -> str:
    for held in record.distributions:
        if held.newest is not None:
            return "；".join(f"{one.name}({one.type.value})" for one in held.newest.columns)
    return dict(record.dataset.entry.directory.extras).get(ITEMS_KEY, "")


def _forms(record: Record) -> str:
    named = (held.distribution.format or "CSV" for held in record.distributions)
    return "、".join(dict.fromkeys(named))


_YES_NO: Final = ("是", "否")

COLUMNS: Final = (
    SheetColumn("信息资源分类", "Class code", _texts("class_code")),
    SheetColumn(
        "信息资源名称", "Name", lambda record: record.dataset.entry.title.zh, is_needed=True
    ),
    SheetColumn("信息资源代码", "Code", _texts("gov_code")),
    SheetColumn(
        "信息资源提供方",
        "Provider",
        lambda record: record.publisher.title.zh or record.publisher.title.en,
        is_needed=True,
    ),
    SheetColumn("信息资源提供方代码", "Provider's code", lambda r: r.publisher.credit_code or ""),
    SheetColumn(
        "信息资源摘要", "Summary", lambda record: record.dataset.entry.summary.zh, is_needed=True
    ),
    SheetColumn(
        "信息资源格式分类",
        "Class of format",
        _chosen(_FORMAT_CLASSES, lambda r: r.dataset.entry.directory.format_class),
        tuple(_FORMAT_CLASSES),
    ),
    SheetColumn("信息资源格式", "Format", _forms),
    SheetColumn(ITEMS_KEY, "Columns", _items),
    SheetColumn(
        "共享类型",
        "Sharing",
        _chosen(_SHARE_TYPES, lambda r: r.dataset.entry.share_type),
        tuple(_SHARE_TYPES),
        is_needed=True,
    ),
    SheetColumn("共享条件", "Condition of sharing", _texts("share_condition")),
    SheetColumn("不予共享依据", "Basis of not sharing", lambda r: r.dataset.entry.share_basis),
    SheetColumn(
        "共享方式",
        "Way of sharing",
        _chosen(_CHANNELS, lambda r: r.dataset.entry.directory.share_channel),
        tuple(_CHANNELS),
    ),
    SheetColumn(
        "开放属性",
        "Opening",
        _chosen(_OPEN_TYPES, lambda r: r.dataset.entry.open_type),
        tuple(_OPEN_TYPES),
        is_needed=True,
    ),
    SheetColumn("开放条件", "Condition of opening", _texts("open_condition")),
    SheetColumn("不予开放依据", "Basis of not opening", lambda r: r.dataset.entry.open_basis),
    SheetColumn(
        "更新周期",
        "Update cycle",
        _chosen(_CYCLES, lambda r: r.dataset.entry.update_cycle),
        tuple(_CYCLES),
        is_needed=True,
    ),
    SheetColumn(
        "发布日期",
        "Date of publication",
        lambda record: record.dataset.issued.date().isoformat() if record.dataset.issued else "",
    ),
    SheetColumn("关联资源代码", "Codes of related resources", _listed("related_codes")),
    # From here on: what provinces and cities add.
    SheetColumn("数据领域", "Field", _texts("field_of_use")),
    SheetColumn("应用场景", "Scenario", _texts("scenario")),
    SheetColumn("关键字", "Keywords", lambda record: "；".join(record.dataset.entry.keywords)),
    SheetColumn("时间范围起", "Covers from", _day("temporal_start")),
    SheetColumn("时间范围止", "Covers to", _day("temporal_end")),
    SheetColumn("空间范围", "Area", _texts("spatial")),
    SheetColumn("来源系统", "Source system", _texts("source_system")),
    SheetColumn("联系人", "Contact", _texts("maintainer")),
    SheetColumn("联系电话", "Telephone", _texts("contact_phone")),
    SheetColumn("电子邮箱", "E-mail", _texts("maintainer_email")),
    SheetColumn("登记编号", "Registration number", _texts("registration_number")),
    SheetColumn(
        "数据分级",
        "Grade",
        _chosen(_GRADES, lambda r: r.dataset.entry.grade),
        tuple(_GRADES),
    ),
    SheetColumn(
        "涉密属性",
        "Classified",
        lambda record: "是" if record.dataset.entry.directory.is_classified else "否",
        _YES_NO,
    ),
    SheetColumn("许可", "Licence", lambda record: record.dataset.entry.licence),
    SheetColumn("适用法律", "Legislation", _listed("legislation")),
    SheetColumn("英文名称", "Name in English", lambda record: record.dataset.entry.title.en),
    SheetColumn("英文摘要", "Summary in English", lambda record: record.dataset.entry.summary.en),
    SheetColumn("网址名称", "Name in addresses", lambda record: record.dataset.slug),
)
_HEADINGS: Final = {column.heading: column for column in COLUMNS}


# Writing ------------------------------------------------------------------------------------------


def write_sheet(records: Sequence[Record]) -> bytes:
    """The records as a spreadsheet; without any, it is the template."""
    # Takes long to load, and few write a sheet.
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    sheet.title = SHEET_NAME
    for number, column in enumerate(COLUMNS, 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number, column.heading + ("*" if column.is_needed else ""))
        head.font = Font(bold=True)
        head.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(2, number, column.english).font = Font(italic=True, color="666666")
        sheet.column_dimensions[letter].width = 18
        if column.choices:
            rule = DataValidation(
                type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True
            )
            rule.add(f"{letter}3:{letter}{2 + max(len(records), TEMPLATE_ROWS)}")
            sheet.add_data_validation(rule)
    for row, record in enumerate(records, 3):
        for number, column in enumerate(COLUMNS, 1):
            cell = sheet.cell(row, number)
            # A text that begins like a formula must not become one.
            cell.value, cell.data_type = _writable(column.write(record)), "s"
            cell.number_format = "@"
    sheet.freeze_panes = "C3"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _writable(text: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)[:32_000]


# Reading ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reader:
    """One row's cells, and what was found wrong with them."""

    cells: Mapping[str, str]
    errors: list[CellError] = field(default_factory=list)

    def text(self, heading: str, *, is_needed: bool = False) -> str:
        value = self.cells.get(heading, "").strip()
        if is_needed and not value:
            self.wrong(heading, Text("不能为空。", "It must not be empty."))
        if len(value) > CELL_LENGTH_CHARACTERS:
            self.wrong(heading, Text("内容过长。", "It is too long."))
            return ""
        return value

    def one_of(self, heading: str, words: Mapping[str, _E], default: _E | None) -> _E | None:
        value = self.text(heading, is_needed=_HEADINGS[heading].is_needed)
        if not value:
            return default
        found = words.get(value) or next(
            (one for one in words.values() if str(one.value) == value.lower()), None
        )
        if found is None:
            choices = "、".join(words)
            self.wrong(heading, Text(f"只能填：{choices}。", f"It can be: {choices}."))
        return found or default

    def day(self, heading: str) -> date | None:
        value = self.text(heading)
        if not value:
            return None
        try:
            return datetime.fromisoformat(value.replace("/", "-")).date()
        except ValueError:
            self.wrong(heading, Text("日期写作 2026-01-31。", "Write a date as 2026-01-31."))
            return None

    def wrong(self, heading: str, words: Text) -> None:
        self.errors.append(CellError(heading, words, self.cells.get(heading, "")[:200]))


def read_rows(
    cells: Sequence[Sequence[str]], publisher: Organization
) -> tuple[list[SheetRow], Text | None]:
    """The records of a sheet for one publisher, or what is wrong with the sheet as a whole."""
    headings_at, headings = _find_headings(cells)
    if headings_at is None:
        needed = "、".join(column.heading for column in COLUMNS if column.is_needed)
        return [], Text(
            f"找不到表头行。需要的列：{needed}。", f"There is no row of headings. Needed: {needed}."
        )
    rows: list[SheetRow] = []
    for number, row in enumerate(cells[headings_at + 1 :], headings_at + 2):
        told = {name: row[at].strip() for name, at in headings.items() if at < len(row)}
        if not any(told.values()) or _is_english_heading(told):
            continue
        if len(rows) == ROWS_MAX:
            return rows, Text(f"最多 {ROWS_MAX} 行。", f"There can be at most {ROWS_MAX} rows.")
        rows.append(_read_row(number, told, publisher))
    return _without_doubles(rows), None


def _find_headings(cells: Sequence[Sequence[str]]) -> tuple[int | None, dict[str, int]]:
    for number, row in enumerate(cells[:20]):
        found: dict[str, int] = {}
        for at, cell in enumerate(row):
            name = re.sub(r"[\s*＊]+", "", cell)
            if name in _HEADINGS:
                found.setdefault(name, at)
        if all(one.heading in found for one in COLUMNS if one.is_needed):
            return number, found
    return None, {}


def _is_english_heading(told: Mapping[str, str]) -> bool:
    given = {name: value for name, value in told.items() if value}
    return all(_HEADINGS[name].english == value for name, value in given.items())


def _read_row(number: int, told: Mapping[str, str], publisher: Organization) -> SheetRow:
    read = _Reader(told)
    title = Text(zh=read.text("信息资源名称", is_needed=True), en=read.text("英文名称"))
    _check_provider(read, publisher)
    slug = _slug(read, title, publisher)
    entry = _entry(read, title)
    if read.errors:
        return SheetRow(number, slug, title, None, tuple(read.errors))
    return SheetRow(number, slug, title, entry)


def _check_provider(read: _Reader, publisher: Organization) -> None:
    name, code = read.text("信息资源提供方", is_needed=True), read.text("信息资源提供方代码")
    names = {publisher.title.zh, publisher.title.en, publisher.slug}
    if name and name not in names:
        read.wrong(
            "信息资源提供方",
            Text(
                f"应为本单位：{publisher.title.zh or publisher.slug}。",
                f"It has to be your own organisation: {publisher.title.en or publisher.slug}.",
            ),
        )
    if code and publisher.credit_code and code.upper() != publisher.credit_code:
        words = Text("与本单位的统一社会信用代码不符。", "It is not your organisation's code.")
        read.wrong("信息资源提供方代码", words)


def _slug(read: _Reader, title: Text, publisher: Organization) -> str:
    """The name in addresses that is given, or one made of the code, or of the title."""
    given = read.text("网址名称")
    if given:
        if not SLUG.fullmatch(given):
            words = Text(
                "只能用小写字母、数字、-、_。", "Use small letters, digits, - and _ alone."
            )
            read.wrong("网址名称", words)
        return given
    code = _NOT_IN_SLUGS.sub("-", read.text("信息资源代码").lower()).strip("-")
    mark = hashlib.sha256(f"{publisher.id}{title.zh}".encode()).hexdigest()[:12]
    return f"{publisher.slug[:40]}-{code or mark}"


def _entry(read: _Reader, title: Text) -> Entry | None:
    directory = _directory(read)
    share = read.one_of("共享类型", _SHARE_TYPES, None)
    opened = read.one_of("开放属性", _OPEN_TYPES, None)
    cycle = read.one_of("更新周期", _CYCLES, None)
    grade = read.one_of("数据分级", _GRADES, Grade.GENERAL)
    share_basis, open_basis = read.text("不予共享依据"), read.text("不予开放依据")
    needed = Text("不予共享、不予开放须写明依据。", "Say by which law it is withheld.")
    if share is ShareType.NOT_SHARED and not share_basis:
        read.wrong("不予共享依据", needed)
    if opened is OpenType.NOT_OPEN and not open_basis:
        read.wrong("不予开放依据", needed)
    summary = Text(zh=read.text("信息资源摘要", is_needed=True), en=read.text("英文摘要"))
    if read.errors or directory is None:
        return None
    assert share is not None
    assert opened is not None
    assert cycle is not None
    assert grade is not None
    try:
        return Entry(
            title=title,
            summary=summary,
            grade=grade,
            share_type=share,
            open_type=opened,
            update_cycle=cycle,
            share_basis=share_basis,
            open_basis=open_basis,
            licence=read.text("许可"),
            keywords=tuple(one.strip() for one in _WORDS.split(read.text("关键字")) if one.strip()),
            directory=directory,
        )
    except Refusal as refusal:
        read.wrong(_heading_of(refusal, "信息资源名称"), _words_of(refusal))
        return None


def _directory(read: _Reader) -> Directory | None:
    form = read.one_of("信息资源格式分类", _FORMAT_CLASSES, None)
    channel = read.one_of("共享方式", _CHANNELS, None)
    if form and channel and channel not in _CHANNELS_OF.get(form, frozenset(ShareChannel)):
        words = Text("该格式不能以此方式共享。", "This format cannot be shared in this way.")
        read.wrong("共享方式", words)
    classified = read.text("涉密属性")
    if classified not in _YES:
        read.wrong("涉密属性", Text("只能填：是、否。", "It can be: 是, 否."))
    items = read.text(ITEMS_KEY)
    start, end = read.day("时间范围起"), read.day("时间范围止")
    if read.errors:
        return None
    try:
        return Directory(
            class_code=read.text("信息资源分类"),
            gov_code=read.text("信息资源代码"),
            registration_number=read.text("登记编号"),
            format_class=form,
            share_condition=read.text("共享条件"),
            share_channel=channel,
            open_condition=read.text("开放条件"),
            is_classified=_YES[classified],
            field_of_use=read.text("数据领域"),
            scenario=read.text("应用场景"),
            source_system=read.text("来源系统"),
            temporal_start=start,
            temporal_end=end,
            spatial=read.text("空间范围"),
            maintainer=read.text("联系人"),
            maintainer_email=read.text("电子邮箱"),
            contact_phone=read.text("联系电话"),
            legislation=_several(read.text("适用法律")),
            related_codes=_several(read.text("关联资源代码")),
            extras=((ITEMS_KEY, items),) if items else (),
        )
    except Refusal as refusal:
        read.wrong(_heading_of(refusal, "信息资源分类"), _words_of(refusal))
        return None


def _without_doubles(rows: Sequence[SheetRow]) -> list[SheetRow]:
    """Mark rows that repeat a name, a code or an address of a row above."""
    seen: dict[tuple[str, str], int] = {}
    marked: list[SheetRow] = []
    for row in rows:
        code = row.entry.directory.gov_code if row.entry else ""
        keys = [("信息资源名称", row.title.zh), ("网址名称", row.slug), ("信息资源代码", code)]
        errors = [
            CellError(name, _repeats(seen[name, value]), value)
            for name, value in keys
            if value and (name, value) in seen
        ]
        for name, value in keys:
            seen.setdefault((name, value), row.number)
        marked.append(replace(row, entry=None, errors=(*row.errors, *errors)) if errors else row)
    return marked


def _repeats(number: int) -> Text:
    return Text(f"与第 {number} 行重复。", f"It repeats row {number}.")


def _several(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in _LISTED.split(text) if one.strip())


_FIELD_HEADINGS: Final = {
    "title": "信息资源名称",
    "summary": "信息资源摘要",
    "class_code": "信息资源分类",
    "gov_code": "信息资源代码",
    "temporal_end": "时间范围止",
    "keywords": "关键字",
    "share_basis": "不予共享依据",
    "open_basis": "不予开放依据",
}


def _heading_of(refusal: Refusal, default: str) -> str:
    return _FIELD_HEADINGS.get(str(getattr(refusal, "field", "")), default)


def _words_of(refusal: Refusal) -> Text:
    english = refusal.message.format(**vars(refusal))
    return Text("格式不正确或内容过长。", english)

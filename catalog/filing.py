"""The faults that suppliers make most often when they file a record, each with what mends it.

They warn and do not refuse: a record can be saved with them and mended with one click.

Source: 政务信息资源目录编制指南(试行) (2017), 信息资源格式, 共享方式, 信息资源代码.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from catalog.dataset import SUMMARY_LENGTH_CHARACTERS, TITLE_LENGTH_CHARACTERS, Entry
from catalog.directory import Directory, FormatClass, ShareChannel
from policies.terms import Text

COLUMNS_NAMED_MAX: Final = 12

_CHANNELS: Final[Mapping[FormatClass, tuple[ShareChannel, ...]]] = {
    # The first is the natural one. A file is handed over or downloaded; only a database is read
    # through a database, and a stream never ends, so it is no file.
    FormatClass.FILE: (
        ShareChannel.FILE,
        ShareChannel.INTERFACE,
        ShareChannel.MAIL,
        ShareChannel.MEDIA,
    ),
    FormatClass.SPREADSHEET: (
        ShareChannel.FILE,
        ShareChannel.INTERFACE,
        ShareChannel.MAIL,
        ShareChannel.MEDIA,
    ),
    FormatClass.IMAGE: (
        ShareChannel.FILE,
        ShareChannel.INTERFACE,
        ShareChannel.MAIL,
        ShareChannel.MEDIA,
    ),
    FormatClass.SELF_DESCRIBING: (
        ShareChannel.FILE,
        ShareChannel.INTERFACE,
        ShareChannel.MAIL,
        ShareChannel.MEDIA,
    ),
    FormatClass.DATABASE: (
        ShareChannel.DATABASE,
        ShareChannel.INTERFACE,
        ShareChannel.MEDIA,
    ),
    FormatClass.STREAM: (ShareChannel.INTERFACE,),
}
_BLANKS: Final = re.compile(r"[\s\u3000]+")


class Fault(StrEnum):
    """What is wrong with a filed record."""

    CHANNEL_MISFITS = "channel-misfits"
    """A file offered as a database, and the like."""
    NAME_REPEATED = "name-repeated"
    """Another record of the publisher has the same name, most often from a copied cell."""
    NAME_UNTIDY = "name-untidy"
    """Line breaks or doubled blanks inside, from a copied cell."""
    CODE_UNEQUAL = "code-unequal"
    """The number in the code is longer or shorter than in the publisher's other codes."""
    CODE_MISFITS = "code-misfits"
    """The code does not begin with the class that is given beside it."""
    SUMMARY_EMPTY = "summary-empty"
    SUMMARY_IS_NAME = "summary-is-name"
    """The summary only says the name again."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the publisher's other records say, as far as filing compares with them."""

    titles: frozenset[str]
    """Folded by `same_name`, in both languages."""
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filing:
    """One fault, the field that it is in, and the entry without it."""

    fault: Fault
    field: str
    mended: Entry | None
    """None where only a person can say what is right."""


def faults_of(entry: Entry, neighbours: Neighbours, columns: Sequence[str] = ()) -> list[Filing]:
    """The filing faults of an entry; `columns` are those of its data, where there is some."""
    found = (
        _channel(entry),
        _untidy(entry),
        _repeated(entry, neighbours),
        _code_misfits(entry),
        _code_unequal(entry, neighbours),
        _summary(entry, columns),
    )
    return [filing for filing in found if filing is not None]


def same_name(title: str) -> str:
    """The name as two records that are confused with each other both have it."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", title)).casefold()


def _channel(entry: Entry) -> Filing | None:
    held, channel = entry.directory.format_class, entry.directory.share_channel
    if held is None or channel is None or channel in _CHANNELS[held]:
        return None
    mended = _filed(entry, replace(entry.directory, share_channel=_CHANNELS[held][0]))
    return Filing(Fault.CHANNEL_MISFITS, "share_channel", mended)


def _untidy(entry: Entry) -> Filing | None:
    tidy = Text(zh=_tidied(entry.title.zh), en=_tidied(entry.title.en))
    if tidy == entry.title:
        return None
    field = "title_zh" if tidy.zh != entry.title.zh else "title_en"
    return Filing(Fault.NAME_UNTIDY, field, replace(entry, title=tidy))


def _tidied(title: str) -> str:
    return _BLANKS.sub(" ", title).strip() if title.strip() else title


def _repeated(entry: Entry, neighbours: Neighbours) -> Filing | None:
    names = [(name, title) for name, title in (("zh", entry.title.zh), ("en", entry.title.en))]
    taken = [name for name, title in names if title and same_name(title) in neighbours.titles]
    if not taken:
        return None
    told = _told_apart(entry, neighbours)
    mended = None if told is None else replace(entry, title=told)
    return Filing(Fault.NAME_REPEATED, f"title_{taken[0]}", mended)


def _told_apart(entry: Entry, neighbours: Neighbours) -> Text | None:
    """The title with what sets the record apart: its area, its time, its code."""
    directory = entry.directory
    start, end = directory.temporal_start, directory.temporal_end
    years = "–".join(dict.fromkeys(str(day.year) for day in (start, end) if day is not None))
    for mark in (directory.spatial, years, directory.gov_code):
        if not mark:
            continue
        told = Text(
            zh=f"{entry.title.zh}（{mark}）" if entry.title.zh else "",
            en=f"{entry.title.en} ({mark})" if entry.title.en else "",
        )
        names = [name for name in (told.zh, told.en) if name]
        if any(len(name) > TITLE_LENGTH_CHARACTERS for name in names):
            continue
        if not any(same_name(name) in neighbours.titles for name in names):
            return told
    return None


def _code_misfits(entry: Entry) -> Filing | None:
    directory = entry.directory
    if not (directory.gov_code and directory.class_code):
        return None
    of_class, slash, number = directory.gov_code.partition("/")
    if of_class == directory.class_code:
        return None
    if not slash:
        # A code without its class: the class is known, so it can be put before it.
        number = of_class
    mended = _filed(entry, replace(directory, gov_code=f"{directory.class_code}/{number}"))
    return Filing(Fault.CODE_MISFITS, "gov_code", mended)


def _code_unequal(entry: Entry, neighbours: Neighbours) -> Filing | None:
    of_class, slash, number = entry.directory.gov_code.partition("/")
    lengths = Counter(
        len(code.partition("/")[2]) for code in neighbours.codes if code.partition("/")[1]
    )
    if not slash or not lengths:
        return None
    usual, _ = max(lengths.items(), key=lambda item: (item[1], item[0]))
    if len(number) == usual:
        return None
    stripped = number.lstrip("0")
    padded = stripped.rjust(usual, "0")
    if len(padded) != usual or f"{of_class}/{padded}" in neighbours.codes:
        return Filing(Fault.CODE_UNEQUAL, "gov_code", None)
    mended = _filed(entry, replace(entry.directory, gov_code=f"{of_class}/{padded}"))
    return Filing(Fault.CODE_UNEQUAL, "gov_code", mended)


def _summary(entry: Entry, columns: Sequence[str]) -> Filing | None:
    given = [text for text in (entry.summary.zh, entry.summary.en) if text.strip()]
    if not given:
        return Filing(Fault.SUMMARY_EMPTY, "summary_zh", _from_columns(entry, columns))
    names = {same_name(title) for title in (entry.title.zh, entry.title.en) if title}
    if all(same_name(text) in names for text in given):
        return Filing(Fault.SUMMARY_IS_NAME, "summary_zh", _from_columns(entry, columns))
    return None


def _from_columns(entry: Entry, columns: Sequence[str]) -> Entry | None:
    """A summary that says what the data holds: the one thing that the data itself tells."""
    if not columns:
        return None
    shown, rest = columns[:COLUMNS_NAMED_MAX], len(columns) > COLUMNS_NAMED_MAX
    zh = f"{entry.title.zh}，含{'、'.join(shown)}{'等' if rest else ''}信息项。"
    en = f"{entry.title.en}: {', '.join(shown)}{' and more' if rest else ''}."
    return replace(
        entry,
        summary=Text(
            zh=zh[:SUMMARY_LENGTH_CHARACTERS] if entry.title.zh else "",
            en=en[:SUMMARY_LENGTH_CHARACTERS] if entry.title.en else "",
        ),
    )


def _filed(entry: Entry, directory: Directory) -> Entry:
    return replace(entry, directory=directory)

"""The real catalogues of three cities as documents, and the truth about substrings in them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from catalog.search import words
from catalog.search.document import PUBLIC_LABEL, SearchDocument
from policies.terms import DatasetId, Text

AT = datetime(2026, 1, 1, tzinfo=UTC)


def documents(data: Path) -> list[SearchDocument]:
    """Every record of the three catalogues."""
    return [
        SearchDocument(
            id=DatasetId(UUID(int=number + 1)),
            name=f"record-{number}",
            labels=frozenset({PUBLIC_LABEL}),
            title=Text(zh=title),
            notes=Text(zh=notes),
            publisher=Text(zh=publisher),
            organization=f"office-{sum(map(ord, publisher)) % 40}",
            tags=tuple(tag for tag in re.split('[,;、"]', tags) if tag.strip()),
            metadata_created=AT,
            metadata_modified=AT + timedelta(seconds=number),
        )
        for number, (title, notes, publisher, tags) in enumerate(_rows(data / "catalogues"))
    ]


def text_of(document: SearchDocument) -> str:
    """Its folded text, a field a line."""
    texts = (document.title.zh, document.notes.zh, document.publisher.zh, *document.tags)
    return words.fold("\n".join(texts))


def _rows(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    for row in json.loads((folder / "kaohsiung_catalogue.json").read_text(encoding="utf-8")):
        notes, publisher = row.get("主要欄位") or "", row.get("第二層級") or ""
        yield row["資料集名稱"], notes, publisher, ""
    for name, encoding in (
        ("taipei_catalogue_big5.csv", "cp950"),
        ("taoyuan_catalogue_utf8.csv", "utf-8-sig"),
    ):
        with (folder / name).open(encoding=encoding, newline="") as file:
            for row in csv.DictReader(file):
                yield (
                    row["資料名稱"],
                    row["資料集描述"],
                    row["資料集提供機關"],
                    row["標籤/關鍵字"],
                )

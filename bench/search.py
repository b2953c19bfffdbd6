"""The search beside SQLite FTS5 and PostgreSQL's tsvector, on the same records in the same run.

    python bench/search.py [RECORDS]

Made-up records of a city's catalogue, with Chinese and English titles and summaries; a sixth may be
seen by their own people only. Each query asks for the first twenty, the exact number of all, and
counts of five facets, as the page of results does; nothing is taken from a cache. Suggestions are
timed beside it. Times are of one
process that does nothing else; compare them within the table, not between machines.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from catalog.search import words
from catalog.search.document import PUBLIC_LABEL, SearchDocument
from catalog.search.engine import rebuilding, writing
from catalog.search.index import Index
from catalog.search.query import Everything, Facet, Query, Search, Words
from policies.terms import DatasetId, Text
from portal.postgres import start_postgres

SIZES = (1_000, 10_000, 100_000)
PUBLIC = frozenset({PUBLIC_LABEL})
FACETS = tuple(
    Facet(field) for field in ("organization", "groups", "tags", "res_format", "license_id")
)
CHINESE = (
    *("停车", "公交站点", "空气质量", "人口统计", "学校名单"),
    *("医院", "河流水质", "地铁", "企业信用", "降雨量"),
)
ENGLISH = ("parking", "bus stop", "air quality", "population", "school", "hospital", "budget")
TYPED = ("停", "停车", "空气", "公交站", "人口")
TYPED_LATIN = ("t", "tc", "tcc", "park", "parkin", "gong", "air q")
TOPICS = (
    *("停车场", "公交站点", "地铁线路", "空气质量", "河流水质", "人口统计", "学校名单", "医院"),
    *("企业信用", "降雨量", "财政预算", "垃圾分类", "公园绿地", "路灯", "消防栓", "食品抽检"),
    *("不动产登记", "公共自行车", "充电桩", "社会保险", "图书馆", "养老机构", "气象观测"),
    *("噪声监测", "行政许可", "行政处罚", "招标公告", "物价", "失业率", "旅游景点", "文物保护"),
    *("体育场馆", "排水管网", "道路施工", "交通事故", "信号灯"),
)
VERBS = ("分布", "清单", "统计", "月报", "实时数据", "年度汇总", "基本信息", "位置", "明细", "变化")
FILLERS = (
    *("本数据由主管部门采集整理", "包含名称地址坐标与联系方式", "每月更新一次"),
    *("按行政区划统计", "可用于城市规划与公共服务", "字段说明见附件", "来源于业务系统"),
    *("已完成质量检查", "覆盖全市范围", "历史数据自建库以来"),
)
ENGLISH_TOPICS = (
    *("parking lots", "bus stops", "subway lines", "air quality", "river water quality"),
    *("population", "schools", "hospitals", "company credit", "rainfall", "budget"),
    *("waste sorting", "parks", "street lights", "fire hydrants"),
)
DISTRICTS = [f"{first}{second}区" for first in "东西南北中新江河湖海" for second in "城山港华安平"]
DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Engine:
    """Something that answers a page with its number and facets."""

    name: str
    ask: Callable[[str], int]


def main(arguments: Sequence[str]) -> None:
    """Build, ask, print."""
    largest = int(arguments[0]) if arguments else SIZES[-1]
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        print("index          records   build s   MB   " + HEAD)
        for size in (*(one for one in SIZES if one < largest), largest):
            measure_index(folder / str(size), size)
        print(f"\nbeside it, {largest} records                " + HEAD)
        records = list(made_records(largest))
        for engine in (*sqlite_engines(records), postgres_engine(folder / "postgres", records)):
            report(engine.name.ljust(40), engine.ask, {"zh": CHINESE, "en": ENGLISH})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


HEAD = "zh p50   p95    en p50   p95   (ms, page + count + 5 facets)"


def measure_index(folder: Path, size: int) -> None:
    """Our own index: growth, pages, and how soon a change is seen."""
    began = time.perf_counter()
    with rebuilding(folder) as building:
        building.add(made_records(size))
        building.commit("1")
    build_s = time.perf_counter() - began
    index = Index(folder)
    index.refresh()
    megabytes = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6
    name = f"tantivy      {size:9,} {build_s:9.1f} {megabytes:4.0f}   "

    def ask(text: str) -> int:
        index.clear_counts()
        query: Query = Words(text) if text else Everything()
        return index.search(Search(PUBLIC, query, rows=20, facets=FACETS)).count

    report(name, ask, {"zh": CHINESE, "en": ENGLISH})
    report(f"  suggestions{size:11,}{'':18}   ", suggest(index), {"zh": TYPED, "en": TYPED_LATIN})
    everything = [timed(ask, "") for _ in range(9)]
    again = [
        timed(lambda text: index.search(Search(PUBLIC, Words(text), facets=FACETS)).count, "停车")
        for _ in range(9)
    ]
    visible = []
    changed = next(made_records(1))
    with writing(folder) as writer:
        for number in range(15):
            begun = time.perf_counter()
            writer.write([changed])
            writer.commit(str(number + 2))
            index.refresh()
            index.search(Search(PUBLIC, Words("停车")))
            visible.append((time.perf_counter() - begun) * 1000)
    print(
        f"             all records + 5 facets {median(everything):.1f} ms; the same page again "
        f"{median(again):.1f} ms; a change is found after {median(visible):.0f} ms"
    )


def suggest(index: Index) -> Callable[[str], int]:
    """What the box offers while somebody types: records, departments, topics and columns."""

    def ask(text: str) -> int:
        found = index.search(Search(PUBLIC, Words(text, is_unfinished=True), rows=6)).count
        return found + sum(
            len(index.terms(kind, text, PUBLIC)) for kind in ("department", "topic", "column")
        )

    return ask


def report(name: str, ask: Callable[[str], int], asked: dict[str, tuple[str, ...]]) -> None:
    """One line: p50 and p95 in each language."""
    cells = []
    for queries in asked.values():
        for query in queries:
            ask(query)
        took = sorted(timed(ask, query) for query in queries for _ in range(5))
        cells.append(f"{median(took):6.1f} {took[int(len(took) * 0.95)]:6.1f}")
    print(name, "   ".join(cells), flush=True)


def timed(ask: Callable[[str], int], text: str) -> float:
    """Milliseconds of one call."""
    begun = time.perf_counter()
    ask(text)
    return (time.perf_counter() - begun) * 1000


def made_records(size: int) -> Iterator[SearchDocument]:
    """The same records for the same size, each time."""
    chance = random.Random(size)
    for number in range(size):
        topics = chance.sample(TOPICS, 3)
        english = chance.choice(ENGLISH_TOPICS)
        district = chance.choice(DISTRICTS)
        organization = chance.randrange(400)
        moment = DAY + timedelta(minutes=chance.randrange(500_000))
        yield SearchDocument(
            id=DatasetId(UUID(int=number + 1)),
            name=f"dataset-{number}",
            labels=frozenset({PUBLIC_LABEL} if chance.random() > 0.15 else {f"org-{organization}"}),
            title=Text(
                zh=f"{district}{topics[0]}{chance.choice(VERBS)}",
                en=f"{english.capitalize()} of district {number % 60}",
            ),
            notes=Text(
                zh="，".join([topics[1], *chance.sample(FILLERS, chance.randint(4, 9)), topics[2]]),
                en=f"Names and places of {english}, by district and year.",
            ),
            tags=tuple(chance.sample(TOPICS, chance.randint(1, 4))),
            organization=f"department-{organization}",
            owner_org=str(organization),
            publisher=Text(zh=f"{district}第{organization}局"),
            groups=(f"theme-{chance.randrange(20)}",),
            res_format=tuple(chance.sample(("CSV", "XLSX", "JSON", "API", "SHP"), 2)),
            license_id=chance.choice(("CC-BY-4.0", "CC0-1.0", "ODC-BY", "")),
            metadata_created=moment,
            metadata_modified=moment,
        )


def row_of(record: SearchDocument) -> tuple[str, ...]:
    """A record as plain columns, for the others."""
    return (
        "public" if PUBLIC_LABEL in record.labels else "own",
        record.organization,
        record.groups[0],
        record.tags[0],
        record.res_format[0],
        record.license_id,
    )


def text_of(record: SearchDocument) -> str:
    """All text of a record."""
    texts = (record.title.zh, record.title.en, record.notes.zh, record.notes.en, *record.tags)
    return words.fold(" ".join(texts))


def sqlite_engines(records: Sequence[SearchDocument]) -> Iterator[Engine]:
    """FTS5 with trigrams, and with the same words that we cut; facets by grouping."""
    for tokenizer in ("trigram", "unicode61"):
        connection = sqlite3.connect(":memory:")
        connection.execute(f"CREATE VIRTUAL TABLE found USING fts5(text, tokenize = '{tokenizer}')")
        connection.execute(
            "CREATE TABLE record (id INTEGER PRIMARY KEY, label, organization, theme, tag, format, "
            "licence)"
        )
        is_cut = tokenizer == "unicode61"
        connection.executemany(
            "INSERT INTO found (rowid, text) VALUES (?, ?)",
            (
                (number, words.encode_words([text_of(one)]) if is_cut else text_of(one))
                for number, one in enumerate(records)
            ),
        )
        connection.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((number, *row_of(one)) for number, one in enumerate(records)),
        )

        def ask(
            text: str, *, connection: sqlite3.Connection = connection, is_cut: bool = is_cut
        ) -> int:
            folded = words.fold(text)
            pieces = (
                [one for part in folded.split() for one in words.cut(part)]
                if is_cut
                else folded.split()
            )
            match = " ".join(f'"{words.stem(piece) if is_cut else piece}"' for piece in pieces)
            source = (
                "FROM found JOIN record ON record.id = found.rowid "
                "WHERE found MATCH ? AND label = 'public'"
            )
            page = f"SELECT found.rowid {source} ORDER BY bm25(found) LIMIT 20"
            connection.execute(page, (match,)).fetchall()
            for column in ("organization", "theme", "tag", "format", "licence"):
                grouped = f"SELECT {column}, count(*) {source} GROUP BY 1 ORDER BY 2 DESC LIMIT 50"
                connection.execute(grouped, (match,)).fetchall()
            counted = connection.execute(f"SELECT count(*) {source}", (match,)).fetchone()
            return int(counted[0])

        yield Engine(f"SQLite FTS5, {'rjieba words' if is_cut else 'trigram'}", ask)


def postgres_engine(folder: Path, records: Sequence[SearchDocument]) -> Engine:
    """A tsvector of the same words under a GIN index; the server ends with this process."""
    server = start_postgres(folder)
    connection = psycopg.connect(server.url(), autocommit=True)
    connection.execute(
        "CREATE TABLE record (id int PRIMARY KEY, label text, organization text, theme text, "
        "tag text, format text, licence text, found tsvector)"
    )
    with connection.cursor().copy("COPY record FROM STDIN") as copy:
        for number, one in enumerate(records):
            cut = words.encode_words([text_of(one)]).split()
            vector = " ".join(f"'{word}'" for word in dict.fromkeys(cut) if word.isalnum())
            copy.write_row((number, *row_of(one), vector))
    connection.execute("CREATE INDEX ON record USING gin (found)")
    connection.execute("ANALYZE record")

    def ask(text: str) -> int:
        pieces = [one for part in words.fold(text).split() for one in words.cut(part)]
        match = " & ".join(f"'{words.stem(piece)}'" for piece in pieces)
        source = "FROM record WHERE found @@ %s::tsquery AND label = 'public'"
        page = f"SELECT id {source} ORDER BY ts_rank(found, %s::tsquery) DESC LIMIT 20"
        connection.execute(page, (match, match)).fetchall()
        for column in ("organization", "theme", "tag", "format", "licence"):
            grouped = f"SELECT {column}, count(*) {source} GROUP BY 1 ORDER BY 2 DESC LIMIT 50"
            connection.execute(grouped, (match,)).fetchall()
        counted = connection.execute(f"SELECT count(*) {source}", (match,)).fetchone()
        assert counted is not None
        return int(counted[0])

    return Engine("PostgreSQL tsvector, rjieba words", ask)


if __name__ == "__main__":
    main(sys.argv[1:])

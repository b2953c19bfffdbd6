"""The invented organisations of the demo city and their people, named by office.

Their credit codes begin with the registration division 999999, which no place has, so that none
can be that of a real organisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policies.party import OrganizationKind, Role
from policies.terms import Text

SITE = ""
"""In place of an organisation: the role counts for the whole site."""


@dataclass(frozen=True, slots=True)
class CastOrganization:
    """An organisation to let in."""

    slug: str
    kind: OrganizationKind
    title: Text
    credit_code: str


@dataclass(frozen=True, slots=True)
class CastPerson:
    """Somebody who works there."""

    name: str
    organization: str
    """Slug, or `SITE`."""
    role: Role
    page: str
    """Where to begin after signing in."""
    duty: str
    """What to do there."""


ORGANIZATIONS: Sequence[CastOrganization] = (
    CastOrganization(
        "transport",
        OrganizationKind.DEPARTMENT,
        Text("清堰市交通运输局", "Qingyan Transport Bureau"),
        "11999999DEMA011129",
    ),
    CastOrganization(
        "meteorology",
        OrganizationKind.DEPARTMENT,
        Text("清堰市气象局", "Qingyan Meteorological Bureau"),
        "11999999DEMA0222XT",
    ),
    CastOrganization(
        "civil-affairs",
        OrganizationKind.DEPARTMENT,
        Text("清堰市民政局", "Qingyan Civil Affairs Bureau"),
        "11999999DEMA03337L",
    ),
    CastOrganization(
        "government-office",
        OrganizationKind.DEPARTMENT,
        Text("清堰市人民政府办公室", "Qingyan Government Office"),
        "11999999DEMA044449",
    ),
    CastOrganization(
        "emergency",
        OrganizationKind.DEPARTMENT,
        Text("清堰市应急管理局", "Qingyan Emergency Management Bureau"),
        "11999999DEMA05551X",
    ),
    CastOrganization(
        "culture-tourism",
        OrganizationKind.DEPARTMENT,
        Text("清堰市文化和旅游局", "Qingyan Culture and Tourism Bureau"),
        "11999999DEMA06669L",
    ),
    CastOrganization(
        "airport-operations",
        OrganizationKind.OPERATOR,
        Text("清堰空港运营有限公司", "Qingyan Airport Operations Ltd."),
        "91999999DEMA077761",
    ),
    CastOrganization(
        "data-bureau",
        OrganizationKind.BUREAU,
        Text("清堰市数据局", "Qingyan Data Bureau"),
        "11999999DEMA08883X",
    ),
    CastOrganization(
        "data-regulator",
        OrganizationKind.REGULATOR,
        Text("清堰市数据流通监督办公室", "Qingyan Office for Data Supervision"),
        "11999999DEMA09990J",
    ),
    CastOrganization(
        "skyline-analytics",
        OrganizationKind.ENTERPRISE,
        Text("清堰天际数据科技有限公司", "Qingyan Skyline Analytics Ltd."),
        "91999999DEMA1110XB",
    ),
    CastOrganization(
        "harbour-logistics",
        OrganizationKind.ENTERPRISE,
        Text("清堰海港物流有限公司", "Qingyan Harbour Logistics Ltd."),
        "91999999DEMA122175",
    ),
    CastOrganization(
        "lantern-studio",
        OrganizationKind.ENTERPRISE,
        Text("清堰灯笼软件工作室", "Qingyan Lantern Software Studio"),
        "91999999DEMA13324R",
    ),
    CastOrganization(
        "plumbline-assessment",
        OrganizationKind.ENTERPRISE,
        Text("清堰准绳数据评估有限公司", "Qingyan Plumb Line Assessment Ltd."),
        "91999999DEMA14431E",
    ),
)

PEOPLE: Sequence[CastPerson] = (
    # The first of each role is the one that a newcomer is shown.
    CastPerson(
        "admin",
        SITE,
        Role.ADMIN,
        "/admin/people",
        "let organisations and people in, reset passwords",
    ),
    CastPerson(
        "transport-publisher",
        "transport",
        Role.PUBLISHER,
        "/publish",
        "register a dataset, upload a file, see it checked, ask other departments for data",
    ),
    CastPerson(
        "weather-approver",
        "meteorology",
        Role.APPROVER,
        "/inbox",
        "open the inbox: a request waits, with its ten working days running",
    ),
    CastPerson(
        "transport-approver",
        "transport",
        Role.APPROVER,
        "/inbox",
        "publish what a colleague submitted",
    ),
    CastPerson(
        "weather-publisher",
        "meteorology",
        Role.PUBLISHER,
        "/publish",
        "see who uses the hourly weather",
    ),
    CastPerson(
        "civil-publisher",
        "civil-affairs",
        Role.PUBLISHER,
        "/publish",
        "see the open divisions and their use",
    ),
    CastPerson(
        "civil-approver",
        "civil-affairs",
        Role.APPROVER,
        "/inbox",
        "open the sharing that was proposed",
    ),
    CastPerson(
        "office-publisher",
        "government-office",
        Role.PUBLISHER,
        "/publish",
        "upload the next version of the holidays",
    ),
    CastPerson(
        "office-approver",
        "government-office",
        Role.APPROVER,
        "/inbox",
        "publish the make-up workdays, which wait",
    ),
    CastPerson(
        "airport-publisher",
        "airport-operations",
        Role.PUBLISHER,
        "/publish",
        "see the income from flights, and the aircraft that the gate holds back",
    ),
    CastPerson(
        "airport-approver", "airport-operations", Role.APPROVER, "/inbox", "publish for the airport"
    ),
    CastPerson(
        "emergency-officer",
        "emergency",
        Role.PUBLISHER,
        "/my",
        "query the shared weather and airports under agreements",
    ),
    CastPerson(
        "emergency-approver",
        "emergency",
        Role.APPROVER,
        "/inbox",
        "head of the office that asks for data",
    ),
    CastPerson(
        "tourism-officer",
        "culture-tourism",
        Role.PUBLISHER,
        "/my",
        "see a request that was refused",
    ),
    CastPerson(
        "tourism-approver",
        "culture-tourism",
        Role.APPROVER,
        "/inbox",
        "head of the office that asks for data",
    ),
    CastPerson(
        "skyline-buyer",
        "skyline-analytics",
        Role.BUYER,
        "/my",
        "buy: query priced flights by SQL, see cost, balance and receipts",
    ),
    CastPerson(
        "harbour-buyer", "harbour-logistics", Role.BUYER, "/my", "buy: pages and queries of flights"
    ),
    CastPerson(
        "lantern-buyer",
        "lantern-studio",
        Role.BUYER,
        "/my",
        "meet an empty balance; answer a returned request",
    ),
    CastPerson(
        "assessor",
        "plumbline-assessment",
        Role.ASSESSOR,
        "/inbox",
        "sign assessments before a trade opens",
    ),
    CastPerson(
        "bureau-standards",
        "data-bureau",
        Role.BUREAU,
        "/inbox",
        "open trades, supervise, see the overview",
    ),
    CastPerson(
        "bureau-finance",
        "data-bureau",
        Role.FINANCE,
        "/finance",
        "record payments, send payouts; a second person confirms",
    ),
    CastPerson(
        "regulator",
        "data-regulator",
        Role.REGULATOR,
        "/audit",
        "open a receipt, walk its lineage to the uploaded file, freeze a buyer",
    ),
    CastPerson(
        "regulator-second",
        "data-regulator",
        Role.REGULATOR,
        "/audit/freezes",
        "confirm or lift what the other one froze",
    ),
)


@dataclass(frozen=True, slots=True)
class CastTheme:
    """A subject under which the city's datasets stand."""

    slug: str
    title: Text


THEMES: Sequence[CastTheme] = (
    CastTheme("transport", Text("交通运输", "Transport")),
    CastTheme("weather", Text("气象", "Weather")),
    CastTheme("places", Text("地理空间", "Places")),
    CastTheme("calendar", Text("日历与节假日", "Calendar")),
)
THEME_KEEPER = "bureau-standards"
"""Who names the subjects."""

from __future__ import annotations

from catalog.retention import Retention
from exchange.retain import sweep
from policies.party import OrganizationKind, Role
from tests.exchange.city import STOPS, City, later
from tests.exchange.test_compare import next_version
from tests.people import acting, found
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_dataset import main_of

PAGE = "/publish/stops/retention"


def three_versions(city: City, browser_of: OpenBrowser) -> None:
    """Open stops in three versions, a receipt naming the second, all of them old."""
    dataset = city.open_stops()
    next_version(city, dataset, f"SELECT * FROM ({STOPS}) WHERE id > 1")
    reader = browser_of(city.officer)
    assert reader.get("/api/v1/datasets/stops/download.csv").status_code == 200
    next_version(city, dataset, f"SELECT * FROM ({STOPS}) WHERE id > 2")
    later(city, days=400)


def decide(city: City, browser_of: OpenBrowser, **typed: str) -> int:
    approver = browser_of(city.approver)
    return int(approver.submit(PAGE, on=PAGE, **typed).status_code)


def test_the_page_says_why_each_version_is_kept_and_just_what_a_sweep_removes(
    city: City, browser_of: OpenBrowser
) -> None:
    three_versions(city, browser_of)
    publisher = browser_of(city.publisher)

    before = main_of(publisher.page(PAGE))
    assert decide(city, browser_of, versions="1", days="30") == 303
    after = main_of(publisher.page(PAGE))
    rule = browser_of(city.bureau).page("/retention")
    swept = sweep(city.pool, city.parts.folders, Retention(), city.at)
    swept_page = main_of(publisher.page(PAGE))

    assert "The next sweep removes 0 versions" in before
    assert "The next sweep removes 1 version" in after
    for told in ("Readers have it", "A receipt refers to it", "The next sweep removes it"):
        assert told in after
    assert "What a sweep would remove now" in rule
    assert (swept.versions, swept.kept_for_receipts) == (1, 1)
    assert "No longer kept" in swept_page
    assert "A receipt refers to it" in swept_page


def test_only_approvers_decide_and_only_within_bounds(city: City, browser_of: OpenBrowser) -> None:
    three_versions(city, browser_of)
    publisher = browser_of(city.publisher)

    refused = publisher.submit(PAGE, on="/dataset/stops", versions="1", days="30")

    assert refused.status_code == 403
    for typed in ({"versions": "0", "days": "1"}, {"versions": "a", "days": "1"}):
        assert decide(city, browser_of, **typed) == 400
    assert browser_of(city.buyer).get(PAGE).status_code in (403, 404)
    assert browser_of(city.buyer).get("/retention").status_code == 403
    with city.pool.connection() as tx:
        bureau = found(tx, "data-bureau", OrganizationKind.BUREAU)
        clerk = acting(tx, "clerk", (Role.BUREAU, bureau))
    assert browser_of(clerk).get("/retention").status_code == 200
    assert browser_of().get("/retention").status_code in (303, 401)

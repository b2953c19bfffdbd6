"""The publisher answers what was found, by page and by API, and only then hands the version in."""

from __future__ import annotations

from catalog.find import overview, stored_version
from catalog.mask import MaskKind
from catalog.publish import admit
from catalog.version import Verdict, Version
from exchange import list_product
from policies.terms import Regime
from portal.wiring import Wiring
from quality.rule_format import parse_rule
from quality.sensitive import Finding, SensitiveKind
from quality.store.proposals import open_proposals, replace_open_proposals
from quality.store.sensitive import put_findings
from quality.suggest import Proposal, Tried
from tests.exchange.city import LAWFUL, STOPS, City, entry
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

PAGE = "/publish/stops/sensitive"


def with_findings(city: City, *kinds: SensitiveKind) -> Version:
    """A new version of the stops, held back by what was found in the column “name”."""
    dataset = city.open_stops()
    with city.pool.connection() as tx:
        made = city.add_version(tx, dataset, by=city.publisher, select=STOPS)
        version = stored_version(tx, made.id).version
        found = [Finding("name", kind, 40, 38, 38) for kind in kinds]
        put_findings(tx, version.id, found, at=city.at)
        assert version.report_id
        admit(tx, version.id, verdict=Verdict.BLOCKED, report_id=version.report_id, at=city.at)
    return version


def newest(city: City) -> Version:
    with city.pool.connection() as tx:
        held = overview(tx, "stops", by=city.publisher).distributions[0].newest
    assert held
    return held


def answer(visitor: Visitor, kind: SensitiveKind, said: str, reason: str = "") -> int:
    fields = {"column": "name", "kind": kind.value, "said": said, "reason": reason}
    return visitor.submit(PAGE, on=PAGE, **fields).status_code


def test_a_version_is_handed_in_once_each_finding_is_answered(
    city: City, browser_of: OpenBrowser
) -> None:
    with_findings(city, SensitiveKind.PERSON_NAME, SensitiveKind.ADDRESS)
    visitor = browser_of(city.publisher)

    assert "/publish/stops/sensitive" in visitor.page("/publish/stops?lang=en")
    assert visitor.submit("/publish/stops/submit", on="/publish/stops").status_code == 409
    page = visitor.page(f"{PAGE}?lang=en")
    assert "names of persons" in page
    assert "38 of 40 values have the form." in page
    assert answer(visitor, SensitiveKind.PERSON_NAME, "kept") == 400
    assert answer(visitor, SensitiveKind.PERSON_NAME, "kept", "Names of <stops>") == 303
    assert newest(city).verdict is Verdict.BLOCKED
    assert answer(visitor, SensitiveKind.ADDRESS, "kept", "Public places") == 303

    assert newest(city).verdict is Verdict.PASSED
    assert "Names of &lt;stops&gt;" in visitor.get(f"{PAGE}?lang=en").text
    assert "已答复" in visitor.page(f"{PAGE}?lang=zh")
    assert visitor.submit("/publish/stops/submit", on="/publish/stops").status_code == 303


def test_what_an_offer_shows_cannot_be_said_to_be_masked(
    city: City, browser_of: OpenBrowser
) -> None:
    with_findings(city, SensitiveKind.PERSON_NAME)
    visitor = browser_of(city.publisher)

    assert answer(visitor, SensitiveKind.PERSON_NAME, "masked") == 409
    assert newest(city).verdict is Verdict.BLOCKED


def test_nobody_else_sees_or_answers_the_findings(city: City, browser_of: OpenBrowser) -> None:
    with_findings(city, SensitiveKind.PERSON_NAME)

    assert browser_of(city.buyer).get(PAGE).status_code in (403, 404)
    assert browser_of(city.buyer).get("/api/v1/datasets/stops/sensitive").status_code in (403, 404)


def test_the_api_tells_and_takes_the_same(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    with_findings(city, SensitiveKind.PERSON_NAME)
    visitor = browser_of(city.publisher)
    path = "/api/v1/datasets/stops/sensitive"
    token = {"X-CSRF-Token": visitor.form_token(PAGE)}
    body = {"column": "name", "kind": "person_name", "answer": "kept", "reason": "Stops"}

    before = visitor.get(path).json()
    wrong = visitor.post(f"{path}/answers", json=body | {"kind": "plate"}, headers=token)
    after = visitor.post(f"{path}/answers", json=body, headers=token)

    assert (before["is_waiting"], before["findings"][0]["valid_count"]) == (True, 38)
    assert wrong.status_code == 404
    assert after.status_code == 200, after.text
    assert after.json()["is_waiting"] is False
    assert newest(city).verdict is Verdict.PASSED


def test_an_offer_made_after_the_answer_masks_the_column(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    with city.pool.connection() as tx:
        held = overview(tx, "stops", by=city.publisher).distributions[0].newest
        assert held
        put_findings(tx, held.id, [Finding("name", SensitiveKind.PERSON_NAME, 9, 9, 9)], at=city.at)
    visitor = browser_of(city.publisher)
    assert answer(visitor, SensitiveKind.PERSON_NAME, "masked") == 303

    proposal = list_product.Proposal(Regime.OPEN, declared=LAWFUL)
    listing = city.list(dataset, proposal, by=city.publisher, opener=city.approver)

    assert listing.view.masks["name"].kind is MaskKind.PARTIAL


def test_a_proposed_rule_is_kept_or_refused_with_one_click(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.open_stops()
    hours = parse_rule(
        {
            "expect": {"kind": "between", "at_least": 0, "at_most": 3},
            "columns": ["line"],
        },
        rule_id="proposal-0",
    )
    whole = parse_rule({"expect": {"kind": "not_null"}, "columns": ["id"]}, rule_id="proposal-1")
    proposals = [
        Proposal(hours, Tried(2, 40, 3), (Tried(1, 40, 4),)),
        Proposal(whole, Tried(2, 40, 0), ()),
    ]
    with city.pool.connection() as tx:
        replace_open_proposals(tx, dataset.id, proposals, at=city.at)
        held = {one.key: str(held) for held, one in open_proposals(tx, dataset.id)}
    visitor, page = browser_of(city.publisher), "/publish/stops/proposals"

    shown = visitor.page(f"{page}?lang=en")
    kept = visitor.submit(page, on=page, proposal=held["between:line"], said="keep")
    again = visitor.submit(page, on=page, proposal=held["between:line"], said="keep")
    refused = visitor.submit(page, on=page, proposal=held["not_null:id"], said="refuse")
    wrong = visitor.submit(page, on=page, proposal="nonsense", said="keep")

    assert "3 of 40 values break it now." in shown
    assert "Version 1: 4 of 40" in shown
    assert [one.status_code for one in (kept, again, refused, wrong)] == [303, 404, 303, 404]
    assert visitor.get("/api/v1/datasets/stops/rules/proposals").json() == []
    (own,) = visitor.get("/api/v1/datasets/stops/rules").json()
    assert own["rule"]["expect"] == {"kind": "between", "at_least": 0, "at_most": 3}
    assert "“line”" in visitor.page("/publish/stops?lang=en")
    assert browser_of(city.buyer).get(page).status_code in (403, 404)

"""The publisher chooses masks for a draft, looks at ten rows, and keeps them."""

from __future__ import annotations

from exchange import list_product
from exchange.list_product import Proposal
from exchange.listing import Listing
from policies.terms import Regime
from tests.exchange.city import LAWFUL, STOP_COLUMNS, City, entry
from tests.portal.pages.conftest import OpenBrowser


def drafted(city: City) -> Listing:
    """A draft over the stops."""
    dataset = city.publish("stops", by=city.publisher, approver=city.approver, entry=entry())
    with city.pool.connection() as tx:
        return list_product.propose(
            tx,
            dataset.id,
            Proposal(Regime.SHARE, declared=LAWFUL),
            by=city.publisher,
            at=city.at,
        )


def test_ten_masked_rows_are_shown_before_anything_is_kept(
    city: City, browser_of: OpenBrowser
) -> None:
    listing = drafted(city)
    page = f"/publish/stops/listings/{listing.id}/masks"
    visitor = browser_of(city.publisher)
    at = [column.name for column in STOP_COLUMNS].index("name")
    fields = {f"mask-{at}": "partial", f"setting-{at}": "1,0"}

    assert page in visitor.page("/publish/stops?lang=en")
    before = visitor.page(f"{page}?lang=en")
    shown = visitor.submit(page, on=page, act="preview", **fields)

    assert "*" not in before.split('id="preview"')[1]
    assert shown.status_code == 200
    assert "*" in shown.text.split('id="preview"')[1]
    with city.pool.connection() as tx:
        assert list_product.get_listing(tx, listing.id, by=city.publisher).view == listing.view

    assert visitor.submit(page, on=page, act="keep", **fields).status_code == 303
    with city.pool.connection() as tx:
        kept = list_product.get_listing(tx, listing.id, by=city.publisher)
    assert kept.view.masks["name"].keep_first == 1
    assert "1 column is masked" in visitor.page("/publish/stops?lang=en")
    assert "已脱敏 1 列" in visitor.page("/publish/stops?lang=zh")
    assert "脱敏方式" in visitor.page(f"{page}?lang=zh")


def test_a_setting_that_is_none_comes_back_with_what_was_typed(
    city: City, browser_of: OpenBrowser
) -> None:
    listing = drafted(city)
    page = f"/publish/stops/listings/{listing.id}/masks"
    visitor = browser_of(city.publisher)
    for choice, setting in (("bin", "wide"), ("noise", "nan"), ("grid", "99"), ("partial", "x,y")):
        answer = visitor.submit(
            page, on=page, act="keep", **{"mask-0": choice, "setting-0": setting}
        )

        assert answer.status_code == 400
        assert f'value="{setting}"' in answer.text
    assert visitor.submit(page, on=page, act="keep", **{"mask-0": "sorcery"}).status_code == 400
    assert (
        visitor.submit(page, on=page, act="keep", **{"group-0": "1", "least": "one"}).status_code
        == 400
    )


def test_masks_are_no_business_of_others(city: City, browser_of: OpenBrowser) -> None:
    listing = drafted(city)

    for other in (city.officer, city.buyer):
        answer = browser_of(other).get(f"/publish/stops/listings/{listing.id}/masks")
        assert answer.status_code in (403, 404)
    mine = browser_of(city.publisher)
    assert mine.get("/publish/stops/listings/none/masks").status_code == 404
    assert mine.get(f"/publish/others/listings/{listing.id}/masks").status_code == 404


def test_masks_by_api(city: City, browser_of: OpenBrowser) -> None:
    listing = drafted(city)
    visitor = browser_of(city.publisher)
    body = {"view": {"masks": {"name": {"kind": "token"}}, "differs_by_agreement": True}}
    address = f"/api/v1/listings/{listing.id}"

    token = {"X-CSRF-Token": visitor.form_token("/publish/stops")}

    shown = visitor.post(f"{address}/masks/preview", json=body, headers=token)
    kept = visitor.put(f"{address}/masks", json=body, headers=token)
    wrong = visitor.put(f"{address}/masks", json={"view": {"masks": []}}, headers=token)

    assert shown.status_code == 200
    assert len(shown.json()["rows"]) == 10
    assert kept.status_code == 200
    assert kept.json()["view"]["masks"] == {"name": {"kind": "token"}}
    assert visitor.get(f"{address}/leaks").json() == []
    assert wrong.status_code == 400

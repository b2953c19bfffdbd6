"""A data contract goes in and out over HTTP, for those who may."""

from __future__ import annotations

from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.quality.test_contract import CONTRACT

PATH = "/api/v1/datasets/stops/contract"
STOPS = CONTRACT | {
    "schema": [
        {
            "name": "stops",
            "properties": [{"name": "id", "unique": True}, {"name": "gone", "required": True}],
        }
    ]
}


def test_a_contract_is_taken_in_and_given_out(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    publisher, buyer = browser_of(city.publisher), browser_of(city.buyer)
    token = {"X-CSRF-Token": publisher.form_token("/publish/stops/sensitive")}

    told = publisher.put(PATH, json=STOPS, headers=token)
    refused = publisher.put(PATH, json={"kind": "x"}, headers=token)

    assert told.json() == {"rules": 1, "unchecked": ["schema[0].properties[1].required: gone"]}
    assert (refused.status_code, "DataContract" in refused.json()["detail"]) == (400, True)
    assert buyer.get(PATH).json() == STOPS
    assert buyer.get(f"{PATH}/coverage").json() == told.json()
    other = {"X-CSRF-Token": buyer.form_token("/my")}
    assert buyer.put(PATH, json=STOPS, headers=other).status_code == 403

"""The page that checks receipts and delivered files, for anybody."""

from __future__ import annotations

import json

from httpx import Response

from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

PAGE = "/check"


def check(browser: Visitor, **files: bytes) -> Response:
    """Send files through the form."""
    sent = {name: (f"{name}.json", content) for name, content in files.items()}
    answer: Response = browser.post(
        PAGE, data={"csrf_token": browser.form_token(PAGE)}, files=sent or None
    )
    return answer


def test_a_receipt_and_its_file_prove_themselves_to_anybody(
    city: City, browser_of: OpenBrowser
) -> None:
    agreement = city.buy(city.sold_stops())
    city.pay_in(1_000_000)
    delivered = city.query("SELECT id FROM sold_stops", city.token(agreement))
    content = delivered.path.read_bytes()
    buyer, anybody = browser_of(city.buyer), browser_of()
    proof = buyer.get(f"/receipt/{delivered.receipt_id}/proof.json").content

    both = check(anybody, receipt=proof, file=content)
    changed = check(anybody, receipt=proof, file=content + b" ")
    bundle = json.loads(proof)
    bundle["receipt"]["body"] = bundle["receipt"]["body"].replace("sold", "sole").replace("1", "2")
    altered = check(anybody, receipt=json.dumps(bundle).encode())
    unseen = check(anybody, file=content)
    own = check(buyer, file=content)

    assert both.status_code == 200
    assert "The receipt is genuine and complete" in both.text
    assert "The file is the one that the receipt tells of" in both.text
    assert "The receipt does not prove this file" in changed.text
    assert "The receipt was altered" in altered.text
    # Whose file it is, is told to nobody who may not see the receipt.
    assert str(delivered.receipt_id) not in unseen.text
    assert "No receipt that you may see" in unseen.text
    assert f"/receipt/{delivered.receipt_id}" in own.text


def test_what_is_no_receipt_is_told_so(city: City, browser_of: OpenBrowser) -> None:
    anybody = browser_of()

    assert check(anybody, receipt=b"[" * 100_000).status_code == 400
    assert check(anybody, receipt=b"{}").status_code == 400
    assert "Choose a receipt" in anybody.submit(PAGE, on=PAGE).text

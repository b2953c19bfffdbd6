"""A file goes up in pieces over a real server: past a broken line, and from two browsers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from playwright.sync_api import expect

from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.test_real_pages import signed_in
from tests.browser.walk import Walker
from tests.exchange.city import City, entry
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)

OpenWindow = Callable[..., Walker]
FILE = {
    "name": "地铁延误.csv",
    "mimeType": "text/csv",
    "buffer": b"a,b\n" + b"1,2\n" * 2_500_000,
}
"""Three pieces: 10 MB."""
SHA256 = hashlib.sha256(FILE["buffer"]).hexdigest()  # type: ignore[arg-type]


def choose(walker: Walker) -> None:
    """Choose the file as a person does."""
    walker.page.get_by_label("Drop a file here, or choose one").set_input_files(FILE)  # type: ignore[arg-type]


def offset_of(wiring: Wiring) -> int:  # noqa: F811
    """How much of the file the server has."""
    with wiring.pool.connection() as tx:
        row = tx.execute(
            "SELECT sum(size_bytes)::bigint AS n FROM catalog.arrived_pieces"
        ).fetchone()
    assert row is not None
    return int(row["n"] or 0)


def test_a_file_waits_for_the_line_and_goes_on_in_another_browser(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
) -> None:
    city.publish(
        "delays", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    browser_of()
    with serving(create_app(wiring)) as address:
        first = walk_as("en")
        signed_in(first, wiring, address, city.publisher)
        first.page.goto(f"{address}/publish/delays/upload")

        def lose_the_line(route: object) -> None:
            first.context.set_offline(True)
            route.abort()  # type: ignore[attr-defined]

        pieces = []

        def one_piece_and_no_more(route: object) -> None:
            if route.request.method == "PATCH":  # type: ignore[attr-defined]
                pieces.append(1)
                if len(pieces) == 2:
                    lose_the_line(route)
                    return
            route.continue_()  # type: ignore[attr-defined]

        first.page.route("**/resumable-uploads/*", one_piece_and_no_more)
        choose(first)
        expect(
            first.page.locator("[data-progress-text]").filter(has_text="Waiting to go on")
        ).to_be_visible()
        assert 0 < offset_of(wiring) < len(FILE["buffer"])
        first.page.close()

        second = walk_as("en")
        signed_in(second, wiring, address, city.publisher)
        second.page.goto(f"{address}/publish/delays/upload")
        expect(second.page.get_by_role("heading", name="Begun before")).to_be_visible()
        second.visit(f"{address}/publish/delays/upload?lang=en")
        second.page.goto(f"{address}/publish/delays/upload")
        choose(second)
        second.page.get_by_role("button", name="Take the file in").click()
        second.page.wait_for_url("**/publish/delays/upload/*")

    with wiring.pool.connection() as tx:
        rows = tx.execute(
            "SELECT blob_sha256, state FROM catalog.uploads WHERE file_name = %s", (FILE["name"],)
        ).fetchall()
    assert [(row["blob_sha256"], row["state"]) for row in rows] == [(SHA256, "queued")]


def test_a_line_that_comes_back_is_gone_on_with_by_itself(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
) -> None:
    city.publish(
        "delays", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    browser_of()
    with serving(create_app(wiring)) as address:
        walker = walk_as("en")
        signed_in(walker, wiring, address, city.publisher)
        walker.page.goto(f"{address}/publish/delays/upload")
        walker.context.set_offline(True)
        choose(walker)
        expect(
            walker.page.locator("[data-progress-text]").filter(has_text="Waiting to go on")
        ).to_be_visible()

        walker.context.set_offline(False)

        walker.page.get_by_role("button", name="Take the file in").click()
        walker.page.wait_for_url("**/publish/delays/upload/*")
    with wiring.pool.connection() as tx:
        rows = tx.execute(
            "SELECT blob_sha256 FROM catalog.uploads WHERE file_name = %s", (FILE["name"],)
        ).fetchall()
    assert [row["blob_sha256"] for row in rows] == [SHA256]

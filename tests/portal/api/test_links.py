"""Links to delivered files, and files that are cut off when the right to read them ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import anyio
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from starlette.types import Message

from exchange import negotiate
from exchange.allow import Ask
from exchange.conclude import offer_sha256
from exchange.read_again import is_still_allowed
from policies import agree
from policies import freeze as freezing
from policies.agreement import Agreement
from policies.freeze_order import FreezeTarget
from policies.identity.authenticate import actor_of_token
from policies.identity.issue import revoke_token
from policies.party import Actor
from policies.terms import Purpose
from portal.app import create_app
from portal.handing_out import RevocableFile, Stands, parts_of
from tests.portal.api.test_exchange import Desk, desk, zygote  # noqa: F401  fixtures
from tests.portal.api.test_oauth import ROWS, bought, claims

FILE = "/api/v1/datasets/sold-stops/download.parquet"


def linked(desk: Desk) -> tuple[Agreement, str, dict[str, Any], bytes]:  # noqa: F811
    """A file that a program bought, and a link to it: agreement, token, link, bytes."""
    agreement = bought(desk)
    drawn = desk.client("bo").post(f"/api/v1/agreements/{agreement.id}/tokens", json={})
    token: str = drawn.json()["token"]
    program = desk.client(token=token)
    whole = program.get(FILE)
    receipt = whole.headers["Weir-Receipt"]
    made = program.post(f"/api/v1/receipts/{receipt}/links")
    assert made.status_code == 201, made.text
    return agreement, token, made.json(), whole.content


def get(desk: Desk, url: str, method: str = "GET", **headers: str) -> Response:  # noqa: F811
    """Fetch without any token, as the stock clients do."""
    with TestClient(create_app(desk.wiring), headers={"Accept-Language": "en"}) as anybody:
        answer: Response = anybody.request(method, url, headers=headers)
    return answer


def test_a_link_opens_one_file_without_a_token_and_charges_nothing(desk: Desk) -> None:  # noqa: F811
    _, _, made, content = linked(desk)
    before = desk.client("bo").get("/api/v1/balance").json()

    # What one read of the stock client sends: four HEADs, six GETs, some of them in ranges.
    heads = [get(desk, made["url"], "HEAD") for _ in range(4)]
    wholes = [get(desk, made["url"]) for _ in range(6)]
    part = get(desk, made["url"], Range="bytes=4-9")

    assert {head.headers["Content-Length"] for head in heads} == {str(len(content))}
    assert all(whole.content == content for whole in wholes)
    assert (part.status_code, part.content) == (206, content[4:10])
    assert heads[0].headers["Accept-Ranges"] == "bytes"
    # The stock reader takes an address without this name for a file of its own.
    assert parse_qs(urlsplit(made["url"]).query)["sp"] == ["r"]
    assert desk.client("bo").get("/api/v1/balance").json() == before
    assert len(desk.client("bo").get("/api/v1/receipts").json()) == 1


def test_a_link_is_used_soon_or_never_and_read_again_for_an_hour(desk: Desk) -> None:  # noqa: F811
    _, token, made, content = linked(desk)
    receipt = desk.client("bo").get("/api/v1/receipts").json()[0]["id"]
    late = desk.client(token=token).post(f"/api/v1/receipts/{receipt}/links").json()

    assert get(desk, made["url"]).status_code == 200
    desk.city.at += timedelta(minutes=5)
    assert get(desk, late["url"]).status_code == 404
    desk.city.at += timedelta(minutes=50)
    assert get(desk, made["url"]).content == content
    desk.city.at += timedelta(minutes=10)
    assert get(desk, made["url"]).json()["code"] == "link-not-good"


def test_a_changed_link_opens_nothing(desk: Desk) -> None:  # noqa: F811
    _, _, made, _ = linked(desk)
    url: str = made["url"]
    last = "A" if url[-1] != "A" else "B"

    for wrong in (
        url[:-1] + last,
        url.split("&s=", maxsplit=1)[0],
        url.replace(urlsplit(url).path.rsplit("/", 1)[1], str(uuid4())),
        url.split("&s=", maxsplit=1)[0] + "&s=" + "é" * 43,
    ):
        assert get(desk, wrong).status_code == 404
    assert get(desk, url.split("?", maxsplit=1)[0] + "?s=" + "a" * 1000).status_code == 422


def test_a_link_has_a_bound_of_bytes(desk: Desk) -> None:  # noqa: F811
    _, _, made, content = linked(desk)
    with desk.wiring.pool.connection() as tx:
        tx.execute("UPDATE exchange.links SET bytes_most = %s", (len(content) * 2,))

    # The limit is signed: a row that was changed behind our back opens nothing.
    assert get(desk, made["url"]).status_code == 404

    with desk.wiring.pool.connection() as tx:
        tx.execute(
            "UPDATE exchange.links SET bytes_most = %s, bytes_sent = %s",
            (made["size_bytes_most"], made["size_bytes_most"] - len(content)),
        )
    assert get(desk, made["url"]).status_code == 200
    assert get(desk, made["url"], "HEAD").status_code == 200
    assert get(desk, made["url"]).json()["code"] == "link-not-good"


def _revoke(desk: Desk, agreement: Agreement, token: str) -> None:  # noqa: F811
    with desk.wiring.pool.connection() as tx:
        revoke_token(tx, UUID(claims(token)["jti"]), by=desk.city.buyer, at=desk.city.at)


def _freeze(desk: Desk, agreement: Agreement, token: str) -> None:  # noqa: F811
    with desk.wiring.pool.connection() as tx:
        freezing.place(
            tx,
            FreezeTarget.AGREEMENT,
            agreement.id,
            reason="leak",
            by=desk.city.regulator,
            at=desk.city.at,
        )


def _end(desk: Desk, agreement: Agreement, token: str) -> None:  # noqa: F811
    with desk.wiring.pool.connection() as tx:
        agree.end(tx, agreement.id, reason="done", by=desk.city.buyer, at=desk.city.at)


def _pass_the_end(desk: Desk, agreement: Agreement, token: str) -> None:  # noqa: F811
    desk.city.at = agreement.ends_at


Stop = Callable[[Desk, Agreement, str], None]
STOPS = [_revoke, _freeze, _end]


@pytest.mark.parametrize("stop", STOPS)
def test_what_ends_the_right_ends_the_link(desk: Desk, stop: Stop) -> None:  # noqa: F811
    agreement, token, made, _ = linked(desk)
    assert get(desk, made["url"]).status_code == 200

    stop(desk, agreement, token)

    assert get(desk, made["url"]).json()["code"] == "link-not-good"
    assert get(desk, made["url"], "HEAD").status_code == 404


def test_nobody_makes_a_link_to_what_others_were_given(desk: Desk) -> None:  # noqa: F811
    linked(desk)
    receipt = desk.client("bo").get("/api/v1/receipts").json()[0]["id"]

    assert desk.client("qi").post(f"/api/v1/receipts/{receipt}/links").status_code == 404
    assert desk.client().post(f"/api/v1/receipts/{receipt}/links").status_code == 401


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_an_agreement_ends_at_the_citys_midnight_wherever_the_server_stands(
    desk: Desk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
) -> None:
    # On 8 March 2026 New York sets its clocks on, and on 5 April Auckland sets them back.
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        listing = desk.city.sold_stops()
        desk.city.pay_in(1_000_000)
        with desk.city.pool.connection() as tx:
            agreement = negotiate.accept(
                tx,
                desk.city.parts.keys,
                listing.id,
                purpose=Purpose.ANALYSIS,
                ends_on=date(2026, 3, 8),
                offer=offer_sha256(listing),
                by=desk.city.buyer,
                at=desk.city.at,
            )
        end = datetime(2026, 3, 8, 16, tzinfo=UTC)
        desk.city.at = end - timedelta(minutes=30)
        drawn = desk.client("bo").post(f"/api/v1/agreements/{agreement.id}/tokens", json={})
        program = desk.client(token=drawn.json()["token"])

        desk.city.at = end - timedelta(seconds=1)
        last = program.get(ROWS)
        desk.city.at = end
        late = program.get(ROWS)
        # A clock that is set back a little brings back what was still agreed then, and no more.
        desk.city.at = end - timedelta(seconds=1)
        again = program.get(ROWS)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert datetime.fromisoformat(drawn.json()["expires_at"]) == end
    assert (last.status_code, late.status_code, again.status_code) == (200, 401, 200)


async def _received(file: RevocableFile, before_piece: Callable[[int], None]) -> list[Message]:
    """What a server is given to send, with something happening before a piece."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        bodies = sum(each["type"] == "http.response.body" for each in sent)
        await anyio.to_thread.run_sync(before_piece, bodies)

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    scope = {"type": "http", "method": "GET", "headers": []}
    await file(scope, receive, send)
    return sent


@pytest.mark.parametrize("stop", [*STOPS, _pass_the_end, None])
def test_a_running_download_is_cut_at_the_next_piece(desk: Desk, stop: Stop | None) -> None:  # noqa: F811
    agreement, token, _, content = linked(desk)
    parts = parts_of(desk.wiring)
    with parts.pool.connection() as tx:
        actor: Actor = actor_of_token(tx, token, address="", at=desk.city.at)
    receipt = UUID(desk.client("bo").get("/api/v1/receipts").json()[0]["id"])
    (path,) = [one for one in parts.results.iterdir() if one.suffix == ".parquet"]
    stands = Stands(parts, lambda: is_still_allowed(parts, receipt, Ask(actor)))
    file = RevocableFile(path, stands, media_type="application/octet-stream", headers={})
    file.chunk_size = max(1, len(content) // 5)

    def before_piece(bodies: int) -> None:
        if bodies == 2 and stop is not None:
            stop(desk, agreement, token)

    # The browser of other tests holds a loop in this thread.
    with ThreadPoolExecutor(1) as apart:
        sent = apart.submit(anyio.run, _received, file, before_piece).result()

    got = b"".join(each.get("body", b"") for each in sent if each["type"] == "http.response.body")
    if stop is None:
        assert got == content
        return
    # Two pieces had left when it happened; not one more follows, and the end is never said.
    assert got == content[: 2 * file.chunk_size]
    assert sent[-1]["more_body"]

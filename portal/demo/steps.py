"""Every step of the demo city's life, in order. A step that was cut short may be taken again: it
looks at what is there, or sends a key that lets it count once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from policies.calendar import china_day
from policies.terms import MICROCREDITS_PER_CREDIT, Regime
from portal.demo.city import City
from portal.demo.client import DemoFailed
from portal.demo.holdings import Holding, Offer, holdings
from portal.demo.uses import Use, uses
from portal.demo.wishes import WISHES, Wish

CHECK_TIMEOUT_S: Final = 600
CHECK_PAUSE_S: Final = 0.2
REQUEST_TERM: Final = timedelta(days=180)
FIRST_DISTRIBUTION: Final = "data"
TRACED_RECEIPTS: Final = 3


class Stopped(Exception):
    """Loading was told to stop; what is done is kept."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does."""

    name: str
    """Under which it is noted as done; never changed once released."""
    act: Callable[[City], None]
    words: str = ""
    """What to tell; a step without words is counted with those around it."""


def steps(*, check_stop: Callable[[], None], flight_rows: int | None = None) -> Iterator[Step]:
    """All steps. `check_stop` raises `Stopped` where a long wait is to end."""
    held = holdings(flight_rows=flight_rows)
    for one in held:
        yield Step(f"register {one.slug}", partial(_register, one), f"{one.publisher} registers it")
        yield Step(f"send {one.slug} 1", partial(_send, one, 1))
    for one in held:
        for number, _ in enumerate(one.files, 1):
            yield from _to_publication(one, number, check_stop)
    for one in held:
        for offer in one.offers:
            name = f"offer {one.slug} {offer.regime}"
            yield Step(name, partial(_offer, one, offer), _offer_words(offer))
    yield from _credits()
    yield from _wishes()
    yield from _purchases()
    for number, use in enumerate(uses()):
        yield Step(f"use {number}", partial(_use, use, f"demo-use-{number}"))
    yield Step("freeze", _freeze, "regulator freezes an agreement; a read is refused")
    yield Step("lift", _lift, "regulator-second lifts it")
    yield Step("trace", _trace, "regulator traces receipts to their files")


# Publish -----------------------------------------------------------------------------------------


def _to_publication(one: Holding, number: int, check_stop: Callable[[], None]) -> Iterator[Step]:
    if number > 1:
        yield Step(f"send {one.slug} {number}", partial(_send, one, number))
    yield Step(
        f"check {one.slug} {number}",
        partial(_await_check, one, number, check_stop),
        "the gate holds it back" if one.is_blocked else "checked, and let pass",
    )
    if one.is_blocked:
        return
    yield Step(f"submit {one.slug} {number}", partial(_submit, one, number))
    if one.is_published:
        yield Step(
            f"publish {one.slug} {number}",
            partial(_publish, one, number),
            f"{one.approver} publishes version {number}",
        )


def _register(one: Holding, city: City) -> None:
    desk = city.desk(one.publisher)
    if desk.find(f"/datasets/{one.slug}") is None:
        desk.post("/datasets", one.entry)
    place = f"/datasets/{one.slug}/distributions/{FIRST_DISTRIBUTION}"
    desk.patch(place, {"key_columns": list(one.key_columns)})
    known = len(desk.get(f"/datasets/{one.slug}/rules"))
    for rule in one.rules[known:]:
        desk.post(f"/datasets/{one.slug}/rules", rule)


def _send(one: Holding, number: int, city: City) -> None:
    folder = city.folder / f"{one.slug}-{number}"
    folder.mkdir(exist_ok=True)
    file = one.files[number - 1](folder)
    place = f"/datasets/{one.slug}/distributions/{FIRST_DISTRIBUTION}/uploads"
    city.desk(one.publisher).send_file(place, file, key=_upload_key(one, number))
    file.unlink()


def _await_check(one: Holding, number: int, check_stop: Callable[[], None], city: City) -> None:
    """Wait until the gate has spoken.

    Raises: DemoFailed where the file is not read, the gate says what was not expected, or nothing
    comes; Stopped.
    """
    deadline = time.monotonic() + CHECK_TIMEOUT_S
    while time.monotonic() < deadline:
        check_stop()
        version = _version(one, number, city)
        if version is not None and version["verdict"] is not None:
            if (version["verdict"] == "blocked") != one.is_blocked:
                raise DemoFailed(f"the gate said of {one.slug}: {version['verdict']}")
            return
        time.sleep(CHECK_PAUSE_S)
    raise DemoFailed(f"{one.slug} was not checked within {CHECK_TIMEOUT_S} s")


def _submit(one: Holding, number: int, city: City) -> None:
    version = _version(one, number, city)
    if version is not None and version["state"] == "created":
        city.desk(one.publisher).post(f"/datasets/{one.slug}/submit")


def _publish(one: Holding, number: int, city: City) -> None:
    version = _version(one, number, city)
    if version is not None and version["state"] == "submitted":
        city.desk(one.approver).post(f"/datasets/{one.slug}/publish")


def _version(one: Holding, number: int, city: City) -> Any:
    found = city.desk(one.publisher).get(f"/datasets/{one.slug}/versions")["items"]
    return next((version for version in found if version["number"] == number), None)


def _upload_key(one: Holding, number: int) -> str:
    return f"demo-upload-{one.slug}-{number}"


# Offer -------------------------------------------------------------------------------------------


def _offer(one: Holding, offer: Offer, city: City) -> None:
    """Propose; have it assessed where it is to be sold; have another person open it."""
    listing = city.listing(one.publisher, one.slug, offer.regime)
    if listing is None:
        listing = city.desk(one.publisher).post(
            f"/datasets/{one.slug}/listings", {"regime": offer.regime, **offer.body}
        )
    place = f"/listings/{listing['id']}"
    if offer.assessed_by is not None and listing["assessed_on"] is None:
        report = _report_of(one, offer.assessed_by, city)
        digest = hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest()
        city.desk(offer.assessed_by).post(f"{place}/assess", {"report_sha256": digest})
    if offer.opened_by is not None and listing["state"] == "draft":
        city.desk(offer.opened_by).post(
            f"{place}/open", {"standing_release": offer.has_standing_release}
        )


def _report_of(one: Holding, reader: str, city: City) -> Any:
    place = f"/datasets/{one.slug}/distributions/{FIRST_DISTRIBUTION}/versions"
    return city.desk(reader).get(f"{place}/{len(one.files)}/report")


def _offer_words(offer: Offer) -> str:
    if offer.opened_by is None:
        waits_for = "the assessor" if offer.regime is Regime.TRADE else "an approver"
        return f"proposed, waits for {waits_for}"
    assessed = f"{offer.assessed_by} signs, " if offer.assessed_by else ""
    return f"{assessed}{offer.opened_by} opens it"


# Ask and buy -------------------------------------------------------------------------------------

_TOP_UPS: Final = (
    ("skyline-analytics", 2_000 * MICROCREDITS_PER_CREDIT, "transfer 1"),
    ("harbour-logistics", 50 * MICROCREDITS_PER_CREDIT, "transfer 2"),
    # Two results at the lowest price, and not a third.
    ("lantern-studio", MICROCREDITS_PER_CREDIT * 12 // 100, "transfer 3"),
)
_BUYERS: Final = (
    ("skyline-buyer", "analysis"),
    ("harbour-buyer", "product"),
    ("lantern-buyer", "product"),
)


def _credits() -> Iterator[Step]:
    for slug, amount, reference in _TOP_UPS:
        body = {"amount_microcredits": amount, "reference": f"{reference}, {slug}"}
        yield Step(
            f"credit {slug}",
            partial(_top_up, slug, body),
            f"bureau-finance records {amount / MICROCREDITS_PER_CREDIT:g} credits, "
            "bureau-standards confirms them",
        )


def _top_up(slug: str, body: Mapping[str, object], city: City) -> None:
    paid = city.desk("bureau-finance").post(
        f"/organizations/{slug}/payments",
        {**body, "paid_on": china_day(city.now()).isoformat()},
        key=f"demo-payment-{slug}",
    )
    city.desk("bureau-standards").post(
        f"/payments/{paid['id']}/confirm", {}, key=f"demo-payment-confirmed-{slug}"
    )


def _purchases() -> Iterator[Step]:
    for buyer, purpose in _BUYERS:
        yield Step(
            f"buy flights {buyer}", partial(_buy, buyer, purpose), f"{buyer} accepts the terms"
        )


def _buy(buyer: str, purpose: str, city: City) -> None:
    listing = city.listing(buyer, "flights", Regime.TRADE)
    city.desk(buyer).post(
        f"/listings/{listing['id']}/agreements",
        {"offer_sha256": listing["offer_sha256"], "purpose": purpose},
        key=f"demo-buy-{buyer}",
    )


def _wishes() -> Iterator[Step]:
    for wish in WISHES:
        yield Step(
            f"ask {wish.slug} {wish.by}", partial(_ask, wish), f"{wish.by} asks under {wish.regime}"
        )
        if wish.decider is not None:
            yield Step(
                f"answer {wish.slug} {wish.by}",
                partial(_answer, wish),
                f"{wish.decider} answers: {wish.decision}",
            )


def _ask(wish: Wish, city: City) -> None:
    if city.application(wish.by, wish.slug, wish.regime) is not None:
        return
    listing = city.listing(wish.by, wish.slug, wish.regime)
    last_day = china_day(city.now()) + REQUEST_TERM
    city.desk(wish.by).post(
        f"/listings/{listing['id']}/applications",
        {"ends_on": last_day.isoformat(), "pledged": True, **wish.body},
    )


def _answer(wish: Wish, city: City) -> None:
    application = city.application(wish.by, wish.slug, wish.regime)
    if application["state"] == "submitted" and wish.decider is not None:
        place = f"/applications/{application['id']}/{wish.decision}"
        city.desk(wish.decider).post(place, wish.answer or {})


# Use and supervise -------------------------------------------------------------------------------


def _use(use: Use, key: str, city: City) -> None:
    slug = use.under_agreement_on
    desk = city.desk(use.by) if slug is None else city.bound_desk(use.by, slug)
    answer = desk.ask(use.method, use.path, body=use.body, key=key, may_be=(use.expected,))
    if answer.status != use.expected:
        what = use.body or use.path
        raise DemoFailed(f"{use.by or 'a visitor'} was answered with {answer.status}: {what}")


def _freeze(city: City) -> None:
    """Freeze what a firm agreed, see its next read refused."""
    agreement = city.agreement("harbour-buyer", "flights")
    desk = city.bound_desk("harbour-buyer", "flights")
    if not any(held["target_id"] == agreement["id"] for held in _freezes(city)):
        city.desk("regulator").post(
            "/audit/freezes",
            {
                "target_kind": "agreement",
                "target_id": agreement["id"],
                "reason": "抽查：核对用途与协议是否一致。/ Spot check: is the use the agreed one?",
            },
        )
    answer = desk.ask("POST", "/query", body={"sql": "SELECT count(*) FROM flights"}, may_be=(403,))
    if answer.status < 400:
        raise DemoFailed("a read under a frozen agreement was answered")


def _lift(city: City) -> None:
    agreement = city.agreement("harbour-buyer", "flights")
    for held in _freezes(city):
        if held["target_id"] == agreement["id"]:
            city.desk("regulator-second").post(
                f"/audit/freezes/{held['id']}/lift",
                {"reason": "已核对，一致。/ Checked: it is."},
            )


def _freezes(city: City) -> Any:
    return city.desk("regulator").get("/audit/freezes")


def _trace(city: City) -> None:
    """Follow some receipts back to the bytes that were sent, and prove one in the log."""
    receipts = city.desk("skyline-buyer").get("/receipts", limit=str(TRACED_RECEIPTS))
    for receipt in receipts:
        city.desk("regulator").get(f"/audit/receipts/{receipt['id']}")
        city.desk("regulator").get("/audit/lineage", asset=f"receipt:{receipt['id']}", depth="10")
        city.desk("skyline-buyer").get(f"/receipts/{receipt['id']}/proof")
    city.desk("bureau-standards").get("/audit/overview")

"""A small city that does the main job through the command line and HTTP alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from policies.calendar import china_day
from tests.installation import Installation

PASSWORD = "correct horse battery staple"
WAIT_S = 120
CREDIT = 1_000_000
ORGANIZATIONS = {
    "transport": "department",
    "police": "department",
    "airport": "operator",
    "skyline": "enterprise",
    "regulator": "regulator",
    "assay": "enterprise",
}
PEOPLE = {
    "publisher": ("publisher", "transport"),
    "approver": ("approver", "transport"),
    "police-buyer": ("buyer", "police"),
    "police-approver": ("approver", "police"),
    "airport-publisher": ("publisher", "airport"),
    "airport-approver": ("approver", "airport"),
    "buyer": ("buyer", "skyline"),
    "assessor": ("assessor", "assay"),
    "standards": ("bureau", "bureau"),
    "finance": ("finance", "bureau"),
    "auditor": ("regulator", "regulator"),
    "second-auditor": ("regulator", "regulator"),
}
TERMS = {
    "zh": "仅供本企业分析使用，不得转让。",
    "en": "For the buyer's own analysis; not to be passed on.",
}


@dataclass
class City:
    """People of an installation, each with a signed-in client."""

    installation: Installation
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def settle_in(self) -> None:
        """Let organisations and people in: the first by command line, the others by an admin."""
        run = self.installation.command
        run("org", "add", "bureau", "--kind", "bureau", "--title", "Big Data Bureau")
        run(
            "user",
            "add",
            "chief",
            "--role",
            "admin",
            "--password-stdin",
            stdin=PASSWORD + "\n",
        )
        self.clients["chief"] = self.installation.client("chief")
        for slug, kind in ORGANIZATIONS.items():
            wanted = {
                "slug": slug,
                "kind": kind,
                "title": {"en": slug.title()},
                "credit_code": credit_code(slug),
            }
            self.post("chief", "/organizations", wanted, expect=201)
        for name, (role, organization) in PEOPLE.items():
            self.post("chief", "/users", {"name": name, "password": PASSWORD}, expect=201)
            granted = self.of("chief").put(
                f"/api/v1/organizations/{organization}/members/{name}/{role}"
            )
            answered(granted, 204)

    def of(self, name: str) -> httpx.Client:
        """The client of a person; "" is a visitor who is not signed in."""
        if name not in self.clients:
            headers = {"Accept-Language": "en"}
            if name:
                wanted = {"user": name, "name": "test"}
                headers["Authorization"] = (
                    "Bearer " + self.post("chief", "/tokens", wanted, expect=201)["token"]
                )
            self.clients[name] = httpx.Client(
                base_url=self.installation.address, headers=headers, timeout=60
            )
        return self.clients[name]

    def get(self, name: str, path: str, **arguments: Any) -> Any:
        """What GET answers, which must be 200."""
        return answered(self.of(name).get(f"/api/v1{path}", **arguments), 200)

    def post(self, name: str, path: str, body: object = None, *, expect: int = 200) -> Any:
        """What POST answers with the expected status."""
        return answered(self.of(name).post(f"/api/v1{path}", json=body), expect)

    def register(self, name: str, slug: str, **changes: object) -> None:
        """Register a dataset."""
        self.post(
            name,
            "/datasets",
            {
                "slug": slug,
                "title": {"zh": f"数据 {slug}", "en": f"Data {slug}"},
                "summary": {"zh": "用于全流程测试的数据。", "en": "Data that goes the whole way."},
                "share_type": "unconditional",
                "open_type": "unconditional",
                "update_cycle": "daily",
                "licence": "CC-BY-4.0",
                **changes,
            },
            expect=201,
        )

    def upload(self, name: str, slug: str, content: bytes) -> dict[str, Any]:
        """Send a file; what the portal accepted."""
        answer = self.of(name).put(
            f"/api/v1/datasets/{slug}/distributions/data/uploads/{slug}.csv", content=content
        )
        return dict(answered(answer, 202))

    def wait_until_read(self, name: str, upload_id: str) -> dict[str, Any]:
        """The upload once it was read, or refused."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            told: dict[str, Any] = self.get(name, f"/uploads/{upload_id}")
            if told["state"] in ("ingested", "failed"):
                return told
            time.sleep(0.1)
        raise AssertionError(f"upload {upload_id} was not read in {WAIT_S} s")

    def wait_until_checked(self, name: str, slug: str) -> dict[str, Any]:
        """The newest version once the gate has spoken."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            versions = self.get(name, f"/datasets/{slug}/versions")["items"]
            if versions and versions[0]["verdict"]:
                return dict(versions[0])
            time.sleep(0.1)
        raise AssertionError(f"{slug} was not checked in {WAIT_S} s")

    def publish(self, publisher: str, approver: str, slug: str, content: bytes) -> dict[str, Any]:
        """Upload, wait for the check, submit, and publish by somebody else."""
        upload = self.upload(publisher, slug, content)
        assert self.wait_until_read(publisher, upload["id"])["state"] == "ingested"
        version = self.wait_until_checked(publisher, slug)
        self.post(publisher, f"/datasets/{slug}/submit")
        self.post(approver, f"/datasets/{slug}/publish")
        return version

    def list_free(
        self, publisher: str, approver: str, slug: str, regime: str, **more: object
    ) -> str:
        """Open a free listing under share or open by two people; its id."""
        drafted = self.post(
            publisher,
            f"/datasets/{slug}/listings",
            {"regime": regime, "declaration": {"lawful_basis": "statutory_duty"}, **more},
            expect=201,
        )
        self.post(
            approver, f"/listings/{drafted['id']}/open", {"standing_release": regime == "share"}
        )
        return str(drafted["id"])

    def list_for_money(self, slug: str, *, unit_microcredits: int) -> dict[str, Any]:
        """Open a trade listing of the airport's: proposed, assessed, opened by the bureau."""
        drafted = self.post(
            "airport-publisher",
            f"/datasets/{slug}/listings",
            {
                "regime": "trade",
                "price": {"model": "per_row", "unit_microcredits": unit_microcredits},
                "terms": TERMS,
                "declaration": {"lawful_basis": "own_production"},
            },
            expect=201,
        )
        self.post("assessor", f"/listings/{drafted['id']}/assess", {"report_sha256": "ab" * 32})
        return dict(self.post("standards", f"/listings/{drafted['id']}/open", {}))

    def buy(self, listing: dict[str, Any]) -> dict[str, Any]:
        """Accept the offer as it was seen; the agreement."""
        return dict(
            self.post(
                "buyer",
                f"/listings/{listing['id']}/agreements",
                {"offer_sha256": listing["offer_sha256"], "purpose": "analysis"},
                expect=201,
            )
        )

    def top_up(self, amount: int) -> None:
        """Credits for the buying firm: recorded by finance, confirmed by the bureau."""
        paid = self.post(
            "finance",
            "/organizations/skyline/payments",
            {
                "amount_microcredits": amount * CREDIT,
                "reference": f"bank transfer {uuid4().hex}",
                "paid_on": china_day(datetime.now(UTC)).isoformat(),
            },
            expect=201,
        )
        self.post("standards", f"/payments/{paid['id']}/confirm")

    def bound_client(self, agreement_id: str) -> httpx.Client:
        """A client that shows an access token bound to the agreement."""
        drawn = self.post("buyer", f"/agreements/{agreement_id}/tokens", {}, expect=201)
        return httpx.Client(
            base_url=self.installation.address,
            headers={"Authorization": f"Bearer {drawn['token']}", "Accept-Language": "en"},
            timeout=60,
        )


def credit_code(slug: str) -> str:
    """A well-formed unified social credit code of an organisation that does not exist.

    Source: GB 32100-2015 s. 4.
    """
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = "91640100" + "".join(letters[ord(slug[at % len(slug)]) % 31] for at in range(9))
    total = sum(letters.index(letter) * 3**at % 31 for at, letter in enumerate(body))
    return body + letters[-total % 31]


def answered(answer: httpx.Response, status: int) -> Any:
    """The body of an answer that has the expected status."""
    assert answer.status_code == status, f"{answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None

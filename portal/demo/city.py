"""The city being loaded: its people at their desks, and what they find on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from policies.database import Pool
from policies.identity.issue import issue_api_token
from policies.identity.people import user_named
from policies.roles import SYSTEM
from policies.seal import KeyRing
from policies.terms import Regime
from portal.demo.client import DemoFailed, Desk

TOKEN_NAME: Final = "demo city"  # noqa: S105 - a name, not a token
TOKEN_LIFE: Final = timedelta(hours=2)


@dataclass(slots=True)
class City:
    """An installation that is served at `address`."""

    address: str
    pool: Pool
    keys: KeyRing
    issuer: str
    now: Callable[[], datetime]
    folder: Path
    """Where the files lie that are sent."""
    _desks: dict[str, Desk] = field(default_factory=dict)
    _bound: dict[tuple[str, str], Desk] = field(default_factory=dict)
    _issued: dict[str, UUID] = field(default_factory=dict)

    def desk(self, name: str) -> Desk:
        """Where `name` works, with an API token of their own; nobody's is a visitor's."""
        if name not in self._desks:
            token = self._token(name) if name else None
            self._desks[name] = Desk(self.address, token)
        return self._desks[name]

    def bound_desk(self, name: str, slug: str) -> Desk:
        """Where `name` works with an access token of the agreement on a dataset."""
        if (name, slug) not in self._bound:
            desk = self.desk(name)
            agreement = self.agreement(name, slug)
            drawn = desk.post(f"/agreements/{agreement['id']}/tokens", {})
            self._bound[name, slug] = Desk(self.address, str(drawn["token"]))
        return self._bound[name, slug]

    def listing(self, name: str, slug: str, regime: Regime) -> Any:
        """The listing of a dataset as `name` sees it; None where there is none."""
        listings = self.desk(name).get(f"/datasets/{slug}/listings")
        return next((one for one in listings if one["regime"] == regime), None)

    def application(self, name: str, slug: str, regime: Regime) -> Any:
        """The request for a dataset that `name` sent; None where there is none."""
        listing = self.listing(name, slug, regime)
        sent = self.desk(name).get("/applications")
        return next((one for one in sent if listing and one["listing_id"] == listing["id"]), None)

    def agreement(self, name: str, slug: str) -> Any:
        """The agreement on a dataset that `name` may use.

        Raises: DemoFailed where there is none.
        """
        dataset = self.desk(name).get(f"/datasets/{slug}")
        for agreement in self.desk(name).get("/agreements"):
            if agreement["dataset_id"] == dataset["id"] and agreement["ended_at"] is None:
                return agreement
        raise DemoFailed(f"{name} has no agreement on {slug}")

    def leave(self) -> None:
        """Revoke the tokens that this loading made."""
        for name, token_id in self._issued.items():
            self._desks[name].delete(f"/tokens/{token_id}")
        self._issued.clear()

    def _token(self, name: str) -> str:
        with self.pool.connection() as tx:
            issued = issue_api_token(
                tx,
                self.keys,
                user_named(tx, name),
                name=TOKEN_NAME,
                issuer=self.issuer,
                by=SYSTEM,
                at=self.now(),
                life=TOKEN_LIFE,
            )
        self._issued[name] = issued.token.id
        return issued.encoded

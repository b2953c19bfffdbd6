"""A browser without script, for tests of pages: cookies, forms, no redirects followed."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from policies.identity.issue import issue_api_token
from policies.identity.people import user_named
from policies.roles import SYSTEM
from portal.wiring import Wiring
from tests.people import AT, PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Clock:
    """The time of a test."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


class Visitor(TestClient):
    """One browser."""

    def __init__(self, app: FastAPI, base_url: str = "http://testserver") -> None:
        super().__init__(app, base_url=base_url, follow_redirects=False)
        self.headers.update({"Accept-Language": "en", "Accept": "text/html"})

    def page(self, path: str, *, status: int = 200) -> str:
        """The text of a page."""
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        return unescape(answer.text)

    def form_token(self, path: str = "/user/login") -> str:
        """What the forms of a page carry."""
        found = _TOKEN.search(self.page(path))
        assert found is not None, f"{path} has no form"
        return found.group(1)

    def submit(self, path: str, *, on: str, **fields: str) -> Response:
        """Send a form that stands on the page `on`."""
        answer: Response = self.post(path, data={**fields, "csrf_token": self.form_token(on)})
        return answer

    def sign_in(self, name: str = "li.wei", password: str = PASSWORD) -> int:
        """Sign in through the form and say how that was answered."""
        return self.submit(
            "/user/login", on="/user/login", login=name, password=password
        ).status_code


def api_token(wiring: Wiring, name: str = "li.wei") -> str:
    """A new API token of a user."""
    with wiring.pool.connection() as tx:
        issued = issue_api_token(
            tx,
            wiring.keys,
            user_named(tx, name),
            name="notebook",
            issuer=wiring.settings.site_url,
            by=SYSTEM,
            at=AT,
        )
    return issued.encoded

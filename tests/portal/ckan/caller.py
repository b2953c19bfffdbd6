"""A program that calls actions, as one user after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from portal import answers
from portal.api.ckan import envelope, images
from portal.ckan_options import options_from
from portal.sign_in import require_csrf
from portal.wiring import Wiring
from tests.portal.visitor import api_token

ALL_ALLOWED = (
    '{"ckan.auth.user_create_organizations": true, "ckan.auth.create_unowned_dataset": true}'
)
"""What a CKAN of users who found their own organisations is set to."""


@dataclass
class Caller:
    """Calls actions in process; every caller is a user's name, or an empty one for a stranger."""

    client: TestClient
    wiring: Wiring

    def ask(self, caller: str, action: str, /, **parameters: Any) -> Response:
        """The whole answer."""
        answer: Response = self.client.post(
            f"/api/3/action/{action}",
            # With escapes, so that a test can send what no encoder would.
            content=json.dumps(parameters),
            headers=self._headers(caller) | {"Content-Type": "application/json"},
        )
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.status_code != 500, answer.text
        return answer

    def call(self, caller: str, action: str, /, **parameters: Any) -> Any:
        """The result of a call that has to succeed."""
        answer = self.ask(caller, action, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def refused(self, caller: str, action: str, /, **parameters: Any) -> dict[str, Any]:
        """The error of a call that has to be refused."""
        answer = self.ask(caller, action, **parameters)
        assert answer.status_code != 200, answer.text
        error: dict[str, Any] = answer.json()["error"]
        assert (
            answer.status_code
            == {
                "Validation Error": 409,
                "Authorization Error": 403,
                "Not Found Error": 404,
            }[error["__type"]]
        )
        return error

    def upload(self, caller: str, action: str, file: bytes, name: str, **texts: str) -> Response:
        """A call with a picture."""
        answer: Response = self.client.post(
            f"/api/3/action/{action}",
            data=texts,
            files={"image_upload": (name, file)},
            headers=self._headers(caller),
        )
        return answer

    def _headers(self, caller: str) -> dict[str, str]:
        return {"Authorization": api_token(self.wiring, caller)} if caller else {}


@contextmanager
def calling(wiring: Wiring, options: str = "") -> Iterator[Caller]:
    """An installation with CKAN's permission options, and a program that calls it."""
    settings = replace(wiring.settings, ckan_options=options_from(options))
    wiring = replace(wiring, settings=settings)
    app = FastAPI(dependencies=[Depends(require_csrf)])
    app.state.wiring = wiring
    answers.install(app)
    app.include_router(images.router)
    app.include_router(envelope.router)
    with TestClient(app, follow_redirects=False) as client:
        yield Caller(client, wiring)

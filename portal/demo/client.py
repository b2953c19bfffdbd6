"""Speak to a served installation as one of its people: what is sent and answered is what any client
sends and gets.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

TIMEOUT_S: Final = 300
TRIES: Final = 20
"""Of one request while the installation says that it is busy or restarts a part."""
PAUSE_S: Final = 0.5
_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class DemoFailed(Exception):
    """The installation did not do what the demo asked; the message says what and why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as what it says."""
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """What a refusal says."""
        try:
            told = self.json()
        except ValueError:
            return self.body[:300].decode(errors="replace")
        if "errors" in told:
            return f"{told.get('detail')} {told['errors']}"
        return str(told.get("detail") or told.get("title"))


class Desk:
    """Where one person works."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self._address = address
        self._token = token

    def get(self, path: str, **query: str) -> Any:
        """Read something that is there.

        Raises: DemoFailed.
        """
        return self.ask("GET", path + _query(query)).json()

    def find(self, path: str) -> Any:
        """Read something that may not be there yet; None where it is not."""
        answer = self.ask("GET", path, may_be=(HTTPStatus.NOT_FOUND,))
        return None if answer.status == HTTPStatus.NOT_FOUND else answer.json()

    def post(
        self, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> Any:
        """Do something; with a `key` once, however often it is sent.

        Raises: DemoFailed.
        """
        answer = self.ask("POST", path, body=body, key=key)
        return answer.json() if answer.body else None

    def patch(self, path: str, body: Mapping[str, object]) -> None:
        """Change something.

        Raises: DemoFailed.
        """
        self.ask("PATCH", path, body=body)

    def delete(self, path: str) -> None:
        """Take something away.

        Raises: DemoFailed.
        """
        self.ask("DELETE", path)

    def send_file(self, path: str, file: Path, *, key: str) -> Any:
        """Send a file as the body, read from the disk as it goes.

        Raises: DemoFailed.
        """
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(file.stat().st_size),
        }
        with file.open("rb") as stream:
            request = self._request("PUT", f"{path}/{quote(file.name)}", stream, key, headers)
            return _accepted(_open(request), request).json()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        key: str | None = None,
        may_be: tuple[int, ...] = (),
    ) -> Answer:
        """Send a request; a refusal is an answer where its status is one of `may_be`.

        Raises: DemoFailed.
        """
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        request = self._request(method, path, data, key, headers)
        for _ in range(TRIES):
            answer = _open(request)
            if answer.status not in _BUSY or answer.status in may_be:
                break
            time.sleep(PAUSE_S)
        return answer if answer.status in may_be else _accepted(answer, request)

    def _request(
        self,
        method: str,
        path: str,
        data: Any,
        key: str | None,
        headers: Mapping[str, str],
    ) -> urllib.request.Request:
        sent = {"Accept": "application/json", "Accept-Language": "en", **headers}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        address = f"{self._address}/api/v1{path}"
        return urllib.request.Request(address, data=data, headers=sent, method=method)  # noqa: S310


def _open(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return Answer(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, dict(refused.headers), refused.read())
    except OSError as away:
        raise DemoFailed(f"{request.full_url} does not answer: {away}") from away


def _accepted(answer: Answer, request: urllib.request.Request) -> Answer:
    if answer.status < HTTPStatus.BAD_REQUEST:
        return answer
    place = f"{request.get_method()} {request.selector}"
    raise DemoFailed(f"{place} was answered with {answer.status}: {answer.problem}")


def _query(asked: Mapping[str, str]) -> str:
    return "?" + urlencode(asked) if asked else ""

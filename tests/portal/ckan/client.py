"""A caller of actions, as a program would be."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx


class Refused(Exception):
    """The answer was no."""

    def __init__(self, status: int, error: Any) -> None:
        super().__init__(f"{status}: {error}")
        self.status = status
        self.error = error


@dataclass(frozen=True)
class Client:
    """Calls actions by their names with one token, or (None) with none."""

    address: str
    token: str | None

    def __call__(self, action: str, **parameters: Any) -> Any:
        return _result(self.post(action, json=parameters))

    def upload(self, action: str, file: tuple[str, bytes], **fields: str) -> Any:
        """Call an action with a file in `upload`."""
        return _result(self.post(action, data=fields, files={"upload": file}))

    def post(self, action: str, **how: Any) -> httpx.Response:
        """The answer as it came."""
        headers = {} if self.token is None else {"Authorization": self.token}
        return httpx.post(
            f"{self.address}/api/action/{action}", headers=headers, timeout=120, **how
        )


def _result(answer: httpx.Response) -> Any:
    body = answer.json()
    if not isinstance(body, dict) or not body["success"]:
        error = body["error"] if isinstance(body, dict) else body
        raise Refused(answer.status_code, error)
    return body["result"]


def new_name(stem: str = "set") -> str:
    """A name that no other test has."""
    return f"{stem}-{uuid.uuid4().hex[:12]}"

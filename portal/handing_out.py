"""Hand out what was delivered: the file with its receipt, price and digest in the headers.

Source: RFC 9110 s. 8.8.3 (strong validators), s. 13.1.2 (If-None-Match), s. 14 (ranges);
RFC 6266 and RFC 8187 (file names).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from catalog.cluster import Cluster
from catalog.confine import QueryBounds
from catalog.row_store import RowStores
from catalog.small_answers import SmallAnswers
from exchange import fair_use, settle
from exchange.allow import DECISIONS_REMEMBERED_MAX, Ask, Parts
from exchange.delivery import Delivered
from exchange.groups import Groups
from exchange.post_deliveries import names_of
from exchange.read_again import is_still_allowed
from policies.party import Actor
from policies.standing import REMEMBERED_FOR, Remembered
from policies.terms import Purpose
from portal.act_once import idempotency_key
from portal.mask_key import mask_key
from portal.rate_limit import rate_limit_headers
from portal.stored_file import StoredFile
from portal.wiring import Wiring, wiring_of

CPU_GRACE_S: Final = 3
COST_HEADER: Final = "Weir-Cost-Microcredits"
BALANCE_HEADER: Final = "Weir-Balance-Microcredits"
RECEIPT_HEADER: Final = "Weir-Receipt"
DIGEST_HEADER: Final = "Weir-Result-Sha256"
ROWS_HEADER: Final = "Weir-Rows"
REPLAY_HEADER: Final = "Weir-Replayed"


def parts_of(wiring: Wiring) -> Parts:
    """What a delivery needs of this process, with what it remembers; the same each time."""
    if not wiring.kept_parts:
        wiring.kept_parts.append(_parts(wiring))
    return wiring.kept_parts[0]


def _parts(wiring: Wiring) -> Parts:
    return Parts(
        pool=wiring.pool,
        keys=wiring.keys,
        confinement=wiring.confinement,
        warehouse=wiring.warehouse,
        folders=wiring.folders,
        results=wiring.settings.results_folder,
        mask_key=mask_key(wiring),
        now=wiring.now,
        decided=Remembered(wiring.pool.standing, entries_max=DECISIONS_REMEMBERED_MAX),
        answers=SmallAnswers(),
        cluster=_cluster(wiring),
        query_bounds=QueryBounds(
            wall_s=float(wiring.settings.query_s), cpu_s=wiring.settings.query_s + CPU_GRACE_S
        ),
        row_stores=RowStores(wiring.warehouse),
        groups=Groups(names=names_of),
    )


def _cluster(wiring: Wiring) -> Cluster | None:
    settings = wiring.settings
    return Cluster(settings.engine_url, settings.engine_bytes_min) if settings.engine_url else None


def ask_of(
    request: Request,
    actor: Actor,
    purpose: Purpose | None,
    cancelled: threading.Event | None = None,
) -> Ask:
    """Who asks, for what, and under which key."""
    return Ask(actor, purpose, idempotency_key(request), cancelled)


def hand_out(
    request: Request,
    actor: Actor,
    delivered: Delivered,
    *,
    file_name: str | None = None,
    purpose: Purpose | None = None,
) -> Response:
    """The result as an answer; `file_name` makes it a file to save.

    `purpose` is what it was read for; None is the agreement's own.
    """
    headers = {
        COST_HEADER: str(0 if delivered.is_replay else delivered.charge),
        RECEIPT_HEADER: str(delivered.receipt_id),
        DIGEST_HEADER: delivered.sha256,
        ROWS_HEADER: str(delivered.row_count),
        REPLAY_HEADER: "true" if delivered.is_replay else "false",
        # The answer is this caller's own, and one address has several forms.
        "Cache-Control": "private, no-store",
        "Vary": "Accept",
    }
    if delivered.charge == 0:
        headers |= _fair_use(request, actor)
    balance = delivered.funds if delivered.funds is not None else _balance(request, actor)
    if balance is not None:
        headers[BALANCE_HEADER] = str(balance)
    return file_answer(
        request,
        delivered.path,
        media_type=delivered.media_type,
        sha256=delivered.sha256,
        file_name=file_name,
        headers=headers,
        data=delivered.data,
        stands=None if delivered.is_open else _stands(request, actor, delivered, purpose),
    )


def _stands(
    request: Request, actor: Actor, delivered: Delivered, purpose: Purpose | None
) -> Stands:
    """Whether a delivery may go on being read, asked while its file is on its way."""
    parts, ask = parts_of(wiring_of(request)), Ask(actor, purpose)
    return Stands(parts, lambda: is_still_allowed(parts, delivered.receipt_id, ask))


def _fair_use(request: Request, actor: Actor) -> dict[str, str]:
    """What is left of the day for open data. Source: draft-ietf-httpapi-ratelimit-headers."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        standing = fair_use.standing(tx, by=actor, at=wiring.now())
    if standing is None:
        return {}
    limits = standing.limits
    return rate_limit_headers(
        limits.name, limits.deliveries, standing.deliveries_left, standing.reset_s
    )


def file_answer(
    request: Request,
    path: Path,
    *,
    media_type: str,
    sha256: str,
    file_name: str | None,
    headers: dict[str, str],
    data: bytes | None = None,
    stands: Stands | None = None,
) -> Response:
    """A file, or its `data` where that is at hand, with its digest as strong validator.

    Ranges are answered, known files not sent. What may be taken back while it is on its way has
    `stands`; it is never left to a proxy to send, which would not ask.
    """
    tag = f'"{sha256}"'
    headers = {**headers, "ETag": tag, "Accept-Ranges": "bytes"}
    if file_name is not None:
        headers["Content-Disposition"] = content_disposition(file_name)
    known = [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]
    if request.method in ("GET", "HEAD") and (tag in known or "*" in known):
        return Response(status_code=304, headers=headers)
    if data is not None and "Range" not in request.headers:
        return Response(data, media_type=media_type, headers=headers)
    settings = wiring_of(request).settings
    if stands is None and settings.accel_prefix and path.is_relative_to(settings.private_folder):
        # The proxy in front sends the file itself, ranges included.
        place = quote(path.relative_to(settings.private_folder).as_posix())
        headers["X-Accel-Redirect"] = f"{settings.accel_prefix}{place}"
        return Response(media_type=media_type, headers=headers)
    if stands is None:
        return StoredFile(path, media_type=media_type, headers=headers)
    return RevocableFile(path, stands, media_type=media_type, headers=headers)


class Stands:
    """Whether what is being sent may still be: asked after each change, and every few seconds."""

    def __init__(self, parts: Parts, ask: Callable[[], bool]) -> None:
        self._parts = parts
        self._ask = ask
        # Counted before the route's answer is begun, so that no change falls between.
        self._changes = parts.pool.standing.changes
        self._asked_at = parts.now()

    @property
    def is_due(self) -> bool:
        """Whether it has to be asked again."""
        is_old = not self._asked_at <= self._parts.now() < self._asked_at + REMEMBERED_FOR
        return is_old or self._changes != self._parts.pool.standing.changes

    def still(self) -> bool:
        """Ask now."""
        self._changes, self._asked_at = self._parts.pool.standing.changes, self._parts.now()
        return self._ask()


class RevocableFile(StoredFile):
    """A file whose right to be read may be taken back while it is on its way.

    Then the connection is broken off: the length was promised, so no client takes the part for the
    whole.
    """

    def __init__(
        self, path: Path, stands: Stands, *, media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(path, media_type=media_type, headers=headers)
        self._stands = stands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, piece by piece."""
        stands = self._stands

        async def send_if_it_stands(message: Message) -> None:
            is_asked = message["type"] == "http.response.body" and stands.is_due
            if is_asked and not await run_in_threadpool(stands.still):
                raise _TakenBack
            await send(message)

        with suppress(_TakenBack):
            await super().__call__({**scope, "extensions": {}}, receive, send_if_it_stands)


class _TakenBack(Exception):
    """The right to read was taken back while the file was on its way."""


def content_disposition(file_name: str) -> str:
    """`attachment` under a name that may hold Chinese; old clients get what of it is ASCII."""
    plain = "".join(
        character if character.isascii() and character.isprintable() else "_"
        for character in file_name
    ).translate({ord('"'): "_", ord("\\"): "_"})
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def is_continuation(request: Request) -> bool:
    """Whether a client goes on with a file that it has the beginning of."""
    unit, _, ranges = request.headers.get("Range", "").partition("=")
    first = ranges.split(",")[0].strip().partition("-")[0]
    return unit.strip() == "bytes" and first.isdecimal() and int(first) > 0


def _balance(request: Request, actor: Actor) -> int | None:
    """What the caller's organisation can still spend; None where nobody pays."""
    if actor.organization is None:
        return None
    with wiring_of(request).pool.connection() as tx:
        return settle.funds_of(tx, actor.organization.id)

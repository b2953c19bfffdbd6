"""Every byte that comes from outside by address: bounded, and never from the inside of a network.

Every connection passes `catalog.harvest.reach`, under the host's own name for TLS; so do redirects,
each one. No proxy of the environment is used and no cookie kept.

Source: RFC 9110 s. 13 (conditional requests).
"""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from catalog.harvest.errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    MalformedAddress,
    SourceAnswered,
    SourceUnreachable,
)
from catalog.harvest.reach import CONNECT_S, SILENCE_S, IpNetwork, open_line
from catalog.harvest.source import ANSWER_BYTES_MAX, Validators

ANSWER_S_MAX: Final = 120
REDIRECTS_MAX: Final = 3
PORTS: Final = frozenset({80, 443})
PIECE_BYTES: Final = 1 << 16
USER_AGENT: Final = "weir-harvest/1 (+catalogue harvester)"

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED: Final = 304
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came; `content` None where nothing changed since the validators were noted."""

    content: bytes | None
    address: str
    """Where it came from in the end."""
    media_type: str
    validators: Validators
    links: dict[str, str] = field(default_factory=dict)
    """`Link` headers by their relation."""


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """What comes, piece by piece."""

    pieces: Iterator[bytes]
    address: str
    """Where it came from in the end."""
    disposition: str
    etag: str
    last_modified: str


class Fetcher:
    """Fetches for one run. Not shared between threads."""

    def __init__(
        self,
        allowed: tuple[IpNetwork, ...] = (),
        *,
        bytes_max: int = ANSWER_BYTES_MAX,
        seconds_max: int = ANSWER_S_MAX,
    ) -> None:
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max
        self._open: list[socket.socket] = []
        self.session = _BoundedSession(self)
        door = _Door(lambda host, port: self._connect(host, port, allowed))
        self.session.mount("http://", door)
        self.session.mount("https://", door)

    def get(
        self,
        address: str,
        *,
        accept: str = "*/*",
        known: Validators | None = None,
    ) -> Answer:
        """Fetch a whole answer, unless it is the one that `known` describes.

        Raises: MalformedAddress, AddressRefused, SourceUnreachable, SourceAnswered,
        AnswerTooLarge, AnswerTooSlow.
        """
        headers = {"Accept": accept, **_conditions(known or Validators())}
        with self._answer(address, headers) as answer:
            if answer.status_code == _NOT_MODIFIED and known is not None:
                return Answer(None, address, "", known)
            if answer.status_code != _OK:
                raise SourceAnswered(answer.status_code)
            content = answer.content
            sha256 = hashlib.sha256(content).hexdigest()
            validators = Validators(
                etag=answer.headers.get("ETag", "")[:500],
                last_modified=answer.headers.get("Last-Modified", "")[:100],
                sha256=sha256,
            )
            is_known = known is not None and known.sha256 == sha256
            return Answer(
                content=None if is_known else content,
                address=answer.url,
                media_type=answer.headers.get("Content-Type", "").partition(";")[0].strip(),
                validators=validators,
                links={
                    relation: urljoin(answer.url, link["url"])
                    for relation, link in answer.links.items()
                    if "url" in link
                },
            )

    @contextmanager
    def streamed(
        self, address: str, *, headers: dict[str, str], known: Validators
    ) -> Iterator[StreamedAnswer | None]:
        """An answer of any size as it comes; None where it is still the one `known` describes.

        Raises: what `get` raises, also while the pieces are read.
        """
        with self._answer(address, {**headers, **_conditions(known)}, is_whole=False) as answer:
            if answer.status_code == _NOT_MODIFIED and known != Validators():
                yield None
                return
            if answer.status_code != _OK:
                raise SourceAnswered(answer.status_code)
            yield StreamedAnswer(
                pieces=self.bounded(answer),
                address=answer.url,
                disposition=answer.headers.get("Content-Disposition", "")[:1000],
                etag=answer.headers.get("ETag", "")[:500],
                last_modified=answer.headers.get("Last-Modified", "")[:100],
            )

    def post(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        """Send a body once, following nothing; the status of the answer.

        Raises: what `get` raises.
        """
        answer = self.session.request("POST", address, data=body, headers=headers)
        return int(answer.status_code)

    def pieces(
        self, address: str, headers: dict[str, str] | None = None
    ) -> Generator[bytes, None, None]:
        """The bytes of a file, as they come; for what is too large for memory.

        Raises: what `get` raises.
        """
        with self._answer(address, headers or {}, is_whole=False) as answer:
            if answer.status_code != _OK:
                raise SourceAnswered(answer.status_code)
            yield from self.bounded(answer)

    def bounded(self, answer: requests.Response) -> Iterator[bytes]:
        """The decoded bytes of an answer, while they stay within the bounds."""
        size = 0
        while True:
            piece = answer.raw.read1(PIECE_BYTES, decode_content=True)
            if not piece:
                return
            size += len(piece)
            if size > self._bytes_max:
                raise AnswerTooLarge(self._bytes_max)
            yield piece

    @contextmanager
    def within_time(self) -> Iterator[None]:
        """Cut every connection when the time is up, whatever the other side is doing, and turn
        what the libraries raise into refusals.
        """
        is_late = threading.Event()

        def cut() -> None:
            is_late.set()
            for handle in self._open:
                try:
                    handle.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

        timer = threading.Timer(self._seconds_max, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (requests.RequestException, HTTPError, OSError, ValueError) as fault:
            if is_late.is_set():
                raise AnswerTooSlow(self._seconds_max) from None
            raise SourceUnreachable(_said(fault)) from None
        finally:
            timer.cancel()
            self._forget_closed()
        if is_late.is_set():
            # An answer without a length looks whole where it was cut.
            raise AnswerTooSlow(self._seconds_max)

    def close(self) -> None:
        """Let go of every connection."""
        self.session.close()
        for handle in self._open:
            handle.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _answer(
        self, address: str, headers: dict[str, str], *, is_whole: bool = True
    ) -> Iterator[requests.Response]:
        with self.within_time():
            place = address
            for _ in range(REDIRECTS_MAX + 1):
                _check_form(place)
                answer = self.session.fetch("GET", place, headers=headers, is_whole=is_whole)
                if answer.status_code not in _REDIRECTS or "Location" not in answer.headers:
                    break
                onwards = urljoin(place, answer.headers["Location"])
                if urlsplit(onwards)[:2] != urlsplit(place)[:2]:
                    # What opens one host is not shown to another.
                    headers = {k: v for k, v in headers.items() if k.lower() not in _SECRETS}
                answer.close()
                place = onwards
            else:
                raise SourceUnreachable(f"more than {REDIRECTS_MAX} redirects")
            try:
                yield answer
            finally:
                answer.close()

    def _connect(self, host: str, port: int, allowed: tuple[IpNetwork, ...]) -> socket.socket:
        opened = open_line(host, port, allowed, ports=PORTS)
        # TLS takes the socket over; this second handle can still cut the line.
        self._open.append(opened.dup())
        return opened

    def _forget_closed(self) -> None:
        while len(self._open) > 16:
            self._open.pop(0).close()


_SECRETS: Final = frozenset({"authorization", "x-ckan-api-key", "cookie"})


class _BoundedSession(requests.Session):  # type: ignore[misc]  # requests has no types
    """What `ckanapi` is given: every answer is whole, bounded, and from where it was asked."""

    def __init__(self, fetcher: Fetcher) -> None:
        super().__init__()
        self._fetcher = fetcher
        self.trust_env = False
        self.headers["User-Agent"] = USER_AGENT
        self.adapters.clear()
        self.cookies.set_policy(_NoCookies())

    def request(  # type: ignore[no-untyped-def]  # requests has no types
        self, method, url, **options
    ) -> requests.Response:
        """As `requests` does, within the bounds. Raises what `Fetcher.get` raises."""
        _check_form(str(url))
        options.update(allow_redirects=False, stream=True, timeout=(CONNECT_S, SILENCE_S))
        with self._fetcher.within_time():
            answer = super().request(method, url, **options)
            _fill(answer, b"".join(self._fetcher.bounded(answer)))
        return answer

    def fetch(
        self, method: str, url: str, *, headers: dict[str, str], is_whole: bool
    ) -> requests.Response:
        """One answer without following it anywhere; the caller bounds the time."""
        answer = super().request(
            method,
            url,
            headers=headers,
            allow_redirects=False,
            stream=True,
            timeout=(CONNECT_S, SILENCE_S),
        )
        if is_whole:
            _fill(answer, b"".join(self._fetcher.bounded(answer)))
        return answer


def _conditions(known: Validators) -> dict[str, str]:
    headers = {}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _fill(answer: requests.Response, content: bytes) -> None:
    """Give an answer its content, as `requests` itself does."""
    answer._content = content  # noqa: SLF001 - `Response.content` has no other way in
    answer._content_consumed = True  # noqa: SLF001


class _NoCookies:
    """Keeps none and sends none. Source: `http.cookiejar.CookiePolicy`."""

    netscape = True
    rfc2965 = hide_cookie2 = False

    def return_ok(self, *_: object) -> bool:
        return False

    set_ok = domain_return_ok = path_return_ok = return_ok


_Connect = Callable[[str, int], socket.socket]


class _Door(HTTPAdapter):  # type: ignore[misc]  # requests has no types
    """Opens connections only through `connect`."""

    def __init__(self, connect: _Connect) -> None:
        self._connect = connect
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: object, **options: object) -> None:
        super().init_poolmanager(*arguments, **options)
        connect = self._connect

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self._dns_host, self.port or 80)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self._dns_host, self.port or 443)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _check_form(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_right = False
    if not is_right:
        raise MalformedAddress(address[:200])


def _said(fault: Exception) -> str:
    """What went wrong, without what a library tells of its insides."""
    seen: BaseException | None = fault
    while seen is not None:
        if isinstance(seen, socket.timeout | TimeoutError | requests.Timeout):
            return "no answer in time"
        if isinstance(seen, ConnectionRefusedError):
            return "the connection was refused"
        seen = seen.__cause__ or seen.__context__
    if isinstance(fault, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    return "the line broke or the answer was not HTTP"

"""A file on its way in: streamed to the blob folder while it is hashed, never whole in memory.

A program sends the bytes as the body, with the name in `?file_name=`; a form sends them as
`multipart/form-data` with one file. Nothing is kept of a body that breaks off or grows too large.

Source: RFC 7578; RFC 9110 s. 8.4 (Content-Encoding, refused here: it can hide any size).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from catalog.blobs import UPLOAD_BYTES_MAX, ArrivingBlob, Blobs, StoredBlob
from catalog.errors import FileTooLarge
from portal.errors import BodyCompressed, BodyCutOff, FileMissing, MalformedForm

FIELDS_MAX = 20
FIELD_BYTES_MAX = 10_000
FORM_OVERHEAD_BYTES_MAX = 1 << 20
"""What a form may add to the bytes of its file."""
INCOMING_BYTES_MAX = UPLOAD_BYTES_MAX + FORM_OVERHEAD_BYTES_MAX

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file that has arrived, and what was sent beside it."""

    file_name: str
    """As sent; empty where the sender gave none."""
    blob: StoredBlob
    fields: dict[str, str]
    """The other fields of the form; empty for a plain body."""


async def receive_file(request: Request, blobs: Blobs) -> IncomingFile:
    """Take the file of a request in. The caller has checked who sends it.

    Raises: FileTooLarge, StorageFull, FileMissing, MalformedForm, BodyCompressed, BodyCutOff.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BodyCompressed
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > INCOMING_BYTES_MAX:
        raise FileTooLarge(UPLOAD_BYTES_MAX)
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    arriving = await run_in_threadpool(ArrivingBlob, blobs)
    with arriving:
        if kind != b"multipart/form-data":
            await _pass_on(request, _Body(arriving))
            if not arriving.size_bytes:
                raise FileMissing
            stored = await run_in_threadpool(arriving.keep)
            return IncomingFile("", stored, {})
        form = _Form(arriving, options.get(b"boundary", b""))
        await _pass_on(request, form)
        if not form.is_complete or form.file_name is None:
            raise FileMissing
        stored = await run_in_threadpool(arriving.keep)
        return IncomingFile(form.file_name, stored, form.fields)


@dataclass(frozen=True, slots=True)
class IncomingForm:
    """A form that has arrived, perhaps with a file."""

    pairs: tuple[tuple[str, str], ...]
    """Names and values in their order; a name may come again."""
    file: IncomingFile | None
    file_field: str
    """The name of the file's own field; empty without a file."""


async def receive_form(
    request: Request, blobs: Blobs, *, fields_max: int, field_bytes_max: int
) -> IncomingForm:
    """Take a multipart form in that may have one file.

    Raises: FileTooLarge, StorageFull, MalformedForm, BodyCompressed, BodyCutOff.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BodyCompressed
    _, options = parse_options_header(request.headers.get("Content-Type"))
    arriving = await run_in_threadpool(ArrivingBlob, blobs)
    with arriving:
        form = _Form(
            arriving,
            options.get(b"boundary", b""),
            fields_max=fields_max,
            field_bytes_max=field_bytes_max,
        )
        await _pass_on(request, form)
        if not form.is_complete:
            raise MalformedForm
        if form.file_name is None:
            return IncomingForm(tuple(form.pairs), None, "")
        stored = await run_in_threadpool(arriving.keep)
        file = IncomingFile(form.file_name, stored, form.fields)
        return IncomingForm(tuple(form.pairs), file, form.file_field)


async def _pass_on(request: Request, sink: _Body | _Form) -> None:
    """Give the body to `sink` in pieces that are worth a thread's while."""
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _PIECE_BYTES:
                piece, waiting = bytes(waiting), bytearray()
                await run_in_threadpool(sink.write, piece)
    except ClientDisconnect:
        raise BodyCutOff from None
    await run_in_threadpool(sink.write, bytes(waiting))


@dataclass
class _Body:
    """The body is the file."""

    arriving: ArrivingBlob

    def write(self, piece: bytes) -> None:
        self.arriving.write(piece)


@dataclass
class _Form:
    """The file is one part of a form."""

    arriving: ArrivingBlob
    boundary: bytes
    fields_max: int = FIELDS_MAX
    field_bytes_max: int = FIELD_BYTES_MAX
    file_name: str | None = None
    """None until the file's part began."""
    file_field: str = ""
    is_complete: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    _parser: MultipartParser = field(init=False)
    _is_file: bool = False
    _name: str = ""
    _value: bytearray = field(default_factory=bytearray)
    _header: bytearray = field(default_factory=bytearray)
    _header_value: bytearray = field(default_factory=bytearray)
    _disposition: bytes = b""
    _parts: int = 0

    def __post_init__(self) -> None:
        if not self.boundary:
            raise MalformedForm
        self._parser = MultipartParser(
            self.boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_header,
                "on_header_value": self._add_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_content,
                "on_part_data": self._add_content,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body apart."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise MalformedForm from None

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > self.fields_max:
            raise MalformedForm
        self._is_file, self._name, self._disposition = False, "", b""
        self._value, self._header, self._header_value = bytearray(), bytearray(), bytearray()

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header, self._header_value = bytearray(), bytearray()

    def _begin_content(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        file_name = options.get(b"filename")
        if file_name is None:
            return
        if self.file_name is not None:
            raise MalformedForm
        # A form whose file field was left empty sends a nameless empty file.
        if file_name:
            self._is_file = True
            self.file_name = file_name.decode("utf-8", "replace")
            self.file_field = self._name

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.arriving.write(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > self.field_bytes_max:
            raise MalformedForm

    def _end_part(self) -> None:
        if not self._is_file:
            value = self._value.decode("utf-8", "replace")
            self.fields[self._name] = value
            self.pairs.append((self._name, value))

    def _end(self) -> None:
        self.is_complete = True

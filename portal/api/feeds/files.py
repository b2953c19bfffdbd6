"""Descriptions of open tables for programs: Croissant, Data Package, and the package as a file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from starlette.responses import StreamingResponse

from catalog.errors import DatasetNotFound
from catalog.formats.croissant import croissant_json
from catalog.formats.datapackage import datapackage_json, resource_name
from catalog.formats.dcat import download_address
from catalog.interchange import projection_named
from catalog.interchange_errors import NoOpenFile
from catalog.projection import ProjectedDistribution, Projection
from catalog.result import ResultFormat
from exchange.access import table_name
from exchange.allow import Ask
from exchange.deliver import deliver_file, file_facts
from exchange.delivery import FileQuestion
from policies.errors import Denied, NotFound
from policies.party import ANONYMOUS, Actor
from portal.api.feeds.conditional import known, tag_of, whole
from portal.handing_out import content_disposition, parts_of
from portal.open_files import given_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter(tags=["feeds"])

CHUNK_BYTES: Final = 256 << 10
_CACHED: Final = {"Cache-Control": "no-cache"}

Name = Annotated[str, PathParameter(description="Id or name of the dataset.")]


@router.get("/dataset/{name}/croissant.jsonld", response_class=Response)
def read_croissant(request: Request, name: Name) -> Response:
    """The open tables of a dataset in Croissant 1.1, with the digests of what is served."""
    record = _described(request, name)
    body = croissant_json(record, wiring_of(request).settings.site_url)
    return whole(request, orjson.dumps(body), media_type="application/ld+json", headers=_CACHED)


@router.get("/dataset/{name}/datapackage.json", response_class=Response)
def read_datapackage(request: Request, name: Name) -> Response:
    """The open tables of a dataset as a Data Package whose paths are addresses."""
    record = _described(request, name)
    site = wiring_of(request).settings.site_url

    def address(one: ProjectedDistribution) -> str:
        return download_address(record, one, site)

    body = datapackage_json(record, site, path_of=address)
    text = orjson.dumps(body, option=orjson.OPT_INDENT_2)
    return whole(request, text, media_type="application/json", headers=_CACHED)


@router.get("/dataset/{name}/datapackage.zip", response_class=Response)
def download_package(request: Request, name: Name) -> Response:
    """The Data Package with its tables in one archive; each table counts as delivered."""
    wiring, actor = wiring_of(request), actor_of(request)
    record = _described(request, name)
    # The digests of its tables are in the description; the archive's own bytes tell the time.
    as_described = datapackage_json(record, wiring.settings.site_url, path_of=_member)
    headers = {
        "ETag": tag_of(as_described, is_weak=True),
        "Content-Disposition": content_disposition(f"{record.slug}.zip"),
        "Cache-Control": "private, no-cache",
    }
    if (unchanged := known(request, headers)) is not None:
        return unchanged
    parts = parts_of(wiring)
    members: list[tuple[str, Path]] = []
    held = []
    for one in record.distributions:
        if one.file is None:
            continue
        table = table_name(record.slug, one.slug)
        delivered = deliver_file(parts, table, FileQuestion(ResultFormat.CSV), Ask(_outside(actor)))
        file = replace(one.file, sha256=delivered.sha256, size_bytes=delivered.size_bytes)
        held.append(replace(one, file=file))
        members.append((_member(one), delivered.path))
    delivered_record = replace(record, distributions=tuple(held))
    description = datapackage_json(delivered_record, wiring.settings.site_url, path_of=_member)
    first = ("datapackage.json", orjson.dumps(description, option=orjson.OPT_INDENT_2))
    return StreamingResponse(
        _archive(first, members),
        media_type="application/zip",
        headers=headers,
    )


def _described(request: Request, name: str) -> Projection:
    """What everybody is told of a dataset, with the digests of its open files.

    Raises: DatasetNotFound where the caller may not know of it; NoOpenFile.
    """
    wiring = wiring_of(request)
    given = given_of(wiring)
    with wiring.pool.connection() as tx:
        record = projection_named(tx, name, given, by=ANONYMOUS)
        if record is None and projection_named(tx, name, given, by=actor_of(request)) is None:
            raise DatasetNotFound(name)
    if record is None:
        raise NoOpenFile(name)
    parts = parts_of(wiring)
    held = []
    for one in record.distributions:
        if one.file is None:
            continue
        try:
            facts = file_facts(
                parts,
                table_name(record.slug, one.slug),
                FileQuestion(ResultFormat.CSV),
                Ask(ANONYMOUS),
            )
        except (Denied, NotFound):
            # Closed between the two looks.
            continue
        assert facts is not None, "a CSV file is stored"
        file = replace(one.file, sha256=facts.sha256, size_bytes=facts.size_bytes)
        held.append(replace(one, file=file))
    if not held and not any(one.document for one in record.distributions):
        raise NoOpenFile(name)
    # The first of a dataset has an address of its own, so the others keep their places.
    kept = {one.id: one for one in held}
    return replace(
        record,
        distributions=tuple(
            kept.get(one.id, replace(one, file=None)) for one in record.distributions
        ),
    )


def _outside(actor: Actor) -> Actor:
    """The caller as one of the public: the package holds what everybody gets."""
    return ANONYMOUS if actor.is_anonymous else replace(actor, memberships=(), organization=None)


def _member(one: ProjectedDistribution) -> str:
    return f"data/{resource_name(one)}.csv"


class _Sink:
    """Takes what the archive's writer writes until it is sent on."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """There is nothing to close."""

    def drain(self) -> bytes:
        """What was written since the last time."""
        written, self._written = self._written, []
        return b"".join(written)


def _archive(first: tuple[str, bytes], members: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(*first)
        yield sink.drain()
        for name, path in members:
            with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
                    yield sink.drain()
    yield sink.drain()

"""Read whatever a source is: its file, or what its address answers."""

from __future__ import annotations

from collections.abc import Callable

from catalog.blobs import Blobs
from catalog.errors import FileTooLarge
from catalog.harvest.fetch import Fetcher
from catalog.harvest.reach import IpNetwork
from catalog.harvest.read_ckan import read_ckan
from catalog.harvest.read_csv_manifest import read_csv_manifest
from catalog.harvest.read_data_json import read_data_json
from catalog.harvest.read_dcat import ACCEPT, page_of_file, read_dcat
from catalog.harvest.read_oai_pmh import read_oai_pmh
from catalog.harvest.remote_record import Reading
from catalog.harvest.source import ANSWER_BYTES_MAX, HarvestSource, SourceKind, Validators


def read_source(
    source: HarvestSource,
    known: Validators,
    blobs: Blobs,
    allowed: tuple[IpNetwork, ...],
    on_progress: Callable[[int], None],
) -> tuple[Reading | None, Validators]:
    """What the source says; None where it is as the validators have it.

    Raises: what the readers and the fetcher raise, FileDamaged, FileTooLarge.
    """
    wishes = source.wishes
    if not wishes.address:
        source.check_is_ready()
        assert source.blob_sha256 is not None
        validators = Validators(sha256=source.blob_sha256)
        if known.sha256 == source.blob_sha256:
            return None, validators
        content = _file(blobs, source.blob_sha256)
        return _read_file(source, content, on_progress), validators
    with Fetcher(allowed) as fetcher:
        if wishes.kind is SourceKind.CKAN:
            found = read_ckan(fetcher, wishes.address, wishes.options, on_progress=on_progress)
            return found, Validators()
        if wishes.kind is SourceKind.OAI_PMH:
            found = read_oai_pmh(fetcher, wishes.address, wishes.options, on_progress=on_progress)
            return found, Validators()
        accept = ACCEPT if wishes.kind is SourceKind.DCAT else "*/*"
        answer = fetcher.get(wishes.address, accept=accept, known=known)
        if answer.content is None:
            return None, answer.validators
        if wishes.kind is SourceKind.DCAT:
            reading = read_dcat(answer, fetcher, on_progress=on_progress)
            # The first page says nothing of the others.
            is_whole = "next" not in answer.links and b"hydra" not in answer.content
            return reading, answer.validators if is_whole else Validators()
        return _read_file(source, answer.content, on_progress), answer.validators


def _read_file(
    source: HarvestSource, content: bytes, on_progress: Callable[[int], None]
) -> Reading:
    wishes = source.wishes
    match wishes.kind:
        case SourceKind.DATA_JSON:
            reading = read_data_json(content)
        case SourceKind.CSV_MANIFEST:
            reading = read_csv_manifest(content, wishes.options)
        case SourceKind.DCAT:
            reading = read_dcat(
                page_of_file(content, source.file_name), None, on_progress=on_progress
            )
        case SourceKind.CKAN | SourceKind.OAI_PMH:
            raise AssertionError("a source of this kind has an address")
    on_progress(len(reading.records))
    return reading


def _file(blobs: Blobs, sha256: str) -> bytes:
    path = blobs.checked(sha256)
    if path.stat().st_size > ANSWER_BYTES_MAX:
        raise FileTooLarge(ANSWER_BYTES_MAX)
    return path.read_bytes()

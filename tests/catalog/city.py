"""A department with a dataset, the people around it, and files that go all the way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from psycopg.types.json import Jsonb

from catalog import find, ingest, publish, upload
from catalog.blobs import store_blob
from catalog.confine import Confinement
from catalog.curation import describe
from catalog.dataset import Dataset, Distribution, Entry
from catalog.folders import Folders
from catalog.version import ReportId, Upload, Verdict, Version
from policies.database import Pool, Tx
from policies.party import Actor, Organization, OrganizationKind, Role
from policies.terms import DatasetId, Grade, OpenType, ShareType, Text, UpdateCycle
from tests.people import AT, acting, found

ENTRY = Entry(
    title=Text(zh="公交站点", en="Bus stops"),
    summary=Text(zh="全市公交站点的名称与位置。", en="Names and places of all bus stops."),
    grade=Grade.GENERAL,
    share_type=ShareType.UNCONDITIONAL,
    open_type=OpenType.UNCONDITIONAL,
    update_cycle=UpdateCycle.MONTHLY,
    keywords=("bus", "公共交通"),
)


@dataclass(frozen=True)
class City:
    """Two departments, their people, and the bureau and the regulator."""

    transport: Organization
    publisher: Actor
    approver: Actor
    neighbour: Actor
    """A publisher and approver of another department."""
    bureau: Actor
    regulator: Actor


def found_city(tx: Tx) -> City:
    """A new city; names are unique in the database."""
    transport = found(tx)
    health = found(tx, "health")
    bureau = found(tx, "bureau", OrganizationKind.BUREAU)
    regulator = found(tx, "regulator", OrganizationKind.REGULATOR)
    return City(
        transport=transport,
        publisher=acting(tx, "wang", (Role.PUBLISHER, transport)),
        approver=acting(tx, "zhao", (Role.APPROVER, transport), (Role.PUBLISHER, transport)),
        neighbour=acting(tx, "liu", (Role.PUBLISHER, health), (Role.APPROVER, health)),
        bureau=acting(tx, "bureau-sun", (Role.BUREAU, bureau)),
        regulator=acting(tx, "regulator-qian", (Role.REGULATOR, regulator)),
    )


def add_dataset(
    tx: Tx, city: City, slug: str = "bus-stops", entry: Entry = ENTRY
) -> tuple[Dataset, Distribution]:
    """A draft with one distribution, still without data."""
    dataset = describe.create(
        tx, slug, entry, publisher_id=city.transport.id, by=city.publisher, at=AT
    )
    distribution = describe.add_distribution(
        tx, dataset.id, "data", entry.title, by=city.publisher, at=AT
    )
    return dataset, distribution


def folders_in(folder: Path) -> Folders:
    """New folders of an installation."""
    folders = Folders.below(folder)
    for one in (folders.blobs.folder, folders.tables, folders.serving):
        one.mkdir()
    return folders


def send(
    tx: Tx,
    folders: Folders,
    city: City,
    distribution: Distribution,
    content: bytes = b"id,name\n1,a\n",
    file_name: str = "stops.csv",
) -> Upload:
    """A file that arrived and waits to be read."""
    blob = store_blob(folders.blobs, [content])
    return upload.receive(tx, distribution, blob, file_name=file_name, by=city.publisher, at=AT)


def read_in(
    pool: Pool, confinement: Confinement, folders: Folders, sent: Upload, *, minutes: int = 1
) -> Version | None:
    """The version that a file becomes."""

    def now() -> datetime:
        return AT + timedelta(minutes=minutes)

    return ingest.ingest(pool, confinement, folders, sent.id, now=now)


def judge(tx: Tx, version: Version, verdict: Verdict = Verdict.PASSED) -> Version:
    """The gate's word, with a report behind it."""
    report_id = ReportId(uuid4())
    tx.execute(
        """
        INSERT INTO quality.reports
               (id, version_id, verdict, body, suite_sha256, gx_result, gx_result_sha256,
                started_at, finished_at)
        VALUES (%(id)s, %(version_id)s, %(verdict)s, %(body)s, '', '', '', %(at)s, %(at)s)
        """,
        {
            "id": report_id,
            "version_id": version.id,
            "verdict": verdict,
            "body": Jsonb({}),
            "at": AT,
        },
    )
    return publish.admit(tx, version.id, verdict, report_id, at=AT)


def add_version(tx: Tx, city: City, distribution: Distribution, folders: Folders) -> Version:
    """A version as a row only, for tests that read no data."""
    sent = send(tx, folders, city, distribution)
    version_id = uuid4()
    tx.execute(
        """
        INSERT INTO catalog.versions
               (id, distribution_id, number, upload_id, delta_version, digest, columns, reading,
                row_count, size_bytes, created_at, state)
        SELECT %(id)s, %(distribution_id)s, count(*) + 1, %(upload_id)s, 0, %(digest)s,
               '[{"name": "id", "type": "integer"}]', %(reading)s, 1, 1,
               %(at)s::timestamptz + count(*) * INTERVAL '1 minute', 'created'
          FROM catalog.versions
         WHERE distribution_id = %(distribution_id)s
        """,
        {
            "id": version_id,
            "distribution_id": distribution.id,
            "upload_id": sent.id,
            "digest": version_id.hex * 2,
            "reading": Jsonb(_READING),
            "at": AT,
        },
    )
    made = find.version_of_upload(tx, sent)
    assert made is not None
    return made


def publish_all(tx: Tx, city: City, dataset_id: DatasetId) -> Dataset:
    """Submitted by one, published by the other."""
    publish.submit(tx, dataset_id, by=city.publisher, at=AT)
    return publish.publish(tx, dataset_id, by=city.approver, at=AT)


_READING: Mapping[str, object] = {
    "encoding": "utf-8",
    "delimiter": ",",
    "quote": '"',
    "has_header": True,
}

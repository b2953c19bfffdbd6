"""A small city with data on offer, and all parts of a delivery but HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import duckdb
from psycopg.types.json import Jsonb

from catalog import publish, tables
from catalog.confine import Confinement
from catalog.curation import describe
from catalog.dataset import Dataset, Distribution, Entry
from catalog.find import dataset_with_id, distributions_of
from catalog.folders import Folders
from catalog.row_store import RowStores
from catalog.small_answers import SmallAnswers
from catalog.store import uploads as upload_store
from catalog.store import versions as version_store
from catalog.version import (
    Column,
    ColumnType,
    Reading,
    ReportId,
    Upload,
    UploadId,
    UploadState,
    Verdict,
    Version,
    digest_of,
)
from catalog.warehouse import Warehouse
from exchange import apply, list_product, negotiate
from exchange.allow import DECISIONS_REMEMBERED_MAX, Ask, Parts
from exchange.application import Manner, Request
from exchange.conclude import offer_sha256
from exchange.deliver import deliver_query
from exchange.delivery import Delivered, SqlQuestion
from exchange.groups import Groups
from exchange.list_product import Proposal
from exchange.listing import Declaration, Listing
from exchange.payments.pay_in import confirm_payment, record_payment
from exchange.post_deliveries import names_of
from exchange.price import Price, PriceModel
from policies.agreement import Agreement
from policies.calendar import china_day
from policies.database import Pool, Tx
from policies.identity.authenticate import actor_of_token
from policies.identity.enrol import add_organization
from policies.party import Actor, Organization, OrganizationKind, Role
from policies.roles import SYSTEM
from policies.seal import KeyRing
from policies.standing import Remembered
from policies.terms import (
    Grade,
    MicroCredits,
    OpenType,
    Purpose,
    Regime,
    ShareType,
    Text,
    UpdateCycle,
    VersionId,
)
from quality.dimension import Dimension
from quality.report import Report, report_as_json
from quality.score import DimensionScore, Score
from tests.people import acting

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
STOPS = (
    "SELECT CAST(range + 1 AS BIGINT) AS id, '站点' || range AS name, "
    "CAST(range % 4 AS BIGINT) AS line FROM range(40)"
)
STOP_COLUMNS = (
    Column("id", ColumnType.INTEGER),
    Column("name", ColumnType.TEXT),
    Column("line", ColumnType.INTEGER),
)
LAWFUL = Declaration(lawful_basis="statutory_duty")
OWN_PRODUCTION = Declaration(lawful_basis="own_production")
PER_ROW = Price(PriceModel.PER_ROW, MicroCredits(1_000))


@dataclass
class City:
    """Organisations, people, and the short way to data on offer."""

    pool: Pool
    parts: Parts
    at: datetime = AT
    transport: Organization = field(init=False)
    health: Organization = field(init=False)
    lab: Organization = field(init=False)
    acme: Organization = field(init=False)

    def __post_init__(self) -> None:
        kinds = OrganizationKind
        with self.pool.connection() as tx:
            self.transport = _found(tx, "transport", kinds.DEPARTMENT)
            self.health = _found(tx, "health", kinds.DEPARTMENT)
            self.lab = _found(tx, "lab", kinds.ENTERPRISE, "91000000000000001N")
            self.acme = _found(tx, "acme", kinds.ENTERPRISE, "91000000000000002R")
            audit = _found(tx, "audit", kinds.ENTERPRISE)
            self.publisher = acting(tx, "tao", (Role.PUBLISHER, self.transport))
            self.approver = acting(tx, "ping", (Role.APPROVER, self.transport))
            self.officer = acting(tx, "wen", (Role.BUYER, self.health))
            self.head = acting(tx, "lan", (Role.APPROVER, self.health))
            self.seller = acting(tx, "qi", (Role.PUBLISHER, self.lab))
            self.seller_head = acting(tx, "ru", (Role.APPROVER, self.lab))
            self.buyer = acting(tx, "bo", (Role.BUYER, self.acme))
            self.assessor = acting(tx, "si", (Role.ASSESSOR, audit))
            self.bureau = acting(tx, "ju", (Role.BUREAU, None))
            self.second = acting(tx, "er", (Role.BUREAU, None))
            self.finance = acting(tx, "cai", (Role.FINANCE, None))
            self.regulator = acting(tx, "jian", (Role.REGULATOR, None))

    def now(self) -> datetime:
        """The clock of the city, which stands still unless a test moves it."""
        return self.at

    def publish(
        self,
        slug: str,
        *,
        by: Actor,
        approver: Actor,
        entry: Entry,
        select: str = STOPS,
        columns: tuple[Column, ...] = STOP_COLUMNS,
    ) -> Dataset:
        """A published dataset with the rows of `select`."""
        assert by.organization is not None
        with self.pool.connection() as tx:
            dataset = describe.create(
                tx, slug, entry, publisher_id=by.organization.id, by=by, at=self.at
            )
            self.add_version(tx, dataset, by=by, select=select, columns=columns)
            publish.submit(tx, dataset.id, by=by, at=self.at)
            publish.publish(tx, dataset.id, by=approver, at=self.at)
            return dataset_with_id(tx, dataset.id, by=by)

    def add_version(
        self,
        tx: Tx,
        dataset: Dataset,
        *,
        by: Actor,
        select: str,
        columns: tuple[Column, ...] = STOP_COLUMNS,
        place: Distribution | None = None,
    ) -> Version:
        """Another version, through the gate and not submitted; without `place` of the first."""
        held = distributions_of(tx, dataset) if place is None else [place]
        distribution = (
            held[0]
            if held
            else describe.add_distribution(
                tx, dataset.id, "data", Text(zh="数据"), by=by, at=self.at
            )
        )
        written = self.parts.results / f"{uuid4().hex}.parquet"
        duckdb.execute(f"COPY ({select}) TO '{written}' (FORMAT parquet)")
        ((rows,),) = duckdb.execute(f"SELECT count(*) FROM '{written}'").fetchall()
        files = tables.take_in(self.parts.folders.table_of(distribution.id), [written])
        upload = Upload(
            UploadId(uuid4()),
            distribution.id,
            "stops.csv",
            sha256(uuid4().bytes).hexdigest(),
            1,
            by.user_id,
            self.at,
            UploadState.INGESTED,
        )
        upload_store.insert_blob(tx, upload.blob_sha256, size_bytes=1, at=self.at)
        upload_store.insert_upload(tx, upload)
        version = Version(
            id=VersionId(uuid4()),
            distribution_id=distribution.id,
            number=version_store.newest_number(tx, distribution.id) + 1,
            upload_id=upload.id,
            delta_version=0,
            digest=digest_of(columns, files),
            columns=columns,
            reading=Reading("utf-8", ",", '"', has_header=True),
            row_count=rows,
            size_bytes=sum(file.size_bytes for file in files),
            created_at=self.at,
        )
        version_store.insert_version(tx, version)
        version_store.insert_files(tx, version.id, files)
        publish.admit(tx, version.id, Verdict.PASSED, _report(tx, version.id, self.at), at=self.at)
        return version

    def publish_beside(
        self, dataset: Dataset, place: Distribution, *, select: str, columns: tuple[Column, ...]
    ) -> None:
        """A published version of another distribution of the transport department's dataset."""
        with self.pool.connection() as tx:
            self.add_version(
                tx, dataset, by=self.publisher, select=select, columns=columns, place=place
            )
            publish.submit(tx, dataset.id, by=self.publisher, at=self.at)
            publish.publish(tx, dataset.id, by=self.approver, at=self.at)

    def list(
        self,
        dataset: Dataset,
        proposal: Proposal,
        *,
        by: Actor,
        opener: Actor,
        has_standing_release: bool = False,
    ) -> Listing:
        """An open listing."""
        with self.pool.connection() as tx:
            listing = list_product.propose(tx, dataset.id, proposal, by=by, at=self.at)
            if proposal.regime is Regime.TRADE:
                list_product.assess(
                    tx, listing.id, report_sha256="0" * 64, by=self.assessor, at=self.at
                )
            return list_product.open_listing(
                tx,
                listing.id,
                has_standing_release=has_standing_release,
                by=opener,
                at=self.at,
            )

    def open_stops(self, slug: str = "stops") -> Dataset:
        """Open data of the transport department."""
        dataset = self.publish(
            slug, by=self.publisher, approver=self.approver, entry=entry(licence="CC-BY-4.0")
        )
        proposal = Proposal(Regime.OPEN, declared=LAWFUL)
        self.list(dataset, proposal, by=self.publisher, opener=self.approver)
        return dataset

    def open_table(
        self, slug: str, title: Text, *, select: str, columns: tuple[Column, ...]
    ) -> Dataset:
        """Open data with these rows."""
        dataset = self.publish(
            slug,
            by=self.publisher,
            approver=self.approver,
            entry=replace(entry(licence="CC-BY-4.0"), title=title),
            select=select,
            columns=columns,
        )
        proposal = Proposal(Regime.OPEN, declared=LAWFUL)
        self.list(dataset, proposal, by=self.publisher, opener=self.approver)
        return dataset

    def shared_stops(
        self,
        slug: str = "shared-stops",
        *,
        share_type: ShareType = ShareType.CONDITIONAL,
        has_standing_release: bool = False,
    ) -> Listing:
        """Data of the transport department that departments may ask for."""
        dataset = self.publish(
            slug,
            by=self.publisher,
            approver=self.approver,
            entry=entry(share_type=share_type, open_type=OpenType.NOT_OPEN),
        )
        return self.list(
            dataset,
            Proposal(Regime.SHARE, declared=LAWFUL),
            by=self.publisher,
            opener=self.approver,
            has_standing_release=has_standing_release,
        )

    def sold_stops(self, slug: str = "sold-stops", *, price: Price = PER_ROW) -> Listing:
        """Data of the lab that enterprises may buy."""
        dataset = self.publish(
            slug,
            by=self.seller,
            approver=self.seller_head,
            entry=entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN),
        )
        return self.list(
            dataset,
            Proposal(Regime.TRADE, price=price, declared=OWN_PRODUCTION, terms=Text(zh="仅限自用")),
            by=self.seller,
            opener=self.bureau,
        )

    def buy(self, listing: Listing, *, by: Actor | None = None) -> Agreement:
        """An agreement on a trade listing."""
        with self.pool.connection() as tx:
            return negotiate.accept(
                tx,
                self.parts.keys,
                listing.id,
                purpose=Purpose.ANALYSIS,
                ends_on=None,
                offer=offer_sha256(listing),
                by=by or self.buyer,
                at=self.at,
            )

    def token(self, agreement: Agreement, *, by: Actor | None = None) -> Actor:
        """The buyer with an access token of an agreement."""
        with self.pool.connection() as tx:
            issued = negotiate.draw_token(
                tx,
                self.parts.keys,
                agreement.id,
                issuer="https://weir.test",
                by=by or self.buyer,
                at=self.at,
            )
            return actor_of_token(tx, issued.encoded, address="", at=self.at)

    def pay_in(self, amount: int, organization: Organization | None = None) -> None:
        """Credits for the buyer."""
        with self.pool.connection() as tx:
            paid = record_payment(
                tx,
                (organization or self.acme).id,
                MicroCredits(amount),
                reference=f"P-{uuid4().hex}",
                paid_on=china_day(self.at),
                by=self.finance,
                at=self.at,
            )
            confirm_payment(tx, paid.id, by=self.bureau, at=self.at)

    def ask_for(self, listing: Listing) -> Agreement:
        """A shared listing asked for by health and granted by transport."""
        with self.pool.connection() as tx:
            asked = apply.submit(
                tx, self.parts.keys, listing.id, request(), by=self.officer, at=self.at
            )
            granted = apply.grant(tx, self.parts.keys, asked.id, by=self.approver, at=self.at)
            assert granted.agreement_id is not None
            return negotiate.get_agreement(tx, granted.agreement_id, by=self.officer)

    def query(self, sql: str, by: Actor, *, key: str | None = None) -> Delivered:
        """The answer to a statement."""
        return deliver_query(self.parts, SqlQuestion(sql), Ask(by, idempotency_key=key))


def entry(
    *,
    grade: Grade = Grade.GENERAL,
    share_type: ShareType = ShareType.UNCONDITIONAL,
    open_type: OpenType = OpenType.UNCONDITIONAL,
    licence: str = "",
) -> Entry:
    """What a catalogue says of a dataset."""
    return Entry(
        title=Text(zh="公交站点", en="Bus stops"),
        grade=grade,
        share_type=share_type,
        open_type=open_type,
        update_cycle=UpdateCycle.DAILY,
        open_basis="" if open_type is OpenType.UNCONDITIONAL else "trade secret",
        licence=licence,
    )


def request(**changes: object) -> Request:
    """A complete request of a department."""
    complete = Request(
        purpose=Purpose.STATUTORY_DUTY,
        duty="Emergency care act, item 4",
        scenario="Plan ambulance routes",
        manner=Manner.DOWNLOAD,
        ends_on=date(2026, 12, 31),
        is_pledged=True,
    )
    return replace(complete, **changes)  # type: ignore[arg-type]


def make_city(pool: Pool, folder: Path, confinement: Confinement, warehouse: Warehouse) -> City:
    """A city whose people and organisations exist, and no data yet."""
    folders = Folders.below(folder)
    for place in (folders.blobs.folder, folders.tables, folders.serving):
        place.mkdir(exist_ok=True)
    for place in (folder / "results", folder / "keys"):
        place.mkdir(exist_ok=True)
    holder: list[City] = []
    parts = Parts(
        decided=Remembered(pool.standing, entries_max=DECISIONS_REMEMBERED_MAX),
        answers=SmallAnswers(),
        row_stores=RowStores(warehouse),
        groups=Groups(names=names_of),
        pool=pool,
        keys=KeyRing(folder / "keys"),
        confinement=confinement,
        warehouse=warehouse,
        folders=folders,
        results=folder / "results",
        mask_key=b"a masking key for tests",
        now=lambda: holder[0].at,
    )
    holder.append(City(pool, parts))
    return holder[0]


def later(city: City, **delta: int) -> None:
    """Move the city's clock."""
    city.at += timedelta(**delta)


def _found(
    tx: Tx, slug: str, kind: OrganizationKind, credit_code: str | None = None
) -> Organization:
    return add_organization(
        tx,
        slug=slug,
        kind=kind,
        title=Text(en=slug.title()),
        credit_code=credit_code,
        by=SYSTEM,
        at=AT,
    )


def _report(tx: Tx, version_id: VersionId, at: datetime) -> ReportId:
    row = tx.execute(
        """
        INSERT INTO quality.reports
               (version_id, verdict, body, suite_sha256, gx_result, gx_result_sha256, started_at,
                finished_at)
        VALUES (%(version_id)s, 'passed', %(body)s, '', '', '', %(at)s, %(at)s)
        RETURNING id
        """,
        {"version_id": version_id, "at": at, "body": Jsonb(report_as_json(_nothing_checked(at)))},
    ).fetchone()
    assert row
    return ReportId(row["id"])


def _nothing_checked(at: datetime) -> Report:
    score = Score(None, None, tuple(DimensionScore(one, None, 0, 0) for one in Dimension), 0, 0)
    return Report(Verdict.PASSED, score, 0, (), "none", "", "", at, at)

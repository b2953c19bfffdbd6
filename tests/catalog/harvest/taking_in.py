"""A department that takes another catalogue in, in as few words as a test needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from catalog.blobs import Blobs, store_blob
from catalog.harvest import apply, follow, look, name_source, undo
from catalog.harvest.reach import IpNetwork, networks_of
from catalog.harvest.run import HarvestRun
from catalog.harvest.source import HarvestSource, Matching, SourceKind, Wishes
from policies.database import Pool
from policies.party import Actor, Organization
from policies.terms import Text
from tests.catalog.city import found_city
from tests.people import AT

LOOPBACK: tuple[IpNetwork, ...] = networks_of("127.0.0.0/8")


@dataclass
class TakingIn:
    """A department, its people, and the source that they work on."""

    pool: Pool
    blobs: Path
    at: datetime = AT
    source: HarvestSource = field(init=False)
    publisher: Actor = field(init=False)
    approver: Actor = field(init=False)
    neighbour: Actor = field(init=False)
    transport: Organization = field(init=False)

    def __post_init__(self) -> None:
        with self.pool.connection() as tx:
            city = found_city(tx)
        self.transport, self.publisher = city.transport, city.publisher
        self.approver, self.neighbour = city.approver, city.neighbour

    def now(self) -> datetime:
        """Later at every look, as time is."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def set_up(self, kind: SourceKind, address: str = "", **more: object) -> HarvestSource:
        """A source that an approver has approved."""
        wishes = Wishes(Text(en="Another city"), kind, address, **more)  # type: ignore[arg-type]
        with self.pool.connection() as tx:
            self.source = name_source.create(
                tx, wishes, publisher_id=self.transport.id, by=self.publisher, at=self.now()
            )
        if address:
            self.approve()
        return self.source

    def approve(self) -> None:
        """The standing decision."""
        with self.pool.connection() as tx:
            self.source = name_source.approve(tx, self.source.id, by=self.approver, at=self.now())

    def send(self, content: bytes, file_name: str = "data.json") -> None:
        """Give the source its file."""
        blob = store_blob(Blobs(self.blobs), [content])
        with self.pool.connection() as tx:
            self.source = name_source.send_file(
                tx, self.source.id, blob, file_name=file_name, by=self.publisher, at=self.now()
            )
        if not self.source.is_approved:
            self.approve()

    def look(self, matching: Matching | None = None) -> HarvestRun:
        """A dry run, ended."""
        with self.pool.connection() as tx:
            run = look.begin(
                tx, self.source.id, matching=matching, by=self.publisher, at=self.now()
            )
        looked = look.look(self.pool, Blobs(self.blobs), run.id, allowed=LOOPBACK, now=self.now)
        assert looked is not None
        return looked

    def apply(self, run: HarvestRun, *, lets_guard_through: bool = False) -> HarvestRun:
        """The run carried out, in as many slices as it takes."""
        with self.pool.connection() as tx:
            apply.begin_apply(
                tx,
                self.source.id,
                run.id,
                lets_guard_through=lets_guard_through,
                by=self.approver if lets_guard_through else self.publisher,
                at=self.now(),
            )
        while apply.apply(self.pool, run.id, seconds_max=2, now=self.now):
            pass
        return self.run(run)

    def undo(self, run: HarvestRun) -> HarvestRun:
        """The run taken back."""
        with self.pool.connection() as tx:
            undo.begin_undo(tx, self.source.id, run.id, by=self.publisher, at=self.now())
        while undo.undo(self.pool, run.id, seconds_max=2, now=self.now):
            pass
        return self.run(run)

    def run(self, run: HarvestRun) -> HarvestRun:
        """The run as it stands now."""
        with self.pool.connection() as tx:
            self.source = follow.source_with_id(tx, self.source.id, by=self.publisher)
            return follow.run_with_id(tx, self.source, run.id)

    def state(self) -> list[tuple[object, ...]]:
        """What the catalogue holds, but for times and ids that say nothing."""
        with self.pool.connection() as tx:
            rows = tx.execute(
                """
                SELECT dataset.slug, dataset.title, dataset.summary, dataset.state,
                       dataset.state_reason, dataset.keywords, dataset.directory,
                       dataset.licence,
                       (SELECT jsonb_agg(jsonb_build_array(held.slug, held.access_url, held.title)
                                         ORDER BY held.position)
                          FROM catalog.distributions AS held
                         WHERE held.dataset_id = dataset.id AND NOT held.is_removed) AS links
                  FROM catalog.datasets AS dataset
                 ORDER BY dataset.slug
                """
            )
            return [tuple(row.values()) for row in rows]

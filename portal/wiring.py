"""What one process of the installation holds: settings, pool, keys, clock, and the way to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request

from catalog.confine import Confinement
from catalog.folders import Folders
from catalog.search.live import LiveIndex
from catalog.steps.row_files import RowFiles
from catalog.warehouse import Warehouse
from exchange.allow import Parts
from policies.database import Pool
from policies.identity.authenticate import TokenHolder
from policies.seal import KeyRing
from policies.standing import Remembered
from portal.keeping import folders_of, keys_of
from portal.pool import connection_pool, utc_now
from portal.search_documents import composer
from portal.settings import Settings

HOLDERS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything that routes, pages and jobs are given."""

    settings: Settings
    pool: Pool
    keys: KeyRing
    confinement: Confinement
    warehouse: Warehouse
    now: Callable[[], datetime] = utc_now
    row_files: RowFiles = field(default_factory=RowFiles)
    """Writes the files of tables that are fed in steps."""
    kept_parts: list[Parts] = field(default_factory=list, init=False, compare=False)
    """Of a delivery; `handing_out.parts_of` makes them once."""
    known_holders: Remembered[bytes, TokenHolder] = field(init=False)
    """Whom the tokens stand for that were shown lately, by the tokens' digests."""
    search: LiveIndex = field(init=False)
    """The search index, which is as new as the database."""
    folders: Folders = field(init=False)
    """Where the catalogue keeps bytes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "folders", folders_of(self.settings))
        live = LiveIndex(self.settings.search_folder, self.pool, composer(self.now))
        object.__setattr__(self, "search", live)
        known = Remembered[bytes, TokenHolder](self.pool.standing, entries_max=HOLDERS_MAX)
        object.__setattr__(self, "known_holders", known)


def wire(settings: Settings, database_url: str, *, pool_size: int) -> Wiring:
    """Open the pool and gather the parts for one process."""
    return Wiring(
        settings=settings,
        pool=connection_pool(database_url, size=pool_size),
        keys=keys_of(settings),
        confinement=Confinement(settings.confine_socket),
        warehouse=Warehouse(),
    )


def wiring_of(request: Request) -> Wiring:
    """The wiring that the application was made with."""
    wiring: Wiring = request.app.state.wiring
    return wiring

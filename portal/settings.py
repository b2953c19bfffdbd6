"""Settings of one installation, read once from the command line and the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path

from catalog.cache import CACHE_BYTES
from catalog.errors import RetentionOutOfBounds
from catalog.retention import Retention
from policies.evidence.wrapping import Wrapping
from portal.ckan_options import CkanOptions, options_from
from portal.mail_server import MailServer, mail_server_from

CACHE_BYTES_MIN = 1 << 20
ENGINE_BYTES_MIN = 4 << 30
QUERY_SECONDS_MAX = 600
LINK_SECONDS_MAX = 300
_TILES = re.compile(
    r"https?://[\w.-]+(:\d+)?/(?=.*\{z\})(?=.*\{x\})(?=.*\{y\})[\w./?&={}%~+-]+", re.ASCII
)


class Publication(StrEnum):
    """Who decides that a dataset is published."""

    REVIEWED = "reviewed"
    """An approver, who is not the submitter."""
    DIRECT = "direct"
    """The profile itself, for ungraded open data whose gate passed, as CKAN's users are used to."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation."""

    data: Path
    """Folder that holds everything embedded: database, blobs, tables, keys, caches."""
    database_url: str | None
    """A PostgreSQL of one's own; None means the embedded one under `data`."""
    publication: Publication
    site_url: str
    """Address that links and token issuers name, without a slash at the end."""
    ckan_options: CkanOptions = CkanOptions()  # noqa: RUF009  frozen
    harvest_allow: str = ""
    """Networks, comma-separated as `10.1.0.0/16`, that the harvest may fetch from although they are
    private; empty: none."""
    engine_url: str = ""
    """Of a Spark Connect server, such as sc://host:15002, for what exceeds this machine; empty:
    everything is computed here."""
    engine_bytes_min: int = ENGINE_BYTES_MIN
    """Statements over tables of this size together, as Parquet, run there; smaller ones here."""
    storage_url: str | None = None
    """`s3://BUCKET/PREFIX` for blobs, tables and results; None means the folder alone."""
    key_secret: str | None = field(default=None, repr=False)
    """Seals private keys in the database, for several machines; None: they are files here."""
    cache_bytes_max: int = CACHE_BYTES
    """Of what lies in the folder although it can be had again."""
    connect_allow: str = ""
    """Networks, written alike, whose databases and file servers may be connected to. Apart from
    the harvest's: who lets a database be read does not let every web page beside it be fetched."""
    webhook_allow: str = ""
    """Networks, written alike, whose programs may be called with notices; empty: public ones."""
    mail: MailServer | None = None
    """Where mails are handed in; None: nothing is sent by mail."""

    query_s: int = 7
    """Seconds that one statement of a user may run."""
    link_s: int = LINK_SECONDS_MAX
    """Seconds within which a link to a delivered file must first be used."""
    map_tiles: str = ""
    """Address of tiles under maps, with {z}, {x} and {y}; empty: none, a plain ground."""
    accel_prefix: str = ""
    """Where nginx serves the private folder to itself alone, such as `/weir-private/`: it then
    sends files in our place (X-Accel-Redirect). Empty: we send them."""
    retention: Retention = Retention()  # noqa: RUF009  frozen
    """What is kept of older versions where nothing else was decided for their dataset."""

    @property
    def postgres_folder(self) -> Path:
        """The embedded PostgreSQL's cluster. It lies apart: its folder opens its parents."""
        return self.data / "postgres"

    @property
    def private_folder(self) -> Path:
        """Mode 0700: keys, blobs, tables, serving copies, results."""
        return self.data / "private"

    @property
    def keys_folder(self) -> Path:
        """Private signing keys, mode 0600."""
        return self.private_folder / "keys"

    @property
    def blobs_folder(self) -> Path:
        """Uploaded bytes, by SHA-256."""
        return self.private_folder / "blobs"

    @property
    def tables_folder(self) -> Path:
        """Delta tables, one folder a distribution."""
        return self.private_folder / "tables"

    @property
    def serving_folder(self) -> Path:
        """Serving copies; may be thrown away and are rebuilt."""
        return self.private_folder / "serving"

    @property
    def results_folder(self) -> Path:
        """Result files of metered queries."""
        return self.private_folder / "results"

    @property
    def search_folder(self) -> Path:
        """The search index; may be thrown away and is rebuilt."""
        return self.private_folder / "search"

    @property
    def confine_socket(self) -> Path:
        """Where the web asks for a confined process."""
        return self.private_folder / "confine.sock"


def settings_from(environment: Mapping[str, str], *, data: Path, port: int = 8000) -> Settings:
    """The settings of the installation in folder `data`.

    Raises: ValueError for a `WEIR_PUBLICATION` that is neither `reviewed` nor `direct`, and for
    `WEIR_CKAN_OPTIONS`, `WEIR_STORAGE_URL`, `WEIR_KEY_SECRET`, `WEIR_CACHE_BYTES` or
    `WEIR_ENGINE_BYTES` that cannot be read, `WEIR_HARVEST_ALLOW`, `WEIR_CONNECT_ALLOW` or
    `WEIR_WEBHOOK_ALLOW` that name no networks, `WEIR_SMTP_URL` or `WEIR_MAIL_FROM` that name no
    server or sender, `WEIR_MAP_TILES` that is no address of tiles, or `WEIR_QUERY_SECONDS` or
    `WEIR_LINK_SECONDS` that is no such number.
    """
    harvest_allow = environment.get("WEIR_HARVEST_ALLOW") or ""
    connect_allow = environment.get("WEIR_CONNECT_ALLOW") or ""
    webhook_allow = environment.get("WEIR_WEBHOOK_ALLOW") or ""
    named = f"{harvest_allow},{connect_allow},{webhook_allow}".split(",")
    map_tiles = environment.get("WEIR_MAP_TILES") or ""
    if map_tiles and not _TILES.fullmatch(map_tiles):
        raise ValueError("WEIR_MAP_TILES is an https address with {z}, {x} and {y} in it")
    query_s = int(environment.get("WEIR_QUERY_SECONDS") or 7)
    if not 1 <= query_s <= QUERY_SECONDS_MAX:
        raise ValueError(f"WEIR_QUERY_SECONDS is a number from 1 to {QUERY_SECONDS_MAX}")
    link_s = int(environment.get("WEIR_LINK_SECONDS") or LINK_SECONDS_MAX)
    if not 1 <= link_s <= LINK_SECONDS_MAX:
        raise ValueError(f"WEIR_LINK_SECONDS is a number from 1 to {LINK_SECONDS_MAX}")
    for network in filter(None, (part.strip() for part in named)):
        ip_network(network, strict=False)
    return Settings(
        data=data.resolve(),
        database_url=environment.get("WEIR_DATABASE_URL") or None,
        publication=Publication(environment.get("WEIR_PUBLICATION") or Publication.REVIEWED),
        site_url=(environment.get("WEIR_SITE_URL") or f"http://127.0.0.1:{port}").rstrip("/"),
        ckan_options=options_from(environment.get("WEIR_CKAN_OPTIONS") or ""),
        harvest_allow=harvest_allow,
        accel_prefix=_as_folder(environment.get("WEIR_ACCEL_PREFIX") or ""),
        engine_url=environment.get("WEIR_ENGINE_URL") or "",
        engine_bytes_min=int(environment.get("WEIR_ENGINE_BYTES") or ENGINE_BYTES_MIN),
        storage_url=_storage_url(environment),
        key_secret=_key_secret(environment),
        retention=_retention(environment),
        cache_bytes_max=_cache_bytes(environment),
        connect_allow=connect_allow,
        webhook_allow=webhook_allow,
        mail=mail_server_from(environment),
        map_tiles=map_tiles,
        query_s=query_s,
        link_s=link_s,
    )


def _storage_url(environment: Mapping[str, str]) -> str | None:
    url = environment.get("WEIR_STORAGE_URL") or None
    if url is None or re.fullmatch(r"s3://[A-Za-z0-9][A-Za-z0-9.-]+(/[^?#]*)?", url):
        return url
    raise ValueError(f"WEIR_STORAGE_URL is {url!r}; write s3://BUCKET/PREFIX")


def _key_secret(environment: Mapping[str, str]) -> str | None:
    secret = environment.get("WEIR_KEY_SECRET") or None
    named = environment.get("WEIR_KEY_SECRET_FILE")
    if secret is None and named:
        try:
            secret = Path(named).read_text().strip()
        except OSError as error:
            raise ValueError(f"WEIR_KEY_SECRET_FILE: {error}") from error
    if secret is not None:
        Wrapping.under(secret)
    return secret


def _retention(environment: Mapping[str, str]) -> Retention:
    told = {
        name: environment.get(f"WEIR_KEEP_{name.upper()}") or str(usual)
        for name, usual in (
            ("versions", Retention().versions_kept),
            ("days", Retention().days_kept),
        )
    }
    if not all(value.isdecimal() for value in told.values()):
        raise ValueError("WEIR_KEEP_VERSIONS and WEIR_KEEP_DAYS are whole numbers")
    try:
        return Retention(int(told["versions"]), int(told["days"]))
    except RetentionOutOfBounds as refusal:
        raise ValueError(f"WEIR_KEEP_VERSIONS, WEIR_KEEP_DAYS: {refusal}") from refusal


def _cache_bytes(environment: Mapping[str, str]) -> int:
    told = environment.get("WEIR_CACHE_BYTES") or str(CACHE_BYTES)
    if not told.isdecimal() or int(told) < CACHE_BYTES_MIN:
        raise ValueError(f"WEIR_CACHE_BYTES is {told!r}; write {CACHE_BYTES_MIN} or more bytes")
    return int(told)


def _as_folder(prefix: str) -> str:
    """The prefix with a slash on either side; nothing stays nothing."""
    return f"/{prefix.strip('/')}/" if prefix.strip("/") else ""


def create_folders(settings: Settings) -> None:
    """Make the folders of an installation; what is private is readable by its owner alone."""
    settings.data.mkdir(parents=True, exist_ok=True)
    settings.private_folder.mkdir(mode=0o700, exist_ok=True)
    settings.private_folder.chmod(0o700)
    for folder in (
        settings.keys_folder,
        settings.blobs_folder,
        settings.tables_folder,
        settings.serving_folder,
        settings.results_folder,
        settings.search_folder,
    ):
        folder.mkdir(mode=0o700, exist_ok=True)

"""Move a live CKAN in: people, organisations, groups, datasets and their files, ids and all.

Each thing is read from the other site and written through our own face of the same API, in one
transaction with the note that it moved, so that a move may stop anywhere and be taken up again.
What is here already under the same id or name stays as it is. No password moves: everybody gets a
link to set one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from catalog.blobs import UPLOAD_BYTES_MAX, store_blob
from catalog.curation.deposit import Origin
from catalog.dataset import DistributionId
from catalog.harvest import move
from catalog.harvest.fetch import Fetcher
from catalog.harvest.move import Moved, MovedKind, MoveOutcome, Report
from catalog.harvest.reach import IpNetwork
from catalog.harvest.read_ckan import RemoteSite
from catalog.view import Json
from policies.database import Tx
from policies.errors import Refusal, UserNotFound
from policies.identity.enrol import create_password_link
from policies.identity.passwords import generate_password
from policies.identity.people import user_named, user_with_id
from policies.party import Actor
from policies.terms import UserId
from portal.api.ckan.actions import ACTIONS
from portal.api.ckan.call import Call
from portal.api.ckan.errors import CkanError, NoSuchObject
from portal.api.ckan.packages import create_package
from portal.api.ckan.plain import in_utc
from portal.incoming_file import IncomingFile
from portal.wiring import Wiring

FILE_S_MAX: Final = 3_600
SITE_USERS: Final = frozenset({"default", "ckan.system", "logged_in", "visitor"})
"""Accounts of a CKAN itself, which nobody signs in to."""
_LEFT_OUT: Final = frozenset(
    {
        *("organization", "num_resources", "num_tags", "isopen", "license_title", "license_url"),
        *("metadata_created", "creator_user_id", "tracking_summary"),
        *("revision_id", "display_name"),
        *("package_count", "created", "image_display_url", "num_followers", "approval_status"),
    }
)
"""What a CKAN computes by itself."""


@dataclass
class Mover:
    """One move, from `address` into this installation, in the name of `actor`."""

    wiring: Wiring
    actor: Actor
    address: str
    token: str
    allowed: tuple[IpNetwork, ...]
    tell: Callable[[Moved], None]
    links: list[tuple[str, str]] = field(default_factory=list)
    """Names of new people, with the secret of the link that lets them set a password."""
    _vocabularies: dict[str, str] = field(default_factory=dict)
    """Ids of vocabularies there, and of the same here."""
    _people: dict[str, UserId | None] = field(default_factory=dict)
    """Ids of people there, and who they are here."""

    def run(self) -> Report:
        """Move everything that has not moved yet.

        Raises: SourceUnreachable and what the fetcher raises where the other site is gone.
        """
        with self.wiring.pool.connection() as tx:
            move_id = move.begin(tx, self.address, at=self.wiring.now())
        with Fetcher(self.allowed) as fetcher:
            site = RemoteSite(fetcher, self.address, self.token)
            self._bring_vocabularies(site)
            for kind, things, bring in self._plan(site):
                with self.wiring.pool.connection() as tx:
                    done = move.already_moved(tx, move_id, kind)
                for thing in things:
                    if _text(thing, "id") not in done:
                        self._bring(move_id, kind, thing, bring)
        with self.wiring.pool.connection() as tx:
            move.finish(tx, move_id, at=self.wiring.now())
            return move.report_of(tx, move_id)

    def _plan(
        self, site: RemoteSite
    ) -> Iterator[tuple[MovedKind, Iterator[Mapping[str, Json]], _Bring]]:
        yield MovedKind.USER, _users(site), self._user
        yield MovedKind.ORGANIZATION, _groups(site, "organization"), self._organization
        yield MovedKind.GROUP, _groups(site, "group"), self._theme
        yield MovedKind.DATASET, site.packages(), partial(self._dataset, site)

    def _bring_vocabularies(self, site: RemoteSite) -> None:
        """Have every vocabulary and tag of the other site here; no client chooses their ids."""
        for thing in _mappings(site.ask("vocabulary_list")):
            name, tags = _text(thing, "name"), _mappings(thing.get("tags"))
            with self.wiring.pool.connection() as tx:
                if not self._is_here(tx, "vocabulary_show", name):
                    self._call(tx, "vocabulary_create", {"name": name, "tags": []})
                here = self._call(tx, "vocabulary_show", {"id": name})
                known = {_text(tag, "name") for tag in _mappings(here.get("tags"))}
                for word in (_text(tag, "name") for tag in tags):
                    if word not in known:
                        wanted: dict[str, Json] = {"name": word, "vocabulary_id": here["id"]}
                        self._call(tx, "tag_create", wanted)
            self._vocabularies[_text(thing, "id")] = _text(here, "id")

    def _bring(
        self, move_id: UUID, kind: MovedKind, thing: Mapping[str, Json], bring: _Bring
    ) -> None:
        remote_id, name = _text(thing, "id"), _text(thing, "name")
        try:
            with self.wiring.pool.connection() as tx:
                moved = Moved(kind, remote_id, name, *bring(tx, thing))
                move.note(tx, move_id, moved, at=self.wiring.now())
        except (CkanError, Refusal) as fault:
            moved = Moved(kind, remote_id, name, MoveOutcome.FAILED, reason=str(fault))
            with self.wiring.pool.connection() as tx:
                move.note(tx, move_id, moved, at=self.wiring.now())
        self.tell(moved)

    def _user(self, tx: Tx, thing: Mapping[str, Json]) -> _Result:
        name = _text(thing, "name")
        if self._is_here(tx, "user_show", name):
            return MoveOutcome.FOUND, name
        wanted: dict[str, Json] = {
            key: thing[key] for key in ("id", "name", "fullname", "about") if thing.get(key)
        }
        wanted |= {
            "email": _text(thing, "email") or f"{name}@example.invalid",
            "password": generate_password(),
            "sysadmin": thing.get("sysadmin") is True,
        }
        made = self._call(tx, "user_create", wanted)
        user = user_named(tx, name)
        link = create_password_link(tx, user, by=self.actor, at=self.wiring.now())
        self.links.append((name, link.secret))
        return MoveOutcome.MOVED, _text(made, "id")

    def _organization(self, tx: Tx, thing: Mapping[str, Json]) -> _Result:
        return self._group(tx, thing, "organization")

    def _theme(self, tx: Tx, thing: Mapping[str, Json]) -> _Result:
        return self._group(tx, thing, "group")

    def _group(self, tx: Tx, thing: Mapping[str, Json], action: str) -> _Result:
        if self._is_here(tx, f"{action}_show", _text(thing, "id"), _text(thing, "name")):
            return MoveOutcome.FOUND, _text(thing, "id")
        wanted = {
            key: value
            for key, value in thing.items()
            if key not in _LEFT_OUT and key not in ("packages", "is_organization", "tags")
        }
        wanted["users"] = [
            {"name": one.get("name"), "capacity": one.get("capacity") or "member"}
            for one in _mappings(thing.get("users"))
            if one.get("name") not in SITE_USERS
            and self._is_here(tx, "user_show", _text(one, "name"))
        ]
        made = self._call(tx, f"{action}_create", wanted)
        return MoveOutcome.MOVED, _text(made, "id")

    def _dataset(self, site: RemoteSite, tx: Tx, thing: Mapping[str, Json]) -> _Result:
        if self._is_here(tx, "package_show", _text(thing, "id"), _text(thing, "name")):
            return MoveOutcome.FOUND, _text(thing, "id")
        files: dict[DistributionId, IncomingFile] = {}
        resources: list[Json] = []
        for one in _mappings(thing.get("resources")):
            resource = {
                key: value
                for key, value in one.items()
                if key not in _LEFT_OUT or (key == "created" and value)
            }
            if one.get("url_type") == "upload":
                files[DistributionId(UUID(_text(one, "id")))] = self._file(_text(one, "url"))
            resources.append(resource)
        sent: dict[str, Json] = {
            **{key: value for key, value in thing.items() if key not in _LEFT_OUT},
            "resources": resources,
            "groups": [{"name": _text(one, "name")} for one in _mappings(thing.get("groups"))],
            "tags": [
                {"name": _text(one, "name")}
                | ({"vocabulary_id": self._vocabulary(one)} if one.get("vocabulary_id") else {})
                for one in _mappings(thing.get("tags"))
            ],
        }
        origin = Origin(
            created_at=_moment(_text(thing, "metadata_created")),
            created_by=self._person(tx, site, _text(thing, "creator_user_id")),
        )
        made = create_package(self._as_call(tx, "package_create", sent), sent, files, origin)
        return MoveOutcome.MOVED, _text(made, "id")

    def _person(self, tx: Tx, site: RemoteSite, user_id: str) -> UserId | None:
        """Who here is that account of the other site: the same id, else the same name."""
        if user_id and user_id not in self._people:
            self._people[user_id] = _user_id(tx, user_id) or _user_id(tx, _name_of(site, user_id))
        return self._people.get(user_id)

    def _vocabulary(self, tag: Mapping[str, Json]) -> str:
        there = _text(tag, "vocabulary_id")
        return self._vocabularies.get(there, there)

    def _file(self, url: str) -> IncomingFile:
        """A file of the other site; its token is shown to that host alone."""
        headers = {}
        if self.token and urlsplit(url).netloc == urlsplit(self.address).netloc:
            headers = {"Authorization": self.token, "X-CKAN-API-Key": self.token}
        name = urlsplit(url).path.rpartition("/")[2] or "file"
        with Fetcher(self.allowed, bytes_max=UPLOAD_BYTES_MAX, seconds_max=FILE_S_MAX) as fetcher:
            blob = store_blob(self.wiring.folders.blobs, fetcher.pieces(url, headers))
        return IncomingFile(name, blob, {})

    def _is_here(self, tx: Tx, action: str, *names: str) -> bool:
        for name in names:
            try:
                self._call(tx, action, {"id": name})
            except NoSuchObject:
                continue
            return True
        return False

    def _call(self, tx: Tx, action: str, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
        with tx.transaction():
            answer = ACTIONS[action].run(self._as_call(tx, action, parameters))
        return answer if isinstance(answer, Mapping) else {}

    def _as_call(self, tx: Tx, action: str, parameters: Mapping[str, Json]) -> Call:
        return Call(action, tx, self.wiring, self.actor, self.wiring.now(), parameters)


_Result = tuple[MoveOutcome, str]
_Bring = Callable[[Tx, Mapping[str, Json]], _Result]


def _user_id(tx: Tx, name: str) -> UserId | None:
    try:
        return user_with_id(tx, UserId(UUID(name))).id
    except (ValueError, UserNotFound):
        pass
    try:
        return user_named(tx, name).id
    except UserNotFound:
        return None


def _name_of(site: RemoteSite, user_id: str) -> str:
    """What an account of the other site is called; empty where it does not say."""
    try:
        shown = site.ask("user_show", id=user_id)
    except Refusal:
        return ""
    return _text(shown, "name") if isinstance(shown, Mapping) else ""


def _moment(text: str) -> datetime | None:
    try:
        return in_utc(text)
    except ValueError:
        return None


def _users(site: RemoteSite) -> Iterator[Mapping[str, Json]]:
    """People of the other site; only a sysadmin's token is told all of them."""
    found = site.ask("user_list", all_fields=True)
    for one in _mappings(found):
        if _text(one, "name") not in SITE_USERS and one.get("state", "active") == "active":
            yield one


def _groups(site: RemoteSite, kind: str) -> Iterator[Mapping[str, Json]]:
    for one in site.things(f"{kind}_list", all_fields=True):
        shown = site.ask(
            f"{kind}_show",
            id=_text(one, "id"),
            include_datasets=False,
            include_users=True,
            include_extras=True,
        )
        if isinstance(shown, Mapping):
            yield shown


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [one for one in value if isinstance(one, Mapping)]


def _text(of: Mapping[str, Json], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""

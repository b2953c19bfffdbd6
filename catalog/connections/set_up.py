"""Name what feeds a distribution, change it, switch it on, pause it and take it away.

A source is a draft until a try has shown what comes from it; then its publisher switches it on.
Any change of the source asks for another try. What was taken in stays whatever becomes of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from catalog.connections import store
from catalog.connections.connection import (
    SECRET_LENGTH_CHARACTERS,
    Connection,
    ConnectionId,
    ConnectionState,
    Source,
    SourceKind,
)
from catalog.connections.errors import (
    ConnectionNotFound,
    ConnectionUnderWay,
    MalformedConnection,
    NotTriedYet,
    SecretNeeded,
)
from catalog.connections.rhythm import Rhythm
from catalog.connections.sealed import seal
from catalog.curation.describe import owned_dataset
from catalog.dataset import Dataset, Distribution
from catalog.harvest.source import Validators
from catalog.upload import check_may_receive, check_way
from catalog.way_in import Way
from policies.database import Tx
from policies.errors import N_, Said
from policies.events import Event, EventKind, JsonValue
from policies.party import Actor
from policies.record import record


def connect(
    tx: Tx,
    distribution: Distribution,
    source: Source,
    rhythm: Rhythm,
    *,
    way: Way = Way.REPLACE,
    secret: str | None,
    sealing_key: bytes,
    by: Actor,
    at: datetime,
) -> Connection:
    """Name what feeds a distribution, or name it anew; a `secret` of None keeps the one it has.

    A secret that was given for one place is never sent to another: where host or user change, it
    is to be given again.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, StatementIsNotOneSelect, SecretNeeded,
    MalformedConnection, ConnectionUnderWay, KeyUndeclared.
    """
    check_may_receive(tx, distribution, by=by)
    check_way(tx, distribution, way)
    if source.statement:
        from catalog.connections.one_select import check_one_select  # loads a parser

        check_one_select(source.statement, source.kind)
    if secret is not None and len(secret) > SECRET_LENGTH_CHARACTERS:
        why = Said(N_("it is longer than {most} characters"), most=SECRET_LENGTH_CHARACTERS)
        raise MalformedConnection("secret", why)
    known = store.connection_of(tx, distribution.id)
    if known is None:
        return _add(tx, distribution, source, rhythm, way, secret or "", sealing_key, by, at)
    held = _locked(tx, distribution, by=by)
    sealed = held.sealed_secret if source.opens_with_the_same(held.source) else None
    if secret:
        sealed = seal(sealing_key, secret, held.id)
    _check_secret(source, sealed)
    is_same = source == held.source and sealed == held.sealed_secret
    changed = replace(held, source=source, sealed_secret=sealed, rhythm=rhythm, way=way)
    changed = replace(changed, modified_at=at)
    if not is_same:
        changed = replace(
            changed,
            state=ConnectionState.DRAFT,
            is_tried=False,
            validators=Validators(),
            host_key=held.host_key if _is_same_server(source, held.source) else "",
        )
    changed = replace(changed, failures=0, next_at=rhythm.next_after(at) if changed.is_on else None)
    store.update_connection(tx, changed)
    _tell(tx, distribution, changed, "changed", by=by, at=at)
    return changed


def switch_on(tx: Tx, distribution: Distribution, *, by: Actor, at: datetime) -> Connection:
    """Let its runs take data in, by hand and by its schedule.

    Raises: DatasetNotFound, PublisherNeeded, ConnectionNotFound, ConnectionUnderWay, NotTriedYet.
    """
    held = _locked(tx, distribution, by=by)
    if not held.is_tried:
        raise NotTriedYet
    return _move(tx, distribution, held, ConnectionState.ON, by=by, at=at)


def pause(tx: Tx, distribution: Distribution, *, by: Actor, at: datetime) -> Connection:
    """Leave the source alone until it is switched on again.

    Raises: DatasetNotFound, PublisherNeeded, ConnectionNotFound, ConnectionUnderWay.
    """
    held = _locked(tx, distribution, by=by)
    if held.state is ConnectionState.DRAFT:
        return held
    return _move(tx, distribution, held, ConnectionState.PAUSED, by=by, at=at)


def forget_host_key(tx: Tx, distribution: Distribution, *, by: Actor, at: datetime) -> Connection:
    """Let the next try note the server's key anew.

    Raises: DatasetNotFound, PublisherNeeded, ConnectionNotFound, ConnectionUnderWay.
    """
    held = _locked(tx, distribution, by=by)
    changed = replace(
        held,
        host_key="",
        state=ConnectionState.DRAFT,
        is_tried=False,
        next_at=None,
        modified_at=at,
    )
    store.update_connection(tx, changed)
    _tell(tx, distribution, changed, "host_key_forgotten", by=by, at=at)
    return changed


def disconnect(tx: Tx, distribution: Distribution, *, by: Actor, at: datetime) -> None:
    """Take the connection away, with its secret and its log.

    Raises: DatasetNotFound, PublisherNeeded, ConnectionNotFound, ConnectionUnderWay.
    """
    held = _locked(tx, distribution, by=by)
    store.delete_connection(tx, held.id)
    _tell(tx, distribution, held, "removed", by=by, at=at)


def _add(
    tx: Tx,
    distribution: Distribution,
    source: Source,
    rhythm: Rhythm,
    way: Way,
    secret: str,
    sealing_key: bytes,
    by: Actor,
    at: datetime,
) -> Connection:
    connection_id = ConnectionId(uuid4())
    connection = Connection(
        id=connection_id,
        distribution_id=distribution.id,
        source=source,
        rhythm=rhythm,
        created_by=by.user_id,
        created_at=at,
        modified_at=at,
        sealed_secret=seal(sealing_key, secret, connection_id) if secret else None,
        way=way,
    )
    _check_secret(source, connection.sealed_secret)
    if not store.insert_connection(tx, connection):
        raise ConnectionUnderWay
    _tell(tx, distribution, connection, "created", by=by, at=at)
    return connection


def _check_secret(source: Source, sealed: bytes | None) -> None:
    if sealed is None and source.kind is not SourceKind.URL:
        raise SecretNeeded


def _is_same_server(source: Source, other: Source) -> bool:
    return source.kind is other.kind is SourceKind.SFTP and (source.host, source.port_used) == (
        other.host,
        other.port_used,
    )


def _move(
    tx: Tx,
    distribution: Distribution,
    held: Connection,
    state: ConnectionState,
    *,
    by: Actor,
    at: datetime,
) -> Connection:
    is_on = state is ConnectionState.ON
    moved = replace(
        held,
        state=state,
        failures=0,
        next_at=held.rhythm.next_after(at) if is_on else None,
        modified_at=at,
    )
    store.update_connection(tx, moved)
    _tell(tx, distribution, moved, "switched_on" if is_on else "paused", by=by, at=at)
    return moved


def _locked(tx: Tx, distribution: Distribution, *, by: Actor) -> Connection:
    """The connection, held, for one who may change it while no run asks the source."""
    check_may_receive(tx, distribution, by=by)
    found = store.connection_of(tx, distribution.id)
    held = None if found is None else store.lock_connection(tx, found.id)
    if held is None:
        raise ConnectionNotFound
    if store.run_that_asks(tx, held.id) is not None:
        raise ConnectionUnderWay
    return held


def _tell(
    tx: Tx, distribution: Distribution, connection: Connection, act: str, *, by: Actor, at: datetime
) -> None:
    dataset = owned_dataset(tx, distribution.dataset_id, by=by)
    record(
        tx, connection_event(EventKind.CONNECTION_CHANGED, dataset, connection, act, by=by, at=at)
    )


def connection_event(
    kind: EventKind, dataset: Dataset, connection: Connection, act: str, *, by: Actor, at: datetime
) -> Event:
    """An event of a connection: where it leads, never what opens it."""
    facts: dict[str, JsonValue] = {
        "act": act,
        "distribution_id": str(connection.distribution_id),
        "source_kind": connection.source.kind.value,
        "every": connection.rhythm.every.value,
    }
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=dataset.publisher_id,
        dataset_id=dataset.id,
        subject_id=connection.id,
        facts=facts,
    )

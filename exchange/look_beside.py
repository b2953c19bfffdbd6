"""Find the tables of other datasets that a department's quality rules look at.

A rule may look at what its department may read whole and as it is: its own tables, open ones, and
those shared with it, without masks, conditions and groups held back. What is bought is metered by
each reading, so no rule reads it. The counts of a rule tell of the other table, so this is decided
anew at every check, not only when the rule is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.dataset import Dataset
from catalog.errors import FileDamaged, VersionRemoved, VersionWithdrawn
from catalog.find import StoredVersion
from catalog.folders import Folders
from catalog.view import EVERYTHING
from exchange.access import decide_access, find_target
from exchange.errors import NoSuchData
from exchange.receipt import DeliveryRegime
from policies.access import Action
from policies.database import Pool, Tx
from policies.identity.people import organization_with_id
from policies.party import Actor, Membership, Role
from policies.terms import UserId
from quality.beside import Against, OtherTable
from quality.check import Column, other_columns, table_named_in
from quality.errors import OtherTableHasNoColumn, OtherTableNotReadable
from quality.rule import OwnRule, Rule


@dataclass(frozen=True, slots=True)
class _Readable:
    stored: StoredVersion
    columns: frozenset[str]


def check_other_table(
    tx: Tx, dataset: Dataset, rule: Rule, schema: Sequence[Column], *, by: Actor, at: datetime
) -> None:
    """Make sure that a new rule looks at nothing but what its department may read.

    Raises: OtherTableNotReadable, also where there is no such table; OtherTableHasNoColumn.
    """
    table = table_named_in(rule.check)
    if table is None:
        return
    found = _readable(tx, dataset, table, author=by.user_id, at=at)
    if found is None:
        raise OtherTableNotReadable(table)
    there = {
        column.name: Column(column.name, column.type.value).family
        for column in found.stored.version.columns
        if column.name in found.columns
    }
    here = {column.name: column.family for column in schema}
    theirs_of = other_columns(rule.check)
    for own in rule.columns:
        for mine, theirs in zip((own, *theirs_of[1:]), theirs_of, strict=True):
            if theirs not in there or there[theirs] is not here.get(mine, there[theirs]):
                raise OtherTableHasNoColumn(table, theirs, mine)


def other_tables(
    pool: Pool, folders: Folders, dataset: Dataset, rules: Sequence[OwnRule], *, at: datetime
) -> dict[str, OtherTable]:
    """The tables that these rules of a dataset look at, each at the version that is read now.

    What the department may not read, or is not there, is left out.
    Raises: StorageAway.
    """
    found: dict[str, _Readable] = {}
    with pool.connection() as tx:
        for own in rules:
            table = table_named_in(own.rule.check)
            if table is None or table in found:
                continue
            readable = _readable(tx, dataset, table, author=own.created_by, at=at)
            if readable is not None:
                found[table] = readable
    tables = {}
    for table, readable in found.items():
        try:
            paths = tuple(readable.stored.checked_paths(folders))
        except FileDamaged:
            continue
        tables[table] = OtherTable(_against(table, readable.stored), paths, readable.columns)
    return tables


def _readable(
    tx: Tx, dataset: Dataset, table: str, *, author: UserId | None, at: datetime
) -> _Readable | None:
    """What the department reads under this name; None where it reads nothing."""
    organization = organization_with_id(tx, dataset.publisher_id)
    department = Actor(
        user_id=author,
        name=organization.slug,
        memberships=(Membership(Role.PUBLISHER, organization.id),),
        organization=organization,
    )
    try:
        target = find_target(tx, table, by=department)
    except (NoSuchData, VersionWithdrawn, VersionRemoved):
        return None
    access = decide_access(tx, target, Action.READ_PAGE, purpose=None, by=department, at=at)
    if not access.decision.is_allowed or access.regime is DeliveryRegime.TRADE:
        return None
    view = access.view
    if view.rows or view.suppression is not None:
        return None
    names = [column.name for column in target.version.columns]
    columns = frozenset(names if view == EVERYTHING else view.visible(names))
    return _Readable(target.stored, columns - view.changed_columns)


def _against(table: str, stored: StoredVersion) -> Against:
    version = stored.version
    return Against(table, stored.dataset.id, version.id, version.number, version.digest)

"""Many cheap datasets in an installation, made through the verbs that CKAN's face uses."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from catalog.curation import deposit
from catalog.curation.deposit import Deposit
from catalog.dataset import Distribution, DistributionId, Entry
from catalog.directory import Directory
from policies.decision.profile import profile_in_force
from policies.identity.authenticate import actor_of_user
from policies.identity.enrol import add_organization, first_start_admin
from policies.identity.people import user_named
from policies.party import OrganizationKind
from policies.terms import DatasetId, Grade, OpenType, ShareType, Text, UpdateCycle
from portal.commands.context import opened

A_TRANSACTION: Final = 200
ORGANIZATIONS: Final = 20
TAGS: Final = 300
LICENCES: Final = ("cc-by", "CC-BY-4.0", "odc-odbl", "")
FORMATS: Final = ("CSV", "XLSX", "GeoJSON", "API")


def make_datasets(data: Path, count: int) -> None:
    """Make `count` active datasets, `many-00000` on, two resources each, in twenty organisations.

    The installation need not be served; where it is not, it is quicker.
    """
    with opened(Namespace(data=str(data))) as context:
        at = context.now()
        with context.pool.connection() as tx:
            first_start_admin(tx, at)
            admin = actor_of_user(tx, user_named(tx, "admin"))
            organizations = [
                add_organization(
                    tx,
                    slug=f"bureau-{number:02}",
                    title=Text(zh=f"第{number}局", en=f"Bureau {number}"),
                    kind=OrganizationKind.DEPARTMENT,
                    credit_code=None,
                    by=admin,
                    at=at,
                )
                for number in range(min(ORGANIZATIONS, count))
            ]
        profile_id = profile_in_force(at).id
        for first in range(0, count, A_TRANSACTION):
            with context.pool.connection() as tx:
                for number in range(first, min(first + A_TRANSACTION, count)):
                    dataset_id = deposit.new_id(tx)
                    publisher = organizations[number % len(organizations)]
                    given = Deposit(
                        slug=f"many-{number:05}",
                        publisher_id=publisher.id,
                        entry=_entry(number),
                        distributions=tuple(
                            _distribution(dataset_id, number, place, at) for place in range(2)
                        ),
                    )
                    deposit.deposit(tx, dataset_id, given, by=admin, at=at)
                    deposit.put_out(tx, dataset_id, profile_id=profile_id, at=at)


def _entry(number: int) -> Entry:
    return Entry(
        title=Text(zh=f"数据集{number}", en=f"Dataset {number}"),
        summary=Text(zh=f"第{number}个数据集的说明。" * 10),
        grade=Grade.GENERAL,
        share_type=ShareType.UNCONDITIONAL,
        open_type=OpenType.UNCONDITIONAL,
        update_cycle=UpdateCycle.DAILY,
        licence=LICENCES[number % len(LICENCES)],
        keywords=(f"词{number % TAGS}", f"word {number % 7}"),
        directory=Directory(author="数据处", extras=(("code", f"c-{number}"),)),
    )


def _distribution(dataset_id: DatasetId, number: int, place: int, at: datetime) -> Distribution:
    return Distribution(
        id=DistributionId(uuid4()),
        dataset_id=dataset_id,
        slug=f"file-{place}",
        title=Text(en=f"File {place}"),
        access_url=f"https://data.example.org/{number}/{place}.csv",
        key_columns=(),
        created_at=at,
        modified_at=at,
        format=FORMATS[(number + place) % len(FORMATS)],
    )

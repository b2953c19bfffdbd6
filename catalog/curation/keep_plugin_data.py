"""Keep what plug-ins of CKAN's clients store with a dataset; it is an administrator's alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from catalog.curation.deposit_errors import AdministratorNeeded
from catalog.dataset import check_text
from catalog.errors import TextUnwritable
from catalog.store import plugin_data as store
from catalog.view import Json
from policies.database import Tx
from policies.party import Actor
from policies.roles import can_administer
from policies.terms import DatasetId

PLUGIN_DATA_LENGTH_CHARACTERS: Final = 500_000


def keep_plugin_data(tx: Tx, dataset_id: DatasetId, data: Mapping[str, Json], *, by: Actor) -> None:
    """Keep this with the dataset, and nothing that was kept before.

    Raises: AdministratorNeeded, TextTooLong, TextUnwritable.
    """
    _check(by)
    text = json.dumps(data, ensure_ascii=False)
    check_text("plugin_data", text, PLUGIN_DATA_LENGTH_CHARACTERS)
    if r"\u0000" in text:
        raise TextUnwritable("plugin_data")
    store.upsert_plugin_data(tx, dataset_id, data)


def plugin_data_of(tx: Tx, dataset_id: DatasetId, *, by: Actor) -> Mapping[str, Json] | None:
    """What is kept with the dataset; None where nothing is.

    Raises: AdministratorNeeded.
    """
    _check(by)
    return store.plugin_data_of(tx, dataset_id)


def _check(by: Actor) -> None:
    if not can_administer(by):
        raise AdministratorNeeded

"""Datasets that stand under something else, as whole packages."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.view import Json
from policies.terms import DatasetId
from portal.api.ckan.call import Call


def packages_of(call: Call, dataset_ids: Sequence[DatasetId]) -> list[Json]:
    """The packages of these datasets, as far as they exist for the caller, in the same order."""
    return []

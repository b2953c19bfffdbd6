"""A catalogue of thousands is read whole by every walk, within the memory that is promised."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.catalogue import watching
from tests.installation import installation
from tests.portal.ckan.many import make_datasets
from tests.portal.ckan.walks import WALKS, wait_for_search

DATASETS = 10_000 if os.environ.get("WEIR_TEST_COUNTS") == "long" else 500
WEB_MEMORY_BYTES_MAX = 300 << 20
"""Resident; somewhat more than a third of it are libraries that all processes share."""


def test_every_walk_finds_every_dataset_in_little_memory(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    with installation(tmp_path, WEIR_PUBLICATION="direct") as made:
        made.environment["WEIR_SITE_URL"] = made.address
        make_datasets(made.data, DATASETS)
        made.start()
        with made.client() as client, watching(made.child("web")) as watched:
            wait_for_search(client)
            for name, walk in WALKS.items():
                with subtests.test(name):
                    assert walk(client) == DATASETS

    assert watched.most_bytes < WEB_MEMORY_BYTES_MAX

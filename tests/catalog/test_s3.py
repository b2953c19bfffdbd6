from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from catalog import tables
from catalog.blobs import store_blob
from catalog.cache import IN_USE_S
from catalog.errors import FileDamaged, StorageAway
from catalog.folders import Folders
from catalog.s3 import Bucket, S3Storage
from catalog.version import VersionFile
from tests.s3 import S3Server, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


class Node:
    """One machine: a folder of its own over the same place in the bucket."""

    def __init__(self, server: S3Server, prefix: str, root: Path, bytes_max: int = 1 << 30) -> None:
        self.root = root
        self.storage = S3Storage(Bucket("weir", prefix), root, server.environment)
        self.folders = Folders.below(root, self.storage, cache_bytes_max=bytes_max)
        self.storage.on_growth = self.folders.cache.grew
        for folder in (self.folders.blobs.folder, self.folders.tables, self.folders.serving):
            folder.mkdir(parents=True, exist_ok=True)
        self.table = self.folders.tables / "one"

    def add(self, *ids: int) -> VersionFile:
        """A file of the table with these rows."""
        written = self.root / "part.parquet"
        pq.write_table(pa.table({"id": ids}), written, write_page_checksum=True)
        return tables.take_in(self.table, [written], storage=self.storage)[0]


@pytest.fixture
def prefix() -> str:
    return uuid4().hex


@pytest.fixture
def node(server: S3Server, prefix: str, tmp_path: Path) -> Node:
    return Node(server, prefix, tmp_path / "one")


@pytest.fixture
def other(server: S3Server, prefix: str, tmp_path: Path) -> Node:
    return Node(server, prefix, tmp_path / "other")


def test_what_one_machine_stores_another_reads(node: Node, other: Node) -> None:
    stored = store_blob(node.folders.blobs, [b"abc" * 1_000_000, b"d"])

    path = other.folders.blobs.checked(stored.sha256)

    assert path.read_bytes() == b"abc" * 1_000_000 + b"d"
    assert path.is_relative_to(other.root)


def test_a_damaged_or_lost_copy_is_brought_again(node: Node) -> None:
    stored = store_blob(node.folders.blobs, [b"abc"])
    path = node.folders.blobs.path(stored.sha256)

    path.write_bytes(b"abX")
    assert node.folders.blobs.checked(stored.sha256).read_bytes() == b"abc"
    path.unlink()
    assert node.folders.blobs.checked(stored.sha256).read_bytes() == b"abc"


def test_bytes_that_changed_in_the_bucket_are_not_handed_out(
    server: S3Server, prefix: str, node: Node
) -> None:
    stored = store_blob(node.folders.blobs, [b"abc"])
    name = f"weir/{prefix}/blobs/{stored.sha256[:2]}/{stored.sha256}"
    with server.client().open_output_stream(name) as kept:
        kept.write(b"abX")
    node.folders.blobs.path(stored.sha256).unlink()

    with pytest.raises(FileDamaged):
        node.folders.blobs.checked(stored.sha256)

    assert not node.folders.blobs.path(stored.sha256).exists()


def test_a_table_is_read_by_its_numbers_from_another_machine(
    server: S3Server, node: Node, other: Node
) -> None:
    first, second = node.add(1, 2), node.add(3)
    kept = {"upload_id": "a", "storage": node.storage}
    assert tables.commit(node.table, [first], **kept) == 0  # type: ignore[arg-type]
    number = tables.commit(other.table, [second], upload_id="b", storage=other.storage)

    assert tables.paths_of(other.table, 0, storage=other.storage) == {first.path}
    assert tables.paths_of(node.table, number, storage=node.storage) == {second.path}
    paths = tables.check_files(other.table, [first], storage=other.storage)
    assert pq.read_table(paths[0]).to_pydict() == {"id": [1, 2]}
    address = other.storage.table(other.table)
    outside = DeltaTable(address.uri, storage_options=dict(server.environment, AWS_ALLOW_HTTP="1"))
    assert outside.to_pyarrow_table().to_pydict() == {"id": [3]}


def test_steps_name_only_what_differs_and_replace_what_a_killed_one_left(
    node: Node, other: Node
) -> None:
    one, two, three, lost = node.add(1), node.add(2), node.add(3), node.add(9)
    parent = tables.commit(node.table, [one], upload_id="a", storage=node.storage)
    # Killed after its commit: no version row tells of it.
    tables.commit_step(
        node.table, parent=parent, before=[one], after=[one, lost], storage=node.storage
    )

    number = tables.commit_step(
        other.table, parent=parent, before=[one], after=[one, two], storage=other.storage
    )
    tables.shorten_log(other.table, storage=other.storage)
    last = tables.commit_step(
        node.table, parent=number, before=[one, two], after=[two, three], storage=node.storage
    )

    assert tables.paths_of(node.table, number, storage=node.storage) == {one.path, two.path}
    assert tables.paths_of(node.table, last, storage=node.storage) == {two.path, three.path}


def test_the_server_keeps_only_the_first_of_two_commits_of_one_number(node: Node) -> None:
    assert tables.check_storage(node.storage, node.root / "trial")

    assert list(node.storage.files(node.root / "trial")) == []


def test_the_sweep_removes_from_the_bucket_what_no_version_has(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, garbage = node.add(1), node.add(2)
    monkeypatch.setattr(tables, "GARBAGE_AGE_S_MIN", -60)

    assert tables.sweep(node.table, {kept.path}, storage=node.storage) == 1

    left = {file.path.name for file in node.storage.files(node.table)}
    assert left == {kept.path}
    assert not (node.table / garbage.path).exists()


def test_the_cache_stays_within_its_bound_and_what_it_lost_comes_again(
    server: S3Server, prefix: str, tmp_path: Path
) -> None:
    small = Node(server, prefix, tmp_path / "small", bytes_max=4 << 20)
    digests = [store_blob(small.folders.blobs, [bytes([n]) * (1 << 20)]).sha256 for n in range(8)]
    for number, sha256 in enumerate(digests):
        path = small.folders.blobs.path(sha256)
        used = path.stat().st_mtime - IN_USE_S - 100 + number
        os.utime(path, (used, used))

    small.folders.cache.trim()

    here = [n for n, one in enumerate(digests) if small.folders.blobs.path(one).exists()]
    assert here == [4, 5, 6, 7]
    assert small.folders.blobs.checked(digests[0]).read_bytes() == b"\0" * (1 << 20)


def test_what_is_used_now_stays_even_beyond_the_bound(
    server: S3Server, prefix: str, tmp_path: Path
) -> None:
    small = Node(server, prefix, tmp_path / "small", bytes_max=1 << 20)
    digests = [store_blob(small.folders.blobs, [bytes([n]) * (1 << 20)]).sha256 for n in range(3)]

    small.folders.cache.trim()

    assert all(small.folders.blobs.path(one).exists() for one in digests)


def test_storage_that_does_not_answer_is_a_refusal(tmp_path: Path) -> None:
    nowhere = S3Server("http://127.0.0.1:9", "weir")
    node = Node(nowhere, "x", tmp_path)

    with pytest.raises(StorageAway):
        store_blob(node.folders.blobs, [b"abc"])


@pytest.mark.parametrize("url", ["s3://", "file:///x", "s3:///x", "s3://bucket?x", "bucket"])
def test_an_address_that_is_none_of_s3_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="s3://BUCKET/PREFIX"):
        Bucket.from_url(url)

from __future__ import annotations

import hashlib
import json

import pytest

from catalog import find, upload
from catalog.blobs import store_blob
from catalog.errors import (
    DatasetNotFound,
    MalformedFileName,
    PublisherNeeded,
    UploadNotFound,
)
from catalog.folders import Folders
from catalog.version import UploadState
from policies.database import Tx
from tests.catalog.city import add_dataset, found_city, send
from tests.people import AT


def test_an_accepted_file_waits_to_be_read(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    _, distribution = add_dataset(tx, city)

    sent = send(tx, folders, city, distribution, b"id\n1\n", "../../站点.csv")

    assert find.upload_with_id(tx, sent.id, by=city.publisher) == sent
    assert (sent.state, sent.file_name) == (UploadState.QUEUED, "站点.csv")
    assert folders.blob(sent.blob_sha256).read_bytes() == b"id\n1\n"
    row = tx.execute("SELECT body FROM policies.events ORDER BY id DESC LIMIT 1").fetchone()
    assert row is not None
    body = json.loads(row["body"])
    sha256 = hashlib.sha256(b"id\n1\n").hexdigest()
    assert body["kind"] == "distribution.uploaded"
    assert body["edges"] == [
        {"source": f"blob:{sha256}", "target": f"upload:{sent.id}", "by": "catalog.upload"}
    ]
    assert "站点" not in row["body"]


def test_the_same_file_twice_is_one_blob_and_two_uploads(tx: Tx, folders: Folders) -> None:
    city = found_city(tx)
    _, distribution = add_dataset(tx, city)

    first = send(tx, folders, city, distribution)
    second = send(tx, folders, city, distribution)

    assert first.id != second.id
    assert first.blob_sha256 == second.blob_sha256


def test_only_publishers_of_the_organisation_send_and_others_learn_nothing(
    tx: Tx, folders: Folders
) -> None:
    city = found_city(tx)
    _, distribution = add_dataset(tx, city)
    blob = store_blob(folders.blobs, [b"id\n1\n"])

    with pytest.raises(DatasetNotFound):
        upload.receive(tx, distribution, blob, file_name="a.csv", by=city.neighbour, at=AT)
    with pytest.raises(PublisherNeeded):
        upload.receive(tx, distribution, blob, file_name="a.csv", by=city.regulator, at=AT)
    sent = send(tx, folders, city, distribution)
    for stranger in (city.neighbour, city.regulator, city.bureau):
        with pytest.raises(UploadNotFound):
            find.upload_with_id(tx, sent.id, by=stranger)


@pytest.mark.parametrize("name", ["", " ", "a\nb.csv", "x" * 256, "dir/", "a\0b"])
def test_a_file_name_is_one_line_of_bounded_length(name: str) -> None:
    with pytest.raises(MalformedFileName):
        upload.check_file_name(name)

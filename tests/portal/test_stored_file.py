"""Tests of `portal.stored_file`: the bytes that are asked for, whatever lies in memory."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from portal.stored_file import PIECE_BYTES, StoredFile

LENGTHS = (0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES + 12_345)


def _stored(folder: Path, length: int) -> tuple[TestClient, bytes]:
    data = os.urandom(length)
    path = folder / f"{length}.csv"
    path.write_bytes(data)
    return TestClient(StoredFile(path, media_type="text/csv")), data


@pytest.mark.parametrize("length", LENGTHS)
def test_a_file_arrives_whole(tmp_path: Path, length: int) -> None:
    client, data = _stored(tmp_path, length)

    answer = client.get("/")

    assert answer.content == data
    assert answer.headers["content-length"] == str(length)


def test_ranges_arrive_across_pieces(tmp_path: Path) -> None:
    client, data = _stored(tmp_path, LENGTHS[-1])

    for first, last in ((0, 0), (PIECE_BYTES - 1, PIECE_BYTES), (5, 2 * PIECE_BYTES + 5)):
        answer = client.get("/", headers={"Range": f"bytes={first}-{last}"})
        assert answer.status_code == 206
        assert answer.content == data[first : last + 1]
    several = client.get("/", headers={"Range": f"bytes=0-9,{PIECE_BYTES}-{PIECE_BYTES + 9}"})
    assert data[:10] in several.content
    assert data[PIECE_BYTES : PIECE_BYTES + 10] in several.content


@pytest.mark.parametrize("fault", [errno.EAGAIN, errno.EOPNOTSUPP])
def test_what_is_not_in_memory_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    client, data = _stored(tmp_path, LENGTHS[-1])

    def away(*_: object) -> int:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "preadv", away)

    assert client.get("/").content == data

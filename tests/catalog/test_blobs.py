from __future__ import annotations

import errno
import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.blobs import (
    ARRIVING_AGE_S_MAX,
    Blobs,
    check_file,
    no_room_is_a_refusal,
    store_blob,
    sweep_arriving,
)
from catalog.errors import FileDamaged, FileTooLarge, StorageFull


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_bytes_are_named_by_their_hash(tmp_path: Path) -> None:
    stored = store_blob(Blobs(tmp_path), [b"ab", b"", b"c"])

    assert stored.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert stored.size_bytes == 3
    assert (tmp_path / stored.sha256[:2] / stored.sha256).read_bytes() == b"abc"


def test_equal_bytes_are_stored_once(tmp_path: Path) -> None:
    store_blob(Blobs(tmp_path), [b"abc"])
    store_blob(Blobs(tmp_path), [b"a", b"bc"])

    assert len(files_in(tmp_path)) == 1


def test_bytes_beyond_the_bound_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileTooLarge):
        store_blob(Blobs(tmp_path), [b"ab", b"cd"], size_bytes_max=3)

    assert files_in(tmp_path) == []


def test_a_stream_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"abc"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store_blob(Blobs(tmp_path), broken())

    assert files_in(tmp_path) == []


def test_a_full_disk_is_a_refusal_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path;"
        "from catalog.blobs import Blobs, store_blob; from catalog.errors import StorageFull\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: store_blob(Blobs(Path(sys.argv[1])), [b'x' * 65536] * 4)\n"
        "except StorageFull: print('refused')"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "refused"
    assert files_in(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_is_told_apart_from_other_faults(code: int) -> None:
    with pytest.raises(StorageFull), no_room_is_a_refusal():
        raise OSError(code, "")
    with pytest.raises(PermissionError), no_room_is_a_refusal():
        raise OSError(errno.EACCES, "")


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    stored = store_blob(Blobs(tmp_path), [b"abc"])
    path = tmp_path / stored.sha256[:2] / stored.sha256
    check_file(path, stored.sha256)

    path.write_bytes(b"abd")

    with pytest.raises(FileDamaged):
        check_file(path, stored.sha256)


def test_bringing_the_bytes_again_mends_a_damaged_blob(tmp_path: Path) -> None:
    stored = store_blob(Blobs(tmp_path), [b"abc"])
    path = tmp_path / stored.sha256[:2] / stored.sha256
    path.write_bytes(b"abd")

    store_blob(Blobs(tmp_path), [b"abc"])

    check_file(path, stored.sha256)


def test_only_old_unfinished_writes_are_swept(tmp_path: Path) -> None:
    arriving = tmp_path / ".arriving"
    arriving.mkdir()
    old, young = arriving / "old", arriving / "young"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    past = young.stat().st_mtime - ARRIVING_AGE_S_MAX - 60
    os.utime(old, (past, past))

    assert sweep_arriving(Blobs(tmp_path)) == 1
    assert files_in(tmp_path) == [young]

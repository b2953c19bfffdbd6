"""`weir backup` and `weir restore`, as an operator uses them."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, installation

PASSWORD = "correct horse battery staple\n"


@pytest.fixture(scope="module")
def served() -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="weir-backup-"))
    with installation(folder, WEIR_PUBLICATION="direct") as made:
        made.command("org", "add", "transport", "--kind", "department", "--title", "Transport")
        made.command("user", "add", "chief", "--role", "admin", "--password-stdin", stdin=PASSWORD)
        made.start()
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def test_a_backup_of_a_running_server_becomes_the_same_installation_elsewhere(
    served: Installation, tmp_path: Path
) -> None:
    copy = tmp_path / "weir.tar"
    other = Installation(tmp_path / "other" / "data", served.port, served.environment)

    served.command("backup", str(copy))
    again = served.command("backup", str(copy), expect=1)
    restored = other.command("restore", str(copy))

    assert again == ""
    assert "hold" in restored
    assert copy.stat().st_mode & 0o777 == 0o600
    with tarfile.open(copy) as archive:
        names = archive.getnames()
    assert "database.dump" in names
    assert [name for name in names if name.startswith("keys/") and name.endswith(".pem")]
    assert "see above" not in other.command("doctor")
    assert other.command("token", "chief")
    # Into a folder that holds something nothing is restored.
    other.command("restore", str(copy), expect=1)


def test_a_backup_that_was_cut_or_changed_is_not_restored(
    served: Installation, tmp_path: Path
) -> None:
    copy = tmp_path / "weir.tar"
    served.command("backup", str(copy))
    whole = copy.read_bytes()
    place = whole.index(b"-----BEGIN PRIVATE KEY-----") + 40

    for name, content in {
        "cut": whole[: len(whole) // 2],
        "changed": whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
        "none": b"no archive",
    }.items():
        bad = tmp_path / f"{name}.tar"
        bad.write_bytes(content)
        other = Installation(tmp_path / name / "data", served.port, served.environment)
        other.command("restore", str(bad), expect=1)
        assert not other.data.exists() or not any(other.data.iterdir())

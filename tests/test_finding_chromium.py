"""Where the browser tests find their Chromium, and what is tried and said where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import chromium as finding
from tests.browser.chromium import NoChromium, chromium

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Chromium, whose only programs are those in the folder that is given."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.delenv("WEIR_CHROMIUM", raising=False)
    monkeypatch.setattr(finding, "PLACES", ())
    monkeypatch.setattr(finding, "is_root", lambda: True)
    # Playwright's own download, refused by this machine's network.
    monkeypatch.setattr(
        finding, "PLAYWRIGHT_INSTALL", (str(program(programs, "download", "exit 7")),)
    )
    return programs


def program(folder: Path, name: str, does: str) -> Path:
    """A little program that notes how it was called, then does something."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{folder.parent}/calls"\n{does}\n')
    path.chmod(0o755)
    return path


def calls(bare: Path) -> list[str]:
    """How the programs were called, in order."""
    noted = bare.parent / "calls"
    return noted.read_text().splitlines() if noted.exists() else []


def test_a_chromium_that_is_there_is_taken_and_nothing_is_installed(bare: Path) -> None:
    there = program(bare, "chromium", "")
    program(bare, "apt-get", "")

    assert chromium() == there
    assert calls(bare) == []


def test_the_named_one_is_taken_or_missed(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare, "chromium", "")
    named = program(bare, "mine", "")
    monkeypatch.setenv("WEIR_CHROMIUM", str(named))

    assert chromium() == named
    named.unlink()
    with pytest.raises(NoChromium, match=r"names .*mine, which is not there"):
        chromium()
    assert calls(bare) == []


def test_without_one_the_systems_packages_are_asked(bare: Path) -> None:
    put = f'[ "$1" = install ] && : > "{bare}/chromium" && /bin/chmod 755 "{bare}/chromium"; exit 0'
    program(bare, "apt-get", put)

    assert chromium() == bare / "chromium"
    assert [call.split()[:2] for call in calls(bare)] == [
        ["apt-get", "update"],
        ["apt-get", "install"],
    ]


def test_where_the_packages_have_none_playwright_downloads_one(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bare, "apt-get", "echo 'E: Unable to locate package chromium' >&2; exit 100")
    place = bare.parent / "browsers" / "chromium-1" / "chrome-linux" / "chrome"
    download = program(bare, "download", f'/bin/mkdir -p "{place.parent}"; : > "{place}"')
    monkeypatch.setattr(finding, "PLAYWRIGHT_INSTALL", (str(download),))

    assert chromium() == place
    assert calls(bare)[-1].startswith("download")


def test_who_is_not_root_asks_no_packages(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare, "apt-get", "exit 0")
    monkeypatch.setattr(finding, "is_root", lambda: False)

    with pytest.raises(NoChromium):
        chromium()
    assert calls(bare) == ["download "]


def test_where_nothing_helps_it_says_what_was_tried_and_how_to_go_on(bare: Path) -> None:
    program(bare, "apt-get", "echo 'E: Unable to locate package chromium' >&2; exit 100")

    with pytest.raises(NoChromium) as refused:
        chromium()

    words = str(refused.value)
    for told in ("apt-get install", "Unable to locate package", "exit 7", "WEIR_CHROMIUM"):
        assert told in words
    assert "BROWSER=no" in words


def test_browser_no_leaves_the_tests_out_and_says_so() -> None:
    done = pytest_here("tests/browser/test_pages.py", BROWSER="no")

    assert "BROWSER=no" in done.stdout
    assert "browser tests were left out; no page was looked at" in done.stdout
    assert " passed" not in done.stdout


def test_without_a_chromium_the_tests_fail_and_say_so(tmp_path: Path) -> None:
    done = pytest_here(
        "tests/browser/test_interaction.py::test_dark_can_be_pinned_without_script",
        WEIR_CHROMIUM=str(tmp_path / "not-there"),
    )

    assert done.returncode == 1
    assert "The browser tests need Chromium" in done.stdout


def pytest_here(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as somebody else would, with another environment."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "WEIR_CHROMIUM": "", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

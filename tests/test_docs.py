"""The documentation points at things that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")],
    key=lambda page: page.as_posix(),
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_command_that_the_readme_names_is_one() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    named = set(re.findall(r"bin/weir ([a-z]+)", readme))
    told = subprocess.run(
        [sys.executable, "-m", "portal", "--help"], capture_output=True, text=True, check=True
    ).stdout

    assert named
    assert all(command in told for command in named)


def test_no_two_decisions_have_one_number() -> None:
    numbers = [int(page.name[:4]) for page in sorted((REPOSITORY / "docs/decisions").glob("*.md"))]

    assert len(set(numbers)) == len(numbers) > 0

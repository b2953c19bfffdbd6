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


def test_every_invariant_names_tests_and_rules_that_exist() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (REPOSITORY / "docs/invariants.md").read_text().splitlines()
        if line.startswith("| **")
    ]
    source = "".join(
        (REPOSITORY / name).read_text()
        for name in (
            *("policies/examine.py", "catalog/examine.py"),
            *("exchange/examine.py", "portal/jobs.py"),
        )
    )
    rules = set(re.findall(r'N_\(\s*"([^"]+)"', source))

    assert [cells[0].split(".")[0].strip("*") for cells in rows] == [
        str(number) for number in range(1, 11)
    ]
    for _, tests, doctor in rows:
        for test in re.findall(r"`([^`]+)`", tests):
            path, _, name = test.partition("::")
            assert f"def {name}(" in (REPOSITORY / path).read_text() if name else path, test
        if not doctor.startswith("none: "):
            assert set(doctor.split(" · ")) <= rules
    by_rule = re.findall(
        r"^\| (\d+) \| .* \| (.*) \|$", (REPOSITORY / "docs/invariants.md").read_text(), re.M
    )
    assert [int(number) for number, _ in by_rule] == list(range(1, 21))
    for test in re.findall(r"`([^`]+)`", "".join(tests for _, tests in by_rule)):
        path, _, name = test.partition("::")
        assert f"def {name}(" in (REPOSITORY / path).read_text(), test
    told = {rule for *_, doctor in rows for rule in doctor.split(" · ")}
    page = (REPOSITORY / "docs/invariants.md").read_text()
    assert {rule for rule in rules - told if f"*{rule}*" not in page.replace("\n", " ")} == set()

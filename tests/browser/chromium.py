"""Find a Chromium for the browser tests, or bring one in."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
INSTALL_TIMEOUT_S = 900
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


PLAYWRIGHT_INSTALL = (sys.executable, "-m", "playwright", "install", "chromium")


class NoChromium(Exception):
    """There is no Chromium and none could be installed; the message says what was tried."""


def chromium() -> Path:
    """The program to start; installed first where there is none.

    One that is named in `WEIR_CHROMIUM` is taken, or missed; no other stands in for it.

    Raises: NoChromium.
    """
    if named := os.environ.get("WEIR_CHROMIUM"):
        if Path(named).is_file():
            return Path(named)
        raise NoChromium(
            f"The browser tests need Chromium. WEIR_CHROMIUM names {named}, which is not there."
        )
    if found := _found():
        return found
    # Test workers come here at the same time; one of them installs.
    with (Path(tempfile.gettempdir()) / "weir-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if found := _found():
            return found
        reports = [_report(command) for command in _ways_to_install()]
        if found := _found():
            return found
    raise NoChromium(
        "The browser tests need Chromium. Install it and name it in WEIR_CHROMIUM, or run with "
        "BROWSER=no to leave these tests out. Tried:\n" + "\n".join(reports)
    )


def _found() -> Path | None:
    return next((path for path in _candidates() if path.is_file()), None)


def _candidates() -> Iterator[Path]:
    for name in _NAMES:
        if found := shutil.which(name):
            yield Path(found)
    yield from map(Path, PLACES)
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*/*/*/Chromium"):
        yield from sorted(own.glob(pattern), reverse=True)


def _ways_to_install() -> Iterator[list[str]]:
    if is_root() and shutil.which("apt-get"):
        yield ["apt-get", "update", "-q"]
        yield ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium",
               "fonts-wqy-microhei"]  # fmt: skip
        if _found():
            return
    yield list(PLAYWRIGHT_INSTALL)


def is_root() -> bool:
    """Whether the system's packages can be installed."""
    return os.geteuid() == 0


def _report(command: list[str]) -> str:
    words = " ".join(command)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"  {words}: {problem}"
    last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
    return f"  {words}: exit {done.returncode}: {last}"

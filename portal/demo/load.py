"""Load the demo city: take every step that is not done yet, and note each as it is."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from policies.database import Pool
from policies.identity.enrol import FIRST_ADMIN_NAME
from policies.seal import KeyRing
from portal.demo import sign_ins
from portal.demo.city import City
from portal.demo.client import DemoFailed
from portal.demo.enrol import enrol
from portal.demo.progress import Progress
from portal.demo.steps import Step, Stopped, steps

COUNTED_PER_LINE: Final = 20
"""Of the many small steps, such as queries, one line tells of so many."""
_PEOPLE: Final = "people"


@dataclass(frozen=True, slots=True)
class Place:
    """A served installation, with its database at hand as the command line has it."""

    data: Path
    private_folder: Path
    address: str
    issuer: str
    pool: Pool
    keys: KeyRing
    now: Callable[[], datetime]


def load(
    place: Place,
    *,
    tell: Callable[[str], None],
    is_ending: Callable[[], bool],
    flight_rows: int | None = None,
) -> None:
    """Load what is not loaded yet; nothing where all of it is.

    `tell` is given a line for each thing that happens. Where `is_ending` says so the rest is left
    for the next time.

    Raises: NotEmpty, DemoFailed, PackageMissing, Stopped.
    """
    progress = Progress(place.data)
    if progress.is_complete:
        return

    def check_stop() -> None:
        if is_ending():
            raise Stopped

    _let_people_in(place, progress)
    with tempfile.TemporaryDirectory(dir=place.private_folder) as folder:
        city = City(place.address, place.pool, place.keys, place.issuer, place.now, Path(folder))
        planned = list(steps(check_stop=check_stop, flight_rows=flight_rows))
        try:
            _take(planned, progress, city, tell=tell, check_stop=check_stop)
        finally:
            # Where the server is gone they end by themselves.
            with contextlib.suppress(DemoFailed):
                city.leave()
    progress.complete()


def _let_people_in(place: Place, progress: Progress) -> None:
    if _PEOPLE in progress:
        return
    passwords = sign_ins.sign_ins(place.private_folder)
    with place.pool.connection() as tx:
        knows_administrator = enrol(tx, passwords, place.now())
    if not knows_administrator:
        sign_ins.forget(place.private_folder, FIRST_ADMIN_NAME)
    progress.add(_PEOPLE)


def _take(
    planned: list[Step],
    progress: Progress,
    city: City,
    *,
    tell: Callable[[str], None],
    check_stop: Callable[[], None],
) -> None:
    started_s = time.monotonic()
    for number, step in enumerate(planned, 1):
        if step.name in progress:
            continue
        check_stop()
        step.act(city)
        progress.add(step.name)
        if step.words or number % COUNTED_PER_LINE == 0:
            words = f"{step.name}: {step.words}" if step.words else step.name
            took_s = time.monotonic() - started_s
            tell(f"[{number:3}/{len(planned)}] {took_s:5.1f} s  {words}")

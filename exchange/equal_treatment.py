"""Whether conditional open data treats all who ask for it alike.

For each dataset: who asked, how each was decided, after how many working days. Requests of the same
purpose, manner and columns that were decided differently are named, so that somebody can say why.
Time that ran while the calendar of a year is not official counts Monday to Friday.

Source: 深圳经济特区数据条例 art. 48 (X043).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from typing import Final

from exchange.application import Application, ApplicationState
from exchange.store import applications as store
from policies.calendar import WorkingDays, china_day
from policies.database import Tx
from policies.official_calendar import working_days
from policies.party import Actor, OrganizationKind
from policies.roles import can_supervise
from policies.terms import DatasetId, OrganizationId

REQUESTS_MAX: Final = 20_000
_DECIDED: Final = (ApplicationState.GRANTED, ApplicationState.REFUSED)


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request for conditional open data, with what it is compared by."""

    application: Application
    dataset_id: DatasetId
    applicant_kind: OrganizationKind


@dataclass(frozen=True, slots=True)
class Treatment:
    """How requests of one dataset, or of one kind of applicant, were treated."""

    asked: int
    granted: int
    granted_in_part: int
    refused: int
    waiting: int
    median_days: int | None
    """Working days from request to answer; None where nothing was answered."""


@dataclass(frozen=True, slots=True)
class DatasetTreatment:
    """One dataset's requests."""

    dataset_id: DatasetId
    whole: Treatment
    unequal: int
    """Groups of like requests that were decided differently."""
    applicants: tuple[tuple[OrganizationId, ApplicationState, int | None], ...]
    """Who asked and how it was decided, in working days; only for supervisors."""


@dataclass(frozen=True, slots=True)
class Report:
    """The report over a time."""

    datasets: tuple[DatasetTreatment, ...]
    by_kind: tuple[tuple[OrganizationKind, Treatment], ...]


def equal_treatment(tx: Tx, *, since: datetime, until: datetime, by: Actor) -> Report:
    """The report over requests that came from `since` up to `until`.

    Everybody reads the counts; who asked is for supervisors.
    """
    asked = [
        OpenRequest(application, dataset_id, OrganizationKind(kind))
        for application, dataset_id, kind in store.open_requests(
            tx, since, until, limit=REQUESTS_MAX
        )
    ]
    datasets: dict[DatasetId, list[OpenRequest]] = defaultdict(list)
    kinds: dict[OrganizationKind, list[OpenRequest]] = defaultdict(list)
    for one in asked:
        datasets[one.dataset_id].append(one)
        kinds[one.applicant_kind].append(one)
    shows_names, known = can_supervise(by), working_days(tx)
    return Report(
        datasets=tuple(
            DatasetTreatment(
                dataset_id,
                treatment_of(held, known),
                unequal_groups(held),
                tuple(
                    (one.application.applicant_id, one.application.state, days_taken(one, known))
                    for one in held
                )
                if shows_names
                else (),
            )
            for dataset_id, held in sorted(datasets.items(), key=lambda line: str(line[0]))
        ),
        by_kind=tuple((kind, treatment_of(held, known)) for kind, held in sorted(kinds.items())),
    )


def treatment_of(asked: Sequence[OpenRequest], known: WorkingDays) -> Treatment:
    """The counts of some requests."""
    states = [one.application.state for one in asked]
    days = [taken for one in asked if (taken := days_taken(one, known)) is not None]
    return Treatment(
        asked=len(asked),
        granted=states.count(ApplicationState.GRANTED),
        granted_in_part=sum(one.application.is_part_granted for one in asked),
        refused=states.count(ApplicationState.REFUSED),
        waiting=len(asked) - sum(state in _DECIDED for state in states),
        median_days=median_low(days) if days else None,
    )


def unequal_groups(asked: Sequence[OpenRequest]) -> int:
    """How many groups of like requests were decided differently, whoever sent them."""
    groups: dict[tuple[object, ...], set[tuple[ApplicationState, bool]]] = defaultdict(set)
    for one in asked:
        held = one.application
        if held.state in _DECIDED:
            like = (held.request.purpose, held.request.manner, held.request.wanted_columns)
            groups[like].add((held.state, held.is_part_granted))
    return sum(len(outcomes) > 1 for outcomes in groups.values())


def days_taken(asked: OpenRequest, known: WorkingDays) -> int | None:
    """Working days from request to answer; None while it waits."""
    held = asked.application
    if held.state not in _DECIDED or held.decided_at is None:
        return None
    return known.between(china_day(held.submitted_at), china_day(held.decided_at))

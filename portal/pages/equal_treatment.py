"""The public report: whether conditional open data treats all who ask for it alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request, Response

from exchange.equal_treatment import Treatment, equal_treatment
from policies.errors import N_
from policies.identity.people import organizations_with_ids
from policies.party import OrganizationKind
from portal.pages.dataset_names import name_of_dataset
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()

SPAN: Final = timedelta(days=365)
KINDS: Final = {
    OrganizationKind.DEPARTMENT: N_("Departments"),
    OrganizationKind.OPERATOR: N_("Operators"),
    OrganizationKind.ENTERPRISE: N_("Enterprises"),
    OrganizationKind.BUREAU: N_("The bureau"),
    OrganizationKind.REGULATOR: N_("Regulators"),
}
_STATES: Final = {"granted": "approved", "submitted": "waiting"}


@router.get("/equal-treatment")
def show_report(request: Request) -> Response:
    """Who asked for conditional open data in the last year, and how each was decided."""
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        report = equal_treatment(tx, since=at - SPAN, until=at + timedelta(seconds=1), by=actor)
        asked = {one for held in report.datasets for one, _, _ in held.applicants}
        names = organizations_with_ids(tx, sorted(asked))
        datasets = [
            {
                "name": name_of_dataset(tx, held.dataset_id, by=actor),
                "figures": _figures(held.whole, say),
                "unequal": held.unequal,
                "applicants": [
                    {
                        "title": names[one].title,
                        "state": _STATES.get(state.value, state.value),
                        "days": days,
                    }
                    for one, state, days in held.applicants
                ],
            }
            for held in report.datasets
        ]
    return render(
        request,
        "help/equal_treatment.html",
        since=(at - SPAN).date(),
        datasets=datasets,
        kinds=[(say.gettext(KINDS[kind]), _figures(told, say)) for kind, told in report.by_kind],
    )


def _figures(told: Treatment, say: Speech) -> list[str]:
    days = say.number(told.median_days) if told.median_days is not None else "—"
    counts = (told.asked, told.granted, told.granted_in_part, told.refused, told.waiting)
    return [*map(say.number, counts), days]

"""The standards as a page: every clause, whether it is covered, how often it refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from starlette.responses import RedirectResponse

from exchange.stand import clause_outcomes, refusals, stand
from policies.calendar import FIRST_YEAR, LAST_YEAR, china_day
from policies.decision.clause import Basis, Outcome, Severity, Stage
from policies.decision.profile import profile_in_force, profile_named, profiles
from policies.errors import N_, CalendarKnown, MalformedCalendar
from policies.official_calendar import FILE_BYTES_MAX, loaded_years
from policies.roles import can_set_standards, can_supervise
from policies.terms import Regime
from portal.coverage import coverage_of
from portal.load_calendar import load_calendar
from portal.pages.clause_lines import advice_of
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.typed import member_of
from portal.problems import status_of
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER = 303
Word = Annotated[str, Query(max_length=100)]

STAGES: Final[dict[Stage, str]] = {
    Stage.REGISTER: N_("The record"),
    Stage.APPROVE: N_("Its approval"),
    Stage.LIST: N_("The listing"),
    Stage.PRICE: N_("The price"),
    Stage.APPLY: N_("The request"),
    Stage.DECIDE: N_("The answer"),
    Stage.NEGOTIATE: N_("The negotiation"),
    Stage.AGREE: N_("The agreement"),
    Stage.TOKEN: N_("The token"),
    Stage.DELIVER: N_("The delivery"),
    Stage.END: N_("After the end"),
    Stage.WITHDRAW: N_("The withdrawal"),
    Stage.PURGE: N_("Deleting records"),
    Stage.AUDIT: N_("The exchange as a whole"),
}
SEVERITIES: Final[dict[Severity, tuple[str, str]]] = {
    Severity.BLOCK: (N_("Refuses"), "bad"),
    Severity.HOLD: (N_("Holds new agreements"), "wait"),
    Severity.WARN: (N_("Is shown"), "info"),
    Severity.REPORT: (N_("Is counted"), ""),
}
BASES: Final[dict[Basis, str]] = {
    Basis.TEXT_READ: N_("The text was read"),
    Basis.SUMMARY_READ: N_("A summary was read; have it checked before you rely on it"),
    Basis.NOT_READ: N_("The text was not read; have it checked before you rely on it"),
    Basis.OWN_RULE: N_("A rule of our own"),
}
REGIMES: Final[dict[Regime, str]] = {
    Regime.SHARE: N_("By sharing"),
    Regime.OPEN: N_("By opening"),
    Regime.TRADE: N_("By trading"),
}


@router.get("/standards")
def show_standards(
    request: Request,
    profile: Word = "",
    version: Annotated[int | None, Query(ge=1, le=9_999)] = None,
    regime: Word = "",
    stage: Word = "",
    covered: Word = "",
) -> Response:
    """The standards that this exchange judges by, and what of them is tested."""
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    chosen = profile_named(profile, version) if profile else profile_in_force(at)
    held = coverage_of(chosen, china_day(at))
    asked_regime, asked_stage = member_of(Regime, regime), member_of(Stage, stage)
    shown = [
        one
        for one in held
        if (asked_regime is None or asked_regime in one.clause.regimes)
        and (asked_stage is None or one.clause.stage is asked_stage)
        and (covered not in ("yes", "no") or one.is_covered is (covered == "yes"))
    ]
    is_supervisor = can_supervise(actor)
    counts: dict[str, tuple[int, int]] = {}
    refused: dict[str, int] = {}
    judged = None
    if is_supervisor:
        with wiring.pool.connection() as tx:
            counts, refused = clause_outcomes(tx, by=actor), refusals(tx, by=actor)
            judged = stand(tx, by=actor, at=at)
    failed = [] if judged is None else [r for r in judged.results if r.outcome is Outcome.FAILED]
    return render(
        request,
        "standards/clauses.html",
        profile=chosen,
        is_current=chosen == profile_in_force(at),
        profiles=[(f"{one.id}.{one.version}", one, chosen == one) for one in reversed(profiles())],
        clauses=shown,
        total=len(held),
        covered_count=sum(one.is_covered for one in held),
        proven_count=sum(one.is_proven for one in held),
        counts=counts,
        refused=refused,
        is_supervisor=is_supervisor,
        standing=advice_of(judged, say) if judged is not None else None,
        failed=len(failed),
        words=_words(say),
        regimes=_choices(say, say.gettext("All ways"), REGIMES),
        stages=_choices(say, say.gettext("All stages"), STAGES),
        states=[
            ("", say.gettext("Covered or not")),
            ("yes", say.gettext("Covered")),
            ("no", say.gettext("Not covered")),
        ],
        typed={"regime": regime, "stage": stage, "covered": covered},
    )


@router.get("/standards/calendar")
def show_calendar(request: Request, done: Word = "") -> Response:
    """Which years' working days are known, and for the bureau the form to load one."""
    return _calendar(request, done=done)


@router.post("/standards/calendar")
def send_calendar(request: Request, file: Annotated[UploadFile, File()]) -> Response:
    """Load the official calendar of a year; clocks that waited for it are reckoned again."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    content = file.file.read(FILE_BYTES_MAX + 1)
    try:
        with wiring.pool.connection() as tx:
            loaded = load_calendar(tx, content, by=actor, at=wiring.now())
    except (MalformedCalendar, CalendarKnown) as refusal:
        return _calendar(request, errors={"file": say.refusal(refusal)}, status=status_of(refusal))
    return RedirectResponse(f"/standards/calendar?done={loaded.known.year}", _SEE_OTHER)


def _calendar(
    request: Request, *, errors: dict[str, str] | None = None, done: str = "", status: int = 200
) -> Response:
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        loaded = loaded_years(tx)
    is_done = any(str(known.year) == done for known, _ in loaded)
    return render(
        request,
        "standards/calendar.html",
        status=status,
        first=FIRST_YEAR,
        last=LAST_YEAR,
        loaded=loaded,
        may_load=can_set_standards(actor),
        most_bytes=FILE_BYTES_MAX,
        errors=errors or {},
        message=(
            say.gettext(
                "The calendar of {year} is loaded. Days that waited for it are certain now.",
                year=done,
            )
            if is_done
            else ""
        ),
    )


def _choices(
    say: Speech, all_of_them: str, words: dict[Regime, str] | dict[Stage, str]
) -> Sequence[tuple[str, str]]:
    return [("", all_of_them), *((one.value, say.gettext(label)) for one, label in words.items())]


def _words(say: Speech) -> dict[str, str]:
    """Words of stages, severities and regimes in the reader's language, by their value."""
    return {
        **{one.value: say.gettext(label) for one, label in STAGES.items()},
        **{one.value: say.gettext(label) for one, (label, _) in SEVERITIES.items()},
        **{one.value: say.gettext(label) for one, label in BASES.items()},
        **{one.value: say.gettext(label) for one, label in REGIMES.items()},
    }

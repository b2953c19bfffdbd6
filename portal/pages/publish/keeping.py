"""What is kept of older versions, how long and why: of one dataset, and of the installation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from catalog import find
from catalog.errors import PublisherNeeded, RetentionOutOfBounds
from catalog.find import Overview
from catalog.retain import retention_of, set_retention
from catalog.retention import DAYS_KEPT_MAX, VERSIONS_KEPT_MAX, Keeping, Retention
from catalog.version import Version
from exchange.errors import NotYourPart
from exchange.retain import keeping_of, look
from policies.errors import N_, Refusal
from policies.party import Role
from policies.roles import can_administer, can_supervise
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

Text = Annotated[str, Form()]
KEEPING_WORDS = {
    Keeping.READ: (N_("Readers have it, or it is the newest"), "check", "good"),
    Keeping.WAITING: (N_("It lies with an approver"), "clock", "wait"),
    Keeping.RECEIPTS: (N_("A receipt refers to it"), "seal", "info"),
    Keeping.RULE: (N_("The rule keeps it"), "check", ""),
    Keeping.ENDING: (N_("The next sweep removes it"), "minus", "wait"),
    Keeping.REMOVED: (N_("No longer kept"), "minus", ""),
}


@router.get("/publish/{slug}/retention")
def show_keeping(request: Request, slug: str) -> Response:
    """What is kept of a dataset, and why; its approvers change the rule here."""
    return _page(request, slug, errors={})


@router.post("/publish/{slug}/retention")
def decide_keeping(request: Request, slug: str, versions: Text = "", days: Text = "") -> Response:
    """Decide what is kept of a dataset's older versions."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    try:
        if not (versions.isdecimal() and days.isdecimal()):
            raise RetentionOutOfBounds(VERSIONS_KEPT_MAX, DAYS_KEPT_MAX)
        rule = Retention(int(versions[:9]), int(days[:9]))
        with wiring.pool.connection() as tx:
            dataset = find.dataset_named(tx, slug, by=actor)
            set_retention(tx, dataset.id, rule, by=actor, at=wiring.now())
    except Refusal as refusal:
        errors, typed = {"versions": say.refusal(refusal)}, (versions, days)
        return _page(request, slug, errors=errors, typed=typed, status=status_of(refusal))
    return RedirectResponse(f"/publish/{slug}/retention", status_code=303)


@router.get("/retention")
def show_sweep(request: Request) -> Response:
    """The rule of the installation and what a sweep would remove now; for bureau and auditors."""
    actor, wiring = signed_in(request), wiring_of(request)
    if not (can_supervise(actor) or can_administer(actor)):
        raise NotYourPart(Role.BUREAU)
    rule = wiring.settings.retention
    swept = look(wiring.pool, rule, wiring.now())
    return render(request, "publish/sweep.html", rule=rule, swept=swept)


def _page(
    request: Request,
    slug: str,
    *,
    errors: dict[str, str],
    typed: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        overview = find.overview(tx, slug, by=actor)
        if not (overview.may_change or overview.may_approve):
            raise PublisherNeeded
        own = retention_of(tx, overview.dataset.id)
        told = keeping_of(
            tx, overview.dataset, _versions(overview), wiring.settings.retention, at=wiring.now()
        )
    rule = own or wiring.settings.retention
    titles = {one.distribution.id: one.distribution for one in overview.distributions}
    return render(
        request,
        "publish/retention.html",
        status=status,
        slug=slug,
        title=overview.dataset.entry.title,
        rule=rule,
        is_own=own is not None,
        may_decide=overview.may_approve,
        versions_typed=typed[0] if typed else str(rule.versions_kept),
        days_typed=typed[1] if typed else str(rule.days_kept),
        errors=errors,
        ending_count=sum(why is Keeping.ENDING for _, why in told),
        ending_bytes=sum(one.size_bytes for one, why in told if why is Keeping.ENDING),
        lines=[
            {
                "place": say.text(titles[one.distribution_id].title),
                "number": one.number,
                "made_at": one.created_at,
                "size": one.size_bytes,
                "words": say.gettext(KEEPING_WORDS[why][0]),
                "sign": KEEPING_WORDS[why][1],
                "tone": KEEPING_WORDS[why][2],
            }
            for one, why in told
        ],
    )


def _versions(overview: Overview) -> list[Version]:
    held = [
        version
        for one in overview.distributions
        for version in (*one.versions, *(document.version for document in one.documents))
    ]
    return sorted(held, key=lambda one: (one.created_at, one.number), reverse=True)

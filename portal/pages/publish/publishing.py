"""The publisher's pages: desk, description, workbench, handing in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog import find, publish
from catalog.curation import series
from catalog.dataset import Dataset
from catalog.errors import PublisherNeeded
from catalog.find import PAGE_MAX
from catalog.links.read import count_broken
from exchange.usage import usage_since
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.errors import N_, Refusal
from policies.identity.people import organization_with_id
from policies.party import Actor, Organization
from policies.roles import can_publish_for
from policies.terms import MicroCredits
from portal.languages import CITY_ZONE
from portal.pages.dataset.quality import promise_of
from portal.pages.dataset_cards import quality_state
from portal.pages.publish import workbench
from portal.pages.publish.change_words import change_pairs
from portal.pages.publish.offer_forms import blank_fields
from portal.pages.publish.workbench import Work, work_on
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.check import Kind
from quality.reports import reports_with_ids

router = APIRouter()

FIRST_DISTRIBUTION: Final = "data"
"""Name of the distribution that pages work on."""
USAGE_DAYS: Final = 30
UNPROCESSABLE: Final = 422

MESSAGES: Final = {
    "created": N_("The dataset is registered. Send a file next."),
    "changed": N_("The description is changed."),
    "registered": N_("The record is registered. Hand it to the approver when it is ready."),
    "submitted": N_("The approver has it now."),
    "taken-up": N_("It is a draft again. It goes the whole way once more."),
    "masks": N_("The masks are kept. They are looked at before anything leaves."),
    "rule-added": N_("The rule is added. The next check asks it."),
    "rule-removed": N_("The rule is taken away."),
    "proposed": N_("The listing is proposed."),
}
_SEE_OTHER: Final = 303


@router.get("/publish")
def show_desk(request: Request) -> Response:
    """The desk: what waits, and one's own datasets with their state."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        organization = own_organization(tx, actor)
        datasets = find.listed(tx, by=actor, publisher_id=organization.id, limit=PAGE_MAX).datasets
        overviews = [find.overview(tx, dataset.slug, by=actor) for dataset in datasets]
        newest = [one.distributions[0].newest if one.distributions else None for one in overviews]
        reports = reports_with_ids(tx, [one.report_id if one else None for one in newest])
        failing = workbench.feeds_that_fail(tx, overviews, say)
        since = at - timedelta(days=USAGE_DAYS)
        usage = usage_since(tx, [dataset.id for dataset in datasets], since)
        broken = count_broken(tx, [dataset.id for dataset in datasets])
    lines = []
    for dataset, version in zip(datasets, newest, strict=True):
        report = reports.get(version.report_id) if version and version.report_id else None
        used = usage.get(dataset.id)
        lines.append(
            {
                "title": dataset.entry.title,
                "href": f"/publish/{dataset.slug}",
                "state": dataset.state.value,
                "score": report.score.total if report else None,
                "quality_state": quality_state(version.verdict if version else None),
                "promise_state": promise_of(dataset, version, "", at=at, say=say).state,
                "deliveries": used.deliveries if used else 0,
                "trend": "",
                "modified": dataset.modified_at.astimezone(CITY_ZONE),
            }
        )
    earned = sum(used.earned for used in usage.values())
    todo = [
        task
        for one in overviews
        if (task := workbench.todo_of(one, say, at=at, broken_count=broken.get(one.dataset.id, 0)))
        is not None
    ]
    return render(
        request,
        "publish/desk.html",
        organization=organization.title,
        numbers=[
            (say.gettext("Datasets"), say.number(len(datasets))),
            (
                say.gettext("Deliveries, 30 days"),
                say.number(sum(used.deliveries for used in usage.values())),
            ),
            (say.gettext("Income, 30 days, credits"), say.credits(MicroCredits(earned))),
        ],
        todo=[*failing, *todo],
        datasets=lines,
        income=earned,
        new_href="/publish/new",
    )


@router.get("/publish/{slug}")
def show_workbench(
    request: Request, slug: str, done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """One dataset with everything that its publisher can do to it."""
    return workbench_page(request, slug, done=done)


@router.post("/publish/{slug}/submit")
def submit(request: Request, slug: str) -> Response:
    """Hand the newest checked version to an approver."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dataset = find.dataset_named(tx, slug, by=actor)
            publish.submit(tx, dataset.id, by=actor, at=wiring.now())
    except Refusal as refusal:
        return workbench_page(
            request, slug, errors={"": speech_of(request).refusal(refusal)},
            status=status_of(refusal),
        )  # fmt: skip
    return RedirectResponse(f"/publish/{slug}?done=submitted", _SEE_OTHER)


@router.post("/publish/{slug}/take-up")
def take_up(
    request: Request, slug: str, reason: Annotated[str, Form(max_length=20_000)] = ""
) -> Response:
    """Make a withdrawn dataset a draft again."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dataset = find.dataset_named(tx, slug, by=actor)
            publish.take_up(tx, dataset.id, reason=reason, by=actor, at=wiring.now())
    except Refusal as refusal:
        return workbench_page(
            request, slug, errors={"reason": speech_of(request).refusal(refusal)},
            status=status_of(refusal),
        )  # fmt: skip
    return RedirectResponse(f"/publish/{slug}?done=taken-up", _SEE_OTHER)


def workbench_page(
    request: Request,
    slug: str,
    *,
    done: str = "",
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The workbench, with what just happened or went wrong."""
    say = speech_of(request)
    work, feed_failed = _work(request, slug)
    dataset, newest = work.overview.dataset, work.newest
    return render(
        request,
        "publish/one.html",
        status=status,
        slug=slug,
        title=dataset.entry.title,
        state=dataset.state.value,
        reason=dataset.state_reason or (newest.state_reason if newest else ""),
        message=say.gettext(MESSAGES[done]) if done in MESSAGES else None,
        steps=workbench.steps_of(work, say),
        uploads=workbench.upload_lines(work, say),
        feed_failed=feed_failed,
        score=work.report.score.total if work.report else None,
        quality_state=quality_state(newest.verdict if newest else None),
        failures=[say.text(one.sentence) for one in work.report.failures][:5]
        if work.report
        else [],
        version=newest.number if newest else None,
        changes=change_pairs(newest, say),
        unanswered=work.unanswered,
        broken=workbench.broken_lines(work, say),
        held=workbench.held_lines(work, say),
        may_submit=work.may_submit,
        may_approve=work.overview.may_approve,
        is_record_alone=work.is_record_alone,
        members=_members(request, dataset),
        rules=work.rules,
        checks=[(kind.value, say.text(kind.label)) for kind in Kind],
        listings=workbench.listing_lines(work, say),
        may_propose=dataset.state.value == "published"
        and any(one.held for one in work.overview.distributions),
        licences=licence_choices(request, say),
        bases=lawful_bases(say),
        typed={**blank_fields(), **(typed or {})},
        errors=errors or {},
    )


def lawful_bases(say: Speech) -> list[tuple[str, str]]:
    """The closed list of what makes the collection of data lawful."""
    return [
        ("statutory_duty", say.gettext("Statutory duty")),
        ("contract", say.gettext("Contract")),
        ("consent", say.gettext("Consent")),
        ("lawfully_public", say.gettext("Lawfully made public")),
        ("own_production", say.gettext("Produced by ourselves")),
        ("authorised_operation", say.gettext("Authorised operation")),
    ]


def _members(request: Request, dataset: Dataset) -> list[Dataset] | None:
    """The datasets of a series; None where it is none."""
    if not dataset.entry.directory.is_series:
        return None
    with wiring_of(request).pool.connection() as tx:
        return series.members_of(tx, dataset, by=signed_in(request))


def _work(request: Request, slug: str) -> tuple[Work, str]:
    """The records of the dataset, and why its source could not be read; empty where it could."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        work = work_on(tx, slug, by=actor, at=wiring.now(), say=say)
        failing = workbench.feeds_that_fail(tx, [work.overview], say)
    return work, str(failing[0]["note"]) if failing else ""


def own_organization(tx: Tx, actor: Actor) -> Organization:
    """The organisation that the actor publishes for: the one acted for, else the first.

    Raises: PublisherNeeded.
    """
    if actor.organization and can_publish_for(actor, actor.organization.id):
        return actor.organization
    for held in actor.memberships:
        if held.organization_id and can_publish_for(actor, held.organization_id):
            return organization_with_id(tx, held.organization_id)
    raise PublisherNeeded


def stage_names(say: Speech) -> list[str]:
    """The steps of the way, in order."""
    return [
        say.gettext("Description"),
        say.gettext("File"),
        say.gettext("Check and submit"),
        say.gettext("Terms"),
    ]


def licence_choices(request: Request, say: Speech) -> list[tuple[str, str]]:
    """The closed list of licences."""
    profile = profile_in_force(wiring_of(request).now())
    return [(one.id, say.text(one.title)) for one in profile.licences]

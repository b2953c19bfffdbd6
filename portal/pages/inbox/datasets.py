"""What was submitted of a dataset: the page to publish it, return it or withdraw what is out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog import publish
from catalog.dataset import DatasetState
from catalog.errors import ReasonMissing as CatalogReasonMissing
from catalog.find import dataset_named, overview
from catalog.version import VersionState
from policies.decision.profile import profile_in_force
from portal.jobs import ask_for_copies
from portal.pages.inbox.told import name_of
from portal.pages.legal_words import citation_words
from portal.pages.publish.change_words import change_pairs
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

_WITH_APPROVER: Final = (DatasetState.SUBMITTED, DatasetState.REVIEWED)
_SEE_OTHER: Final = 303
Field = Annotated[str, Form(max_length=20_000)]


@router.get("/inbox/dataset/{slug}")
def show_submission(request: Request, slug: str) -> Response:
    """What was submitted of one dataset, to be published or returned."""
    return _submission_page(request, slug, errors={}, reason="")


@router.post("/inbox/dataset/{slug}")
def decide_submission(
    request: Request, slug: str, decision: Field = "", reason: Field = ""
) -> Response:
    """Publish what was submitted, approve it for later, return it, or withdraw what is out."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dataset = dataset_named(tx, slug, by=actor)
            if decision == "publish":
                publish.publish(tx, dataset.id, by=actor, at=wiring.now())
                ask_for_copies(tx, dataset.id)
                done = "published"
            elif decision == "review":
                publish.review(tx, dataset.id, by=actor, at=wiring.now())
                done = "reviewed"
            elif decision == "withdraw":
                publish.withdraw(tx, dataset.id, reason=reason, by=actor, at=wiring.now())
                done = "taken-back"
            else:
                publish.return_to_publisher(
                    tx, dataset.id, reason=reason, by=actor, at=wiring.now()
                )
                done = "sent-back"
    except CatalogReasonMissing as refusal:
        errors = {"reason": speech_of(request).refusal(refusal)}
        return _submission_page(
            request, slug, errors=errors, reason=reason, status=status_of(refusal)
        )
    return RedirectResponse(f"/inbox?done={done}", _SEE_OTHER)


def _submission_page(
    request: Request, slug: str, *, errors: Mapping[str, str], reason: str, status: int = 200
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = overview(tx, slug, by=actor)
        submitted = [
            (held.distribution, version)
            for held in found.distributions
            for version in held.versions
            if version.state is VersionState.SUBMITTED
        ]
        handed_in = [version.submitted_by for _, version in submitted]
        if found.dataset.state in _WITH_APPROVER:
            handed_in.append(found.dataset.submitted_by)
        submitters = {name_of(tx, user_id) for user_id in handed_in if user_id is not None}
        bases = profile_in_force(wiring.now()).legal_bases
    entry = found.dataset.entry
    return render(
        request,
        "inbox/dataset.html",
        status=status,
        dataset=found.dataset,
        facts=[
            (say.gettext("Publishing organisation"), say.text(found.publisher.title)),
            (say.gettext("Submitted by"), ", ".join(sorted(submitters)) or "—"),
            (say.gettext("Summary"), say.text(entry.summary) or "—"),
            (
                say.gettext("Why it is not shared"),
                citation_words(entry.share_basis, bases, say) or "—",
            ),
            (
                say.gettext("Why it is not open"),
                citation_words(entry.open_basis, bases, say) or "—",
            ),
        ],
        versions=[
            {
                "title": distribution.title,
                "version": version,
                "changes": change_pairs(version, say),
            }
            for distribution, version in submitted
        ],
        is_first=found.dataset.state is not DatasetState.PUBLISHED,
        may_approve=found.may_approve
        and (bool(submitted) or found.dataset.state in _WITH_APPROVER),
        may_review=found.dataset.state is DatasetState.SUBMITTED,
        may_withdraw=found.may_approve and found.dataset.state is DatasetState.PUBLISHED,
        is_submitter=actor.user_id in handed_in,
        errors=errors,
        reason=reason,
    )

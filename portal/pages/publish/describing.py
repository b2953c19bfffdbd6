"""The pages that describe a record: its form with points beside it, drafts, and filing faults."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog import find
from catalog.curation import classify, describe, draft, mend, series
from catalog.curation.classify_errors import GovCodeTaken, NotASeries, UnknownTheme
from catalog.curation.themes import themes_of_dataset
from catalog.dataset import Dataset, DatasetState
from catalog.errors import PublisherNeeded, SlugTaken
from catalog.filing import Fault, Filing
from catalog.theme import Theme
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.errors import N_, MalformedSlug, Refusal
from policies.identity.people import organization_named, organization_with_id
from policies.party import Actor, Organization
from policies.terms import DatasetId
from portal.pages.publish.entry_form import EntryFields, EntryForm
from portal.pages.publish.publishing import (
    FIRST_DISTRIBUTION,
    licence_choices,
    own_organization,
    stage_names,
)
from portal.pages.publish.record_score import reached_of, score_view, would_be
from portal.pages.record_words import labels_of
from portal.pages.rendering import render, wants_part
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

UNPROCESSABLE: Final = 422
_SEE_OTHER: Final = 303
_DONE: Final = {
    "draft": N_("Your draft is kept. Nobody else sees it."),
    "discarded": N_("The draft is discarded."),
    "mended": N_("It is put right."),
}
FAULTS: Final = {
    Fault.CHANNEL_MISFITS: N_("The way of sharing does not fit the kind of format."),
    Fault.NAME_REPEATED: N_("Another record of yours has the same name."),
    Fault.NAME_UNTIDY: N_("The name holds line breaks or doubled blanks."),
    Fault.CODE_UNEQUAL: N_("The number in the code is not as long as in your other codes."),
    Fault.CODE_MISFITS: N_("The code does not begin with the class code."),
    Fault.SUMMARY_EMPTY: N_("The summary is empty."),
    Fault.SUMMARY_IS_NAME: N_("The summary only says the name again."),
}
_LOCKED: Final = (DatasetState.SUBMITTED, DatasetState.REVIEWED, DatasetState.WITHDRAWN)
Fields = Annotated[EntryFields, Form()]
Done = Annotated[str, Query(max_length=20)]


# Registering --------------------------------------------------------------------------------------


@router.get("/publish/new")
def show_new(request: Request, done: Done = "") -> Response:
    """The form that registers a dataset, with what was typed before."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        own_organization(tx, actor)
        kept = draft.draft_of(tx, None, by=actor)
    form = EntryForm.empty() if kept is None else EntryForm.kept(kept.fields)
    return _page(request, form, None, kept_at=kept.kept_at if kept else None, done=done)


@router.post("/publish/new")
def register(
    request: Request, given: Fields, without_data: Annotated[str, Form()] = ""
) -> Response:
    """Register a dataset as a draft, with a place for its file unless it has no data of its own."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    form = EntryForm.typed(given)
    form.check_slug(say)
    try:
        with wiring.pool.connection() as tx:
            publisher = _publisher(tx, given, actor)
            entry = form.entry(
                say,
                bases=profile_in_force(at).legal_bases,
                series_id=_series_id(tx, given.series, actor),
            )
            if entry is not None and not form.errors:
                made = describe.create(
                    tx, form.values["slug"], entry, publisher_id=publisher.id, by=actor, at=at
                )
                classify.name_themes(tx, made.id, form.themes, by=actor, at=at)
                has_data = not without_data and not entry.directory.is_series
                if has_data:
                    describe.add_distribution(
                        tx, made.id, FIRST_DISTRIBUTION, entry.title, by=actor, at=at
                    )
                draft.drop_draft(tx, None, by=actor)
                place = "/upload?done=created" if has_data else "?done=registered"
                return RedirectResponse(f"/publish/{made.slug}{place}", _SEE_OTHER)
    except (SlugTaken, MalformedSlug, NotASeries, UnknownTheme, GovCodeTaken) as refusal:
        form.complain(refusal, say, otherwise="slug")
        return _refused(request, form, None, at, status=status_of(refusal))
    return _refused(request, form, None, at, status=UNPROCESSABLE)


@router.post("/publish/new/draft")
def keep_new(request: Request, given: Fields) -> Response:
    """Keep what was typed of a dataset to be registered, and count its points."""
    return _keep(request, given, None, "/publish/new")


@router.post("/publish/new/discard")
def discard_new(request: Request) -> Response:
    """Forget what was typed of a dataset to be registered."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        draft.drop_draft(tx, None, by=actor)
    return RedirectResponse("/publish/new?done=discarded", _SEE_OTHER)


# Changing -----------------------------------------------------------------------------------------


@router.get("/publish/{slug}/describe")
def show_description(request: Request, slug: str, done: Done = "") -> Response:
    """The form that changes what is said of a dataset, with what was typed and not saved."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = _own(tx, slug, actor)
        kept = draft.draft_of(tx, dataset.id, by=actor)
        form = EntryForm.kept(kept.fields) if kept else _saved(request, tx, dataset, actor)
    return _page(request, form, dataset, kept_at=kept.kept_at if kept else None, done=done)


@router.post("/publish/{slug}/describe")
def change_description(request: Request, slug: str, given: Fields) -> Response:
    """Change what is said of a dataset."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    form = EntryForm.typed(given)
    with wiring.pool.connection() as tx:
        dataset = _own(tx, slug, actor)
    try:
        with wiring.pool.connection() as tx:
            entry = form.entry(
                say,
                bases=profile_in_force(at).legal_bases,
                before=dataset.entry.directory,
                series_id=_series_id(tx, given.series, actor, dataset=dataset),
            )
            if entry is not None:
                describe.change(tx, dataset.id, entry, by=actor, at=at)
                classify.name_themes(tx, dataset.id, form.themes, by=actor, at=at)
                draft.drop_draft(tx, dataset.id, by=actor)
                return RedirectResponse(f"/publish/{slug}?done=changed", _SEE_OTHER)
    except Refusal as refusal:
        form.complain(refusal, say)
        return _refused(request, form, dataset, at, status=status_of(refusal))
    return _refused(request, form, dataset, at, status=UNPROCESSABLE)


@router.post("/publish/{slug}/describe/draft")
def keep_changes(request: Request, slug: str, given: Fields) -> Response:
    """Keep what was typed without saving it in the record, and count its points."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = _own(tx, slug, actor)
    return _keep(request, given, dataset, f"/publish/{slug}/describe")


@router.post("/publish/{slug}/describe/discard")
def discard_changes(request: Request, slug: str) -> Response:
    """Forget what was typed and not saved."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        draft.drop_draft(tx, _own(tx, slug, actor).id, by=actor)
    return RedirectResponse(f"/publish/{slug}/describe?done=discarded", _SEE_OTHER)


@router.post("/publish/{slug}/mend")
def mend_filing(request: Request, slug: str, fault: Annotated[str, Form()] = "") -> Response:
    """Put one filing fault right."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = _own(tx, slug, actor)
        if fault in set(Fault):
            mend.mend(tx, dataset.id, Fault(fault), by=actor, at=wiring.now())
    return RedirectResponse(f"/publish/{slug}/describe?done=mended", _SEE_OTHER)


# The page -----------------------------------------------------------------------------------------


def _keep(request: Request, given: EntryFields, dataset: Dataset | None, place: str) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    form, at = EntryForm.typed(given), wiring.now()
    with wiring.pool.connection() as tx:
        publisher = _publisher_of(tx, dataset, given, actor)
        draft.keep_draft(tx, dataset.id if dataset else None, form.fields, by=actor, at=at)
        if wants_part(request):
            record = would_be(
                tx,
                form,
                dataset,
                publisher=publisher,
                themes=classify.themes_to_choose(tx),
                by=actor,
                at=at,
            )
            reached = reached_of(tx, dataset)
    if not wants_part(request):
        return RedirectResponse(f"{place}?done=draft", _SEE_OTHER)
    return render(
        request,
        "publish/score.html",
        score=score_view(record, say, is_new=dataset is None, reached=reached),
        score_href=f"{place}/draft",
        kept_at=at,
    )


def _refused(
    request: Request, form: EntryForm, dataset: Dataset | None, at: datetime, *, status: int
) -> Response:
    """The form with what is wrong; what was typed is kept as a draft too."""
    actor = signed_in(request)
    try:
        with wiring_of(request).pool.connection() as tx:
            draft.keep_draft(tx, dataset.id if dataset else None, form.fields, by=actor, at=at)
    except Refusal as refusal:
        form.complain(refusal, speech_of(request))
    return _page(request, form, dataset, kept_at=None, status=status)


def _page(
    request: Request,
    form: EntryForm,
    dataset: Dataset | None,
    *,
    kept_at: datetime | None,
    done: str = "",
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        themes = classify.themes_to_choose(tx)
        publisher = _publisher_of(tx, dataset, None, actor)
        gathered = series.series_of_publisher(tx, publisher.id, by=actor)
        filing = mend.filing_of(tx, dataset, by=actor) if dataset else []
        record = would_be(tx, form, dataset, publisher=publisher, themes=themes, by=actor, at=at)
        reached = reached_of(tx, dataset)
    slug = dataset.slug if dataset else None
    return render(
        request,
        "publish/describe.html",
        status=status,
        slug=slug,
        typed=form.values,
        chosen_themes=form.themes,
        errors=form.errors,
        labels=labels_of(say),
        stages_named=stage_names(say),
        licences=licence_choices(request, say),
        bases=[(one.id, say.text(one.title)) for one in profile_in_force(at).legal_bases],
        themes=_theme_choices(themes, say),
        series=[
            (one.slug, say.text(one.entry.title))
            for one in gathered
            if dataset is None or one.id != dataset.id
        ],
        filing=_filing_lines(filing, say),
        score=score_view(record, say, is_new=dataset is None, reached=reached),
        score_href=f"/publish/{slug}/describe/draft" if slug else "/publish/new/draft",
        kept_at=kept_at,
        is_from_draft=kept_at is not None,
        is_locked=dataset is not None and dataset.state in _LOCKED,
        message=say.gettext(_DONE[done]) if done in _DONE else None,
    )


def _saved(request: Request, tx: Tx, dataset: Dataset, actor: Actor) -> EntryForm:
    around = series.series_around(tx, dataset, by=actor)
    return EntryForm.of(
        dataset,
        [theme.slug for theme in themes_of_dataset(tx, dataset.id)],
        around.slug if around else "",
        profile_in_force(wiring_of(request).now()).legal_bases,
    )


def _own(tx: Tx, slug: str, actor: Actor) -> Dataset:
    """The dataset, for one who may change it.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    overview = find.overview(tx, slug, by=actor)
    if not overview.may_change:
        raise PublisherNeeded
    return overview.dataset


def _publisher(tx: Tx, given: EntryFields, actor: Actor) -> Organization:
    if given.organization:
        return organization_named(tx, given.organization)
    return own_organization(tx, actor)


def _publisher_of(
    tx: Tx, dataset: Dataset | None, given: EntryFields | None, actor: Actor
) -> Organization:
    if dataset is not None:
        return organization_with_id(tx, dataset.publisher_id)
    return own_organization(tx, actor) if given is None else _publisher(tx, given, actor)


def _series_id(
    tx: Tx, slug: str, actor: Actor, *, dataset: Dataset | None = None
) -> DatasetId | None:
    """The series that was chosen; a dataset is no part of itself."""
    if not slug.strip():
        return None
    series_id = series.series_named(tx, slug.strip(), by=actor)
    if dataset is not None and series_id == dataset.id:
        raise NotASeries(slug)
    return series_id


def _theme_choices(themes: list[Theme], say: Speech) -> list[tuple[str, str, None]]:
    return [(theme.slug, say.text(theme.title) or theme.slug, None) for theme in themes]


def _filing_lines(filing: list[Filing], say: Speech) -> list[dict[str, object]]:
    return [
        {
            "words": say.gettext(FAULTS[one.fault]),
            "field": one.field,
            "fault": one.fault.value,
            "can_mend": one.mended is not None,
        }
        for one in filing
    ]

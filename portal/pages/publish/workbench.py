"""A publisher's view of one dataset: how far it has come, and what can be done next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog import find, ingest
from catalog.connections import follow as feeds
from catalog.dataset import Dataset, DatasetState
from catalog.errors import PublisherNeeded
from catalog.find import DistributionOverview, Overview
from catalog.kept_file import is_document
from catalog.links.link import LinkCheck, Outcome
from catalog.links.read import link_checks_of
from catalog.version import Upload, UploadState, Version, VersionState
from exchange.list_product import listings_of
from exchange.listing import Listing, ListingState
from policies.database import Tx
from policies.decision.clause import ClauseResult
from policies.party import Actor
from portal.pages.dataset.quality import examples_table, promise_of
from portal.pages.dataset_cards import quality_state
from portal.pages.speech import Speech
from quality.answer_sensitive import findings_of
from quality.held.batch import HELD_BATCHES_MAX, HELD_FOR, HeldBatch, HeldRule
from quality.held.hold import held_batches
from quality.report import Report
from quality.reports import reports_with_ids
from quality.rules import list_rules

_LISTING_STATES = {
    ListingState.DRAFT: "waiting",
    ListingState.LISTED: "active",
    ListingState.SUSPENDED: "frozen",
    ListingState.WITHDRAWN: "withdrawn",
}
_UPLOAD_STATES = {
    UploadState.HELD: "draft",
    UploadState.QUEUED: "queued",
    UploadState.INGESTING: "running",
    UploadState.INGESTED: "done",
    UploadState.PARTED: "done",
    UploadState.KEPT: "done",
    UploadState.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Work:
    """The records behind the workbench."""

    overview: Overview
    listings: tuple[Listing, ...]
    rules: tuple[tuple[str, str, str], ...]
    """Own rules: id, sentence, gate."""
    report: Report | None
    unanswered: int = 0
    """Findings of sensitive data that wait for an answer."""
    broken: tuple[LinkCheck, ...] = ()
    """Addresses elsewhere that do not answer."""
    held: tuple[HeldBatch, ...] = ()
    """The last batches that rules kept from readers."""

    @property
    def distribution(self) -> DistributionOverview | None:
        """The first one, which pages work on."""
        return self.overview.distributions[0] if self.overview.distributions else None

    @property
    def newest(self) -> Version | None:
        """The newest version, published or not."""
        return self.distribution.newest if self.distribution else None

    @property
    def may_submit(self) -> bool:
        """Whether there is a checked version that was not handed in, or a record without data."""
        if self.overview.dataset.state is DatasetState.WITHDRAWN:
            return False
        waiting = waiting_of(self.overview)
        if waiting or self.newest is not None:
            return bool(waiting) and all(one.lets_pass for one in waiting)
        return self.is_record_alone and self.overview.dataset.state is DatasetState.DRAFT

    @property
    def is_record_alone(self) -> bool:
        """Whether it has no table here: none at all, or it lies elsewhere or is a document."""
        return _is_record_alone(self.overview)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to publication, as a timeline shows it."""

    name: str
    state: str
    at: datetime | None = None
    by: str | None = None
    note: str | None = None


def work_on(tx: Tx, slug: str, *, by: Actor, at: datetime, say: Speech) -> Work:
    """The records of a dataset for one who may change it.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    overview = find.overview(tx, slug, by=by)
    if not overview.may_change:
        raise PublisherNeeded
    version = overview.distributions[0].newest if overview.distributions else None
    reports = reports_with_ids(tx, [version.report_id] if version else [])
    return Work(
        overview=overview,
        listings=tuple(listings_of(tx, overview.dataset.id, by=by)),
        rules=tuple(
            (str(own.id), say.text(own.rule.title), own.rule.gate.value)
            for own in list_rules(tx, overview.dataset.id)
        ),
        report=reports.get(version.report_id) if version and version.report_id else None,
        unanswered=sum(one.answered is None for one in findings_of(tx, version.id))
        if version
        else 0,
        broken=tuple(one for one in link_checks_of(tx, overview.dataset.id) if one.is_broken),
        held=tuple(
            held_batches(tx, [one.distribution.id for one in overview.distributions], at=at)
        ),
    )


def held_lines(work: Work, say: Speech) -> dict[str, object] | None:
    """The batches that rules kept from readers, with what to do; None where there are none."""
    if not work.held:
        return None
    return {
        "batches_max": HELD_BATCHES_MAX,
        "days": HELD_FOR.days,
        "batches": [
            {
                "at": batch.at,
                "version": batch.version_number,
                "rows": batch.row_count,
                "rules": [_held_rule(rule, say) for rule in batch.rules],
            }
            for batch in work.held
        ],
    }


def _held_rule(rule: HeldRule, say: Speech) -> dict[str, object]:
    return {
        "title": say.text(rule.title),
        "rows": rule.row_count,
        "fix": say.text(rule.fix),
        "examples": examples_table(rule.examples, say) if rule.examples else None,
    }


def steps_of(work: Work, say: Speech) -> list[Step]:
    """The way from description to publication, with what is done and what comes next."""
    dataset, newest = work.overview.dataset, work.newest
    uploads = work.distribution.uploads if work.distribution else ()
    described = Step(say.gettext("Description"), "done", dataset.created_at)
    if work.newest is None and work.is_record_alone:
        files = (
            [Step(say.gettext("File"), "done", uploads[0].uploaded_at, note=uploads[0].file_name)]
            if uploads
            else []
        )
        return [described, *files, *_decisions_about_record(dataset, say)]
    if not uploads:
        return [described, *_later(say, ("now", "later", "later", "later"))]
    file = Step(
        say.gettext("File"),
        "stopped" if newest is None and uploads[0].state is UploadState.FAILED else "done",
        uploads[0].uploaded_at,
        note=uploads[0].file_name,
    )
    if newest is None:
        is_failed = uploads[0].state is UploadState.FAILED
        rest = _later(say, ("now", "later" if is_failed else "now", "later", "later"))
        return [described, file, *rest[1:]]
    submit, publish = _decisions(newest, say)
    approved = (
        [Step(say.gettext("Approved"), "done", dataset.reviewed_at)]
        if dataset.state is DatasetState.REVIEWED
        else []
    )
    return [described, file, _check(work, newest, say), submit, *approved, publish]


def _decisions_about_record(dataset: Dataset, say: Speech) -> list[Step]:
    """The way of a record without data: handed in, approved, published."""
    names = (
        say.gettext("Handed to the approver"),
        say.gettext("Approved"),
        say.gettext("Published"),
    )
    states = {
        DatasetState.DRAFT: ("now", "later", "later"),
        DatasetState.SUBMITTED: ("done", "now", "later"),
        DatasetState.REVIEWED: ("done", "done", "now"),
        DatasetState.PUBLISHED: ("done", "done", "done"),
        DatasetState.WITHDRAWN: ("done", "done", "stopped"),
    }[dataset.state]
    at = (None, dataset.reviewed_at, dataset.issued if states[2] == "done" else None)
    return [
        Step(name, state, moment if state == "done" else None)
        for name, state, moment in zip(names, states, at, strict=True)
    ]


def listing_lines(work: Work, say: Speech) -> list[dict[str, object]]:
    """The dataset's listings with what still stands against each."""
    return [
        {
            "id": str(listing.id),
            "masked": len(listing.view.changed_columns),
            "regime": listing.regime.value,
            "state": _LISTING_STATES[listing.state],
            "waits_for": _waits_for(listing, say),
            "clauses": [
                {
                    "id": result.clause_id,
                    "sentence": say.text(result.message),
                    "source": f"{say.text(result.source)} {say.text(result.article)}".strip(),
                }
                for result in _against(listing)
            ],
        }
        for listing in work.listings
    ]


def waiting_of(overview: Overview) -> list[Version]:
    """The newest versions, of every table and document, that were not handed in yet."""
    held = [one.held for one in overview.distributions]
    return [one for one in held if one is not None and one.state is VersionState.CREATED]


def upload_lines(work: Work, say: Speech) -> list[dict[str, object]]:
    """The files that were sent, newest first."""
    slug = work.overview.dataset.slug
    places = work.overview.distributions
    titles = {one.distribution.id: say.text(one.distribution.title) for one in places[1:]}
    uploads = sorted(
        (upload for one in places for upload in one.uploads),
        key=lambda upload: upload.uploaded_at,
        reverse=True,
    )
    return [
        {
            "place": titles.get(upload.distribution_id, ""),
            "href": f"/publish/{slug}/upload/{upload.id}",
            "file_name": upload.file_name,
            "size": upload.size_bytes,
            "at": upload.uploaded_at,
            "state": _UPLOAD_STATES[upload.state],
            "note": failure_words(upload, say) or "",
        }
        for upload in uploads
    ]


def failure_words(upload: Upload, say: Speech) -> str | None:
    """Why a file was not read; None where it was, or may still be."""
    return None if upload.failure is None else say.refusal(ingest.refusal_of(upload.failure))


def broken_lines(work: Work, say: Speech) -> list[dict[str, object]]:
    """Addresses elsewhere that do not answer: which, what is wrong, since when."""
    return [
        {
            "address": one.address,
            "is_address": one.address.startswith(("http://", "https://")),
            "words": _broken_words(one, say),
            "since": one.failing_since,
        }
        for one in work.broken
    ]


def _is_record_alone(overview: Overview) -> bool:
    return all(
        held.distribution.access_url or is_document(held.distribution)
        for held in overview.distributions
    )


def _broken_words(check: LinkCheck, say: Speech) -> str:
    if check.outcome is Outcome.REFUSED:
        return say.gettext("It leads to no place that the public can reach.")
    if check.status is None:
        return say.gettext("No answer.")
    return say.gettext("It answered with status {status}.", status=str(check.status))


def _waits_for(listing: Listing, say: Speech) -> str:
    if listing.state is not ListingState.DRAFT:
        return ""
    if _against(listing):
        return say.gettext("Clauses stand against it; they are named below.")
    if listing.regime.value == "trade":
        return say.gettext("The bureau opens it.")
    return say.gettext("An approver opens it.")


def _against(listing: Listing) -> tuple[ClauseResult, ...]:
    if listing.judgement is None or listing.state is not ListingState.DRAFT:
        return ()
    return listing.judgement.blocking


def _check(work: Work, newest: Version, say: Speech) -> Step:
    name = say.gettext("Quality check")
    if newest.verdict is None:
        return Step(name, "now")
    score = work.report.score.total if work.report else None
    note = None if score is None else say.gettext("{score} of 100", score=say.number(score))
    state = "done" if newest.lets_pass else "stopped"
    return Step(name, state, newest.assessed_at, note=note)


def _decisions(newest: Version, say: Speech) -> list[Step]:
    submit, publish = say.gettext("Handed to the approver"), say.gettext("Published")
    match newest.state:
        case VersionState.PUBLISHED:
            return [
                Step(submit, "done", newest.submitted_at),
                Step(publish, "done", newest.published_at),
            ]
        case VersionState.SUBMITTED:
            return [Step(submit, "done", newest.submitted_at), Step(publish, "now")]
        case VersionState.WITHDRAWN:
            return [Step(submit, "done", newest.submitted_at), Step(publish, "stopped")]
        case VersionState.CREATED:
            is_ready = "now" if newest.lets_pass else "later"
            note = newest.state_reason or None
            return [Step(submit, is_ready, note=note), Step(publish, "later")]


def _later(say: Speech, states: tuple[str, str, str, str]) -> list[Step]:
    names = (
        say.gettext("File"),
        say.gettext("Quality check"),
        say.gettext("Handed to the approver"),
        say.gettext("Published"),
    )
    return [Step(name, state) for name, state in zip(names, states, strict=True)]


def _task_of_record(
    dataset: Dataset,
    returned: str,
    task: Callable[[str, str, str], dict[str, object]],
    say: Speech,
) -> dict[str, object] | None:
    """What waits for the publisher at a record without data of its own."""
    if dataset.state is not DatasetState.DRAFT:
        return None
    if returned:
        return task(say.gettext("came back from the approver"), returned, "returned")
    return task(say.gettext("is a draft"), say.gettext("Hand it to the approver."), "draft")


def feeds_that_fail(tx: Tx, works: Sequence[Overview], say: Speech) -> list[dict[str, object]]:
    """A task for each dataset whose source could not be read the last time."""
    place_of = {held.distribution.id: work.dataset for work in works for held in work.distributions}
    what = say.gettext("its source could not be read")
    colon = say.gettext(": ")
    return [
        {
            "label": f"{say.text(place_of[distribution_id].entry.title)}{colon}{what}",
            "href": f"/publish/{place_of[distribution_id].slug}/connection",
            "note": say.refusal(feeds.refusal_of(run.failure)) if run.failure else "",
            "state": "failed",
            "due": None,
        }
        for distribution_id, (_, run) in feeds.failing(tx, list(place_of)).items()
    ]


def _task_of_further(
    work: Overview, task: Callable[[str, str, str], dict[str, object]], say: Speech
) -> dict[str, object] | None:
    """A table or document beside the first that may be handed in; None where there is none."""
    waiting = waiting_of(work)
    if not waiting or not all(one.lets_pass for one in waiting):
        return None
    return task(say.gettext("has a further file"), say.gettext("Hand it to the approver."), "draft")


def _freshness_task(
    dataset: Dataset,
    newest: Version,
    task: Callable[[str, str, str], dict[str, object]],
    at: datetime,
    say: Speech,
) -> dict[str, object] | None:
    """Data that is due soon or overdue; None where the promise is kept or names no day."""
    promise = promise_of(dataset, newest, "", at=at, say=say)
    if promise.due is None or promise.state == "kept":
        return None
    is_late = promise.state == "broken"
    label = say.gettext("new data is overdue") if is_late else say.gettext("new data is due")
    return {**task(label, say.gettext("Send a file."), promise.state), "due": promise.due}


def todo_of(
    work: Overview, say: Speech, *, at: datetime, broken_count: int = 0
) -> dict[str, object] | None:
    """What waits for the publisher at one dataset; None where nothing does."""
    dataset = work.dataset
    newest = work.distributions[0].newest if work.distributions else None
    uploads = work.distributions[0].uploads if work.distributions else ()
    title, href = say.text(dataset.entry.title), f"/publish/{dataset.slug}"

    def task(label: str, note: str, state: str) -> dict[str, object]:
        return {
            "label": f"{title}{say.gettext(': ')}{label}",
            "href": href,
            "note": note,
            "state": state,
            "due": None,
        }

    if dataset.state in (
        DatasetState.SUBMITTED,
        DatasetState.REVIEWED,
        DatasetState.WITHDRAWN,
    ):
        return None
    if broken_count:
        return task(
            say.gettext("has an address that does not answer"),
            say.gettext("Mend the address, or take the data in here."),
            "failed",
        )
    returned = dataset.state_reason or (newest.state_reason if newest else "")
    if newest is not None and newest.state is VersionState.CREATED and returned:
        return task(say.gettext("came back from the approver"), returned, "returned")
    if uploads and uploads[0].state is UploadState.FAILED:
        return task(
            say.gettext("a file could not be read"), failure_words(uploads[0], say) or "", "failed"
        )
    if newest is None and _is_record_alone(work):
        return _task_of_record(dataset, returned, task, say)
    if newest is None:
        if uploads:
            return task(say.gettext("a file is being read"), uploads[0].file_name, "running")
        return task(say.gettext("has no data yet"), say.gettext("Send a file."), "draft")
    if newest.state is not VersionState.CREATED:
        further = _task_of_further(work, task, say)
        return further or _freshness_task(dataset, newest, task, at, say)
    if newest.verdict is None:
        return task(say.gettext("is being checked"), "", "running")
    if not newest.lets_pass:
        return task(
            say.gettext("did not pass its check"),
            say.gettext("See the report, mend the file and send it again."),
            "failed",
        )
    return task(
        say.gettext("passed its check"),
        say.gettext("Hand it to the approver."),
        quality_state(newest.verdict),
    )

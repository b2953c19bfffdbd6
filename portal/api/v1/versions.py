"""Versions at addresses that never change: record, rows, files, difference, withdrawal.

Source: RFC 5829 (latest-version, predecessor-version, successor-version); RFC 9110 s. 8.8.3
(strong validators), s. 15.5.11 (410 Gone).
"""

from __future__ import annotations

import threading
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from catalog import find, quarantine
from catalog.dataset import Dataset, Distribution
from catalog.pinned import known_version, neighbours_of, refuse_what_ended
from catalog.result import ResultFormat
from catalog.retain import retention_of, set_retention
from catalog.retention import Retention
from catalog.version import Version, WithdrawalReason
from catalog.withdraw_version import withdraw_version
from exchange.access import table_name
from exchange.compare import EXAMPLES_MAX, EXAMPLES_SKIPPED_MAX, compare_columns, compare_rows
from exchange.difference import Difference
from policies.database import Tx
from policies.party import Actor
from policies.terms import Purpose
from portal.api.v1 import rows
from portal.api.v1.datasets import VersionBody, version_body
from portal.gone import while_there
from portal.handing_out import COST_HEADER, RECEIPT_HEADER, ask_of, parts_of
from portal.jobs import ask_for_copies
from portal.sign_in import actor_of
from portal.version_links import links_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/datasets", tags=["data"])

EXAMPLES: Final = 20

_Distribution = Annotated[
    str | None, Query(description="Slug of the distribution; none means the first one.")
]
_Purpose = Annotated[Purpose | None, Query(description="None takes the agreement's own.")]


class RetypedBody(BaseModel):
    """A column whose values are of another type now."""

    name: str
    before: str
    after: str


class ColumnsBody(BaseModel):
    """What became of the columns."""

    added: list[str]
    gone: list[str]
    retyped: list[RetypedBody]


class ExampleBody(BaseModel):
    """A row that differs."""

    change: str
    """`added`, `changed` or `gone`."""
    before: dict[str, object]
    after: dict[str, object]
    changed_columns: list[str]


class RowsBody(BaseModel):
    """What became of the rows."""

    key: list[str]
    """Empty where whole rows were compared."""
    added: int
    changed: int
    gone: int
    changes_by_column: dict[str, int]
    examples: list[ExampleBody]
    more: bool
    """Whether there are more examples; ask with a larger `offset`."""


class DifferenceBody(BaseModel):
    """From one version to another."""

    before: int
    after: int
    columns: ColumnsBody
    rows: RowsBody | None
    """Null where only the columns were asked for."""
    receipts: list[UUID]


class WithdrawalBody(BaseModel):
    """Why a version is withdrawn."""

    reason: WithdrawalReason
    words: str = ""
    """Shown to its readers; needed where the reason is `other`."""
    distribution: str | None = None


class RetentionWish(BaseModel):
    """What is to be kept of older versions."""

    versions_kept: int
    days_kept: int


class RetentionBody(RetentionWish):
    """What is kept of older versions."""

    is_own: bool
    """Whether it was decided for this dataset; else it is the installation's rule."""


@router.get("/{slug}/versions/{reference}")
def show_version(
    request: Request, slug: str, reference: str, distribution: _Distribution = None
) -> Response:
    """One version, by its number or its digest, with the way to its neighbours in `Link`.

    410 where it was withdrawn or its retention has ended; the problem says why and what to read
    instead.
    """
    headers, body = _described(request, slug, reference, distribution)
    known = [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]
    if headers["ETag"] in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body.model_dump_json(), media_type="application/json", headers=headers)


@router.get("/{slug}/versions/{reference}/rows")
async def page_of_version(
    request: Request,
    slug: str,
    reference: str,
    columns: str | None = None,
    filters: Annotated[str | None, Query(max_length=rows.FILTERS_LENGTH_CHARACTERS)] = None,
    sort: str | None = None,
    limit: Annotated[int, Query(ge=0)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
    cursor: str | None = None,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
) -> Response:
    """A page of a version's rows, as `/{slug}/rows` gives those of the newest one."""
    return await rows.page(
        request,
        slug,
        columns=columns,
        filters=filters,
        sort=sort,
        limit=limit,
        offset=offset,
        cursor=cursor,
        distribution=distribution,
        purpose=purpose,
        version=reference,
    )


@router.get("/{slug}/versions/{reference}/download.{form}")
async def download_of_version(
    request: Request,
    slug: str,
    reference: str,
    form: ResultFormat,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
) -> Response:
    """All permitted rows of a version as a file; the address means the same bytes for ever."""
    headers, _ = await run_in_threadpool(_described, request, slug, reference, distribution)
    answer = await rows.download(
        request, slug, form, distribution=distribution, purpose=purpose, version=reference
    )
    answer.headers["Link"] = headers["Link"]
    return answer


@router.get("/{slug}/versions/{reference}/difference")
async def difference(
    request: Request,
    response: Response,
    slug: str,
    reference: str,
    since: Annotated[
        str | None,
        Query(
            alias="from", description="Number or digest of the earlier one; none: the one before."
        ),
    ] = None,
    of: Annotated[str, Query(pattern="^(rows|columns)$")] = "rows",
    examples: Annotated[int, Query(ge=0, le=EXAMPLES_MAX)] = EXAMPLES,
    offset: Annotated[int, Query(ge=0, le=EXAMPLES_SKIPPED_MAX)] = 0,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
) -> DifferenceBody:
    """How a version differs from an earlier one, of what the caller may read of both.

    Reading rows to compare them is a delivery like any other: it is receipted where the data is
    not open, and costs what two queries cost.
    """

    def compare(gone: threading.Event) -> Difference:
        parts, ask = parts_of(wiring_of(request)), ask_of(request, actor_of(request), purpose, gone)
        before = since or _number_before(request, slug, reference, distribution)
        name = table_name(slug, distribution)
        if of == "columns":
            return compare_columns(parts, name, before, reference, ask)
        return compare_rows(parts, name, before, reference, ask, examples=examples, skipped=offset)

    told = await while_there(request, compare)
    if of == "columns":
        return difference_body(told)
    response.headers[COST_HEADER] = str(told.charge)
    if told.receipt_ids:
        response.headers[RECEIPT_HEADER] = str(told.receipt_ids[-1])
    return difference_body(told)


@router.post("/{slug}/versions/{number}/withdraw")
def withdraw(request: Request, slug: str, number: int, wanted: WithdrawalBody) -> VersionBody:
    """Take one published version back; its readers get the newest one that is left."""
    actor, wiring = actor_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        held = _distribution(tx, dataset, wanted.distribution)
        withdrawn = withdraw_version(
            tx,
            held,
            number,
            reason=wanted.reason,
            words=wanted.words,
            by=actor,
            at=wiring.now(),
        )
        # What is left may have no copy any more.
        ask_for_copies(tx, dataset.id)
        aside = quarantine.counts(tx, [withdrawn.id])
    return version_body(slug, held, withdrawn, aside[withdrawn.id])


@router.get("/{slug}/retention")
def show_retention(request: Request, slug: str) -> RetentionBody:
    """What is kept of a dataset's older versions."""
    actor, wiring = actor_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        rule = retention_of(tx, dataset.id)
    held = rule or wiring.settings.retention
    return RetentionBody(
        versions_kept=held.versions_kept, days_kept=held.days_kept, is_own=rule is not None
    )


@router.put("/{slug}/retention")
def decide_retention(request: Request, slug: str, wanted: RetentionWish) -> RetentionBody:
    """Decide what is kept of a dataset's older versions; for approvers.

    What is among the newest so many versions, or younger than so many days, is kept; and what a
    receipt refers to, whatever is decided.
    """
    actor, wiring = actor_of(request), wiring_of(request)
    rule = Retention(wanted.versions_kept, wanted.days_kept)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        set_retention(tx, dataset.id, rule, by=actor, at=wiring.now())
    return RetentionBody(versions_kept=rule.versions_kept, days_kept=rule.days_kept, is_own=True)


def difference_body(told: Difference) -> DifferenceBody:
    """A difference as the API writes it."""
    found = told.rows
    return DifferenceBody(
        before=told.before,
        after=told.after,
        columns=ColumnsBody(
            added=list(told.columns.added),
            gone=list(told.columns.gone),
            retyped=[
                RetypedBody(name=one.name, before=one.before, after=one.after)
                for one in told.columns.retyped
            ],
        ),
        rows=None
        if found is None
        else RowsBody(
            key=list(found.key),
            added=found.added,
            changed=found.changed,
            gone=found.gone,
            changes_by_column=dict(found.changes_by_column),
            examples=[
                ExampleBody(
                    change=one.change.value,
                    before=dict(one.before),
                    after=dict(one.after),
                    changed_columns=list(one.changed_columns),
                )
                for one in found.examples
            ],
            more=found.more,
        ),
        receipts=list(told.receipt_ids),
    )


def _described(
    request: Request, slug: str, reference: str, distribution: str | None
) -> tuple[dict[str, str], VersionBody]:
    """A version's record and the headers of its address.

    Raises: DatasetNotFound, DistributionNotFound, VersionNotFound, VersionWithdrawn,
    VersionRemoved.
    """
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset, held, version = _version(tx, slug, reference, distribution, by=actor)
        refuse_what_ended(tx, version)
        around = neighbours_of(tx, dataset, version, by=actor)
        aside = quarantine.counts(tx, [version.id])
    headers = {"ETag": f'"{version.digest}"', "Link": links_of(slug, distribution, around)}
    return headers, version_body(slug, held, version, aside[version.id])


def _number_before(request: Request, slug: str, reference: str, distribution: str | None) -> str:
    """The version before one, or the version itself where it is the first."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset, _, version = _version(tx, slug, reference, distribution, by=actor)
        around = neighbours_of(tx, dataset, version, by=actor)
    return str(around.predecessor or version.number)


def _version(
    tx: Tx, slug: str, reference: str, distribution: str | None, *, by: Actor
) -> tuple[Dataset, Distribution, Version]:
    dataset = find.dataset_named(tx, slug, by=by)
    held = _distribution(tx, dataset, distribution)
    return dataset, held, known_version(tx, dataset, held, reference, by=by)


def _distribution(tx: Tx, dataset: Dataset, slug: str | None) -> Distribution:
    if slug is not None:
        return find.distribution_named(tx, dataset, slug)
    for distribution in find.distributions_of(tx, dataset):
        return distribution
    return find.distribution_named(tx, dataset, "")

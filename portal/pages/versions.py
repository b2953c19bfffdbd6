"""The versions of a dataset: the list, one of them at its own address, and how two differ."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from catalog import find, quarantine
from catalog.dataset import REASON_LENGTH_CHARACTERS
from catalog.errors import VersionNotFound
from catalog.find import DistributionOverview
from catalog.pinned import (
    REASON_WORDS,
    known_version,
    neighbours_of,
    refuse_what_ended,
)
from catalog.version import ColumnType, Version, VersionState, WithdrawalReason
from catalog.view import Json
from catalog.withdraw_version import withdraw_version
from exchange.access import VERSION_MARK
from exchange.allow import Ask
from exchange.compare import compare_columns, compare_rows
from exchange.difference import Change, ColumnDifference, Difference, RowDifference
from policies.errors import Refusal
from portal.handing_out import parts_of
from portal.jobs import ask_for_copies
from portal.pages.dataset.look import look_of
from portal.pages.dataset.reader import Look
from portal.pages.dataset.rows import type_words
from portal.pages.dataset_cards import quality_state
from portal.pages.rendering import render
from portal.pages.speech import Speech
from portal.problems import status_of
from portal.sign_in import actor_of
from portal.version_links import links_of
from portal.wiring import wiring_of

router = APIRouter()

EXAMPLES: Final = 20
CELL_CHARACTERS_MAX: Final = 120

Text = Annotated[str, Form()]


@router.get("/dataset/{slug}/versions")
def show_versions(request: Request, slug: str) -> Response:
    """The versions that exist for the reader, and the gaps that withdrawn ones left."""
    look, frame, say = look_of(request, slug)
    versions = _told(request, look)
    left = [one for one in versions if one.is_left]
    before = dict(zip([one.number for one in left], [*left[1:], None], strict=True))
    with wiring_of(request).pool.connection() as tx:
        aside = quarantine.counts(tx, [one.id for one in versions])
    return render(
        request,
        "dataset/versions.html",
        dataset=frame,
        versions=[
            {
                "number": one.number,
                "href": f"{frame.href}/versions/{one.number}" if one.is_left else None,
                "created_at": one.created_at,
                "by": say.text(look.overview.publisher.title),
                "rows": one.row_count,
                "set_aside": aside[one.id].all,
                "set_aside_href": f"{frame.href}/versions/{one.number}/quarantine"
                if look.overview.is_own
                else None,
                "change": _change(one, before[one.number], say) if one.is_left else "",
                "state": quality_state(one.verdict),
                "digest": one.digest,
                "is_shown": look.version is not None and one.id == look.version.id,
                "gap": _gap(one, say),
                "gone_at": one.withdrawn_at or one.removed_at,
            }
            for one in versions
        ],
        changes=_column_changes(left[0], left[1], say) if len(left) > 1 else [],
        choices=[(str(one.number), str(one.number)) for one in left],
        first=str(left[1].number) if len(left) > 1 else "",
        second=str(left[0].number) if left else "",
    )


@router.get("/dataset/{slug}/versions/compare")
def show_difference(
    request: Request,
    slug: str,
    before: Annotated[str, Query(max_length=64)],
    after: Annotated[str, Query(max_length=64)],
    rows: Annotated[str, Query(pattern="^(true|)$")] = "",
    skip: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """How two versions differ: their columns at once, their rows when asked for."""
    look, frame, say = look_of(request, slug)
    parts, ask = parts_of(wiring_of(request)), Ask(actor_of(request))
    told: Difference | None = None
    refused, status = "", 200
    try:
        if rows:
            told = compare_rows(parts, slug, before, after, ask, examples=EXAMPLES, skipped=skip)
        else:
            told = compare_columns(parts, slug, before, after, ask)
    except Refusal as refusal:
        refused, status = say.refusal(refusal), status_of(refusal)
    address = f"{frame.href}/versions/compare?before={before}&after={after}&rows=true"
    found = told.rows if told else None
    return render(
        request,
        "dataset/difference.html",
        status=status,
        dataset=frame,
        before=told.before if told else before,
        after=told.after if told else after,
        refused=refused,
        columns=_columns_in_words(told.columns, say) if told else [],
        rows=found,
        rows_href=address,
        is_charged=look.is_charged,
        charge=told.charge if told else 0,
        receipts=[f"/receipt/{one}" for one in told.receipt_ids] if told else [],
        by_column=sorted(found.changes_by_column.items(), key=lambda one: -one[1]) if found else [],
        table=_examples(found, say) if found else None,
        next_href=f"{address}&skip={skip + EXAMPLES}" if found and found.more else None,
        first_href=address if skip else None,
    )


@router.get("/dataset/{slug}/versions/{reference}")
def show_version(request: Request, slug: str, reference: str) -> Response:
    """One version at an address that never means another one."""
    return _version_page(request, slug, reference, errors={})


@router.post("/dataset/{slug}/versions/{number}/withdraw")
def withdraw(
    request: Request, slug: str, number: int, reason: Text = "", words: Text = ""
) -> Response:
    """Take a version back, saying why; for approvers."""
    actor, wiring = actor_of(request), wiring_of(request)
    look, frame, say = look_of(request, slug)
    if reason not in set(WithdrawalReason):
        errors = {"reason": say.gettext("Choose a reason.")}
        return _version_page(request, slug, str(number), errors=errors, words=words, status=400)
    held = _first(look)
    try:
        with wiring.pool.connection() as tx:
            withdraw_version(
                tx,
                held.distribution,
                number,
                reason=WithdrawalReason(reason),
                words=words,
                by=actor,
                at=wiring.now(),
            )
            ask_for_copies(tx, look.overview.dataset.id)
    except Refusal as refusal:
        errors = {"words": say.refusal(refusal)}
        return _version_page(
            request,
            slug,
            str(number),
            errors=errors,
            reason=reason,
            words=words,
            status=status_of(refusal),
        )
    return RedirectResponse(f"{frame.href}/versions", status_code=303)


def _version_page(
    request: Request,
    slug: str,
    reference: str,
    *,
    errors: dict[str, str],
    reason: str = "",
    words: str = "",
    status: int = 200,
) -> Response:
    look, frame, say = look_of(request, slug)
    actor, wiring = actor_of(request), wiring_of(request)
    held = _first(look)
    with wiring.pool.connection() as tx:
        version = known_version(tx, look.overview.dataset, held.distribution, reference, by=actor)
        refuse_what_ended(tx, version)
        around = neighbours_of(tx, look.overview.dataset, version, by=actor)
    place = f"/api/v1/datasets/{slug}/versions/{version.number}"
    site = wiring.settings.site_url
    page = f"{site}{frame.href}/versions"
    hidden = _hidden(look)
    may_withdraw = look.overview.may_approve and version.state is VersionState.PUBLISHED
    response = render(
        request,
        "dataset/version.html",
        status=status,
        dataset=frame,
        version=version,
        state=version.state.value,
        checked=quality_state(version.verdict),
        quality_href=f"{frame.href}/quality?version={version.number}",
        latest_href=_href(frame.href, around.latest) if around.latest != version.number else None,
        before_href=_href(frame.href, around.predecessor),
        after_href=_href(frame.href, around.successor),
        compare_href=f"{frame.href}/versions/compare?before={around.predecessor}&after={version.number}"
        if around.predecessor
        else None,
        addresses=[
            (say.gettext("This page"), f"{page}/{version.number}"),
            (say.gettext("The same by its digest"), f"{page}/{version.digest}"),
            (say.gettext("Rows"), f"{site}{place}/rows"),
            (say.gettext("File"), f"{site}{place}/download.csv"),
            (say.gettext("In SQL"), f'"{slug.replace("-", "_")}{VERSION_MARK}{version.number}"'),
        ],
        columns=[
            (column.name, type_words(column.type, say))
            for column in version.columns
            if column.name not in hidden
        ],
        may_withdraw=may_withdraw,
        reasons=[(one.value, say.gettext(REASON_WORDS[one]), None) for one in WithdrawalReason],
        errors=errors,
        reason=reason,
        words=words,
        words_max=REASON_LENGTH_CHARACTERS,
    )
    response.headers["Link"] = links_of(slug, None, around)
    return response


def _href(frame_href: str, number: int | None) -> str | None:
    return None if number is None else f"{frame_href}/versions/{number}"


def _first(look: Look) -> DistributionOverview:
    if look.distribution is None:
        raise VersionNotFound
    return look.distribution


def _hidden(look: Look) -> set[str]:
    """Columns of the newest version that the reader's view leaves out."""
    if look.version is None:
        return set()
    return {one.name for one in look.version.columns} - {one.name for one in look.shown_columns}


def _told(request: Request, look: Look) -> list[Version]:
    if look.distribution is None:
        return []
    with wiring_of(request).pool.connection() as tx:
        return find.versions_told_of(
            tx,
            look.overview.dataset,
            [look.distribution.distribution.id],
            by=actor_of(request),
        )


def _gap(version: Version, say: Speech) -> str:
    """Why a version is no longer read; empty where it is."""
    if version.withdrawal is not None:
        why = say.gettext("Withdrawn: {why}", why=say.gettext(REASON_WORDS[version.withdrawal]))
        return f"{why} · {version.state_reason}" if version.state_reason else why
    if version.removed_at is not None:
        return say.gettext("No longer kept: its retention ended")
    return ""


def _change(version: Version, before: Version | None, say: Speech) -> str:
    if before is None:
        return say.gettext("First data")
    difference = version.row_count - before.row_count
    if difference == 0:
        return say.gettext("As many rows as before")
    if difference > 0:
        return say.gettext("{number} rows more", number=say.number(difference))
    return say.gettext("{number} rows fewer", number=say.number(-difference))


def _column_changes(version: Version, before: Version, say: Speech) -> list[str]:
    now = {column.name: column for column in version.columns}
    then = {column.name: column for column in before.columns}
    return [
        *(say.gettext("Column “{name}” is new.", name=name) for name in now if name not in then),
        *(say.gettext("Column “{name}” is gone.", name=name) for name in then if name not in now),
        *(
            say.gettext(
                "Column “{name}” became {type}.", name=name, type=type_words(now[name].type, say)
            )
            for name in now
            if name in then and now[name].type is not then[name].type
        ),
    ]


def _columns_in_words(told: ColumnDifference, say: Speech) -> list[str]:
    return [
        *(say.gettext("Column “{name}” is new.", name=name) for name in told.added),
        *(say.gettext("Column “{name}” is gone.", name=name) for name in told.gone),
        *(
            say.gettext(
                "Column “{name}” was {before} and is {after} now.",
                name=one.name,
                before=_type_words(one.before, say),
                after=_type_words(one.after, say),
            )
            for one in told.retyped
        ),
    ]


def _type_words(told: str, say: Speech) -> str:
    name, bracket, digits = told.partition("(")
    return type_words(ColumnType(name), say) + bracket + digits


def _examples(found: RowDifference, say: Speech) -> dict[str, object]:
    """Examples as a table: a changed row shows both values of each column that changed."""
    names: list[str] = []
    if found.examples:
        one = found.examples[0]
        names = list(one.after or one.before)
    return {
        "columns": names,
        "rows": [
            {
                "change": one.change.value,
                "word": _change_word(one.change, say),
                "cells": [
                    {
                        "before": _cell(one.before.get(name)) if one.before else None,
                        "after": _cell(one.after.get(name)) if one.after else None,
                        "is_changed": name in one.changed_columns,
                    }
                    for name in names
                ],
            }
            for one in found.examples
        ],
    }


def _change_word(change: Change, say: Speech) -> str:
    match change:
        case Change.ADDED:
            return say.gettext("Added")
        case Change.CHANGED:
            return say.gettext("Changed")
        case Change.GONE:
            return say.gettext("Gone")


def _cell(value: Json | None) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= CELL_CHARACTERS_MAX else text[:CELL_CHARACTERS_MAX] + "…"

"""The versions of a dataset: the list, one of them at its own address, and how two differ."""

from __future__ import annotations

import threading
from functools import partial
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
from exchange.access import table_name
from exchange.allow import Ask
from exchange.compare import compare_columns, compare_rows
from exchange.difference import Change, ColumnDifference, Difference, RowDifference
from policies.errors import Refusal
from portal.gone import while_there
from portal.handing_out import parts_of
from portal.jobs import ask_for_copies
from portal.pages.dataset.frame import place_query
from portal.pages.dataset.look import ChosenDistribution, look_of
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
def show_versions(request: Request, slug: str, distribution: ChosenDistribution = "") -> Response:
    """The versions that exist for the reader, and the gaps that withdrawn ones left."""
    look, frame, say = look_of(request, slug, distribution)
    place = look.distribution
    versions = _told(request, look, place)
    left = [one for one in versions if one.is_left]
    before = dict(zip([one.number for one in left], [*left[1:], None], strict=True))
    with wiring_of(request).pool.connection() as tx:
        aside = quarantine.counts(tx, [one.id for one in versions])
    held = place.held if place else None
    return render(
        request,
        "dataset/versions.html",
        dataset=frame,
        distribution=distribution,
        is_document=held is not None and held.is_document,
        keeping_href=f"/publish/{slug}/retention"
        if look.overview.may_change or look.overview.may_approve
        else None,
        versions=[
            {
                "number": one.number,
                "href": _href(frame.href, one.number, distribution) if one.is_left else None,
                "created_at": one.created_at,
                "by": say.text(look.overview.publisher.title),
                "rows": one.row_count,
                "size": one.size_bytes,
                "is_document": one.is_document,
                "set_aside": aside[one.id].all,
                "set_aside_href": f"{frame.href}/versions/{one.number}/quarantine"
                if look.overview.is_own and not distribution
                else None,
                "change": _change(one, before[one.number], say) if one.is_left else "",
                "state": _check_state(one),
                "digest": one.digest,
                "is_shown": held is not None and one.id == held.id,
                "gap": _gap(one, say),
                "gone_at": one.withdrawn_at or one.removed_at,
            }
            for one in versions
        ],
        changes=_column_changes(left[0], left[1], say) if len(left) > 1 else [],
        choices=[(str(one.number), str(one.number)) for one in left if not one.is_document],
        first=str(left[1].number) if len(left) > 1 else "",
        second=str(left[0].number) if left else "",
    )


@router.get("/dataset/{slug}/versions/compare")
async def show_difference(
    request: Request,
    slug: str,
    before: Annotated[str, Query(max_length=64)],
    after: Annotated[str, Query(max_length=64)],
    rows: Annotated[str, Query(pattern="^(true|)$")] = "",
    skip: Annotated[int, Query(ge=0)] = 0,
    distribution: ChosenDistribution = "",
) -> Response:
    """How two versions differ: their columns at once, their rows when asked for."""
    asked = (before, after, rows, skip)
    return await while_there(
        request, lambda gone: _difference_page(request, slug, distribution, asked, gone)
    )


def _difference_page(
    request: Request,
    slug: str,
    distribution: str,
    asked: tuple[str, str, str, int],
    gone: threading.Event,
) -> Response:
    before, after, rows, skip = asked
    look, frame, say = look_of(request, slug, distribution)
    parts, ask = parts_of(wiring_of(request)), Ask(actor_of(request), cancelled=gone)
    name = table_name(slug, distribution)
    told: Difference | None = None
    refused, status = "", 200
    try:
        if rows:
            told = compare_rows(parts, name, before, after, ask, examples=EXAMPLES, skipped=skip)
        else:
            told = compare_columns(parts, name, before, after, ask)
    except Refusal as refusal:
        refused, status = say.refusal(refusal), status_of(refusal)
    address = f"{frame.href}/versions/compare?before={before}&after={after}&rows=true"
    address += f"&distribution={distribution}" if distribution else ""
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
def show_version(
    request: Request, slug: str, reference: str, distribution: ChosenDistribution = ""
) -> Response:
    """One version at an address that never means another one."""
    return _version_page(request, slug, reference, distribution, errors={})


@router.post("/dataset/{slug}/versions/{number}/withdraw")
def withdraw(
    request: Request,
    slug: str,
    number: int,
    reason: Text = "",
    words: Text = "",
    distribution: Text = "",
) -> Response:
    """Take a version back, saying why; for approvers."""
    actor, wiring = actor_of(request), wiring_of(request)
    look, frame, say = look_of(request, slug, distribution)
    again = partial(_version_page, request, slug, str(number), distribution, words=words)
    if reason not in set(WithdrawalReason):
        return again(errors={"reason": say.gettext("Choose a reason.")}, status=400)
    held = _held(look)
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
        return again(errors=errors, reason=reason, status=status_of(refusal))
    return RedirectResponse(_list_href(frame.href, distribution), status_code=303)


def _version_page(
    request: Request,
    slug: str,
    reference: str,
    distribution: str,
    *,
    errors: dict[str, str],
    reason: str = "",
    words: str = "",
    status: int = 200,
) -> Response:
    look, frame, say = look_of(request, slug, distribution)
    actor, wiring = actor_of(request), wiring_of(request)
    held = _held(look)
    with wiring.pool.connection() as tx:
        version = known_version(tx, look.overview.dataset, held.distribution, reference, by=actor)
        refuse_what_ended(tx, version)
        around = neighbours_of(tx, look.overview.dataset, version, by=actor)
    hidden = _hidden(look)
    may_withdraw = look.overview.may_approve and version.state is VersionState.PUBLISHED
    compare_href = (
        f"{frame.href}/versions/compare?before={around.predecessor}&after={version.number}"
    )
    response = render(
        request,
        "dataset/version.html",
        status=status,
        dataset=frame,
        place=say.text(held.distribution.title) or held.distribution.slug if distribution else "",
        distribution=distribution,
        version=version,
        state=version.state.value,
        checked=_check_state(version),
        quality_href=_of(f"{frame.href}/quality?version={version.number}", distribution, mark="&"),
        latest_href=_href(frame.href, around.latest, distribution)
        if around.latest != version.number
        else None,
        before_href=_href(frame.href, around.predecessor, distribution),
        after_href=_href(frame.href, around.successor, distribution),
        compare_href=_of(compare_href, distribution, mark="&")
        if around.predecessor and not version.is_document
        else None,
        addresses=_addresses(wiring.settings.site_url, slug, version, distribution, say),
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
    response.headers["Link"] = links_of(slug, distribution or None, around)
    return response


def _addresses(
    site: str, slug: str, version: Version, distribution: str, say: Speech
) -> list[tuple[str, str]]:
    """What always means this version: pages, rows, files."""
    page = f"{site}/dataset/{slug}/versions"
    pages = [
        (say.gettext("This page"), _of(f"{page}/{version.number}", distribution)),
        (say.gettext("The same by its digest"), _of(f"{page}/{version.digest}", distribution)),
    ]
    if version.is_document:
        place = f"{site}/api/v1/datasets/{slug}/document?version={version.number}"
        return [*pages, (say.gettext("File"), _of(place, distribution, mark="&"))]
    place = f"{site}/api/v1/datasets/{slug}/versions/{version.number}"
    table = table_name(slug, distribution or None, str(version.number)).replace("-", "_")
    return [
        *pages,
        (say.gettext("Rows"), _of(f"{place}/rows", distribution)),
        (say.gettext("File"), _of(f"{place}/download.csv", distribution)),
        (say.gettext("In SQL"), f'"{table}"'),
    ]


def _of(address: str, distribution: str, *, mark: str = "?") -> str:
    """The address, of another distribution than the first."""
    return address + place_query(distribution, mark=mark)


def _href(frame_href: str, number: int | None, distribution: str) -> str | None:
    return None if number is None else _of(f"{frame_href}/versions/{number}", distribution)


def _list_href(frame_href: str, distribution: str) -> str:
    return _of(f"{frame_href}/versions", distribution)


def _check_state(version: Version) -> str:
    return "unrated" if version.is_document else quality_state(version.verdict)


def _held(look: Look) -> DistributionOverview:
    if look.distribution is None:
        raise VersionNotFound
    return look.distribution


def _hidden(look: Look) -> set[str]:
    """Columns of the newest version that the reader's view leaves out."""
    held = look.version.columns if look.version else ()
    return {one.name for one in held} - {one.name for one in look.shown_columns}


def _told(request: Request, look: Look, place: DistributionOverview | None) -> list[Version]:
    if place is None:
        return []
    with wiring_of(request).pool.connection() as tx:
        tables = find.versions_told_of(
            tx, look.overview.dataset, [place.distribution.id], by=actor_of(request)
        )
    known = {one.id for one in tables}
    others = [one.version for one in place.documents if one.version.id not in known]
    return sorted([*tables, *others], key=lambda one: one.number, reverse=True)


def _gap(version: Version, say: Speech) -> str:
    """Why a version is no longer read; empty where it is."""
    if version.withdrawal is not None:
        why = say.gettext("Withdrawn: {why}", why=say.gettext(REASON_WORDS[version.withdrawal]))
        return f"{why} · {version.state_reason}" if version.state_reason else why
    if version.removed_at is not None:
        return say.gettext("No longer kept: its retention ended")
    return ""


def _change(version: Version, before: Version | None, say: Speech) -> str:
    if version.is_document:
        return say.gettext("Document")
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

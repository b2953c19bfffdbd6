"""The departments: all of them, and each with what it publishes and whether it keeps its word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from catalog import find
from catalog.curation.follow import Followed
from catalog.curation.themes import counts_by_publisher, datasets_of_publisher
from catalog.dataset import Dataset, DatasetState
from catalog.formats.oai_pmh import SET_PREFIX
from catalog.holdings import LIST_MAX, holdings_of, published_by_organization
from catalog.records import records_of
from policies.database import Tx
from policies.errors import OrganizationNotFound
from policies.identity.organize import listed_organizations, presented_organization
from policies.identity.people import organization_named
from policies.party import Actor, OrganizationKind
from policies.presentation import OrganizationPresentation
from policies.roles import can_administer, can_administer_organization
from portal.pages.dataset.quality import promise_of
from portal.pages.dataset_cards import cards_of
from portal.pages.drawing.pictures import picture_path
from portal.pages.follows import is_followed
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()

PAGE: Final = 20
CONTACTS_SHOWN: Final = 20
LATE_SHOWN: Final = 5
_CONTACT_CHARACTERS: Final = 300
_NO_CONTACTS: Final = frozenset({"kind", "uscc"})
_PUBLISHING: Final = (OrganizationKind.DEPARTMENT, OrganizationKind.OPERATOR)


@router.get("/organization")
def list_organizations(request: Request) -> Response:
    """Every organisation that publishes or may, with how many datasets the reader sees of it."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        listed = listed_organizations(tx)
        seen = counts_by_publisher(tx, by=actor)
        published = published_by_organization(tx)
    shown = [
        {
            "href": f"/organization/{one.organization.slug}",
            "title": one.organization.title,
            "description": one.presentation.description,
            "picture": picture_path(one.presentation.image_url),
            "kind": one.organization.kind,
            "datasets": seen.get(one.organization.id, 0),
        }
        for one in listed
        if one.organization.kind in _PUBLISHING or one.organization.id in published
    ]
    shown.sort(key=lambda entry: -int(str(entry["datasets"])))
    return render(request, "organization/list.html", organizations=shown)


@router.get("/organization/{slug}")
def show_organization(
    request: Request,
    slug: str,
    cursor: str | None = None,
    first: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """One organisation: its datasets that exist for the reader, its promises, how to reach it.

    Raises: OrganizationNotFound, MalformedPageMark.
    """
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        presented = presented_organization(tx, organization_named(tx, slug).id)
        organization, presentation = presented.organization, presented.presentation
        may_change = can_administer_organization(actor, organization.id)
        if presentation.is_removed and not may_change:
            raise OrganizationNotFound(slug)
        found = find.listed(tx, by=actor, publisher_id=organization.id, cursor=cursor, limit=PAGE)
        cards = cards_of(tx, found.datasets, by=actor, language=say.language)
        ids = datasets_of_publisher(tx, organization.id, by=actor, limit=LIST_MAX)
        published = [record.dataset for record in records_of(tx, ids, by=actor)]
        followed = is_followed(tx, Followed.ORGANIZATION, organization.id, by=actor)
        promises = _promises(tx, published, actor, say, wiring.now())
    here = f"/organization/{organization.slug}"
    after = first + len(found.datasets)
    following = urlencode({"cursor": found.next_cursor or "", "first": after})
    return render(
        request,
        "organization/one.html",
        organization=organization,
        description=presentation.description,
        picture=picture_path(presentation.image_url),
        contacts=_contacts(presentation),
        promises=promises,
        feeds=_feeds(organization.slug, say),
        is_followed=followed,
        may_change=may_change or can_administer(actor),
        datasets=cards,
        total=found.count,
        previous_href=here if cursor else None,
        next_href=f"{here}?{following}" if found.next_cursor else None,
        first=first if found.datasets else 0,
        last=after - 1,
    )


def _promises(
    tx: Tx, datasets: Sequence[Dataset], actor: Actor, say: Speech, at: datetime
) -> dict[str, object] | None:
    """How many of the published datasets came in time; None where nothing promises a day."""
    open_ones = [one for one in datasets if one.state is DatasetState.PUBLISHED]
    held = holdings_of(tx, open_ones, by=actor)
    kept, late = 0, []
    for dataset in open_ones:
        promise = promise_of(dataset, held.get(dataset.id), "", at=at, say=say)
        if promise.due is None:
            continue
        if promise.state != "broken":
            kept += 1
        else:
            late.append(
                {
                    "title": dataset.entry.title,
                    "href": f"/dataset/{dataset.slug}",
                    "due": promise.due,
                }
            )
    if not kept and not late:
        return None
    late.sort(key=lambda one: str(one["due"]))
    return {"kept": kept, "of": kept + len(late), "late": late[:LATE_SHOWN]}


def _contacts(presentation: OrganizationPresentation) -> list[tuple[str, str]]:
    """What the organisation says of how to reach it: its extra fields, in their order."""
    return [
        (key, value[:_CONTACT_CHARACTERS])
        for key, value in presentation.extras[: CONTACTS_SHOWN + len(_NO_CONTACTS)]
        if key not in _NO_CONTACTS and value
    ][:CONTACTS_SHOWN]


def _feeds(slug: str, say: Speech) -> list[tuple[str, str]]:
    """Where programs read what the organisation publishes."""
    named = quote(f'organization:"{slug}"')
    harvested = urlencode(
        {"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": f"{SET_PREFIX}{slug}"}
    )
    return [
        (say.gettext("Datasets as JSON"), f"/api/3/action/package_search?fq={named}"),
        (say.gettext("Changes for harvesters (OAI-PMH)"), f"/oai?{harvested}"),
        (
            say.gettext("What happened lately, as JSON"),
            f"/api/3/action/organization_activity_list?id={quote(slug)}",
        ),
    ]

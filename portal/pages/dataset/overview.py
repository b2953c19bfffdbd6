"""The pages of one dataset: overview and lineage."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from catalog.curation import series
from catalog.dataset import DatasetState
from catalog.files.media import FORMATS
from catalog.links.read import link_checks_of
from exchange import trace
from exchange.delivery import PageQuestion
from exchange.price import PriceModel
from policies.errors import Refusal
from portal.pages.dataset import frame as dataset_frame
from portal.pages.dataset.lineage import drawable
from portal.pages.dataset.linked import linked_data_of
from portal.pages.dataset.look import deliver_rows, look_of
from portal.pages.dataset.quarantine import router as quarantine_router
from portal.pages.dataset.reader import Look, profile_for, refused_words
from portal.pages.dataset.record_facts import contact_of, directory_facts, elsewhere_of
from portal.pages.dataset.report import router as report_router
from portal.pages.dataset.rows import pictures_of, table_of
from portal.pages.drawing.lineage_layout import lay_out
from portal.pages.drawing.table import DataTable
from portal.pages.rendering import render
from portal.pages.speech import Speech
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()
router.include_router(quarantine_router)
router.include_router(report_router)

PREVIEW_ROWS: Final = 14
LINEAGE_DEPTH: Final = 5


@router.get("/dataset/{slug}")
def show_overview(request: Request, slug: str) -> Response:
    """What it is, its first rows where the reader may see them, and where the rest is."""
    look, frame, say = look_of(request, slug)
    preview, reason = _preview(request, look, say)
    dataset = look.overview.dataset
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        is_series = dataset.entry.directory.is_series
        members = series.members_of(tx, dataset, by=actor) if is_series else None
        around = series.series_around(tx, dataset, by=actor)
        checks = link_checks_of(tx, dataset.id)
    return render(
        request,
        "dataset/overview.html",
        members=members,
        series=around,
        dataset=frame,
        facts=_facts(look, say) + directory_facts(dataset, say, by=actor),
        contact=contact_of(dataset, by=actor),
        elsewhere=elsewhere_of(look.overview, checks, say),
        preview=preview,
        preview_reason=reason,
        may_buy_rows=look.is_charged and look.may_download,
        data_href=f"{frame.href}/data",
        downloads=_downloads(look, say),
        forms=_forms(dataset.slug),
        related=[
            (say.text(one.entry.title), f"/dataset/{one.slug}") for one in look.overview.inputs
        ],
        citation=_citation(request, look, say),
        linked_data=linked_data_of(request, slug),
    )


@router.get("/dataset/{slug}/lineage")
def show_lineage(
    request: Request, slug: str, depth: Annotated[int, Query(ge=1, le=10)] = LINEAGE_DEPTH
) -> Response:
    """Where it comes from and where it went, as far as the reader may know."""
    look, frame, say = look_of(request, slug)
    wiring = wiring_of(request)
    asset = f"dataset:{look.overview.dataset.id}"
    with wiring.pool.connection() as tx:
        graph = trace.lineage_of(tx, asset, depth=depth, by=actor_of(request), at=wiring.now())
    return render(
        request,
        "dataset/lineage.html",
        dataset=frame,
        layout=lay_out(drawable(graph, say)),
        columns=[],
        column="",
        depth=depth,
        on=None,
        export_href=None,
    )


# Overview -----------------------------------------------------------------------------------------


def _preview(request: Request, look: Look, say: Speech) -> tuple[DataTable | None, str]:
    """The first rows; a reason where there are none to show."""
    if look.version is None:
        if look.distribution is not None and look.distribution.document is not None:
            return None, say.gettext("It is a document and no table. It is not rated.")
        return None, say.gettext("There is no data here for you yet.")
    if not look.may_preview:
        return None, refused_words(look.preview, say)
    if look.is_charged:
        return None, say.gettext("Each row costs credits, so none is shown before you ask.")
    question = PageQuestion(limit=PREVIEW_ROWS)
    try:
        rows, _ = deliver_rows(request, look, question)
    except Refusal as refusal:
        return None, say.refusal(refusal)
    with wiring_of(request).pool.connection() as tx:
        profile = profile_for(tx, look, wiring_of(request))
    table = table_of(
        rows,
        caption=say.gettext(
            "The first {shown} of {total} rows",
            shown=say.number(len(rows.cells)),
            total=say.number(rows.total),
        ),
        types={column.name: column for column in look.version.columns},
        pictures=pictures_of(profile, None, say),
        query=None,
        say=say,
    )
    return table, ""


def _facts(look: Look, say: Speech) -> list[tuple[str, str]]:
    dataset, version = look.overview.dataset, look.version
    facts = [(say.gettext("Identifier"), dataset.slug)]
    if version is not None:
        is_whole = look.preview is None or not look.preview.view.rows
        facts += [(say.gettext("Rows"), say.number(version.row_count))] if is_whole else []
        facts += [
            (say.gettext("Columns"), say.number(len(look.shown_columns))),
            (say.gettext("Version"), say.number(version.number)),
            (say.gettext("Digest (SHA-256)"), version.digest[:16] + "…"),
        ]
    facts.append((say.gettext("Update cycle"), dataset_frame.cycle_words(look, say)))
    if dataset.issued:
        facts.append((say.gettext("First published"), say.day(dataset.issued)))
    facts.append((say.gettext("Updated"), say.day(dataset.modified_at)))
    if dataset.entry.keywords:
        facts.append((say.gettext("Keywords"), " · ".join(dataset.entry.keywords)))
    return facts


def _downloads(look: Look, say: Speech) -> list[dict[str, str | None]]:
    documents = _documents(look, say)
    if not look.may_download or look.is_charged:
        return documents
    place = f"/api/v1/datasets/{look.overview.dataset.slug}/download"
    return [
        {"label": "CSV", "href": f"{place}.csv", "note": say.gettext("for any spreadsheet")},
        {"label": "Parquet", "href": f"{place}.parquet", "note": say.gettext("typed, compact")},
        {"label": "JSON", "href": f"{place}.json", "note": say.gettext("for programs")},
        *documents,
    ]


def _documents(look: Look, say: Speech) -> list[dict[str, str | None]]:
    """Files that are no tables, with an address where the reader may have them."""
    dataset = look.overview.dataset
    is_free = dataset.state is DatasetState.PUBLISHED and dataset.is_for_all
    told: list[dict[str, str | None]] = []
    for held in look.overview.distributions:
        document = held.document
        if document is None:
            continue
        href, note = None, say.gettext("ask for access first")
        kind = FORMATS.get(document.media_type, document.media_type)
        if look.may_have_documents and look.document is not None:
            slug = held.distribution.slug
            href = f"/api/v1/datasets/{dataset.slug}/document?distribution={slug}"
            note = dataset_frame.price_words(look.document.price, say)
            note = "" if look.document.price.model is PriceModel.FREE else note
        elif is_free or look.overview.is_own:
            href = f"/dataset/{dataset.id}/resource/{held.distribution.id}/download"
            note = ""
        facts = [kind, say.bytes(document.version.size_bytes), note]
        told.append(
            {
                "label": say.text(held.distribution.title) or document.file_name,
                "href": href,
                "note": " · ".join(fact for fact in facts if fact),
            }
        )
    return told


def _citation(request: Request, look: Look, say: Speech) -> str:
    dataset, version = look.overview.dataset, look.version
    if version is None:
        when, which = dataset.issued or dataset.modified_at, ""
    else:
        when = version.published_at or version.created_at
        which = f"v{version.number}. sha256:{version.digest}. "
    return (
        f"{say.text(look.overview.publisher.title)} ({when.year}): "
        f"{say.text(dataset.entry.title)}. {which}"
        f"{wiring_of(request).settings.site_url}/dataset/{dataset.slug}"
    )


def _forms(slug: str) -> list[tuple[str, str]]:
    """The record for programs: the name of the form and its address."""
    place = f"/dataset/{slug}"
    return [
        ("DCAT-AP (Turtle)", f"{place}.ttl"),
        ("JSON-LD", f"{place}.jsonld"),
        ("Croissant", f"{place}/croissant.jsonld"),
        ("Data Package", f"{place}/datapackage.json"),
        ("CKAN", f"/api/3/action/package_show?id={slug}"),
    ]

"""The web application: every route of the portal, and what surrounds them all."""

from __future__ import annotations

from functools import partial

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import portal.pages.dataset.columns as dataset_columns
import portal.pages.dataset.explore as dataset_explore
import portal.pages.dataset.faults as dataset_faults
import portal.pages.dataset.map as dataset_map
from portal import answers
from portal.api import files, log, oauth, well_known
from portal.api.ckan import datastore_dump
from portal.api.ckan import downloads as ckan_downloads
from portal.api.ckan import envelope as ckan
from portal.api.ckan import images as ckan_images
from portal.api.feeds import routes as feeds
from portal.api.known_parameters import refuse_unknown_parameters
from portal.api.v1 import (
    agreements,
    applications,
    audit,
    data_requests,
    datasets,
    documents,
    harvest_sources,
    invoices,
    ledger,
    listings,
    maps,
    organizations,
    payments,
    quarantine,
    query,
    receipts,
    resumable,
    rows,
    rules,
    suggestions,
    tokens,
    uploads,
    users,
    versions,
)
from portal.api.v1 import clients as clients_api
from portal.api.v1 import connections as connections_api
from portal.api.v1 import contracts as contracts_api
from portal.api.v1 import faults as faults_api
from portal.api.v1 import freshness as freshness_api
from portal.api.v1 import groups as groups_api
from portal.api.v1 import masks as masks_api
from portal.api.v1 import pleas as pleas_api
from portal.api.v1 import proposals as proposals_api
from portal.api.v1 import quality_history as quality_history_api
from portal.api.v1 import sensitive as sensitive_api
from portal.api.v1 import signing_keys as signing_keys_api
from portal.api.v1 import standards as standards_api
from portal.api.v1 import talk as talk_api
from portal.api_description import describe
from portal.body_bound import BodyBound
from portal.pages import (
    account,
    addresses,
    checking,
    correcting,
    demand,
    equal_treatment,
    finance,
    follows,
    home,
    notices,
    people,
    signing_keys,
    talk,
    topic_desk,
    topics,
)
from portal.pages import help as help_pages
from portal.pages import invoices as invoice_pages
from portal.pages import organizations as organization_pages
from portal.pages import replays as replay_pages
from portal.pages import standards as standards_pages
from portal.pages import versions as dataset_versions
from portal.pages.assets import STATIC_FOLDER, STATIC_PATH, StaticFiles
from portal.pages.audit import desk as audit_pages
from portal.pages.audit import league
from portal.pages.audit import receipts as receipt_pages
from portal.pages.buy import asking, buying, keys, price_and_terms, usage
from portal.pages.dataset import data as dataset_data
from portal.pages.dataset import overview as dataset
from portal.pages.dataset import use as dataset_use
from portal.pages.harvest import sources as harvest
from portal.pages.inbox import deciding as inbox
from portal.pages.publish import (
    audience_preview,
    connections,
    contracts,
    describing,
    directory_import,
    file_reading,
    groups,
    keeping,
    masks,
    own_rules,
    pleas,
    proposals,
    publishing,
    publishing_files,
    publishing_terms,
    record_history,
    sensitive,
)
from portal.pages.reader import fill_frame
from portal.pages.search import comparing, saved_searches, suggesting
from portal.pages.search import finding as searching
from portal.pages.security_headers import SecurityHeaders
from portal.sign_in import require_csrf
from portal.wiring import Wiring
from quality.packs import check_packs

DESCRIPTION = (
    "Share, open and trade a city's data under written standards. Errors are RFC 9457 problems in "
    "the language of `Accept-Language` (zh or en). Sign in with `Authorization: Bearer TOKEN`."
)
_API = (
    # Routes are tried in this order, so what is asked most comes first.
    *(rows, maps, query),
    *(
        log,
        well_known,
        oauth,
        files,
        clients_api,
        datasets,
        documents,
        versions,
        quarantine,
        suggestions,
        rules,
        uploads,
        resumable,
        organizations,
        users,
        tokens,
    ),
    signing_keys_api,
    standards_api,
    pleas_api,
    contracts_api,
    freshness_api,
    quality_history_api,
    *(
        proposals_api,
        sensitive_api,
        masks_api,
        groups_api,
        faults_api,
        listings,
        applications,
        agreements,
        ledger,
        payments,
        invoices,
        receipts,
        audit,
    ),
    *(
        ckan,
        ckan_downloads,
        ckan_images,
        datastore_dump,
        feeds,
        harvest_sources,
        connections_api,
        talk_api,
        data_requests,
    ),
)
_PAGES = (
    *(
        home,
        searching,
        suggesting,
        comparing,
        saved_searches,
        organization_pages,
        follows,
        topic_desk,
        topics,
        addresses,
        dataset,
        dataset_columns,
        dataset_faults,
        dataset_data,
        dataset_explore,
        dataset_map,
        dataset_use,
        price_and_terms,
        dataset_versions,
        record_history,
        talk,
    ),
    *(demand, harvest, directory_import, audience_preview, describing, publishing),
    *(sensitive, groups, own_rules, proposals, contracts, pleas, masks),
    *(publishing_files, keeping, connections, file_reading, publishing_terms, account, people),
    signing_keys,
    correcting,
    notices,
    equal_treatment,
    *(
        inbox,
        asking,
        buying,
        keys,
        usage,
        finance,
        invoice_pages,
        receipt_pages,
        checking,
        audit_pages,
        league,
        replay_pages,
    ),
    *(standards_pages, help_pages),
)


def create_app(wiring: Wiring) -> FastAPI:
    """The application over one process's wiring."""
    check_packs()
    app = FastAPI(
        title="Weir 数堰",
        version="0.1.0",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        # A POST must never be redirected: clients refuse to follow.
        redirect_slashes=False,
        # On for every path there is and will be.
        dependencies=[Depends(require_csrf)],
    )
    app.state.wiring = wiring
    app.add_middleware(BodyBound)
    app.add_middleware(SecurityHeaders)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]  # FastAPI's own way
    answers.install(app)
    app.add_api_route("/healthz", _healthz, include_in_schema=False)
    app.add_api_route("/readyz", _readyz, include_in_schema=False)
    app.add_api_route("/metrics", _metrics, include_in_schema=False)
    for api in _API:
        is_ours = api.router.prefix.startswith("/api/v1")
        app.include_router(
            api.router, dependencies=[Depends(refuse_unknown_parameters)] if is_ours else None
        )
    for page in _PAGES:
        app.include_router(page.router, include_in_schema=False, dependencies=[Depends(fill_frame)])
    app.mount(STATIC_PATH, StaticFiles(directory=STATIC_FOLDER), name="static")
    return app


def _healthz() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


def _readyz(request: Request) -> Response:
    """The process answers and reaches its database."""
    wiring: Wiring = request.app.state.wiring
    with wiring.pool.connection() as tx:
        tx.execute("SELECT 1")
    return JSONResponse({"status": "ready"})


def _metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

"""Addresses that are names: a browser that follows one comes to the page that is meant."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from catalog.find import dataset_with_id
from policies.terms import DatasetId
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER = 303


@router.get("/dataset/{dataset_id:uuid}")
def go_to_dataset(request: Request, dataset_id: UUID) -> Response:
    """The page of a dataset by its stable name.

    Raises: DatasetNotFound.
    """
    with wiring_of(request).pool.connection() as tx:
        dataset = dataset_with_id(tx, DatasetId(dataset_id), by=actor_of(request))
    return RedirectResponse(f"/dataset/{dataset.slug}", status_code=_SEE_OTHER)


@router.get("/dataset/{dataset_id:uuid}/resource/{distribution_id:uuid}")
def go_to_distribution(request: Request, dataset_id: UUID, distribution_id: UUID) -> Response:  # noqa: ARG001
    """The page of the dataset that a distribution belongs to.

    Raises: DatasetNotFound.
    """
    return go_to_dataset(request, dataset_id)


@router.get("/catalog")
def go_to_catalogue() -> Response:
    """The list of all datasets."""
    return RedirectResponse("/dataset", status_code=_SEE_OTHER)

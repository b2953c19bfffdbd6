"""What was set aside from a version: values that do not fit, for the publisher's own people."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from catalog import quarantine
from portal.set_aside import csv_answer, found_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/datasets", tags=["datasets"])

_PLACE: Final = "/{slug}/distributions/{distribution}/versions/{number}/quarantine"


class SetAsideBody(BaseModel):
    """A value that is not in the table."""

    row_number: int
    """Of the row in the file, from 1 below its heading."""
    column: str | None
    """Null where the whole row was set aside."""
    value: str | None
    """As it stood in the file; a whole row as a JSON object."""
    reason: str
    rule_id: str | None


class QuarantineBody(BaseModel):
    """A page of what was set aside."""

    count: int
    """Of all pages together."""
    items: list[SetAsideBody]


@router.get(_PLACE)
def show(
    request: Request,
    slug: str,
    distribution: str,
    number: int,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=quarantine.PAGE_MAX)] = 100,
) -> QuarantineBody:
    """The values that were set aside from a version, with row and reason."""
    found = found_of(request, slug, distribution, number)
    values = quarantine.values_of(wiring_of(request).folders, found, offset=offset, limit=limit)
    return QuarantineBody(
        count=sum(one.kept.count for one in found),
        items=[
            SetAsideBody(
                row_number=value.row_number,
                column=value.column,
                value=value.value,
                reason=value.reason,
                rule_id=value.rule_id,
            )
            for value in values
        ],
    )


@router.get(f"{_PLACE}.csv", response_class=StreamingResponse)
def download(request: Request, slug: str, distribution: str, number: int) -> StreamingResponse:
    """All of them as CSV; cells that a spreadsheet would run as a formula begin with `'`."""
    found = found_of(request, slug, distribution, number)
    return csv_answer(request, found, f"{slug}-{number}-quarantine.csv")

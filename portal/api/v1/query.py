"""SQL over datasets: the price before, the answer, and its receipt."""

from __future__ import annotations

import threading
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from catalog.result import ResultFormat
from exchange.deliver import deliver_query, estimate
from exchange.delivery import Estimate, SqlQuestion
from exchange.read_again import read_again
from policies.terms import Purpose
from portal.api.v1.result_forms import form_of, manner_of
from portal.gone import while_there
from portal.handing_out import ask_of, hand_out, parts_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["query"])


class SqlBody(BaseModel):
    """A SELECT statement over datasets by their names ("-" may be written as "_")."""

    model_config = ConfigDict(extra="forbid")

    sql: str
    format: ResultFormat | None = None
    """Null goes by the Accept header."""
    bom: bool = False
    """CSV and TSV begin with the UTF-8 mark."""
    guard: bool = False
    """In CSV and TSV, texts that a spreadsheet would run get an apostrophe."""
    purpose: Purpose | None = None
    """Null takes the agreement's own."""


class EstimateItemBody(BaseModel):
    """What one dataset of a statement can cost."""

    dataset: str
    regime: str
    price_model: str
    unit_microcredits: int
    ceiling_microcredits: int


class EstimateBody(BaseModel):
    """What a statement can cost at most."""

    rows_at_most: int
    ceiling_microcredits: int
    available_microcredits: int | None
    """Null where nothing costs."""
    is_covered: bool
    items: list[EstimateItemBody]


@router.post("/query")
async def run(request: Request, wanted: SqlBody) -> Response:
    """Answer a statement; the headers tell cost, balance, receipt and digest.

    With the header `Idempotency-Key` the same request is answered from the same result, once
    charged.
    """
    return await while_there(request, lambda gone: _run(request, wanted, gone))


def _run(request: Request, wanted: SqlBody, gone: threading.Event) -> Response:
    actor, form = actor_of(request), form_of(request, wanted.format)
    delivered = deliver_query(
        parts_of(wiring_of(request)),
        SqlQuestion(
            wanted.sql,
            form,
            manner_of(with_mark=wanted.bom, is_guarded=wanted.guard),
        ),
        ask_of(request, actor, wanted.purpose, gone),
    )
    file_name = None if form is ResultFormat.JSON else f"answer.{form.value}"
    return hand_out(request, actor, delivered, file_name=file_name)


@router.post("/query/estimate")
def price(request: Request, wanted: SqlBody) -> EstimateBody:
    """What a statement can cost at most; nothing is run and nothing held."""
    told = estimate(
        parts_of(wiring_of(request)),
        SqlQuestion(wanted.sql, wanted.format or ResultFormat.JSON),
        (),
        ask_of(request, actor_of(request), wanted.purpose),
    )
    return estimate_body(told)


@router.get("/receipts/{receipt_id}/result")
def result_again(request: Request, receipt_id: UUID) -> Response:
    """The result of an earlier delivery, free of charge while it is kept and still allowed."""
    actor = actor_of(request)
    delivered = read_again(parts_of(wiring_of(request)), receipt_id, ask_of(request, actor, None))
    return hand_out(request, actor, delivered)


def estimate_body(told: Estimate) -> EstimateBody:
    """An estimate as the API writes it."""
    return EstimateBody(
        rows_at_most=told.rows_at_most,
        ceiling_microcredits=told.ceiling,
        available_microcredits=told.available,
        is_covered=told.is_covered,
        items=[
            EstimateItemBody(
                dataset=item.dataset,
                regime=item.regime,
                price_model=item.model,
                unit_microcredits=item.unit,
                ceiling_microcredits=item.ceiling,
            )
            for item in told.items
        ],
    )

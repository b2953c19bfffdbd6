"""Balance and use: what was read, what it cost, what was earned."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse, StreamingResponse

from exchange.attest_statement import statement_file
from exchange.budgets import budget_of, set_budget
from exchange.credit import Balance
from exchange.errors import AmountOutOfBounds, CapOutOfBounds, NoOrganization
from exchange.faults.report_fault import receipts_with_agreed
from exchange.issue_invoice import invoices_of
from exchange.payments.errors import MalformedBankAccount, NotEarned
from exchange.payments.pay_out import ask_payout, payouts_of, refuse_payout
from exchange.settle import balance_of, statement
from exchange.trace import own_receipts
from policies.errors import N_
from policies.roles import can_apply_for, can_ask_payout, can_top_up
from policies.terms import MICROCREDITS_PER_CREDIT, MicroCredits
from portal.pages.buy.usage_view import (
    by_dataset,
    by_day,
    forecast,
    month_choices,
    month_of,
    receipt_lines,
)
from portal.pages.dataset_names import names_of_datasets
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

RECEIPTS_SHOWN: Final = 50
PAYOUTS_SHOWN: Final = 20
INVOICES_SHOWN: Final = 24
"""Two years of months."""
_CENTS: Final = len(str(MICROCREDITS_PER_CREDIT)) - 1
_SEE_OTHER = 303
_DONE: Final[Mapping[str, str]] = {
    "budget": N_("The monthly budget is kept."),
    "payout": N_("The payout is asked for. Finance sends it and gives the number of the transfer."),
}
_NOTHING = MicroCredits(0)
Field = Annotated[str, Form(max_length=200)]
Month = Annotated[str, Query(max_length=7)]


@router.get("/my/usage")
def show_usage(
    request: Request, month: Month = "", done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Balance, use by dataset and day, and receipts of one month."""
    return _usage(request, month, errors={}, done=done)


@router.post("/my/usage/budget")
def change_budget(
    request: Request, cap: Field = "", is_hard_stop: Field = "", step: Field = "set"
) -> Response:
    """Set what may be spent in a month, and whether deliveries stop there."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    amount = None if step == "remove" else microcredits_of(cap)
    typed = {"cap": cap, "is_hard_stop": is_hard_stop}
    if step != "remove" and amount is None:
        errors = {"cap": say.gettext("Write an amount such as 1000 or 12.50.")}
        return _usage(request, "", errors=errors, typed=typed, status=400)
    try:
        with wiring.pool.connection() as tx:
            set_budget(
                tx, cap=amount, is_hard_stop=is_hard_stop == "yes", by=actor, at=wiring.now()
            )
    except CapOutOfBounds as refusal:
        errors = {"cap": say.refusal(refusal)}
        return _usage(request, "", errors=errors, typed=typed, status=status_of(refusal))
    return RedirectResponse("/my/usage?done=budget#budget", _SEE_OTHER)


@router.post("/my/usage/payout")
def request_payout(request: Request, amount: Field = "", bank_account: Field = "") -> Response:
    """Ask for what the organisation earned."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = {"amount": amount, "bank_account": bank_account}
    wanted = microcredits_of(amount)
    if wanted is None:
        errors = {"amount": say.gettext("Write an amount such as 1000 or 12.50.")}
        return _usage(request, "", errors=errors, typed=typed, status=400)
    if actor.organization is None:
        raise NoOrganization
    try:
        with wiring.pool.connection() as tx:
            ask_payout(
                tx,
                actor.organization.id,
                wanted,
                bank_account=bank_account,
                by=actor,
                at=wiring.now(),
            )
    except (AmountOutOfBounds, NotEarned, MalformedBankAccount) as refusal:
        field = "bank_account" if isinstance(refusal, MalformedBankAccount) else "amount"
        errors = {field: say.refusal(refusal)}
        return _usage(request, "", errors=errors, typed=typed, status=status_of(refusal))
    return RedirectResponse("/my/usage?done=payout#payouts", _SEE_OTHER)


@router.post("/my/usage/payouts/{payout_id}/refuse")
def take_back_payout(request: Request, payout_id: UUID) -> Response:
    """Take back what was asked for and not sent."""
    actor, wiring = signed_in(request), wiring_of(request)
    say = speech_of(request)
    with wiring.pool.connection() as tx:
        refuse_payout(tx, payout_id, reason=say.gettext("Taken back"), by=actor, at=wiring.now())
    return RedirectResponse("/my/usage#payouts", _SEE_OTHER)


def _usage(
    request: Request,
    month: str,
    *,
    errors: Mapping[str, str],
    typed: Mapping[str, str] | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    since, until = month_of(month, at)
    organization = actor.organization
    with wiring.pool.connection() as tx:
        if organization is None:
            balance, budget = Balance(_NOTHING, _NOTHING, _NOTHING), None
            receipts = own_receipts(tx, before=until, limit=RECEIPTS_SHOWN, by=actor)
            told = None
            names = {}
            asked = []
            invoices = []
        else:
            balance = balance_of(tx, organization.id)
            budget = budget_of(tx, organization.id, at)
            told = statement(tx, organization.id, since, until)
            receipts = []
            asked = payouts_of(tx, organization.id, by=actor)[:PAYOUTS_SHOWN]
            invoices = invoices_of(tx, organization.id, by=actor)[:INVOICES_SHOWN]
            lines = (*told.spent, *told.earned)
            names = names_of_datasets(tx, {line.dataset_id for line in lines}, by=actor)
        spent = told.spent if told else ()
        shown = receipt_lines(spent, receipts, names, limit=RECEIPTS_SHOWN)
        ids = [UUID(one.href.rpartition("/")[2]) for one in shown]
        wrong = receipts_with_agreed(tx, ids)
    return render(
        request,
        "my/usage.html",
        status=status,
        organization=organization,
        balance=balance.available,
        reserved=balance.held,
        spent=told.spent_total if told else _NOTHING,
        earned=told.earned_total if told and told.earned else None,
        forecast=forecast(told, at) if told else None,
        as_of=at,
        since=since,
        months=[(value, say.month(day)) for value, day in month_choices(at)],
        month=since.strftime("%Y-%m"),
        by_dataset=by_dataset(spent, names),
        earned_by_dataset=by_dataset(told.earned if told else (), names),
        days=by_day(spent, since, min(until, at), say),
        receipts=shown,
        wrong={f"/receipt/{receipt_id}" for receipt_id in wrong},
        budget=budget,
        may_set_budget=organization is not None and can_apply_for(actor, organization.id),
        payouts=asked,
        invoices=invoices,
        due=balance.earned,
        may_ask_payout=organization is not None and can_ask_payout(actor, organization.id),
        typed={
            "cap": say.credits(budget.cap) if budget else "",
            "is_hard_stop": "yes" if budget is None or budget.is_hard_stop else "",
            "amount": "",
            "bank_account": "",
            **(typed or {}),
        },
        errors=errors,
        message=say.gettext(_DONE[done]) if done in _DONE else "",
        topup_href="/finance" if can_top_up(actor) else None,
        proof_href=f"/my/usage.jsonl?month={since:%Y-%m}",
        export_href=f"/my/usage.csv?month={since:%Y-%m}",
    )


@router.get("/my/usage.csv")
def export_usage(request: Request, month: Month = "") -> Response:
    """Every line of one month's statement, in whole micro-credits."""
    actor, wiring = signed_in(request), wiring_of(request)
    since, until = month_of(month, wiring.now())
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(
        [
            "receipt",
            "at",
            "kind",
            "dataset",
            "rows",
            "charge_microcredits",
            "fee_microcredits",
            "receipt_sha256",
        ]
    )
    if actor.organization is not None:
        with wiring.pool.connection() as tx:
            told = statement(tx, actor.organization.id, since, until)
            lines = (*told.spent, *told.earned)
            names = names_of_datasets(tx, {line.dataset_id for line in lines}, by=actor)
        for kind, held in (("spent", told.spent), ("earned", told.earned)):
            for line in held:
                rows.writerow(
                    [
                        line.receipt_id,
                        line.at.isoformat(),
                        kind,
                        names[line.dataset_id].slug,
                        line.row_count,
                        line.charge,
                        line.fee,
                        line.body_sha256,
                    ]
                )
    return Response(
        written.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="usage-{since:%Y-%m}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


@router.get("/my/usage.jsonl")
def export_statement(request: Request, month: Month = "") -> StreamingResponse:
    """One month's receipts as they were signed, with the signed total, for `weir verify`."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    since, until = month_of(month, at)
    if actor.organization is None:
        raise NoOrganization

    def lines() -> Iterator[bytes]:
        with wiring.pool.connection() as tx:
            yield from statement_file(tx, wiring.keys, since, until, by=actor, at=at)

    return StreamingResponse(
        lines(),
        media_type="application/x-ndjson",
        headers={
            "Content-Disposition": f'attachment; filename="statement-{since:%Y-%m}.jsonl"',
            "Cache-Control": "private, no-store",
        },
    )


def microcredits_of(text: str) -> MicroCredits | None:
    """Exact micro-credits of an amount as typed; None where it is none."""
    whole, _, rest = text.strip().replace(",", "").replace("，", "").partition(".")
    if not whole.isascii() or not whole.isdigit() or len(rest) > _CENTS:
        return None
    if rest and not (rest.isascii() and rest.isdigit()):
        return None
    parts = int((rest or "0").ljust(_CENTS, "0"))
    return MicroCredits(int(whole) * MICROCREDITS_PER_CREDIT + parts)

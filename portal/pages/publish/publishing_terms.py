"""The listings that a publisher proposes."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog import find
from exchange import list_product
from exchange.list_product import Proposal
from exchange.listing import ALL_USES, Declaration, Uses
from exchange.price import FREE, Price, PriceModel, Tier
from policies import terms
from policies.errors import Refusal
from policies.terms import MICROCREDITS_PER_CREDIT, MicroCredits, Regime
from portal.jobs import ask_for_copies
from portal.pages.publish.offer_forms import OfferFields
from portal.pages.publish.publishing import workbench_page
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303
_UNPROCESSABLE: Final = 422
_CREDIT_DIGITS: Final = 6
Text = Annotated[str, Form()]


@router.post("/publish/{slug}/listings")
def propose(request: Request, slug: str, given: Annotated[OfferFields, Form()]) -> Response:
    """Propose a listing; the clauses that stand against it are named on the page that follows."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = given.model_dump()
    errors: dict[str, str] = {}
    price = _price(given, errors, say)
    days = int(given.term_days) if re.fullmatch("[0-9]{1,6}", given.term_days) else 0
    if not days:
        errors["term_days"] = say.gettext("Give a whole number of days.")
    if given.regime not in set(Regime):
        errors["regime"] = say.gettext("Choose one of the values that are offered.")
    if errors:
        return workbench_page(request, slug, typed=typed, errors=errors, status=_UNPROCESSABLE)
    try:
        proposal = Proposal(
            regime=Regime(given.regime),
            price=price,
            terms=terms.Text(given.terms_zh.strip(), given.terms_en.strip()),
            licence=given.listing_licence,
            uses=Uses(ALL_USES.actions, ALL_USES.purposes, days),
            declared=Declaration(
                lawful_basis=given.lawful_basis,
                service_level_reference=given.service_level_reference.strip(),
                open_manner=given.open_manner.strip(),
                open_requirements=given.open_requirements.strip(),
                open_safeguards=given.open_safeguards.strip(),
            ),
        )
        with wiring.pool.connection() as tx:
            dataset = find.dataset_named(tx, slug, by=actor)
            list_product.propose(tx, dataset.id, proposal, by=actor, at=wiring.now())
            ask_for_copies(tx, dataset.id)
    except Refusal as refusal:
        return workbench_page(
            request, slug, typed=typed, errors={"regime": say.refusal(refusal)},
            status=status_of(refusal),
        )  # fmt: skip
    return RedirectResponse(f"/publish/{slug}?done=proposed", _SEE_OTHER)


_COUNT_DIGITS_MAX = 12


def credits_in(text: str) -> MicroCredits | None:
    """Credits as typed, to the millionth; None where that is no amount. Empty is nothing."""
    if not text.strip():
        return MicroCredits(0)
    try:
        amount = Decimal(text.strip().replace(",", "").replace("，", ""))
    except InvalidOperation:
        return None
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or not -_CREDIT_DIGITS <= exponent <= _CREDIT_DIGITS:
        return None
    return MicroCredits(int(amount * MICROCREDITS_PER_CREDIT)) if amount >= 0 else None


def _count_in(text: str) -> int | None:
    """A whole number as typed; None where that is none. Empty is nothing."""
    typed = text.strip().replace(",", "").replace("，", "") or "0"
    is_whole = typed.isascii() and typed.isdigit() and len(typed) <= _COUNT_DIGITS_MAX
    return int(typed) if is_whole else None


def _basis_points_in(text: str) -> int | None:
    """A percentage as typed in ten-thousandths; None where that is none. Empty is nothing."""
    whole, _, rest = text.strip().rstrip("%％").partition(".")
    typed = f"{whole or '0'}{rest.ljust(2, '0')}"
    is_percent = typed.isascii() and typed.isdigit() and len(rest) <= 2 and len(whole) <= 3
    return int(typed) if is_percent else None


def _price(given: OfferFields, errors: dict[str, str], say: Speech) -> Price:
    amounts = {
        name: credits_in(getattr(given, name))
        for name in ("unit", "minimum", "monthly", "tier_unit")
    }
    for name, amount in amounts.items():
        if amount is None:
            errors[name] = say.gettext("Give an amount of credits, such as 0.02.")
    counts = {name: _count_in(getattr(given, name)) for name in ("included", "tier_above")}
    for name, count in counts.items():
        if count is None:
            errors[name] = say.gettext("Give a whole number, such as 1000.")
    parts = {
        name: _basis_points_in(getattr(given, name))
        for name in ("aging_percent", "aging_percent_max")
    }
    for name, part in parts.items():
        if part is None:
            errors[name] = say.gettext("Give a percentage, such as 0.5.")
    if errors or given.price_model == PriceModel.FREE.value:
        return FREE
    tier = Tier(counts["tier_above"] or 0, amounts["tier_unit"] or MicroCredits(0))
    try:
        return Price(
            PriceModel(given.price_model),
            amounts["unit"] or MicroCredits(0),
            amounts["minimum"] or MicroCredits(0),
            monthly=amounts["monthly"] or MicroCredits(0),
            included=counts["included"] or 0,
            tiers=(tier,) if counts["tier_above"] else (),
            aging_basis_points=parts["aging_percent"] or 0,
            aging_basis_points_max=parts["aging_percent_max"] or 0,
        )
    except ValueError:
        errors["price_model"] = say.gettext("Choose one of the values that are offered.")
    except Refusal as refusal:
        errors["unit"] = say.refusal(refusal)
    return FREE

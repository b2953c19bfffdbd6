"""A publisher's own quality rules and the listings that they propose."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog import find
from catalog.curation import describe
from exchange import list_product
from exchange.list_product import Proposal
from exchange.listing import ALL_USES, Declaration, Uses
from exchange.look_beside import check_other_table
from exchange.price import FREE, Price, PriceModel, Tier
from policies import terms
from policies.errors import Refusal
from policies.terms import MICROCREDITS_PER_CREDIT, MicroCredits, Regime
from portal.jobs import ask_for_copies
from portal.pages.publish.offer_forms import OfferFields, RuleFields
from portal.pages.publish.publishing import workbench_page
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality import rules
from quality.check import Arity, Column, Family, Kind
from quality.rule_format import offered_checks

router = APIRouter()

_SEE_OTHER: Final = 303
_UNPROCESSABLE: Final = 422
_CREDIT_DIGITS: Final = 6
Text = Annotated[str, Form()]


@router.post("/publish/{slug}/rules")
def add_rule(request: Request, slug: str, given: Annotated[RuleFields, Form()]) -> Response:
    """Give the dataset a rule of its own."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = given.model_dump()
    try:
        with wiring.pool.connection() as tx:
            dataset = describe.owned_dataset(
                tx, find.dataset_named(tx, slug, by=actor).id, by=actor
            )
            overview = find.overview(tx, slug, by=actor)
            newest = overview.distributions[0].newest if overview.distributions else None
            schema = tuple(
                Column(column.name, column.type.value) for column in newest.columns
            ) if newest else ()  # fmt: skip
            at = wiring.now()
            body = _rule_body(given, schema)
            added = rules.add_rule(tx, dataset.id, body, schema, by=actor, at=at)
            check_other_table(tx, dataset, added, schema, by=actor, at=at)
    except Refusal as refusal:
        return workbench_page(
            request, slug, typed=typed, errors={"kind": say.refusal(refusal)},
            status=status_of(refusal),
        )  # fmt: skip
    return RedirectResponse(f"/publish/{slug}?done=rule-added", _SEE_OTHER)


@router.post("/publish/{slug}/rules/remove")
def remove_rule(request: Request, slug: str, rule: Text = "") -> Response:
    """Take a rule out of use; reports that it stood in keep it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = find.dataset_named(tx, slug, by=actor)
        dataset = describe.owned_dataset(tx, found.id, by=actor)
        for own in rules.list_rules(tx, dataset.id):
            if str(own.id) == rule:
                rules.remove_rule(tx, dataset.id, own.id, by=actor, at=wiring.now())
    return RedirectResponse(f"/publish/{slug}?done=rule-removed", _SEE_OTHER)


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


def _rule_body(given: RuleFields, schema: tuple[Column, ...]) -> dict[str, object]:
    """The rule as the API takes it; a refusal says what of it is wrong."""
    expect: dict[str, object] = {"kind": given.kind}
    asked = _parameters(given.kind)
    names = [name.strip() for name in given.rule_columns.split(",") if name.strip()]
    families = {column.family for column in schema if column.name in names}
    is_text = Family.TIME in families or Family.TEXT in families
    for name, text in (("at_least", given.at_least), ("at_most", given.at_most)):
        if name in asked and text.strip():
            expect[name] = text.strip() if Family.TIME in families else _number(text)
    if "pattern" in asked:
        expect["pattern"] = given.pattern
    if "values" in asked:
        parts = [part.strip() for part in given.values.split(",") if part.strip()]
        expect["values"] = [part if is_text else _number(part) for part in parts]
    body: dict[str, object] = {"expect": expect, "gate": given.gate}
    if given.kind in set(Kind) and Kind(given.kind).arity is not Arity.NONE:
        body["columns"] = names
    return body


def _parameters(kind: str) -> list[str]:
    offered = {str(one["kind"]): one["parameters"] for one in offered_checks()}
    found = offered.get(kind, [])
    return [str(name) for name in found] if isinstance(found, list) else []


def _number(text: str) -> object:
    """A bound as a number where it is one; else the text, which is then refused by name."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text.strip()

"""The fields of the workbench's forms: a rule of one's own, and a listing to propose."""

from __future__ import annotations

from pydantic import BaseModel

from exchange.price import PriceModel
from policies.terms import Regime
from quality.check import Kind
from quality.rule import Gate


class RuleFields(BaseModel):
    """The fields of a rule's form, as text."""

    kind: str = Kind.NOT_NULL.value
    rule_columns: str = ""
    at_least: str = ""
    at_most: str = ""
    pattern: str = ""
    values: str = ""
    """Parted by commas."""
    gate: str = Gate.WARN.value


class OfferFields(BaseModel):
    """The fields of a listing's form, as text."""

    regime: str = Regime.OPEN.value
    price_model: str = PriceModel.FREE.value
    unit: str = ""
    """Credits, such as 0.02."""
    minimum: str = ""
    monthly: str = ""
    included: str = ""
    tier_above: str = ""
    tier_unit: str = ""
    aging_percent: str = ""
    """Off a unit for each day of age, such as 0.5."""
    aging_percent_max: str = ""
    terms_zh: str = ""
    terms_en: str = ""
    listing_licence: str = ""
    term_days: str = "365"
    lawful_basis: str = "statutory_duty"
    service_level_reference: str = ""
    open_manner: str = ""
    open_requirements: str = ""
    open_safeguards: str = ""


def blank_fields() -> dict[str, str]:
    """Both forms before anything was typed."""
    return {**RuleFields().model_dump(), **OfferFields().model_dump()}

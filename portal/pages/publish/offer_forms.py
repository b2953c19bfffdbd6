"""The fields of the workbench's form for a listing to propose."""

from __future__ import annotations

from pydantic import BaseModel

from exchange.price import PriceModel
from policies.terms import Regime


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
    """The form before anything was typed."""
    return dict(OfferFields().model_dump())

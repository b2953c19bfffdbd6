"""The agreement that both sides sign: eight sections, as plain values for the canonical text.

It names the ODRL terms by their hash, and says beside them in which section each thing stands.

Source: X106 (ISO/IEC 23751).
"""

from __future__ import annotations

from catalog.dataset import Dataset
from catalog.view import View
from exchange.listing import Listing
from policies.agreement import Agreement
from policies.canonical import Plain, to_plain
from policies.events import moment_text
from policies.evidence.agreement_proof import AGREEMENT_BODY_FORMAT
from policies.party import Organization
from policies.terms import Regime

SECURITY_DUTIES = ("inform on an incident", "delete at the end", "pass nothing on")
RETENTION_YEARS = 3
"""Records of an agreement are kept so long behind its end. Source: 网络数据安全管理条例 art. 12."""


def document_of(
    agreement: Agreement,
    listing: Listing,
    dataset: Dataset,
    *,
    provider: Organization,
    consumer: Organization,
    view: View | None,
    duty: str,
    training_model: str,
) -> dict[str, Plain]:
    """The body that both sides sign. `view` None: all that the listing offers."""
    declared, release = listing.declared, listing.release
    released_by = release.signed_by if release and agreement.accepted_by is None else None
    sections: dict[str, Plain] = {
        "data": {
            "dataset_id": str(dataset.id),
            "title": {**dataset.entry.title.as_map()},
            "listing_id": str(listing.id),
            "grade": dataset.entry.grade.value,
            "view_sha256": (view or listing.view).fingerprint(),
            "is_part": view is not None,
        },
        "uses": {
            "purpose": agreement.purpose.value,
            "actions": [action.value for action in sorted(agreement.actions)],
            "duty": duty,
            "training_model": training_model,
            "may_pass_on": listing.regime is Regime.OPEN,
        },
        "term": {
            "starts_at": moment_text(agreement.starts_at),
            "ends_at": moment_text(agreement.ends_at),
        },
        "roles": {
            "provider": _party(provider),
            "consumer": _party(consumer),
            "accepted_by": _id(agreement.accepted_by),
            "released_by": _id(released_by),
        },
        "security": {
            "duties": [*SECURITY_DUTIES],
            "risk_assessed_on": to_plain(declared.risk_assessed_on),
        },
        "quality": {
            "update_cycle": dataset.entry.update_cycle.value,
            "service_level": declared.service_level_reference,
        },
        "liability": {
            "price": to_plain(listing.price.as_json()),
            "licence": listing.licence,
            "terms": {**listing.terms.as_map()},
        },
        "end": {
            "may_end_early": ["provider", "consumer", "bureau", "regulator"],
            "may_suspend": ["provider", "bureau", "regulator"],
            "on_end": "delete",
            "records_kept_years": RETENTION_YEARS,
        },
    }
    return {
        "format": AGREEMENT_BODY_FORMAT,
        "agreement_id": str(agreement.id),
        "regime": agreement.regime.value,
        "concluded_at": moment_text(agreement.concluded_at),
        "profile": {"id": agreement.profile_id, "hash": agreement.profile_hash},
        "terms_sha256": agreement.terms_sha256,
        "sections": sections,
    }


def _party(organization: Organization) -> Plain:
    return {
        "id": str(organization.id),
        "title": {**organization.title.as_map()},
        "credit_code": organization.credit_code,
    }


def _id(value: object) -> Plain:
    return None if value is None else str(value)

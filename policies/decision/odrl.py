"""ODRL 2.2: the terms of an offer or agreement as JSON-LD, one text for one set of terms.

We write ODRL and do not read it: decisions rest on our own records, and the JSON-LD is how others
read them and what both sides sign. Every policy writes out that prohibitions win, since a policy
that is silent is void as soon as two of its rules conflict.

Source: W3C ODRL Information Model 2.2 s. 2.1.2-2.1.3, 2.5, 2.6, 2.10; ODRL Vocabulary 2.2 s. 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from policies.access import Action
from policies.canonical import Plain, canonical_text, fingerprint_of, to_plain
from policies.errors import WrongParties
from policies.terms import MicroCredits, Purpose

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"


class PolicyKind(StrEnum):
    """ODRL's two kinds of policy that we conclude."""

    OFFER = "Offer"
    AGREEMENT = "Agreement"


class Duty(StrEnum):
    """What the assignee must do, in ODRL's words."""

    ATTRIBUTE = "attribute"
    DELETE = "delete"
    INFORM = "inform"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTerms:
    """The terms of one offer or agreement; parties, target and unit are IRIs."""

    kind: PolicyKind
    uid: str
    assigner: str
    assignee: str | None
    """None for an offer."""
    target: str
    actions: frozenset[Action]
    purposes: frozenset[Purpose]
    starts_at: datetime
    ends_at: datetime
    """The first moment at which it no longer holds."""
    price_microcredits: MicroCredits
    """What one unit of the tariff costs; 0 asks for no payment."""
    unit: str
    """IRI of the unit that is paid in."""
    duties: frozenset[Duty] = frozenset()
    is_distribution_prohibited: bool = True


def to_odrl(terms: PolicyTerms) -> dict[str, Plain]:
    """The policy as JSON-LD; lists stand in alphabetical order.

    Raises: WrongParties.
    """
    if (terms.assignee is None) is (terms.kind is PolicyKind.AGREEMENT):
        raise WrongParties(terms.uid)
    parties: dict[str, Plain] = {"assigner": terms.assigner}
    if terms.assignee is not None:
        parties["assignee"] = terms.assignee
    policy: dict[str, Plain] = {
        "@context": CONTEXT,
        "@type": terms.kind.value,
        "uid": terms.uid,
        "conflict": "prohibit",
        **parties,
        "permission": [_permission(terms, action) for action in sorted(terms.actions)],
    }
    if terms.is_distribution_prohibited:
        policy["prohibition"] = [{"target": terms.target, "action": "distribute"}]
    if terms.duties:
        policy["obligation"] = [{"action": duty.value} for duty in sorted(terms.duties)]
    return policy


def odrl_text(terms: PolicyTerms) -> str:
    """The policy as canonical text, to be signed and hashed.

    Raises: WrongParties.
    """
    return canonical_text(to_odrl(terms))


def odrl_fingerprint(terms: PolicyTerms) -> str:
    """SHA-256 over the canonical text, 64 hexadecimal digits.

    Raises: WrongParties.
    """
    return fingerprint_of(to_odrl(terms))


def _permission(terms: PolicyTerms, action: Action) -> Plain:
    permission: dict[str, Plain] = {
        "target": terms.target,
        "action": _odrl_action(action),
        "constraint": [
            _constraint("purpose", "isAnyOf", sorted(terms.purposes)),
            _constraint("dateTime", "gteq", terms.starts_at),
            _constraint("dateTime", "lt", terms.ends_at),
        ],
    }
    if terms.price_microcredits:
        permission["duty"] = [_payment(terms)]
    return permission


def _payment(terms: PolicyTerms) -> Plain:
    """What must be paid before the permission counts. Source: ODRL 2.2 s. 2.6.5."""
    amount = _constraint("payAmount", "eq", terms.price_microcredits)
    return {"action": [{"value": "compensate", "refinement": [{**amount, "unit": terms.unit}]}]}


def _constraint(left: str, operator: str, right: object) -> dict[str, Plain]:
    value: Plain = to_plain(right)
    if isinstance(right, datetime):
        value = {"@value": value, "@type": "xsd:dateTime"}
    return {"leftOperand": left, "operator": operator, "rightOperand": value}


def _odrl_action(action: Action) -> str:
    """The action in the common vocabulary. Source: ODRL Vocabulary 2.2 s. 4.4."""
    match action:
        case Action.PREVIEW:
            return "display"
        case Action.READ_PAGE:
            return "read"
        case Action.QUERY:
            return "extract"
        case Action.DOWNLOAD:
            return "reproduce"
        case _:
            assert_never(action)

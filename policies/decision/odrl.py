"""ODRL 2.2: the terms of an offer or agreement as JSON-LD, one text for one set of terms.

Decisions rest on our own records; the JSON-LD is how others read them and what both sides sign. A
policy of somebody else is read into the same terms or refused, with everything named that they
cannot express: a part that was passed over would be a promise that nobody keeps. Every policy
writes out that prohibitions win, since a silent one is void as soon as two of its rules conflict.
The target stands at the policy and not at its rules, as the Dataspace Protocol asks.

Source: W3C ODRL Information Model 2.2 s. 2.1.2-2.1.3, 2.5, 2.6, 2.10; ODRL Vocabulary 2.2 s. 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar, assert_never

from policies.access import Action
from policies.canonical import Plain, canonical_text, fingerprint_of, to_plain
from policies.errors import InexpressiblePolicy, WrongParties
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
        "target": terms.target,
        **parties,
        "permission": [_permission(terms, action) for action in sorted(terms.actions)],
    }
    if terms.is_distribution_prohibited:
        policy["prohibition"] = [{"action": "distribute"}]
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


OWN_PARTS: Final = frozenset({"weir:offer", "weir:duty"})
"""What our own agreements carry beside the policy; it is theirs and not read into terms."""
RULES_MAX: Final = 100
_DISTRIBUTE: Final = {"action": "distribute"}


def from_odrl(plain: Plain) -> PolicyTerms:
    """The terms of somebody's offer or agreement.

    Raises: InexpressiblePolicy with the name of every part that our terms cannot express;
    WrongParties.
    """
    reading = _Reading()
    policy = reading.map_of(plain, "policy")
    reading.known(policy, "", _POLICY_PARTS | OWN_PARTS)
    if policy.get("@context") not in (CONTEXT, [CONTEXT]):
        reading.refuse("@context")
    kind = reading.member(PolicyKind, policy.get("@type"), "@type")
    if policy.get("conflict") != "prohibit":
        reading.refuse("conflict")
    targets = {reading.text(policy.get("target"), "target")} if "target" in policy else set()
    permissions = reading.rules(policy, "permission", targets)
    terms = [reading.permission(rule, f"permission[{n}]") for n, rule in enumerate(permissions)]
    if not terms:
        reading.refuse("permission")
    if len({one.shared for one in terms}) > 1:
        reading.refuse("permissions that differ in more than their action")
    prohibitions = reading.rules(policy, "prohibition", targets)
    for n, rule in enumerate(prohibitions):
        if rule != _DISTRIBUTE:
            reading.refuse(f"prohibition[{n}]")
    duties = [
        reading.duty(rule, f"obligation[{n}]")
        for n, rule in enumerate(reading.rules(policy, "obligation", set()))
    ]
    if len(targets) != 1:
        reading.refuse("target")
    uid = reading.text(policy.get("uid"), "uid")
    assigner = reading.text(policy.get("assigner"), "assigner")
    assignee = policy.get("assignee")
    if assignee is not None:
        assignee = reading.text(assignee, "assignee")
    if reading.refused or kind is None:
        raise InexpressiblePolicy(list(dict.fromkeys(reading.refused)))
    purposes, starts_at, ends_at, amount, unit = terms[0].shared
    assert starts_at is not None
    assert ends_at is not None
    read = PolicyTerms(
        kind=kind,
        uid=uid,
        assigner=assigner,
        assignee=assignee,
        target=targets.pop(),
        actions=frozenset(one.action for one in terms if one.action is not None),
        purposes=purposes,
        starts_at=starts_at,
        ends_at=ends_at,
        price_microcredits=MicroCredits(amount),
        unit=unit,
        duties=frozenset(duty for duty in duties if duty is not None),
        is_distribution_prohibited=bool(prohibitions),
    )
    if (read.assignee is None) is (read.kind is PolicyKind.AGREEMENT):
        raise WrongParties(read.uid)
    return read


_POLICY_PARTS: Final = frozenset(
    {
        "@context",
        "@type",
        "uid",
        "conflict",
        "target",
        "assigner",
        "assignee",
        "permission",
        "prohibition",
        "obligation",
    }
)
_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class _Permission:
    action: Action | None
    shared: tuple[frozenset[Purpose], datetime | None, datetime | None, int, str]
    """Purposes, start, end, amount and its unit: one for all permissions of a policy."""


@dataclass(slots=True)
class _Reading:
    """What was refused so far, by the name of the part."""

    refused: list[str] = field(default_factory=list)

    def refuse(self, name: str) -> None:
        self.refused.append(name)

    def known(self, plain: dict[str, Plain], place: str, names: frozenset[str]) -> None:
        for name in sorted(set(plain) - names):
            self.refuse(f"{place}.{name}" if place else name)

    def map_of(self, plain: Plain, place: str) -> dict[str, Plain]:
        if isinstance(plain, dict):
            return plain
        self.refuse(place)
        return {}

    def list_of(self, plain: Plain, place: str) -> list[Plain]:
        if plain is None:
            return []
        held: list[Plain] = plain if isinstance(plain, list) else [plain]
        if len(held) > RULES_MAX:
            self.refuse(place)
        return held[:RULES_MAX]

    def text(self, plain: Plain, place: str) -> str:
        if isinstance(plain, str) and plain:
            return plain
        self.refuse(place)
        return ""

    def member(self, kind: type[_E], plain: Plain, place: str) -> _E | None:
        for one in kind:
            if plain == one.value:
                return one
        self.refuse(place)
        return None

    def rules(
        self, policy: dict[str, Plain], name: str, targets: set[str]
    ) -> list[dict[str, Plain]]:
        """The rules of one kind without their targets, which are gathered in `targets`."""
        rules = []
        for n, plain in enumerate(self.list_of(policy.get(name), name)):
            rule = dict(self.map_of(plain, f"{name}[{n}]"))
            if "target" in rule:
                targets.add(self.text(rule.pop("target"), f"{name}[{n}].target"))
            rules.append(rule)
        return rules

    def permission(self, rule: dict[str, Plain], place: str) -> _Permission:
        self.known(rule, place, frozenset({"action", "constraint", "duty"}))
        action = next((one for one in Action if _odrl_action(one) == rule.get("action")), None)
        if action is None:
            self.refuse(f"{place}.action")
        purposes: frozenset[Purpose] = frozenset()
        starts_at = ends_at = None
        for n, plain in enumerate(self.list_of(rule.get("constraint"), f"{place}.constraint")):
            where = f"{place}.constraint[{n}]"
            constraint = self.map_of(plain, where)
            self.known(constraint, where, frozenset({"leftOperand", "operator", "rightOperand"}))
            match constraint.get("leftOperand"), constraint.get("operator"):
                case "purpose", "isAnyOf" if not purposes:
                    purposes = frozenset(self.purposes(constraint.get("rightOperand"), where))
                case "dateTime", "gteq" if starts_at is None:
                    starts_at = self.moment(constraint.get("rightOperand"), where)
                case "dateTime", "lt" if ends_at is None:
                    ends_at = self.moment(constraint.get("rightOperand"), where)
                case _:
                    self.refuse(where)
        for name, value in (("purpose", purposes), ("start", starts_at), ("end", ends_at)):
            if not value:
                self.refuse(f"{place} without {name}")
        amount, unit = self.payment(rule.get("duty"), f"{place}.duty")
        return _Permission(action, (purposes, starts_at, ends_at, amount, unit))

    def purposes(self, plain: Plain, place: str) -> Iterator[Purpose]:
        for value in self.list_of(plain, place):
            purpose = self.member(Purpose, value, f"{place}: {value}")
            if purpose is not None:
                yield purpose

    def moment(self, plain: Plain, place: str) -> datetime | None:
        value = plain.get("@value") if isinstance(plain, dict) else plain
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.refuse(place)
            return None
        return moment

    def payment(self, plain: Plain, place: str) -> tuple[int, str]:
        """Amount and unit; a duty of another shape is refused."""
        duties = self.list_of(plain, place)
        if not duties:
            return 0, ""
        match duties:
            case [
                {
                    "action": [
                        {
                            "value": "compensate",
                            "refinement": [
                                {
                                    "leftOperand": "payAmount",
                                    "operator": "eq",
                                    "rightOperand": int(amount),
                                    "unit": str(unit),
                                    **more,
                                }
                            ],
                            **others,
                        }
                    ],
                    **rest,
                }
            ] if amount > 0 and not (more or others or rest):
                return amount, unit
        self.refuse(place)
        return 0, ""

    def duty(self, rule: dict[str, Plain], place: str) -> Duty | None:
        self.known(rule, place, frozenset({"action"}))
        return self.member(Duty, rule.get("action"), f"{place}.action")


def _permission(terms: PolicyTerms, action: Action) -> Plain:
    permission: dict[str, Plain] = {
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

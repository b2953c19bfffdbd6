from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from policies.access import Action
from policies.decision.odrl import (
    Duty,
    PolicyKind,
    PolicyTerms,
    odrl_fingerprint,
    odrl_text,
    to_odrl,
)
from policies.errors import WrongParties
from policies.terms import MicroCredits, Purpose

TERMS = PolicyTerms(
    kind=PolicyKind.AGREEMENT,
    uid="urn:uuid:1",
    assigner="urn:uuid:seller",
    assignee="urn:uuid:buyer",
    target="urn:uuid:listing",
    actions=frozenset((Action.QUERY, Action.DOWNLOAD)),
    purposes=frozenset((Purpose.PRODUCT, Purpose.ANALYSIS)),
    starts_at=datetime(2026, 8, 3, tzinfo=UTC),
    ends_at=datetime(2027, 8, 3, tzinfo=UTC),
    price_microcredits=MicroCredits(2_000_000),
    unit="urn:weir:credit:micro",
    duties=frozenset((Duty.DELETE, Duty.ATTRIBUTE)),
)


def test_an_agreement_says_everything_in_odrl_words() -> None:
    policy = to_odrl(TERMS)

    assert policy["@context"] == "http://www.w3.org/ns/odrl.jsonld"
    assert policy["@type"] == "Agreement"
    assert policy["conflict"] == "prohibit"
    assert policy["prohibition"] == [{"target": "urn:uuid:listing", "action": "distribute"}]
    assert policy["obligation"] == [{"action": "attribute"}, {"action": "delete"}]
    download, query = json.loads(odrl_text(TERMS))["permission"]
    assert (download["action"], query["action"]) == ("reproduce", "extract")
    assert [constraint["leftOperand"] for constraint in query["constraint"]] == [
        "purpose",
        "dateTime",
        "dateTime",
    ]
    assert query["constraint"][0]["rightOperand"] == ["analysis", "product"]
    assert query["duty"][0]["action"][0]["refinement"][0]["rightOperand"] == 2_000_000


def test_what_costs_nothing_asks_for_no_payment() -> None:
    policy = json.loads(odrl_text(replace(TERMS, price_microcredits=MicroCredits(0))))

    assert all("duty" not in permission for permission in policy["permission"])


def test_the_text_does_not_depend_on_the_order_of_sets() -> None:
    turned = replace(
        TERMS,
        actions=frozenset((Action.DOWNLOAD, Action.QUERY)),
        duties=frozenset((Duty.ATTRIBUTE, Duty.DELETE)),
    )

    assert odrl_text(turned) == odrl_text(TERMS)
    assert odrl_fingerprint(turned) == odrl_fingerprint(TERMS)
    assert odrl_fingerprint(replace(TERMS, uid="urn:uuid:2")) != odrl_fingerprint(TERMS)


def test_an_offer_has_no_assignee_and_an_agreement_has_one() -> None:
    offer = replace(TERMS, kind=PolicyKind.OFFER, assignee=None)

    assert "assignee" not in to_odrl(offer)
    with pytest.raises(WrongParties):
        to_odrl(replace(TERMS, assignee=None))
    with pytest.raises(WrongParties):
        to_odrl(replace(TERMS, kind=PolicyKind.OFFER))


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_word_of_the_common_vocabulary(action: Action) -> None:
    (permission,) = json.loads(odrl_text(replace(TERMS, actions=frozenset((action,)))))[
        "permission"
    ]

    assert permission["action"] in {"display", "read", "extract", "reproduce"}

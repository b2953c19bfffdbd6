from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.access import Action
from policies.canonical import Plain
from policies.decision.odrl import (
    Duty,
    PolicyKind,
    PolicyTerms,
    from_odrl,
    odrl_fingerprint,
    odrl_text,
    to_odrl,
)
from policies.errors import InexpressiblePolicy, WrongParties
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
    assert policy["target"] == "urn:uuid:listing"
    assert policy["prohibition"] == [{"action": "distribute"}]
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


MOMENTS = st.integers(0, 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
PURPOSES = ("permission", 0, "constraint", 0, "rightOperand")


@given(
    kind=st.sampled_from(PolicyKind),
    actions=st.frozensets(st.sampled_from(Action), min_size=1),
    purposes=st.frozensets(st.sampled_from(Purpose), min_size=1),
    price=st.integers(0, 10**12),
    duties=st.frozensets(st.sampled_from(Duty)),
    is_prohibited=st.booleans(),
    times=st.tuples(MOMENTS, MOMENTS),
)
def test_what_was_written_is_read_back(
    kind: PolicyKind,
    actions: frozenset[Action],
    purposes: frozenset[Purpose],
    price: int,
    duties: frozenset[Duty],
    is_prohibited: bool,
    times: tuple[datetime, datetime],
) -> None:
    terms = replace(
        TERMS,
        kind=kind,
        assignee="urn:uuid:buyer" if kind is PolicyKind.AGREEMENT else None,
        actions=actions,
        purposes=purposes,
        price_microcredits=MicroCredits(price),
        unit=TERMS.unit if price else "",
        duties=duties,
        is_distribution_prohibited=is_prohibited,
        starts_at=times[0],
        ends_at=times[1],
    )

    assert from_odrl(json.loads(odrl_text(terms))) == terms


def test_a_policy_with_its_target_at_the_rules_is_read_too() -> None:
    policy = json.loads(odrl_text(TERMS))
    target = policy.pop("target")
    for rule in (*policy["permission"], *policy["prohibition"]):
        rule["target"] = target

    assert from_odrl(policy) == TERMS


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("conflict",), "perm", "conflict"),
        (("conflict",), None, "conflict"),
        (("@type",), "Set", "@type"),
        (("inheritFrom",), "urn:x", "inheritFrom"),
        (("profile",), "urn:x", "profile"),
        (("target",), ["urn:a", "urn:b"], "target"),
        (("permission", 0, "action"), "sell", "permission[0].action"),
        (("permission", 0, "assignee"), "urn:z", "permission[0].assignee"),
        (("permission", 1, "target"), "urn:other", "target"),
        (
            ("permission", 0, "constraint", 0, "leftOperand"),
            "spatial",
            "permission[0].constraint[0]",
        ),
        (
            ("permission", 0, "constraint", 0, "rightOperand"),
            ["fun"],
            "permission[0].constraint[0]: fun",
        ),
        (("permission", 0, "constraint", 2, "operator"), "lteq", "permission[0].constraint[2]"),
        (("permission", 0, "constraint", 1, "rightOperand"), "soon", "permission[0].constraint[1]"),
        (("permission", 0, "duty"), [{"action": "attribute"}], "permission[0].duty"),
        (
            ("permission", 0, "constraint", 0, "rightOperand"),
            ["research"],
            "permissions that differ",
        ),
        (("prohibition", 0, "action"), "print", "prohibition[0]"),
        (("prohibition", 0, "remedy"), {}, "prohibition[0]"),
        (("obligation", 0, "action"), "reviewPolicy", "obligation[0].action"),
        (("obligation", 0, "consequence"), {}, "obligation[0].consequence"),
        (("permission",), [], "permission"),
    ],
    ids=str,
)
def test_what_cannot_be_expressed_is_refused_by_name(
    path: tuple[str | int, ...], value: object, named: str
) -> None:
    policy = json.loads(odrl_text(TERMS))
    place = policy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(InexpressiblePolicy) as refusal:
        from_odrl(policy)

    assert any(part.startswith(named) for part in refusal.value.parts), refusal.value.parts


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["@type", "uid", "permission", "action", "constraint", "duty", "target"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(plain=JSON)
def test_anything_else_is_refused_and_breaks_nothing(plain: Plain) -> None:
    with pytest.raises(InexpressiblePolicy):
        from_odrl(plain)

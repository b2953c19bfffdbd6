"""Tests of `policies/events.py`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from policies.events import Edge, Event, EventKind, body_of, personal_hash, personal_text
from policies.party import ANONYMOUS, Actor, Organization, OrganizationKind
from policies.terms import OrganizationId, Regime, Text, UserId

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


def test_the_body_of_an_empty_event_is_this_text() -> None:
    body = body_of(Event(EventKind.AUDIT_VIEWED, AT, ANONYMOUS), None)

    assert body == (
        '{"actor":{"organization_id":null,"token_id":null,"user_id":null},'
        '"at":"2026-11-22T09:00:00.000000Z","dataset_id":null,"edges":[],"facts":{},'
        '"kind":"audit.viewed","organization_id":null,"personal_sha256":null,"schema":1,'
        '"subject_id":null}'
    )


def test_the_body_of_a_full_event_is_this_text() -> None:
    bureau = Organization(OrganizationId(TWO), "bureau", OrganizationKind.BUREAU, Text(), None, AT)
    event = Event(
        EventKind.VERSION_CREATED,
        AT,
        Actor(UserId(ONE), "li", organization=bureau, token_id="t"),
        organization_id=TWO,
        dataset_id=THREE,
        subject_id=ONE,
        facts={"rows": 2, "regime": Regime.OPEN, "of": [ONE], "deep": {"b": True, "a": None}},
        edges=(Edge("upload:1", "version:1", "ingest"),),
    )

    assert body_of(event, "ab") == (
        '{"actor":{"organization_id":"00000000-0000-0000-0000-000000000002","token_id":"t",'
        '"user_id":"00000000-0000-0000-0000-000000000001"},"at":"2026-11-22T09:00:00.000000Z",'
        '"dataset_id":"00000000-0000-0000-0000-000000000003",'
        '"edges":[{"by":"ingest","source":"upload:1","target":"version:1"}],'
        '"facts":{"deep":{"a":null,"b":true},"of":["00000000-0000-0000-0000-000000000001"],'
        '"regime":"open","rows":2},"kind":"version.created",'
        '"organization_id":"00000000-0000-0000-0000-000000000002","personal_sha256":"ab",'
        '"schema":1,"subject_id":"00000000-0000-0000-0000-000000000001"}'
    )


def test_the_same_moment_in_another_zone_has_the_same_body() -> None:
    in_china = AT.astimezone(timezone(timedelta(hours=8)))

    assert body_of(Event(EventKind.AUDIT_VIEWED, in_china, ANONYMOUS), None) == body_of(
        Event(EventKind.AUDIT_VIEWED, AT, ANONYMOUS), None
    )


def test_a_time_without_a_zone_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        Event(EventKind.AUDIT_VIEWED, AT.replace(tzinfo=None), ANONYMOUS)


@pytest.mark.parametrize("fact", [0.5, 2**53 + 1])
def test_a_number_that_json_cannot_say_exactly_is_our_own_mistake(fact: float) -> None:
    event = Event(EventKind.AUDIT_VIEWED, AT, ANONYMOUS, facts={"n": fact})  # type: ignore[dict-item]

    with pytest.raises((TypeError, ValueError)):
        body_of(event, None)


def test_the_same_name_under_another_salt_has_another_hash() -> None:
    text = personal_text({"contact": "王小明"})

    assert personal_hash(bytes(32), text) != personal_hash(b"1" * 32, text)

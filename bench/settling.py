"""Settlements as the server makes them, and as one call of one database function each.

There are two such functions. One writes the very rows that the server writes, under the same
locks; what the server works out in Python (the receipt's text, its signature, ids) is given to it.
The other is bare double entry, without receipts, decisions, events or checks but the floor:
one row of a transfer, two balances.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from exchange import post_deliveries as group
from exchange.allow import Ask, Parts, Posting, allow
from exchange.answer import run_page
from exchange.delivery import PageQuestion
from exchange.result_files import new_path
from exchange.store import group as store
from policies.party import Actor

FUNCTION = """
CREATE OR REPLACE FUNCTION pg_temp_settle(told jsonb) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    new_event bigint;
BEGIN
    PERFORM 1 FROM policies.agreements
      WHERE id = (told->'item'->>'agreement_id')::uuid AND state = 'active' FOR SHARE;
    PERFORM 1 FROM exchange.receipt_chains
      WHERE agreement_id = (told->'item'->>'agreement_id')::uuid FOR UPDATE;
    PERFORM 1 FROM exchange.accounts
      WHERE id IN ((told->'transfers'->0->>'debit_account_id')::uuid,
                   (told->'transfers'->0->>'credit_account_id')::uuid)
      ORDER BY id FOR UPDATE;
    INSERT INTO exchange.decisions
           (id, at, user_id, organization_id, token_id, action, dataset_id, listing_id,
            agreement_id, is_allowed, rule_ids, reasons, facts, profile_id, profile_hash,
            policy_hash)
    SELECT id, at, user_id, organization_id, token_id, action, dataset_id, listing_id,
           agreement_id, true, rule_ids, reasons, facts, profile_id, profile_hash, policy_hash
      FROM jsonb_to_record(told->'decision')
           AS row (id uuid, at timestamptz, user_id uuid, organization_id uuid, token_id uuid,
                   action text, dataset_id uuid, listing_id uuid, agreement_id uuid,
                   rule_ids text[], reasons jsonb, facts jsonb, profile_id text,
                   profile_hash text, policy_hash text);
    INSERT INTO policies.events (kind, at, actor_id, organization_id, dataset_id, subject_id, body)
    SELECT 'data.delivered', row.created_at, row.user_id, row.consumer_id, NULL, row.id,
           told->>'event'
      FROM jsonb_to_record(told->'receipt')
           AS row (id uuid, created_at timestamptz, user_id uuid, consumer_id uuid)
    RETURNING id INTO new_event;
    INSERT INTO policies.lineage_edges (event_id, source, target, made_by)
    VALUES (new_event, 'version:' || (told->'item'->>'version_id'),
            'receipt:' || (told->'receipt'->>'id'), 'deliver');
    INSERT INTO policies.unsequenced_events (event_id) VALUES (new_event);
    INSERT INTO exchange.receipts
           (id, created_at, action, user_id, consumer_id, row_count, size_bytes,
            question_sha256, result_sha256, charge_microcredits, body, body_sha256, kid,
            signature, event_id)
    SELECT id, created_at, action, user_id, consumer_id, row_count, size_bytes, question_sha256,
           result_sha256, charge_microcredits, body, body_sha256, kid, decode(signature, 'hex'),
           new_event
      FROM jsonb_to_record(told->'receipt')
           AS row (id uuid, created_at timestamptz, action text, user_id uuid, consumer_id uuid,
                   row_count bigint, size_bytes bigint, question_sha256 text,
                   result_sha256 text, charge_microcredits bigint, body text, body_sha256 text,
                   kid text, signature text);
    INSERT INTO exchange.receipt_items
           (receipt_id, decision_id, dataset_id, version_id, listing_id, agreement_id, regime,
            charge_microcredits, fee_microcredits)
    SELECT receipt_id, decision_id, dataset_id, version_id, listing_id, agreement_id, regime,
           charge_microcredits, fee_microcredits
      FROM jsonb_to_record(told->'item')
           AS row (receipt_id uuid, decision_id uuid, dataset_id uuid, version_id uuid,
                   listing_id uuid, agreement_id uuid, regime text, charge_microcredits bigint,
                   fee_microcredits bigint);
    INSERT INTO exchange.transfers
           (id, kind, pending_id, debit_account_id, credit_account_id, asset, amount, reason,
            receipt_id, expires_at, created_at)
    SELECT id, kind, pending_id, debit_account_id, credit_account_id, 'credit', amount, reason,
           receipt_id, expires_at, created_at
      FROM jsonb_to_recordset(told->'transfers')
           AS row (id uuid, kind text, pending_id uuid, debit_account_id uuid,
                   credit_account_id uuid, amount bigint, reason text, receipt_id uuid,
                   expires_at timestamptz, created_at timestamptz);
    UPDATE exchange.receipt_chains SET last_sha256 = told->'receipt'->>'body_sha256'
     WHERE agreement_id = (told->'item'->>'agreement_id')::uuid;
    INSERT INTO exchange.results (receipt_id, path, media_type, readable_until)
    SELECT receipt_id, path, media_type, readable_until
      FROM jsonb_to_record(told->'result')
           AS row (receipt_id uuid, path text, media_type text, readable_until timestamptz);
END
$body$;
"""

BARE = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.accounts (
    id integer PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0)
);
INSERT INTO bench.accounts (id, balance) VALUES (1, 1000000000), (2, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS bench.transfers (
    id uuid PRIMARY KEY,
    debit_id integer NOT NULL REFERENCES bench.accounts,
    credit_id integer NOT NULL REFERENCES bench.accounts,
    amount bigint NOT NULL CHECK (amount > 0),
    created_at timestamptz NOT NULL
);
CREATE OR REPLACE FUNCTION bench.transfer(transfer_id uuid, paid bigint) RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO bench.transfers VALUES (transfer_id, 1, 2, paid, now());
    UPDATE bench.accounts SET balance = balance - paid WHERE id = 1;
    UPDATE bench.accounts SET balance = balance + paid WHERE id = 2;
END
$body$;
"""

WRITTEN = ("decisions", "receipts", "items", "transfers", "results")


class Ledger:
    """One buyer's settlements, made either way."""

    def __init__(self, parts: Parts, buyer: Actor) -> None:
        self._parts, self._buyer = parts, buyer
        self._numbers, self._lock = count(), threading.Lock()
        with parts.pool.connection() as tx:
            tx.execute(FUNCTION)
            tx.execute(BARE)
        self._ready: list[Posting] = []
        self._template = self._written()

    def prepare(self, count: int) -> None:
        """Have so many pages read, so that only their settling is measured."""
        self._ready = [self._posting() for _ in range(count)]

    def settle_in_groups(self, _: int) -> None:
        """As the server does, of what was prepared."""
        posting = self._ready.pop()
        self._parts.groups.commit(posting, partial(group.post_deliveries, self._parts))

    def settle_by_call(self, _: int) -> None:
        """One call, one commit."""
        text = self._template
        for old in ("RECEIPT", "DECISION", "HOLD", "POST"):
            text = text.replace(f"{old}-ID", str(uuid4()))
        text = text.replace("BODY-SHA256", uuid4().hex * 2).replace("RESULT-PATH", uuid4().hex)
        with self._parts.pool.connection() as tx:
            tx.execute("SELECT pg_temp_settle(%s)", (text,))

    def settle_bare(self, _: int) -> None:
        """One call, one commit, of bare double entry."""
        with self._parts.pool.connection() as tx:
            tx.execute("SELECT bench.transfer(%s, 1)", (uuid4(),))

    def _posting(self) -> Posting:
        with self._lock:
            number = next(self._numbers)
        question = PageQuestion(limit=1, offset=number)
        allowed = allow(self._parts, ("priced",), question, Ask(self._buyer), None)
        outcome, data = run_page(self._parts, allowed, new_path(self._parts.results, "json"))
        return Posting(allowed, outcome, data)

    def _written(self) -> str:
        """The rows of one settlement, with marks for what differs."""
        rows: dict[str, Sequence[Mapping[str, Any]]] = {}

        def noting(name: str) -> Any:
            write = getattr(store, name)

            def noted(tx: object, told: Sequence[Mapping[str, Any]]) -> None:
                rows[name] = told
                write(tx, told)

            return noted

        names = [f"insert_{what}" for what in WRITTEN]
        patches = [patch.object(store, name, noting(name)) for name in names]
        self.prepare(1)
        for one in patches:
            one.start()
        self.settle_in_groups(0)
        for one in patches:
            one.stop()
        (receipt,), transfers = rows["insert_receipts"], rows["insert_transfers"]
        text = json.dumps(
            {
                "decision": rows["insert_decisions"][0],
                "receipt": receipt,
                "item": rows["insert_items"][0],
                "transfers": transfers,
                "result": rows["insert_results"][0],
                "event": "e" * 700,
            }
        )
        marks = {
            receipt["id"]: "RECEIPT-ID",
            rows["insert_decisions"][0]["id"]: "DECISION-ID",
            transfers[0]["id"]: "HOLD-ID",
            transfers[1]["id"]: "POST-ID",
            receipt["body_sha256"]: "BODY-SHA256",
            rows["insert_results"][0]["path"]: "RESULT-PATH",
        }
        for value, mark in marks.items():
            text = text.replace(str(value), mark)
        return text

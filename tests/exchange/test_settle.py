"""The ledger: what may move, what is held, and that the books balance whatever is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from psycopg.rows import dict_row

from exchange.credit import RESERVATION_LIFE, AccountKind, Asset, Transfer
from exchange.errors import (
    AlreadyResolved,
    InsufficientCredits,
    TransferNotPermitted,
)
from exchange.price import Price, PriceModel
from exchange.settle import (
    Charge,
    Hold,
    balance_of,
    release,
    reserve,
    settle,
    sweep_expired,
    top_up,
)
from exchange.store import ledger
from policies.database import Pool, Tx
from policies.terms import MicroCredits, OrganizationId

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PER_ROW = Price(PriceModel.PER_ROW, MicroCredits(10), fee_basis_points=250)


@pytest.fixture
def buyer(tx: Tx) -> OrganizationId:
    return _organization(tx, "buyer")


@pytest.fixture
def seller(tx: Tx) -> OrganizationId:
    return _organization(tx, "seller")


def test_a_top_up_adds_what_was_paid(tx: Tx, buyer: OrganizationId) -> None:
    pay_in(tx, buyer, 500)

    assert balance_of(tx, buyer).available == 500


def test_a_hold_beyond_the_balance_is_refused_and_says_what_is_there(
    tx: Tx, buyer: OrganizationId, seller: OrganizationId
) -> None:
    pay_in(tx, buyer, 100)

    with pytest.raises(InsufficientCredits) as refusal:
        reserve(tx, buyer, [Hold(seller, MicroCredits(101), "query")], at=AT)

    assert (refusal.value.needed_microcredits, refusal.value.available_microcredits) == (101, 100)


def test_what_is_held_cannot_be_spent_twice(
    tx: Tx, buyer: OrganizationId, seller: OrganizationId
) -> None:
    pay_in(tx, buyer, 100)
    reserve(tx, buyer, [Hold(seller, MicroCredits(60), "query")], at=AT)

    with pytest.raises(InsufficientCredits):
        reserve(tx, buyer, [Hold(seller, MicroCredits(41), "query")], at=AT)


def test_settling_charges_what_was_used_and_gives_back_the_rest(
    tx: Tx, buyer: OrganizationId, seller: OrganizationId
) -> None:
    pay_in(tx, buyer, 10_000)
    (held,) = reserve(tx, buyer, [Hold(seller, MicroCredits(9_000), "query")], at=AT)

    settle(tx, receipt(tx, 4_010), [Charge(held, MicroCredits(4_010), PER_ROW)], at=AT)

    assert balance_of(tx, buyer).available == 5_990
    assert balance_of(tx, buyer).held == 0
    # 2.5 % of 4,010 is 100.25: the fee is rounded down and the rest stays with the provider.
    assert balance_of(tx, seller).earned == 3_910


def test_a_hold_is_settled_once(tx: Tx, buyer: OrganizationId, seller: OrganizationId) -> None:
    pay_in(tx, buyer, 100)
    (held,) = reserve(tx, buyer, [Hold(seller, MicroCredits(60), "query")], at=AT)
    settle(tx, receipt(tx, 10), [Charge(held, MicroCredits(10), PER_ROW)], at=AT)

    with pytest.raises(AlreadyResolved):
        settle(tx, receipt(tx, 10), [Charge(held, MicroCredits(10), PER_ROW)], at=AT)


def test_no_more_is_charged_than_was_held(
    tx: Tx, buyer: OrganizationId, seller: OrganizationId
) -> None:
    pay_in(tx, buyer, 100)
    (held,) = reserve(tx, buyer, [Hold(seller, MicroCredits(60), "query")], at=AT)

    with pytest.raises(AlreadyResolved):
        settle(tx, receipt(tx, 61), [Charge(held, MicroCredits(61), PER_ROW)], at=AT)


def test_an_expired_hold_charges_nothing(
    tx: Tx, buyer: OrganizationId, seller: OrganizationId
) -> None:
    pay_in(tx, buyer, 100)
    (held,) = reserve(tx, buyer, [Hold(seller, MicroCredits(60), "query")], at=AT)
    later = AT + RESERVATION_LIFE

    with pytest.raises(AlreadyResolved):
        settle(tx, receipt(tx, 10), [Charge(held, MicroCredits(10), PER_ROW)], at=later)
    swept = sweep_expired(tx, later)

    assert swept == 1
    assert balance_of(tx, buyer).available == 100


def test_the_sweep_leaves_what_is_still_running(
    tx: Tx, buyer: OrganizationId, seller: OrganizationId
) -> None:
    pay_in(tx, buyer, 100)
    reserve(tx, buyer, [Hold(seller, MicroCredits(60), "query")], at=AT)

    assert sweep_expired(tx, AT + RESERVATION_LIFE - timedelta(seconds=1)) == 0


def test_credits_do_not_go_from_buyer_to_buyer(tx: Tx, buyer: OrganizationId) -> None:
    other = _organization(tx, "other")
    accounts = [
        ledger.ensure_account(tx, owner, AccountKind.AVAILABLE, asset=Asset.CREDIT, at=AT)
        for owner in (buyer, other)
    ]

    with pytest.raises(TransferNotPermitted):
        ledger.move(
            tx, debit=accounts[0], credit=accounts[1], amount=1, reason="", receipt_id=None, at=AT
        )


def test_transfers_are_never_changed_or_deleted(tx: Tx, buyer: OrganizationId) -> None:
    pay_in(tx, buyer, 100)

    for statement in (
        "UPDATE exchange.transfers SET amount = 1",
        "DELETE FROM exchange.transfers",
        "TRUNCATE exchange.transfers CASCADE",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation), tx.transaction():
            tx.execute(statement)


def test_of_two_settlements_at_the_same_time_one_charges(pool: Pool) -> None:
    with pool.connection() as tx:
        buyer, seller = _organization(tx, "buyer"), _organization(tx, "seller")
        pay_in(tx, buyer, 100)
        (held,) = reserve(tx, buyer, [Hold(seller, MicroCredits(60), "query")], at=AT)
        # Receipts without items, since only the ledger is looked at here.
        tx.execute("ALTER TABLE exchange.receipts DISABLE TRIGGER adds_up")

    def settle_once(_: int) -> bool:
        try:
            with pool.connection() as tx:
                settle(tx, receipt(tx, 10), [Charge(held, MicroCredits(10), PER_ROW)], at=AT)
        except AlreadyResolved:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(settle_once, range(4)))

    assert outcomes.count(True) == 1
    with pool.connection() as tx:
        assert balance_of(tx, buyer).available == 90
        assert ledger.recount(tx) == []


def test_holds_of_many_buyers_on_the_same_sellers_never_wait_in_a_ring(pool: Pool) -> None:
    with pool.connection() as tx:
        buyers = [_organization(tx, f"buyer-{n}") for n in range(4)]
        sellers = [_organization(tx, f"seller-{n}") for n in range(2)]
        for buyer in buyers:
            pay_in(tx, buyer, 1_000)

    def reserve_and_release(n: int) -> None:
        order = sellers if n % 2 else sellers[::-1]
        for _ in range(10):
            with pool.connection() as tx:
                holds = [Hold(seller, MicroCredits(5), "query") for seller in order]
                held = reserve(tx, buyers[n], holds, at=AT)
            with pool.connection() as tx:
                release(tx, held[::-1], reason="test", at=AT)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(reserve_and_release, range(4)))

    with pool.connection() as tx:
        assert [balance_of(tx, buyer).available for buyer in buyers] == [1_000] * 4


class Books(RuleBasedStateMachine):
    """Any order of top-ups, holds, settlements, releases and sweeps, against a plain model."""

    database_url = ""
    holds = Bundle("holds")

    @initialize()
    def open_the_books(self) -> None:
        self.connection = psycopg.connect(self.database_url, row_factory=dict_row)
        self.at = AT
        self.buyers = [_organization(self.connection, f"b{uuid4().hex}") for _ in range(2)]
        self.sellers = [_organization(self.connection, f"s{uuid4().hex}") for _ in range(2)]
        self.paid_in = dict.fromkeys(self.buyers, 0)
        self.spent = dict.fromkeys(self.buyers, 0)
        self.open: dict[UUID, tuple[OrganizationId, Transfer]] = {}

    @rule(buyer=st.integers(0, 1), amount=st.integers(1, 1_000))
    def pay_in(self, buyer: int, amount: int) -> None:
        pay_in(self.connection, self.buyers[buyer], amount)
        self.paid_in[self.buyers[buyer]] += amount

    @rule(
        target=holds,
        buyer=st.integers(0, 1),
        amounts=st.lists(st.integers(0, 600), min_size=1, max_size=2),
    )
    def hold(self, buyer: int, amounts: list[int]) -> UUID | None:
        payer = self.buyers[buyer]
        asked = [
            Hold(seller, MicroCredits(n), "query")
            for seller, n in zip(self.sellers, amounts, strict=False)
        ]
        try:
            with self.connection.transaction():
                held = reserve(self.connection, payer, asked, at=self.at)
        except InsufficientCredits:
            assert sum(amounts) > self._free(payer)
            return None
        assert sum(amounts) <= self._free(payer)
        for transfer in held:
            self.open[transfer.id] = (payer, transfer)
        return held[0].id

    @rule(held_id=consumes(holds), used_permille=st.integers(0, 1_200))
    def charge(self, held_id: UUID | None, used_permille: int) -> None:
        if held_id not in self.open:
            return
        payer, held = self.open[held_id]
        amount = held.amount * used_permille // 1_000
        try:
            with self.connection.transaction():
                settle(
                    self.connection,
                    receipt(self.connection, amount),
                    [Charge(held, MicroCredits(amount), PER_ROW)],
                    at=self.at,
                )
        except AlreadyResolved:
            assert amount > held.amount or self.at >= AT + RESERVATION_LIFE
            return
        assert amount <= held.amount
        del self.open[held_id]
        self.spent[payer] += amount

    @rule(held_id=holds)
    def charge_again(self, held_id: UUID | None) -> None:
        if held_id is None or held_id in self.open:
            return
        (held,) = ledger.transfers(self.connection, [held_id])
        with pytest.raises(AlreadyResolved), self.connection.transaction():
            settle(
                self.connection,
                receipt(self.connection, 0),
                [Charge(held, MicroCredits(0), PER_ROW)],
                at=self.at,
            )

    @rule(held_id=holds)
    def give_back(self, held_id: UUID | None) -> None:
        if held_id is None:
            return
        held = ledger.transfers(self.connection, [held_id])
        release(self.connection, held, reason="", at=self.at)
        self.open.pop(held_id, None)

    @rule()
    def sweep(self) -> None:
        self.at += RESERVATION_LIFE / 3
        expired = {
            held_id
            for held_id, (_, held) in self.open.items()
            if held.expires_at is not None and held.expires_at <= self.at
        }
        assert sweep_expired(self.connection, self.at) == len(expired)
        for held_id in expired:
            del self.open[held_id]

    @invariant()
    def books_balance(self) -> None:
        accounts = ledger.all_accounts(self.connection)
        assert sum(a.debits_posted for a in accounts) == sum(a.credits_posted for a in accounts)
        assert sum(a.debits_pending for a in accounts) == sum(a.credits_pending for a in accounts)
        assert all(a.available >= 0 for a in accounts if a.has_floor)
        assert ledger.recount(self.connection) == []

    @invariant()
    def buyers_have_what_the_model_says(self) -> None:
        for buyer in self.buyers:
            assert balance_of(self.connection, buyer).available == self._free(buyer)

    def _free(self, buyer: OrganizationId) -> int:
        held = sum(h.amount for payer, h in self.open.values() if payer == buyer)
        return self.paid_in[buyer] - self.spent[buyer] - held

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.connection.rollback()
            self.connection.close()


@pytest.fixture
def books_database(database_url: str) -> str:
    Books.database_url = database_url
    return database_url


def test_the_books_balance_whatever_is_done(books_database: str) -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def receipt(tx: Tx, charge: int) -> UUID:
    """A receipt row that the ledger can point to; receipts are tested with deliveries."""
    kid = tx.execute(
        """
        INSERT INTO policies.signing_keys
               (kid, purpose, public_key, state, created_at, retire_at, endorsed_by, endorsement)
        VALUES (%(kid)s, 'receipt', %(key)s, 'old', %(at)s, %(retire_at)s, %(kid)s, %(endorsement)s)
        RETURNING kid
        """,
        {
            "kid": uuid4().hex,
            "key": bytes(32),
            "at": AT,
            "retire_at": AT + timedelta(days=1),
            "endorsement": bytes(64),
        },
    ).fetchone()
    event = tx.execute(
        "INSERT INTO policies.events (kind, at, body) VALUES ('t', %(at)s, '') RETURNING id",
        {"at": AT},
    ).fetchone()
    assert kid
    assert event
    row = tx.execute(
        """
        INSERT INTO exchange.receipts
               (created_at, action, row_count, size_bytes, question_sha256, result_sha256,
                charge_microcredits, body, body_sha256, kid, signature, event_id)
        VALUES (%(at)s, 'query', 0, 0, '', '', %(charge)s, '', %(sha256)s, %(kid)s, '',
                %(event_id)s)
        RETURNING id
        """,
        {
            "at": AT,
            "charge": charge,
            "kid": kid["kid"],
            "event_id": event["id"],
            "sha256": sha256(uuid4().bytes).hexdigest(),
        },
    ).fetchone()
    assert row
    return UUID(str(row["id"]))


def _organization(tx: Tx, slug: str) -> OrganizationId:
    row = tx.execute(
        """
        INSERT INTO policies.organizations (slug, kind, title, created_at)
        VALUES (%(slug)s, 'enterprise', '{}', %(at)s)
        RETURNING id
        """,
        {"slug": slug, "at": AT},
    ).fetchone()
    assert row
    return OrganizationId(row["id"])


def pay_in(tx: Tx, organization_id: OrganizationId, amount: int) -> None:
    """Credits, as a confirmed payment books them; the two people are tested with payments."""
    top_up(tx, organization_id, MicroCredits(amount), reference=uuid4().hex, at=AT)

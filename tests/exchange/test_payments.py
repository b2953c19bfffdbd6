"""Money in and out: by two people, each payment once, and the books balance whatever is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import psycopg
import pytest

from exchange.credit import AccountKind, Asset
from exchange.errors import AmountOutOfBounds, NotYourPart
from exchange.examine import examine
from exchange.payments.errors import (
    MalformedBankAccount,
    MalformedReference,
    NotEarned,
    OwnMoney,
    PaidOnOutOfBounds,
    PaymentKnown,
    PaymentSettled,
    SecondPayerNeeded,
)
from exchange.payments.pay_in import confirm_payment, payments, record_payment, withdraw_payment
from exchange.payments.pay_out import (
    ask_payout,
    payouts,
    payouts_of,
    refuse_payout,
    send_payout,
)
from exchange.payments.payment import Payment, PaymentState, Payout, PayoutState
from exchange.settle import balance_of
from exchange.store import ledger
from policies.database import Pool, Tx
from policies.identity.authenticate import actor_of_user
from policies.identity.enrol import grant_role
from policies.identity.people import user_named
from policies.party import Actor, OrganizationKind, Role
from policies.roles import SYSTEM
from policies.terms import MicroCredits
from tests.exchange.city import City
from tests.people import AT, acting, found

TODAY = date(2026, 3, 2)


class Desk:
    """The people who handle money, a buyer and a provider."""

    def __init__(self, tx: Tx) -> None:
        name = uuid4().hex[:8]
        self.buyer = found(tx, f"acme-{name}", OrganizationKind.ENTERPRISE)
        self.provider = found(tx, f"lab-{name}")
        self.cai = acting(tx, f"cai-{name}", (Role.FINANCE, None))
        self.qian = acting(tx, f"qian-{name}", (Role.FINANCE, None))
        self.ju = acting(tx, f"ju-{name}", (Role.BUREAU, None))
        self.trader = acting(tx, f"bo-{name}", (Role.BUYER, self.buyer))

    def record(self, tx: Tx, amount: int = 500, reference: str = "P-1") -> Payment:
        return record_payment(
            tx,
            self.buyer.id,
            MicroCredits(amount),
            reference=reference,
            paid_on=TODAY,
            by=self.cai,
            at=AT,
        )


@pytest.fixture
def desk(tx: Tx) -> Desk:
    return Desk(tx)


def test_a_payment_is_credited_when_a_second_person_confirms_it(tx: Tx, desk: Desk) -> None:
    recorded = desk.record(tx)
    before = balance_of(tx, desk.buyer.id).available

    confirmed = confirm_payment(tx, recorded.id, by=desk.qian, at=AT)

    assert (before, balance_of(tx, desk.buyer.id).available) == (0, 500)
    assert confirmed.state is PaymentState.CONFIRMED
    assert payments(tx, by=desk.ju) == [confirmed]


def test_the_bureau_confirms_too_and_records_nothing(tx: Tx, desk: Desk) -> None:
    recorded = desk.record(tx)

    confirm_payment(tx, recorded.id, by=desk.ju, at=AT)

    assert balance_of(tx, desk.buyer.id).available == 500
    with pytest.raises(NotYourPart):
        record_payment(
            tx,
            desk.buyer.id,
            MicroCredits(1),
            reference="P-2",
            paid_on=TODAY,
            by=desk.ju,
            at=AT,
        )


def test_whoever_recorded_a_payment_does_not_confirm_it(tx: Tx, desk: Desk) -> None:
    recorded = desk.record(tx)

    with pytest.raises(SecondPayerNeeded):
        confirm_payment(tx, recorded.id, by=desk.cai, at=AT)

    assert balance_of(tx, desk.buyer.id).available == 0


def test_the_database_itself_takes_no_payment_confirmed_by_one_person(tx: Tx, desk: Desk) -> None:
    recorded = desk.record(tx)
    confirm_payment(tx, recorded.id, by=desk.qian, at=AT)

    with pytest.raises(psycopg.errors.CheckViolation), tx.transaction():
        tx.execute("UPDATE exchange.payments SET settled_by = recorded_by")


def test_nobody_credits_the_organisation_that_they_belong_to(tx: Tx, desk: Desk) -> None:
    both = acting(
        tx, "er", (Role.FINANCE, None), (Role.BUYER, desk.buyer), (Role.FINANCE, desk.provider)
    )
    recorded = desk.record(tx)

    with pytest.raises(OwnMoney):
        confirm_payment(tx, recorded.id, by=both, at=AT)


@pytest.mark.parametrize("again", ["P-1", " p-1", "P - 1", "Ｐ-1"])
def test_one_reference_is_one_payment_however_it_is_written(tx: Tx, desk: Desk, again: str) -> None:
    confirm_payment(tx, desk.record(tx).id, by=desk.qian, at=AT)

    with pytest.raises(PaymentKnown):
        desk.record(tx, reference=again)

    assert balance_of(tx, desk.buyer.id).available == 500


def test_a_payment_confirmed_twice_is_credited_once(tx: Tx, desk: Desk) -> None:
    recorded = desk.record(tx)
    confirm_payment(tx, recorded.id, by=desk.qian, at=AT)

    with pytest.raises(PaymentSettled):
        confirm_payment(tx, recorded.id, by=desk.ju, at=AT)

    assert balance_of(tx, desk.buyer.id).available == 500


def test_a_withdrawn_payment_credits_nothing_and_its_reference_is_free(tx: Tx, desk: Desk) -> None:
    recorded = desk.record(tx)
    withdraw_payment(tx, recorded.id, reason="wrong firm", by=desk.cai, at=AT)

    with pytest.raises(PaymentSettled):
        confirm_payment(tx, recorded.id, by=desk.qian, at=AT)
    confirm_payment(tx, desk.record(tx, 300).id, by=desk.qian, at=AT)

    assert balance_of(tx, desk.buyer.id).available == 300


def test_what_cannot_be_a_payment_is_refused(tx: Tx, desk: Desk) -> None:
    for amount in (0, -1, 10**15 + 1):
        with pytest.raises(AmountOutOfBounds):
            desk.record(tx, amount)
    for reference in ("", "  ", "x" * 201, "a\0b"):
        with pytest.raises(MalformedReference):
            desk.record(tx, reference=reference)
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=367)):
        with pytest.raises(PaidOnOutOfBounds):
            record_payment(
                tx,
                desk.buyer.id,
                MicroCredits(1),
                reference="P",
                paid_on=day,
                by=desk.cai,
                at=AT,
            )


def test_only_finance_and_the_bureau_see_and_move_payments(tx: Tx, desk: Desk) -> None:
    recorded = desk.record(tx)

    for act in (
        lambda: payments(tx, by=desk.trader),
        lambda: payouts(tx, by=desk.trader),
        lambda: confirm_payment(tx, recorded.id, by=desk.trader, at=AT),
        lambda: withdraw_payment(tx, recorded.id, reason="x", by=desk.trader, at=AT),
        lambda: payouts_of(tx, desk.provider.id, by=desk.trader),
    ):
        with pytest.raises(NotYourPart):
            act()


def test_of_many_confirmations_at_the_same_time_one_credits(pool: Pool) -> None:
    with pool.connection() as tx:
        desk = Desk(tx)
        recorded = desk.record(tx)

    def confirm(by: Actor) -> bool:
        try:
            with pool.connection() as tx:
                confirm_payment(tx, recorded.id, by=by, at=AT)
        except PaymentSettled:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(confirm, [desk.qian, desk.ju] * 4))

    assert outcomes.count(True) == 1
    with pool.connection() as tx:
        assert balance_of(tx, desk.buyer.id).available == 500


def sold(city: City) -> None:
    """The lab sold ten rows for 10,000 micro-credits."""
    city.pay_in(10_000)
    token = city.token(city.buy(city.sold_stops()))
    city.query("SELECT * FROM sold_stops LIMIT 10", token)


def head_of_lab(tx: Tx, city: City) -> Actor:
    """An administrator of the provider."""
    return acting(tx, f"lin-{uuid4().hex[:8]}", (Role.ADMIN, city.lab))


def ask_for(tx: Tx, city: City, amount: int, by: Actor) -> Payout:
    return ask_payout(tx, city.lab.id, MicroCredits(amount), bank_account="B 1", by=by, at=city.at)


def test_what_a_provider_earned_is_asked_for_once_and_sent_by_another(city: City) -> None:
    sold(city)
    with city.pool.connection() as tx:
        head = head_of_lab(tx, city)
        asked = ask_for(tx, city, 6_000, head)
        with pytest.raises(NotEarned) as refusal:
            ask_for(tx, city, 4_001, head)
        rest = balance_of(tx, city.lab.id).earned
        sent = send_payout(tx, asked.id, bank_reference="B-7", by=city.finance, at=city.at)

        assert (refusal.value.available_microcredits, rest) == (4_000, 4_000)
        assert sent.state is PayoutState.SENT
        assert payouts_of(tx, city.lab.id, by=city.seller) == [sent]
        assert [words for words, broken in examine(tx) if broken] == []


def test_a_payout_is_not_sent_twice_nor_by_who_asked_nor_under_a_known_number(city: City) -> None:
    sold(city)
    with city.pool.connection() as tx:
        head = head_of_lab(tx, city)
        grant_role(tx, user_named(tx, head.name), Role.FINANCE, organization=None, by=SYSTEM, at=AT)
        both = actor_of_user(tx, user_named(tx, head.name))
        first, second, third = (ask_for(tx, city, 1_000, head) for _ in range(3))
        with pytest.raises(SecondPayerNeeded):
            send_payout(tx, first.id, bank_reference="B-6", by=both, at=city.at)
        send_payout(tx, first.id, bank_reference="B-7", by=city.finance, at=city.at)
        with pytest.raises(PaymentSettled):
            send_payout(tx, first.id, bank_reference="B-8", by=city.bureau, at=city.at)
        with pytest.raises(PaymentKnown):
            send_payout(tx, second.id, bank_reference=" b-7", by=city.finance, at=city.at)
        refuse_payout(tx, third.id, reason="account closed", by=city.finance, at=city.at)

        assert balance_of(tx, city.lab.id).earned == 8_000
        assert [words for words, broken in examine(tx) if broken] == []


def test_only_the_providers_own_finance_asks(city: City) -> None:
    sold(city)
    with city.pool.connection() as tx:
        for by in (city.seller, city.finance, city.bureau, city.buyer):
            with pytest.raises(NotYourPart):
                ask_payout(tx, city.lab.id, MicroCredits(1), bank_account="B", by=by, at=city.at)
        with pytest.raises(MalformedBankAccount):
            ask_payout(
                tx,
                city.lab.id,
                MicroCredits(1),
                bank_account=" ",
                by=head_of_lab(tx, city),
                at=city.at,
            )


def test_doctor_finds_money_that_nobody_confirmed(tx: Tx, desk: Desk) -> None:
    cash = ledger.ensure_account(tx, None, AccountKind.CASH, asset=Asset.CREDIT, at=AT)
    funds = ledger.ensure_account(
        tx, desk.buyer.id, AccountKind.AVAILABLE, asset=Asset.CREDIT, at=AT
    )
    moved = ledger.move(tx, debit=cash, credit=funds, amount=9, reason="", receipt_id=None, at=AT)

    wrong = {words: broken for words, broken in examine(tx) if broken}

    assert wrong == {"Money came in and went out by two people": [str(moved)]}

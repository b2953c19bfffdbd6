"""What must always hold, whatever is asked in whatever order: charges, receipts, freezes, keys."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import CheckViolation
from psycopg.types.json import Jsonb

from exchange.errors import AccessDenied, InsufficientCredits
from exchange.examine import examine
from exchange.settle import balance_of
from policies import freeze
from policies.decision.clause import Severity
from policies.decision.facts import InputFacts, ListingFacts, PriceFacts
from policies.decision.judge import judge
from policies.decision.profile import profile_in_force
from policies.errors import IdempotencyKeyReused
from policies.freeze_order import FreezeTarget
from policies.terms import Grade, MicroCredits, OpenType, Purpose, Regime
from tests.exchange.city import AT, City

PRICE = 1_000
GRADE_COVERS_INPUTS = "X002"
PUBLIC_INPUTS = "X060"


@dataclass(frozen=True)
class Act:
    """One thing that somebody does."""

    kind: str
    rows: int = 1
    key: str | None = None


acts = st.lists(
    st.one_of(
        st.builds(
            Act,
            st.just("query"),
            st.integers(0, 6),
            st.one_of(st.none(), st.sampled_from("ab")),
        ),
        st.builds(Act, st.just("pay_in"), st.integers(1, 8)),
        st.just(Act("freeze")),
        st.just(Act("lift")),
    ),
    min_size=4,
    max_size=12,
)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts)
def test_charges_receipts_keys_and_freezes_agree_in_any_order(city: City, done: list[Act]) -> None:
    if not hasattr(city, "listing"):
        city.listing = city.sold_stops()  # type: ignore[attr-defined]
        city.agreement = city.buy(city.listing)  # type: ignore[attr-defined]
        city.round = 0  # type: ignore[attr-defined]
    city.round += 1  # type: ignore[attr-defined]
    model = _Model(city, city.agreement.id, city.round)  # type: ignore[attr-defined]

    for act in done:
        model.do(act)
        model.check()

    model.lift()


class _Model:
    """What the exchange should be like, counted apart."""

    def __init__(self, city: City, agreement_id: object, number: int) -> None:
        self.city, self.agreement_id, self.number = city, agreement_id, number
        self.funds = self._available()
        self.answered: dict[str, tuple[int, object]] = {}
        self.freeze_id: object = None

    def do(self, act: Act) -> None:
        match act.kind:
            case "query":
                self.query(act.rows, act.key)
            case "pay_in":
                self.city.pay_in(act.rows * PRICE)
                self.funds += act.rows * PRICE
            case "freeze":
                self.freeze()
            case "lift":
                self.lift()

    def query(self, rows: int, key: str | None) -> None:
        sql = f"SELECT * FROM sold_stops LIMIT {rows}"
        name = f"{key}-{self.number}" if key else None
        try:
            got = self.city.query(sql, self.city.buyer, key=name)
        except AccessDenied:
            assert self.freeze_id is not None
            return
        except InsufficientCredits:
            assert self.funds < max(rows, 1) * PRICE
            return
        except IdempotencyKeyReused:
            assert key in self.answered
            assert self.answered[key][0] != rows
            return
        assert self.freeze_id is None
        if key in self.answered:
            assert (got.is_replay, self.answered[key]) == (True, (rows, got.receipt_id))
            return
        assert got.charge == rows * PRICE <= self.funds
        self.funds -= got.charge
        if key:
            self.answered[key] = (rows, got.receipt_id)

    def freeze(self) -> None:
        if self.freeze_id is None:
            with self.city.pool.connection() as tx:
                self.freeze_id = freeze.place(
                    tx,
                    FreezeTarget.AGREEMENT,
                    self.agreement_id,  # type: ignore[arg-type]
                    reason="leak",
                    by=self.city.regulator,
                    at=self.city.at,
                ).id

    def lift(self) -> None:
        if self.freeze_id is not None:
            with self.city.pool.connection() as tx:
                freeze.lift(
                    tx,
                    self.freeze_id,  # type: ignore[arg-type]
                    reason="checked",
                    by=self.city.bureau,
                    at=self.city.at,
                )
            self.freeze_id = None

    def check(self) -> None:
        assert self._available() == self.funds
        with self.city.pool.connection() as tx:
            assert balance_of(tx, self.city.acme.id).held == 0
            assert [words for words, broken in examine(tx) if broken] == []

    def _available(self) -> int:
        with self.city.pool.connection() as tx:
            return balance_of(tx, self.city.acme.id).available


@settings(deadline=None)
@given(st.sampled_from([Regime.SHARE, Regime.OPEN]), st.integers(1, 10**12))
def test_no_price_passes_the_clauses_of_share_and_open(regime: Regime, price: int) -> None:
    facts = PriceFacts(regime=regime, price_microcredits=MicroCredits(price))

    assert judge(profile_in_force(AT), facts, at=AT).blocking


@pytest.mark.parametrize("regime", ["share", "open"])
def test_the_database_takes_no_price_under_share_and_open(city: City, regime: str) -> None:
    listing = city.sold_stops()

    with city.pool.connection() as tx, pytest.raises(CheckViolation), tx.transaction():
        tx.execute(
            "UPDATE exchange.listings SET regime = %s, price = %s WHERE id = %s",
            (regime, Jsonb({"model": "per_query", "unit_microcredits": 1}), listing.id),
        )


@settings(deadline=None)
@given(st.sampled_from([Regime.OPEN, Regime.TRADE]), st.text(max_size=20), st.text(max_size=20))
def test_no_reference_lets_core_data_out_under_open_or_trade(
    regime: Regime, approval: str, regrading: str
) -> None:
    facts = ListingFacts(
        regime=regime,
        grade=Grade.CORE,
        special_approval_reference=approval,
        regrading_reference=regrading,
    )

    failed = judge(profile_in_force(AT), facts, at=AT).failed(Severity.BLOCK)

    assert "X004" in {result.clause_id for result in failed}


INPUTS = st.builds(
    InputFacts,
    name=st.sampled_from(["roads", "stops", "trips"]),
    grade=st.sampled_from(Grade),
    is_public=st.booleans(),
    open_type=st.one_of(st.none(), st.sampled_from(OpenType)),
    authorisation_reference=st.sampled_from(["", "agreement 7"]),
)


@settings(deadline=None)
@given(st.sampled_from(Grade), st.lists(INPUTS, min_size=1, max_size=4))
def test_no_product_is_sold_below_the_grade_of_its_inputs_or_from_closed_public_data(
    grade: Grade, inputs: list[InputFacts]
) -> None:
    facts = ListingFacts(regime=Regime.TRADE, grade=grade, inputs=tuple(inputs))

    failed = failed_clauses(facts)

    closed = [
        one
        for one in inputs
        if one.is_public
        and not one.authorisation_reference
        and one.open_type is not OpenType.UNCONDITIONAL
    ]
    assert (GRADE_COVERS_INPUTS in failed) == any(one.grade > grade for one in inputs)
    assert (PUBLIC_INPUTS in failed) == bool(closed)


@settings(deadline=None)
@given(
    price=st.integers(0, 10**12),
    ceiling=st.one_of(st.none(), st.integers(0, 10**12)),
    above=st.one_of(st.none(), st.integers(-1, 1)),
)
def test_under_authorised_operation_no_price_passes_its_ceiling_and_none_goes_without(
    price: int, ceiling: int | None, above: int | None
) -> None:
    if ceiling is not None and above is not None:
        price = max(0, ceiling + above)  # right at the edge, which chance hardly finds
    facts = PriceFacts(
        regime=Regime.TRADE,
        price_microcredits=MicroCredits(price),
        is_authorised_operation=True,
        ceiling_microcredits=None if ceiling is None else MicroCredits(ceiling),
    )

    is_refused = "X066" in failed_clauses(facts)

    assert is_refused == (price > 0 and (ceiling is None or price > ceiling))


@settings(deadline=None)
@given(st.integers(0, 10**12), st.frozensets(st.sampled_from(Purpose)), st.booleans())
def test_for_governance_and_welfare_authorised_data_is_free(
    price: int, purposes: frozenset[Purpose], is_authorised: bool
) -> None:
    facts = PriceFacts(
        regime=Regime.TRADE,
        price_microcredits=MicroCredits(price),
        purposes=purposes,
        is_authorised_operation=is_authorised,
    )

    is_refused = "X065" in failed_clauses(facts)

    free = {Purpose.STATUTORY_DUTY, Purpose.PUBLIC_SERVICE, Purpose.PUBLIC_WELFARE}
    assert is_refused == (is_authorised and price > 0 and bool(purposes & free))


def failed_clauses(facts: ListingFacts | PriceFacts) -> set[str]:
    found = judge(profile_in_force(AT), facts, at=AT).failed(Severity.BLOCK)
    return {result.clause_id for result in found}

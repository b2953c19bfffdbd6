"""What the exchange says that it gives its clauses is what it gives, no more and no less."""

from __future__ import annotations

import pytest

from catalog.find import dataset_with_id
from exchange import apply, negotiate, stand
from exchange.clauses import is_given, judge_under
from exchange.conclude import Wish, agree_facts, latest_end
from exchange.errors import NotYourPart
from policies.decision.checks.run import facts_needed
from policies.decision.clause import ClauseResult, Outcome
from policies.decision.profile import profile_in_force
from tests.exchange.city import City, request


def check_given(city: City, results: tuple[ClauseResult, ...]) -> None:
    """A clause is blind exactly where the exchange says that it cannot give what it needs."""
    profile = profile_in_force(city.at)
    assert results
    for result in results:
        clause = profile.clause(result.clause_id)
        assert clause is not None
        needs = facts_needed(clause.stage, clause.test)
        is_blind = result.outcome is Outcome.UNKNOWN
        assert is_blind is not is_given(clause.stage, needs), result.clause_id


def test_listings_are_judged_on_all_that_is_given(city: City) -> None:
    for listing in (city.sold_stops(), city.shared_stops()):
        assert listing.judgement is not None
        check_given(city, listing.judgement.results)


def test_requests_answers_and_agreements_are_judged_on_all_that_is_given(city: City) -> None:
    listing = city.shared_stops()
    with city.pool.connection() as tx:
        asked = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
        granted = apply.grant(tx, city.parts.keys, asked.id, by=city.approver, at=city.at)
        dataset = dataset_with_id(tx, listing.dataset_id, by=city.publisher)
        assert granted.agreement_id is not None
        agreement = negotiate.get_agreement(tx, granted.agreement_id, by=city.officer)
    wish = Wish(
        agreement.consumer_id, agreement.purpose, agreement.actions, latest_end(listing, city.at)
    )
    facts = agree_facts(listing, dataset, wish, city.at)

    check_given(city, asked.judgement.results)
    check_given(city, granted.judgement.results)
    check_given(city, judge_under(profile_in_force(city.at), facts, at=city.at).results)


def test_the_exchange_as_a_whole_and_its_deliveries_stand_under_the_clauses(city: City) -> None:
    city.pay_in(50_000_000)
    token = city.token(city.buy(city.sold_stops()))
    city.query('SELECT * FROM "sold-stops" LIMIT 10', token)

    with city.pool.connection() as tx:
        judged = stand.stand(tx, by=city.regulator, at=city.at)
        with pytest.raises(NotYourPart):
            stand.stand(tx, by=city.buyer, at=city.at)

    check_given(city, judged.results)
    assert not [one for one in judged.results if one.outcome is Outcome.FAILED]
    passed = {one.clause_id for one in judged.results if one.outcome is Outcome.PASSED}
    assert {"X012", "X103", "X118", "X120", "X121", "X123"} <= passed


def test_a_sale_without_a_verified_buyer_is_seen(city: City) -> None:
    city.pay_in(50_000_000)
    token = city.token(city.buy(city.sold_stops()))
    city.query('SELECT * FROM "sold-stops" LIMIT 10', token)
    with city.pool.connection() as tx:
        tx.execute(
            "UPDATE policies.organizations SET credit_code = NULL WHERE id = %s", (city.acme.id,)
        )

        judged = stand.stand(tx, by=city.regulator, at=city.at)

    assert [one.clause_id for one in judged.blocking] == ["X012"]

"""Who has a part in the income of a product: its operator, and those whose data went into it.

The parts of those upstream are worked out when a product is proposed and stand in its price, so
that the buyer accepts them with it and every receipt says them.

Source: exchange design, split to upstream sources by lineage.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from catalog.dataset import Dataset
from catalog.find import inputs_of
from exchange.errors import MalformedPrice
from exchange.price import Part, PartRole, Price
from policies.database import Tx
from policies.errors import N_, Said
from policies.identity.people import organizations_with_ids
from policies.terms import DatasetId, OrganizationId

INPUTS_WALKED_MAX = 1_000


def price_with_parts(
    tx: Tx, dataset: Dataset, price: Price, *, upstream_basis_points: int
) -> Price:
    """The price with the parts of those upstream, who share `upstream_basis_points`.

    Raises: MalformedPrice.
    """
    provider_id = dataset.publisher_id
    others = {part.organization_id for part in price.parts}
    if provider_id in others:
        raise MalformedPrice(Said(N_("the provider has what is left, and no part beside it")))
    if len(organizations_with_ids(tx, sorted(others))) < len(others):
        raise MalformedPrice(Said(N_("a part is an organisation's, as operator or upstream")))
    claimed = {part.organization_id for part in price.parts if part.role is PartRole.UPSTREAM}
    if not claimed and not upstream_basis_points:
        return price
    weights = upstream_of(tx, dataset)
    if not claimed <= set(weights):
        raise MalformedPrice(Said(N_("only whose data the product was made from is upstream")))
    if not upstream_basis_points:
        return price
    if not weights or others & set(weights):
        raise MalformedPrice(
            Said(N_("a part for all upstream needs data of others that the product was made from"))
        )
    parts = tuple(
        Part(organization_id, PartRole.UPSTREAM, basis_points)
        for organization_id, basis_points in shared_out(upstream_basis_points, weights).items()
        if basis_points
    )
    return replace(price, parts=(*price.parts, *parts))


def upstream_of(tx: Tx, dataset: Dataset) -> Counter[OrganizationId]:
    """How many datasets of each other organisation the dataset was made from, however far up."""
    seen: set[DatasetId] = {dataset.id}
    weights: Counter[OrganizationId] = Counter()
    waiting = [dataset.id]
    while waiting and len(seen) <= INPUTS_WALKED_MAX:
        for item in inputs_of(tx, waiting.pop()):
            if item.id not in seen:
                seen.add(item.id)
                waiting.append(item.id)
                weights[item.publisher_id] += 1
    del weights[dataset.publisher_id]
    return weights


def shared_out(basis_points: int, weights: Counter[OrganizationId]) -> dict[OrganizationId, int]:
    """Ten-thousandths by weight, those left over to the largest remainders; their sum is kept."""
    total = sum(weights.values())
    owners = sorted(weights)
    shares = {one: basis_points * weights[one] // total for one in owners}
    left = basis_points - sum(shares.values())
    for one in sorted(owners, key=lambda one: (-(basis_points * weights[one] % total), one))[:left]:
        shares[one] += 1
    return shares

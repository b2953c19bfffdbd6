from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from policies.errors import (
    NotAdministrator,
    PersonNeeded,
    RoleDoesNotFit,
    RoleNeedsOrganization,
)
from policies.party import ANONYMOUS, Actor, Membership, OrganizationKind, Role
from policies.roles import (
    KINDS_OF_ROLE,
    SITE_WIDE,
    SYSTEM,
    Capacity,
    can_administer,
    can_administer_holder,
    can_administer_organization,
    can_apply_for,
    can_approve_for,
    can_ask_payout,
    can_assess,
    can_confirm_money,
    can_publish_for,
    can_see_books_of,
    can_set_standards,
    can_supervise,
    can_top_up,
    capacity_of,
    check_administers,
    check_fits,
    is_member_of,
)
from policies.terms import AgreementId, OrganizationId

OURS = OrganizationId(UUID(int=1))
THEIRS = OrganizationId(UUID(int=2))
POWERS: dict[str, Callable[[Actor, OrganizationId], bool]] = {
    "publish": can_publish_for,
    "approve": can_approve_for,
    "apply": can_apply_for,
    "books": can_see_books_of,
    "administer place": can_administer_organization,
    "standards": lambda actor, place: can_set_standards(actor),
    "supervise": lambda actor, place: can_supervise(actor),
    "top up": lambda actor, place: can_top_up(actor),
    "confirm money": lambda actor, place: can_confirm_money(actor),
    "ask payout": can_ask_payout,
    "assess": lambda actor, place: can_assess(actor),
    "administer": lambda actor, place: can_administer(actor),
}


def holding(role: Role, organization_id: OrganizationId | None = None) -> Actor:
    return Actor(name="somebody", memberships=(Membership(role, organization_id),))


def powers(actor: Actor, place: OrganizationId) -> set[str]:
    return {name for name, has in POWERS.items() if has(actor, place)}


@pytest.mark.parametrize(
    ("role", "at_home", "elsewhere"),
    [
        (Role.PUBLISHER, {"publish", "apply", "books"}, set()),
        (Role.APPROVER, {"approve", "books"}, set()),
        (Role.BUYER, {"apply", "books"}, set()),
        (Role.ADMIN, {"publish", "books", "administer place", "ask payout"}, set()),
        (Role.REGULATOR, {"books", "supervise"}, {"books", "supervise"}),
        (
            Role.BUREAU,
            {"approve", "books", "standards", "supervise", "confirm money"},
            {"approve", "books", "standards", "supervise", "confirm money"},
        ),
        (
            Role.FINANCE,
            {"books", "top up", "confirm money", "ask payout"},
            {"books", "top up", "confirm money"},
        ),
        (Role.ASSESSOR, {"books", "assess"}, {"assess"}),
    ],
)
def test_a_role_gives_its_powers_where_it_is_held(
    role: Role, at_home: set[str], elsewhere: set[str]
) -> None:
    actor = holding(role, OURS)

    assert powers(actor, OURS) == at_home
    assert powers(actor, THEIRS) == elsewhere


def test_an_administrator_of_the_site_lets_people_in_and_decides_nothing_about_data() -> None:
    assert powers(holding(Role.ADMIN), OURS) == {"administer", "administer place", "publish"}


def test_an_anonymous_visitor_may_do_none_of_it() -> None:
    assert powers(ANONYMOUS, OURS) == set()


def test_a_role_for_the_whole_site_is_no_membership_of_an_organisation() -> None:
    assert is_member_of(holding(Role.ADMIN, OURS), OURS)
    assert not is_member_of(holding(Role.ADMIN), OURS)


def test_an_organisations_administrator_grants_only_powers_that_end_with_it() -> None:
    ours = holding(Role.ADMIN, OURS)

    check_administers(ours, OURS, Role.APPROVER)
    for place, role in ((THEIRS, Role.BUYER), (None, Role.ADMIN), (OURS, Role.BUREAU)):
        with pytest.raises(NotAdministrator):
            check_administers(ours, place, role)


def test_an_access_token_grants_nothing() -> None:
    bound = Actor(
        memberships=SYSTEM.memberships, agreement_id=AgreementId(UUID(int=9)), token_id="t"
    )

    with pytest.raises(PersonNeeded):
        check_administers(bound, OURS, Role.BUYER)


@pytest.mark.parametrize(
    ("held", "is_ours"),
    [
        ([], False),
        ([Membership(Role.PUBLISHER, OURS)], True),
        ([Membership(Role.PUBLISHER, OURS), Membership(Role.BUYER, THEIRS)], False),
        ([Membership(Role.PUBLISHER, OURS), Membership(Role.REGULATOR, None)], False),
        ([Membership(Role.FINANCE, OURS)], False),
    ],
)
def test_an_account_is_an_organisations_own_only_if_it_is_nothing_elsewhere(
    held: list[Membership], is_ours: bool
) -> None:
    assert can_administer_holder(holding(Role.ADMIN, OURS), held) is is_ours
    assert can_administer_holder(SYSTEM, held)


def test_whoever_buys_or_sells_cannot_hold_the_purse() -> None:
    for kind in (OrganizationKind.ENTERPRISE, OrganizationKind.OPERATOR):
        with pytest.raises(RoleDoesNotFit):
            check_fits(Role.FINANCE, kind)


@pytest.mark.parametrize("role", Role)
def test_every_role_has_a_place(role: Role) -> None:
    for kind in KINDS_OF_ROLE[role]:
        check_fits(role, kind)

    if role in SITE_WIDE:
        check_fits(role, None)
    else:
        with pytest.raises(RoleNeedsOrganization):
            check_fits(role, None)


def test_ckans_capacities_are_read_from_the_roles_held() -> None:
    assert capacity_of([Role.ADMIN]) is Capacity.ADMIN
    assert capacity_of([]) is None
    assert capacity_of([Role.APPROVER]) is Capacity.MEMBER
    assert capacity_of([Role.BUYER, Role.PUBLISHER]) is Capacity.EDITOR

from __future__ import annotations

from datetime import timedelta

import pytest

from policies.database import Pool, Tx
from policies.errors import (
    CreditCodeTaken,
    LastAdministrator,
    LinkNotUsable,
    MalformedCreditCode,
    MalformedSlug,
    MalformedUserName,
    NotAdministrator,
    OrganizationTaken,
    PasswordTooShort,
    RoleDoesNotFit,
    RoleNotHeld,
    SignInFailed,
    SignInTooOften,
    TitleMissing,
    UserNameTaken,
    WrongPassword,
)
from policies.identity.authenticate import actor_of_session, actor_of_user, sign_in
from policies.identity.enrol import (
    FIRST_ADMIN_NAME,
    add_organization,
    add_user,
    change_password,
    create_password_link,
    deactivate_user,
    first_start_admin,
    grant_role,
    reactivate_user,
    use_password_link,
    user_of_link,
    withdraw_role,
)
from policies.identity.people import (
    list_organizations,
    list_users,
    members_of,
    organization_named,
    roles_of,
    user_named,
)
from policies.party import Actor, OrganizationKind, Role
from policies.roles import SYSTEM
from policies.session import FREE_FAILURES_PER_ACCOUNT, LINK_LIFE
from policies.terms import Text
from tests.people import AT, PASSWORD, acting, enrol, found

CREDIT_CODE = "91440300708461136T"
OTHER_PASSWORD = "three gates and a gauge"


def kinds(tx: Tx) -> list[str]:
    rows = tx.execute("SELECT kind FROM policies.events ORDER BY id")
    return [row["kind"] for row in rows]


def company(tx: Tx, slug: str, *, credit_code: str | None, by: Actor = SYSTEM) -> None:
    add_organization(
        tx,
        slug=slug,
        kind=OrganizationKind.ENTERPRISE,
        title=Text(en="Company"),
        credit_code=credit_code,
        by=by,
        at=AT,
    )


def test_an_organisation_that_was_added_is_found_and_told_of(tx: Tx) -> None:
    company(tx, "acme", credit_code=CREDIT_CODE.lower())

    added = organization_named(tx, "acme")
    assert added.credit_code == CREDIT_CODE
    assert added in list_organizations(tx, kind=OrganizationKind.ENTERPRISE)
    assert added not in list_organizations(tx, kind=OrganizationKind.BUREAU)
    assert added not in list_organizations(tx, after="acme")
    assert kinds(tx) == ["organization.added"]


def test_an_organisation_is_there_once(tx: Tx) -> None:
    company(tx, "acme", credit_code=CREDIT_CODE)

    with pytest.raises(OrganizationTaken):
        company(tx, "acme", credit_code=None)
    with pytest.raises(CreditCodeTaken):
        company(tx, "other", credit_code=CREDIT_CODE)


def test_what_is_wrong_with_an_organisation_is_said(tx: Tx) -> None:
    with pytest.raises(MalformedCreditCode):
        company(tx, "acme", credit_code=CREDIT_CODE[:-1] + "X")
    with pytest.raises(MalformedSlug):
        company(tx, "Acme & Co", credit_code=None)
    for title in (Text(), Text(zh=" "), Text(en="x" * 201), Text(en="a\0b")):
        with pytest.raises(TitleMissing):
            add_organization(
                tx,
                slug="acme",
                kind=OrganizationKind.ENTERPRISE,
                title=title,
                credit_code=None,
                by=SYSTEM,
                at=AT,
            )


def test_only_an_administrator_of_the_site_lets_organisations_in(tx: Tx) -> None:
    ours = found(tx)

    with pytest.raises(NotAdministrator):
        company(tx, "acme", credit_code=None, by=acting(tx, "li.wei", (Role.ADMIN, ours)))


def test_a_user_has_one_name_in_any_case(tx: Tx) -> None:
    enrol(tx, "Li.Wei")

    assert user_named(tx, "li.wei").name == "Li.Wei"
    with pytest.raises(UserNameTaken):
        enrol(tx, "li.WEI")


@pytest.mark.parametrize("name", ["", "x", "two words", "a\0b", "<b>", "x" * 101, "tab\t"])
def test_a_name_that_cannot_be_typed_safely_is_refused(tx: Tx, name: str) -> None:
    with pytest.raises(MalformedUserName):
        enrol(tx, name)


def test_a_name_stands_in_the_log_only_where_it_can_be_erased(tx: Tx) -> None:
    enrol(tx, "li.wei")

    row = tx.execute(
        """
        SELECT event.body, personal.body AS personal
          FROM policies.events AS event
          JOIN policies.event_personal AS personal ON personal.event_id = event.id
        """
    ).fetchone()
    assert row is not None
    assert "li.wei" not in row["body"]
    assert "li.wei" in row["personal"]


def test_roles_are_given_and_taken_and_both_are_told_of(tx: Tx) -> None:
    ours = found(tx)
    user = enrol(tx, "li.wei", (Role.PUBLISHER, ours), (Role.PUBLISHER, ours))

    withdraw_role(tx, user, Role.PUBLISHER, organization=ours, by=SYSTEM, at=AT)

    assert roles_of(tx, user.id) == []
    assert kinds(tx)[-2:] == ["role.granted", "role.withdrawn"]
    with pytest.raises(RoleNotHeld):
        withdraw_role(tx, user, Role.PUBLISHER, organization=ours, by=SYSTEM, at=AT)


def test_a_role_that_does_not_fit_the_organisation_is_refused(tx: Tx) -> None:
    with pytest.raises(RoleDoesNotFit):
        enrol(tx, "li.wei", (Role.REGULATOR, found(tx)))


def test_an_organisations_administrator_brings_in_its_own_people(tx: Tx) -> None:
    ours, theirs = found(tx), found(tx, "weather")
    boss = acting(tx, "boss", (Role.ADMIN, ours))

    user = add_user(tx, name="li.wei", password=None, by=boss, at=AT)
    grant_role(tx, user, Role.PUBLISHER, organization=ours, by=boss, at=AT)

    assert [member.user.name for member in members_of(tx, ours.id, by=boss)] == ["boss", "li.wei"]
    with pytest.raises(NotAdministrator):
        grant_role(tx, user, Role.PUBLISHER, organization=theirs, by=boss, at=AT)
    with pytest.raises(NotAdministrator):
        members_of(tx, theirs.id, by=boss)
    with pytest.raises(NotAdministrator):
        list_users(tx, by=boss)


def test_an_organisations_administrator_invites_but_takes_over_no_account(tx: Tx) -> None:
    ours, theirs = found(tx), found(tx, "weather")
    boss = acting(tx, "boss", (Role.ADMIN, ours))
    invited = enrol(tx, "invited", (Role.BUYER, ours))
    settled = enrol(tx, "settled", (Role.BUYER, ours), password=PASSWORD)
    shared = enrol(tx, "shared", (Role.BUYER, ours), (Role.BUYER, theirs))

    assert create_password_link(tx, invited, by=boss, at=AT).user == invited
    for user in (settled, shared):
        with pytest.raises(NotAdministrator):
            create_password_link(tx, user, by=boss, at=AT)
    with pytest.raises(NotAdministrator):
        deactivate_user(tx, invited, by=boss, at=AT)


def test_the_site_keeps_an_administrator(tx: Tx) -> None:
    first = enrol(tx, "first", (Role.ADMIN, None))

    with pytest.raises(LastAdministrator):
        withdraw_role(tx, first, Role.ADMIN, organization=None, by=SYSTEM, at=AT)
    with pytest.raises(LastAdministrator):
        deactivate_user(tx, first, by=SYSTEM, at=AT)

    enrol(tx, "second", (Role.ADMIN, None))
    deactivate_user(tx, first, by=SYSTEM, at=AT)
    assert not user_named(tx, "first").is_active


def test_an_account_that_was_reopened_lets_its_user_in_again(pool: Pool) -> None:
    with pool.connection() as tx:
        user = enrol(tx, "li.wei", password=PASSWORD)
        deactivate_user(tx, user, by=SYSTEM, at=AT)
        reactivate_user(tx, user, by=SYSTEM, at=AT)

    assert sign_in(pool, name="li.wei", password=PASSWORD, address="", at=AT)


def test_changing_the_password_takes_the_old_one_and_ends_every_session(pool: Pool) -> None:
    with pool.connection() as tx:
        actor = actor_of_user(tx, enrol(tx, "li.wei", password=PASSWORD))
    before = sign_in(pool, name="li.wei", password=PASSWORD, address="", at=AT)
    with pytest.raises(WrongPassword):
        change_password(pool, old_password="wrong", new_password=OTHER_PASSWORD, by=actor, at=AT)
    with pytest.raises(PasswordTooShort):
        change_password(pool, old_password=PASSWORD, new_password="short", by=actor, at=AT)

    after = change_password(
        pool, old_password=PASSWORD, new_password=OTHER_PASSWORD, by=actor, at=AT
    )

    with pool.connection() as tx:
        assert actor_of_session(tx, before.secret, address="", at=AT) is None
        assert actor_of_session(tx, after.secret, address="", at=AT) is not None
    with pytest.raises(SignInFailed):
        sign_in(pool, name="li.wei", password=PASSWORD, address="", at=AT)
    assert sign_in(pool, name="li.wei", password=OTHER_PASSWORD, address="", at=AT)


def test_the_old_password_cannot_be_guessed_from_a_stolen_session(pool: Pool) -> None:
    with pool.connection() as tx:
        actor = actor_of_user(tx, enrol(tx, "li.wei", password=PASSWORD))
    for _ in range(FREE_FAILURES_PER_ACCOUNT):
        with pytest.raises(WrongPassword):
            change_password(
                pool, old_password="guess", new_password=OTHER_PASSWORD, by=actor, at=AT
            )

    with pytest.raises(SignInTooOften):
        change_password(pool, old_password=PASSWORD, new_password=OTHER_PASSWORD, by=actor, at=AT)


def test_a_link_sets_the_password_once(pool: Pool) -> None:
    with pool.connection() as tx:
        user = enrol(tx, "li.wei")
        link = create_password_link(tx, user, by=SYSTEM, at=AT)
        assert user_of_link(tx, link.secret, AT) == user
        with pytest.raises(PasswordTooShort):
            use_password_link(tx, link.secret, new_password="short", at=AT)

        use_password_link(tx, link.secret, new_password=PASSWORD, at=AT)

        with pytest.raises(LinkNotUsable):
            use_password_link(tx, link.secret, new_password=OTHER_PASSWORD, at=AT)
    assert sign_in(pool, name="li.wei", password=PASSWORD, address="", at=AT)


def test_a_link_ends_by_time_by_a_newer_one_and_with_the_account(tx: Tx) -> None:
    user = enrol(tx, "li.wei")
    first = create_password_link(tx, user, by=SYSTEM, at=AT)
    second = create_password_link(tx, user, by=SYSTEM, at=AT)

    for secret, at in ((first.secret, AT), (second.secret, AT + LINK_LIFE), ("x" * 999, AT)):
        with pytest.raises(LinkNotUsable):
            user_of_link(tx, secret, at)
    assert user_of_link(tx, second.secret, AT + LINK_LIFE - timedelta(seconds=1)) == user

    deactivate_user(tx, user, by=SYSTEM, at=AT)
    with pytest.raises(LinkNotUsable):
        use_password_link(tx, second.secret, new_password=PASSWORD, at=AT)


def test_the_first_start_makes_an_administrator_and_a_second_one_does_not(pool: Pool) -> None:
    with pool.connection() as tx:
        password = first_start_admin(tx, AT)
        assert first_start_admin(tx, AT) is None

    assert password is not None
    assert sign_in(pool, name=FIRST_ADMIN_NAME, password=password, address="", at=AT)


def test_the_first_start_leaves_a_named_administrator_alone(tx: Tx) -> None:
    enrol(tx, "chief", (Role.ADMIN, None))

    assert first_start_admin(tx, AT) is None

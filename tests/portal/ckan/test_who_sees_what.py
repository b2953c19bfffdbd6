"""Counts, lists, searches, facets and suggestions tell nobody of what they may not see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from catalog.audience import sees_dataset
from catalog.curation.themes import create_theme
from catalog.dataset import Dataset, DatasetState, Entry
from catalog.directory import RecordAudience
from catalog.store import datasets as dataset_store
from catalog.store import themes as theme_store
from catalog.theme import Theme, ThemeId
from policies.database import Tx
from policies.identity.authenticate import actor_of_user
from policies.identity.people import user_named
from policies.party import ANONYMOUS, Actor, Organization, OrganizationKind, Role
from policies.roles import SYSTEM
from policies.terms import Grade, OpenType, ShareType, Text, UpdateCycle
from portal.wiring import Wiring
from tests.people import AT, PASSWORD, enrol, found
from tests.portal.ckan.caller import Caller, calling

CALLERS = ("", "li.wei", "zhao.min", "buyer", "chief", "supervisor")


@dataclass(frozen=True)
class Made:
    """A dataset as the test draws it."""

    owner: int
    state: DatasetState
    audience: RecordAudience
    theme: int
    keyword: str


made = st.builds(
    Made,
    owner=st.integers(0, 1),
    state=st.sampled_from(DatasetState),
    audience=st.sampled_from(RecordAudience),
    theme=st.integers(0, 1),
    keyword=st.sampled_from(["水质", "traffic", "secret plan"]),
)


@given(datasets=st.lists(made, min_size=1, max_size=8))
@settings(
    max_examples=4,
    deadline=None,
    # An example is a city and hundreds of calls: a smaller one is not worth the wait.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_counts_lists_and_tags_hold_exactly_what_the_caller_sees(
    wiring: Wiring, tmp_path: Path, datasets: list[Made]
) -> None:
    del tmp_path
    mark = uuid4().hex[:6]
    with wiring.pool.connection() as tx:
        owners, themes, kept = _city(tx, mark, datasets)
        actors = {name: _actor(tx, name) for name in CALLERS}
    with calling(wiring) as caller:
        for name, actor in actors.items():
            seen = [
                (drawn, dataset)
                for drawn, dataset in kept
                if dataset.state is DatasetState.PUBLISHED and sees_dataset(actor, dataset)
            ]
            _check_organizations(caller, name, owners, seen)
            _check_groups(caller, name, themes, seen)
            _check_search(caller, name, owners, kept, actor)
            _check_packages(caller, name, mark, kept, actor)
            tags = caller.call(name, "tag_list")
            assert {tag for tag in tags if tag.endswith(mark)} == {
                f"{drawn.keyword} {mark}" for drawn, _ in seen
            }


def _check_organizations(
    caller: Caller, name: str, owners: list[Organization], seen: list[tuple[Made, Dataset]]
) -> None:
    for index, owner in enumerate(owners):
        expected = {str(dataset.id) for drawn, dataset in seen if drawn.owner == index}
        shown = caller.call(name, "organization_show", id=owner.slug, include_datasets=True)
        assert shown["package_count"] == len(expected)
        assert {package["id"] for package in shown["packages"]} == expected
        held = caller.call(name, "group_package_show", id=str(owner.id))
        assert {package["id"] for package in held} == expected
        listed = caller.call(name, "member_list", id=owner.slug, object_type="package")
        assert {one[0] for one in listed} == expected


def _check_groups(
    caller: Caller, name: str, themes: list[Theme], seen: list[tuple[Made, Dataset]]
) -> None:
    whole = {one["name"]: one for one in caller.call(name, "group_list", all_fields=True)}
    for index, theme in enumerate(themes):
        expected = {str(dataset.id) for drawn, dataset in seen if drawn.theme == index}
        if theme.slug in whole:
            assert whole[theme.slug]["package_count"] == len(expected)
        held = caller.call(name, "group_package_show", id=theme.slug)
        assert {package["id"] for package in held} == expected
        activity = caller.call(name, "group_activity_list", id=theme.slug, limit=100)
        told = {one["object_id"] for one in activity if one["object_id"] != str(theme.id)}
        assert told <= expected


def _check_search(
    caller: Caller,
    name: str,
    owners: list[Organization],
    kept: list[tuple[Made, Dataset]],
    actor: Actor,
) -> None:
    """Hits, their number and the facets of everything that may be asked for."""
    seen = [(drawn, dataset) for drawn, dataset in kept if sees_dataset(actor, dataset)]
    found = caller.call(
        name,
        "package_search",
        fq=f"organization:({owners[0].slug} OR {owners[1].slug})",
        rows=100,
        include_private=True,
        include_drafts=True,
        include_deleted=True,
        **{"facet.field": ["organization", "groups", "tags"], "facet.limit": -1},
    )
    assert {one["id"] for one in found["results"]} == {str(dataset.id) for _, dataset in seen}
    assert found["count"] == len(seen)
    owned = Counter(owners[drawn.owner].slug for drawn, _ in seen)
    assert found["facets"]["organization"] == owned
    tagged = Counter(tag for _, dataset in seen for tag in dataset.entry.keywords)
    assert found["facets"]["tags"] == tagged
    assert sorted(found["facets"]["groups"].values()) == sorted(
        Counter(drawn.theme for drawn, _ in seen).values()
    )


def _check_packages(
    caller: Caller, name: str, mark: str, kept: list[tuple[Made, Dataset]], actor: Actor
) -> None:
    """Suggestions, lists and each dataset by itself."""
    public = {
        dataset.slug
        for _, dataset in kept
        if dataset.state is DatasetState.PUBLISHED
        and dataset.entry.audience is RecordAudience.PUBLIC
    }
    offered = caller.call(name, "package_autocomplete", q=f"d-{mark}", limit=100)
    assert {one["name"] for one in offered} == public
    listed = caller.call(
        name, "package_list", include_private=True, include_drafts=True, include_deleted=True
    )
    for _, dataset in kept:
        shown = caller.ask(name, "package_show", id=str(dataset.id))
        if sees_dataset(actor, dataset):
            assert shown.json()["result"]["name"] == dataset.slug
            continue
        assert shown.status_code in (403, 404)
        assert dataset.slug not in shown.text
        assert dataset.entry.title.en not in shown.text
        assert dataset.slug not in listed


def _city(
    tx: Tx, mark: str, datasets: list[Made]
) -> tuple[list[Organization], list[Theme], list[tuple[Made, Dataset]]]:
    owners = [found(tx, f"own-{mark}-{number}") for number in range(2)]
    themes = [
        Theme(ThemeId(uuid4()), f"top-{mark}-{number}", Text(en="Topic"), AT) for number in range(2)
    ]
    for theme in themes:
        create_theme(tx, theme, by=SYSTEM, at=AT)
    people = (
        ("zhao.min", (Role.PUBLISHER, owners[0])),
        ("buyer", (Role.BUYER, found(tx, f"firm-{mark}", OrganizationKind.ENTERPRISE))),
        ("supervisor", (Role.REGULATOR, found(tx, f"reg-{mark}", OrganizationKind.REGULATOR))),
    )
    for name, held in people:
        tx.execute("UPDATE policies.users SET name = name || %s WHERE name = %s", (mark, name))
        enrol(tx, name, held, password=PASSWORD)
    kept = []
    for number, drawn in enumerate(datasets):
        dataset = Dataset(
            id=dataset_store.new_dataset_id(tx),
            slug=f"d-{mark}-{number}",
            publisher_id=owners[drawn.owner].id,
            entry=Entry(
                title=Text(en=f"Dataset {number}"),
                grade=Grade.GENERAL,
                share_type=ShareType.UNCONDITIONAL,
                open_type=OpenType.UNCONDITIONAL,
                update_cycle=UpdateCycle.IRREGULAR,
                keywords=(f"{drawn.keyword} {mark}",),
                audience=drawn.audience,
            ),
            state=drawn.state,
            created_by=None,
            created_at=AT,
            modified_at=AT,
            issued=AT,
        )
        draft = replace(dataset, state=DatasetState.DRAFT, issued=None)
        assert dataset_store.insert_dataset(tx, draft)
        dataset_store.update_state(tx, dataset)
        theme_store.insert_held(tx, themes[drawn.theme].id, dataset.id)
        kept.append((drawn, dataset))
    return owners, themes, kept


def _actor(tx: Tx, name: str) -> Actor:
    return actor_of_user(tx, user_named(tx, name)) if name else ANONYMOUS

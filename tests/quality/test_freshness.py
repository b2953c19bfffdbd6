"""A dataset is as old as its oldest source, as far as the reader knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.holdings import Source, made_from, sources_of
from policies.database import Pool, Tx
from policies.party import ANONYMOUS, Actor, Role
from policies.terms import DatasetId, OrganizationId, Text, UpdateCycle
from quality.freshness import Lateness, freshness_of
from tests.people import AT, acting, found

DAILY, YEARLY, NEVER = UpdateCycle.DAILY, UpdateCycle.YEARLY, UpdateCycle.IRREGULAR


def source(cycle: UpdateCycle, *, days_old: int) -> Source:
    title = Text(zh="源", en="Source")
    return Source(DatasetId(uuid4()), "source", title, cycle, AT - timedelta(days=days_old))


@pytest.mark.parametrize(
    ("cycle", "own_days", "sources", "lateness", "as_of_days"),
    [
        (DAILY, 0, [], Lateness.KEPT, 0),
        (DAILY, 40, [], Lateness.LATE, 40),
        (NEVER, 40, [], Lateness.NO_PROMISE, 40),
        (DAILY, 0, [(YEARLY, 90)], Lateness.KEPT, 90),
        (DAILY, 0, [(DAILY, 90)], Lateness.LATE_SOURCE, 90),
        (NEVER, 5, [(DAILY, 90), (YEARLY, 200)], Lateness.LATE_SOURCE, 200),
        (DAILY, 40, [(DAILY, 90)], Lateness.LATE, 90),
        (DAILY, 9, [(NEVER, 3)], Lateness.LATE, 9),
    ],
)
def test_it_is_as_old_as_its_oldest_source_and_the_blame_stays_there(
    cycle: UpdateCycle,
    own_days: int,
    sources: list[tuple[UpdateCycle, int]],
    lateness: Lateness,
    as_of_days: int,
) -> None:
    came_at = AT - timedelta(days=own_days)
    made = [source(one, days_old=days) for one, days in sources]

    held = freshness_of(cycle, came_at, made, AT)

    assert (held.lateness, held.as_of) == (lateness, AT - timedelta(days=as_of_days))
    assert (held.oldest is None) == (as_of_days == own_days)


@dataclass(frozen=True)
class Node:
    """A dataset of a made-up lineage."""

    is_published: bool
    is_public: bool
    is_ours: bool
    days_old: int | None


NODES = st.lists(
    st.builds(
        Node,
        is_published=st.sampled_from([True, True, True, False]),
        is_public=st.sampled_from([True, True, False]),
        is_ours=st.booleans(),
        days_old=st.none() | st.integers(0, 400),
    ),
    min_size=2,
    max_size=7,
)
EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(nodes=NODES, edges=EDGES)
def test_sources_are_told_as_far_as_the_reader_sees_them_all_the_way(
    pool: Pool, nodes: list[Node], edges: list[tuple[int, int]]
) -> None:
    lines = {(made, used) for made, used in edges if made != used and max(made, used) < len(nodes)}
    with pool.connection() as tx:
        names = [uuid4().hex, uuid4().hex]
        ours, theirs = (found(tx, f"org-{name}") for name in names)
        member = acting(tx, f"user-{names[0]}", (Role.PUBLISHER, ours))
        ids = [
            _insert(tx, node, ours.id if node.is_ours else theirs.id, created=AT) for node in nodes
        ]
        for made, used in lines:
            tx.execute("INSERT INTO catalog.dataset_inputs VALUES (%s, %s)", (ids[made], ids[used]))

    with pool.connection() as tx:
        told = {by: sources_of(tx, ids, by=by) for by in (ANONYMOUS, member)}
        dependents = made_from(tx, ids[:1])

    for by, sources in told.items():
        for number, dataset_id in enumerate(ids):
            expected = {
                ids[at]
                for at in _behind(number, lines, nodes, by)
                if at != number and nodes[at].days_old is not None
            }
            held = sources.get(dataset_id, ())
            assert {one.dataset_id for one in held} == expected
            came = [one.came_at for one in held]
            assert came == sorted(came)
    turned = {(used, made) for made, used in lines}
    everything = [Node(True, True, True, 0)] * len(nodes)
    assert set(dependents) == {ids[at] for at in _behind(0, turned, everything, ANONYMOUS)}


def _behind(start: int, lines: set[tuple[int, int]], nodes: list[Node], by: Actor) -> set[int]:
    """What a walk by hand reaches through records that exist for the reader."""
    reached: set[int] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        for made, used in lines:
            node = nodes[used]
            is_seen = node.is_public or (node.is_ours and by is not ANONYMOUS)
            if made == at and used not in reached and node.is_published and is_seen:
                reached.add(used)
                waiting.append(used)
    return reached


def _insert(tx: Tx, node: Node, owner: OrganizationId, *, created: datetime) -> DatasetId:
    dataset, distribution = uuid4(), uuid4()
    state = "published" if node.is_published else "draft"
    values = {
        "dataset": dataset,
        "distribution": distribution,
        "owner": owner,
        "slug": dataset.hex,
        "state": state,
        "audience": "public" if node.is_public else "own",
        "at": created,
        "issued": created if node.is_published else None,
    }
    tx.execute(
        """INSERT INTO catalog.datasets
               (id, slug, title, summary, publisher_id, grade, share_type, open_type, update_cycle,
                state, audience, created_at, modified_at, issued)
           VALUES (%(dataset)s, %(slug)s, '{"en": "A"}', '{}', %(owner)s, 1, 'unconditional',
                   'unconditional', 'daily', %(state)s, %(audience)s, %(at)s, %(at)s,
                   %(issued)s)""",
        values,
    )
    tx.execute(
        """INSERT INTO catalog.distributions
               (id, dataset_id, slug, title, created_at, modified_at)
           VALUES (%(distribution)s, %(dataset)s, 'table', '{"en": "A"}', %(at)s, %(at)s)""",
        values,
    )
    if node.days_old is not None:
        _add_version(tx, distribution, created - timedelta(days=node.days_old))
    return DatasetId(dataset)


def _add_version(tx: Tx, distribution: UUID, came_at: datetime) -> None:
    tx.execute(
        """INSERT INTO catalog.versions
               (id, distribution_id, number, delta_version, digest, columns, reading, row_count,
                size_bytes, created_at, state, kind, verdict, published_at, published_under)
           VALUES (%(id)s, %(distribution)s, 1, 0, %(digest)s, '[]',
                   '{"encoding": "utf-8", "delimiter": ",", "quote": "", "has_header": true}',
                   1, 1, %(at)s, 'published', 'settled', 'passed', %(at)s, 'cn-2025')""",
        {"id": uuid4(), "distribution": distribution, "digest": uuid4().hex * 2, "at": came_at},
    )

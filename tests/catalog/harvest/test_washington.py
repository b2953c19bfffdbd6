"""Washington's catalogue of February 2020, then of November, whose addresses moved to https."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from catalog.harvest import follow
from catalog.harvest.changes import Act, Kind, NoteKind, Suspicion
from catalog.harvest.errors import GuardStands, NotTheLastRun, PlanIsOld
from catalog.harvest.run import HarvestRun, RunState
from catalog.harvest.source import Matching, SourceKind
from policies.database import Pool
from tests.catalog.harvest.taking_in import TakingIn


@pytest.fixture
def february(shared_data: Path) -> bytes:
    return (shared_data / "catalogues" / "dc_datajson_2020-02-07.json").read_bytes()


@pytest.fixture
def november(shared_data: Path) -> bytes:
    return (shared_data / "catalogues" / "dc_datajson_2020-11-18.json").read_bytes()


def test_november_is_told_from_february_applied_and_taken_back(
    pool: Pool, tmp_path: Path, february: bytes, november: bytes
) -> None:
    city = TakingIn(pool, tmp_path)
    city.set_up(SourceKind.DATA_JSON)
    city.send(february)

    first = city.look()

    assert first.counts == {"same": 0, "add": 1288}
    assert city.state() == []
    first = city.apply(first)
    assert (first.state, first.done_count) == (RunState.APPLIED, 1288)
    before = city.state()
    assert Counter(row[3] for row in before) == {"published": 1288}

    city.send(november)
    second = city.look()

    counts = second.counts
    assert (counts["add"], counts["remove"], counts["change"]) == (159, 90, 1198)
    assert (counts[Kind.RETITLED], counts[Kind.REDATED], counts[Kind.MOVED]) == (3, 358, 1198)
    notes = {note.kind: note.count for note in second.notes}
    assert notes[NoteKind.MOVED_TO_HTTPS] == 1198
    assert second.guard is not None
    assert (second.guard.known, second.guard.gone, second.guard.stands) == (1288, 90, False)
    assert city.state() == before
    twins_are_shown_but_not_merged(pool, second)

    strict = city.look(Matching.STRICT)

    assert strict.guard is not None
    assert (strict.guard.gone_permille, strict.guard.stands) == (1000, True)
    with pytest.raises(GuardStands):
        city.apply(strict)
    assert city.state() == before

    applied = city.apply(second)

    after = city.state()
    assert applied.state is RunState.APPLIED
    assert Counter(row[3] for row in after) == {"published": 1357, "withdrawn": 90}
    reasons = {row[4] for row in after if row[3] == "withdrawn"}
    assert reasons == {f"来源已撤下 · Withdrawn at source {city.at.date().isoformat()}"}
    with pytest.raises(PlanIsOld):
        city.apply(strict, lets_guard_through=True)
    with pytest.raises(NotTheLastRun):
        city.undo(first)

    undone = city.undo(applied)

    assert undone.state is RunState.UNDONE
    assert city.state() == before
    city.undo(first)
    assert city.state() == []


def twins_are_shown_but_not_merged(pool: Pool, run: HarvestRun) -> None:
    """Two records that went and two that came under one title are no change of either."""
    with pool.connection() as tx:
        suspects = follow.items_of(tx, run, Act.SUSPECT, limit=10)
        retitled = follow.items_of(tx, run, Act.CHANGE, kind=Kind.RETITLED, limit=10)
    assert {item.suspicion for item in suspects} == {Suspicion.TWIN}
    assert len(suspects) == 2
    titles = {
        (one.before, one.after)
        for item in retitled
        for one in item.differences
        if one.kind is Kind.RETITLED
    }
    assert ("Urban Wood Reuse", "Urban Wood Reuse: for Schools") in titles


def test_a_catalogue_of_exactly_a_thousand_records_looks_like_a_page(
    pool: Pool, tmp_path: Path, shared_data: Path
) -> None:
    city = TakingIn(pool, tmp_path)
    city.set_up(SourceKind.DATA_JSON)
    city.send((shared_data / "catalogues" / "dc_datajson_2019-01-04.json").read_bytes())

    run = city.look()

    assert run.counts["add"] == 1000
    assert NoteKind.ROUND_NUMBER in {note.kind for note in run.notes}

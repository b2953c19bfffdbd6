"""What changed between two versions of a table, told from their stored profiles, in words.

A change is told when it is large by itself and larger than what versions before usually brought:
what has always been so is no alarm. Thresholds are our own.

- columns that came, went or changed their type;
- rows, in the light of working days: growth since the version before is set against the growth
  that a working day brought before;
- empty cells, by their share;
- distributions: of numbers and times the largest gap between the two cumulative curves
  (Kolmogorov-Smirnov), of listed values the population stability index;
- keys: how many stayed, went and came.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import cast

from catalog.view import Json
from policies.calendar import china_day, is_known, is_working_day
from policies.terms import Text
from quality.check import ChangeKind, Column, Family
from quality.profile import Bin, ColumnProfile, Profile
from quality.rule import Severity

OLDER_VERSIONS_MAX = 10
"""So many versions before the last one say what is usual."""
VOLUME_PERMILLE_MIN = 200
PACE_FACTOR_MIN = 2
EMPTY_PERMILLE_MIN = 50
GAP_PERMILLE_MIN = 100
GAP_CRITICAL_PERMILLE = 250
INDEX_PERMILLE_MIN = 200
INDEX_CRITICAL_PERMILLE = 500
KEYS_GONE_PERMILLE_MIN = 100
USUAL_FACTOR = 1.5
_LEAST_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Change:
    """One change that is worth a look."""

    kind: ChangeKind
    severity: Severity
    columns: tuple[str, ...]
    """Empty for one about all rows."""
    sentence: Text


@dataclass(frozen=True, slots=True)
class Past:
    """An older version."""

    number: int
    created_at: datetime
    profile: Profile


@dataclass(frozen=True, slots=True)
class KeyChurn:
    """What became of the keys of the version before."""

    columns: tuple[str, ...]
    kept: int
    gone: int
    come: int


@dataclass(frozen=True, slots=True)
class Drift:
    """What changed since one version."""

    since: int
    changes: tuple[Change, ...]
    compared: int
    """How many older versions were asked what is usual."""


def drift_of(
    profile: Profile, at: datetime, older: Sequence[Past], churn: KeyChurn | None
) -> Drift | None:
    """What changed since the first of `older`, newest first; None where there is none."""
    if not older:
        return None
    last = older[0]
    changes = [
        *_schema(last.profile, profile),
        *_volume(profile, at, older),
        *_columns(profile, older),
        *_keys(churn),
    ]
    order = list(Severity)
    return Drift(
        since=last.number,
        changes=tuple(sorted(changes, key=lambda change: order.index(change.severity))),
        compared=len(older) - 1,
    )


def curve_gap(old: ColumnProfile, new: ColumnProfile) -> float:
    """The largest distance between the cumulative curves of two histograms, from 0 to 1."""
    before, after = _curve(old.bins), _curve(new.bins)
    if before is None or after is None:
        return 0.0
    points = sorted({*before[0], *after[0]})
    return max(abs(_at(before, point) - _at(after, point)) for point in points)


def stability_index(old: ColumnProfile, new: ColumnProfile, *, rows: tuple[int, int]) -> float:
    """The population stability index over the listed values and all others together."""
    if not old.frequent or not new.frequent:
        return 0.0
    counts = [{one.value: one.count for one in column.frequent} for column in (old, new)]
    totals = [rows[0] - old.null_count, rows[1] - new.null_count]
    if not all(totals):
        return 0.0
    index, rest = 0.0, [1.0, 1.0]
    # A value that one of the two lists is missing from may be rare there, not absent.
    for value in counts[0].keys() & counts[1].keys():
        shares = [counts[side][value] / totals[side] for side in (0, 1)]
        rest = [rest[side] - shares[side] for side in (0, 1)]
        index += _index_term(*shares)
    return index + _index_term(*rest)


def working_days(start: date, end: date) -> int:
    """Working days after `start` up to `end`; Monday to Friday where the calendar ends."""
    days = (start + timedelta(days=count) for count in range(1, (end - start).days + 1))
    return sum(is_working_day(day) if is_known(day) else day.weekday() < 5 for day in days)


def drift_as_json(drift: Drift) -> dict[str, Json]:
    """The drift as APIs and the store hold it."""
    return {
        "since": drift.since,
        "compared": drift.compared,
        "changes": [
            {
                "kind": change.kind.value,
                "severity": change.severity.value,
                "columns": list(change.columns),
                "sentence": dict(change.sentence.as_map()),
            }
            for change in drift.changes
        ],
    }


def drift_from_json(body: Mapping[str, object]) -> Drift:
    """Read what `drift_as_json` wrote."""
    changes = cast("list[Mapping[str, object]]", body["changes"])
    return Drift(
        since=cast("int", body["since"]),
        compared=cast("int", body["compared"]),
        changes=tuple(
            Change(
                kind=ChangeKind(str(one["kind"])),
                severity=Severity(str(one["severity"])),
                columns=tuple(cast("list[str]", one["columns"])),
                sentence=Text.from_map(cast("dict[str, str]", one["sentence"])),
            )
            for one in changes
        ),
    )


def _schema(old: Profile, new: Profile) -> list[Change]:
    before = {column.name: column.type for column in old.columns}
    after = {column.name: column.type for column in new.columns}
    changes = []
    for name in before.keys() - after.keys():
        text = Text(zh=f"列“{name}”没有了。", en=f"The column “{name}” is gone.")
        changes.append(Change(ChangeKind.SCHEMA, Severity.CRITICAL, (name,), text))
    for name in after.keys() - before.keys():
        text = Text(zh=f"新增了列“{name}”。", en=f"The column “{name}” is new.")
        changes.append(Change(ChangeKind.SCHEMA, Severity.INFO, (name,), text))
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            text = Text(
                zh=f"列“{name}”的类型由 {before[name]} 变为 {after[name]}。",
                en=f"The type of “{name}” went from {before[name]} to {after[name]}.",
            )
            changes.append(Change(ChangeKind.SCHEMA, Severity.WARNING, (name,), text))
    return sorted(changes, key=lambda change: change.columns)


def _volume(profile: Profile, at: datetime, older: Sequence[Past]) -> list[Change]:
    """By the pace of working days where three versions tell one, else by the share."""
    old, new = older[0].profile.row_count, profile.row_count
    moments = [at, *(one.created_at for one in older)]
    counts = [new, *(one.profile.row_count for one in older)]
    paces = [
        (after - before) / days
        for after, before, newer, earlier in zip(
            counts, counts[1:], moments, moments[1:], strict=False
        )
        if (days := working_days(china_day(earlier), china_day(newer)))
    ]
    rows = Text(zh=f"由 {old:,} 行变为 {new:,} 行", en=f"from {old:,} rows to {new:,}")
    if len(paces) >= 3 and (usual := median(paces[1:])) > 0:
        pace = paces[0]
        if usual / PACE_FACTOR_MIN <= pace <= usual * PACE_FACTOR_MIN:
            return []
        text = Text(
            zh=f"{rows.zh}：每个工作日 {pace:+,.0f} 行，以往为 {usual:+,.0f} 行。",
            en=f"It went {rows.en}: {pace:+,.0f} a working day, where {usual:+,.0f} is usual.",
        )
        severity = Severity.CRITICAL if pace < 0 else Severity.WARNING
        return [Change(ChangeKind.VOLUME, severity, (), text)]
    if 1000 * abs(new - old) < VOLUME_PERMILLE_MIN * max(old, 1):
        return []
    share = 100 * (new - old) / max(old, 1)
    text = Text(zh=f"{rows.zh}（{share:+.0f}%）。", en=f"It went {rows.en} ({share:+.0f}%).")
    severity = Severity.CRITICAL if new < old else Severity.WARNING
    return [Change(ChangeKind.VOLUME, severity, (), text)]


def _columns(profile: Profile, older: Sequence[Past]) -> list[Change]:
    changes = []
    for column in profile.columns:
        past = []
        for one in older:
            found = next((item for item in one.profile.columns if item.name == column.name), None)
            if found is None or found.type != column.type:
                break
            past.append((found, one.profile.row_count))
        if past:
            line = [(column, profile.row_count), *past]
            changes += [*_empty(line), *_distribution(line)]
    return changes


_Line = Sequence[tuple[ColumnProfile, int]]
"""A column and its table's rows, the newest version first."""


def _empty(line: _Line) -> list[Change]:
    shares = [1000 * column.null_count / rows if rows else 0.0 for column, rows in line]
    if not _is_alarm(shares, EMPTY_PERMILLE_MIN, lambda new, old: abs(new - old)):
        return []
    name = line[0][0].name
    text = Text(
        zh=f"“{name}”的空值由 {shares[1] / 10:.1f}% 变为 {shares[0] / 10:.1f}%。",
        en=f"Empty cells of “{name}” went from {shares[1] / 10:.1f}% to {shares[0] / 10:.1f}%.",
    )
    severity = Severity.WARNING if shares[0] > shares[1] else Severity.INFO
    return [Change(ChangeKind.EMPTY, severity, (name,), text)]


def _distribution(line: _Line) -> list[Change]:
    column = line[0][0]
    if Column(column.name, column.type).family in (Family.NUMBER, Family.TIME):
        steps = [curve_gap(old, new) for (new, _), (old, _) in pairwise(line)]
        least, critical = GAP_PERMILLE_MIN / 1000, GAP_CRITICAL_PERMILLE / 1000
        measure = "KS"
    else:
        steps = [
            stability_index(old, new, rows=(old_rows, new_rows))
            for (new, new_rows), (old, old_rows) in pairwise(line)
        ]
        least, critical = INDEX_PERMILLE_MIN / 1000, INDEX_CRITICAL_PERMILLE / 1000
        measure = "PSI"
    now, usual = steps[0], max(steps[1:], default=0.0)
    if now < least or now < USUAL_FACTOR * usual:
        return []
    before = Text()
    if len(steps) > 1:
        before = Text(
            zh=f"，以往最多 {usual:.2f}（{len(steps) - 1} 次）",
            en=f"; before it was {usual:.2f} at most ({len(steps) - 1} times)",
        )
    text = Text(
        zh=f"“{column.name}”的分布变了：{measure} {now:.2f}{before.zh}。",
        en=f"The values of “{column.name}” lie otherwise: {measure} {now:.2f}{before.en}.",
    )
    severity = Severity.CRITICAL if now >= critical else Severity.WARNING
    return [Change(ChangeKind.DISTRIBUTION, severity, (column.name,), text)]


def _keys(churn: KeyChurn | None) -> list[Change]:
    if churn is None or not churn.kept + churn.gone:
        return []
    if 1000 * churn.gone < KEYS_GONE_PERMILLE_MIN * (churn.kept + churn.gone):
        return []
    text = Text(
        zh=f"键值保留 {churn.kept:,} 个，消失 {churn.gone:,} 个，新增 {churn.come:,} 个。",
        en=f"Of the keys {churn.kept:,} stayed, {churn.gone:,} went and {churn.come:,} came.",
    )
    severity = Severity.CRITICAL if not churn.kept else Severity.WARNING
    return [Change(ChangeKind.KEYS, severity, churn.columns, text)]


def _is_alarm(
    values: Sequence[float], least: float, distance: Callable[[float, float], float]
) -> bool:
    """Whether the newest step is large, and larger than the steps before were."""
    steps = [distance(new, old) for new, old in pairwise(values)]
    return steps[0] >= least and steps[0] >= USUAL_FACTOR * max(steps[1:], default=0.0)


def _index_term(old: float, new: float) -> float:
    before, after = max(old, _LEAST_SHARE), max(new, _LEAST_SHARE)
    return (after - before) * math.log(after / before)


def _curve(bins: Sequence[Bin]) -> tuple[list[float], list[float]] | None:
    """Edges and the share of values up to each; None where there are no bins."""
    total = sum(item.count for item in bins)
    if not total:
        return None
    edges = [_number(bins[0].low), *(_number(item.high) for item in bins)]
    shares, seen = [0.0], 0
    for item in bins:
        seen += item.count
        shares.append(seen / total)
    return edges, shares


def _at(curve: tuple[list[float], list[float]], point: float) -> float:
    """The share of values up to a point, straight between the edges."""
    edges, shares = curve
    if point < edges[0]:
        return 0.0
    if point >= edges[-1]:
        return 1.0
    right = next(at for at, edge in enumerate(edges) if edge > point)
    left = right - 1
    width = edges[right] - edges[left]
    part = (point - edges[left]) / width if width else 1.0
    return shares[left] + part * (shares[right] - shares[left])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

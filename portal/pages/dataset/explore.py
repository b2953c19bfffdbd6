"""Charts of a dataset, drawn by the server; the address carries the whole state."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from catalog.summary import POINTS_MAX, Measure, Summary, SummaryKind, TimeStep
from catalog.view import Condition, Json
from exchange.delivery import PictureQuestion
from policies.errors import Refusal
from portal.handing_out import content_disposition
from portal.pages.dataset.look import ChosenDistribution, look_of
from portal.pages.dataset.picture import chips, delivered, filters_query, reason_against
from portal.pages.dataset.reader import Look, profile_for
from portal.pages.dataset.rows import RowsQuery, filters_text, read_filters
from portal.pages.dataset.suggest_charts import (
    measurable_columns,
    places_in,
    suggested_charts,
    time_columns,
)
from portal.pages.drawing import charts
from portal.pages.drawing.charts import Drawing, Item
from portal.pages.rendering import environment, language_of, render
from portal.pages.speech import Speech
from portal.problems import status_of
from portal.wiring import wiring_of

router = APIRouter()

FILTERS_LENGTH_CHARACTERS: Final = 20_000

_Filters = Annotated[str, Query(max_length=FILTERS_LENGTH_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class ChartQuery:
    """What the address of a chart asks for; None is left to be suggested."""

    kind: SummaryKind | None = None
    by: str = ""
    measure: Measure = Measure.COUNT
    of: str = ""
    step: TimeStep | None = None
    filters: tuple[Condition, ...] = ()
    distribution: str = ""
    """Its name; empty: the first one."""

    def pairs(self) -> list[tuple[str, str]]:
        """The query of the address."""
        pairs = [("distribution", self.distribution)] if self.distribution else []
        pairs += [("kind", self.kind.value)] if self.kind else []
        pairs += [("by", self.by)] if self.by else []
        pairs += [("measure", self.measure.value)] if self.measure is not Measure.COUNT else []
        pairs += [("of", self.of)] if self.of else []
        pairs += [("step", self.step.value)] if self.step else []
        pairs += [("filters", filters_text(self.filters))] if self.filters else []
        return pairs

    def href(self, path: str) -> str:
        """The address under a path."""
        return f"{path}?{urlencode(self.pairs())}" if self.pairs() else path

    def summary(self) -> Summary:
        """The question that it asks."""
        assert self.kind is not None, "a chart was chosen"
        is_counted = self.measure is Measure.COUNT and self.kind is not SummaryKind.SCATTER
        return Summary(
            self.kind,
            self.by,
            self.measure,
            None if is_counted or not self.of else self.of,
            self.step or TimeStep.DAY,
            self.filters,
        )


@router.get("/dataset/{slug}/explore")
def show_chart(
    request: Request,
    slug: str,
    kind: SummaryKind | None = None,
    by: str = "",
    measure: Measure = Measure.COUNT,
    of: str = "",
    step: TimeStep | None = None,
    filters: _Filters = "",
    distribution: ChosenDistribution = "",
) -> Response:
    """A chart with its table, and forms and suggestions for others."""
    look, frame, say = look_of(request, slug, distribution)
    query = ChartQuery(kind, by, measure, of, step, read_filters(filters), look.place)
    reason, status = reason_against(look, say), 200
    with wiring_of(request).pool.connection() as tx:
        profile = profile_for(tx, look, wiring_of(request))
    suggested = suggested_charts(profile) if profile else []
    if query.kind is None and suggested:
        query = _query_of(suggested[0], query)
    chart = None
    if reason is None and query.kind is not None and query.by:
        try:
            chart = _chart(request, look, query, say)
        except Refusal as refusal:
            reason, status = say.refusal(refusal), status_of(refusal)
    path = f"{frame.href}/explore"
    places = places_in(look.shown_columns, profile)
    return render(
        request,
        "dataset/explore.html",
        status=status,
        dataset=frame,
        chart=chart,
        reason=reason or say.gettext("Choose a column below, and a chart of it is drawn."),
        is_closed=reason_against(look, say) is not None,
        suggestions=[
            (_title(one, say), (asked := _query_of(one, query)).href(path), asked == query)
            for one in suggested
        ],
        map_href=f"{path}/map" + filters_query(query.filters, look.place) if places else None,
        form={
            "action": path,
            "kind": (query.kind or SummaryKind.BARS).value,
            "by": query.by,
            "measure": query.measure.value,
            "of": query.of,
            "step": (query.step or TimeStep.DAY).value,
            "filters": filters_text(query.filters) if query.filters else "",
            "distribution": look.place,
        },
        kinds=[(one.value, _kind_words(one, say)) for one in SummaryKind],
        measures=[(one.value, _measure_words(one, say)) for one in Measure],
        steps=[(one.value, _step_words(one, say)) for one in TimeStep],
        columns=[(one.name, one.name) for one in look.shown_columns],
        numbers=[("", "–"), *((name, name) for name in measurable_columns(look.shown_columns))],
        has_times=bool(time_columns(look.shown_columns)),
        chips=chips(query.filters, lambda left: replace(query, filters=left).href(path), say),
        svg_href=query.href(f"{path}.svg") if chart else None,
        csv_href=query.href(f"{path}.csv") if chart else None,
        rows_href=RowsQuery(f"{frame.href}/data", query.filters, distribution=look.place).href(),
    )


@router.get("/dataset/{slug}/explore.svg")
def chart_as_picture(
    request: Request,
    slug: str,
    kind: SummaryKind,
    by: str,
    measure: Measure = Measure.COUNT,
    of: str = "",
    step: TimeStep | None = None,
    filters: _Filters = "",
    distribution: ChosenDistribution = "",
) -> Response:
    """The chart alone, as a picture that stands by itself."""
    look, _, say = look_of(request, slug, distribution)
    query = ChartQuery(kind, by, measure, of, step, read_filters(filters), look.place)
    chart = _chart(request, look, query, say)
    template = environment(language_of(request)).get_template("components/chart_file.svg")
    words = f"{say.text(look.overview.dataset.entry.title)} · {chart['title']}"
    return Response(
        template.render(drawing=chart["drawing"], title=words),
        media_type="image/svg+xml",
        headers={
            "Content-Disposition": content_disposition(f"{words}.svg"),
            "Cache-Control": "private, no-cache",
        },
    )


@router.get("/dataset/{slug}/explore.csv")
def chart_as_table(
    request: Request,
    slug: str,
    kind: SummaryKind,
    by: str,
    measure: Measure = Measure.COUNT,
    of: str = "",
    step: TimeStep | None = None,
    filters: _Filters = "",
    distribution: ChosenDistribution = "",
) -> Response:
    """The numbers of the chart."""
    look, _, say = look_of(request, slug, distribution)
    query = ChartQuery(kind, by, measure, of, step, read_filters(filters), look.place)
    chart = _chart(request, look, query, say)
    text = io.StringIO()
    written = csv.writer(text)
    written.writerow(cast("Sequence[str]", chart["headings"]))
    written.writerows(cast("Sequence[Sequence[object]]", chart["exact"]))
    words = f"{say.text(look.overview.dataset.entry.title)} · {chart['title']}"
    return Response(
        text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": content_disposition(f"{words}.csv"),
            "Cache-Control": "private, no-cache",
        },
    )


# Charts ------------------------------------------------------------------------------------------


def _chart(request: Request, look: Look, query: ChartQuery, say: Speech) -> dict[str, object]:
    summary = query.summary()
    told = delivered(request, look, PictureQuestion(summary))
    rows = cast("list[list[Json]]", told["rows"])
    step = TimeStep(str(told["step"])) if "step" in told else None
    drawing, named = _drawing(summary, rows, say)
    unit = _measure_words(summary.measure, say)
    if summary.kind is SummaryKind.SCATTER:
        headings = [summary.by, summary.of or ""]
        exact: list[list[object]] = [[row[0], row[1]] for row in rows]
    elif summary.kind is SummaryKind.HISTOGRAM:
        headings = [
            say.gettext("{column} from", column=summary.by),
            say.gettext("to"),
            say.gettext("Rows"),
        ]
        exact = [[*row] for row in rows]
    else:
        measured = f"{unit}: {summary.of}" if summary.of else unit
        headings = [summary.by, measured]
        exact = [[item.name, row[1]] for item, row in zip(named, rows, strict=True)]
    return {
        "title": _summary_words(summary, step, say),
        "note": _chart_note(summary, told, len(rows), say),
        "drawing": drawing,
        "headings": headings,
        "exact": exact,
        "cells": [[_told(cell, say) for cell in row] for row in exact],
        "total": told["total"],
    }


def _drawing(summary: Summary, rows: list[list[Json]], say: Speech) -> tuple[Drawing, list[Item]]:
    match summary.kind:
        case SummaryKind.SCATTER:
            points = [
                (float(x), float(y), f"{_told(x, say)}, {_told(y, say)}")
                for x, y, _ in rows
                if isinstance(x, int | float) and isinstance(y, int | float)
            ]
            return charts.scatter(points), []
        case SummaryKind.HISTOGRAM:
            items = [
                Item(f"{_told(low, say)} – {_told(high, say)}", _float(count), _told(count, say))
                for low, high, count in rows
            ]
            low = _float(rows[0][0]) if rows else 0.0
            high = _float(rows[-1][1]) if rows else 0.0
            span = (high - low) or 1.0
            edges = [
                ((mark - low) / span, charts.short_number(mark))
                for mark in charts.nice_ticks(low, high)
                if low <= mark <= high
            ]
            return charts.standing_bars(items, edges), items
        case SummaryKind.TIME:
            items = [
                Item(str(name)[:16].removesuffix(" 00:00"), _maybe(value), _told(value, say))
                for name, value, _ in rows
            ]
            return charts.time_line(items), items
        case SummaryKind.BARS:
            items = [
                Item(
                    say.gettext("(empty)")
                    if name is None
                    else str(name) or say.gettext("(empty text)"),
                    _maybe(value),
                    _told(value, say),
                )
                for name, value, _ in rows
            ]
            return charts.lying_bars(items), items


def _chart_note(summary: Summary, told: Mapping[str, Json], shown: int, say: Speech) -> str:
    groups, total = int(str(told["groups"])), int(str(told["total"]))
    if summary.kind is SummaryKind.SCATTER and groups > shown:
        return say.gettext(
            "A sample of {shown} of {total} rows, the same each time.",
            shown=say.number(min(shown, POINTS_MAX)),
            total=say.number(groups),
        )
    if summary.kind is SummaryKind.BARS and groups > shown:
        return say.gettext(
            "The first {shown} of {groups} values, over all {total} rows.",
            shown=say.number(shown),
            groups=say.number(groups),
            total=say.number(total),
        )
    return say.ngettext("Over all rows: {count}.", "Over all {count} rows.", total)


def _query_of(summary: Summary, kept: ChartQuery) -> ChartQuery:
    """A suggestion, of the rows that are looked at."""
    step = summary.step if summary.kind is SummaryKind.TIME else None
    return replace(
        kept,
        kind=summary.kind,
        by=summary.by,
        measure=summary.measure,
        of=summary.of or "",
        step=step,
    )


def _title(summary: Summary, say: Speech) -> str:
    return _summary_words(summary, summary.step, say)


def _summary_words(summary: Summary, step: TimeStep | None, say: Speech) -> str:
    """What a chart shows, as its heading."""
    measured = (
        say.gettext("Rows")
        if summary.measure is Measure.COUNT
        else f"{_measure_words(summary.measure, say)} · {summary.of}"
    )
    match summary.kind:
        case SummaryKind.BARS:
            return say.gettext("{measure} by {column}", measure=measured, column=summary.by)
        case SummaryKind.TIME:
            return say.gettext(
                "{measure} over {column}, by {step}",
                measure=measured,
                column=summary.by,
                step=_step_words(step or summary.step, say),
            )
        case SummaryKind.HISTOGRAM:
            return say.gettext("How {column} is spread", column=summary.by)
        case SummaryKind.SCATTER:
            return say.gettext("{upper} against {column}", upper=summary.of, column=summary.by)


def _kind_words(kind: SummaryKind, say: Speech) -> str:
    return {
        SummaryKind.BARS: say.gettext("Bars by value"),
        SummaryKind.TIME: say.gettext("Line over time"),
        SummaryKind.HISTOGRAM: say.gettext("Spread of numbers"),
        SummaryKind.SCATTER: say.gettext("Two numbers"),
    }[kind]


def _measure_words(measure: Measure, say: Speech) -> str:
    return {
        Measure.COUNT: say.gettext("Rows"),
        Measure.SUM: say.gettext("Sum"),
        Measure.MEAN: say.gettext("Mean"),
        Measure.MEDIAN: say.gettext("Median"),
        Measure.LOWEST: say.gettext("Lowest"),
        Measure.HIGHEST: say.gettext("Highest"),
    }[measure]


def _step_words(step: TimeStep, say: Speech) -> str:
    return {
        TimeStep.HOUR: say.gettext("hour"),
        TimeStep.DAY: say.gettext("day"),
        TimeStep.WEEK: say.gettext("week"),
        TimeStep.MONTH: say.gettext("month"),
        TimeStep.YEAR: say.gettext("year"),
    }[step]


def _told(value: object, say: Speech) -> str:
    """A number with as many digits as say something."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return say.number(int(value))
    return f"{value:,.6g}"


def _float(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _maybe(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None

"""River, histogram and spark line: the numbers behind the pictures."""

from __future__ import annotations

from policies.terms import Regime
from portal.pages.drawing.histogram import Bar, Histogram, sparkline
from portal.pages.drawing.river import Flow, draw_river


def test_the_highest_bar_fills_the_box_and_a_rare_value_still_shows() -> None:
    histogram = Histogram((Bar("a", 10_000), Bar("b", 1), Bar("c", 0)), rows=10_001, empty=0)

    first, rare, none = histogram.drawn(90, 30)

    assert first.height == 30
    assert rare.height > 1
    assert none.height == 0


def test_a_column_without_values_has_no_bars() -> None:
    assert Histogram((), rows=5, empty=5).drawn(90, 30) == []


def test_a_flat_line_is_a_line() -> None:
    assert sparkline([3, 3], 10, 10) == "0.0,8.0 10.0,8.0"
    assert sparkline([], 10, 10) == ""


def test_streams_share_the_river_and_never_dry_up() -> None:
    river = draw_river([Flow(Regime.SHARE, 0), Flow(Regime.OPEN, 9), Flow(Regime.TRADE, 1)])

    assert len(river.streams) == 3
    assert len(river.posts) == 4
    assert all(stream.path.endswith("Z") for stream in river.streams)


def test_a_portal_without_deliveries_has_a_river_too() -> None:
    assert len(draw_river([Flow(regime, 0) for regime in Regime]).streams) == 3

"""Tests of `catalog.view`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import MalformedView
from catalog.mask import Mask, MaskKind
from catalog.view import EVERYTHING, Condition, Operator, View

NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20
)
SCALARS = (
    st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
)
COMPARISONS = st.sampled_from(
    [Operator.EQUAL, Operator.NOT_EQUAL, Operator.LESS, Operator.AT_LEAST, Operator.CONTAINS]
)
CONDITIONS = (
    st.builds(Condition, NAMES, COMPARISONS, SCALARS)
    | st.builds(Condition, NAMES, st.sampled_from([Operator.IS_EMPTY, Operator.IS_NOT_EMPTY]))
    | st.builds(
        Condition,
        NAMES,
        st.just(Operator.ONE_OF),
        st.lists(SCALARS, min_size=1, max_size=4).map(tuple),
    )
)
MASKS = st.sampled_from([Mask(MaskKind.DROP), Mask(MaskKind.HASH), Mask(MaskKind.PARTIAL, 1, 2)])
VIEWS = st.builds(
    View,
    st.none() | st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold).map(tuple),
    st.lists(CONDITIONS, max_size=4).map(tuple),
    st.dictionaries(NAMES, MASKS, max_size=3),
)


@given(VIEWS)
def test_a_stored_view_reads_back_with_the_same_fingerprint(view: View) -> None:
    read = View.from_json(view.as_json())

    assert read.as_json() == view.as_json()
    assert read.fingerprint() == view.fingerprint()


@given(VIEWS, st.randoms())
def test_order_that_means_nothing_does_not_change_the_fingerprint(view: View, random) -> None:  # type: ignore[no-untyped-def]
    rows = list(view.rows)
    random.shuffle(rows)
    masks = dict(sorted(view.masks.items(), reverse=True))

    assert View(view.columns, tuple(rows), masks).fingerprint() == view.fingerprint()


@given(VIEWS, VIEWS)
def test_views_that_differ_have_fingerprints_that_differ(one: View, other: View) -> None:
    assert (one.fingerprint() == other.fingerprint()) == (one.as_json() == other.as_json())


def test_the_order_of_columns_is_part_of_the_view() -> None:
    assert View(("a", "b")).fingerprint() != View(("b", "a")).fingerprint()


def test_a_number_and_its_text_are_not_the_same_condition() -> None:
    number = View(rows=(Condition("a", Operator.EQUAL, 1),))
    text = View(rows=(Condition("a", Operator.EQUAL, "1"),))
    truth = View(rows=(Condition("a", Operator.EQUAL, True),))

    assert len({view.fingerprint() for view in (number, text, truth)}) == 3


def test_visible_columns_leave_out_what_is_dropped() -> None:
    view = View(("c", "a", "b"), masks={"a": Mask(MaskKind.DROP), "b": Mask(MaskKind.HASH)})

    assert view.visible(["a", "b", "c"]) == ("c", "b")


def test_everything_shows_every_column() -> None:
    assert EVERYTHING.visible(["b", "a"]) == ("b", "a")


@pytest.mark.parametrize(
    "view",
    [
        View(("z",)),
        View(rows=(Condition("z", Operator.IS_EMPTY),)),
        View(masks={"z": Mask(MaskKind.DROP)}),
        View(("a",), masks={"a": Mask(MaskKind.DROP)}),
    ],
)
def test_a_view_that_does_not_fit_the_columns_is_refused(view: View) -> None:
    with pytest.raises(MalformedView):
        view.visible(["a", "b"])


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"columns": "a"},
        {"columns": []},
        {"columns": [1]},
        {"columns": ["a", "A"]},
        {"columns": ["a\0"]},
        {"columns": [""]},
        {"rows": {}},
        {"rows": ["x = 1"]},
        {"rows": [{"column": "a", "operator": "; DROP TABLE data", "value": 1}]},
        {"rows": [{"column": "a", "operator": "=", "value": None}]},
        {"rows": [{"column": "a", "operator": "=", "value": [1]}]},
        {"rows": [{"column": "a", "operator": "=", "value": {"sql": "1"}}]},
        {"rows": [{"column": "a", "operator": "=", "value": float("nan")}]},
        {"rows": [{"column": "a", "operator": "=", "value": "a\0b"}]},
        {"rows": [{"column": "a", "operator": "in", "value": []}]},
        {"rows": [{"column": "a", "operator": "in", "value": 1}]},
        {"rows": [{"column": "a", "operator": "is_empty", "value": 1}]},
        {"rows": [{"column": "a", "operator": "=", "value": 1, "sql": "x"}]},
        {"masks": {"a": {"kind": "blur"}}},
        {"masks": {"a": {"kind": "partial", "keep_first": -1}}},
        {"masks": {"a": {"kind": "partial", "keep_first": 1.5}}},
        {"masks": {"a": {"kind": "hash", "keep_first": 1}}},
        {"masks": []},
        {"where": "1=1"},
    ],
)
def test_a_malformed_view_is_refused(stored) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MalformedView):
        View.from_json(stored)

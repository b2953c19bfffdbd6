"""Tests of `catalog.masking`: what masks make of generated columns, in the copy that is read."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import unicodedata
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.build_copy import build_serving_copy, masked_rows
from catalog.errors import MalformedView
from catalog.mask import Mask, MaskKind, Period, Suppression
from catalog.masking import key_for
from catalog.view import View
from catalog.warehouse import Warehouse
from tests.catalog.conftest import MASK_KEY, BuildCopy
from tests.counts import examples

TEXTS = st.none() | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40
)


def seen(folder: Path, column: list[object], mask: Mask, key: bytes = MASK_KEY) -> list[object]:
    """A column as the mask shows it, by row."""
    path = folder / "in.parquet"
    table = pyarrow.table({"n": list(range(len(column))), "v": column})
    pyarrow.parquet.write_table(table, path)
    view = View(masks={"v": mask})
    _, rows = masked_rows([path], view, mask_key=key, limit=len(column))
    shown = {row[0]: row[1] for row in rows}
    return [shown[number] for number in range(len(column))]


@given(values=st.lists(TEXTS, min_size=1, max_size=6))
@settings(
    max_examples=examples(25, long=400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_token_keeps_the_shape_and_no_digit_run_that_could_be_real(
    tmp_path: Path, values: list[str | None]
) -> None:
    column = pyarrow.array(values, pyarrow.string()).to_pylist()
    if all(value is None for value in column):
        column = [*column, "a1"]

    shown = seen(tmp_path, column, Mask(MaskKind.TOKEN))
    again = seen(tmp_path, column, Mask(MaskKind.TOKEN))

    assert shown == again
    for value, token in zip(column, shown, strict=True):
        if value is None:
            assert token is None
            continue
        assert isinstance(token, str)
        assert len(token) == len(value)
        digits = [at for at, one in enumerate(value) if one in "0123456789"]
        assert all(token[at] in "0123456789" for at in digits)
        assert not digits or token[digits[0]] == "0"
        for one, other in zip(value, token, strict=True):
            if "A" <= one <= "Z":
                assert "A" <= other <= "Z"
            if not one.isascii() or not one.isalnum():
                assert other == "某" or other == one
            # What Python's own tables call a letter, digit, mark or control is never shown.
            if unicodedata.category(one)[0] in "LMNC" and one not in "\t\n\r":
                assert other == "某" or one.isascii() or unicodedata.category(one) == "Cn"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("１３８", "某某某"), ("٣é字①", "某某某某"), ("-，€ \t", "-，€ \t"), ("e\u0301", "x某")],
)
def test_a_token_hides_what_is_no_punctuation(tmp_path: Path, value: str, shown: str) -> None:
    (token,) = seen(tmp_path, [value], Mask(MaskKind.TOKEN))

    assert isinstance(token, str)
    assert re.sub("[a-z]", "x", token) == shown


@given(
    numbers=st.lists(
        st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 3)),
        min_size=1,
        max_size=8,
    ),
    width=st.sampled_from([0.1, 0.25, 1.0, 5.0, 100.0]),
)
@settings(
    max_examples=examples(25, long=400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_number_lies_in_the_bin_that_is_shown(
    tmp_path: Path, numbers: list[float], width: float
) -> None:
    for number, shown in zip(
        numbers, seen(tmp_path, list(numbers), Mask(MaskKind.BIN, width=width)), strict=True
    ):
        found = re.fullmatch(r"\[(\S+), (\S+)\)", str(shown))
        assert found is not None
        low, high = float(found[1]), float(found[2])
        rounding = 1e-3 * width + abs(number) * 1e-11
        assert low - rounding <= number <= high + rounding
        assert math.isclose(high - low, width, abs_tol=1e-3 * width + abs(number) * 2e-11)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (Period.DAY, "2026-05-17"),
        (Period.MONTH, "2026-05"),
        (Period.QUARTER, "2026-Q2"),
        (Period.YEAR, "2026"),
    ],
)
def test_a_date_is_cut_and_what_is_none_goes_empty(
    tmp_path: Path, period: Period, expected: str
) -> None:
    column: list[object] = ["2026-05-17", "2026-05-17 08:09:10", "yesterday", None]

    shown = seen(tmp_path, column, Mask(MaskKind.PERIOD, period=period))

    assert shown == [expected, expected, None, None]


def test_a_coordinate_is_rounded_and_stays_a_number(tmp_path: Path) -> None:
    shown = seen(tmp_path, [39.908722, 116.397499, None], Mask(MaskKind.GRID, decimals=2))

    assert shown == [39.91, 116.4, None]


def test_noise_is_laplace_of_its_scale_and_the_same_each_time(tmp_path: Path) -> None:
    column: list[object] = [100.0] * 4_000
    mask = Mask(MaskKind.NOISE, width=2.0)

    shown = [float(str(one)) - 100 for one in seen(tmp_path, column, mask)]
    again = [float(str(one)) - 100 for one in seen(tmp_path, column, mask)]
    other = [float(str(one)) - 100 for one in seen(tmp_path, column, mask, b"another key")]

    assert shown == again
    assert shown != other
    # Of Laplace noise the mean of the sizes is its scale; of 4,000 draws it is off by 0.03 or so.
    assert abs(sum(map(abs, shown)) / len(shown) - 2) < 0.2
    assert abs(sum(shown) / len(shown)) < 0.25


def test_noise_leaves_whole_numbers_whole(build_copy: BuildCopy) -> None:
    copy = build_copy(
        "SELECT i AS id, i % 7 AS n FROM range(50) AS t(i)",
        View(masks={"n": Mask(MaskKind.NOISE, width=1.5)}),
        key=("id",),
    )

    assert [(column.name, column.type) for column in copy.columns] == [
        ("id", "BIGINT"),
        ("n", "BIGINT"),
    ]


ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from(["flu", "cold"])),
    min_size=1,
    max_size=30,
)


@given(rows=ROWS, least=st.integers(2, 5))
@settings(
    max_examples=examples(25, long=400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_group_that_is_shown_is_smaller_than_wanted(
    tmp_path: Path, rows: list[tuple[str, int, str]], least: int
) -> None:
    path = tmp_path / "in.parquet"
    names = ("sex", "age", "illness")
    table = pyarrow.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
    pyarrow.parquet.write_table(table, path)
    view = View(
        masks={"age": Mask(MaskKind.BIN, width=2)}, suppression=Suppression(("sex", "age"), least)
    )

    _, seen_rows = masked_rows([path], view, mask_key=None, limit=100)

    shown = Counter((row[0], row[1]) for row in seen_rows if row[:2] != (None, None))
    assert all(count >= least for count in shown.values())
    assert Counter(row[2] for row in seen_rows) == Counter(row[2] for row in rows)
    wanted = Counter((row[0], row[1] // 2) for row in rows)
    assert sum(shown.values()) == sum(count for count in wanted.values() if count >= least)


def test_two_agreements_cannot_be_joined_by_what_they_show(tmp_path: Path) -> None:
    column: list[object] = ["110101199003070011"]

    one = seen(tmp_path, column, Mask(MaskKind.HASH), key_for(MASK_KEY, "one"))
    two = seen(tmp_path, column, Mask(MaskKind.HASH), key_for(MASK_KEY, "two"))

    own = hmac.new(MASK_KEY, b"agreement:one", hashlib.sha256).digest()
    assert one == [hmac.new(own, b"110101199003070011", hashlib.sha256).hexdigest()]
    assert one != two


def test_no_blanked_or_masked_value_is_in_any_file(tmp_path: Path) -> None:
    duckdb.execute(
        "COPY (SELECT 'only-one-' || i AS who, 'secret-' || i AS card FROM range(3) AS t(i))"
        f" TO '{tmp_path}/in.parquet' (FORMAT parquet)"
    )
    view = View(masks={"card": Mask(MaskKind.TOKEN)}, suppression=Suppression(("who",), 2))

    copy = build_serving_copy(
        [tmp_path / "in.parquet"], view, tmp_path / "copy", key=("who",), mask_key=MASK_KEY
    )

    for file in copy.files:
        data = copy.path(file.name).read_bytes()
        assert b"only-one-" not in data
        assert b"secret-" not in data
    reading = Warehouse()
    assert [row[0] for row in reading.page(copy, limit=9).rows] == [None, None, None]
    reading.close()


@pytest.mark.parametrize(
    "stored",
    [
        {"kind": "bin"},
        {"kind": "bin", "width": 0},
        {"kind": "bin", "width": True},
        {"kind": "bin", "width": 10**400},
        {"kind": "noise", "width": float("nan")},
        {"kind": "period"},
        {"kind": "period", "period": "week"},
        {"kind": "grid", "decimals": 9},
        {"kind": "grid", "decimals": 1.5},
        {"kind": "token", "width": 2},
        {"kind": "token", "surprise": 2},
        {"kind": ["bin"]},
    ],
)
def test_a_mask_that_says_nothing_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(MalformedView):
        View.from_json({"masks": {"v": stored}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "view",
    [
        View(suppression=Suppression(("nope",), 2)),
        View(columns=("id",), suppression=Suppression(("n",), 2)),
        View(masks={"n": Mask(MaskKind.DROP)}, suppression=Suppression(("n",), 2)),
    ],
)
def test_groups_are_told_by_what_is_shown(build_copy: BuildCopy, view: View) -> None:
    with pytest.raises(MalformedView):
        build_copy("SELECT 1 AS id, 2 AS n", view)

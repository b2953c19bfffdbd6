"""Detectors: generated columns with a known share of valid values, and real tables without any."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stdnum import luhn
from stdnum.cn import ric, uscc

from quality.detecting import detect
from quality.sensitive import Answer, Finding, SensitiveKind

ROWS = 400


def found(folder: Path, column: str, values: list[object]) -> list[Finding]:
    path = folder / "a.parquet"
    pq.write_table(pa.table({column: values}), path)
    return list(detect([path]))


def resident_id(dice: random.Random, *, is_valid: bool) -> str:
    head = (
        f"{dice.choice(('110105', '310104'))}"
        f"{dice.randint(1930, 2020)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}"
        f"{dice.randint(0, 999):03}"
    )
    return head + _check(ric.calc_check_digit(head + "0"), "0123456789X", dice, is_valid=is_valid)


def credit_code(dice: random.Random, *, is_valid: bool) -> str:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    head = f"91{dice.randint(110000, 659999)}" + "".join(dice.choices(alphabet, k=9))
    return head + _check(uscc.calc_check_digit(head), alphabet, dice, is_valid=is_valid)


def bank_card(dice: random.Random, *, is_valid: bool) -> str:
    head = "62" + "".join(dice.choices("0123456789", k=dice.choice((13, 16))))
    return head + _check(luhn.calc_check_digit(head), "0123456789", dice, is_valid=is_valid)


def _check(right: str, alphabet: str, dice: random.Random, *, is_valid: bool) -> str:
    return right if is_valid else dice.choice([one for one in alphabet if one != right])


MAKERS: dict[SensitiveKind, Callable[..., str]] = {
    SensitiveKind.RESIDENT_ID: resident_id,
    SensitiveKind.CREDIT_CODE: credit_code,
    SensitiveKind.BANK_CARD: bank_card,
}
VALID: dict[SensitiveKind, Callable[[str], bool]] = {
    SensitiveKind.RESIDENT_ID: lambda text: bool(ric.is_valid(text)),
    SensitiveKind.CREDIT_CODE: lambda text: bool(uscc.is_valid(text)),
    SensitiveKind.BANK_CARD: lambda text: bool(luhn.is_valid(text)),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("percent", [0, 9, 50, 95])
def test_a_column_is_found_where_more_values_pass_than_chance_would_let_pass(
    tmp_path: Path, kind: SensitiveKind, percent: int
) -> None:
    dice = random.Random(percent)
    values = [MAKERS[kind](dice, is_valid=100 * row < percent * ROWS) for row in range(ROWS)]

    findings = found(tmp_path, "no", list(values))

    assert [one.kind for one in findings] == ([kind] if percent >= 50 else [])
    for one in findings:
        assert one.valid_count == sum(VALID[kind](value) for value in values)
        assert one.value_count == ROWS


@pytest.mark.parametrize("kind", MAKERS)
def test_a_few_real_numbers_among_other_texts_are_found(
    tmp_path: Path, kind: SensitiveKind
) -> None:
    dice = random.Random(7)
    values = [
        MAKERS[kind](dice, is_valid=True) if row % 11 == 0 else f"order {row}"
        for row in range(ROWS)
    ]

    assert [one.kind for one in found(tmp_path, "no", list(values))] == [kind]


def test_numbers_held_as_numbers_are_found_too(tmp_path: Path) -> None:
    dice = random.Random(3)
    ids = [resident_id(dice, is_valid=True) for _ in range(ROWS)]

    findings = found(tmp_path, "n", [int(one) for one in ids if not one.endswith("X")])

    assert [one.kind for one in findings] == [SensitiveKind.RESIDENT_ID]


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("a", ["京A12345", "沪AD12345", "粤B·1234学"], SensitiveKind.PLATE),
        ("a", ["13800138000", "+86 139 0013 9000", "15912345678"], SensitiveKind.MOBILE),
        ("a", ["a.b@c.test", "联系 office@city.test 。", "-"], SensitiveKind.EMAIL),
        ("护照号", ["E12345678", "EA1234567"], SensitiveKind.PASSPORT),
        ("a", ["中山路12号3单元402室", "幸福小区5栋", "人民大道100号"], SensitiveKind.ADDRESS),
        ("联系人姓名", ["王小明", "欧阳娜娜", "李雷"], SensitiveKind.PERSON_NAME),
    ],
)
def test_kinds_without_a_check_character_are_told_by_form_and_name(
    tmp_path: Path, column: str, values: list[object], kind: SensitiveKind
) -> None:
    assert [one.kind for one in found(tmp_path, column, values)] == [kind]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("code", ["E12345678", "EA1234567"]),
        ("district", ["黄山区", "江阴", "金华"]),
        ("station", ["王府井", "高碑店", "马家堡"]),
        ("n", [13800138000 + row for row in range(3)] + [90000000000 + row for row in range(9)]),
        ("seen", ["20260101120000001", "20260101120000002"]),
        ("e", [None, None]),
    ],
)
def test_look_alikes_are_left_alone(tmp_path: Path, column: str, values: list[object]) -> None:
    assert found(tmp_path, column, values) == []


def test_an_empty_table_and_odd_column_names_are_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({'a "b" \'c': pa.array([], pa.string())}), path)

    assert detect([path]) == ()


@pytest.mark.parametrize(
    "name",
    [
        "cn_provinces", "cn_cities", "cn_areas", "cn_streets", "beijing_air_wanshouxigong",
        "beijing_air_aotizhongxin", "beijing_pm25_2010_2014", "chicago_beach_days",
        "chicago_beach_water_levels", "dresden_parking_altmarkt", "nyc_heat_index_neighbourhoods",
    ],
)  # fmt: skip
def test_no_real_table_without_personal_data_gives_a_finding(
    tmp_path: Path, shared_data: Path, name: str
) -> None:
    path = tmp_path / "a.parquet"
    file = shared_data / "tables" / f"{name}.csv"
    duckdb.connect().sql(f"SELECT * FROM read_csv('{file}', nullstr='NA')").write_parquet(str(path))

    assert detect([path]) == ()


def test_the_contacts_in_a_real_catalogue_are_found_and_nothing_else(
    tmp_path: Path, shared_data: Path
) -> None:
    text = (shared_data / "catalogues" / "taipei_catalogue_big5.csv").read_bytes().decode("cp950")
    (tmp_path / "a.csv").write_text(text, "utf-8")
    path = tmp_path / "a.parquet"
    duckdb.connect().sql(
        f"SELECT * FROM read_csv('{tmp_path}/a.csv', all_varchar=true)"
    ).write_parquet(str(path))

    kinds = {one.kind for one in detect([path])}

    assert SensitiveKind.EMAIL in kinds
    assert kinds <= {SensitiveKind.EMAIL, SensitiveKind.PERSON_NAME, SensitiveKind.MOBILE}


def test_every_kind_and_answer_has_its_words() -> None:
    assert all(kind.label.zh and kind.label.en for kind in SensitiveKind)
    assert {answer.value for answer in Answer} == {"kept", "masked", "dropped"}

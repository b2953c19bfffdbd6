from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from policies.canonical import Plain, canonical_text, fingerprint_of, from_plain, to_plain
from policies.terms import Grade, Regime


@dataclass(frozen=True)
class _Record:
    grade: Grade
    regimes: frozenset[Regime]
    made_at: datetime
    made_on: date | None
    limits: tuple[int, ...]
    owner: UUID | None


RECORD = _Record(
    grade=Grade.IMPORTANT,
    regimes=frozenset((Regime.TRADE, Regime.OPEN)),
    made_at=datetime(2026, 8, 3, 4, tzinfo=UTC),
    made_on=date(2026, 8, 3),
    limits=(3, 1),
    owner=UUID(int=7),
)


def test_a_record_is_read_back_as_it_was() -> None:
    assert from_plain(_Record, to_plain(RECORD)) == RECORD


def test_sets_and_times_have_one_form() -> None:
    elsewhere = _Record(
        grade=Grade.IMPORTANT,
        regimes=frozenset((Regime.OPEN, Regime.TRADE)),
        made_at=RECORD.made_at.astimezone(timezone(timedelta(hours=8))),
        made_on=date(2026, 8, 3),
        limits=(3, 1),
        owner=UUID(int=7),
    )

    assert fingerprint_of(to_plain(elsewhere)) == fingerprint_of(to_plain(RECORD))


def test_the_canonical_text_sorts_keys_and_keeps_characters() -> None:
    assert canonical_text({"共享": 1, "b": [True, None], "a": "é"}) == (
        '{"a":"é","b":[true,null],"共享":1}'
    )


def test_floats_have_no_plain_form() -> None:
    with pytest.raises(TypeError):
        to_plain(0.1)


@pytest.mark.parametrize(
    "change", [{"grade": 9}, {"limits": ["x"]}, {"limits": [True]}, {"extra": 1}, {"made_on": 5}]
)
def test_what_is_no_such_record_is_refused(change: dict[str, object]) -> None:
    plain = to_plain(RECORD)
    assert isinstance(plain, dict)

    with pytest.raises((TypeError, ValueError, KeyError)):
        from_plain(_Record, {**plain, **change})  # type: ignore[dict-item]


_TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\ue000", "\U0001f600", "\uffff", "\x7f", "\u2028", "\x1b", '"\\/', "\b\f\n\r\t"]
)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner),
    max_leaves=20,
)


@given(_PLAIN)
def test_whatever_writes_it_the_text_is_that_of_rfc_8785(plain: Plain) -> None:
    assert canonical_text(plain) == rfc8785.dumps(plain).decode()


def test_keys_are_in_the_order_of_utf_16() -> None:
    # A pair of surrogates comes before U+E000 there, and after it in UTF-8.
    assert canonical_text({"\ue000": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ue000":1}'


def test_a_whole_number_beyond_53_bits_is_refused() -> None:
    for number in (2**53 + 1, -(2**53) - 1, 2**70):
        with pytest.raises(rfc8785.IntegerDomainError):
            canonical_text({"n": number})

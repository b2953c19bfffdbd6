from __future__ import annotations

import argon2
import pytest

from policies.errors import PasswordTooLong, PasswordTooPlain, PasswordTooShort
from policies.identity.passwords import (
    PASSWORD_LEAST_CHARACTERS,
    PASSWORD_MOST_CHARACTERS,
    check_password,
    generate_password,
    hash_password,
    is_right,
    needs_rehash,
)


def test_the_right_password_is_right_and_another_is_not() -> None:
    kept = hash_password("water over the weir")

    assert is_right(kept, "water over the weir")
    assert not is_right(kept, "water under the weir")


def test_a_hash_is_argon2id_and_never_the_same_twice() -> None:
    first, second = hash_password("water over the weir"), hash_password("water over the weir")

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_nobodys_password_is_never_right() -> None:
    assert not is_right(None, "water over the weir")
    assert not is_right(None, "")


def test_a_hash_that_is_none_lets_nobody_in() -> None:
    assert not is_right("not a hash", "water over the weir")


def test_the_same_characters_typed_on_another_system_are_right() -> None:
    kept = hash_password("caf\u00e9 over the weir")

    assert is_right(kept, "cafe\u0301 over the weir")


def test_old_parameters_ask_for_a_new_hash() -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("abc")

    assert needs_rehash(old)
    assert not needs_rehash(hash_password("abc"))


@pytest.mark.parametrize("password", ["", "short", "x" * (PASSWORD_LEAST_CHARACTERS - 1)])
def test_a_short_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooShort):
        check_password(password, "li.wei")


def test_a_password_of_unbounded_length_is_refused() -> None:
    with pytest.raises(PasswordTooLong):
        check_password("ab cd" * PASSWORD_MOST_CHARACTERS, "li.wei")

    assert not is_right(hash_password("abc"), "x" * 10_000_000)


@pytest.mark.parametrize("password", ["a" * 20, "abababababab", "Director.Li", "director.li" * 2])
def test_ones_own_name_and_a_key_held_down_are_refused(password: str) -> None:
    with pytest.raises(PasswordTooPlain):
        check_password(password, "director.li")


@pytest.mark.parametrize("password", ["correct horse", "都江堰的水流过三道闸门", "1234567890"])
def test_any_characters_make_a_good_password(password: str) -> None:
    assert check_password(password, "li.wei") == password


def test_a_generated_password_is_good_and_new_each_time() -> None:
    first, second = generate_password(), generate_password()

    assert check_password(first, "admin") == first
    assert first != second

"""Passwords: what is accepted, and how they are kept.

Source: NIST SP 800-63B-4 s. 3.1.1 (length, no composition rules, any character, bounded length);
RFC 9106 (Argon2id); OWASP Password Storage Cheat Sheet (19 MiB, two passes, one lane).
"""

from __future__ import annotations

import secrets
import unicodedata
from threading import BoundedSemaphore
from typing import Final

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from policies.errors import PasswordTooLong, PasswordTooPlain, PasswordTooShort, SignInTooOften

PASSWORD_LEAST_CHARACTERS: Final = 10
PASSWORD_MOST_CHARACTERS: Final = 200
PASSWORD_LEAST_DIFFERENT: Final = 3
"""Different characters in a password; fewer is one key held down."""

HASH_MEMORY_KIB: Final = 19 * 1024
HASH_PASSES: Final = 2
HASHES_AT_ONCE: Final = 2
"""Hashes worked on at one time: each takes 19 MiB and a core for about 30 ms."""
HASH_WAIT_S: Final = 5
"""Longest wait for a turn; after it the caller is asked to come back."""

_GENERATED_BYTES: Final = 15
_hasher: Final = argon2.PasswordHasher(
    time_cost=HASH_PASSES, memory_cost=HASH_MEMORY_KIB, parallelism=1
)
_turns: Final = BoundedSemaphore(HASHES_AT_ONCE)
_NOBODYS_HASH: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$ajmYvmq+u+5UmnHcTwlyjw$"
    "RhkAZb5MFbI2ZBh+u79MkXB/KXg/PpjUIjcQ02HromQ"
)
"""A hash that no password is known for, worked on where a name is unknown."""


def check_password(password: str, name: str) -> str:
    """Return the password in the form that is hashed, if it is good enough for user `name`.

    Raises: PasswordTooShort, PasswordTooLong, PasswordTooPlain.
    """
    password = _normal(password)
    if len(password) < PASSWORD_LEAST_CHARACTERS:
        raise PasswordTooShort(PASSWORD_LEAST_CHARACTERS)
    if len(password) > PASSWORD_MOST_CHARACTERS:
        raise PasswordTooLong(PASSWORD_MOST_CHARACTERS)
    folded, own = password.casefold(), name.casefold()
    is_own_name = not folded.replace(own, "") if own else False
    if is_own_name or len(set(folded)) < PASSWORD_LEAST_DIFFERENT:
        raise PasswordTooPlain
    return password


def hash_password(password: str) -> str:
    """The Argon2id hash to keep, with its parameters and salt.

    Raises: SignInTooOften where no turn came in time.
    """
    with _Turn():
        return _hasher.hash(_normal(password))


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed; None never is, and takes as long to say.

    Raises: SignInTooOften where no turn came in time.
    """
    if len(password) > PASSWORD_MOST_CHARACTERS:
        return False
    with _Turn():
        try:
            _hasher.verify(password_hash or _NOBODYS_HASH, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def generate_password() -> str:
    """A password for a first sign-in, of 120 random bits."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def _normal(password: str) -> str:
    # The same keys give different code points on different systems.
    return unicodedata.normalize("NFKC", password)


class _Turn:
    """One of the few places at the hasher."""

    def __enter__(self) -> None:
        if not _turns.acquire(timeout=HASH_WAIT_S):
            raise SignInTooOften(HASH_WAIT_S)

    def __exit__(self, *_: object) -> None:
        _turns.release()

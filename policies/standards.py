"""Keep the law of each day, and give it back: profiles and rules by their fingerprints.

Source: docs/decisions/0003-standards-as-dated-profiles.md, 0023-standards-in-versions.md.
"""

from __future__ import annotations

from functools import lru_cache

from policies.database import Tx
from policies.decision.cedar import Rules, read_rules, shipped_rules
from policies.decision.clause import Profile
from policies.decision.profile import profile_from_text, profile_to_text, profiles
from policies.errors import LawOfTheDayMissing
from policies.store import standards as store

READ_MAX = 16
"""Profiles and rule sets that a process keeps read."""


def keep_standards(tx: Tx) -> None:
    """Keep what this release judges by; called with the schema, before anything is decided."""
    for profile in profiles():
        store.keep_profile(
            tx,
            profile.fingerprint,
            profile_id=profile.id,
            version=profile.version,
            body=profile_to_text(profile),
        )
    rules = shipped_rules()
    store.keep_rules(tx, rules.fingerprint, rules=rules.policies, schema=rules.schema)


def kept_profile(tx: Tx, fingerprint: str) -> Profile:
    """The profile of that fingerprint, of this release or an earlier one.

    Raises: LawOfTheDayMissing.
    """
    body = store.profile_body(tx, fingerprint)
    if body is None:
        raise LawOfTheDayMissing(fingerprint)
    return _profile(body)


def kept_rules(tx: Tx, fingerprint: str) -> Rules:
    """The rules of that fingerprint, of this release or an earlier one.

    Raises: LawOfTheDayMissing.
    """
    body = store.rules_body(tx, fingerprint)
    if body is None:
        raise LawOfTheDayMissing(fingerprint)
    return _rules(*body)


@lru_cache(maxsize=READ_MAX)
def _profile(body: str) -> Profile:
    return profile_from_text(body)


@lru_cache(maxsize=READ_MAX)
def _rules(rules: str, schema: str) -> Rules:
    return read_rules(rules, schema)

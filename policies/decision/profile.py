"""The standards of `profiles/*.yaml`, read, checked and found by day or by name.

`sources.yaml`, `legal_basis.yaml`, `licences.yaml` and `words.yaml` are shared by all profiles and
become part of each, so that a profile's fingerprint covers everything that a judgement depends on.

Source: docs/decisions/0003-standards-as-dated-profiles.md.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from policies.calendar import china_day
from policies.canonical import Plain, canonical_text, from_plain, to_plain
from policies.decision.checks.run import checks_of
from policies.decision.clause import Clause, Profile
from policies.errors import MalformedProfile, NoProfileInForce, ProfileNotFound

PROFILES = Path(__file__).parent.parent / "profiles"

_SHARED = ("sources", "legal_basis", "licences", "words")


@cache
def profiles() -> tuple[Profile, ...]:
    """Every profile of this release, oldest first.

    Raises: MalformedProfile.
    """
    shared = {name: _yaml(PROFILES / f"{name}.yaml") for name in _SHARED}
    read = [
        read_profile(_yaml(path), shared)
        for path in sorted(PROFILES.glob("*.yaml"))
        if path.stem not in _SHARED
    ]
    return tuple(sorted(read, key=lambda profile: (profile.valid_from, profile.id)))


def profile_named(profile_id: str) -> Profile:
    """The profile of that id, in force or not.

    Raises: ProfileNotFound.
    """
    for profile in profiles():
        if profile.id == profile_id:
            return profile
    raise ProfileNotFound(profile_id)


def profile_in_force(at: datetime, jurisdiction: str = "cn") -> Profile:
    """The profile of a jurisdiction that holds at that moment; the youngest where two do.

    Raises: NoProfileInForce.
    """
    day = china_day(at)
    for profile in reversed(profiles()):
        if profile.jurisdiction == jurisdiction and profile.is_in_force(day):
            return profile
    raise NoProfileInForce(jurisdiction, day)


def profile_to_text(profile: Profile) -> str:
    """The canonical text of a profile; store it once per fingerprint, beside its decisions."""
    return canonical_text(to_plain(profile))


def profile_from_text(text: str) -> Profile:
    """Read back a stored profile, so that an old decision can be replayed under it.

    Raises: MalformedProfile.
    """
    try:
        profile = from_plain(Profile, json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise MalformedProfile("", str(fault)) from fault
    _check(profile)
    return profile


def read_profile(plain: dict[str, Any], shared: dict[str, Any]) -> Profile:
    """Make a profile of what its file and the shared files say.

    Raises: MalformedProfile.
    """
    sources = {source["id"]: source for source in shared["sources"]}
    profile_id = str(plain.get("id", ""))
    try:
        profile = from_plain(
            Profile,
            {
                **plain,
                "clauses": [_clause(clause, plain, sources) for clause in plain["clauses"]],
                "clocks": [
                    {**clock, "source": sources[clock["source"]]} for clock in plain["clocks"]
                ],
                "legal_bases": shared["legal_basis"],
                "licences": shared["licences"],
                "words": shared["words"],
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise MalformedProfile(profile_id, str(fault)) from fault
    _check(profile)
    return profile


def _clause(clause: dict[str, Any], profile: dict[str, Any], sources: dict[str, Any]) -> Plain:
    """A clause with its source in full, from the day on which that came into force."""
    source = sources[clause["source"]]
    return {
        "valid_from": source["in_force"] or profile["valid_from"],
        "valid_to": None,
        "parameters": {},
        **clause,
        "source": source,
    }


def _check(profile: Profile) -> None:
    """Refuse what types do not: an id twice, unknown tests, missing parameters or texts."""
    ids = [clause.id for clause in profile.clauses]
    if len(set(ids)) < len(ids):
        raise MalformedProfile(profile.id, "a clause id stands there twice")
    for clause in profile.clauses:
        fault = _fault_of(clause)
        if fault:
            raise MalformedProfile(profile.id, f"{clause.id} {fault}")


def _fault_of(clause: Clause) -> str:
    needed = checks_of(clause.stage).get(clause.test)
    if needed is None:
        return f"names the unknown test {clause.test} of {clause.stage}"
    numbers, words = needed
    if set(clause.parameters) != {*numbers, *words}:
        return f"must set {', '.join((*numbers, *words)) or 'no parameter'}"
    if not all(isinstance(clause.parameters[name], int) for name in numbers):
        return f"must set numbers for {', '.join(numbers)}"
    if not all(isinstance(clause.parameters[name], tuple) for name in words):
        return f"must set lists for {', '.join(words)}"
    if not (clause.message.zh and clause.message.en and clause.article.zh and clause.article.en):
        return "lacks a message or an article in one of the languages"
    if not clause.regimes:
        return "applies to no regime"
    return ""


def _yaml(path: Path) -> Any:
    """The plain content of a YAML file, dates as text.

    Raises: MalformedProfile.
    """
    try:
        return to_plain(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as fault:
        raise MalformedProfile(path.stem, str(fault)) from fault

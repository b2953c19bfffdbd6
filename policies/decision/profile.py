"""The standards of `profiles/*.yaml`, read, checked and found by day or by name.

`sources.yaml`, `legal_basis.yaml`, `licences.yaml` and `words.yaml` are shared by all profiles and
become part of each, so that a profile's fingerprint covers everything that a judgement depends on.
A released version is never edited, nor are the lists of those files: what a new version needs
stands in its own file. `extends` names the version that a file builds on: its clauses, clocks and
words come first, those of the same id or name take their place, `without` leaves clauses out and
`only` takes no others.

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

DRAFT_BYTES_MAX = 1 << 20
DEPTH_MAX = 8
"""So many profiles may extend one another in a row."""


@cache
def profiles() -> tuple[Profile, ...]:
    """Every profile of this release, all versions, oldest first.

    Raises: MalformedProfile.
    """
    shared = _shared_lists()
    files = [_yaml(path) for path in sorted(PROFILES.glob("*.yaml")) if path.stem not in _SHARED]
    held = {(plain["id"], plain.get("version", 1)): plain for plain in files}
    read = [read_profile(_composed(plain, held), shared) for plain in files]
    return tuple(
        sorted(read, key=lambda profile: (profile.valid_from, profile.id, profile.version))
    )


def profile_named(profile_id: str, version: int | None = None) -> Profile:
    """The profile of that id, in force or not; `version` None is the newest.

    Raises: ProfileNotFound.
    """
    for profile in reversed(profiles()):
        if profile.id == profile_id and version in (None, profile.version):
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


def read_draft(text: str) -> Profile:
    """A draft that somebody wrote as YAML; it builds on a profile of this release.

    Raises: MalformedProfile.
    """
    if len(text.encode()) > DRAFT_BYTES_MAX:
        raise MalformedProfile("", f"a draft has at most {DRAFT_BYTES_MAX} bytes")
    try:
        plain = to_plain(_without_anchors(text))
    except (yaml.YAMLError, TypeError, RecursionError) as fault:
        raise MalformedProfile("", str(fault)) from fault
    if not isinstance(plain, dict) or not isinstance(plain.get("extends"), dict):
        raise MalformedProfile("", "a draft is a map that names the profile it extends")
    files = [_yaml(path) for path in PROFILES.glob("*.yaml") if path.stem not in _SHARED]
    held = {(held["id"], held.get("version", 1)): held for held in files}
    draft: dict[str, Any] = {"clauses": [], "clocks": [], **plain}
    try:
        return read_profile(_composed(draft, held), _shared_lists())
    except (KeyError, TypeError, AttributeError) as fault:
        raise MalformedProfile(str(draft.get("id", "")), repr(fault)) from fault


def profile_to_text(profile: Profile) -> str:
    """The canonical text of a profile; store it once per fingerprint, beside its decisions."""
    return canonical_text(profile.as_plain())


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
                "words": {**shared["words"], **plain.get("words", {})},
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise MalformedProfile(profile_id, str(fault)) from fault
    _check(profile)
    return profile


@cache
def _shared_lists() -> dict[str, Any]:
    return {name: _yaml(PROFILES / f"{name}.yaml") for name in _SHARED}


def _composed(
    plain: dict[str, Any], held: dict[tuple[Any, Any], dict[str, Any]], depth: int = 0
) -> dict[str, Any]:
    """The content of a file with what it extends worked in.

    Raises: MalformedProfile.
    """
    plain = dict(plain)
    extends = plain.pop("extends", None)
    without, only = set(plain.pop("without", ())), plain.pop("only", None)
    if extends is None:
        return plain
    base = held.get((extends.get("id"), extends.get("version", 1)))
    if base is None or depth > DEPTH_MAX:
        raise MalformedProfile(str(plain.get("id", "")), f"extends the unknown profile {extends}")
    base = _composed(base, held, depth + 1)
    kept = {
        clause["id"]: {"valid_from": clause.get("valid_from", _begins(base, clause)), **clause}
        for clause in base["clauses"]
        if clause["id"] not in without and (only is None or clause["id"] in only)
    }
    unknown = (without | set(only or ())) - {clause["id"] for clause in base["clauses"]}
    if unknown:
        raise MalformedProfile(str(plain.get("id", "")), f"names unknown clauses {unknown}")
    clocks = {clock["name"]: clock for clock in base["clocks"]} if "clocks" in plain else {}
    return {
        **base,
        "version": 1,
        **plain,
        "clauses": list(
            ({**kept, **{clause["id"]: clause for clause in plain.get("clauses", [])}}).values()
        ),
        "clocks": list(
            ({**clocks, **{clock["name"]: clock for clock in plain.get("clocks", [])}}).values()
        ),
        "words": {**base.get("words", {}), **plain.get("words", {})},
    }


def _begins(base: dict[str, Any], clause: dict[str, Any]) -> Any:
    """From when a clause of a base holds where it does not say so itself."""
    source = next(one for one in _shared_lists()["sources"] if one["id"] == clause["source"])
    return source["in_force"] or base["valid_from"]


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


def _without_anchors(text: str) -> Any:
    """The YAML of somebody else; anchors are refused, since a few of them can say a billion things.

    Raises: yaml.YAMLError.
    """
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
            raise yaml.YAMLError("anchors and aliases are not read")
    return yaml.safe_load(text)


def _yaml(path: Path) -> Any:
    """The plain content of a YAML file, dates as text.

    Raises: MalformedProfile.
    """
    try:
        return to_plain(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as fault:
        raise MalformedProfile(path.stem, str(fault)) from fault

"""Addressing parts of a nested package: `resources__1fa3c__name` names a field of a resource.

A place in a list is a number, or the beginning (five characters or more) of an id. What is compared
lists what differs; what is merged changes a copy that the caller made.

Source: CKAN 2.12 API guide, `package_revise`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from catalog.view import Json

ID_LEAST_CHARACTERS: Final = 5
SEPARATOR: Final = "__"

Place = tuple[str, ...]
Tree = dict[str, "Tree | list[Tree] | Json"]


class PlaceMissing(Exception):
    """There is no such place, or a part of another kind is there."""


def found_at(data: object, key: str) -> tuple[object, Place]:
    """What lies at a key, and the way there.

    Raises: PlaceMissing.
    """
    current: object = data
    way: list[str] = []
    for part in key.split(SEPARATOR):
        if isinstance(current, dict) and part in current:
            way.append(part)
            current = current[part]
        elif isinstance(current, list):
            index = _index(current, part)
            if index is None:
                raise PlaceMissing(f"Unmatched key {SEPARATOR.join([*way, part])}")
            way.append(str(index))
            current = current[index]
        else:
            raise PlaceMissing(f"Unmatched key {SEPARATOR.join([*way, part])}")
    return current, tuple(way)


def differences(data: object, wanted: object, way: Place = ()) -> list[Place]:
    """Where `data` is not as `wanted` says; what is not said may be anything."""
    if isinstance(wanted, Mapping):
        if not isinstance(data, dict):
            return [way]
        found: list[Place] = []
        for name in sorted(wanted):
            if name not in data:
                found.append((*way, name))
            else:
                found += differences(data[name], wanted[name], (*way, name))
        return found
    if isinstance(wanted, list):
        if not isinstance(data, list):
            return [way]
        found = []
        for index, item in enumerate(wanted):
            if index >= len(data):
                found.append((*way, str(index)))
            else:
                found += differences(data[index], item, (*way, str(index)))
        return found
    return [] if data == wanted else [way]


def merge(data: object, update: object, way: Place = ()) -> None:
    """Put an update into nested objects and lists, in place; lists are merged item by item.

    Raises: PlaceMissing where an object meets a list.
    """
    if isinstance(data, dict):
        if not isinstance(update, Mapping):
            raise PlaceMissing(f"Expected dict for {SEPARATOR.join(way)}")
        for name, value in update.items():
            if isinstance(data.get(name), dict | list):
                merge(data[name], value, (*way, name))
            else:
                data[name] = value
        return
    assert isinstance(data, list)
    if not isinstance(update, list):
        raise PlaceMissing(f"Expected list for {SEPARATOR.join(way)}")
    for index, value in enumerate(update):
        if index >= len(data):
            data.append(value)
        elif isinstance(data[index], dict | list):
            merge(data[index], value, (*way, str(index)))
        else:
            data[index] = value


def merge_at(data: object, key: str, value: object) -> None:
    """Put a value at a key, in place; a key that ends in `extend` makes a list longer.

    Raises: PlaceMissing.
    """
    way, _, last = key.rpartition(SEPARATOR)
    current = found_at(data, way)[0] if way else data
    if isinstance(current, dict):
        merge(current, {last: value}, tuple(way.split(SEPARATOR)) if way else ())
        return
    if not isinstance(current, list):
        raise PlaceMissing(f"Expected list or dict for {way}")
    if last == "extend":
        if not isinstance(value, list):
            raise PlaceMissing(f"Expected list for {way}")
        current.extend(value)
        return
    index = _index(current, last)
    if index is None:
        raise PlaceMissing(f"Unmatched key {key}")
    if isinstance(current[index], dict | list):
        merge(current[index], value, (*way.split(SEPARATOR), str(index)))
    else:
        current[index] = value


def keep_and_drop(data: object, patterns: Sequence[str]) -> None:
    """Drop what patterns name, in place; one that begins with `+` keeps it. The first that names a
    part decides about it, and `*` stands for every part of its level.
    """
    parsed = [
        (pattern.startswith("+"), tuple(pattern.lstrip("-+").split(SEPARATOR)))
        for pattern in patterns
    ]
    _decide(data, parsed)


def _decide(data: object, patterns: Sequence[tuple[bool, Place]]) -> None:
    if isinstance(data, dict):
        places: dict[str, object] = {name: name for name in data}
    elif isinstance(data, list):
        places = {str(index): index for index in range(len(data))}
    else:
        return
    decided: dict[object, bool] = {}
    deeper: dict[object, list[tuple[bool, Place]]] = {}
    for is_kept, (head, *rest) in patterns:
        for place in _named(data, head, places):
            if rest:
                deeper.setdefault(place, []).append((is_kept, tuple(rest)))
            else:
                decided.setdefault(place, is_kept)
    for place, inner in deeper.items():
        # What a deeper pattern keeps stays, though its level is dropped.
        if any(is_kept for is_kept, _ in inner) and decided.get(place) is False:
            decided[place] = True
            inner.append((False, ("*",)))
        if decided.get(place, True):
            _decide(_part(data, place), inner)
    gone = [place for place, is_kept in decided.items() if not is_kept]
    if isinstance(data, dict):
        for place in gone:
            del data[place]
    else:
        data[:] = [one for index, one in enumerate(data) if index not in gone]


def _named(
    data: dict[str, object] | list[object], head: str, places: Mapping[str, object]
) -> list[object]:
    if head == "*":
        return list(places.values())
    if isinstance(data, list):
        index = _index(data, head)
        return [] if index is None else [index]
    return [head] if head in data else []


def _part(data: object, place: object) -> object:
    if isinstance(data, dict):
        return data[place]
    assert isinstance(data, list)
    assert isinstance(place, int)
    return data[place]


def _index(items: Sequence[object], part: str) -> int | None:
    if len(part) >= ID_LEAST_CHARACTERS:
        for index, item in enumerate(items):
            if isinstance(item, dict) and str(item.get("id", "")).startswith(part):
                return index
        return None
    try:
        index = int(part)
    except ValueError:
        return None
    if not -len(items) <= index < len(items):
        return None
    return index % len(items)

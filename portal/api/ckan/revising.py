"""Change parts of a package that was read before, only if it is still as it was then.

Source: CKAN 2.12 API guide, `package_revise`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Final
from uuid import uuid4

from catalog.dataset import DistributionId
from catalog.view import Json
from portal.api.ckan.action import Result, Table, writes
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.errors import ValidationFailed, missing, wrong
from portal.api.ckan.merging import (
    SEPARATOR,
    PlaceMissing,
    differences,
    found_at,
    keep_and_drop,
    merge,
    merge_at,
)
from portal.api.ckan.package_access import check_may_edit, dataset_of
from portal.api.ckan.packages import shown, update_package
from portal.incoming_file import IncomingFile

_MATCH: Final = "match__"
_UPDATE: Final = "update__"
_FILE: Final = f"{SEPARATOR}upload"


def package_revise(call: Call) -> Result:
    """Change the dataset that `match` names by id or name, if all of `match` still holds.

    `filter` drops parts by patterns, `update` merges an object in, `update__PLACE` changes one
    place (`update__resources__extend` adds to a list), and `include` chooses what is answered.
    """
    match = _object(call, "match")
    matched = _prefixed(call.parameters, _MATCH)
    wanted = matched.get("id") or match.get("id") or matched.get("name") or match.get("name")
    if not isinstance(wanted, str) or not wanted:
        raise missing("match__id")
    dataset = dataset_of(call, wanted)
    package = _plain_copy(shown(call, dataset))
    _check_match(package, match, matched)
    revised = deepcopy(package)
    if call.has("filter"):
        keep_and_drop(revised, _patterns(call, "filter"))
        revised["id"] = package["id"]
    _merge_all(call, revised)
    files = _files(call, revised)
    check_may_edit(call, dataset)
    answer: dict[str, object] = {
        "package": _plain_copy(update_package(call, dataset, revised, files))
    }
    if call.has("include"):
        keep_and_drop(answer, _patterns(call, "include"))
    return answer  # type: ignore[return-value]


def _check_match(
    package: Mapping[str, Json], match: Mapping[str, Json], matched: Mapping[str, Json]
) -> None:
    unmatched = differences(package, match)
    for key, value in sorted(matched.items()):
        try:
            held, way = found_at(package, key)
        except PlaceMissing as absent:
            raise wrong("match", str(absent)) from absent
        unmatched += differences(held, value, way)
    if unmatched:
        raise ValidationFailed({"match": [SEPARATOR.join(way) for way in unmatched]})


def _merge_all(call: Call, revised: dict[str, Json]) -> None:
    try:
        if call.has("update"):
            merge(revised, _object(call, "update"))
    except PlaceMissing as refusal:
        raise wrong("update", str(refusal)) from refusal
    updates = _prefixed(call.parameters, _UPDATE)
    # What makes lists longer goes first, so that files can go to new resources in the same call.
    for key in sorted(updates, key=lambda name: (not name.endswith("extend"), name)):
        try:
            merge_at(revised, key, _decoded(updates[key]))
        except PlaceMissing as refusal:
            raise wrong(f"{_UPDATE}{key}", str(refusal)) from refusal


def _files(call: Call, revised: dict[str, Json]) -> dict[DistributionId, IncomingFile]:
    files: dict[DistributionId, IncomingFile] = {}
    for name, file in call.files.items():
        if not (name.startswith(_UPDATE) and name.endswith(_FILE)):
            continue
        place = name[len(_UPDATE) : -len(_FILE)]
        try:
            resource, _ = found_at(revised, place)
        except PlaceMissing as refusal:
            raise wrong(name, str(refusal)) from refusal
        if not isinstance(resource, dict):
            raise wrong(name, "Expected a resource")
        found = uuid_of(str(resource.get("id") or ""))
        if found is None:
            found = uuid4()
            resource["id"] = str(found)
        for old in ("size", "hash", "mimetype", "last_modified"):
            resource.pop(old, None)
        files[DistributionId(found)] = file
    return files


def _prefixed(parameters: Mapping[str, Json], prefix: str) -> dict[str, Json]:
    return {
        name[len(prefix) :]: value for name, value in parameters.items() if name.startswith(prefix)
    }


def _object(call: Call, name: str) -> dict[str, Json]:
    value = _decoded(call.value(name))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong(name, "Must be a dict")
    return value


def _decoded(value: Json) -> Json:
    """Programs that send a form put JSON into its fields."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            found: Json = json.loads(value)
        except ValueError:
            return value
        return found
    return value


def _patterns(call: Call, name: str) -> list[str]:
    value = _decoded(call.value(name))
    if isinstance(value, str):
        return [one.strip() for one in value.split(",") if one.strip()]
    if not isinstance(value, Sequence) or any(not isinstance(one, str) for one in value):
        raise wrong(name, "Not a list of strings")
    return [str(one) for one in value]


def _plain_copy(package: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(json.dumps(package))
    return found


ACTIONS: Final[Table] = writes(package_revise=package_revise)

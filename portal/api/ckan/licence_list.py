"""The licences that datasets may have, as CKAN lists them.

Those of the standards come first in `known_licences`; `further_licences.json` beside this file adds
what publishers in China and elsewhere use besides, by the ids of SPDX where it has one.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from catalog.view import Json
from policies.clause import Licence
from policies.terms import Text
from portal.api.ckan.action import Result, Table, reads
from portal.api.ckan.call import Call
from portal.api.ckan.licences import known_licences
from portal.api.ckan.plain import plain

_FILE: Final = Path(__file__).with_name("further_licences.json")
_SOFTWARE: Final = frozenset({"MulanPSL-2.0", "MulanPubL-2.0", "MIT", "Apache-2.0"})
_GENERIC: Final = frozenset(
    {"notspecified", "other-open", "other-pd", "other-at", "other-nc", "other-closed"}
)


def license_list(call: Call) -> Result:
    """List the licences that a dataset may have."""
    known = {licence.id: licence for licence in further_licences()} | dict(known_licences(call.at))
    return [_shape(licence) for licence in known.values()]


@cache
def further_licences() -> tuple[Licence, ...]:
    """Licences that the standards do not name, and that are used for data."""
    return tuple(
        Licence(
            one["id"],
            Text(zh=one.get("zh", ""), en=one["en"]),
            one["url"],
            one["is_open"],
            Text(),
        )
        for one in json.loads(_FILE.read_text(encoding="utf-8"))
    )


def _shape(licence: Licence) -> Json:
    conformance = "approved" if licence.is_open else "not reviewed"
    is_software = licence.id in _SOFTWARE
    return {
        "id": licence.id,
        "title": plain(licence.title),
        "title_translated": licence.title.as_map(),
        "url": licence.url,
        "status": "active",
        "maintainer": "",
        "family": "",
        "is_generic": "True" if licence.id in _GENERIC else "False",
        "domain_content": "False",
        "domain_data": "False" if is_software else "True",
        "domain_software": "True" if is_software else "False",
        "od_conformance": conformance,
        "osd_conformance": "approved" if is_software else "not reviewed",
        "is_okd_compliant": "True" if licence.is_open else "False",
        "is_osi_compliant": "True" if is_software else "False",
    }


ACTIONS: Final[Table] = reads(license_list=license_list)

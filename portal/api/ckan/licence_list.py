"""The licences that datasets may have, as CKAN lists them."""

from __future__ import annotations

from typing import Final

from catalog.view import Json
from policies.decision.clause import Licence
from portal.api.ckan.action import Result, Table, reads
from portal.api.ckan.call import Call
from portal.api.ckan.licences import known_licences
from portal.api.ckan.plain import plain

_SOFTWARE: Final = frozenset({"MulanPSL-2.0", "MulanPubL-2.0", "MIT", "Apache-2.0"})
_GENERIC: Final = frozenset(
    {"notspecified", "other-open", "other-pd", "other-at", "other-nc", "other-closed"}
)


def license_list(call: Call) -> Result:
    """List the licences that a dataset may have."""
    return [_shape(licence) for licence in known_licences(call.at).values()]


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

"""Licences by the ids that a record may have: those of the standards, and those CKAN's clients use.

`further_licences.json` beside this file adds what publishers in China and elsewhere use besides, by
the ids of SPDX where it has one.

Source: CKAN 2.12, its default list of licences; `policies/profiles/licences.yaml` for ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from policies.decision.clause import Licence
from policies.decision.profile import profile_in_force
from policies.terms import Text

_FILE: Final = Path(__file__).with_name("further_licences.json")
_OPEN_DEFINITION: Final = "http://www.opendefinition.org/licenses/"
_GOVERNMENT: Final = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


def _licence(licence_id: str, title: str, url: str, *, is_open: bool) -> Licence:
    return Licence(licence_id, Text(en=title), url, is_open, Text())


_OF_CKAN: Final = (
    _licence("notspecified", "License not specified", "", is_open=False),
    _licence(
        "odc-pddl",
        "Open Data Commons Public Domain Dedication and License (PDDL)",
        _OPEN_DEFINITION + "odc-pddl",
        is_open=True,
    ),
    _licence(
        "odc-odbl",
        "Open Data Commons Open Database License (ODbL)",
        _OPEN_DEFINITION + "odc-odbl",
        is_open=True,
    ),
    _licence(
        "odc-by",
        "Open Data Commons Attribution License",
        _OPEN_DEFINITION + "odc-by",
        is_open=True,
    ),
    _licence("cc-zero", "Creative Commons CCZero", _OPEN_DEFINITION + "cc-zero", is_open=True),
    _licence("cc-by", "Creative Commons Attribution", _OPEN_DEFINITION + "cc-by", is_open=True),
    _licence(
        "cc-by-sa",
        "Creative Commons Attribution Share-Alike",
        _OPEN_DEFINITION + "cc-by-sa",
        is_open=True,
    ),
    _licence("gfdl", "GNU Free Documentation License", _OPEN_DEFINITION + "gfdl", is_open=True),
    _licence("other-open", "Other (Open)", "", is_open=True),
    _licence("other-pd", "Other (Public Domain)", "", is_open=True),
    _licence("other-at", "Other (Attribution)", "", is_open=True),
    _licence("uk-ogl", "UK Open Government Licence (OGL)", _GOVERNMENT, is_open=False),
    _licence(
        "cc-nc",
        "Creative Commons Non-Commercial (Any)",
        "http://creativecommons.org/licenses/by-nc/2.0/",
        is_open=False,
    ),
    _licence("other-nc", "Other (Non-Commercial)", "", is_open=False),
    _licence("other-closed", "Other (Not Open)", "", is_open=False),
)


def known_licences(at: datetime) -> Mapping[str, Licence]:
    """Every licence by its id, as the standards stand at that moment."""
    ours = profile_in_force(at).licences
    return {licence.id: licence for licence in (*_further(), *_OF_CKAN, *ours)}


@cache
def _further() -> tuple[Licence, ...]:
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

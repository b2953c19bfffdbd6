"""The fields of a record and their values in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policies.errors import N_
from portal.pages.speech import Speech

_VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "audience": {
        "public": N_("Everybody"),
        "departments": N_("Departments"),
        "own": N_("Only your own organisation"),
    },
    "share_type": {
        "unconditional": N_("Shared without conditions"),
        "conditional": N_("Shared on conditions"),
        "not_shared": N_("Not shared"),
    },
    "open_type": {
        "unconditional": N_("Open without conditions"),
        "conditional": N_("Open on conditions"),
        "not_open": N_("Not open"),
    },
    "grade": {"1": N_("General data"), "2": N_("Important data"), "3": N_("Core data")},
    "update_cycle": {
        "real_time": N_("Real time"),
        "daily": N_("Daily"),
        "weekly": N_("Weekly"),
        "monthly": N_("Monthly"),
        "quarterly": N_("Quarterly"),
        "yearly": N_("Yearly"),
        "irregular": N_("Irregularly"),
    },
    "directory.share_channel": {
        "interface": N_("Platform: interface"),
        "database": N_("Platform: database or front-end machine"),
        "file": N_("Platform: file"),
        "mail": N_("By mail"),
        "media": N_("On a medium"),
    },
    "directory.format_class": {
        "file": N_("Electronic file"),
        "spreadsheet": N_("Spreadsheet"),
        "database": N_("Database"),
        "image": N_("Graphics or image"),
        "stream": N_("Streaming media"),
        "self_describing": N_("Self-describing format"),
    },
    "directory.is_classified": {"yes": N_("Classified"), "no": N_("Not classified")},
}


def labels_of(say: Speech) -> dict[str, str]:
    """What each field of the form is called, in the order of the page."""
    return {
        "slug": say.gettext("Name in the address"),
        "title_zh": say.gettext("Title in Chinese"),
        "title_en": say.gettext("Title in English"),
        "summary_zh": say.gettext("Summary in Chinese"),
        "summary_en": say.gettext("Summary in English"),
        "themes": say.gettext("Themes"),
        "keywords": say.gettext("Keywords"),
        "update_cycle": say.gettext("Update cycle"),
        "audience": say.gettext("Audience of the record"),
        "grade": say.gettext("Grade"),
        "share_type": say.gettext("Sharing with departments"),
        "share_condition": say.gettext("Condition of sharing"),
        "share_law": say.gettext("Legal basis for not sharing"),
        "share_basis": say.gettext("Article of that text, or another text"),
        "share_channel": say.gettext("Way of sharing"),
        "open_type": say.gettext("Opening to the public"),
        "open_condition": say.gettext("Condition of opening"),
        "open_law": say.gettext("Legal basis for not opening"),
        "open_basis": say.gettext("Article of that text, or another reason"),
        "licence": say.gettext("Licence"),
        "class_code": say.gettext("Class code"),
        "gov_code": say.gettext("Code of the resource"),
        "registration_number": say.gettext("Registration number"),
        "format_class": say.gettext("Kind of format"),
        "related_codes": say.gettext("Codes of related resources"),
        "is_classified": say.gettext("Secrecy"),
        "temporal_start": say.gettext("Time covered, from"),
        "temporal_end": say.gettext("Time covered, until"),
        "spatial": say.gettext("Area covered"),
        "field_of_use": say.gettext("Field"),
        "scenario": say.gettext("Scenario of use"),
        "languages": say.gettext("Languages of the data"),
        "source_system": say.gettext("Source system"),
        "provenance": say.gettext("Origin of the data"),
        "maintainer": say.gettext("Contact"),
        "maintainer_email": say.gettext("E-mail of the contact"),
        "contact_phone": say.gettext("Telephone of the contact"),
        "author": say.gettext("Author"),
        "author_email": say.gettext("E-mail of the author"),
        "type_name": say.gettext("Kind of record"),
        "series": say.gettext("Part of the series"),
        "landing_page": say.gettext("Page about the data elsewhere"),
        "version_label": say.gettext("Version as its publisher calls it"),
        "conforms_to": say.gettext("Standard"),
        "legislation": say.gettext("Applicable legislation"),
        "identifiers": say.gettext("Identifiers elsewhere"),
    }


def value_words(field: str, value: str | tuple[str, ...] | None, say: Speech) -> str:
    """What a field holds, in the reader's words; empty where it holds nothing."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return say.gettext(", ").join(value)
    known = _VALUES.get(field, {})
    return say.gettext(known[value]) if value in known else value

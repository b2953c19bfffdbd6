"""What words are called in other languages. Everybody reads, sysadmins write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from catalog.crawler_notes import TermTranslation
from catalog.curation.take_note import note_translation, translations
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import ValidationFailed, wrong

TRANSLATIONS_MOST: Final = 1000
"""Translations in one call."""
_WANTED: Final = ("term", "term_translation", "lang_code")


def term_translation_show(call: Call) -> Result:
    """List the translations of `terms` (none named: of all) into `lang_codes` (none: into all)."""
    if not call.has("terms"):
        raise ValidationFailed({"terms": "terms not in data"})
    terms = call.texts("terms")
    codes = call.texts("lang_codes") if call.has("lang_codes") else None
    return [_shape(one) for one in translations(call.tx, terms or None, codes)]


def term_translation_update(call: Call) -> Result:
    """Say that a `term` is called `term_translation` in the language `lang_code`; for sysadmins."""
    call.check_sysadmin()
    faults: dict[str, Json] = {name: ["Missing value"] for name in _WANTED if not call.text(name)}
    if faults:
        raise ValidationFailed(faults)
    translation = TermTranslation(
        call.text("term"), call.text("term_translation"), call.text("lang_code")
    )
    note_translation(call.tx, translation, by=call.actor)
    return _shape(translation)


def term_translation_update_many(call: Call) -> Result:
    """Say what several terms are called: `data`, a list of what term_translation_update takes."""
    sent = call.value("data")
    if not sent or not isinstance(sent, Sequence) or isinstance(sent, str):
        raise ValidationFailed({"error": "Must be a list of dicts"})
    if len(sent) > TRANSLATIONS_MOST:
        raise wrong("data", f"Must be at most {TRANSLATIONS_MOST} dicts")
    for one in sent:
        if not isinstance(one, Mapping):
            raise ValidationFailed({"error": "Must be a list of dicts"})
        term_translation_update(call.with_parameters(one))
    return {"success": f"{len(sent)} rows updated"}


def _shape(translation: TermTranslation) -> Json:
    return {
        "term": translation.term,
        "term_translation": translation.term_translation,
        "lang_code": translation.lang_code,
    }


ACTIONS: Final[Table] = {
    **reads(term_translation_show=term_translation_show),
    **writes(
        term_translation_update=term_translation_update,
        term_translation_update_many=term_translation_update_many,
    ),
}

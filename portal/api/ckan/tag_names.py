"""Controlled tags of packages: a name and its vocabulary, as one of our terms."""

from __future__ import annotations

from catalog.curation.theme_errors import VocabularyNotFound
from catalog.curation.vocabulary import add_term, vocabulary_named, vocabulary_with_id
from catalog.theme import TermId, VocabularyId
from portal.api.ckan.call import Call, uuid_of


def term_of_vocabulary(call: Call, wanted: str, name: str) -> tuple[TermId | None, str]:
    """The term of that name in a vocabulary, or (None) what is wrong.

    A sysadmin's package may bring new terms along.
    """
    vocabulary_id = uuid_of(wanted)
    try:
        if vocabulary_id is not None:
            vocabulary = vocabulary_with_id(call.tx, VocabularyId(vocabulary_id))
        else:
            vocabulary = vocabulary_named(call.tx, wanted)
    except VocabularyNotFound:
        return None, "Tag vocabulary was not found."
    for term in vocabulary.terms:
        if term.name == name:
            return term.id, ""
    if call.is_sysadmin:
        return add_term(call.tx, vocabulary, name, by=call.actor, at=call.at).id, ""
    return None, f"Tag {name} does not belong to vocabulary {vocabulary.name}"

"""Vocabularies: list, show, create, update and delete controlled lists of tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from catalog.curation.theme_errors import TermTaken, VocabularyTaken
from catalog.curation.vocabulary import (
    change_vocabulary,
    create_vocabulary,
    delete_vocabulary,
    vocabularies,
)
from catalog.theme import TERM_LEAST_CHARACTERS, TERM_MOST_CHARACTERS, Vocabulary
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, text_of
from portal.api.ckan.errors import NoSuchObject, ValidationFailed, wrong
from portal.api.ckan.tags import tag_faults, term_shape, vocabulary_or_none

NAME_TAKEN: Final = "That vocabulary name is already in use."


def vocabulary_list(call: Call) -> Result:
    """List every vocabulary with its tags."""
    return [_shape(one) for one in vocabularies(call.tx)]


def vocabulary_show(call: Call) -> Result:
    """Show a vocabulary with its tags, named by `id` (id or name)."""
    if not call.text("id"):
        raise wrong("id", "id not in data")
    return _shape(_named(call))


def vocabulary_create(call: Call) -> Result:
    """Make a vocabulary `name` with `tags` ([{name}]); for sysadmins."""
    call.check_sysadmin()
    if call.text("id"):
        raise wrong("id", "The input field id was not expected.")
    name, tags = _name(call), _tags(call)
    try:
        made = create_vocabulary(call.tx, name, tags or (), by=call.actor, at=call.at)
    except VocabularyTaken as refusal:
        raise wrong("name", NAME_TAKEN) from refusal
    except TermTaken as refusal:
        raise wrong("tags", f"Tag {refusal.name} is there twice") from refusal
    return _shape(made)


def vocabulary_update(call: Call) -> Result:
    """Rename a vocabulary, named by `id` (id or name), to `name`, and replace its `tags` where they
    are sent; for sysadmins. Tags that stay keep their datasets.
    """
    if not call.text("id"):
        raise wrong("id", "id not in data")
    vocabulary = _named(call)
    call.check_sysadmin()
    name = _name(call) if call.has("name") else vocabulary.name
    tags = _tags(call)
    try:
        changed = change_vocabulary(call.tx, vocabulary, name, tags, by=call.actor, at=call.at)
    except VocabularyTaken as refusal:
        raise wrong("name", NAME_TAKEN) from refusal
    except TermTaken as refusal:
        raise wrong("tags", f"Tag {refusal.name} is there twice") from refusal
    return _shape(changed)


def vocabulary_delete(call: Call) -> Result:
    """Remove a vocabulary, named by `id` (id or name), with its tags, also from their datasets; for
    sysadmins.
    """
    if not call.text("id"):
        raise wrong("id", "id not in data")
    vocabulary = _named(call)
    call.check_sysadmin()
    delete_vocabulary(call.tx, vocabulary, by=call.actor, at=call.at)
    return None


def _named(call: Call) -> Vocabulary:
    found = vocabulary_or_none(call, call.text("id"))
    if found is None:
        raise NoSuchObject(f'Could not find vocabulary "{call.text("id")}"')
    return found


def _name(call: Call) -> str:
    name = call.wanted("name")
    if len(name) < TERM_LEAST_CHARACTERS:
        raise wrong("name", f"Name must be at least {TERM_LEAST_CHARACTERS} characters long")
    if len(name) > TERM_MOST_CHARACTERS:
        raise wrong("name", f"Name must be a maximum of {TERM_MOST_CHARACTERS} characters long")
    return name


def _tags(call: Call) -> list[str] | None:
    """The names of the tags sent; None where none were spoken of."""
    sent = call.value("tags")
    if sent is None:
        return None
    if not isinstance(sent, Sequence) or isinstance(sent, str):
        raise wrong("tags", "Not a list")
    names, faults = [], []
    for tag in sent:
        if not isinstance(tag, Mapping):
            raise wrong("tags", "Not a dict")
        name = text_of("name", tag.get("name"))
        found = tag_faults(name) if name else ["Missing value"]
        faults.append({"name": list[Json](found)} if found else {})
        names.append(name)
    if any(faults):
        raise ValidationFailed({"tags": list[Json](faults)})
    return list(dict.fromkeys(names))


def _shape(vocabulary: Vocabulary) -> Json:
    return {
        "id": str(vocabulary.id),
        "name": vocabulary.name,
        "tags": [term_shape(term) for term in vocabulary.terms],
    }


ACTIONS: Final[Table] = {
    **reads(vocabulary_list=vocabulary_list, vocabulary_show=vocabulary_show),
    **writes(
        vocabulary_create=vocabulary_create,
        vocabulary_update=vocabulary_update,
        vocabulary_delete=vocabulary_delete,
    ),
}

"""Tags: free keywords, which belong to their datasets, and terms of vocabularies.

A free keyword is known to whoever sees a published dataset that has it, and to nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from catalog.curation.theme_errors import TermTaken, VocabularyNotFound
from catalog.curation.vocabulary import (
    add_term,
    datasets_with_keyword,
    datasets_with_term,
    delete_term,
    keywords,
    term_with_id,
    vocabulary_named,
    vocabulary_with_id,
)
from catalog.theme import (
    TERM_LEAST_CHARACTERS,
    TERM_MOST_CHARACTERS,
    Term,
    TermId,
    Vocabulary,
    VocabularyId,
)
from catalog.view import Json
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.errors import NoSuchObject, ValidationFailed, wrong
from portal.api.ckan.package_shapes import free_tag_id, packages_with_ids

TAGS_SHOWN: Final = 1000
PACKAGES_SHOWN: Final = 1000
_TAG: Final = re.compile(r"[\w \-.]*")

Tag = dict[str, Json]


def tag_list(call: Call) -> Result:
    """List tags: their names, or with `all_fields` the whole of each.

    Free tags, or with `vocabulary_id` (id or name) those of a vocabulary; with `query`, those that
    hold the text.
    """
    found = _search(call, _words(call))
    return found if call.flag("all_fields") else [tag["name"] for tag in found]


def tag_show(call: Call) -> Result:
    """Show a tag, named by `id` (id or name), free or of the vocabulary `vocabulary_id`.

    With `include_datasets`, its datasets too.
    """
    named = call.wanted("id")
    term = _term(call, named)
    if term is not None:
        shape = term_shape(term)
        if call.flag("include_datasets"):
            ids = datasets_with_term(call.tx, term, by=call.actor, limit=PACKAGES_SHOWN)
            shape["packages"] = list(packages_with_ids(call, ids))
        return shape
    keyword = None if call.text("vocabulary_id") else _keyword(call, named)
    if keyword is None:
        raise NoSuchObject
    shape = free_shape(keyword)
    if call.flag("include_datasets"):
        ids = datasets_with_keyword(call.tx, keyword, by=call.actor, limit=PACKAGES_SHOWN)
        shape["packages"] = list(packages_with_ids(call, ids))
    return shape


def tag_search(call: Call) -> Result:
    """Find tags that hold every text of `query`: their `count`, and as `results` a page of them,
    from `offset`, at most `limit`.
    """
    words = _words(call)
    fields = call.value("fields")
    if isinstance(fields, dict):
        words += [str(fields[key]) for key in ("tag", "tags") if fields.get(key)]
    found = _search(call, words) if words else []
    offset = call.whole("offset", 0)
    limit = call.whole("limit", TAGS_SHOWN, most=TAGS_SHOWN)
    page = found[offset : offset + limit]
    return {
        "count": len(found),
        "results": [{name: tag[name] for name in ("id", "name", "vocabulary_id")} for tag in page],
    }


def tag_autocomplete(call: Call) -> Result:
    """Find the names of tags that hold every text of `query`, at most `limit`."""
    words = _words(call)
    if not words:
        return []
    offset = call.whole("offset", 0)
    limit = call.whole("limit", TAGS_SHOWN, most=TAGS_SHOWN)
    return [tag["name"] for tag in _search(call, words)[offset : offset + limit]]


def tag_create(call: Call) -> Result:
    """Add a tag `name` to the vocabulary `vocabulary_id` (its id or name); for sysadmins."""
    call.check_sysadmin()
    faults: dict[str, Json] = {}
    name_faults = tag_faults(call.text("name")) if call.text("name") else ["Missing value"]
    if name_faults:
        faults["name"] = list(name_faults)
    vocabulary = None
    if not call.text("vocabulary_id"):
        faults["vocabulary_id"] = ["Missing value"]
    else:
        vocabulary = vocabulary_or_none(call, call.text("vocabulary_id"))
        if vocabulary is None:
            faults["vocabulary_id"] = ["Tag vocabulary was not found."]
    if faults or vocabulary is None:
        raise ValidationFailed(faults)
    try:
        term = add_term(call.tx, vocabulary, call.text("name"), by=call.actor, at=call.at)
    except TermTaken as refusal:
        raise wrong(
            "name", f"Tag {refusal.name} already belongs to vocabulary {vocabulary.name}"
        ) from refusal
    return term_shape(term)


def tag_delete(call: Call) -> Result:
    """Remove a tag, named by `id` (id or name), from the vocabulary `vocabulary_id` and from its
    datasets; for sysadmins. Free tags go with their datasets.
    """
    if not call.text("id"):
        raise wrong("id", "id not in data")
    call.check_sysadmin()
    named = call.text("id")
    term = _term(call, named)
    if term is None:
        raise NoSuchObject(f'Could not find tag "{named}"')
    delete_term(call.tx, term, by=call.actor, at=call.at)
    return None


def tag_faults(name: str) -> list[str]:
    """What is wrong with a tag's name; empty where it is right."""
    faults = []
    if len(name) < TERM_LEAST_CHARACTERS:
        faults.append(f'Tag "{name}" length is less than minimum {TERM_LEAST_CHARACTERS}')
    if len(name) > TERM_MOST_CHARACTERS:
        faults.append(f'Tag "{name}" length is more than maximum {TERM_MOST_CHARACTERS}')
    if not _TAG.fullmatch(name):
        faults.append(
            f'Tag "{name}" can only contain alphanumeric characters, spaces (" "), hyphens ("-"), '
            'underscores ("_") or dots (".")'
        )
    return faults


def vocabulary_or_none(call: Call, named: str) -> Vocabulary | None:
    """The vocabulary of that id or name."""
    vocabulary_id = uuid_of(named)
    try:
        if vocabulary_id is not None:
            return vocabulary_with_id(call.tx, VocabularyId(vocabulary_id))
    except VocabularyNotFound:
        pass
    try:
        return vocabulary_named(call.tx, named)
    except VocabularyNotFound:
        return None


def term_shape(term: Term) -> Tag:
    """A term of a vocabulary."""
    return {
        "id": str(term.id),
        "name": term.name,
        "display_name": term.name,
        "vocabulary_id": str(term.vocabulary_id),
    }


def free_shape(keyword: str) -> Tag:
    """A free keyword."""
    return {
        "id": free_tag_id(keyword),
        "name": keyword,
        "display_name": keyword,
        "vocabulary_id": None,
    }


def _words(call: Call) -> list[str]:
    asked = call.texts("query") or call.texts("q")
    return [word.strip() for word in asked if word.strip()]


def _search(call: Call, words: Sequence[str]) -> list[Tag]:
    if call.text("vocabulary_id"):
        vocabulary = vocabulary_or_none(call, call.text("vocabulary_id"))
        if vocabulary is None:
            raise NoSuchObject("could not find vocabulary")
        return [
            term_shape(term)
            for term in vocabulary.terms
            if all(word.casefold() in term.name.casefold() for word in words)
        ]
    return [free_shape(name) for name in keywords(call.tx, by=call.actor, containing=words)]


def _term(call: Call, named: str) -> Term | None:
    vocabulary = None
    if call.text("vocabulary_id"):
        vocabulary = vocabulary_or_none(call, call.text("vocabulary_id"))
        if vocabulary is None:
            raise NoSuchObject(f'could not find vocabulary "{call.text("vocabulary_id")}"')
    term_id = uuid_of(named)
    if term_id is not None:
        term = term_with_id(call.tx, TermId(term_id))
        if term is not None and (vocabulary is None or term.vocabulary_id == vocabulary.id):
            return term
    if vocabulary is None:
        return None
    return next((term for term in vocabulary.terms if term.name == named), None)


def _keyword(call: Call, named: str) -> str | None:
    if datasets_with_keyword(call.tx, named, by=call.actor, limit=1):
        return named
    if uuid_of(named) is None:
        return None
    known = keywords(call.tx, by=call.actor)
    return next((name for name in known if free_tag_id(name) == named.lower()), None)


ACTIONS: Final[Table] = {
    **reads(
        tag_list=tag_list,
        tag_show=tag_show,
        tag_search=tag_search,
        tag_autocomplete=tag_autocomplete,
    ),
    **writes(tag_create=tag_create, tag_delete=tag_delete),
}
